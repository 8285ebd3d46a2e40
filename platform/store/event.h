/* Events and conflicts: what devices, gateways or the platform noticed. */
#ifndef PLATFORM_STORE_EVENT_H
#define PLATFORM_STORE_EVENT_H

#include "platform/store/db.h"
#include "platform/store/terminal.h"

struct event_row {
	int64_t property_id, event_id;
	char source[96]; /* unique in the property: what makes a repeat harmless */
	int64_t gateway_id, meter;
	char chip[CHIP_TEXT_SIZE]; /* "" : none */
	uint32_t kind, detail;
	int64_t value;
	uint32_t boot;
	uint64_t seq;
	int64_t at_s, stored_ms;
};

/* Gives it its event_id. ERR_DUP: known already (nothing is changed). */
MUST_USE enum err event_insert(struct db *db, struct event_row *row);
/* Newest first, below `before` (0: from the newest); meter 0: all of the property. */
MUST_USE enum err event_list(struct db *db, int64_t property_id, int64_t meter, int64_t before,
                             int64_t limit, void (*each)(void *arg, const struct event_row *),
                             void *arg);

/* Of a gateway and of none of its meters: its own, and those of terminals that are no meter yet. */
MUST_USE enum err event_list_gateway(struct db *db, int64_t property_id, int64_t gateway_id,
                                     int64_t before, int64_t limit,
                                     void (*each)(void *arg, const struct event_row *), void *arg);

struct conflict_row {
	int64_t property_id;
	char source[96];
	int64_t gateway_id;
	uint64_t boot, seq;
	int64_t meter; /* 0: a whole batch */
	int64_t at_s, stored_ms;
	const void *body; /* the other content */
	size_t body_len;
};

MUST_USE enum err conflict_insert(struct db *db, const struct conflict_row *row);

#endif
