/* M3 and M5 of reliability.md row by row: what a batch may do to the store, whatever it holds and
 * however often it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libs/proto/event.h"
#include "platform/core/history.h"
#include "platform/core/metrics.h"
#include "platform/store/event.h"
#include "platform/store/info.h"
#include "platform/store/store.h"
#include "platform/test/lab.h"

#define NOW_S (LAB_NOW_MS / 1000)
#define BOOT  UINT64_C(0x1122334455667788)

static struct lab lab;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	lab.shakes = false; /* its counters count each try */
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static uint32_t slot_of(int64_t meter)
{
	struct directory *dir = ingest_directory(lab.ingest);
	uint32_t slot = directory_meter(dir, meter)->slot;

	directory_unref(dir);
	return slot;
}

static bool latest_of(int64_t meter, struct reading *reading)
{
	return latest_get(lab.latest, slot_of(meter), reading);
}

struct tally {
	unsigned batches, ours;
};

static bool count_batch(void *arg, const struct batch_row *row)
{
	struct tally *tally = arg;

	tally->batches++;
	tally->ours += row->boot == BOOT;
	return true;
}

/* Stored batches of both gateways. */
static unsigned stored(void)
{
	struct tally tally = {0};
	struct day_reader *reader;
	uint64_t damaged = 0;
	int64_t files[8];
	uint8_t key[16];
	size_t n;

	assert_int_equal(info_hash_key(lab.db, key), 0);
	assert_int_equal(day_reader_open(&reader, lab.dir, key), 0);
	n = day_reader_list(reader, files, 8);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
		        day_reader_walk(reader, files[i], 0, count_batch, &tally, &damaged), 0);
	assert_int_equal(damaged, 0);
	day_reader_close(reader);
	return tally.batches;
}

/* Readings of a meter as a page would show them. */
static size_t history(int64_t meter, struct history_request *request)
{
	struct day_reader *reader;
	uint8_t key[16];

	assert_int_equal(info_hash_key(lab.db, key), 0);
	assert_int_equal(day_reader_open(&reader, lab.dir, key), 0);
	*request = (struct history_request){.property_id = 1,
	                                    .gateway_id = lab.gateway[0].gateway_id,
	                                    .meter = meter,
	                                    .from_s = NOW_S - 86400,
	                                    .to_s = NOW_S + 86400,
	                                    .now_s = NOW_S,
	                                    .period_s = 60};
	assert_int_equal(history_read(reader, request), 0);
	day_reader_close(reader);
	return request->reading_count;
}

static enum err send_rows(uint64_t seq, const struct reading *rows, size_t n)
{
	return lab_send(
	        &lab, 0,
	        &(struct lab_batch){.boot = BOOT, .seq = seq, .rows = rows, .row_count = n});
}

static void expect_ack(uint64_t seq, uint32_t refused)
{
	const struct effect *ack = lab_first(&lab, EFFECT_ACK);

	assert_int_equal(lab_count(&lab, EFFECT_ACK), 1);
	assert_int_equal(ack->u.ack.boot, BOOT);
	assert_int_equal(ack->u.ack.seq, seq);
	assert_int_equal(ack->u.ack.refused, refused);
	assert_string_equal(ack->u.ack.gateway, "gw-1");
}

static void a_batch_is_stored_acked_and_latest(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S - 5, 1000), got;

	(void)state;
	assert_false(latest_of(LAB_METER, &got));
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
	expect_ack(1, 0);
	assert_int_equal(stored(), 1);
	assert_true(latest_of(LAB_METER, &got));
	assert_int_equal(got.energy_wh, 1000);
	assert_int_equal(got.time_s, NOW_S - 5);
}

static void a_repeat_is_acked_and_not_stored(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1000);
	int64_t repeated = metric_get(METRIC_BATCHES_REPEATED);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
		expect_ack(1, 0);
	}
	assert_int_equal(stored(), 1);
	assert_int_equal(metric_get(METRIC_BATCHES_REPEATED), repeated + 2);
}

static void a_repeat_within_one_commit_is_seen(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1000);
	uint8_t bytes[256];
	struct ingest_batch batch = {.ingest = lab.ingest,
	                             .property_id = 1,
	                             .gateway_id = lab.gateway[0].gateway_id,
	                             .property = "p1",
	                             .gateway = "gw-1",
	                             .body = bytes};

	(void)state;
	batch.len = lab_encode(
	        &(struct lab_batch){.boot = BOOT, .seq = 1, .rows = &row, .row_count = 1}, bytes,
	        sizeof bytes);
	assert_int_equal(lab_begin_step(&lab, ingest_batch_step, &batch, true), 0);
	assert_int_equal(lab_begin_step(&lab, ingest_batch_step, &batch, true), 0);
	assert_int_equal(lab_commit(&lab), 0);
	assert_int_equal(lab_count(&lab, EFFECT_ACK), 2);
	assert_int_equal(stored(), 1);
}

static void the_same_name_with_other_content_is_a_conflict(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1000), got;

	(void)state;
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
	row.energy_wh = 2000;
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
	expect_ack(1, UPLINK_NAME_TAKEN);
	assert_int_equal(stored(), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM conflict"), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=132"), 1);
	assert_true(latest_of(LAB_METER, &got));
	assert_int_equal(got.energy_wh, 1000);
	/* Sent for ever: one row. */
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM conflict"), 1);
}

static void names_are_known_after_a_restart_and_on_later_days(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1000);

	(void)state;
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
	lab_close(&lab);
	lab.now_ms += 3 * INT64_C(86400000);
	lab_open(&lab);
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
	expect_ack(1, 0);
	assert_int_equal(stored(), 1);
	row.energy_wh++;
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
	expect_ack(1, UPLINK_NAME_TAKEN);
}

static void a_group_that_failed_leaves_nothing(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1000), got;
	uint8_t bytes[256];
	struct ingest_batch batch = {.ingest = lab.ingest,
	                             .property_id = 1,
	                             .gateway_id = lab.gateway[0].gateway_id,
	                             .property = "p1",
	                             .gateway = "gw-1",
	                             .body = bytes};

	(void)state;
	batch.len = lab_encode(
	        &(struct lab_batch){.boot = BOOT, .seq = 1, .rows = &row, .row_count = 1}, bytes,
	        sizeof bytes);
	assert_int_equal(lab_begin_step(&lab, ingest_batch_step, &batch, true), 0);
	lab_rollback(&lab);
	assert_false(latest_of(LAB_METER, &got));
	assert_int_equal(stored(), 0);
	/* The repeat is new: acked only when it is stored. */
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
	assert_int_equal(stored(), 1);
}

/* M3: a day replayed under new names, shuffled, duplicated, one value changed. */
static void a_replayed_day_counts_once(void **state)
{
	enum { MINUTES = 120 };

	int64_t duplicates = metric_get(METRIC_READINGS_DUPLICATE);
	struct history_request request;
	struct reading rows[MINUTES], changed;

	(void)state;
	for (int i = 0; i < MINUTES; i++) {
		rows[i] = lab_reading(LAB_METER, NOW_S - 7200 + i * 60, 1000 + i);
		assert_int_equal(send_rows((uint64_t)i + 1, &rows[i], 1), ERR_NONE);
	}
	for (int i = 0; i < MINUTES; i++) {
		int k = i * 37 % MINUTES;

		assert_int_equal(send_rows(1000 + (uint64_t)i, &rows[k], 1), ERR_NONE);
		expect_ack(1000 + (uint64_t)i, 0);
	}
	assert_int_equal(metric_get(METRIC_READINGS_DUPLICATE), duplicates + MINUTES);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM conflict"), 0);
	assert_int_equal(history(LAB_METER, &request), MINUTES);
	history_free(&request);

	changed = rows[50];
	changed.energy_wh += 7;
	assert_int_equal(send_rows(5000, &changed, 1), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM conflict"), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=128"), 1);
	assert_int_equal(history(LAB_METER, &request), MINUTES);
	for (size_t i = 0; i < request.point_count; i++)
		if (request.point[i].at_s == changed.time_s)
			assert_int_equal(request.point[i].value.energy_wh, rows[50].energy_wh);
	history_free(&request);
}

static void a_late_reading_fills_the_past(void **state)
{
	struct reading now = lab_reading(LAB_METER, NOW_S, 2000), got;
	struct reading late = lab_reading(LAB_METER, NOW_S - 3600, 1000);
	int64_t past = metric_get(METRIC_READINGS_PAST);
	struct history_request request;

	(void)state;
	assert_int_equal(send_rows(1, &now, 1), ERR_NONE);
	assert_int_equal(send_rows(2, &late, 1), ERR_NONE);
	assert_int_equal(metric_get(METRIC_READINGS_PAST), past + 1);
	assert_true(latest_of(LAB_METER, &got));
	assert_int_equal(got.time_s, NOW_S);
	assert_int_equal(history(LAB_METER, &request), 2);
	assert_int_equal(request.point[0].value.energy_wh, 1000);
	assert_true(request.gap_count >= 1);
	history_free(&request);
}

/* M5, row by row: each bad row is counted for its reason, the good one beside it is taken. */
static void bad_rows_are_counted_for_their_reason(void **state)
{
	struct {
		struct reading row;
		enum metric metric;
	} cases[] = {
	        {lab_reading(LAB_METER + 1, NOW_S + 601,         1),         METRIC_REFUSED_FUTURE },
	        {lab_reading(LAB_METER + 1, INT64_C(4070908800), 1),
	         METRIC_REFUSED_FUTURE	                                                     }, /* 2099 */
	        {lab_reading(LAB_METER + 1, 0,                   1),         METRIC_REFUSED_PAST   }, /* 1970 */
	        {lab_reading(LAB_METER + 1, -1,                  1),         METRIC_REFUSED_PAST   },
	        {lab_reading(LAB_METER + 1, NOW_S,               -1),        METRIC_REFUSED_RANGE  },
	        {lab_reading(LAB_METER + 1, NOW_S,               INT64_MAX), METRIC_REFUSED_RANGE  },
	        {lab_reading(LAB_FOREIGN,   NOW_S,               1),         METRIC_REFUSED_UNKNOWN}, /* of gw-2 */
	        {lab_reading(999999999999,  NOW_S,               1),         METRIC_REFUSED_UNKNOWN},
	};
	struct history_request request;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct reading rows[2] = {lab_reading(LAB_METER, NOW_S - 1000 + (int64_t)i, 500),
		                          cases[i].row};
		int64_t before = metric_get(cases[i].metric), good = metric_get(METRIC_READINGS);
		struct reading got;

		assert_int_equal(send_rows(i + 1, rows, 2), ERR_NONE);
		expect_ack(i + 1, 0);
		assert_int_equal(metric_get(cases[i].metric), before + 1);
		assert_int_equal(metric_get(METRIC_READINGS), good + 1);
		assert_false(latest_of(LAB_METER + 1, &got));
	}
	assert_false(latest_of(LAB_FOREIGN, &(struct reading){0}));
	/* Stored whole, but a page does not get them back. */
	assert_int_equal(history(LAB_METER + 1, &request), 0);
	history_free(&request);
}

static void ten_minutes_ahead_is_the_edge(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S + 600, 1), got;

	(void)state;
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
	assert_true(latest_of(LAB_METER, &got));
}

static void rubbish_is_counted_and_refused_by_name(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1);
	static uint8_t huge[UPLINK_MESSAGE_MAX + 1];
	uint8_t bytes[256];
	size_t len = lab_encode(
	        &(struct lab_batch){.boot = BOOT, .seq = 9, .rows = &row, .row_count = 1}, bytes,
	        sizeof bytes);
	int64_t bad = metric_get(METRIC_BATCHES_BAD);

	(void)state;
	/* Nothing, and bytes that do not even begin like a batch: no name, no ack. */
	assert_int_equal(lab_send_bytes(&lab, 0, "", 0), ERR_NONE);
	assert_int_equal(lab_count(&lab, EFFECT_ACK), 0);
	assert_int_equal(lab_send_bytes(&lab, 0, "{\"json\":1}", 10), ERR_NONE);
	assert_int_equal(lab_count(&lab, EFFECT_ACK), 0);
	/* Cut at every length: refused by name as soon as the name is whole. */
	for (size_t n = 1; n < len; n++) {
		assert_int_equal(lab_send_bytes(&lab, 0, bytes, n), ERR_NONE);
		if (n > 11 && lab_count(&lab, EFFECT_ACK))
			assert_int_not_equal(lab_first(&lab, EFFECT_ACK)->u.ack.refused, 0);
	}
	memcpy(huge, bytes, 11);
	assert_int_equal(lab_send_bytes(&lab, 0, huge, sizeof huge), ERR_NONE);
	expect_ack(9, UPLINK_TOO_LONG);
	assert_true(metric_get(METRIC_BATCHES_BAD) > bad + 3);
	/* One event an hour, not one per message. */
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=130"), 1);
	/* And an honest batch is none the worse. */
	assert_int_equal(lab_send_bytes(&lab, 0, bytes, len), ERR_NONE);
	expect_ack(9, 0);
}

static void events_are_stored_once(void **state)
{
	struct uplink_event events[3] = {
	        {.time_s = NOW_S,             .kind = EVENT_BOOT, .seq = 7,       .boot = 3, .has_chip = true},
	        { .time_s = NOW_S, .kind = EVENT_BUS_OVERLOAD                  },
	        {	                                                                  .time_s = NOW_S,
	         .kind = EVENT_DEVICE_FOUND,
	         .detail = 1,
	         .value = 2 << 16 | 77,
	         .boot = 3,
	         .has_chip = true},
	};
	struct lab_batch batch = {.boot = BOOT, .seq = 1, .events = events, .event_count = 3};
	struct command_key key;
	struct terminal_row t;

	(void)state;
	lab_terminal(0, &key);
	memcpy(events[0].chip, key.chip, sizeof key.chip);
	memset(events[2].chip, 0x5A, sizeof events[2].chip);
	assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event"), 3);
	assert_int_equal(lab_count(&lab, EFFECT_DEVICE), 1);
	assert_int_equal(lab_count(&lab, EFFECT_ALARM), 1);
	/* The terminal's event fetched again by a restarted gateway: other batch, same event. */
	batch = (struct lab_batch){.boot = BOOT + 1, .seq = 1, .events = events, .event_count = 1};
	assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event"), 3);
	assert_int_equal(lab_number(&lab, "SELECT meter FROM event WHERE kind=1"), LAB_METER);

	assert_int_equal(terminal_by_chip(lab.db, "5a5a5a5a5a5a5a5a5a5a5a5a", &t), 0);
	assert_int_equal(t.firmware, 0x102);
	assert_int_equal(t.address, 77);
	assert_int_equal(t.gateway_id, lab.gateway[0].gateway_id);
}

static void a_gateway_cannot_claim_anothers_terminal(void **state)
{
	struct uplink_event event = {.time_s = NOW_S, .kind = EVENT_DEVICE_FOUND, .has_chip = true};
	struct lab_batch batch = {.boot = BOOT, .seq = 1, .events = &event, .event_count = 1};
	struct terminal_row t;
	struct command_key key;
	char chip[CHIP_TEXT_SIZE];

	(void)state;
	lab_terminal(0, &key);
	memcpy(event.chip, key.chip, sizeof key.chip);
	chip_format(key.chip, chip);
	assert_int_equal(lab_send(&lab, 1, &batch), ERR_NONE);
	assert_int_equal(terminal_by_chip(lab.db, chip, &t), 0);
	assert_int_equal(t.gateway_id, lab.gateway[0].gateway_id);
}

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
	assert_true(latest_of(LAB_METER, &got));
	assert_int_equal(got.energy_wh, 1234);
	assert_int_equal(lab_send(&lab, 0, &lb), ERR_NONE);
	expect_ack(1, 0);
	assert_int_equal(stored(), 1);
}

static void saved_latest_values_need_no_replay(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1), got;

	(void)state;
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
	assert_int_equal(lab_step(&lab, ingest_save_step, lab.ingest, false), 0);
	assert_int_equal(lab_number(&lab, "SELECT applied FROM day_file"), 1);
	row = lab_reading(LAB_METER, NOW_S + 60, 2);
	lab.now_ms += 60000;
	assert_int_equal(send_rows(2, &row, 1), ERR_NONE);
	lab_close(&lab);
	lab_open(&lab);
	assert_true(latest_of(LAB_METER, &got));
	assert_int_equal(got.energy_wh, 2);
	/* The next day's first save closes the file of the day before. */
	lab.now_ms += INT64_C(86400000);
	row = lab_reading(LAB_METER, lab.now_ms / 1000, 3);
	assert_int_equal(lab_step(&lab, ingest_save_step, lab.ingest, false), 0);
	assert_int_equal(send_rows(3, &row, 1), ERR_NONE);
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

	assert_int_equal(send_rows(seq, &row, 1), ERR_NONE);
	expect_ack(seq, 0);
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
	assert_int_equal(stored(), 5);
	send_one(33);
	assert_int_equal(stored(), 6);
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
		assert_int_equal(stored(), 5);
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
	assert_int_equal(stored(), 5);
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
	assert_int_equal(stored(), 5);
	restart();
	assert_true(ingest_epoch(lab.ingest, 0) == epoch);
	send_one(2);
	assert_int_equal(stored(), 5);
}

static void expect_history(size_t readings, uint64_t damaged)
{
	struct history_request request;

	assert_int_equal(history(LAB_METER, &request), readings);
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
		assert_int_equal(send_rows((uint64_t)i + 1, &rows[i], 1), ERR_NONE);
	}
	spoil("readings-20261124.db", 2);
	expect_history(2, 1);
	/* Sound ones are repeats, this one is stored once more: in the day's next part. */
	for (uint64_t seq = 1; seq <= 3; seq++) {
		assert_int_equal(send_rows(seq, &rows[seq - 1], 1), ERR_NONE);
		expect_ack(seq, 0);
	}
	expect_history(3, 1);
	/* And then it is a repeat, before a restart and after it. */
	for (int i = 0; i < 2; i++) {
		repeated = metric_get(METRIC_BATCHES_REPEATED);
		assert_int_equal(send_rows(2, &rows[1], 1), ERR_NONE);
		expect_ack(2, 0);
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
	assert_int_equal(send_rows(2, &rows[1], 1), ERR_NONE);
	expect_ack(2, 0);
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
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
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
	assert_int_equal(send_rows(2, &next, 1), ERR_NONE);
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
	expect_ack(1, 0);
	expect_history(2, 1);
}

static void a_clock_that_is_behind_takes_no_future(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S + 3600, 1), got;
	struct lab_batch lb = {.boot = BOOT, .seq = 1, .rows = &row, .row_count = 1};
	uint8_t bytes[256];
	struct ingest_batch batch = {.ingest = lab.ingest,
	                             .property_id = 1,
	                             .gateway_id = lab.gateway[0].gateway_id,
	                             .property = "p1",
	                             .gateway = "gw-1",
	                             .body = bytes,
	                             .clock_behind = true};

	(void)state;
	batch.len = lab_encode(&lb, bytes, sizeof bytes);
	assert_int_equal(lab_step(&lab, ingest_batch_step, &batch, true), ERR_REFUSED);
	assert_int_equal(lab_count(&lab, EFFECT_ACK), 0);
	assert_int_equal(stored(), 0);
	/* Set right, the same bytes are a reading. */
	lab.now_ms += 3600000;
	assert_int_equal(lab_step(&lab, ingest_batch_step, &batch, true), ERR_NONE);
	expect_ack(1, 0);
	assert_true(latest_of(LAB_METER, &got));
	/* Readings up to now are taken all the time. */
	row = lab_reading(LAB_METER, NOW_S + 3660, 2);
	lb.seq = 2;
	batch.len = lab_encode(&lb, bytes, sizeof bytes);
	assert_int_equal(lab_step(&lab, ingest_batch_step, &batch, true), ERR_NONE);
	assert_int_equal(stored(), 2);
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
	assert_int_equal(send_rows(1, &row, 1), ERR_NONE);
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

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(a_batch_is_stored_acked_and_latest),
	        T(a_repeat_is_acked_and_not_stored),
	        T(a_repeat_within_one_commit_is_seen),
	        T(the_same_name_with_other_content_is_a_conflict),
	        T(names_are_known_after_a_restart_and_on_later_days),
	        T(a_group_that_failed_leaves_nothing),
	        T(a_replayed_day_counts_once),
	        T(a_late_reading_fills_the_past),
	        T(bad_rows_are_counted_for_their_reason),
	        T(ten_minutes_ahead_is_the_edge),
	        T(rubbish_is_counted_and_refused_by_name),
	        T(events_are_stored_once),
	        T(a_gateway_cannot_claim_anothers_terminal),
	        T(a_start_applies_what_the_main_file_missed),
	        T(saved_latest_values_need_no_replay),
	        T(names_come_from_the_main_file),
	        T(names_are_kept_when_they_were_not),
	        T(names_of_rows_that_are_gone_are_not_believed),
	        T(damage_found_while_it_runs_is_asked_for_again),
	        T(a_damaged_batch_is_taken_again),
	        T(damage_in_the_file_of_the_open_group),
	        T(a_clock_that_is_behind_takes_no_future),
	        T(an_older_store_is_found_out),
	        T(a_folder_that_goes_on_is_no_news),
	        T(an_emptied_folder_is_told_once),
	        T(an_older_copy_of_a_folder_is_told_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
