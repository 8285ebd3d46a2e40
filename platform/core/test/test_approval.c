/* Approvals: one asks, another decides, and exactly what was asked is done. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/core/gateway_revoke.h"
#include "platform/core/role.h"
#include "platform/core/staff.h"
#include "platform/store/api_key.h"
#include "platform/test/lab.h"

static struct lab lab;
static const struct actor cli = {.reason = "test", .who = "cli:root", .local = true};
static struct actor first, second; /* both may ask and decide */
static int64_t anna;
static int64_t approval; /* by `first`: anna becomes group admin */

static struct actor person(const char *name)
{
	struct user_create create = {.actor = cli, .row = {.group_id = 1}};
	struct actor actor = {.reason = "because"};

	snprintf(create.row.name, sizeof create.row.name, "%s", name);
	snprintf(actor.who, sizeof actor.who, "%s", name);
	assert_int_equal(lab_step(&lab, user_create_step, &create, false), 0);
	actor.user_id = create.row.user_id;
	return actor;
}

static enum err give(const struct actor *actor, int64_t user_id, int64_t role_id,
                     int64_t *approval_id)
{
	struct grant_request request = {
	        .actor = *actor, .row = {.user_id = user_id, .role_id = role_id, .group_id = 1}
        };
	enum err err = lab_step(&lab, grant_add_step, &request, false);

	if (approval_id)
		*approval_id = request.approval_id;
	return err;
}

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	first = person("first");
	second = person("second");
	anna = person("anna").user_id;
	assert_int_equal(give(&cli, first.user_id, ROLE_GROUP_ADMIN, NULL), 0);
	assert_int_equal(give(&cli, second.user_id, ROLE_GROUP_ADMIN, NULL), 0);
	assert_int_equal(give(&first, anna, ROLE_GROUP_ADMIN, &approval), 0);
	assert_int_not_equal(approval, 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static enum err decide(const struct actor *actor, enum approval_verdict verdict,
                       struct approval_decision *d)
{
	struct approval_row row;

	*d = (struct approval_decision){
	        .actor = *actor, .approval_id = approval, .verdict = verdict};
	assert_int_equal(approval_get(lab.db, approval, &row), 0);
	memcpy(d->hash, row.hash, sizeof d->hash);
	return lab_step(&lab, approval_decide_step, d, false);
}

static enum approval_state state_now(void)
{
	struct approval_row row;

	assert_int_equal(approval_get(lab.db, approval, &row), 0);
	return row.state;
}

static int64_t grants_of_anna(void)
{
	struct access access;

	assert_int_equal(access_load_user(lab.db, anna, lab.now_ms / 1000, &access), 0);
	return (int64_t)access.count;
}

static void it_is_decided_once(void **state)
{
	struct approval_decision d;

	(void)state;
	assert_int_equal(decide(&second, APPROVAL_AGREE, &d), ERR_NONE);
	assert_int_equal(d.row.state, APPROVAL_DONE);
	assert_int_equal(grants_of_anna(), 1);
	assert_int_equal(decide(&second, APPROVAL_AGREE, &d), ERR_REFUSED);
	assert_int_equal(decide(&second, APPROVAL_REJECT, &d), ERR_REFUSED);
	assert_int_equal(grants_of_anna(), 1);
	assert_int_equal(lab_number(&lab,
	                            "SELECT count(*) FROM audit WHERE group_id=1 AND action IN"
	                            " ('approval.ask','approval.agree')"),
	                 2);
	/* The act's own line carries the requester and his reason. */
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE action='grant.add'"
	                                  " AND who='first' AND reason='because'"),
	                 1);
}

static void who_may_decide(void **state)
{
	struct actor key = {.who = "key", .key_id = 5}, auditor = person("auditor"),
	             hirer = person("hirer"), stranger = person("stranger");
	struct role_row only_users = {.group_id = 1,
	                              .name = "hirer",
	                              .permissions = PERMISSION_BIT(PERMISSION_USER_WRITE)},
	                only_decides = {.group_id = 1,
	                                .name = "decider",
	                                .permissions = PERMISSION_BIT(PERMISSION_APPROVAL_DECIDE)};
	struct actor decider = person("decider");
	struct approval_decision d;

	(void)state;
	assert_int_equal(role_insert(lab.db, &only_users), 0);
	assert_int_equal(role_insert(lab.db, &only_decides), 0);
	assert_int_equal(give(&cli, auditor.user_id, ROLE_AUDITOR, NULL), 0);
	assert_int_equal(give(&cli, hirer.user_id, only_users.role_id, NULL), 0);
	assert_int_equal(give(&cli, decider.user_id, only_decides.role_id, NULL), 0);

	assert_int_equal(decide(&first, APPROVAL_AGREE, &d), ERR_FORBIDDEN);
	assert_int_equal(decide(&cli, APPROVAL_AGREE, &d), ERR_FORBIDDEN);
	assert_int_equal(decide(&key, APPROVAL_AGREE, &d), ERR_FORBIDDEN);
	assert_int_equal(decide(&stranger, APPROVAL_AGREE, &d), ERR_HIDDEN);
	assert_int_equal(decide(&hirer, APPROVAL_AGREE, &d), ERR_HIDDEN);
	assert_int_equal(decide(&auditor, APPROVAL_AGREE, &d), ERR_FORBIDDEN);
	/* The right itself is needed too. */
	assert_int_equal(decide(&decider, APPROVAL_AGREE, &d), ERR_FORBIDDEN);
	assert_int_equal(state_now(), APPROVAL_WAITING);
	assert_int_equal(grants_of_anna(), 0);
}

static void one_made_by_the_requester_is_no_second_person(void **state)
{
	struct user_create create = {
	        .actor = first, .row = {.group_id = 1, .name = "puppet"}
        };
	struct actor puppet = {.who = "puppet"};
	struct approval_decision d;

	(void)state;
	assert_int_equal(lab_step(&lab, user_create_step, &create, false), 0);
	puppet.user_id = create.row.user_id;
	assert_int_equal(give(&cli, puppet.user_id, ROLE_GROUP_ADMIN, NULL), 0);
	assert_int_equal(decide(&puppet, APPROVAL_AGREE, &d), ERR_FORBIDDEN);
}

static void who_made_the_key_that_asked_is_no_second_person(void **state)
{
	struct api_key_row row = {.group_id = 1,
	                          .name = "x",
	                          .token_hash = "h",
	                          .permissions = PERMISSION_ALL,
	                          .made_by = first.user_id,
	                          .created_s = 1};
	struct gateway_cut cut = {
	        .actor = {.who = "key:x", .reason = "stolen"},
                  .name = "gw-1"
        };
	struct approval_decision d;

	(void)state;
	assert_int_equal(api_key_insert(lab.db, &row), 0);
	cut.actor.key_id = row.key_id;
	assert_int_equal(lab_step(&lab, gateway_cut_step, &cut, false), 0);
	approval = cut.approval_id;
	assert_int_not_equal(approval, 0);
	assert_int_equal(decide(&first, APPROVAL_AGREE, &d), ERR_FORBIDDEN);
	assert_int_equal(decide(&second, APPROVAL_AGREE, &d), ERR_NONE);
	assert_int_equal(d.row.state, APPROVAL_DONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE"
	                                  " action='gateway.revoke' AND who='key:x'"
	                                  " AND key_id>0 AND user_id=0"),
	                 1);
}

static void change_body(const char *from, const char *to)
{
	struct stmt *st = db_query(lab.db, "SELECT body FROM approval");
	char body[2048], *at;
	const void *bytes;
	size_t len;

	assert_int_equal(strlen(from), strlen(to));
	assert_true(stmt_row(st));
	bytes = col_blob(st, &len);
	assert_true(len < sizeof body);
	memcpy(body, bytes, len);
	body[len] = '\0';
	assert_int_equal(stmt_end(st), 0);
	at = strstr(body, from);
	assert_non_null(at);
	memcpy(at, to, strlen(to));
	st = db_query(lab.db, "UPDATE approval SET body=?");
	bind_blob(st, body, len);
	assert_int_equal(stmt_run(st), 0);
}

static void what_he_saw_is_what_is_done(void **state)
{
	struct approval_decision d = {.actor = second, .approval_id = approval};

	(void)state;
	memset(d.hash, 'a', sizeof d.hash - 1);
	assert_int_equal(lab_step(&lab, approval_decide_step, &d, false), ERR_CONFLICT);
	/* A body that was changed under its hash is not run. */
	change_body("\"role\":2", "\"role\":1");
	assert_int_equal(decide(&second, APPROVAL_AGREE, &d), ERR_DAMAGED);
	assert_int_equal(grants_of_anna(), 0);
}

static void a_rejection_wants_a_reason(void **state)
{
	struct actor silent = second;
	struct approval_decision d;

	(void)state;
	silent.reason[0] = '\0';
	assert_int_equal(decide(&silent, APPROVAL_REJECT, &d), ERR_BAD_INPUT);
	assert_int_equal(decide(&second, APPROVAL_REJECT, &d), ERR_NONE);
	assert_int_equal(state_now(), APPROVAL_REJECTED);
	assert_string_equal(d.row.decided_name, "second");
	assert_int_equal(grants_of_anna(), 0);
}

static void its_time_ends(void **state)
{
	struct approval_decision d;

	(void)state;
	lab.now_ms += APPROVAL_LIFE_S * 1000 - 1000;
	assert_int_equal(lab_step(&lab, approval_expire_step, NULL, true), 0);
	assert_int_equal(state_now(), APPROVAL_WAITING);
	lab.now_ms += 1000;
	assert_int_equal(decide(&second, APPROVAL_AGREE, &d), ERR_REFUSED);
	assert_int_equal(lab_step(&lab, approval_expire_step, NULL, true), 0);
	assert_int_equal(state_now(), APPROVAL_EXPIRED);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE who='platform'"
	                                  " AND action='approval.expire'"),
	                 1);
	/* The same may be asked for again. */
	assert_int_equal(give(&first, anna, ROLE_GROUP_ADMIN, &approval), 0);
	assert_int_equal(state_now(), APPROVAL_WAITING);
}

static void the_requester_takes_it_back(void **state)
{
	struct approval_cancel cancel = {.actor = second, .approval_id = approval};
	struct approval_decision d;

	(void)state;
	assert_int_equal(lab_step(&lab, approval_cancel_step, &cancel, false), ERR_FORBIDDEN);
	cancel.actor = first;
	assert_int_equal(lab_step(&lab, approval_cancel_step, &cancel, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, approval_cancel_step, &cancel, false), ERR_REFUSED);
	assert_int_equal(decide(&second, APPROVAL_AGREE, &d), ERR_REFUSED);
	assert_int_equal(state_now(), APPROVAL_CANCELLED);
}

static void both_need_the_right_at_that_moment(void **state)
{
	struct grant_request take = {.actor = cli, .row = {.user_id = first.user_id}};
	struct approval_decision d;

	(void)state;
	take.row.grant_id = lab_number(&lab, "SELECT min(grant_id) FROM user_grant");
	assert_int_equal(lab_step(&lab, grant_remove_step, &take, false), 0);
	assert_int_equal(decide(&second, APPROVAL_AGREE, &d), ERR_NONE);
	assert_int_equal(d.row.state, APPROVAL_FAILED);
	assert_string_equal(d.row.result, "who asked has no right to it any more");
	assert_int_equal(grants_of_anna(), 0);
	assert_int_equal(lab_count(&lab, EFFECT_ACCESS), 0);
}

/* The act may hold a list of meters or a person: whoever lost his rights there reads it no more. */
static void who_asked_sees_it_while_he_sees_the_place(void **state)
{
	struct grant_request take = {.actor = cli, .row = {.user_id = first.user_id}};
	struct approval_row row;
	struct access access;
	struct place place;

	(void)state;
	assert_int_equal(approval_get(lab.db, approval, &row), 0);
	assert_int_equal(approval_place(lab.db, &row, &place), 0);
	assert_int_equal(access_load(lab.db, &first, lab.now_ms / 1000, &access), 0);
	assert_true(approval_visible(&access, &row, &place, lab.now_ms / 1000));
	take.row.grant_id = lab_number(&lab, "SELECT min(grant_id) FROM user_grant");
	assert_int_equal(lab_step(&lab, grant_remove_step, &take, false), 0);
	assert_int_equal(access_load(lab.db, &first, lab.now_ms / 1000, &access), 0);
	assert_false(approval_visible(&access, &row, &place, lab.now_ms / 1000));
}

static void an_act_that_cannot_be_done_leaves_nothing(void **state)
{
	struct approval_decision d;

	(void)state;
	/* Meanwhile the CLI did it. */
	assert_int_equal(give(&cli, anna, ROLE_GROUP_ADMIN, NULL), 0);
	assert_int_equal(decide(&second, APPROVAL_AGREE, &d), ERR_NONE);
	assert_int_equal(d.row.state, APPROVAL_FAILED);
	assert_int_equal(grants_of_anna(), 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE action='grant.add'"
	                                  " AND who='first'"),
	                 0);
}

static void asking_has_limits(void **state)
{
	const struct place place = {.group_id = 1};
	struct tx tx = {.db = lab.db};
	struct actor silent = first;
	struct approval_ask ask = {.actor = &silent,
	                           .kind = &approval_kind_grant,
	                           .place = &place,
	                           .body = "{}",
	                           .body_len = 2,
	                           .object = "test"};
	int64_t id;

	(void)state;
	silent.reason[0] = '\0';
	assert_int_equal(approval_ask(&tx, &ask, lab.now_ms, &id), ERR_BAD_INPUT);
	ask.actor = &first;
	ask.body_len = APPROVAL_BODY_MAX + 1;
	assert_int_equal(approval_ask(&tx, &ask, lab.now_ms, &id), ERR_TOO_LONG);
	assert_non_null(approval_kind_find("grant"));
	assert_null(approval_kind_find("nothing"));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(it_is_decided_once),
	        T(who_may_decide),
	        T(one_made_by_the_requester_is_no_second_person),
	        T(who_made_the_key_that_asked_is_no_second_person),
	        T(what_he_saw_is_what_is_done),
	        T(a_rejection_wants_a_reason),
	        T(its_time_ends),
	        T(the_requester_takes_it_back),
	        T(both_need_the_right_at_that_moment),
	        T(who_asked_sees_it_while_he_sees_the_place),
	        T(an_act_that_cannot_be_done_leaves_nothing),
	        T(asking_has_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
