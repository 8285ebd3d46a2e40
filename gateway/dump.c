#include "gateway/dump.h"

#include "gateway/log.h"
#include "gateway/spool/spool.h"

#include "libs/base/bytes.h"
#include "libs/proto/uplink.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void readings_print(const struct uplink *u)
{
	for (size_t i = 0; i < u->table_count; i++) {
		const struct readings *table = &u->table[i];
		uint32_t row = 0;

		for (uint32_t run = 0; run < table->runs; run++) {
			for (uint32_t k = 0; k < table->run_len[run]; k++) {
				const struct reading r = readings_row(table, run, row++);

				printf("{\"reading\":\"%012" PRId64 "\",\"boot\":\"%016" PRIx64
				       "\",\"seq\":%" PRIu64 ",\"time_s\":%" PRId64
				       ",\"voltage_dv\":%d,\"current_ma\":%d,\"power_dw\":%d,"
				       "\"pf_permille\":%d,\"frequency_chz\":%d,\"energy_wh\":%" PRId64
				       ",\"state\":%u,\"quality\":%u}\n",
				       r.meter, u->boot, u->seq, r.time_s, r.voltage_dv,
				       r.current_ma, r.power_dw, r.pf_permille, r.frequency_chz,
				       r.energy_wh, r.state, r.quality);
			}
		}
	}
}

static void events_print(const struct uplink *u)
{
	for (size_t i = 0; i < u->event_count; i++) {
		const struct uplink_event *e = &u->events[i];
		char chip[2 * CHIP_SIZE + 1] = "";

		if (e->has_chip)
			hex_encode(e->chip, CHIP_SIZE, chip);
		printf("{\"event\":%u,\"boot\":\"%016" PRIx64 "\",\"seq\":%" PRIu64
		       ",\"time_s\":%" PRId64 ",\"meter\":\"%012" PRIu64
		       "\",\"chip\":\"%s\",\"event_seq\":%" PRIu64
		       ",\"detail\":%u,\"value\":%" PRId64 ",\"terminal_boot\":%u}\n",
		       e->kind, u->boot, u->seq, e->time_s, e->meter, chip, e->seq, e->detail,
		       e->value, e->boot);
	}
}

static void results_print(const struct uplink *u)
{
	for (size_t i = 0; i < u->result_count; i++) {
		const struct uplink_result *r = &u->results[i];
		char body[2 * UPLINK_RESULT_BODY + 1];

		hex_encode(r->body, r->body_len, body);
		printf("{\"result\":%" PRIu64 ",\"boot\":\"%016" PRIx64 "\",\"seq\":%" PRIu64
		       ",\"stage\":%u,\"reason\":%u,\"time_ms\":%" PRId64
		       ",\"body\":\"%s\",\"current_ma\":%d,\"power_dw\":%d,\"state\":%u,"
		       "\"energy_wh\":%" PRId64 "}\n",
		       r->command_id, u->boot, u->seq, r->stage, r->reason, r->time_ms, body,
		       r->current_ma, r->power_dw, r->state, r->energy_wh);
	}
}

static void batch_print(const struct spool_entry *entry, uint64_t acked, const uint8_t *body,
                        struct arena *arena)
{
	struct uplink u;
	enum err err;

	printf("{\"batch\":%" PRIu64 ",\"boot\":\"%016" PRIx64 "\",\"seq\":%" PRIu64
	       ",\"time_s\":%" PRId64 ",\"bytes\":%u,\"acked\":%s}\n",
	       entry->index, entry->boot, entry->seq, entry->time_s, entry->len,
	       entry->index <= acked ? "true" : "false");
	arena_reset(arena);
	err = uplink_decode(body, entry->len, arena, &u);
	if (err) {
		printf("{\"undecodable\":%" PRIu64 ",\"why\":\"%s\"}\n", entry->index,
		       err_word(err));
		return;
	}
	readings_print(&u);
	events_print(&u);
	results_print(&u);
}

static enum err batches_print(struct spool *spool, const struct spool_stats *stats, uint8_t *body,
                              struct arena *arena)
{
	struct spool_entry entry;
	uint64_t index = 1;
	enum err err;

	while ((err = spool_read(spool, index, &entry, body, RECORD_BODY_MAX)) != ERR_NOT_FOUND) {
		if (err && err != ERR_DAMAGED)
			return err;
		if (err)
			printf("{\"damaged\":%" PRIu64 "}\n", entry.index);
		else
			batch_print(&entry, stats->acked, body, arena);
		index = entry.index + 1;
	}
	return ERR_NONE;
}

static enum err spool_print(struct spool *spool)
{
	uint8_t *body = malloc(RECORD_BODY_MAX);
	void *memory = malloc(UPLINK_ARENA_SIZE);
	struct spool_stats stats;
	struct arena arena;
	enum err err = body && memory ? ERR_NONE : ERR_NOMEM;

	arena_init(&arena, memory, UPLINK_ARENA_SIZE);
	spool_stats(spool, &stats);
	if (!err)
		err = batches_print(spool, &stats, body, &arena);
	printf("{\"spool\":{\"first\":%" PRIu64 ",\"next\":%" PRIu64 ",\"acked\":%" PRIu64
	       ",\"epoch\":\"%016" PRIx64 "\",\"queued\":%" PRIu64 ",\"bytes\":%" PRId64
	       ",\"damaged\":%" PRIu64 ",\"refused\":%" PRIu64 "}}\n",
	       stats.first, stats.next, stats.acked, stats.epoch, stats.queued, stats.bytes,
	       stats.damaged, stats.refused);
	free(body);
	free(memory);
	return err;
}

int dump_spool(const char *folder)
{
	const struct spool_options options = {.most_bytes = INT64_MAX / 2, .keep_s = INT64_MAX / 2};
	struct spool *spool;
	struct disk disk;
	enum err err;

	err = disk_posix_open(&disk, folder);
	if (!err) {
		err = spool_open(&spool, &disk, &options);
		if (!err) {
			err = spool_print(spool);
			spool_close(spool);
		}
		disk_posix_close(&disk);
	}
	if (err)
		log_line(LOG_ERROR, "spool: %s: %s", folder, err_text(err));
	return err ? 1 : 0;
}
