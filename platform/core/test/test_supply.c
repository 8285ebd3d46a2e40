/* Supply: who is warned, cut and restored, and when not; each with what a terminal would answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libs/proto/event.h"
#include "libs/proto/meter.h"
#include "platform/core/message_out.h"
#include "platform/store/account_bill.h"
#include "platform/test/money.h"

static struct lab lab;
static struct estate estate;
static uint64_t next_seq;
static int64_t account;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	estate_setup(&estate, &lab);
	next_seq = 1;
	account = money_account(&estate, "A-301", LAB_METER, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

/* ---- the world around it ---- */

static void later(int64_t seconds)
{
	lab.now_ms += seconds * 1000;
}

static void pass(int64_t seconds)
{
	later(seconds);
	for (int64_t i = 0; i < LAB_METERS; i++)
		money_read(&lab, LAB_METER + i);
	money_look(&lab, account);
	money_work(&lab);
}

static void no_notice(void)
{
	assert_int_equal(db_exec(lab.db,
	                         "INSERT INTO alarm_plan(property_id, group_id, code, cut_notice_s,"
	                         " version) VALUES(1,1,'default',0,1)"),
	                 ERR_NONE);
}

static struct supply_account memory_of(int64_t account_id)
{
	struct supply_account row;

	assert_int_equal(supply_account_get(lab.db, 1, account_id, &row), ERR_NONE);
	return row;
}

static struct supply_meter meter_of(int64_t meter)
{
	struct supply_meter row;

	assert_int_equal(supply_meter_get(lab.db, 1, meter, &row), ERR_NONE);
	return row;
}

#define messages(kind) lab_number(&lab, "SELECT count(*) FROM message WHERE kind='" kind "'")

static int64_t newest_command(void)
{
	return lab_number(&lab, "SELECT coalesce(max(command_id),0) FROM command");
}

static struct command_row command_of(int64_t command_id)
{
	struct command_row row;

	assert_int_equal(command_get(lab.db, command_id, &row), ERR_NONE);
	return row;
}

static void gateway_says(struct uplink_result result)
{
	struct lab_batch batch = {
	        .boot = 5, .seq = next_seq++, .results = &result, .result_count = 1};

	assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
}

static void terminal_says(const struct command_row *row, uint8_t outcome, uint8_t reason)
{
	struct uplink_result up = {.command_id = (uint64_t)row->command_id,
	                           .stage = UPLINK_ANSWERED,
	                           .body_len = RESULT_SIZE};
	struct result result = {
	        .counter = row->counter, .kind = row->kind, .outcome = outcome, .reason = reason};
	struct command_key key;

	lab_terminal((int)(row->meter - LAB_METER), &key);
	result_encode(&result, &key, up.body);
	gateway_says(up);
}

static uint32_t state_after(uint8_t kind)
{
	switch ((enum command_kind)kind) {
	case COMMAND_TRIP:
		return METER_FORCED_TRIP;
	case COMMAND_KEEP_POWER:
		return METER_CONTACT_CLOSED | METER_KEEP_POWER;
	case COMMAND_ALLOW_CLOSE:
		return METER_CLOSE_ALLOWED;
	case COMMAND_CLOSE:
	case COMMAND_RELEASE:
	case COMMAND_TIME:
	case COMMAND_CONFIG:
	case COMMAND_RECHARGE:
		break;
	}
	return METER_CONTACT_CLOSED;
}

static void obey(int64_t command_id)
{
	struct command_row row = command_of(command_id);

	terminal_says(&row, COMMAND_EXECUTED, REASON_NONE);
	gateway_says((struct uplink_result){.command_id = (uint64_t)command_id,
	                                    .stage = UPLINK_READ_BACK,
	                                    .state = state_after(row.kind)});
	assert_int_equal(command_of(command_id).stage, STAGE_VERIFIED);
}

static int64_t order(int64_t meter, uint8_t kind)
{
	struct command_request request = {
	        .actor = {.who = "anna", .local = true, .origin = "test", .reason = "why"},
	        .rules = {120,             3000,                        30                       },
	        .meter = meter,
	        .kind = kind
        };

	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
	return request.row.command_id;
}

static void cut(void)
{
	no_notice();
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -1000);
	money_work(&lab);
	obey(newest_command());
	assert_int_equal(meter_of(LAB_METER).opened, SUPPLY_OPENED);
}

/* ---- the ordinary way ---- */

static void money_runs_out_and_comes_back(void **state)
{
	struct supply_act act;

	(void)state;
	no_notice();
	money_pay(&lab, account, 10000);
	assert_int_equal(memory_of(account).memory.state, BALANCE_GOOD);
	money_pay(&lab, account, -6000);
	assert_int_equal(messages("alarm-1"), 1);
	money_pay(&lab, account, -3500);
	assert_int_equal(messages("alarm-2"), 1);
	money_work(&lab);
	assert_int_equal(newest_command(), 0);
	money_pay(&lab, account, -500);
	assert_int_equal(memory_of(account).memory.state, BALANCE_CUT);
	assert_int_equal(meter_of(LAB_METER).want, SUPPLY_OPEN);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_TRIP);
	assert_int_equal(supply_act_get(lab.db, 1, command_of(newest_command()).act_id, &act),
	                 ERR_NONE);
	assert_int_equal(act.command_id, newest_command());
	assert_int_equal(act.reading.at_s, lab.now_ms / 1000);
	assert_string_equal(act.reason, "balance");
	assert_int_equal(messages("cut"), 0);
	obey(newest_command());
	assert_int_equal(messages("cut"), 1);
	money_work(&lab);
	assert_int_equal(newest_command(), 1);

	money_pay(&lab, account, 5000);
	assert_int_equal(meter_of(LAB_METER).want, SUPPLY_CLOSE);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_CLOSE);
	obey(newest_command());
	assert_int_equal(messages("restored"), 1);
	assert_int_equal(meter_of(LAB_METER).opened, SUPPLY_NOT_OPENED);
	pass(60);
	assert_int_equal(newest_command(), 2);
}

/* domain.md case 16 */
static void a_recharge_below_allow_close_restores_nothing(void **state)
{
	(void)state;
	cut();
	assert_int_equal(
	        db_exec(lab.db, "UPDATE alarm_plan SET allow_close_fen=2000, overdraft_fen=1000"),
	        ERR_NONE);
	money_pay(&lab, account, 2000);
	money_work(&lab);
	assert_int_equal(newest_command(), 1);
	money_pay(&lab, account, 1);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_CLOSE);
}

/* domain.md case 13 */
static void keep_power_in_arrears_then_released_then_a_trip(void **state)
{
	int64_t keep;

	(void)state;
	no_notice();
	money_pay(&lab, account, 1000);
	keep = order(LAB_METER, COMMAND_KEEP_POWER);
	money_pay(&lab, account, -3000);
	money_work(&lab);
	assert_int_equal(newest_command(), keep);
	obey(keep);
	pass(86400);
	assert_int_equal(newest_command(), keep);
	assert_int_equal(memory_of(account).memory.state, BALANCE_OVERDRAFT);
	obey(order(LAB_METER, COMMAND_RELEASE));
	assert_int_equal(memory_of(account).memory.state, BALANCE_CUT);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_TRIP);
	assert_int_not_equal(command_of(newest_command()).act_id, 0);
}

/* domain.md case 14, a payment while the trip is in each of its stages */
static void a_payment_overtakes_a_trip(void **state)
{
	static const uint32_t stages[] = {STAGE_QUEUED, STAGE_SENT, STAGE_RECEIVED, STAGE_EXECUTED};

	(void)state;
	no_notice();
	money_pay(&lab, account, 1000);
	for (size_t i = 0; i < ARRAY_SIZE(stages); i++) {
		struct sent_request sent = {
		        .rules = {120, 3000, 30}
                };
		struct command_row trip;
		int64_t undone;

		money_pay(&lab, account, -1000);
		money_work(&lab);
		trip = command_of(newest_command());
		assert_int_equal(trip.kind, COMMAND_TRIP);
		sent.command_id = trip.command_id;
		if (stages[i] >= STAGE_SENT)
			assert_int_equal(lab_step(&lab, command_sent_step, &sent, false), ERR_NONE);
		if (stages[i] == STAGE_RECEIVED)
			gateway_says((struct uplink_result){.command_id = (uint64_t)trip.command_id,
			                                    .stage = UPLINK_RECEIVED});
		if (stages[i] == STAGE_EXECUTED)
			terminal_says(&trip, COMMAND_EXECUTED, REASON_NONE);
		money_pay(&lab, account, 1000);
		trip = command_of(trip.command_id);
		if (stages[i] <= STAGE_SENT) {
			assert_int_equal(trip.stage, STAGE_EXPIRED);
			assert_int_equal(trip.reason_code, COMMAND_REASON_RECALLED);
		}
		assert_int_equal(meter_of(LAB_METER).want, SUPPLY_CLOSE);
		money_work(&lab);
		undone = newest_command();
		assert_int_equal(undone, trip.command_id + 1);
		assert_int_equal(command_of(undone).kind, COMMAND_CLOSE);
		/* whatever became of the trip, the last word is the close */
		obey(undone);
		money_work(&lab);
		assert_int_equal(newest_command(), undone);
		assert_int_equal(messages("cut"), 0);
		/* the next round is another window of the guard */
		pass(7200);
	}
}

/* The answer of a trip that was taken back comes after the close that undid it. */
static void a_recalled_trip_that_runs_all_the_same_is_undone(void **state)
{
	struct command_row trip;

	(void)state;
	no_notice();
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -1000);
	money_work(&lab);
	trip = command_of(newest_command());
	money_pay(&lab, account, 1000);
	money_work(&lab);
	obey(newest_command());
	terminal_says(&trip, COMMAND_EXECUTED, REASON_NONE);
	assert_int_equal(command_of(trip.command_id).stage, STAGE_EXECUTED);
	assert_int_equal(meter_of(LAB_METER).want, SUPPLY_CLOSE);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_CLOSE);
	assert_int_equal(newest_command(), trip.command_id + 2);
}

static void rule(const char *assignments_sql)
{
	assert_int_equal(db_exec(lab.db, "INSERT INTO supply_rules(property_id, incident_ms,"
	                                 " incident_by, incident_reason, version)"
	                                 " VALUES(1,0,'','',1) ON CONFLICT DO NOTHING"),
	                 ERR_NONE);
	assert_int_equal(db_exec(lab.db, assignments_sql), ERR_NONE);
}

static int64_t trips(void)
{
	return lab_number(&lab, "SELECT count(*) FROM command WHERE kind=1");
}

static int64_t waiting(void)
{
	return lab_number(&lab, "SELECT count(*) FROM supply_held WHERE state=1");
}

/* ---- notice and friendly hours ---- */

static void a_cut_is_announced_and_never_made_before(void **state)
{
	int64_t at;

	(void)state;
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -1000);
	assert_int_equal(messages("will-be-cut"), 1);
	at = memory_of(account).memory.cut_at_s;
	assert_int_equal(at, lab.now_ms / 1000 + 86400);
	pass(86399);
	assert_int_equal(trips(), 0);
	pass(1);
	assert_int_equal(trips(), 1);
	assert_int_equal(memory_of(account).announced_s, at);
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
	no_notice();
	calendar_until(2);
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -2000);
	assert_int_equal(memory_of(account).memory.state, BALANCE_GRACE);
	pass(3600);
	assert_int_equal(trips(), 0);
	pass(3700);
	assert_int_equal(trips(), 1);
}

static void a_plan_without_friendly_hours_cuts_in_them(void **state)
{
	(void)state;
	no_notice();
	calendar_until(2);
	assert_int_equal(db_exec(lab.db, "UPDATE alarm_plan SET friendly_hours=0"), ERR_NONE);
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -2000);
	money_work(&lab);
	assert_int_equal(trips(), 1);
}

/* ---- old data and wrong clocks ---- */

/* reliability.md T4, second half, and I16 */
static void nothing_is_opened_by_old_or_doubted_data(void **state)
{
	(void)state;
	no_notice();
	money_pay(&lab, account, 1000);
	later(7201);
	money_pay(&lab, account, -1000);
	money_work(&lab);
	assert_int_equal(trips(), 0);
	assert_true(memory_of(account).waits);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=150"), 1);
	money_look(&lab, account);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=150"), 1);
	/* a reading that was not believed is none */
	money_read(&lab, LAB_METER);
	assert_int_equal(db_exec(lab.db, "UPDATE rating SET fault=1"), ERR_NONE);
	money_look(&lab, account);
	money_work(&lab);
	assert_int_equal(trips(), 0);
	assert_int_equal(db_exec(lab.db, "UPDATE rating SET fault=0"), ERR_NONE);
	money_look(&lab, account);
	money_work(&lab);
	assert_int_equal(trips(), 1);
	assert_false(memory_of(account).waits);
}

/* Between the decision and the command the reading grew old: it is asked again. */
static void what_was_wanted_is_not_given_by_old_data(void **state)
{
	(void)state;
	no_notice();
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -1000);
	assert_int_equal(meter_of(LAB_METER).want, SUPPLY_OPEN);
	later(7201);
	money_work(&lab);
	assert_int_equal(trips(), 0);
	assert_int_equal(meter_of(LAB_METER).want, SUPPLY_OPEN);
	money_read(&lab, LAB_METER);
	later(60);
	money_work(&lab);
	assert_int_equal(trips(), 1);
}

/* reliability.md F1 */
static void a_clock_in_doubt_opens_nothing(void **state)
{
	struct supply_work work = {
	        .rules = {120, 3000, 30},
                  .hold = true
        };

	(void)state;
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -1000);
	later(86400);
	money_read(&lab, LAB_METER);
	assert_int_equal(lab_step(&lab, supply_work_step, &work, true), ERR_NONE);
	assert_int_equal(memory_of(account).memory.state, BALANCE_GRACE);
	work.hold = false;
	work.clock_disputed_ms = lab.now_ms;
	assert_int_equal(lab_step(&lab, supply_work_step, &work, true), ERR_NONE);
	assert_int_equal(trips(), 0);
	work.clock_disputed_ms = 0;
	assert_int_equal(lab_step(&lab, supply_work_step, &work, true), ERR_NONE);
	assert_int_equal(trips(), 1);
	/* ten years ahead and ten behind: the readings are of another time */
	money_pay(&lab, account, 2000);
	money_work(&lab);
	obey(newest_command());
	later(315360000);
	money_pay(&lab, account, -3000);
	money_work(&lab);
	assert_int_equal(trips(), 1);
	later(-2 * INT64_C(315360000));
	money_look(&lab, account);
	money_work(&lab);
	assert_int_equal(trips(), 1);
}

/* ---- marks and modes ---- */

static enum err try_mark(int64_t meter, enum supply_mark mark, int64_t version)
{
	struct supply_mark_edit edit = {.actor = estate.chief,
	                                .property_id = 1,
	                                .meter = meter,
	                                .mark = mark,
	                                .version = version};

	return lab_step(&lab, supply_mark_step, &edit, false);
}

static void a_marked_meter_is_cut_by_nobody(void **state)
{
	struct command_request request = {
	        .actor = {.who = "anna", .local = true, .origin = "test", .reason = "why"},
	        .rules = {120,             3000,                        30                       },
	        .meter = LAB_METER,
	        .kind = COMMAND_TRIP
        };

	(void)state;
	no_notice();
	assert_int_equal(try_mark(LAB_METER, MARK_FIRE, 1), ERR_CONFLICT);
	assert_int_equal(try_mark(LAB_METER, MARK_FIRE, 0), ERR_NONE);
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -5000);
	pass(3600);
	assert_int_equal(trips(), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=151"), 1);
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_CLOSED);
	assert_int_equal(try_mark(LAB_METER, MARK_NONE, 1), ERR_NONE);
	money_work(&lab);
	assert_int_equal(trips(), 1);
	/* and the mark brings back what is cut */
	obey(newest_command());
	assert_int_equal(try_mark(LAB_METER, MARK_MEDICAL, 2), ERR_NONE);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_CLOSE);
}

static void marks_need_a_right_and_a_reason(void **state)
{
	struct actor clerk = staff_with(&lab, "clerk", P(PROPERTY_READ), 1, 1, 0);
	struct supply_mark_edit edit = {
	        .actor = clerk, .property_id = 1, .meter = LAB_METER, .mark = MARK_COLD};

	(void)state;
	assert_int_equal(lab_step(&lab, supply_mark_step, &edit, false), ERR_FORBIDDEN);
	edit.actor = estate.chief;
	edit.actor.reason[0] = '\0';
	assert_int_equal(lab_step(&lab, supply_mark_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "reason");
	edit.meter = 1;
	edit.actor = estate.chief;
	assert_int_equal(lab_step(&lab, supply_mark_step, &edit, false), ERR_NOT_FOUND);
}

static void keep_power_ends_at_its_time(void **state)
{
	struct command_request request = {
	        .actor = {.who = "anna", .local = true, .origin = "test", .reason = "why"},
	        .rules = {120,             3000,                        30                       },
	        .meter = LAB_METER,
	        .kind = COMMAND_KEEP_POWER,
	        .until_s = lab.now_ms / 1000 + 7200
        };

	(void)state;
	cut();
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
	obey(request.row.command_id);
	assert_int_equal(meter_of(LAB_METER).opened, SUPPLY_NOT_OPENED);
	pass(3600);
	assert_int_equal(trips(), 1);
	pass(3601);
	assert_int_equal(meter_of(LAB_METER).mode, SUPPLY_PREPAID);
	assert_int_equal(trips(), 2);
}

static void a_forced_trip_is_a_persons(void **state)
{
	int64_t trip;

	(void)state;
	cut();
	trip = order(LAB_METER, COMMAND_TRIP);
	money_pay(&lab, account, 9000);
	money_work(&lab);
	assert_int_equal(newest_command(), trip);
	obey(trip);
	money_pay(&lab, account, 1000);
	pass(60);
	assert_int_equal(newest_command(), trip);
	assert_int_equal(meter_of(LAB_METER).mode, SUPPLY_FORCED_TRIP);
	obey(order(LAB_METER, COMMAND_RELEASE));
	assert_int_equal(meter_of(LAB_METER).mode, SUPPLY_PREPAID);
	pass(60);
	assert_int_equal(newest_command(), trip + 1);
}

static void a_forced_trip_that_failed_forces_nothing(void **state)
{
	struct command_row row;

	(void)state;
	cut();
	row = command_of(order(LAB_METER, COMMAND_TRIP));
	money_pay(&lab, account, 9000);
	terminal_says(&row, COMMAND_FAILED, REASON_CONTACT);
	assert_int_equal(meter_of(LAB_METER).mode, SUPPLY_PREPAID);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_CLOSE);
}

static void a_trip_under_keep_power_changes_no_mode(void **state)
{
	struct command_row row;

	(void)state;
	obey(order(LAB_METER, COMMAND_KEEP_POWER));
	row = command_of(order(LAB_METER, COMMAND_TRIP));
	terminal_says(&row, COMMAND_REFUSED, REASON_KEEP_POWER);
	assert_int_equal(meter_of(LAB_METER).mode, SUPPLY_KEEP_POWER);
}

static void the_terminals_keep_power_is_believed(void **state)
{
	struct command_row row;

	(void)state;
	no_notice();
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -1000);
	money_work(&lab);
	row = command_of(newest_command());
	terminal_says(&row, COMMAND_REFUSED, REASON_KEEP_POWER);
	assert_int_equal(meter_of(LAB_METER).mode, SUPPLY_KEEP_POWER);
	pass(3600);
	assert_int_equal(trips(), 1);
}

static void supply_given_back_by_hand_gets_a_new_notice(void **state)
{
	(void)state;
	cut();
	obey(order(LAB_METER, COMMAND_CLOSE));
	assert_int_equal(memory_of(account).memory.state, BALANCE_GRACE);
	assert_int_equal(messages("will-be-cut"), 1);
	pass(86000);
	assert_int_equal(trips(), 1);
	pass(500);
	assert_int_equal(trips(), 2);
}

/* ---- several meters, reminders, retries ---- */

static void an_account_of_several_meters_is_cut_as_one(void **state)
{
	int64_t merged = money_account(&estate, "M", LAB_METER + 1, 2);

	(void)state;
	no_notice();
	assert_int_equal(try_mark(LAB_METER + 1, MARK_COLD, 0), ERR_NONE);
	money_pay(&lab, merged, 1000);
	money_pay(&lab, merged, -1000);
	money_work(&lab);
	assert_int_equal(trips(), 1);
	assert_int_equal(command_of(newest_command()).meter, LAB_METER + 2);
	obey(newest_command());
	assert_int_equal(messages("cut"), 1);
	money_pay(&lab, merged, 1000);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_CLOSE);
}

static void reminded_once_and_the_tenant_closes(void **state)
{
	(void)state;
	no_notice();
	assert_int_equal(db_exec(lab.db, "UPDATE alarm_plan SET alarm2_trips=1"), ERR_NONE);
	money_pay(&lab, account, 6000);
	money_pay(&lab, account, -5500);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_TRIP);
	obey(newest_command());
	assert_int_equal(messages("cut"), 0);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_ALLOW_CLOSE);
	obey(newest_command());
	assert_int_equal(meter_of(LAB_METER).opened, SUPPLY_REMINDED);
	pass(600);
	assert_int_equal(newest_command(), 2);
	money_pay(&lab, account, 9000);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_CLOSE);
}

static void a_reminder_that_failed_is_not_repeated(void **state)
{
	struct command_row row;

	(void)state;
	no_notice();
	assert_int_equal(db_exec(lab.db, "UPDATE alarm_plan SET alarm2_trips=1"), ERR_NONE);
	money_pay(&lab, account, 6000);
	money_pay(&lab, account, -5500);
	money_work(&lab);
	row = command_of(newest_command());
	gateway_says((struct uplink_result){.command_id = (uint64_t)row.command_id,
	                                    .stage = UPLINK_NO_ANSWER});
	/* what became of it is not known: supply is given back */
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_CLOSE);
	obey(newest_command());
	pass(3600);
	assert_int_equal(trips(), 1);
}

static void what_failed_is_given_again_while_its_reason_holds(void **state)
{
	struct command_row row;

	(void)state;
	no_notice();
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -1000);
	money_work(&lab);
	row = command_of(newest_command());
	gateway_says((struct uplink_result){
	        .command_id = (uint64_t)row.command_id, .stage = UPLINK_REFUSED, .reason = 1});
	assert_int_equal(meter_of(LAB_METER).opened, SUPPLY_NOT_OPENED);
	money_work(&lab);
	assert_int_equal(trips(), 1);
	pass(31);
	assert_int_equal(trips(), 2);
	row = command_of(newest_command());
	gateway_says((struct uplink_result){.command_id = (uint64_t)row.command_id,
	                                    .stage = UPLINK_EXPIRED});
	assert_int_equal(meter_of(LAB_METER).opened, SUPPLY_UNSURE);
	assert_int_equal(meter_of(LAB_METER).tries, 2);
	money_pay(&lab, account, 1000);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_CLOSE);
	row = command_of(newest_command());
	gateway_says((struct uplink_result){.command_id = (uint64_t)row.command_id,
	                                    .stage = UPLINK_EXPIRED});
	pass(31);
	assert_int_equal(newest_command(), row.command_id + 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM supply_act WHERE outcome=3"), 3);
}

static void a_meter_without_key_is_wanted_on(void **state)
{
	(void)state;
	no_notice();
	assert_int_equal(db_exec(lab.db, "UPDATE terminal SET key_wrapped=NULL"), ERR_NONE);
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -1000);
	money_work(&lab);
	assert_int_equal(trips(), 0);
	assert_int_equal(meter_of(LAB_METER).want, SUPPLY_OPEN);
	assert_int_equal(meter_of(LAB_METER).tries, 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM supply_act"), 0);
}

static void a_property_may_leave_closing_to_the_button(void **state)
{
	(void)state;
	cut();
	rule("UPDATE supply_rules SET restore_by_button=1");
	money_pay(&lab, account, 5000);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_ALLOW_CLOSE);
	obey(newest_command());
	assert_int_equal(messages("restored"), 1);
	assert_int_equal(meter_of(LAB_METER).want, SUPPLY_NOTHING);
}

static void an_account_that_is_not_open_wants_nothing(void **state)
{
	(void)state;
	no_notice();
	money_pay(&lab, account, 1000);
	money_pay(&lab, account, -1000);
	assert_int_equal(meter_of(LAB_METER).want, SUPPLY_OPEN);
	assert_int_equal(db_exec(lab.db, "UPDATE account SET state=3"), ERR_NONE);
	money_look(&lab, account);
	assert_int_equal(meter_of(LAB_METER).want, SUPPLY_NOTHING);
	money_work(&lab);
	assert_int_equal(trips(), 0);
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
	no_notice();
	terms.account_id = account;
	assert_int_equal(account_terms_put(lab.db, &terms), ERR_NONE);
	money_pay(&lab, account, -50000);
	pass(60);
	assert_int_equal(trips(), 0);
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
	no_notice();
	terms.account_id = bill.account_id = account;
	assert_int_equal(account_terms_put(lab.db, &terms), ERR_NONE);
	money_pay(&lab, account, -5000);
	bill.scanned = lab_number(&lab, "SELECT max(group_no) FROM ledger_group");
	assert_int_equal(account_bill_insert(lab.db, &bill), ERR_NONE);
	pass(60);
	assert_int_equal(trips(), 0);
	terms.from_s = 2;
	terms.overdue_trips = true;
	assert_int_equal(account_terms_put(lab.db, &terms), ERR_NONE);
	pass(60);
	assert_int_equal(trips(), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM supply_act WHERE reason='bill'"),
	                 1);
	obey(newest_command());
	money_pay(&lab, account, 5000);
	money_work(&lab);
	assert_int_equal(command_of(newest_command()).kind, COMMAND_CLOSE);
}

/* ---- the guard ---- */

static int64_t accounts[LAB_METERS];

static void everybody_owes(void)
{
	no_notice();
	accounts[0] = account;
	for (int64_t i = 1; i < LAB_METERS; i++) {
		char code[8];

		snprintf(code, sizeof code, "B%d", (int)i);
		accounts[i] = money_account(&estate, code, LAB_METER + i, 1);
	}
	for (size_t i = 0; i < LAB_METERS; i++) {
		money_pay(&lab, accounts[i], 1000);
		money_pay(&lab, accounts[i], -1000);
	}
}

static struct actor boss(const char *name)
{
	return staff_with(&lab, name,
	                  P(SUPPLY_WRITE) | P(APPROVAL_DECIDE) | P(PROPERTY_READ) |
	                          P(METER_COMMAND),
	                  1, 1, 0);
}

static enum err agree(const struct actor *actor, int64_t approval_id)
{
	struct approval_decision decision = {.actor = *actor, .approval_id = approval_id};
	struct stmt *st = db_query(lab.db, "SELECT hash FROM approval WHERE approval_id=?");

	bind_i64(st, approval_id);
	assert_true(stmt_row(st));
	col_text_to(st, decision.hash, sizeof decision.hash);
	assert_int_equal(stmt_end(st), ERR_NONE);
	return lab_step(&lab, approval_decide_step, &decision, false);
}

/* reliability.md T3, I17: automatic openings */
static void openings_above_the_limit_wait_for_two_persons(void **state)
{
	struct actor anna = boss("anna"), berta = boss("berta");
	struct supply_release release = {.actor = anna, .property_id = 1};

	(void)state;
	rule("UPDATE supply_rules SET guard_count=2");
	everybody_owes();
	money_work(&lab);
	assert_int_equal(trips(), 2);
	assert_int_equal(waiting(), 2);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=152"), 1);
	/* not by waiting until the window is over */
	pass(7000);
	assert_int_equal(trips(), 2);
	/* who pays needs nobody */
	money_pay(&lab, accounts[3], 5000);
	assert_int_equal(waiting(), 1);
	assert_int_equal(lab_step(&lab, supply_release_step, &release, false), ERR_NONE);
	assert_int_equal(release.touched, 1);
	money_work(&lab);
	assert_int_equal(trips(), 2);
	assert_int_equal(agree(&anna, release.approval_id), ERR_FORBIDDEN);
	assert_int_equal(agree(&berta, release.approval_id), ERR_NONE);
	money_work(&lab);
	assert_int_equal(trips(), 3);
	assert_int_equal(waiting(), 0);
}

/* Persons, the API and the CLI: one by one. */
static void orders_above_the_limit_wait_too(void **state)
{
	struct actor anna = boss("anna"), berta = boss("berta");
	struct command_request request = {
	        .actor = anna, .rules = {120, 3000, 30}
        };
	struct supply_release release = {.actor = berta, .property_id = 1};
	struct supply_drop drop = {.actor = berta, .property_id = 1};

	(void)state;
	rule("UPDATE supply_rules SET guard_count=1");
	request.kind = COMMAND_TRIP;
	request.meter = LAB_METER;
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
	/* the same one again is no other */
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
	request.meter = LAB_METER + 1;
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_FULL);
	assert_int_equal(lab_step(&lab, command_hold_step, &request, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, command_hold_step, &request, false), ERR_NONE);
	assert_int_equal(waiting(), 1);
	request.actor = (struct actor){.who = "cli:root", .local = true, .reason = "x"};
	request.meter = LAB_METER + 2;
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_FULL);
	request.may_wait = true;
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
	assert_int_equal(waiting(), 2);
	/* closing is held by nothing */
	order(LAB_METER + 3, COMMAND_CLOSE);
	drop.held_id = request.held_id;
	assert_int_equal(lab_step(&lab, supply_drop_step, &drop, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, supply_drop_step, &drop, false), ERR_REFUSED);
	assert_int_equal(lab_step(&lab, supply_release_step, &release, false), ERR_NONE);
	assert_int_equal(agree(&anna, release.approval_id), ERR_NONE);
	assert_int_equal(trips(), 3);
	assert_int_equal(command_of(newest_command()).meter, LAB_METER + 1);
	assert_string_equal(command_of(newest_command()).by_name, "anna");
	assert_int_equal(waiting(), 0);
	assert_int_equal(lab_step(&lab, supply_release_step, &release, false), ERR_REFUSED);
}

/* ---- incidents ---- */

static void the_switch_stops_what_is_under_way(void **state)
{
	struct supply_incident incident = {.actor = estate.chief, .property_id = 1, .on = true};

	(void)state;
	everybody_owes();
	money_work(&lab);
	assert_int_equal(trips(), LAB_METERS);
	obey(newest_command()); /* one has happened already */
	assert_int_equal(lab_step(&lab, supply_incident_step, &incident, false), ERR_NONE);
	assert_int_equal(incident.recalled, LAB_METERS - 1);
	assert_int_equal(lab_step(&lab, supply_incident_step, &incident, false), ERR_REFUSED);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM command WHERE reason_code=70"),
	                 LAB_METERS - 1);
	for (int i = 0; i < 2; i++) {
		later(6);
		money_work(&lab);
	}
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM command WHERE kind=3"),
	                 LAB_METERS - 1);
	obey(newest_command());
	later(3600);
	money_work(&lab);
	assert_int_equal(trips(), LAB_METERS);
	/* when it is over, what still has its reason is given */
	incident.on = false;
	assert_int_equal(lab_step(&lab, supply_incident_step, &incident, false), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind IN (153,154)"), 2);
	for (int64_t i = 0; i < LAB_METERS; i++)
		money_read(&lab, LAB_METER + i);
	later(60);
	money_work(&lab);
	assert_true(trips() > LAB_METERS);
}

static void everyone_who_was_cut_is_restored(void **state)
{
	struct supply_restore restore = {.actor = estate.chief, .property_id = 1};
	int64_t before, last;

	(void)state;
	rule("UPDATE supply_rules SET spread_s=100");
	everybody_owes();
	money_work(&lab);
	for (int64_t id = 1; id <= LAB_METERS; id++)
		obey(id);
	obey(order(LAB_METER + 3, COMMAND_TRIP)); /* a person's stays */
	restore.since_ms = lab.now_ms + 1;
	assert_int_equal(lab_step(&lab, supply_restore_step, &restore, false), ERR_BAD_INPUT);
	restore.since_ms = lab.now_ms - 1000;
	assert_int_equal(lab_step(&lab, supply_restore_step, &restore, false), ERR_NONE);
	assert_int_equal(restore.meters, LAB_METERS - 1);
	before = newest_command();
	for (int i = 0; i < 100; i++) {
		later(1);
		money_work(&lab);
	}
	last = newest_command();
	assert_int_equal(last, before + LAB_METERS - 1);
	for (int64_t id = before + 1; id <= last; id++) {
		assert_int_equal(command_of(id).kind, COMMAND_CLOSE);
		obey(id);
	}
	assert_true(command_of(last).created_ms - command_of(before + 1).created_ms > 1000);
	/* nobody is cut again at once */
	pass(7200);
	assert_int_equal(newest_command(), last);
	assert_int_equal(memory_of(account).memory.state, BALANCE_GRACE);
}

/* ---- rules ---- */

static void rules_have_limits_and_versions(void **state)
{
	struct supply_rules_edit edit = {.actor = estate.chief, .property_id = 1};

	(void)state;
	edit.has[SUPPLY_GUARD_PERCENT] = edit.set[SUPPLY_GUARD_PERCENT] = true;
	edit.value[SUPPLY_GUARD_PERCENT] = 101;
	assert_int_equal(lab_step(&lab, supply_rules_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "guard_percent");
	edit.value[SUPPLY_GUARD_PERCENT] = 25;
	assert_int_equal(lab_step(&lab, supply_rules_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.rules.version, 1);
	assert_int_equal(edit.rules.value[SUPPLY_GUARD_PERCENT], 25);
	assert_int_equal(lab_step(&lab, supply_rules_step, &edit, false), ERR_CONFLICT);
	edit.version = 1;
	edit.set[SUPPLY_GUARD_PERCENT] = false;
	assert_int_equal(lab_step(&lab, supply_rules_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.rules.value[SUPPLY_GUARD_PERCENT], 10);
}

/* ---- what is shown ---- */

static bool take_use(void *arg, const struct supply_use *use)
{
	*(struct supply_use *)arg = *use;
	return false;
}

static enum room_state room(void)
{
	struct supply_use use;

	assert_int_equal(supply_uses(lab.db, 1, LAB_METER, 0, take_use, &use), ERR_NONE);
	return room_state_of(&use, lab.now_ms / 1000);
}

static void rooms_say_what_they_are(void **state)
{
	(void)state;
	assert_int_equal(room(), ROOM_OPEN);
	money_pay(&lab, account, 6000);
	money_pay(&lab, account, -2000);
	assert_int_equal(room(), ROOM_ALARM1);
	money_pay(&lab, account, -3500);
	assert_int_equal(room(), ROOM_ALARM2);
	money_pay(&lab, account, -500);
	assert_int_equal(room(), ROOM_GRACE);
	assert_int_equal(db_exec(lab.db, "INSERT INTO reading_missed VALUES(1,330100000001,1)"),
	                 ERR_NONE);
	assert_int_equal(room(), ROOM_LOST);
	assert_int_equal(db_exec(lab.db, "DELETE FROM reading_missed"), ERR_NONE);
	pass(86400);
	assert_int_equal(room(), ROOM_OVERDRAFT);
	obey(newest_command());
	assert_int_equal(room(), ROOM_CUT);
	obey(order(LAB_METER, COMMAND_KEEP_POWER));
	assert_int_equal(room(), ROOM_KEEP_POWER);
	obey(order(LAB_METER, COMMAND_RELEASE));
	obey(order(LAB_METER, COMMAND_TRIP));
	assert_int_equal(room(), ROOM_FORCED_TRIP);
	obey(order(LAB_METER, COMMAND_RELEASE));
	assert_int_equal(db_exec(lab.db, "UPDATE account SET state=3"), ERR_NONE);
	assert_int_equal(room(), ROOM_SUSPENDED);
	assert_int_equal(db_exec(lab.db, "UPDATE account SET state=5"), ERR_NONE);
	assert_int_equal(room(), ROOM_NOT_OPENED);
	for (unsigned i = 0; i < ROOM_STATES; i++) {
		enum room_state found;

		assert_true(room_state_parse(room_state_word((enum room_state)i), &found));
		assert_int_equal(found, i);
	}
}

static void messages_wait_for_the_morning(void **state)
{
	struct message_send send;

	(void)state;
	/* 11:13 in China; eleven hours and a half later it is quiet */
	later(41400);
	money_read(&lab, LAB_METER);
	money_pay(&lab, account, 6000);
	money_pay(&lab, account, -5500);
	assert_int_equal(messages("alarm-2"), 1);
	money_pay(&lab, account, -500);
	assert_int_equal(messages("will-be-cut"), 1);
	assert_int_equal(lab_step(&lab, message_send_step, &send, true), ERR_NONE);
	assert_int_equal(send.sent, 1); /* who will be cut must know */
	later(36000);
	assert_int_equal(lab_step(&lab, message_send_step, &send, true), ERR_NONE);
	assert_int_equal(send.sent, 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE state=2"), 2);
}

static void a_message_is_sent_again_on_request(void **state)
{
	struct message_resend resend = {.actor = estate.chief, .property_id = 1, .message_id = 1};

	(void)state;
	money_pay(&lab, account, 4000);
	assert_int_equal(messages("alarm-1"), 1);
	assert_int_equal(lab_step(&lab, message_resend_step, &resend, false), ERR_NONE);
	assert_int_equal(resend.new_id, 2);
	assert_int_equal(messages("alarm-1"), 2);
	assert_int_equal(message_forget(lab.db, 1, 1), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM message WHERE body=''"), 2);
	later(1);
	assert_int_equal(lab_step(&lab, message_resend_step, &resend, false), ERR_REFUSED);
	resend.message_id = 99;
	assert_int_equal(lab_step(&lab, message_resend_step, &resend, false), ERR_NOT_FOUND);
}

static void told_once_an_episode(void **state)
{
	(void)state;
	money_pay(&lab, account, 6000);
	money_pay(&lab, account, -1001);
	money_pay(&lab, account, -1);
	assert_int_equal(messages("alarm-1"), 1);
	money_pay(&lab, account, 9000);
	money_pay(&lab, account, -9000);
	assert_int_equal(messages("alarm-1"), 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(money_runs_out_and_comes_back),
	        T(a_recharge_below_allow_close_restores_nothing),
	        T(keep_power_in_arrears_then_released_then_a_trip),
	        T(a_payment_overtakes_a_trip),
	        T(a_recalled_trip_that_runs_all_the_same_is_undone),
	        T(a_cut_is_announced_and_never_made_before),
	        T(friendly_hours_end_and_the_cut_follows),
	        T(a_plan_without_friendly_hours_cuts_in_them),
	        T(nothing_is_opened_by_old_or_doubted_data),
	        T(what_was_wanted_is_not_given_by_old_data),
	        T(a_clock_in_doubt_opens_nothing),
	        T(a_marked_meter_is_cut_by_nobody),
	        T(marks_need_a_right_and_a_reason),
	        T(keep_power_ends_at_its_time),
	        T(a_forced_trip_is_a_persons),
	        T(a_forced_trip_that_failed_forces_nothing),
	        T(a_trip_under_keep_power_changes_no_mode),
	        T(the_terminals_keep_power_is_believed),
	        T(supply_given_back_by_hand_gets_a_new_notice),
	        T(an_account_of_several_meters_is_cut_as_one),
	        T(reminded_once_and_the_tenant_closes),
	        T(a_reminder_that_failed_is_not_repeated),
	        T(what_failed_is_given_again_while_its_reason_holds),
	        T(a_meter_without_key_is_wanted_on),
	        T(a_property_may_leave_closing_to_the_button),
	        T(an_account_that_is_not_open_wants_nothing),
	        T(who_pays_afterwards_is_not_cut_by_a_balance),
	        T(an_overdue_bill_cuts_where_terms_allow_it),
	        T(openings_above_the_limit_wait_for_two_persons),
	        T(orders_above_the_limit_wait_too),
	        T(the_switch_stops_what_is_under_way),
	        T(everyone_who_was_cut_is_restored),
	        T(rules_have_limits_and_versions),
	        T(rooms_say_what_they_are),
	        T(messages_wait_for_the_morning),
	        T(a_message_is_sent_again_on_request),
	        T(told_once_an_episode),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
