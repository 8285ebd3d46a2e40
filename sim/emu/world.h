/* N terminals on one CAN segment, run in virtual time. Only who has something to do is run: a heap
 * holds everyone's next event. Within a quantum terminals run one after the other; nothing on the bus is
 * shorter than a quantum, so none sees another's future (can_segment.h). */
#ifndef SIM_EMU_WORLD_H
#define SIM_EMU_WORLD_H

#include "sim/emu/terminal.h"

enum { WORLD_QUEUE = 512 };

struct world {
	struct can_segment segment;
	struct terminal **terminal;
	unsigned count, first;
	struct heap_entry *heap; /* ordered by time; place[i] is where terminal i stands */
	unsigned *place;
	vtime now;
	/* the rest of the bus, seen as one node: frames from and to the hub */
	struct can_node gateway;
	struct can_frame queue[WORLD_QUEUE];
	vtime queued_at[WORLD_QUEUE];
	unsigned head, tail;
	bool any_touched;
	uint64_t queue_full;
	void (*to_hub)(void *ctx, const struct can_frame *frame);
	void *to_hub_ctx;
};

struct world_config {
	unsigned count, first;
	const char *state_dir, *loader, *app;
	const struct load_data *load;
};

MUST_USE enum err world_new(struct world **out, const struct world_config *config);
void world_free(struct world *w);
void world_run(struct world *w, vtime until);

/* Time of the next event, VTIME_NEVER when everything is off. */
vtime world_next(struct world *w);

/* NULL when there is none of this number. */
struct terminal *world_terminal(struct world *w, unsigned number);

/* Something outside changed what the terminal does next. */
void world_touch(struct world *w, struct terminal *t);

/* A frame from the hub, `delay` from now; false: the queue is full, try again later. */
bool world_from_hub(struct world *w, const struct can_frame *frame, vtime delay);
void world_gateway_connect(struct world *w, bool connected);
#endif
