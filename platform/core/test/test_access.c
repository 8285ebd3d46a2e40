/* Who may do what, and where: grants against places, and the rows they come from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/core/role.h"
#include "platform/store/grant.h"
#include "platform/test/lab.h"

#define NOW_S (LAB_NOW_MS / 1000)

static struct lab lab;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static struct access one(int64_t group, int64_t property, int64_t space)
{
	return (struct access){
	        .count = 1,
	        .grant = {{.permissions = PERMISSION_BIT(PERMISSION_METER_COMMAND),
	                   .group_id = group,
	                   .property_id = property,
	                   .space_id = space,
	                   /* room 30 is on floor 20 of building 10 */
	                   .space = {space, space == 30 ? 20 : 0, space == 30 ? 10 : 0}}}};
}

static void a_grant_holds_at_its_scope_and_below(void **state)
{
	static const struct place installation,
	        group =
	                {
	                        .group_id = 1
        },
	        property = {.group_id = 1, .property_id = 5}, building = {1, 5, {10}},
	        room = {1, 5, {30, 20, 10}}, other_room = {1, 5, {31, 20, 10}},
	        other_group = {.group_id = 2}, other_property = {.group_id = 1, .property_id = 6},
	        foreign_room = {2, 7, {30, 20, 10}};
	static const struct place *const places[] = {&installation, &group,          &property,
	                                             &building,     &room,           &other_room,
	                                             &other_group,  &other_property, &foreign_room};

	/* a: allowed, s: seen only, -: not visible */
	static const struct {
		int64_t group, property, space;
		const char *expect;
	} cases[] = {
	        {0, 0, 0,  "aaaaaaaaa"},
                {1, 0, 0,  "saaaaa-a-"},
                {2, 0, 0,  "s-----a-a"},
	        {1, 5, 0,  "ssaaaa---"},
                {1, 6, 0,  "ss-----a-"},
                {1, 5, 10, "sssaaa---"},
	        {1, 5, 30, "ssssa----"},
	};

	(void)state;
	for (size_t c = 0; c < ARRAY_SIZE(cases); c++) {
		struct access access = one(cases[c].group, cases[c].property, cases[c].space);

		for (size_t p = 0; p < ARRAY_SIZE(places); p++) {
			bool allows =
			        access_allows(&access, PERMISSION_METER_COMMAND, places[p], NOW_S);
			bool sees = access_sees(&access, places[p], NOW_S);
			char found = allows ? 'a' : sees ? 's' : '-';

			if (found != cases[c].expect[p])
				fail_msg("case %zu place %zu: %c, expected %c", c, p, found,
				         cases[c].expect[p]);
			assert_false(
			        access_allows(&access, PERMISSION_METER_WRITE, places[p], NOW_S));
		}
	}
}

static void a_grant_ends(void **state)
{
	static const struct place property = {.group_id = 1, .property_id = 5};
	struct access access = one(1, 0, 0);

	(void)state;
	access.grant[0].expires_s = NOW_S;
	assert_true(access_allows(&access, PERMISSION_METER_COMMAND, &property, NOW_S - 1));
	assert_true(access_anywhere(&access, PERMISSION_METER_COMMAND, NOW_S - 1));
	assert_false(access_allows(&access, PERMISSION_METER_COMMAND, &property, NOW_S));
	assert_false(access_sees(&access, &property, NOW_S));
	assert_false(access_anywhere(&access, PERMISSION_METER_COMMAND, NOW_S));
}

static void words_and_roles(void **state)
{
	enum permission permission;

	(void)state;
	for (unsigned i = 0; i < PERMISSION_COUNT; i++) {
		assert_true(permission_parse(permission_word((enum permission)i), &permission));
		assert_int_equal(permission, i);
	}
	assert_false(permission_parse("meter.explode", &permission));
	assert_int_equal(builtin_role_count, 7);
	for (size_t i = 0; i < builtin_role_count; i++) {
		assert_ptr_equal(builtin_role_find(builtin_roles[i].role_id), &builtin_roles[i]);
		assert_ptr_equal(builtin_role_named(builtin_roles[i].word), &builtin_roles[i]);
		assert_true(builtin_roles[i].role_id < ROLE_OWN_FIRST);
		assert_int_equal(builtin_roles[i].permissions & PERMISSION_BIT(PERMISSION_SYSTEM),
		                 i == 0 ? PERMISSION_BIT(PERMISSION_SYSTEM) : 0);
	}
	assert_null(builtin_role_find(99));
	assert_null(builtin_role_named("emperor"));
}

static int64_t add_user(const char *name)
{
	struct user_row row = {.password_hash = "x", .lang = "en"};

	snprintf(row.name, sizeof row.name, "%s", name);
	assert_int_equal(user_insert(lab.db, &row), 0);
	return row.user_id;
}

static void add_grant(int64_t user_id, int64_t role_id, int64_t property_id, int64_t expires_s)
{
	struct grant_row row = {.user_id = user_id,
	                        .role_id = role_id,
	                        .group_id = 1,
	                        .property_id = property_id,
	                        .expires_s = expires_s};

	assert_int_equal(grant_insert(lab.db, &row), 0);
}

static void a_step_asks_the_rows(void **state)
{
	const struct place here = {.group_id = 1, .property_id = 1},
	                   there = {.group_id = 1, .property_id = 2};
	struct tx tx = {.db = lab.db};
	struct role_row own = {.group_id = 1,
	                       .name = "night shift",
	                       .permissions = PERMISSION_BIT(PERMISSION_METER_BATCH)};
	struct actor actor = {.who = "anna"}, cli = {.local = true}, nobody = {.who = "x"};
	struct user_row user;

	(void)state;
	actor.user_id = add_user("anna");
	add_grant(actor.user_id, ROLE_ELECTRICIAN, 1, 0);
#define ASK(who, what, where) access_require(&tx, &(who), PERMISSION_##what, &(where), LAB_NOW_MS)
	assert_int_equal(ASK(actor, METER_COMMAND, here), ERR_NONE);
	assert_int_equal(ASK(actor, METER_BATCH, here), ERR_FORBIDDEN);
	assert_int_equal(ASK(actor, METER_COMMAND, there), ERR_NOT_FOUND);
	assert_int_equal(ASK(cli, SYSTEM, there), ERR_NONE);
	assert_int_equal(ASK(nobody, METER_COMMAND, here), ERR_FORBIDDEN);

	assert_int_equal(role_insert(lab.db, &own), 0);
	assert_true(own.role_id >= ROLE_OWN_FIRST);
	add_grant(actor.user_id, own.role_id, 1, NOW_S + 1);
	assert_int_equal(ASK(actor, METER_BATCH, here), ERR_NONE);
	own.permissions = 0;
	assert_int_equal(role_update(lab.db, &own), 0);
	assert_int_equal(ASK(actor, METER_BATCH, here), ERR_FORBIDDEN);

	assert_int_equal(user_get(lab.db, actor.user_id, &user), 0);
	user.disabled_s = NOW_S;
	assert_int_equal(user_update(lab.db, &user), 0);
	assert_int_equal(ASK(actor, METER_COMMAND, here), ERR_FORBIDDEN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_grant_holds_at_its_scope_and_below),
	        cmocka_unit_test(a_grant_ends),
	        cmocka_unit_test(words_and_roles),
	        cmocka_unit_test_setup_teardown(a_step_asks_the_rows, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
