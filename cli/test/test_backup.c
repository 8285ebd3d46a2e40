/* The forms of a backup: manifest, sealed keys, what is kept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/backup.h" /* before cmocka's macro `fail` */
#include "libs/base/time.h"

#include <cmocka.h>

static const struct sealed_cost cheap = {1, 8};

/* ---- names ---- */

static void names_stay_in_their_folder(void **state)
{
	static const char *const good[] = {"a", "store/wattle.db", "config/pki/gateways/gw-1.crt",
	                                   "A.b-c_9"};
	static const char *const bad[] = {"",       "/a",  "a/",       "a//b",     "../a",
	                                  "a/../b", ".a",  "a/.b",     "a b",      "a\\b",
	                                  "a:b",    "a\n", "\xc3\xa4", "a/b/c/d/e"};
	char name[SEALED_NAME_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		assert_true(safe_name(good[i]));
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_false(safe_name(bad[i]));
	memset(name, 'a', sizeof name);
	name[SEALED_NAME_SIZE - 1] = '\0';
	assert_true(safe_name(name));
	name[SEALED_NAME_SIZE - 1] = 'a';
	name[SEALED_NAME_SIZE] = '\0';
	assert_false(safe_name(name));
}

static void a_folders_name_is_its_time(void **state)
{
	char name[BACKUP_NAME_SIZE];

	(void)state;
	backup_name(1783131300, name);
	assert_string_equal(name, "20260704T021500Z");
	assert_int_equal(backup_time(name), 1783131300);
	assert_int_equal(backup_time("20260704T021500"), -1);
	assert_int_equal(backup_time("20260704T021500Zx"), -1);
	assert_int_equal(backup_time("20260230T021500Z"), -1);
	assert_int_equal(backup_time("20260704T241500Z"), -1);
	assert_int_equal(backup_time("20260704T0215 0Z"), -1);
	assert_int_equal(backup_time(".new-20260704T02"), -1);
}

/* ---- manifest ---- */

static struct manifest example(void)
{
	struct manifest m = {.created_s = 1783131300,
	                     .epoch = UINT64_C(0xfedcba9876543210),
	                     .generation = 3,
	                     .schema = 6,
	                     .day_schema = 1};
	struct manifest_file *file;

	snprintf(m.program, sizeof m.program, "0.1.0");
	snprintf(m.key, sizeof m.key, "0123456789abcdef");
	manifest_add_table(&m, "meter")->rows = 12;
	manifest_add_table(&m, "audit")->rows = 0;
	file = manifest_add_file(&m, "store/wattle.db");
	file->bytes = INT64_C(1) << 40;
	memset(file->sha256, 'a', 64);
	file = manifest_add_file(&m, "store/readings-20260704.db");
	memset(file->sha256, 'b', 64);
	file->rows = 5;
	file->newest_rowid = 6;
	file->damaged = 1;
	file->newest_hash = UINT64_MAX;
	return m;
}

static void a_manifest_says_the_same_after_reading(void **state)
{
	struct manifest m = example(), back;
	char why[256], *text = manifest_print(&m);
	const struct manifest_file *day;

	(void)state;
	assert_non_null(text);
	assert_int_equal(manifest_parse(&back, text, strlen(text), why, sizeof why), ERR_NONE);
	assert_true(back.epoch == m.epoch);
	assert_int_equal(back.generation, 3);
	assert_int_equal(back.table_count, 2);
	assert_int_equal(back.file_count, 2);
	assert_int_equal(manifest_bytes(&back), INT64_C(1) << 40);
	day = manifest_find(&back, "store/readings-20260704.db");
	assert_int_equal(day->newest_rowid, 6);
	assert_int_equal(day->damaged, 1);
	assert_true(day->newest_hash == UINT64_MAX);
	assert_string_equal(back.key, m.key);
	for (size_t len = 0; len < strlen(text); len++) {
		struct manifest cut;

		assert_int_not_equal(manifest_parse(&cut, text, len, why, sizeof why), ERR_NONE);
		assert_null(cut.file);
	}
	free(text);
	manifest_free(&m);
	manifest_free(&back);
}

static void a_bad_manifest_names_what_is_wrong(void **state)
{
	static const struct {
		const char *was, *is, *why;
	} cases[] = {
	        {"wattle-backup",                  "other-backup",        "format"   },
	        {"\"version\": 1",                 "\"version\": 2",      "newer"    },
	        {"\"created_s\": 1783131300",      "\"created_s\": -1",   "created_s"},
	        {"fedcba9876543210",               "fedcba987654321g",    "epoch"    },
	        {"\"store/wattle.db\"",            "\"../wattle.db\"",    "leaves"   },
	        {"\"store/wattle.db\"",            "\"/etc/passwd\"",     "leaves"   },
	        {"\"store/wattle.db\"",            "\"store/other.db\"",  "without"  },
	        {"\"store/readings-20260704.db\"", "\"store/wattle.db\"", "twice"    },
	        {"\"rows\": 5",                    "\"rows\": \"5\"",     "rows"     },
	        {"\"meter\": 12",                  "\"meter\": 1.5",      "tables"   },
	        {"aaaaaaaa\"",                     "aaaaaaag\"",          "digest"   },
	        {"aaaaaaaa\"",                     "aaaaaaa\"",           "digest"   },
	};
	struct manifest m = example(), back;
	char why[256], *text = manifest_print(&m), changed[4096];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *at = strstr(text, cases[i].was);

		assert_non_null(at);
		snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - text), text, cases[i].is,
		         at + strlen(cases[i].was));
		assert_int_equal(manifest_parse(&back, changed, strlen(changed), why, sizeof why),
		                 ERR_BAD_INPUT);
		if (!strstr(why, cases[i].why))
			fail_msg("%s: %s", cases[i].is, why);
	}
	free(text);
	manifest_free(&m);
}

static void a_changed_manifest_or_file_is_found(void **state)
{
	char dir[] = "/tmp/wattle-manifest-XXXXXX", path[PATH_MAX], why[512];
	struct manifest m = {.created_s = 1}, back;
	struct manifest_file *file;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/store", dir);
	assert_int_equal(dir_make(path), ERR_NONE);
	snprintf(path, sizeof path, "%s/store/wattle.db", dir);
	assert_int_equal(file_replace(path, 0600, "content", 7), ERR_NONE);
	file = manifest_add_file(&m, "store/wattle.db");
	assert_int_equal(file_sha256(path, file->sha256, &file->bytes), ERR_NONE);
	assert_int_equal(manifest_write(&m, dir), ERR_NONE);
	assert_int_equal(manifest_load(&back, dir, why, sizeof why), ERR_NONE);
	assert_int_equal(manifest_check_files(&back, dir), 0);

	assert_int_equal(file_replace(path, 0600, "contenu", 7), ERR_NONE);
	assert_int_equal(manifest_check_files(&back, dir), 1);
	assert_int_equal(file_replace(path, 0600, "conten", 6), ERR_NONE);
	assert_int_equal(manifest_check_files(&back, dir), 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(manifest_check_files(&back, dir), 1);
	manifest_free(&back);

	snprintf(path, sizeof path, "%s/manifest.json", dir);
	assert_int_equal(file_replace(path, 0600, "{}", 2), ERR_NONE);
	assert_int_equal(manifest_load(&back, dir, why, sizeof why), ERR_DAMAGED);
	assert_int_equal(dir_remove(dir), ERR_NONE);
	assert_int_equal(manifest_load(&back, dir, why, sizeof why), ERR_NOT_FOUND);
	manifest_free(&m);
}

/* ---- sealed files ---- */

struct found {
	unsigned count;
	char names[256];
};

static enum err note(void *arg, const char *name, const uint8_t *content, size_t len)
{
	struct found *f = arg;
	size_t used = strlen(f->names);

	f->count++;
	snprintf(f->names + used, sizeof f->names - used, "%s=%.*s;", name, (int)len,
	         (const char *)content);
	return ERR_NONE;
}

static size_t seal(uint8_t *out)
{
	struct bundle bundle = {0};
	size_t len;

	assert_int_equal(bundle_add(&bundle, "secret.key", "abc", 3), ERR_NONE);
	assert_int_equal(bundle_add(&bundle, "pki/ca.key", "", 0), ERR_NONE);
	assert_int_equal(bundle_add(&bundle, "../evil", "x", 1), ERR_BAD_INPUT);
	assert_int_equal(sealed_close(&bundle, "correct horse", cheap, out), ERR_NONE);
	len = SEALED_HEADER + 16 + bundle.len;
	bundle_free(&bundle);
	return len;
}

static void sealed_files_open_with_their_passphrase_only(void **state)
{
	struct found found = {0};
	struct bundle bundle;
	uint8_t sealed[256];
	size_t len = seal(sealed);

	(void)state;
	assert_null(memmem(sealed, len, "secret.key", 10));
	assert_int_equal(sealed_open(sealed, len, "correct horse", &bundle), ERR_NONE);
	assert_int_equal(bundle_each(bundle.bytes, bundle.len, note, &found), ERR_NONE);
	assert_string_equal(found.names, "secret.key=abc;pki/ca.key=;");
	bundle_free(&bundle);
	assert_int_equal(sealed_open(sealed, len, "correct hors", &bundle), ERR_AUTH);
	assert_int_equal(sealed_open(sealed, len, "", &bundle), ERR_AUTH);
	assert_null(bundle.bytes);
}

static void every_changed_bit_and_every_cut_is_noticed(void **state)
{
	struct bundle bundle;
	uint8_t sealed[256];
	size_t len = seal(sealed);

	(void)state;
	for (size_t bit = 0; bit < len * 8; bit++) {
		enum err err;

		if (bit / 8 >= 16 && bit / 8 < 24)
			continue; /* the cost: below */
		sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
		err = sealed_open(sealed, len, "correct horse", &bundle);
		assert_int_equal(err, bit / 8 < 16 ? ERR_BAD_INPUT : ERR_AUTH);
		sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_int_not_equal(sealed_open(sealed, cut, "correct horse", &bundle), ERR_NONE);
}

static void a_head_that_would_cost_hours_is_refused(void **state)
{
	static const uint8_t passes[][4] = {
	        {0,  0, 0, 0   },
                {17, 0, 0, 0   },
                {0,  0, 0, 0x80}
        };
	static const uint8_t memory[][4] = {
	        {7, 0, 0,  0   },
                {1, 0, 16, 0   },
                {0, 0, 0,  0xff}
        };
	struct bundle bundle;
	uint8_t sealed[256], kept[8];
	size_t len = seal(sealed);

	(void)state;
	memcpy(kept, sealed + 16, 8);
	for (size_t i = 0; i < 3; i++) {
		memcpy(sealed + 16, passes[i], 4);
		assert_int_equal(sealed_open(sealed, len, "x", &bundle), ERR_BAD_INPUT);
		memcpy(sealed + 16, kept, 8);
		memcpy(sealed + 20, memory[i], 4);
		assert_int_equal(sealed_open(sealed, len, "x", &bundle), ERR_BAD_INPUT);
		memcpy(sealed + 16, kept, 8);
	}
}

static void records_that_reach_beyond_their_end_are_refused(void **state)
{
	static const uint8_t cases[][12] = {
	        {1,     2,    0,   0,          0,      'a', 'x'}, /* content cut */
	        {9,  0,      0,         0,                 0,                 'a'}, /* name cut */
	        {1,    0xff,     0xff,        0xff,  0xff,'a', 'x'}, /* length wraps */
	        {2, 0, 0,0,0,                      'a', '/'}, /* not a name */
	        {2,    0,       0,                0,                          0,        'a', 0},
	        {0,     0,         0,        0,           0},
	};
	static const size_t lengths[] = {7, 6, 7, 7, 7, 5};
	struct found found = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++)
		assert_int_equal(bundle_each(cases[i], lengths[i], note, &found), ERR_BAD_INPUT);
	assert_int_equal(found.count, 0);
}

/* ---- retention ---- */

static int64_t at(int year, int month, int day, int hour)
{
	return days_from_date(year, (unsigned)month, (unsigned)day) * SECONDS_PER_DAY + hour * 3600;
}

static void the_newest_of_each_day_week_and_month_stays(void **state)
{
	/* 2026-06-29 is a Monday. */
	const int64_t times[] = {at(2026, 4, 30, 2), at(2026, 5, 1, 2),  at(2026, 5, 31, 2),
	                         at(2026, 6, 27, 2), at(2026, 6, 28, 2), at(2026, 6, 29, 2),
	                         at(2026, 7, 3, 2),  at(2026, 7, 4, 2),  at(2026, 7, 4, 14)};
	const size_t n = ARRAY_SIZE(times);
	bool keep[ARRAY_SIZE(times)];

	(void)state;
	backup_keep(times, n, (struct keep_rule){2, 0, 0}, keep);
	assert_memory_equal(keep, ((bool[]){0, 0, 0, 0, 0, 0, 1, 0, 1}), n);
	backup_keep(times, n, (struct keep_rule){0, 2, 0}, keep);
	assert_memory_equal(keep, ((bool[]){0, 0, 0, 0, 1, 0, 0, 0, 1}), n);
	backup_keep(times, n, (struct keep_rule){1, 0, 3}, keep);
	assert_memory_equal(keep, ((bool[]){0, 0, 1, 0, 0, 1, 0, 0, 1}), n);
	backup_keep(times, n, (struct keep_rule){0, 0, 100}, keep);
	assert_memory_equal(keep, ((bool[]){1, 0, 1, 0, 0, 1, 0, 0, 1}), n);
	backup_keep(times, n, (struct keep_rule){0, 0, 0}, keep);
	for (size_t i = 0; i < n; i++)
		assert_true(keep[i]);
	backup_keep(times, 0, (struct keep_rule){1, 1, 1}, keep);
	backup_keep(times, 1, (struct keep_rule){1, 1, 1}, keep);
	assert_true(keep[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(names_stay_in_their_folder),
	        cmocka_unit_test(a_folders_name_is_its_time),
	        cmocka_unit_test(a_manifest_says_the_same_after_reading),
	        cmocka_unit_test(a_bad_manifest_names_what_is_wrong),
	        cmocka_unit_test(a_changed_manifest_or_file_is_found),
	        cmocka_unit_test(sealed_files_open_with_their_passphrase_only),
	        cmocka_unit_test(every_changed_bit_and_every_cut_is_noticed),
	        cmocka_unit_test(a_head_that_would_cost_hours_is_refused),
	        cmocka_unit_test(records_that_reach_beyond_their_end_are_refused),
	        cmocka_unit_test(the_newest_of_each_day_week_and_month_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
