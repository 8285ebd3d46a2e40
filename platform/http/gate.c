#include "platform/http/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/api_key.h"
#include "platform/core/clock.h"
#include "platform/core/refused.h"
#include "platform/core/session.h"
#include "platform/http/api_gen.h"
#include "platform/http/context.h"
#include "platform/http/named.h"
#include "platform/http/server.h"
#include "platform/store/log.h"

/* ---- before the body ---- */

/* What changes something must come from our own page: a form or a foreign page cannot set a header
 * of its own (and the cookie is SameSite=Strict). */
static bool check_cross_site(struct request *request)
{
	const char *header;

	/* Nothing sends a key by itself, so a foreign page cannot use one. */
	if (request->method == METHOD_GET || request_header(request, "Authorization"))
		return true;
	header = request_header(request, "X-Wattle-Request");
	if (!header || strcmp(header, "1") != 0)
		return refuse(&request->refusal, PROBLEM_CROSS_SITE, "X-Wattle-Request",
		              "send the header X-Wattle-Request: 1");
	return true;
}

static bool check_type(struct request *request)
{
	const char *want = request->match.route->body_type;
	const char *type = request_header(request, "Content-Type");

	if (!want)
		return true;
	if (!type || strncasecmp(type, want, strlen(want)) != 0 ||
	    (type[strlen(want)] && !strchr("; ", type[strlen(want)])))
		return refuse(&request->refusal, PROBLEM_TYPE, "Content-Type", "%s", want);
	return true;
}

static bool is_console_path(const struct request *request)
{
	return request->method == METHOD_GET && strncmp(request->path, "/api/", 5) != 0;
}

bool gate_begin(struct request *request)
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
	return check_cross_site(request) && check_type(request);
}

/* ---- headers of the operation ---- */

static bool read_idempotency_key(struct request *request)
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

/* "v17" or "v17.<hash>": what answer_version gave. An edit starts from the version. */
static bool read_version(struct request *request)
{
	const char *text = request_header(request, "If-Match");
	char number[24];
	size_t len, digits;

	if (!request->match.route->versioned)
		return true;
	if (!text)
		return refuse(&request->refusal, PROBLEM_NEEDS_VERSION, "If-Match",
		              "send the ETag of the version that you read");
	len = strlen(text);
	if (len < 4 || memcmp(text, "\"v", 2) != 0 || text[len - 1] != '"')
		return refuse(&request->refusal, PROBLEM_OTHER_VERSION, "If-Match",
		              "not a version of this object");
	digits = strcspn(text + 2, ".\"");
	if (digits >= sizeof number ||
	    digits + 3 + strspn(text + 2 + digits, ".0123456789abcdef") != len)
		return refuse(&request->refusal, PROBLEM_OTHER_VERSION, "If-Match",
		              "not a version of this object");
	memcpy(number, text + 2, digits);
	number[digits] = '\0';
	if (!decimal_parse(number, INT64_MAX, &request->version))
		return refuse(&request->refusal, PROBLEM_OTHER_VERSION, "If-Match",
		              "not a version of this object");
	return true;
}

/* ---- parameters and body ---- */

static void *alloc_here(void *arg, size_t size)
{
	return request_alloc(arg, size);
}

static bool read_values(struct request *request)
{
	static const struct body_object nothing = {0, NULL, 0};
	const struct route *route = request->match.route;
	const struct body_memory memory = {alloc_here, request};
	struct refusal *refusal = &request->refusal;

	if (!query_parse(&request->query, request->query_text, refusal))
		return false;
	request->args = query_bind(route->query ? route->query : &nothing, &request->query, &memory,
	                           refusal);
	if (!request->args)
		return false;
	if (route->body != BODY_JSON)
		return true;
	request->json =
	        body_parse(route->object, request->body, request->body_len, &memory, refusal);
	return request->json != NULL;
}

static void run(struct request *request)
{
	if (read_idempotency_key(request) && read_version(request) && read_values(request)) {
		named_note_filters(request);
		request->match.route->handle(request);
	} else {
		answer_refusal(request);
	}
}

/* ---- may he? ---- */

/* Lines about refusals are bounded: whoever tries a million numbers fills no disk with it. */
#define REFUSED_LINES_PER_MINUTE 120

static void refused_done(void *arg, enum err err)
{
	if (err)
		log_warn("http: no audit line of a refused request: %s", err_text(err));
	free(arg);
}

bool gate_may_note(struct http *http)
{
	int64_t minute = clock_mono_ms() / 60000;

	if (minute != http->refused_minute) {
		http->refused_minute = minute;
		http->refused_lines = 0;
	}
	return http->refused_lines++ < REFUSED_LINES_PER_MINUTE;
}

void gate_write(struct http *http, const struct refused_request *line)
{
	struct refused_request *r = malloc(sizeof *r);

	if (!r)
		return;
	*r = *line;
	if (writer_submit(http->platform->writer, access_refused_step, r, refused_done, r))
		refused_done(r, ERR_FULL);
}

void gate_line(const struct request *request, const struct place *place, const char *object,
               bool seen, struct refused_request *line)
{
	memset(line, 0, sizeof *line);
	actor_fill(&line->actor, request, "");
	line->place = *place;
	snprintf(line->object, sizeof line->object, "%s", object);
	snprintf(line->detail, sizeof line->detail, "%s: %s", request->match.route->name,
	         seen ? "forbidden" : "not visible");
}

/* The answer does not wait for the line, or its delay would tell that the object exists. */
static void note_refused(struct request *request, const struct place *place, const char *object,
                         bool seen)
{
	struct refused_request line;

	if (request->refusal_noted)
		return;
	request->refusal_noted = true;
	request->http->access_refused++;
	if (!gate_may_note(request->http))
		return;
	gate_line(request, place, object, seen, &line);
	gate_write(request->http, &line);
}

/* The last thing that the path names by a number or as a place: "customer 17". */
static void innermost(const struct route_match *match, char *to, size_t size)
{
	to[0] = '\0';
	for (size_t i = 0; i < match->route->param_count; i++)
		if (match->route->param[i].kind != PARAM_TEXT)
			snprintf(to, size, "%s %s", match->route->param[i].name,
			         match->param[i].text);
}

void gate_note_refused(struct request *request, enum err err)
{
	const char *path = request->path;
	char object[64];

	if (!request->logged_in)
		return;
	if (err == ERR_HIDDEN)
		named_note_places(request);
	if (request->refusal_noted)
		return;
	innermost(&request->match, object, sizeof object);
	if (!object[0])
		utf8_copy(object, sizeof object,
		          strncmp(path, "/api/v1/", 8) == 0 ? path + 8 : path);
	note_refused(request, &request->place, object, err == ERR_FORBIDDEN);
}

static int64_t now_s(const struct request *request)
{
	return request->now_ms / 1000;
}

bool gate_sees(const struct request *request, const struct place *place)
{
	return access_sees(&request->access, place, now_s(request));
}

bool gate_shows(const struct request *request, enum permission permission,
                const struct place *place)
{
	return access_allows(&request->access, permission, place, now_s(request));
}

void gate_note(struct request *request, const struct place *place, const char *object)
{
	note_refused(request, place, object, access_sees(&request->access, place, now_s(request)));
}

static void refuse_at(struct request *request, const struct place *place, const char *object)
{
	bool seen = access_sees(&request->access, place, now_s(request));

	note_refused(request, place, object, seen);
	answer_err(request, seen ? ERR_FORBIDDEN : ERR_NOT_FOUND);
}

bool gate_allows(struct request *request, enum permission permission, const struct place *place,
                 const char *object)
{
	if (access_allows(&request->access, permission, place, now_s(request)))
		return true;
	refuse_at(request, place, object);
	return false;
}

bool gate_reaches(struct request *request, enum permission permission, const struct place *place,
                  const char *object)
{
	if (access_reaches(&request->access, permission, place, now_s(request)))
		return true;
	refuse_at(request, place, object);
	return false;
}

/* At the place of the path, or for some routes anywhere below it. */
static bool may_here(struct request *request, const char *object)
{
	const struct route *route = request->match.route;

	if (!route->below)
		return gate_allows(request, route->permission, &request->place, object);
	return gate_reaches(request, route->permission, &request->place, object);
}

/* Login alone is enough, but not for places that one does not see. */
static bool sees_place(struct request *request, const char *object)
{
	if (access_sees(&request->access, &request->scope.place, now_s(request)))
		return true;
	note_refused(request, &request->scope.place, object, false);
	answer_err(request, ERR_NOT_FOUND);
	return false;
}

static bool may_somewhere(struct request *request, enum permission permission)
{
	if (access_anywhere(&request->access, permission, now_s(request)))
		return true;
	answer_err(request, ERR_FORBIDDEN);
	return false;
}

static bool may_enter(struct request *request)
{
	const struct route *route = request->match.route;
	char object[64];

	/* What is public tells nobody which places there are: its handler has only the number. */
	if (!route_read_params(&request->match) ||
	    (!scope_find(request->http->platform->dir, &request->match, &request->scope) &&
	     route->access != ROUTE_PUBLIC)) {
		answer_err(request, ERR_NOT_FOUND);
		return false;
	}
	request->place = request->scope.place;
	scope_text(&request->match, object, sizeof object);
	switch (route->access) {
	case ROUTE_PUBLIC:
	case ROUTE_LOCAL:
		return true;
	case ROUTE_LOGIN:
		return !request->scope.named || sees_place(request, object);
	case ROUTE_PERMISSION:
		break;
	}
	if (request->scope.named)
		return may_here(request, object);
	return may_somewhere(request, route->permission);
}

/* With a password that somebody else gave, or without the second factor that a role wants, a person
 * can only put that right. */
static bool is_settled(struct request *request)
{
	static const char *const open[] = {"session_show", "session_close", "password_change",
	                                   "totp_start", "totp_confirm"};

	if (!request->user.must_change && !request->totp_missing)
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(open); i++)
		if (strcmp(request->match.route->name, open[i]) == 0)
			return true;
	if (request->user.must_change)
		answer_problem(request, PROBLEM_PASSWORD_CHANGE, NULL,
		               "POST /api/v1/session/password");
	else
		answer_problem(request, PROBLEM_FACTOR_NEEDED, NULL, "POST /api/v1/session/totp");
	return false;
}

static void enter(struct request *request)
{
	if (is_settled(request) && may_enter(request))
		run(request);
}

/* ---- who is it? ---- */

static void refuse_login(struct request *request)
{
	if (request->match.route->access == ROUTE_LOCAL && request->local)
		enter(request);
	else
		answer_problem(request, PROBLEM_LOGIN_NEEDED, NULL, "no session, or it has ended");
}

struct look_up {
	struct session session;
	uint64_t version; /* of the cache, before the store was asked */
	char token_hash[TOKEN_HASH_SIZE];
	int64_t now_s;
	void (*then)(struct request *request);
};

static enum err find_session(struct reader *reader, void *arg)
{
	struct look_up *look = arg;

	return principal_find(reader->db, look->token_hash, look->now_s, &look->session);
}

static void set_session(struct request *request, const struct session *session)
{
	request->logged_in = true;
	request->user = session->user;
	/* Most people hold one grant or two of the 32 that there is room for. */
	memcpy(&request->access, &session->access,
	       offsetof(struct access, grant) +
	               session->access.count * sizeof session->access.grant[0]);
	request->session_id = session->session_id;
	request->totp_missing = session->totp_missing;
}

static void seen_done(void *arg, enum err err)
{
	(void)err;
	free(arg);
}

/* "Last seen" is written now and then, not with each request. */
static void note_seen(struct request *request, const struct session *session)
{
	int64_t *session_id;

	if (!session->session_id || session->seen_s + SESSION_SEEN_S > now_s(request))
		return;
	session_id = malloc(sizeof *session_id);
	if (!session_id)
		return;
	*session_id = session->session_id;
	if (writer_submit_bulk(request->http->platform->writer, session_seen_step, session_id,
	                       seen_done, session_id))
		free(session_id);
}

static void use_noted(void *arg, enum err err)
{
	(void)err; /* the next use will do */
	free(arg);
}

static void note_use(struct request *request)
{
	struct api_key_request *use = calloc(1, sizeof *use);

	if (!use)
		return;
	use->row.key_id = request->access.key_id;
	if (writer_submit_bulk(request->http->platform->writer, api_key_used_step, use, use_noted,
	                       use))
		free(use);
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
		if (look->session.note_use)
			note_use(request);
		session_cache_put(&request->http->sessions, request->token_hash, &look->session,
		                  look->version, clock_mono_ms());
		note_seen(request, &look->session);
		look->then(request);
	}
}

static void look_up(struct request *request, void (*then)(struct request *request))
{
	struct look_up *look = request_alloc(request, sizeof *look);

	if (!look) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	look->then = then;
	look->version = request->http->sessions.version;
	look->now_s = request->now_ms / 1000;
	memcpy(look->token_hash, request->token_hash, sizeof look->token_hash);
	request_read(request, find_session, look, session_found);
}

/* A key in the header is taken alone: a cookie that comes along gives no rights then. */
static bool hash_token(struct request *request)
{
	const char *header = request_header(request, "Authorization");
	char key[API_KEY_SIZE], token[SESSION_TOKEN_SIZE];

	if (header && !api_key_header(header, key))
		return false;
	if (!header && !cookie_token(request_header(request, "Cookie"), token, sizeof token))
		return false;
	session_token_hash(header ? key : token, request->token_hash);
	return true;
}

/* Whether he may do it is asked when the body is there; who he is, before. */
bool gate_admit(struct request *request)
{
	if (request->match.route->access == ROUTE_PUBLIC)
		return true;
	if (!hash_token(request))
		refuse_login(request);
	else if (session_cache_get(&request->http->sessions, request->token_hash, clock_mono_ms()))
		return true;
	else
		look_up(request, server_admit);
	return false;
}

void gate_enter(struct request *request)
{
	const struct route *route = request->match.route;
	const struct session *session;

	if (!route) {
		console_file(request);
	} else if (route->access == ROUTE_PUBLIC) {
		enter(request);
	} else if (!hash_token(request)) {
		refuse_login(request);
	} else {
		session = session_cache_get(&request->http->sessions, request->token_hash,
		                            clock_mono_ms());
		if (session) {
			set_session(request, session);
			enter(request);
		} else {
			look_up(request, enter);
		}
	}
}
