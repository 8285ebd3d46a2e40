/* The audit: chains that show each change, the lines of an older form, and searching. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/macros.h"
#include "platform/store/audit.h"
#include "platform/store/migrations.h"
#include "platform/store/store.h"
#include "platform/test/fresh_store.h"

#define LINES 6

static char dir[] = "/tmp/wattle-audit-XXXXXX";
static char url[FRESH_URL_SIZE];
static struct db *db;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void append(int64_t property_id, int64_t group_id, int i)
{
	struct audit_row row = {.property_id = property_id,
	                        .group_id = group_id,
	                        .at_ms = 1000 * i,
	                        .user_id = 5 + i % 2,
	                        .origin = "192.0.2.1",
	                        .reason = "because",
	                        .before = i % 3 ? "{\"a\":1}" : NULL,
	                        .after = "{\"a\":2}"};

	snprintf(row.who, sizeof row.who, "%s", i % 2 ? "bert" : "anna");
	snprintf(row.action, sizeof row.action, "%s", i % 2 ? "command.trip" : "user.edit");
	snprintf(row.object, sizeof row.object, "meter %d", i);
	snprintf(row.detail, sizeof row.detail, "Line %d", i);
	snprintf(row.result, sizeof row.result, "%s", i == 4 ? AUDIT_REFUSED : AUDIT_DONE);
	assert_int_equal(audit_append(db, &row), ERR_NONE);
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/wattle-audit-XXXXXX");
	assert_non_null(mkdtemp(dir));
	fresh_store(url);
	assert_int_equal(store_open(&db, dir, url), ERR_NONE);
	for (int i = 1; i <= LINES; i++) {
		append(1, 0, i);
		append(0, 1, i);
		append(0, 0, i);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	fresh_store_drop(url);
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* What the change of one line of property 1 leads to: the number of the line that is named. */
static int64_t named_after(const char *sql)
{
	struct audit_proof proof;
	enum err err;

	assert_int_equal(db_exec(db, "BEGIN"), ERR_NONE);
	assert_int_equal(db_exec(db, sql), ERR_NONE);
	err = audit_verify(db, 1, 0, &proof);
	assert_int_equal(err, proof.bad_id ? ERR_DAMAGED : ERR_NONE);
	assert_int_equal(db_exec(db, "ROLLBACK"), ERR_NONE);
	return proof.bad_id;
}

static void every_change_names_its_line(void **state)
{
	static const char *const texts[] = {"who",    "origin", "action", "object", "reason",
	                                    "detail", "result", "before", "after"};
	static const char *const numbers[] = {"at_ms", "user_id", "key_id", "form"};
	char sql[300];

	(void)state;
	assert_int_equal(named_after("SELECT 1"), 0);
	for (int64_t line = 1; line <= LINES; line++) {
		for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
			/* one byte more; where there is nothing, something */
			snprintf(sql, sizeof sql,
			         "UPDATE audit SET %s=coalesce(%s,'')||'x' WHERE property_id=1"
			         " AND audit_id=%lld",
			         texts[i], texts[i], (long long)line);
			assert_int_equal(named_after(sql), line);
		}
		for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
			snprintf(sql, sizeof sql,
			         "UPDATE audit SET %s=%s+1 WHERE property_id=1 AND audit_id=%lld",
			         numbers[i], numbers[i], (long long)line);
			assert_int_equal(named_after(sql), line);
		}
		snprintf(sql, sizeof sql,
		         "UPDATE audit SET hash="
		         "CAST('00000000000000000000000000000000' AS BLOB)"
		         " WHERE property_id=1 AND audit_id=%lld",
		         (long long)line);
		assert_int_equal(named_after(sql), line);
	}
	/* To write it in the older form, which covers less, is no way out. */
	assert_int_equal(named_after("UPDATE audit SET form=1, after=NULL WHERE property_id=1"
	                             " AND audit_id=2"),
	                 2);
	/* Empty is not nothing. */
	assert_int_equal(named_after("UPDATE audit SET before='' WHERE property_id=1 AND"
	                             " audit_id=3"),
	                 3);
}

static void a_line_that_is_gone_or_moved_is_named(void **state)
{
	(void)state;
	for (int64_t line = 1; line < LINES; line++) {
		char sql[200];

		snprintf(sql, sizeof sql, "DELETE FROM audit WHERE property_id=1 AND audit_id=%lld",
		         (long long)line);
		assert_int_equal(named_after(sql), line);
	}
	assert_int_equal(named_after("UPDATE audit SET audit_id=99 WHERE property_id=1 AND"
	                             " audit_id=6"),
	                 6);
	assert_int_equal(named_after("DELETE FROM audit WHERE property_id=1 AND audit_id=3;"
	                             "UPDATE audit SET audit_id=audit_id+1000 WHERE property_id=1"
	                             " AND audit_id>3;"
	                             "UPDATE audit SET audit_id=audit_id-1001 WHERE property_id=1"
	                             " AND audit_id>1000"),
	                 3);
	/* A line of another chain. */
	assert_int_equal(named_after("DELETE FROM audit WHERE property_id=1 AND audit_id=6;"
	                             "UPDATE audit SET property_id=1, group_id=0 WHERE group_id=1"
	                             " AND audit_id=6"),
	                 6);
}

static void the_end_is_proved_by_its_hash(void **state)
{
	struct audit_proof whole, cut;

	(void)state;
	assert_int_equal(audit_verify(db, 1, 0, &whole), ERR_NONE);
	assert_int_equal(whole.lines, LINES);
	assert_int_equal(db_exec(db, "DELETE FROM audit WHERE property_id=1 AND audit_id=6"), 0);
	assert_int_equal(audit_verify(db, 1, 0, &cut), ERR_NONE);
	assert_int_equal(cut.lines, LINES - 1);
	assert_memory_not_equal(whole.hash, cut.hash, sizeof whole.hash);
}

static void put_line(const char *sql, const char *hash_hex)
{
	struct stmt *st = db_query(db, sql);
	uint8_t hash[32];

	assert_int_equal(hex_decode(hash_hex, hash, sizeof hash), ERR_NONE);
	bind_blob(st, hash, sizeof hash);
	assert_int_equal(stmt_run(st), ERR_NONE);
}

/* Three lines of property 1 as the program before wrote them; the hashes were computed elsewhere. */
static void older_lines_stay_proved(void **state)
{
	static const struct {
		const char *sql, *hash;
	} lines[] = {
	        {"INSERT INTO audit VALUES(1,1,1000,'cli:root','local','installation.init','p1','wattle init','Wattle',?)",
	         "124a11e84759e30263c302fa9d0eb725b83a2751768dc041488bd82ba3716ec9"},
	        {"INSERT INTO audit VALUES(1,2,2000,'admin','192.0.2.1','device.adopt','meter 330100000001','','chip aa',?)",
	         "90660532e521604d190b63810f436273456122c69cc497bb2e102c174d9ed954"},
	        {"INSERT INTO audit VALUES(1,3,3000,'admin','192.0.2.1','command.trip','meter 330100000001','为什么','command 1, counter 1',?)",
	         "0f1957ef8b4faac6b16f51b7a9d152b6e90d329059485b9d510d249a27f95043"},
	};
	struct migration before[8] = {
	        {0, NULL, NULL}
        };
	char path[STORE_PATH_SIZE];
	struct audit_proof proof;

	(void)state;
	db_close(db);
	fresh_store_empty(url);
	store_main(path, dir, url);
	if (!fresh_store_is_postgres())
		assert_int_equal(remove(path), 0);
	for (size_t i = 0; store_migrations[i].id < 6; i++)
		before[i] = store_migrations[i];
	assert_int_equal(db_open(&db, path, DB_WRITE), ERR_NONE);
	assert_int_equal(migrate(db, before), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		put_line(lines[i].sql, lines[i].hash);
	db_close(db);

	assert_int_equal(store_open(&db, dir, url), ERR_NONE);
	append(1, 0, 4);
	assert_int_equal(audit_verify(db, 1, 0, &proof), ERR_NONE);
	assert_int_equal(proof.lines, 4);
	assert_int_equal(named_after("UPDATE audit SET detail='' WHERE audit_id=2"), 2);
	/* What the older form does not cover is not believed of it. */
	assert_int_equal(named_after("UPDATE audit SET form=2 WHERE audit_id=1"), 1);
}

struct found {
	int64_t id[LINES];
	size_t count, room;
};

static bool take(void *arg, const struct audit_row *row)
{
	struct found *found = arg;

	found->id[found->count++] = row->audit_id;
	return found->count < found->room;
}

static size_t search(const struct audit_filter *filter, struct found *found)
{
	int64_t stopped_at;

	*found = (struct found){.room = LINES};
	assert_int_equal(audit_search(db, filter, take, found, &stopped_at), ERR_NONE);
	assert_int_equal(stopped_at, 0);
	return found->count;
}

static void lines_are_found(void **state)
{
	struct found found;

	(void)state;
#define FIND(...) search(&(struct audit_filter){.property_id = 1, __VA_ARGS__}, &found)
	assert_int_equal(FIND(.before = 0), LINES);
	assert_int_equal(found.id[0], LINES); /* newest first */
	assert_int_equal(FIND(.before = 3), 2);
	assert_int_equal(FIND(.who = "anna"), 3);
	assert_int_equal(FIND(.who = "ann"), 0);
	assert_int_equal(FIND(.action = "command."), 3);
	assert_int_equal(FIND(.object = "meter 2"), 1);
	assert_int_equal(found.id[0], 2);
	assert_int_equal(FIND(.object = "meter 2", .who = "bert"), 0);
	assert_int_equal(FIND(.result = "refused"), 1);
	assert_int_equal(found.id[0], 4);
	assert_int_equal(FIND(.from_ms = 2000, .to_ms = 4000), 2);
	assert_int_equal(FIND(.text = "lInE 5"), 1);
	assert_int_equal(FIND(.text = "\"a\":1"), 4);
	assert_int_equal(FIND(.text = "%"), 0);
	assert_int_equal(FIND(.group_id = 7), 0);
}

struct chains {
	int64_t property_id[4], group_id[4];
	size_t count;
};

static void take_chain(void *arg, int64_t property_id, int64_t group_id)
{
	struct chains *chains = arg;

	chains->property_id[chains->count] = property_id;
	chains->group_id[chains->count++] = group_id;
}

static void every_chain_is_named(void **state)
{
	struct chains chains = {.count = 0};

	(void)state;
	assert_int_equal(audit_chains(db, take_chain, &chains), ERR_NONE);
	assert_int_equal(chains.count, 3);
	assert_int_equal(chains.group_id[1], 1);
	assert_int_equal(chains.property_id[2], 1);
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(every_change_names_its_line),
	        T(a_line_that_is_gone_or_moved_is_named),
	        T(the_end_is_proved_by_its_hash),
	        T(older_lines_stay_proved),
	        T(lines_are_found),
	        T(every_chain_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
