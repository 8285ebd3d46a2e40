/* Leases, and what a tenant may see because of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/meter_edit.h"
#include "platform/core/tenant.h"
#include "platform/store/info.h"
#include "platform/test/estate.h"

#define NOW_S (LAB_NOW_MS / 1000)

static struct lab lab;
static struct estate estate;
static int64_t anna, berta;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	estate_setup(&estate, &lab);
	anna = estate_customer(&estate, "Anna", "13812345678");
	berta = estate_customer(&estate, "Berta", "13912345678");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static struct lease_row lease(int64_t lease_id)
{
	struct lease_row row;

	assert_int_equal(lease_get(lab.db, 1, lease_id, &row), ERR_NONE);
	return row;
}

/* ---- days ---- */

static void days_are_civil_and_whole(void **state)
{
	int64_t id = estate_lease(&estate, anna, estate.r301, 0, 0);
	struct lease_row row = lease(id);

	(void)state;
	assert_int_equal(row.from_s, estate_day_s(estate_today()));
	assert_int_equal(row.until_s, LEASE_OPEN_S);
	row = lease(estate_lease(&estate, anna, estate.r302, 1, 1));
	assert_int_equal(row.until_s - row.from_s, SECONDS_PER_DAY);
	assert_int_equal(lease_state_at(&row, row.from_s - 1), LEASE_PLANNED);
	assert_int_equal(lease_state_at(&row, row.from_s), LEASE_RUNNING);
	assert_int_equal(lease_state_at(&row, row.until_s - 1), LEASE_RUNNING);
	assert_int_equal(lease_state_at(&row, row.until_s), LEASE_ENDED);
}

static void a_room_is_leased_once_at_a_time(void **state)
{
	static const struct {
		int64_t from, to;
		enum err err;
	} cases[] = {
	        {-5, 9,  ERR_NONE   }, /* the day before */
	        {-5, 10, ERR_REFUSED},
                {20, 20, ERR_REFUSED},
                {20, 0,  ERR_REFUSED},
	        {5,  0,  ERR_REFUSED},
                {12, 15, ERR_REFUSED},
                {21, 0,  ERR_NONE   }, /* the day after */
	};
	struct lease_edit edit;

	(void)state;
	estate_lease(&estate, anna, estate.r301, 10, 20);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum err err = estate_try_lease(&estate, &estate.chief, berta, estate.r301,
		                                cases[i].from, cases[i].to, &edit);

		assert_int_equal(err, cases[i].err);
		if (err)
			assert_string_equal(edit.fault.field, "spaces");
	}
}

static void a_floor_and_its_rooms_are_one(void **state)
{
	struct lease_edit edit;
	int64_t id;

	(void)state;
	id = estate_lease(&estate, anna, estate.a3, 0, 10);
	assert_int_equal(estate_try_lease(&estate, &estate.chief, berta, estate.r301, 5, 0, &edit),
	                 ERR_REFUSED);
	assert_int_equal(estate_try_lease(&estate, &estate.chief, berta, estate.a, 5, 0, &edit),
	                 ERR_REFUSED);
	assert_int_equal(estate_try_lease(&estate, &estate.chief, berta, estate.r401, 5, 0, &edit),
	                 ERR_NONE);
	assert_int_equal(estate_end(&estate, &estate.chief, id, &edit), ERR_NONE);
	assert_int_equal(estate_try_lease(&estate, &estate.chief, berta, estate.r301, 1, 0, &edit),
	                 ERR_NONE);
}

static void a_lease_holds_no_space_inside_another(void **state)
{
	int64_t spaces[2] = {estate.r301, estate.a3};
	struct lease_edit edit = {.actor = estate.chief,
	                          .property_id = 1,
	                          .customer_id = anna,
	                          .has_start = true,
	                          .start_day = estate_today(),
	                          .has_spaces = true,
	                          .space_count = 2,
	                          .space = spaces};

	(void)state;
	assert_int_equal(lab_step(&lab, lease_edit_step, &edit, false), ERR_BAD_INPUT);
	spaces[1] = estate.r301;
	assert_int_equal(lab_step(&lab, lease_edit_step, &edit, false), ERR_BAD_INPUT);
	spaces[1] = 777;
	assert_int_equal(lab_step(&lab, lease_edit_step, &edit, false), ERR_BAD_INPUT);
	assert_string_equal(edit.fault.why, "no such space here");
	spaces[1] = estate.r302;
	assert_int_equal(lab_step(&lab, lease_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.row.space_count, 2);
}

static void the_past_of_a_lease_stays(void **state)
{
	int64_t running = estate_lease(&estate, anna, estate.r301, -3, 10);
	int64_t spaces[1] = {estate.r302};
	struct lease_edit edit = {
	        .actor = estate.chief, .property_id = 1, .lease_id = running, .version = 1};

	(void)state;
	edit.has_start = true;
	edit.start_day = estate_today();
	assert_int_equal(lab_step(&lab, lease_edit_step, &edit, false), ERR_REFUSED);
	assert_string_equal(edit.fault.field, "start");
	edit.has_start = false;
	edit.has_spaces = true;
	edit.space = spaces;
	edit.space_count = 1;
	assert_int_equal(lab_step(&lab, lease_edit_step, &edit, false), ERR_REFUSED);
	assert_string_equal(edit.fault.field, "spaces");
	edit.has_spaces = false;
	edit.has_end = true;
	edit.end_day = estate_today() - 1;
	assert_int_equal(lab_step(&lab, lease_edit_step, &edit, false), ERR_REFUSED);
	edit.end_day = estate_today() + 30;
	assert_int_equal(lab_step(&lab, lease_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, lease_edit_step, &edit, false), ERR_CONFLICT);
}

static void ended_and_cancelled_leases_hold_nothing(void **state)
{
	int64_t running = estate_lease(&estate, anna, estate.r301, -3, 10);
	int64_t planned = estate_lease(&estate, anna, estate.r302, 3, 10);
	struct lease_edit edit;
	struct lease_row row;

	(void)state;
	assert_int_equal(estate_end(&estate, &estate.chief, running, &edit), ERR_NONE);
	row = lease(running);
	assert_int_equal(row.until_s, NOW_S);
	assert_int_equal(row.end_day, estate_today());
	assert_int_equal(lease_state_at(&row, NOW_S), LEASE_ENDED);
	assert_int_equal(estate_end(&estate, &estate.chief, planned, &edit), ERR_NONE);
	row = lease(planned);
	assert_int_equal(lease_state_at(&row, NOW_S), LEASE_CANCELLED);
	assert_int_equal(estate_end(&estate, &estate.chief, planned, &edit), ERR_REFUSED);
	estate_lease(&estate, berta, estate.r302, 3, 10);
	/* Not the day that began under the old one. */
	assert_int_equal(estate_try_lease(&estate, &estate.chief, berta, estate.r301, 0, 0, &edit),
	                 ERR_REFUSED);
	estate_lease(&estate, berta, estate.r301, 1, 0);
}

static void a_lease_needs_rights_at_each_space(void **state)
{
	struct actor on_a3 =
	        staff_with(&lab, "a3", P(CUSTOMER_READ) | P(CUSTOMER_WRITE), 1, 1, estate.a3);
	struct actor foreign = staff_with(&lab, "foreign", P(CUSTOMER_WRITE), 2, 0, 0);
	int64_t id = estate_lease(&estate, anna, estate.r301, 0, 10);
	int64_t above = estate_lease(&estate, berta, estate.r401, 0, 10);
	struct lease_edit edit;

	(void)state;
	assert_int_equal(estate_try_lease(&estate, &on_a3, anna, estate.r302, 0, 0, &edit),
	                 ERR_NONE);
	assert_int_equal(estate_try_lease(&estate, &on_a3, anna, estate.r101, 0, 0, &edit),
	                 ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "spaces");
	/* Berta is on another floor: to him she is nobody. */
	assert_int_equal(estate_try_lease(&estate, &on_a3, berta, estate.r302, 20, 0, &edit),
	                 ERR_BAD_INPUT);
	assert_string_equal(edit.fault.field, "customer");
	assert_int_equal(estate_end(&estate, &on_a3, above, &edit), ERR_HIDDEN);
	assert_int_equal(estate_end(&estate, &foreign, id, &edit), ERR_HIDDEN);
	assert_int_equal(estate_end(&estate, &on_a3, 999, &edit), ERR_NOT_FOUND);
	assert_int_equal(estate_end(&estate, &on_a3, id, &edit), ERR_NONE);
	assert_int_equal(estate_try_lease(&estate, &foreign, anna, estate.r302, 20, 0, &edit),
	                 ERR_NOT_FOUND);
}

static void a_room_stays_where_somebody_leases_its_floor(void **state)
{
	struct space_edit edit = {.actor = estate.chief,
	                          .property_id = 1,
	                          .space_id = estate.r401,
	                          .version = 1,
	                          .has_parent = true,
	                          .parent_id = estate.a3};

	(void)state;
	estate_lease(&estate, anna, estate.a3, -9, -5);
	/* Else her floor of then would show the room's past of then. */
	assert_int_equal(lab_step(&lab, space_edit_step, &edit, false), ERR_REFUSED);
	assert_string_equal(edit.fault.field, "parent");
	edit.parent_id = estate.b1;
	estate_lease(&estate, anna, estate.r401, 0, 0);
	assert_int_equal(lab_step(&lab, space_edit_step, &edit, false), ERR_NONE);
}

static bool take_code(void *arg, const struct lease_row *row)
{
	char *text = arg;
	size_t len = strlen(text);

	snprintf(text + len, 256 - len, "%s ", row->code);
	return true;
}

static void leases_are_listed_by_state_and_place(void **state)
{
	static const char *const expected[] = {
	        [LEASE_ANY] = "L000001 L000002 L000003 ",
	        [LEASE_PLANNED] = "L000003 ",
	        [LEASE_RUNNING] = "L000001 ",
	        [LEASE_ENDED] = "L000002 ",
	        [LEASE_CANCELLED] = "",
	};
	struct lease_filter filter = {.now_s = NOW_S};
	char text[256];

	(void)state;
	estate_lease(&estate, anna, estate.r301, -1, 1);
	estate_lease(&estate, anna, estate.r302, -9, -2);
	estate_lease(&estate, berta, estate.r401, 5, 0);
	for (unsigned i = LEASE_ANY; i <= LEASE_CANCELLED; i++) {
		filter.state = (enum lease_state)i;
		text[0] = '\0';
		assert_int_equal(lease_list(lab.db, 1, &filter, take_code, text), ERR_NONE);
		assert_string_equal(text, expected[i]);
	}
	filter.state = LEASE_ANY;
	filter.space_id = estate.a3;
	filter.ask.sort = LEASE_BY_END;
	filter.ask.descending = true;
	text[0] = '\0';
	assert_int_equal(lease_list(lab.db, 1, &filter, take_code, text), ERR_NONE);
	assert_string_equal(text, "L000001 L000002 ");
	filter = (struct lease_filter){.now_s = NOW_S, .ask.search = "bert"};
	text[0] = '\0';
	assert_int_equal(lease_list(lab.db, 1, &filter, take_code, text), ERR_NONE);
	assert_string_equal(text, "L000003 ");
}

/* ---- what a tenant may see ---- */

#define FROM  1000
#define UNTIL 2000

static void hostile_ranges_are_cut(void **state)
{
	static const struct lease_meter meter = {.lease_from_s = FROM,
	                                         .lease_until_s = UNTIL,
	                                         .place_from_s = 500,
	                                         .place_until_s = 1800};

	static const struct {
		int64_t now, from, to, cut_from, cut_to; /* 0, 0: nothing */
	} cases[] = {
	        {1500,      INT64_MIN, INT64_MAX, FROM, 1501    },
	        {1500,      0,         FROM,      0,    0       }, /* before him */
	        {1500,      0,         FROM + 1,  FROM, FROM + 1},
	        {1500,      1200,      1100,      0,    0       }, /* turned round */
	        {1500,      1200,      1200,      0,    0       },
	        {1500,      INT64_MAX, INT64_MIN, 0,    0       },
	        {1500,      1499,      9999,      1499, 1501    },
	        {1500,      1501,      9999,      0,    0       }, /* the future */
	        {1900,      0,         INT64_MAX, FROM, 1800    }, /* the meter left at 1800 */
	        {1999,      0,         INT64_MAX, FROM, 1800    },
	        {UNTIL,     0,         INT64_MAX, 0,    0       }, /* all ends at once */
	        {UNTIL,     FROM,      1500,      0,    0       },
	        {FROM - 1,  0,         INT64_MAX, 0,    0       }, /* and begins with him */
	        {FROM,      0,         INT64_MAX, FROM, FROM + 1},
	        {INT64_MIN, INT64_MIN, INT64_MAX, 0,    0       },
	        {INT64_MAX, INT64_MIN, INT64_MAX, 0,    0       },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t from = cases[i].from, to = cases[i].to;
		bool any = lease_window(&meter, cases[i].now, &from, &to);

		assert_int_equal(any, cases[i].cut_to != 0);
		assert_int_equal(from, cases[i].cut_from);
		assert_int_equal(to, cases[i].cut_to);
	}
}

/* Whatever is asked, at any time: nothing outside of lease and stay comes out, and no instant is in
 * the windows of two tenants. */
static void no_instant_is_anybodys_elses(void **state)
{
	static const int64_t edges[] = {INT64_MIN, -1,   0,    999,  1000, 1001,     1499,
	                                1500,      1501, 1999, 2000, 2001, INT64_MAX};
	const struct lease_meter old = {.lease_from_s = 1000,
	                                .lease_until_s = 1500,
	                                .place_from_s = 0,
	                                .place_until_s = LEASE_OPEN_S};
	const struct lease_meter next = {.lease_from_s = 1500,
	                                 .lease_until_s = 2000,
	                                 .place_from_s = 0,
	                                 .place_until_s = LEASE_OPEN_S};
	const size_t n = ARRAY_SIZE(edges);

	(void)state;
	for (size_t now = 0; now < n; now++)
		for (size_t from = 0; from < n; from++)
			for (size_t to = 0; to < n; to++) {
				int64_t a[2] = {edges[from], edges[to]},
				        b[2] = {edges[from], edges[to]};
				bool is_old = lease_window(&old, edges[now], &a[0], &a[1]);
				bool is_next = lease_window(&next, edges[now], &b[0], &b[1]);

				assert_false(is_old && is_next);
				if (is_old)
					assert_true(a[0] >= 1000 && a[1] <= 1500 && a[0] < a[1]);
				if (is_next)
					assert_true(b[0] >= 1500 && b[1] <= 2000 && b[0] < b[1]);
			}
}

static struct tenant_request ask(int64_t customer_id, int64_t meter)
{
	return (struct tenant_request){.property_id = 1,
	                               .customer_id = customer_id,
	                               .meter = meter,
	                               .now_s = lab.now_ms / 1000,
	                               .from_s = INT64_MIN,
	                               .to_s = INT64_MAX};
}

static void send_readings(int64_t from_s, unsigned count)
{
	static uint64_t seq;
	struct reading rows[64];

	for (unsigned i = 0; i < count; i++)
		rows[i] = lab_reading(LAB_METER, from_s + 60 * i, 1000 + i);
	assert_int_equal(
	        lab_send(&lab, 0,
	                 &(struct lab_batch){
	                         .boot = 5, .seq = ++seq, .rows = rows, .row_count = count}),
	        ERR_NONE);
}

static void readings_before_the_lease_are_never_visible(void **state)
{
	int64_t start_s = estate_day_s(estate_today() + 1);
	struct tenant_request request = ask(anna, LAB_METER);
	struct history_request history = {.points = 2000, .period_s = 60};
	struct day_reader *days;
	uint8_t hash_key[16];

	(void)state;
	assert_int_equal(info_hash_key(lab.db, hash_key), ERR_NONE);
	estate_lease(&estate, anna, estate.r301, 1, 10);
	lab.now_ms = (start_s + 600) * 1000;
	send_readings(start_s - 300, 10);
	assert_int_equal(day_reader_open(&days, lab.dir, hash_key), ERR_NONE);
	request.now_s = lab.now_ms / 1000;
	assert_int_equal(tenant_history(lab.db, days, &request, &history), ERR_NONE);
	assert_int_equal(history.from_s, start_s);
	assert_int_equal(history.reading_count, 5);
	for (size_t i = 0; i < history.point_count; i++)
		assert_true(history.point[i].at_s >= start_s);
	history_free(&history);
	/* Berta, a meter of nobody, a meter that does not exist: all the same. */
	request.customer_id = berta;
	assert_int_equal(tenant_history(lab.db, days, &request, &history), ERR_NOT_FOUND);
	request = ask(anna, LAB_METER + 1);
	assert_int_equal(tenant_history(lab.db, days, &request, &history), ERR_NOT_FOUND);
	request = ask(anna, 999999999999);
	assert_int_equal(tenant_history(lab.db, days, &request, &history), ERR_NOT_FOUND);
	/* Foreign property. */
	request = ask(anna, LAB_METER);
	request.property_id = 2;
	assert_int_equal(tenant_history(lab.db, days, &request, &history), ERR_NOT_FOUND);
	day_reader_close(days);
}

static void put_event(int64_t at_s, unsigned n)
{
	struct event_row row = {.property_id = 1, .meter = LAB_METER, .kind = 1, .at_s = at_s};

	snprintf(row.source, sizeof row.source, "test %u", n);
	assert_int_equal(event_insert(lab.db, &row), ERR_NONE);
}

static void count_event(void *arg, const struct event_row *row)
{
	int64_t *count = arg;

	assert_true(row->at_s >= estate_day_s(estate_today() - 1));
	++*count;
}

static void events_of_others_are_passed_over(void **state)
{
	struct tenant_request request = ask(anna, LAB_METER);
	int64_t count = 0;

	(void)state;
	estate_lease(&estate, anna, estate.r301, -1, 1);
	for (unsigned i = 0; i < 5; i++)
		put_event(NOW_S - i, i);
	for (unsigned i = 5; i < 500; i++)
		put_event(NOW_S - 10 * SECONDS_PER_DAY - i, i);
	for (unsigned i = 500; i < 503; i++)
		put_event(NOW_S - 100 - i, i);
	put_event(NOW_S + 3600, 999);
	assert_int_equal(tenant_events(lab.db, &request, 0, 100, count_event, &count), ERR_NONE);
	assert_int_equal(count, 8);
	count = 0;
	assert_int_equal(tenant_events(lab.db, &request, 0, 6, count_event, &count), ERR_NONE);
	assert_int_equal(count, 6);
	request.customer_id = berta;
	assert_int_equal(tenant_events(lab.db, &request, 0, 6, count_event, &count), ERR_NOT_FOUND);
}

static void the_old_tenants_scope_ends_at_once(void **state)
{
	int64_t id = estate_lease(&estate, anna, estate.r301, -10, 0);
	struct tenant_request request = ask(anna, LAB_METER);
	struct lease_meter meter;
	struct lease_edit edit;

	(void)state;
	assert_int_equal(tenant_meter_now(lab.db, &request, &meter), ERR_NONE);
	assert_int_equal(estate_end(&estate, &estate.chief, id, &edit), ERR_NONE);
	assert_int_equal(tenant_meter_now(lab.db, &request, &meter), ERR_NOT_FOUND);
	estate_lease(&estate, berta, estate.r301, 1, 0);
	lab.now_ms = estate_day_s(estate_today() + 1) * 1000;
	request = ask(anna, LAB_METER);
	assert_int_equal(tenant_meter_now(lab.db, &request, &meter), ERR_NOT_FOUND);
	request = ask(berta, LAB_METER);
	assert_int_equal(tenant_meter_now(lab.db, &request, &meter), ERR_NONE);
	assert_int_equal(meter.lease_from_s, request.now_s);
}

static void a_meter_that_left_takes_its_present_along(void **state)
{
	struct tenant_request request;
	struct lease_meter spans[TENANT_SPANS];
	size_t count;

	(void)state;
	estate_lease(&estate, anna, estate.a3, -10, 0); /* meters of 301 and 302 */
	lab.now_ms += 3600 * 1000;
	assert_int_equal(
	        lab_number(&lab, "SELECT count(*) FROM meter_place WHERE meter=330100000001"), 1);
	{
		struct meter_edit move = {.actor = estate.chief,
		                          .meter = LAB_METER,
		                          .version = 2,
		                          .has_space = true,
		                          .space_id = estate.r101};

		assert_int_equal(lab_step(&lab, meter_edit_step, &move, false), ERR_NONE);
	}
	lab.now_ms += 3600 * 1000;
	request = ask(anna, LAB_METER);
	assert_int_equal(tenant_meter_now(lab.db, &request, &spans[0]), ERR_NOT_FOUND);
	assert_int_equal(tenant_spans(lab.db, &request, spans, &count), ERR_NONE);
	assert_int_equal(count, 1);
	assert_int_equal(spans[0].place_until_s, NOW_S + 3600);
	request = ask(anna, LAB_METER + 1);
	assert_int_equal(tenant_meter_now(lab.db, &request, &spans[0]), ERR_NONE);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(days_are_civil_and_whole),
	        T(a_room_is_leased_once_at_a_time),
	        T(a_floor_and_its_rooms_are_one),
	        T(a_lease_holds_no_space_inside_another),
	        T(the_past_of_a_lease_stays),
	        T(ended_and_cancelled_leases_hold_nothing),
	        T(a_lease_needs_rights_at_each_space),
	        T(a_room_stays_where_somebody_leases_its_floor),
	        T(leases_are_listed_by_state_and_place),
	        cmocka_unit_test(hostile_ranges_are_cut),
	        cmocka_unit_test(no_instant_is_anybodys_elses),
	        T(readings_before_the_lease_are_never_visible),
	        T(events_of_others_are_passed_over),
	        T(the_old_tenants_scope_ends_at_once),
	        T(a_meter_that_left_takes_its_present_along),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
