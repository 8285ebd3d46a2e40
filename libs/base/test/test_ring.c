#include "libs/base/ring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void bytes_come_out_in_order(void **state)
{
	uint8_t data[4], byte;
	struct ring r;

	(void)state;
	ring_init(&r, data, sizeof data);
	assert_false(ring_get(&r, &byte));
	for (uint8_t round = 0; round < 10; round++) { /* crosses the end of the buffer */
		for (uint8_t i = 0; i < 3; i++)
			assert_true(ring_put(&r, (uint8_t)(round + i)));
		assert_int_equal(ring_used(&r), 3);
		for (uint8_t i = 0; i < 3; i++) {
			assert_true(ring_get(&r, &byte));
			assert_int_equal(byte, round + i);
		}
	}
	assert_false(ring_get(&r, &byte));
}

static void a_full_ring_counts_what_it_drops(void **state)
{
	uint8_t data[4], byte;
	struct ring r;

	(void)state;
	ring_init(&r, data, sizeof data);
	for (uint8_t i = 0; i < 4; i++)
		assert_true(ring_put(&r, i));
	assert_false(ring_put(&r, 9));
	assert_false(ring_put(&r, 9));
	assert_int_equal(r.dropped, 2);
	assert_true(ring_get(&r, &byte));
	assert_int_equal(byte, 0);
	assert_true(ring_put(&r, 4));
	ring_clear(&r);
	assert_int_equal(ring_used(&r), 0);
	assert_false(ring_get(&r, &byte));
}

static void counters_may_wrap(void **state)
{
	uint8_t data[2], byte;
	struct ring r;

	(void)state;
	ring_init(&r, data, sizeof data);
	r.written = r.taken = UINT32_MAX;
	assert_true(ring_put(&r, 1));
	assert_true(ring_put(&r, 2));
	assert_false(ring_put(&r, 3));
	assert_true(ring_get(&r, &byte) && byte == 1);
	assert_true(ring_get(&r, &byte) && byte == 2);
	assert_false(ring_get(&r, &byte));
}

#define STREAM 200000

static void *write_stream(void *arg)
{
	for (uint32_t i = 0; i < STREAM;)
		i += ring_put(arg, (uint8_t)(i * 7));
	return NULL;
}

static void two_threads_need_no_lock(void **state)
{
	static uint8_t data[64];
	pthread_t writer;
	struct ring r;
	uint8_t byte;

	(void)state;
	ring_init(&r, data, sizeof data);
	assert_int_equal(pthread_create(&writer, NULL, write_stream, &r), 0);
	for (uint32_t i = 0; i < STREAM;) {
		if (!ring_get(&r, &byte))
			continue;
		if (byte != (uint8_t)(i * 7))
			fail_msg("byte %u is %u", i, byte);
		i++;
	}
	pthread_join(writer, NULL);
	assert_int_equal(ring_used(&r), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(bytes_come_out_in_order),
	        cmocka_unit_test(a_full_ring_counts_what_it_drops),
	        cmocka_unit_test(counters_may_wrap),
	        cmocka_unit_test(two_threads_need_no_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
