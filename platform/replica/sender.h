/* The thread in wattled that brings its store to a standby, all the time (docs/design/replica.md). */
#ifndef PLATFORM_REPLICA_SENDER_H
#define PLATFORM_REPLICA_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/proto/event.h"

struct keys;
struct settings;

struct sender_config {
	const struct settings *settings; /* [replica] and where things are; lives as long */
	const char *key_name;            /* of secret.key in use */
	uint64_t store, generation;
	/* Another has taken over: stop serving. Called once, on the sender's thread. */
	void (*fenced)(void *arg);
	void *fenced_arg;
};

struct sender;

/* Before anybody is served: has a standby taken over? ERR_REFUSED: yes, and the store is marked as
 * fenced. Anything else that goes wrong is only told: a dead standby must not stop the site. */
MUST_USE enum err sender_ask(const struct sender_config *config);

MUST_USE enum err sender_start(struct sender **sender, const struct sender_config *config);

struct sender_state {
	bool known; /* it was up to date since the start, or is late */
	bool late;  /* over `lag_alarm_s` behind */
	enum standby_cause cause;
	int64_t lag_s;
};
/* Any thread. */
struct sender_state sender_state(struct sender *sender);

/* Brings what is there to the standby once more, if it is connected, within some seconds. */
void sender_stop(struct sender *sender);

/* `to` of the settings: a folder on this machine, or host:port. */
bool sender_to_folder(const char *to);

/* What names a store for good: derived from its hash key. */
uint64_t sender_store_id(const uint8_t hash_key[16]);

#endif
