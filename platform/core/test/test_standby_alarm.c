/* A standby that does not follow is told once when it begins and once when it ends, in each property,
 * and through webhooks, whatever happens in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "platform/core/role.h"
#include "platform/core/standby_alarm.h"
#include "platform/core/webhook.h"
#include "platform/store/event.h"
#include "platform/store/place.h"
#include "platform/test/staff.h"

static struct lab lab;

static int setup(void **state)
{
	struct property_row row = {.property_id = 2, .group_id = 1, .slug = "p2", .name = "p2"};

	(void)state;
	lab_setup(&lab);
	assert_int_equal(property_insert(lab.db, &row), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static enum err step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	enum err err = standby_alarm_step(tx, arg, now_ms, out);

	return err ? err : webhook_note(tx, out, 0, now_ms);
}

static void tell(bool late, enum standby_cause cause, int64_t lag_s)
{
	struct standby_alarm alarm = {.late = late, .cause = cause, .lag_s = lag_s};

	assert_int_equal(lab_step(&lab, step, &alarm, false), ERR_NONE);
}

static void keep(void *arg, const struct event_row *row)
{
	*(struct event_row *)arg = *row;
}

static struct event_row newest(int64_t property_id)
{
	struct event_row row = {0};

	assert_int_equal(event_list(lab.db, property_id, 0, 0, 1, keep, &row), ERR_NONE);
	return row;
}

static void each_property_hears_it_once(void **state)
{
	struct event_row row;

	(void)state;
	tell(false, 0, 0); /* a start beside a standby that follows is no news */
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event"), 0);
	tell(true, STANDBY_DISK_FULL, 61);
	lab.now_ms += 3600000;
	tell(true, STANDBY_AWAY, 3661); /* after a restart, say */
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event"), 2);
	row = newest(1);
	assert_int_equal(row.kind, EVENT_STANDBY_LATE);
	assert_int_equal(row.detail, STANDBY_DISK_FULL);
	assert_int_equal(row.value, 61);
	assert_int_equal(newest(2).kind, EVENT_STANDBY_LATE);
	tell(false, 0, 0);
	tell(false, 0, 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event"), 4);
	row = newest(2);
	assert_int_equal(row.kind, EVENT_STANDBY_BACK);
	assert_int_equal(row.value, 3600);
	lab.now_ms += 1000;
	tell(true, STANDBY_SLOW, 60);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event"), 6);
}

static void who_is_not_there_or_came_later_hears_nothing(void **state)
{
	struct property_row later = {.property_id = 3, .group_id = 1, .slug = "p3", .name = "p3"};

	(void)state;
	assert_int_equal(db_exec(lab.db, "UPDATE property SET archived_s=1 WHERE slug='p2'"), 0);
	tell(true, STANDBY_AWAY, 61);
	later.created_s = lab.now_ms / 1000 + 1;
	assert_int_equal(property_insert(lab.db, &later), 0);
	lab.now_ms += 60000;
	tell(false, 0, 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event"), 2);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE property_id<>1"), 0);
}

static void webhooks_tell_it(void **state)
{
	struct webhook_request hook = {
	        .actor = staff_chief(&lab), .place = {.group_id = 1, .property_id = 1}
        };

	(void)state;
	snprintf(hook.row.name, sizeof hook.row.name, "office");
	snprintf(hook.row.url, sizeof hook.row.url, "https://example.org/hook");
	hook.row.kinds = INT64_C(1) << WEBHOOK_ALARM;
	assert_int_equal(lab_step(&lab, webhook_create_step, &hook, false), ERR_NONE);
	tell(true, STANDBY_AWAY, 61);
	tell(true, STANDBY_AWAY, 62);
	tell(false, 0, 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery"), 2);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery WHERE body LIKE"
	                                  " '%\"alarm\"%\"standby-late\"%'"),
	                 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM webhook_delivery WHERE body LIKE"
	                                  " '%\"alarm\"%\"standby-back\"%'"),
	                 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	static const struct CMUnitTest tests[] = {
	        TEST(each_property_hears_it_once),
	        TEST(who_is_not_there_or_came_later_hears_nothing),
	        TEST(webhooks_tell_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
