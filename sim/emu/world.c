#include "sim/emu/world.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define QUANTUM     (160 * VTIME_PER_US) /* 20 bits at 125 kbit/s: shorter than an error frame */
#define GATEWAY_BIT (VTIME_PER_S / 125000)

enum { PATH_BYTES = 448 };

struct heap_entry {
	vtime at;
	unsigned who;
};

/* ---- heap of next events -------------------------------------------------------------------- */

static void heap_put(struct world *w, unsigned i, struct heap_entry e)
{
	w->heap[i] = e;
	w->place[e.who] = i;
}

static void sift_up(struct world *w, unsigned i)
{
	struct heap_entry e = w->heap[i];

	for (; i > 0 && w->heap[(i - 1) / 2].at > e.at; i = (i - 1) / 2)
		heap_put(w, i, w->heap[(i - 1) / 2]);
	heap_put(w, i, e);
}

static void sift_down(struct world *w, unsigned i)
{
	struct heap_entry e = w->heap[i];

	for (unsigned child = 2 * i + 1; child < w->count; child = 2 * i + 1) {
		if (child + 1 < w->count && w->heap[child + 1].at < w->heap[child].at)
			child++;
		if (w->heap[child].at >= e.at)
			break;
		heap_put(w, i, w->heap[child]);
		i = child;
	}
	heap_put(w, i, e);
}

static void reschedule(struct world *w, unsigned who)
{
	unsigned i = w->place[who];

	w->heap[i].at = terminal_next(w->terminal[who]);
	sift_up(w, i);
	sift_down(w, w->place[who]);
}

/* ---- the gateway's side of the bus ---------------------------------------------------------- */

static bool gateway_offer(void *ctx, vtime at, struct can_frame *frame, vtime *since)
{
	struct world *w = ctx;

	if (w->head == w->tail || w->queued_at[w->tail % WORLD_QUEUE] > at)
		return false;
	*frame = w->queue[w->tail % WORLD_QUEUE];
	*since = w->queued_at[w->tail % WORLD_QUEUE];
	return true;
}

static void gateway_sent(void *ctx)
{
	struct world *w = ctx;

	w->tail++;
}

static void gateway_retry(void *ctx)
{
	(void)ctx; /* offered again at the next idle bus */
}

static void gateway_receive(void *ctx, const struct can_frame *frame)
{
	struct world *w = ctx;

	if (w->to_hub)
		w->to_hub(w->to_hub_ctx, frame);
}

/* The gateway's own controller restarts itself; its health is not the subject here. */
static void gateway_changed(void *ctx, enum can_error error)
{
	struct world *w = ctx;

	(void)error;
	if (w->gateway.bus_off && !w->gateway.recovering) {
		w->gateway.recovering = true;
		w->gateway.recovery_runs =
		        can_segment_runs(&w->segment, w->segment.now) + CAN_RECOVERY_RUNS;
	}
}

static void gateway_activity(void *ctx)
{
	(void)ctx;
}

static const struct can_node_ops gateway_ops = {
        .offer = gateway_offer,
        .sent = gateway_sent,
        .lost = gateway_retry,
        .failed = gateway_retry,
        .receive = gateway_receive,
        .changed = gateway_changed,
        .activity = gateway_activity,
};

bool world_from_hub(struct world *w, const struct can_frame *frame, vtime delay)
{
	if (w->head - w->tail == WORLD_QUEUE) {
		w->queue_full++;
		return false;
	}
	w->queue[w->head % WORLD_QUEUE] = *frame;
	w->queued_at[w->head % WORLD_QUEUE] = w->now + delay;
	w->head++;
	return true;
}

void world_gateway_connect(struct world *w, bool connected)
{
	w->gateway.on = connected;
	if (!connected)
		w->head = w->tail;
}

/* ---- running -------------------------------------------------------------------------------- */

/* A controller got something from the bus: its core may be asleep and behind. */
static void woken(void *ctx)
{
	struct terminal *t = ctx;
	struct world *w = t->world;

	mcu_sync(t->mcu, w->segment.now);
	t->touched = true;
	w->any_touched = true;
}

static void reschedule_touched(struct world *w)
{
	if (!w->any_touched)
		return;
	w->any_touched = false;
	for (unsigned i = 0; i < w->count; i++) {
		if (!w->terminal[i]->touched)
			continue;
		w->terminal[i]->touched = false;
		reschedule(w, i);
	}
}

static void run_due(struct world *w, vtime horizon)
{
	while (w->heap[0].at < horizon) {
		unsigned who = w->heap[0].who;

		terminal_run(w->terminal[who], horizon);
		reschedule(w, who);
	}
}

vtime world_next(struct world *w)
{
	return vtime_min(w->heap[0].at, can_segment_next(&w->segment));
}

void world_run(struct world *w, vtime until)
{
	while (w->now < until) {
		vtime from = vtime_min(world_next(w), until);
		vtime horizon = vtime_min((from > w->now ? from : w->now) + QUANTUM, until);

		if (w->segment.busy)
			horizon = vtime_min(horizon, w->segment.busy_until);
		if (horizon <= w->now)
			horizon = w->now + 1;
		run_due(w, horizon);
		can_segment_run(&w->segment, horizon);
		reschedule_touched(w);
		w->now = horizon;
	}
}

void world_touch(struct world *w, struct terminal *t)
{
	reschedule(w, t->number - w->first);
}

struct terminal *world_terminal(struct world *w, unsigned number)
{
	return number >= w->first && number - w->first < w->count ? w->terminal[number - w->first]
	                                                          : NULL;
}

/* ---- making one ----------------------------------------------------------------------------- */

static enum err add_terminal(struct world *w, unsigned i, const struct world_config *config)
{
	char dir[PATH_BYTES];
	unsigned number = config->first + i;
	struct terminal_config one = {.dir = config->state_dir ? dir : NULL,
	                              .loader = config->loader,
	                              .app = config->app,
	                              .load = config->load,
	                              .segment = &w->segment};
	enum err err;

	if (config->state_dir) {
		mkdir(config->state_dir, 0700);
		snprintf(dir, sizeof dir, "%s/%u", config->state_dir, number);
		mkdir(dir,
		      0700); /* exists after `provision`; an error shows when the files are opened */
	}
	err = terminal_new(&w->terminal[i], number, &one);
	if (err != ERR_NONE)
		return err;
	w->count++;
	w->terminal[i]->world = w;
	w->terminal[i]->mcu->can.woken = woken;
	w->terminal[i]->mcu->can.woken_ctx = w->terminal[i];
	terminal_power(w->terminal[i], true, 0);
	heap_put(w, i, (struct heap_entry){.at = terminal_next(w->terminal[i]), .who = i});
	sift_up(w, i);
	return ERR_NONE;
}

static enum err add_terminals(struct world *w, const struct world_config *config)
{
	enum err err = ERR_NONE;

	w->terminal = calloc(config->count, sizeof *w->terminal);
	w->heap = calloc(config->count, sizeof *w->heap);
	w->place = calloc(config->count, sizeof *w->place);
	if (!w->terminal || !w->heap || !w->place)
		return ERR_NOMEM;
	for (unsigned i = 0; i < config->count && err == ERR_NONE; i++)
		err = add_terminal(w, i, config);
	return err;
}

enum err world_new(struct world **out, const struct world_config *config)
{
	struct world *w = calloc(1, sizeof *w);
	enum err err;

	assert(config->count > 0 && config->count < CAN_SEGMENT_NODES);
	if (!w)
		return ERR_NOMEM;
	w->first = config->first;
	w->gateway = (struct can_node){.ops = &gateway_ops, .ctx = w, .bit_ticks = GATEWAY_BIT};
	can_segment_add(&w->segment, &w->gateway);
	err = add_terminals(w, config);
	if (err != ERR_NONE) {
		world_free(w);
		return err;
	}
	*out = w;
	return ERR_NONE;
}

void world_free(struct world *w)
{
	for (unsigned i = 0; i < w->count; i++)
		terminal_free(w->terminal[i]);
	free(w->terminal);
	free(w->heap);
	free(w->place);
	free(w);
}
