#include "platform/mqtt/acks.h"

#include <stdlib.h>
#include <string.h>

#include "libs/proto/uplink.h"
#include "platform/core/metrics.h"

struct acks {
	struct effect_ack *list;
	size_t count, room;
};

struct acks *acks_new(void)
{
	return calloc(1, sizeof(struct acks));
}

void acks_free(struct acks *acks)
{
	if (!acks)
		return;
	free(acks->list);
	free(acks);
}

enum err acks_add(struct acks *acks, const struct effect_ack *ack)
{
	if (acks->count == acks->room) {
		size_t more = acks->room ? acks->room * 2 : 64;
		struct effect_ack *list = realloc(acks->list, more * sizeof *list);

		if (!list)
			return ERR_NOMEM;
		acks->list = list;
		acks->room = more;
	}
	acks->list[acks->count++] = *ack;
	return ERR_NONE;
}

static int by_gateway(const void *a, const void *b)
{
	const struct effect_ack *x = a, *y = b;
	int order = strcmp(x->gateway, y->gateway);

	if (order)
		return order;
	if (x->boot != y->boot)
		return x->boot < y->boot ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

struct message {
	struct ack ack;
	struct ack_done done[UPLINK_DONE_MAX];
	struct ack_refused refused[UPLINK_REFUSED_MAX];
};

static void put(struct message *m, const struct effect_ack *ack)
{
	struct ack_done *last = m->ack.done_count ? &m->done[m->ack.done_count - 1] : NULL;

	if (ack->refused)
		m->refused[m->ack.refused_count++] =
		        (struct ack_refused){ack->boot, ack->seq, ack->refused};
	else if (last && last->boot == ack->boot && ack->seq - last->last <= 1)
		last->last = ack->seq;
	else
		m->done[m->ack.done_count++] = (struct ack_done){ack->boot, ack->seq, ack->seq};
}

static bool full(const struct message *m)
{
	return m->ack.done_count == UPLINK_DONE_MAX || m->ack.refused_count == UPLINK_REFUSED_MAX;
}

void acks_flush(struct acks *acks, int64_t now_ms, const struct acks_out *to)
{
	struct message m;
	uint8_t out[16384]; /* 256 + 256 entries of at most 30 bytes */

	if (!acks->count)
		return;
	qsort(acks->list, acks->count, sizeof *acks->list, by_gateway);
	for (size_t i = 0; i < acks->count;) {
		const struct effect_ack *first = &acks->list[i];
		size_t len;

		m.ack = (struct ack){.epoch = to->epoch(to->arg, first->gateway),
		                     .run = to->run,
		                     .time_ms = now_ms,
		                     .done = m.done,
		                     .refused = m.refused};
		for (; i < acks->count && !full(&m); i++) {
			if (strcmp(acks->list[i].gateway, first->gateway) != 0)
				break;
			put(&m, &acks->list[i]);
		}
		if (ack_encode(&m.ack, out, sizeof out, &len))
			continue;
		metric_add(METRIC_ACKS, 1);
		to->send(to->arg, first->property, first->gateway, out, len);
	}
	acks->count = 0;
}
