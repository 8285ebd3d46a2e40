/* Rating as it runs: batches in the order of arrival, each once, whatever stops in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/base/macros.h"
#include "libs/proto/meter.h"
#include "platform/core/daily.h"
#include "platform/core/rating_run.h"
#include "platform/store/info.h"
#include "platform/store/ledger.h"
#include "platform/test/lab.h"

#define START_S (LAB_NOW_MS / 1000)

static struct lab lab;
static struct reader reader;
static int64_t property_id;
static uint64_t seq;

struct opening {
	int64_t meter, account_id;
};

static enum err open_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct opening *opening = arg;
	struct rating_start start = {.property_id = property_id,
	                             .meter = opening->meter,
	                             .account_id = opening->account_id,
	                             .service = SERVICE_ELECTRICITY,
	                             .from_s = now_ms / 1000,
	                             .units = 1000};

	(void)out;
	return rating_start(tx, &start);
}

static enum err tariff_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct tariff_version_row row = {.version_id = 1,
	                                 .tariff_id = 1,
	                                 .valid_from_s = 1,
	                                 .state = TARIFF_PUBLISHED,
	                                 .body = "{\"rates\":[{\"price_uy\":600000}]}",
	                                 .version = 1};
	struct tariff_use use = {.property_id = property_id,
	                         .service = SERVICE_ELECTRICITY,
	                         .from_s = 1,
	                         .tariff_id = 1};
	enum err err = tariff_version_insert(tx->db, &row);

	(void)arg;
	(void)now_ms;
	(void)out;
	return err ? err : tariff_use_put(tx->db, &use);
}

static void open_reader(void)
{
	uint8_t key[16];

	reader.db = lab.db;
	assert_int_equal(info_hash_key(lab.db, key), ERR_NONE);
	assert_int_equal(day_reader_open(&reader.days, lab.dir, key), ERR_NONE);
}

static void open_use(int64_t meter, int64_t account_id)
{
	struct opening opening = {meter, account_id};

	assert_int_equal(lab_step(&lab, open_step, &opening, false), ERR_NONE);
}

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	property_id = lab.gateway[0].property_id;
	seq = 0;
	open_reader();
	assert_int_equal(lab_step(&lab, tariff_step, NULL, false), ERR_NONE);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	day_reader_close(reader.days);
	lab_teardown(&lab);
	return 0;
}

static void send_quality(int gateway, int64_t meter, int64_t after_s, int64_t wh, uint32_t quality)
{
	struct reading reading = lab_reading(meter, START_S + after_s, wh);
	struct lab_batch batch = {.boot = 1, .seq = ++seq, .rows = &reading, .row_count = 1};

	reading.quality = quality;
	if (lab.now_ms < reading.time_s * 1000)
		lab.now_ms = reading.time_s * 1000;
	assert_int_equal(lab_send(&lab, gateway, &batch), ERR_NONE);
}

static void send(int64_t meter, int64_t after_s, int64_t wh)
{
	send_quality(0, meter, after_s, wh, 0);
}

/* A whole run; the number of its steps. */
static int run(struct rating_chunk *chunk)
{
	int steps = 0;

	assert_int_equal(rating_chunk_read(&reader, chunk), ERR_NONE);
	for (; chunk->in.any; steps++) {
		assert_int_equal(lab_step(&lab, rating_chunk_step, chunk, true), ERR_NONE);
		arrivals_next(&chunk->in);
	}
	rating_chunk_clear(chunk);
	return steps;
}

static void run_all(void)
{
	struct rating_chunk chunk = {.cache = NULL};

	run(&chunk);
}

static int64_t available(int64_t account_id)
{
	struct account_money money;

	assert_int_equal(account_money(lab.db, property_id, account_id, lab.now_ms, &money),
	                 ERR_NONE);
	return money.available.fen;
}

static void a_new_store_begins_with_what_arrives(void **state)
{
	struct rating_chunk chunk = {.cache = NULL};

	(void)state;
	open_use(LAB_METER, 7);
	assert_int_equal(run(&chunk), 0); /* no file yet */
	send(LAB_METER, 60, 1500);
	assert_int_equal(run(&chunk), 1); /* the place is taken */
	assert_int_equal(available(7), 0);
	send(LAB_METER, 120, 2000);
	assert_int_equal(run(&chunk), 1);
	assert_int_equal(available(7), -60);
	assert_int_equal(run(&chunk), 0);
}

static void each_meter_gets_its_readings(void **state)
{
	(void)state;
	for (int64_t i = 0; i < 3; i++)
		open_use(LAB_METER + i, 7 + i);
	send(LAB_METER, 1, 1000);
	run_all();
	for (int64_t k = 1; k <= 10; k++)
		for (int64_t i = 0; i < 4; i++)
			send(LAB_METER + i, k * 60, 1000 + k * 100 * (i + 1));
	run_all();
	assert_int_equal(available(7), -60);
	assert_int_equal(available(8), -120);
	assert_int_equal(available(9), -180);
	assert_int_equal(lab_number(&lab, "SELECT count(DISTINCT meter) FROM charge"), 3);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM charge"), 3);
}

static void a_run_that_is_killed_is_repeated(void **state)
{
	struct rating_chunk chunk = {.cache = NULL};

	(void)state;
	open_use(LAB_METER, 7);
	open_use(LAB_METER + 1, 8);
	send(LAB_METER, 1, 1000);
	run_all();
	send(LAB_METER, 3600, 2000);
	send(LAB_METER + 1, 3600, 3000);
	/* Read, and never applied. */
	assert_int_equal(rating_chunk_read(&reader, &chunk), ERR_NONE);
	assert_int_equal(chunk.in.count, 2);
	rating_chunk_clear(&chunk);
	/* Applied in part: the place is not kept. */
	assert_int_equal(rating_chunk_read(&reader, &chunk), ERR_NONE);
	chunk.in.count = 1;
	chunk.in.file = chunk.in.rowid = 0;
	assert_int_equal(lab_step(&lab, rating_chunk_step, &chunk, true), ERR_NONE);
	assert_int_equal(db_exec(lab.db, "UPDATE store_info SET value='1'"
	                                 " WHERE name IN ('rating_file', 'rating_row')"),
	                 ERR_NONE);
	rating_chunk_clear(&chunk);
	/* All that was ever stored, once more. */
	run_all();
	assert_int_equal(available(7), -60);
	assert_int_equal(available(8), -120);
	/* And after a step that was undone. */
	send(LAB_METER, 7200, 3000);
	assert_int_equal(rating_chunk_read(&reader, &chunk), ERR_NONE);
	assert_int_equal(lab_begin_step(&lab, rating_chunk_step, &chunk, true), ERR_NONE);
	lab_rollback(&lab);
	rating_chunk_clear(&chunk);
	assert_int_equal(available(7), -60);
	run_all();
	assert_int_equal(available(7), -120);
}

static void nobody_else_s_gateway_bills_a_meter(void **state)
{
	(void)state;
	open_use(LAB_METER, 7);
	send(LAB_METER, 1, 1000);
	run_all();
	send_quality(1, LAB_METER, 3600, 900000, 0);
	run_all();
	assert_int_equal(available(7), 0);
	assert_int_equal(lab_number(&lab, "SELECT fault FROM rating"), 0);
}

static void a_time_that_is_unsure_waits_for_a_sure_one(void **state)
{
	(void)state;
	open_use(LAB_METER, 7);
	send(LAB_METER, 1, 1000);
	run_all();
	send_quality(0, LAB_METER, 3600, 2000, METER_CLOCK_UNSURE);
	run_all();
	assert_int_equal(available(7), 0);
	send(LAB_METER, 3660, 2000);
	run_all();
	assert_int_equal(available(7), -60);
}

static void thirty_days_come_from_a_gateway_that_was_away(void **state)
{
	(void)state;
	open_use(LAB_METER, 7);
	send(LAB_METER, 1, 1000);
	run_all();
	lab.now_ms += INT64_C(31) * 86400 * 1000;
	for (int64_t day = 1; day <= 30; day++)
		send(LAB_METER, day * 86400, 1000 + day * 1000);
	run_all();
	assert_int_equal(available(7), -30 * 60);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM ledger_group"), 30);
}

static void a_day_is_closed_two_hours_after_midnight(void **state)
{
	struct daily_request daily = {.more = false};
	struct ledger_state ledger;

	(void)state;
	open_use(LAB_METER, 7);
	send(LAB_METER, 1, 1000);
	run_all();
	send(LAB_METER, 86400, 2000);
	run_all();
	/* 2026-11-26 00:59 in China, and 02:00 */
	lab.now_ms = INT64_C(1795625940) * 1000;
	assert_int_equal(lab_step(&lab, daily_step, &daily, false), ERR_NONE);
	assert_int_equal(daily.next_s, 1795629600);
	assert_int_equal(ledger_state(lab.db, property_id, &ledger), ERR_NONE);
	assert_int_equal(ledger.closed_day, INT64_MIN);
	lab.now_ms = daily.next_s * 1000;
	assert_int_equal(lab_step(&lab, daily_step, &daily, false), ERR_NONE);
	assert_int_equal(ledger_state(lab.db, property_id, &ledger), ERR_NONE);
	assert_int_equal(ledger.closed_day, 20782);
	assert_int_equal(lab_step(&lab, daily_step, &daily, false), ERR_NONE);
}

static size_t look_on(struct money_check *check, int64_t day)
{
	check->day = day;
	assert_int_equal(money_check_read(&reader, check), ERR_NONE);
	assert_int_equal(lab_step(&lab, money_check_step, check, true), ERR_NONE);
	money_check_clear(check);
	return check->count;
}

static size_t look(struct money_check *check)
{
	return look_on(check, 1);
}

static void add_accrued(int64_t more)
{
	struct rating_open open = {.count = 0};
	struct rating_row row;

	assert_int_equal(rating_get_open(lab.db, property_id, LAB_METER, &row, &open), ERR_NONE);
	row.accrued += more;
	assert_int_equal(rating_put(lab.db, &row, &open), ERR_NONE);
	rating_open_free(&open);
}

static void each_night_the_books_are_added_up(void **state)
{
	static struct money_check check;

	(void)state;
	open_use(LAB_METER, 7);
	send(LAB_METER, 1, 1000);
	run_all();
	send(LAB_METER, 86400, 2000);
	send(LAB_METER, 86460, 2010);
	run_all();
	assert_int_equal(look(&check), 0);
	add_accrued(1);
	assert_int_equal(look(&check), 1);
	assert_int_equal(check.found[0].what, MONEY_ACCRUED);
	assert_int_equal(check.found[0].where, LAB_METER);
	assert_int_equal(lab_count(&lab, EFFECT_ALARM), 1);
	assert_int_equal(look(&check), 1);
	assert_int_equal(lab_count(&lab, EFFECT_ALARM), 0); /* told already */
	add_accrued(-1);
	assert_int_equal(db_exec(lab.db, "UPDATE charge_day SET amount_fen=amount_fen+1"
	                                 " WHERE group_no=1"),
	                 ERR_NONE);
	/* What is proved already is looked at once a week, or when anything else is wrong. */
	assert_int_equal(look_on(&check, MONEY_WHOLE), 0);
	assert_int_equal(look_on(&check, 1 + MONEY_WHOLE), 1);
	assert_int_equal(check.found[0].what, MONEY_POSTED);
	assert_int_equal(db_exec(lab.db, "UPDATE ledger_balance SET balance_fen=0"), ERR_NONE);
	assert_int_equal(look(&check), 2);
	assert_int_equal(check.found[0].what, MONEY_LEDGER);
}

/* Each night proves what the day brought: also a day that came late, and one whose sums are wrong. */
static void a_night_proves_what_is_new(void **state)
{
	static struct money_check check;

	(void)state;
	open_use(LAB_METER, 7);
	send(LAB_METER, 1, 1000);
	run_all();
	send(LAB_METER, 86400, 2000);
	send(LAB_METER, 86460, 2010);
	run_all();
	assert_int_equal(look(&check), 0);
	assert_int_equal(lab_number(&lab, "SELECT group_count FROM ledger_mark"), 1);
	send(LAB_METER, 2 * 86400, 3000);
	send(LAB_METER, 2 * 86400 + 60, 3010);
	send(LAB_METER, 3 * 86400 + 60, 4000); /* two days: the first of them is looked at, too */
	run_all();
	assert_int_equal(db_exec(lab.db, "UPDATE charge_day SET amount_fen=amount_fen+1"
	                                 " WHERE group_no=2"),
	                 ERR_NONE);
	assert_int_equal(look_on(&check, 2), 1);
	assert_int_equal(check.found[0].what, MONEY_POSTED);
	assert_int_equal(check.found[0].where, 2);
	/* As long as it is so it is told, and the mark stays. */
	assert_int_equal(look_on(&check, 3), 1);
	assert_int_equal(lab_number(&lab, "SELECT group_count FROM ledger_mark"), 1);
	assert_int_equal(db_exec(lab.db, "UPDATE charge_day SET amount_fen=amount_fen-1"
	                                 " WHERE group_no=2"),
	                 ERR_NONE);
	assert_int_equal(look_on(&check, 4), 0);
	assert_int_equal(lab_number(&lab, "SELECT group_count FROM ledger_mark"), 3);
	/* A mark that is wrong is made anew. */
	assert_int_equal(db_exec(lab.db, "UPDATE ledger_mark SET group_count=1, balances=7"),
	                 ERR_NONE);
	assert_int_equal(look_on(&check, 5), 0);
	assert_int_equal(lab_number(&lab, "SELECT whole_day FROM ledger_mark"), 5);
}

static void a_reading_that_cannot_be_charged_is_told(void **state)
{
	(void)state;
	open_use(LAB_METER, 7);
	send(LAB_METER, 1, 1000);
	run_all();
	send(LAB_METER, 3600, 10);
	run_all();
	assert_int_equal(lab_count(&lab, EFFECT_ALARM), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=161 AND value=10"),
	                 1);
	send(LAB_METER, 7200, 20);
	run_all();
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=161"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_new_store_begins_with_what_arrives, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(each_meter_gets_its_readings, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_run_that_is_killed_is_repeated, setup, teardown),
	        cmocka_unit_test_setup_teardown(nobody_else_s_gateway_bills_a_meter, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(a_time_that_is_unsure_waits_for_a_sure_one, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(thirty_days_come_from_a_gateway_that_was_away,
	                                        setup, teardown),
	        cmocka_unit_test_setup_teardown(a_day_is_closed_two_hours_after_midnight, setup,
	                                        teardown),
	        cmocka_unit_test_setup_teardown(each_night_the_books_are_added_up, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_night_proves_what_is_new, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_reading_that_cannot_be_charged_is_told, setup,
	                                        teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
