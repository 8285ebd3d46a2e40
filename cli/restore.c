/* `wattle restore`: a backup becomes an installation again. Everything is checked first and put
 * together beside; the last step is a rename, and a store that was there is moved, never removed. */
#include "cli/backup.h"
#include "cli/broker.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/newer.h"
#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/revive.h"
#include "platform/replica/wire.h"
#include "platform/store/info.h"
#include "platform/store/migrations.h"
#include "platform/store/store.h"
#include "platform/store/store_copy.h"

struct restore {
	struct cli cli; /* of the target */
	char backup[PATH_MAX];
	struct manifest manifest;
	struct settings settings;
	char staged[PATH_MAX]; /* the new store, before it has its name */
	char aside[PATH_MAX];  /* the old one, after; "": there was none */
	const char *key_file, *passphrase_file;
	bool replace, to_other;
	struct db *db; /* the main store on PostgreSQL; NULL: SQLite */
	bool had_rows; /* it was not empty */
	struct revive_request revive;
};

/* ---- may we? ---- */

/* Nothing but what a backup of ours holds: a manifest of somebody else must not bring its own key. */
static bool known_name(const char *name)
{
	if (strncmp(name, "store/", 6) == 0)
		return wire_database_name(name + 6);
	if (strncmp(name, "config/", 7) == 0)
		return wire_file_name(name + 7);
	return strcmp(name, "keys.sealed") == 0;
}

static int check_backup(struct restore *r)
{
	const struct manifest *m = &r->manifest;
	unsigned wrong = backup_verify(r->backup, &r->manifest, NULL);

	if (wrong)
		return fail("%s: %u things are wrong with this backup; nothing was changed",
		            r->backup, wrong);
	for (size_t i = 0; i < m->file_count; i++)
		if (!known_name(m->file[i].name))
			return fail("%s: %s is nothing of a backup; nothing was changed", r->backup,
			            m->file[i].name);
	if (m->schema > migration_newest(store_migrations) ||
	    m->day_schema > migration_newest(day_migrations))
		return fail("this backup was made by a newer program (%s) than this one (%s)",
		            m->program, WATTLE_VERSION);
	return EXIT_GOOD;
}

static bool is_of_backup(const struct restore *r)
{
	char path[PATH_MAX], why[512];
	struct settings old;

	return !settings_load(&old, path_in(r->backup, "config/wattle.ini", path), why,
	                      sizeof why) &&
	       strcmp(old.store_url, r->settings.store_url) == 0;
}

/* Settings that are there win: they belong to the machine. On an empty one those of the backup are
 * used, and then the store must lie inside the target. */
static int find_settings(struct restore *r)
{
	char path[PATH_MAX], why[512];
	size_t n = strlen(r->cli.data_dir);

	if (access(data_path(&r->cli, path, "wattle.ini"), F_OK)) {
		char from[PATH_MAX];
		enum err err = dir_make(r->cli.data_dir);

		if (!err && manifest_find(&r->manifest, "config/wattle.ini"))
			err = file_copy(path_in(r->backup, "config/wattle.ini", from), path, 0640);
		if (err)
			return fail("%s: %s", path, err_text(err));
	}
	if (settings_load(&r->settings, path, why, sizeof why))
		return fail("%s", why);
	if (r->to_other && *r->settings.store_url && is_of_backup(r))
		return fail("%s: [store] url is that of the installation that was backed up: name"
		            " another database there, or none, and restore again",
		            path);
	if (r->to_other && (strncmp(r->settings.store_dir, r->cli.data_dir, n) != 0 ||
	                    r->settings.store_dir[n] != '/'))
		return fail("%s: store_dir %s lies outside %s: change it there and restore again",
		            path, r->settings.store_dir, r->cli.data_dir);
	return EXIT_GOOD;
}

static bool is_empty(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *entry;
	bool empty = true;

	while (d && empty && (entry = readdir(d)) != NULL)
		empty = entry->d_name[0] == '.' || strcmp(entry->d_name, "lock") == 0 ||
		        strcmp(entry->d_name, "holder") == 0;
	if (d)
		closedir(d);
	return empty;
}

/* The database, when the main store is one: `r->db` with the lease, so that no wattled begins to
 * run on it. */
static int check_database(struct restore *r)
{
	const char *dir = r->settings.store_dir, *url = r->settings.store_url;
	char holder[WORKER_NAME_SIZE], other[WORKER_NAME_SIZE];
	int64_t left_ms;
	enum err err;

	if (!*url)
		return EXIT_GOOD;
	err = store_exists(dir, url);
	r->had_rows = err == ERR_NONE;
	if (r->had_rows && !r->replace)
		return fail("%s is not empty; --replace copies it aside and restores; "
		            "nothing was changed",
		            url);
	if (!err || err == ERR_NOT_FOUND)
		err = dir_make(dir);
	if (!err)
		err = store_holder(dir, holder);
	if (!err)
		err = store_open(&r->db, dir, url);
	if (!err)
		err = worker_take(r->db, holder, other, &left_ms);
	if (err == ERR_BUSY)
		return fail("a wattled of %s runs on %s: stop it first; nothing was changed", other,
		            url);
	return err ? fail("%s: %s", url, err_text(err)) : EXIT_GOOD;
}

static int check_target(struct restore *r, int *lock_fd)
{
	const char *store = r->settings.store_dir;
	enum err err;

	if (access(store, F_OK))
		return check_database(r);
	err = store_lock(store, lock_fd);
	if (err == ERR_BUSY)
		return fail("a wattled runs on %s: stop it first; nothing was changed", store);
	if (err)
		return fail("%s: %s", store, err_text(err));
	if (!is_empty(store) && !r->replace)
		return fail("%s is not empty; --replace moves it aside and restores; "
		            "nothing was changed",
		            store);
	return check_database(r);
}

/* ---- the new store ---- */

static int stage_files(struct restore *r)
{
	char from[PATH_MAX], to[PATH_MAX];

	snprintf(r->staged, sizeof r->staged, "%s.restoring", r->settings.store_dir);
	if (dir_remove(r->staged)) /* of a restore that was interrupted */
		return fail("%s cannot be removed", r->staged);
	if (dir_make(r->staged))
		return fail("%s: %s", r->staged, strerror(errno));
	for (size_t i = 0; i < r->manifest.file_count; i++) {
		const char *name = r->manifest.file[i].name;
		enum err err;

		if (strncmp(name, "store/", 6) != 0)
			continue;
		err = file_copy(path_in(r->backup, name, from), path_in(r->staged, name + 6, to),
		                0600);
		if (err)
			return fail("%s: %s", to, err_text(err));
	}
	return EXIT_GOOD;
}

static int revive(struct restore *r)
{
	struct revive_request *v = &r->revive;
	char name[BACKUP_NAME_SIZE];
	struct db *db;
	enum err err;

	if (sodium_init() < 0)
		return fail("no randomness on this machine");
	actor_here(&v->actor, "restore");
	v->action = "store.restore";
	v->copy_ms = r->manifest.created_s * 1000;
	backup_name(r->manifest.created_s, name);
	snprintf(v->source, sizeof v->source, "backup %s", name);
	randombytes_buf(&v->new_epoch, sizeof v->new_epoch);
	v->new_epoch |= 1;
	err = store_open(&db, r->staged, NULL);
	if (!err)
		err = step_run(db, NULL, revive_step, v, clock_wall_ms(), NULL);
	if (db)
		db_close(db);
	if (!err)
		err = dir_sync(r->staged);
	return err ? fail("%s: %s", r->staged, err_text(err)) : EXIT_GOOD;
}

/* All rows of the staged file into the database, in one transaction. What was there goes into a
 * file of the store that is moved aside. */
static int fill_database(struct restore *r)
{
	static const char *const names[] = {"wattle.db", "wattle.db-wal", "wattle.db-shm"};
	char path[PATH_MAX];
	struct db *from;
	enum err err = ERR_NONE;

	if (!r->db)
		return EXIT_GOOD;
	if (r->had_rows)
		err = db_copy(r->db, path_in(r->settings.store_dir, "wattle.db", path));
	if (err)
		return fail("%s: %s", path, err_text(err));
	err = store_open_read(&from, r->staged, NULL);
	if (!err)
		err = db_exec(from, "BEGIN");
	if (!err)
		err = store_copy(from, r->db, NULL);
	db_close(from);
	for (size_t i = 0; !err && i < ARRAY_SIZE(names); i++)
		if (unlink(path_in(r->staged, names[i], path)) && errno != ENOENT)
			err = err_of_errno(errno);
	if (err)
		return fail("%s: %s", r->settings.store_url, err_text(err));
	worker_release(r->db);
	return EXIT_GOOD;
}

/* ---- what stands beside the store ---- */

static int put_config(struct restore *r, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX], dir[PATH_MAX];
	enum err err;

	data_path(&r->cli, to, name + strlen("config/"));
	if (access(to, F_OK) == 0)
		return EXIT_GOOD; /* of this machine */
	snprintf(dir, sizeof dir, "%s", to);
	*strrchr(dir, '/') = '\0';
	err = dir_make(dir);
	if (!err)
		err = file_copy(path_in(r->backup, name, from), to, 0640);
	return err ? fail("%s: %s", to, err_text(err)) : EXIT_GOOD;
}

static int put_configs(struct restore *r)
{
	for (size_t i = 0; i < r->manifest.file_count; i++)
		if (strncmp(r->manifest.file[i].name, "config/", 7) == 0 &&
		    put_config(r, r->manifest.file[i].name))
			return EXIT_FAILED;
	return EXIT_GOOD;
}

static int put_keys(struct restore *r)
{
	char passphrase[PASSPHRASE_SIZE];
	int code;

	if (!r->key_file)
		return EXIT_GOOD;
	if (passphrase_get(r->passphrase_file, false, passphrase))
		return EXIT_FAILED;
	code = keys_unseal(&r->cli, &r->settings, r->key_file, passphrase, r->replace);
	sodium_memzero(passphrase, sizeof passphrase);
	return code;
}

/* Two renames: stopped between them, the store is missing and the same restore goes through. */
static int swap(struct restore *r)
{
	const char *store = r->settings.store_dir;
	char stamp[BACKUP_NAME_SIZE], above[PATH_MAX], *slash;

	if (access(store, F_OK) == 0 && is_empty(store)) {
		if (dir_remove(store))
			return fail("%s cannot be removed", store);
	} else if (access(store, F_OK) == 0) {
		backup_name(clock_wall_ms() / 1000, stamp);
		snprintf(r->aside, sizeof r->aside, "%s.before-%s", store, stamp);
		if (rename(store, r->aside))
			return fail("%s: %s", r->aside, strerror(errno));
	}
	if (rename(r->staged, store))
		return fail("%s: %s; the restored store is in %s", store, strerror(errno),
		            r->staged);
	snprintf(above, sizeof above, "%s", store);
	slash = strrchr(above, '/');
	if (slash)
		*slash = '\0';
	return dir_sync(*above ? above : "/") ? fail("%s cannot be synced", above) : EXIT_GOOD;
}

/* ---- what to say ---- */

static void tell_restored(const struct restore *r)
{
	const struct manifest *m = &r->manifest;
	int64_t rows = 0, batches = 0, days = 0, damaged = 0;
	char at[RFC3339_SIZE];

	for (size_t i = 0; i < m->table_count; i++)
		rows += m->table[i].rows;
	for (size_t i = 0; i < m->file_count; i++) {
		days += strncmp(m->file[i].name, "store/readings-", 15) == 0;
		batches += m->file[i].rows;
		damaged += m->file[i].damaged;
	}
	if (rfc3339_format(m->created_s, at))
		at[0] = '\0';
	printf("restored %s: the state of %s (program %s)\n", r->settings.store_dir, at,
	       m->program);
	printf("  %zu tables with %" PRId64 " rows; %" PRId64 " day files with %" PRId64
	       " batches%s\n",
	       m->table_count, rows, days, batches, damaged ? ", some damaged before" : "");
	printf("  epoch %016" PRIx64 " became %016" PRIx64 ": gateways offer again what they had "
	       "acknowledged (30 days)\n",
	       r->revive.old_epoch, r->revive.new_epoch);
	printf("  %" PRId64 " sessions ended; command counters moved on by %d\n",
	       r->revive.sessions, REVIVE_SKIP_COUNTERS);
}

static void tell_keys(const struct restore *r)
{
	char why[512], name[KEY_NAME_SIZE] = "", path[PATH_MAX];
	struct keys *keys = NULL;
	size_t n = 0;

	if (!keys_load(&keys, r->settings.secret_file, why, sizeof why))
		n = keys_count(keys);
	for (size_t i = 0; i < n; i++) {
		keys_name(keys, i, name, NULL);
		if (strcmp(name, r->manifest.key) == 0)
			break;
	}
	keys_free(keys);
	if (strcmp(name, r->manifest.key) != 0)
		printf("MISSING 缺少: the key %s for %s; wattled does not start without it: "
		       "`wattle key import FILE`\n",
		       r->manifest.key, r->settings.secret_file);
	if (access(r->settings.broker_key, F_OK) ||
	    access(data_path(&r->cli, path, "pki/broker.key"), F_OK))
		puts("MISSING 缺少: the private keys of broker and wattled: `wattle key import FILE`, "
		     "or `wattle broker renew`");
}

static void tell_newer(const struct restore *r)
{
	char at[RFC3339_SIZE];

	if (*r->aside) {
		printf("the store that was here is in %s\n", r->aside);
		newer_in_store(r->aside, &r->manifest);
	}
	newer_backups(r->backup, r->manifest.created_s);
	newer_at_gateways(r->settings.store_dir, r->settings.store_url);
	if (!rfc3339_format(r->manifest.created_s, at))
		printf("After the gateways have caught up: `wattle gaps --from %s` lists what is "
		       "still missing.\n",
		       at);
}

static int restore(struct restore *r)
{
	int lock_fd = -1, code;

	code = check_backup(r);
	if (!code)
		code = find_settings(r);
	if (!code)
		code = check_target(r, &lock_fd);
	if (!code)
		code = stage_files(r);
	if (!code)
		code = revive(r);
	if (!code)
		code = put_configs(r);
	if (!code)
		code = put_keys(r);
	if (!code)
		code = fill_database(r);
	if (!code)
		code = swap(r);
	worker_release(r->db);
	db_close(r->db);
	store_unlock(lock_fd);
	if (code)
		return code;
	tell_restored(r);
	tell_keys(r);
	tell_newer(r);
	/* Its paths are those of this machine. */
	return broker_write_conf(&r->cli, &r->settings);
}

int cmd_restore(const struct cli *cli, int argc, char **argv)
{
	static struct restore r;
	const char *to = option(&argc, argv, "--to");
	int code;

	umask(077);
	r.cli = *cli;
	r.key_file = option(&argc, argv, "--key");
	r.passphrase_file = option(&argc, argv, "--passphrase-file");
	r.replace = flag(&argc, argv, "--replace");
	r.to_other = to != NULL;
	if (!options_done(argc, argv) || argc != 2)
		return usage("restore BACKUP [--to DIR] [--replace] [--key FILE] "
		             "[--passphrase-file FILE]");
	if (to && !data_dir_set(&r.cli, to))
		return fail("%s: the path is too long", to);
	code = backup_named(argv[1], r.backup);
	if (!code)
		code = restore(&r);
	manifest_free(&r.manifest);
	return code;
}
