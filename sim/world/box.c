/* A gateway: the real core and the real spool on a disk in memory. */
#include "sim/world/oracle.h"
#include "sim/world/world.h"

#include "gateway/core/core.h"
#include "gateway/spool/spool.h"

#include "libs/base/bytes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AWAY_MS     90000 /* to twice that */
#define TICK_US     (CORE_TICK_MS * MS)
#define BODY_MAX    (256 * 1024)
#define KEPT_MAX    4096
#define FULL_US     (20 * SECOND)
#define SPOOL_BYTES (256 * 1024)
#define SEGMENT     (16 * 1024)
#define KEEP_S      600 /* acknowledged batches; so that segments are removed in a short history */
#define CLOCK_STEPS 5

struct box {
	struct world *w;
	unsigned n;
	bool on, link_up, hangs;
	uint64_t life;
	int64_t born_us;
	int64_t clock_ms; /* how wrong its clock is */
	struct medium disk;
	struct spool *spool;
	struct core *core;
	uint64_t seen; /* spool index up to which the oracle knows its batches */
	int64_t full_until_us;
	bool eio_next, sync_next;
	bool said_terminal;
	uint8_t body[BODY_MAX];
};

void box_name(unsigned n, char name[16])
{
	snprintf(name, 16, "gw-%u", n + 1);
}

static struct moment now(const struct box *b)
{
	return (struct moment){.mono_ms = (world_us(b->w) - b->born_us) / MS + 1000,
	                       .wall_ms = world_wall_ms(b->w) + b->clock_ms};
}

/* ---- disk ---- */

static enum err disk_fault(void *ctx, enum medium_op op, int64_t grows)
{
	struct box *b = ctx;

	if (op == MEDIUM_SYNC && b->sync_next) {
		b->sync_next = false;
		fault_note(&b->w->faults, FAULT_GATEWAY_SYNC);
		return ERR_IO;
	}
	if (op == MEDIUM_WRITE && b->eio_next) {
		b->eio_next = false;
		fault_note(&b->w->faults, FAULT_GATEWAY_EIO);
		return ERR_IO;
	}
	if (grows > 0 && world_us(b->w) < b->full_until_us && !b->w->faults.calm) {
		fault_note(&b->w->faults, FAULT_GATEWAY_FULL);
		return ERR_DISK_FULL;
	}
	return ERR_NONE;
}

#define FILES_OPEN 32

/* The spool names its files by numbers; they are our inodes. */
static struct inode *open_file[BOXES_MAX][FILES_OPEN];

static enum err d_open(void *ctx, const char *name, bool create, int *file)
{
	struct box *b = ctx;

	for (int i = 0; i < FILES_OPEN; i++) {
		if (open_file[b->n][i])
			continue;
		*file = i;
		return medium_open(&b->disk, name, create, &open_file[b->n][i]);
	}
	return ERR_IO;
}

static void d_close(void *ctx, int file)
{
	struct box *b = ctx;

	medium_close(&b->disk, open_file[b->n][file]);
	open_file[b->n][file] = NULL;
}

static enum err d_size(void *ctx, int file, int64_t *bytes)
{
	struct box *b = ctx;

	*bytes = medium_size(open_file[b->n][file]);
	return ERR_NONE;
}

static enum err d_read(void *ctx, int file, int64_t offset, void *bytes, size_t len, size_t *got)
{
	struct box *b = ctx;

	return medium_read(&b->disk, open_file[b->n][file], offset, bytes, len, got);
}

static enum err d_write(void *ctx, int file, int64_t offset, const void *bytes, size_t len)
{
	struct box *b = ctx;

	return medium_write(&b->disk, open_file[b->n][file], offset, bytes, len);
}

static enum err d_truncate(void *ctx, int file, int64_t bytes)
{
	struct box *b = ctx;

	return medium_truncate(&b->disk, open_file[b->n][file], bytes);
}

static enum err d_sync(void *ctx, int file)
{
	struct box *b = ctx;

	return medium_sync(&b->disk, open_file[b->n][file]);
}

static enum err d_sync_names(void *ctx)
{
	struct box *b = ctx;

	return medium_sync_names(&b->disk);
}

static enum err d_rename(void *ctx, const char *from, const char *to)
{
	struct box *b = ctx;

	return medium_rename(&b->disk, from, to);
}

static enum err d_remove(void *ctx, const char *name)
{
	struct box *b = ctx;

	return medium_remove(&b->disk, name);
}

static enum err d_list(void *ctx, void (*name_fn)(void *arg, const char *name), void *arg)
{
	struct box *b = ctx;

	medium_list(&b->disk, name_fn, arg);
	return ERR_NONE;
}

static struct disk disk_of(struct box *b)
{
	return (struct disk){b,          d_open, d_close,      d_size,   d_read,   d_write,
	                     d_truncate, d_sync, d_sync_names, d_rename, d_remove, d_list};
}

/* ---- effects ---- */

static void can_out(void *ctx, const struct can_msg *msg)
{
	struct box *b = ctx;

	bus_send(b->w, b->n, msg);
}

static void publish_out(void *ctx, enum core_topic topic, const uint8_t *bytes, size_t len)
{
	static const enum channel channels[] = {
	        [CORE_UP] = CHANNEL_UP, [CORE_NOW] = CHANNEL_NOW, [CORE_STATE] = CHANNEL_STATE};
	struct box *b = ctx;

	if (b->link_up)
		pipe_up(b->w, b->n, channels[topic], bytes, len);
}

static void log_out(void *ctx, enum core_level level, const char *text)
{
	struct box *b = ctx;

	if (level != CORE_LOG_INFO)
		world_note(b->w, "gateway %u: %s", b->n, text);
}

/* ---- life ---- */

static void let_go(struct box *b)
{
	b->on = b->link_up = false;
	b->life++;
	if (b->core)
		core_free(b->core);
	if (b->spool)
		spool_close(b->spool);
	b->core = NULL;
	b->spool = NULL;
	for (int i = 0; i < FILES_OPEN; i++)
		if (open_file[b->n][i])
			d_close(b, i);
}

/* The process is gone; with the power also what was not synced. */
static void end(struct box *b, bool power, const char *why)
{
	struct world *w = b->w;

	if (!b->on)
		return;
	world_note(w, "gateway %u: ends: %s", b->n, why);
	b->disk.dead = true;
	let_go(b);
	b->disk.dead = false;
	if (power)
		medium_cut(&b->disk, &w->rnd);
	pipe_connect_box(w, b->n, false);
	world_at(w, (int64_t)(500 + rnd_below(&w->rnd, 5000)) * MS, HAPPENS_BOX_START, b->n,
	         b->life, NULL);
}

static void start(struct box *b)
{
	const struct spool_options options = {.most_bytes = SPOOL_BYTES,
	                                      .reserve_bytes = SPOOL_BYTES / 8,
	                                      .segment_bytes = SEGMENT,
	                                      .keep_s = KEEP_S};
	struct core_out out = {b, can_out, publish_out, log_out};
	struct core_options core = {.version = "world", .last_stop = "killed"};
	struct disk disk = disk_of(b);
	struct core_bus bus = {.kind = "world", .up = true};
	struct moment at;
	enum err err;

	b->on = true;
	b->life++;
	b->born_us = world_us(b->w);
	at = now(b);
	core.boot = rnd_u64(&b->w->rnd) | 1;
	err = spool_open(&b->spool, &disk, &options);
	if (!err)
		err = core_new(&b->core, &core, &out, &disk, b->spool, &at);
	world_note(b->w, "gateway %u: start: %s", b->n, err_text(err));
	if (err) {
		end(b, false, "cannot start");
		return;
	}
	core_bus(b->core, &bus, &at);
	world_at(b->w, TICK_US, HAPPENS_BOX_TICK, b->n, b->life, NULL);
	world_at(b->w, (int64_t)rnd_below(&b->w->rnd, 2000) * MS, HAPPENS_BOX_LINK, b->n, b->life,
	         NULL);
}

/* What is in the spool now is promised. */
static void tell_oracle(struct box *b)
{
	uint64_t next = spool_next(b->spool);
	struct spool_entry entry;

	if (next <= b->seen + 1 || !spool_synced(b->spool))
		return;
	for (uint64_t index = b->seen + 1; index < next; index = entry.index + 1) {
		enum err err = spool_read(b->spool, index, &entry, b->body, sizeof b->body);

		if (err == ERR_NOT_FOUND)
			break;
		if (!err)
			oracle_durable(b->w, b->n, entry.boot, entry.seq, b->body, entry.len);
	}
	b->seen = next - 1;
}

static void settle(struct box *b)
{
	struct moment at = now(b);
	enum err err = core_settle(b->core, &at);

	if (err) {
		end(b, false, err_text(err));
		return;
	}
	tell_oracle(b);
}

static void tick(struct box *b)
{
	struct core_bus bus = {.kind = "world", .up = true};
	struct moment at = now(b);

	core_bus(b->core, &bus, &at);
	core_tick(b->core, &at);
	settle(b);
	if (b->on)
		world_at(b->w, TICK_US, HAPPENS_BOX_TICK, b->n, b->life, NULL);
}

bool box_listens(const struct box *b)
{
	return b->on && !b->hangs;
}

void box_frame(struct world *w, unsigned n, const struct can_msg *msg)
{
	struct box *b = w->box[n];
	struct moment at = now(b);

	if (!box_listens(b))
		return;
	core_frame(b->core, msg, &at);
	settle(b);
}

void box_message(struct world *w, unsigned n, enum channel channel, const struct parcel *p,
                 bool retained)
{
	struct box *b = w->box[n];
	struct moment at = now(b);

	if (!b->on || !b->link_up || b->hangs)
		return;
	core_message(b->core, channel == CHANNEL_ACK ? CORE_ACK : CORE_DOWN, p->bytes, p->len,
	             retained, &at);
	settle(b);
}

void box_link_lost(struct world *w, unsigned n)
{
	struct box *b = w->box[n];
	struct moment at = now(b);
	int64_t away_ms = 500 + rnd_below(&w->rnd, 8000);

	if (!b->on || !b->link_up)
		return;
	b->link_up = false;
	world_note(w, "gateway %u: connection lost", n);
	core_link(b->core, "world", &at);
	if (fault_hits(&w->faults, FAULT_LINK_AWAY, NODE_BOX + n))
		away_ms = AWAY_MS + fault_below(&w->faults, FAULT_LINK_AWAY, NODE_BOX + n, AWAY_MS);
	world_at(w, away_ms * MS, HAPPENS_BOX_LINK, n, b->life, NULL);
}

static void connect(struct box *b)
{
	struct moment at = now(b);

	if (b->link_up)
		return;
	b->link_up = true;
	world_note(b->w, "gateway %u: connected", b->n);
	core_link(b->core, NULL, &at);
	pipe_connect_box(b->w, b->n, true);
	settle(b);
}

bool box_drained(const struct box *b)
{
	struct spool_stats stats;

	if (!b->on)
		return false;
	spool_stats(b->spool, &stats);
	return stats.queued == 0;
}

void box_calm(struct world *w, unsigned n)
{
	struct box *b = w->box[n];

	b->eio_next = b->sync_next = false;
	b->clock_ms = 0; /* what it started with does not stay */
}

static void step_clock(struct box *b)
{
	static const int64_t steps_ms[CLOCK_STEPS] = {3000, -3000, 40000, -40000,
	                                              INT64_C(86400000) * 3650};
	uint32_t i =
	        fault_below(&b->w->faults, FAULT_GATEWAY_CLOCK, NODE_BOX + b->n, CLOCK_STEPS + 1);

	b->clock_ms = i == CLOCK_STEPS ? -world_wall_ms(b->w) : steps_ms[i];
}

static void trouble(struct box *b, enum mishap kind)
{
	struct faults *f = &b->w->faults;

	if (f->calm)
		return;
	world_trouble(b->w, HAPPENS_BOX_TROUBLE, kind, NODE_BOX + b->n);
	if (kind == FAULT_GATEWAY_SYNC)
		b->sync_next = true; /* counted when it hits */
	else if (kind == FAULT_GATEWAY_EIO)
		b->eio_next = true;
	else if (kind == FAULT_GATEWAY_FULL)
		b->full_until_us = world_us(b->w) + FULL_US;
	else
		fault_note(f, kind);
	if (kind == FAULT_GATEWAY_KILL || kind == FAULT_GATEWAY_POWER)
		end(b, kind == FAULT_GATEWAY_POWER, fault_name(kind));
	else if (kind == FAULT_GATEWAY_CLOCK)
		step_clock(b);
	else if (kind == FAULT_CAN_BABBLE)
		bus_babble(b->w, b->n, 8 * SECOND);
	else if (kind == FAULT_GATEWAY_PAUSE && b->on && !b->hangs) {
		b->hangs = true; /* its next tick ends that */
		b->life++;
		world_at(b->w, (int64_t)fault_below(f, kind, NODE_BOX + b->n, 40000) * MS + SECOND,
		         HAPPENS_BOX_TICK, b->n, b->life, NULL);
	} else if (kind == FAULT_LINK_CUT) {
		box_link_lost(b->w, b->n);
		pipe_connect_box(b->w, b->n, false);
	}
}

void box_happens(struct world *w, unsigned n, const struct happening *h)
{
	struct box *b = w->box[n];

	if (h->kind == HAPPENS_BOX_TROUBLE) {
		trouble(b, (enum mishap)h->arg);
	} else if (h->arg != b->life) {
		return;
	} else if (h->kind == HAPPENS_BOX_START) {
		start(b);
	} else if (b->on && h->kind == HAPPENS_BOX_TICK) {
		bool woke = b->hangs;

		b->hangs = false;
		tick(b);
		if (woke && b->on && !b->link_up)
			world_at(w, MS, HAPPENS_BOX_LINK, n, b->life, NULL);
	} else if (b->on && h->kind == HAPPENS_BOX_LINK) {
		connect(b);
	}
}

void box_new(struct world *w, unsigned n)
{
	static const enum mishap troubles[] = {
	        FAULT_GATEWAY_KILL,  FAULT_GATEWAY_POWER, FAULT_GATEWAY_PAUSE,
	        FAULT_GATEWAY_FULL,  FAULT_GATEWAY_EIO,   FAULT_GATEWAY_SYNC,
	        FAULT_GATEWAY_CLOCK, FAULT_LINK_CUT,      FAULT_CAN_BABBLE};
	struct box *b = calloc(1, sizeof *b);

	assert(b != NULL);
	w->box[n] = b;
	b->w = w;
	b->n = n;
	medium_init(&b->disk);
	b->disk.fault = disk_fault;
	b->disk.ctx = b;
	world_at(w, (int64_t)rnd_below(&w->rnd, 2000) * MS, HAPPENS_BOX_START, n, 0, NULL);
	for (unsigned i = 0; i < sizeof troubles / sizeof *troubles; i++)
		world_trouble(w, HAPPENS_BOX_TROUBLE, troubles[i], NODE_BOX + n);
}

void box_free(struct world *w, struct box *b)
{
	(void)w;
	b->disk.dead = true;
	let_go(b);
	medium_free(&b->disk);
	free(b);
}
