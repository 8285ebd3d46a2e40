/* The platform's ways out, as the simulator links them: clock, I/O loop, writer, link to the broker, the
 * store's folder, random numbers. Beside these the platform's code is the real one. */
#ifndef SIM_WORLD_SEAMS_H
#define SIM_WORLD_SEAMS_H

#include "sim/world/world.h"

#include "platform/core/group.h"
#include "platform/core/io.h"
#include "platform/core/platform.h"
#include "platform/mqtt/link.h"

#define SERVER_DIR "/store"
#define TIMERS_MAX 32
#define QUEUE_MAX  1024

struct io_timer {
	int64_t due_ms, every_ms;
	io_fn fn;
	void *arg;
};

struct io {
	struct io_timer timer[TIMERS_MAX];
	unsigned n_timers;
	struct io_call *first, **last; /* posted */
};

/* What the real writer keeps in its thread. */
struct writer {
	struct groups groups;
	struct group_item urgent[QUEUE_MAX], bulk[QUEUE_MAX];
	size_t n_urgent, n_bulk;
	bool due; /* a happening comes for it */
};

struct link {
	struct link_config config;
	bool up;
};

/* Files, clock, randomness and messages of this world's platform from here on. */
void seams_use(struct world *w, struct medium *disk, struct rnd *secrets);
/* What is wrong with its clock. */
void seams_clock(int64_t wrong_ms, int64_t born_us);

/* The connection that the platform made last. */
struct link *seams_link(void);

void io_init(struct io *io);
/* Timers that are due. */
void io_tick(struct io *io);

#endif
