/* The I/O thread's event loop: epoll, timers, and calls posted from other threads. All functions
 * but io_post and io_stop belong to the I/O thread. */
#ifndef PLATFORM_CORE_IO_H
#define PLATFORM_CORE_IO_H

#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

struct io;

typedef void (*io_fn)(void *arg);
typedef void (*io_event_fn)(void *arg, uint32_t epoll_events);

MUST_USE enum err io_new(struct io **io);
void io_free(struct io *io);

/* Call `fn` when `fd` is ready for `epoll_events` (EPOLLIN, EPOLLOUT; level triggered). */
MUST_USE enum err io_add(struct io *io, int fd, uint32_t epoll_events, io_event_fn fn, void *arg);
MUST_USE enum err io_change(struct io *io, int fd, uint32_t epoll_events);
void io_remove(struct io *io, int fd);

/* Call `fn` each `every_ms`, first after `first_ms`. At most 32 timers; they live as the loop. */
struct io_timer;
struct io_timer *io_timer_add(struct io *io, int64_t first_ms, int64_t every_ms, io_fn fn,
                              void *arg);
/* Let it fire after `ms` from now, once out of turn. */
void io_timer_soon(struct io_timer *timer, int64_t ms);

/* From any thread: run fn(arg) on the I/O thread, in order of posting. Never fails and never
 * blocks: memory for the call is part of `call`, which the poster keeps until it ran. */
struct io_call {
	struct io_call *next;
	io_fn fn;
	void *arg;
};

void io_post(struct io *io, struct io_call *call);

/* Runs until io_stop (any thread; safe in a signal handler). */
void io_run(struct io *io);
/* One round: waits at most until the next timer. */
void io_run_once(struct io *io);
/* Run what was posted and return: at the end, when threads have been joined. */
void io_drain(struct io *io);
void io_stop(struct io *io);

#endif
