/* API keys: never worth more than their maker is now, shown once, ended at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/core/api_key.h"
#include "platform/core/role.h"
#include "platform/store/grant.h"
#include "platform/test/lab.h"

#define NOW_S (LAB_NOW_MS / 1000)

static const struct place here = {.group_id = 1, .property_id = 1};
static const struct place there = {.group_id = 1, .property_id = 2};
static struct lab lab;
static int64_t maker, maker_grant;

static int64_t add_grant(int64_t role_id, int64_t property_id)
{
	struct grant_row row = {.user_id = maker, .role_id = role_id, .group_id = 1};

	row.property_id = property_id;
	assert_int_equal(grant_insert(lab.db, &row), 0);
	return row.grant_id;
}

static int setup(void **state)
{
	struct user_row row = {.name = "anna", .password_hash = "x", .lang = "en", .group_id = 1};

	(void)state;
	lab_setup(&lab);
	assert_int_equal(user_insert(lab.db, &row), 0);
	maker = row.user_id;
	maker_grant = add_grant(ROLE_GROUP_ADMIN, 1);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static enum err create(uint64_t permissions, const struct place *place, int64_t expires_s,
                       char token_hash[TOKEN_HASH_SIZE], int64_t *key_id)
{
	struct api_key_request r = {
	        .actor = {.who = "anna", .reason = "meters"}
        };
	char key[API_KEY_SIZE];
	enum err err;

	r.actor.user_id = maker;
	r.place = *place;
	r.row.permissions = permissions;
	r.row.expires_s = expires_s;
	snprintf(r.row.name, sizeof r.row.name, "robot");
	api_key_new(key, r.row.token_hash, r.row.start);
	assert_int_equal(strlen(key), API_KEY_SIZE - 1);
	assert_null(strstr(r.row.start, key + 12));
	memcpy(token_hash, r.row.token_hash, TOKEN_HASH_SIZE);
	err = lab_step(&lab, api_key_create_step, &r, false);
	*key_id = r.row.key_id;
	return err;
}

#define READ    PERMISSION_BIT(PERMISSION_PROPERTY_READ)
#define COMMAND PERMISSION_BIT(PERMISSION_METER_COMMAND)

static void a_key_is_its_own_principal(void **state)
{
	char hash[TOKEN_HASH_SIZE], stranger[API_KEY_SIZE], other[TOKEN_HASH_SIZE], start[16];
	struct session principal;
	int64_t key_id;

	(void)state;
	assert_int_equal(create(READ | COMMAND, &here, 0, hash, &key_id), ERR_NONE);
	assert_int_equal(principal_find(lab.db, hash, NOW_S, &principal), ERR_NONE);
	assert_string_equal(principal.user.name, "key:robot");
	assert_int_equal(principal.user.user_id, 0);
	assert_int_equal(principal.access.key_id, key_id);
	assert_int_equal(principal.access.user_id, 0);
	assert_true(access_allows(&principal.access, PERMISSION_METER_COMMAND, &here, NOW_S));
	assert_false(access_allows(&principal.access, PERMISSION_METER_WRITE, &here, NOW_S));
	assert_false(access_sees(&principal.access, &there, NOW_S));
	api_key_new(stranger, other, start);
	assert_int_equal(principal_find(lab.db, other, NOW_S, &principal), ERR_AUTH);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE action='key.create'"),
	                 1);
}

static void no_more_than_its_maker(void **state)
{
	char hash[TOKEN_HASH_SIZE];
	int64_t key_id;

	(void)state;
	assert_int_equal(create(PERMISSION_BIT(PERMISSION_SYSTEM), &here, 0, hash, &key_id),
	                 ERR_FORBIDDEN);
	assert_int_equal(create(READ, &there, 0, hash, &key_id), ERR_NOT_FOUND);
	assert_int_equal(create(READ, &(struct place){.group_id = 1}, 0, hash, &key_id),
	                 ERR_FORBIDDEN);
	assert_int_equal(create(0, &here, 0, hash, &key_id), ERR_BAD_INPUT);
	assert_int_equal(create(READ, &here, NOW_S, hash, &key_id), ERR_RANGE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM api_key"), 0);
}

static void its_makers_loss_is_its_own(void **state)
{
	char hash[TOKEN_HASH_SIZE];
	struct session principal;
	struct user_row user;
	int64_t key_id;

	(void)state;
	assert_int_equal(create(READ | COMMAND, &here, 0, hash, &key_id), ERR_NONE);
	assert_int_equal(grant_delete(lab.db, maker_grant), 0);
	assert_int_equal(principal_find(lab.db, hash, NOW_S, &principal), ERR_NONE);
	assert_false(access_sees(&principal.access, &here, NOW_S));
	/* A wider role of the maker makes the key no wider than it was made. */
	add_grant(ROLE_GROUP_ADMIN, 0);
	assert_int_equal(principal_find(lab.db, hash, NOW_S, &principal), ERR_NONE);
	assert_true(access_allows(&principal.access, PERMISSION_METER_COMMAND, &here, NOW_S));
	assert_false(access_allows(&principal.access, PERMISSION_USER_WRITE, &here, NOW_S));
	assert_false(access_sees(&principal.access, &there, NOW_S));

	assert_int_equal(user_get(lab.db, maker, &user), 0);
	user.disabled_s = NOW_S;
	assert_int_equal(user_update(lab.db, &user), 0);
	assert_int_equal(principal_find(lab.db, hash, NOW_S, &principal), ERR_AUTH);
}

static void a_key_ends(void **state)
{
	struct api_key_request end = {.actor = {.who = "anna"}, .version = 2};
	char hash[TOKEN_HASH_SIZE], dated[TOKEN_HASH_SIZE];
	struct session principal;
	int64_t key_id;

	(void)state;
	assert_int_equal(create(READ, &here, NOW_S + 60, dated, &key_id), ERR_NONE);
	assert_int_equal(principal_find(lab.db, dated, NOW_S + 59, &principal), ERR_NONE);
	assert_int_equal(principal_find(lab.db, dated, NOW_S + 60, &principal), ERR_AUTH);

	assert_int_equal(create(READ, &here, 0, hash, &end.row.key_id), ERR_NONE);
	key_id = end.row.key_id;
	end.actor.user_id = maker;
	assert_int_equal(lab_step(&lab, api_key_end_step, &end, false), ERR_CONFLICT);
	end.row.key_id = key_id;
	end.version = 1;
	assert_int_equal(lab_step(&lab, api_key_end_step, &end, false), ERR_BAD_INPUT);
	snprintf(end.actor.reason, sizeof end.actor.reason, "lost");
	assert_int_equal(lab_step(&lab, api_key_end_step, &end, false), ERR_NONE);
	assert_int_equal(lab_count(&lab, EFFECT_ACCESS), 1);
	assert_int_equal(lab_first(&lab, EFFECT_ACCESS)->u.access.key_id, key_id);
	assert_int_equal(principal_find(lab.db, hash, NOW_S, &principal), ERR_AUTH);
}

/* A program that was given a key cannot make itself another one. */
static void keys_make_no_keys(void **state)
{
	struct api_key_request r = {.actor = {.who = "key:robot"}, .row = {.permissions = READ}};
	char hash[TOKEN_HASH_SIZE];

	(void)state;
	assert_int_equal(create(READ | PERMISSION_BIT(PERMISSION_KEY_WRITE), &here, 0, hash,
	                        &r.actor.key_id),
	                 ERR_NONE);
	r.place = here;
	snprintf(r.row.name, sizeof r.row.name, "child");
	assert_int_equal(lab_step(&lab, api_key_create_step, &r, false), ERR_FORBIDDEN);
}

static void headers(void **state)
{
	char key[API_KEY_SIZE], hash[TOKEN_HASH_SIZE], start[16], header[80], found[API_KEY_SIZE];

	(void)state;
	api_key_new(key, hash, start);
	snprintf(header, sizeof header, "Bearer %s", key);
	assert_true(api_key_header(header, found));
	assert_string_equal(found, key);
	assert_false(api_key_header(NULL, found));
	assert_false(api_key_header("Basic YTpi", found));
	assert_false(api_key_header("Bearer wattle_", found));
	strncat(header, "x", 2);
	assert_false(api_key_header(header, found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup_teardown(a_key_is_its_own_principal, setup, teardown),
	        cmocka_unit_test_setup_teardown(no_more_than_its_maker, setup, teardown),
	        cmocka_unit_test_setup_teardown(its_makers_loss_is_its_own, setup, teardown),
	        cmocka_unit_test_setup_teardown(a_key_ends, setup, teardown),
	        cmocka_unit_test_setup_teardown(keys_make_no_keys, setup, teardown),
	        cmocka_unit_test(headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
