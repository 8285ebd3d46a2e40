/* Who may set the terminal's clock, and what a wrong clock elsewhere does to it: case F1. */
#include "firmware/app/test/rig.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define ADDRESS   5
#define NOW_MS    (RIG_TIME_S * UINT64_C(1000))
#define TEN_YEARS 315576000u

static struct rig rig;
static struct gate gate;

static int start(void **state)
{
	(void)state;
	rig_init(&rig, 21);
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	return 0;
}

static const struct wallclock *wallclock(void)
{
	return &rig.terminal.clock;
}

static bool clock_set(void)
{
	return control_state(&rig.terminal.control) & METER_CLOCK_SET;
}

/* ---- bus time ---- */

static void hear_time(uint64_t unix_ms)
{
	struct can_msg msg;

	can_time_encode(unix_ms, &msg);
	rig_hear(&rig, &msg);
}

static uint64_t own_ms(void)
{
	return wallclock()->uptime_ms + (uint64_t)wallclock()->offset_ms;
}

static void bus_time_never_sets_a_clock(void **state)
{
	(void)state;
	assert_true(gate_run(&gate, 2500));
	hear_time(NOW_MS);
	assert_int_equal(wallclock_s(wallclock()), 0);
	assert_false(control_state(&rig.terminal.control) & METER_CLOCK_SET);
}

static void bus_time_slews_at_200_ppm(void **state)
{
	uint64_t before;

	(void)state;
	assert_true(gate_meet(&gate, NOW_MS));
	before = own_ms();
	hear_time(before + 3000);
	assert_true(rig_run(&rig, 1000000));
	assert_in_range(own_ms() - before, 1000000 + 198, 1000000 + 201);
	before = own_ms();
	hear_time(before - 3000);
	assert_true(rig_run(&rig, 1000000));
	assert_in_range(own_ms() - before, 1000000 - 201, 1000000 - 198);
	/* And stops when it is there. */
	before = own_ms();
	hear_time(before + 10);
	assert_true(rig_run(&rig, 1000000));
	assert_int_equal(own_ms() - before, 1000010);
}

static void clock_jumps_of_others_change_nothing(void **state)
{
	static const int64_t years_ms[] = {10, -10, 70, -26};
	uint64_t before;

	(void)state;
	assert_true(gate_meet(&gate, NOW_MS));
	for (unsigned i = 0; i < ARRAY_SIZE(years_ms); i++) {
		for (unsigned k = 0; k < 60; k++) {
			before = own_ms();
			hear_time((uint64_t)((int64_t)NOW_MS + years_ms[i] * INT64_C(31557600000)));
			assert_true(rig_run(&rig, 1000));
			assert_in_range(own_ms() - before, 990, 1010); /* a tick more or less */
		}
		/* It asks for signed time, and goes on obeying by its own. */
		assert_false(control_state(&rig.terminal.control) & METER_CLOCK_SET);
		hear_time(own_ms());
		assert_true(control_state(&rig.terminal.control) & METER_CLOCK_SET);
	}
	hear_time(0);
	hear_time(UINT64_MAX);
	assert_true(control_state(&rig.terminal.control) & METER_CLOCK_SET);
	rig.sent_n = gate.seen = 0;
	assert_true(gate_order(&gate, 2, COMMAND_TRIP));
	assert_int_equal(gate_result(&gate).outcome, COMMAND_EXECUTED);
}

/* ---- signed time ---- */

static void signed_time_has_its_limits(void **state)
{
	struct command_args args = {.unix_ms = NOW_MS};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len;

	(void)state;
	assert_true(gate_meet(&gate, NOW_MS));
	/* Another boot; an echo from the future; one that is too old; below the newest issue time. */
	for (unsigned i = 0; i < 4; i++) {
		uint32_t uptime_s;

		assert_true(rig_run(&rig, 20000));
		uptime_s = wallclock_uptime_s(wallclock());
		args.boot = (uint16_t)(i == 0 ? 2 : 1);
		args.uptime_s = i == 1 ? uptime_s + 5 : i == 2 ? uptime_s - 32 : uptime_s;
		args.unix_ms = i == 3 ? NOW_MS - 86400000 : NOW_MS;
		len = gate_command(&gate, 2, COMMAND_TIME, &args, body);
		rig.sent_n = gate.seen = 0;
		assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
		assert_int_equal(gate_result(&gate).reason, REASON_STALE_TIME);
	}
	/* A step is what signed time may do. */
	rig.sent_n = gate.seen = 0;
	assert_true(gate_set_time(&gate, 3, NOW_MS + 3600000));
	assert_int_equal(gate_result(&gate).outcome, COMMAND_EXECUTED);
	assert_in_range(wallclock_s(wallclock()), RIG_TIME_S + 3600, RIG_TIME_S + 3602);
}

static void the_wish_for_time_is_told(void **state)
{
	struct bulk_time_want want;
	uint8_t body[8];

	(void)state;
	assert_true(gate_run(&gate, 7100));
	assert_true(gate_send(&gate, CAN_TRANSFER_BULK, body, bulk_time_want_get_encode(body)));
	assert_int_equal(bulk_time_want_decode(gate.answer, gate.answer_len, &want), ERR_NONE);
	assert_int_equal(want.boot, 1);
	assert_int_equal(want.uptime_s, 7);
}

/* ---- a platform whose clock is wrong ---- */

static void expect(enum command_outcome outcome, enum command_reason reason)
{
	struct result result = gate_result(&gate);

	assert_int_equal(result.outcome, outcome);
	assert_int_equal(result.reason, reason);
}

static uint32_t next_counter(void)
{
	return rig.terminal.control.decided.counter + 1;
}

static void set_time(uint64_t unix_ms)
{
	gate.results = 0;
	assert_true(gate_set_time(&gate, next_counter(), unix_ms));
}

static void restart(bool button, uint32_t held_ms)
{
	rig.button_down = button;
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_run(&gate, held_ms));
	rig.button_down = false;
	assert_true(gate_run(&gate, 10000 - held_ms));
}

/* The terminal starts while the platform is ten years ahead. */
static void believe_the_future(void)
{
	gate.ahead_s = TEN_YEARS;
	assert_true(gate_run(&gate, 2500));
	set_time(NOW_MS + TEN_YEARS * UINT64_C(1000));
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_in_range(wallclock_s(wallclock()), RIG_TIME_S + TEN_YEARS,
	                RIG_TIME_S + TEN_YEARS + 10);
}

static void expect_obedience(void)
{
	assert_in_range(wallclock_s(wallclock()), RIG_TIME_S, RIG_TIME_S + 60);
	assert_true(clock_set());
	gate.results = 0;
	assert_true(gate_order(&gate, next_counter(), COMMAND_TRIP));
	expect(COMMAND_EXECUTED, REASON_NONE);
	assert_false(rig.contact_closed);
}

/* Wrong time alone leaves nothing behind: the terminal asks, and takes the right one. */
static void it_comes_back_when_the_platform_is_right(void **state)
{
	(void)state;
	believe_the_future();
	gate.ahead_s = 0;
	for (unsigned i = 0; i < WALLCLOCK_STRANGE_MAX; i++)
		hear_time(NOW_MS);
	assert_false(clock_set());
	set_time(NOW_MS);
	expect(COMMAND_EXECUTED, REASON_NONE);
	expect_obedience();
}

/* A supply command of that time stays the bound, over restarts too, until somebody stands at the meter. */
static void a_command_of_that_time_needs_a_hand_at_the_meter(void **state)
{
	uint32_t events;

	(void)state;
	believe_the_future();
	assert_true(gate_order(&gate, next_counter(), COMMAND_CLOSE));
	expect(COMMAND_EXECUTED, REASON_NONE);
	gate.ahead_s = 0;
	set_time(NOW_MS);
	expect(COMMAND_REFUSED, REASON_STALE_TIME);
	restart(false, 0);
	set_time(NOW_MS);
	expect(COMMAND_REFUSED, REASON_STALE_TIME);
	restart(true, PANEL_HELD_MS - 100); /* not long enough */
	set_time(NOW_MS);
	expect(COMMAND_REFUSED, REASON_STALE_TIME);
	events = rig.terminal.journal.log.newest_seq;
	restart(true, PANEL_HELD_MS + 100);
	assert_true(rig.terminal.control.past_open);
	assert_int_equal(rig.terminal.journal.log.newest_seq,
	                 events + 2); /* boot, and the button */
	set_time(NOW_MS);
	expect(COMMAND_EXECUTED, REASON_NONE);
	expect_obedience();
	/* It is over, and the bound is of these days again. */
	set_time(NOW_MS - 86400000);
	expect(COMMAND_REFUSED, REASON_STALE_TIME);
	restart(false, 0);
	set_time(NOW_MS);
	expect(COMMAND_EXECUTED, REASON_NONE);
}

/* The button opens the past for the platform's signature only, and only once. */
static void a_held_button_alone_moves_nothing(void **state)
{
	struct bulk_events_get get = {2, 1};
	struct bulk_events events;

	(void)state;
	restart(true, 9000);
	assert_int_equal(rig.pulses[COIL_OPEN] + rig.pulses[COIL_CLOSE], 0);
	assert_false(clock_set());
	hear_time(NOW_MS);
	assert_false(clock_set());
	get.from_seq = rig.terminal.journal.log.newest_seq;
	journal_get(&rig.terminal.journal, &get, &events);
	assert_int_equal(events.event[0].kind, EVENT_BUTTON);
	assert_int_equal(events.event[0].detail, BUTTON_HELD_AT_START);
	rig.button_down = true;
	assert_true(gate_run(&gate, 9000));
	assert_int_equal(rig.terminal.journal.log.newest_seq, get.from_seq + 1); /* a press */
}

/* Time and signature are of one clock: they must not contradict each other. */
static void time_that_contradicts_its_issue_is_stale(void **state)
{
	(void)state;
	assert_true(gate_run(&gate, 2500));
	set_time(NOW_MS - (CONTROL_FUTURE_S + 10) * UINT64_C(1000));
	expect(COMMAND_REFUSED, REASON_STALE_TIME);
	set_time(NOW_MS + 2 * 86400 * UINT64_C(1000));
	expect(COMMAND_REFUSED, REASON_EXPIRED);
	set_time(NOW_MS - (CONTROL_FUTURE_S - 10) * UINT64_C(1000));
	expect(COMMAND_EXECUTED, REASON_NONE);
}

/* ---- time and commands that wait ---- */

static int met(void **state)
{
	start(state);
	assert_true(gate_meet(&gate, NOW_MS));
	gate.results = 0;
	return 0;
}

static struct result result_at(unsigned i)
{
	struct result result;

	assert_true(i < gate.results);
	assert_int_equal(
	        result_open(gate.result[i], RESULT_SIZE, &rig.terminal.identity.key, &result),
	        ERR_NONE);
	return result;
}

static void expect_at(unsigned i, uint32_t counter, enum command_kind kind,
                      enum command_outcome outcome, enum command_reason reason)
{
	struct result result = result_at(i);

	assert_int_equal(result.counter, counter);
	assert_int_equal(result.kind, kind);
	assert_int_equal(result.outcome, outcome);
	assert_int_equal(result.reason, reason);
}

/* The clock is set while a trip waits for its moment: each is answered under its own name. */
static void time_comes_while_a_trip_waits(void **state)
{
	struct command_args args = {.delay_max_s = 20};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_TRIP, &args, body);

	(void)state;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_true(gate_set_time(&gate, 3, NOW_MS));
	expect_at(1, 3, COMMAND_TIME, COMMAND_EXECUTED, REASON_NONE);
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect_at(2, 2, COMMAND_TRIP, COMMAND_ACCEPTED, REASON_NONE);
	assert_true(gate_run(&gate, 20100));
	assert_int_equal(gate.results, 4);
	expect_at(3, 2, COMMAND_TRIP, COMMAND_EXECUTED, REASON_NONE);
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_memory_equal(gate.result[4], gate.result[3], RESULT_SIZE);
	/* And after a restart, from the flash. */
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_run(&gate, 2500));
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect_at(0, 2, COMMAND_TRIP, COMMAND_EXECUTED, REASON_NONE);
	assert_int_equal(rig.pulses[COIL_OPEN], 1);
	assert_true(gate_order(&gate, 3, COMMAND_TRIP));
	expect(COMMAND_REFUSED, REASON_COUNTER); /* the time command's number is used */
}

static void time_and_a_close_while_a_trip_waits(void **state)
{
	struct command_args args = {.delay_max_s = 600};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_TRIP, &args, body);

	(void)state;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_true(gate_set_time(&gate, 3, NOW_MS));
	assert_true(gate_order(&gate, 4, COMMAND_CLOSE));
	assert_true(gate_run(&gate, 100));
	assert_int_equal(gate.results, 4);
	expect_at(2, 2, COMMAND_TRIP, COMMAND_FAILED, REASON_SUPERSEDED);
	expect_at(3, 4, COMMAND_CLOSE, COMMAND_EXECUTED, REASON_NONE);
	assert_true(gate_run(&gate, 601000));
	assert_int_equal(rig.pulses[COIL_OPEN], 0);
}

/* The restart forgets what waited; the time command after it does not make it look executed. */
static void time_after_a_restart_hides_no_forgotten_command(void **state)
{
	struct command_args args = {.delay_max_s = 60};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_CLOSE, &args, body);

	(void)state;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_true(gate_set_time(&gate, 3, NOW_MS));
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_meet(&gate, NOW_MS));
	expect_at(0, 4, COMMAND_TIME, COMMAND_EXECUTED, REASON_NONE);
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect_at(1, 2, COMMAND_CLOSE, COMMAND_FAILED, REASON_SUPERSEDED);
}

/* Its answer is lost: the same bytes again get the same answer, and set nothing. */
static void a_repeated_time_command_is_answered_once_more(void **state)
{
	struct command_args args = {.unix_ms = NOW_MS + 7000,
	                            .boot = rig.terminal.journal.boot,
	                            .uptime_s = wallclock_uptime_s(&rig.terminal.clock)};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(&gate, 2, COMMAND_TIME, &args, body);
	uint32_t records;

	(void)state;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect_at(0, 2, COMMAND_TIME, COMMAND_EXECUTED, REASON_NONE);
	assert_true(gate_run(&gate, 3000));
	records = rig.terminal.control.log.newest_seq;
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	assert_memory_equal(gate.result[1], gate.result[0], RESULT_SIZE);
	assert_int_equal(rig.terminal.control.log.newest_seq, records);
	/* The next start makes it stale: the clock that it set is gone. */
	assert_true(rig_boot(&rig));
	gate_init(&gate, &rig, ADDRESS);
	assert_true(gate_run(&gate, 2500));
	assert_true(gate_send(&gate, CAN_TRANSFER_COMMAND, body, len));
	expect(COMMAND_REFUSED, REASON_COUNTER);
	assert_false(clock_set());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(bus_time_never_sets_a_clock, start),
	        cmocka_unit_test_setup(bus_time_slews_at_200_ppm, start),
	        cmocka_unit_test_setup(clock_jumps_of_others_change_nothing, start),
	        cmocka_unit_test_setup(signed_time_has_its_limits, start),
	        cmocka_unit_test_setup(the_wish_for_time_is_told, start),
	        cmocka_unit_test_setup(it_comes_back_when_the_platform_is_right, start),
	        cmocka_unit_test_setup(a_command_of_that_time_needs_a_hand_at_the_meter, start),
	        cmocka_unit_test_setup(a_held_button_alone_moves_nothing, start),
	        cmocka_unit_test_setup(time_that_contradicts_its_issue_is_stale, start),
	        cmocka_unit_test_setup(time_comes_while_a_trip_waits, met),
	        cmocka_unit_test_setup(time_and_a_close_while_a_trip_waits, met),
	        cmocka_unit_test_setup(time_after_a_restart_hides_no_forgotten_command, met),
	        cmocka_unit_test_setup(a_repeated_time_command_is_answered_once_more, met),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
