/* Topics and small messages of the broker itself, read with suspicion. */
#ifndef PLATFORM_MQTT_TOPIC_H
#define PLATFORM_MQTT_TOPIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "platform/store/place.h"

struct gateway_topic {
	char property[SLUG_SIZE], gateway[SLUG_SIZE];
	char leaf[8]; /* up, now, state, or any other word */
};

/* wattle/1/<property>/<gateway>/<leaf>; false: another form. */
bool topic_parse(const char *topic, struct gateway_topic *parts);

/* What the broker tells about itself. */
enum broker_figure {
	BROKER_STORED,   /* messages it holds: queued, on their way and retained */
	BROKER_RETAINED, /* of these, the retained ones */
	BROKER_DROPPED,
	BROKER_CLIENTS,
	BROKER_FIGURES,
};

/* The topic of a figure, to subscribe to. */
const char *figure_topic(enum broker_figure figure);

/* False: not one of these figures, or not a number. */
bool figure_parse(const char *topic, const void *payload, size_t len, enum broker_figure *figure,
                  int64_t *value);

/* The broker's plugin tells whom it turned away (deploy/broker/refusal.h). */
struct refused {
	char client[SLUG_SIZE]; /* the name in its certificate; "": none */
	char what[64];          /* access and topic, for the log */
	uint32_t reason;        /* 0: a topic that is not its own; else why it could not connect */
};

/* ERR_BAD_INPUT: not of that form. */
MUST_USE enum err refused_parse(const void *json, size_t len, struct refused *refused);

#endif
