/* A gateway's retained state: JSON of a foreign hand, read with suspicion. */
#ifndef PLATFORM_MQTT_STATE_H
#define PLATFORM_MQTT_STATE_H

#include "platform/ingest/ingest.h"

/* ERR_BAD_INPUT: not the form of docs/protocol/uplink.md; ERR_TOO_LONG. Fills all but the ids. */
MUST_USE enum err state_parse(const void *json, size_t len, struct gateway_state *state);

#endif
