/* Calendars, alarm plans and templates: whose value holds, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/core/message.h"
#include "platform/core/plan.h"
#include "platform/test/staff.h"

#define P(id) PERMISSION_BIT(PERMISSION_##id)

static struct lab lab;
static struct actor chief;
static struct calendar_content content;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	chief = staff_chief(&lab);
	memset(&content, 0, sizeof content);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

/* ---- calendars ---- */

static struct calendar_edit calendar_new(int64_t property_id, const char *name)
{
	struct calendar_edit edit = {.actor = chief,
	                             .group_id = 1,
	                             .property_id = property_id,
	                             .name = name,
	                             .content = &content};

	assert_int_equal(lab_step(&lab, calendar_edit_step, &edit, false), ERR_NONE);
	return edit;
}

static void days_are_sorted_with_their_names(void **state)
{
	struct calendar_edit edit = calendar_new(0, "2027");

	(void)state;
	content.calendar.day_count = 3;
	content.calendar.day[0] = (struct calendar_day){20900, CALENDAR_HOLIDAY, true};
	content.calendar.day[1] = (struct calendar_day){20800, CALENDAR_WORKDAY, false};
	content.calendar.day[2] = (struct calendar_day){20850, CALENDAR_PLAIN, true};
	snprintf(content.day_name[0], CALENDAR_DAY_NAME, "国庆");
	snprintf(content.day_name[1], CALENDAR_DAY_NAME, "调休");
	edit = (struct calendar_edit){.actor = chief,
	                              .group_id = 1,
	                              .calendar_id = edit.row.calendar_id,
	                              .version = 1,
	                              .has_days = true,
	                              .content = &content};
	assert_int_equal(lab_step(&lab, calendar_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.row.version, 2);
	memset(&content, 0, sizeof content);
	assert_int_equal(calendar_read(lab.db, edit.calendar_id, &content), ERR_NONE);
	assert_int_equal(content.calendar.day_count, 3);
	assert_int_equal(content.calendar.day[0].day, 20800);
	assert_string_equal(content.day_name[0], "调休");
	assert_string_equal(content.day_name[2], "国庆");
	assert_true(content.calendar.day[2].cut_free);
	/* Windows come, days stay. */
	content.calendar.window_count = 1;
	content.calendar.window[0] = (struct calendar_window){DAYS_WEEK, 1080, 540};
	edit.version = 2;
	edit.has_days = false;
	edit.has_windows = true;
	assert_int_equal(lab_step(&lab, calendar_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(calendar_read(lab.db, edit.calendar_id, &content), ERR_NONE);
	assert_int_equal(content.calendar.day_count, 3);
	assert_int_equal(content.calendar.window_count, 1);
}

static void senseless_calendars_are_refused(void **state)
{
	static const struct calendar_window windows[] = {
	        {0, 0,    10  },
                {1, -1,   10  },
                {1, 1440, 10  },
                {1, 0,    1441},
                {1, 0,    0   },
                {1, 600,  600 }
        };
	struct calendar_edit edit = calendar_new(0, "x");

	(void)state;
	edit = (struct calendar_edit){.actor = chief,
	                              .group_id = 1,
	                              .calendar_id = edit.row.calendar_id,
	                              .version = 1,
	                              .has_windows = true,
	                              .content = &content};
	content.calendar.window_count = 1;
	for (size_t i = 0; i < ARRAY_SIZE(windows); i++) {
		content.calendar.window[0] = windows[i];
		assert_int_equal(lab_step(&lab, calendar_edit_step, &edit, false), ERR_BAD_INPUT);
		assert_string_equal(edit.fault.field, "friendly");
	}
	edit.has_windows = false;
	edit.has_days = true;
	content.calendar.day_count = 2;
	content.calendar.day[0] = content.calendar.day[1] = (struct calendar_day){20900, 1, true};
	assert_int_equal(lab_step(&lab, calendar_edit_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.why, "a day stands twice");
}

static void a_property_chooses_its_own_or_its_groups(void **state)
{
	struct calendar_edit of_group = calendar_new(0, "group's"), own = calendar_new(1, "own");
	struct property_edit edit = {.actor = chief,
	                             .property_id = 1,
	                             .version = 1,
	                             .has_calendar = true,
	                             .calendar_id = own.row.calendar_id};
	struct group_edit group = {.actor = chief,
	                           .group_id = 1,
	                           .version = 1,
	                           .has_calendar = true,
	                           .calendar_id = own.row.calendar_id};
	struct calendar_edit gone = {.actor = chief,
	                             .group_id = 1,
	                             .property_id = 1,
	                             .calendar_id = own.row.calendar_id,
	                             .version = 1};
	struct property_row row;
	enum source source;
	int64_t id;

	(void)state;
	assert_int_equal(lab_step(&lab, group_edit_step, &group, false), ERR_BAD_INPUT);
	group.calendar_id = of_group.row.calendar_id;
	assert_int_equal(lab_step(&lab, group_edit_step, &group, false), ERR_NONE);
	assert_int_equal(property_get(lab.db, 1, &row), ERR_NONE);
	assert_int_equal(calendar_of_property(lab.db, &row, &id, &source), ERR_NONE);
	assert_int_equal(id, of_group.row.calendar_id);
	assert_int_equal(source, SOURCE_GROUP);
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(calendar_of_property(lab.db, &edit.row, &id, &source), ERR_NONE);
	assert_int_equal(id, own.row.calendar_id);
	assert_int_equal(source, SOURCE_PROPERTY);
	assert_int_equal(lab_step(&lab, calendar_delete_step, &gone, false), ERR_REFUSED);
	edit.calendar_id = 999;
	edit.version = 2;
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_BAD_INPUT);
	edit.calendar_id = 0;
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, calendar_delete_step, &gone, false), ERR_NONE);
	/* The property's path does not reach the group's. */
	gone.calendar_id = of_group.row.calendar_id;
	assert_int_equal(lab_step(&lab, calendar_delete_step, &gone, false), ERR_NOT_FOUND);
}

/* ---- alarm plans ---- */

static enum err plan_set(int64_t property_id, const char *code, enum plan_value value,
                         int64_t amount, int64_t version, struct plan_edit *edit)
{
	*edit = (struct plan_edit){.actor = chief,
	                           .group_id = 1,
	                           .property_id = property_id,
	                           .code = code,
	                           .version = version};
	edit->has[value] = edit->set[value] = true;
	edit->value[value] = amount;
	return lab_step(&lab, plan_edit_step, edit, false);
}

static void values_come_from_property_group_or_program(void **state)
{
	struct plan_effective plan;
	struct plan_edit edit;

	(void)state;
	assert_int_equal(plan_effective(lab.db, 1, 1, "default", &plan), ERR_NONE);
	assert_int_equal(plan.source[PLAN_ALARM1], SOURCE_BUILTIN);
	assert_int_equal(plan.version, 0);
	assert_int_equal(plan_effective(lab.db, 1, 1, "shops", &plan), ERR_NOT_FOUND);
	assert_int_equal(plan_set(0, "default", PLAN_ALARM1, 8000, 0, &edit), ERR_NONE);
	assert_int_equal(plan_set(1, "default", PLAN_ALARM2, 3000, 0, &edit), ERR_NONE);
	assert_int_equal(edit.plan.value[PLAN_ALARM1], 8000);
	assert_int_equal(edit.plan.source[PLAN_ALARM1], SOURCE_GROUP);
	assert_int_equal(edit.plan.source[PLAN_ALARM2], SOURCE_PROPERTY);
	assert_int_equal(edit.plan.source[PLAN_HOARDING], SOURCE_BUILTIN);
	assert_int_equal(edit.plan.version, 1);
	/* Inherited again. */
	edit = (struct plan_edit){
	        .actor = chief, .group_id = 1, .property_id = 1, .code = "default", .version = 1};
	edit.has[PLAN_ALARM2] = true;
	assert_int_equal(lab_step(&lab, plan_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.plan.source[PLAN_ALARM2], SOURCE_BUILTIN);
	assert_int_equal(plan_set(1, "default", PLAN_ALARM2, 1, 1, &edit), ERR_CONFLICT);
}

static void what_holds_must_make_sense(void **state)
{
	struct plan_edit edit;

	(void)state;
	assert_int_equal(plan_set(1, "default", PLAN_ALARM2, 6000, 0, &edit), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "alarm2_fen");
	assert_int_equal(plan_set(1, "default", PLAN_ALARM2, 4000, 0, &edit), ERR_NONE);
	/* The group may not lower alarm 1 below the property's alarm 2. */
	assert_int_equal(plan_set(0, "default", PLAN_ALARM1, 3000, 0, &edit), ERR_BAD_INPUT);
	assert_int_equal(plan_set(0, "default", PLAN_ALARM1, 4000, 0, &edit), ERR_NONE);
	assert_int_equal(plan_set(0, "default", PLAN_ALARM1, -1, 1, &edit), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "alarm1_fen");
	assert_int_equal(plan_set(0, "Default!", PLAN_ALARM1, 1, 0, &edit), ERR_NOT_FOUND);
}

static void a_plan_in_use_stays(void **state)
{
	struct property_edit property = {
	        .actor = chief, .property_id = 1, .version = 1, .plan_code = "shops"};
	struct plan_edit edit;

	(void)state;
	assert_int_equal(lab_step(&lab, property_edit_step, &property, false), ERR_BAD_INPUT);
	assert_string_equal(property.fault.field, "alarm_plan");
	assert_int_equal(plan_set(0, "shops", PLAN_ALARM2_TRIPS, 0, 0, &edit), ERR_NONE);
	assert_int_equal(lab_step(&lab, property_edit_step, &property, false), ERR_NONE);
	edit = (struct plan_edit){.actor = chief, .group_id = 1, .code = "shops", .version = 1};
	assert_int_equal(lab_step(&lab, plan_delete_step, &edit, false), ERR_REFUSED);
	property.version = 2;
	property.plan_code = "";
	assert_int_equal(lab_step(&lab, property_edit_step, &property, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, plan_delete_step, &edit, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, plan_delete_step, &edit, false), ERR_CONFLICT);
	edit.version = 0;
	assert_int_equal(lab_step(&lab, plan_delete_step, &edit, false), ERR_NOT_FOUND);
}

static void plans_need_the_right_at_their_level(void **state)
{
	struct actor here = staff_with(&lab, "here", P(PLAN_WRITE), 1, 1, 0);
	struct plan_edit edit;

	(void)state;
	chief = here;
	assert_int_equal(plan_set(1, "default", PLAN_ALARM1, 8000, 0, &edit), ERR_NONE);
	assert_int_equal(plan_set(0, "default", PLAN_ALARM1, 8000, 0, &edit), ERR_FORBIDDEN);
	edit.group_id = 2;
	assert_int_equal(lab_step(&lab, plan_edit_step, &edit, false), ERR_NOT_FOUND);
	edit.property_id = 1;
	assert_int_equal(lab_step(&lab, plan_edit_step, &edit, false), ERR_NOT_FOUND);
}

/* ---- templates ---- */

static void every_built_in_text_is_a_template(void **state)
{
	char bad[MESSAGE_FIELD_SIZE], text[MESSAGE_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; message_kinds[i].word; i++) {
		const struct message_kind *kind = &message_kinds[i];

		assert_true(template_check(kind, kind->body_zh, bad));
		assert_true(template_check(kind, kind->body_en, bad));
		assert_true(template_preview(kind->body_zh, "zh-CN", text, sizeof text));
		assert_null(strchr(text, '{'));
		assert_ptr_equal(message_kind_find(kind->word), kind);
	}
	assert_null(message_kind_find("spam"));
}

static void unknown_fields_are_named(void **state)
{
	static const char *const bad_bodies[][2] = {
	        {"{balanc}",     "balanc"  },
                {"{}",           ""        },
	        {"{ balance}",   " balance"},
                {"{balance",     "{"       },
	        {"balance}",     "{"       },
                {"{{balance}",   "{"       },
	        {"{a{balance}}", "{"       },
                {"{amount}",     "amount"  }, /* not of this kind */
	        {"{🙂}",       "🙂"    },
	};
	const struct message_kind *kind = message_kind_find("alarm-1");
	char bad[MESSAGE_FIELD_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad_bodies); i++) {
		assert_false(template_check(kind, bad_bodies[i][0], bad));
		assert_string_equal(bad, bad_bodies[i][1]);
	}
	assert_true(template_check(kind, "{{{balance}}} =1+1 <b>{place}</b>", bad));
}

static const char *nasty(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "place") == 0 ? "{balance} {{" : "1.00";
}

static void values_are_not_read_as_templates(void **state)
{
	char text[64];

	(void)state;
	assert_true(template_render("{place}: {{{balance}}}", nasty, NULL, text, sizeof text));
	assert_string_equal(text, "{balance} {{: {1.00}");
	assert_false(template_render("{place}{place}", nasty, NULL, text, 16));
	assert_string_equal(text, "{balance} {{{ba");
}

static void a_template_overrides_the_ones_below(void **state)
{
	struct template_edit edit = {.actor = chief,
	                             .group_id = 1,
	                             .kind = "cut",
	                             .lang = "en",
	                             .channel = "sms",
	                             .body = "{place} was cut"};

	(void)state;
	assert_int_equal(lab_step(&lab, template_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.answer.source, SOURCE_GROUP);
	edit.property_id = 1;
	edit.body = NULL;
	edit.provider_id = "SMS_1";
	assert_int_equal(lab_step(&lab, template_edit_step, &edit, false), ERR_NONE);
	assert_string_equal(edit.answer.body, "{place} was cut");
	assert_int_equal(edit.answer.source, SOURCE_PROPERTY);
	edit.version = 1;
	assert_int_equal(lab_step(&lab, template_delete_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.answer.source, SOURCE_GROUP);
	assert_string_equal(edit.answer.provider_id, "");
	edit.version = 0;
	edit.body = "{order}";
	assert_int_equal(lab_step(&lab, template_edit_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.why, "{order} is no value of this kind of message");
	edit.body = "{";
	assert_int_equal(lab_step(&lab, template_edit_step, &edit, false), ERR_BAD_INPUT);
	edit.channel = "pigeon";
	assert_int_equal(lab_step(&lab, template_edit_step, &edit, false), ERR_NOT_FOUND);
}

static void text_messages_have_parts(void **state)
{
	char text[1024];

	(void)state;
	memset(text, 'a', sizeof text);
	text[160] = '\0';
	assert_int_equal(sms_parts(text), 1);
	text[159] = '{'; /* two units */
	assert_int_equal(sms_parts(text), 2);
	text[0] = '\0';
	for (int i = 0; i < 70; i++)
		memcpy(text + 3 * i, "电", 4);
	assert_int_equal(sms_parts(text), 1);
	memcpy(text + 210, "a", 2);
	assert_int_equal(sms_parts(text), 2);
	assert_int_equal(sms_parts("😀"), 1);
	assert_int_equal(sms_parts(""), 1);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(days_are_sorted_with_their_names),
	        T(senseless_calendars_are_refused),
	        T(a_property_chooses_its_own_or_its_groups),
	        T(values_come_from_property_group_or_program),
	        T(what_holds_must_make_sense),
	        T(a_plan_in_use_stays),
	        T(plans_need_the_right_at_their_level),
	        cmocka_unit_test(every_built_in_text_is_a_template),
	        cmocka_unit_test(unknown_fields_are_named),
	        cmocka_unit_test(values_are_not_read_as_templates),
	        T(a_template_overrides_the_ones_below),
	        cmocka_unit_test(text_messages_have_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
