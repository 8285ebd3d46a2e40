/* Is a backup good? Manifest, digests, then the databases themselves. */
#include "cli/backup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/store/info.h"
#include "platform/store/migrations.h"
#include "platform/store/secret.h"
#include "platform/store/store.h"

const char *path_in(const char *dir, const char *name, char path[PATH_MAX])
{
	if (snprintf(path, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX) {
		fail("%s: the path is too long", dir);
		exit(EXIT_FAILED);
	}
	return path;
}

struct check {
	const struct manifest *manifest;
	unsigned wrong;
	size_t tables;
};

static void compare_table(void *arg, const char *table, int64_t rows)
{
	struct check *check = arg;

	check->tables++;
	for (size_t i = 0; i < check->manifest->table_count; i++) {
		const struct manifest_table *t = &check->manifest->table[i];

		if (strcmp(t->name, table) != 0)
			continue;
		if (t->rows == rows)
			return;
		fail("table %s has %lld rows, the manifest says %lld", table, (long long)rows,
		     (long long)t->rows);
		check->wrong++;
		return;
	}
	fail("table %s is not in the manifest", table);
	check->wrong++;
}

/* Secrets that the key at hand does not open: told, but no fault of the backup. */
static void look_at_secrets(struct db *db, const struct keys *keys)
{
	static struct secret_row row;
	unsigned long long open = 0, closed = 0;
	size_t key;

	for (const struct secret_place *p = secret_places; p->kind; p++)
		for (secret_rewind(&row); secret_next(db, p, &row) == ERR_NONE;) {
			if (secret_key_of(keys, p->kind, row.id, row.wrapped, row.len, &key))
				closed++;
			else
				open++;
		}
	if (closed)
		printf("note  %llu of its secrets do not open with the secret.key at hand\n",
		       closed);
	else
		printf("good  secret.key at hand opens all of its %llu secrets\n", open);
}

/* A backup from before there was a ledger has no table of it. */
static unsigned check_ledgers(struct db *db, const struct manifest *m)
{
	int64_t groups = 0;
	unsigned wrong;

	if (!manifest_has_table(m, "ledger_state"))
		return 0;
	wrong = ledgers_check(db, &groups);
	if (!wrong && groups)
		printf("good  ledger: %lld groups of entries fold to their balances\n",
		       (long long)groups);
	return wrong;
}

static unsigned check_main(struct db *db, const struct manifest *m, const struct keys *keys)
{
	struct check check = {.manifest = m};
	uint64_t epoch;
	int schema;

	if (db_check(db))
		return (unsigned)fail("store/wattle.db is damaged");
	if (migration_found(db, &schema) || schema != m->schema || info_epoch(db, &epoch) ||
	    epoch != m->epoch)
		check.wrong += (unsigned)fail("store/wattle.db is not the one of the manifest");
	if (db_tables(db, compare_table, &check) || check.tables != m->table_count)
		check.wrong += (unsigned)fail("its tables are not those of the manifest");
	if (!check.wrong)
		check.wrong += check_ledgers(db, m);
	if (keys && !check.wrong)
		look_at_secrets(db, keys);
	return check.wrong;
}

bool day_count_row(void *arg, const struct batch_row *row)
{
	(void)row;
	((struct day_count *)arg)->rows++;
	return true;
}

static unsigned check_days(const char *store, const struct manifest *m, const uint8_t hash_key[16])
{
	struct day_reader *reader;
	unsigned wrong = 0;

	if (day_reader_open(&reader, store, hash_key))
		return 1;
	for (size_t i = 0; i < m->file_count; i++) {
		const struct manifest_file *file = &m->file[i];
		struct day_count count = {0};
		int64_t day = day_file_of_name(
		        strncmp(file->name, "store/", 6) == 0 ? file->name + 6 : file->name);

		if (day < 0)
			continue;
		if (day_reader_walk(reader, day, 0, day_count_row, &count, &count.damaged) ||
		    count.rows != file->rows || (int64_t)count.damaged != file->damaged)
			wrong += (unsigned)fail(
			        "%s: %lld sound batches and %llu damaged ones, the manifest says "
			        "%lld and %lld",
			        file->name, (long long)count.rows,
			        (unsigned long long)count.damaged, (long long)file->rows,
			        (long long)file->damaged);
	}
	day_reader_close(reader);
	return wrong;
}

unsigned backup_verify(const char *dir, struct manifest *m, const struct keys *keys)
{
	char why[512], store[STORE_PATH_SIZE];
	uint8_t hash_key[16];
	struct db *db;
	unsigned wrong;

	if (manifest_load(m, dir, why, sizeof why))
		return (unsigned)fail("%s", why);
	wrong = manifest_check_files(m, dir);
	if (wrong)
		return wrong; /* what the bytes say no more is not asked */
	store_path(store, dir, "store");
	if (store_open_read(&db, store, NULL))
		return (unsigned)fail("%s/store/wattle.db cannot be opened", dir);
	wrong = check_main(db, m, keys);
	if (!wrong && info_hash_key(db, hash_key))
		wrong++;
	if (!wrong)
		wrong = check_days(store, m, hash_key);
	db_close(db);
	return wrong;
}

/* ---- the commands ---- */

int backup_list_command(const char *folder)
{
	static int64_t times[BACKUPS_MAX];
	size_t n = backup_list(folder, times, BACKUPS_MAX);

	for (size_t i = 0; i < n; i++) {
		char name[BACKUP_NAME_SIZE], path[PATH_MAX], why[512];
		struct manifest m;

		backup_name(times[i], name);
		if (manifest_load(&m, path_in(folder, name, path), why, sizeof why)) {
			printf("%s  bad: %s\n", name, why);
			continue;
		}
		printf("%s  %zu files  %lld MB  generation %lld  key %s%s\n", name, m.file_count,
		       (long long)(manifest_bytes(&m) >> 20), (long long)m.generation, m.key,
		       manifest_find(&m, "keys.sealed") ? "  with keys" : "");
		manifest_free(&m);
	}
	return n ? EXIT_GOOD : fail("no backup in %s", folder);
}

int backup_named(const char *folder, char path[PATH_MAX])
{
	static int64_t times[BACKUPS_MAX];
	char name[BACKUP_NAME_SIZE];
	size_t n;

	if (access(path_in(folder, "manifest.json", path), F_OK) == 0)
		return snprintf(path, PATH_MAX, "%s", folder) < 0;
	n = backup_list(folder, times, BACKUPS_MAX);
	if (!n)
		return fail("no backup in %s", folder);
	backup_name(times[n - 1], name);
	path_in(folder, name, path);
	return EXIT_GOOD;
}

int backup_verify_command(const struct settings *settings, const char *folder)
{
	char path[PATH_MAX], why[512];
	struct keys *keys = NULL;
	struct manifest m = {0};
	unsigned wrong;

	if (backup_named(folder, path))
		return EXIT_FAILED;
	if (settings && keys_load(&keys, settings->secret_file, why, sizeof why))
		keys = NULL; /* a backup can be checked without */
	wrong = backup_verify(path, &m, keys);
	keys_free(keys);
	if (!wrong)
		printf("good  %s: %zu files, %zu tables\n", path, m.file_count, m.table_count);
	manifest_free(&m);
	return wrong ? fail("%s: %u things are wrong with this backup", path, wrong) : EXIT_GOOD;
}
