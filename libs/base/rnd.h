/* A small seeded generator for jitter, back-off and simulations; the same seed gives the same
 * numbers everywhere. Never for keys. */
#ifndef LIBS_BASE_RND_H
#define LIBS_BASE_RND_H

#include <stdint.h>

struct rnd {
	uint64_t state;
};

static inline void rnd_seed(struct rnd *r, uint64_t seed)
{
	r->state = seed;
}

/* SplitMix64 (Steele, Lea, Flood 2014). */
uint64_t rnd_u64(struct rnd *r);

/* 0 .. limit - 1, all alike to limit / 2^32; limit > 0. */
uint32_t rnd_below(struct rnd *r, uint32_t limit);
#endif
