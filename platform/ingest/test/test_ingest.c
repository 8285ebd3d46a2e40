/* M3 and M5 of reliability.md row by row: what a batch may do to the store, whatever it holds and
 * however often it comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "libs/proto/event.h"
#include "platform/core/history.h"
#include "platform/core/metrics.h"
#include "platform/ingest/test/intake.h"
#include "platform/store/event.h"
#include "platform/test/lab.h"

static void a_batch_is_stored_acked_and_latest(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S - 5, 1000), got;

	(void)state;
	assert_false(intake_latest(LAB_METER, &got));
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	intake_expect_ack(1, 0);
	assert_int_equal(intake_stored(), 1);
	assert_true(intake_latest(LAB_METER, &got));
	assert_int_equal(got.energy_wh, 1000);
	assert_int_equal(got.time_s, NOW_S - 5);
}

static void a_repeat_is_acked_and_not_stored(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1000);
	int64_t repeated = metric_get(METRIC_BATCHES_REPEATED);

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
		intake_expect_ack(1, 0);
	}
	assert_int_equal(intake_stored(), 1);
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
	assert_int_equal(intake_stored(), 1);
}

static void the_same_name_with_other_content_is_a_conflict(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1000), got;

	(void)state;
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	row.energy_wh = 2000;
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	intake_expect_ack(1, UPLINK_NAME_TAKEN);
	assert_int_equal(intake_stored(), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM conflict"), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=132"), 1);
	assert_true(intake_latest(LAB_METER, &got));
	assert_int_equal(got.energy_wh, 1000);
	/* Sent for ever: one row. */
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM conflict"), 1);
}

static void names_are_known_after_a_restart_and_on_later_days(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S, 1000);

	(void)state;
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	lab_close(&lab);
	lab.now_ms += 3 * INT64_C(86400000);
	lab_open(&lab);
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	intake_expect_ack(1, 0);
	assert_int_equal(intake_stored(), 1);
	row.energy_wh++;
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	intake_expect_ack(1, UPLINK_NAME_TAKEN);
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
	assert_false(intake_latest(LAB_METER, &got));
	assert_int_equal(intake_stored(), 0);
	/* The repeat is new: acked only when it is stored. */
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	assert_int_equal(intake_stored(), 1);
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
		assert_int_equal(intake_send((uint64_t)i + 1, &rows[i], 1), ERR_NONE);
	}
	for (int i = 0; i < MINUTES; i++) {
		int k = i * 37 % MINUTES;

		assert_int_equal(intake_send(1000 + (uint64_t)i, &rows[k], 1), ERR_NONE);
		intake_expect_ack(1000 + (uint64_t)i, 0);
	}
	assert_int_equal(metric_get(METRIC_READINGS_DUPLICATE), duplicates + MINUTES);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM conflict"), 0);
	assert_int_equal(intake_history(LAB_METER, &request), MINUTES);
	history_free(&request);

	changed = rows[50];
	changed.energy_wh += 7;
	assert_int_equal(intake_send(5000, &changed, 1), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM conflict"), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=128"), 1);
	assert_int_equal(intake_history(LAB_METER, &request), MINUTES);
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
	assert_int_equal(intake_send(1, &now, 1), ERR_NONE);
	assert_int_equal(intake_send(2, &late, 1), ERR_NONE);
	assert_int_equal(metric_get(METRIC_READINGS_PAST), past + 1);
	assert_true(intake_latest(LAB_METER, &got));
	assert_int_equal(got.time_s, NOW_S);
	assert_int_equal(intake_history(LAB_METER, &request), 2);
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

		assert_int_equal(intake_send(i + 1, rows, 2), ERR_NONE);
		intake_expect_ack(i + 1, 0);
		assert_int_equal(metric_get(cases[i].metric), before + 1);
		assert_int_equal(metric_get(METRIC_READINGS), good + 1);
		assert_false(intake_latest(LAB_METER + 1, &got));
	}
	assert_false(intake_latest(LAB_FOREIGN, &(struct reading){0}));
	/* Stored whole, but a page does not get them back. */
	assert_int_equal(intake_history(LAB_METER + 1, &request), 0);
	history_free(&request);
}

static void ten_minutes_ahead_is_the_edge(void **state)
{
	struct reading row = lab_reading(LAB_METER, NOW_S + 600, 1), got;

	(void)state;
	assert_int_equal(intake_send(1, &row, 1), ERR_NONE);
	assert_true(intake_latest(LAB_METER, &got));
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
	intake_expect_ack(9, UPLINK_TOO_LONG);
	assert_true(metric_get(METRIC_BATCHES_BAD) > bad + 3);
	/* One event an hour, not one per message. */
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=130"), 1);
	/* And an honest batch is none the worse. */
	assert_int_equal(lab_send_bytes(&lab, 0, bytes, len), ERR_NONE);
	intake_expect_ack(9, 0);
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
	assert_int_equal(intake_stored(), 0);
	/* Set right, the same bytes are a reading. */
	lab.now_ms += 3600000;
	assert_int_equal(lab_step(&lab, ingest_batch_step, &batch, true), ERR_NONE);
	intake_expect_ack(1, 0);
	assert_true(intake_latest(LAB_METER, &got));
	/* Readings up to now are taken all the time. */
	row = lab_reading(LAB_METER, NOW_S + 3660, 2);
	lb.seq = 2;
	batch.len = lab_encode(&lb, bytes, sizeof bytes);
	assert_int_equal(lab_step(&lab, ingest_batch_step, &batch, true), ERR_NONE);
	assert_int_equal(intake_stored(), 2);
}

#define T(f) cmocka_unit_test_setup_teardown(f, intake_setup, intake_teardown)

int main(void)
{
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
	        T(a_clock_that_is_behind_takes_no_future),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
