/* A store that comes back from a copy, and the list of what it lacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "platform/core/gaps.h"
#include "platform/core/revive.h"
#include "platform/store/info.h"
#include "platform/test/lab.h"

static struct lab lab;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static struct revive_request revive(uint64_t epoch)
{
	struct revive_request r = {
	        .actor = {.who = "test", .local = true},
	        .action = "store.restore",
	        .source = "a copy",
	        .copy_ms = LAB_NOW_MS - 1000,
	        .new_epoch = epoch
        };

	assert_int_equal(lab_step(&lab, revive_step, &r, false), ERR_NONE);
	return r;
}

static void nothing_is_given_out_twice(void **state)
{
	int64_t counter, command, config;
	struct revive_request r;
	uint64_t epoch;

	(void)state;
	assert_int_equal(info_epoch(lab.db, &epoch), ERR_NONE);
	counter = lab_number(&lab, "SELECT min(counter) FROM terminal");
	config = lab_number(&lab, "SELECT min(config_version) FROM gateway");
	command = lab_number(&lab, "SELECT last FROM sequence WHERE name='gateway'");
	r = revive(12345);
	assert_true(r.old_epoch == epoch);
	assert_int_equal(info_epoch(lab.db, &epoch), ERR_NONE);
	assert_int_equal(epoch, 12345);
	assert_int_equal(lab_number(&lab, "SELECT min(counter) FROM terminal"),
	                 counter + REVIVE_SKIP_COUNTERS);
	assert_int_equal(lab_number(&lab, "SELECT min(config_version) FROM gateway"),
	                 config + REVIVE_SKIP_NUMBERS);
	assert_int_equal(lab_number(&lab, "SELECT last FROM sequence WHERE name='gateway'"),
	                 command + REVIVE_SKIP_NUMBERS);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM session"), 0);
	assert_int_equal(
	        lab_number(&lab, "SELECT count(*) FROM audit WHERE action='store.restore'"), 1);
}

static void each_return_is_a_generation(void **state)
{
	(void)state;
	assert_int_equal(revive(1).generation, 1);
	assert_int_equal(revive(2).generation, 2);
	assert_int_equal(revive(3).generation, 3);
}

/* A counter at its end stays: it never wraps. */
static void a_counter_never_wraps(void **state)
{
	(void)state;
	assert_int_equal(db_exec(lab.db, "UPDATE terminal SET counter=4294967290"), ERR_NONE);
	(void)revive(1);
	assert_int_equal(lab_number(&lab, "SELECT max(counter) FROM terminal"), 4294967290);
}

/* ---- gaps ---- */

#define PERIOD 60
#define FROM   (LAB_NOW_MS / 1000 / PERIOD * PERIOD - 100 * PERIOD)

static char said[512];

static void say(void *arg, int64_t meter, int64_t from_s, int64_t to_s, int64_t missing)
{
	size_t used = strlen(said);

	(void)arg;
	snprintf(said + used, sizeof said - used, "%d:%d-%d=%d ", (int)(meter - LAB_METER),
	         (int)((from_s - FROM) / PERIOD), (int)((to_s - FROM) / PERIOD), (int)missing);
}

static void send_minutes(int64_t meter, int from, int to)
{
	static uint64_t seq;
	struct reading rows[100];
	size_t n = 0;

	for (int i = from; i < to; i++, n++)
		rows[n] = lab_reading(meter, FROM + i * PERIOD, 1000 + i);
	assert_int_equal(lab_send(&lab, 0,
	                          &(struct lab_batch){
	                                  .boot = 7, .seq = ++seq, .rows = rows, .row_count = n}),
	                 ERR_NONE);
}

static void look(int from, int to, int64_t created_s)
{
	struct day_reader *days;
	uint8_t hash_key[16];
	struct gaps gaps;

	said[0] = '\0';
	assert_int_equal(info_hash_key(lab.db, hash_key), ERR_NONE);
	assert_int_equal(day_reader_open(&days, lab.dir, hash_key), ERR_NONE);
	assert_int_equal(gaps_open(&gaps, 1, FROM + from * PERIOD, FROM + to * PERIOD), ERR_NONE);
	for (int k = 0; k < 2; k++)
		assert_int_equal(gaps_add_meter(&gaps, LAB_METER + k, PERIOD, created_s), ERR_NONE);
	assert_int_equal(gaps_read(&gaps, days, lab.gateway[0].gateway_id), ERR_NONE);
	gaps_each(&gaps, say, NULL);
	assert_int_equal(gaps.damaged, 0);
	gaps_close(&gaps);
	day_reader_close(days);
}

static void missing_periods_are_listed_as_spans(void **state)
{
	(void)state;
	send_minutes(LAB_METER, 0, 10);
	send_minutes(LAB_METER, 12, 20);
	send_minutes(LAB_METER + 1, 5, 6);
	look(0, 20, 0);
	assert_string_equal(said, "0:10-12=2 1:0-5=5 1:6-20=14 ");
	look(11, 20, 0);
	assert_string_equal(said, "0:11-12=1 1:11-20=9 ");
	send_minutes(LAB_METER, 10, 12);
	look(0, 20, 0);
	assert_string_equal(said, "1:0-5=5 1:6-20=14 ");
}

/* Nothing is expected before a meter existed, nor of a period that is not over. */
static void only_whole_periods_of_a_living_meter_count(void **state)
{
	struct gaps gaps;

	(void)state;
	look(0, 20, FROM + 15 * PERIOD + 1);
	assert_string_equal(said, "0:16-20=4 1:16-20=4 ");
	look(0, 20, FROM + 20 * PERIOD);
	assert_string_equal(said, "");
	assert_int_equal(gaps_open(&gaps, 1, 100, 100), ERR_BAD_INPUT);
	assert_int_equal(gaps_open(&gaps, 1, 0, INT64_C(4000000000)), ERR_NONE);
	assert_int_equal(gaps_add_meter(&gaps, LAB_METER, 1, 0), ERR_RANGE);
	gaps_close(&gaps);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        T(nothing_is_given_out_twice),
	        T(each_return_is_a_generation),
	        T(a_counter_never_wraps),
	        T(missing_periods_are_listed_as_spans),
	        T(only_whole_periods_of_a_living_meter_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
