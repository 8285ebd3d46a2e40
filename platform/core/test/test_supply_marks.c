/* Supply that a person decides: marks, keep-power, forced trips, and closing by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/test/supplied.h"

static struct lab lab;
static struct supplied s = {.lab = &lab};

/* ---- marks and modes ---- */

static void a_marked_meter_is_cut_by_nobody(void **state)
{
	struct command_request request = {
	        .actor = {.who = "anna", .local = true, .origin = "test",   .reason = "why"},
	        .rules = {.expiry_s = 120,             .resend_ms = 3000,            .verify_wait_s = 30},
	        .meter = LAB_METER,
	        .kind = COMMAND_TRIP
        };

	(void)state;
	supplied_no_notice(&s);
	assert_int_equal(supplied_mark(&s, LAB_METER, MARK_FIRE, 1), ERR_CONFLICT);
	assert_int_equal(supplied_mark(&s, LAB_METER, MARK_FIRE, 0), ERR_NONE);
	money_pay(&lab, s.account, 1000);
	money_pay(&lab, s.account, -5000);
	supplied_pass(&s, 3600);
	assert_int_equal(supplied_trips(&s), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=151"), 1);
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_CLOSED);
	assert_int_equal(supplied_mark(&s, LAB_METER, MARK_NONE, 1), ERR_NONE);
	money_work(&lab);
	assert_int_equal(supplied_trips(&s), 1);
	/* and the mark brings back what is cut */
	supplied_obey(&s, supplied_newest(&s));
	assert_int_equal(supplied_mark(&s, LAB_METER, MARK_MEDICAL, 2), ERR_NONE);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
}

static void marks_need_a_right_and_a_reason(void **state)
{
	struct actor clerk = staff_with(&lab, "clerk", P(PROPERTY_READ), 1, 1, 0);
	struct supply_mark_edit edit = {
	        .actor = clerk, .property_id = 1, .meter = LAB_METER, .mark = MARK_COLD};

	(void)state;
	assert_int_equal(lab_step(&lab, supply_mark_step, &edit, false), ERR_FORBIDDEN);
	edit.actor = s.estate.chief;
	edit.actor.reason[0] = '\0';
	assert_int_equal(lab_step(&lab, supply_mark_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "reason");
	edit.meter = 1;
	edit.actor = s.estate.chief;
	assert_int_equal(lab_step(&lab, supply_mark_step, &edit, false), ERR_NOT_FOUND);
}

static void keep_power_ends_at_its_time(void **state)
{
	struct command_request request = {
	        .actor = {.who = "anna", .local = true, .origin = "test",   .reason = "why"},
	        .rules = {.expiry_s = 120,             .resend_ms = 3000,            .verify_wait_s = 30},
	        .meter = LAB_METER,
	        .kind = COMMAND_KEEP_POWER,
	        .until_s = lab.now_ms / 1000 + 7200
        };

	(void)state;
	supplied_cut(&s);
	assert_int_equal(lab_step(&lab, command_create_step, &request, false), ERR_NONE);
	supplied_obey(&s, request.row.command_id);
	assert_int_equal(supplied_meter(&s, LAB_METER).opened, SUPPLY_NOT_OPENED);
	supplied_pass(&s, 3600);
	assert_int_equal(supplied_trips(&s), 1);
	supplied_pass(&s, 3601);
	assert_int_equal(supplied_meter(&s, LAB_METER).mode, SUPPLY_PREPAID);
	assert_int_equal(supplied_trips(&s), 2);
}

static void a_forced_trip_is_a_persons(void **state)
{
	int64_t trip;

	(void)state;
	supplied_cut(&s);
	trip = supplied_order(&s, LAB_METER, COMMAND_TRIP);
	money_pay(&lab, s.account, 9000);
	money_work(&lab);
	assert_int_equal(supplied_newest(&s), trip);
	supplied_obey(&s, trip);
	money_pay(&lab, s.account, 1000);
	supplied_pass(&s, 60);
	assert_int_equal(supplied_newest(&s), trip);
	assert_int_equal(supplied_meter(&s, LAB_METER).mode, SUPPLY_FORCED_TRIP);
	supplied_obey(&s, supplied_order(&s, LAB_METER, COMMAND_RELEASE));
	assert_int_equal(supplied_meter(&s, LAB_METER).mode, SUPPLY_PREPAID);
	supplied_pass(&s, 60);
	assert_int_equal(supplied_newest(&s), trip + 1);
}

static void a_forced_trip_that_failed_forces_nothing(void **state)
{
	struct command_row row;

	(void)state;
	supplied_cut(&s);
	row = supplied_command(&s, supplied_order(&s, LAB_METER, COMMAND_TRIP));
	money_pay(&lab, s.account, 9000);
	supplied_terminal_says(&s, &row, COMMAND_FAILED, REASON_CONTACT);
	assert_int_equal(supplied_meter(&s, LAB_METER).mode, SUPPLY_PREPAID);
	money_work(&lab);
	assert_int_equal(supplied_command(&s, supplied_newest(&s)).kind, COMMAND_CLOSE);
}

static void a_trip_under_keep_power_changes_no_mode(void **state)
{
	struct command_row row;

	(void)state;
	supplied_obey(&s, supplied_order(&s, LAB_METER, COMMAND_KEEP_POWER));
	row = supplied_command(&s, supplied_order(&s, LAB_METER, COMMAND_TRIP));
	supplied_terminal_says(&s, &row, COMMAND_REFUSED, REASON_KEEP_POWER);
	assert_int_equal(supplied_meter(&s, LAB_METER).mode, SUPPLY_KEEP_POWER);
}

static void the_terminals_keep_power_is_believed(void **state)
{
	struct command_row row;

	(void)state;
	supplied_no_notice(&s);
	supplied_use_up(&s);
	money_work(&lab);
	row = supplied_command(&s, supplied_newest(&s));
	supplied_terminal_says(&s, &row, COMMAND_REFUSED, REASON_KEEP_POWER);
	assert_int_equal(supplied_meter(&s, LAB_METER).mode, SUPPLY_KEEP_POWER);
	supplied_pass(&s, 3600);
	assert_int_equal(supplied_trips(&s), 1);
}

static void supply_given_back_by_hand_gets_a_new_notice(void **state)
{
	(void)state;
	supplied_cut(&s);
	supplied_obey(&s, supplied_order(&s, LAB_METER, COMMAND_CLOSE));
	assert_int_equal(supplied_memory(&s, s.account).memory.state, BALANCE_GRACE);
	assert_int_equal(supplied_messages(&s, "will-be-cut"), 1);
	supplied_pass(&s, 86000);
	assert_int_equal(supplied_trips(&s), 1);
	supplied_pass(&s, 500);
	assert_int_equal(supplied_trips(&s), 2);
}

int main(void)
{
#define T(name) SUPPLIED_TEST(name, &s)
	const struct CMUnitTest tests[] = {
	        T(a_marked_meter_is_cut_by_nobody),
	        T(marks_need_a_right_and_a_reason),
	        T(keep_power_ends_at_its_time),
	        T(a_forced_trip_is_a_persons),
	        T(a_forced_trip_that_failed_forces_nothing),
	        T(a_trip_under_keep_power_changes_no_mode),
	        T(the_terminals_keep_power_is_believed),
	        T(supply_given_back_by_hand_gets_a_new_notice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
