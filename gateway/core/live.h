/* Live samples and wishes for signed time: the messages on `now`, of which nothing is kept. */
#ifndef GATEWAY_CORE_LIVE_H
#define GATEWAY_CORE_LIVE_H

#include "gateway/meter/terminals.h"

#include "libs/proto/uplink.h"

#define LIVE_EVERY_MS 250 /* at most four messages a second */
#define LIVE_SIZE     (64 * 1024)
#define LIVE_WANTS    64

struct live {
	int64_t until_ms; /* end of the watch lease, monotonic */
	size_t n_watched; /* 0: all */
	uint64_t watched[UPLINK_METERS_MAX];
	struct uplink_want wants[LIVE_WANTS];
	size_t n_wants;
};

/* Somebody watches. Whoever begins to gets the present values, not only changes. */
void live_lease(struct live *live, struct terminals *terminals, const struct down_watch *watch,
                int64_t mono_ms);

/* A terminal without a clock; told whether somebody watches or not. */
void live_want(struct live *live, const struct terminal *t, const struct bulk_time_want *want,
               int64_t time_ms);

struct live_now {
	int64_t mono_ms;
	int64_t time_ms;
	bool time_sure;
};

/* What changed since the last message, and the wishes; false when there is nothing to say. `memory`
 * is scratch of UPLINK_ARENA_SIZE. */
MUST_USE bool live_message(struct live *live, struct terminals *terminals,
                           const struct live_now *now, void *memory, uint8_t out[LIVE_SIZE],
                           size_t *len);

/* The latest value set of a terminal as a row. */
struct reading live_row(const struct terminal *t, bool time_sure);
#endif
