/* The state of ingest, shared by its files; nobody else includes this. */
#ifndef PLATFORM_INGEST_STATE_H
#define PLATFORM_INGEST_STATE_H

#include <pthread.h>

#include "libs/proto/uplink.h"
#include "platform/core/check.h"
#include "platform/ingest/events.h"
#include "platform/ingest/ingest.h"
#include "platform/ingest/keys.h"
#include "platform/ingest/past.h"
#include "platform/store/day.h"

/* A batch of the open group: not visible in the files yet. */
struct pending {
	const struct ingest_batch *batch;
	uint64_t boot, seq, hash;
};

struct ingest {
	struct ingest_config config;
	struct slots *slots;
	struct directory *dir; /* as the next step must see it */
	bool dir_changed;      /* in the open group */
	struct batch_keys *keys;
	struct day_reader *reader;
	struct past *past;
	uint8_t hash_key[16];
	uint64_t epoch;
	int64_t saved_file; /* the file of the last save */
	int64_t saved_ms;   /* wall clock of the last save before this start */
	int64_t data_version;
	uint64_t damaged; /* parts, found by the last load */

	struct pending *pending;
	size_t pending_count, pending_room;

	/* of the batch at hand */
	void *memory;
	struct arena arena;
	struct uplink up;
	struct past_row *slow;
	size_t slow_count, slow_room;
	int64_t t_min, t_max;
	int64_t unknown_meter;
	int64_t now_s;
	int64_t accepted, unknown, refused[CHECK_RANGE + 1];

	pthread_mutex_t lock;
	struct directory *published;
};

/* ingest.c: a new copy of the directory, as the open transaction sees it. */
MUST_USE enum err ingest_reload_directory(struct ingest *in);

/* A file's cursor, and the names of its batches as far as row->ranges_to. */
MUST_USE enum err ingest_save_file(struct ingest *in, struct tx *tx,
                                   const struct day_file_row *row);

/* tables.c: check all rows of in->up, set latest values, gather in->slow. */
MUST_USE enum err tables_take(struct ingest *in, int64_t gateway_id, int64_t now_ms);
void tables_count(const struct ingest *in);

/* batch.c: events and results of in->up. */
MUST_USE enum err batch_apply_rest(struct ingest *in, struct tx *tx,
                                   const struct batch_origin *origin, int64_t now_ms,
                                   struct effects *out);

#endif
