/* Events of a batch: stored once, and what they say about devices. */
#ifndef PLATFORM_INGEST_EVENTS_H
#define PLATFORM_INGEST_EVENTS_H

#include "libs/proto/uplink.h"
#include "platform/core/step.h"

struct batch_origin {
	int64_t property_id, gateway_id;
	uint64_t boot, seq;
};

/* The step's transaction must be open. */
MUST_USE enum err events_apply(struct tx *tx, const struct batch_origin *origin,
                               const struct uplink_event *events, size_t count, int64_t now_ms,
                               struct effects *out);

#endif
