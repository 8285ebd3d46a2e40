/* A property's nights are billed by a process that is killed again and again, with a hundred meters in each step:
 * each fen is charged once, and none is left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/core/books.h"
#include "platform/core/rating_run.h"
#include "platform/store/info.h"
#include "platform/store/ledger.h"
#include "platform/test/lab.h"

#define METERS      1050 /* eleven steps */
#define NIGHTS      3
#define MARKS       4
#define KILLS_LEAST 12 /* of all that are made, or the test says nothing */
#define FIRST       INT64_C(330500000000)
#define HOUR        INT64_C(3600)
#define DAY         INT64_C(86400)
/* 2026-11-25 00:00 in China */
#define MIDNIGHT (INT64_C(20782) * DAY - 28800)

static const char plan[] =
        "{\"rates\":[{\"price_uy\":300000},{\"price_uy\":600000},{\"price_uy\":1000000}],"
        "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"07:00\",\"rate\":2},"
        "{\"from\":\"18:00\",\"rate\":3},{\"from\":\"22:00\",\"rate\":1}]}]}}";

/* Readings where rates begin, and what is used up to each: i hundred Wh and more. */
static const int64_t hour[MARKS] = {7, 18, 22, 24};
static const int64_t fen_per_hundred_wh[MARKS] = {3, 6, 10, 3};

static int64_t hundreds(int64_t meter, int mark)
{
	return 1 + (meter * 7 + mark * 13) % 40;
}

static struct lab lab;
static int64_t property_id;
static uint64_t seq;
static unsigned kills;
static uint64_t random_state = 88172645463325252;

static uint64_t draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* ---- a property ---- */

static enum err furnish_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct tariff_version_row row = {.version_id = 1,
	                                 .tariff_id = 1,
	                                 .valid_from_s = 1,
	                                 .state = TARIFF_PUBLISHED,
	                                 .body = plan,
	                                 .version = 1};
	struct tariff_use use = {.property_id = property_id,
	                         .service = SERVICE_ELECTRICITY,
	                         .from_s = 1,
	                         .tariff_id = 1};
	enum err err = tariff_version_insert(tx->db, &row);

	(void)arg;
	(void)out;
	if (!err)
		err = tariff_use_put(tx->db, &use);
	for (int64_t i = 0; !err && i < METERS; i++) {
		struct meter_row meter = {.property_id = property_id,
		                          .meter = FIRST + i,
		                          .gateway_id = lab.gateway[0].gateway_id,
		                          .created_s = now_ms / 1000};
		struct rating_start start = {.property_id = property_id,
		                             .meter = FIRST + i,
		                             .account_id = 1000 + i,
		                             .service = SERVICE_ELECTRICITY,
		                             .from_s = MIDNIGHT};

		snprintf(meter.chip, sizeof meter.chip, "%024lld", (long long)(i + 1));
		err = meter_insert(tx->db, &meter);
		if (!err)
			err = rating_start(tx, &start);
	}
	return err;
}

static int64_t register_at(int64_t meter, int64_t night, int mark)
{
	int64_t wh = 0;

	for (int k = 0; k < MARKS; k++)
		wh += hundreds(meter, k) * 100 * (night + (k <= mark));
	return wh;
}

#define AT_ONCE 150

/* Readings [from, to) of a night, of all meters. */
static void send_night(int64_t night, int from, int to)
{
	static struct reading rows[AT_ONCE * MARKS];

	lab.now_ms = (MIDNIGHT + (night + 1) * DAY + HOUR) * 1000;
	for (int64_t first = 0; first < METERS; first += AT_ONCE) {
		struct lab_batch batch = {.boot = 1, .seq = ++seq, .rows = rows};

		for (int64_t i = first; i < first + AT_ONCE; i++)
			for (int k = from; k < to; k++)
				rows[batch.row_count++] = lab_reading(
				        FIRST + i, MIDNIGHT + night * DAY + hour[k] * HOUR,
				        register_at(i, night, k));
		assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
	}
}

/* ---- a process that bills, and one that kills it ---- */

static enum err bill_all(void)
{
	struct rating_chunk chunk = {.cache = tariff_cache_new()};
	struct reader reader = {.db = NULL};
	uint8_t key[16];
	enum err err = lab_try_open(&lab);

	reader.db = lab.db;
	if (!err)
		err = info_hash_key(lab.db, key);
	if (!err)
		err = day_reader_open(&reader.days, lab.dir, key);
	if (!err)
		err = rating_chunk_read(&reader, &chunk);
	while (!err && chunk.in.any) {
		err = lab_step(&lab, rating_chunk_step, &chunk, true);
		arrivals_next(&chunk.in);
	}
	return err;
}

/* Is it done? It is killed after a while that nobody chose; a longer one if that was often too short. */
static bool bill_and_kill(unsigned attempt)
{
	useconds_t while_us = (useconds_t)(draw() % (UINT64_C(8000) << attempt / 2));
	int status;
	pid_t child = fork();

	assert_true(child >= 0);
	if (child == 0)
		_exit(bill_all() ? 1 : 0);
	usleep(while_us);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (WIFEXITED(status)) {
		assert_int_equal(WEXITSTATUS(status), 0);
		return true;
	}
	kills++;
	return false;
}

static void bill(void)
{
	bool done = false;

	lab_close(&lab);
	for (unsigned attempt = 0; !done; attempt++)
		done = bill_and_kill(attempt);
	lab_open(&lab);
}

/* ---- what it comes to ---- */

static int64_t night_fen(int64_t meter)
{
	int64_t fen = 0;

	for (int k = 0; k < MARKS; k++)
		fen += hundreds(meter, k) * fen_per_hundred_wh[k];
	return fen;
}

static void assert_charged(int64_t nights)
{
	struct ledger_proof proof;
	int64_t meter, group_no;

	for (int64_t i = 0; i < METERS; i++) {
		struct ledger_balance balance;

		assert_int_equal(
		        ledger_balance(lab.db, property_id, LEDGER_ACCOUNT, 1000 + i, &balance),
		        ERR_NONE);
		assert_int_equal(books_fen(balance.balance), -nights * night_fen(i));
	}
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM charge_day"), METERS * nights);
	assert_int_equal(ledger_verify(lab.db, property_id, &proof), ERR_NONE);
	assert_int_equal(charge_verify(lab.db, property_id, 0, &meter, &group_no), ERR_NONE);
	assert_int_equal(meter, 0);
	assert_int_equal(group_no, 0);
}

static void nights_are_billed_once_whatever_is_killed(void **state)
{
	(void)state;
	for (int64_t night = 0; night < NIGHTS; night++) {
		send_night(night, 0, MARKS);
		bill();
		assert_charged(night + 1);
	}
	/* A night of which only the end came at first. */
	send_night(NIGHTS, MARKS - 1, MARKS);
	bill();
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM rating_gap"), METERS);
	send_night(NIGHTS, 0, MARKS - 1);
	bill();
	assert_charged(NIGHTS + 1);
	assert_true(kills >= KILLS_LEAST);
	print_message("%u kills\n", kills);
}

static int setup(void **state)
{
	struct reading begin;
	struct lab_batch batch = {.boot = 1, .rows = &begin, .row_count = 1};

	(void)state;
	lab_setup(&lab);
	property_id = lab.gateway[0].property_id;
	assert_int_equal(lab_step(&lab, furnish_step, NULL, false), ERR_NONE);
	lab_close(&lab);
	lab_open(&lab); /* with its meters */
	/* A new store is billed from its second batch on. */
	batch.seq = ++seq;
	begin = lab_reading(FIRST, MIDNIGHT, 0);
	lab.now_ms = MIDNIGHT * 1000;
	assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
	bill();
	kills = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(nights_are_billed_once_whatever_is_killed, setup,
	                                        teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
