/* Argon2id takes 0.1 s and 64 MiB: one at a time, a few may wait, the rest is told to come back. So
 * a storm of logins costs one reader thread and no more memory than one login. */
#ifndef PLATFORM_HTTP_SLOW_H
#define PLATFORM_HTTP_SLOW_H

#include "platform/http/request.h"

#define SLOW_WAITING_MAX 16

struct slow_job;

struct slow_queue {
	struct slow_job *first, **last;
	unsigned waiting;
	bool busy;
};

/* request_read for what hashes a password. False: answered 503. */
bool request_slow(struct request *request, read_fn fn, void *arg, request_done_fn done);

#endif
