/* Uplink batches: decode, check, remove repeats, append to the day file, apply events and results,
 * acknowledge after the commit. All state here belongs to the writer's thread and can be rebuilt
 * from the store at any time. */
#ifndef PLATFORM_INGEST_INGEST_H
#define PLATFORM_INGEST_INGEST_H

#include "platform/core/command.h"
#include "platform/core/directory.h"
#include "platform/core/latest.h"
#include "platform/core/writer.h"

struct ingest;

struct ingest_config {
	struct db *db;     /* the writer's */
	struct days *days; /* the writer's */
	const char *store_dir;
	struct latest *latest;
};

MUST_USE enum err ingest_new(struct ingest **ingest, const struct ingest_config *config);
void ingest_free(struct ingest *ingest);

/* Fill directory, latest values and keys from the store, and apply the batches that came after the
 * last save. At start, and after a commit that failed half-way. */
MUST_USE enum err ingest_load_step(struct tx *tx, void *ingest, int64_t now_ms,
                                   struct effects *out);

/* What the writer calls. */
struct writer_hooks ingest_hooks(struct ingest *ingest);

/* The directory as of the last commit, with a reference for the caller. Any thread. */
struct directory *ingest_directory(struct ingest *ingest);

/* When the store was last saved before this start; 0 never. */
int64_t ingest_saved_ms(const struct ingest *ingest);

/* The epoch of a gateway with this epoch_part. Any thread. */
uint64_t ingest_epoch(struct ingest *ingest, uint64_t epoch_part);

/* A message on `up`. */
struct ingest_batch {
	struct ingest *ingest;
	int64_t property_id, gateway_id;
	char property[SLUG_SIZE], gateway[SLUG_SIZE];
	uint8_t *body; /* stays valid until the step is answered */
	size_t len;
	bool clock_behind; /* what is from after our clock is not stored, and asked for again: ERR_REFUSED */
};
MUST_USE enum err ingest_batch_step(struct tx *tx, void *ingest_batch, int64_t now_ms,
                                    struct effects *out);

/* Each minute: latest values and how far they reach. */
MUST_USE enum err ingest_save_step(struct tx *tx, void *ingest, int64_t now_ms,
                                   struct effects *out);

/* A day file that was looked through while we run (scrub.h) cannot be read as a whole: noted once, and
 * gateways are asked for what it held. */
struct ingest_damage {
	struct ingest *ingest;
	int64_t file;
};
MUST_USE enum err ingest_damage_step(struct tx *tx, void *ingest_damage, int64_t now_ms,
                                     struct effects *out);

/* Each second: another process (the CLI) has changed the store: directory anew. */
MUST_USE enum err ingest_poll_step(struct tx *tx, void *ingest, int64_t now_ms,
                                   struct effects *out);

#define GATEWAY_STATE_BEFORE 8

/* A gateway's retained state, already parsed. */
struct gateway_state {
	struct ingest *ingest;
	int64_t property_id, gateway_id;
	bool online;
	int64_t config_seen;
	/* A batch that we acknowledged before this start, as the gateway says, and in which epoch; boot
	 * 0: none. */
	uint64_t acked_epoch, acked_boot, acked_seq;
	uint64_t boot; /* 0: not told */

	/* What was in its folder when it started, for each boot the newest batch. */
	struct {
		uint64_t boot, seq;
	} before[GATEWAY_STATE_BEFORE];

	size_t before_count;
	bool has_before;
	char json[2048];
};
MUST_USE enum err gateway_state_step(struct tx *tx, void *gateway_state, int64_t now_ms,
                                     struct effects *out);

/* A message that no gateway of ours may send: counted, one event per sender and hour. */
struct foreign_report {
	int64_t property_id; /* 0: not known; counted only */
	int64_t gateway_id;
	uint32_t kind; /* EVENT_FOREIGN_TOPIC, ... */
	uint32_t detail;
};
MUST_USE enum err foreign_report_step(struct tx *tx, void *foreign_report, int64_t now_ms,
                                      struct effects *out);

/* (boot, seq) at the front of a batch, also of one that is damaged further on: what a refusal has to
 * name. */
bool uplink_name(const uint8_t *body, size_t len, uint64_t *boot, uint64_t *seq);

#endif
