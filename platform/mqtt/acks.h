/* Acknowledgements of one commit, gathered into one message per gateway. */
#ifndef PLATFORM_MQTT_ACKS_H
#define PLATFORM_MQTT_ACKS_H

#include "platform/core/effects.h"

struct acks;

struct acks *acks_new(void);
void acks_free(struct acks *acks);

/* ERR_NOMEM: not kept; the gateway offers the batch again. */
MUST_USE enum err acks_add(struct acks *acks, const struct effect_ack *ack);

struct acks_out {
	void *arg;
	uint64_t run; /* of this start of the platform */
	uint64_t (*epoch)(void *arg, const char *gateway);
	void (*send)(void *arg, const char *property, const char *gateway, const void *message,
	             size_t len);
};

/* Encode and hand over all messages; the list is empty afterwards. */
void acks_flush(struct acks *acks, int64_t now_ms, const struct acks_out *to);

#endif
