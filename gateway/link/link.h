/* The gateway's connection to the broker: MQTT over TLS with our own certificate, clean session,
 * last will, reconnection with back-off. libmosquitto is driven from the caller's loop; nothing here
 * decides what is sent. */
#ifndef GATEWAY_LINK_LINK_H
#define GATEWAY_LINK_LINK_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct link_config {
	const char *id; /* client id = CN of the certificate */
	const char *property;
	const char *host;
	int port;
	int keepalive_s;
	const char *ca, *certificate, *key;
	const char *will; /* JSON for `state` when we vanish */
};

enum link_out {
	LINK_UP,    /* QoS 1 */
	LINK_NOW,   /* QoS 0 */
	LINK_STATE, /* QoS 1, retained */
};

enum link_in {
	LINK_ACK,
	LINK_DOWN,
};

struct link_events {
	void *ctx;
	void (*up)(void *ctx);
	void (*down)(void *ctx, const char *why);
	void (*message)(void *ctx, enum link_in topic, const uint8_t *bytes, size_t len,
	                bool retained);
};

struct link;

/* The strings of `config` stay valid as long as the link. ERR_AUTH: certificate, key or CA file
 * cannot be used; `why` names it. */
MUST_USE enum err link_new(struct link **out, const struct link_config *config,
                           const struct link_events *events, char *why, size_t size);
void link_free(struct link *link);

/* Connects when it is time, keeps the connection alive. Some times a second. */
void link_tick(struct link *link, int64_t mono_ms);

/* To be watched for reading, and for writing while link_wants_write; -1 when there is none. Call
 * link_io when something is ready. */
int link_fd(const struct link *link);
bool link_wants_write(const struct link *link);
void link_io(struct link *link);

/* Silently nothing without a connection: what matters is repeated by the caller. */
void link_publish(struct link *link, enum link_out topic, const uint8_t *bytes, size_t len);

/* A last `state`, then a clean end; waits for the broker at most `patience_ms`. */
void link_farewell(struct link *link, const uint8_t *state, size_t len, int patience_ms);
#endif
