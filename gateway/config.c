#include "gateway/config.h"

#include "libs/base/number.h"

#include <ini.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_SIZE_MAX (64 * 1024)

enum type {
	TEXT,
	ID, /* [a-z0-9-]{1,32}: part of MQTT topics */
	NUMBER,
};

#define AT(member) offsetof(struct config, member)

/* clang-format off */
static const struct setting {
	const char *section, *name;
	enum type type;
	size_t offset;
	int64_t least, most, standard; /* NUMBER only */
	const char *unit;
	const char *standard_text; /* NULL: required */
	const char *meaning, *meaning_zh; /* docs/ops/settings.md is printed from them */
} settings[] = {
	{"gateway", "id", ID, AT(id), 0, 0, 0, "", NULL,
		"name of the gateway: its certificate's CN and part of its topics",
		"网关编号：证书 CN，也是主题的一段"},
	{"gateway", "property", ID, AT(property), 0, 0, 0, "", NULL,
		"property it belongs to",
		"所属物业"},
	{"gateway", "data", TEXT, AT(data), 0, 0, 0, "folder", NULL,
		"spool and state; on a disk that survives power cuts",
		"待发队列与状态目录，须在掉电不丢的磁盘上"},
	{"bus", "uri", TEXT, AT(bus), 0, 0, 0, "", NULL,
		"`socketcan:can0`, `slcan:/dev/ttyACM0` or `unix:PATH`",
		"总线：`socketcan:can0`、`slcan:/dev/ttyACM0` 或 `unix:路径`"},
	{"broker", "host", TEXT, AT(broker_host), 0, 0, 0, "", NULL,
		"name in the broker's certificate",
		"代理证书中的名称"},
	{"broker", "port", NUMBER, AT(broker_port), 1, 65535, 8883, "", "",
		"TLS port of the broker",
		"代理的 TLS 端口"},
	{"broker", "ca", TEXT, AT(ca), 0, 0, 0, "file", NULL,
		"certificate of the installation's authority",
		"自建证书机构的证书"},
	{"broker", "certificate", TEXT, AT(certificate), 0, 0, 0, "file", NULL,
		"this gateway's certificate",
		"本网关证书"},
	{"broker", "key", TEXT, AT(key), 0, 0, 0, "file", NULL,
		"its private key, mode 0600",
		"证书私钥，权限 0600"},
	{"broker", "keepalive_s", NUMBER, AT(keepalive_s), 5, 3600, 20, "s", "",
		"MQTT keep-alive",
		"MQTT 保活间隔"},
	{"spool", "most_mb", NUMBER, AT(spool_mb), 8, 100000, 200, "MB", "",
		"disk the spool may use",
		"待发队列最多占用的磁盘"},
	{"spool", "keep_days", NUMBER, AT(spool_days), 1, 3650, 30, "d", "",
		"acknowledged batches are kept so long for a restored platform",
		"已确认批次的保留天数，供平台恢复后重发"},
};

/* clang-format on */

struct reader {
	struct config *config;
	const char *file;
	bool seen[ARRAY_SIZE(settings)];
	enum err err;
	char *why;
	size_t size;
};

static bool id_ok(const char *text)
{
	size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");

	/* `live` is the topic level beside the gateways of a property. */
	return len > 0 && len <= 32 && text[len] == 0 && strcmp(text, "live") != 0;
}

static const struct setting *setting_find(const char *section, const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (strcmp(settings[i].section, section) == 0 &&
		    strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

static enum err value_set(struct config *config, const struct setting *setting, const char *value)
{
	char *field = (char *)config + setting->offset;
	int64_t number;
	enum err err;

	switch (setting->type) {
	case NUMBER:
		err = i64_parse(value, setting->least, setting->most, &number);
		if (!err)
			memcpy(field, &number, sizeof number);
		return err;
	case ID:
		if (!id_ok(value))
			return ERR_BAD_INPUT;
		break;
	case TEXT:
		if (!*value)
			return ERR_BAD_INPUT;
		break;
	}
	if (strlen(value) >= CONFIG_TEXT_SIZE)
		return ERR_TOO_LONG;
	memcpy(field, value, strlen(value) + 1);
	return ERR_NONE;
}

/* The library stops at the first call that answers 0 and returns its line number. */
static int refuse(struct reader *reader, enum err err, const char *what, const char *section,
                  const char *name)
{
	reader->err = err;
	snprintf(reader->why, reader->size, "%s [%s] %s", what, section, name);
	return 0;
}

static int on_setting(void *arg, const char *section, const char *name, const char *value)
{
	struct reader *reader = arg;
	const struct setting *setting = setting_find(section, name);
	enum err err;

	if (reader->err)
		return 0;
	if (!setting)
		return refuse(reader, ERR_NOT_FOUND, "unknown setting", section, name);
	if (reader->seen[setting - settings])
		return refuse(reader, ERR_DUP, "set twice:", section, name);
	reader->seen[setting - settings] = true;
	err = value_set(reader->config, setting, value);
	if (err)
		return refuse(reader, err, "value not allowed:", section, name);
	return 1;
}

static void standards_set(struct config *config)
{
	memset(config, 0, sizeof *config);
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		if (settings[i].type == NUMBER)
			memcpy((char *)config + settings[i].offset, &settings[i].standard,
			       sizeof settings[i].standard);
}

static enum err missing_find(struct reader *reader)
{
	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		if (reader->seen[i] || settings[i].standard_text)
			continue;
		snprintf(reader->why, reader->size, "%s: missing setting [%s] %s", reader->file,
		         settings[i].section, settings[i].name);
		return ERR_BAD_INPUT;
	}
	return ERR_NONE;
}

enum err config_parse(struct config *config, const char *name, const char *text, char *why,
                      size_t size)
{
	char problem[CONFIG_TEXT_SIZE] = "not of the form `name = value`";
	struct reader reader = {.config = config, .file = name, .why = problem};
	int line;

	reader.size = sizeof problem;
	standards_set(config);
	line = ini_parse_string(text, on_setting, &reader);
	if (line != 0) {
		snprintf(why, size, "%s:%d: %s", name, line, problem);
		return reader.err ? reader.err : ERR_BAD_INPUT;
	}
	reader.why = why;
	reader.size = size;
	return missing_find(&reader);
}

enum err config_load(struct config *config, const char *path, char *why, size_t size)
{
	FILE *file = fopen(path, "r");
	char *text;
	enum err err;
	size_t len;

	if (!file) {
		snprintf(why, size, "%s: cannot be opened", path);
		return ERR_NOT_FOUND;
	}
	text = calloc(1, FILE_SIZE_MAX + 1);
	len = text ? fread(text, 1, FILE_SIZE_MAX, file) : 0;
	fclose(file);
	snprintf(why, size, "%s: too long, or no memory", path);
	err = text && len < FILE_SIZE_MAX ? config_parse(config, path, text, why, size)
	                                  : ERR_TOO_LONG;
	free(text);
	return err;
}

enum err config_check_files(const struct config *config, char *why, size_t size)
{
	struct stat st;

	if (stat(config->key, &st)) {
		snprintf(why, size, "%s: [broker] key cannot be read", config->key);
		return ERR_NOT_FOUND;
	}
	if (st.st_mode & (S_IRWXG | S_IRWXO)) {
		snprintf(why, size, "%s: [broker] key may be read by others; chmod 600",
		         config->key);
		return ERR_FORBIDDEN;
	}
	return ERR_NONE;
}

void config_reference(FILE *to)
{
	const char *section = "";

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++) {
		const struct setting *s = &settings[i];

		if (strcmp(section, s->section) != 0)
			fprintf(to,
			        "%s### [%s]\n\n"
			        "| setting | default | limits | meaning | 含义 |\n"
			        "| --- | --- | --- | --- | --- |\n",
			        i ? "\n" : "", s->section);
		section = s->section;
		if (s->type == NUMBER)
			fprintf(to, "| `%s` | `%lld` | %lld to %lld%s%s", s->name,
			        (long long)s->standard, (long long)s->least, (long long)s->most,
			        *s->unit ? " " : "", s->unit);
		else
			fprintf(to, "| `%s` | required 必填 | %s", s->name,
			        s->type == ID ? "`[a-z0-9-]{1,32}`" : s->unit);
		fprintf(to, " | %s | %s |\n", s->meaning, s->meaning_zh);
	}
}
