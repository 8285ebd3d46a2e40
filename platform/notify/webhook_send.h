/* Sends what webhooks have to deliver: a thread of its own with libcurl, fed from the I/O thread.
 * The only file that knows libcurl. */
#ifndef PLATFORM_NOTIFY_WEBHOOK_SEND_H
#define PLATFORM_NOTIFY_WEBHOOK_SEND_H

#include "platform/core/platform.h"

struct webhook_sender;

MUST_USE enum err webhook_sender_new(struct webhook_sender **sender, struct platform *platform);
/* Ends the thread; what was on its way is tried again after the next start. Before the writer stops. */
void webhook_sender_stop(struct webhook_sender *sender);
void webhook_sender_free(struct webhook_sender *sender);

/* Addresses inside the operator's own network are none of a webhook's business: loopback, private,
 * link-local, multicast, and the same written as IPv6. `bytes` are 4 or 16, in network order. */
bool address_is_public(const uint8_t *bytes, size_t len);

#endif
