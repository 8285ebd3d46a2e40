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

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(money_runs_out_and_comes_back, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_recharge_below_allow_close_restores_nothing,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(keep_power_in_arrears_then_released_then_a_trip,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(a_payment_overtakes_a_trip, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_recalled_trip_that_runs_all_the_same_is_undone,
	                                        setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
