/* Groups, properties, the tree of spaces, and where meters hang. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/core/meter_edit.h"
#include "platform/core/organisation.h"
#include "platform/core/space.h"
#include "platform/store/lease.h"
#include "platform/test/staff.h"

#define P(id) PERMISSION_BIT(PERMISSION_##id)

static struct lab lab;
static struct actor chief;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	chief = staff_chief(&lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

/* ---- words ---- */

static enum err space_new(const struct actor *actor, enum space_kind kind, int64_t parent_id,
                          const char *code, struct space_edit *edit)
{
	*edit = (struct space_edit){.actor = *actor,
	                            .property_id = 1,
	                            .kind = kind,
	                            .has_parent = true,
	                            .parent_id = parent_id,
	                            .code = code};
	return lab_step(&lab, space_edit_step, edit, false);
}

static int64_t space_made(enum space_kind kind, int64_t parent_id, const char *code)
{
	struct space_edit edit;

	assert_int_equal(space_new(&chief, kind, parent_id, code, &edit), ERR_NONE);
	return edit.row.space_id;
}

static enum err space_moved(const struct actor *actor, int64_t space_id, int64_t parent_id,
                            struct space_edit *edit)
{
	struct space_row row;

	assert_int_equal(space_get(lab.db, 1, space_id, &row), ERR_NONE);
	*edit = (struct space_edit){.actor = *actor,
	                            .property_id = 1,
	                            .space_id = space_id,
	                            .version = row.version,
	                            .has_parent = true,
	                            .parent_id = parent_id};
	return lab_step(&lab, space_edit_step, edit, false);
}

static enum err space_gone(const struct actor *actor, int64_t space_id)
{
	struct space_edit edit = {.actor = *actor, .property_id = 1, .space_id = space_id};
	struct space_row row;

	if (space_get(lab.db, 1, space_id, &row) == ERR_NONE)
		edit.version = row.version;
	return lab_step(&lab, space_delete_step, &edit, false);
}

static enum err meter_put(const struct actor *actor, int64_t meter, int64_t space_id,
                          int64_t since_s, struct meter_edit *edit)
{
	struct meter_row row;

	assert_int_equal(meter_by_number(lab.db, meter, &row), ERR_NONE);
	*edit = (struct meter_edit){.actor = *actor,
	                            .meter = meter,
	                            .version = row.version,
	                            .has_space = true,
	                            .space_id = space_id,
	                            .since_s = since_s};
	return lab_step(&lab, meter_edit_step, edit, false);
}

/* ---- groups and properties ---- */

static enum err property_new(const struct actor *actor, int64_t group_id, const char *slug,
                             struct property_edit *edit)
{
	*edit = (struct property_edit){
	        .actor = *actor, .group_id = group_id, .slug = slug, .name = "Neu"};
	return lab_step(&lab, property_edit_step, edit, false);
}

static void groups_and_properties_are_made_and_edited(void **state)
{
	struct group_edit group = {.actor = chief, .name = "=1+1 <b>"};
	struct property_edit edit;

	(void)state;
	assert_int_equal(lab_step(&lab, group_edit_step, &group, false), ERR_NONE);
	assert_string_equal(group.row.name, "=1+1 <b>");
	assert_int_equal(group.row.version, 1);
	assert_int_equal(property_new(&chief, group.row.group_id, "west", &edit), ERR_NONE);
	assert_int_equal(edit.row.utc_offset_min, 480);
	assert_int_equal(lab_count(&lab, EFFECT_DIRECTORY), 1);
	assert_int_equal(property_new(&chief, group.row.group_id, "west", &edit), ERR_DUP);
	assert_string_equal(edit.fault.field, "slug");
	assert_int_equal(property_new(&chief, group.row.group_id, "live", &edit), ERR_BAD_INPUT);
	assert_int_equal(property_new(&chief, 999, "east", &edit), ERR_NOT_FOUND);

	edit = (struct property_edit){
	        .actor = chief, .property_id = 1, .version = 1, .phone = "0571-8888 6666"};
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_NONE);
	assert_string_equal(edit.row.phone, "057188886666");
	assert_int_equal(edit.row.version, 2);
	/* The version that was read is gone. */
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_CONFLICT);
	edit.version = 2;
	edit.phone = "ring me";
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "phone");
}

static void texts_are_refused_with_field_and_limit(void **state)
{
	static const struct {
		const char *name, *why;
	} bad[] = {
	        {"a\x01",	                    "must not hold control characters"},
	        {"\xD6\xD0\xB9\xFA",                 "must be UTF-8"                   },
	        {"",	                         "must have 1 to 31 characters"    },
	        {"12345678901234567890123456789012", "must have 1 to 31 characters"    },
	};
	struct group_edit edit;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		edit = (struct group_edit){
		        .actor = chief, .group_id = 1, .version = 1, .name = bad[i].name};
		assert_int_equal(lab_step(&lab, group_edit_step, &edit, false), ERR_BAD_INPUT);
		assert_string_equal(edit.fault.field, "name");
		assert_string_equal(edit.fault.why, bad[i].why);
	}
	/* 31 of the longest characters there are fit. */
	edit.name = "😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀";
	assert_int_equal(lab_step(&lab, group_edit_step, &edit, false), ERR_NONE);
	assert_string_equal(edit.row.name, edit.name);
}

static void what_is_archived_changes_no_more(void **state)
{
	struct property_edit edit = {.actor = chief,
	                             .property_id = 1,
	                             .version = 1,
	                             .has_archived = true,
	                             .archived = true};
	struct group_edit group = {.actor = chief,
	                           .group_id = 1,
	                           .version = 1,
	                           .has_archived = true,
	                           .archived = true};
	struct space_edit space;

	(void)state;
	assert_int_equal(lab_step(&lab, group_edit_step, &group, false), ERR_REFUSED);
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(space_new(&chief, SPACE_BUILDING, 0, "A", &space), ERR_REFUSED);
	edit = (struct property_edit){
	        .actor = chief, .property_id = 1, .version = 2, .name = "other"};
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_REFUSED);
	assert_int_equal(lab_step(&lab, group_edit_step, &group, false), ERR_NONE);
	edit.has_archived = true;
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(space_new(&chief, SPACE_BUILDING, 0, "A", &space), ERR_NONE);
}

static void rights_are_asked_where_the_object_is(void **state)
{
	struct actor here = staff_with(&lab, "here", P(PROPERTY_WRITE), 1, 1, 0);
	struct actor reader = staff_with(&lab, "reader", P(PROPERTY_READ), 1, 1, 0);
	struct actor foreign = staff_with(&lab, "foreign", P(PROPERTY_WRITE), 2, 0, 0);
	struct property_edit edit = {.property_id = 1, .version = 1, .name = "x"};
	struct group_edit group = {.name = "new"};

	(void)state;
	edit.actor = reader;
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_FORBIDDEN);
	edit.actor = foreign;
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_NOT_FOUND);
	edit.property_id = 77;
	edit.actor = here;
	assert_int_equal(lab_step(&lab, property_edit_step, &edit, false), ERR_NOT_FOUND);
	assert_int_equal(property_new(&here, 1, "more", &edit), ERR_FORBIDDEN);
	group.actor = here;
	assert_int_equal(lab_step(&lab, group_edit_step, &group, false), ERR_FORBIDDEN);
}

/* ---- spaces ---- */

static void rooms_stand_on_floors_of_buildings(void **state)
{
	int64_t a = space_made(SPACE_BUILDING, 0, "A");
	int64_t a3 = space_made(SPACE_FLOOR, a, "3");
	int64_t room = space_made(SPACE_ROOM, a3, "301");
	struct space_edit edit;
	struct space_row row;
	char path[SPACE_PATH_SIZE];

	(void)state;
	assert_int_equal(space_get(lab.db, 1, room, &row), ERR_NONE);
	assert_int_equal(row.floor_id, a3);
	assert_int_equal(row.building_id, a);
	assert_int_equal(space_path(lab.db, &row, path), ERR_NONE);
	assert_string_equal(path, "A/3/301");
	assert_int_equal(space_new(&chief, SPACE_ROOM, a, "302", &edit), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "parent");
	assert_int_equal(space_new(&chief, SPACE_BUILDING, a, "B", &edit), ERR_BAD_INPUT);
	assert_int_equal(space_new(&chief, SPACE_FLOOR, 0, "4", &edit), ERR_BAD_INPUT);
	assert_int_equal(space_new(&chief, SPACE_FLOOR, 999, "4", &edit), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.why, "no such space here");
	assert_int_equal(space_new(&chief, SPACE_ROOM, a3, "301", &edit), ERR_DUP);
	assert_string_equal(edit.fault.field, "code");
	assert_int_equal(space_new(&chief, SPACE_ROOM, a3, "3/1", &edit), ERR_BAD_INPUT);
	assert_int_equal(space_new(&chief, SPACE_ROOM, a3, " 1", &edit), ERR_BAD_INPUT);
}

static void a_floor_takes_its_rooms_along(void **state)
{
	int64_t a = space_made(SPACE_BUILDING, 0, "A"), b = space_made(SPACE_BUILDING, 0, "B");
	int64_t floor = space_made(SPACE_FLOOR, a, "3");
	int64_t room = space_made(SPACE_ROOM, floor, "301");
	struct space_edit edit;
	struct space_row row;

	(void)state;
	assert_int_equal(space_moved(&chief, floor, b, &edit), ERR_NONE);
	assert_int_equal(lab_count(&lab, EFFECT_ACCESS), 1);
	assert_int_equal(space_get(lab.db, 1, room, &row), ERR_NONE);
	assert_int_equal(row.building_id, b);
	assert_int_equal(space_moved(&chief, floor, room, &edit), ERR_BAD_INPUT);
	assert_int_equal(space_moved(&chief, floor, floor, &edit), ERR_BAD_INPUT);
	assert_int_equal(space_moved(&chief, a, b, &edit), ERR_BAD_INPUT);
}

static void who_moves_needs_both_places(void **state)
{
	int64_t a = space_made(SPACE_BUILDING, 0, "A"), b = space_made(SPACE_BUILDING, 0, "B");
	int64_t floor = space_made(SPACE_FLOOR, a, "3");
	struct actor in_a = staff_with(&lab, "in-a", P(SPACE_WRITE), 1, 1, a);
	struct space_edit edit;

	(void)state;
	/* What he does not see is as what is not there. */
	assert_int_equal(space_moved(&in_a, floor, b, &edit), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.why, "no such space here");
	assert_int_equal(space_moved(&in_a, floor, 12345, &edit), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.why, "no such space here");
	assert_int_equal(space_new(&in_a, SPACE_BUILDING, 0, "C", &edit), ERR_FORBIDDEN);
	assert_int_equal(space_new(&in_a, SPACE_FLOOR, a, "4", &edit), ERR_NONE);
	assert_int_equal(space_new(&in_a, SPACE_FLOOR, b, "4", &edit), ERR_BAD_INPUT);
	assert_int_equal(space_gone(&in_a, b), ERR_NOT_FOUND);
	assert_int_equal(space_gone(&in_a, 12345), ERR_NOT_FOUND);
}

static void nothing_goes_while_something_hangs_on_it(void **state)
{
	int64_t a = space_made(SPACE_BUILDING, 0, "A");
	int64_t floor = space_made(SPACE_FLOOR, a, "3");
	struct meter_edit edit;

	(void)state;
	assert_int_equal(space_gone(&chief, a), ERR_REFUSED);
	assert_int_equal(meter_put(&chief, LAB_METER, floor, 0, &edit), ERR_NONE);
	assert_int_equal(space_gone(&chief, floor), ERR_REFUSED);
	lab.now_ms += 1000;
	assert_int_equal(meter_put(&chief, LAB_METER, a, 0, &edit), ERR_NONE);
	/* Its history names the floor. */
	assert_int_equal(space_gone(&chief, floor), ERR_REFUSED);
	assert_int_equal(space_gone(&chief, space_made(SPACE_FLOOR, a, "4")), ERR_NONE);
}

/* ---- meters ---- */

struct places {
	struct meter_place_row row[8];
	size_t count;
};

static bool take_place(void *arg, const struct meter_place_row *row)
{
	struct places *places = arg;

	assert_true(places->count < ARRAY_SIZE(places->row));
	places->row[places->count++] = *row;
	return true;
}

static void a_meters_places_are_history(void **state)
{
	int64_t a = space_made(SPACE_BUILDING, 0, "A"), now_s = lab.now_ms / 1000;
	struct places places = {.count = 0};
	struct meter_edit edit;

	(void)state;
	lab.now_ms += 100000;
	assert_int_equal(meter_put(&chief, LAB_METER, a, now_s + 50, &edit), ERR_NONE);
	assert_int_equal(edit.row.version, 2);
	assert_int_equal(meter_put(&chief, LAB_METER, 0, now_s + 49, &edit), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "since");
	assert_int_equal(meter_put(&chief, LAB_METER, 0, now_s + 200, &edit), ERR_BAD_INPUT);
	assert_int_equal(meter_put(&chief, LAB_METER, 999, 0, &edit), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "space");
	edit = (struct meter_edit){.actor = chief,
	                           .meter = LAB_METER,
	                           .version = 2,
	                           .meter_use = "common",
	                           .name = "Licht",
	                           .has_period = true,
	                           .period_s = 900};
	assert_int_equal(lab_step(&lab, meter_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(meter_place_list(lab.db, 1, LAB_METER, INT64_MAX, take_place, &places),
	                 ERR_NONE);
	assert_int_equal(places.count, 3);
	assert_int_equal(places.row[2].space_id, 0);
	assert_int_equal(places.row[1].space_id, a);
	assert_int_equal(places.row[1].from_s, now_s + 50);
	assert_int_equal(places.row[0].space_id, a);
	assert_string_equal(places.row[0].meter_use, "common");
	assert_string_equal(places.row[0].by_name, "chief");
	edit.version = 3;
	edit.period_s = 7;
	assert_int_equal(lab_step(&lab, meter_edit_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "period_s");
}

static void a_meter_is_moved_by_who_may_at_both_ends(void **state)
{
	int64_t a = space_made(SPACE_BUILDING, 0, "A"), b = space_made(SPACE_BUILDING, 0, "B");
	struct actor in_a = staff_with(&lab, "in-a", P(METER_WRITE), 1, 1, a);
	struct meter_edit edit;

	(void)state;
	assert_int_equal(meter_put(&in_a, LAB_METER, a, 0, &edit), ERR_NOT_FOUND);
	assert_int_equal(meter_put(&chief, LAB_METER, a, 0, &edit), ERR_NONE);
	assert_int_equal(meter_put(&in_a, LAB_METER, b, 0, &edit), ERR_BAD_INPUT);
	assert_int_equal(meter_put(&in_a, LAB_METER, 0, 0, &edit), ERR_FORBIDDEN);
	edit = (struct meter_edit){.actor = in_a, .meter = LAB_METER, .version = 2, .name = "x"};
	assert_int_equal(lab_step(&lab, meter_edit_step, &edit, false), ERR_NONE);
	edit.meter = 999999999999;
	assert_int_equal(lab_step(&lab, meter_edit_step, &edit, false), ERR_NOT_FOUND);
}

/* ---- lists ---- */

struct codes {
	char text[256];
	size_t room;
	struct space_row last;
};

static bool take_code(void *arg, const struct space_row *row)
{
	struct codes *codes = arg;
	size_t len = strlen(codes->text);

	if (!codes->room)
		return false;
	codes->room--;
	codes->last = *row;
	snprintf(codes->text + len, sizeof codes->text - len, "%s ", row->code);
	return true;
}

static const char *codes_of(const struct space_filter *filter, size_t room, struct codes *codes)
{
	*codes = (struct codes){.room = room};
	assert_int_equal(space_list(lab.db, 1, filter, take_code, codes), ERR_NONE);
	return codes->text;
}

static void lists_are_cut_searched_and_sorted(void **state)
{
	struct space_filter filter = {.ask = {.sort = SPACE_BY_CODE}, .parent_id = -1};
	int64_t a = space_made(SPACE_BUILDING, 0, "A"), b = space_made(SPACE_BUILDING, 0, "b%");
	int64_t floor = space_made(SPACE_FLOOR, a, "3");
	struct codes codes;

	(void)state;
	space_made(SPACE_ROOM, floor, "301");
	space_made(SPACE_ROOM, floor, "302");
	space_made(SPACE_FLOOR, b, "3");
	assert_string_equal(codes_of(&filter, 99, &codes), "3 3 301 302 A b% ");
	assert_string_equal(codes_of(&filter, 2, &codes), "3 3 ");
	filter.ask.has_after = true;
	filter.ask.after_id = codes.last.space_id;
	memcpy(filter.ask.after_text, codes.last.code, sizeof codes.last.code);
	assert_string_equal(codes_of(&filter, 2, &codes), "301 302 ");
	filter.ask.has_after = false;
	filter.ask.descending = true;
	assert_string_equal(codes_of(&filter, 3, &codes), "b% A 302 ");
	filter.below_id = floor;
	assert_string_equal(codes_of(&filter, 99, &codes), "302 301 3 ");
	filter.below_id = 0;
	filter.kind = SPACE_BUILDING;
	assert_string_equal(codes_of(&filter, 99, &codes), "b% A ");
	filter.kind = 0;
	filter.parent_id = a;
	assert_string_equal(codes_of(&filter, 99, &codes), "3 ");
	filter.parent_id = -1;
	/* What a search text means to LIKE, it means literally. */
	snprintf(filter.ask.search, sizeof filter.ask.search, "%%");
	assert_string_equal(codes_of(&filter, 99, &codes), "b% ");
	snprintf(filter.ask.search, sizeof filter.ask.search, "B");
	assert_string_equal(codes_of(&filter, 99, &codes), "b% ");
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(groups_and_properties_are_made_and_edited),
	        T(texts_are_refused_with_field_and_limit),
	        T(what_is_archived_changes_no_more),
	        T(rights_are_asked_where_the_object_is),
	        T(rooms_stand_on_floors_of_buildings),
	        T(a_floor_takes_its_rooms_along),
	        T(who_moves_needs_both_places),
	        T(nothing_goes_while_something_hangs_on_it),
	        T(a_meters_places_are_history),
	        T(a_meter_is_moved_by_who_may_at_both_ends),
	        T(lists_are_cut_searched_and_sorted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
