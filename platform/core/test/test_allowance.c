/* Allowances: free energy and money before paid money, by period, stacked, lapsed, given and cleared by
 * people. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/core/allowance.h"
#include "platform/core/rating.h"
#include "platform/store/ledger.h"
#include "platform/test/staff.h"

#define HOUR INT64_C(3600)
#define DAY  INT64_C(86400)
/* 2026-11-24 00:00 in China */
#define MIDNIGHT (INT64_C(20781) * DAY - 28800)
#define EVER     INT64_MAX

static struct lab lab;
static struct actor chief;
static const int64_t anna = 7;

static enum err begin_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct tariff_version_row version = {.version_id = 1,
	                                     .tariff_id = 1,
	                                     .valid_from_s = 1,
	                                     .state = TARIFF_PUBLISHED,
	                                     .body = "{\"rates\":[{\"price_uy\":600000}]}",
	                                     .version = 1};
	struct tariff_use use = {
	        .property_id = 1, .service = SERVICE_ELECTRICITY, .from_s = 1, .tariff_id = 1};
	struct account_row account = {.property_id = 1,
	                              .account_id = anna,
	                              .code = "A7",
	                              .state = ACCOUNT_DRAFT,
	                              .version = 1};
	struct rating_start start = {.property_id = 1,
	                             .meter = LAB_METER,
	                             .account_id = anna,
	                             .service = SERVICE_ELECTRICITY,
	                             .from_s = MIDNIGHT};
	enum err err = tariff_version_insert(tx->db, &version);

	(void)arg;
	(void)now_ms;
	(void)out;
	if (!err)
		err = tariff_use_put(tx->db, &use);
	if (!err)
		err = account_insert(tx->db, &account);
	return err ? err : rating_start(tx, &start);
}

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	chief = staff_chief(&lab);
	snprintf(chief.reason, sizeof chief.reason, "subsidy");
	lab.now_ms = MIDNIGHT * 1000;
	return lab_step(&lab, begin_step, NULL, false);
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static struct allowance_give give_of(enum grant_kind kind, enum allowance_period period,
                                     int64_t amount, int64_t cap, int64_t until_s)
{
	return (struct allowance_give){.actor = chief,
	                               .group_id = 1,
	                               .property_id = 1,
	                               .accounts = &anna,
	                               .account_count = 1,
	                               .kind = kind,
	                               .service = SERVICE_ELECTRICITY,
	                               .source = "school",
	                               .period = period,
	                               .amount = amount,
	                               .cap = cap,
	                               .from_s = MIDNIGHT,
	                               .until_s = until_s};
}

static void give(enum grant_kind kind, enum allowance_period period, int64_t amount, int64_t cap,
                 int64_t until_s)
{
	struct allowance_give r = give_of(kind, period, amount, cap, until_s);

	assert_int_equal(lab_step(&lab, allowance_give_step, &r, false), ERR_NONE);
}

static enum err pass_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct rating_pass pass = {.property_id = 1, .meter = LAB_METER, .marks = arg, .count = 1};

	(void)out;
	return rating_pass(tx, &pass, now_ms);
}

static void read_at(int64_t after_s, int64_t units)
{
	struct rate_mark mark = {MIDNIGHT + after_s, units};

	lab.now_ms = mark.at_s * 1000;
	assert_int_equal(lab_step(&lab, pass_step, &mark, false), ERR_NONE);
}

static int64_t number(const char *sql)
{
	return lab_number(&lab, sql);
}

static int64_t of_account(enum ledger_account account)
{
	struct ledger_balance balance;

	assert_int_equal(ledger_balance(lab.db, 1, account, anna, &balance), ERR_NONE);
	return balance.balance.fen;
}

static int64_t available(void)
{
	struct account_money money;

	assert_int_equal(account_money(lab.db, 1, anna, lab.now_ms, &money), ERR_NONE);
	return money.available.fen;
}

/* Whatever happens, these hold. */
static void check_books(void)
{
	assert_int_equal(number("SELECT count(*) FROM allowance"
	                        " WHERE given<>used+lapsed+left_now OR left_now<0"),
	                 0);
	assert_int_equal(number("SELECT coalesce(sum(left_now),0) FROM allowance WHERE kind=1"),
	                 of_account(LEDGER_GRANT));
}

static void energy_is_free_until_it_is_used(void **state)
{
	(void)state;
	give(GRANT_ENERGY, ALLOWANCE_ONCE, 3000, 0, EVER);
	read_at(HOUR, 2000);
	assert_int_equal(available(), 0);
	read_at(2 * HOUR, 5000);
	assert_int_equal(available(), -120);
	assert_int_equal(number("SELECT sum(units) FROM charge WHERE allowance_id>0"), 3000);
	assert_int_equal(number("SELECT used FROM allowance"), 3000);
	read_at(DAY, 5000);
	assert_int_equal(of_account(LEDGER_ACCOUNT), -120);
	check_books();
}

static void what_ends_first_is_used_first(void **state)
{
	(void)state;
	give(GRANT_ENERGY, ALLOWANCE_ONCE, 1000, 0, EVER);
	give(GRANT_ENERGY, ALLOWANCE_ONCE, 1000, 0, MIDNIGHT + DAY);
	read_at(HOUR, 500);
	assert_int_equal(number("SELECT used FROM allowance WHERE until_s=1795536000"), 500);
	read_at(DAY + HOUR, 1000);
	/* The rest of the second lapsed at midnight, when half of the hour's day was still its own. */
	assert_int_equal(number("SELECT count(*) FROM allowance WHERE ended_s>0"), 1);
	check_books();
}

static void a_daily_allowance_comes_each_day_and_does_not_stack(void **state)
{
	(void)state;
	give(GRANT_ENERGY, ALLOWANCE_DAILY, 1000, 0, EVER);
	read_at(DAY, 500);
	read_at(2 * DAY, 2500);
	read_at(3 * DAY, 2500);
	/* 500 and 1000 free, 1000 paid; each day's rest lapsed. */
	assert_int_equal(of_account(LEDGER_ACCOUNT), -60);
	assert_int_equal(number("SELECT used FROM allowance"), 1500);
	check_books();
}

static void it_stacks_up_to_a_cap(void **state)
{
	(void)state;
	give(GRANT_ENERGY, ALLOWANCE_DAILY, 1000, 2500, EVER);
	read_at(3 * DAY, 0);
	read_at(3 * DAY + HOUR, 4000);
	assert_int_equal(number("SELECT used FROM allowance"), 2500);
	assert_int_equal(available(), -90);
	check_books();
}

static void an_interval_over_midnight_uses_two_days_of_it(void **state)
{
	(void)state;
	give(GRANT_ENERGY, ALLOWANCE_DAILY, 1000, 0, EVER);
	read_at(23 * HOUR, 0);
	/* An hour of the first day, an hour of the second. */
	read_at(25 * HOUR, 4000);
	assert_int_equal(number("SELECT used FROM allowance"), 2000);
	assert_int_equal(number("SELECT sum(units) FROM charge WHERE day=20781"), 2000);
	assert_int_equal(number("SELECT min(estimated) FROM charge"), 1);
	assert_int_equal(available(), -120);
	check_books();
}

static void money_pays_before_the_balance(void **state)
{
	(void)state;
	give(GRANT_MONEY, ALLOWANCE_MONTHLY, 100, 0, EVER);
	assert_int_equal(of_account(LEDGER_GRANT), 100);
	assert_int_equal(available(), 100);
	read_at(DAY, 1000);
	assert_int_equal(of_account(LEDGER_ACCOUNT), 0);
	assert_int_equal(of_account(LEDGER_GRANT), 40);
	read_at(2 * DAY, 2000);
	assert_int_equal(of_account(LEDGER_ACCOUNT), -20);
	assert_int_equal(of_account(LEDGER_GRANT), 0);
	check_books();
	/* December brings another, in the pass that comes into it; what is left in January lapses. */
	read_at(8 * DAY, 2000);
	read_at(8 * DAY + HOUR, 2000);
	assert_int_equal(of_account(LEDGER_GRANT), 100);
	read_at(39 * DAY, 2000);
	read_at(39 * DAY + HOUR, 2000);
	assert_int_equal(of_account(LEDGER_GRANT), 100);
	assert_int_equal(number("SELECT lapsed FROM allowance"), 100);
	check_books();
}

static void a_person_clears_what_he_gave(void **state)
{
	struct allowance_clear r = {.actor = chief,
	                            .group_id = 1,
	                            .property_id = 1,
	                            .accounts = &anna,
	                            .account_count = 1,
	                            .source = "other"};

	(void)state;
	give(GRANT_MONEY, ALLOWANCE_ONCE, 100, 0, EVER);
	assert_int_equal(lab_step(&lab, allowance_clear_step, &r, false), ERR_NONE);
	assert_int_equal(r.cleared, 0);
	r.source = "school";
	assert_int_equal(lab_step(&lab, allowance_clear_step, &r, false), ERR_NONE);
	assert_int_equal(r.cleared, 1);
	assert_int_equal(of_account(LEDGER_GRANT), 0);
	assert_int_equal(available(), 0);
	r.account_count = 0;
	assert_int_equal(lab_step(&lab, allowance_clear_step, &r, false), ERR_BAD_INPUT);
	assert_int_equal(number("SELECT count(*) FROM audit WHERE action='allowance.clear'"), 2);
	check_books();
}

static enum err lapse_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)out;
	return allowance_lapse_all(tx, 1, anna, "test", now_ms, arg);
}

static void all_of_it_lapses_with_the_account(void **state)
{
	struct money lapsed;

	(void)state;
	give(GRANT_MONEY, ALLOWANCE_ONCE, 100, 0, EVER);
	give(GRANT_MONEY, ALLOWANCE_ONCE, 50, 0, EVER);
	give(GRANT_ENERGY, ALLOWANCE_DAILY, 50, 0, EVER);
	assert_int_equal(lab_step(&lab, lapse_step, &lapsed, false), ERR_NONE);
	assert_int_equal(lapsed.fen, 150);
	assert_int_equal(of_account(LEDGER_GRANT), 0);
	assert_int_equal(number("SELECT count(*) FROM allowance WHERE ended_s=0"), 0);
	check_books();
}

static void what_cannot_be_given(void **state)
{
	static const int64_t nobody = 99;

	const struct {
		struct allowance_give give;
		const char *field;
	} cases[] = {
	        {give_of(GRANT_ENERGY, ALLOWANCE_ONCE, 0,          0,  EVER),     "amount"},
	        {give_of(GRANT_ENERGY, ALLOWANCE_ONCE, 2000000000, 0,  EVER),     "amount"},
	        {give_of(GRANT_ENERGY, ALLOWANCE_ONCE, 10,         5,  EVER),     "cap"   },
	        {give_of(GRANT_ENERGY, ALLOWANCE_ONCE, 10,         -1, EVER),     "cap"   },
	        {give_of(GRANT_ENERGY, ALLOWANCE_ONCE, 10,         0,  MIDNIGHT), "until" },
	};
	struct allowance_give r;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		r = cases[i].give;
		assert_int_equal(lab_step(&lab, allowance_give_step, &r, false), ERR_BAD_INPUT);
		assert_string_equal(r.fault.field, cases[i].field);
	}
	r = give_of(GRANT_ENERGY, ALLOWANCE_ONCE, 10, 0, EVER);
	r.source = "";
	assert_int_equal(lab_step(&lab, allowance_give_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "source");
	r = give_of(GRANT_ENERGY, ALLOWANCE_ONCE, 10, 0, EVER);
	r.accounts = &nobody;
	assert_int_equal(lab_step(&lab, allowance_give_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "accounts");
	r.account_count = 0;
	assert_int_equal(lab_step(&lab, allowance_give_step, &r, false), ERR_BAD_INPUT);
	r = give_of(GRANT_ENERGY, ALLOWANCE_ONCE, 10, 0, EVER);
	r.actor.reason[0] = '\0';
	assert_int_equal(lab_step(&lab, allowance_give_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "reason");
	for (int i = 0; i < ALLOWANCES_MAX; i++)
		give(GRANT_ENERGY, ALLOWANCE_ONCE, 10, 0, EVER);
	r = give_of(GRANT_ENERGY, ALLOWANCE_ONCE, 10, 0, EVER);
	assert_int_equal(lab_step(&lab, allowance_give_step, &r, false), ERR_REFUSED);
	assert_int_equal(db_exec(lab.db, "UPDATE account SET state=5"), ERR_NONE);
	assert_int_equal(lab_step(&lab, allowance_give_step, &r, false), ERR_REFUSED);
}

static void the_words(void **state)
{
	enum allowance_period period;
	enum grant_kind kind;

	(void)state;
	assert_true(allowance_period_parse("month", &period));
	assert_int_equal(period, ALLOWANCE_MONTHLY);
	assert_false(allowance_period_parse("year", &period));
	assert_true(allowance_kind_parse("money", &kind));
	assert_int_equal(kind, GRANT_MONEY);
	assert_false(allowance_kind_parse("water", &kind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(energy_is_free_until_it_is_used, setup, teardown),
	        cmocka_unit_test_setup_teardown(what_ends_first_is_used_first, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_daily_allowance_comes_each_day_and_does_not_stack,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(it_stacks_up_to_a_cap, setup, teardown),
	        cmocka_unit_test_setup_teardown(an_interval_over_midnight_uses_two_days_of_it,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(money_pays_before_the_balance, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_person_clears_what_he_gave, setup, teardown),
	        cmocka_unit_test_setup_teardown(all_of_it_lapses_with_the_account, setup, teardown),
	        cmocka_unit_test_setup_teardown(what_cannot_be_given, setup, teardown),
	        cmocka_unit_test(the_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
