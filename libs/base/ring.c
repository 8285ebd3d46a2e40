#include "libs/base/ring.h"

#include <assert.h>

void ring_init(struct ring *r, uint8_t *data, uint32_t size)
{
	assert(size > 0 && (size & (size - 1)) == 0);
	r->data = data;
	r->mask = size - 1;
	atomic_init(&r->written, 0);
	atomic_init(&r->taken, 0);
	atomic_init(&r->dropped, 0);
}

bool ring_put(struct ring *r, uint8_t byte)
{
	uint32_t written = atomic_load_explicit(&r->written, memory_order_relaxed);
	uint32_t taken = atomic_load_explicit(&r->taken, memory_order_acquire);

	if (written - taken > r->mask) {
		uint32_t dropped = atomic_load_explicit(&r->dropped, memory_order_relaxed);

		atomic_store_explicit(&r->dropped, dropped + 1, memory_order_relaxed);
		return false;
	}
	r->data[written & r->mask] = byte;
	atomic_store_explicit(&r->written, written + 1, memory_order_release);
	return true;
}

bool ring_get(struct ring *r, uint8_t *byte)
{
	uint32_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);

	if (atomic_load_explicit(&r->written, memory_order_acquire) == taken)
		return false;
	*byte = r->data[taken & r->mask];
	atomic_store_explicit(&r->taken, taken + 1, memory_order_release);
	return true;
}

void ring_clear(struct ring *r)
{
	atomic_store_explicit(&r->taken, atomic_load_explicit(&r->written, memory_order_acquire),
	                      memory_order_release);
}

uint32_t ring_used(struct ring *r)
{
	return atomic_load_explicit(&r->written, memory_order_acquire) -
	       atomic_load_explicit(&r->taken, memory_order_acquire);
}
