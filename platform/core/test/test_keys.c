/* Keys outside the store: several of them, rotation in pieces, a file that changes under a running
 * program. */
#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/core/keys.h"
#include "platform/core/rewrap.h"
#include "platform/store/files.h"
#include "platform/test/lab.h"

#define TERMINALS 1234

static char path[64];

static struct keys *load(void)
{
	struct keys *keys;
	char why[256];

	assert_int_equal(keys_load(&keys, path, why, sizeof why), ERR_NONE);
	return keys;
}

static int make_file(void **state)
{
	(void)state;
	snprintf(path, sizeof path, "/tmp/wattle-keys-XXXXXX");
	close(mkstemp(path));
	unlink(path);
	return keys_create_file(path) == ERR_NONE ? 0 : -1;
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void a_secret_opens_only_as_what_it_was_wrapped(void **state)
{
	uint8_t wrapped[20 + SECRET_OVERHEAD], empty[SECRET_OVERHEAD], back[20];
	struct keys *keys = load();

	(void)state;
	assert_int_equal(secret_wrap(keys, "totp", "7", "twenty bytes of text", 20, wrapped), 0);
	assert_int_equal(secret_unwrap(keys, "totp", "7", wrapped, sizeof wrapped, back), 0);
	assert_memory_equal(back, "twenty bytes of text", 20);
	assert_int_equal(secret_unwrap(keys, "totp", "8", wrapped, sizeof wrapped, back), ERR_AUTH);
	assert_int_equal(secret_unwrap(keys, "webhook", "7", wrapped, sizeof wrapped, back),
	                 ERR_AUTH);
	assert_int_equal(secret_unwrap(keys, "", "totp:7", wrapped, sizeof wrapped - 1, back),
	                 ERR_AUTH);
	for (size_t len = 0; len < sizeof wrapped; len++)
		assert_int_equal(secret_unwrap(keys, "totp", "7", wrapped, len, back), ERR_AUTH);
	assert_int_equal(secret_wrap(keys, "totp", "7", "", 0, empty), 0);
	assert_int_equal(secret_unwrap(keys, "totp", "7", empty, sizeof empty, back), 0);
	keys_free(keys);
}

static void older_keys_open_and_the_newest_wraps(void **state)
{
	uint8_t old[4 + SECRET_OVERHEAD], new[4 + SECRET_OVERHEAD], back[4];
	char name[KEY_NAME_SIZE], first[KEY_NAME_SIZE];
	struct keys *keys = load(), *again;
	int64_t since_s;
	size_t key;

	(void)state;
	keys_name(keys, 0, first, &since_s);
	assert_int_equal(since_s, 0);
	assert_int_equal(secret_wrap(keys, "k", "1", "old!", 4, old), 0);
	assert_int_equal(keys_add(keys, 1790000000), ERR_NONE);
	assert_int_equal(secret_wrap(keys, "k", "1", "new!", 4, new), 0);
	assert_int_equal(keys_count(keys), 2);
	keys_name(keys, 0, name, &since_s);
	assert_int_equal(since_s, 1790000000);
	assert_string_not_equal(name, first);
	keys_name(keys, 1, name, &since_s);
	assert_string_equal(name, first);

	again = load();
	assert_int_equal(secret_key_of(again, "k", "1", old, sizeof old, &key), 0);
	assert_int_equal(key, 1);
	assert_int_equal(secret_key_of(again, "k", "1", new, sizeof new, &key), 0);
	assert_int_equal(key, 0);
	assert_int_equal(keys_forget(keys), ERR_NONE);
	assert_int_equal(secret_unwrap(keys, "k", "1", old, sizeof old, back), ERR_AUTH);
	assert_int_equal(secret_unwrap(keys, "k", "1", new, sizeof new, back), 0);
	keys_free(keys);
	keys_free(again);
}

static void a_running_program_follows_the_file(void **state)
{
	struct keys *daemon = load(), *cli = load();
	uint8_t wrapped[4 + SECRET_OVERHEAD], back[4];
	size_t key;

	(void)state;
	assert_int_equal(keys_add(cli, 1), ERR_NONE);
	assert_int_equal(secret_wrap(cli, "k", "1", "abcd", 4, wrapped), 0);
	assert_int_equal(secret_unwrap(daemon, "k", "1", wrapped, sizeof wrapped, back), 0);
	assert_int_equal(keys_add(cli, 2), ERR_NONE);
	assert_int_equal(secret_wrap(daemon, "k", "1", "abcd", 4, wrapped), 0);
	assert_int_equal(secret_key_of(cli, "k", "1", wrapped, sizeof wrapped, &key), 0);
	assert_int_equal(key, 0);
	/* A file that went bad is not taken: those in memory are good. */
	assert_int_equal(file_replace(path, 0600, "nonsense\n", 9), ERR_NONE);
	assert_int_equal(secret_unwrap(daemon, "k", "2", wrapped, sizeof wrapped, back), ERR_AUTH);
	assert_int_equal(secret_unwrap(daemon, "k", "1", wrapped, sizeof wrapped, back), 0);
	keys_free(daemon);
	keys_free(cli);
}

static void the_file_has_room_for_eight(void **state)
{
	struct keys *keys = load();
	struct stat st;

	(void)state;
	for (int i = 1; i < KEYS_MAX; i++)
		assert_int_equal(keys_add(keys, i), ERR_NONE);
	assert_int_equal(keys_add(keys, 9), ERR_FULL);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	keys_free(keys);
	keys = load();
	assert_int_equal(keys_count(keys), KEYS_MAX);
	keys_free(keys);
}

/* ---- rotation ---- */

static void chip_of(int k, char chip[CHIP_TEXT_SIZE])
{
	snprintf(chip, CHIP_TEXT_SIZE, "%024d", k);
}

static void plant(struct lab *lab, int k)
{
	struct terminal_row row = {.property_id = 1, .key_known = k % 10 != 3};
	uint8_t key[TERMINAL_KEY_SIZE];

	chip_of(k, row.chip);
	memset(key, k, sizeof key);
	assert_int_equal(keys_wrap(lab->keys, row.chip, key, row.key_wrapped), 0);
	assert_int_equal(terminal_put(lab->db, &row), 0);
}

static void all_open(struct lab *lab)
{
	struct terminal_row row;
	uint8_t key[TERMINAL_KEY_SIZE], want[TERMINAL_KEY_SIZE];
	char chip[CHIP_TEXT_SIZE];

	for (int k = 0; k < TERMINALS; k++) {
		chip_of(k, chip);
		assert_int_equal(terminal_get(lab->db, 1, chip, &row), 0);
		if (!row.key_known)
			continue;
		memset(want, k, sizeof want);
		assert_int_equal(keys_unwrap(lab->keys, chip, row.key_wrapped, key), 0);
		assert_memory_equal(key, want, sizeof want);
	}
}

static void rotation_stopped_after_any_piece_leaves_all_readable(void **state)
{
	static struct lab lab;
	struct rewrap *r = calloc(1, sizeof *r);
	uint64_t found;
	int pieces = 0;

	(void)state;
	lab_setup(&lab);
	lab.shakes = false; /* who rotates stops at an error, and begins anew */
	assert_int_equal(db_exec(lab.db, "BEGIN"), 0);
	for (int k = 0; k < TERMINALS; k++)
		plant(&lab, k);
	assert_int_equal(db_exec(lab.db, "COMMIT"), 0);
	assert_int_equal(keys_add(lab.keys, 5), ERR_NONE);
	while (!r->done) {
		assert_int_equal(lab_step(&lab, rewrap_step, r, false), 0);
		all_open(&lab);
		pieces++;
	}
	found = r->by_key[1];
	assert_int_equal(pieces, TERMINALS / REWRAP_ROWS + 1);
	assert_int_equal(found, r->rewrapped);
	assert_int_equal(found, lab_number(&lab, "SELECT count(*) FROM terminal WHERE key_wrapped"
	                                         " IS NOT NULL"));
	assert_int_equal(r->by_key[0] + r->lost, 0);

	memset(r, 0, sizeof *r);
	while (!r->done)
		assert_int_equal(lab_step(&lab, rewrap_step, r, false), 0);
	assert_int_equal(r->by_key[0], found);
	assert_int_equal(r->rewrapped + r->lost, 0);
	assert_int_equal(keys_forget(lab.keys), ERR_NONE);
	all_open(&lab);
	free(r);
	lab_teardown(&lab);
}

static void put_zeros(struct db *db, const char *sql, size_t count)
{
	static const uint8_t zeros[5000];
	struct stmt *st = db_query(db, sql);

	assert_true(count <= sizeof zeros);
	bind_blob(st, zeros, count);
	assert_int_equal(stmt_run_one(st), 0);
}

static void what_no_key_opens_is_counted_and_left_alone(void **state)
{
	static struct lab lab;
	struct rewrap *r = calloc(1, sizeof *r);
	struct stmt *st;
	uint8_t key[72];
	int64_t before;

	(void)state;
	lab_setup(&lab);
	lab.shakes = false; /* who rotates stops at an error, and begins anew */
	before = lab_number(&lab, "SELECT count(*) FROM terminal WHERE key_wrapped IS NOT NULL");
	put_zeros(lab.db,
	          "UPDATE terminal SET key_wrapped=? WHERE chip="
	          "(SELECT min(chip) FROM terminal)",
	          72);
	put_zeros(lab.db,
	          "UPDATE terminal SET key_wrapped=? WHERE chip="
	          "(SELECT max(chip) FROM terminal)",
	          5000);
	assert_int_equal(keys_add(lab.keys, 5), ERR_NONE);
	while (!r->done)
		assert_int_equal(lab_step(&lab, rewrap_step, r, false), 0);
	assert_int_equal(r->lost, 2);
	assert_int_equal(r->rewrapped, before - 2);
	st = db_query(lab.db, "SELECT key_wrapped FROM terminal ORDER BY chip LIMIT 1");
	assert_true(stmt_row(st));
	assert_true(col_blob_to(st, key, sizeof key));
	assert_int_equal(stmt_end(st), ERR_NONE);
	assert_true(sodium_is_zero(key, sizeof key));
	free(r);
	lab_teardown(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_secret_opens_only_as_what_it_was_wrapped,
	                                        make_file, remove_file),
	        cmocka_unit_test_setup_teardown(older_keys_open_and_the_newest_wraps, make_file,
	                                        remove_file),
	        cmocka_unit_test_setup_teardown(a_running_program_follows_the_file, make_file,
	                                        remove_file),
	        cmocka_unit_test_setup_teardown(the_file_has_room_for_eight, make_file,
	                                        remove_file),
	        cmocka_unit_test(rotation_stopped_after_any_piece_leaves_all_readable),
	        cmocka_unit_test(what_no_key_opens_is_counted_and_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
