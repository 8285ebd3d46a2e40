/* The directory: where a meter is, without a look at the store. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "platform/core/directory.h"
#include "platform/store/space.h"
#include "platform/test/lab.h"

static struct lab lab;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static void space(int64_t property_id, int64_t id, int64_t parent_id, enum space_kind kind)
{
	struct space_row row = {
	        .property_id = property_id, .space_id = id, .parent_id = parent_id, .kind = kind};

	snprintf(row.code, sizeof row.code, "%lld", (long long)id);
	assert_int_equal(space_insert(lab.db, &row), ERR_NONE);
}

/* Another property of another group, numbered before and after the first one's nodes. */
static void other_property(void)
{
	struct property_row other = {.property_id = 2, .group_id = 9, .slug = "p2", .name = "Zwei"};

	assert_int_equal(property_insert(lab.db, &other), ERR_NONE);
	space(2, 5, 0, SPACE_BUILDING);
	space(2, 40, 5, SPACE_FLOOR);
}

static void put_meter(int64_t number, int64_t space_id)
{
	struct meter_row row;

	assert_int_equal(meter_by_number(lab.db, number, &row), ERR_NONE);
	row.space_id = space_id;
	assert_int_equal(meter_update(lab.db, &row), ERR_NONE);
}

static void a_meter_knows_its_place(void **state)
{
	struct slots *slots = slots_new();
	struct directory *dir;
	struct place place;

	(void)state;
	other_property();
	space(1, 30, 20, SPACE_ROOM); /* its floor has the lower number but comes later */
	space(1, 20, 10, SPACE_FLOOR);
	space(1, 10, 0, SPACE_BUILDING);
	put_meter(LAB_METER, 30);
	put_meter(LAB_METER + 1, 10);
	put_meter(LAB_METER + 2, 40); /* a node of the other property: it is nowhere */
	assert_int_equal(directory_load(lab.db, slots, &dir), ERR_NONE);

	place = directory_place_of_meter(dir, directory_meter(dir, LAB_METER));
	assert_int_equal(place.group_id, 1);
	assert_int_equal(place.property_id, 1);
	assert_int_equal(place.space[0], 30);
	assert_int_equal(place.space[1], 20);
	assert_int_equal(place.space[2], 10);
	place = directory_place_of_meter(dir, directory_meter(dir, LAB_METER + 1));
	assert_int_equal(place.space[0], 10);
	assert_int_equal(place.space[1], 0);
	for (int k = 2; k < LAB_METERS; k++) {
		place = directory_place_of_meter(dir, directory_meter(dir, LAB_METER + k));
		assert_int_equal(place.property_id, 1);
		assert_int_equal(place.space[0], SPACE_NOWHERE);
	}
	directory_unref(dir);
	slots_free(slots);
}

static void properties_and_spaces_are_found_where_they_are(void **state)
{
	struct slots *slots = slots_new();
	const struct dir_space *found;
	struct directory *dir;

	(void)state;
	other_property();
	space(1, 10, 0, SPACE_BUILDING);
	assert_int_equal(directory_load(lab.db, slots, &dir), ERR_NONE);
	assert_int_equal(directory_slug(dir, "p2")->group_id, 9);
	assert_string_equal(directory_property(dir, 1)->slug, "p1");
	assert_null(directory_slug(dir, "p3"));
	assert_null(directory_property(dir, 3));
	assert_null(directory_space(dir, 1, 40)); /* not of this property */
	assert_null(directory_space(dir, 3, 10));
	found = directory_space(dir, 2, 40);
	assert_non_null(found);
	assert_int_equal(directory_place_of_space(dir, found).group_id, 9);
	assert_int_equal(directory_place_of_space(dir, found).space[1], 5);
	assert_string_equal(directory_meter(dir, LAB_METER)->name, "");
	directory_unref(dir);
	slots_free(slots);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_meter_knows_its_place, setup, teardown),
	        cmocka_unit_test_setup_teardown(properties_and_spaces_are_found_where_they_are,
	                                        setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
