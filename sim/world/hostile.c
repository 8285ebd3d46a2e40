/* Who hears everything on every link, and says some of it again: whole, or with a bit changed. */
#include "sim/world/oracle.h"

#include "libs/proto/uplink.h"
#include "platform/ingest/ingest.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HEARD  64
#define FRAMES 128

struct heard {
	struct parcel *p;
	unsigned box;
};

struct hostile {
	struct heard down[HEARD], up[HEARD];
	uint64_t n_down, n_up, n_frames;
	struct can_msg frame[FRAMES];
	unsigned frame_bus[FRAMES];
	uint8_t *memory, *out;
};

static void keep(struct heard ring[HEARD], uint64_t *n, unsigned box, const void *bytes, size_t len)
{
	struct heard *h = &ring[(*n)++ % HEARD];

	free(h->p);
	*h = (struct heard){parcel_new(bytes, len), box};
}

void hostile_hear(struct world *w, unsigned box, enum channel channel, const void *bytes,
                  size_t len)
{
	struct hostile *h = w->hostile;

	if (channel == CHANNEL_DOWN)
		keep(h->down, &h->n_down, box, bytes, len);
	if (channel == CHANNEL_UP)
		keep(h->up, &h->n_up, box, bytes, len);
}

void hostile_hear_frame(struct world *w, unsigned bus, const struct can_msg *msg)
{
	struct hostile *h = w->hostile;
	struct can_id id;

	/* What it forges on the bus is commands: values are not signed, and anybody on the bus may
	 * make them up. */
	if (can_id_decode(msg->id, &id) || id.type != CAN_TRANSFER_COMMAND ||
	    id.direction != CAN_TO_TERMINAL)
		return;
	h->frame[h->n_frames % FRAMES] = *msg;
	h->frame_bus[h->n_frames++ % FRAMES] = bus;
}

static const struct heard *pick(struct world *w, enum mishap kind, const struct heard ring[HEARD],
                                uint64_t n)
{
	uint32_t kept = n < HEARD ? (uint32_t)n : HEARD;

	return kept ? &ring[fault_below(&w->faults, kind, NODE_HOSTILE, kept)] : NULL;
}

/* A signed command with one bit changed; nothing but the command, as if the platform sent it. */
static void flip_down(struct world *w, const struct heard *heard)
{
	struct hostile *h = w->hostile;
	struct down_command command;
	struct arena arena;
	struct down down;
	uint32_t bit;
	size_t len;

	arena_init(&arena, h->memory, UPLINK_ARENA_SIZE);
	if (down_decode(heard->p->bytes, heard->p->len, &arena, &down) || !down.command_count)
		return;
	command = down.commands[0];
	bit = fault_below(&w->faults, FAULT_FLIP_DOWN, NODE_HOSTILE, command.body_len * 8u);
	command.body[bit / 8] ^= (uint8_t)(1u << bit % 8);
	command.id += 1000000;
	down.commands = &command;
	down.command_count = 1;
	down.has_config = down.has_watch = false;
	if (down_encode(&down, h->out, UPLINK_MESSAGE_MAX, &len) == ERR_NONE)
		pipe_forge(w, heard->box, CHANNEL_DOWN, h->out, len, false);
}

/* A batch that the platform has, with another content: who comes first with a name is believed, and that
 * somebody could speak before its gateway is for TLS to prevent. */
static void flip_up(struct world *w, const struct heard *heard)
{
	struct parcel *p = parcel_new(heard->p->bytes, heard->p->len);
	size_t half = p->len / 2;
	uint64_t boot, seq;

	if (half > 16 && uplink_name(p->bytes, p->len, &boot, &seq) &&
	    oracle_is_acked(w, heard->box, boot, seq)) {
		p->bytes[half +
		         fault_below(&w->faults, FAULT_FLIP_UP, NODE_HOSTILE, (uint32_t)half)] ^= 1;
		pipe_forge(w, heard->box, CHANNEL_UP, p->bytes, p->len, false);
	}
	free(p);
}

static void forge_frame(struct world *w)
{
	struct hostile *h = w->hostile;
	uint32_t kept = h->n_frames < FRAMES ? (uint32_t)h->n_frames : FRAMES, i;
	struct parcel *p;
	struct can_msg msg;

	if (!kept)
		return;
	i = fault_below(&w->faults, FAULT_FORGED_FRAME, NODE_HOSTILE, kept);
	msg = h->frame[i];
	if (msg.len && fault_below(&w->faults, FAULT_FORGED_FRAME, NODE_HOSTILE, 2))
		msg.data[fault_below(&w->faults, FAULT_FORGED_FRAME, NODE_HOSTILE, msg.len)] ^=
		        (uint8_t)(1u
		                  << fault_below(&w->faults, FAULT_FORGED_FRAME, NODE_HOSTILE, 8));
	p = parcel_new(&msg, sizeof msg);
	world_at(w, MS, HAPPENS_BUS_QUIET, h->frame_bus[i], 0, p);
}

static void foreign(struct world *w)
{
	uint8_t noise[64];
	uint32_t box = fault_below(&w->faults, FAULT_FOREIGN_CLIENT, NODE_HOSTILE, BOXES_MAX + 1);
	uint32_t channel = fault_below(&w->faults, FAULT_FOREIGN_CLIENT, NODE_HOSTILE, 3);

	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] =
		        (uint8_t)fault_below(&w->faults, FAULT_FOREIGN_CLIENT, NODE_HOSTILE, 256);
	pipe_forge(w, box, (enum channel)channel, noise, sizeof noise, false);
}

void hostile_act(struct world *w, const struct happening *happening)
{
	enum mishap kind = (enum mishap)happening->arg;
	struct hostile *h = w->hostile;
	bool up = kind == FAULT_REPLAY_UP || kind == FAULT_FLIP_UP;
	const struct heard *heard;

	if (w->faults.calm)
		return;
	world_trouble(w, HAPPENS_HOSTILE, kind, NODE_HOSTILE);
	heard = up ? pick(w, kind, h->up, h->n_up) : pick(w, kind, h->down, h->n_down);
	if (!heard && kind != FAULT_FOREIGN_CLIENT && kind != FAULT_FORGED_FRAME)
		return;
	fault_note(&w->faults, kind);
	if (kind == FAULT_FOREIGN_CLIENT)
		foreign(w);
	else if (kind == FAULT_FORGED_FRAME)
		forge_frame(w);
	else if (kind == FAULT_FLIP_DOWN)
		flip_down(w, heard);
	else if (kind == FAULT_FLIP_UP)
		flip_up(w, heard);
	else
		pipe_forge(w, heard->box, up ? CHANNEL_UP : CHANNEL_DOWN, heard->p->bytes,
		           heard->p->len, false);
}

void hostile_new(struct world *w)
{
	static const enum mishap troubles[] = {FAULT_REPLAY_DOWN,  FAULT_REPLAY_UP,
	                                       FAULT_FLIP_DOWN,    FAULT_FLIP_UP,
	                                       FAULT_FORGED_FRAME, FAULT_FOREIGN_CLIENT};
	struct hostile *h = calloc(1, sizeof *h);

	assert(h != NULL);
	w->hostile = h;
	h->memory = malloc(UPLINK_ARENA_SIZE);
	h->out = malloc(UPLINK_MESSAGE_MAX);
	assert(h->memory && h->out);
	for (unsigned i = 0; i < sizeof troubles / sizeof *troubles; i++)
		world_trouble(w, HAPPENS_HOSTILE, troubles[i], NODE_HOSTILE);
}

void hostile_free(struct world *w)
{
	struct hostile *h = w->hostile;

	for (unsigned i = 0; i < HEARD; i++) {
		free(h->down[i].p);
		free(h->up[i].p);
	}
	free(h->memory);
	free(h->out);
	free(h);
}
