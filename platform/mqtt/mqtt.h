/* The broker side of wattled, on the I/O thread: takes `up`, `now` and `state` of gateways, sends
 * `ack`, `down` and the public `live` topic. What is published here is never retained, and is lost
 * without harm: batches are offered again by gateways, commands by the outbox. */
#ifndef PLATFORM_MQTT_MQTT_H
#define PLATFORM_MQTT_MQTT_H

#include "platform/core/platform.h"
#include "platform/ingest/ingest.h"

struct mqtt;

MUST_USE enum err mqtt_start(struct mqtt **mqtt, struct platform *platform, struct ingest *ingest);
/* Says goodbye to the broker. */
void mqtt_stop(struct mqtt *mqtt);
void mqtt_free(struct mqtt *mqtt);

/* ACK, SEND and DIRECTORY effects are for the broker. */
void mqtt_effect(struct mqtt *mqtt, const struct effect *effect);

#endif
