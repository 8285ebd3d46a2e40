/* Passwords, the second factor, sessions and invitations. */
#include "platform/http/login.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/clock.h"
#include "platform/core/password.h"
#include "platform/core/staff.h"
#include "platform/http/context.h"
#include "platform/http/show_people.h"

bool answer_no_person(struct request *request)
{
	if (request->user.user_id)
		return false;
	answer_err(request, ERR_FORBIDDEN);
	return true;
}

/* ---- how often ---- */

bool answer_wait(struct request *request, int64_t wait_s, const char *detail)
{
	char text[24];

	if (!wait_s)
		return false;
	snprintf(text, sizeof text, "%lld", (long long)wait_s);
	answer_header(request, "Retry-After", text);
	answer_problem(request, PROBLEM_TOO_MANY, NULL, detail);
	return true;
}

bool login_must_wait(struct request *request, const char *name)
{
	return answer_wait(request,
	                   login_limit_wait_s(&request->http->login_limit, request->origin, name,
	                                      clock_mono_ms()),
	                   "too many wrong passwords");
}

bool code_must_wait(struct request *request, const char *name)
{
	return answer_wait(request,
	                   code_limit_wait_s(&request->http->login_limit, name, clock_mono_ms()),
	                   "too many wrong codes");
}

bool answer_wrong_code(struct request *request, bool good, const char *name)
{
	struct login_limit *limit = &request->http->login_limit;

	if (good) {
		code_limit_passed(limit, name);
		return false;
	}
	code_limit_failed(limit, name, clock_mono_ms());
	request->http->logins_refused++;
	answer_problem(request, PROBLEM_CODE_WRONG, "code", "wrong, or used before");
	return true;
}

bool answer_factor(struct request *request, enum login_end end, const char *name)
{
	switch (end) {
	case LOGIN_OPENED:
		return false;
	case LOGIN_CODE_NEEDED:
		answer_problem(request, PROBLEM_CODE_NEEDED, "code",
		               "send it with the same name and password");
		return true;
	case LOGIN_CODE_WRONG:
		break;
	}
	return answer_wrong_code(request, false, name);
}

bool answer_weak_password(struct request *request, const char *field, const char *password,
                          const char *name)
{
	const struct password_fault *fault = password_fault(password, name);
	char detail[160];

	if (!fault)
		return false;
	snprintf(detail, sizeof detail, "%s; %s", fault->en, fault->zh);
	answer_problem(request, PROBLEM_BAD_FIELD, field, detail);
	return true;
}

/* ---- one's own password ---- */

struct change {
	char old[1024], new[1024], name[USER_NAME_SIZE];
	int64_t user_id;
	bool good;
	struct password_request step;
};

static enum err hash_new(struct reader *reader, void *arg)
{
	struct change *change = arg;
	struct user_row user;
	enum err err = user_get(reader->db, change->user_id, &user);

	if (!err)
		change->good = password_verify(change->old, user.password_hash);
	if (!err && change->good) {
		memcpy(change->step.old_hash, user.password_hash, sizeof user.password_hash);
		err = password_hash(change->new, change->step.password_hash);
	}
	sodium_memzero(change->old, sizeof change->old);
	sodium_memzero(change->new, sizeof change->new);
	return err;
}

static enum err change_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct change *change = arg;

	return password_change_step(tx, &change->step, now_ms, out);
}

static void changed(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err)
		answer_err(request, err);
	else
		answer_empty(request, 204);
}

static void hashed(struct request *request, void *arg, enum err err)
{
	struct change *change = arg;

	if (err) {
		answer_err(request, err);
	} else if (!change->good) {
		login_limit_failed(&request->http->login_limit, request->origin, change->name,
		                   clock_mono_ms());
		answer_problem(request, PROBLEM_BAD_FIELD, "old", "not the present password");
	} else {
		login_limit_passed(&request->http->login_limit, request->origin, change->name);
		request_step(request, change_step, change, changed);
	}
}

void password_change(struct request *request)
{
	const struct body_password_change *body = password_change_body(request);
	struct change *change = request_alloc(request, sizeof *change);

	if (answer_no_person(request))
		return;
	if (!change) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (strcmp(body->old, body->new) == 0) {
		answer_problem(request, PROBLEM_BAD_FIELD, "new", "it is the old one");
		return;
	}
	if (answer_weak_password(request, "new", body->new, request->user.name) ||
	    login_must_wait(request, request->user.name))
		return;
	actor_fill(&change->step.actor, request, "");
	change->user_id = request->user.user_id;
	memcpy(change->name, request->user.name, sizeof change->name);
	utf8_copy(change->old, sizeof change->old, body->old);
	utf8_copy(change->new, sizeof change->new, body->new);
	request_slow(request, hash_new, change, hashed);
}

/* ---- the second factor ---- */

static void totp_started(struct request *request, void *arg, enum err err)
{
	struct totp_start *start = arg;
	char secret[TOTP_BASE32_SIZE], url[TOTP_URL_SIZE];

	if (err) {
		answer_err(request, err);
		return;
	}
	base32_encode(start->secret, sizeof start->secret, secret);
	totp_url("Wattle", request->user.name, secret, url);
	out_object(&request->out, NULL);
	out_text(&request->out, "secret", secret);
	out_text(&request->out, "url", url);
	out_object_end(&request->out);
	answer_json(request, 200);
	sodium_memzero(start->secret, sizeof start->secret);
	sodium_memzero(secret, sizeof secret);
	sodium_memzero(url, sizeof url);
}

void totp_start(struct request *request)
{
	struct totp_start *start = request_alloc(request, sizeof *start);

	if (answer_no_person(request))
		return;
	if (!start) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&start->actor, request, "");
	randombytes_buf(start->secret, sizeof start->secret);
	request_step(request, totp_start_step, start, totp_started);
}

static void totp_confirmed(struct request *request, void *arg, enum err err)
{
	struct totp_confirm *confirm = arg;

	if (err) {
		answer_err(request, err);
	} else if (!answer_wrong_code(request, confirm->good, request->user.name)) {
		out_object(&request->out, NULL);
		out_array(&request->out, "recovery_codes");
		for (size_t i = 0; i < RECOVERY_CODES; i++)
			out_text(&request->out, NULL, confirm->recovery[i]);
		out_array_end(&request->out);
		out_object_end(&request->out);
		answer_json(request, 200);
	}
	sodium_memzero(confirm->recovery, sizeof confirm->recovery);
}

void totp_confirm(struct request *request)
{
	struct totp_confirm *confirm = request_alloc(request, sizeof *confirm);

	if (answer_no_person(request))
		return;
	if (!confirm) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (code_must_wait(request, request->user.name))
		return;
	actor_fill(&confirm->actor, request, "");
	utf8_copy(confirm->code, sizeof confirm->code, totp_confirm_body(request)->code);
	recovery_codes_new(confirm->recovery);
	request_step(request, totp_confirm_step, confirm, totp_confirmed);
}

static void totp_removed(struct request *request, void *arg, enum err err)
{
	const struct totp_remove *remove = arg;

	if (err)
		answer_err(request, err);
	else if (!answer_wrong_code(request, remove->good, request->user.name))
		answer_empty(request, 204);
}

void totp_remove(struct request *request)
{
	struct totp_remove *remove = request_alloc(request, sizeof *remove);

	if (answer_no_person(request))
		return;
	if (!remove) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (code_must_wait(request, request->user.name))
		return;
	actor_fill(&remove->actor, request, "");
	remove->user_id = request->user.user_id;
	utf8_copy(remove->code, sizeof remove->code, totp_remove_body(request)->code);
	request_step(request, totp_remove_step, remove, totp_removed);
}

/* ---- sessions ---- */

struct sessions {
	struct request *request;
	int64_t user_id;
};

static void take_session(void *arg, const struct session_row *row)
{
	const struct sessions *sessions = arg;

	if (row->expires_s > sessions->request->now_ms / 1000)
		show_session_item(&sessions->request->out, row, sessions->request->session_id);
}

static enum err read_sessions(struct reader *reader, void *arg)
{
	struct sessions *sessions = arg;
	struct json_out *out = &sessions->request->out;
	struct user_row user;
	bool sees = false;
	enum err err = user_get(reader->db, sessions->user_id, &user);

	if (!err)
		err = staff_sees(reader->db, &sessions->request->access, &user,
		                 sessions->request->now_ms / 1000, &sees);
	if (err || !sees)
		return err ? err : ERR_HIDDEN;
	out_object(out, NULL);
	out_array(out, "items");
	err = session_list(reader->db, sessions->user_id, take_session, sessions);
	out_array_end(out);
	out_object_end(out);
	return err;
}

static void sessions_read(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err)
		answer_err(request, err);
	else
		answer_json(request, 200);
}

static void answer_sessions(struct request *request, int64_t user_id)
{
	struct sessions *sessions = request_alloc(request, sizeof *sessions);

	if (!sessions) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	sessions->request = request;
	sessions->user_id = user_id;
	request_read(request, read_sessions, sessions, sessions_read);
}

void sessions_list(struct request *request)
{
	if (!answer_no_person(request))
		answer_sessions(request, request->user.user_id);
}

void user_sessions(struct request *request)
{
	answer_sessions(request, request_number(request, "user"));
}

static void sessions_ended(struct request *request, void *arg, enum err err)
{
	if (err == ERR_BAD_INPUT)
		answer_problem(request, PROBLEM_BAD_FIELD, "reason", WHY_NO_REASON);
	else
		changed(request, arg, err);
}

static void end_sessions(struct request *request, int64_t session_id, int64_t user_id,
                         const char *reason)
{
	struct session_end *end = request_alloc(request, sizeof *end);

	if (!end) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&end->actor, request, reason);
	end->session_id = session_id;
	end->user_id = user_id;
	request_step(request, session_end_step, end, sessions_ended);
}

void session_end(struct request *request)
{
	const struct query_session_end *query = session_end_query(request);

	end_sessions(request, request_number(request, "session"), 0,
	             query->has_reason ? query->reason : "");
}

void user_sessions_end(struct request *request)
{
	end_sessions(request, 0, request_number(request, "user"),
	             user_sessions_end_query(request)->reason);
}

/* ---- invitations ---- */

struct invited {
	char token_hash[TOKEN_HASH_SIZE];
	char password[1024];
	int64_t now_s;
	struct user_row user;
	struct invitation_use use;
};

/* What is not there costs a try, as a wrong password does. */
static void answer_no_invitation(struct request *request, enum err err)
{
	if (err != ERR_AUTH) {
		answer_err(request, err);
		return;
	}
	login_limit_failed(&request->http->login_limit, request->origin, "invitation",
	                   clock_mono_ms());
	answer_problem(request, PROBLEM_NOT_FOUND, "token", "it was used, or its time is over");
}

static enum err find_invited(struct reader *reader, void *arg)
{
	struct invited *invited = arg;

	return invitation_find(reader->db, invited->token_hash, invited->now_s, &invited->user);
}

static void looked(struct request *request, void *arg, enum err err)
{
	const struct invited *invited = arg;
	struct json_out *out = &request->out;

	if (err) {
		answer_no_invitation(request, err);
		return;
	}
	out_object(out, NULL);
	out_text(out, "name", invited->user.name);
	out_text(out, "full_name", invited->user.full_name);
	out_text(out, "lang", invited->user.lang);
	out_bool(out, "second_factor", invited->user.totp_since_s != 0);
	out_object_end(out);
	answer_json(request, 200);
}

/* NULL: answered. */
static struct invited *invited_new(struct request *request, const char *token)
{
	struct invited *invited;

	if (login_must_wait(request, "invitation"))
		return NULL;
	invited = request_alloc(request, sizeof *invited);
	if (!invited) {
		answer_err(request, ERR_NOMEM);
		return NULL;
	}
	session_token_hash(token, invited->token_hash);
	invited->now_s = request->now_ms / 1000;
	return invited;
}

void invitation_look(struct request *request)
{
	struct invited *invited = invited_new(request, invitation_look_body(request)->token);

	if (invited)
		request_read(request, find_invited, invited, looked);
}

static enum err use_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct invited *invited = arg;

	return invitation_use_step(tx, &invited->use, now_ms, out);
}

static void used(struct request *request, void *arg, enum err err)
{
	struct invited *invited = arg;

	if (err)
		answer_no_invitation(request, err);
	else if (!answer_factor(request, invited->use.end, invited->user.name))
		answer_empty(request, 204);
}

static enum err hash_chosen(struct reader *reader, void *arg)
{
	struct invited *invited = arg;
	enum err err;

	(void)reader;
	err = password_hash(invited->password, invited->use.password_hash);
	sodium_memzero(invited->password, sizeof invited->password);
	return err;
}

static void chosen_hashed(struct request *request, void *arg, enum err err)
{
	if (err)
		answer_err(request, err);
	else
		request_step(request, use_step, arg, used);
}

static void found_for_use(struct request *request, void *arg, enum err err)
{
	struct invited *invited = arg;

	if (err)
		answer_no_invitation(request, err);
	else if (!answer_weak_password(request, "password", invited->password,
	                               invited->user.name) &&
	         !(invited->use.code[0] && code_must_wait(request, invited->user.name)))
		request_slow(request, hash_chosen, invited, chosen_hashed);
}

void invitation_use(struct request *request)
{
	const struct body_invitation_use *body = invitation_use_body(request);
	struct invited *invited = invited_new(request, body->token);

	if (!invited)
		return;
	utf8_copy(invited->password, sizeof invited->password, body->password);
	memcpy(invited->use.token_hash, invited->token_hash, sizeof invited->token_hash);
	snprintf(invited->use.actor.origin, sizeof invited->use.actor.origin, "%s",
	         request->origin);
	if (body->has_code)
		utf8_copy(invited->use.code, sizeof invited->use.code, body->code);
	request_read(request, find_invited, invited, found_for_use);
}
