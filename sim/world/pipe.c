/* Links and broker: a message is lost, doubled, late; a connection ends; the broker starts anew and
 * has forgotten what it acknowledged. Retained states are kept, as it does. */
#include "sim/world/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HELD_MAX 64 /* for who is not connected, as its queue */
#define PARTIES  (BOXES_MAX + 2)
#define SERVER   (BOXES_MAX + 1)
#define LATE_MS  30000
#define OLD_KEPT 8

struct held {
	struct parcel *list[HELD_MAX];
	size_t n;
};

struct pipe {
	bool up[PARTIES]; /* gateways, collector, platform */
	struct held held[PARTIES];
	struct parcel *state[BOXES_MAX + 1]; /* retained */
	struct parcel *old[OLD_KEPT];        /* downs that might have been retained */
	unsigned n_old;
};

/* In a parcel's tag: the gateway, the channel, and whether it is a retained one. */
static uint64_t tag_of(unsigned box, enum channel channel, bool retained)
{
	return (uint64_t)box << 16 | (uint64_t)channel << 8 | retained;
}

static unsigned tag_box(uint64_t tag)
{
	return (unsigned)(tag >> 16);
}

static enum channel tag_channel(uint64_t tag)
{
	return (enum channel)(tag >> 8 & 0xFF);
}

static bool upwards(enum channel channel)
{
	return channel == CHANNEL_UP || channel == CHANNEL_NOW || channel == CHANNEL_STATE;
}

static unsigned receiver(const struct parcel *p)
{
	return upwards(tag_channel(p->tag)) ? SERVER : tag_box(p->tag);
}

static struct parcel *copy(const struct parcel *p)
{
	struct parcel *c = parcel_new(p->bytes, p->len);

	c->tag = p->tag;
	return c;
}

/* One hop with its faults; takes the parcel. `node` draws. */
static void hop(struct world *w, enum happens kind, unsigned node, struct parcel *p)
{
	struct faults *f = &w->faults;
	int64_t us = (int64_t)(1 + rnd_below(&f->stream[FAULT_LINK_LATE][node], 20)) * MS;

	if (fault_hits(f, FAULT_LINK_LOST, node)) {
		free(p);
		return;
	}
	if (fault_hits(f, FAULT_LINK_TWICE, node))
		world_at(w, us + (int64_t)fault_below(f, FAULT_LINK_TWICE, node, 2000) * MS, kind,
		         node, 0, copy(p));
	if (fault_hits(f, FAULT_LINK_LATE, node))
		us += (int64_t)fault_below(f, FAULT_LINK_LATE, node, LATE_MS) * MS;
	world_at(w, us, kind, node, 0, p);
}

static unsigned node_of(unsigned box)
{
	return NODE_BOX + (box < BOXES_MAX ? box : BOXES_MAX);
}

void pipe_up(struct world *w, unsigned box, enum channel channel, const void *bytes, size_t len)
{
	struct parcel *p = parcel_new(bytes, len);

	p->tag = tag_of(box, channel, false);
	hostile_hear(w, box, channel, bytes, len);
	hop(w, HAPPENS_PIPE_IN, node_of(box), p);
}

void pipe_down(struct world *w, unsigned box, enum channel channel, const void *bytes, size_t len)
{
	struct parcel *p = parcel_new(bytes, len);

	p->tag = tag_of(box, channel, false);
	hostile_hear(w, box, channel, bytes, len);
	hop(w, HAPPENS_PIPE_IN, NODE_SERVER, p);
}

void pipe_forge(struct world *w, unsigned box, enum channel channel, const void *bytes, size_t len,
                bool retained)
{
	struct parcel *p = parcel_new(bytes, len);

	p->tag = tag_of(box, channel, retained);
	world_at(w, 5 * MS, HAPPENS_PIPE_OUT, NODE_HOSTILE, 0, p);
}

bool pipe_box_connected(const struct world *w, unsigned box)
{
	return w->pipe->up[box];
}

static void hold(struct pipe *pipe, unsigned who, struct parcel *p)
{
	struct held *held = &pipe->held[who];

	if (tag_channel(p->tag) == CHANNEL_NOW || tag_channel(p->tag) == CHANNEL_STATE ||
	    held->n == HELD_MAX)
		free(p);
	else
		held->list[held->n++] = p;
}

static void hand_held(struct world *w, unsigned who)
{
	struct held *held = &w->pipe->held[who];

	for (size_t i = 0; i < held->n; i++)
		hop(w, HAPPENS_PIPE_OUT, NODE_BROKER, held->list[i]);
	held->n = 0;
}

static void connect(struct world *w, unsigned who, bool up)
{
	w->pipe->up[who] = up;
	if (up)
		hand_held(w, who);
}

void pipe_connect_box(struct world *w, unsigned box, bool up)
{
	struct pipe *pipe = w->pipe;

	connect(w, box, up);
	if (up && pipe->n_old && fault_hits(&w->faults, FAULT_BROKER_RETAINED, NODE_BROKER)) {
		const struct parcel *old = pipe->old[fault_below(&w->faults, FAULT_BROKER_RETAINED,
		                                                 NODE_BROKER, pipe->n_old)];

		pipe_forge(w, box, CHANNEL_DOWN, old->bytes, old->len, true);
	}
}

void pipe_connect_server(struct world *w, bool up)
{
	connect(w, SERVER, up);
	for (unsigned i = 0; up && i <= BOXES_MAX; i++)
		if (w->pipe->state[i])
			hop(w, HAPPENS_PIPE_OUT, NODE_BROKER, copy(w->pipe->state[i]));
}

static void keep_old(struct pipe *pipe, const struct parcel *p)
{
	unsigned i = pipe->n_old++ % OLD_KEPT;

	if (pipe->n_old > OLD_KEPT)
		pipe->n_old = OLD_KEPT;
	free(pipe->old[i]);
	pipe->old[i] = copy(p);
}

/* At the broker. */
static void in(struct world *w, const struct parcel *p)
{
	struct pipe *pipe = w->pipe;

	if (tag_channel(p->tag) == CHANNEL_STATE) {
		free(pipe->state[tag_box(p->tag)]);
		pipe->state[tag_box(p->tag)] = copy(p);
	}
	if (tag_channel(p->tag) == CHANNEL_DOWN)
		keep_old(pipe, p);
	if (pipe->up[receiver(p)])
		hop(w, HAPPENS_PIPE_OUT, NODE_BROKER, copy(p));
	else
		hold(pipe, receiver(p), copy(p));
}

static void out(struct world *w, const struct parcel *p)
{
	unsigned box = tag_box(p->tag);
	enum channel channel = tag_channel(p->tag);

	if (!w->pipe->up[receiver(p)]) {
		hold(w->pipe, receiver(p), copy(p));
		return;
	}
	if (upwards(channel))
		server_message(w, box, channel, p);
	else if (box == BOXES_MAX)
		collector_ack(w, p);
	else
		box_message(w, box, channel, p, p->tag & 1);
}

/* Everything that it held is gone, and so are the connections. */
static void restart(struct world *w)
{
	struct pipe *pipe = w->pipe;

	for (unsigned i = 0; i < PARTIES; i++) {
		for (size_t k = 0; k < pipe->held[i].n; k++)
			free(pipe->held[i].list[k]);
		pipe->held[i].n = 0;
		pipe->up[i] = false;
	}
	pipe->up[BOXES_MAX] = true; /* the collector holds no connection */
	for (unsigned i = 0; i < w->n_boxes; i++)
		box_link_lost(w, i);
	server_link_lost(w);
}

void pipe_happens(struct world *w, const struct happening *h)
{
	if (h->kind == HAPPENS_PIPE_IN) {
		in(w, h->parcel);
	} else if (h->kind == HAPPENS_PIPE_OUT) {
		out(w, h->parcel);
	} else if (!w->faults.calm) {
		world_trouble(w, HAPPENS_PIPE_TROUBLE, FAULT_BROKER_RESTART, NODE_BROKER);
		fault_note(&w->faults, FAULT_BROKER_RESTART);
		restart(w);
	}
}

void pipe_new(struct world *w)
{
	w->pipe = calloc(1, sizeof *w->pipe);
	assert(w->pipe != NULL);
	w->pipe->up[BOXES_MAX] = true;
	world_trouble(w, HAPPENS_PIPE_TROUBLE, FAULT_BROKER_RESTART, NODE_BROKER);
}

void pipe_free(struct pipe *pipe)
{
	for (unsigned i = 0; i < PARTIES; i++)
		for (size_t k = 0; k < pipe->held[i].n; k++)
			free(pipe->held[i].list[k]);
	for (unsigned i = 0; i <= BOXES_MAX; i++)
		free(pipe->state[i]);
	for (unsigned i = 0; i < OLD_KEPT; i++)
		free(pipe->old[i]);
	free(pipe);
}
