#include "sim/hub/bus.h"

#include <string.h>

enum { BIT_US = 8, PERMILLE = 1000 };

void bus_init(struct bus *b, uint32_t seed)
{
	memset(b, 0, sizeof *b);
	b->random = seed ? seed : 1;
}

static bool chance(struct bus *b, unsigned permille)
{
	b->random ^= b->random << 13;
	b->random ^= b->random >> 17;
	b->random ^= b->random << 5;
	return b->random % PERMILLE < permille;
}

bool bus_has_room(const struct bus *b, int port)
{
	return b->port[port].head - b->port[port].tail < BUS_QUEUE;
}

bool bus_send(struct bus *b, int port, const struct can_frame *frame)
{
	struct bus_port *p = &b->port[port];

	if (!bus_has_room(b, port)) {
		p->refused++;
		return false;
	}
	p->queue[p->head++ % BUS_QUEUE] = *frame;
	return true;
}

void bus_close(struct bus *b, int port)
{
	memset(&b->port[port], 0, sizeof b->port[port]);
}

static int64_t frame_us(const struct can_frame *frame)
{
	struct can_bits bits;

	can_bits_make(&bits, frame);
	return (int64_t)(bits.count + CAN_BITS_GAP) * BIT_US;
}

/* The port whose next frame wins, or BUS_NOBODY. */
static int arbitrate(const struct bus *b)
{
	uint32_t best = UINT32_MAX;
	int winner = BUS_NOBODY;

	for (int i = 0; i < BUS_PORTS; i++) {
		const struct bus_port *p = &b->port[i];
		uint32_t key;

		if (p->head == p->tail)
			continue;
		key = can_arbitration_key(p->queue[p->tail % BUS_QUEUE].id);
		if (winner == BUS_NOBODY || key < best) {
			best = key;
			winner = i;
		}
	}
	return winner;
}

static void broadcast(struct bus *b, int from, const struct can_frame *frame, int64_t at_us)
{
	bool partial = chance(b, b->faults.partial);

	b->frames++;
	b->partial += partial;
	b->deliver(b->ctx, BUS_NOBODY, frame, at_us);
	for (int i = 0; i < BUS_PORTS; i++) {
		if (!b->port[i].open || i == from)
			continue;
		if (partial && chance(b, PERMILLE / 2))
			continue; /* some nodes saw an error in the last bit, others did not */
		b->deliver(b->ctx, i, frame, at_us);
	}
}

static bool hold_back(struct bus *b, int from, const struct can_frame *frame, int64_t at_us)
{
	if (b->delayed_count == BUS_DELAYED || !chance(b, b->faults.delay))
		return false;
	b->delayed[b->delayed_count++] = (struct bus_delayed){
	        .at_us = at_us + (int64_t)b->faults.delay_ms * 1000, .from = from, .frame = *frame};
	b->delayed_total++;
	return true;
}

static void occupy(struct bus *b, const struct can_frame *frame)
{
	int64_t us = frame_us(frame);

	b->free_at_us += us;
	b->busy_us += (uint64_t)us;
}

static void transmit(struct bus *b, int from)
{
	struct bus_port *p = &b->port[from];
	struct can_frame frame = p->queue[p->tail++ % BUS_QUEUE];

	occupy(b, &frame);
	if (chance(b, b->faults.drop)) {
		b->dropped++;
		return;
	}
	if (hold_back(b, from, &frame, b->free_at_us))
		return;
	broadcast(b, from, &frame, b->free_at_us);
	if (!chance(b, b->faults.duplicate))
		return;
	b->duplicated++;
	occupy(b, &frame);
	broadcast(b, from, &frame, b->free_at_us);
}

/* The babbling node wants the bus for its share of the time and always wins: identifier 0. */
static bool babble(struct bus *b)
{
	static const struct can_frame noise = {.id = CAN_FRAME_EFF, .len = 8};
	int64_t before = b->free_at_us;

	if (b->faults.babble == 0 || (b->faults.babble < PERMILLE && b->babble_debt_us < 0))
		return false;
	occupy(b, &noise);
	b->babble_debt_us -=
	        (b->free_at_us - before) * (PERMILLE - (int64_t)b->faults.babble) / PERMILLE;
	b->babbled++;
	broadcast(b, BUS_NOBODY, &noise, b->free_at_us);
	return true;
}

static void release_delayed(struct bus *b, int64_t now_us)
{
	for (unsigned i = 0; i < b->delayed_count;) {
		struct bus_delayed d = b->delayed[i];

		if (d.at_us > now_us) {
			i++;
			continue;
		}
		b->delayed[i] = b->delayed[--b->delayed_count];
		broadcast(b, d.from, &d.frame, d.at_us);
	}
}

static int64_t next_delayed(const struct bus *b)
{
	int64_t at = INT64_MAX;

	for (unsigned i = 0; i < b->delayed_count; i++)
		at = b->delayed[i].at_us < at ? b->delayed[i].at_us : at;
	return at;
}

/* Time without babbling lets the debt fall at the rate that makes the asked share. */
static void idle_until(struct bus *b, int64_t now_us)
{
	if (b->free_at_us >= now_us)
		return;
	b->babble_debt_us += (now_us - b->free_at_us) * b->faults.babble / PERMILLE;
	if (b->babble_debt_us > 0)
		b->babble_debt_us = 0;
	b->free_at_us = now_us;
}

int64_t bus_run(struct bus *b, int64_t now_us)
{
	int64_t next = INT64_MAX;

	release_delayed(b, now_us);
	while (b->free_at_us <= now_us) {
		int from;

		if (babble(b))
			continue;
		from = arbitrate(b);
		if (from == BUS_NOBODY) {
			idle_until(b, now_us);
			b->idle = true;
			break;
		}
		/* A frame that waited starts when the bus was free; one that found it idle, now. */
		if (b->idle)
			idle_until(b, now_us);
		b->idle = false;
		transmit(b, from);
	}
	if (arbitrate(b) != BUS_NOBODY || b->faults.babble)
		next = b->free_at_us > now_us ? b->free_at_us : now_us + 1000;
	return next_delayed(b) < next ? next_delayed(b) : next;
}
