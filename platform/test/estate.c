#include "platform/test/estate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "libs/base/time.h"
#include "platform/store/meter.h"

static int64_t space(struct estate *estate, enum space_kind kind, int64_t parent_id,
                     const char *code)
{
	struct space_edit edit = {.actor = estate->chief,
	                          .property_id = 1,
	                          .kind = kind,
	                          .has_parent = true,
	                          .parent_id = parent_id,
	                          .code = code};

	assert_int_equal(lab_step(estate->lab, space_edit_step, &edit, false), ERR_NONE);
	return edit.row.space_id;
}

/* As if it had hung there since it was adopted. */
static void hang(struct estate *estate, int64_t meter, int64_t space_id)
{
	struct meter_place_row place = {.property_id = 1,
	                                .meter = meter,
	                                .from_s = 1,
	                                .space_id = space_id,
	                                .meter_use = "prepaid"};
	struct meter_row row;

	assert_int_equal(meter_by_number(estate->lab->db, meter, &row), ERR_NONE);
	row.space_id = space_id;
	assert_int_equal(meter_update(estate->lab->db, &row), ERR_NONE);
	assert_int_equal(meter_place_put(estate->lab->db, &place), ERR_NONE);
}

void estate_setup(struct estate *estate, struct lab *lab)
{
	*estate = (struct estate){.lab = lab, .chief = staff_chief(lab)};
	assert_int_equal(db_exec(lab->db, "UPDATE meter_place SET from_s=1"), ERR_NONE);
	estate->a = space(estate, SPACE_BUILDING, 0, "A");
	estate->a3 = space(estate, SPACE_FLOOR, estate->a, "3");
	estate->r301 = space(estate, SPACE_ROOM, estate->a3, "301");
	estate->r302 = space(estate, SPACE_ROOM, estate->a3, "302");
	estate->a4 = space(estate, SPACE_FLOOR, estate->a, "4");
	estate->r401 = space(estate, SPACE_ROOM, estate->a4, "401");
	estate->b = space(estate, SPACE_BUILDING, 0, "B");
	estate->b1 = space(estate, SPACE_FLOOR, estate->b, "1");
	estate->r101 = space(estate, SPACE_ROOM, estate->b1, "101");
	hang(estate, LAB_METER, estate->r301);
	hang(estate, LAB_METER + 1, estate->r302);
}

int64_t estate_today(void)
{
	return days_from_unix(LAB_NOW_MS / 1000 + CHINA_OFFSET_MIN * 60);
}

int64_t estate_day_s(int64_t day)
{
	return day * SECONDS_PER_DAY - CHINA_OFFSET_MIN * 60;
}

int64_t estate_customer(struct estate *estate, const char *name, const char *phone)
{
	struct phone_edit one = {.number = phone, .main = true};
	struct customer_edit edit = {.actor = estate->chief,
	                             .property_id = 1,
	                             .name = name,
	                             .has_phones = phone != NULL,
	                             .phone_count = phone != NULL,
	                             .phone = &one};

	assert_int_equal(lab_step(estate->lab, customer_edit_step, &edit, false), ERR_NONE);
	return edit.row.customer_id;
}

enum err estate_try_lease(struct estate *estate, const struct actor *actor, int64_t customer_id,
                          int64_t space_id, int64_t from, int64_t to, struct lease_edit *edit)
{
	static int64_t spaces[1];

	spaces[0] = space_id;
	*edit = (struct lease_edit){.actor = *actor,
	                            .property_id = 1,
	                            .customer_id = customer_id,
	                            .has_start = true,
	                            .start_day = estate_today() + from,
	                            .has_end = true,
	                            .end_day = to ? estate_today() + to : 0,
	                            .has_spaces = true,
	                            .space_count = 1,
	                            .space = spaces};
	return lab_step(estate->lab, lease_edit_step, edit, false);
}

int64_t estate_lease(struct estate *estate, int64_t customer_id, int64_t space_id, int64_t from,
                     int64_t to)
{
	struct lease_edit edit;

	assert_int_equal(
	        estate_try_lease(estate, &estate->chief, customer_id, space_id, from, to, &edit),
	        ERR_NONE);
	return edit.row.lease_id;
}

enum err estate_end(struct estate *estate, const struct actor *actor, int64_t lease_id,
                    struct lease_edit *edit)
{
	struct lease_row row;

	*edit = (struct lease_edit){.actor = *actor, .property_id = 1, .lease_id = lease_id};
	if (lease_get(estate->lab->db, 1, lease_id, &row) == ERR_NONE)
		edit->version = row.version;
	return lab_step(estate->lab, lease_end_step, edit, false);
}
