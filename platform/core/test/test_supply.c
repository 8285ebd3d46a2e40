/* Supply: who is warned, cut and restored, and when not; each with what a terminal would answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "platform/core/books.h"
#include "platform/core/message.h"
#include "platform/core/rating.h"
#include "platform/store/account_bill.h"
#include "platform/test/supplied.h"

static struct lab lab;
static struct supplied s = {.lab = &lab};

/* ---- the ordinary way ---- */

static void money_runs_out_and_comes_back(void **state)
{
	struct supply_act act;

	(void)state;
	supplied_no_notice(&s);
	money_pay(&lab, s.account, 10000);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GOOD);
	money_pay(&lab, s.account, -6000);
	assert_int_equal(supplied_messages(&s, "alarm-1"), 1);
	money_pay(&lab, s.account, -3500);
	assert_int_equal(supplied_messages(&s, "alarm-2"), 1);
	money_work(&lab);
	assert_int_equal(supplied_newest(&s), 0);
	money_pay(&lab, s.account, -500);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_CUT);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_OPEN);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_TRIP);
	assert_int_equal(
	        supply_act_get(lab.db, 1, supplied_command(&s, supplied_newest(&s)).act_id, &act),
	        ERR_NONE);
	assert_int_equal(act.command_id, supplied_newest(&s));
	assert_int_equal(act.reading.at_s, lab.now_ms / 1000);
	assert_string_equal(act.reason, "balance");
	assert_int_equal(supplied_messages(&s, "cut"), 0);
	supplied_obey(&s, supplied_newest(&s));
	assert_int_equal(supplied_messages(&s, "cut"), 1);
	money_work(&lab);
	assert_int_equal(supplied_newest(&s), 1);

	money_pay(&lab, s.account, 5000);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_CLOSE);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
	supplied_obey(&s, supplied_newest(&s));
	assert_int_equal(supplied_messages(&s, "restored"), 1);
	assert_int_equal(supplied_meter(&s, LAB_METER).opened, SUPPLY_NOT_OPENED);
	supplied_pass(&s, 60);
	assert_int_equal(supplied_newest(&s), 2);
}

/* From the account into the purse of its meter; below 0: used out of it. */
static enum err purse_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	static int number;
	const int64_t *fen = arg;
	struct books_post post = {.property_id = 1,
	                          .kind = *fen < 0 ? "charge" : "deliver",
	                          .who = "test",
	                          .reason = ""};
	struct fault fault;

	(void)out;
	snprintf(post.key, sizeof post.key, "purse:test:%d", ++number);
	books_add(&post, LEDGER_METER, LAB_METER, *fen);
	books_add(&post, *fen < 0 ? LEDGER_SALES : LEDGER_ACCOUNT, *fen < 0 ? 1 : s.account, -*fen);
	return books_post(tx, &post, &fault, now_ms);
}

static void purse(int64_t fen)
{
	assert_int_equal(lab_step(&lab, purse_step, &fen, false), ERR_NONE);
	money_look(&lab, s.account);
	money_work(&lab);
}

/* Terminals count purchases and know no prices: the platform looks after their purses. */
static void the_purse_of_a_meter_pays_for_its_supply(void **state)
{
	struct account_money money;

	(void)state;
	supplied_no_notice(&s);
	assert_int_equal(db_exec(lab.db, "UPDATE account_meter SET credit='meter';"
	                                 " UPDATE rating SET credit=2"),
	                 ERR_NONE);
	money_pay(&lab, s.account, 10000);
	purse(10000);
	assert_int_equal(account_money(lab.db, 1, s.account, lab.now_ms, &money), ERR_NONE);
	assert_int_equal(books_fen(money.available), 0);
	assert_int_equal(books_fen(money.in_meters), 10000);
	assert_int_equal(books_fen(money.usable), 10000);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GOOD);
	purse(-6000);
	assert_int_equal(supplied_messages(&s, "alarm-1"), 1);
	assert_int_equal(supplied_newest(&s), 0);
	purse(-4000);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_CUT);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_TRIP);
	supplied_obey(&s, supplied_newest(&s));
	money_pay(&lab, s.account, 5000); /* paid; the purse gets it when the meter says so */
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
	supplied_obey(&s, supplied_newest(&s));
	purse(5000);
	assert_int_equal(supplied_newest(&s), 2);
}

static enum err recharged_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const int64_t *order_id = arg;

	(void)out;
	return books_tell(tx, "recharged", 1, s.account, *order_id, 100, now_ms);
}

static void tell_recharge(int64_t order_id)
{
	assert_int_equal(lab_step(&lab, recharged_step, &order_id, false), ERR_NONE);
}

/* domain.md case 16 */
static void a_recharge_below_allow_close_restores_nothing(void **state)
{
	(void)state;
	supplied_cut(&s);
	assert_int_equal(
	        db_exec(lab.db, "UPDATE alarm_plan SET allow_close_fen=2000, overdraft_fen=1000"),
	        ERR_NONE);
	money_pay(&lab, s.account, 2000);
	money_work(&lab);
	assert_int_equal(supplied_newest(&s), 1);
	tell_recharge(1);
	assert_int_equal(db_exec(lab.db, "UPDATE customer SET lang='en'"), ERR_NONE);
	tell_recharge(2);
	money_pay(&lab, s.account, 1);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
	tell_recharge(3);
	assert_int_equal(supplied_messages(&s, "recharged"), 3);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE cause='order 1' AND"
	                                  " body LIKE '%" MESSAGE_STAYS_ZH "'"),
	                 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE cause='order 2' AND"
	                                  " body LIKE '%" MESSAGE_STAYS_EN "'"),
	                 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE cause='order 3' AND"
	                                  " body LIKE '%order W000000000003'"),
	                 1);
}

/* domain.md case 13 */
static void keep_power_in_arrears_then_released_then_a_trip(void **state)
{
	int64_t keep;

	(void)state;
	supplied_no_notice(&s);
	money_pay(&lab, s.account, 1000);
	keep = supplied_order(&s, LAB_METER, COMMAND_KEEP_POWER);
	money_pay(&lab, s.account, -3000);
	money_work(&lab);
	assert_int_equal(supplied_newest(&s), keep);
	supplied_obey(&s, keep);
	supplied_pass(&s, 86400);
	assert_int_equal(supplied_newest(&s), keep);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_OVERDRAFT);
	supplied_obey(&s, supplied_order(&s, LAB_METER, COMMAND_RELEASE));
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_CUT);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_TRIP);
	assert_int_not_equal(supplied_command(&s, supplied_newest(&s)).act_id, 0);
}

/* domain.md case 14, a payment while the trip is in each of its stages */
static void a_payment_overtakes_a_trip(void **state)
{
	static const uint32_t stages[] = {STAGE_QUEUED, STAGE_SENT, STAGE_RECEIVED, STAGE_EXECUTED};

	(void)state;
	supplied_no_notice(&s);
	money_pay(&lab, s.account, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		struct sent_request sent = {
		        .rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30}
                };
		struct command_row trip;
		int64_t undone;

		money_pay(&lab, s.account, -1000);
		money_work(&lab);
		trip = supplied_command(&s, supplied_newest(&s));
		assert_int_equal(trip.kind, COMMAND_TRIP);
		sent.command_id = trip.command_id;
		if (stages[i] >= STAGE_SENT)
			assert_int_equal(lab_step(&lab, command_sent_step, &sent, false), ERR_NONE);
		if (stages[i] == STAGE_RECEIVED)
			lab_result(&lab, 0,
			           (struct uplink_result){.command_id = (uint64_t)trip.command_id,
			                                  .stage = UPLINK_RECEIVED});
		if (stages[i] == STAGE_EXECUTED)
			supplied_terminal_says(&s, &trip, COMMAND_EXECUTED, REASON_NONE);
		money_pay(&lab, s.account, 1000);
		trip = supplied_command(&s, trip.command_id);
		if (stages[i] <= STAGE_SENT) {
			assert_int_equal(trip.stage, STAGE_EXPIRED);
			assert_int_equal(trip.reason_code, COMMAND_REASON_RECALLED);
		}
		assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_CLOSE);
		money_work(&lab);
		undone = supplied_newest(&s);
		assert_int_equal(undone, trip.command_id + 1);
		assert_int_equal(supplied_command(&s, undone).kind, COMMAND_CLOSE);
		/* whatever became of the trip, the last word is the close */
		supplied_obey(&s, undone);
		money_work(&lab);
		assert_int_equal(supplied_newest(&s), undone);
		assert_int_equal(supplied_messages(&s, "cut"), 0);
		/* the next round is another window of the guard */
		supplied_pass(&s, 7200);
	}
}

/* The answer of a trip that was taken back comes after the close that undid it. */
static void a_recalled_trip_that_runs_all_the_same_is_undone(void **state)
{
	struct command_row trip;

	(void)state;
	supplied_no_notice(&s);
	supplied_use_up(&s);
	money_work(&lab);
	trip = supplied_command(&s, supplied_newest(&s));
	money_pay(&lab, s.account, 1000);
	money_work(&lab);
	supplied_obey(&s, supplied_newest(&s));
	supplied_terminal_says(&s, &trip, COMMAND_EXECUTED, REASON_NONE);
	assert_int_equal(supplied_command(&s, trip.command_id).stage, STAGE_EXECUTED);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_CLOSE);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
	assert_int_equal(supplied_newest(&s), trip.command_id + 2);
}

/* ---- notice and friendly hours ---- */

static void a_cut_is_announced_and_never_made_before(void **state)
{
	int64_t at;

	(void)state;
	supplied_use_up(&s);
	assert_int_equal(supplied_messages(&s, "will-be-cut"), 1);
	at = supplied_memory(&s, s.account).memory.cut_at_s;
	assert_int_equal(at, lab.now_ms / 1000 + 86400);
	supplied_pass(&s, 86399);
	assert_int_equal(supplied_trips(&s), 0);
	supplied_pass(&s, 1);
	assert_int_equal(supplied_trips(&s), 1);
	assert_int_equal(supplied_memory(&s, s.account).announced_s, at);
}

static void calendar_until(int64_t hours)
{
	char sql[256];
	int64_t from = lab.now_ms / 60000 % 1440 + 480 - 60, to = from + 60 + hours * 60;

	assert_int_equal(db_exec(lab.db, "INSERT INTO calendar VALUES(1,1,0,'c',1,1);"
	                                 "UPDATE property SET calendar_id=1"),
	                 ERR_NONE);
	snprintf(sql, sizeof sql, "INSERT INTO calendar_window VALUES(1,1,127,%lld,%lld)",
	         (long long)from, (long long)to);
	assert_int_equal(db_exec(lab.db, sql), ERR_NONE);
}

/* domain.md case 15 */
static void friendly_hours_end_and_the_cut_follows(void **state)
{
	(void)state;
	supplied_no_notice(&s);
	calendar_until(2);
	money_pay(&lab, s.account, 1000);
	money_pay(&lab, s.account, -2000);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GRACE);
	supplied_pass(&s, 3600);
	assert_int_equal(supplied_trips(&s), 0);
	supplied_pass(&s, 3540); /* the last minute begins 20 s later */
	assert_int_equal(supplied_trips(&s), 0);
	supplied_pass(&s, 60);
	assert_int_equal(supplied_trips(&s), 1);
}

static void a_plan_without_friendly_hours_cuts_in_them(void **state)
{
	(void)state;
	supplied_no_notice(&s);
	calendar_until(2);
	assert_int_equal(db_exec(lab.db, "UPDATE alarm_plan SET friendly_hours=0"), ERR_NONE);
	money_pay(&lab, s.account, 1000);
	money_pay(&lab, s.account, -2000);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 1);
}

/* ---- several meters, reminders, retries ---- */

static void an_account_of_several_meters_is_cut_as_one(void **state)
{
	int64_t merged = money_account(&s.estate, "M", LAB_METER + 1, 2);

	(void)state;
	supplied_no_notice(&s);
	assert_int_equal(supplied_mark(&s, LAB_METER + 1, MARK_COLD, 0), ERR_NONE);
	money_pay(&lab, merged, 1000);
	money_pay(&lab, merged, -1000);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 1);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).meter, LAB_METER + 2);
	supplied_obey(&s, supplied_newest(&s));
	assert_int_equal(supplied_messages(&s, "cut"), 1);
	money_pay(&lab, merged, 1000);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
}

static void reminded_once_and_the_tenant_closes(void **state)
{
	(void)state;
	supplied_no_notice(&s);
	assert_int_equal(db_exec(lab.db, "UPDATE alarm_plan SET alarm2_trips=1"), ERR_NONE);
	money_pay(&lab, s.account, 6000);
	money_pay(&lab, s.account, -5500);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_TRIP);
	supplied_obey(&s, supplied_newest(&s));
	assert_int_equal(supplied_messages(&s, "cut"), 0);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_ALLOW_CLOSE);
	supplied_obey(&s, supplied_newest(&s));
	assert_int_equal(supplied_meter(&s, LAB_METER).opened, SUPPLY_REMINDED);
	supplied_pass(&s, 600);
	assert_int_equal(supplied_newest(&s), 2);
	money_pay(&lab, s.account, 9000);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
}

static void a_reminder_that_failed_is_not_repeated(void **state)
{
	struct command_row row;

	(void)state;
	supplied_no_notice(&s);
	assert_int_equal(db_exec(lab.db, "UPDATE alarm_plan SET alarm2_trips=1"), ERR_NONE);
	money_pay(&lab, s.account, 6000);
	money_pay(&lab, s.account, -5500);
	money_work(&lab);
	row = supplied_command(&s, supplied_newest(&s));
	lab_result(&lab, 0,
	           (struct uplink_result){.command_id = (uint64_t)row.command_id,
	                                  .stage = UPLINK_NO_ANSWER});
	/* what became of it is not known: supply is given back */
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
	supplied_obey(&s, supplied_newest(&s));
	supplied_pass(&s, 3600);
	assert_int_equal(supplied_trips(&s), 1);
}

static void what_failed_is_given_again_while_its_reason_holds(void **state)
{
	struct command_row row;

	(void)state;
	supplied_no_notice(&s);
	supplied_use_up(&s);
	money_work(&lab);
	row = supplied_command(&s, supplied_newest(&s));
	lab_result(&lab, 0,
	           (struct uplink_result){.command_id = (uint64_t)row.command_id,
	                                  .stage = UPLINK_REFUSED,
	                                  .reason = 1});
	assert_int_equal(supplied_meter(&s, LAB_METER).opened, SUPPLY_NOT_OPENED);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 1);
	supplied_pass(&s, 31);
	assert_int_equal(supplied_trips(&s), 2);
	row = supplied_command(&s, supplied_newest(&s));
	lab_result(&lab, 0,
	           (struct uplink_result){.command_id = (uint64_t)row.command_id,
	                                  .stage = UPLINK_EXPIRED});
	assert_int_equal(supplied_meter(&s, LAB_METER).opened, SUPPLY_UNSURE);
	assert_int_equal(supplied_meter(&s, LAB_METER).tries, 2);
	money_pay(&lab, s.account, 1000);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
	row = supplied_command(&s, supplied_newest(&s));
	lab_result(&lab, 0,
	           (struct uplink_result){.command_id = (uint64_t)row.command_id,
	                                  .stage = UPLINK_EXPIRED});
	supplied_pass(&s, 31);
	assert_int_equal(supplied_newest(&s), row.command_id + 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM supply_act WHERE outcome=3"), 3);
}

static void a_meter_without_key_is_wanted_on(void **state)
{
	(void)state;
	supplied_no_notice(&s);
	assert_int_equal(db_exec(lab.db, "UPDATE terminal SET key_wrapped=NULL"), ERR_NONE);
	supplied_use_up(&s);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 0);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_OPEN);
	assert_int_equal(supplied_meter(&s, LAB_METER).tries, 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM supply_act"), 0);
}

static void a_property_may_leave_closing_to_the_button(void **state)
{
	(void)state;
	supplied_cut(&s);
	supplied_rule(&s, "UPDATE supply_rules SET restore_by_button=1");
	money_pay(&lab, s.account, 5000);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_ALLOW_CLOSE);
	supplied_obey(&s, supplied_newest(&s));
	assert_int_equal(supplied_messages(&s, "restored"), 1);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_NOTHING);
}

static void an_account_that_is_not_open_wants_nothing(void **state)
{
	(void)state;
	supplied_no_notice(&s);
	supplied_use_up(&s);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_OPEN);
	assert_int_equal(db_exec(lab.db, "UPDATE account SET state=3"), ERR_NONE);
	money_look(&lab, s.account);
	assert_int_equal(supplied_meter(&s, LAB_METER).want, SUPPLY_NOTHING);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 0);
}

static void who_pays_afterwards_is_not_cut_by_a_balance(void **state)
{
	struct account_terms terms = {.property_id = 1,
	                              .from_s = 1,
	                              .kind = ACCOUNT_POSTPAID,
	                              .bill_day = 1,
	                              .due_days = 10,
	                              .by_name = "test"};

	(void)state;
	supplied_no_notice(&s);
	terms.account_id = s.account;
	assert_int_equal(account_terms_put(lab.db, &terms), ERR_NONE);
	money_pay(&lab, s.account, -50000);
	supplied_pass(&s, 60);
	assert_int_equal(supplied_trips(&s), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message"), 0);
}

/* Only where its terms say so, and only by what is overdue. */
static void an_overdue_bill_cuts_where_terms_allow_it(void **state)
{
	struct account_terms terms = {.property_id = 1,
	                              .from_s = 1,
	                              .kind = ACCOUNT_POSTPAID,
	                              .bill_day = 1,
	                              .due_days = 10,
	                              .by_name = "test"};
	struct account_bill bill = {.property_id = 1,
	                            .from_day = estate_today() - 40,
	                            .to_day = estate_today() - 10,
	                            .due_day = estate_today() - 1,
	                            .amount_fen = 5000,
	                            .made_s = 1};

	(void)state;
	supplied_no_notice(&s);
	terms.account_id = bill.account_id = s.account;
	assert_int_equal(account_terms_put(lab.db, &terms), ERR_NONE);
	money_pay(&lab, s.account, -5000);
	bill.scanned = lab_number(&lab, "SELECT max(group_no) FROM ledger_group");
	assert_int_equal(account_bill_insert(lab.db, &bill), ERR_NONE);
	supplied_pass(&s, 60);
	assert_int_equal(supplied_trips(&s), 0);
	terms.from_s = 2;
	terms.overdue_trips = true;
	assert_int_equal(account_terms_put(lab.db, &terms), ERR_NONE);
	supplied_pass(&s, 60);
	assert_int_equal(supplied_trips(&s), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM supply_act WHERE reason='bill'"),
	                 1);
	supplied_obey(&s, supplied_newest(&s));
	money_pay(&lab, s.account, 5000);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
}

/* ---- how it is done ---- */

static enum err look_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)arg;
	return supply_consider(tx, 1, s.account, false, now_ms, out);
}

/* Accounts are looked at all day: only what changes one waits for the disk, and then it is whole or not at all. */
static void a_look_that_changes_nothing_takes_no_lock(void **state)
{
	(void)state;
	supplied_use_up(&s);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GRACE);
	assert_int_equal(lab_begin_step(&lab, look_step, NULL, true), ERR_NONE);
	assert_false(lab.tx.open);
	assert_int_equal(lab_commit(&lab), ERR_NONE);
	lab_later(&lab, 86400);
	money_read(&lab, LAB_METER);
	assert_int_equal(lab_begin_step(&lab, look_step, NULL, true), ERR_NONE);
	assert_true(lab.tx.open);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_CUT);
	lab_rollback(&lab);
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GRACE);
}

#define T(name) SUPPLIED_TEST(name, &s)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(money_runs_out_and_comes_back),
	        T(the_purse_of_a_meter_pays_for_its_supply),
	        T(a_recharge_below_allow_close_restores_nothing),
	        T(keep_power_in_arrears_then_released_then_a_trip),
	        T(a_payment_overtakes_a_trip),
	        T(a_recalled_trip_that_runs_all_the_same_is_undone),
	        T(a_cut_is_announced_and_never_made_before),
	        T(friendly_hours_end_and_the_cut_follows),
	        T(a_plan_without_friendly_hours_cuts_in_them),
	        T(an_account_of_several_meters_is_cut_as_one),
	        T(reminded_once_and_the_tenant_closes),
	        T(a_reminder_that_failed_is_not_repeated),
	        T(what_failed_is_given_again_while_its_reason_holds),
	        T(a_meter_without_key_is_wanted_on),
	        T(a_property_may_leave_closing_to_the_button),
	        T(an_account_that_is_not_open_wants_nothing),
	        T(who_pays_afterwards_is_not_cut_by_a_balance),
	        T(an_overdue_bill_cuts_where_terms_allow_it),
	        T(a_look_that_changes_nothing_takes_no_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
