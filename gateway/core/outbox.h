/* From records to durable batches: what happened is gathered, made into a batch, appended to the
 * spool, and waits in memory while the disk has no space. */
#ifndef GATEWAY_CORE_OUTBOX_H
#define GATEWAY_CORE_OUTBOX_H

#include "gateway/core/backlog.h"
#include "gateway/core/batch.h"
#include "gateway/spool/spool.h"

struct outbox {
	struct spool *spool;
	uint64_t boot;
	uint64_t seq;   /* of the last batch made */
	int64_t time_s; /* gateway time, kept up by the core */
	struct batch batch;
	struct backlog backlog;
	uint64_t dropped; /* records that found no place at all */
	uint64_t dropped_told;
	enum err failed; /* the disk, for good */
	uint8_t record[RECORD_BODY_MAX];
};

void outbox_init(struct outbox *o, struct spool *spool, uint64_t boot);
void outbox_free(struct outbox *o);

/* Gathered for the next batch; a full one is closed first. */
void outbox_row(struct outbox *o, const struct reading *row);
void outbox_event(struct outbox *o, const struct uplink_event *event);
void outbox_result(struct outbox *o, const struct uplink_result *result);

/* Makes a batch of what was gathered, if anything. It counts after spool_sync(). */
void outbox_close(struct outbox *o);

/* Tries the disk again for what waits: in order, and no newer batch before these. */
void outbox_retry(struct outbox *o);

/* Batches wait in memory for space on the disk. */
bool outbox_waits(const struct outbox *o);

/* Everything told so far is in the spool: with a sync it is durable. */
bool outbox_is_spooled(const struct outbox *o);

/* Records dropped since the last call, once there is space to tell it. */
uint64_t outbox_dropped_news(struct outbox *o);
#endif
