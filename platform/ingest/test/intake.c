#include "platform/ingest/test/intake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/core/history.h"
#include "platform/store/info.h"
#include "platform/test/lab.h"

struct lab lab;

int intake_setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	lab.shakes = false; /* its counters count each try */
	return 0;
}

int intake_teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static uint32_t slot_of(int64_t meter)
{
	struct directory *dir = ingest_directory(lab.ingest);
	uint32_t slot = directory_meter(dir, meter)->slot;

	directory_unref(dir);
	return slot;
}

bool intake_latest(int64_t meter, struct reading *reading)
{
	return latest_get(lab.latest, slot_of(meter), reading);
}

struct tally {
	unsigned batches, ours;
};

static bool count_batch(void *arg, const struct batch_row *row)
{
	struct tally *tally = arg;

	tally->batches++;
	tally->ours += row->boot == BOOT;
	return true;
}

unsigned intake_stored(void)
{
	struct tally tally = {0};
	struct day_reader *reader;
	uint64_t damaged = 0;
	int64_t files[8];
	uint8_t key[16];
	size_t n;

	assert_int_equal(info_hash_key(lab.db, key), 0);
	assert_int_equal(day_reader_open(&reader, lab.dir, key), 0);
	n = day_reader_list(reader, files, 8);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(
		        day_reader_walk(reader, files[i], 0, count_batch, &tally, &damaged), 0);
	assert_int_equal(damaged, 0);
	day_reader_close(reader);
	return tally.batches;
}

size_t intake_history(int64_t meter, struct history_request *request)
{
	struct day_reader *reader;
	uint8_t key[16];

	assert_int_equal(info_hash_key(lab.db, key), 0);
	assert_int_equal(day_reader_open(&reader, lab.dir, key), 0);
	*request = (struct history_request){.property_id = 1,
	                                    .gateway_id = lab.gateway[0].gateway_id,
	                                    .meter = meter,
	                                    .from_s = NOW_S - 86400,
	                                    .to_s = NOW_S + 86400,
	                                    .now_s = NOW_S,
	                                    .period_s = 60};
	assert_int_equal(history_read(reader, request), 0);
	day_reader_close(reader);
	return request->reading_count;
}

enum err intake_send(uint64_t seq, const struct reading *rows, size_t n)
{
	return lab_send(
	        &lab, 0,
	        &(struct lab_batch){.boot = BOOT, .seq = seq, .rows = rows, .row_count = n});
}

void intake_expect_ack(uint64_t seq, uint32_t refused)
{
	const struct effect *ack = lab_first(&lab, EFFECT_ACK);

	assert_int_equal(lab_count(&lab, EFFECT_ACK), 1);
	assert_int_equal(ack->u.ack.boot, BOOT);
	assert_int_equal(ack->u.ack.seq, seq);
	assert_int_equal(ack->u.ack.refused, refused);
	assert_string_equal(ack->u.ack.gateway, "gw-1");
}
