/* Frames as bits, and who wins on the bus. */
#include "sim/emu/can_segment.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those three: cmocka expects them */
#include <cmocka.h>

#define BIT (VTIME_PER_S / 125000)

struct fake { /* a node that sends one frame until it is through */
	struct can_node node;
	struct can_frame frame;
	bool wants;
	vtime since;
	unsigned sent, lost, failed, received;
	struct can_frame last;
};

static bool offer(void *ctx, vtime at, struct can_frame *frame, vtime *since)
{
	struct fake *f = ctx;

	*frame = f->frame;
	*since = f->since;
	return f->wants && f->since <= at;
}

static void sent(void *ctx)
{
	struct fake *f = ctx;

	f->sent++;
	f->wants = false;
}

static void lost(void *ctx)
{
	((struct fake *)ctx)->lost++;
}

static void failed(void *ctx)
{
	((struct fake *)ctx)->failed++;
}

static void receive(void *ctx, const struct can_frame *frame)
{
	struct fake *f = ctx;

	f->received++;
	f->last = *frame;
}

static void changed(void *ctx, enum can_error error)
{
	(void)ctx;
	(void)error;
}

static void activity(void *ctx)
{
	(void)ctx;
}

static const struct can_node_ops ops = {offer, sent, lost, failed, receive, changed, activity};
static struct can_segment segment;
static struct fake fake[3];

static int setup(void **state)
{
	(void)state;
	memset(&segment, 0, sizeof segment);
	memset(fake, 0, sizeof fake);
	for (unsigned i = 0; i < 3; i++) {
		fake[i].node = (struct can_node){
		        .ops = &ops, .ctx = &fake[i], .bit_ticks = BIT, .on = true};
		can_segment_add(&segment, &fake[i].node);
	}
	return 0;
}

static void want(unsigned i, uint32_t id, uint8_t data)
{
	fake[i].frame = (struct can_frame){.id = id, .len = 1, .data = {data}};
	fake[i].wants = true;
	fake[i].since = segment.now;
}

static void lower_identifier_goes_first(void **state)
{
	(void)state;
	want(0, 0x200, 1);
	want(1, 0x100, 2);
	can_segment_run(&segment, 100 * BIT);
	assert_int_equal(fake[2].last.id, 0x100);
	assert_int_equal(fake[0].lost, 1);
	can_segment_run(&segment, 200 * BIT);
	assert_int_equal(fake[2].last.id, 0x200);
	assert_int_equal(fake[2].received, 2);
	assert_int_equal(segment.errors, 0);
}

/* Of one base identifier the standard frame wins: its RTR is dominant where the extended one has SRR. */
static void standard_beats_extended(void **state)
{
	(void)state;
	want(0, 0x100u << 18 | CAN_FRAME_EFF, 1);
	want(1, 0x100, 2);
	want(2, 0x100 | CAN_FRAME_RTR, 0);
	assert_true(can_arbitration_key(0x100) < can_arbitration_key(0x100 | CAN_FRAME_RTR));
	can_segment_run(&segment, 90 * BIT);
	assert_int_equal(fake[1].sent, 1);
	assert_int_equal(fake[0].sent, 0);
}

static void a_later_request_does_not_travel_back(void **state)
{
	(void)state;
	want(0, 0x700, 1);
	want(1, 0x001, 2);
	fake[1].since = 20 * BIT; /* while the other is already on the bus */
	can_segment_run(&segment, 200 * BIT);
	assert_int_equal(fake[2].last.id, 0x001);
	assert_int_equal(fake[0].lost, 0);
	assert_int_equal(fake[2].received, 2);
}

static void alone_ends_error_passive_never_off(void **state)
{
	(void)state;
	fake[1].node.on = fake[2].node.on = false;
	want(0, 0x123, 1);
	can_segment_run(&segment, 20000 * BIT);
	assert_int_equal(fake[0].node.tec, CAN_PASSIVE);
	assert_false(fake[0].node.bus_off);
	assert_true(fake[0].failed > 100);
}

/* Both error-active: 16 collisions take both to 128; then the one with the recessive bit gives up
 * quietly and the other gets through. */
static void equal_identifiers_with_other_data(void **state)
{
	(void)state;
	want(0, 0x300, 0x00);
	want(1, 0x300, 0xFF);
	can_segment_run(&segment, 2500 * BIT);
	assert_int_equal(fake[0].failed, 16);
	assert_int_equal(fake[0].sent, 1);
	assert_true(fake[1].failed >= 17);
	assert_int_equal(fake[1].sent, 1);
	assert_int_equal(fake[2].received, 2);
}

static void equal_frames_do_not_collide(void **state)
{
	(void)state;
	want(0, 0x300, 0x55);
	want(1, 0x300, 0x55);
	can_segment_run(&segment, 100 * BIT);
	assert_int_equal(fake[0].sent + fake[1].sent, 2);
	assert_int_equal(fake[2].received, 1);
}

static void noise_counts_and_is_repeated(void **state)
{
	(void)state;
	can_segment_set_fault(&segment, CAN_BUS_CORRUPT, 3);
	want(0, 0x300, 0x55);
	can_segment_run(&segment, 400 * BIT);
	assert_int_equal(fake[0].failed, 3);
	assert_int_equal(fake[0].node.tec, 3 * 8 - 1);
	assert_int_equal(fake[1].node.rec, 3 - 1);
	assert_int_equal(fake[2].received, 1);
}

static void nothing_moves_on_a_stuck_bus(void **state)
{
	(void)state;
	can_segment_set_fault(&segment, CAN_BUS_STUCK, 0);
	want(0, 0x300, 0x55);
	can_segment_run(&segment, 1000 * BIT);
	assert_int_equal(fake[0].sent + fake[0].failed, 0);
	assert_int_equal(fake[1].node.rec, CAN_PASSIVE);
	can_segment_set_fault(&segment, CAN_BUS_GOOD, 0);
	can_segment_run(&segment, 1100 * BIT);
	assert_int_equal(fake[0].sent, 1);
}

static void who_leaves_in_mid_frame_breaks_it(void **state)
{
	(void)state;
	want(0, 0x300, 0x55);
	can_segment_run(&segment, 20 * BIT);
	can_node_leave(&segment, &fake[0].node);
	fake[0].node.on = fake[0].wants = false;
	can_segment_run(&segment, 200 * BIT);
	assert_int_equal(fake[2].received, 0);
	assert_int_equal(fake[2].node.rec, 1);
}

/* ---- bits ----------------------------------------------------------------------------------- */

/* CRC-15 of CAN: polynomial 0x4599; the catalogue's check over "123456789", high bit first. */
static void crc15_of_the_catalogue(void **state)
{
	static const char text[] = "123456789";
	uint8_t bits[72];

	(void)state;
	for (unsigned i = 0; i < 72; i++)
		bits[i] = (uint8_t)text[i / 8] >> (7 - i % 8) & 1U;
	assert_int_equal(can_crc15(bits, 72), 0x059E);
}

/* 47 + 8n bits with the gap without stuffing, as can-stm32's table counts them; a frame of zeros has
 * stuff bits, and none ever has six equal bits in a row before the CRC delimiter. */
static void stuffing(void **state)
{
	struct can_bits b;
	struct can_frame zeros = {.id = CAN_FRAME_EFF, .len = 8};
	unsigned run = 1;

	(void)state;
	can_bits_make(&b, &zeros);
	assert_true(b.count + CAN_BITS_GAP > 67 + 64);
	assert_true(b.count + CAN_BITS_GAP <= 160);
	for (unsigned i = 1; i < b.count - CAN_BITS_END; i++) {
		run = b.level[i] == b.level[i - 1] ? run + 1 : 1;
		assert_true(run <= 5);
	}
	assert_int_equal(b.level[b.ack - 1], 1);
}

static void every_frame_fits_its_limits(void **state)
{
	uint32_t random = 1;

	(void)state;
	for (unsigned n = 0; n < 20000; n++) {
		struct can_frame f = {.len = (uint8_t)(n % 9)};
		struct can_bits b;
		unsigned least, most;

		for (unsigned i = 0; i < 8; i++) {
			random = random * 1664525U + 1013904223U;
			f.data[i] =
			        n & 1 ? (uint8_t)(random >> 24) : (uint8_t) - (int)(random >> 31);
		}
		f.id = n & 2 ? (random & CAN_FRAME_ID_MASK) | CAN_FRAME_EFF : random & 0x7FF;
		can_bits_make(&b, &f);
		least = (n & 2 ? 67U : 47U) + 8U * f.len;
		most = least + ((n & 2 ? 53U : 33U) + 8U * f.len) / 4;
		assert_in_range(b.count + CAN_BITS_GAP, least, most);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(lower_identifier_goes_first, setup),
	        cmocka_unit_test_setup(standard_beats_extended, setup),
	        cmocka_unit_test_setup(a_later_request_does_not_travel_back, setup),
	        cmocka_unit_test_setup(alone_ends_error_passive_never_off, setup),
	        cmocka_unit_test_setup(equal_identifiers_with_other_data, setup),
	        cmocka_unit_test_setup(equal_frames_do_not_collide, setup),
	        cmocka_unit_test_setup(noise_counts_and_is_repeated, setup),
	        cmocka_unit_test_setup(nothing_moves_on_a_stuck_bus, setup),
	        cmocka_unit_test_setup(who_leaves_in_mid_frame_breaks_it, setup),
	        cmocka_unit_test(crc15_of_the_catalogue),
	        cmocka_unit_test(stuffing),
	        cmocka_unit_test(every_frame_fits_its_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
