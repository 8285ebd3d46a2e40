#include "platform/http/http.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/core/clock.h"
#include "platform/http/context.h"
#include "platform/http/gate.h"
#include "platform/http/overview.h"
#include "platform/http/server.h"
#include "platform/store/log.h"

/* A head in 10 s, a body in 30 s more, a minute of silence between requests, and half a minute for
 * each piece of an answer. */
#define HEAD_MS 10000
#define BODY_MS 30000
#define IDLE_MS 60000
#define SEND_MS 30000

static void on_end(struct request *request)
{
	for (struct request **link = &request->http->once; *link; link = &(*link)->next_once)
		if (*link == request) {
			*link = request->next_once;
			return;
		}
}

void actor_fill(struct actor *actor, const struct request *request, const char *reason)
{
	snprintf(actor->who, sizeof actor->who, "%s", request->user.name);
	snprintf(actor->origin, sizeof actor->origin, "%s", request->origin);
	snprintf(actor->reason, sizeof actor->reason, "%s", reason);
	actor->user_id = request->user.user_id;
	actor->session_id = request->session_id;
	actor->key_id = request->access.key_id;
}

/* ---- start and stop ---- */

static void on_second(void *arg)
{
	events_tick(arg);
}

static enum err start_parts(struct http *http)
{
	const struct settings *settings = &http->platform->settings;
	const struct server_config config = {
	        .io = http->platform->io,
	        .listen = settings->http_listen,
	        .port = (uint16_t)settings->http_port,
	        .connections_max = (unsigned)settings->http_connections,
	        .per_address = (unsigned)settings->http_per_address,
	        .head_ms = HEAD_MS,
	        .body_ms = BODY_MS,
	        .idle_ms = IDLE_MS,
	        .send_ms = SEND_MS,
	        .http = http,
	        .begin = gate_begin,
	        .admit = gate_admit,
	        .dispatch = gate_enter,
	        .end = on_end,
	};

	http->sse = sse_new((size_t)settings->sse_clients, clock_wall_ms());
	http->watches = watches_new(http->platform->readers);
	if (!http->sse || !http->watches ||
	    !io_timer_add(http->platform->io, 1000, 1000, on_second, http))
		return ERR_NOMEM;
	return server_new(&http->server, &config);
}

enum err http_start(struct platform *platform, struct http **http)
{
	struct http *h = calloc(1, sizeof *h);
	const char *dir = platform->settings.console_dir;
	enum err err;

	if (!h)
		return ERR_NOMEM;
	h->platform = platform;
	h->console_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (h->console_fd < 0)
		log_warn("http: no console in %s: only the API is served", dir);
	err = start_parts(h);
	if (err) {
		http_stop(h);
		return err;
	}
	h->listener.arg = h;
	h->listener.effect = events_effect;
	h->listener.live = events_live;
	platform_listen(platform, &h->listener);
	log_info("http: listening on %s port %d", platform->settings.http_listen, http_port(h));
	*http = h;
	return ERR_NONE;
}

void http_stop(struct http *http)
{
	if (!http)
		return;
	if (http->server)
		server_free(http->server);
	sse_free(http->sse);
	watches_free(http->watches);
	overviews_free(http->overviews);
	if (http->console_fd >= 0)
		close(http->console_fd);
	free(http);
}

int http_port(const struct http *http)
{
	return server_port(http->server);
}
