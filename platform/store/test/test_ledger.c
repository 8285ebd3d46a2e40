/* The ledger: what it takes, what it refuses, and every way of changing it afterwards found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/store/ledger.h"
#include "platform/store/store.h"
#include "platform/test/fresh_store.h"

#define ANNA  5
#define BERT  6
#define TODAY 20784

static char dir[] = "/tmp/wattle-ledger-XXXXXX";
static char url[FRESH_URL_SIZE];
static struct db *db;

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int setup(void **state)
{
	(void)state;
	snprintf(dir, sizeof dir, "/tmp/wattle-ledger-XXXXXX");
	assert_non_null(mkdtemp(dir));
	fresh_store(url);
	return store_open(&db, dir, url);
}

static int teardown(void **state)
{
	(void)state;
	db_close(db);
	fresh_store_drop(url);
	return nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Posts in a transaction of its own, as a step would. */
static enum err post(struct ledger_group *group)
{
	enum err err = db_exec(db, "BEGIN IMMEDIATE");

	assert_int_equal(err, ERR_NONE);
	err = ledger_post(db, group);
	assert_int_equal(db_exec(db, err ? "ROLLBACK" : "COMMIT"), ERR_NONE);
	return err;
}

static struct ledger_group group_of(const char *key, const struct ledger_entry *entries,
                                    size_t count)
{
	return (struct ledger_group){.property_id = 1,
	                             .key = key,
	                             .kind = "sale",
	                             .at_ms = 1795700000000,
	                             .day = TODAY,
	                             .who = "anna",
	                             .reason = "",
	                             .receipt = true,
	                             .entries = entries,
	                             .count = count};
}

static enum err sell(const char *key, int64_t account, int64_t fen)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_TILL,    1,       {-fen}},
                {LEDGER_ACCOUNT, account, {fen} }
        };
	struct ledger_group group = group_of(key, entries, 2);

	return post(&group);
}

static enum err charge(const char *key, int64_t account, int64_t fen)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_ACCOUNT, account, {-fen}},
                {LEDGER_SALES,   1,       {fen} }
        };
	struct ledger_group group = group_of(key, entries, 2);

	group.kind = "charge";
	group.receipt = false;
	return post(&group);
}

static int64_t balance_fen(enum ledger_account account, int64_t subject)
{
	struct ledger_balance balance;

	assert_int_equal(ledger_balance(db, 1, account, subject, &balance), ERR_NONE);
	return balance.balance.fen;
}

static void money_comes_and_is_used(void **state)
{
	struct money total;

	(void)state;
	assert_int_equal(sell("order:1", ANNA, 10000), ERR_NONE);
	assert_int_equal(sell("order:2", BERT, 5000), ERR_NONE);
	assert_int_equal(charge("charge:1", ANNA, 1234), ERR_NONE);
	assert_int_equal(balance_fen(LEDGER_ACCOUNT, ANNA), 8766);
	assert_int_equal(balance_fen(LEDGER_ACCOUNT, BERT), 5000);
	assert_int_equal(balance_fen(LEDGER_TILL, 1), -15000);
	assert_int_equal(balance_fen(LEDGER_SALES, 1), 1234);
	assert_int_equal(balance_fen(LEDGER_SUSPENSE, 0), 0);
	assert_int_equal(ledger_total(db, 1, LEDGER_ACCOUNT, &total), ERR_NONE);
	assert_int_equal(total.fen, 13766);
	/* Another property knows nothing of it. */
	assert_int_equal(ledger_total(db, 2, LEDGER_ACCOUNT, &total), ERR_NONE);
	assert_int_equal(total.fen, 0);
}

static void a_retry_posts_nothing_twice(void **state)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_CHANNEL, 2,    {-700}},
                {LEDGER_ACCOUNT, ANNA, {700} }
        };
	const struct ledger_entry other[] = {
	        {LEDGER_CHANNEL, 2,    {-701}},
                {LEDGER_ACCOUNT, ANNA, {701} }
        };
	struct ledger_group first = group_of("order:1", entries, 2), again = first, changed;

	(void)state;
	assert_int_equal(post(&first), ERR_NONE);
	/* Sent again the next day by another worker: still the same. */
	again.day++;
	again.at_ms += 86400000;
	again.who = "platform";
	again.group_no = 0;
	assert_int_equal(post(&again), ERR_DUP);
	assert_int_equal(again.group_no, first.group_no);
	assert_int_equal(again.receipt_no, first.receipt_no);
	changed = group_of("order:1", other, 2);
	assert_int_equal(post(&changed), ERR_CONFLICT);
	changed = group_of("order:1", entries, 2);
	changed.kind = "refund";
	assert_int_equal(post(&changed), ERR_CONFLICT);
	assert_int_equal(balance_fen(LEDGER_ACCOUNT, ANNA), 700);
	/* The key is the property's own. */
	changed = group_of("order:1", other, 2);
	changed.property_id = 2;
	assert_int_equal(post(&changed), ERR_NONE);
	assert_int_equal(changed.group_no, 1);
}

static void numbers_have_no_gaps(void **state)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_TILL,    1,    {-100}},
                {LEDGER_ACCOUNT, ANNA, {100} }
        };
	struct ledger_group group = group_of("c", entries, 2);
	struct ledger_state found;

	(void)state;
	assert_int_equal(sell("a", ANNA, 100), ERR_NONE);
	assert_int_equal(charge("b", ANNA, 50), ERR_NONE);
	/* Posted, and then the step failed elsewhere. */
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(ledger_post(db, &group), ERR_NONE);
	assert_int_equal(group.group_no, 3);
	assert_int_equal(db_exec(db, "ROLLBACK"), ERR_NONE);
	group = group_of("d", entries, 2);
	assert_int_equal(post(&group), ERR_NONE);
	assert_int_equal(group.group_no, 3);
	assert_int_equal(group.receipt_no, 2);
	assert_int_equal(ledger_state(db, 1, &found), ERR_NONE);
	assert_int_equal(found.groups, 3);
	assert_int_equal(found.receipts, 2);
}

static void what_is_no_group_is_refused(void **state)
{
	static const struct ledger_entry good[] = {
	        {LEDGER_TILL,    1, {-5}},
                {LEDGER_ACCOUNT, 5, {5} }
        };
	static const struct ledger_entry lopsided[] = {
	        {LEDGER_TILL,    1, {-5}},
                {LEDGER_ACCOUNT, 5, {6} }
        };
	static const struct ledger_entry nothing[] = {
	        {LEDGER_TILL,    1, {-5}},
                {LEDGER_ACCOUNT, 5, {5} },
                {LEDGER_FEE,     0, {0} }
        };
	static const struct ledger_entry unknown[] = {
	        {LEDGER_TILL,             1, {-5}},
                {LEDGER_ACCOUNT_LAST + 1, 5, {5} }
        };
	static const struct ledger_entry wrapping[] = {
	        {LEDGER_TILL,    1, {INT64_MAX}},
	        {LEDGER_TILL,    2, {INT64_MAX}},
	        {LEDGER_ACCOUNT, 5, {2}        }
        };
	static struct ledger_entry many[LEDGER_ENTRIES_MAX + 1];
	char long_key[LEDGER_KEY_SIZE + 1];
	struct ledger_group bad[12];
	struct ledger_state found;
	size_t n = 0;

	(void)state;
	memset(long_key, 'k', sizeof long_key - 1);
	long_key[sizeof long_key - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct ledger_entry){LEDGER_TILL, 1, {i ? 1 : -LEDGER_ENTRIES_MAX}};
	bad[n++] = group_of("k", lopsided, 2);
	bad[n++] = group_of("k", nothing, 3);
	bad[n++] = group_of("k", unknown, 2);
	bad[n++] = group_of("k", wrapping, 3);
	bad[n++] = group_of("k", good, 1);
	bad[n++] = group_of("k", many, ARRAY_SIZE(many));
	bad[n++] = group_of("", good, 2);
	bad[n++] = group_of(long_key, good, 2);
	bad[n] = group_of("k", good, 2);
	bad[n++].who = NULL;
	bad[n] = group_of("k", good, 2);
	bad[n++].kind = "";
	bad[n] = group_of("k", good, 2);
	bad[n++].property_id = 0;
	bad[n] = group_of("k", good, 2);
	bad[n++].refers = 1; /* there is none yet */
	for (size_t i = 0; i < n; i++)
		assert_int_equal(post(&bad[i]), ERR_BAD_INPUT);
	assert_int_equal(ledger_state(db, 1, &found), ERR_NONE);
	assert_int_equal(found.groups, 0);
}

static void a_balance_never_wraps(void **state)
{
	struct ledger_proof proof;

	(void)state;
	assert_int_equal(sell("a", ANNA, INT64_MAX - 10), ERR_NONE);
	assert_int_equal(sell("b", ANNA, 11), ERR_OVERFLOW);
	assert_int_equal(balance_fen(LEDGER_ACCOUNT, ANNA), INT64_MAX - 10);
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
}

static void a_closed_day_takes_nothing(void **state)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_ADJUST,  0,    {-30}},
                {LEDGER_ACCOUNT, ANNA, {30} }
        };
	struct ledger_group late = group_of("late", entries, 2);
	struct ledger_proof proof;

	(void)state;
	assert_int_equal(sell("a", ANNA, 100), ERR_NONE);
	assert_int_equal(ledger_close(db, 1, TODAY), ERR_NONE);
	assert_int_equal(ledger_close(db, 1, TODAY), ERR_REFUSED);
	assert_int_equal(ledger_close(db, 1, TODAY - 1), ERR_REFUSED);
	assert_int_equal(post(&late), ERR_REFUSED);
	/* What was posted before is still found to be there. */
	assert_int_equal(sell("a", ANNA, 100), ERR_DUP);
	/* Today, with the group that it corrects. */
	late.day = TODAY + 1;
	late.refers = 1;
	assert_int_equal(post(&late), ERR_NONE);
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
	/* A property may be closed before it begins. */
	assert_int_equal(ledger_close(db, 2, TODAY), ERR_NONE);
	late.property_id = 2;
	late.refers = 0;
	late.day = TODAY;
	assert_int_equal(post(&late), ERR_REFUSED);
	late.day = TODAY + 1;
	assert_int_equal(post(&late), ERR_NONE);
}

struct statement {
	int64_t sum, count, last_no;
	size_t most;
};

static bool take_line(void *arg, const struct ledger_line *line)
{
	struct statement *s = arg;

	assert_true(line->group_no > s->last_no);
	s->sum += line->amount.fen;
	s->count++;
	s->last_no = line->group_no;
	return --s->most > 0;
}

static void a_statement_adds_up_page_by_page(void **state)
{
	struct statement s = {.most = 4};
	char key[16];

	(void)state;
	for (int i = 0; i < 10; i++) {
		snprintf(key, sizeof key, "o%d", i);
		assert_int_equal(sell(key, i % 3 ? ANNA : BERT, 100 + i), ERR_NONE);
	}
	assert_int_equal(ledger_lines(db, 1, LEDGER_ACCOUNT, ANNA, 0, take_line, &s), ERR_NONE);
	assert_int_equal(s.count, 4);
	s.most = 100;
	assert_int_equal(ledger_lines(db, 1, LEDGER_ACCOUNT, ANNA, s.last_no, take_line, &s),
	                 ERR_NONE);
	assert_int_equal(s.count, 6);
	assert_int_equal(s.sum, balance_fen(LEDGER_ACCOUNT, ANNA));
}

/* ---- changed afterwards ---- */

static void fill(void)
{
	assert_int_equal(sell("order:1", ANNA, 10000), ERR_NONE);
	assert_int_equal(charge("charge:1", ANNA, 300), ERR_NONE);
	assert_int_equal(sell("order:2", BERT, 2000), ERR_NONE);
	assert_int_equal(charge("charge:2", BERT, 70), ERR_NONE);
}

static void each_change_is_found(void **state)
{
	static const struct {
		const char *sql;
		enum ledger_fault fault;
		int64_t group_no;
	} changes[] = {
	        {"UPDATE ledger_entry SET amount_fen=amount_fen+1 WHERE group_no=2 AND line=1",
	         LEDGER_BAD_GROUP,	                                                                                                2},
 /* Both sides, so that it still sums to zero. */
	        {"UPDATE ledger_entry SET amount_fen=amount_fen*2 WHERE group_no=3",
	         LEDGER_BAD_GROUP,	                                                                                                3},
	        {"UPDATE ledger_entry SET subject=6 WHERE group_no=1 AND account=1",
	         LEDGER_BAD_GROUP,	                                                                                                1},
	        {"UPDATE ledger_entry SET account=8 WHERE group_no=2 AND account=7",
	         LEDGER_BAD_GROUP,	                                                                                                2},
	        {"DELETE FROM ledger_entry WHERE group_no=2",                                                         LEDGER_BAD_GROUP,   2},
	        {"INSERT INTO ledger_entry VALUES(1,2,4,1,5,1)",                                                      LEDGER_BAD_GROUP,   2},
	        {"INSERT INTO ledger_entry VALUES(1,2,3,1,5,1),(1,2,4,7,1,-1)",                                       LEDGER_BAD_GROUP,
	         2	                                                                                                                 },
	        {"UPDATE ledger_group SET day=day-1 WHERE group_no=3",                                                LEDGER_BAD_GROUP,   3},
	        {"UPDATE ledger_group SET at_ms=at_ms+1 WHERE group_no=1",                                            LEDGER_BAD_GROUP,   1},
	        {"UPDATE ledger_group SET who='bert' WHERE group_no=4",                                               LEDGER_BAD_GROUP,   4},
	        {"UPDATE ledger_group SET reason='x' WHERE group_no=4",                                               LEDGER_BAD_GROUP,   4},
	        {"UPDATE ledger_group SET kind='gift' WHERE group_no=4",                                              LEDGER_BAD_GROUP,   4},
	        {"UPDATE ledger_group SET group_key='x' WHERE group_no=2",                                            LEDGER_BAD_GROUP,   2},
	        {"UPDATE ledger_group SET refers=1 WHERE group_no=2",                                                 LEDGER_BAD_GROUP,   2},
	        {"UPDATE ledger_group SET receipt_no=3 WHERE group_no=2",                                             LEDGER_BAD_GROUP,   2},
	        {"UPDATE ledger_group SET receipt_no=0 WHERE group_no=3",                                             LEDGER_BAD_GROUP,   3},
	        {"UPDATE ledger_group SET hash=CAST('00000000000000000000000000000000' AS BLOB) WHERE group_no=4",
	         LEDGER_BAD_GROUP,	                                                                                                4},
	        {"UPDATE ledger_group SET content=CAST('00000000000000000000000000000000' AS BLOB) WHERE group_no=1",
	         LEDGER_BAD_GROUP,	                                                                                                1},
 /* The end, with its entries and balances as if it had never been. */
	        {"DELETE FROM ledger_group WHERE group_no=4",                                                         LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_state SET group_count=3",	                                                     LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_state SET receipt_count=1",                                                           LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_state SET closed_day=1",	                                                      LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_state SET proof=CAST('00000000' AS BLOB)",                                            LEDGER_BAD_STATE,   0},
	        {"DELETE FROM ledger_state",	                                                                  LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_balance SET balance_fen=balance_fen+1 WHERE account=1",
	         LEDGER_BAD_BALANCE,	                                                                                              0},
	        {"UPDATE ledger_balance SET subject=7 WHERE subject=6",                                               LEDGER_BAD_BALANCE, 0},
	        {"UPDATE ledger_balance SET entry_count=1 WHERE subject=5",                                           LEDGER_BAD_BALANCE, 0},
	        {"DELETE FROM ledger_balance WHERE subject=5",                                                        LEDGER_BAD_BALANCE, 0},
	};
	struct ledger_proof proof;

	(void)state;
	fill();
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
	assert_int_equal(proof.groups, 4);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		assert_int_equal(db_exec(db, "BEGIN"), ERR_NONE);
		assert_int_equal(db_exec(db, changes[i].sql), ERR_NONE);
		assert_int_equal(ledger_verify(db, 1, &proof), ERR_DAMAGED);
		assert_int_equal(proof.fault, changes[i].fault);
		if (proof.fault == LEDGER_BAD_GROUP)
			assert_int_equal(proof.group_no, changes[i].group_no);
		assert_int_equal(db_exec(db, "ROLLBACK"), ERR_NONE);
	}
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
}

/* A whole, consistent false balance with its old proof: found before anything is decided on it. */
static void a_false_balance_decides_nothing(void **state)
{
	struct ledger_balance balance;

	(void)state;
	fill();
	assert_int_equal(db_exec(db, "UPDATE ledger_balance SET balance_fen=balance_fen+64"
	                             " WHERE account=1 AND subject=5"),
	                 ERR_NONE);
	assert_int_equal(ledger_balance(db, 1, LEDGER_ACCOUNT, ANNA, &balance), ERR_DAMAGED);
	assert_int_equal(charge("charge:3", ANNA, 10), ERR_DAMAGED);
	/* Others go on. */
	assert_int_equal(charge("charge:4", BERT, 10), ERR_NONE);
}

/* ---- against a fold of our own ---- */

static uint32_t draw(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*seed >> 33) % below;
}

#define SUBJECTS 4
#define GROUPS   400

static void random_groups_fold_to_their_balances(void **state)
{
	int64_t fold[LEDGER_ACCOUNT_LAST + 1][SUBJECTS] = {{0}};
	uint64_t seed = 42;
	struct ledger_proof proof;

	(void)state;
	assert_int_equal(db_exec(db, "BEGIN"), ERR_NONE);
	for (int i = 0; i < GROUPS; i++) {
		struct ledger_entry entries[LEDGER_ENTRIES_MAX];
		size_t count = 2 + draw(&seed, LEDGER_ENTRIES_MAX - 1);
		int64_t rest = 0;
		struct ledger_group group;
		char key[16];

		for (size_t k = 0; k < count; k++) {
			int64_t fen =
			        k + 1 < count ? (int64_t)draw(&seed, 1000000) - 500000 : -rest;

			entries[k].account =
			        (enum ledger_account)(1 + draw(&seed, LEDGER_ACCOUNT_LAST));
			entries[k].subject = draw(&seed, SUBJECTS);
			entries[k].amount = money_fen(fen ? fen : 1);
			rest += entries[k].amount.fen;
		}
		if (rest != 0) /* a last one of 0 would have become 1 */
			continue;
		snprintf(key, sizeof key, "g%d", i);
		group = group_of(key, entries, count);
		assert_int_equal(ledger_post(db, &group), ERR_NONE);
		for (size_t k = 0; k < count; k++)
			fold[entries[k].account][entries[k].subject] += entries[k].amount.fen;
	}
	assert_int_equal(db_exec(db, "COMMIT"), ERR_NONE);
	for (unsigned a = 1; a <= LEDGER_ACCOUNT_LAST; a++)
		for (int64_t s = 0; s < SUBJECTS; s++)
			assert_int_equal(balance_fen((enum ledger_account)a, s), fold[a][s]);
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
	assert_true(proof.groups > GROUPS / 2);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(money_comes_and_is_used),
	        TEST(a_retry_posts_nothing_twice),
	        TEST(numbers_have_no_gaps),
	        TEST(what_is_no_group_is_refused),
	        TEST(a_balance_never_wraps),
	        TEST(a_closed_day_takes_nothing),
	        TEST(a_statement_adds_up_page_by_page),
	        TEST(each_change_is_found),
	        TEST(a_false_balance_decides_nothing),
	        TEST(random_groups_fold_to_their_balances),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
