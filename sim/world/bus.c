/* A CAN bus at 125 kbit/s: the lowest identifier wins, everybody hears everything, and each receiver
 * by itself may miss a frame or get it twice. */
#include "sim/world/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BIT_US    8
#define FRAME_MAX 512 /* of the gateway that wait; more are dropped, as by its driver */

struct bus {
	unsigned n;
	unsigned unit[UNITS_MAX], n_units;
	struct can_msg wait[FRAME_MAX]; /* of the gateway, a ring */
	size_t first, n_wait;
	struct can_msg now; /* on the wire */
	int sender;         /* unit; -1: the gateway; -2: a forger */
	bool busy;
	int64_t babble_until_us;
	uint64_t
	        turn; /* a frame that was taken back (power, bus off) is not on the wire any more */
};

void bus_new(struct world *w, unsigned n)
{
	w->bus[n] = calloc(1, sizeof *w->bus[n]);
	assert(w->bus[n] != NULL);
	w->bus[n]->n = n;
}

void bus_free(struct bus *b)
{
	free(b);
}

void bus_join(struct bus *b, unsigned unit)
{
	b->unit[b->n_units++] = unit;
}

static int64_t frame_us(const struct can_msg *msg)
{
	return (int64_t)(80 + 10 * msg->len) * BIT_US; /* extended, some stuff bits */
}

/* Who sends next: the lowest identifier. */
static bool arbitrate(struct world *w, struct bus *b)
{
	const struct can_msg *best = b->n_wait ? &b->wait[b->first] : NULL;

	b->sender = -1;
	for (unsigned i = 0; i < b->n_units; i++) {
		const struct can_msg *msg = unit_frame(w->unit[b->unit[i]]);

		if (msg && (!best || msg->id < best->id)) {
			best = msg;
			b->sender = (int)b->unit[i];
		}
	}
	if (!best)
		return false;
	b->now = *best;
	return true;
}

void bus_kick(struct world *w, unsigned n)
{
	struct bus *b = w->bus[n];
	int64_t wait = 0;

	if (b->busy || !arbitrate(w, b))
		return;
	b->busy = true;
	if (world_us(w) < b->babble_until_us) /* a gap between the babbler's frames, now and then */
		wait = (int64_t)fault_below(&w->faults, FAULT_CAN_BABBLE, NODE_BOX + n, 40) * MS;
	world_at(w, wait + frame_us(&b->now), HAPPENS_BUS_DONE, n, 0, NULL);
}

void bus_send(struct world *w, unsigned n, const struct can_msg *msg)
{
	struct bus *b = w->bus[n];

	if (b->n_wait == FRAME_MAX)
		return;
	b->wait[(b->first + b->n_wait++) % FRAME_MAX] = *msg;
	bus_kick(w, n);
}

void bus_babble(struct world *w, unsigned n, int64_t us)
{
	w->bus[n]->babble_until_us = world_us(w) + us;
}

/* To one that would take the frame: what nobody hears can neither be lost nor come twice. */
static unsigned times(struct world *w, unsigned node)
{
	if (fault_hits(&w->faults, FAULT_CAN_LOST, node))
		return 0;
	return fault_hits(&w->faults, FAULT_CAN_TWICE, node) ? 2 : 1;
}

static void deliver(struct world *w, struct bus *b, unsigned unit)
{
	unsigned left = unit_listens(w->unit[unit], &b->now) ? times(w, unit) : 0;

	while (left--)
		unit_hear(w, unit, &b->now);
}

static void deliver_all(struct world *w, struct bus *b, int sender)
{
	for (unsigned i = 0; i < b->n_units; i++)
		if ((int)b->unit[i] != sender)
			deliver(w, b, b->unit[i]);
	if (sender != -1 && box_listens(w->box[b->n])) {
		unsigned left = times(w, NODE_BOX + b->n);

		while (left--)
			box_frame(w, b->n, &b->now);
	}
	hostile_hear_frame(w, b->n, &b->now);
}

/* The frame is still what its sender wants to send? */
static bool still_there(struct world *w, const struct bus *b)
{
	const struct can_msg *msg =
	        b->sender == -1 ? &b->wait[b->first] : unit_frame(w->unit[b->sender]);

	return (b->sender != -1 || b->n_wait) && msg && msg->id == b->now.id &&
	       msg->len == b->now.len && memcmp(msg->data, b->now.data, msg->len) == 0;
}

static void done(struct world *w, struct bus *b)
{
	int sender = b->sender;
	bool error;

	b->busy = false;
	if (!still_there(w, b))
		return;
	error = fault_hits(&w->faults, FAULT_CAN_ERROR,
	                   sender == -1 ? NODE_BOX + b->n : (unsigned)sender);
	if (error) {
		if (sender >= 0 && unit_single_shot(w->unit[sender]))
			unit_frame_out(w, (unsigned)sender, false);
		return; /* the controller sends it again by itself */
	}
	if (sender == -1) {
		b->first = (b->first + 1) % FRAME_MAX;
		b->n_wait--;
	}
	b->busy = true; /* nobody starts before everybody has heard */
	deliver_all(w, b, sender);
	if (sender >= 0 && unit_frame(w->unit[sender]))
		unit_frame_out(w, (unsigned)sender, true);
	b->busy = false;
}

void bus_happens(struct world *w, unsigned n, const struct happening *h)
{
	struct bus *b = w->bus[n];

	if (h->kind == HAPPENS_BUS_QUIET) { /* somebody's own frame */
		assert(h->parcel && h->parcel->len == sizeof b->now);
		if (!b->busy) {
			memcpy(&b->now, h->parcel->bytes, sizeof b->now);
			b->busy = true;
			deliver_all(w, b, -2);
			b->busy = false;
		}
	} else {
		done(w, b);
	}
	bus_kick(w, n);
}
