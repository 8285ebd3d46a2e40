/* `wattle backup`: a whole copy of the installation while it runs. The main file goes first, then
 * day files: what the main file says about readings is then never ahead of them. */
#include "cli/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/store/info.h"
#include "platform/store/migrations.h"
#include "platform/store/store.h"

#define DAY_FILES_MAX 8192

struct backup {
	const struct cli *cli;
	struct settings settings;
	char dest[PATH_MAX]; /* the folder of backups */
	char dir[PATH_MAX];  /* of this one, under its first name */
	char name[BACKUP_NAME_SIZE];
	struct manifest manifest, before; /* before: the newest whole one, for links */
	char before_dir[PATH_MAX];
	uint8_t hash_key[16];
	bool full;
	size_t linked;
	uint64_t damaged;
};

static const char usage_text[] =
        "backup [FOLDER] [--full] [--with-key] [--passphrase-file FILE] [--keep D,W,M] | "
        "backup list|verify [FOLDER]";

/* ---- parts ---- */

static int note_file(struct backup *b, const char *name, struct manifest_file **entry)
{
	struct manifest_file *file = manifest_add_file(&b->manifest, name);
	char path[PATH_MAX];
	enum err err = file ? file_sha256(path_in(b->dir, name, path), file->sha256, &file->bytes)
	                    : ERR_NOMEM;

	if (entry)
		*entry = file;
	return err ? fail("%s: %s", name, err_text(err)) : EXIT_GOOD;
}

static void note_table(void *arg, const char *table, int64_t rows)
{
	struct manifest_table *t = manifest_add_table(arg, table);

	if (t)
		t->rows = rows;
}

/* A damaged store must not push good backups out: the copy is checked before it counts. */
static int look_at_main(struct backup *b, const char *store)
{
	struct manifest *m = &b->manifest;
	struct db *db;
	int schema = 0;
	int64_t groups;
	enum err err = store_open_read(&db, store, NULL);

	if (err)
		return fail("the copy of wattle.db: %s", err_text(err));
	err = db_check(db);
	if (!err)
		err = migration_found(db, &schema);
	if (!err)
		err = info_epoch(db, &m->epoch);
	if (!err)
		err = info_number(db, INFO_GENERATION, &m->generation);
	if (!err)
		err = info_hash_key(db, b->hash_key);
	if (!err)
		err = db_tables(db, note_table, m);
	if (!err && manifest_has_table(m, "ledger_state") && ledgers_check(db, &groups))
		err = ERR_DAMAGED;
	db_close(db);
	m->schema = schema;
	m->day_schema = migration_newest(day_migrations);
	return err ? fail("the copy of wattle.db: %s; older backups are left alone", err_text(err))
	           : EXIT_GOOD;
}

static int copy_main(struct backup *b)
{
	char path[PATH_MAX], store[PATH_MAX];
	struct db *db;
	enum err err = store_open_read(&db, b->settings.store_dir, b->settings.store_url);

	store_main(store, b->settings.store_dir, b->settings.store_url);
	if (err)
		return fail("%s: %s", store, err_text(err));
	err = db_copy(db, path_in(b->dir, "store/wattle.db", path));
	db_close(db);
	if (err)
		return fail("%s: %s", path, err_text(err));
	if (look_at_main(b, path_in(b->dir, "store", store)))
		return EXIT_FAILED;
	return note_file(b, "store/wattle.db", NULL);
}

/* Has not grown since the backup before: the same file once more. */
static bool link_day(struct backup *b, const char *name, const struct day_end *end)
{
	const struct manifest_file *old = b->full ? NULL : manifest_find(&b->before, name);
	struct manifest_file *file;
	char from[PATH_MAX], to[PATH_MAX];

	if (!old || old->newest_rowid != end->rowid || old->newest_hash != end->hash ||
	    link(path_in(b->before_dir, name, from), path_in(b->dir, name, to)))
		return false;
	file = manifest_add_file(&b->manifest, name);
	if (!file)
		return false;
	*file = *old;
	b->linked++;
	return true;
}

static int count_day(struct backup *b, int64_t day, struct manifest_file *file)
{
	char store[PATH_MAX];
	struct day_count count = {0};
	struct day_reader *reader;
	struct day_end end = {0};
	enum err err;

	err = day_reader_open(&reader, path_in(b->dir, "store", store), b->hash_key);
	if (!err)
		err = day_reader_walk(reader, day, 0, day_count_row, &count, &count.damaged);
	if (!err && day_reader_end(reader, day, &end) && !count.damaged)
		err = ERR_DAMAGED;
	day_reader_close(reader);
	file->rows = count.rows;
	file->damaged = (int64_t)count.damaged;
	file->newest_rowid = end.rowid;
	file->newest_hash = end.hash;
	b->damaged += count.damaged;
	return err ? fail("%s: %s", file->name, err_text(err)) : EXIT_GOOD;
}

static int copy_day(struct backup *b, struct day_reader *reader, int64_t day)
{
	char name[SEALED_NAME_SIZE], file_name[DAY_NAME_SIZE], from[PATH_MAX], to[PATH_MAX];
	struct manifest_file *file;
	struct day_end end;
	enum err err;

	day_file_name(file_name, day);
	snprintf(name, sizeof name, "store/%s", file_name);
	err = day_reader_end(reader, day, &end);
	if (!err && link_day(b, name, &end))
		return EXIT_GOOD;
	if (!err)
		err = day_reader_copy(reader, day, path_in(b->dir, name, to));
	/* A damaged day is kept byte for byte: what is sound in it stays readable. */
	if (err == ERR_DAMAGED || err == ERR_IO)
		err = file_copy(path_in(b->settings.store_dir, file_name, from),
		                path_in(b->dir, name, to), 0600);
	if (err)
		return fail("%s: %s", name, err_text(err));
	return note_file(b, name, &file) || count_day(b, day, file) ? EXIT_FAILED : EXIT_GOOD;
}

static int copy_days(struct backup *b)
{
	static int64_t days[DAY_FILES_MAX];
	struct day_reader *reader;
	int code = EXIT_GOOD;
	size_t n;

	if (day_reader_open(&reader, b->settings.store_dir, b->hash_key))
		return fail("no memory");
	n = day_reader_list(reader, days, DAY_FILES_MAX);
	if (n > DAY_FILES_MAX)
		code = fail("more than %d day files", DAY_FILES_MAX);
	for (size_t i = 0; !code && i < n; i++)
		code = copy_day(b, reader, days[i]);
	day_reader_close(reader);
	return code;
}

/* Settings, rights and certificates; what is missing here is missing there. */
static int copy_config(struct backup *b, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX], in_backup[SEALED_NAME_SIZE];
	enum err err;

	if (snprintf(in_backup, sizeof in_backup, "config/%s", name) >= (int)sizeof in_backup ||
	    !safe_name(in_backup))
		return EXIT_GOOD; /* nothing of ours has such a name */
	err = file_copy(data_path(b->cli, from, name), path_in(b->dir, in_backup, to), 0600);
	if (err == ERR_NOT_FOUND)
		return EXIT_GOOD;
	return err ? fail("%s: %s", from, err_text(err)) : note_file(b, in_backup, NULL);
}

static int copy_certificates(struct backup *b, const char *folder)
{
	char path[PATH_MAX], name[SEALED_NAME_SIZE];
	DIR *dir = opendir(data_path(b->cli, path, folder));
	struct dirent *entry;
	int code = EXIT_GOOD;

	while (dir && !code && (entry = readdir(dir)) != NULL) {
		size_t n = strlen(entry->d_name);

		if (n < 5 || n > 40 || strcmp(entry->d_name + n - 4, ".crt") != 0)
			continue;
		snprintf(name, sizeof name, "%s/%.40s", folder, entry->d_name);
		code = copy_config(b, name);
	}
	if (dir)
		closedir(dir);
	return code;
}

static int copy_configs(struct backup *b)
{
	return copy_config(b, "wattle.ini") || copy_config(b, "broker/clients") ||
	                       copy_certificates(b, "pki") || copy_certificates(b, "pki/gateways")
	               ? EXIT_FAILED
	               : EXIT_GOOD;
}

static int seal_keys(struct backup *b, const char *passphrase)
{
	char path[PATH_MAX];

	if (keys_seal(b->cli, &b->settings, path_in(b->dir, "keys.sealed", path), passphrase))
		return EXIT_FAILED;
	return note_file(b, "keys.sealed", NULL);
}

/* ---- the folder ---- */

static int open_folder(struct backup *b, const char *folder, int *lock_fd)
{
	char path[PATH_MAX], cwd[PATH_MAX];

	if (!*folder)
		return fail("no folder for the backup: name one, or set [backup] dir");
	if (*folder == '/')
		snprintf(b->dest, sizeof b->dest, "%s", folder);
	else if (!getcwd(cwd, sizeof cwd) ||
	         snprintf(b->dest, sizeof b->dest, "%s/%s", cwd, folder) >= (int)sizeof b->dest)
		return fail("%s: the path is too long", folder);
	if (mkdir(b->dest, 0700) && errno != EEXIST)
		return fail("%s: %s", b->dest, strerror(errno));
	*lock_fd = open(path_in(b->dest, ".lock", path), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (*lock_fd < 0)
		return fail("%s: %s", path, strerror(errno));
	if (flock(*lock_fd, LOCK_EX | LOCK_NB))
		return fail("another backup into %s is running", b->dest);
	return EXIT_GOOD;
}

/* Half-made backups and half-removed ones of runs that were interrupted. */
static void clear_leftovers(const char *dest)
{
	DIR *dir = opendir(dest);
	struct dirent *entry;
	char path[PATH_MAX];

	while (dir && (entry = readdir(dir)) != NULL)
		if ((strncmp(entry->d_name, ".new-", 5) == 0 ||
		     strncmp(entry->d_name, ".old-", 5) == 0) &&
		    backup_time(entry->d_name + 5) >= 0 &&
		    dir_remove(path_in(dest, entry->d_name, path)))
			fail("%s cannot be removed", path);
	if (dir)
		closedir(dir);
}

static void find_before(struct backup *b)
{
	static int64_t times[BACKUPS_MAX];
	size_t n = backup_list(b->dest, times, BACKUPS_MAX);
	char name[BACKUP_NAME_SIZE], why[512];

	while (n-- > 0) {
		backup_name(times[n], name);
		path_in(b->dest, name, b->before_dir);
		if (!manifest_load(&b->before, b->before_dir, why, sizeof why))
			return;
		fail("%s; nothing is linked from there", why);
	}
}

static int make_folder(struct backup *b)
{
	static const char *const folders[] = {"store", "config/broker", "config/pki/gateways"};
	char path[PATH_MAX], first[BACKUP_NAME_SIZE + 8];

	b->manifest.created_s = clock_wall_ms() / 1000;
	backup_name(b->manifest.created_s, b->name);
	if (access(path_in(b->dest, b->name, path), F_OK) == 0)
		return fail("%s exists: one backup a second", path);
	snprintf(first, sizeof first, ".new-%s", b->name);
	path_in(b->dest, first, b->dir);
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++)
		if (dir_make(path_in(b->dir, folders[i], path)))
			return fail("%s: %s", path, strerror(errno));
	return EXIT_GOOD;
}

/* Names in folders are synced from the inside out; the last move makes the backup exist. */
static int finish_folder(struct backup *b)
{
	static const char *const folders[] = {"store",      "config/broker", "config/pki/gateways",
	                                      "config/pki", "config",        "."};
	char path[PATH_MAX];
	enum err err = manifest_write(&b->manifest, b->dir);

	for (size_t i = 0; !err && i < ARRAY_SIZE(folders); i++)
		err = dir_sync(path_in(b->dir, folders[i], path));
	if (!err && rename(b->dir, path_in(b->dest, b->name, path)))
		err = err_of_errno(errno);
	if (!err)
		err = dir_sync(b->dest);
	if (err)
		return fail("%s: %s", b->dir, err_text(err));
	snprintf(b->dir, sizeof b->dir, "%s", path);
	return EXIT_GOOD;
}

static int prune(const struct backup *b, struct keep_rule rule)
{
	static int64_t times[BACKUPS_MAX];
	static bool keep[BACKUPS_MAX];
	size_t n = backup_list(b->dest, times, BACKUPS_MAX), removed = 0;
	char name[BACKUP_NAME_SIZE], aside[BACKUP_NAME_SIZE + 8], from[PATH_MAX], to[PATH_MAX];

	backup_keep(times, n, rule, keep);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] || times[i] >= b->manifest.created_s)
			continue;
		backup_name(times[i], name);
		snprintf(aside, sizeof aside, ".old-%s", name);
		/* Renamed first: what is half removed must not look like a backup. */
		if (rename(path_in(b->dest, name, from), path_in(b->dest, aside, to)) ||
		    dir_remove(to))
			return fail("%s cannot be removed", from);
		removed++;
	}
	if (removed)
		printf("%zu older backups removed\n", removed);
	return EXIT_GOOD;
}

/* ---- the whole ---- */

static int note_in_store(const struct backup *b)
{
	struct settings settings;
	struct backup_note note = {.files = b->manifest.file_count,
	                           .bytes = manifest_bytes(&b->manifest),
	                           .at_ms = b->manifest.created_s * 1000};
	struct db *db = open_store(b->cli, &settings);
	enum err err;

	if (!db)
		return EXIT_FAILED;
	actor_here(&note.actor, "backup");
	snprintf(note.folder, sizeof note.folder, "%.*s", (int)sizeof note.folder - 1, b->dir);
	err = step_run(db, NULL, backup_note_step, &note, clock_wall_ms(), NULL);
	db_close(db);
	return err ? fail("the backup is good, but the store does not note it: %s", err_text(err))
	           : EXIT_GOOD;
}

static void tell(const struct backup *b, bool with_key)
{
	printf("%s: %zu files, %lld MB, %zu of them unchanged links\n", b->dir,
	       b->manifest.file_count, (long long)(manifest_bytes(&b->manifest) >> 20), b->linked);
	if (b->damaged)
		printf("note  %llu batches were damaged in the store already (wattle doctor)\n",
		       (unsigned long long)b->damaged);
	if (with_key)
		puts("keys.sealed holds the keys; without its passphrase nobody can use them.\n"
		     "密钥已用口令封存在 keys.sealed 中；忘记口令则无法恢复。");
	else
		printf("secret.key (key %s) and private keys are NOT in it: without them terminals "
		       "cannot be\n"
		       "commanded. Keep a copy apart from the data: `wattle key export FILE`.\n"
		       "备份不含密钥文件；请用 `wattle key export` 另行保存，勿与数据放在一起。\n",
		       *b->manifest.key ? b->manifest.key : "not readable");
}

static void name_key(struct backup *b)
{
	struct keys *keys = open_keys(&b->settings);

	if (keys)
		keys_name(keys, 0, b->manifest.key, NULL);
	keys_free(keys);
}

struct backup_options {
	const char *folder;
	bool full;
	char passphrase[PASSPHRASE_SIZE]; /* "": without keys */
	struct keep_rule keep;
};

static int make(struct backup *b, const struct backup_options *o)
{
	int code;

	snprintf(b->manifest.program, sizeof b->manifest.program, "%s", WATTLE_VERSION);
	b->full = o->full;
	name_key(b);
	clear_leftovers(b->dest);
	find_before(b);
	code = make_folder(b);
	if (!code)
		code = copy_main(b);
	if (!code)
		code = copy_days(b);
	if (!code)
		code = copy_configs(b);
	if (!code && *o->passphrase)
		code = seal_keys(b, o->passphrase);
	if (!code)
		code = finish_folder(b);
	if (code) {
		if (*b->dir && dir_remove(b->dir))
			fail("%s cannot be removed", b->dir);
		return code;
	}
	tell(b, *o->passphrase);
	code = prune(b, o->keep);
	return note_in_store(b) ? EXIT_FAILED : code;
}

static int run_backup(const struct cli *cli, const struct backup_options *options,
                      struct settings *settings)
{
	static struct backup b;
	int lock_fd = -1, code;

	umask(077); /* the copies hold more than any one reader of the originals may see */
	b.cli = cli;
	b.settings = *settings;
	code = open_folder(&b, options->folder, &lock_fd);
	if (!code)
		code = make(&b, options);
	if (lock_fd >= 0)
		close(lock_fd);
	manifest_free(&b.manifest);
	manifest_free(&b.before);
	return code;
}

static bool parse_keep(const char *text, struct keep_rule *keep)
{
	long long d, w, m;
	int end = 0;

	if (!text)
		return true; /* as the settings say */
	if (sscanf(text, "%lld,%lld,%lld%n", &d, &w, &m, &end) != 3 || text[end] || d < 0 ||
	    w < 0 || m < 0) {
		fail("--keep takes three numbers: days,weeks,months");
		return false;
	}
	*keep = (struct keep_rule){d, w, m};
	return true;
}

int cmd_backup(const struct cli *cli, int argc, char **argv)
{
	struct backup_options o = {0};
	const char *passphrase_file;
	bool with_key;
	int code;
	char path[PATH_MAX], why[512];
	struct settings settings;
	const char *what = argc > 1 ? argv[1] : "";
	bool have_settings =
	        !settings_load(&settings, data_path(cli, path, "wattle.ini"), why, sizeof why);

	if (have_settings)
		o.keep = (struct keep_rule){settings.keep_daily, settings.keep_weekly,
		                            settings.keep_monthly};
	o.folder = have_settings ? settings.backup_dir : "";
	if (strcmp(what, "list") == 0 || strcmp(what, "verify") == 0) {
		if (argc > 3)
			return usage(usage_text);
		if (argc == 3)
			o.folder = argv[2];
		return strcmp(what, "list") == 0
		               ? backup_list_command(o.folder)
		               : backup_verify_command(have_settings ? &settings : NULL, o.folder);
	}
	passphrase_file = option(&argc, argv, "--passphrase-file");
	if (!parse_keep(option(&argc, argv, "--keep"), &o.keep))
		return EXIT_USAGE;
	o.full = flag(&argc, argv, "--full");
	with_key = flag(&argc, argv, "--with-key");
	if (!options_done(argc, argv) || argc > 2)
		return usage(usage_text);
	if (!have_settings)
		return fail("%s", why);
	if (argc == 2)
		o.folder = argv[1];
	if (with_key && passphrase_get(passphrase_file, true, o.passphrase))
		return EXIT_FAILED;
	code = run_backup(cli, &o, &settings);
	sodium_memzero(o.passphrase, sizeof o.passphrase);
	return code;
}
