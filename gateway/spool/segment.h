/* The bytes of a spool segment: a file head and records one after the other, each with its own
 * check sums, so that damage in one leaves the others whole. docs/protocol/spool.md §2, §3. */
#ifndef GATEWAY_SPOOL_SEGMENT_H
#define GATEWAY_SPOOL_SEGMENT_H

#include "gateway/spool/disk.h"

#define SEGMENT_HEAD_SIZE 32
#define RECORD_HEAD_SIZE  52
#define RECORD_BODY_MAX   (256 * 1024)

enum record_kind {
	RECORD_BATCH = 1,   /* an uplink message; body as it is published */
	RECORD_ACK = 2,     /* everything up to `index` is acknowledged; boot = epoch */
	RECORD_REFUSED = 3, /* batch `index` was refused; seq = reason */
};

struct record {
	enum record_kind kind;
	uint32_t len; /* bytes of the body */
	uint64_t index;
	uint64_t boot;
	uint64_t seq;
	int64_t time_s; /* when it was spooled */
	uint32_t body_crc;
};

void segment_head_encode(uint8_t head[SEGMENT_HEAD_SIZE], uint64_t first_index, int64_t created_s);

/* ERR_DAMAGED: not such a head; ERR_VERSION: made by a newer program. */
MUST_USE enum err segment_head_decode(const uint8_t head[SEGMENT_HEAD_SIZE], uint64_t *first_index,
                                      int64_t *created_s);

void record_head_encode(uint8_t head[RECORD_HEAD_SIZE], const struct record *record);
MUST_USE enum err record_head_decode(const uint8_t head[RECORD_HEAD_SIZE], struct record *record);

/* Goes from record to record. `offset` is where to look next, `record_at` where the last one
 * found begins, `broken` the number of stretches without a valid record that were stepped over. */
struct segment_walk {
	const struct disk *disk;
	int file;
	int64_t size;
	int64_t offset;
	int64_t record_at;
	unsigned broken;
};

/* Starts behind the head, or at `offset` if that is further. */
MUST_USE enum err segment_walk_start(struct segment_walk *walk, const struct disk *disk, int file,
                                     int64_t offset);

/* ERR_NOT_FOUND at the end. */
MUST_USE enum err segment_walk_next(struct segment_walk *walk, struct record *record);

/* The body of the record found last. ERR_DAMAGED: fails its check; ERR_TOO_LONG: no room. */
MUST_USE enum err segment_body_read(const struct segment_walk *walk, const struct record *record,
                                    uint8_t *body, size_t size);
#endif
