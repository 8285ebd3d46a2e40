/* Login, logout, who am I. */
#include <stdio.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/clock.h"
#include "platform/core/password.h"
#include "platform/core/session.h"
#include "platform/http/context.h"

struct login {
	char name[256], password[1024];
	struct user_row user;
	struct access access;
	int64_t now_s;
	bool known, good;
	char unknown_user_hash[PASSWORD_HASH_SIZE];
	char token[SESSION_TOKEN_SIZE];
	struct login_request session;
};

static void set_cookie(struct request *request, const char *token, int64_t life_s)
{
	char cookie[160];

	snprintf(cookie, sizeof cookie,
	         "wattle_session=%s; Path=/; HttpOnly; SameSite=Strict; Max-Age=%lld%s", token,
	         (long long)life_s, request->secure ? "; Secure" : "");
	answer_header(request, "Set-Cookie", cookie);
}

static void show_user(struct request *request)
{
	out_object(&request->out, NULL);
	out_text(&request->out, "name", request->user.name);
	out_text(&request->out, "role",
	         access_anywhere(&request->access, PERMISSION_SYSTEM, request->now_ms / 1000)
	                 ? "administrator"
	                 : "staff");
	out_text(&request->out, "lang", request->user.lang);
	out_object_end(&request->out);
	answer_json(request, 200);
}

/* A name that nobody has costs the same time as a wrong password. */
static enum err check_password(struct reader *reader, void *arg)
{
	struct login *login = arg;
	enum err err = user_by_name(reader->db, login->name, &login->user);

	if (err && err != ERR_NOT_FOUND)
		return err;
	login->known = !err && !login->user.disabled_s;
	login->good = password_verify(login->password, login->known ? login->user.password_hash
	                                                            : login->unknown_user_hash) &&
	              login->known;
	explicit_bzero(login->password, sizeof login->password);
	if (!login->good)
		return ERR_NONE;
	return access_load_user(reader->db, login->user.user_id, login->now_s, &login->access);
}

static void login_refused(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err)
		answer_err(request, err);
	else
		answer_problem(request, PROBLEM_LOGIN_WRONG, NULL, "no such name and password");
}

static enum err open_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct login *login = arg;

	return session_open_step(tx, &login->session, now_ms, out);
}

static void login_opened(struct request *request, void *arg, enum err err)
{
	struct login *login = arg;

	if (!err && login->session.end != LOGIN_OPENED)
		err = ERR_AUTH;
	if (err == ERR_AUTH) {
		login_refused(request, NULL, ERR_NONE);
		return;
	}
	if (err) {
		answer_err(request, err);
		return;
	}
	request->user = login->user;
	request->access = login->access;
	set_cookie(request, login->token, login->session.life_s);
	show_user(request);
}

static void login_checked(struct request *request, void *arg, enum err err)
{
	struct http *http = request->http;
	struct login *login = arg;

	if (err) {
		answer_err(request, err);
		return;
	}
	utf8_copy(login->session.actor.who, sizeof login->session.actor.who, login->name);
	snprintf(login->session.actor.origin, sizeof login->session.actor.origin, "%s",
	         request->origin);
	login->session.user_id = login->known ? login->user.user_id : 0;
	if (!login->good) {
		http->logins_refused++;
		login_limit_failed(&http->login_limit, request->origin, login->name,
		                   clock_mono_ms());
		request_step(request, session_refused_step, &login->session, login_refused);
		return;
	}
	login_limit_passed(&http->login_limit, request->origin, login->name);
	session_token_new(login->token);
	session_token_hash(login->token, login->session.token_hash);
	login->session.life_s = http->platform->settings.session_hours * 3600;
	request_step(request, open_step, login, login_opened);
}

void session_open(struct request *request)
{
	struct http *http = request->http;
	const struct body_login *body = session_open_body(request);
	struct login *login = request_alloc(request, sizeof *login);
	char wait[24];
	int64_t wait_s;

	if (!login) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	utf8_copy(login->name, sizeof login->name, body->name);
	utf8_copy(login->password, sizeof login->password, body->password);
	wait_s = login_limit_wait_s(&http->login_limit, request->origin, login->name,
	                            clock_mono_ms());
	if (wait_s) {
		snprintf(wait, sizeof wait, "%lld", (long long)wait_s);
		answer_header(request, "Retry-After", wait);
		answer_problem(request, PROBLEM_TOO_MANY, NULL, "too many wrong passwords");
		return;
	}
	login->now_s = request->now_ms / 1000;
	memcpy(login->unknown_user_hash, http->unknown_user_hash, PASSWORD_HASH_SIZE);
	request_read(request, check_password, login, login_checked);
}

void session_show(struct request *request)
{
	show_user(request);
}

static void session_closed(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err && err != ERR_NOT_FOUND) {
		answer_err(request, err);
		return;
	}
	session_cache_drop(&request->http->sessions, request->token_hash);
	events_end_session(request->http, request->token_hash);
	set_cookie(request, "", 0);
	answer_empty(request, 204);
}

void session_close(struct request *request)
{
	struct session_end *session = request_alloc(request, sizeof *session);

	if (!session) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&session->actor, request, "");
	session->session_id = request->session_id;
	request_step(request, session_end_step, session, session_closed);
}
