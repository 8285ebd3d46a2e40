#include "platform/core/io.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "platform/core/clock.h"

#define WATCHES 64
#define TIMERS  32
#define EVENTS  32

struct watch {
	int fd; /* -1: free */
	io_event_fn fn;
	void *arg;
};

struct io_timer {
	int64_t at_ms, every_ms; /* monotonic */
	io_fn fn;
	void *arg;
};

struct io {
	int epoll_fd, wake_fd;
	volatile bool stop;
	struct watch watches[WATCHES];
	struct io_timer timers[TIMERS];
	size_t timer_count;
	pthread_mutex_t lock; /* of the calls */
	struct io_call *first, **last;
};

enum err io_new(struct io **out)
{
	struct io *io = calloc(1, sizeof *io);
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

	*out = NULL;
	if (!io)
		return ERR_NOMEM;
	for (int i = 0; i < WATCHES; i++)
		io->watches[i].fd = -1;
	io->last = &io->first;
	pthread_mutex_init(&io->lock, NULL);
	io->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	io->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (io->epoll_fd < 0 || io->wake_fd < 0 ||
	    epoll_ctl(io->epoll_fd, EPOLL_CTL_ADD, io->wake_fd, &event)) {
		io_free(io);
		return ERR_IO;
	}
	*out = io;
	return ERR_NONE;
}

void io_free(struct io *io)
{
	if (!io)
		return;
	if (io->epoll_fd >= 0)
		close(io->epoll_fd);
	if (io->wake_fd >= 0)
		close(io->wake_fd);
	pthread_mutex_destroy(&io->lock);
	free(io);
}

static struct watch *watch_of(struct io *io, int fd)
{
	for (int i = 0; i < WATCHES; i++)
		if (io->watches[i].fd == fd)
			return &io->watches[i];
	return NULL;
}

enum err io_add(struct io *io, int fd, uint32_t epoll_events, io_event_fn fn, void *arg)
{
	struct watch *watch = watch_of(io, -1);
	struct epoll_event event = {.events = epoll_events, .data.ptr = watch};

	assert(fd >= 0);
	if (!watch)
		return ERR_FULL;
	if (epoll_ctl(io->epoll_fd, EPOLL_CTL_ADD, fd, &event))
		return ERR_IO;
	*watch = (struct watch){.fd = fd, .fn = fn, .arg = arg};
	return ERR_NONE;
}

enum err io_change(struct io *io, int fd, uint32_t epoll_events)
{
	struct watch *watch = watch_of(io, fd);
	struct epoll_event event = {.events = epoll_events, .data.ptr = watch};

	if (!watch)
		return ERR_NOT_FOUND;
	return epoll_ctl(io->epoll_fd, EPOLL_CTL_MOD, fd, &event) ? ERR_IO : ERR_NONE;
}

void io_remove(struct io *io, int fd)
{
	struct watch *watch = fd >= 0 ? watch_of(io, fd) : NULL;

	if (!watch)
		return;
	/* A closed descriptor has left the set by itself. */
	(void)epoll_ctl(io->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
	*watch = (struct watch){.fd = -1};
}

struct io_timer *io_timer_add(struct io *io, int64_t first_ms, int64_t every_ms, io_fn fn,
                              void *arg)
{
	struct io_timer *timer = &io->timers[io->timer_count];

	assert(io->timer_count < TIMERS && every_ms > 0);
	*timer = (struct io_timer){clock_mono_ms() + first_ms, every_ms, fn, arg};
	io->timer_count++;
	return timer;
}

void io_timer_soon(struct io_timer *timer, int64_t ms)
{
	int64_t at_ms = clock_mono_ms() + ms;

	if (at_ms < timer->at_ms)
		timer->at_ms = at_ms;
}

void io_post(struct io *io, struct io_call *call)
{
	uint64_t one = 1;

	call->next = NULL;
	pthread_mutex_lock(&io->lock);
	*io->last = call;
	io->last = &call->next;
	pthread_mutex_unlock(&io->lock);
	(void)!write(io->wake_fd, &one, sizeof one);
}

static void run_calls(struct io *io)
{
	struct io_call *call, *next;
	uint64_t count;

	(void)!read(io->wake_fd, &count, sizeof count);
	pthread_mutex_lock(&io->lock);
	call = io->first;
	io->first = NULL;
	io->last = &io->first;
	pthread_mutex_unlock(&io->lock);
	for (; call; call = next) {
		next = call->next; /* the call may be freed by its function */
		call->fn(call->arg);
	}
}

/* Fires what is due; returns how long to sleep until the next one. */
static int run_timers(struct io *io)
{
	int64_t now_ms = clock_mono_ms(), next_ms = now_ms + 1000;

	for (size_t i = 0; i < io->timer_count; i++) {
		struct io_timer *timer = &io->timers[i];

		if (timer->at_ms <= now_ms) {
			/* From now, not from when it was due: a pause is not made up for. */
			timer->at_ms = now_ms + timer->every_ms;
			timer->fn(timer->arg);
		}
		if (timer->at_ms < next_ms)
			next_ms = timer->at_ms;
	}
	now_ms = clock_mono_ms();
	return next_ms > now_ms ? (int)(next_ms - now_ms) : 0;
}

void io_run_once(struct io *io)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(io->epoll_fd, events, EVENTS, run_timers(io));

	for (int i = 0; i < n; i++) {
		struct watch *watch = events[i].data.ptr;

		if (!watch)
			run_calls(io);
		else if (watch->fd >= 0) /* not removed by one before it */
			watch->fn(watch->arg, events[i].events);
	}
}

void io_run(struct io *io)
{
	while (!io->stop)
		io_run_once(io);
}

void io_drain(struct io *io)
{
	run_calls(io);
}

void io_stop(struct io *io)
{
	uint64_t one = 1;

	io->stop = true;
	(void)!write(io->wake_fd, &one, sizeof one);
}
