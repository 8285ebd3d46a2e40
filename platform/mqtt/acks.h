/* Acknowledgements of one commit, gathered into one message per gateway. */
#ifndef PLATFORM_MQTT_ACKS_H
#define PLATFORM_MQTT_ACKS_H

#include "platform/core/effects.h"

struct acks;

struct acks *acks_new(void);
void acks_free(struct acks *acks);

/* ERR_NOMEM: not kept; the gateway offers the batch again. */
MUST_USE enum err acks_add(struct acks *acks, const struct effect_ack *ack);

typedef void (*acks_send_fn)(void *arg, const char *property, const char *gateway,
                             const void *message, size_t len);
/* Encode and hand over all messages; the list is empty afterwards. */
void acks_flush(struct acks *acks, uint64_t epoch, int64_t now_ms, acks_send_fn send, void *arg);

#endif
