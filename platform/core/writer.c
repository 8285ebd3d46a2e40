#include "platform/core/writer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "platform/core/clock.h"
#include "platform/core/group.h"
#include "platform/core/io.h"
#include "platform/core/metrics.h"
#include "platform/store/log.h"

/* An ended group on its way to the I/O thread. */
struct answer {
	struct io_call call;
	struct group *group;
};

struct writer {
	struct groups groups;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;

	/* Steps of people and commands overtake batches, which may wait by the thousand after an
	 * outage; within each ring the order is that of submission. */
	struct ring {
		struct group_item *items;
		size_t head, waiting;
	} urgent, bulk;

	bool stop;
};

/* ---- queue ---- */

static size_t waiting(const struct writer *w)
{
	return w->urgent.waiting + w->bulk.waiting;
}

static enum err submit(struct writer *w, struct group_item item)
{
	struct ring *ring = item.bulk ? &w->bulk : &w->urgent;
	enum err err = ERR_FULL;

	pthread_mutex_lock(&w->lock);
	if (ring->waiting < w->groups.config.queue_max && !w->stop) {
		ring->items[(ring->head + ring->waiting++) % w->groups.config.queue_max] = item;
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
	return submit(w, (struct group_item){step, arg, done, done_arg, false, ERR_NONE});
}

enum err writer_submit_bulk(struct writer *w, step_fn step, void *arg, done_fn done, void *done_arg)
{
	return submit(w, (struct group_item){step, arg, done, done_arg, true, ERR_NONE});
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
	return groups_since_ms(&w->groups) + w->groups.config.group_ms - clock_mono_ms();
}

/* Whether the open group should be committed now that no more steps wait. */
static bool group_ready(const struct writer *w)
{
	return groups_hurries(&w->groups) || wait_left_ms(w) <= 0;
}

static enum next next_item(struct writer *w, struct group_item *item)
{
	enum next next = NEXT_ITEM;

	pthread_mutex_lock(&w->lock);
	while (!waiting(w)) {
		bool open = groups_waits(&w->groups);

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
	if (next == NEXT_ITEM && !w->urgent.waiting && groups_hurries(&w->groups))
		next = NEXT_COMMIT;
	if (next == NEXT_ITEM) {
		struct ring *ring = w->urgent.waiting ? &w->urgent : &w->bulk;

		*item = ring->items[ring->head];
		ring->head = (ring->head + 1) % w->groups.config.queue_max;
		ring->waiting--;
		metric_set(METRIC_WRITER_QUEUE, (int64_t)waiting(w));
	}
	pthread_mutex_unlock(&w->lock);
	return next;
}

/* ---- the thread ---- */

static void answer(void *arg)
{
	struct answer *answer = arg;

	group_answer(answer->group);
	free(answer);
}

static void ended(void *arg, struct group *group)
{
	struct writer *w = arg;
	struct answer *a = calloc(1, sizeof *a);

	if (!a) {
		log_error("writer: no memory");
		abort(); /* as after a kill: what is committed is asked for again */
	}
	*a = (struct answer){
	        .call = {.fn = answer, .arg = a},
                  .group = group
        };
	io_post(w->groups.config.io, &a->call);
}

/* Who is to stop waits for no server. */
static bool pause_ms(void *arg, int64_t ms)
{
	const struct timespec pause = {.tv_nsec = (long)ms * 1000000L};
	struct writer *w = arg;
	bool stop;

	nanosleep(&pause, NULL);
	pthread_mutex_lock(&w->lock);
	stop = w->stop;
	pthread_mutex_unlock(&w->lock);
	return !stop;
}

static void commit(struct writer *w)
{
	int64_t start_us = clock_mono_us();

	if (groups_commit(&w->groups))
		metric_add(METRIC_COMMIT_US, clock_mono_us() - start_us);
}

static void *writer_main(void *arg)
{
	struct writer *w = arg;
	struct group_item item;

	for (;;) {
		switch (next_item(w, &item)) {
		case NEXT_ITEM:
			groups_take(&w->groups, &item, clock_wall_ms(), clock_mono_ms());
			break;
		case NEXT_COMMIT:
			commit(w);
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
	w->groups.config = *config;
	w->groups.ended = ended;
	w->groups.ended_arg = w;
	w->groups.pause = pause_ms;
	groups_init(&w->groups);
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

bool writer_store_away(const struct writer *w)
{
	return __atomic_load_n(&w->groups.store_away, __ATOMIC_RELAXED);
}

bool writer_disk_full(const struct writer *w)
{
	return __atomic_load_n(&w->groups.disk_full, __ATOMIC_RELAXED);
}
