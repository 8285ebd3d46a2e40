/* The hub's order, pace and faults, on a clock that the test moves. */
#include "sim/hub/bus.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those three: cmocka expects them */
#include <cmocka.h>

enum { SEEN = 4096 };

static struct bus bus;

static struct {
	int to;
	uint32_t id;
	int64_t at_us;
} seen[SEEN];

static unsigned count;

static void deliver(void *ctx, int to, const struct can_frame *frame, int64_t at_us)
{
	(void)ctx;
	if (count < SEEN) {
		seen[count].to = to;
		seen[count].id = frame->id;
		seen[count].at_us = at_us;
	}
	count++;
}

static int setup(void **state)
{
	(void)state;
	bus_init(&bus, 1);
	bus.deliver = deliver;
	bus.port[0].open = bus.port[1].open = bus.port[2].open = true;
	count = 0;
	return 0;
}

static void put(int port, uint32_t id)
{
	assert_true(bus_send(&bus, port, &(struct can_frame){.id = id, .len = 8}));
}

static unsigned deliveries_to(int port)
{
	unsigned n = 0;

	for (unsigned i = 0; i < count && i < SEEN; i++)
		n += seen[i].to == port;
	return n;
}

static void reaches_all_but_the_sender(void **state)
{
	(void)state;
	put(0, 0x100);
	bus_run(&bus, 1000);
	assert_int_equal(deliveries_to(0), 0);
	assert_int_equal(deliveries_to(1), 1);
	assert_int_equal(deliveries_to(2), 1);
	assert_int_equal(deliveries_to(BUS_NOBODY), 1);
}

static void lower_identifier_first(void **state)
{
	(void)state;
	put(0, 0x300);
	put(1, 0x100);
	put(2, 0x200);
	bus_run(&bus, 10000);
	assert_int_equal(seen[0].id, 0x100);
	assert_int_equal(seen[3].id, 0x200);
	assert_int_equal(seen[6].id, 0x300);
}

static void no_faster_than_the_line(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 200; i++)
		put(0, 0x155);
	bus_run(&bus, 100000);
	assert_in_range(bus.frames, 90, 102); /* 111 to 135 bits of 8 us each */
}

static void a_full_queue_refuses(void **state)
{
	(void)state;
	for (unsigned i = 0; i < BUS_QUEUE; i++)
		put(0, i);
	assert_false(bus_send(&bus, 0, &(struct can_frame){.id = 1}));
	assert_int_equal(bus.port[0].refused, 1);
	assert_false(bus_has_room(&bus, 0));
}

static unsigned after(unsigned frames)
{
	for (unsigned i = 0; i < frames; i++) {
		put(0, 0x155);
		bus_run(&bus, (int64_t)(i + 1) * 2000);
	}
	return deliveries_to(1);
}

static void drops_about_as_told(void **state)
{
	(void)state;
	bus.faults.drop = 300;
	assert_in_range(after(1000), 640, 760);
	assert_int_equal(bus.dropped + bus.frames, 1000);
}

static void duplicates_about_as_told(void **state)
{
	(void)state;
	bus.faults.duplicate = 250;
	assert_in_range(after(1000), 1190, 1310);
}

static void partial_reaches_some(void **state)
{
	(void)state;
	bus.faults.partial = 1000;
	after(400);
	assert_in_range(deliveries_to(1), 150, 250);
	assert_in_range(deliveries_to(2), 150, 250);
	assert_int_equal(deliveries_to(BUS_NOBODY), 400);
}

static void delay_holds_back(void **state)
{
	(void)state;
	bus.faults.delay = 1000;
	bus.faults.delay_ms = 50;
	put(0, 0x155);
	bus_run(&bus, 10000);
	assert_int_equal(count, 0);
	bus_run(&bus, 60000);
	assert_int_equal(deliveries_to(1), 1);
}

static void babbling_at_full_rate_shuts_all_out(void **state)
{
	(void)state;
	bus.faults.babble = 1000;
	put(0, 0x001);
	bus_run(&bus, 100000);
	assert_int_equal(bus.port[0].head - bus.port[0].tail, 1);
	assert_in_range(bus.busy_us, 99000, 102000);
	bus.faults.babble = 0;
	bus_run(&bus, 110000);
	assert_int_equal(bus.port[0].head, bus.port[0].tail);
}

static void babbling_at_half_leaves_half(void **state)
{
	(void)state;
	bus.faults.babble = 500;
	for (int64_t t = 0; t < 1000000; t += 500)
		bus_run(&bus, t);
	assert_in_range(bus.busy_us, 420000, 580000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(reaches_all_but_the_sender, setup),
	        cmocka_unit_test_setup(lower_identifier_first, setup),
	        cmocka_unit_test_setup(no_faster_than_the_line, setup),
	        cmocka_unit_test_setup(a_full_queue_refuses, setup),
	        cmocka_unit_test_setup(drops_about_as_told, setup),
	        cmocka_unit_test_setup(duplicates_about_as_told, setup),
	        cmocka_unit_test_setup(partial_reaches_some, setup),
	        cmocka_unit_test_setup(delay_holds_back, setup),
	        cmocka_unit_test_setup(babbling_at_full_rate_shuts_all_out, setup),
	        cmocka_unit_test_setup(babbling_at_half_leaves_half, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
