/* The one thread that writes. Steps are queued, run in order, grouped into commits, and answered on
 * the I/O thread after the commit that holds them. */
#ifndef PLATFORM_CORE_WRITER_H
#define PLATFORM_CORE_WRITER_H

#include "platform/core/step.h"

struct writer;
struct io;
struct latest;

/* On the I/O thread, after the commit and after the step's effects: how it ended. ERR_DISK_FULL:
 * nothing was stored, the disk has no room; try later. `arg` of the step may now be freed. */
typedef void (*done_fn)(void *done_arg, enum err err);

/* State in memory that follows the store (platform/ingest). Called on the writer's thread. */
struct writer_hooks {
	void *arg;
	/* A step changed meters or gateways: those after it must see it. */
	enum err (*changed)(void *arg, struct tx *tx);
	void (*committed)(void *arg);   /* both files are synced */
	void (*rolled_back)(void *arg); /* nothing of the group is stored */
	/* After a commit of only one of the two files: bring memory and main file to what is on
	 * disk. Run before anything else, until it succeeds. */
	enum err (*recover)(void *arg, struct tx *tx, int64_t now_ms, struct effects *out);
};

struct writer_config {
	struct db *db; /* taken over by the thread until writer_free */
	struct days *days;
	const struct keys *keys;
	struct io *io;
	void (*effects)(void *arg, const struct effect *effect); /* on the I/O thread */
	void *effects_arg;
	struct writer_hooks hooks;
	int64_t group_ms;   /* bulk steps wait this long for company: 50 */
	unsigned group_max; /* or until so many are together: 64 */
	unsigned queue_max;
};

MUST_USE enum err writer_new(struct writer **writer, const struct writer_config *config);
/* Finishes what is queued, commits, joins the thread. Its last answers are then posted to the
 * I/O loop, which must still run them (io_drain) before writer_free. */
void writer_stop(struct writer *writer);
void writer_free(struct writer *writer);

/* From the I/O thread. ERR_FULL: the queue is full, nothing is kept and `done` is not called.
 * `done` may be NULL. */
MUST_USE enum err writer_submit(struct writer *writer, step_fn step, void *arg, done_fn done,
                                void *done_arg);
/* Without hurry and with a lazily opened main transaction: uplink batches. */
MUST_USE enum err writer_submit_bulk(struct writer *writer, step_fn step, void *arg, done_fn done,
                                     void *done_arg);

/* True while the last commit failed because the disk is full: /readyz says so. */
bool writer_store_away(const struct writer *w);
bool writer_disk_full(const struct writer *writer);

#endif
