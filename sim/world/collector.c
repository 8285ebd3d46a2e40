/* Bought electricity and water meters, read by a device of another make through the same batches: it
 * keeps each batch until it is acknowledged, numbers them, and offers the oldest again and again; now and then
 * one stays behind, and comes after newer ones. */
#include "sim/world/money.h"
#include "sim/world/oracle.h"

#include "libs/proto/meter.h"
#include "libs/proto/uplink.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define KEPT_MAX 2048
#define BOX      BOXES_MAX /* its place among the gateways */
#define OFFER    8         /* at once */
#define AGAIN_US (3 * SECOND)
#define MESSAGE  16384
#define BEHIND   4 /* readings that one comes late, at most */
#define DAY_S    86400
#define OLD_S    7200 /* between the readings of a day before the history began */

struct batch {
	struct parcel *bytes;
	uint64_t seq;
	int64_t from_s; /* not offered before */
};

struct collector {
	uint64_t boot, seq;
	struct batch kept[KEPT_MAX];
	size_t n;
	int64_t energy_wh[BOUGHT_MAX]; /* a water meter counts litres in the same column */
	int64_t flowed_wh[BOUGHT_MAX]; /* also before the register began anew */
	int64_t read_s, offered_us;
	uint8_t *arena;
};

/* When a batch that is made now is offered first. Of the day before each third one stays behind. */
static int64_t draw_from_s(struct world *w, int64_t read_s, uint64_t seq)
{
	struct faults *f = &w->faults;
	bool old = read_s < w->start_ms / 1000 && (w->options.seed + seq) % 3 == 0;

	if (!fault_hits(f, FAULT_READING_LATE, NODE_COLLECTOR) && !old)
		return 0;
	return world_wall_ms(w) / 1000 +
	       (1 + fault_below(f, FAULT_READING_LATE, NODE_COLLECTOR, BEHIND)) * w->pace.read_s;
}

static void read_meters(struct world *w, struct collector *c, int64_t now_s)
{
	struct reading rows[BOUGHT_MAX];
	struct uplink up = {.boot = c->boot, .seq = ++c->seq, .table_count = 1};
	static uint8_t out[MESSAGE];
	struct arena arena;
	size_t len;
	/* A minute of a history of minutes is dear, a day of a long one is not. */
	int64_t more = w->options.days ? 1 + w->pace.read_s / 300 : 1;

	for (unsigned i = 0; i < w->n_bought + w->n_spares; i++) {
		bool water = i % 2;
		int64_t use_wh;

		use_wh = (int64_t)rnd_below(&w->rnd, water ? 4 : 20) * more;
		c->flowed_wh[i] += use_wh;
		c->energy_wh[i] += use_wh;
		if (c->energy_wh[i] > 0 &&
		    fault_hits(&w->faults, FAULT_REGISTER_ANEW, NODE_COLLECTOR))
			c->energy_wh[i] = 0;
		rows[i] = (struct reading){.meter = METER_FIRST + UNITS_MAX + i,
		                           .time_s = now_s,
		                           .energy_wh = c->energy_wh[i],
		                           .voltage_dv = water ? 0 : 2300,
		                           .state = METER_CONTACT_CLOSED};
		oracle_flowed(w, rows[i].meter, (uint64_t)c->flowed_wh[i] * 10);
	}
	arena_init(&arena, c->arena, UPLINK_ARENA_SIZE);
	if (readings_from_rows(rows, w->n_bought + w->n_spares, &arena, &up.table[0]) ||
	    uplink_encode(&up, out, sizeof out, &len)) {
		world_broken(w, "I22", "the collector's batch does not fit");
		return;
	}
	assert(c->n < KEPT_MAX);
	c->kept[c->n++] =
	        (struct batch){parcel_new(out, len), up.seq, draw_from_s(w, now_s, up.seq)};
	oracle_durable(w, BOX, up.boot, up.seq, out, len);
}

/* What was read on the day before, while nobody reached the device. */
static void read_day(struct world *w, struct collector *c, int64_t now_s)
{
	for (int64_t at_s = now_s - DAY_S + OLD_S; at_s < now_s; at_s += OLD_S)
		read_meters(w, c, at_s);
}

static bool is_held(const struct world *w, const struct batch *batch)
{
	return !w->faults.calm && world_wall_ms(w) / 1000 < batch->from_s;
}

static bool has_some(const struct world *w, const struct collector *c)
{
	size_t i = 0;

	while (i < c->n && is_held(w, &c->kept[i]))
		i++;
	return i < c->n;
}

static void offer(struct world *w, struct collector *c)
{
	size_t offered = 0;

	c->offered_us = world_us(w);
	for (size_t i = 0; i < c->n && offered < OFFER; i++) {
		if (is_held(w, &c->kept[i]))
			continue;
		pipe_up(w, BOX, CHANNEL_UP, c->kept[i].bytes->bytes, c->kept[i].bytes->len);
		offered++;
	}
}

/* The second after the next reading is due. */
static int64_t next_us(int64_t now_s, int64_t period_s)
{
	return (period_s - now_s % period_s) * SECOND;
}

void collector_happens(struct world *w, const struct happening *h)
{
	struct collector *c = w->collector;
	int64_t now_s = world_wall_ms(w) / 1000, period_s = w->pace.read_s;

	(void)h;
	if (now_s / period_s != c->read_s / period_s && !w->faults.calm) {
		if (!c->read_s && w->money->early)
			read_day(w, c, now_s);
		c->read_s = now_s;
		read_meters(w, c, now_s);
		offer(w, c);
	} else if (has_some(w, c) && world_us(w) - c->offered_us >= AGAIN_US) {
		offer(w, c);
	}
	world_at(w,
	         has_some(w, c)    ? SECOND
	         : w->options.days ? next_us(now_s, period_s)
	                           : SECOND,
	         HAPPENS_COLLECT, NODE_COLLECTOR, 0, NULL);
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

int64_t collector_register(const struct world *w, unsigned bought)
{
	return w->collector->energy_wh[bought];
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
