/* The spool against a disk that is full, fails, tears, rots and loses power. */
#include "gateway/spool/spool.h"

#include "gateway/spool/statefile.h"
#include "gateway/spool/test/fake_disk.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

static const struct spool_options options = {
        .most_bytes = 1 << 20, .reserve_bytes = 4096, .segment_bytes = 2048, .keep_s = 30 * DAY_S};

static struct fake_disk fake;
static struct spool *spool;
static uint8_t body[RECORD_BODY_MAX];

static int setup(void **state)
{
	(void)state;
	fake_disk_init(&fake);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_disk_free(&fake);
	return 0;
}

/* The body tells by itself which batch it is. */
static uint32_t body_make(uint64_t seq, uint8_t *bytes)
{
	uint32_t len = (uint32_t)(20 + seq * 37 % 200);

	for (uint32_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)(seq * 31 + i);
	return len;
}

static enum err put(uint64_t seq)
{
	uint8_t bytes[256];
	struct spool_entry entry = {
	        .boot = 77, .seq = seq, .time_s = (int64_t)seq, .len = body_make(seq, bytes)};
	enum err err = spool_append(spool, &entry, bytes, false);

	return err ? err : spool_sync(spool);
}

static void check_entry(const struct spool_entry *entry)
{
	uint8_t expected[256];

	assert_int_equal(entry->len, body_make(entry->seq, expected));
	assert_memory_equal(body, expected, entry->len);
	assert_int_equal(entry->boot, 77);
}

static void reopen(void)
{
	assert_int_equal(spool_open(&spool, &fake.disk, &options), ERR_NONE);
}

/* Reads everything from `index`; whole batches must be right, in order, and are counted. */
static unsigned read_all(uint64_t index, unsigned *damaged)
{
	struct spool_entry entry;
	uint64_t last_seq = 0;
	unsigned n = 0;
	enum err err;

	*damaged = 0;
	while ((err = spool_read(spool, index, &entry, body, sizeof body)) != ERR_NOT_FOUND) {
		assert_true(err == ERR_NONE || err == ERR_DAMAGED);
		assert_true(entry.index >= index);
		index = entry.index + 1;
		if (err) {
			++*damaged;
			continue;
		}
		check_entry(&entry);
		assert_true(entry.seq > last_seq);
		last_seq = entry.seq;
		n++;
	}
	return n;
}

static void test_kept_in_order_over_restarts(void **state)
{
	struct spool_stats stats;
	unsigned damaged;

	(void)state;
	reopen();
	for (uint64_t seq = 1; seq <= 50; seq++) {
		assert_int_equal(put(seq), ERR_NONE);
		if (seq % 7 == 0) {
			spool_close(spool);
			reopen();
		}
	}
	assert_int_equal(read_all(1, &damaged), 50);
	assert_int_equal(damaged, 0);
	assert_int_equal(read_all(33, &damaged), 18);
	spool_stats(spool, &stats);
	assert_int_equal(stats.queued, 50);
	assert_int_equal(stats.oldest_s, 1);
	assert_int_equal(stats.next, 51);
	assert_int_equal(stats.damaged, 0);
	assert_true(fake_disk_count(&fake) > 2);
	spool_close(spool);
}

static void test_position_and_epoch_survive(void **state)
{
	struct spool_stats stats;

	(void)state;
	reopen();
	for (uint64_t seq = 1; seq <= 10; seq++)
		assert_int_equal(put(seq), ERR_NONE);
	spool_ack(spool, 6, 0xE0C);
	spool_stored(spool, 77, 5); /* 6 was damaged, say */
	assert_int_equal(spool_refuse(spool, 4, 9), ERR_NONE);
	assert_int_equal(spool_save(spool, 0), ERR_NONE);
	spool_close(spool);
	reopen();
	spool_stats(spool, &stats);
	assert_int_equal(stats.acked, 6);
	assert_int_equal(stats.epoch, 0xE0C);
	assert_int_equal(stats.queued, 4);
	assert_int_equal(stats.oldest_s, 7);
	assert_int_equal(stats.refused, 1);
	assert_true(stats.stored_boot == 77 && stats.stored_seq == 5);

	/* A restored platform gets everything again, also after a restart. */
	spool_rewind(spool, 0xE0D);
	assert_int_equal(spool_save(spool, 0), ERR_NONE);
	spool_close(spool);
	reopen();
	spool_stats(spool, &stats);
	assert_int_equal(stats.queued, 10);
	assert_int_equal(stats.epoch, 0xE0D);
	assert_int_equal(stats.stored_boot, 0);
	spool_close(spool);
}

static void test_runs_found_are_told(void **state)
{
	struct spool_run runs[SPOOL_RUNS];

	(void)state;
	reopen();
	assert_int_equal(spool_runs(spool, runs), 0);
	for (uint64_t boot = 1; boot <= SPOOL_RUNS + 3; boot++) {
		for (uint64_t seq = 1; seq <= boot; seq++) {
			struct spool_entry entry = {.boot = boot, .seq = seq, .len = 4};

			assert_int_equal(spool_append(spool, &entry, body, false), ERR_NONE);
		}
		/* What this run makes is no news to itself. */
		assert_int_equal(spool_runs(spool, runs),
		                 boot <= SPOOL_RUNS ? boot - 1 : SPOOL_RUNS);
		spool_close(spool);
		reopen();
		assert_int_equal(spool_runs(spool, runs), boot < SPOOL_RUNS ? boot : SPOOL_RUNS);
		for (uint64_t i = 0; i < SPOOL_RUNS && i < boot; i++) {
			assert_int_equal(runs[i].boot, boot - i);
			assert_int_equal(runs[i].seq, boot - i);
		}
	}
	spool_close(spool);
}

static void test_acknowledged_stay_thirty_days(void **state)
{
	struct spool_stats stats;

	(void)state;
	reopen();
	for (uint64_t seq = 1; seq <= 100; seq++)
		assert_int_equal(put(seq), ERR_NONE);
	spool_ack(spool, 100, 1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(spool_save(spool, 30 * DAY_S), ERR_NONE);
	spool_stats(spool, &stats);
	assert_int_equal(stats.first, 1);
	for (int i = 0; i < 100; i++)
		assert_int_equal(spool_save(spool, 31 * DAY_S), ERR_NONE);
	spool_stats(spool, &stats);
	assert_true(stats.first > 80);
	assert_true(stats.bytes < 2 * options.segment_bytes);
	spool_close(spool);
}

static void test_limit_removes_acknowledged_then_refuses(void **state)
{
	struct spool_options small = options;
	struct spool_stats stats;
	struct spool_entry entry = {.boot = 77, .seq = 999, .time_s = 1};
	uint8_t bytes[256];
	uint64_t seq = 1;

	(void)state;
	small.most_bytes = 20000;
	assert_int_equal(spool_open(&spool, &fake.disk, &small), ERR_NONE);
	for (; seq <= 200; seq++) {
		assert_int_equal(put(seq), ERR_NONE);
		spool_ack(spool, seq, 1);
		assert_int_equal(spool_save(spool, 0), ERR_NONE);
	}
	spool_stats(spool, &stats);
	assert_true(stats.first > 50);
	assert_true(stats.bytes <= 20000);
	while (put(seq) == ERR_NONE)
		seq++;
	assert_int_equal(put(seq), ERR_FULL);
	spool_stats(spool, &stats);
	assert_int_equal(stats.acked + 1, 201);
	assert_int_equal(stats.queued, seq - 201);
	/* Events and results still find room in the reserve. */
	entry.len = body_make(999, bytes);
	assert_int_equal(spool_append(spool, &entry, bytes, true), ERR_NONE);
	spool_close(spool);
}

static void test_disk_full_keeps_what_is_there(void **state)
{
	unsigned damaged;

	(void)state;
	reopen();
	uint64_t seq = 1;
	for (; seq <= 20; seq++)
		assert_int_equal(put(seq), ERR_NONE);
	fake.space = 2500;
	while (put(seq) == ERR_NONE)
		seq++;
	assert_true(seq > 25);
	assert_int_equal(put(seq), ERR_DISK_FULL);
	assert_int_equal(read_all(1, &damaged), seq - 1);
	assert_int_equal(damaged, 0);
	/* Acknowledged segments make room; so does freed space. */
	fake.space = RECORD_HEAD_SIZE + 16; /* just the position */
	spool_ack(spool, seq - 1, 1);
	assert_int_equal(spool_save(spool, 0), ERR_NONE);
	assert_int_equal(put(seq), ERR_NONE);
	fake.space = 100000;
	for (uint64_t more = seq + 1; more < seq + 20; more++)
		assert_int_equal(put(more), ERR_NONE);
	spool_close(spool);
	reopen();
	struct spool_stats stats;
	spool_stats(spool, &stats);
	assert_int_equal(stats.damaged, 0);
	assert_int_equal(stats.next, seq + 20);
	spool_close(spool);
}

/* Every change in turn fails once with every error; nothing acknowledged by sync may be missing. */
static void test_each_change_fails(void **state)
{
	static const enum err errors[] = {ERR_DISK_FULL, ERR_IO};

	unsigned fired = 0;

	(void)state;
	for (size_t e = 0; e < ARRAY_SIZE(errors); e++) {
		for (unsigned at = 1; at < 100; at++) {
			bool kept[40] = {false};
			unsigned n = 0, damaged;
			bool fatal = false;

			fake_disk_free(&fake);
			fake_disk_init(&fake);
			fake.fail_at = at;
			fake.fail_with = errors[e];
			if (spool_open(&spool, &fake.disk, &options))
				continue;
			for (uint64_t seq = 1; seq < 40 && !fatal; seq++) {
				enum err err = put(seq);

				kept[seq] = !err;
				fatal = err == ERR_IO;
				if (seq == 20)
					spool_ack(spool, 10, 5);
				if (seq % 10 == 0 && !fatal)
					fatal = spool_save(spool, 0) == ERR_IO;
			}
			fired += fake.changes >= at;
			spool_close(spool);
			reopen();
			for (size_t i = 0; i < ARRAY_SIZE(kept); i++)
				n += kept[i];
			assert_true(read_all(1, &damaged) >= n);
			spool_close(spool);
		}
	}
	assert_true(fired > 150);
}

static void test_sync_failure_is_final(void **state)
{
	(void)state;
	reopen();
	assert_int_equal(put(1), ERR_NONE);
	fake.sync_fails = true;
	assert_int_equal(put(2), ERR_IO);
	spool_close(spool);
}

/* Power is cut in each change, and comes back with any part of what was not synced. */
static void test_power_cut_at_each_change(void **state)
{
	(void)state;
	for (unsigned at = 1; at < 110; at++) {
		for (uint64_t seed = 1; seed <= 20; seed++) {
			uint64_t synced = 0;
			struct spool_stats stats;
			unsigned damaged;

			fake_disk_free(&fake);
			fake_disk_init(&fake);
			fake.fail_at = at;
			fake.fail_with = ERR_CLOSED;
			if (!spool_open(&spool, &fake.disk, &options)) {
				while (synced < 40 && !put(synced + 1)) {
					synced++;
					if (synced % 8 == 0) {
						spool_ack(spool, synced - 3, 5);
						(void)!spool_save(spool, 0);
					}
				}
				spool_close(spool);
			}
			fake_disk_power_up(&fake, seed);
			reopen();
			assert_true(read_all(1, &damaged) >= synced);
			assert_int_equal(damaged, 0);
			spool_stats(spool, &stats);
			assert_true(stats.acked <= synced);
			assert_int_equal(put(1000), ERR_NONE);
			assert_true(read_all(1, &damaged) >= synced + 1);
			spool_close(spool);
		}
	}
}

static unsigned filled(unsigned batches)
{
	reopen();
	for (uint64_t seq = 1; seq <= batches; seq++)
		assert_int_equal(put(seq), ERR_NONE);
	spool_close(spool);
	return batches;
}

static void test_bit_flip_at_each_byte(void **state)
{
	struct fake_file *f;
	struct spool_stats stats;
	unsigned damaged;

	(void)state;
	filled(24);
	f = fake_disk_file(&fake, "00000001.seg");
	assert_non_null(f);
	for (size_t at = 0; at < f->len; at++) {
		f->bytes[at] ^= (uint8_t)(1 << at % 8);
		/* A version of the file head that is newer is not damage; its check sum says so. */
		reopen();
		/* At most the one batch that holds the bit is gone, and that is counted. */
		assert_true(read_all(1, &damaged) >= 23);
		spool_stats(spool, &stats);
		assert_true(stats.damaged >= 1);
		spool_close(spool);
		f->bytes[at] ^= (uint8_t)(1 << at % 8);
	}
}

static void test_truncated_at_each_byte(void **state)
{
	struct spool_stats stats;
	unsigned damaged;

	(void)state;
	filled(24);
	struct fake_file *f = fake_disk_file(&fake, "00000001.seg");
	size_t whole = f->len;
	unsigned last = 0;

	for (size_t len = 0; len < whole; len++) {
		unsigned n;

		f->len = len;
		reopen();
		n = read_all(1, &damaged);
		assert_true(n >= last);
		last = n;
		spool_stats(spool, &stats);
		assert_true(stats.damaged >= 1);
		/* And it goes on. */
		assert_int_equal(put(1000), ERR_NONE);
		assert_int_equal(read_all(1, &damaged), n + 1);
		spool_close(spool);
		/* Undo: the appended batch went to the last file. */
		fake_disk_free(&fake);
		fake_disk_init(&fake);
		filled(24);
		f = fake_disk_file(&fake, "00000001.seg");
	}
}

static void test_missing_segment(void **state)
{
	struct spool_stats stats;
	unsigned damaged, all = filled(40);

	(void)state;
	assert_int_equal(fake.disk.remove(&fake, "00000002.seg"), ERR_NONE);
	reopen();
	unsigned n = read_all(1, &damaged);
	assert_true(n < all && n > all / 2);
	spool_stats(spool, &stats);
	assert_int_equal(stats.damaged, all - n);
	spool_close(spool);
}

static void test_newer_format_is_refused(void **state)
{
	uint8_t head[SEGMENT_HEAD_SIZE];
	struct fake_file *f;

	(void)state;
	filled(3);
	f = fake_disk_file(&fake, "00000001.seg");
	segment_head_encode(head, 1, 0);
	memcpy(f->bytes, head, sizeof head);
	f->bytes[4] = 2;
	/* With a bad check sum it is damage, … */
	reopen();
	spool_close(spool);
	/* … with a right one it is a newer program's. */
	put_le32(f->bytes + 28, crc32_ieee(0, f->bytes, 28));
	assert_int_equal(spool_open(&spool, &fake.disk, &options), ERR_VERSION);
}

static void test_state_file_is_old_or_new(void **state)
{
	static const uint8_t old[] = "the old table";
	static const uint8_t new[] = "the new table, which is a little longer";
	uint8_t got[100];
	size_t len;

	(void)state;
	assert_int_equal(statefile_load(&fake.disk, "t", got, sizeof got, &len), ERR_NOT_FOUND);
	for (unsigned at = 1; at < 12; at++) {
		for (uint64_t seed = 1; seed < 30; seed++) {
			bool saved;

			fake_disk_free(&fake);
			fake_disk_init(&fake);
			assert_int_equal(statefile_save(&fake.disk, "t", old, sizeof old), 0);
			fake.fail_at = fake.changes + at;
			fake.fail_with = ERR_CLOSED;
			saved = !statefile_save(&fake.disk, "t", new, sizeof new);
			fake_disk_power_up(&fake, seed);
			assert_int_equal(statefile_load(&fake.disk, "t", got, sizeof got, &len), 0);
			if (saved || len == sizeof new) {
				assert_int_equal(len, sizeof new);
				assert_memory_equal(got, new, len);
			} else {
				assert_int_equal(len, sizeof old);
				assert_memory_equal(got, old, len);
			}
		}
	}
}

static void test_state_file_damage_is_seen(void **state)
{
	static const uint8_t table[] = "some table";
	uint8_t got[100];
	size_t len;

	(void)state;
	assert_int_equal(statefile_save(&fake.disk, "t", table, sizeof table), 0);
	struct fake_file *f = fake_disk_file(&fake, "t");
	for (size_t bit = 0; bit < f->len * 8; bit++) {
		enum err err;

		f->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		err = statefile_load(&fake.disk, "t", got, sizeof got, &len);
		assert_true(err == ERR_DAMAGED || err == ERR_VERSION || err == ERR_TOO_LONG);
		f->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (f->len = sizeof table + 15; f->len > 0; f->len--)
		assert_int_equal(statefile_load(&fake.disk, "t", got, sizeof got, &len),
		                 ERR_DAMAGED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_kept_in_order_over_restarts),
	        TEST(test_position_and_epoch_survive),
	        TEST(test_runs_found_are_told),
	        TEST(test_acknowledged_stay_thirty_days),
	        TEST(test_limit_removes_acknowledged_then_refuses),
	        TEST(test_disk_full_keeps_what_is_there),
	        TEST(test_each_change_fails),
	        TEST(test_sync_failure_is_final),
	        TEST(test_power_cut_at_each_change),
	        TEST(test_bit_flip_at_each_byte),
	        TEST(test_truncated_at_each_byte),
	        TEST(test_missing_segment),
	        TEST(test_newer_format_is_refused),
	        TEST(test_state_file_is_old_or_new),
	        TEST(test_state_file_damage_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
