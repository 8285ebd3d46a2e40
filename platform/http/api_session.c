/* Login, logout, who am I, and what I may change of myself. */
#include <stdio.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/clock.h"
#include "platform/core/password.h"
#include "platform/core/session.h"
#include "platform/core/staff.h"
#include "platform/http/context.h"
#include "platform/http/login.h"
#include "platform/http/show_people.h"

struct login {
	char name[256], password[1024];
	struct user_row user;
	bool known, good;
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

/* ---- who am I ---- */

struct whoami {
	struct request *request;
	int64_t user_id;
	struct user_row user;
	bool factor_missing;
	int64_t recovery_codes;
};

static uint64_t permissions_anywhere(const struct access *access)
{
	uint64_t permissions = 0;

	for (size_t i = 0; i < access->count; i++)
		permissions |= access->grant[i].permissions;
	return permissions;
}

static void write_session(struct json_out *out, const struct whoami *who,
                          const struct access *access)
{
	const struct user_row *user = &who->user;

	show_number(out, "user", user->user_id);
	out_text(out, "name", user->name);
	out_text(out, "full_name", user->full_name);
	out_text(out, "phone", user->phone);
	out_text(out, "lang", user->lang);
	show_number(out, "group", user->group_id);
	out_bool(out, "second_factor", user->totp_since_s != 0);
	out_int(out, "recovery_codes", who->recovery_codes);
	out_bool(out, "password_change_needed", user->must_change);
	out_bool(out, "second_factor_needed", who->factor_missing);
	show_permissions(out, permissions_anywhere(access));
}

static enum err read_whoami(struct reader *reader, void *arg)
{
	struct whoami *who = arg;
	struct json_out *out = &who->request->out;
	int64_t now_s = who->request->now_ms / 1000;
	struct access access;
	enum err err;

	err = user_get(reader->db, who->user_id, &who->user);
	if (!err)
		err = access_load_user(reader->db, who->user_id, now_s, &access);
	if (!err && !who->user.totp_since_s)
		err = factor_required(reader->db, who->user_id, now_s, &who->factor_missing);
	if (!err)
		err = recovery_count(reader->db, who->user_id, &who->recovery_codes);
	if (err)
		return err;
	out_object(out, NULL);
	write_session(out, who, &access);
	err = show_grants(out, reader->db, who->user_id, now_s);
	out_object_end(out);
	return err;
}

static void whoami_read(struct request *request, void *arg, enum err err)
{
	const struct whoami *who = arg;

	if (err) {
		answer_err(request, err);
		return;
	}
	answer_version(request, who->user.version);
	answer_json(request, 200);
}

static void answer_whoami(struct request *request, int64_t user_id)
{
	struct whoami *who = request_alloc(request, sizeof *who);

	if (!who) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	who->request = request;
	who->user_id = user_id;
	request_read(request, read_whoami, who, whoami_read);
}

void session_show(struct request *request)
{
	if (!answer_no_person(request))
		answer_whoami(request, request->user.user_id);
}

static void own_edited(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err)
		answer_err(request, err);
	else
		answer_whoami(request, request->user.user_id);
}

void session_edit(struct request *request)
{
	const struct body_own_edit *body = session_edit_body(request);
	struct user_edit *edit = request_alloc(request, sizeof *edit);

	if (answer_no_person(request))
		return;
	if (!edit) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&edit->actor, request, "");
	edit->user_id = request->user.user_id;
	edit->version = request->version;
	edit->members = (body->has_full_name ? USER_FULL_NAME : 0u) |
	                (body->has_phone ? USER_PHONE : 0u) | (body->has_lang ? USER_LANG : 0u);
	if (body->has_full_name)
		utf8_copy(edit->row.full_name, sizeof edit->row.full_name, body->full_name);
	if (body->has_phone)
		utf8_copy(edit->row.phone, sizeof edit->row.phone, body->phone);
	if (body->has_lang)
		utf8_copy(edit->row.lang, sizeof edit->row.lang, body->lang);
	request_step(request, user_edit_step, edit, own_edited);
}

/* ---- in ---- */

/* A name that nobody has, or that has no password yet, costs the same time as a wrong password. */
static enum err check_password(struct reader *reader, void *arg)
{
	struct login *login = arg;
	enum err err = user_by_name(reader->db, login->name, &login->user);

	if (err && err != ERR_NOT_FOUND)
		return err;
	login->known = !err && !login->user.disabled_s && login->user.password_hash[0];
	if (login->known)
		login->good = password_verify(login->password, login->user.password_hash);
	else
		err = password_hash(login->password, (char[PASSWORD_HASH_SIZE]){0});
	explicit_bzero(login->password, sizeof login->password);
	return login->known ? ERR_NONE : err;
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
	struct http *http = request->http;
	struct login *login = arg;

	if (err == ERR_AUTH) {
		login_refused(request, NULL, ERR_NONE);
	} else if (err) {
		answer_err(request, err);
	} else if (answer_factor(request, login->session.end, login->name)) {
		return;
	} else {
		login_limit_passed(&http->login_limit, request->origin, login->name);
		set_cookie(request, login->token, login->session.life_s);
		answer_whoami(request, login->user.user_id);
	}
}

static void login_checked(struct request *request, void *arg, enum err err)
{
	struct http *http = request->http;
	struct login *login = arg;

	if (err) {
		answer_err(request, err);
		return;
	}
	login->session.user_id = login->known ? login->user.user_id : 0;
	if (!login->good) {
		http->logins_refused++;
		login_limit_failed(&http->login_limit, request->origin, login->name,
		                   clock_mono_ms());
		request_step(request, session_refused_step, &login->session, login_refused);
		return;
	}
	if (login->session.code[0] && code_must_wait(request, login->name))
		return;
	session_token_new(login->token);
	session_token_hash(login->token, login->session.token_hash);
	login->session.life_s = http->platform->settings.session_hours * 3600;
	request_step(request, open_step, login, login_opened);
}

void session_open(struct request *request)
{
	const struct body_login *body = session_open_body(request);
	const char *agent = request_header(request, "User-Agent");
	struct login *login = request_alloc(request, sizeof *login);
	struct actor *actor;

	if (!login) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor = &login->session.actor;
	utf8_copy(login->name, sizeof login->name, body->name);
	utf8_copy(login->password, sizeof login->password, body->password);
	utf8_copy(actor->who, sizeof actor->who, body->name);
	snprintf(actor->origin, sizeof actor->origin, "%s", request->origin);
	utf8_copy(login->session.user_agent, sizeof login->session.user_agent, agent ? agent : "");
	if (body->has_code)
		utf8_copy(login->session.code, sizeof login->session.code, body->code);
	if (login_must_wait(request, login->name))
		return;
	request_slow(request, check_password, login, login_checked);
}

/* ---- out ---- */

static void session_closed(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err && err != ERR_NOT_FOUND) {
		answer_err(request, err);
		return;
	}
	session_cache_drop(&request->http->sessions, request->token_hash);
	set_cookie(request, "", 0);
	answer_empty(request, 204);
}

void session_close(struct request *request)
{
	struct session_end *session = request_alloc(request, sizeof *session);

	if (answer_no_person(request))
		return;
	if (!session) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&session->actor, request, "");
	session->session_id = request->session_id;
	request_step(request, session_end_step, session, session_closed);
}
