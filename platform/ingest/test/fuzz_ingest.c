/* A sequence of uplink messages into one store, with restarts and failed commits between them. Input:
 * records of {op, length (2 bytes), bytes}. Whatever comes: no crash, an acked name is stored once and
 * stays known, and latest times never go back. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/test/lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NAMES 64

static struct lab lab;

static struct {
	uint64_t boot, seq;
	int gateway;
} acked[NAMES];

static size_t acked_count;
static int64_t newest_s[LAB_METERS];

static void note_ack(int gateway)
{
	const struct effect *ack = lab_first(&lab, EFFECT_ACK);

	assert(lab_count(&lab, EFFECT_ACK) <= 1);
	if (!ack || ack->u.ack.refused || acked_count == NAMES)
		return;
	acked[acked_count].boot = ack->u.ack.boot;
	acked[acked_count].seq = ack->u.ack.seq;
	acked[acked_count++].gateway = gateway;
}

static int64_t stored_rows(void)
{
	int64_t file, rowid;

	days_newest(lab.days, &file, &rowid);
	return rowid;
}

static void check_latest(void)
{
	struct directory *dir = ingest_directory(lab.ingest);

	for (int k = 0; k < LAB_METERS; k++) {
		struct reading reading;

		if (!latest_get(lab.latest, directory_meter(dir, LAB_METER + k)->slot, &reading))
			continue;
		assert(reading.time_s >= newest_s[k]);
		assert(reading.time_s <= lab.now_ms / 1000 + 600);
		newest_s[k] = reading.time_s;
	}
	directory_unref(dir);
}

static void restart(void)
{
	lab_close(&lab);
	lab_open(&lab);
}

/* Sent again with other content, an acked name must be refused, never stored a second time. */
static void probe_names(void)
{
	for (size_t i = 0; i < acked_count; i++) {
		struct reading row = lab_reading(LAB_METER, 1795480000, 42);
		struct lab_batch batch = {
		        .boot = acked[i].boot, .seq = acked[i].seq, .rows = &row, .row_count = 1};
		int64_t before = stored_rows();

		assert(lab_send(&lab, acked[i].gateway, &batch) == ERR_NONE);
		assert(stored_rows() == before);
	}
}

static void run_record(uint8_t op, const uint8_t *bytes, size_t len)
{
	int gateway = op & 1;

	if (op & 0x40)
		lab.now_ms += 60000;
	if (op & 0x80)
		restart();
	assert(lab_send_bytes(&lab, gateway, bytes, len) == ERR_NONE);
	note_ack(gateway);
	check_latest();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	lab_setup(&lab);
	acked_count = 0;
	memset(newest_s, 0, sizeof newest_s);
	while (size >= 3) {
		size_t len = (size_t)(data[1] | data[2] << 8);

		if (len > size - 3)
			len = size - 3;
		run_record(data[0], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
	restart();
	probe_names();
	lab_teardown(&lab);
	return 0;
}
