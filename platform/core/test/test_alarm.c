/* Alarms begin and end with their events, count what comes again, and are acknowledged once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/proto/event.h"
#include "platform/core/alarm.h"
#include "platform/core/event_note.h"
#include "platform/core/role.h"
#include "platform/test/staff.h"

#define NOW_S (LAB_NOW_MS / 1000)

static struct lab lab;
static int64_t told;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	told = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static enum err note_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)now_ms;
	return event_note(tx, arg, out);
}

static void happens_to(const char *chip, uint32_t kind, int64_t meter, int64_t at_s)
{
	struct event_row row = {.property_id = 1,
	                        .gateway_id = lab.gateway[0].gateway_id,
	                        .meter = meter,
	                        .kind = kind,
	                        .value = at_s - NOW_S,
	                        .at_s = at_s,
	                        .stored_ms = at_s * 1000};

	snprintf(row.chip, sizeof row.chip, "%s", chip);
	snprintf(row.source, sizeof row.source, "test:%lld", (long long)++told);
	assert_int_equal(lab_step(&lab, note_step, &row, false), ERR_NONE);
}

static void happens(uint32_t kind, int64_t meter, int64_t at_s)
{
	happens_to("", kind, meter, at_s);
}

static struct alarm_row alarm_of(int64_t alarm_id)
{
	struct alarm_row row = {0};

	assert_int_equal(alarm_get(lab.db, 1, alarm_id, &row), ERR_NONE);
	return row;
}

static enum err acknowledge(struct actor actor, int64_t alarm_id)
{
	struct alarm_edit edit = {.actor = actor, .property_id = 1, .alarm_id = alarm_id};

	snprintf(edit.actor.reason, sizeof edit.actor.reason, "on my way");
	return lab_step(&lab, alarm_seen_step, &edit, false);
}

static void one_lasts_until_its_end_and_counts(void **state)
{
	struct alarm_row row;

	(void)state;
	happens(EVENT_SENSOR_FAULT, LAB_METER, NOW_S);
	happens(EVENT_SENSOR_FAULT, LAB_METER, NOW_S + 60);
	happens(EVENT_SENSOR_FAULT, LAB_METER + 1, NOW_S + 61);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM alarm"), 2);
	row = alarm_of(1);
	assert_int_equal(row.level, ALARM_IMPORTANT);
	assert_int_equal(row.count, 2);
	assert_int_equal(row.value, 60);
	assert_int_equal(row.started_s, NOW_S);
	assert_int_equal(row.last_s, NOW_S + 60);
	assert_int_equal(row.ended_s, 0);
	happens(EVENT_SENSOR_BACK, LAB_METER, NOW_S + 90);
	assert_int_equal(alarm_of(1).ended_s, NOW_S + 90);
	assert_int_equal(alarm_of(2).ended_s, 0);
	happens(EVENT_SENSOR_FAULT, LAB_METER, NOW_S + 99);
	assert_int_equal(alarm_of(3).count, 1); /* another one */
	happens(EVENT_BOOT, LAB_METER, NOW_S + 99);
	happens(EVENT_DEVICE_BACK, LAB_METER, NOW_S + 99);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM alarm"), 3);
}

/* Away when it was adopted, it comes back as a meter. */
static void what_began_before_adoption_ends_with_the_meters(void **state)
{
	static const char chip[] = "0123456789abcdef01234567", other[] = "ffff56789abcdef012345678";

	(void)state;
	happens_to(chip, EVENT_DEVICE_LOST, 0, NOW_S);
	happens_to(other, EVENT_DEVICE_LOST, 0, NOW_S);
	assert_string_equal(alarm_of(1).chip, chip);
	happens_to(chip, EVENT_DEVICE_LOST, LAB_METER, NOW_S + 1);
	assert_string_equal(alarm_of(3).chip, "");
	happens_to(chip, EVENT_DEVICE_BACK, LAB_METER, NOW_S + 9);
	assert_int_equal(alarm_of(1).ended_s, NOW_S + 9);
	assert_int_equal(alarm_of(2).ended_s, 0);
	assert_int_equal(alarm_of(3).ended_s, NOW_S + 9);
}

static void who_has_seen_it_is_said_once(void **state)
{
	struct actor chief = staff_chief(&lab), clerk;

	(void)state;
	clerk = staff_with(&lab, "clerk", PERMISSION_BIT(PERMISSION_PROPERTY_READ), 1, 1, 0);
	happens(EVENT_DEVICE_LOST, LAB_METER, NOW_S);
	happens(EVENT_CLOCK_STEPPED, 0, NOW_S);
	assert_int_equal(acknowledge(clerk, 1), ERR_FORBIDDEN);
	assert_int_equal(acknowledge(chief, 9), ERR_NOT_FOUND);
	assert_int_equal(acknowledge(chief, 1), ERR_NONE);
	assert_string_equal(alarm_of(1).seen_by, chief.who);
	assert_string_equal(alarm_of(1).note, "on my way");
	assert_int_equal(alarm_of(1).ended_s, 0); /* it is still away */
	assert_int_equal(acknowledge(chief, 1), ERR_REFUSED);
	/* Of a clock that stepped nobody else says that it is over. */
	assert_int_equal(acknowledge(chief, 2), ERR_NONE);
	assert_int_equal(alarm_of(2).ended_s, alarm_of(2).seen_s);
	assert_int_equal(
	        lab_number(&lab, "SELECT count(*) FROM audit WHERE action='alarm.acknowledge'"), 2);
}

static bool take_number(void *arg, const struct alarm_row *row)
{
	char *text = arg;

	snprintf(text + strlen(text), 64 - strlen(text), "%lld ", (long long)row->alarm_id);
	return true;
}

static void lists_and_counts(void **state)
{
	int64_t count[ALARM_LEVELS], unseen, removed;
	char all[64] = "", lasting[64] = "", urgent[64] = "", meter[64] = "";

	(void)state;
	happens(EVENT_RELAY_FAULT, LAB_METER, NOW_S);
	happens(EVENT_DEVICE_LOST, LAB_METER + 1, NOW_S);
	happens(EVENT_DEVICE_BACK, LAB_METER + 1, NOW_S + 5);
	happens(EVENT_ASSERT, LAB_METER, NOW_S);
	assert_int_equal(acknowledge(staff_chief(&lab), 1), ERR_NONE);
	happens(EVENT_RELAY_FAULT, LAB_METER, NOW_S + 9);
	assert_int_equal(alarm_list(lab.db, 1, &(struct alarm_filter){0}, take_number, all), 0);
	assert_string_equal(all, "4 3 2 1 ");
	assert_int_equal(alarm_list(lab.db, 1, &(struct alarm_filter){.lasting = true}, take_number,
	                            lasting),
	                 0);
	assert_string_equal(lasting, "4 3 ");
	assert_int_equal(alarm_list(lab.db, 1,
	                            &(struct alarm_filter){.least = ALARM_URGENT, .below = 4},
	                            take_number, urgent),
	                 0);
	assert_string_equal(urgent, "1 ");
	assert_int_equal(alarm_list(lab.db, 1, &(struct alarm_filter){.meter = LAB_METER + 1},
	                            take_number, meter),
	                 0);
	assert_string_equal(meter, "2 ");
	assert_int_equal(alarm_counts(lab.db, 1, count, &unseen), ERR_NONE);
	assert_int_equal(count[ALARM_URGENT - 1], 1);
	assert_int_equal(count[ALARM_IMPORTANT - 1], 0);
	assert_int_equal(count[ALARM_NOTICE - 1], 1);
	assert_int_equal(unseen, 2);
	assert_int_equal(alarm_remove(lab.db, 1, NOW_S + 1, 9, &removed), ERR_NONE);
	assert_int_equal(removed, 2); /* 1 and 2 have ended; 3 lasts */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(one_lasts_until_its_end_and_counts, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(what_began_before_adoption_ends_with_the_meters,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(who_has_seen_it_is_said_once, setup, teardown),
	        cmocka_unit_test_setup_teardown(lists_and_counts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
