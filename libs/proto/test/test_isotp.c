#include "libs/proto/isotp.h"

#include "libs/base/macros.h"
#include "libs/base/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static uint8_t payload[4200];
static uint8_t rx_a[512], rx_b[4200];
static struct isotp a, b; /* two ends of a channel */

static int set_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof payload; i++)
		payload[i] = (uint8_t)(i * 31 + i / 256);
	isotp_init(&a, rx_a, sizeof rx_a);
	isotp_init(&b, rx_b, sizeof rx_b);
	return 0;
}

/* Passes everything between both ends until nothing moves; counts frames. True when b received. */
static bool pump(uint32_t *now_ms, unsigned *frames)
{
	bool received = false, done, moved = true;
	uint8_t frame[8];
	enum err err;

	for (*frames = 0; moved; *now_ms += 1) {
		moved = false;
		while (isotp_next(&a, *now_ms, frame, &done)) {
			moved = true;
			++*frames;
			received |= isotp_take(&b, frame, 8, *now_ms, &err) == ISOTP_RECEIVED;
		}
		while (isotp_next(&b, *now_ms, frame, &done)) {
			moved = true;
			++*frames;
			assert_int_equal(isotp_take(&a, frame, 8, *now_ms, &err), ISOTP_NOTHING);
		}
		moved = moved || (isotp_sending(&a) && *now_ms < 100000);
	}
	return received;
}

static void every_length_arrives(void **state)
{
	uint32_t now_ms = UINT32_MAX - 50; /* the clock wraps on the way */

	(void)state;
	for (size_t len = 1; len <= 4095; len += len < 600 ? 1 : 97) {
		unsigned frames;

		assert_int_equal(isotp_send(&a, payload, len), ERR_NONE);
		assert_true(isotp_sending(&a));
		now_ms = UINT32_MAX - 50;
		assert_true(pump(&now_ms, &frames));
		assert_int_equal(b.rx.len, len);
		assert_memory_equal(b.rx.data, payload, len);
		assert_int_equal(frames, len <= 7 ? 1 : 2 + (len - 6 + 6) / 7);
		assert_false(isotp_sending(&a));
	}
}

static void the_longest_ones_arrive(void **state)
{
	uint32_t now_ms = 0;
	unsigned count;
	struct isotp exact;

	(void)state;
	assert_int_equal(isotp_send(&a, payload, 4095), ERR_NONE);
	assert_true(pump(&now_ms, &count));
	assert_int_equal(b.rx.len, 4095);
	/* a buffer that is just filled */
	isotp_init(&exact, rx_a, ISOTP_LENGTH_MAX);
	b = exact;
	assert_int_equal(isotp_send(&a, payload, ISOTP_LENGTH_MAX), ERR_NONE);
	assert_true(pump(&now_ms, &count));
	assert_memory_equal(b.rx.data, payload, ISOTP_LENGTH_MAX);
}

static void the_receiver_sets_block_and_gap(void **state)
{
	uint32_t now_ms = 1000;
	unsigned frames;

	(void)state;
	isotp_ask(&b, 4, 5);
	assert_int_equal(isotp_send(&a, payload, 100), ERR_NONE);
	assert_true(pump(&now_ms, &frames));
	assert_memory_equal(b.rx.data, payload, 100);
	/* 1 first, 14 segments, flow control at the start and after each 4 but not at the end */
	assert_int_equal(frames, 1 + 14 + 1 + 3);
	assert_in_range(now_ms, 1000 + 10 * 5, 1000 + 16 * 5);
}

static void what_cannot_be_sent(void **state)
{
	(void)state;
	assert_int_equal(isotp_send(&a, payload, 0), ERR_BAD_INPUT);
	assert_int_equal(isotp_send(&a, payload, 4096), ERR_TOO_LONG);
	assert_int_equal(isotp_send(&a, payload, 8), ERR_NONE);
	assert_int_equal(isotp_send(&a, payload, 8), ERR_BUSY);
	isotp_reset(&a);
	assert_int_equal(isotp_send(&a, payload, 8), ERR_NONE);
}

/* Both ends send at once on one channel. */
static void the_channel_is_full_duplex(void **state)
{
	uint8_t frame[8];
	bool got_a = false, got_b = false, done;
	enum err err;

	(void)state;
	assert_int_equal(isotp_send(&a, payload, 300), ERR_NONE);
	assert_int_equal(isotp_send(&b, payload + 100, 200), ERR_NONE);
	for (uint32_t now_ms = 0; now_ms < 200; now_ms++) {
		if (isotp_next(&a, now_ms, frame, &done))
			got_b |= isotp_take(&b, frame, 8, now_ms, &err) == ISOTP_RECEIVED;
		if (isotp_next(&b, now_ms, frame, &done))
			got_a |= isotp_take(&a, frame, 8, now_ms, &err) == ISOTP_RECEIVED;
	}
	assert_true(got_a && got_b);
	assert_memory_equal(b.rx.data, payload, 300);
	assert_memory_equal(a.rx.data, payload + 100, 200);
}

/* ---- damaged transfers: the frames of one of 50 bytes (first and 7 segments) ---- */

#define FRAMES 8

static uint8_t frames[FRAMES][8];

static void make_frames(void)
{
	bool done = false;
	enum err err;

	assert_int_equal(isotp_send(&a, payload, 50), ERR_NONE);
	for (int i = 0; i < FRAMES; i++) {
		assert_true(isotp_next(&a, 0, frames[i], &done));
		assert_true(done == (i == FRAMES - 1));
		if (i == 0)
			assert_int_equal(isotp_take(&a, (const uint8_t[]){0x30, 0, 0}, 3, 0, &err),
			                 ISOTP_NOTHING);
	}
	assert_false(isotp_sending(&a));
	isotp_reset(&a);
	isotp_reset(&b);
}

/* Gives frames in this order; returns the last event that was not NOTHING, and the error. */
static enum isotp_event play(const int *order, size_t n, enum err *err)
{
	enum isotp_event event = ISOTP_NOTHING;

	for (size_t i = 0; i < n; i++) {
		enum isotp_event e = isotp_take(&b, frames[order[i]], 8, 0, err);

		if (e != ISOTP_NOTHING)
			event = e;
	}
	return event;
}

#define PLAY(err, ...)                                                                             \
	play((const int[]){__VA_ARGS__}, sizeof(const int[]){__VA_ARGS__} / sizeof(int), err)

static void a_damaged_transfer_is_dropped_as_a_whole(void **state)
{
	enum err err = ERR_NONE;

	(void)state;
	make_frames();
	assert_int_equal(PLAY(&err, 0, 1, 2, 3, 4, 5, 6, 7), ISOTP_RECEIVED);
	assert_memory_equal(b.rx.data, payload, 50);
	/* missing, repeated, swapped */
	assert_int_equal(PLAY(&err, 0, 1, 2, 4, 5, 6, 7), ISOTP_DROPPED);
	assert_int_equal(err, ERR_SEQUENCE);
	assert_int_equal(PLAY(&err, 0, 1, 2, 2, 3, 4, 5, 6, 7), ISOTP_DROPPED);
	assert_int_equal(PLAY(&err, 0, 2, 1, 3, 4, 5, 6, 7), ISOTP_DROPPED);
	assert_int_equal(b.rx.dropped, 3);
	/* one more: the transfer is complete, the rest is ignored */
	assert_int_equal(PLAY(&err, 0, 1, 2, 3, 4, 5, 6, 7, 7), ISOTP_RECEIVED);
	assert_int_equal(b.rx.dropped, 3);
	/* a new first frame begins anew */
	assert_int_equal(PLAY(&err, 0, 1, 2), ISOTP_NOTHING);
	assert_int_equal(PLAY(&err, 0), ISOTP_DROPPED);
	assert_int_equal(err, ERR_SEQUENCE);
	assert_int_equal(PLAY(&err, 1, 2, 3, 4, 5, 6, 7), ISOTP_RECEIVED);
	assert_memory_equal(b.rx.data, payload, 50);
	/* a single frame in the middle is received; the other transfer is gone */
	assert_int_equal(PLAY(&err, 0, 1, 2), ISOTP_NOTHING);
	assert_int_equal(isotp_take(&b, (const uint8_t[]){2, 7, 8}, 3, 0, &err), ISOTP_RECEIVED);
	assert_int_equal(b.rx.len, 2);
	assert_int_equal(PLAY(&err, 3, 4, 5, 6, 7), ISOTP_NOTHING);
	assert_int_equal(b.rx.dropped, 5);
}

static void segments_without_a_beginning_are_ignored(void **state)
{
	enum err err;

	(void)state;
	make_frames();
	assert_int_equal(PLAY(&err, 1, 2, 3), ISOTP_NOTHING);
	assert_int_equal(b.rx.dropped, 0);
}

static void malformed_frames(void **state)
{
	static const struct {
		uint8_t frame[8];
		uint8_t len;
		enum isotp_event event;
		enum err err;
	} cases[] = {
	        {{0x00},                      8, ISOTP_DROPPED, ERR_BAD_INPUT}, /* single of nothing */
	        {{0x08},                      8, ISOTP_DROPPED, ERR_BAD_INPUT}, /* single of 8 */
	        {{0x05, 1, 2, 3, 4},
	         5,	                      ISOTP_DROPPED,
	         ERR_BAD_INPUT	                                       }, /* frame shorter than its data */
	        {{0x10, 7},                   8, ISOTP_DROPPED, ERR_BAD_INPUT}, /* first that is single */
	        {{0x10, 50},                  7, ISOTP_DROPPED, ERR_BAD_INPUT}, /* first with 7 bytes */
	        {{0x10, 0, 0, 0, 0x0F, 0xFF},
	         8,	                      ISOTP_DROPPED,
	         ERR_BAD_INPUT	                                       }, /* long form of 4095 */
	        {{0x1F, 0xFF},                8, ISOTP_NOTHING, ERR_NONE     }, /* 4095 fit here */
	        {{0x40, 1},                   8, ISOTP_NOTHING, ERR_NONE     }, /* reserved */
	        {{0x05},                      0, ISOTP_NOTHING, ERR_NONE     }, /* no bytes */
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		enum err err = ERR_NONE;

		isotp_reset(&b);
		assert_int_equal(isotp_take(&b, cases[i].frame, cases[i].len, 0, &err),
		                 cases[i].event);
		assert_int_equal(err, cases[i].err);
	}
}

static void a_short_segment_drops_the_transfer(void **state)
{
	enum err err;

	(void)state;
	make_frames();
	assert_int_equal(PLAY(&err, 0), ISOTP_NOTHING);
	assert_int_equal(isotp_take(&b, frames[1], 7, 0, &err), ISOTP_DROPPED);
	assert_int_equal(err, ERR_BAD_INPUT);
}

static void the_last_segment_may_be_unpadded(void **state)
{
	enum err err;

	(void)state;
	make_frames(); /* 6 + 6 x 7 + 2 */
	assert_int_equal(PLAY(&err, 0, 1, 2, 3, 4, 5, 6), ISOTP_NOTHING);
	assert_int_equal(isotp_take(&b, frames[7], 3, 0, &err), ISOTP_RECEIVED);
	assert_memory_equal(b.rx.data, payload, 50);
}

static void lengths_of_32_bits_arrive(void **state)
{
	uint8_t frame[8] = {0x10, 0, 0, 0, 0x10, 0x10, payload[0], payload[1]}; /* 4112 bytes */
	enum isotp_event event;
	enum err err;
	size_t at = 2;

	(void)state;
	assert_int_equal(isotp_take(&b, frame, 8, 0, &err), ISOTP_NOTHING);
	for (unsigned serial = 1; at < 4112; serial++) {
		frame[0] = (uint8_t)(0x20 | (serial & 15));
		memcpy(frame + 1, payload + at, 7);
		at += 7;
		event = isotp_take(&b, frame, 8, 0, &err);
		assert_int_equal(event, at >= 4112 ? ISOTP_RECEIVED : ISOTP_NOTHING);
	}
	assert_int_equal(b.rx.len, 4112);
	assert_memory_equal(b.rx.data, payload, 4112);
}

static void what_does_not_fit_is_refused_by_flow_control(void **state)
{
	uint8_t frame[8] = {0x12, 0x01, 1, 2, 3, 4, 5, 6}; /* 513 bytes to a buffer of 512 */
	static const uint8_t single[] = {7, 1, 2, 3, 4, 5, 6, 7};
	struct isotp tiny;
	uint8_t small[4];
	enum err err;
	bool done;

	(void)state;
	assert_int_equal(isotp_take(&a, frame, 8, 0, &err), ISOTP_DROPPED);
	assert_int_equal(err, ERR_TOO_LONG);
	assert_true(isotp_next(&a, 0, frame, &done));
	assert_int_equal(frame[0], 0x32);
	/* its sender gives up */
	assert_int_equal(isotp_send(&b, payload, 513), ERR_NONE);
	frame[0] = 0x32;
	assert_true(isotp_next(&b, 0, (uint8_t[8]){0}, &done));
	assert_int_equal(isotp_take(&b, frame, 8, 0, &err), ISOTP_FAILED);
	assert_int_equal(err, ERR_FULL);
	assert_false(isotp_sending(&b));
	/* segments of the refused transfer are ignored */
	assert_int_equal(isotp_take(&a, (const uint8_t[]){0x21, 1, 2}, 3, 0, &err), ISOTP_NOTHING);

	isotp_init(&tiny, small, sizeof small);
	assert_int_equal(isotp_take(&tiny, single, 8, 0, &err), ISOTP_DROPPED);
	assert_int_equal(err, ERR_TOO_LONG);
}

/* ---- time ---- */

static void silence_ends_a_reception(void **state)
{
	enum err err;

	(void)state;
	make_frames();
	assert_int_equal(PLAY(&err, 0, 1), ISOTP_NOTHING);
	assert_int_equal(isotp_poll(&b, 999, &err), ISOTP_NOTHING);
	assert_int_equal(isotp_poll(&b, 1000, &err), ISOTP_DROPPED);
	assert_int_equal(err, ERR_TIMEOUT);
	assert_int_equal(isotp_poll(&b, 5000, &err), ISOTP_NOTHING);
	assert_int_equal(PLAY(&err, 2), ISOTP_NOTHING);
}

/* Also when only the first frame came, and counted from the last segment. */
static void the_second_counts_from_the_last_frame(void **state)
{
	enum err err;

	(void)state;
	make_frames();
	assert_int_equal(isotp_take(&b, frames[0], 8, 5000, &err), ISOTP_NOTHING);
	assert_int_equal(isotp_poll(&b, 5999, &err), ISOTP_NOTHING);
	assert_int_equal(isotp_take(&b, frames[1], 8, 5999, &err), ISOTP_NOTHING);
	assert_int_equal(isotp_poll(&b, 6998, &err), ISOTP_NOTHING);
	assert_int_equal(isotp_poll(&b, 6999, &err), ISOTP_DROPPED);
}

static void a_sender_waits_a_second_after_each_block(void **state)
{
	static const uint8_t one_each[] = {0x30, 1, 0};
	uint8_t frame[8];
	enum err err;
	bool done;

	(void)state;
	assert_int_equal(isotp_send(&a, payload, 50), ERR_NONE);
	assert_true(isotp_next(&a, 5000, frame, &done));
	assert_int_equal(isotp_take(&a, one_each, 3, 5000, &err), ISOTP_NOTHING);
	assert_true(isotp_next(&a, 5000, frame, &done));
	assert_false(isotp_next(&a, 5999, frame, &done));
	assert_int_equal(isotp_poll(&a, 5999, &err), ISOTP_NOTHING);
	assert_int_equal(isotp_poll(&a, 6000, &err), ISOTP_FAILED);
	assert_int_equal(err, ERR_TIMEOUT);
}

static void a_sender_waits_a_second_for_flow_control(void **state)
{
	uint8_t frame[8];
	enum err err;
	bool done;

	(void)state;
	assert_int_equal(isotp_send(&a, payload, 50), ERR_NONE);
	assert_true(isotp_next(&a, 5000, frame, &done));
	assert_false(isotp_next(&a, 5000, frame, &done));
	assert_int_equal(isotp_poll(&a, 5999, &err), ISOTP_NOTHING);
	assert_int_equal(isotp_poll(&a, 6000, &err), ISOTP_FAILED);
	assert_int_equal(err, ERR_TIMEOUT);
	assert_false(isotp_sending(&a));
	/* late flow control of the dead transfer */
	assert_int_equal(isotp_take(&a, (const uint8_t[]){0x30, 0, 0}, 3, 6001, &err),
	                 ISOTP_NOTHING);
	assert_false(isotp_next(&a, 6001, frame, &done));
}

static void wait_prolongs_but_not_for_ever(void **state)
{
	static const uint8_t wait[] = {0x31, 0, 0}, go[] = {0x30, 0, 0};
	uint8_t frame[8];
	uint32_t now_ms = 0;
	enum err err;
	bool done;

	(void)state;
	assert_int_equal(isotp_send(&a, payload, 50), ERR_NONE);
	assert_true(isotp_next(&a, now_ms, frame, &done));
	for (int i = 0; i < ISOTP_WAITS_MAX; i++) {
		now_ms += 900;
		assert_int_equal(isotp_poll(&a, now_ms, &err), ISOTP_NOTHING);
		assert_int_equal(isotp_take(&a, wait, 3, now_ms, &err), ISOTP_NOTHING);
		assert_false(isotp_next(&a, now_ms, frame, &done));
	}
	assert_int_equal(isotp_take(&a, wait, 3, now_ms, &err), ISOTP_FAILED);
	assert_int_equal(err, ERR_TIMEOUT);
	/* ... and a go after some waits goes on */
	assert_int_equal(isotp_send(&a, payload, 50), ERR_NONE);
	assert_true(isotp_next(&a, now_ms, frame, &done));
	assert_int_equal(isotp_take(&a, wait, 3, now_ms, &err), ISOTP_NOTHING);
	assert_int_equal(isotp_take(&a, go, 3, now_ms, &err), ISOTP_NOTHING);
	assert_true(isotp_next(&a, now_ms, frame, &done));
	assert_int_equal(frame[0], 0x21);
}

static void flow_control_of_an_unknown_status_ends_it(void **state)
{
	uint8_t frame[8];
	enum err err;
	bool done;

	(void)state;
	assert_int_equal(isotp_send(&a, payload, 50), ERR_NONE);
	assert_true(isotp_next(&a, 0, frame, &done));
	assert_int_equal(isotp_take(&a, (const uint8_t[]){0x30, 0}, 2, 0, &err), ISOTP_NOTHING);
	assert_int_equal(isotp_take(&a, (const uint8_t[]){0x33, 0, 0}, 3, 0, &err), ISOTP_FAILED);
	assert_int_equal(err, ERR_BAD_INPUT);
}

static void gaps_are_kept(void **state)
{
	static const struct {
		uint8_t code, gap_ms;
	} cases[] = {
	        {0,    0  },
                {1,    1  },
                {0x7F, 127},
                {0x80, 127},
	        {0xF0, 127},
                {0xF1, 1  },
                {0xF9, 1  },
                {0xFA, 127}
        };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t flow[3] = {0x30, 0, cases[i].code}, frame[8];
		enum err err;
		bool done;

		isotp_reset(&a);
		assert_int_equal(isotp_send(&a, payload, 50), ERR_NONE);
		assert_true(isotp_next(&a, 0, frame, &done));
		assert_int_equal(isotp_take(&a, flow, 3, 100, &err), ISOTP_NOTHING);
		assert_true(isotp_next(&a, 100, frame, &done));
		if (cases[i].gap_ms > 0)
			assert_false(isotp_next(&a, 100 + cases[i].gap_ms - 1u, frame, &done));
		assert_true(isotp_next(&a, 100 + cases[i].gap_ms, frame, &done));
	}
}

/* Any frames at any time: no crash (the sanitizers watch), and nothing received that is longer
 * than its buffer. */
static void noise_does_no_harm(void **state)
{
	struct rnd rnd;

	(void)state;
	rnd_seed(&rnd, 3);
	for (uint32_t now_ms = 0; now_ms < 200000; now_ms++) {
		uint8_t frame[8];
		uint64_t noise = rnd_u64(&rnd);
		enum err err;
		bool done;

		memcpy(frame, &noise, 8);
		if (rnd_below(&rnd, 2)) /* often a plausible next segment */
			frame[0] = (uint8_t)(0x20 | a.rx.serial);
		if (isotp_take(&a, frame, (uint8_t)rnd_below(&rnd, 9), now_ms, &err) ==
		    ISOTP_RECEIVED)
			assert_in_range(a.rx.len, 1, sizeof rx_a);
		if (rnd_below(&rnd, 50) == 0 && !isotp_sending(&a))
			assert_int_equal(isotp_send(&a, payload, 1 + rnd_below(&rnd, 4095)),
			                 ERR_NONE);
		if (isotp_next(&a, now_ms, frame, &done) && done)
			assert_false(isotp_sending(&a));
		isotp_poll(&a, now_ms, &err);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(every_length_arrives, set_up),
	        cmocka_unit_test_setup(the_longest_ones_arrive, set_up),
	        cmocka_unit_test_setup(the_receiver_sets_block_and_gap, set_up),
	        cmocka_unit_test_setup(what_cannot_be_sent, set_up),
	        cmocka_unit_test_setup(the_channel_is_full_duplex, set_up),
	        cmocka_unit_test_setup(a_damaged_transfer_is_dropped_as_a_whole, set_up),
	        cmocka_unit_test_setup(segments_without_a_beginning_are_ignored, set_up),
	        cmocka_unit_test_setup(malformed_frames, set_up),
	        cmocka_unit_test_setup(a_short_segment_drops_the_transfer, set_up),
	        cmocka_unit_test_setup(the_last_segment_may_be_unpadded, set_up),
	        cmocka_unit_test_setup(lengths_of_32_bits_arrive, set_up),
	        cmocka_unit_test_setup(what_does_not_fit_is_refused_by_flow_control, set_up),
	        cmocka_unit_test_setup(silence_ends_a_reception, set_up),
	        cmocka_unit_test_setup(the_second_counts_from_the_last_frame, set_up),
	        cmocka_unit_test_setup(a_sender_waits_a_second_after_each_block, set_up),
	        cmocka_unit_test_setup(a_sender_waits_a_second_for_flow_control, set_up),
	        cmocka_unit_test_setup(wait_prolongs_but_not_for_ever, set_up),
	        cmocka_unit_test_setup(flow_control_of_an_unknown_status_ends_it, set_up),
	        cmocka_unit_test_setup(gaps_are_kept, set_up),
	        cmocka_unit_test_setup(noise_does_no_harm, set_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
