/* Batches. What is accepted keeps the promises of uplink.h, and encodes to something that decodes
 * to the same. */
#include "libs/proto/uplink.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_table(const struct readings *t, const struct readings *again)
{
	uint32_t rows = 0;

	if (t->count == 0 || t->count > UPLINK_ROWS_MAX || t->count != again->count ||
	    t->runs != again->runs || t->has != again->has)
		abort();
	for (uint32_t run = 0; run < t->runs; run++) {
		if (run > 0 && t->run_meter[run] <= t->run_meter[run - 1])
			abort();
		for (uint32_t i = 0; i < t->run_len[run]; i++, rows++) {
			struct reading a = readings_row(t, run, rows);
			struct reading b = readings_row(again, run, rows);

			if (a.meter != b.meter || a.time_s != b.time_s ||
			    a.energy_wh != b.energy_wh || a.voltage_dv != b.voltage_dv ||
			    a.current_ma != b.current_ma || a.power_dw != b.power_dw ||
			    a.pf_permille != b.pf_permille || a.frequency_chz != b.frequency_chz ||
			    a.state != b.state || a.quality != b.quality)
				abort();
		}
	}
	if (rows != t->count)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint64_t memory[UPLINK_ARENA_SIZE / 8], memory_again[UPLINK_ARENA_SIZE / 8];
	static uint8_t out[UPLINK_MESSAGE_MAX];
	static struct uplink u, again;
	struct arena arena, arena_again;
	size_t len;

	arena_init(&arena, memory, sizeof memory);
	arena_init(&arena_again, memory_again, sizeof memory_again);
	if (uplink_decode(data, size, &arena, &u))
		return 0;
	if (uplink_encode(&u, out, sizeof out, &len))
		return 0; /* our form of it is longer than a message may be */
	if (uplink_decode(out, len, &arena_again, &again) || u.boot != again.boot ||
	    u.seq != again.seq || u.table_count != again.table_count ||
	    u.event_count != again.event_count || u.result_count != again.result_count)
		abort();
	for (size_t i = 0; i < u.table_count; i++)
		check_table(&u.table[i], &again.table[i]);
	for (size_t i = 0; i < u.event_count; i++)
		if (u.events[i].seq != again.events[i].seq ||
		    u.events[i].value != again.events[i].value)
			abort();
	for (size_t i = 0; i < u.result_count; i++)
		if (u.results[i].body_len != again.results[i].body_len ||
		    memcmp(u.results[i].body, again.results[i].body, u.results[i].body_len) != 0)
			abort();
	return 0;
}
