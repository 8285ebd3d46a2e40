/* Batches and what is there already when a process starts, and when stored parts are damaged, gone, or older than
 * what was told. M3 and M5 of reliability.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "libs/proto/event.h"
#include "platform/core/history.h"
#include "platform/core/metrics.h"
#include "platform/ingest/test/intake.h"
#include "platform/store/info.h"
#include "platform/store/store.h"
#include "platform/test/lab.h"

/* kill -9 between the two files: the batch is stored, its events are not. */
static void a_start_applies_what_the_main_file_missed(void **state)
{
	struct uplink_event event = {.time_s = NOW_S, .kind = EVENT_BUS_OVERLOAD};
	struct reading row = lab_reading(LAB_METER, NOW_S, 1234), got;
	struct lab_batch lb = {.boot = BOOT,
	                       .seq = 1,
	                       .rows = &row,
	                       .row_count = 1,
	                       .events = &event,
	                       .event_count = 1};
	uint8_t bytes[256];
	struct ingest_batch batch = {.ingest = lab.ingest,
	                             .property_id = 1,
	                             .gateway_id = lab.gateway[0].gateway_id,
	                             .property = "p1",
	                             .gateway = "gw-1",
	                             .body = bytes};

	(void)state;
	batch.len = lab_encode(&lb, bytes, sizeof bytes);
	assert_int_equal(lab_begin_step(&lab, ingest_batch_step, &batch, true), 0);
	assert_int_equal(days_commit(lab.days), 0);
	assert_int_equal(db_exec(lab.db, "ROLLBACK"), 0);
	lab_close(&lab);
	lab_open(&lab);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=67"), 1);
	assert_true(intake_latest(LAB_METER, &got));
	assert_int_equal(got.energy_wh, 1234);
	assert_int_equal(lab_send(&lab, 0, &lb), ERR_NONE);
	intake_expect_ack(1, 0);
	assert_int_equal(intake_stored(), 1);
}

static void saved_latest_values_need_no_replay(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1), got;

	(void)state;
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	assert_int_equal(lab_step(&lab, ingest_save_step, lab.ingest, false), 0);
	assert_int_equal(lab_number(&lab, "SELECT applied FROM day_file"), 1);
	row = lab_reading(LAB_METER, NOW_S + 60, 2);
	lab.now_ms += 60000;
	assert_int_equal(intake_send(2, &row, 1), ERR_NONE);
	lab_close(&lab);
	lab_open(&lab);
	assert_true(intake_latest(LAB_METER, &got));
	assert_int_equal(got.energy_wh, 2);
	/* The next day's first save closes the file of the day before. */
	lab.now_ms += INT64_C(86400000);
	row = lab_reading(LAB_METER, lab.now_ms / 1000, 3);
	assert_int_equal(lab_step(&lab, ingest_save_step, lab.ingest, false), 0);
	assert_int_equal(intake_send(3, &row, 1), ERR_NONE);
	assert_int_equal(lab_step(&lab, ingest_save_step, lab.ingest, false), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM day_file"), 2);
}

/* What is stored under a name can be read no more. */
static void spoil(const char *file, uint64_t seq)
{
	char path[STORE_PATH_SIZE], sql[96];
	struct db *db;

	store_path(path, lab.dir, file);
	snprintf(sql, sizeof sql, "UPDATE batch SET body=x'0badc0de' WHERE seq=%d", (int)seq);
	assert_int_equal(db_open(&db, path, DB_WRITE), ERR_NONE);
	assert_int_equal(db_exec(db, sql), ERR_NONE);
	db_close(db);
}

static void save(void)
{
	assert_int_equal(lab_step(&lab, ingest_save_step, lab.ingest, false), 0);
}

static void send_one(uint64_t seq)
{
	struct reading row = lab_reading(LAB_METER, NOW_S + (int64_t)seq, 1000 + (int64_t)seq);

	assert_int_equal(intake_send(seq, &row, 1), ERR_NONE);
	intake_expect_ack(seq, 0);
}

static void restart(void)
{
	lab_close(&lab);
	lab_open(&lab);
}

static void change_file(const char *file, const char *sql)
{
	char path[STORE_PATH_SIZE];
	struct db *db;

	store_path(path, lab.dir, file);
	assert_int_equal(db_open(&db, path, DB_WRITE), ERR_NONE);
	assert_int_equal(db_exec(db, sql), ERR_NONE);
	db_close(db);
}

/* Batches 1 to 3 of a day that is closed, 4 saved and 5 not yet saved of the next. */
static void two_days(void)
{
	for (uint64_t seq = 1; seq <= 3; seq++)
		send_one(seq);
	save();
	lab.now_ms += INT64_C(86400000);
	send_one(4);
	save();
	send_one(5);
}

static void names_come_from_the_main_file(void **state)
{
	(void)state;
	two_days();
	assert_int_equal(lab_number(&lab, "SELECT sum(last_seq - first_seq + 1) FROM"
	                                  " day_file_range"),
	                 4);
	assert_int_equal(lab_number(&lab, "SELECT ranges_to FROM day_file ORDER BY file LIMIT 1"),
	                 3);
	/* Not from the closed day's file, in whose index 33 would be another batch's name. */
	change_file("readings-20261124.db", "UPDATE batch SET seq=33 WHERE seq=2");
	restart();
	for (uint64_t seq = 1; seq <= 5; seq++)
		if (seq != 2)
			send_one(seq);
	assert_int_equal(intake_stored(), 5);
	send_one(33);
	assert_int_equal(intake_stored(), 6);
}

/* The clock was two hours ahead over midnight: the file of the day before is the present one again. */
static void a_day_goes_on_when_the_clock_is_set_back(void **state)
{
	struct reading got;

	(void)state;
	two_days();
	lab.now_ms -= INT64_C(86400000);
	send_one(6);
	send_one(7);
	restart();
	assert_true(intake_latest(LAB_METER, &got));
	assert_int_equal(got.energy_wh, 1007);
	for (uint64_t seq = 1; seq <= 7; seq++)
		send_one(seq);
	assert_int_equal(intake_stored(), 7);
	save();
	restart();
	send_one(7);
	assert_int_equal(intake_stored(), 7);
}

/* A start of a store that was written by an older program, and the next one. */
static void names_are_kept_when_they_were_not(void **state)
{
	(void)state;
	two_days();
	assert_int_equal(db_exec(lab.db, "DELETE FROM day_file_range"), ERR_NONE);
	assert_int_equal(db_exec(lab.db, "UPDATE day_file SET ranges_to=0"), ERR_NONE);
	for (int i = 0; i < 2; i++) {
		restart();
		for (uint64_t seq = 1; seq <= 5; seq++)
			send_one(seq);
		assert_int_equal(intake_stored(), 5);
		assert_int_equal(
		        lab_number(&lab, "SELECT count(*) FROM day_file WHERE ranges_to=0"), 0);
	}
}

static void names_of_rows_that_are_gone_are_not_believed(void **state)
{
	(void)state;
	two_days();
	change_file("readings-20261124.db", "DELETE FROM batch WHERE seq=3");
	restart();
	send_one(3);
	send_one(2);
	assert_int_equal(intake_stored(), 5);
}

static void damage_found_while_it_runs_is_asked_for_again(void **state)
{
	struct ingest_damage damage = {.file = NOW_S / 86400 * DAY_PARTS};
	uint64_t epoch;

	(void)state;
	two_days();
	damage.ingest = lab.ingest;
	epoch = ingest_epoch(lab.ingest, 0);
	change_file("readings-20261124.db", "DELETE FROM batch WHERE seq=2");
	assert_int_equal(lab_step(&lab, ingest_damage_step, &damage, false), ERR_NONE);
	assert_true(ingest_epoch(lab.ingest, 0) != epoch);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM day_file WHERE lost_s>0"), 1);
	epoch = ingest_epoch(lab.ingest, 0);
	assert_int_equal(lab_step(&lab, ingest_damage_step, &damage, false), ERR_NONE);
	assert_true(ingest_epoch(lab.ingest, 0) == epoch); /* known: they are asked once */
	for (uint64_t seq = 1; seq <= 5; seq++)
		send_one(seq);
	assert_int_equal(intake_stored(), 5);
	restart();
	assert_true(ingest_epoch(lab.ingest, 0) == epoch);
	send_one(2);
	assert_int_equal(intake_stored(), 5);
}

static void expect_history(size_t readings, uint64_t damaged)
{
	struct history_request request;

	assert_int_equal(intake_history(LAB_METER, &request), readings);
	assert_int_equal(request.damaged, damaged);
	history_free(&request);
}

static void a_damaged_batch_is_taken_again(void **state)
{
	struct reading rows[3];
	int64_t repeated;

	(void)state;
	for (int i = 0; i < 3; i++) {
		rows[i] = lab_reading(LAB_METER, NOW_S - 300 + i * 60, 100 + i);
		assert_int_equal(intake_send((uint64_t)i + 1, &rows[i], 1), ERR_NONE);
	}
	spoil("readings-20261124.db", 2);
	expect_history(2, 1);
	/* Sound ones are repeats, this one is stored once more: in the day's next part. */
	for (uint64_t seq = 1; seq <= 3; seq++) {
		assert_int_equal(intake_send(seq, &rows[seq - 1], 1), ERR_NONE);
		intake_expect_ack(seq, 0);
	}
	expect_history(3, 1);
	/* And then it is a repeat, before a restart and after it. */
	for (int i = 0; i < 2; i++) {
		repeated = metric_get(METRIC_BATCHES_REPEATED);
		assert_int_equal(intake_send(2, &rows[1], 1), ERR_NONE);
		intake_expect_ack(2, 0);
		assert_int_equal(metric_get(METRIC_BATCHES_REPEATED), repeated + 1);
		lab_close(&lab);
		lab_open(&lab);
	}
	expect_history(3, 1);
	/* Damaged there too, on another day, after a restart: still it comes back. */
	spoil("readings-20261124-1.db", 2);
	lab_close(&lab);
	lab.now_ms += INT64_C(86400000);
	lab_open(&lab);
	expect_history(2, 2);
	assert_int_equal(intake_send(2, &rows[1], 1), ERR_NONE);
	intake_expect_ack(2, 0);
	expect_history(3, 2);
}

/* The open group writes to the very file that is passed by: its steps are asked for again. */
static void damage_in_the_file_of_the_open_group(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S - 300, 1), next;
	struct lab_batch again = {.boot = BOOT, .seq = 1, .rows = &row, .row_count = 1};
	struct lab_batch other = {.boot = BOOT, .seq = 2, .rows = &next, .row_count = 1};
	uint8_t bytes[2][256];
	struct ingest_batch batch[2];

	(void)state;
	next = lab_reading(LAB_METER, NOW_S - 240, 2);
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	spoil("readings-20261124.db", 1);
	for (int i = 0; i < 2; i++)
		batch[i] = (struct ingest_batch){.ingest = lab.ingest,
		                                 .property_id = 1,
		                                 .gateway_id = lab.gateway[0].gateway_id,
		                                 .property = "p1",
		                                 .gateway = "gw-1",
		                                 .body = bytes[i]};
	batch[0].len = lab_encode(&other, bytes[0], sizeof bytes[0]);
	batch[1].len = lab_encode(&again, bytes[1], sizeof bytes[1]);
	assert_int_equal(lab_begin_step(&lab, ingest_batch_step, &batch[0], true), ERR_NONE);
	assert_int_equal(lab_begin_step(&lab, ingest_batch_step, &batch[1], true), ERR_BUSY);
	lab_rollback(&lab);
	assert_int_equal(intake_send(2, &next, 1), ERR_NONE);
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	intake_expect_ack(1, 0);
	expect_history(2, 1);
}

/* ---- a store that went back ---- */

static int64_t config_version(int gateway)
{
	char sql[96];

	snprintf(sql, sizeof sql, "SELECT config_version FROM gateway WHERE gateway_id=%lld",
	         (long long)lab.gateway[gateway].gateway_id);
	return lab_number(&lab, sql);
}

static uint64_t epoch_of(int gateway)
{
	struct gateway_row row;

	assert_int_equal(gateway_get(lab.db, 1, lab.gateway[gateway].gateway_id, &row), ERR_NONE);
	return ingest_epoch(lab.ingest, row.epoch_part);
}

/* Gateway 0 says that batch `seq` was acknowledged in `epoch`, before we started. */
static void say_acked(uint64_t epoch, uint64_t boot, uint64_t seq)
{
	struct gateway_state state = {.ingest = lab.ingest,
	                              .property_id = 1,
	                              .gateway_id = lab.gateway[0].gateway_id,
	                              .online = true,
	                              .acked_epoch = epoch,
	                              .acked_boot = boot,
	                              .acked_seq = seq};

	assert_int_equal(lab_step(&lab, gateway_state_step, &state, false), ERR_NONE);
}

static void an_older_store_is_found_out(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1);
	uint64_t epoch = epoch_of(0), other = epoch_of(1);
	int64_t version = config_version(0), number;

	(void)state;
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	/* What we hold, what another store acknowledged, and nothing at all, are no news. */
	say_acked(epoch, BOOT, 1);
	say_acked(epoch ^ 1, BOOT, 2);
	say_acked(epoch, 0, 0);
	assert_true(epoch_of(0) == epoch);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=134"), 0);

	say_acked(epoch, BOOT, 2);
	assert_true(epoch_of(0) != epoch && epoch_of(0) != 0);
	assert_true(epoch_of(1) == other); /* who lies has only itself to repeat */
	assert_true(config_version(0) > version + 100);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=134"), 1);
	assert_int_equal(sequence_next(lab.db, "command", &number), ERR_NONE);
	assert_true(number > 1000);
	/* Said once more before the gateway has heard of it: nothing new. */
	epoch = epoch_of(0);
	say_acked(epoch ^ 7, BOOT, 2);
	assert_true(epoch_of(0) == epoch);
	lab_close(&lab);
	lab_open(&lab);
	assert_true(epoch_of(0) == epoch);
}

/* Gateway 0 says that it runs as `boot`, and what of boot `there` it found in its folder; seq 0: nothing
 * at all. */
static void say_before(uint64_t boot, uint64_t there, uint64_t seq)
{
	struct gateway_state state = {.ingest = lab.ingest,
	                              .property_id = 1,
	                              .gateway_id = lab.gateway[0].gateway_id,
	                              .online = true,
	                              .boot = boot,
	                              .has_before = true,
	                              .before = {{there, seq}},
	                              .before_count = seq != 0};

	assert_int_equal(lab_step(&lab, gateway_state_step, &state, false), ERR_NONE);
}

static void expect_replaced(int64_t empty, int64_t older, int64_t missing)
{
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=138 AND detail=1"),
	                 empty);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=138 AND detail=2"),
	                 older);
	assert_int_equal(
	        lab_number(&lab, "SELECT coalesce(sum(value), 0) FROM event WHERE kind=138"),
	        missing);
}

static void send_batch_of(uint64_t boot, uint64_t seq)
{
	struct reading row = lab_reading(LAB_METER, NOW_S + (int64_t)(boot % 100 + seq), 1);
	struct lab_batch batch = {.boot = boot, .seq = seq, .rows = &row, .row_count = 1};

	assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
}

static void a_folder_that_goes_on_is_no_news(void **state)
{
	(void)state;
	say_before(10, 0, 0); /* the first one ever */
	send_batch_of(10, 1);
	send_batch_of(10, 2);
	say_before(10, 0, 0);
	say_before(11, 10, 5); /* more than came here: still on its way */
	say_before(12, 10, 5); /* boot 11 made nothing */
	send_batch_of(12, 1);
	say_before(12, 10, 5);
	say_before(13, 12, 1);
	/* A gateway that does not tell is not judged. */
	say_acked(1, 0, 0);
	expect_replaced(0, 0, 0);
}

static void an_emptied_folder_is_told_once(void **state)
{
	(void)state;
	say_before(10, 0, 0);
	send_batch_of(10, 1);
	send_batch_of(10, 2);
	say_before(10, 0, 0);
	say_before(11, 0, 0);
	say_before(11, 0, 0);
	lab_close(&lab);
	lab_open(&lab);
	say_before(11, 0, 0);
	say_before(12, 0, 0); /* boot 11 made nothing that could be missed */
	expect_replaced(1, 0, 2);
	send_batch_of(12, 1);
	say_before(12, 0, 0);
	say_before(13, 0, 0);
	expect_replaced(2, 0, 3);
}

static void an_older_copy_of_a_folder_is_told_once(void **state)
{
	(void)state;
	say_before(10, 0, 0);
	for (uint64_t seq = 1; seq <= 5; seq++)
		send_batch_of(10, seq);
	say_before(10, 0, 0);
	say_before(11, 10, 3); /* a copy made while boot 10 ran */
	say_before(11, 10, 3);
	expect_replaced(0, 1, 2);
	send_batch_of(11, 1);
	say_before(11, 10, 3);
	say_before(12, 10, 5); /* one made before boot 11 */
	expect_replaced(0, 2, 3);
}

#define T(f) cmocka_unit_test_setup_teardown(f, intake_setup, intake_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(a_start_applies_what_the_main_file_missed),
	        T(saved_latest_values_need_no_replay),
	        T(names_come_from_the_main_file),
	        T(a_day_goes_on_when_the_clock_is_set_back),
	        T(names_are_kept_when_they_were_not),
	        T(names_of_rows_that_are_gone_are_not_believed),
	        T(damage_found_while_it_runs_is_asked_for_again),
	        T(a_damaged_batch_is_taken_again),
	        T(damage_in_the_file_of_the_open_group),
	        T(an_older_store_is_found_out),
	        T(a_folder_that_goes_on_is_no_news),
	        T(an_emptied_folder_is_told_once),
	        T(an_older_copy_of_a_folder_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
