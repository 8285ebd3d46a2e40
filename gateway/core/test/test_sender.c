/* The window of batches on their way: order, repeats, refusals, other stores. */
#include "gateway/core/sender.h"

#include "gateway/spool/test/fake_disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

#define BOOT  77
#define EPOCH 5

static const struct spool_options options = {
        .most_bytes = 8 << 20, .reserve_bytes = 4096, .segment_bytes = 65536, .keep_s = 86400};

static struct fake_disk fake;
static struct spool *spool;
static struct sender sender;
static uint8_t body[RECORD_BODY_MAX];
static uint8_t published[1000]; /* first byte of each batch offered, in order */
static size_t n_published;
static int64_t now_ms;

static void on_publish(void *ctx, const uint8_t *bytes, size_t len)
{
	(void)ctx;
	(void)len;
	assert_true(n_published < sizeof published);
	published[n_published++] = bytes[0];
}

static int setup(void **state)
{
	(void)state;
	fake_disk_init(&fake);
	n_published = 0;
	now_ms = 1000;
	if (spool_open(&spool, &fake.disk, &options))
		return -1;
	sender_init(&sender, spool, body, on_publish, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	spool_close(spool);
	fake_disk_free(&fake);
	return 0;
}

/* Batch `seq` begins with the byte `seq`. */
static void put(uint8_t first, uint8_t last, uint32_t len)
{
	static uint8_t bytes[RECORD_BODY_MAX];

	for (unsigned seq = first; seq <= last; seq++) {
		struct spool_entry entry = {.boot = BOOT, .seq = seq, .time_s = 1, .len = len};

		bytes[0] = (uint8_t)seq;
		assert_int_equal(spool_append(spool, &entry, bytes, false), ERR_NONE);
		assert_int_equal(spool_sync(spool), ERR_NONE);
	}
}

static void pump(void)
{
	assert_int_equal(sender_pump(&sender, now_ms), ERR_NONE);
}

static bool ack(uint64_t epoch, uint64_t first, uint64_t last)
{
	const struct ack_done done = {BOOT, first, last};
	const struct ack message = {.epoch = epoch, .done_count = 1, .done = &done};
	enum err err;
	bool other = sender_ack(&sender, &message, &err);

	assert_int_equal(err, ERR_NONE);
	return other;
}

static uint64_t queued(void)
{
	struct spool_stats stats;

	spool_stats(spool, &stats);
	return stats.queued;
}

static void test_nothing_without_a_link(void **state)
{
	(void)state;
	put(1, 3, 10);
	pump();
	assert_int_equal(n_published, 0);
	sender_link(&sender, true);
	pump();
	assert_int_equal(n_published, 3);
}

static void test_window_and_order(void **state)
{
	(void)state;
	sender_link(&sender, true);
	put(1, 100, 10);
	pump();
	assert_int_equal(n_published, SENDER_WINDOW);
	/* A later one first: remembered, but the position waits for those before it. */
	assert_false(ack(EPOCH, 5, 10));
	pump();
	assert_int_equal(n_published, SENDER_WINDOW);
	assert_int_equal(queued(), 100);
	ack(EPOCH, 1, 4);
	pump();
	assert_int_equal(queued(), 90);
	assert_int_equal(n_published, SENDER_WINDOW + 10);
	for (size_t i = 0; i < n_published; i++)
		assert_int_equal(published[i], i + 1);
}

static void test_window_is_bounded_in_bytes(void **state)
{
	(void)state;
	sender_link(&sender, true);
	put(1, 10, RECORD_BODY_MAX);
	pump();
	assert_int_equal(n_published, SENDER_WINDOW_BYTES / RECORD_BODY_MAX);
}

static void test_repeats_until_acknowledged(void **state)
{
	(void)state;
	sender_link(&sender, true);
	put(1, 3, 10);
	pump();
	ack(EPOCH, 2, 2);
	now_ms += 9999;
	pump();
	assert_int_equal(n_published, 3);
	now_ms += 1;
	pump();
	assert_int_equal(n_published, 5); /* 1 and 3 again */
	assert_int_equal(published[3], 1);
	assert_int_equal(published[4], 3);
	now_ms += 19999;
	pump();
	assert_int_equal(n_published, 5);
	now_ms += 1;
	pump();
	assert_int_equal(n_published, 7);
	/* A new connection begins behind the last acknowledged one. */
	ack(EPOCH, 1, 1);
	sender_link(&sender, false);
	sender_link(&sender, true);
	pump();
	assert_int_equal(published[n_published - 1], 3);
	assert_int_equal(n_published, 8);
}

static void test_foreign_acknowledgements_do_nothing(void **state)
{
	const struct ack_done done = {BOOT + 1, 1, 100};
	const struct ack message = {.epoch = EPOCH, .done_count = 1, .done = &done};
	enum err err;

	(void)state;
	sender_link(&sender, true);
	put(1, 3, 10);
	pump();
	assert_false(sender_ack(&sender, &message, &err));
	assert_int_equal(queued(), 3);
	ack(EPOCH, 4, 1000);
	assert_int_equal(queued(), 3);
}

static void test_refused_is_passed_by(void **state)
{
	const struct ack_refused refused = {BOOT, 1, UPLINK_MALFORMED};
	const struct ack message = {.epoch = EPOCH, .refused_count = 1, .refused = &refused};
	struct spool_stats stats;
	enum err err;

	(void)state;
	sender_link(&sender, true);
	put(1, 2, 10);
	pump();
	assert_false(sender_ack(&sender, &message, &err));
	assert_false(sender_ack(&sender, &message, &err));
	spool_stats(spool, &stats);
	assert_int_equal(stats.refused, 1);
	assert_int_equal(stats.queued, 1);
}

static void test_other_store_gets_all_again(void **state)
{
	(void)state;
	sender_link(&sender, true);
	put(1, 5, 10);
	pump();
	ack(EPOCH, 1, 5);
	assert_int_equal(queued(), 0);
	assert_false(sender_epoch(&sender, EPOCH));
	assert_true(sender_epoch(&sender, EPOCH + 1));
	assert_int_equal(queued(), 5);
	pump();
	assert_int_equal(n_published, 10);
	assert_int_equal(published[5], 1);
	assert_true(ack(EPOCH + 2, 1, 5)); /* and another one: what it says of the window is void */
	assert_int_equal(queued(), 5);
}

static void acked_by(uint64_t run, uint64_t first, uint64_t last)
{
	const struct ack_done done = {BOOT, first, last};
	const struct ack message = {.epoch = EPOCH, .run = run, .done_count = 1, .done = &done};
	enum err err;

	assert_false(sender_ack(&sender, &message, &err));
	assert_int_equal(err, ERR_NONE);
}

static void refused_by(uint64_t run, uint64_t seq)
{
	const struct ack_refused refused = {BOOT, seq, UPLINK_MALFORMED};
	const struct ack message = {
	        .epoch = EPOCH, .run = run, .refused_count = 1, .refused = &refused};
	enum err err;

	assert_false(sender_ack(&sender, &message, &err));
}

static void test_what_the_last_run_had(void **state)
{
	(void)state;
	sender_link(&sender, true);
	put(1, 9, 10);
	pump();
	acked_by(1, 1, 3);
	refused_by(1, 4);
	assert_int_equal(sender.before_boot, 0); /* nothing was there before run 1 */
	acked_by(1, 6, 6); /* 5 was lost on its way and waits to be repeated */
	/* The new run may have an older store; its own acks do not change what was before. */
	acked_by(2, 9, 9);
	assert_true(sender.before_boot == BOOT && sender.before_seq == 6);
	pump();
	acked_by(2, 5, 8);
	assert_int_equal(sender.before_seq, 6);
	sender_run(&sender, 0); /* says nothing */
	assert_int_equal(sender.before_seq, 6);
	sender_run(&sender, 3); /* a down */
	assert_int_equal(sender.before_seq, 8);
}

/* What an older run has acknowledged behind a lost batch may be gone from the store of this one. */
static void test_a_new_run_is_offered_all_that_waits(void **state)
{
	(void)state;
	sender_link(&sender, true);
	put(1, 6, 10);
	pump();
	acked_by(1, 1, 2);
	acked_by(1, 4, 6);
	assert_int_equal(queued(), 4);
	sender_run(&sender, 2);
	pump();
	assert_int_equal(n_published, 10);
	assert_memory_equal(published + 6, ((const uint8_t[]){3, 4, 5, 6}), 4);
	acked_by(2, 3, 3);
	assert_int_equal(queued(), 3); /* the word of run 1 is no word of run 2 */
	acked_by(2, 4, 6);
	assert_int_equal(queued(), 0);
}

static void test_what_the_last_run_had_over_a_restart(void **state)
{
	(void)state;
	sender_link(&sender, true);
	put(1, 5, 10);
	pump();
	acked_by(1, 1, 2);
	refused_by(1, 3);
	assert_int_equal(spool_save(spool, 0), ERR_NONE);
	spool_close(spool);
	assert_int_equal(spool_open(&spool, &fake.disk, &options), ERR_NONE);
	sender_init(&sender, spool, body, on_publish, NULL);
	assert_true(sender.before_boot == BOOT && sender.before_seq == 2);
	sender_link(&sender, true);
	pump();
	acked_by(1, 4, 5); /* the same run: it is all the same to us */
	assert_int_equal(sender.before_seq, 2);
	/* Another store owes us nothing. */
	assert_true(sender_epoch(&sender, EPOCH + 1));
	assert_int_equal(sender.before_boot, 0);
	assert_int_equal(spool_save(spool, 0), ERR_NONE);
	spool_close(spool);
	assert_int_equal(spool_open(&spool, &fake.disk, &options), ERR_NONE);
	sender_init(&sender, spool, body, on_publish, NULL);
	assert_int_equal(sender.before_boot, 0);
}

static void test_damaged_batch_is_passed_by(void **state)
{
	struct fake_file *f;

	(void)state;
	put(1, 3, 50);
	f = fake_disk_file(&fake, "00000001.seg");
	f->bytes[SEGMENT_HEAD_SIZE + 2 * RECORD_HEAD_SIZE + 60] ^= 1; /* body of the second */
	sender_link(&sender, true);
	pump();
	assert_int_equal(n_published, 2);
	assert_int_equal(published[1], 3);
	ack(EPOCH, 1, 1);
	sender_run(&sender, 7);
	assert_int_equal(sender.before_seq, 1); /* not the damaged one, which nobody has */
	ack(EPOCH, 3, 3);
	assert_int_equal(queued(), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_nothing_without_a_link),
	        TEST(test_window_and_order),
	        TEST(test_window_is_bounded_in_bytes),
	        TEST(test_repeats_until_acknowledged),
	        TEST(test_foreign_acknowledgements_do_nothing),
	        TEST(test_refused_is_passed_by),
	        TEST(test_other_store_gets_all_again),
	        TEST(test_a_new_run_is_offered_all_that_waits),
	        TEST(test_what_the_last_run_had),
	        TEST(test_what_the_last_run_had_over_a_restart),
	        TEST(test_damaged_batch_is_passed_by),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
