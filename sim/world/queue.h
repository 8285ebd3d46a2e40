/* Virtual time: what happens next, in order. Happenings of the same microsecond are ordered by a
 * random stream of their own. */
#ifndef SIM_WORLD_QUEUE_H
#define SIM_WORLD_QUEUE_H

#include "libs/base/rnd.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes on their way; freed after the happening they belong to. */
struct parcel {
	size_t len;
	uint64_t tag;
	uint8_t bytes[];
};

/* `bytes` NULL: zeroed. */
struct parcel *parcel_new(const void *bytes, size_t len);

struct happening {
	int64_t at_us;
	uint64_t order;
	uint32_t kind; /* enum happens, world.h */
	uint32_t node;
	uint64_t arg;
	struct parcel *parcel;
};

struct queue {
	struct happening *heap;
	size_t n, room;
	int64_t now_us;
	uint64_t drawn; /* happenings so far: what --until counts */
	struct rnd order;
};

void queue_init(struct queue *q, uint64_t seed);
void queue_free(struct queue *q);
void queue_put(struct queue *q, int64_t at_us, uint32_t kind, uint32_t node, uint64_t arg,
               struct parcel *parcel);
/* The next one; time moves to it. 0: there is none. */
int queue_take(struct queue *q, struct happening *next);
int64_t queue_next_us(const struct queue *q);

#endif
