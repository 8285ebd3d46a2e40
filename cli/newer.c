#include "cli/newer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/backup.h"
#include "libs/base/time.h"
#include "platform/store/audit.h"
#include "platform/store/day.h"
#include "platform/store/info.h"
#include "platform/store/place.h"
#include "platform/store/store.h"

#define ACTS_SHOWN    20
#define DAY_FILES_MAX 8192

static void print_act(void *arg, const struct audit_row *row)
{
	char at[RFC3339_SIZE];
	unsigned *shown = arg;

	if (++*shown > ACTS_SHOWN || rfc3339_format(row->at_ms / 1000, at))
		return;
	printf("    %s  %s  %s  %s  %s\n", at, row->who, row->action, row->object, row->detail);
}

static void newer_acts(struct db *db, int64_t copy_ms)
{
	unsigned shown = 0;

	if (audit_since(db, copy_ms, print_act, &shown)) {
		puts("  its list of acts cannot be read");
		return;
	}
	if (shown)
		printf("  %u acts of people and programs are newer than the copy%s\n", shown,
		       shown > ACTS_SHOWN ? " (the first are shown)" : "");
	else
		puts("  nobody did anything in it after the copy was made");
}

/* Batches are counted by their newest row: nothing is ever removed from a day file. */
static void newer_day(struct day_reader *reader, int64_t day, const struct manifest *copy)
{
	char file_name[DAY_NAME_SIZE], name[SEALED_NAME_SIZE];
	const struct manifest_file *file;
	struct day_end end;

	day_file_name(file_name, day);
	snprintf(name, sizeof name, "store/%s", file_name);
	file = manifest_find(copy, name);
	if (day_reader_end(reader, day, &end))
		printf("  %s cannot be read\n", file_name);
	else if (end.rowid > (file ? file->newest_rowid : 0))
		printf("  %s: %" PRId64 " batches more\n", file_name,
		       end.rowid - (file ? file->newest_rowid : 0));
}

static void newer_days(struct db *db, const char *store_dir, const struct manifest *copy)
{
	static int64_t days[DAY_FILES_MAX];
	struct day_reader *reader;
	uint8_t hash_key[16];
	size_t n;

	if (info_hash_key(db, hash_key) || day_reader_open(&reader, store_dir, hash_key))
		return;
	n = day_reader_list(reader, days, DAY_FILES_MAX);
	for (size_t i = 0; i < n && i < DAY_FILES_MAX; i++)
		newer_day(reader, days[i], copy);
	day_reader_close(reader);
}

static struct db *open_other(const char *store_dir)
{
	struct db *db;

	if (store_open_read(&db, store_dir, NULL) == ERR_NONE)
		return db;
	printf("  %s/wattle.db cannot be read: what was newer in it is not known\n", store_dir);
	return NULL;
}

void newer_acts_in(const char *store_dir, int64_t copy_ms)
{
	struct db *db = open_other(store_dir);

	if (db)
		newer_acts(db, copy_ms);
	db_close(db);
}

void newer_in_store(const char *store_dir, const struct manifest *copy)
{
	struct db *db = open_other(store_dir);

	if (!db)
		return;
	newer_acts(db, copy->created_s * 1000);
	newer_days(db, store_dir, copy);
	db_close(db);
}

void newer_backups(const char *backup, int64_t copy_s)
{
	static int64_t times[BACKUPS_MAX];
	char folder[PATH_MAX], name[BACKUP_NAME_SIZE], *slash;
	size_t n;

	snprintf(folder, sizeof folder, "%s", backup);
	slash = strrchr(folder, '/');
	if (!slash)
		return;
	*slash = '\0';
	n = backup_list(folder, times, BACKUPS_MAX);
	if (n == 0 || times[n - 1] <= copy_s)
		return;
	backup_name(times[n - 1], name);
	printf("a newer backup exists: %s/%s\n", folder, name);
}

static void print_gateway(void *arg, const struct gateway_row *row)
{
	unsigned *count = arg;
	char at[RFC3339_SIZE];

	if (row->revoked_s)
		return;
	++*count;
	if (!row->state_at_ms || rfc3339_format(row->state_at_ms / 1000, at))
		snprintf(at, sizeof at, "never");
	printf("  gateway %s offers again what it sent since; heard last %s\n", row->name, at);
}

void newer_at_gateways(const char *store_dir, const char *store_url)
{
	unsigned count = 0;
	struct db *db;

	if (store_open_read(&db, store_dir, store_url))
		return;
	if (gateway_list(db, print_gateway, &count) || !count)
		puts("  no gateway is known that could offer newer readings");
	db_close(db);
}
