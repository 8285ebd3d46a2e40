/* The store by itself: schema, lock, audit chain, and damage of its files (D2). */
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/store/day.h"
#include "platform/store/info.h"
#include "platform/store/log.h"
#include "platform/store/migrations.h"
#include "platform/store/owner.h"
#include "platform/store/place.h"
#include "platform/store/secret.h"
#include "platform/store/store.h"
#include "platform/test/fresh_store.h"

static char dir[64], url[FRESH_URL_SIZE];

static int setup(void **state)
{
	(void)state;
	log_set_level(LOG_LEVEL_ERROR + 1);
	snprintf(dir, sizeof dir, "/tmp/wattle-store-XXXXXX");
	fresh_store_empty(url);
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int teardown(void **state)
{
	(void)state;
	fresh_store_drop(url);
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- schema ---- */

static void migrations_are_numbered_in_order(void **state)
{
	(void)state;
	assert_int_equal(store_migrations[0].id, 1);
	for (int i = 1; store_migrations[i].id; i++)
		assert_true(store_migrations[i].id > store_migrations[i - 1].id);
	for (int i = 0; day_migrations[i].id; i++)
		assert_int_equal(day_migrations[i].id, i + 1);
}

static void a_missing_migration_is_made_up(void **state)
{
	static const struct migration before[] = {
	        {1, "CREATE TABLE a(x BIGINT)", NULL},
	        {3, "CREATE TABLE c(x BIGINT)", NULL},
	        {0, NULL,                       NULL}
        };
	static const struct migration now[] = {
	        {1, "CREATE TABLE a(x BIGINT)", NULL},
	        {2, "CREATE TABLE b(x BIGINT)", NULL},
	        {3, "CREATE TABLE c(x BIGINT)", NULL},
	        {0, NULL,                       NULL}
        };
	char path[STORE_PATH_SIZE];
	struct db *db;

	(void)state;
	store_path(path, dir, "m.db");
	assert_int_equal(db_open(&db, path, DB_WRITE), ERR_NONE);
	assert_int_equal(migrate(db, before), ERR_NONE);
	assert_int_equal(migrate(db, now), ERR_NONE);
	assert_int_equal(db_exec(db, "INSERT INTO b(x) VALUES(1)"), ERR_NONE);
	db_close(db);
}

static void migrating_twice_changes_nothing(void **state)
{
	struct db *db;
	uint64_t first, second;
	int id;

	(void)state;
	assert_int_equal(store_open(&db, dir, url), ERR_NONE);
	assert_int_equal(migration_found(db, &id), ERR_NONE);
	assert_int_equal(id, migration_newest(store_migrations));
	assert_int_equal(info_epoch(db, &first), ERR_NONE);
	assert_int_not_equal(first, 0);
	db_close(db);
	assert_int_equal(store_open(&db, dir, url), ERR_NONE);
	assert_int_equal(info_epoch(db, &second), ERR_NONE);
	assert_true(first == second);
	db_close(db);
}

static const char wrapped_columns_sqlite[] =
        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
        " WHERE m.type='table' AND c.name LIKE '%wrapped%'";
static const char wrapped_columns_postgres[] =
        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT)"
        " FROM information_schema.columns"
        " WHERE table_schema=current_schema() AND column_name LIKE '%wrapped%'";

/* A secret that key rotation does not know of would be unreadable after `wattle key forget`. */
static void every_wrapped_column_is_known_to_key_rotation(void **state)
{
	struct secret_row row;
	struct stmt *st;
	struct db *db;
	int columns = 0, places = 0;

	(void)state;
	assert_int_equal(store_open(&db, dir, url), ERR_NONE);
	st = db_query(db, fresh_store_is_postgres() ? wrapped_columns_postgres
	                                            : wrapped_columns_sqlite);
	while (stmt_row(st)) {
		const char *table = col_text(st), *column = col_text(st);
		const struct secret_place *p = secret_places;

		while (p->kind && (strcmp(p->table, table) != 0 || strcmp(p->column, column) != 0))
			p++;
		if (!p->kind)
			fail_msg("%s.%s is not in platform/store/secret.c", table, column);
		columns++;
	}
	assert_int_equal(stmt_end(st), ERR_NONE);
	for (const struct secret_place *p = secret_places; p->kind; p++, places++) {
		secret_rewind(&row);
		assert_int_equal(secret_next(db, p, &row), ERR_NOT_FOUND);
	}
	assert_int_equal(columns, places);
	db_close(db);
}

static void an_older_program_refuses_a_newer_store(void **state)
{
	struct db *db;
	int id;

	(void)state;
	assert_int_equal(store_open(&db, dir, url), ERR_NONE);
	assert_int_equal(db_exec(db, "INSERT INTO schema_migration(id) VALUES(1000)"), ERR_NONE);
	db_close(db);
	assert_int_equal(store_open(&db, dir, url), ERR_VERSION);
	assert_null(db);
	/* And touched nothing. */
	assert_int_equal(store_open_read(&db, dir, url), ERR_NONE);
	assert_int_equal(migration_found(db, &id), ERR_NONE);
	assert_int_equal(id, 1000);
	db_close(db);
}

static void a_migration_that_fails_leaves_the_schema_before_it(void **state)
{
	static const struct migration list[] = {
	        {1, "CREATE TABLE a(x BIGINT)",                           NULL},
	        {2, "CREATE TABLE b(x BIGINT); CREATE TABLE a(y BIGINT)", NULL},
	        {0, NULL,	                                         NULL},
	};
	char path[STORE_PATH_SIZE];
	struct db *db;
	int id;

	(void)state;
	store_path(path, dir, "x.db");
	assert_int_equal(db_open(&db, path, DB_WRITE), ERR_NONE);
	assert_int_not_equal(migrate(db, list), ERR_NONE);
	assert_int_equal(migration_found(db, &id), ERR_NONE);
	assert_int_equal(id, 1);
	assert_int_equal(db_exec(db, "CREATE TABLE b(x BIGINT)"), ERR_NONE);
	db_close(db);
}

static const char first_keys_sqlite[] =
        "SELECT m.name, (SELECT c.name FROM pragma_table_info(m.name) c WHERE c.pk=1)"
        " FROM sqlite_master m WHERE m.type='table'";
/* Of every key, not only of the first. */
static const char first_keys_postgres[] =
        "SELECT c.relname, CAST(a.attname AS TEXT) FROM pg_index i"
        " JOIN pg_class c ON c.oid=i.indrelid JOIN pg_namespace n ON n.oid=c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid=c.oid AND a.attnum=i.indkey[0]"
        " WHERE n.nspname=current_schema() AND i.indisunique AND c.relname<>'worker_lease'";

/* What a distributed table of Citus may have; the others are reference tables, as named in
 * docs/design/store.md. */
static void every_key_of_a_propertys_table_begins_with_it(void **state)
{
	static const char *const reference[] = {
	        "store_info",      "sequence",     "property_group", "property",         "users",
	        "session",         "day_file",     "day_file_range", "schema_migration", "role",
	        "role_option",     "user_grant",   "user_recovery",  "invitation",       "calendar",
	        "calendar_window", "calendar_day", "calendar_kept",  "privacy_text",     "tariff",
	        "tariff_version",  "api_key",      "sign_key"};
	struct stmt *st;
	struct db *db;

	(void)state;
	assert_int_equal(store_open(&db, dir, url), ERR_NONE);
	st = db_query(db, fresh_store_is_postgres() ? first_keys_postgres : first_keys_sqlite);
	while (stmt_row(st)) {
		char table[64];
		bool is_reference = false;

		col_text_to(st, table, sizeof table);
		for (size_t i = 0; i < sizeof reference / sizeof *reference; i++)
			is_reference |= strcmp(table, reference[i]) == 0;
		if (!is_reference && strcmp(col_text(st), "property_id") != 0)
			fail_msg("first key column of %s is not property_id", table);
	}
	assert_int_equal(stmt_end(st), ERR_NONE);
	db_close(db);
}

static void a_second_owner_is_refused(void **state)
{
	int first, second;

	(void)state;
	assert_int_equal(store_lock(dir, &first), ERR_NONE);
	assert_int_equal(store_lock(dir, &second), ERR_BUSY);
	store_unlock(first);
	assert_int_equal(store_lock(dir, &second), ERR_NONE);
	store_unlock(second);
}

static void each_kind_is_looked_for_in_its_table(void **state)
{
	static const char *const others[] = {"", "space", "meters", "accountss2", "custom", "user"};
	enum owned kind;
	struct db *db;

	(void)state;
	assert_int_equal(store_open(&db, dir, url), ERR_NONE);
	for (int i = 0; i < OWNED_COUNT; i++) {
		assert_int_equal(owned_find(db, (enum owned)i, 1, 1), ERR_NOT_FOUND);
		assert_true(owned_by_word(owned_word((enum owned)i), &kind));
		assert_int_equal(kind, i);
	}
	assert_true(owned_by_word("accounts", &kind));
	assert_int_equal(kind, OWNED_ACCOUNT);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		assert_false(owned_by_word(others[i], &kind));
	assert_int_equal(
	        db_exec(db,
	                "INSERT INTO customer VALUES(1, 7, 'c', 'person', 'a', NULL, '', 'en', '', 0, 0, 0, 1)"),
	        ERR_NONE);
	assert_int_equal(owned_find(db, OWNED_CUSTOMER, 1, 7), ERR_NONE);
	assert_int_equal(owned_find(db, OWNED_CUSTOMER, 2, 7), ERR_NOT_FOUND);
	db_close(db);
}

static void names_in_topics(void **state)
{
	(void)state;
	assert_true(slug_valid("gw-1"));
	assert_true(slug_valid("abcdefghijklmnopqrstuvwxyz012345"));
	assert_false(slug_valid("abcdefghijklmnopqrstuvwxyz0123456"));
	assert_false(slug_valid(""));
	assert_false(slug_valid("live"));
	assert_false(slug_valid("GW"));
	assert_false(slug_valid("a/b"));
	assert_false(slug_valid("a+"));
}

/* ---- day files and their damage ---- */

#define BATCHES 40
#define NOW_MS  INT64_C(1795490000000)

static const uint8_t hash_key[16] = {7};

static struct batch_row batch(uint64_t seq)
{
	static uint8_t body[1500];
	struct batch_row row = {.property_id = 1,
	                        .gateway_id = 2,
	                        .boot = UINT64_MAX - 5,
	                        .seq = seq,
	                        .stored_ms = NOW_MS,
	                        .body = body,
	                        .body_len = sizeof body};

	memset(body, (int)seq, sizeof body);
	row.t_min = row.t_max = NOW_MS / 1000 + (int64_t)seq;
	row.hash = batch_hash(hash_key, body, sizeof body);
	return row;
}

static void write_day(int64_t now_ms)
{
	struct days *days;

	assert_int_equal(days_open(&days, dir), ERR_NONE);
	for (uint64_t seq = 1; seq <= BATCHES; seq++) {
		struct batch_row row = batch(seq);

		assert_int_equal(days_append(days, &row, now_ms), ERR_NONE);
		if (seq % 8 == 0)
			assert_int_equal(days_commit(days), ERR_NONE);
	}
	days_close(days);
}

static bool check_batch(void *arg, const struct batch_row *row)
{
	const uint8_t *body = row->body;

	/* What a reader hands out is whole and true, whatever the file has become. */
	assert_int_equal(row->body_len, 1500);
	for (size_t i = 0; i < row->body_len; i++)
		assert_int_equal(body[i], row->seq & 0xFF);
	++*(unsigned *)arg;
	return true;
}

static unsigned read_day(uint64_t *damaged)
{
	struct day_reader *reader;
	int64_t files[8];
	unsigned count = 0;
	size_t n;

	*damaged = 0;
	assert_int_equal(day_reader_open(&reader, dir, hash_key), ERR_NONE);
	n = day_reader_list(reader, files, 8);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(day_reader_walk(reader, files[i], 0, check_batch, &count, damaged),
		                 ERR_NONE);
	day_reader_close(reader);
	return count;
}

static void day_path(char path[STORE_PATH_SIZE])
{
	store_path(path, dir, "readings-20261124.db");
}

static void appended_batches_are_found_again(void **state)
{
	struct day_reader *reader;
	struct batch_row row = batch(3);
	struct days *days;
	uint64_t damaged, hash;
	unsigned count = 0;

	(void)state;
	write_day(NOW_MS);
	assert_int_equal(read_day(&damaged), BATCHES);
	assert_int_equal(damaged, 0);
	assert_int_equal(day_reader_open(&reader, dir, hash_key), ERR_NONE);
	assert_int_equal(day_reader_find(reader, file_of_ms(NOW_MS), 1, 2, row.boot, 3, &hash), 0);
	assert_true(hash == row.hash);
	assert_int_equal(day_reader_find(reader, file_of_ms(NOW_MS), 1, 2, 9, 3, &hash),
	                 ERR_NOT_FOUND);
	assert_int_equal(day_reader_range(reader, 1, 2, NOW_MS / 1000 + 10, NOW_MS / 1000 + 20,
	                                  check_batch, &count, &damaged),
	                 0);
	assert_int_equal(count, 10);
	day_reader_close(reader);

	assert_int_equal(days_open(&days, dir), ERR_NONE);
	assert_int_equal(days_append(days, &row, NOW_MS), ERR_DUP);
	days_close(days);
}

static void late_batches_lie_in_the_file_of_their_arrival(void **state)
{
	struct day_reader *reader;
	uint64_t damaged = 0;
	unsigned count = 0;

	(void)state;
	write_day(NOW_MS + 5 * INT64_C(86400000));
	assert_int_equal(day_reader_open(&reader, dir, hash_key), ERR_NONE);
	assert_int_equal(day_reader_range(reader, 1, 2, NOW_MS / 1000, NOW_MS / 1000 + 3600,
	                                  check_batch, &count, &damaged),
	                 0);
	assert_int_equal(count, BATCHES);
	day_reader_close(reader);
}

static size_t slurp(const char *path, uint8_t **data)
{
	struct stat st;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	*data = malloc((size_t)st.st_size);
	assert_int_equal(read(fd, *data, (size_t)st.st_size), st.st_size);
	close(fd);
	return (size_t)st.st_size;
}

static void spit(const char *path, const uint8_t *data, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, data, len), len);
	close(fd);
}

/* Writing goes on beside or behind a damaged file: at most into its next part. */
static void must_still_take_batches(void)
{
	struct days *days;
	struct batch_row row = batch(1000);
	enum err err;

	assert_int_equal(days_open(&days, dir), ERR_NONE);
	err = days_append(days, &row, NOW_MS);
	if (err) {
		days_rollback(days);
		err = days_append(days, &row, NOW_MS);
	}
	assert_int_equal(err, ERR_NONE);
	assert_int_equal(days_commit(days), ERR_NONE);
	days_close(days);
}

static void remove_parts(void)
{
	static const char *const names[] = {"", "-1", "-2"}, *const ends[] = {"", "-wal", "-shm"};
	char name[64], path[STORE_PATH_SIZE];

	for (size_t i = 0; i < 9; i++) {
		snprintf(name, sizeof name, "readings-20261124%s.db%s", names[i / 3], ends[i % 3]);
		store_path(path, dir, name);
		unlink(path);
	}
}

static void a_flipped_bit_costs_its_batch_only(void **state)
{
	char path[STORE_PATH_SIZE];
	uint8_t *data;
	size_t len, tried = 0, noticed = 0;

	(void)state;
	write_day(NOW_MS);
	day_path(path);
	len = slurp(path, &data);
	for (size_t at = 0; at < len; at += 97, tried++) {
		uint64_t damaged;
		unsigned count;

		remove_parts();
		data[at] ^= (uint8_t)(1 << at % 8);
		spit(path, data, len);
		data[at] ^= (uint8_t)(1 << at % 8);
		count = read_day(&damaged);
		assert_in_range(count, 0, BATCHES);
		noticed += damaged > 0;
		if (count < BATCHES)
			assert_true(damaged > 0);
		if (tried % 20 == 0)
			must_still_take_batches();
	}
	/* Most of the file is bodies: their damage is noticed by the hash. */
	assert_true(noticed > tried / 2);
	free(data);
}

static void a_cut_file_gives_what_is_left(void **state)
{
	char path[STORE_PATH_SIZE];
	uint8_t *data;
	size_t len;

	(void)state;
	write_day(NOW_MS);
	day_path(path);
	len = slurp(path, &data);
	for (size_t keep = 0; keep <= len; keep += keep < 4096 ? 511 : 1777) {
		uint64_t damaged;

		remove_parts();
		spit(path, data, keep);
		assert_in_range(read_day(&damaged), 0, BATCHES);
		must_still_take_batches();
	}
	free(data);
}

static void rubbish_in_place_of_a_day_file(void **state)
{
	char path[STORE_PATH_SIZE];
	uint64_t damaged;

	(void)state;
	day_path(path);
	spit(path,
	     (const uint8_t *)"this is no database, and longer than a header of one is: "
	                      "0123456789012345678901234567890123456789012345",
	     100);
	assert_int_equal(read_day(&damaged), 0);
	assert_int_equal(damaged, 1);
	must_still_take_batches();
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(migrations_are_numbered_in_order),
	        T(a_missing_migration_is_made_up),
	        T(every_wrapped_column_is_known_to_key_rotation),
	        T(migrating_twice_changes_nothing),
	        T(an_older_program_refuses_a_newer_store),
	        T(a_migration_that_fails_leaves_the_schema_before_it),
	        T(every_key_of_a_propertys_table_begins_with_it),
	        T(a_second_owner_is_refused),
	        T(each_kind_is_looked_for_in_its_table),
	        T(names_in_topics),
	        T(appended_batches_are_found_again),
	        T(late_batches_lie_in_the_file_of_their_arrival),
	        T(a_flipped_bit_costs_its_batch_only),
	        T(a_cut_file_gives_what_is_left),
	        T(rubbish_in_place_of_a_day_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
