/* A version tried on stored readings: two prices for the same use, and what is read for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"
#include "libs/base/time.h"
#include "platform/core/trial.h"
#include "platform/core/trial_run.h"
#include "platform/store/info.h"
#include "platform/test/money.h"

/* 2026-11-24 00:00 in China, a day of LAB_NOW_MS. */
#define DAY_S INT64_C(1795449600)
#define HOUR  INT64_C(3600)
#define DAY   INT64_C(86400)

static int64_t price(const struct trial_use *use, int side)
{
	return trial_fen(&use->side[side]);
}

static void mark(struct trial_use *use, int64_t at_s, int64_t units)
{
	const struct rate_mark to = {at_s, units};

	assert_int_equal(trial_mark(use, &to), ERR_NONE);
}

static void the_same_use_has_two_prices(void **state)
{
	struct trial_use use = {.from_s = 0};
	struct plan flat, steps;

	(void)state;
	plan_flat(&flat, 1, 0, 600000);
	plan_flat(&steps, 2, 0, 500000);
	steps.threshold_count = 1;
	steps.threshold_wh[0] = 100000;
	steps.step_price_uy[1] = 300000;
	steps.unsettled = PLAN_UNSETTLED_MONTHLY;
	use.side[TRIAL_NOW].plan = &flat;
	use.side[TRIAL_TRIED].plan = &steps;
	mark(&use, DAY_S, 1000000);
	mark(&use, DAY_S + DAY, 1090000);
	mark(&use, DAY_S + DAY, 1090000); /* a repeat */
	mark(&use, DAY_S + 2 * DAY, 1130000);
	trial_end(&use);
	assert_int_equal(use.units, 130000);
	assert_int_equal(price(&use, TRIAL_NOW), 7800);
	assert_int_equal(price(&use, TRIAL_TRIED), 100 * 50 + 30 * 80);
	assert_int_equal(use.faults, 0);
}

static void lines_fees_and_minimum_are_in_it(void **state)
{
	struct trial_use use = {.from_s = 0};
	struct plan now, tried;

	(void)state;
	plan_flat(&now, 1, 0, 1000000);
	tried = now;
	tried.line_count = 1;
	tried.line_price_uy[0] = 500000;
	tried.fee_fen = 3000;
	tried.minimum_fen = 6000;
	use.side[TRIAL_NOW].plan = &now;
	use.side[TRIAL_TRIED].plan = &tried;
	/* 24 to 30 November, and the first ten days of December: 7 of 30 days, 10 of 31. */
	mark(&use, DAY_S, 0);
	mark(&use, DAY_S + 7 * DAY, 10000);
	mark(&use, DAY_S + 17 * DAY, 11000);
	trial_end(&use);
	assert_int_equal(price(&use, TRIAL_NOW), 1100);
	/* 11 kWh at 1.00 and 0.50; fees 700 + 967; November lacks 1400 - 1000, December 1935 - 100. */
	assert_int_equal(price(&use, TRIAL_TRIED), 1650 + 700 + 967 + 400 + 1835);
}

static void a_register_that_falls_is_passed_over(void **state)
{
	struct trial_use use = {.from_s = 0};
	struct plan flat;

	(void)state;
	plan_flat(&flat, 1, 0, 1000000);
	use.side[TRIAL_TRIED].plan = &flat;
	use.reg.max_per_hour = 100000;
	mark(&use, DAY_S, 500000);
	mark(&use, DAY_S + HOUR, 501000);
	mark(&use, DAY_S + 2 * HOUR, 0);
	mark(&use, DAY_S + 3 * HOUR, 2000);
	mark(&use, DAY_S + 4 * HOUR, 900000000);
	trial_end(&use);
	assert_int_equal(use.faults, 2);
	assert_int_equal(use.units, 3000);
	assert_int_equal(price(&use, TRIAL_TRIED), 300);
	assert_int_equal(price(&use, TRIAL_NOW), 0); /* no plan */
}

static struct plan two_rates(void)
{
	struct plan plan;

	plan_flat(&plan, 1, 0, 300000);
	plan.rate_count = 2;
	plan.rate_price_uy[1] = 900000;
	plan.calendar[0].table_count = 1;
	plan.calendar[0].table[0] = (struct plan_table){
	        .count = 2, .slot = {{8 * 60, 2}, {22 * 60, 1}}
        };
	return plan;
}

static void edges_are_where_a_price_changes(void **state)
{
	struct plan plan = two_rates();
	int64_t *at = NULL;
	size_t count = 0;

	(void)state;
	/* 29 November to 2 December: twice a day, and the month. */
	assert_int_equal(trial_edges(&plan, DAY_S + 5 * DAY, DAY_S + 8 * DAY, &at, &count),
	                 ERR_NONE);
	assert_int_equal(count, 7);
	assert_int_equal(at[0], DAY_S + 5 * DAY + 8 * HOUR);
	assert_int_equal(at[1], DAY_S + 5 * DAY + 22 * HOUR);
	assert_int_equal(at[4], DAY_S + 7 * DAY);
	free(at);
}

/* ---- on a store ---- */

static struct lab lab;
static struct estate estate;
static struct reader reader;
static uint64_t seq;

#define TARIFF  1
#define FOLLOWS 2
#define DRAFT   11

static void add_tariff(int64_t tariff_id, int64_t base, int64_t delta)
{
	struct tariff_row row = {.tariff_id = tariff_id,
	                         .group_id = 1,
	                         .property_id = 1,
	                         .service = SERVICE_ELECTRICITY,
	                         .base_tariff_id = base,
	                         .base_delta_uy = delta,
	                         .version = 1};

	snprintf(row.code, sizeof row.code, "t%lld", (long long)tariff_id);
	assert_int_equal(tariff_insert(lab.db, &row), ERR_NONE);
}

static void add_version(int64_t version_id, int64_t tariff_id, enum tariff_state state,
                        int64_t valid_from_s, const char *body)
{
	struct tariff_version_row row = {.version_id = version_id,
	                                 .tariff_id = tariff_id,
	                                 .valid_from_s = valid_from_s,
	                                 .state = state,
	                                 .body = body,
	                                 .version = 1};

	assert_int_equal(tariff_version_insert(lab.db, &row), ERR_NONE);
}

static void use_tariff(int64_t meter, int64_t tariff_id)
{
	struct tariff_use use = {.property_id = 1,
	                         .meter = meter,
	                         .service = SERVICE_ELECTRICITY,
	                         .from_s = 1,
	                         .tariff_id = tariff_id};

	assert_int_equal(tariff_use_put(lab.db, &use), ERR_NONE);
}

static int setup(void **state)
{
	uint8_t key[16];

	(void)state;
	seq = 0;
	lab_setup(&lab);
	estate_setup(&estate, &lab);
	reader.db = lab.db;
	assert_int_equal(info_hash_key(lab.db, key), ERR_NONE);
	assert_int_equal(day_reader_open(&reader.days, lab.dir, key), ERR_NONE);
	add_tariff(TARIFF, 0, 0);
	add_tariff(FOLLOWS, TARIFF, 100000);
	add_version(1, TARIFF, TARIFF_PUBLISHED, 1, "{\"rates\":[{\"price_uy\":600000}]}");
	add_version(2, FOLLOWS, TARIFF_PUBLISHED, 1, "{\"rates\":[{\"price_uy\":700000}]}");
	add_version(
	        DRAFT, TARIFF, TARIFF_DRAFT, DAY_S + 400 * DAY,
	        "{\"rates\":[{\"price_uy\":300000},{\"price_uy\":900000}],\"calendar\":{\"tables\":"
	        "[{\"slots\":[{\"from\":\"08:00\",\"rate\":2},{\"from\":\"22:00\",\"rate\":1}]}]}}");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	day_reader_close(reader.days);
	lab_teardown(&lab);
	return 0;
}

/* Each quarter of an hour: 100 Wh from 08:00 to 22:00, else 20 Wh. 100 * 56 + 20 * 40 = 6400 Wh a day. */
static void send_days(int64_t meter, int64_t from_s, int days)
{
	int64_t wh = 1000;

	for (int64_t quarter = 0; quarter <= days * 96; quarter++) {
		int64_t hour = (quarter - 1) % 96 / 4;
		struct reading reading;
		struct lab_batch batch = {
		        .boot = 1, .seq = ++seq, .rows = &reading, .row_count = 1};

		if (quarter)
			wh += hour >= 8 && hour < 22 ? 100 : 20;
		reading = lab_reading(meter, from_s + quarter * 900, wh);
		if (lab.now_ms < reading.time_s * 1000)
			lab.now_ms = reading.time_s * 1000;
		assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
	}
}

static struct tariff_trial_row rows[8];
static size_t row_count;

static enum err on_row(void *arg, const struct tariff_trial_row *row)
{
	(void)arg;
	assert_true(row_count < ARRAY_SIZE(rows));
	rows[row_count++] = *row;
	return ERR_NONE;
}

static struct tariff_trial_sums try(struct tariff_trial_ask ask)
{
	struct tariff_trial *trial;
	struct tariff_trial_sums sums;
	int64_t before = 0;

	ask.group_id = ask.property_id = 1;
	ask.utc_offset_s = PLAN_OFFSET_CHINA_S;
	ask.tariff_id = TARIFF;
	ask.version_id = DRAFT;
	ask.now_s = ask.to_s;
	ask.period_s = 900;
	row_count = 0;
	assert_int_equal(tariff_trial_new(&trial, &ask), ERR_NONE);
	while (!tariff_trial_over(trial)) {
		assert_int_equal(tariff_trial_slice(trial, &reader, on_row, NULL), ERR_NONE);
		assert_true(tariff_trial_permille(trial) >= before);
		before = tariff_trial_permille(trial);
	}
	sums = *tariff_trial_sums(trial);
	tariff_trial_free(trial);
	return sums;
}

static void each_account_has_both_prices(void **state)
{
	int64_t from_s = DAY_S + 2 * DAY;
	int64_t first = money_account(&estate, "A1", LAB_METER, 1);
	int64_t second = money_account(&estate, "A2", LAB_METER + 1, 1);
	struct tariff_trial_sums sums;

	(void)state;
	use_tariff(0, TARIFF);
	use_tariff(LAB_METER + 1, FOLLOWS);
	send_days(LAB_METER, from_s, 3);
	send_days(LAB_METER + 1, from_s, 3);
	sums = try((struct tariff_trial_ask){.from_s = from_s, .to_s = from_s + 3 * DAY});
	assert_int_equal(sums.accounts, 2);
	assert_int_equal(rows[0].account_id, first);
	assert_string_equal(rows[0].code, "A1");
	assert_string_equal(rows[0].customer, "A1");
	assert_string_equal(rows[0].path, "A/3/301");
	assert_int_equal(rows[0].units, 3 * 6400);
	/* 19.2 kWh at 0.60; 16.8 at 0.90 and 2.4 at 0.30. */
	assert_int_equal(rows[0].now_fen, 1152);
	assert_int_equal(rows[0].tried_fen, 1512 + 72);
	assert_true(rows[0].priced);
	assert_int_equal(rows[1].account_id, second);
	assert_int_equal(rows[1].now_fen, 1344);
	assert_int_equal(rows[1].tried_fen, 1680 + 96);
	assert_int_equal(sums.more, 2);
	assert_int_equal(sums.now_fen, 1152 + 1344);
	assert_int_equal(sums.tried_fen, 1584 + 1776);
}

static void others_are_left_alone_unless_asked_for(void **state)
{
	int64_t from_s = DAY_S + 2 * DAY;
	struct tariff_trial_ask ask = {.from_s = from_s, .to_s = from_s + DAY};

	(void)state;
	money_account(&estate, "A1", LAB_METER, 1);
	money_account(&estate, "A2", LAB_METER + 1, 1);
	send_days(LAB_METER, from_s, 1);
	assert_int_equal(try(ask).accounts, 0); /* nobody pays by it */
	ask.all = true;
	assert_int_equal(try(ask).accounts, 2);
	assert_false(rows[0].priced);
	assert_int_equal(rows[0].now_fen, 0);
	assert_int_equal(rows[0].tried_fen, 504 + 24);
	assert_int_equal(rows[1].without, 1);
	ask.space_id = estate.r302;
	assert_int_equal(try(ask).accounts, 1);
	assert_string_equal(rows[0].code, "A2");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(the_same_use_has_two_prices),
	        cmocka_unit_test(lines_fees_and_minimum_are_in_it),
	        cmocka_unit_test(a_register_that_falls_is_passed_over),
	        cmocka_unit_test(edges_are_where_a_price_changes),
	        cmocka_unit_test_setup_teardown(each_account_has_both_prices, setup, teardown),
	        cmocka_unit_test_setup_teardown(others_are_left_alone_unless_asked_for, setup,
	                                        teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
