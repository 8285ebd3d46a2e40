#include "sim/world/seams.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/store/folder.h"
#include "platform/store/sqlite_sim.h"
#include "sim/world/oracle.h"

#include "libs/proto/uplink.h"

static struct {
	struct world *w;
	struct medium *disk;
	struct rnd *secrets;
	int64_t wrong_ms, born_us;
	struct link *link;
} here;

/* ---- clock ---- */

int64_t clock_mono_us(void)
{
	return world_us(here.w) - here.born_us + 1000 * SECOND;
}

int64_t clock_mono_ms(void)
{
	return clock_mono_us() / MS;
}

int64_t clock_wall_ms(void)
{
	return world_wall_ms(here.w) + here.wrong_ms;
}

void seams_clock(int64_t wrong_ms, int64_t born_us)
{
	here.wrong_ms = wrong_ms;
	here.born_us = born_us;
}

/* ---- random numbers ---- */

static const char *random_name(void)
{
	return "world";
}

static uint32_t random_u32(void)
{
	return (uint32_t)rnd_u64(here.secrets);
}

static void random_fill(void *to, const size_t len)
{
	uint8_t *bytes = to;

	for (size_t i = 0; i < len; i++)
		bytes[i] = (uint8_t)rnd_u64(here.secrets);
}

/* ---- files ---- */

static struct inode *inode_of(struct sim_file *file)
{
	return (struct inode *)(void *)file;
}

static enum err f_open(void *ctx, const char *path, bool create, struct sim_file **file)
{
	struct inode *inode;
	enum err err = medium_open(here.disk, path, create, &inode);

	(void)ctx;
	*file = err ? NULL : (struct sim_file *)(void *)inode;
	return err;
}

static void f_close(void *ctx, struct sim_file *file)
{
	(void)ctx;
	medium_close(here.disk, inode_of(file));
}

static int64_t f_size(void *ctx, struct sim_file *file)
{
	(void)ctx;
	return medium_size(inode_of(file));
}

static enum err f_read(void *ctx, struct sim_file *file, int64_t at, void *to, size_t len,
                       size_t *got)
{
	(void)ctx;
	return medium_read(here.disk, inode_of(file), at, to, len, got);
}

static enum err f_write(void *ctx, struct sim_file *file, int64_t at, const void *from, size_t len)
{
	(void)ctx;
	return medium_write(here.disk, inode_of(file), at, from, len);
}

static enum err f_truncate(void *ctx, struct sim_file *file, int64_t size)
{
	(void)ctx;
	return medium_truncate(here.disk, inode_of(file), size);
}

static enum err f_sync(void *ctx, struct sim_file *file)
{
	(void)ctx;
	return medium_sync(here.disk, inode_of(file));
}

static enum err f_remove(void *ctx, const char *path)
{
	(void)ctx;
	return medium_remove(here.disk, path);
}

static bool f_exists(void *ctx, const char *path)
{
	(void)ctx;
	return medium_exists(here.disk, path);
}

static void f_random(void *ctx, void *bytes, size_t len)
{
	(void)ctx;
	random_fill(bytes, len);
}

static int64_t f_wall_ms(void *ctx)
{
	(void)ctx;
	return clock_wall_ms();
}

int64_t folder_file_size(const char *path)
{
	return medium_size_of(here.disk, path);
}

enum err folder_make(const char *dir)
{
	(void)dir;
	return ERR_NONE;
}

struct listing {
	void (*each)(void *arg, const char *name);
	void *arg;
	size_t skip;
};

static void list_one(void *arg, const char *path)
{
	const struct listing *l = arg;

	l->each(l->arg, path + l->skip);
}

enum err folder_list(const char *dir, void (*each)(void *arg, const char *name), void *arg)
{
	struct listing l = {each, arg, strlen(dir) + 1};

	medium_list(here.disk, list_one, &l);
	return ERR_NONE;
}

void seams_use(struct world *w, struct medium *disk, struct rnd *secrets)
{
	static const struct sim_files files = {.open = f_open,
	                                       .close = f_close,
	                                       .size = f_size,
	                                       .read = f_read,
	                                       .write = f_write,
	                                       .truncate = f_truncate,
	                                       .sync = f_sync,
	                                       .remove = f_remove,
	                                       .exists = f_exists,
	                                       .random = f_random,
	                                       .wall_ms = f_wall_ms};
	static struct randombytes_implementation random = {
	        .implementation_name = random_name, .random = random_u32, .buf = random_fill};

	here.w = w;
	here.disk = disk;
	here.secrets = secrets;
	here.wrong_ms = here.born_us = 0;
	assert(sqlite_sim_use(&files) == ERR_NONE);
	assert(randombytes_set_implementation(&random) == 0);
	assert(sodium_init() >= 0);
	sqlite_sim_seed();
}

/* ---- loop ---- */

void io_init(struct io *io)
{
	memset(io, 0, sizeof *io);
	io->last = &io->first;
}

struct io_timer *io_timer_add(struct io *io, int64_t first_ms, int64_t every_ms, io_fn fn,
                              void *arg)
{
	struct io_timer *timer = &io->timer[io->n_timers++];

	assert(io->n_timers <= TIMERS_MAX);
	*timer = (struct io_timer){clock_mono_ms() + first_ms, every_ms, fn, arg};
	return timer;
}

void io_tick(struct io *io)
{
	for (unsigned i = 0; i < io->n_timers; i++) {
		struct io_timer *timer = &io->timer[i];

		if (clock_mono_ms() < timer->due_ms)
			continue;
		timer->due_ms = clock_mono_ms() + timer->every_ms;
		timer->fn(timer->arg);
	}
}

void io_post(struct io *io, struct io_call *call)
{
	call->next = NULL;
	*io->last = call;
	io->last = &call->next;
}

/* ---- writer ---- */

static enum err submit(struct writer *w, struct group_item *ring, size_t *n,
                       const struct group_item *item)
{
	if (*n == QUEUE_MAX)
		return ERR_FULL;
	ring[(*n)++] = *item;
	if (!w->due) {
		w->due = true;
		world_at(here.w, rnd_below(&here.w->rnd, 2 * MS), HAPPENS_SERVER_STEP, NODE_SERVER,
		         0, NULL);
	}
	return ERR_NONE;
}

enum err writer_submit(struct writer *w, step_fn step, void *arg, done_fn done, void *done_arg)
{
	struct group_item item = {step, arg, done, done_arg, false, ERR_NONE};

	return submit(w, w->urgent, &w->n_urgent, &item);
}

enum err writer_submit_bulk(struct writer *w, step_fn step, void *arg, done_fn done, void *done_arg)
{
	struct group_item item = {step, arg, done, done_arg, true, ERR_NONE};

	return submit(w, w->bulk, &w->n_bulk, &item);
}

bool writer_store_away(const struct writer *w)
{
	return w->groups.store_away;
}

bool writer_disk_full(const struct writer *w)
{
	return w->groups.disk_full;
}

/* ---- link ---- */

enum err link_new(struct link **link, const struct link_config *config)
{
	*link = calloc(1, sizeof **link);
	assert(*link != NULL);
	(*link)->config = *config;
	here.link = *link;
	return ERR_NONE;
}

void link_stop(struct link *link)
{
	link->up = false;
}

struct link *seams_link(void)
{
	return here.link;
}

void link_free(struct link *link)
{
	free(link);
}

/* wattle/1/p1/gw-N/down */
static bool topic_box(const char *topic, unsigned *box, enum channel *channel)
{
	char leaf[16];
	unsigned n;

	if (sscanf(topic, "wattle/1/p1/gw-%u/%15s", &n, leaf) != 2 || n == 0 || n > BOXES_MAX + 1)
		return false;
	*box = n - 1;
	*channel = strcmp(leaf, "ack") == 0 ? CHANNEL_ACK : CHANNEL_DOWN;
	return strcmp(leaf, "ack") == 0 || strcmp(leaf, "down") == 0;
}

static void tell_ack(struct world *w, unsigned box, const struct ack *ack)
{
	for (size_t i = 0; i < ack->done_count; i++)
		oracle_acked(w, box, ack->done[i].boot, ack->done[i].first, ack->done[i].last);
	for (size_t i = 0; i < ack->refused_count; i++)
		oracle_refused(w, box, ack->refused[i].boot, ack->refused[i].seq,
		               ack->refused[i].reason);
}

static void tell_down(struct world *w, const struct down *down)
{
	for (size_t i = 0; i < down->command_count; i++)
		oracle_published(w, (int64_t)down->commands[i].meter, down->commands[i].id,
		                 down->commands[i].body, down->commands[i].body_len);
}

/* The oracle reads what leaves, by itself. */
static void overhear(struct world *w, unsigned box, enum channel channel, const void *bytes,
                     size_t len)
{
	static uint8_t memory[UPLINK_ARENA_SIZE];
	struct arena arena;
	struct ack ack;
	struct down down;

	arena_init(&arena, memory, sizeof memory);
	if (channel == CHANNEL_ACK) {
		if (ack_decode(bytes, len, &arena, &ack))
			world_broken(w, "I9", "an ack that nobody can read");
		else
			tell_ack(w, box, &ack);
	} else if (down_decode(bytes, len, &arena, &down)) {
		world_broken(w, "I9", "a down that nobody can read");
	} else {
		tell_down(w, &down);
	}
}

enum err link_publish(struct link *link, const char *topic, const void *payload, size_t len,
                      int qos)
{
	enum channel channel;
	unsigned box;

	(void)qos;
	if (!link->up)
		return ERR_CLOSED;
	if (!topic_box(topic, &box, &channel))
		return ERR_NONE; /* live samples, for others */
	overhear(here.w, box, channel, payload, len);
	pipe_down(here.w, box, channel, payload, len);
	return ERR_NONE;
}
