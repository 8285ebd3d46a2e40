#include "platform/core/writer.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "platform/core/clock.h"
#include "platform/core/io.h"
#include "platform/core/metrics.h"
#include "platform/core/webhook.h"
#include "platform/store/day.h"
#include "platform/store/log.h"

/* A group that is run again: at first at once, then with the patience of a server's restart. */
#define RUNS_AGAIN     13
#define RUNS_AT_ONCE   3
#define PAUSE_SHORT_MS 10L
#define PAUSE_LONG_MS  500L

struct item {
	step_fn step;
	void *arg;
	done_fn done;
	void *done_arg;
	bool bulk;
	enum err err;
};

/* Steps that share a commit; travels to the I/O thread with their effects and answers. */
struct group {
	struct io_call call;
	struct writer *writer;
	struct effects effects;
	struct item *items;
	size_t count;
	int64_t since_ms;
};

struct writer {
	struct writer_config config;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;

	/* Steps of people and commands overtake batches, which may wait by the thousand after an
	 * outage; within each ring the order is that of submission. */
	struct ring {
		struct item *items;
		size_t head, waiting;
	} urgent, bulk;

	bool stop;

	/* the thread's own */
	struct tx tx;
	struct group *group;
	bool damaged; /* one file was committed and the other not: recover before anything else */
	bool disk_full;
};

/* ---- queue ---- */

static size_t waiting(const struct writer *w)
{
	return w->urgent.waiting + w->bulk.waiting;
}

static enum err submit(struct writer *w, struct item item)
{
	struct ring *ring = item.bulk ? &w->bulk : &w->urgent;
	enum err err = ERR_FULL;

	pthread_mutex_lock(&w->lock);
	if (ring->waiting < w->config.queue_max && !w->stop) {
		ring->items[(ring->head + ring->waiting++) % w->config.queue_max] = item;
		pthread_cond_signal(&w->wake);
		err = ERR_NONE;
	}
	metric_set(METRIC_WRITER_QUEUE, (int64_t)waiting(w));
	pthread_mutex_unlock(&w->lock);
	if (err)
		metric_add(METRIC_WRITER_REFUSED, 1);
	return err;
}

enum err writer_submit(struct writer *w, step_fn step, void *arg, done_fn done, void *done_arg)
{
	return submit(w, (struct item){step, arg, done, done_arg, false, ERR_NONE});
}

enum err writer_submit_bulk(struct writer *w, step_fn step, void *arg, done_fn done, void *done_arg)
{
	return submit(w, (struct item){step, arg, done, done_arg, true, ERR_NONE});
}

static struct timespec deadline_after(int64_t ms)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	ts.tv_sec += ms / 1000;
	ts.tv_nsec += ms % 1000 * 1000000;
	if (ts.tv_nsec >= 1000000000) {
		ts.tv_sec++;
		ts.tv_nsec -= 1000000000;
	}
	return ts;
}

enum next { NEXT_ITEM, NEXT_COMMIT, NEXT_STOP };

static int64_t wait_left_ms(const struct writer *w)
{
	return w->group->since_ms + w->config.group_ms - clock_mono_ms();
}

/* Whether the open group should be committed now that no more steps wait. */
static bool group_ready(const struct writer *w)
{
	return w->group->effects.hurry || wait_left_ms(w) <= 0;
}

static enum next next_item(struct writer *w, struct item *item)
{
	enum next next = NEXT_ITEM;

	pthread_mutex_lock(&w->lock);
	while (!waiting(w)) {
		bool open = w->group && w->group->count;

		if (open && (w->stop || group_ready(w))) {
			next = NEXT_COMMIT;
			break;
		}
		if (w->stop) {
			next = NEXT_STOP;
			break;
		}
		if (open) {
			struct timespec until = deadline_after(wait_left_ms(w));

			pthread_cond_timedwait(&w->wake, &w->lock, &until);
		} else {
			pthread_cond_wait(&w->wake, &w->lock);
		}
	}
	/* A group in which somebody waits is not filled up with batches. */
	if (next == NEXT_ITEM && !w->urgent.waiting && w->group && w->group->effects.hurry)
		next = NEXT_COMMIT;
	if (next == NEXT_ITEM) {
		struct ring *ring = w->urgent.waiting ? &w->urgent : &w->bulk;

		*item = ring->items[ring->head];
		ring->head = (ring->head + 1) % w->config.queue_max;
		ring->waiting--;
		metric_set(METRIC_WRITER_QUEUE, (int64_t)waiting(w));
	}
	pthread_mutex_unlock(&w->lock);
	return next;
}

/* ---- groups ---- */

static void group_answer(void *arg)
{
	struct group *group = arg;
	const struct writer_config *config = &group->writer->config;

	for (struct effect *e = group->effects.first; e; e = e->next)
		config->effects(config->effects_arg, e);
	for (size_t i = 0; i < group->count; i++)
		if (group->items[i].done)
			group->items[i].done(group->items[i].done_arg, group->items[i].err);
	effects_clear(&group->effects);
	free(group->items);
	free(group);
}

static void group_begin(struct writer *w)
{
	struct group *group = calloc(1, sizeof *group);

	if (group)
		group->items = calloc(w->config.group_max, sizeof *group->items);
	if (!group || !group->items) {
		log_error("writer: no memory");
		abort(); /* nothing is half done; systemd starts us again */
	}
	group->writer = w;
	group->call = (struct io_call){.fn = group_answer, .arg = group};
	group->since_ms = clock_mono_ms();
	effects_init(&group->effects);
	w->group = group;
}

static void group_send(struct writer *w)
{
	struct group *group = w->group;

	w->group = NULL;
	io_post(w->config.io, &group->call);
}

static void set_disk_full(struct writer *w, bool full)
{
	if (full != __atomic_load_n(&w->disk_full, __ATOMIC_RELAXED)) {
		if (full)
			log_error(
			        "store: the disk is full; new work is refused until there is room");
		else
			log_info("store: the disk has room again");
	}
	__atomic_store_n(&w->disk_full, full, __ATOMIC_RELAXED);
	metric_set(METRIC_DISK_FULL, full);
}

/* In both files and in memory. */
static void group_undo(struct writer *w)
{
	metric_add(METRIC_COMMIT_FAILED, 1);
	days_rollback(w->config.days);
	if (db_in_transaction(w->config.db) && db_exec(w->config.db, "ROLLBACK")) {
		log_error("store: rollback failed: %s", db_error_text(w->config.db));
		abort(); /* the file's own log undoes it at the next start */
	}
	w->tx.open = w->tx.savepoint = false;
	w->config.hooks.rolled_back(w->config.hooks.arg);
	effects_clear(&w->group->effects);
}

/* Undo everything and answer all steps with `err`. */
static void group_fail(struct writer *w, enum err err)
{
	group_undo(w);
	set_disk_full(w, err == ERR_DISK_FULL);
	if (err != ERR_DISK_FULL)
		log_error("store: a group of %zu steps failed: %s", w->group->count, err_text(err));
	for (size_t i = 0; i < w->group->count; i++)
		w->group->items[i].err = err;
	group_send(w);
}

/* The ground gave way: what other steps of the group wrote may be gone with this one. */
static bool fails_group(enum err err)
{
	return err == ERR_DISK_FULL || err == ERR_IO || err == ERR_DAMAGED || err == ERR_NOMEM ||
	       err == ERR_BUSY || err == ERR_CLOSED;
}

/* Nothing is wrong with the steps or the disk: PostgreSQL found two transactions in each other's
 * way, or the connection to it broke. */
static bool may_run_again(enum err err)
{
	return err == ERR_BUSY || err == ERR_CLOSED;
}

static enum err run_step(struct writer *w, const struct item *item)
{
	struct group *group = w->group;
	size_t effects_before = group->effects.count;
	enum err err = ERR_NONE, end;

	if (!item->bulk) {
		group->effects.hurry = true;
		err = tx_open(&w->tx);
	}
	if (!err)
		err = item->step(&w->tx, item->arg, clock_wall_ms(), &group->effects);
	if (!err && group->effects.directory) {
		group->effects.directory = false;
		err = w->config.hooks.changed(w->config.hooks.arg, &w->tx);
	}
	if (!err)
		err = webhook_note(&w->tx, &group->effects, effects_before, clock_wall_ms());
	if (err)
		effects_truncate(&group->effects, effects_before);
	end = err ? tx_undo(&w->tx) : tx_keep(&w->tx);
	metric_add(METRIC_STEPS, 1);
	if (end && !fails_group(err))
		err = end;
	if (err && w->tx.open && !db_in_transaction(w->config.db))
		err = fails_group(err) ? err : ERR_IO;
	return err;
}

static enum err run_all(struct writer *w)
{
	struct group *group = w->group;

	for (size_t i = 0; i < group->count; i++) {
		group->items[i].err = run_step(w, &group->items[i]);
		if (fails_group(group->items[i].err))
			return group->items[i].err;
	}
	return ERR_NONE;
}

/* Readings first: what the main file says about a batch may only follow it. */
static enum err commit_both(struct writer *w)
{
	bool readings = days_dirty(w->config.days);
	enum err err = days_commit(w->config.days);

	if (!err && w->tx.open) {
		err = db_exec(w->config.db, "COMMIT");
		/* An end that is not known may be a commit, of which memory would know nothing. */
		w->damaged = err && (readings || !may_run_again(err));
	}
	return err;
}

/* All steps of the group, from the first on, in a new transaction, and its commit. */
static enum err run_again(struct writer *w, enum err err)
{
	for (int i = 0; may_run_again(err) && !w->damaged && i < RUNS_AGAIN; i++) {
		const struct timespec pause = {
		        .tv_nsec = (i < RUNS_AT_ONCE ? PAUSE_SHORT_MS : PAUSE_LONG_MS) * 1000000L};

		group_undo(w);
		nanosleep(&pause, NULL);
		metric_add(METRIC_RUNS_AGAIN, 1);
		err = run_all(w);
		if (!err)
			err = commit_both(w);
	}
	return err;
}

static void group_end(struct writer *w, enum err err, bool written, int64_t start_us)
{
	if (err)
		err = run_again(w, err);
	if (err) {
		group_fail(w, err);
		return;
	}
	w->tx.open = false;
	w->config.hooks.committed(w->config.hooks.arg);
	if (written) {
		set_disk_full(w, false);
		metric_add(METRIC_COMMITS, 1);
		metric_add(METRIC_COMMIT_US, clock_mono_us() - start_us);
	}
	group_send(w);
}

static void group_commit(struct writer *w)
{
	int64_t start_us = clock_mono_us();
	bool written = w->tx.open || days_dirty(w->config.days);

	group_end(w, commit_both(w), written, start_us);
}

static void take(struct writer *w, const struct item *item)
{
	enum err err;

	if (!w->group)
		group_begin(w);
	w->group->items[w->group->count++] = *item;
	err = run_step(w, item);
	w->group->items[w->group->count - 1].err = err;
	if (fails_group(err))
		group_end(w, err, true, clock_mono_us());
	else if (w->group->count == w->config.group_max)
		group_commit(w);
}

/* After a commit of only one of the two files: bring memory and main file to what is on disk,
 * in a group of its own. */
static bool recover(struct writer *w)
{
	const struct writer_hooks *hooks = &w->config.hooks;
	enum err err;

	group_begin(w);
	err = tx_open(&w->tx);
	if (!err)
		err = hooks->recover(hooks->arg, &w->tx, clock_wall_ms(), &w->group->effects);
	if (!err)
		err = tx_keep(&w->tx);
	if (err) {
		group_fail(w, err);
		return false;
	}
	w->damaged = false;
	group_commit(w);
	return !w->damaged;
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	struct item item;

	for (;;) {
		switch (next_item(w, &item)) {
		case NEXT_ITEM:
			if (w->damaged && !recover(w)) {
				group_begin(w);
				w->group->items[w->group->count++] = item;
				group_fail(w, w->disk_full ? ERR_DISK_FULL : ERR_IO);
			} else {
				take(w, &item);
			}
			break;
		case NEXT_COMMIT:
			group_commit(w);
			break;
		case NEXT_STOP:
			return NULL;
		}
	}
}

static void rings_free(struct writer *w)
{
	free(w->urgent.items);
	free(w->bulk.items);
	free(w);
}

enum err writer_new(struct writer **out, const struct writer_config *config)
{
	struct writer *w = calloc(1, sizeof *w);
	pthread_condattr_t attr;

	*out = NULL;
	assert(config->group_max > 0 && config->queue_max > 0);
	if (!w)
		return ERR_NOMEM;
	w->config = *config;
	w->tx = (struct tx){.db = config->db, .days = config->days, .keys = config->keys};
	w->urgent.items = calloc(config->queue_max, sizeof *w->urgent.items);
	w->bulk.items = calloc(config->queue_max, sizeof *w->bulk.items);
	if (!w->urgent.items || !w->bulk.items) {
		rings_free(w);
		return ERR_NOMEM;
	}
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->wake, &attr);
	pthread_condattr_destroy(&attr);
	if (pthread_create(&w->thread, NULL, writer_main, w)) {
		rings_free(w);
		return ERR_NOMEM;
	}
	*out = w;
	return ERR_NONE;
}

void writer_stop(struct writer *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->wake);
	rings_free(w);
}

bool writer_disk_full(const struct writer *w)
{
	return __atomic_load_n(&w->disk_full, __ATOMIC_RELAXED);
}
