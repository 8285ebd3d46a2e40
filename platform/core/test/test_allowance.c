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
#include "platform/core/allowance_roster.h"
#include "platform/core/rating.h"
#include "platform/store/ledger.h"
#include "platform/store/space.h"
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
	return (struct allowance_give){
	        .actor = chief,
	        .property_id = 1,
	        .account_id = anna,
	        .terms = {.kind = kind,
	                  .service = SERVICE_ELECTRICITY,
	                  .source = "school",
	                  .period = period,
	                  .amount = amount,
	                  .cap = cap,
	                  .from_s = MIDNIGHT,
	                  .until_s = until_s}
        };
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
	return rating_passes(tx, &pass, 1, NULL, now_ms);
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

static void dated_back_it_is_there_for_each_day_that_is_not_charged(void **state)
{
	(void)state;
	lab.now_ms = (MIDNIGHT + 3 * DAY) * 1000;
	give(GRANT_ENERGY, ALLOWANCE_DAILY, 1000, 0, EVER);
	read_at(3 * DAY, 4500);
	assert_int_equal(number("SELECT used FROM allowance"), 3000);
	/* What is charged already is paid: only the day that goes on has one. */
	give(GRANT_MONEY, ALLOWANCE_DAILY, 50, 0, EVER);
	assert_int_equal(number("SELECT given FROM allowance WHERE kind=1"), 50);
	read_at(3 * DAY + HOUR, 4500);
	assert_int_equal(number("SELECT given FROM allowance WHERE kind=1"), 50);
	assert_int_equal(number("SELECT period_no FROM allowance WHERE kind=1"), 20784);
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

/* The pass that comes into the next day pays the day before first, whatever it gives anew or ends. */
static void money_of_a_day_pays_that_day(void **state)
{
	(void)state;
	give(GRANT_MONEY, ALLOWANCE_DAILY, 100, 0, EVER);
	read_at(23 * HOUR, 1000);
	read_at(25 * HOUR, 1000);
	assert_int_equal(of_account(LEDGER_ACCOUNT), 0);
	assert_int_equal(of_account(LEDGER_GRANT), 100);
	assert_int_equal(number("SELECT used*1000+lapsed FROM allowance"), 60040);
	/* a gap over two midnights: each day by its own */
	read_at(73 * HOUR, 3400);
	assert_int_equal(number("SELECT used FROM allowance"), 60 + 69 + 72);
	assert_int_equal(of_account(LEDGER_ACCOUNT), 0);
	check_books();
}

static void money_pays_the_day_on_which_it_ends(void **state)
{
	(void)state;
	give(GRANT_MONEY, ALLOWANCE_ONCE, 100, 0, MIDNIGHT + DAY);
	read_at(23 * HOUR, 1000);
	lab.now_ms = (MIDNIGHT + DAY) * 1000;
	assert_int_equal(available(), 0); /* it pays 60, and the rest is gone */
	read_at(25 * HOUR, 1000);
	assert_int_equal(of_account(LEDGER_ACCOUNT), 0);
	assert_int_equal(of_account(LEDGER_GRANT), 0);
	assert_int_equal(number("SELECT used*1000+lapsed FROM allowance"), 60040);
	check_books();
}

/* Half of the interval lies before it ends, or after it begins. */
static void it_begins_and_ends_inside_an_interval(void **state)
{
	struct allowance_give later = give_of(GRANT_ENERGY, ALLOWANCE_ONCE, 5000, 0, EVER);

	(void)state;
	give(GRANT_ENERGY, ALLOWANCE_ONCE, 5000, 0, MIDNIGHT + 12 * HOUR);
	later.terms.from_s = MIDNIGHT + 18 * HOUR;
	assert_int_equal(lab_step(&lab, allowance_give_step, &later, false), ERR_NONE);
	read_at(24 * HOUR, 4000);
	assert_int_equal(number("SELECT used FROM allowance WHERE allowance_id=1"), 2000);
	assert_int_equal(number("SELECT used FROM allowance WHERE allowance_id=2"), 1000);
	assert_int_equal(of_account(LEDGER_ACCOUNT), -60);
	check_books();
}

static void money_that_ends_at_noon_pays_the_morning(void **state)
{
	(void)state;
	give(GRANT_MONEY, ALLOWANCE_ONCE, 100, 0, MIDNIGHT + 12 * HOUR);
	read_at(11 * HOUR, 500);
	read_at(13 * HOUR, 1500);
	lab.now_ms = (MIDNIGHT + 12 * HOUR) * 1000;
	assert_int_equal(available(), 0); /* 90 are accrued, and it may still pay for them */
	read_at(25 * HOUR, 1500);
	assert_int_equal(number("SELECT used*1000+lapsed FROM allowance"), 60040);
	assert_int_equal(of_account(LEDGER_ACCOUNT), -30);
	check_books();
}

static void a_person_clears_what_he_gave(void **state)
{
	struct allowance_clear r = {
	        .actor = chief, .property_id = 1, .account_id = anna, .source = "other"};
	struct allowance_end end = {.actor = chief, .property_id = 1, .version = 9};

	(void)state;
	give(GRANT_MONEY, ALLOWANCE_ONCE, 100, 0, EVER);
	assert_int_equal(lab_step(&lab, allowance_clear_step, &r, false), ERR_NONE);
	assert_int_equal(r.cleared, 0);
	r.source = "school";
	assert_int_equal(lab_step(&lab, allowance_clear_step, &r, false), ERR_NONE);
	assert_int_equal(r.cleared, 1);
	assert_int_equal(of_account(LEDGER_GRANT), 0);
	assert_int_equal(available(), 0);
	assert_int_equal(number("SELECT count(*) FROM audit WHERE action='allowance.clear'"), 1);
	check_books();
	/* or one of them alone */
	give(GRANT_MONEY, ALLOWANCE_ONCE, 70, 0, EVER);
	give(GRANT_MONEY, ALLOWANCE_ONCE, 30, 0, EVER);
	end.allowance_id = number("SELECT max(allowance_id) FROM allowance");
	assert_int_equal(lab_step(&lab, allowance_end_step, &end, false), ERR_CONFLICT);
	end.version = 1;
	assert_int_equal(lab_step(&lab, allowance_end_step, &end, false), ERR_NONE);
	assert_int_equal(available(), 70);
	end.version = end.row.version;
	assert_int_equal(lab_step(&lab, allowance_end_step, &end, false), ERR_REFUSED);
	assert_int_equal(number("SELECT count(*) FROM audit WHERE action='allowance.end'"), 1);
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
	r.terms.source[0] = '\0';
	assert_int_equal(lab_step(&lab, allowance_give_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "source");
	r = give_of(GRANT_ENERGY, ALLOWANCE_ONCE, 10, 0, EVER);
	r.account_id = 99;
	assert_int_equal(lab_step(&lab, allowance_give_step, &r, false), ERR_NOT_FOUND);
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

/* ---- many accounts ---- */

static struct roster_request roster_of(const struct roster_kind *kind, const int64_t *accounts,
                                       size_t count)
{
	struct roster_request r = {
	        .actor = chief,
	        .rules = {.approval_count = 50, .approval_percent = 100},
	        .property_id = 1,
	        .kind = kind,
	        .object = accounts,
	        .count = count
        };
	struct allowance_give give = give_of(GRANT_MONEY, ALLOWANCE_MONTHLY, 100, 0, EVER);

	if (kind == &roster_allowance_give)
		allowance_act_write(&give.terms, r.body);
	else
		allowance_clear_write("school", r.body);
	return r;
}

static void work(void)
{
	struct roster_work work = {.more = true};

	while (work.more)
		assert_int_equal(lab_step(&lab, roster_work_step, &work, true), ERR_NONE);
}

static void more_accounts(int64_t until)
{
	struct stmt *st;

	for (int64_t id = anna + 1; id <= until; id++) {
		st = db_query(lab.db,
		              "INSERT INTO account(property_id, account_id, code, customer_id,"
		              " state, plan_code, note, created_s, opened_s, closed_s, version)"
		              " VALUES(1,?,'B' || CAST(? AS TEXT),0,?,'','',0,0,0,1)");
		bind_i64(st, id);
		bind_i64(st, id);
		bind_i64(st, id == until ? ACCOUNT_CLOSED : ACCOUNT_OPEN);
		assert_int_equal(stmt_run(st), ERR_NONE);
	}
}

static void many_are_given_row_by_row(void **state)
{
	const int64_t accounts[] = {anna + 2, anna, anna + 1};
	const int64_t other[] = {anna, 99};
	struct roster_request r = roster_of(&roster_allowance_give, accounts, 3);

	(void)state;
	more_accounts(anna + 2);
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_NONE);
	assert_int_equal(r.touched, 3);
	assert_int_equal(number("SELECT count(*) FROM allowance"), 0);
	work();
	assert_int_equal(number("SELECT count(*) FROM allowance"), 2);
	assert_int_equal(of_account(LEDGER_GRANT), 100);
	/* the closed one is refused, and says so */
	assert_int_equal(number("SELECT refused*100+done*10+state FROM roster"), 131);
	assert_int_equal(number("SELECT count(*) FROM roster_item WHERE error='refused'"
	                        " AND detail='account the account is closed' AND object_id=9"),
	                 1);
	assert_int_equal(number("SELECT result FROM roster_item WHERE object_id=7"),
	                 number("SELECT allowance_id FROM allowance WHERE account_id=7"));
	r = roster_of(&roster_allowance_clear, accounts, 2);
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_NONE);
	work();
	assert_int_equal(number("SELECT count(*) FROM allowance WHERE ended_s=0"), 1);
	assert_int_equal(of_account(LEDGER_GRANT), 0);
	/* an id that is none here: nothing is done */
	r = roster_of(&roster_allowance_give, other, 2);
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_HIDDEN);
	assert_int_equal(r.bad, 1);
	r = roster_of(&roster_allowance_give, accounts, 3);
	snprintf(r.body, sizeof r.body, "{}");
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_BAD_INPUT);
	/* a selection: by their meters; this account has none in the books of uses */
	r = roster_of(&roster_allowance_give, NULL, 0);
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_NOT_FOUND);
}

static void a_large_one_waits_for_a_second_person(void **state)
{
	int64_t accounts[7];
	struct roster_request r;
	struct approval_decision decision = {
	        .actor = staff_with(&lab, "second",
	                            PERMISSION_BIT(PERMISSION_ALLOWANCE_WRITE) |
	                                    PERMISSION_BIT(PERMISSION_APPROVAL_DECIDE),
	                            1, 1, 0)};
	struct stmt *st;

	(void)state;
	more_accounts(anna + 6);
	for (size_t i = 0; i < ARRAY_SIZE(accounts); i++)
		accounts[i] = anna + (int64_t)i;
	r = roster_of(&roster_allowance_give, accounts, ARRAY_SIZE(accounts));
	r.rules.approval_count = 6;
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_NONE);
	assert_int_not_equal(r.approval_id, 0);
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_CONFLICT);
	work();
	assert_int_equal(number("SELECT count(*) FROM allowance"), 0);
	decision.approval_id = number("SELECT max(approval_id) FROM approval");
	st = db_query(lab.db, "SELECT hash FROM approval WHERE approval_id=?");
	bind_i64(st, decision.approval_id);
	assert_true(stmt_row(st));
	col_text_to(st, decision.hash, sizeof decision.hash);
	assert_int_equal(stmt_end(st), ERR_NONE);
	assert_int_equal(lab_step(&lab, approval_decide_step, &decision, false), ERR_NONE);
	assert_int_equal(decision.row.state, APPROVAL_DONE);
	work();
	assert_int_equal(number("SELECT count(*) FROM allowance"), 6);
	assert_int_equal(number("SELECT count(*) FROM audit WHERE action='allowance.give'"), 6);
}

static void who_does_not_see_a_roster_stops_none(void **state)
{
	const uint64_t all = PERMISSION_BIT(PERMISSION_PROPERTY_READ) |
	                     PERMISSION_BIT(PERMISSION_ACCOUNT_READ) |
	                     PERMISSION_BIT(PERMISSION_ACCOUNT_WRITE);
	const int64_t accounts[] = {anna};
	struct roster_request r = roster_of(&roster_allowance_give, accounts, 1);
	const struct space_row building = {.property_id = 1,
	                                   .space_id = 5,
	                                   .kind = SPACE_BUILDING,
	                                   .building_id = 5,
	                                   .code = "A"};
	struct roster_stop stop = {.property_id = 1};

	(void)state;
	assert_int_equal(space_insert(lab.db, &building), ERR_NONE);
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_NONE);
	stop.roster_id = r.row.roster_id;
	stop.actor = staff_with(&lab, "of a building", all, 1, 1, 5);
	assert_int_equal(lab_step(&lab, roster_stop_step, &stop, false), ERR_HIDDEN);
	stop.actor = staff_with(&lab, "reader", PERMISSION_BIT(PERMISSION_ACCOUNT_READ), 1, 1, 0);
	assert_int_equal(lab_step(&lab, roster_stop_step, &stop, false), ERR_FORBIDDEN);
	stop.actor = chief;
	assert_int_equal(lab_step(&lab, roster_stop_step, &stop, false), ERR_NONE);
}

static void who_lost_the_right_gives_no_more(void **state)
{
	const int64_t accounts[] = {anna};
	struct roster_request r = roster_of(&roster_allowance_give, accounts, 1);
	struct roster_stop stop = {.actor = chief, .property_id = 1};

	(void)state;
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_NONE);
	stop.roster_id = r.row.roster_id;
	assert_int_equal(lab_step(&lab, roster_stop_step, &stop, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, roster_stop_step, &stop, false), ERR_REFUSED);
	assert_int_equal(lab_step(&lab, roster_create_step, &r, false), ERR_NONE);
	assert_int_equal(db_exec(lab.db, "DELETE FROM user_grant"), ERR_NONE);
	work();
	assert_int_equal(number("SELECT count(*) FROM allowance"), 0);
	assert_int_equal(number("SELECT count(*) FROM roster WHERE state=2"
	                        " AND stopped_why='the right was taken away'"),
	                 1);
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
	        cmocka_unit_test_setup_teardown(
	                dated_back_it_is_there_for_each_day_that_is_not_charged, setup, teardown),
	        cmocka_unit_test_setup_teardown(it_stacks_up_to_a_cap, setup, teardown),
	        cmocka_unit_test_setup_teardown(an_interval_over_midnight_uses_two_days_of_it,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(money_pays_before_the_balance, setup, teardown),
	        cmocka_unit_test_setup_teardown(money_of_a_day_pays_that_day, setup, teardown),
	        cmocka_unit_test_setup_teardown(money_pays_the_day_on_which_it_ends, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(it_begins_and_ends_inside_an_interval, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(money_that_ends_at_noon_pays_the_morning, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_person_clears_what_he_gave, setup, teardown),
	        cmocka_unit_test_setup_teardown(all_of_it_lapses_with_the_account, setup, teardown),
	        cmocka_unit_test_setup_teardown(what_cannot_be_given, setup, teardown),
	        cmocka_unit_test_setup_teardown(many_are_given_row_by_row, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_large_one_waits_for_a_second_person, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(who_does_not_see_a_roster_stops_none, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(who_lost_the_right_gives_no_more, setup, teardown),
	        cmocka_unit_test(the_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
