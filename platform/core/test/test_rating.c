/* Rating: from registers to fen, whatever comes in between. The worked examples of the domain come out
 * exactly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/base/macros.h"
#include "libs/base/time.h"
#include "platform/core/rating.h"
#include "platform/store/info.h"
#include "platform/store/ledger.h"
#include "platform/test/rated.h"

#define HOUR INT64_C(3600)
#define DAY  INT64_C(86400)
/* 2026-11-24 00:00 in China */
#define MIDNIGHT (INT64_C(20781) * DAY - 28800)

static struct lab lab;
static struct rated rated = {.lab = &lab};

static int64_t number(const char *sql)
{
	return lab_number(&lab, sql);
}

#define FLAT(uy) "{\"rates\":[{\"price_uy\":" #uy "}]}"

/* ---- worked examples of the domain ---- */

#define STEPS                                                                                      \
	"{\"rates\":[{\"price_uy\":500000}],\"steps\":{\"thresholds\":[2880000,4790000,4800000],"  \
	"\"prices_uy\":[0,50000,50000,300000],\"settle\":[{\"month\":1,\"day\":1}]}}"
/* 1 January 2026, 00:00 in China */
#define NEW_YEAR (INT64_C(20454) * DAY - 28800)

static void a_threshold_splits_an_interval(void **state)
{
	(void)state;
	rated_price(&rated, STEPS);
	rated_start_at(&rated, MIDNIGHT, 1000, 2870000, NEW_YEAR);
	rated_read_at(&rated, MIDNIGHT + 10 * HOUR, 26000);
	assert_int_equal(rated_available(&rated), -1325);
	assert_int_equal(rated_cursor(&rated).step_used, 2895000);
	assert_int_equal(number("SELECT count(*) FROM charge WHERE step=0 AND units=10000"), 1);
	assert_int_equal(number("SELECT count(*) FROM charge WHERE step=1 AND units=15000"), 1);
}

static void the_next_threshold_too(void **state)
{
	(void)state;
	rated_price(&rated, STEPS);
	rated_start_at(&rated, MIDNIGHT, 0, 4790000, NEW_YEAR);
	rated_read_at(&rated, MIDNIGHT + 10 * HOUR, 30000);
	assert_int_equal(rated_available(&rated), -2150);
}

static void a_price_changes_inside_a_gap(void **state)
{
	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_version(&rated, 1, 2, MIDNIGHT + 12 * HOUR, FLAT(650000));
	rated_start_at(&rated, MIDNIGHT + 6 * HOUR, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 18 * HOUR, 24000);
	assert_int_equal(rated_available(&rated), -1500);
	assert_int_equal(number("SELECT count(*) FROM charge WHERE estimated=1"), 2);
}

static void a_hundred_kwh_in_small_pieces(void **state)
{
	(void)state;
	rated_price(&rated, FLAT(558300));
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	for (int64_t i = 1; i <= 1000; i++)
		rated_read_at(&rated, MIDNIGHT + i * 80, i * 100);
	assert_int_equal(rated_available(&rated), -5583);
	rated_read_at(&rated, MIDNIGHT + DAY, 100000);
	assert_int_equal(rated_balance(&rated), -5583);
	assert_int_equal(rated_cursor(&rated).accrued, 0);
}

/* ---- days ---- */

static void a_day_is_posted_once(void **state)
{
	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT + 6 * HOUR, 500, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 12 * HOUR, 1500);
	assert_int_equal(rated_balance(&rated), 0);
	assert_int_equal(rated_available(&rated), -60);
	assert_int_equal(rated_read_at(&rated, MIDNIGHT + DAY, 2500).posted, 1);
	assert_int_equal(rated_balance(&rated), -120);
	assert_int_equal(rated_read_at(&rated, MIDNIGHT + DAY, 2500).moved, false);
	assert_int_equal(rated_read_at(&rated, MIDNIGHT + DAY + 60, 2510).posted, 0);
	assert_int_equal(number("SELECT count(*) FROM ledger_group"), 1);
	assert_int_equal(number("SELECT count(*) FROM ledger_group WHERE group_key LIKE"
	                        " 'charge:20781:________________________________'"),
	                 1);
	assert_int_equal(number("SELECT sum(amount_fen) FROM charge WHERE day=20781"), 120);
	assert_int_equal(number("SELECT group_no FROM charge WHERE day=20781"), 1);
}

static void what_is_below_a_fen_goes_on(void **state)
{
	(void)state;
	rated_price(&rated, FLAT(333333));
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	for (int64_t day = 1; day <= 30; day++)
		rated_read_at(&rated, MIDNIGHT + day * DAY, day * 100);
	/* 3 kWh: 0.999999 yuan */
	assert_int_equal(rated_balance(&rated), -99);
	assert_int_equal(number("SELECT rest FROM rating_rest"), 9999000);
}

static void a_month_comes_at_once(void **state)
{
	struct rate_mark marks[30];

	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	for (int64_t i = 0; i < 30; i++)
		marks[i] = (struct rate_mark){MIDNIGHT + (i + 1) * DAY, (i + 1) * 1000};
	lab.now_ms = (MIDNIGHT + 31 * DAY) * 1000;
	assert_int_equal(ledger_close(lab.db, rated.property_id, 20781 + 20), ERR_NONE);
	assert_int_equal(rated_pass_marks(&rated, marks, 30).posted, 30);
	assert_int_equal(rated_balance(&rated), -30 * 60);
	assert_int_equal(number("SELECT count(*) FROM ledger_group WHERE day=20812"), 21);
	assert_int_equal(number("SELECT count(*) FROM ledger_group WHERE reason='day 2026-12-14'"),
	                 1);
	assert_int_equal(number("SELECT count(*) FROM charge WHERE estimated=1"), 0);
}

static void a_gap_is_charged_once_and_marked(void **state)
{
	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	assert_int_equal(rated_read_at(&rated, MIDNIGHT + 3 * DAY, 9000).posted, 3);
	assert_int_equal(rated_balance(&rated), -540);
	assert_int_equal(number("SELECT sum(units) FROM charge WHERE estimated=1"), 9000);
	/* What was kept in the gap comes later: it is charged already. */
	assert_false(rated_read_at(&rated, MIDNIGHT + DAY, 1000).moved);
	assert_int_equal(rated_balance(&rated), -540);
}

static void the_year_ends_inside_an_interval(void **state)
{
	int64_t year_end = NEW_YEAR + 365 * DAY;

	(void)state;
	rated_price(&rated,
	            "{\"rates\":[{\"price_uy\":500000}],\"steps\":{\"thresholds\":[2880000],"
	            "\"prices_uy\":[0,50000],\"settle\":[{\"month\":1,\"day\":1}]}}");
	rated_start_at(&rated, year_end - HOUR, 0, 2875000, NEW_YEAR);
	/* 10 kWh before the year's end, of which 5 are in the second step; 10 after it. */
	rated_read_at(&rated, year_end + HOUR, 20000);
	assert_int_equal(rated_available(&rated), -(500 + 25 + 500));
	assert_int_equal(rated_cursor(&rated).step_used, 10000);
}

static void a_slot_goes_over_midnight_and_a_holiday_begins_there(void **state)
{
	(void)state;
	/* Nights from 22:00 cost 0.30; the 25th has the other table: 1.00 all day. */
	rated_price(
	        &rated,
	        "{\"rates\":[{\"price_uy\":300000},{\"price_uy\":600000},{\"price_uy\":1000000}],"
	        "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"06:00\",\"rate\":2},"
	        "{\"from\":\"22:00\",\"rate\":1}]},{\"slots\":[{\"from\":\"00:00\",\"rate\":3}]}]},"
	        "\"holidays\":[{\"month\":11,\"day\":26,\"table\":2}]}");
	rated_start_at(&rated, MIDNIGHT + 21 * HOUR, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 22 * HOUR, 1000);
	rated_read_at(&rated, MIDNIGHT + 30 * HOUR, 9000);
	assert_int_equal(rated_available(&rated), -(60 + 240));
	/* 22:00 on the 25th to 02:00 on the 26th: 2 h of night, 2 h of holiday. */
	rated_read_at(&rated, MIDNIGHT + 46 * HOUR, 9000);
	rated_read_at(&rated, MIDNIGHT + 50 * HOUR, 13000);
	assert_int_equal(rated_available(&rated), -(60 + 240 + 60 + 200));
}

/* ---- registers ---- */

static void a_register_that_falls_charges_nothing(void **state)
{
	struct rating_row row;

	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 5000, 0, 0);
	assert_true(rated_read_at(&rated, MIDNIGHT + HOUR, 100).moved);
	row = rated_cursor(&rated);
	assert_int_equal(row.fault, RATING_BACK);
	assert_int_equal(row.fault_units, 100);
	assert_int_equal(row.billed_units, 5000);
	/* Nor does what follows, until a person has decided. */
	assert_false(rated_read_at(&rated, MIDNIGHT + 2 * HOUR, 6000).moved);
	assert_int_equal(rated_available(&rated), 0);
	assert_int_equal(rated_money(&rated).faults, 1);
	assert_false(rated_money(&rated).fresh);
}

static void a_small_step_back_is_an_error_of_reading(void **state)
{
	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 5000, 0, 0);
	assert_false(rated_read_at(&rated, MIDNIGHT + HOUR, 4990).moved);
	rated_read_at(&rated, MIDNIGHT + 2 * HOUR, 6000);
	assert_int_equal(rated_available(&rated), -60);
}

static void more_than_the_circuit_carries_waits(void **state)
{
	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + HOUR, 500000);
	assert_int_equal(rated_cursor(&rated).fault, RATING_JUMP);
	assert_int_equal(rated_available(&rated), 0);
	rated_read_at(&rated, MIDNIGHT + DAY, 600000);
	assert_int_equal(rated_cursor(&rated).billed_units, 0);
}

/* A property with larger circuits says so, and then it is use. */
static void a_property_says_what_its_circuits_carry(void **state)
{
	(void)state;
	rated_price(&rated, FLAT(600000));
	assert_int_equal(db_exec(lab.db,
	                         "INSERT INTO supply_rules(property_id, incident_ms, incident_by,"
	                         " incident_reason, version, power_max_w)"
	                         " VALUES(1,0,'','',1,1000000)"),
	                 ERR_NONE);
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + HOUR, 500000);
	assert_int_equal(rated_cursor(&rated).fault, RATING_SOUND);
	assert_int_equal(rated_cursor(&rated).billed_units, 500000);
	rated_read_at(&rated, MIDNIGHT + 2 * HOUR, 1700000);
	assert_int_equal(rated_cursor(&rated).fault, RATING_JUMP);
}

static void the_future_is_not_billed(void **state)
{
	const struct rate_mark mark = {MIDNIGHT + DAY, 1000};

	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	lab.now_ms = (MIDNIGHT + HOUR) * 1000;
	assert_false(rated_pass_marks(&rated, &mark, 1).moved);
	assert_int_equal(rated_cursor(&rated).billed_s, MIDNIGHT);
	lab.now_ms = (MIDNIGHT + DAY) * 1000;
	assert_true(rated_pass_marks(&rated, &mark, 1).moved);
	assert_int_equal(rated_balance(&rated), -60);
}

static void without_a_tariff_nothing_is_invented(void **state)
{
	(void)state;
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	assert_true(rated_read_at(&rated, MIDNIGHT + HOUR, 1000).moved);
	assert_int_equal(rated_cursor(&rated).fault, RATING_UNPRICED);
	assert_false(rated_read_at(&rated, MIDNIGHT + 2 * HOUR, 2000).moved);
	rated_price(&rated, FLAT(600000));
	assert_true(rated_read_at(&rated, MIDNIGHT + 3 * HOUR, 3000).moved);
	assert_int_equal(rated_cursor(&rated).fault, RATING_SOUND);
	assert_int_equal(rated_available(&rated), -180);
}

/* ---- which tariff ---- */

static void a_meter_has_a_tariff_of_its_own_for_a_while(void **state)
{
	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_version(&rated, 2, 9, 1, FLAT(1000000));
	rated_use(&rated, RATED_METER, MIDNIGHT + 2 * HOUR, 2);
	rated_use(&rated, RATED_METER, MIDNIGHT + 4 * HOUR, 0);
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 6 * HOUR, 6000);
	assert_int_equal(rated_available(&rated), -(120 + 200 + 120));
}

static void a_monthly_fee_makes_use_free(void **state)
{
	(void)state;
	rated_price(&rated, FLAT(600000));
	assert_int_equal(number("SELECT count(*) FROM account_terms"), 0);
	assert_int_equal(
	        db_exec(lab.db,
	                "INSERT INTO account_terms(property_id, account_id, from_s, kind, fee_fen,"
	                " bill_day, due_days, overdue_trips, by_name) SELECT property_id, 7, 1,"
	                " 'pay-per-use', 0, 0, 0, 0, '' FROM property"),
	        ERR_NONE);
	assert_int_equal(
	        db_exec(lab.db,
	                "INSERT INTO account_terms(property_id, account_id, from_s, kind, fee_fen,"
	                " bill_day, due_days, overdue_trips, by_name) SELECT property_id, 7,"
	                " 1795453200, 'monthly-fee', 5000, 0, 0, 0, '' FROM property"),
	        ERR_NONE);
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + 2 * HOUR, 2000);
	assert_int_equal(rated_available(&rated), -60);
	assert_int_equal(number("SELECT sum(units) FROM charge"), 2000);
}

/* ---- fee, minimum, lines ---- */

static void water_has_lines_of_its_own(void **state)
{
	(void)state;
	rated_price(&rated, "{\"rates\":[{\"price_uy\":3450000}],\"lines\":[{\"name\":\"sewage\","
	                    "\"price_uy\":950000},{\"price_uy\":200000}]}");
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + DAY, 1000);
	assert_int_equal(rated_balance(&rated), -(345 + 95 + 20));
	assert_int_equal(number("SELECT count(*) FROM ledger_entry"), 4);
	assert_int_equal(number("SELECT amount_fen FROM ledger_entry WHERE account=7"
	                        " AND subject=11"),
	                 95);
}

static void a_fee_comes_day_by_day_and_a_minimum_at_the_end(void **state)
{
	(void)state;
	rated_price(&rated,
	            "{\"rates\":[{\"price_uy\":600000}],\"fee_fen\":1000,\"minimum_fen\":3000}");
	/* From 1 November, 00:00, to the 1st of December. */
	rated_start_at(&rated, MIDNIGHT - 23 * DAY, 0, 0, 0);
	for (int64_t day = 1; day <= 30; day++)
		rated_read_at(&rated, MIDNIGHT + (day - 23) * DAY, day * 1000);
	/* 30 kWh: 18.00; filled up to 30.00; the fee 10.00 */
	assert_int_equal(rated_balance(&rated), -4000);
	assert_int_equal(number("SELECT sum(amount_fen) FROM charge WHERE line=8"), 1000);
	assert_int_equal(number("SELECT sum(amount_fen) FROM charge WHERE line=9"), 1200);
	assert_int_equal(number("SELECT day FROM charge WHERE line=9"), 20781 + 6);
}

/* ---- settlement ---- */

static enum err settle(int64_t at_s, int64_t units, bool accepted, struct rating_settle *s)
{
	*s = (struct rating_settle){.property_id = rated.property_id,
	                            .meter = RATED_METER,
	                            .at_s = at_s,
	                            .units = units,
	                            .accepted = accepted};
	if (lab.now_ms < at_s * 1000)
		lab.now_ms = at_s * 1000;
	return rated_settle(&rated, s);
}

static void a_use_ends_charged_in_full(void **state)
{
	struct rating_settle s;

	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + HOUR, 1000);
	assert_int_equal(settle(MIDNIGHT + 2 * HOUR, 2000, false, &s), ERR_NONE);
	assert_int_equal(rated_balance(&rated), -120);
	assert_int_equal(rated_available(&rated), -120);
	assert_int_equal(rated_cursor(&rated).account_id, 0);
	assert_int_equal(s.step.step_used, 2000);
	assert_int_equal(s.row.account_id, RATED_ACCOUNT);
	assert_int_equal(settle(MIDNIGHT + 3 * HOUR, 3000, false, &s), ERR_NOT_FOUND);
	/* The next one begins there, on the same day. */
	rated_start_at(&rated, MIDNIGHT + 2 * HOUR, 2000, 0, 0);
	assert_int_equal(settle(MIDNIGHT + 3 * HOUR, 3000, false, &s), ERR_NONE);
	assert_int_equal(rated_balance(&rated), -180);
	assert_int_equal(number("SELECT count(*) FROM ledger_group"), 2);
}

/* Days of the property's calendar cost the same whichever way the last use of them is charged. */
static void a_use_ends_on_a_holiday_of_the_property(void **state)
{
	struct rating_settle s;

	(void)state;
	rated_price(&rated,
	            "{\"rates\":[{\"price_uy\":600000},{\"price_uy\":1000000}],"
	            "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"00:00\",\"rate\":1}]},"
	            "{\"slots\":[{\"from\":\"00:00\",\"rate\":2}]}]},\"holiday_table\":2}");
	assert_int_equal(db_exec(lab.db, "INSERT INTO calendar VALUES(5,1,0,'days',1,1)"),
	                 ERR_NONE);
	assert_int_equal(db_exec(lab.db,
	                         "INSERT INTO calendar_day(calendar_id, day, kind, cut_free, name)"
	                         " VALUES(5,20781,1,0,'')"),
	                 ERR_NONE);
	assert_int_equal(db_exec(lab.db, "UPDATE property SET calendar_id=5"), ERR_NONE);
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + HOUR, 1000);
	assert_int_equal(rated_available(&rated), -100);
	assert_int_equal(settle(MIDNIGHT + 2 * HOUR, 2000, false, &s), ERR_NONE);
	assert_int_equal(rated_balance(&rated), -200);
}

static void a_settlement_refuses_what_it_cannot_charge(void **state)
{
	struct rating_settle s;

	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 1000, 0, 0);
	rated_read_at(&rated, MIDNIGHT + HOUR, 2000);
	assert_int_equal(settle(MIDNIGHT + HOUR - 1, 2000, false, &s), ERR_REFUSED);
	assert_string_equal(s.fault.field, "at");
	assert_int_equal(settle(MIDNIGHT + HOUR, 2001, false, &s), ERR_REFUSED);
	assert_string_equal(s.fault.field, "register");
	assert_int_equal(settle(MIDNIGHT + 2 * HOUR, 1999, false, &s), ERR_REFUSED);
	assert_int_equal(settle(MIDNIGHT + 2 * HOUR, -1, false, &s), ERR_REFUSED);
	assert_int_equal(settle(MIDNIGHT + 2 * HOUR, 999999, false, &s), ERR_REFUSED);
	lab.now_ms = (MIDNIGHT + HOUR) * 1000;
	assert_int_equal(rated_balance(&rated), 0);
	assert_int_equal(settle(MIDNIGHT + 2 * HOUR, 999999, true, &s), ERR_NONE);
	assert_int_equal(rated_balance(&rated), -59939);
}

static void a_settlement_at_the_cursor_charges_nothing_more(void **state)
{
	struct rating_settle s;

	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 1000, 0, 0);
	rated_read_at(&rated, MIDNIGHT + HOUR, 2000);
	assert_int_equal(settle(MIDNIGHT + HOUR, 2000, false, &s), ERR_NONE);
	assert_int_equal(rated_balance(&rated), -60);
}

static void one_use_at_a_time(void **state)
{
	struct rating_start start = {.property_id = rated.property_id,
	                             .meter = RATED_METER,
	                             .account_id = RATED_ACCOUNT,
	                             .service = SERVICE_ELECTRICITY,
	                             .from_s = MIDNIGHT};

	(void)state;
	assert_int_equal(rated_start(&rated, &start), ERR_NONE);
	assert_int_equal(rated_start(&rated, &start), ERR_BUSY);
	start.units = -1;
	assert_int_equal(rated_start(&rated, &start), ERR_BAD_INPUT);
}

/* ---- a person decides ---- */

static enum err resolve(enum rating_how how, int64_t units, struct rating_resolve *r)
{
	*r = (struct rating_resolve){
	        .actor = {.local = true, .who = "test", .reason = "seen"},
	        .place = {.group_id = 1,             .property_id = rated.property_id             },
	        .meter = RATED_METER,
	        .version = rated_cursor(&rated).version,
	        .how = how,
	        .units = units
        };
	return lab_step(&lab, rating_resolve_step, r, false);
}

static void a_person_accepts_states_or_begins_anew(void **state)
{
	struct rating_resolve r;

	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 5000, 0, 0);
	assert_int_equal(resolve(RATING_BASELINE, 0, &r), ERR_REFUSED);
	rated_read_at(&rated, MIDNIGHT + HOUR, 305000);
	assert_int_equal(resolve(RATING_ACCEPT, 0, &r), ERR_NONE);
	assert_int_equal(rated_available(&rated), -18000);
	assert_int_equal(rated_cursor(&rated).billed_units, 305000);
	/* What comes late from inside it may contradict him: he is told. */
	assert_int_equal(rated_read_at(&rated, MIDNIGHT + HOUR / 2, 100000).left[0].why,
	                 LATE_DECIDED);
	assert_int_equal(rated_available(&rated), -18000);
	rated_read_at(&rated, MIDNIGHT + 2 * HOUR, 100);
	assert_int_equal(resolve(RATING_ACCEPT, 0, &r), ERR_REFUSED);
	assert_string_equal(r.fault.field, "how");
	assert_int_equal(resolve(RATING_QUANTITY, -1, &r), ERR_BAD_INPUT);
	assert_int_equal(resolve(RATING_QUANTITY, INT64_MAX, &r), ERR_BAD_INPUT);
	assert_int_equal(resolve(RATING_QUANTITY, 1000, &r), ERR_NONE);
	assert_int_equal(rated_available(&rated), -18060);
	assert_int_equal(number("SELECT sum(units) FROM charge WHERE estimated=1"), 1000);
	assert_int_equal(rated_cursor(&rated).billed_units, 100);
	rated_read_at(&rated, MIDNIGHT + 3 * HOUR, 50);
	r.version = 1;
	assert_int_equal(lab_step(&lab, rating_resolve_step, &r, false), ERR_CONFLICT);
	assert_int_equal(resolve(RATING_BASELINE, 0, &r), ERR_NONE);
	assert_int_equal(rated_cursor(&rated).fault, RATING_SOUND);
	rated_read_at(&rated, MIDNIGHT + 4 * HOUR, 1050);
	assert_int_equal(rated_available(&rated), -18120);
	r.actor.reason[0] = '\0';
	assert_int_equal(lab_step(&lab, rating_resolve_step, &r, false), ERR_BAD_INPUT);
	assert_int_equal(number("SELECT count(*) FROM audit WHERE action='rating.resolve'"), 3);
}

/* One false value between good ones, low or high: it counts for nothing, and nothing is charged twice. */
static void a_false_value_is_discarded(void **state)
{
	struct rating_resolve r;

	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	rated_read_at(&rated, MIDNIGHT + HOUR, 5000);
	assert_int_equal(resolve(RATING_DISCARD, 0, &r), ERR_REFUSED);
	rated_read_at(&rated, MIDNIGHT + 2 * HOUR, 700);
	assert_int_equal(rated_cursor(&rated).fault, RATING_BACK);
	assert_int_equal(resolve(RATING_DISCARD, 0, &r), ERR_NONE);
	assert_int_equal(rated_cursor(&rated).fault, RATING_SOUND);
	assert_int_equal(rated_cursor(&rated).billed_units, 5000);
	rated_read_at(&rated, MIDNIGHT + 3 * HOUR, 6000);
	assert_int_equal(rated_available(&rated), -360);
	rated_read_at(&rated, MIDNIGHT + 4 * HOUR, 90000000);
	assert_int_equal(rated_cursor(&rated).fault, RATING_JUMP);
	assert_int_equal(resolve(RATING_DISCARD, 0, &r), ERR_NONE);
	rated_read_at(&rated, MIDNIGHT + 5 * HOUR, 7000);
	assert_int_equal(rated_available(&rated), -420);
	assert_int_equal(number("SELECT count(*) FROM audit WHERE action='rating.resolve'"), 2);
}

static void the_words_of_a_decision(void **state)
{
	enum rating_how how;

	(void)state;
	assert_true(rating_how_parse("accept", &how) && how == RATING_ACCEPT);
	assert_true(rating_how_parse("quantity", &how) && how == RATING_QUANTITY);
	assert_true(rating_how_parse("discard", &how) && how == RATING_DISCARD);
	assert_false(rating_how_parse("guess", &how));
}

static void the_saved_reading_is_taken(void **state)
{
	struct rating_pass pass;
	struct reading reading = lab_reading(RATED_METER, MIDNIGHT + HOUR, 1000);
	const struct lab_batch batch = {.boot = 1, .seq = 1, .rows = &reading, .row_count = 1};

	(void)state;
	rated_price(&rated, FLAT(600000));
	rated_start_at(&rated, MIDNIGHT, 0, 0, 0);
	lab.now_ms = (MIDNIGHT + HOUR) * 1000;
	pass = rated_pass_marks(&rated, NULL, 0);
	assert_false(pass.moved);
	assert_int_equal(pass.account_id, RATED_ACCOUNT);
	assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
	assert_int_equal(lab_step(&lab, ingest_save_step, lab.ingest, false), ERR_NONE);
	assert_true(rated_pass_marks(&rated, NULL, 0).moved);
	assert_int_equal(rated_available(&rated), -60);
	assert_true(rated_money(&rated).fresh);
	lab.now_ms += (RATING_FRESH_S + 1) * 1000;
	assert_false(rated_money(&rated).fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        RATED_TEST(a_threshold_splits_an_interval, &rated),
	        RATED_TEST(the_next_threshold_too, &rated),
	        RATED_TEST(a_price_changes_inside_a_gap, &rated),
	        RATED_TEST(a_hundred_kwh_in_small_pieces, &rated),
	        RATED_TEST(a_day_is_posted_once, &rated),
	        RATED_TEST(what_is_below_a_fen_goes_on, &rated),
	        RATED_TEST(a_month_comes_at_once, &rated),
	        RATED_TEST(a_gap_is_charged_once_and_marked, &rated),
	        RATED_TEST(the_year_ends_inside_an_interval, &rated),
	        RATED_TEST(a_slot_goes_over_midnight_and_a_holiday_begins_there, &rated),
	        RATED_TEST(a_register_that_falls_charges_nothing, &rated),
	        RATED_TEST(a_small_step_back_is_an_error_of_reading, &rated),
	        RATED_TEST(more_than_the_circuit_carries_waits, &rated),
	        RATED_TEST(a_property_says_what_its_circuits_carry, &rated),
	        RATED_TEST(the_future_is_not_billed, &rated),
	        RATED_TEST(without_a_tariff_nothing_is_invented, &rated),
	        RATED_TEST(a_meter_has_a_tariff_of_its_own_for_a_while, &rated),
	        RATED_TEST(a_monthly_fee_makes_use_free, &rated),
	        RATED_TEST(water_has_lines_of_its_own, &rated),
	        RATED_TEST(a_fee_comes_day_by_day_and_a_minimum_at_the_end, &rated),
	        RATED_TEST(a_use_ends_charged_in_full, &rated),
	        RATED_TEST(a_use_ends_on_a_holiday_of_the_property, &rated),
	        RATED_TEST(a_settlement_refuses_what_it_cannot_charge, &rated),
	        RATED_TEST(a_settlement_at_the_cursor_charges_nothing_more, &rated),
	        RATED_TEST(one_use_at_a_time, &rated),
	        RATED_TEST(a_person_accepts_states_or_begins_anew, &rated),
	        RATED_TEST(a_false_value_is_discarded, &rated),
	        cmocka_unit_test(the_words_of_a_decision),
	        RATED_TEST(the_saved_reading_is_taken, &rated),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
