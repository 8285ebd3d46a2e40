/* What the operations of the API share: the parts of the running web side. */
#ifndef PLATFORM_HTTP_CONTEXT_H
#define PLATFORM_HTTP_CONTEXT_H

#include "platform/http/limit.h"
#include "platform/http/request.h"
#include "platform/http/session_cache.h"
#include "platform/http/sse.h"

struct server;

struct http {
	struct platform *platform;
	struct server *server;
	struct sse *sse;
	struct listener listener;
	struct session_cache sessions;
	struct login_limit login_limit;
	struct request *once; /* requests whose Idempotency-Key is in flight */
	int console_fd;       /* folder of the console's files; -1: there is none */
	uint64_t logins_refused;
	char unknown_user_hash[PASSWORD_HASH_SIZE]; /* so that unknown names take as long */
	unsigned keepalive_ticks;
};

/* routes.c */
extern const struct route routes[];
extern const size_t route_count;

/* ---- the operations, a file per subject: api_*.c ---- */

void session_open(struct request *request);
void session_show(struct request *request);
void session_close(struct request *request);
void meters_list(struct request *request);
void meter_show(struct request *request);
void meter_readings(struct request *request);
void meter_events(struct request *request);
void command_create(struct request *request);
void command_show(struct request *request);
void meter_commands(struct request *request);
void devices_list(struct request *request);
void device_adopt(struct request *request);
void devices_import(struct request *request);
void gateways_list(struct request *request);
void audit_show(struct request *request);
void events_open(struct request *request);
void health_show(struct request *request);
void ready_show(struct request *request);
void metrics_show(struct request *request);
void openapi_show(struct request *request);
void console_file(struct request *request);

/* api_events.c: what pages hear. */
void events_effect(void *http, const struct effect *effect);
void events_live(void *http, const struct live_sample *const *samples, size_t count);
void events_tick(struct http *http); /* each second */
void events_end_session(struct http *http, const char *token_hash);

/* Who acts, for the audit. */
void actor_fill(struct actor *actor, const struct request *request, const char *reason);

#endif
