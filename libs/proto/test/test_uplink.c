/* Messages between gateway and platform: round trips, and each refusal by its code. */
#include "libs/proto/uplink.h"

#include "libs/base/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static struct arena arena, source_arena;
static uint8_t wire[UPLINK_MESSAGE_MAX + 1];

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena, malloc(UPLINK_ARENA_SIZE), UPLINK_ARENA_SIZE);
	arena_init(&source_arena, malloc(UPLINK_ARENA_SIZE), UPLINK_ARENA_SIZE);
	return arena.base && source_arena.base ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	free(arena.base);
	free(source_arena.base);
	return 0;
}

static int clear(void **state)
{
	(void)state;
	arena_reset(&arena);
	arena_reset(&source_arena);
	return 0;
}

/* ---- tables ---- */

/* `meters` meters with `each` readings, and some rows missing, as they come from a building. */
static size_t make_rows(struct reading *rows, size_t meters, size_t each)
{
	struct rnd rnd;
	size_t n = 0;

	rnd_seed(&rnd, 1);
	for (size_t m = 0; m < meters; m++) {
		for (size_t i = 0; i < each; i++) {
			if (each > 1 && rnd_below(&rnd, 70) == 0)
				continue;
			rows[n++] = (struct reading){
			        .meter = 330100000001 + (int64_t)m * 17,
			        .time_s = 1795490400 + (int64_t)i * 60 + rnd_below(&rnd, 2),
			        .energy_wh = 123456 + (int64_t)m * 100000 + (int64_t)i,
			        .voltage_dv = 2290 + (int32_t)rnd_below(&rnd, 30),
			        .current_ma = (int32_t)rnd_below(&rnd, 16000),
			        .power_dw = (int32_t)rnd_below(&rnd, 30000) - 100,
			        .pf_permille = 990 - (int32_t)rnd_below(&rnd, 1990),
			        .frequency_chz = 4998 + (int32_t)rnd_below(&rnd, 4),
			        .state = rnd_below(&rnd, 512),
			        .quality = rnd_below(&rnd, 20) ? 0 : 1,
			};
		}
	}
	return n;
}

static void rows_equal(const struct readings *table, const struct reading *rows, size_t n)
{
	uint32_t at = 0;

	assert_int_equal(table->count, n);
	for (uint32_t run = 0; run < table->runs; run++)
		for (uint32_t i = 0; i < table->run_len[run]; i++, at++) {
			struct reading row = readings_row(table, run, at);
			const struct reading *want = &rows[at];

			assert_true(row.meter == want->meter && row.time_s == want->time_s &&
			            row.energy_wh == want->energy_wh &&
			            row.voltage_dv == want->voltage_dv &&
			            row.current_ma == want->current_ma &&
			            row.power_dw == want->power_dw &&
			            row.pf_permille == want->pf_permille &&
			            row.frequency_chz == want->frequency_chz &&
			            row.state == want->state && row.quality == want->quality);
		}
	assert_int_equal(at, n);
}

static void round_trip(const struct uplink *u, struct uplink *back)
{
	size_t len;

	assert_int_equal(uplink_encode(u, wire, sizeof wire, &len), ERR_NONE);
	assert_int_equal(uplink_decode(wire, len, &arena, back), ERR_NONE);
	assert_true(back->boot == u->boot && back->seq == u->seq);
}

static void tables_keep_every_value(void **state)
{
	static struct reading rows[UPLINK_ROWS_MAX];
	struct uplink u = {.boot = UINT64_MAX, .seq = UINT64_MAX, .table_count = 1}, back;
	size_t n = make_rows(rows, 100, 60);

	(void)state;
	assert_int_equal(readings_from_rows(rows, n, &source_arena, &u.table[0]), ERR_NONE);
	round_trip(&u, &back);
	assert_int_equal(back.table_count, 1);
	assert_int_equal(back.table[0].has, COLUMNS_SINGLE_PHASE);
	rows_equal(&back.table[0], rows, n);
}

static void integers_at_their_edges_survive(void **state)
{
	static const struct reading rows[] = {
	        {1,                 INT64_MIN / 2, INT64_MIN / 2, INT32_MIN, INT32_MAX, INT32_MIN, INT32_MAX,
	         INT32_MIN,	                                                                              UINT32_MAX, 0         },
	        {1,                 INT64_MAX / 2, INT64_MAX / 2, INT32_MAX, INT32_MIN, INT32_MAX, INT32_MIN,
	         INT32_MAX,	                                                                              0,          UINT32_MAX},
	        {UPLINK_METER_LAST, 0,             0,             0,         0,         0,         0,         0, 0,          0         },
	};
	struct uplink u = {.boot = 1, .seq = 1, .table_count = 1}, back;

	(void)state;
	assert_int_equal(readings_from_rows(rows, 3, &source_arena, &u.table[0]), ERR_NONE);
	round_trip(&u, &back);
	rows_equal(&back.table[0], rows, 3);
}

static void several_tables_follow_each_other(void **state)
{
	static struct reading rows[UPLINK_TABLES_MAX][4];
	struct uplink u = {.boot = 7, .seq = 9, .table_count = UPLINK_TABLES_MAX}, back;
	size_t n[UPLINK_TABLES_MAX];

	(void)state;
	for (size_t i = 0; i < UPLINK_TABLES_MAX; i++) {
		n[i] = make_rows(rows[i], i % 4, 1); /* two of them empty */
		assert_int_equal(readings_from_rows(rows[i], n[i], &source_arena, &u.table[i]),
		                 ERR_NONE);
	}
	round_trip(&u, &back);
	assert_int_equal(back.table_count, 6);
	rows_equal(&back.table[0], rows[1], n[1]);
	rows_equal(&back.table[5], rows[7], n[7]);
}

static void a_column_that_was_not_measured_stays_so(void **state)
{
	static struct reading rows[2];
	struct uplink u = {.boot = 7, .seq = 9, .table_count = 1}, back;
	size_t n = make_rows(rows, 2, 1);

	(void)state;
	assert_int_equal(readings_from_rows(rows, n, &source_arena, &u.table[0]), ERR_NONE);
	u.table[0].has &= ~COLUMN_BIT(COLUMN_PF);
	round_trip(&u, &back);
	assert_false(back.table[0].has & COLUMN_BIT(COLUMN_PF));
	assert_true(back.table[0].has & COLUMN_BIT(COLUMN_POWER));
	assert_int_equal(back.table[0].pf_permille[0], 0);
	assert_int_equal(back.table[0].pf_permille[1], 0);
}

static void rows_must_be_sorted_and_numbered(void **state)
{
	struct reading rows[3] = {
	        {.meter = 5, .time_s = 10},
                {.meter = 5, .time_s = 10},
                {.meter = 6, .time_s = 1 }
        };
	static struct reading many[UPLINK_ROWS_MAX + 1];
	struct arena small;
	struct readings t;
	uint64_t bytes[64];

	(void)state;
	assert_int_equal(readings_from_rows(rows, 3, &arena, &t), ERR_NONE);
	assert_int_equal(t.runs, 2);
	rows[1].time_s = 9;
	assert_int_equal(readings_from_rows(rows, 3, &arena, &t), ERR_SEQUENCE);
	rows[1].time_s = 11;
	rows[2].meter = 4;
	assert_int_equal(readings_from_rows(rows, 3, &arena, &t), ERR_SEQUENCE);
	rows[2].meter = UPLINK_METER_LAST + 1;
	assert_int_equal(readings_from_rows(rows, 3, &arena, &t), ERR_RANGE);
	rows[0].meter = 0;
	assert_int_equal(readings_from_rows(rows, 3, &arena, &t), ERR_RANGE);
	assert_int_equal(readings_from_rows(many, UPLINK_ROWS_MAX + 1, &arena, &t), ERR_TOO_LONG);
	rows[0].meter = rows[1].meter = rows[2].meter = 5;
	rows[2].time_s = 11;
	arena_init(&small, bytes, 0);
	for (; small.size < 3 * 64 - 8; small.size += 8, small.used = 0)
		assert_int_equal(readings_from_rows(rows, 3, &small, &t), ERR_NOMEM);
	small.size = sizeof bytes;
	assert_int_equal(readings_from_rows(rows, 3, &small, &t), ERR_NONE);
}

/* ---- malformed batches, written byte by byte ---- */

struct bytes {
	uint8_t data[512];
	size_t len;
};

static void add(struct bytes *b, const uint8_t *data, size_t len)
{
	assert_true(b->len + len <= sizeof b->data);
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

#define ADD(b, ...) add(b, (const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__})

/* Decodes boot 1, seq 1 and the table. */
static enum err decode_table(const struct bytes *table, struct uplink *u)
{
	struct bytes message = {.len = 0};

	ADD(&message, 0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0x1A, (uint8_t)(table->len & 0x7F));
	assert_true(table->len < 128);
	add(&message, table->data, table->len);
	arena_reset(&arena);
	return uplink_decode(message.data, message.len, &arena, u);
}

/* count 2, one run of meter 5 with two rows, times 10 and 11 */
#define COUNT_2  0x08, 2
#define METER_5  0x12, 1, 10
#define RUN_2    0x1A, 1, 2
#define TIMES_10 0x22, 2, 20, 2

static void refused_table(const uint8_t *data, size_t len, enum err want)
{
	struct bytes table = {.len = 0};
	struct uplink u;

	add(&table, data, len);
	assert_int_equal(decode_table(&table, &u), want);
}

#define TABLE(want, ...)                                                                           \
	refused_table((const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__}, want)

static void each_fault_of_a_table_has_its_code(void **state)
{
	(void)state;
	TABLE(ERR_NONE, COUNT_2, METER_5, RUN_2, TIMES_10);
	TABLE(ERR_NONE, TIMES_10, RUN_2, METER_5, COUNT_2);              /* any order */
	TABLE(ERR_NONE, COUNT_2, METER_5, RUN_2, TIMES_10, 0x78, 1);     /* unknown field 15 */
	TABLE(ERR_NONE, COUNT_2, METER_5, RUN_2, TIMES_10, 0x2A, 0);     /* empty column */
	TABLE(ERR_NONE, COUNT_2, METER_5, RUN_2, TIMES_10, 0x2A, 1, 10); /* constant column */
	TABLE(ERR_BAD_INPUT, METER_5, RUN_2, TIMES_10);                  /* no count */
	TABLE(ERR_BAD_INPUT, COUNT_2, RUN_2, TIMES_10);                  /* no meter */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, TIMES_10);                /* no run */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, RUN_2);                   /* no time */
	TABLE(ERR_BAD_INPUT, 0x08, 3, METER_5, RUN_2, TIMES_10);         /* runs make 2 */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, 0x1A, 1, 0, TIMES_10);    /* empty run */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, 0x1A, 2, 1, 1, TIMES_10); /* more runs than meters */
	TABLE(ERR_BAD_INPUT, COUNT_2, 0x12, 3, 10, 2, 2, RUN_2,
	      TIMES_10); /* more meters than rows */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, RUN_2, TIMES_10, METER_5); /* column twice */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, RUN_2, 0x20, 20, 0x20, 2); /* not packed */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, RUN_2, TIMES_10, 0x2A, 3, 1, 1, 1); /* 3 of 2 rows */
	TABLE(ERR_BAD_INPUT, 0x08, 3, METER_5, 0x1A, 1, 3, 0x22, 3, 20, 2, 2, 0x2A, 2, 1, 1);
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, RUN_2, TIMES_10, 0x2A, 2, 1, 0x80); /* cut varint */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, RUN_2, TIMES_10, 0x2A, 9);          /* cut column */
	TABLE(ERR_TOO_LONG, 0x08, 0x81, 0x30, METER_5, RUN_2, TIMES_10);           /* 6145 rows */
	TABLE(ERR_RANGE, COUNT_2, 0x12, 1, 0, RUN_2, TIMES_10);                    /* meter 0 */
	TABLE(ERR_RANGE, COUNT_2, 0x12, 1, 1, RUN_2, TIMES_10);                    /* meter -1 */
	TABLE(ERR_SEQUENCE, COUNT_2, 0x12, 2, 10, 0, 0x1A, 1, 1, TIMES_10);        /* meter twice */
	TABLE(ERR_SEQUENCE, COUNT_2, 0x12, 2, 10, 1, 0x1A, 1, 1, TIMES_10);        /* 5, then 4 */
	TABLE(ERR_SEQUENCE, COUNT_2, METER_5, RUN_2, 0x22, 2, 20, 1);  /* time goes back */
	TABLE(ERR_BAD_INPUT, COUNT_2, 0x12, 1, 0x80, RUN_2, TIMES_10); /* a meter that never ends */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, RUN_2, 0x22, 3, 20, 2, 2);   /* 3 times */
	TABLE(ERR_BAD_INPUT, 0x08, 3, METER_5, 0x1A, 1, 3, 0x22, 2, 20, 2); /* 2 times of 3 */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, RUN_2, TIMES_10, 0x5A, 3, 1, 1, 1); /* 3 states */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, RUN_2, TIMES_10, 0x5A, 1, 0x80);
	TABLE(ERR_BAD_INPUT, 0x08, 3, METER_5, 0x1A, 1, 3, 0x22, 1, 20, 0x5A, 2, 1, 1);
	TABLE(ERR_RANGE, COUNT_2, 0x12, 6, 0x80, 0xC0, 0xA8, 0xCA, 0x9A, 0x3A, RUN_2,
	      TIMES_10); /* 10^12 */
	TABLE(ERR_NONE, COUNT_2, 0x12, 6, 0xFE, 0xBF, 0xA8, 0xCA, 0x9A, 0x3A, RUN_2, TIMES_10);
	TABLE(ERR_NONE, COUNT_2, METER_5, RUN_2, 0x22, 2, 20, 0); /* the same second */
}

static void values_that_leave_their_type_are_refused(void **state)
{
	(void)state;
	/* 2^31 as zigzag is 2^32; -2^31 is 2^32 - 1 and fits. */
	TABLE(ERR_RANGE, COUNT_2, METER_5, RUN_2, TIMES_10, 0x2A, 5, 0x80, 0x80, 0x80, 0x80, 0x10);
	TABLE(ERR_NONE, COUNT_2, METER_5, RUN_2, TIMES_10, 0x2A, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F);
	/* ... and a second row one below it */
	TABLE(ERR_RANGE, COUNT_2, METER_5, RUN_2, TIMES_10, 0x2A, 6, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F,
	      1);
	/* state 2^32 */
	TABLE(ERR_RANGE, COUNT_2, METER_5, RUN_2, TIMES_10, 0x5A, 5, 0x80, 0x80, 0x80, 0x80, 0x10);
	TABLE(ERR_NONE, COUNT_2, METER_5, RUN_2, TIMES_10, 0x5A, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F);
	/* energy: the largest number, and then one more */
	TABLE(ERR_RANGE, COUNT_2, METER_5, RUN_2, TIMES_10, 0x52, 11, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF,
	      0xFF, 0xFF, 0xFF, 0xFF, 1, 2);
	TABLE(ERR_NONE, COUNT_2, METER_5, RUN_2, TIMES_10, 0x52, 11, 0xFE, 0xFF, 0xFF, 0xFF, 0xFF,
	      0xFF, 0xFF, 0xFF, 0xFF, 1, 0);
	/* a varint of more than 64 bits, and of more than 10 bytes */
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, RUN_2, TIMES_10, 0x52, 10, 0xFE, 0xFF, 0xFF, 0xFF,
	      0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 2);
	TABLE(ERR_BAD_INPUT, COUNT_2, METER_5, RUN_2, TIMES_10, 0x52, 11, 0x80, 0x80, 0x80, 0x80,
	      0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1);
}

static void batches_have_names_and_limits(void **state)
{
	static const uint8_t no_boot[] = {0x10, 1};
	static const uint8_t no_seq[] = {0x09, 1, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t not_protobuf[] = {0xFF, 0xFF, 0xFF};
	struct bytes message = {.len = 0};
	struct uplink u;

	(void)state;
	assert_int_equal(uplink_decode(no_boot, sizeof no_boot, &arena, &u), ERR_BAD_INPUT);
	assert_int_equal(uplink_decode(no_seq, sizeof no_seq, &arena, &u), ERR_BAD_INPUT);
	assert_int_equal(uplink_decode(not_protobuf, sizeof not_protobuf, &arena, &u),
	                 ERR_BAD_INPUT);
	assert_int_equal(uplink_decode(wire, 0, &arena, &u), ERR_BAD_INPUT);
	assert_int_equal(uplink_decode(wire, UPLINK_MESSAGE_MAX + 1, &arena, &u), ERR_TOO_LONG);
	for (int i = 0; i <= UPLINK_TABLES_MAX; i++)
		ADD(&message, 0x1A, 12, COUNT_2, METER_5, RUN_2, TIMES_10);
	assert_int_equal(uplink_decode(message.data, message.len, &arena, &u), ERR_TOO_LONG);
}

static void decoding_needs_its_arena(void **state)
{
	static struct reading rows[100];
	struct uplink u = {.boot = 7, .seq = 9, .table_count = 1}, back;
	struct uplink_event event = {.kind = 1};
	size_t len;

	(void)state;
	u.events = &event;
	u.event_count = 1;
	assert_int_equal(
	        readings_from_rows(rows, make_rows(rows, 100, 1), &source_arena, &u.table[0]),
	        ERR_NONE);
	assert_int_equal(uplink_encode(&u, wire, sizeof wire, &len), ERR_NONE);
	assert_int_equal(uplink_decode(wire, len, &arena, &back), ERR_NONE);
	for (size_t size = 0; size < arena.used; size += 8) {
		struct arena small = {arena.base, size, 0};

		assert_int_equal(uplink_decode(wire, len, &small, &back), ERR_NOMEM);
	}
}

/* ---- events and results ---- */

static void events_and_results_survive(void **state)
{
	static struct uplink_event events[UPLINK_EVENTS_MAX];
	static struct uplink_result results[UPLINK_RESULTS_MAX];
	struct uplink u = {.boot = 7, .seq = 9, .events = events, .results = results}, back;

	(void)state;
	for (uint32_t i = 0; i < UPLINK_EVENTS_MAX; i++) {
		events[i] = (struct uplink_event){.time_s = i % 2 ? INT64_MIN : INT64_MAX,
		                                  .meter = i,
		                                  .kind = i,
		                                  .detail = UINT32_MAX,
		                                  .seq = UINT64_MAX,
		                                  .value = -(int64_t)i,
		                                  .boot = i,
		                                  .has_chip = i % 2};
		if (events[i].has_chip)
			memset(events[i].chip, (int)i, CHIP_SIZE);
		results[i] =
		        (struct uplink_result){.command_id = UINT64_MAX - i,
		                               .stage = UPLINK_ANSWERED,
		                               .reason = i,
		                               .time_ms = 1795490400000,
		                               .current_ma = -1,
		                               .power_dw = INT32_MIN,
		                               .state = 0x1FF,
		                               .energy_wh = INT64_MAX,
		                               .body_len = (uint8_t)(i % (UPLINK_RESULT_BODY + 1))};
		memset(results[i].body, (int)i, results[i].body_len);
	}
	u.event_count = UPLINK_EVENTS_MAX;
	u.result_count = UPLINK_RESULTS_MAX;
	round_trip(&u, &back);
	assert_int_equal(back.event_count, UPLINK_EVENTS_MAX);
	assert_int_equal(back.result_count, UPLINK_RESULTS_MAX);
	for (size_t i = 0; i < UPLINK_EVENTS_MAX; i++) {
		const struct uplink_event *e = &back.events[i];

		assert_true(e->time_s == events[i].time_s && e->meter == events[i].meter &&
		            e->kind == events[i].kind && e->detail == events[i].detail &&
		            e->seq == events[i].seq && e->value == events[i].value &&
		            e->boot == events[i].boot && e->has_chip == events[i].has_chip);
		assert_memory_equal(e->chip, events[i].chip, CHIP_SIZE);
	}
	for (size_t i = 0; i < UPLINK_RESULTS_MAX; i++) {
		const struct uplink_result *r = &back.results[i];

		assert_true(r->command_id == results[i].command_id &&
		            r->stage == results[i].stage && r->reason == results[i].reason &&
		            r->time_ms == results[i].time_ms &&
		            r->current_ma == results[i].current_ma &&
		            r->power_dw == results[i].power_dw && r->state == results[i].state &&
		            r->energy_wh == results[i].energy_wh);
		assert_int_equal(r->body_len, results[i].body_len);
		assert_memory_equal(r->body, results[i].body, r->body_len);
	}
}

static void one_event_or_result_too_many(void **state)
{
	static uint8_t message[2 * (UPLINK_EVENTS_MAX + 1)];
	static struct uplink_event events[UPLINK_EVENTS_MAX + 1];
	static struct uplink_result results[UPLINK_RESULTS_MAX + 1];
	struct uplink u = {.boot = 7, .seq = 9, .events = events, .results = results};
	size_t len;

	(void)state;
	u.event_count = UPLINK_EVENTS_MAX + 1;
	assert_int_equal(uplink_encode(&u, wire, sizeof wire, &len), ERR_TOO_LONG);
	u.event_count = 0;
	u.result_count = UPLINK_RESULTS_MAX + 1;
	assert_int_equal(uplink_encode(&u, wire, sizeof wire, &len), ERR_TOO_LONG);
	u.result_count = 1;
	results[0].body_len = UPLINK_RESULT_BODY + 1;
	assert_int_equal(uplink_encode(&u, wire, sizeof wire, &len), ERR_TOO_LONG);
	u.result_count = 0;
	u.table_count = UPLINK_TABLES_MAX + 1;
	assert_int_equal(uplink_encode(&u, wire, sizeof wire, &len), ERR_TOO_LONG);
	for (size_t i = 0; i < sizeof message; i += 2)
		message[i] = 0x22;
	assert_int_equal(uplink_decode(message, sizeof message, &arena, &u), ERR_TOO_LONG);
	for (size_t i = 0; i < sizeof message; i += 2)
		message[i] = 0x2A;
	assert_int_equal(uplink_decode(message, sizeof message, &arena, &u), ERR_TOO_LONG);
}

static void events_with_half_a_chip_are_refused(void **state)
{
	static const uint8_t message[] = {0x09, 1, 0,    0, 0,    0, 0, 0, 0,
	                                  0x10, 1, 0x22, 4, 0x3A, 2, 1, 2};
	static const uint8_t cut[] = {0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x10, 1, 0x22, 2, 0x3A, 9};
	static const uint8_t cut_result[] = {0x09, 1,    0, 0,    0, 0,    0, 0,
	                                     0,    0x10, 1, 0x2A, 2, 0x1A, 9};
	static const uint8_t long_body[] = {0x2A, 67, 0x1A, 65, [68] = 0};
	struct uplink u;

	(void)state;
	assert_int_equal(uplink_decode(message, sizeof message, &arena, &u), ERR_BAD_INPUT);
	assert_int_equal(uplink_decode(cut, sizeof cut, &arena, &u), ERR_BAD_INPUT);
	assert_int_equal(uplink_decode(cut_result, sizeof cut_result, &arena, &u), ERR_BAD_INPUT);
	assert_int_equal(uplink_decode(long_body, sizeof long_body, &arena, &u), ERR_BAD_INPUT);
}

static void a_small_buffer_is_told(void **state)
{
	static struct reading rows[100];
	struct uplink u = {.boot = 7, .seq = 9, .table_count = 1};
	struct uplink_event event = {.kind = 1};
	struct uplink_result result = {.stage = 1};
	size_t len, least;

	(void)state;
	u.events = &event;
	u.results = &result;
	u.event_count = u.result_count = 1;
	assert_int_equal(
	        readings_from_rows(rows, make_rows(rows, 100, 1), &source_arena, &u.table[0]),
	        ERR_NONE);
	assert_int_equal(uplink_encode(&u, wire, sizeof wire, &least), ERR_NONE);
	for (size_t size = 0; size < least; size++)
		assert_int_equal(uplink_encode(&u, wire, size, &len), ERR_TOO_LONG);
	assert_int_equal(uplink_encode(&u, wire, least, &len), ERR_NONE);
}

/* ---- now ---- */

static void now_carries_samples_and_wishes(void **state)
{
	static struct reading rows[100];
	static const struct uplink_want wants[] = {
	        {{1, 2, 3}, 7,          100,        1795490400000},
                {{4, 5, 6}, UINT32_MAX, UINT32_MAX, -1           }
        };
	struct now now = {.time_ms = 1795490400123, .want_count = 2, .wants = wants}, back;
	size_t n = make_rows(rows, 100, 1), len;

	(void)state;
	assert_int_equal(readings_from_rows(rows, n, &source_arena, &now.live), ERR_NONE);
	assert_int_equal(now_encode(&now, wire, sizeof wire, &len), ERR_NONE);
	assert_int_equal(now_decode(wire, len, &arena, &back), ERR_NONE);
	assert_true(back.time_ms == now.time_ms);
	rows_equal(&back.live, rows, n);
	assert_int_equal(back.want_count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_memory_equal(back.wants[i].chip, wants[i].chip, CHIP_SIZE);
		assert_true(back.wants[i].boot == wants[i].boot &&
		            back.wants[i].uptime_s == wants[i].uptime_s &&
		            back.wants[i].time_ms == wants[i].time_ms);
	}
	now.live.count = 0;
	now.want_count = 0;
	assert_int_equal(now_encode(&now, wire, sizeof wire, &len), ERR_NONE);
	assert_int_equal(now_decode(wire, len, &arena, &back), ERR_NONE);
	assert_int_equal(back.live.count, 0);
	assert_int_equal(back.want_count, 0);
}

static void a_bad_now_is_refused(void **state)
{
	static const uint8_t twice[] = {0x12, 12, COUNT_2, METER_5, RUN_2, TIMES_10,
	                                0x12, 12, COUNT_2, METER_5, RUN_2, TIMES_10};
	static const uint8_t empty[] = {0x12, 0};
	static const uint8_t no_chip[] = {0x1A, 0};
	static const uint8_t cut[] = {0x1A, 2, 0x0A, 9};
	static struct uplink_want wants[UPLINK_WANTS_MAX + 1];
	struct arena none = {NULL, 0, 0};
	struct now now = {.want_count = UPLINK_WANTS_MAX + 1, .wants = wants};
	size_t len;

	(void)state;
	assert_int_equal(now_encode(&now, wire, sizeof wire, &len), ERR_TOO_LONG);
	now.want_count = 1;
	assert_int_equal(now_encode(&now, wire, 10, &len), ERR_TOO_LONG);
	assert_int_equal(now_decode(twice, sizeof twice, &arena, &now), ERR_BAD_INPUT);
	assert_int_equal(now_decode(twice, 14, &none, &now), ERR_NOMEM);
	assert_int_equal(now_decode(empty, sizeof empty, &arena, &now), ERR_BAD_INPUT);
	assert_int_equal(now_decode(no_chip, sizeof no_chip, &arena, &now), ERR_BAD_INPUT);
	assert_int_equal(now_decode(cut, sizeof cut, &arena, &now), ERR_BAD_INPUT);
	assert_int_equal(now_decode(no_chip, sizeof no_chip, &none, &now), ERR_NOMEM);
	/* 256 good ones fill the list; the next finds no room. */
	for (uint32_t i = 0; i < UPLINK_WANTS_MAX; i++)
		wants[i].boot = 1;
	now = (struct now){.want_count = UPLINK_WANTS_MAX, .wants = wants};
	assert_int_equal(now_encode(&now, wire, sizeof wire, &len), ERR_NONE);
	memcpy(wire + len, wire, 20);
	assert_int_equal(now_decode(wire, len + 18, &arena, &now), ERR_TOO_LONG);
}

/* ---- ack ---- */

static void acks_survive(void **state)
{
	static const struct ack_done done[] = {
	        {UINT64_MAX, 1, UINT64_MAX},
                {5,          7, 7         }
        };
	static const struct ack_refused refused[] = {
	        {5, 9, UPLINK_NAME_TAKEN}
        };
	struct ack ack = {.epoch = UINT64_MAX,
	                  .run = UINT64_MAX - 1,
	                  .time_ms = 1795490400123,
	                  .done_count = 2,
	                  .refused_count = 1,
	                  .done = done,
	                  .refused = refused},
	           back;
	size_t len;

	(void)state;
	assert_int_equal(ack_encode(&ack, wire, sizeof wire, &len), ERR_NONE);
	assert_int_equal(ack_decode(wire, len, &arena, &back), ERR_NONE);
	assert_true(back.epoch == ack.epoch && back.run == ack.run && back.time_ms == ack.time_ms);
	assert_int_equal(back.done_count, 2);
	assert_memory_equal(back.done, done, sizeof done);
	assert_int_equal(back.refused_count, 1);
	assert_true(back.refused[0].boot == 5 && back.refused[0].seq == 9 &&
	            back.refused[0].reason == UPLINK_NAME_TAKEN);
	while (len-- > 0)
		assert_int_equal(ack_encode(&ack, wire, len, &len), ERR_TOO_LONG);
}

static void a_bad_ack_is_refused(void **state)
{
	static const uint8_t no_epoch[] = {0x10, 2};
	static const uint8_t epoch_only[] = {0x09, 1, 0, 0, 0, 0, 0, 0, 0};
	static const uint8_t backwards[] = {0x1A, 13, 0x09, 1,    0, 0,    0, 0,
	                                    0,    0,  0,    0x10, 2, 0x18, 1};
	static const uint8_t no_first[] = {0x1A, 11, 0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x18, 1};
	static const uint8_t no_boot[] = {0x1A, 4, 0x10, 1, 0x18, 1};
	static const uint8_t cut[] = {0x1A, 1, 0x09}, cut_refused[] = {0x22, 1, 0x09};
	static uint8_t many[2 * (UPLINK_REFUSED_MAX + 1)];
	static struct ack_done done[UPLINK_DONE_MAX + 1];
	static struct ack_refused refused[UPLINK_REFUSED_MAX + 1];
	struct arena none = {NULL, 0, 0};
	struct ack ack = {
	        .epoch = 1, .done_count = UPLINK_DONE_MAX + 1, .done = done, .refused = refused};
	size_t len;

	(void)state;
	assert_int_equal(ack_encode(&ack, wire, sizeof wire, &len), ERR_TOO_LONG);
	ack.done_count = 0;
	ack.refused_count = UPLINK_REFUSED_MAX + 1;
	assert_int_equal(ack_encode(&ack, wire, sizeof wire, &len), ERR_TOO_LONG);
	assert_int_equal(ack_decode(no_epoch, sizeof no_epoch, &arena, &ack), ERR_BAD_INPUT);
	assert_int_equal(ack_decode(epoch_only, sizeof epoch_only, &arena, &ack), ERR_NONE);
	assert_int_equal(ack_decode(backwards, sizeof backwards, &arena, &ack), ERR_BAD_INPUT);
	assert_int_equal(ack_decode(no_first, sizeof no_first, &arena, &ack), ERR_BAD_INPUT);
	assert_int_equal(ack_decode(no_boot, sizeof no_boot, &arena, &ack), ERR_BAD_INPUT);
	assert_int_equal(ack_decode(cut, sizeof cut, &arena, &ack), ERR_BAD_INPUT);
	assert_int_equal(ack_decode(cut_refused, sizeof cut_refused, &arena, &ack), ERR_BAD_INPUT);
	assert_int_equal(ack_decode(backwards, sizeof backwards, &none, &ack), ERR_NOMEM);
	assert_int_equal(ack_decode(cut_refused, sizeof cut_refused, &none, &ack), ERR_NOMEM);
	for (size_t i = 0; i < sizeof many; i += 2)
		many[i] = 0x22;
	assert_int_equal(ack_decode(many, sizeof many, &arena, &ack), ERR_TOO_LONG);
}

/* ---- down ---- */

static void orders_survive(void **state)
{
	static struct down_meter meters[UPLINK_METERS_MAX];
	static struct down_command commands[UPLINK_COMMANDS_MAX];
	static uint64_t watched[UPLINK_METERS_MAX];
	struct down down = {.epoch = 77,
	                    .run = 78,
	                    .time_ms = 5,
	                    .has_config = true,
	                    .has_watch = true},
	            back;
	size_t len;

	(void)state;
	for (uint32_t i = 0; i < UPLINK_METERS_MAX; i++) {
		meters[i].number = (uint64_t)UPLINK_METER_LAST - i;
		memset(meters[i].chip, (int)i, CHIP_SIZE);
		meters[i].period_s = i;
		watched[i] = i * UINT64_C(1000000);
	}
	for (uint32_t i = 0; i < UPLINK_COMMANDS_MAX; i++) {
		commands[i] =
		        (struct down_command){.id = UINT64_MAX - i,
		                              .meter = i,
		                              .expires_s = -(int64_t)i,
		                              .kind = i,
		                              .body_len = (uint16_t)(UPLINK_COMMAND_BODY - i)};
		memset(commands[i].body, (int)i, commands[i].body_len);
	}
	down.config = (struct down_config){9, 60, 5, 600, true, 3, 2, UPLINK_METERS_MAX, meters};
	down.command_count = UPLINK_COMMANDS_MAX;
	down.commands = commands;
	down.watch = (struct down_watch){15, UPLINK_METERS_MAX, watched};
	assert_int_equal(down_encode(&down, wire, sizeof wire, &len), ERR_NONE);
	assert_int_equal(down_decode(wire, len, &arena, &back), ERR_NONE);
	assert_true(back.epoch == 77 && back.run == 78 && back.time_ms == 5 && back.has_config &&
	            back.has_watch);
	assert_true(back.config.version == 9 && back.config.period_s == 60 &&
	            back.config.trip_limit_count == 5 && back.config.trip_limit_window_s == 600 &&
	            back.config.part && back.config.parts == 3 && back.config.index == 2);
	assert_int_equal(back.config.meter_count, UPLINK_METERS_MAX);
	for (size_t i = 0; i < UPLINK_METERS_MAX; i++) {
		assert_true(back.config.meters[i].number == meters[i].number &&
		            back.config.meters[i].period_s == meters[i].period_s);
		assert_memory_equal(back.config.meters[i].chip, meters[i].chip, CHIP_SIZE);
		assert_true(back.watch.meters[i] == watched[i]);
	}
	assert_int_equal(back.watch.meter_count, UPLINK_METERS_MAX);
	assert_int_equal(back.watch.lease_s, 15);
	assert_int_equal(back.command_count, UPLINK_COMMANDS_MAX);
	for (size_t i = 0; i < UPLINK_COMMANDS_MAX; i++) {
		const struct down_command *c = &back.commands[i];

		assert_true(c->id == commands[i].id && c->meter == commands[i].meter &&
		            c->expires_s == commands[i].expires_s && c->kind == commands[i].kind);
		assert_int_equal(c->body_len, commands[i].body_len);
		assert_memory_equal(c->body, commands[i].body, c->body_len);
	}
}

static void orders_need_no_parts(void **state)
{
	struct down down = {.epoch = 77, .time_ms = 5}, back;
	size_t len;

	(void)state;
	assert_int_equal(down_encode(&down, wire, sizeof wire, &len), ERR_NONE);
	assert_int_equal(down_decode(wire, len, &arena, &back), ERR_NONE);
	assert_false(back.has_config || back.has_watch || back.command_count);
	/* a lease for all meters */
	down.has_watch = true;
	down.watch.lease_s = 15;
	assert_int_equal(down_encode(&down, wire, sizeof wire, &len), ERR_NONE);
	assert_int_equal(down_decode(wire, len, &arena, &back), ERR_NONE);
	assert_true(back.has_watch && back.watch.lease_s == 15 && back.watch.meter_count == 0);
}

static void small_order_buffers_are_told(void **state)
{
	static const struct down_meter meter = {.number = 5};
	static const struct down_command command = {
	        .id = 1, .body_len = 3, .body = {1, 2, 3}
        };
	static const uint64_t watched[2] = {5, 600};
	struct down down = {.epoch = 77, .has_config = true, .has_watch = true};
	size_t len, least;

	(void)state;
	down.config.meters = &meter;
	down.config.meter_count = down.command_count = 1;
	down.commands = &command;
	down.watch = (struct down_watch){15, 2, watched};
	assert_int_equal(down_encode(&down, wire, sizeof wire, &least), ERR_NONE);
	for (size_t size = 0; size < least; size++)
		assert_int_equal(down_encode(&down, wire, size, &len), ERR_TOO_LONG);
}

static void bad_orders_are_refused(void **state)
{
	static const uint8_t no_epoch[] = {0x10, 2};
	static const uint8_t meter_no_chip[] = {0x1A, 4, 0x12, 2, 0x08, 5};
	static const uint8_t cut_meter[] = {0x1A, 3, 0x12, 1, 0x08},
	                     cut_command[] = {0x22, 1, 0x08};
	static const uint8_t cut_watch[] = {0x2A, 3, 0x12, 1, 0x80};
	static const uint8_t loose_watch[] = {0x09, 1,    0, 0,    0, 0,    0, 0,
	                                      0,    0x2A, 4, 0x10, 5, 0x10, 6};
	static struct down_meter meters[UPLINK_METERS_MAX + 1];
	static struct down_command commands[UPLINK_COMMANDS_MAX + 1];
	struct arena none = {NULL, 0, 0};
	struct down down = {.epoch = 1, .has_config = true}, back;
	size_t len;

	(void)state;
	assert_int_equal(down_decode(no_epoch, sizeof no_epoch, &arena, &back), ERR_BAD_INPUT);
	assert_int_equal(down_decode(meter_no_chip, sizeof meter_no_chip, &arena, &back),
	                 ERR_BAD_INPUT);
	assert_int_equal(down_decode(cut_meter, sizeof cut_meter, &arena, &back), ERR_BAD_INPUT);
	assert_int_equal(down_decode(cut_command, sizeof cut_command, &arena, &back),
	                 ERR_BAD_INPUT);
	assert_int_equal(down_decode(cut_watch, sizeof cut_watch, &arena, &back), ERR_BAD_INPUT);
	assert_int_equal(down_decode(cut_meter, sizeof cut_meter, &none, &back), ERR_NOMEM);
	assert_int_equal(down_decode(cut_command, sizeof cut_command, &none, &back), ERR_NOMEM);
	assert_int_equal(down_decode(cut_watch, sizeof cut_watch, &none, &back), ERR_NOMEM);
	assert_int_equal(down_decode(loose_watch, sizeof loose_watch, &arena, &back), ERR_NONE);
	assert_int_equal(back.watch.meter_count, 2);
	assert_true(back.watch.meters[1] == 6);
	down.config.meters = meters;
	down.config.meter_count = 1;
	assert_int_equal(down_encode(&down, wire, sizeof wire, &len), ERR_NONE);
	assert_int_equal(down_decode(wire, len, &arena, &back), ERR_RANGE); /* meter 0 */
	meters[0].number = (uint64_t)UPLINK_METER_LAST + 1;
	assert_int_equal(down_encode(&down, wire, sizeof wire, &len), ERR_NONE);
	assert_int_equal(down_decode(wire, len, &arena, &back), ERR_RANGE);
	meters[0].number = 1;
	down.config.part = true; /* part 0 of 0 */
	assert_int_equal(down_encode(&down, wire, sizeof wire, &len), ERR_NONE);
	assert_int_equal(down_decode(wire, len, &arena, &back), ERR_RANGE);
	down.config.meter_count = UPLINK_METERS_MAX + 1;
	assert_int_equal(down_encode(&down, wire, sizeof wire, &len), ERR_TOO_LONG);
	down.config.meter_count = 0;
	down.watch.meter_count = UPLINK_METERS_MAX + 1;
	assert_int_equal(down_encode(&down, wire, sizeof wire, &len), ERR_TOO_LONG);
	down.watch.meter_count = 0;
	down.commands = commands;
	down.command_count = UPLINK_COMMANDS_MAX + 1;
	assert_int_equal(down_encode(&down, wire, sizeof wire, &len), ERR_TOO_LONG);
	down.command_count = 1;
	commands[0].body_len = UPLINK_COMMAND_BODY + 1;
	assert_int_equal(down_encode(&down, wire, sizeof wire, &len), ERR_TOO_LONG);
}

/* ---- speed ---- */

static double seconds_since(clock_t begin)
{
	return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

/* Not a benchmark, but a guard that needs no quiet machine: taking columns whole makes decoding
 * about twice as fast as encoding; element by element it would be twice as slow. */
static void decoding_is_faster_than_encoding(void **state)
{
	static struct reading rows[100];
	struct uplink u = {.boot = 7, .seq = 9, .table_count = 1}, back;
	size_t n = make_rows(rows, 100, 1), len;
	double encoding_s, decoding_s;
	clock_t begin;

	(void)state;
	assert_int_equal(readings_from_rows(rows, n, &source_arena, &u.table[0]), ERR_NONE);
	begin = clock();
	for (int i = 0; i < 2000; i++)
		if (uplink_encode(&u, wire, sizeof wire, &len))
			fail();
	encoding_s = seconds_since(begin);
	begin = clock();
	for (int i = 0; i < 2000; i++) {
		arena_reset(&arena);
		if (uplink_decode(wire, len, &arena, &back))
			fail();
	}
	decoding_s = seconds_since(begin);
	print_message("%.1f B a reading, decode %.3f, encode %.3f CPU-s per million\n",
	              (double)len / (double)n, decoding_s * 5, encoding_s * 5);
	assert_true(decoding_s < encoding_s);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(tables_keep_every_value, clear),
	        cmocka_unit_test_setup(integers_at_their_edges_survive, clear),
	        cmocka_unit_test_setup(several_tables_follow_each_other, clear),
	        cmocka_unit_test_setup(a_column_that_was_not_measured_stays_so, clear),
	        cmocka_unit_test_setup(rows_must_be_sorted_and_numbered, clear),
	        cmocka_unit_test_setup(each_fault_of_a_table_has_its_code, clear),
	        cmocka_unit_test_setup(values_that_leave_their_type_are_refused, clear),
	        cmocka_unit_test_setup(batches_have_names_and_limits, clear),
	        cmocka_unit_test_setup(decoding_needs_its_arena, clear),
	        cmocka_unit_test_setup(events_and_results_survive, clear),
	        cmocka_unit_test_setup(one_event_or_result_too_many, clear),
	        cmocka_unit_test_setup(events_with_half_a_chip_are_refused, clear),
	        cmocka_unit_test_setup(a_small_buffer_is_told, clear),
	        cmocka_unit_test_setup(now_carries_samples_and_wishes, clear),
	        cmocka_unit_test_setup(a_bad_now_is_refused, clear),
	        cmocka_unit_test_setup(acks_survive, clear),
	        cmocka_unit_test_setup(a_bad_ack_is_refused, clear),
	        cmocka_unit_test_setup(orders_survive, clear),
	        cmocka_unit_test_setup(orders_need_no_parts, clear),
	        cmocka_unit_test_setup(small_order_buffers_are_told, clear),
	        cmocka_unit_test_setup(bad_orders_are_refused, clear),
	        cmocka_unit_test_setup(decoding_is_faster_than_encoding, clear),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
