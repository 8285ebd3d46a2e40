/* The gateway's durable store of uplink batches: an append-only log in segment files. A batch
 * counts when spool_sync has answered; it is kept until it is acknowledged, and then for
 * `keep_s` more while space allows, so that a restored platform can have it again.
 *
 * Batches are numbered by an own index, 1, 2, 3 … over all starts of the gateway; (boot, seq) is
 * what the platform knows them by. Reasons: docs/design/spool.md; bytes: docs/protocol/spool.md. */
#ifndef GATEWAY_SPOOL_SPOOL_H
#define GATEWAY_SPOOL_SPOOL_H

#include "gateway/spool/disk.h"
#include "gateway/spool/segment.h"

struct spool;

struct spool_options {
	int64_t most_bytes;    /* all segments together */
	int64_t reserve_bytes; /* of these, the last ones are for events and results */
	int64_t segment_bytes; /* a new file begins here */
	int64_t keep_s;        /* age up to which acknowledged batches stay */
};

struct spool_entry {
	uint64_t index;
	uint64_t boot;
	uint64_t seq;
	int64_t time_s;
	uint32_t len;
};

/* The newest batch of one start of the gateway. */
struct spool_run {
	uint64_t boot, seq;
};

#define SPOOL_RUNS 8

struct spool_stats {
	uint64_t first; /* lowest index kept */
	uint64_t next;  /* index that the next batch gets */
	uint64_t acked; /* all up to here are acknowledged */
	uint64_t epoch; /* of the platform store that acknowledged; 0 never */
	/* The newest batch that this store has; boot 0: none. Not always `acked` itself: batches that
	 * were refused or found damaged are passed by. */
	uint64_t stored_boot, stored_seq;
	uint64_t queued;  /* not acknowledged */
	int64_t oldest_s; /* when the oldest of these was spooled; 0 none */
	int64_t bytes;    /* on disk */
	uint64_t damaged; /* batches or stretches lost to damage, since they are seen */
	uint64_t refused; /* batches set aside because the platform refused them */
};

/* Recovers what is there. ERR_VERSION: written by a newer program. */
MUST_USE enum err spool_open(struct spool **out, const struct disk *disk,
                             const struct spool_options *options);
void spool_close(struct spool *spool);

/* Written, but counts only after spool_sync. `reserved` may use the reserve. ERR_DISK_FULL: no
 * space on the disk; ERR_FULL: the limit is reached and everything kept is unacknowledged. Both
 * leave the spool as it was. ERR_IO is the end: stop the process. */
MUST_USE enum err spool_append(struct spool *spool, struct spool_entry *entry, const uint8_t *body,
                               bool reserved);
MUST_USE enum err spool_sync(struct spool *spool);
/* Nothing waits for spool_sync. */
bool spool_synced(const struct spool *spool);

/* The first batch with an index of at least `index`. ERR_NOT_FOUND: none; ERR_DAMAGED:
 * entry->index cannot be read, go on behind it. */
MUST_USE enum err spool_read(struct spool *spool, uint64_t index, struct spool_entry *entry,
                             uint8_t *body, size_t size);

/* Everything up to `index` is acknowledged by the store `epoch`. In memory; spool_save writes
 * it down. A loss only makes batches go twice. */
void spool_ack(struct spool *spool, uint64_t index, uint64_t epoch);

/* Of the acknowledged batches, this is the newest that the store said it has. */
void spool_stored(struct spool *spool, uint64_t boot, uint64_t seq);

/* A restored platform: everything kept is unacknowledged again. */
void spool_rewind(struct spool *spool, uint64_t epoch);

/* The platform will never take this batch: it stays, marked and counted. */
MUST_USE enum err spool_refuse(struct spool *spool, uint64_t index, uint32_t reason);

/* Writes the acknowledged position, if it moved, and removes one segment that is older than
 * keep_s, if `now_s` is not 0. */
MUST_USE enum err spool_save(struct spool *spool, int64_t now_s);

void spool_stats(struct spool *spool, struct spool_stats *stats);
/* The index that the next batch gets. */
uint64_t spool_next(const struct spool *spool);

/* The last runs that were in the spool when it was opened, the newest first; how many. */
size_t spool_runs(const struct spool *spool, struct spool_run runs[SPOOL_RUNS]);
#endif
