/* What the operations of the API share: the parts of the running web side. */
#ifndef PLATFORM_HTTP_CONTEXT_H
#define PLATFORM_HTTP_CONTEXT_H

#include "platform/core/watch.h"
#include "platform/http/api_gen.h"
#include "platform/http/gate.h"
#include "platform/http/limit.h"
#include "platform/http/link_state.h"
#include "platform/http/request.h"
#include "platform/http/session_cache.h"
#include "platform/http/slow.h"
#include "platform/http/sse.h"

struct overviews;
struct server;

struct http {
	struct platform *platform;
	struct server *server;
	struct sse *sse;
	struct listener listener;
	struct session_cache sessions;
	struct link_state_cache link_state;
	struct overviews *overviews; /* NULL: nobody has asked yet */
	struct login_limit login_limit;
	struct slow_queue slow;
	bool proving;             /* an audit chain is being walked */
	struct watches *watches;  /* of what stays open */
	struct outflow *outflows; /* exports that are running */
	struct request *once;     /* requests whose Idempotency-Key is in flight */
	int console_fd;           /* folder of the console's files; -1: there is none */
	uint64_t logins_refused, access_refused;
	int64_t refused_minute; /* audit lines about refusals in this minute */
	unsigned refused_lines;
	int64_t looked_minute; /* looks for what is named (named.c) in this minute */
	unsigned looked;
	unsigned keepalive_ticks;
};

/* api_system.c: a file of the console. */
void console_file(struct request *request);

/* api_events.c: what pages hear. */
void events_effect(void *http, const struct effect *effect);
void events_live(void *http, const struct live_sample *const *samples, size_t count);
void events_tick(struct http *http); /* each second */

/* Who acts, for the audit. */
/* The detail of a problem about `reason`. */
#define WHY_NO_REASON "say why"
void actor_fill(struct actor *actor, const struct request *request, const char *reason);

#endif
