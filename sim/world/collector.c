/* Bought electricity and water meters, read by a device of another make through the same batches: it
 * keeps each batch until it is acknowledged, numbers them, and offers the oldest again and again. */
#include "sim/world/oracle.h"
#include "sim/world/world.h"

#include "libs/proto/meter.h"
#include "libs/proto/uplink.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 2048
#define BOX      BOXES_MAX /* its place among the gateways */
#define OFFER    8         /* at once */
#define AGAIN_US (3 * SECOND)
#define PERIOD_S 15
#define MESSAGE  4096

struct batch {
	struct parcel *bytes;
	uint64_t seq;
};

struct collector {
	uint64_t boot, seq;
	struct batch kept[KEPT_MAX];
	size_t n;
	int64_t energy_wh[BOUGHT_MAX]; /* a water meter counts litres in the same column */
	int64_t read_s, offered_us;
	uint8_t *arena;
};

static void read_meters(struct world *w, struct collector *c, int64_t now_s)
{
	struct reading rows[BOUGHT_MAX];
	struct uplink up = {.boot = c->boot, .seq = ++c->seq, .table_count = 1};
	static uint8_t out[MESSAGE];
	struct arena arena;
	size_t len;

	for (unsigned i = 0; i < w->n_bought; i++) {
		bool water = i % 2;

		c->energy_wh[i] += rnd_below(&w->rnd, water ? 4 : 20);
		rows[i] = (struct reading){.meter = METER_FIRST + UNITS_MAX + i,
		                           .time_s = now_s,
		                           .energy_wh = c->energy_wh[i],
		                           .voltage_dv = water ? 0 : 2300,
		                           .state = METER_CONTACT_CLOSED};
		oracle_flowed(w, rows[i].meter, (uint64_t)c->energy_wh[i] * 10);
	}
	arena_init(&arena, c->arena, UPLINK_ARENA_SIZE);
	if (readings_from_rows(rows, w->n_bought, &arena, &up.table[0]) ||
	    uplink_encode(&up, out, sizeof out, &len)) {
		world_broken(w, "I22", "the collector's batch does not fit");
		return;
	}
	assert(c->n < KEPT_MAX);
	c->kept[c->n++] = (struct batch){parcel_new(out, len), up.seq};
	oracle_durable(w, BOX, up.boot, up.seq, out, len);
}

static void offer(struct world *w, struct collector *c)
{
	c->offered_us = world_us(w);
	for (size_t i = 0; i < c->n && i < OFFER; i++)
		pipe_up(w, BOX, CHANNEL_UP, c->kept[i].bytes->bytes, c->kept[i].bytes->len);
}

void collector_happens(struct world *w, const struct happening *h)
{
	struct collector *c = w->collector;
	int64_t now_s = world_wall_ms(w) / 1000;

	(void)h;
	if (now_s / PERIOD_S != c->read_s / PERIOD_S && !w->faults.calm) {
		c->read_s = now_s;
		read_meters(w, c, now_s);
		offer(w, c);
	} else if (c->n && world_us(w) - c->offered_us >= AGAIN_US) {
		offer(w, c);
	}
	world_at(w, SECOND, HAPPENS_COLLECT, NODE_COLLECTOR, 0, NULL);
}

static void forget(struct world *w, struct collector *c, uint64_t first, uint64_t last)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (c->kept[i].seq < first || c->kept[i].seq > last) {
			c->kept[kept++] = c->kept[i];
			continue;
		}
		oracle_forgotten(w, BOX, c->boot, c->kept[i].seq);
		free(c->kept[i].bytes);
	}
	c->n = kept;
}

void collector_ack(struct world *w, const struct parcel *p)
{
	struct collector *c = w->collector;
	struct arena arena;
	struct ack ack;

	arena_init(&arena, c->arena, UPLINK_ARENA_SIZE);
	if (ack_decode(p->bytes, p->len, &arena, &ack))
		return;
	for (size_t i = 0; i < ack.done_count; i++)
		if (ack.done[i].boot == c->boot)
			forget(w, c, ack.done[i].first, ack.done[i].last);
	if (c->n)
		offer(w, c);
}

bool collector_drained(const struct world *w)
{
	return w->collector->n == 0;
}

void collector_new(struct world *w)
{
	struct collector *c = calloc(1, sizeof *c);

	assert(c != NULL);
	w->collector = c;
	c->boot = rnd_u64(&w->rnd) | 1;
	c->arena = malloc(UPLINK_ARENA_SIZE);
	assert(c->arena != NULL);
	world_at(w, SECOND, HAPPENS_COLLECT, NODE_COLLECTOR, 0, NULL);
}

void collector_free(struct world *w)
{
	struct collector *c = w->collector;

	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		free(c->kept[i].bytes);
	free(c->arena);
	free(c);
	w->collector = NULL;
}
