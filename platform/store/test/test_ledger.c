/* The ledger: what it takes, what it refuses, and what it says afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "libs/base/macros.h"
#include "platform/store/ledger_parts.h"
#include "platform/test/ledgers.h"

static struct ledgers l;
static struct db *db;

static int setup(void **state)
{
	(void)state;
	ledgers_setup(&l);
	db = l.db;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ledgers_teardown(&l);
	return 0;
}

static void money_comes_and_is_used(void **state)
{
	struct ledger_balance none;
	struct money total;

	(void)state;
	assert_int_equal(ledger_balance(db, 1, LEDGER_ACCOUNT, LEDGERS_ANNA, &none), ERR_NONE);
	assert_int_equal(none.balance.fen, 0);
	assert_int_equal(none.entries, 0);
	assert_int_equal(none.group_no, 0);
	assert_int_equal(ledgers_sell(db, "order:1", LEDGERS_ANNA, 10000), ERR_NONE);
	assert_int_equal(ledgers_sell(db, "order:2", LEDGERS_BERT, 5000), ERR_NONE);
	assert_int_equal(ledgers_charge(db, "charge:1", LEDGERS_ANNA, 1234), ERR_NONE);
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, LEDGERS_ANNA), 8766);
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, LEDGERS_BERT), 5000);
	assert_int_equal(ledgers_fen(db, LEDGER_TILL, 1), -15000);
	assert_int_equal(ledgers_fen(db, LEDGER_SALES, 1), 1234);
	assert_int_equal(ledgers_fen(db, LEDGER_SUSPENSE, 0), 0);
	assert_int_equal(ledger_total(db, 1, LEDGER_ACCOUNT, &total), ERR_NONE);
	assert_int_equal(total.fen, 13766);
	/* Another property knows nothing of it. */
	assert_int_equal(ledger_total(db, 2, LEDGER_ACCOUNT, &total), ERR_NONE);
	assert_int_equal(total.fen, 0);
}

static void a_retry_posts_nothing_twice(void **state)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_CHANNEL, 2,            {-700}},
                {LEDGER_ACCOUNT, LEDGERS_ANNA, {700} }
        };
	const struct ledger_entry other[] = {
	        {LEDGER_CHANNEL, 2,            {-701}},
                {LEDGER_ACCOUNT, LEDGERS_ANNA, {701} }
        };
	struct ledger_group first = ledgers_group("order:1", entries, 2), again = first, changed;

	(void)state;
	assert_int_equal(ledgers_post(db, &first), ERR_NONE);
	/* Sent again the next day by another worker: still the same. */
	again.day++;
	again.at_ms += 86400000;
	again.who = "platform";
	again.group_no = 0;
	assert_int_equal(ledgers_post(db, &again), ERR_DUP);
	assert_int_equal(again.group_no, first.group_no);
	assert_int_equal(again.receipt_no, first.receipt_no);
	changed = ledgers_group("order:1", other, 2);
	assert_int_equal(ledgers_post(db, &changed), ERR_CONFLICT);
	changed = ledgers_group("order:1", entries, 2);
	changed.kind = "refund";
	assert_int_equal(ledgers_post(db, &changed), ERR_CONFLICT);
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, LEDGERS_ANNA), 700);
	/* The key is the property's own. */
	changed = ledgers_group("order:1", other, 2);
	changed.property_id = 2;
	assert_int_equal(ledgers_post(db, &changed), ERR_NONE);
	assert_int_equal(changed.group_no, 1);
}

static void numbers_have_no_gaps(void **state)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_TILL,    1,            {-100}},
                {LEDGER_ACCOUNT, LEDGERS_ANNA, {100} }
        };
	struct ledger_group group = ledgers_group("c", entries, 2);
	struct ledger_state found;

	(void)state;
	assert_int_equal(ledgers_sell(db, "a", LEDGERS_ANNA, 100), ERR_NONE);
	assert_int_equal(ledgers_charge(db, "b", LEDGERS_ANNA, 50), ERR_NONE);
	/* Posted, and then the step failed elsewhere. */
	assert_int_equal(db_exec(db, "BEGIN IMMEDIATE"), ERR_NONE);
	assert_int_equal(ledger_post(db, &group), ERR_NONE);
	assert_int_equal(group.group_no, 3);
	assert_int_equal(db_exec(db, "ROLLBACK"), ERR_NONE);
	group = ledgers_group("d", entries, 2);
	assert_int_equal(ledgers_post(db, &group), ERR_NONE);
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
	static const struct ledger_entry nobody[] = {
	        {LEDGER_TILL,	                       1, {-5}},
                {(enum ledger_account)(LEDGER_ACCOUNT - 1), 5, {5} }
        };
	char long_key[LEDGER_KEY_SIZE + 1], long_reason[LEDGER_REASON_SIZE + 1];
	struct ledger_group bad[16];
	struct ledger_state found;
	size_t n = 0;

	(void)state;
	memset(long_key, 'k', sizeof long_key - 1);
	long_key[sizeof long_key - 1] = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(many); i++)
		many[i] = (struct ledger_entry){LEDGER_TILL, 1, {i ? 1 : -LEDGER_ENTRIES_MAX}};
	bad[n++] = ledgers_group("k", lopsided, 2);
	bad[n++] = ledgers_group("k", nothing, 3);
	bad[n++] = ledgers_group("k", unknown, 2);
	bad[n++] = ledgers_group("k", wrapping, 3);
	bad[n++] = ledgers_group("k", good, 1);
	bad[n++] = ledgers_group("k", many, ARRAY_SIZE(many));
	bad[n++] = ledgers_group("", good, 2);
	bad[n++] = ledgers_group(long_key, good, 2);
	memset(long_reason, 'r', sizeof long_reason - 1);
	long_reason[sizeof long_reason - 1] = '\0';
	bad[n++] = ledgers_group("k", nobody, 2);
	bad[n] = ledgers_group("k", good, 2);
	bad[n++].reason = long_reason;
	bad[n] = ledgers_group("k", good, 2);
	bad[n++].reason = NULL;
	bad[n] = ledgers_group("k", good, 2);
	bad[n++].refers = -1;
	bad[n] = ledgers_group("k", good, 2);
	bad[n++].who = NULL;
	bad[n] = ledgers_group("k", good, 2);
	bad[n++].kind = "";
	bad[n] = ledgers_group("k", good, 2);
	bad[n++].property_id = 0;
	bad[n] = ledgers_group("k", good, 2);
	bad[n++].refers = 1; /* there is none yet */
	assert_int_equal(n, ARRAY_SIZE(bad));
	for (size_t i = 0; i < n; i++)
		assert_int_equal(ledgers_post(db, &bad[i]), ERR_BAD_INPUT);
	assert_int_equal(ledger_state(db, 1, &found), ERR_NONE);
	assert_int_equal(found.groups, 0);
}

/* Each text from one character, where it may not be missing, up to its longest; and one more. */
static void texts_have_their_lengths(void **state)
{
	static const struct ledger_entry entries[] = {
	        {LEDGER_TILL,    1, {-5}},
                {LEDGER_ACCOUNT, 5, {5} }
        };
	static const size_t sizes[] = {LEDGER_KEY_SIZE, LEDGER_KIND_SIZE, LEDGER_WHO_SIZE,
	                               LEDGER_REASON_SIZE};
	char text[LEDGER_REASON_SIZE + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++)
		for (size_t len = 1; len <= sizes[i]; len += len < 2 ? sizes[i] - 2 : 1) {
			char key[16];
			struct ledger_group group = ledgers_group(key, entries, 2);
			const char **texts[] = {&group.key, &group.kind, &group.who, &group.reason};

			snprintf(key, sizeof key, "%zu:%zu", i, len);
			memset(text, 't', len);
			text[len] = '\0';
			*texts[i] = text;
			assert_int_equal(ledgers_post(db, &group),
			                 len < sizes[i] ? ERR_NONE : ERR_BAD_INPUT);
		}
}

static void a_balance_never_wraps(void **state)
{
	struct ledger_proof proof;

	(void)state;
	assert_int_equal(ledgers_sell(db, "a", LEDGERS_ANNA, INT64_MAX - 10), ERR_NONE);
	assert_int_equal(ledgers_sell(db, "b", LEDGERS_ANNA, 11), ERR_OVERFLOW);
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, LEDGERS_ANNA), INT64_MAX - 10);
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
}

static void a_closed_day_takes_nothing(void **state)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_ADJUST,  0,            {-30}},
                {LEDGER_ACCOUNT, LEDGERS_ANNA, {30} }
        };
	struct ledger_group late = ledgers_group("late", entries, 2);
	struct ledger_proof proof;

	(void)state;
	assert_int_equal(ledgers_sell(db, "a", LEDGERS_ANNA, 100), ERR_NONE);
	assert_int_equal(ledger_close(db, 1, LEDGERS_TODAY), ERR_NONE);
	assert_int_equal(ledger_close(db, 1, LEDGERS_TODAY), ERR_REFUSED);
	assert_int_equal(ledger_close(db, 1, LEDGERS_TODAY - 1), ERR_REFUSED);
	assert_int_equal(ledgers_post(db, &late), ERR_REFUSED);
	/* What was posted before is still found to be there. */
	assert_int_equal(ledgers_sell(db, "a", LEDGERS_ANNA, 100), ERR_DUP);
	/* Today, with the group that it corrects. */
	late.day = LEDGERS_TODAY + 1;
	late.refers = 1;
	assert_int_equal(ledgers_post(db, &late), ERR_NONE);
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
	/* A property may be closed before it begins. */
	assert_int_equal(ledger_close(db, 2, LEDGERS_TODAY), ERR_NONE);
	late.property_id = 2;
	late.refers = 0;
	late.day = LEDGERS_TODAY;
	assert_int_equal(ledgers_post(db, &late), ERR_REFUSED);
	late.day = LEDGERS_TODAY + 1;
	assert_int_equal(ledgers_post(db, &late), ERR_NONE);
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
		assert_int_equal(
		        ledgers_sell(db, key, i % 3 ? LEDGERS_ANNA : LEDGERS_BERT, 100 + i),
		        ERR_NONE);
	}
	assert_int_equal(ledger_lines(db, 1, LEDGER_ACCOUNT, LEDGERS_ANNA, 0, take_line, &s),
	                 ERR_NONE);
	assert_int_equal(s.count, 4);
	s.most = 100;
	assert_int_equal(
	        ledger_lines(db, 1, LEDGER_ACCOUNT, LEDGERS_ANNA, s.last_no, take_line, &s),
	        ERR_NONE);
	assert_int_equal(s.count, 6);
	assert_int_equal(s.sum, ledgers_fen(db, LEDGER_ACCOUNT, LEDGERS_ANNA));
}

static bool take_words(void *arg, const struct ledger_line *line)
{
	(void)arg;
	assert_int_equal(line->group_no, 2);
	assert_int_equal(line->at_ms, 1795700000000);
	assert_int_equal(line->day, LEDGERS_TODAY);
	assert_int_equal(line->refers, 1);
	assert_int_equal(line->receipt_no, 2);
	assert_int_equal(line->amount.fen, -50);
	assert_string_equal(line->key, "fix:1");
	assert_string_equal(line->kind, "correct");
	assert_string_equal(line->who, "bert");
	assert_string_equal(line->reason, "mistyped");
	return true;
}

static void a_statement_says_who_did_what_and_why(void **state)
{
	const struct ledger_entry back[] = {
	        {LEDGER_TILL,    1,            {50} },
                {LEDGER_ACCOUNT, LEDGERS_ANNA, {-50}}
        };
	struct ledger_group fix = ledgers_group("fix:1", back, 2);

	(void)state;
	assert_int_equal(ledgers_sell(db, "order:1", LEDGERS_ANNA, 100), ERR_NONE);
	fix.kind = "correct";
	fix.who = "bert";
	fix.refers = 1;
	fix.reason = "mistyped";
	assert_int_equal(ledgers_post(db, &fix), ERR_NONE);
	assert_int_equal(ledger_lines(db, 1, LEDGER_ACCOUNT, LEDGERS_ANNA, 1, take_words, NULL),
	                 ERR_NONE);
}

/* What stands under the key cannot be told any more, so it is no repeat. */
static void a_damaged_group_has_no_repeat(void **state)
{
	(void)state;
	assert_int_equal(ledgers_sell(db, "order:1", LEDGERS_ANNA, 10000), ERR_NONE);
	assert_int_equal(ledgers_sell(db, "order:1", LEDGERS_ANNA, 10000), ERR_DUP);
	assert_int_equal(db_exec(db, "UPDATE ledger_group SET content=CAST('0' AS BLOB)"
	                             " WHERE group_no=1"),
	                 ERR_NONE);
	assert_int_equal(ledgers_sell(db, "order:1", LEDGERS_ANNA, 10000), ERR_CONFLICT);
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, LEDGERS_ANNA), 10000);
}

static void of_two_writers_one_is_told(void **state)
{
	struct ledger_state none = {.closed_day = INT64_MIN}, first = {.groups = 1}, second;

	(void)state;
	assert_int_equal(ledger_state_put(db, 1, &none, &first), ERR_NONE);
	assert_int_equal(ledger_state_put(db, 1, &none, &first), ERR_CONFLICT);
	second = first;
	second.groups = 2;
	assert_int_equal(ledger_state_put(db, 1, &first, &second), ERR_NONE);
	assert_int_equal(ledger_state_put(db, 1, &first, &second), ERR_CONFLICT);
	first = second;
	second.closed_day = LEDGERS_TODAY;
	assert_int_equal(ledger_state_put(db, 1, &first, &second), ERR_NONE);
	assert_int_equal(ledger_state_put(db, 1, &first, &second), ERR_CONFLICT);
	assert_int_equal(ledger_state(db, 1, &first), ERR_NONE);
	assert_int_equal(first.closed_day, LEDGERS_TODAY);
}

static void a_total_never_wraps(void **state)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_ACCOUNT, LEDGERS_ANNA, {INT64_MAX} },
	        {LEDGER_TILL,    1,            {-INT64_MAX}},
	        {LEDGER_ACCOUNT, LEDGERS_BERT, {1}         },
	        {LEDGER_TILL,    2,            {-1}        },
	};
	struct ledger_group group = ledgers_group("k", entries, ARRAY_SIZE(entries));
	struct money total;

	(void)state;
	assert_int_equal(ledgers_post(db, &group), ERR_NONE);
	assert_int_equal(ledger_total(db, 1, LEDGER_ACCOUNT, &total), ERR_OVERFLOW);
}

static void each_account_has_its_word(void **state)
{
	(void)state;
	for (int a = LEDGER_ACCOUNT; a <= LEDGER_ACCOUNT_LAST; a++)
		for (int b = LEDGER_ACCOUNT; b < a; b++)
			assert_string_not_equal(ledger_account_word((enum ledger_account)a),
			                        ledger_account_word((enum ledger_account)b));
	assert_string_equal(ledger_account_word(LEDGER_GRANT_COST), "grant-cost");
}

/* ---- when something fails ---- */

#define FEW  10
#define MANY 40

/* A group that moves one balance, some, or so many that they are written together. */
static enum err post_many(void)
{
	static struct ledger_entry entries[MANY + 1];
	struct ledger_group group = ledgers_group("many", entries, ARRAY_SIZE(entries));

	for (size_t i = 0; i < MANY; i++)
		entries[i] = (struct ledger_entry){LEDGER_ACCOUNT, (int64_t)i + 1, {-3}};
	entries[MANY] = (struct ledger_entry){LEDGER_SALES, 1, {3 * MANY}};
	return ledger_post(db, &group);
}

static enum err close_day(void)
{
	return ledger_close(db, 1, LEDGERS_TODAY);
}

static enum err sum(void)
{
	struct money total;

	return ledger_total(db, 1, LEDGER_ACCOUNT, &total);
}

static enum err list(void)
{
	struct statement s = {.most = 100};

	return ledger_lines(db, 1, LEDGER_ACCOUNT, LEDGERS_ANNA, 0, take_line, &s);
}

static void no_failure_is_swallowed(void **state)
{
	static enum err (*const acts[])(void) = {post_many, close_day, sum, list};

	char key[16];

	(void)state;
	for (int i = 1; i <= FEW; i++) {
		snprintf(key, sizeof key, "o%d", i);
		assert_int_equal(ledgers_sell(db, key, i, 100), ERR_NONE);
	}
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		for (int memory = 0; memory < 2; memory++)
			for (int64_t nth = 1; ledgers_fails(db, acts[i], nth, memory); nth++)
				;
	assert_int_equal(post_many(), ERR_NONE);
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, FEW), 97);
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, MANY), -3);
	assert_int_equal(ledger_verify(db, 1, &(struct ledger_proof){0}), ERR_NONE);
}

/* ---- many ---- */

/* Nights of a property of many accounts: one's statement reads what is his, not each night's entries for each of
 * his lines (that took 4 s here, and less than 0.01 s so). */
static void a_statement_costs_what_its_lines_cost(void **state)
{
	enum { NIGHTS = 600, ACCOUNTS = 100 };

	struct statement s = {.last_no = 0};
	struct ledger_entry entries[ACCOUNTS + 1];
	clock_t begin;

	(void)state;
	assert_int_equal(db_exec(db, "BEGIN"), ERR_NONE);
	for (int night = 0; night < NIGHTS; night++) {
		char key[16];
		struct ledger_group group;

		for (int i = 0; i < ACCOUNTS; i++)
			entries[i] = (struct ledger_entry){LEDGER_ACCOUNT, i + 1, {-1}};
		entries[ACCOUNTS] = (struct ledger_entry){LEDGER_SALES, 10, {ACCOUNTS}};
		snprintf(key, sizeof key, "n%d", night);
		group = ledgers_group(key, entries, ACCOUNTS + 1);
		assert_int_equal(ledger_post(db, &group), ERR_NONE);
	}
	assert_int_equal(db_exec(db, "COMMIT"), ERR_NONE);
	s.most = NIGHTS + 1;
	begin = clock();
	assert_int_equal(ledger_lines(db, 1, LEDGER_ACCOUNT, LEDGERS_ANNA, 0, take_line, &s),
	                 ERR_NONE);
	assert_int_equal(s.count, NIGHTS);
	assert_true(clock() - begin < CLOCKS_PER_SEC);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(money_comes_and_is_used),
	        TEST(a_retry_posts_nothing_twice),
	        TEST(numbers_have_no_gaps),
	        TEST(what_is_no_group_is_refused),
	        TEST(texts_have_their_lengths),
	        TEST(a_balance_never_wraps),
	        TEST(a_closed_day_takes_nothing),
	        TEST(a_statement_adds_up_page_by_page),
	        TEST(a_statement_says_who_did_what_and_why),
	        TEST(a_damaged_group_has_no_repeat),
	        TEST(of_two_writers_one_is_told),
	        TEST(a_total_never_wraps),
	        TEST(each_account_has_its_word),
	        TEST(no_failure_is_swallowed),
	        TEST(a_statement_costs_what_its_lines_cost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
