#include "libs/base/rnd.h"

#include <assert.h>

uint64_t rnd_u64(struct rnd *r)
{
	uint64_t z = r->state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

uint32_t rnd_below(struct rnd *r, uint32_t limit)
{
	assert(limit > 0);
	/* The high half of a 32x32 product: a bias below limit / 2^32, no division. */
	return (uint32_t)((rnd_u64(r) >> 32) * limit >> 32);
}
