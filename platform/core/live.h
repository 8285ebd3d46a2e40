/* Live samples: what gateways send on `now` while somebody watches. In memory of the I/O thread
 * only; never stored. */
#ifndef PLATFORM_CORE_LIVE_H
#define PLATFORM_CORE_LIVE_H

#include "platform/core/directory.h"
#include "platform/store/latest.h"

struct live_sample {
	int64_t meter;
	uint32_t slot;
	int64_t at_ms;            /* sample time of the gateway's clock, whole seconds */
	int64_t received_ms;      /* wall clock here */
	int64_t received_mono_ms; /* 0: none yet */
	struct reading value;
};

struct live;

struct live *live_new(void);
void live_free(struct live *live);
MUST_USE enum err live_put(struct live *live, const struct live_sample *sample);
/* NULL: none yet. */
const struct live_sample *live_get(const struct live *live, uint32_t slot);

/* ---- watch leases: gateways send live samples only while a lease is renewed ---- */

#define WATCH_LEASE_S 15

/* Somebody looks at this gateway's meters until WATCH_LEASE_S from now; call again every few
 * seconds while it lasts. The MQTT adapter renews the lease at the gateway. */
void live_watch(struct live *live, int64_t gateway_id, int64_t mono_ms);
bool live_watched(const struct live *live, int64_t gateway_id, int64_t mono_ms);
/* live_watch was called less than a second ago. */
bool live_renewed(const struct live *live, int64_t gateway_id, int64_t mono_ms);

#endif
