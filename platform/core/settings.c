#include "platform/core/settings.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "platform/store/db.h"

enum type { TEXT, NUMBER };

struct setting {
	const char *section, *name;
	enum type type;
	size_t offset;
	int64_t min, max; /* of a number */
	const char *fallback;
	const char *unit;                 /* "" : none */
	const char *meaning, *meaning_zh; /* docs/ops/settings.md is printed from them */
};

#define AT(member) offsetof(struct settings, member)

/* clang-format off */
static const struct setting table[] = {
	{"platform", "data_dir", TEXT, AT(data_dir), 0, 0, "", "",
		"folder of the installation; empty: the folder of this file", "安装目录；留空则为本文件所在目录"},
	{"platform", "store_dir", TEXT, AT(store_dir), 0, 0, "store", "",
		"databases", "数据库目录"},
	{"platform", "secret_file", TEXT, AT(secret_file), 0, 0, "secret.key", "",
		"wraps the secrets in the store; mode 0600", "包裹库内密钥与机密的密钥文件，权限 0600"},
	{"platform", "log_level", TEXT, AT(log_level), 0, 0, "info", "",
		"debug, info, warn or error", "日志级别：debug、info、warn 或 error"},
	{"platform", "readers", NUMBER, AT(readers), 1, 64, "2", "threads",
		"reader threads, for lists and reports", "列表与报表用的读线程数"},
	{"platform", "group_ms", NUMBER, AT(group_ms), 0, 1000, "50", "ms",
		"batches wait this long for a common commit", "批次等待合并提交的时间"},
	{"platform", "group_batches", NUMBER, AT(group_batches), 1, 1024, "64", "batches",
		"or until so many are together", "或攒够这么多批次即提交"},
	{"platform", "clock_wait_s", NUMBER, AT(clock_wait_s), 0, 60, "20", "s",
	 "the first command of an adopted terminal waits at most so long for its time to be set",
	 "新接入终端的第一条命令最多等待校时的时间"},
	{"platform", "command_expiry_s", NUMBER, AT(command_expiry_s), 5, 86400, "120", "s",
		"life of a new command", "新命令的有效期"},
	{"platform", "command_resend_ms", NUMBER, AT(command_resend_ms), 200, 60000, "3000", "ms",
		"until the gateway has received it", "网关确认收到之前的重发间隔"},
	{"platform", "verify_wait_s", NUMBER, AT(verify_wait_s), 2, 3600, "30", "s",
		"for the contact to be read back", "等待回读触点的时间"},
	{"platform", "reading_period_s", NUMBER, AT(reading_period_s), 1, 86400, "60", "s",
		"reading plan of our terminals", "本系统终端的抄表周期"},
	{"platform", "report_s", NUMBER, AT(report_s), 10, 86400, "900", "s",
		"how often readings that came are put into the report tables", "新到读数写入报表的间隔"},
	{"platform", "trip_limit_count", NUMBER, AT(trip_limit_count), 0, 100000, "20", "trips",
		"that a gateway passes on per window; 0: no limit", "网关每个窗口内最多放行的拉闸数；0 为不限"},
	{"platform", "trip_limit_window_s", NUMBER, AT(trip_limit_window_s), 1, 86400, "60", "s",
		"window of that limit", "上述限额的时间窗口"},
	{"platform", "approval_batch_count", NUMBER, AT(approval_batch_count), 1, 100000, "50", "meters",
		"in a batch of commands that one person may give; more need a second", "一人可下达的批量命令表数；超过需第二人审批"},
	{"platform", "approval_batch_percent", NUMBER, AT(approval_batch_percent), 1, 100, "25", "%",
		"of a property's meters that one person may switch at once (five always)", "一人可批量操作的物业表计比例（五块以内不限）"},
	{"store", "url", TEXT, AT(store_url), 0, 0, "", "",
		"main store on PostgreSQL: postgresql://[USER@]HOST/DATABASE, without a password (that belongs in a passfile);"
		" empty: SQLite in store_dir",
		"主库改用 PostgreSQL：postgresql://[用户@]主机/库名，不含密码（密码写入 passfile）；留空则用 store_dir 内的 SQLite"},
	{"sheets", "upload_mb", NUMBER, AT(sheet_upload_mb), 1, 4096, "256", "MiB",
		"largest sheet that may be imported", "允许导入的表格文件大小上限"},
	{"sheets", "rows", NUMBER, AT(sheet_rows_max), 1, 1048575, "1000000", "rows",
		"most rows of an import", "一次导入的最大行数"},
	{"sheets", "alone_rows", NUMBER, AT(sheet_alone_rows), 0, 1048575, "500", "rows",
		"that one person may import; more need a second one", "一人可独自导入的行数；超过须第二人审批"},
	{"broker", "host", TEXT, AT(broker_host), 0, 0, "127.0.0.1", "",
		"name in the broker's certificate", "代理证书中的名称"},
	{"broker", "port", NUMBER, AT(broker_port), 1, 65535, "8883", "",
		"TLS port of the broker", "代理的 TLS 端口"},
	{"broker", "ca", TEXT, AT(broker_ca), 0, 0, "pki/ca.crt", "",
		"our own certificate authority", "自建证书机构的证书"},
	{"broker", "cert", TEXT, AT(broker_cert), 0, 0, "pki/wattled.crt", "",
		"CN wattled", "平台证书，CN 为 wattled"},
	{"broker", "key", TEXT, AT(broker_key), 0, 0, "pki/wattled.key", "",
		"mode 0600", "平台证书的私钥，权限 0600"},
	{"broker", "keepalive_s", NUMBER, AT(broker_keepalive_s), 5, 600, "15", "s",
		"MQTT keep-alive", "MQTT 保活间隔"},
	{"http", "listen", TEXT, AT(http_listen), 0, 0, "127.0.0.1", "",
		"address to listen at", "监听地址"},
	{"http", "port", NUMBER, AT(http_port), 1, 65535, "8080", "",
		"HTTP port", "HTTP 端口"},
	{"http", "console_dir", TEXT, AT(console_dir), 0, 0, "", "",
		"built web console; empty: none", "网页控制台目录；留空则不提供"},
	{"http", "session_hours", NUMBER, AT(session_hours), 1, 8760, "12", "h",
		"life of a login", "登录有效期"},
	{"http", "connections", NUMBER, AT(http_connections), 16, 100000, "4000", "",
		"of web clients at a time, live pages among them", "网页与接口的连接总数上限，含实时页面"},
	{"http", "connections_per_address", NUMBER, AT(http_per_address), 1, 100000, "500", "",
		"of one client address (IPv6: of its /64); the proxy on this machine is not counted",
		"单个客户端地址的连接数上限（IPv6 按 /64 计）；本机反向代理不计"},
	{"http", "sse_clients", NUMBER, AT(sse_clients), 1, 100000, "1000", "",
		"live pages at a time", "同时打开的实时页面数上限"},
	{"http", "exports", NUMBER, AT(exports), 1, 1000, "8", "",
		"sheets and readings being taken away at a time, half of them by one person or key", "同时进行的导出数上限，同一人或同一密钥最多占一半"},
	{"http", "export_s", NUMBER, AT(export_s), 10, 86400, "3600", "s",
		"an export that takes longer breaks off", "导出超过此时长即中断"},
	{"webhook", "private", NUMBER, AT(webhook_private), 0, 1, "0", "",
		"1: webhooks may speak to private addresses, also without TLS",
		"1：允许 webhook 访问内网地址，且可不用 TLS"},
	{"backup", "dir", TEXT, AT(backup_dir), 0, 0, "", "",
		"folder for backups, on another disk; empty: none is named", "备份目录，应在另一块磁盘上；留空则未指定"},
	{"backup", "keep_daily", NUMBER, AT(keep_daily), 0, 1000, "7", "backups",
		"the newest of so many days are kept", "保留最近多少天每天最新的备份"},
	{"backup", "keep_weekly", NUMBER, AT(keep_weekly), 0, 1000, "5", "backups",
		"and the newest of so many weeks", "另保留最近多少周每周最新的备份"},
	{"backup", "keep_monthly", NUMBER, AT(keep_monthly), 0, 1000, "12", "backups",
		"and the newest of so many months; 0, 0, 0: all", "另保留最近多少月每月最新的备份；三项全为 0 则全部保留"},
	{"backup", "age_max_h", NUMBER, AT(backup_age_h), 1, 8760, "30", "h",
		"`wattle doctor` complains when the newest is older", "最新备份超过此时长时 `wattle doctor` 告警"},
	{"replica", "to", TEXT, AT(replica_to), 0, 0, "", "",
		"standby: an absolute folder on another disk, or host:port; empty: none",
		"备用库：另一块磁盘上的绝对路径，或 主机:端口；留空则不复制"},
	{"replica", "interval_ms", NUMBER, AT(replica_interval_ms), 100, 60000, "1000", "ms",
		"how often what was committed goes there", "复制间隔"},
	{"replica", "lag_alarm_s", NUMBER, AT(replica_lag_alarm_s), 5, 3600, "60", "s",
		"an alarm when the standby is further behind", "备用库落后超过此时长时告警"},
};
/* clang-format on */

#define COUNT (sizeof table / sizeof *table)

struct text {
	const char *at, *end;
	int line; /* of what next_line gave last: Debian's inih does not tell its handler */
};

struct parse {
	struct text input;
	struct settings *settings;
	const char *name;
	char *why;
	size_t why_size;
	bool failed;
	int failed_line;
	bool seen[COUNT];
};

static int64_t *number_at(struct settings *settings, const struct setting *s)
{
	return (int64_t *)(void *)((char *)settings + s->offset);
}

static char *text_at(struct settings *settings, const struct setting *s)
{
	return (char *)settings + s->offset;
}

static bool number_set(struct settings *settings, const struct setting *s, const char *value)
{
	long long number;
	char *end;

	errno = 0;
	number = strtoll(value, &end, 10);
	if (errno || end == value || *end || number < s->min || number > s->max)
		return false;
	*number_at(settings, s) = number;
	return true;
}

/* Notes the first error of the file; 0 is inih's word for a bad line. */
static int refuse(struct parse *p, int line, const char *format, ...) PRINTF_LIKE(3, 4);

static int refuse(struct parse *p, int line, const char *format, ...)
{
	va_list args;
	int n;

	if (p->failed)
		return 0;
	p->failed = true;
	p->failed_line = line;
	n = snprintf(p->why, p->why_size, "%s:%d: ", p->name, line);
	va_start(args, format);
	if (n > 0 && (size_t)n < p->why_size)
		vsnprintf(p->why + n, p->why_size - (size_t)n, format, args);
	va_end(args);
	return 0;
}

static int refuse_number(struct parse *p, int line, const struct setting *s)
{
	return refuse(p, line, "%s must be a whole number from %lld to %lld%s%s", s->name,
	              (long long)s->min, (long long)s->max, *s->unit ? " " : "", s->unit);
}

/* For each `name = value` of the file; 0 stops with an error at this line. */
static int take(void *arg, const char *section, const char *name, const char *value)
{
	struct parse *p = arg;
	int line = p->input.line;

	if (p->failed)
		return 1; /* inih goes on after an error; the first one is reported */
	for (size_t i = 0; i < COUNT; i++) {
		const struct setting *s = &table[i];

		if (strcmp(section, s->section) != 0 || strcmp(name, s->name) != 0)
			continue;
		if (p->seen[i])
			return refuse(p, line, "%s is set twice", name);
		p->seen[i] = true;
		if (s->type == NUMBER)
			return number_set(p->settings, s, value) ? 1 : refuse_number(p, line, s);
		if (strlen(value) >= SETTING_TEXT)
			return refuse(p, line, "%s is too long", name);
		snprintf(text_at(p->settings, s), SETTING_TEXT, "%s", value);
		return 1;
	}
	return refuse(p, line, "unknown setting '%s' in section [%s]", name, section);
}

static void defaults(struct settings *settings)
{
	memset(settings, 0, sizeof *settings);
	for (size_t i = 0; i < COUNT; i++) {
		const struct setting *s = &table[i];

		if (s->type == NUMBER)
			*number_at(settings, s) = strtoll(s->fallback, NULL, 10);
		else
			snprintf(text_at(settings, s), SETTING_TEXT, "%s", s->fallback);
	}
}

/* inih reads lines with this in place of fgets. */
static char *next_line(char *line, int size, void *stream)
{
	struct text *text = stream;
	int n = 0;

	if (text->at == text->end)
		return NULL;
	text->line++;
	while (n < size - 1 && text->at < text->end) {
		line[n++] = *text->at;
		if (*text->at++ == '\n')
			break;
	}
	line[n] = '\0';
	return line;
}

enum err settings_parse(struct settings *settings, const char *text, size_t len, const char *name,
                        char *why, size_t why_size)
{
	struct parse p = {
	        .input = {text, text + len, 0},
	        .settings = settings,
	        .name = name,
	        .why = why,
	        .why_size = why_size
        };
	int line;

	defaults(settings);
	if (memchr(text, '\0', len)) {
		refuse(&p, 1, "not a text file");
		return ERR_BAD_INPUT;
	}
	line = ini_parse_stream(next_line, &p.input, take, &p);
	if (line < 0) {
		refuse(&p, 0, "no memory to read it");
		return ERR_NOMEM;
	}
	/* inih goes on after a line that it cannot read, so take() may have complained of a later
	 * one; the first is reported. */
	if (line > 0 && line != p.failed_line) {
		p.failed = false;
		refuse(&p, line, "not a `name = value` line");
	}
	return p.failed ? ERR_BAD_INPUT : ERR_NONE;
}

/* Relative paths are meant from the data folder. */
static void absolute(char path[SETTING_TEXT], const char *dir)
{
	char relative[SETTING_TEXT];

	if (path[0] == '/' || path[0] == '\0')
		return;
	snprintf(relative, sizeof relative, "%s", path);
	/* A path that does not fit is cut, and opening it will name it. */
	if (snprintf(path, SETTING_TEXT, "%s/%s", dir, relative) >= SETTING_TEXT)
		path[SETTING_TEXT - 1] = '\0';
}

static void resolve(struct settings *settings, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (settings->data_dir[0] == '\0')
		snprintf(settings->data_dir, SETTING_TEXT, "%.*s", slash ? (int)(slash - path) : 1,
		         slash ? path : ".");
	absolute(settings->store_dir, settings->data_dir);
	absolute(settings->secret_file, settings->data_dir);
	absolute(settings->broker_ca, settings->data_dir);
	absolute(settings->broker_cert, settings->data_dir);
	absolute(settings->broker_key, settings->data_dir);
	absolute(settings->console_dir, settings->data_dir);
	absolute(settings->backup_dir, settings->data_dir);
}

/* What fits in its form and still cannot be meant. */
static enum err check_store(const struct settings *s, const char *path, char *why, size_t why_size)
{
	char reason[256];
	enum err err;

	if (!*s->store_url)
		return ERR_NONE;
	err = db_url_check(s->store_url, reason, sizeof reason);
	if (err) {
		snprintf(why, why_size, "%s: [store] url: %s", path, reason);
		return err;
	}
	if (!*s->replica_to)
		return ERR_NONE;
	snprintf(why, why_size,
	         "%s: [replica] to: a store on PostgreSQL is copied by PostgreSQL's own replication"
	         " (docs/ops/postgresql.md); leave it empty (主库在 PostgreSQL 时请使用其自带复制)",
	         path);
	return ERR_BAD_INPUT;
}

#define FILE_MAX (64 * 1024)

enum err settings_load(struct settings *settings, const char *path, char *why, size_t why_size)
{
	static char text[FILE_MAX];
	FILE *file = fopen(path, "rb");
	size_t len;
	enum err err;

	if (!file) {
		snprintf(why, why_size, "%s: %s", path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	len = fread(text, 1, sizeof text, file);
	fclose(file);
	if (len == sizeof text) {
		snprintf(why, why_size, "%s: larger than %d bytes", path, FILE_MAX);
		return ERR_TOO_LONG;
	}
	err = settings_parse(settings, text, len, path, why, why_size);
	if (!err)
		resolve(settings, path);
	return err ? err : check_store(settings, path, why, why_size);
}

void settings_describe(FILE *to)
{
	const char *section = "";

	for (size_t i = 0; i < COUNT; i++) {
		const struct setting *s = &table[i];

		if (strcmp(section, s->section) != 0)
			fprintf(to, "%s[%s]\n", i ? "\n" : "", s->section);
		section = s->section;
		if (s->type == NUMBER)
			fprintf(to, "; %s%s(%lld to %lld%s%s)\n%s = %s\n", s->meaning,
			        *s->meaning ? " " : "", (long long)s->min, (long long)s->max,
			        *s->unit ? " " : "", s->unit, s->name, s->fallback);
		else
			fprintf(to, "; %s\n%s = %s\n", s->meaning, s->name, s->fallback);
	}
}

void settings_reference(FILE *to)
{
	const char *section = "";

	for (size_t i = 0; i < COUNT; i++) {
		const struct setting *s = &table[i];

		if (strcmp(section, s->section) != 0)
			fprintf(to,
			        "%s### [%s]\n\n"
			        "| setting | default | limits | meaning | 含义 |\n"
			        "| --- | --- | --- | --- | --- |\n",
			        i ? "\n" : "", s->section);
		section = s->section;
		fprintf(to, "| `%s` | %s%s%s | ", s->name, *s->fallback ? "`" : "", s->fallback,
		        *s->fallback ? "`" : "");
		if (s->type == NUMBER)
			fprintf(to, "%lld to %lld%s%s", (long long)s->min, (long long)s->max,
			        *s->unit ? " " : "", s->unit);
		fprintf(to, " | %s | %s |\n", s->meaning, s->meaning_zh);
	}
}

enum err secret_file_check(const char *path, char *why, size_t why_size)
{
	struct stat st;

	if (stat(path, &st)) {
		snprintf(why, why_size, "%s: %s", path, strerror(errno));
		return ERR_NOT_FOUND;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, why_size, "%s: not a file", path);
		return ERR_BAD_INPUT;
	}
	if (st.st_mode & (S_IRWXG | S_IRWXO)) {
		snprintf(why, why_size, "%s: others can read this secret (mode %03o): chmod 600 it",
		         path, (unsigned)(st.st_mode & 0777));
		return ERR_FORBIDDEN;
	}
	return ERR_NONE;
}
