/* What the platform tells the gateway to do: which terminal is which meter, how often each is read,
 * how many trips may pass. Comes as one or several messages, counts as a whole or not at all, and
 * survives restarts. */
#ifndef GATEWAY_CORE_POLICY_H
#define GATEWAY_CORE_POLICY_H

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/proto/uplink.h"

#define POLICY_METERS_MAX 1000
#define POLICY_SIZE_MAX   (32 + POLICY_METERS_MAX * 24)
#define POLICY_PERIOD_S   60

struct policy {
	uint64_t version; /* 0: never had one */
	uint32_t period_s;
	uint32_t trip_limit_count; /* 0: no limit */
	uint32_t trip_limit_window_s;
	size_t n_meters;
	struct down_meter meters[POLICY_METERS_MAX];
};

/* Gathers the parts of one version. */
struct policy_join {
	struct policy policy;
	uint32_t parts, next;
};

/* ERR_NONE: join->policy is complete and sound. ERR_BUSY: more parts to come. ERR_BAD_INPUT: a
 * meter or chip twice, numbers or periods outside their limits, parts in disorder; ERR_FULL: too
 * many meters. Then what was gathered is dropped. */
MUST_USE enum err policy_take(struct policy_join *join, const struct down_config *config);

const struct down_meter *policy_by_chip(const struct policy *policy, const uint8_t chip[CHIP_SIZE]);
const struct down_meter *policy_by_number(const struct policy *policy, uint64_t number);

size_t policy_encode(const struct policy *policy, uint8_t out[POLICY_SIZE_MAX]);
/* ERR_DAMAGED: not what policy_encode writes. */
MUST_USE enum err policy_decode(struct policy *policy, const uint8_t *bytes, size_t len);
#endif
