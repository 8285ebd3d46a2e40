#include "platform/http/http.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/core/clock.h"
#include "platform/core/session.h"
#include "platform/http/context.h"
#include "platform/http/server.h"
#include "platform/store/log.h"

/* A head in 10 s, a body in 30 s more, and a minute of silence between requests. */
#define HEAD_MS         10000
#define BODY_MS         30000
#define IDLE_MS         60000
#define CONNECTIONS_MAX 2000u

/* ---- before the body ---- */

/* What changes something must come from our own page: a form or a foreign page cannot set a header
 * of its own (and the cookie is SameSite=Strict). */
static bool check_cross_site(struct request *request)
{
	const char *header;

	if (request->method == METHOD_GET)
		return true;
	header = request_header(request, "X-Wattle-Request");
	if (!header || strcmp(header, "1") != 0)
		return refuse(&request->refusal, PROBLEM_CROSS_SITE, "X-Wattle-Request",
		              "send the header X-Wattle-Request: 1");
	return true;
}

static bool check_type(struct request *request)
{
	static const char *const types[] = {
	        [BODY_NONE] = NULL,
	        [BODY_JSON] = "application/json",
	        [BODY_CSV] = "text/csv",
	};
	const char *want = types[request->match.route->body];
	const char *type = request_header(request, "Content-Type");

	if (!want)
		return true;
	if (!type || strncasecmp(type, want, strlen(want)) != 0 ||
	    (type[strlen(want)] && !strchr("; ", type[strlen(want)])))
		return refuse(&request->refusal, PROBLEM_TYPE, "Content-Type", "%s", want);
	return true;
}

static bool check_idempotency_key(struct request *request)
{
	const char *key = request_header(request, "Idempotency-Key");
	size_t len = key ? strlen(key) : 0;

	if (!request->match.route->idempotent)
		return true;
	if (len < 8 || len > 64)
		return refuse(&request->refusal, PROBLEM_BAD_FIELD, "Idempotency-Key",
		              "a header with 8 to 64 characters, new for each operation");
	for (size_t i = 0; i < len; i++)
		if (key[i] <= ' ' || key[i] > '~')
			return refuse(&request->refusal, PROBLEM_BAD_FIELD, "Idempotency-Key",
			              "printable ASCII without blanks");
	memcpy(request->idempotency_key, key, len + 1);
	return true;
}

static bool is_console_path(const struct request *request)
{
	return request->method == METHOD_GET && strncmp(request->path, "/api/", 5) != 0;
}

static bool on_begin(struct request *request)
{
	char allowed[64];

	route_find(routes, route_count, request->method, request->path, &request->match);
	if (!request->match.route && request->match.other_method) {
		route_allowed(routes, route_count, request->path, allowed, sizeof allowed);
		answer_header(request, "Allow", allowed);
		return refuse(&request->refusal, PROBLEM_METHOD, NULL, "use %s", allowed);
	}
	if (!request->match.route)
		return is_console_path(request) ||
		       refuse(&request->refusal, PROBLEM_NOT_FOUND, NULL, "no such path");
	return check_cross_site(request) && check_type(request) && check_idempotency_key(request);
}

/* ---- who is it ---- */

static void run_handler(struct request *request)
{
	const struct route *route = request->match.route;

	if (route->permission >= 0 &&
	    !access_anywhere(&request->access, (enum permission)route->permission,
	                     request->now_ms / 1000))
		answer_problem(request, PROBLEM_FORBIDDEN, NULL,
		               permission_word((enum permission)route->permission));
	else
		route->handle(request);
}

static void refuse_login(struct request *request)
{
	if (request->match.route->permission == ROUTE_LOCAL && request->local)
		request->match.route->handle(request);
	else
		answer_problem(request, PROBLEM_LOGIN_NEEDED, NULL, "no session, or it has ended");
}

struct look_up {
	struct session session;
	uint64_t version; /* of the cache, before the store was asked */
	char token_hash[TOKEN_HASH_SIZE];
	int64_t now_s;
};

static enum err find_session(struct reader *reader, void *arg)
{
	struct look_up *look = arg;

	return session_find(reader->db, look->token_hash, look->now_s, &look->session);
}

static void set_session(struct request *request, const struct session *session)
{
	request->logged_in = true;
	request->user = session->user;
	request->access = session->access;
}

static void session_found(struct request *request, void *arg, enum err err)
{
	const struct look_up *look = arg;

	if (err == ERR_AUTH || err == ERR_NOT_FOUND || err == ERR_EXPIRED) {
		session_cache_drop(&request->http->sessions, request->token_hash);
		refuse_login(request);
	} else if (err) {
		answer_err(request, err);
	} else {
		set_session(request, &look->session);
		session_cache_put(&request->http->sessions, request->token_hash, &look->session,
		                  look->version, clock_mono_ms());
		run_handler(request);
	}
}

static void look_up(struct request *request)
{
	struct look_up *look = request_alloc(request, sizeof *look);

	if (!look) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	look->version = request->http->sessions.version;
	look->now_s = request->now_ms / 1000;
	memcpy(look->token_hash, request->token_hash, sizeof look->token_hash);
	request_read(request, find_session, look, session_found);
}

static void on_dispatch(struct request *request)
{
	const struct route *route = request->match.route;
	char token[SESSION_TOKEN_SIZE];
	struct session session;

	if (!route) {
		console_file(request);
	} else if (route->permission == ROUTE_PUBLIC) {
		route->handle(request);
	} else if (!cookie_token(request_header(request, "Cookie"), token, sizeof token)) {
		refuse_login(request);
	} else {
		session_token_hash(token, request->token_hash);
		if (session_cache_get(&request->http->sessions, request->token_hash,
		                      clock_mono_ms(), &session)) {
			set_session(request, &session);
			run_handler(request);
		} else {
			look_up(request);
		}
	}
}

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
	        .connections_max = CONNECTIONS_MAX,
	        .head_ms = HEAD_MS,
	        .body_ms = BODY_MS,
	        .idle_ms = IDLE_MS,
	        .http = http,
	        .begin = on_begin,
	        .dispatch = on_dispatch,
	        .end = on_end,
	};
	char token[SESSION_TOKEN_SIZE];
	enum err err;

	http->sse = sse_new((size_t)settings->sse_clients, clock_wall_ms());
	if (!http->sse || !io_timer_add(http->platform->io, 1000, 1000, on_second, http))
		return ERR_NOMEM;
	session_token_new(token);
	err = password_hash(token, http->unknown_user_hash);
	if (err)
		return err;
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
	if (http->console_fd >= 0)
		close(http->console_fd);
	free(http);
}

int http_port(const struct http *http)
{
	return server_port(http->server);
}
