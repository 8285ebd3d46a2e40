#include "sim/world/queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct parcel *parcel_new(const void *bytes, size_t len)
{
	struct parcel *p = calloc(1, sizeof *p + len);

	assert(p != NULL);
	p->len = len;
	if (bytes && len)
		memcpy(p->bytes, bytes, len);
	return p;
}

void queue_init(struct queue *q, uint64_t seed)
{
	memset(q, 0, sizeof *q);
	rnd_seed(&q->order, seed);
}

void queue_free(struct queue *q)
{
	for (size_t i = 0; i < q->n; i++)
		free(q->heap[i].parcel);
	free(q->heap);
	memset(q, 0, sizeof *q);
}

static int before(const struct happening *a, const struct happening *b)
{
	return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

void queue_put(struct queue *q, int64_t at_us, uint32_t kind, uint32_t node, uint64_t arg,
               struct parcel *parcel)
{
	struct happening h = {at_us, rnd_u64(&q->order), kind, node, arg, parcel};
	size_t i = q->n++;

	assert(at_us >= q->now_us);
	if (q->n > q->room) {
		q->room = q->room ? 2 * q->room : 256;
		q->heap = realloc(q->heap, q->room * sizeof *q->heap);
		assert(q->heap != NULL);
	}
	for (; i > 0 && before(&h, &q->heap[(i - 1) / 2]); i = (i - 1) / 2)
		q->heap[i] = q->heap[(i - 1) / 2];
	q->heap[i] = h;
}

int queue_take(struct queue *q, struct happening *next)
{
	struct happening last;
	size_t i = 0;

	if (q->n == 0)
		return 0;
	*next = q->heap[0];
	last = q->heap[--q->n];
	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= q->n)
			break;
		if (child + 1 < q->n && before(&q->heap[child + 1], &q->heap[child]))
			child++;
		if (before(&last, &q->heap[child]))
			break;
		q->heap[i] = q->heap[child];
		i = child;
	}
	if (q->n)
		q->heap[i] = last;
	q->now_us = next->at_us;
	q->drawn++;
	return 1;
}

int64_t queue_next_us(const struct queue *q)
{
	return q->n ? q->heap[0].at_us : INT64_MAX;
}
