/* Tables of readings through nanopb: used by the messages that carry one. */
#ifndef LIBS_PROTO_UPLINK_COLUMNS_H
#define LIBS_PROTO_UPLINK_COLUMNS_H

#include "libs/proto/uplink.h"

#include "uplink.pb.h"

#define COLUMN_END 13

/* The packed columns of one table as they came, until all fields have been seen: protobuf does
 * not promise their order. */
struct columns_raw {
	struct arena *arena;
	enum err err;

	struct {
		const uint8_t *bytes; /* NULL: not seen */
		size_t len;
	} column[COLUMN_END];
};

/* Sets the callbacks of `msg` so that pb_decode() gathers its columns in `raw`. */
void columns_expect(wattle_Readings *msg, struct columns_raw *raw, struct arena *arena);

/* After pb_decode(): differences to values, every length and limit checked. */
MUST_USE enum err columns_resolve(const struct columns_raw *raw, uint32_t count,
                                  struct readings *table);

/* A table on its way out; what the sizing pass finds serves the writing pass. */
struct columns_out {
	const struct readings *table;
	uint32_t entries[COLUMN_END];
	size_t bytes[COLUMN_END];
};

/* Sets the callbacks of `msg`, a submessage, so that pb_encode() writes the columns of `table`. */
void columns_offer(wattle_Readings *msg, struct columns_out *out, const struct readings *table);
#endif
