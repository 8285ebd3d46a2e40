/* `wattle status`: one look at the whole installation. */
#include "cli/http_get.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "cli/backup.h"
#include "platform/core/clock.h"
#include "platform/store/counts.h"
#include "platform/store/guard.h"
#include "platform/store/info.h"
#include "platform/store/store.h"

#define DAY_FILES_MAX 8192

/* The body of the answer to /readyz; "" when nobody answers. */
static void readiness(const struct settings *settings, char *text, size_t size)
{
	char answer[2048];
	const char *body;

	http_get(settings, "/readyz", answer, sizeof answer);
	body = strstr(answer, "\r\n\r\n");
	snprintf(text, size, "%s", body ? body + 4 : "");
}

static bool show_wattled(const struct settings *settings)
{
	char ready[256], *line, *rest = ready;
	bool first = true, good = false;

	readiness(settings, ready, sizeof ready);
	if (!*ready)
		puts("wattled  平台     NOT RUNNING 未运行");
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (!*line)
			continue;
		if (first)
			good = strcmp(line, "ready") == 0;
		printf("%s %s\n", first ? "wattled  平台    " : "                ", line);
		first = false;
	}
	return good;
}

static int64_t file_bytes(const char *dir, const char *name)
{
	char path[PATH_MAX];
	struct stat st;

	return stat(path_in(dir, name, path), &st) ? 0 : st.st_size;
}

static void show_store(const struct settings *settings, struct db *db)
{
	static int64_t days[DAY_FILES_MAX];
	uint8_t hash_key[16];
	struct day_reader *reader;
	struct statvfs fs;
	char name[DAY_NAME_SIZE];
	int64_t bytes = 0;
	size_t n = 0;

	if (!info_hash_key(db, hash_key) &&
	    !day_reader_open(&reader, settings->store_dir, hash_key)) {
		n = day_reader_list(reader, days, DAY_FILES_MAX);
		day_reader_close(reader);
	}
	for (size_t i = 0; i < n && i < DAY_FILES_MAX; i++) {
		day_file_name(name, days[i]);
		bytes += file_bytes(settings->store_dir, name);
	}
	if (db_is_file(db))
		printf("store    数据库   %" PRId64 " MB",
		       file_bytes(settings->store_dir, "wattle.db") >> 20);
	else
		printf("store    数据库   PostgreSQL");
	printf(", %zu days of readings %" PRId64 " MB", n, bytes >> 20);
	if (!statvfs(settings->store_dir, &fs))
		printf(", disk %llu GB free", (unsigned long long)fs.f_bavail * fs.f_frsize >> 30);
	putchar('\n');
}

static void show_counts(struct db *db)
{
	struct store_counts c;

	if (store_counts(db, &c))
		return;
	printf("gateways 网关     %" PRId64 " online of %" PRId64 "\n", c.gateways_online,
	       c.gateways);
	printf("meters   表计     %" PRId64 ", %" PRId64 " terminals found and not adopted\n",
	       c.meters, c.terminals_waiting);
	printf("commands 命令     %" PRId64 " under way\n", c.commands_open);
}

static void show_backup(struct db *db)
{
	int64_t backup_ms = 0;

	if (info_number(db, INFO_BACKUP_MS, &backup_ms) || backup_ms == 0)
		puts("backup   备份     never 从未备份");
	else
		printf("backup   备份     %" PRId64 " hours old\n",
		       (clock_wall_ms() - backup_ms) / 3600000);
}

int cmd_status(const struct cli *cli, int argc, char **argv)
{
	char path[PATH_MAX], why[512];
	struct settings settings;
	struct db *db;
	bool good;

	(void)argv;
	if (argc != 1)
		return usage("status");
	if (settings_load(&settings, data_path(cli, path, "wattle.ini"), why, sizeof why) ||
	    guard_check(settings.store_dir, why, sizeof why))
		return fail("%s", why);
	if (store_open_read(&db, settings.store_dir, settings.store_url))
		return fail("store %s cannot be opened", settings.store_dir);
	good = show_wattled(&settings);
	show_store(&settings, db);
	show_counts(db);
	show_backup(db);
	db_close(db);
	return good ? EXIT_GOOD : EXIT_FAILED;
}
