/* Logins: one-time codes, passwords, sessions, the second factor, invitations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/core/keys.h"
#include "platform/core/password.h"
#include "platform/core/role.h"
#include "platform/core/session.h"
#include "platform/core/staff.h"
#include "platform/test/lab.h"

#define NOW_S (lab.now_ms / 1000)

static struct lab lab;
static int64_t anna; /* made before each test; her password hash is "hash" */
static const struct actor cli = {.reason = "test", .who = "cli:root", .local = true};

static int setup(void **state)
{
	struct user_create create = {
	        .actor = cli,
	        .row = {.name = "anna", .lang = "en", .password_hash = "hash", .group_id = 1}
        };

	(void)state;
	lab_setup(&lab);
	assert_int_equal(lab_step(&lab, user_create_step, &create, false), 0);
	anna = create.row.user_id;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

/* ---- arithmetic ---- */

static void codes_are_those_of_rfc_6238(void **state)
{
	static const struct {
		int64_t time_s;
		const char *code;
	} vectors[] = {
	        {59,          "287082"},
                {1111111109,  "081804"},
                {1111111111,  "050471"},
	        {1234567890,  "005924"},
                {2000000000,  "279037"},
                {20000000000, "353130"},
	};

	const uint8_t *secret = (const uint8_t *)"12345678901234567890";
	char code[TOTP_CODE_SIZE];
	int64_t step;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(vectors); i++) {
		totp_code(secret, vectors[i].time_s / TOTP_PERIOD_S, code);
		assert_string_equal(code, vectors[i].code);
		assert_true(totp_matches(secret, code, vectors[i].time_s, 0, &step));
		assert_int_equal(step, vectors[i].time_s / TOTP_PERIOD_S);
		/* a step early or late, not two; and never twice */
		assert_true(totp_matches(secret, code, vectors[i].time_s + 30, 0, &step));
		assert_true(totp_matches(secret, code, vectors[i].time_s - 30, -9, &step));
		assert_false(totp_matches(secret, code, vectors[i].time_s + 60, 0, &step));
		assert_false(totp_matches(secret, code, vectors[i].time_s, step, &step));
	}
	assert_false(totp_matches(secret, "28708", 59, 0, &step));
	assert_false(totp_matches(secret, "2870820", 59, 0, &step));
	assert_false(totp_matches(secret, "", 59, 0, &step));
}

static void base32_is_that_of_rfc_4648(void **state)
{
	static const char *const pairs[][2] = {
	        {"",       ""          },
	        {"f",      "MY"        },
	        {"fo",     "MZXQ"      },
	        {"foo",    "MZXW6"     },
	        {"foob",   "MZXW6YQ"   },
	        {"fooba",  "MZXW6YTB"  },
	        {"foobar", "MZXW6YTBOI"}
        };
	char text[32], url[TOTP_URL_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(pairs); i++) {
		base32_encode((const uint8_t *)pairs[i][0], strlen(pairs[i][0]), text);
		assert_string_equal(text, pairs[i][1]);
	}
	totp_url("Wattle", "a b/电", "MZXW6", url);
	assert_string_equal(url, "otpauth://totp/Wattle:a%20b%2F%E7%94%B5?secret=MZXW6"
	                         "&issuer=Wattle&algorithm=SHA1&digits=6&period=30");
}

static void bad_passwords_are_named(void **state)
{
	static const char *const bad[] = {
	        "short1!",       "电表电表电表电表电", "1234567890",   "aaaaaaaaaaaa",
	        "abcdefghijkl",  "9876543210",         "Password123!", "!!qwertyuiop!!",
	        "annaanna-1987", "x-Anna-likes-tea",   "abababababab",
	};
	static const char *const good[] = {"correct horse battery", "电表读数每月一次真好",
	                                   "k7m2-q9x4-t8w3", "Tr0ub4dor&3 xyz"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (!password_fault(bad[i], "anna"))
			fail_msg("%s passed", bad[i]);
	for (size_t i = 0; i < ARRAY_SIZE(good); i++)
		if (password_fault(good[i], "anna"))
			fail_msg("%s: %s", good[i], password_fault(good[i], "anna")->en);
	for (int i = 0; i < 20; i++) {
		char random[PASSWORD_RANDOM_SIZE];

		password_random(random);
		assert_null(password_fault(random, "anna"));
	}
}

/* ---- sessions ---- */

static enum login_end login(const char *token, const char *code, int64_t *session_id)
{
	struct login_request request = {
	        .actor = {.who = "anna", .origin = "192.0.2.7"},
	        .user_agent = "test",
	        .user_id = anna,
	        .life_s = 3600
        };

	session_token_hash(token, request.token_hash);
	snprintf(request.code, sizeof request.code, "%s", code);
	assert_int_equal(lab_step(&lab, session_open_step, &request, false), 0);
	if (session_id)
		*session_id = request.session_id;
	return request.end;
}

static enum err find(const char *token, struct session *session)
{
	char hash[TOKEN_HASH_SIZE];

	session_token_hash(token, hash);
	return session_find(lab.db, hash, NOW_S, session);
}

static void a_session_lives_until_it_ends(void **state)
{
	struct session_end end = {.actor = {.who = "anna"}};
	struct session session;
	struct user_row row;
	int64_t first, second;

	(void)state;
	assert_int_equal(login("one", "", &first), LOGIN_OPENED);
	assert_int_equal(login("two", "", &second), LOGIN_OPENED);
	assert_int_equal(find("one", &session), ERR_NONE);
	assert_int_equal(session.session_id, first);
	assert_int_equal(session.user.user_id, anna);
	assert_int_equal(find("three", &session), ERR_AUTH);
	assert_int_equal(user_get(lab.db, anna, &row), 0);
	assert_int_equal(row.login_s, NOW_S);

	/* Her other one, from here. */
	end.actor.user_id = anna;
	end.session_id = second;
	assert_int_equal(lab_step(&lab, session_end_step, &end, false), 0);
	assert_int_equal(lab_first(&lab, EFFECT_ACCESS)->u.access.user_id, anna);
	assert_int_equal(find("two", &session), ERR_AUTH);
	assert_int_equal(find("one", &session), ERR_NONE);
	assert_int_equal(lab_step(&lab, session_end_step, &end, false), ERR_NOT_FOUND);

	lab.now_ms += 3600 * 1000;
	assert_int_equal(find("one", &session), ERR_AUTH);
}

static void sessions_of_others_need_the_right(void **state)
{
	struct user_create create = {
	        .actor = cli, .row = {.name = "bert", .lang = "en", .group_id = 1}
        };
	struct grant_request grant = {.actor = cli};
	struct session_end end = {.actor = {.who = "bert"}};
	struct session session;
	int64_t id;

	(void)state;
	assert_int_equal(lab_step(&lab, user_create_step, &create, false), 0);
	end.actor.user_id = create.row.user_id;
	assert_int_equal(login("one", "", &id), LOGIN_OPENED);
	end.session_id = id;
	assert_int_equal(lab_step(&lab, session_end_step, &end, false), ERR_HIDDEN);

	grant.row = (struct grant_row){
	        .user_id = create.row.user_id, .role_id = ROLE_AUDITOR, .group_id = 1};
	assert_int_equal(lab_step(&lab, grant_add_step, &grant, false), 0);
	assert_int_equal(lab_step(&lab, session_end_step, &end, false), ERR_FORBIDDEN);

	grant.row = (struct grant_row){
	        .user_id = create.row.user_id, .role_id = ROLE_GROUP_ADMIN, .group_id = 1};
	assert_int_equal(lab_step(&lab, grant_add_step, &grant, false), 0);
	assert_int_equal(lab_step(&lab, session_end_step, &end, false), ERR_BAD_INPUT);
	snprintf(end.actor.reason, sizeof end.actor.reason, "lost");
	assert_int_equal(lab_step(&lab, session_end_step, &end, false), ERR_NONE);
	assert_int_equal(find("one", &session), ERR_AUTH);
}

static void a_disabled_person_is_out_at_once(void **state)
{
	struct user_edit edit = {.actor = cli, .user_id = anna, .members = USER_DISABLED};
	struct login_request again = {.actor = {.who = "anna"}, .user_id = anna, .life_s = 60};
	struct session session;

	(void)state;
	assert_int_equal(login("one", "", NULL), LOGIN_OPENED);
	edit.row.disabled_s = 1;
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), 0);
	assert_int_equal(lab_count(&lab, EFFECT_ACCESS), 1);
	assert_int_equal(find("one", &session), ERR_AUTH);
	assert_int_equal(lab_step(&lab, session_open_step, &again, false), ERR_AUTH);
	edit.row.disabled_s = 0;
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), 0);
	assert_int_equal(login("two", "", NULL), LOGIN_OPENED);
}

static void refused_logins_leave_lines_without_the_typed_name(void **state)
{
	struct login_request unknown = {.actor = {.who = "my secret typed in the wrong field"}},
	                     wrong = {.actor = {.who = "anna"}, .user_id = anna};

	(void)state;
	assert_int_equal(lab_step(&lab, session_refused_step, &unknown, false), 0);
	assert_int_equal(lab_step(&lab, session_refused_step, &wrong, false), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE result='refused'"), 2);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE who LIKE '%secret%'"
	                                  " OR detail LIKE '%secret%' OR object LIKE '%secret%'"),
	                 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE property_id=0"
	                                  " AND group_id=1 AND who='anna' AND result='refused'"),
	                 1);
}

static void a_new_password_ends_other_sessions(void **state)
{
	struct password_request change = {.actor = {.who = "anna"},
	                                  .old_hash = "hash",
	                                  .password_hash = "new"},
	                        give = {.actor = cli, .name = "anna", .password_hash = "given"};
	struct session session;

	(void)state;
	assert_int_equal(login("one", "", NULL), LOGIN_OPENED);
	assert_int_equal(login("two", "", &change.actor.session_id), LOGIN_OPENED);
	change.actor.user_id = anna;
	assert_int_equal(lab_step(&lab, password_change_step, &change, false), 0);
	assert_int_equal(find("one", &session), ERR_AUTH);
	assert_int_equal(find("two", &session), ERR_NONE);
	assert_false(session.user.must_change);
	assert_string_equal(session.user.password_hash, "new");
	/* somebody was faster */
	assert_int_equal(lab_step(&lab, password_change_step, &change, false), ERR_CONFLICT);

	assert_int_equal(lab_step(&lab, password_give_step, &give, false), 0);
	assert_int_equal(find("two", &session), ERR_AUTH);
	assert_int_equal(login("three", "", NULL), LOGIN_OPENED);
	assert_int_equal(find("three", &session), ERR_NONE);
	assert_true(session.user.must_change);
}

/* ---- the second factor ---- */

static const uint8_t secret[TOTP_SECRET_SIZE] = {9, 8, 7, 6, 5, 4, 3, 2, 1};

static void code_now(char code[FACTOR_CODE_SIZE])
{
	totp_code(secret, NOW_S / TOTP_PERIOD_S, code);
}

static void enrol(struct totp_confirm *confirm)
{
	struct totp_start start = {
	        .actor = {.who = "anna", .user_id = anna}
        };

	memcpy(start.secret, secret, sizeof secret);
	assert_int_equal(lab_step(&lab, totp_start_step, &start, false), 0);
	*confirm = (struct totp_confirm){.actor = start.actor};
	recovery_codes_new(confirm->recovery);
	code_now(confirm->code);
	assert_int_equal(lab_step(&lab, totp_confirm_step, confirm, false), 0);
	assert_true(confirm->good);
	assert_int_equal(lab_step(&lab, totp_start_step, &start, false), ERR_CONFLICT);
}

static void a_code_counts_once(void **state)
{
	struct totp_confirm confirm;
	char code[FACTOR_CODE_SIZE], before[FACTOR_CODE_SIZE];

	(void)state;
	enrol(&confirm);
	code_now(before);
	assert_int_equal(login("t1", "", NULL), LOGIN_CODE_NEEDED);
	assert_int_equal(login("t1", "000000", NULL), LOGIN_CODE_WRONG);
	/* The one that confirmed the secret is spent. */
	assert_int_equal(login("t1", before, NULL), LOGIN_CODE_WRONG);
	lab.now_ms += 30000;
	code_now(code);
	assert_int_equal(login("t1", code, NULL), LOGIN_OPENED);
	assert_int_equal(login("t2", code, NULL), LOGIN_CODE_WRONG);
	/* Nor does an older one count after a newer. */
	assert_int_equal(login("t2", before, NULL), LOGIN_CODE_WRONG);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE action='session.open'"
	                                  " AND result='refused'"),
	                 4);
}

static void a_recovery_code_counts_once(void **state)
{
	struct totp_confirm confirm;
	char lower[RECOVERY_CODE_SIZE];
	int64_t left;

	(void)state;
	enrol(&confirm);
	assert_int_equal(login("t1", confirm.recovery[3], NULL), LOGIN_OPENED);
	assert_int_equal(login("t2", confirm.recovery[3], NULL), LOGIN_CODE_WRONG);
	for (size_t i = 0; i < sizeof lower; i++)
		lower[i] = confirm.recovery[4][i] == '-'   ? ' '
		           : confirm.recovery[4][i] >= 'A' ? (char)(confirm.recovery[4][i] + 32)
		                                           : confirm.recovery[4][i];
	assert_int_equal(login("t3", lower, NULL), LOGIN_OPENED);
	assert_int_equal(recovery_count(lab.db, anna, &left), 0);
	assert_int_equal(left, RECOVERY_CODES - 2);
	assert_int_equal(login("t4", "AAAA-AAAA-AAAA-AAAA", NULL), LOGIN_CODE_WRONG);
}

static void the_second_factor_goes_by_code_or_manager(void **state)
{
	struct totp_remove remove = {
	        .actor = {.who = "anna", .user_id = anna},
                  .user_id = anna
        };
	struct totp_confirm confirm;

	(void)state;
	assert_int_equal(lab_step(&lab, totp_remove_step, &remove, false), ERR_NOT_FOUND);
	enrol(&confirm);
	snprintf(remove.code, sizeof remove.code, "123456");
	assert_int_equal(lab_step(&lab, totp_remove_step, &remove, false), 0);
	assert_false(remove.good);
	memcpy(remove.code, confirm.recovery[0], sizeof confirm.recovery[0]);
	assert_int_equal(lab_step(&lab, totp_remove_step, &remove, false), 0);
	assert_true(remove.good);
	assert_int_equal(login("t1", "", NULL), LOGIN_OPENED);

	lab.now_ms += 60000;
	enrol(&confirm);
	remove = (struct totp_remove){.actor = cli, .user_id = anna};
	remove.actor.reason[0] = '\0';
	assert_int_equal(lab_step(&lab, totp_remove_step, &remove, false), ERR_BAD_INPUT);
	remove.actor = cli;
	assert_int_equal(lab_step(&lab, totp_remove_step, &remove, false), 0);
	assert_int_equal(login("t2", "", NULL), LOGIN_OPENED);
}

static void a_role_may_want_a_second_factor(void **state)
{
	struct grant_request grant = {
	        .actor = cli,
	        .row = {.user_id = anna, .role_id = ROLE_CASHIER, .group_id = 1, .property_id = 1}
        };
	struct role_edit want = {
	        .actor = cli,
	        .set_totp = true,
	        .totp_required = true,
	        .row = {.role_id = ROLE_CASHIER, .group_id = 1}
        };
	struct totp_confirm confirm;
	struct session session;

	(void)state;
	assert_int_equal(lab_step(&lab, grant_add_step, &grant, false), 0);
	assert_int_equal(login("t1", "", NULL), LOGIN_OPENED);
	assert_int_equal(find("t1", &session), 0);
	assert_false(session.totp_missing);
	assert_int_equal(lab_step(&lab, role_edit_step, &want, false), 0);
	assert_int_equal(find("t1", &session), 0);
	assert_true(session.totp_missing);
	enrol(&confirm);
	assert_int_equal(find("t1", &session), 0);
	assert_false(session.totp_missing);
}

static void secrets_are_not_in_the_store_in_clear(void **state)
{
	struct totp_confirm confirm;
	struct totp_row row;
	uint8_t opened[TOTP_SECRET_SIZE];
	char plain[17];
	struct stmt *st;

	(void)state;
	enrol(&confirm);
	assert_int_equal(totp_get(lab.db, anna, &row), 0);
	assert_null(memmem(row.wrapped, sizeof row.wrapped, secret, sizeof secret));
	snprintf(plain, sizeof plain, "%.4s%.4s", confirm.recovery[0], confirm.recovery[0] + 5);
	st = db_query(lab.db, "SELECT count(*) FROM user_recovery WHERE code_hash LIKE ? || '%'");
	bind_text(st, plain);
	assert_true(stmt_row(st));
	assert_int_equal(col_i64(st), 0);
	assert_int_equal(stmt_end(st), 0);
	/* Copied to another person it does not open. */
	assert_int_not_equal(
	        secret_unwrap(lab.keys, "totp", "999", row.wrapped, sizeof row.wrapped, opened), 0);
}

/* ---- invitations ---- */

static enum err use(const char *token, const char *code, struct invitation_use *used)
{
	*used = (struct invitation_use){.password_hash = "chosen"};
	session_token_hash(token, used->token_hash);
	snprintf(used->code, sizeof used->code, "%s", code);
	return lab_step(&lab, invitation_use_step, used, false);
}

static void invite(const char *token)
{
	struct invitation_request request = {.actor = cli, .user_id = anna};

	session_token_hash(token, request.token_hash);
	assert_int_equal(lab_step(&lab, invitation_create_step, &request, false), 0);
	assert_int_equal(request.expires_s, NOW_S + INVITATION_LIFE_S);
}

static void an_invitation_is_used_once(void **state)
{
	struct invitation_use used;
	struct user_row row;

	(void)state;
	invite("link");
	assert_int_equal(use("other", "", &used), ERR_AUTH);
	assert_int_equal(use("link", "", &used), ERR_NONE);
	assert_int_equal(used.end, LOGIN_OPENED);
	assert_int_equal(user_get(lab.db, anna, &row), 0);
	assert_string_equal(row.password_hash, "chosen");
	assert_false(row.must_change);
	assert_int_equal(use("link", "", &used), ERR_AUTH);
}

static void an_invitation_ends(void **state)
{
	struct user_edit edit = {.actor = cli, .user_id = anna, .members = USER_DISABLED};
	struct invitation_request late = {.actor = cli, .user_id = anna};
	struct invitation_use used;

	(void)state;
	invite("link");
	invite("newer");
	assert_int_equal(use("link", "", &used), ERR_AUTH); /* the newer one took its place */
	lab.now_ms += INVITATION_LIFE_S * 1000;
	assert_int_equal(use("newer", "", &used), ERR_AUTH);
	late.life_s = INVITATION_LIFE_MAX_S + 1;
	assert_int_equal(lab_step(&lab, invitation_create_step, &late, false), ERR_RANGE);
	invite("last");
	edit.row.disabled_s = 1;
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), 0);
	assert_int_equal(use("last", "", &used), ERR_AUTH);
	late.life_s = 0;
	assert_int_equal(lab_step(&lab, invitation_create_step, &late, false), ERR_REFUSED);
}

static void an_invitation_does_not_pass_the_second_factor(void **state)
{
	struct totp_confirm confirm;
	struct invitation_use used;
	struct user_row row;

	(void)state;
	enrol(&confirm);
	invite("link");
	assert_int_equal(use("link", "", &used), ERR_NONE);
	assert_int_equal(used.end, LOGIN_CODE_NEEDED);
	assert_int_equal(user_get(lab.db, anna, &row), 0);
	assert_string_equal(row.password_hash, "hash");
	assert_int_equal(use("link", confirm.recovery[0], &used), ERR_NONE);
	assert_int_equal(used.end, LOGIN_OPENED);
	assert_int_equal(user_get(lab.db, anna, &row), 0);
	assert_string_equal(row.password_hash, "chosen");
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(codes_are_those_of_rfc_6238),
	        cmocka_unit_test(base32_is_that_of_rfc_4648),
	        cmocka_unit_test(bad_passwords_are_named),
	        T(a_session_lives_until_it_ends),
	        T(sessions_of_others_need_the_right),
	        T(a_disabled_person_is_out_at_once),
	        T(refused_logins_leave_lines_without_the_typed_name),
	        T(a_new_password_ends_other_sessions),
	        T(a_code_counts_once),
	        T(a_recovery_code_counts_once),
	        T(the_second_factor_goes_by_code_or_manager),
	        T(a_role_may_want_a_second_factor),
	        T(secrets_are_not_in_the_store_in_clear),
	        T(an_invitation_is_used_once),
	        T(an_invitation_ends),
	        T(an_invitation_does_not_pass_the_second_factor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
