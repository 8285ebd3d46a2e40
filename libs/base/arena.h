/* Memory for one message or request: taken piece by piece, given back as a whole. The caller owns
 * the bytes; nothing is allocated here. */
#ifndef LIBS_BASE_ARENA_H
#define LIBS_BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

struct arena {
	uint8_t *base; /* aligned for any type */
	size_t size, used;
};

static inline void arena_init(struct arena *a, void *memory, size_t size)
{
	*a = (struct arena){(uint8_t *)memory, size, 0};
}

/* Everything taken so far is free again. */
static inline void arena_reset(struct arena *a)
{
	a->used = 0;
}

/* `count` objects of `each` bytes, aligned to 8, not cleared; NULL when there is no room. */
static inline void *arena_take(struct arena *a, size_t count, size_t each)
{
	size_t at = (a->used + 7) & ~(size_t)7, bytes;

	if (__builtin_mul_overflow(count, each, &bytes) || at > a->size || bytes > a->size - at)
		return NULL;
	a->used = at + bytes;
	return a->base + at;
}
#endif
