/* Staff and roles: nobody gives what he has not, nobody changes his own rights, an administrator
 * remains, and what makes people powerful waits for a second person. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/core/role.h"
#include "platform/core/staff.h"
#include "platform/store/api_key.h"
#include "platform/store/info.h"
#include "platform/store/space.h"
#include "platform/test/lab.h"

static struct lab lab;
static const struct actor cli = {.reason = "test", .who = "cli:root", .local = true};
/* group 1 with properties 1 (of the lab) and 2; group 2 with property 3 */
static int64_t property_2, property_3, group_2;

static void add_property(int64_t group_id, const char *slug, int64_t *property_id)
{
	struct property_row row = {.group_id = group_id};

	assert_int_equal(sequence_next(lab.db, "property", property_id), 0);
	row.property_id = *property_id;
	snprintf(row.slug, sizeof row.slug, "%s", slug);
	assert_int_equal(property_insert(lab.db, &row), 0);
}

static int setup(void **state)
{
	struct group_row group = {.name = "other"};

	(void)state;
	lab_setup(&lab);
	assert_int_equal(sequence_next(lab.db, "group", &group_2), 0);
	group.group_id = group_2;
	assert_int_equal(group_insert(lab.db, &group), 0);
	add_property(1, "p2", &property_2);
	add_property(group_2, "q1", &property_3);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static enum err create(const struct actor *actor, const char *name, int64_t group_id, int64_t *id)
{
	struct user_create request = {.actor = *actor, .row = {.group_id = group_id}};
	enum err err;

	snprintf(request.row.name, sizeof request.row.name, "%s", name);
	err = lab_step(&lab, user_create_step, &request, false);
	*id = request.row.user_id;
	return err;
}

static struct actor person(const char *name, int64_t group_id)
{
	struct actor actor = {.reason = "because"};

	snprintf(actor.who, sizeof actor.who, "%s", name);
	assert_int_equal(create(&cli, name, group_id, &actor.user_id), 0);
	return actor;
}

static enum err give(const struct actor *actor, int64_t user_id, int64_t role_id, int64_t group_id,
                     int64_t property_id, int64_t *approval_id)
{
	struct grant_request request = {
	        .actor = *actor,
	        .row = {.user_id = user_id,
	                .role_id = role_id,
	                .group_id = group_id,
	                .property_id = property_id}
        };
	enum err err = lab_step(&lab, grant_add_step, &request, false);

	if (approval_id)
		*approval_id = request.approval_id;
	return err;
}

static int64_t grant_of(int64_t user_id, int64_t role_id)
{
	struct stmt *st =
	        db_query(lab.db, "SELECT grant_id FROM user_grant WHERE user_id=? AND role_id=?");
	int64_t id;

	bind_i64(st, user_id);
	bind_i64(st, role_id);
	id = stmt_row(st) ? col_i64(st) : 0;
	assert_int_equal(stmt_end(st), 0);
	return id;
}

/* Somebody else in all, but without a reason. */
static struct actor silent(const struct actor *actor)
{
	struct actor same = *actor;

	same.reason[0] = '\0';
	return same;
}

static enum err take(const struct actor *actor, int64_t user_id, int64_t role_id)
{
	struct grant_request request = {
	        .actor = *actor,
	        .row = {.user_id = user_id, .grant_id = grant_of(user_id, role_id)}
        };

	return lab_step(&lab, grant_remove_step, &request, false);
}

/* ---- giving and taking ---- */

static void nobody_gives_what_he_has_not(void **state)
{
	struct actor admin = person("admin", 1), boss = person("boss", 1);
	struct role_row hirer = {.group_id = 1,
	                         .name = "hirer",
	                         .permissions = PERMISSION_BIT(PERMISSION_USER_WRITE) |
	                                        PERMISSION_BIT(PERMISSION_USER_READ) |
	                                        PERMISSION_BIT(PERMISSION_PROPERTY_READ) |
	                                        PERMISSION_BIT(PERMISSION_CUSTOMER_READ) |
	                                        PERMISSION_BIT(PERMISSION_CUSTOMER_WRITE) |
	                                        PERMISSION_BIT(PERMISSION_ACCOUNT_READ) |
	                                        PERMISSION_BIT(PERMISSION_VEND) |
	                                        PERMISSION_BIT(PERMISSION_REFUND)};
	int64_t anna;

	(void)state;
	assert_int_equal(give(&cli, admin.user_id, ROLE_GROUP_ADMIN, 1, 0, NULL), 0);
	assert_int_equal(role_insert(lab.db, &hirer), 0);
	assert_int_equal(give(&cli, boss.user_id, hirer.role_id, 1, 1, NULL), 0);

	assert_int_equal(create(&boss, "anna", 1, &anna), ERR_NONE);
	assert_int_equal(give(&boss, anna, ROLE_CASHIER, 1, 1, NULL), ERR_NONE);
	assert_int_equal(give(&boss, anna, ROLE_ELECTRICIAN, 1, 1, NULL), ERR_FORBIDDEN);
	assert_int_equal(give(&boss, anna, ROLE_CASHIER, 1, property_2, NULL), ERR_HIDDEN);
	assert_int_equal(give(&boss, anna, ROLE_CASHIER, 1, 0, NULL), ERR_FORBIDDEN);
	assert_int_equal(give(&boss, anna, ROLE_CASHIER, 0, 0, NULL), ERR_FORBIDDEN);
	assert_int_equal(give(&admin, anna, ROLE_ADMINISTRATOR, 0, 0, NULL), ERR_FORBIDDEN);
	assert_int_equal(give(&admin, anna, ROLE_CASHIER, group_2, property_3, NULL), ERR_HIDDEN);
	assert_int_equal(give(&admin, anna, ROLE_ADMINISTRATOR, 1, 0, NULL), ERR_FORBIDDEN);
	assert_int_equal(give(&cli, anna, ROLE_ADMINISTRATOR, 1, 0, NULL), ERR_BAD_INPUT);
	/* one of another group is nobody here */
	assert_int_equal(give(&cli, anna, ROLE_CASHIER, group_2, property_3, NULL), ERR_NOT_FOUND);
	assert_int_equal(give(&boss, anna, ROLE_CASHIER, 1, 1, NULL), ERR_DUP);
	assert_int_equal(give(&boss, anna, 98, 1, 1, NULL), ERR_NOT_FOUND);
	assert_int_equal(give(&boss, 999, ROLE_CASHIER, 1, 1, NULL), ERR_NOT_FOUND);
}

static void nor_for_longer_than_he_has_it(void **state)
{
	const int64_t now_s = LAB_NOW_MS / 1000;
	struct actor guest = person("guest", 1);
	struct grant_request grant = {
	        .actor = cli,
	        .row = {.user_id = guest.user_id,
	                .role_id = ROLE_GROUP_ADMIN,
	                .group_id = 1,
	                .expires_s = now_s + 100}
        };
	int64_t anna;

	(void)state;
	assert_int_equal(lab_step(&lab, grant_add_step, &grant, false), 0);
	assert_int_equal(create(&guest, "anna", 1, &anna), 0);
	grant = (struct grant_request){
	        .actor = guest, .row = {.user_id = anna, .role_id = ROLE_CASHIER, .group_id = 1}
        };
	assert_int_equal(lab_step(&lab, grant_add_step, &grant, false), ERR_FORBIDDEN);
	grant.row.expires_s = now_s + 101;
	assert_int_equal(lab_step(&lab, grant_add_step, &grant, false), ERR_FORBIDDEN);
	grant.row.expires_s = now_s + 100;
	assert_int_equal(lab_step(&lab, grant_add_step, &grant, false), ERR_NONE);
}

static void keys_manage_nobody(void **state)
{
	struct actor admin = person("admin", 1), key = {.who = "key:x", .reason = "r"};
	struct api_key_row row = {.group_id = 1,
	                          .name = "x",
	                          .token_hash = "h",
	                          .permissions = PERMISSION_ALL,
	                          .made_by = admin.user_id,
	                          .created_s = 1};
	struct user_edit edit = {.user_id = admin.user_id, .members = USER_FULL_NAME};
	struct role_edit role = {
	        .row = {.group_id = 1, .name = "r"}
        };
	int64_t anna, bert;

	(void)state;
	assert_int_equal(give(&cli, admin.user_id, ROLE_GROUP_ADMIN, 1, 0, NULL), 0);
	assert_int_equal(create(&cli, "anna", 1, &anna), 0);
	assert_int_equal(api_key_insert(lab.db, &row), 0);
	key.key_id = row.key_id;
	edit.actor = role.actor = key;
	assert_int_equal(give(&key, anna, ROLE_CASHIER, 1, 0, NULL), ERR_FORBIDDEN);
	assert_int_equal(give(&key, admin.user_id, ROLE_CASHIER, 1, 0, NULL), ERR_FORBIDDEN);
	assert_int_equal(create(&key, "bert", 1, &bert), ERR_FORBIDDEN);
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_FORBIDDEN);
	assert_int_equal(lab_step(&lab, role_create_step, &role, false), ERR_FORBIDDEN);
}

static void nobody_changes_his_own_rights(void **state)
{
	struct actor admin = person("admin", 1);
	struct user_edit edit = {.actor = admin, .user_id = admin.user_id};

	(void)state;
	assert_int_equal(give(&cli, admin.user_id, ROLE_GROUP_ADMIN, 1, 0, NULL), 0);
	assert_int_equal(give(&admin, admin.user_id, ROLE_CASHIER, 1, 1, NULL), ERR_FORBIDDEN);
	assert_int_equal(take(&admin, admin.user_id, ROLE_GROUP_ADMIN), ERR_FORBIDDEN);
	edit.members = USER_DISABLED;
	edit.row.disabled_s = 1;
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_REFUSED);
	edit.members = USER_FULL_NAME;
	snprintf(edit.row.full_name, sizeof edit.row.full_name, "=1+1 <b>安娜</b>");
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_NONE);
	assert_string_equal(edit.row.full_name, "=1+1 <b>安娜</b>");
}

static void a_manager_is_managed_from_above_only(void **state)
{
	struct actor admin = person("admin", 1), boss = person("boss", 1),
	             clerk = person("clerk", 1);
	struct role_row hirer = {.group_id = 1,
	                         .name = "hirer",
	                         .permissions = PERMISSION_BIT(PERMISSION_USER_WRITE) |
	                                        PERMISSION_BIT(PERMISSION_USER_READ) |
	                                        PERMISSION_BIT(PERMISSION_PROPERTY_READ) |
	                                        PERMISSION_BIT(PERMISSION_CUSTOMER_READ) |
	                                        PERMISSION_BIT(PERMISSION_CUSTOMER_WRITE) |
	                                        PERMISSION_BIT(PERMISSION_ACCOUNT_READ) |
	                                        PERMISSION_BIT(PERMISSION_VEND) |
	                                        PERMISSION_BIT(PERMISSION_REFUND)};
	struct user_edit edit = {.members = USER_DISABLED, .row = {.disabled_s = 1}};

	(void)state;
	assert_int_equal(role_insert(lab.db, &hirer), 0);
	assert_int_equal(give(&cli, admin.user_id, ROLE_GROUP_ADMIN, 1, 0, NULL), 0);
	assert_int_equal(give(&cli, boss.user_id, hirer.role_id, 1, 1, NULL), 0);
	assert_int_equal(give(&cli, clerk.user_id, ROLE_CASHIER, 1, 1, NULL), 0);

	/* The boss sees nothing of the admin, who holds no grant at his property. */
	edit.actor = boss;
	edit.user_id = admin.user_id;
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_HIDDEN);
	edit.user_id = clerk.user_id;
	edit.actor = silent(&boss);
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_BAD_INPUT);
	edit.actor = boss;
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_NONE);
	/* As soon as the clerk holds something elsewhere he is not the boss's any more. */
	assert_int_equal(give(&cli, clerk.user_id, ROLE_CASHIER, 1, property_2, NULL), 0);
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_FORBIDDEN);
	edit.actor = silent(&boss);
	assert_int_equal(take(&edit.actor, clerk.user_id, ROLE_CASHIER), ERR_BAD_INPUT);
	assert_int_equal(take(&boss, clerk.user_id, ROLE_CASHIER), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM audit WHERE action='grant.remove'"
	                                  " AND reason='because'"),
	                 1);
	edit.actor = clerk; /* who is disabled since then */
	edit.user_id = boss.user_id;
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_FORBIDDEN);
	edit.actor = admin;
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_NONE);
}

static void one_administrator_remains(void **state)
{
	struct actor first = person("first", 0), second = person("second", 0);
	struct grant_request ends = {
	        .actor = cli,
	        .row = {.user_id = second.user_id,
	                .role_id = ROLE_ADMINISTRATOR,
	                .expires_s = LAB_NOW_MS / 1000 + 60}
        };
	struct user_edit edit = {.actor = cli, .members = USER_DISABLED, .row = {.disabled_s = 1}};

	(void)state;
	assert_int_equal(give(&cli, first.user_id, ROLE_ADMINISTRATOR, 0, 0, NULL), 0);
	assert_int_equal(take(&cli, first.user_id, ROLE_ADMINISTRATOR), ERR_REFUSED);
	/* One whose time ends is none who remains. */
	assert_int_equal(lab_step(&lab, grant_add_step, &ends, false), 0);
	assert_int_equal(take(&cli, first.user_id, ROLE_ADMINISTRATOR), ERR_REFUSED);
	edit.user_id = first.user_id;
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_REFUSED);
	assert_int_equal(give(&cli, second.user_id, ROLE_ADMINISTRATOR, 0, 0, NULL), 0);
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(take(&cli, second.user_id, ROLE_ADMINISTRATOR), ERR_NONE); /* the ending */
	assert_int_equal(take(&cli, second.user_id, ROLE_ADMINISTRATOR), ERR_REFUSED);
}

static void a_grant_below_a_space_ends_with_it(void **state)
{
	struct space_row building = {.property_id = 1, .kind = SPACE_BUILDING, .code = "A"};
	struct actor anna = person("anna", 1);
	struct grant_request request = {
	        .actor = cli,
	        .row = {.user_id = anna.user_id,
	                .role_id = ROLE_ELECTRICIAN,
	                .group_id = 1,
	                .property_id = 1}
        };
	struct access access;
	struct place place;

	(void)state;
	assert_int_equal(sequence_next(lab.db, "space", &building.space_id), 0);
	building.building_id = building.space_id;
	assert_int_equal(space_insert(lab.db, &building), 0);
	request.row.space_id = 999;
	assert_int_equal(lab_step(&lab, grant_add_step, &request, false), ERR_NOT_FOUND);
	request.row.space_id = building.space_id;
	assert_int_equal(lab_step(&lab, grant_add_step, &request, false), 0);
	assert_int_equal(access_load_user(lab.db, anna.user_id, 0, &access), 0);
	assert_int_equal(place_of_space(lab.db, 1, building.space_id, &place), 0);
	assert_true(access_allows(&access, PERMISSION_METER_COMMAND, &place, 0));
	assert_int_equal(place_of_space(lab.db, 1, 0, &place), 0);
	assert_false(access_allows(&access, PERMISSION_METER_COMMAND, &place, 0));
	assert_int_equal(space_delete(lab.db, 1, building.space_id), 0);
	assert_int_equal(access_load_user(lab.db, anna.user_id, 0, &access), 0);
	assert_int_equal(access.count, 0);
}

/* ---- people ---- */

static void names_and_versions(void **state)
{
	static const char *const bad[] = {"", " anna", "anna ", "\n"};
	struct actor admin = person("admin", 1);
	struct user_edit edit = {.actor = cli, .members = USER_NAME};
	int64_t id;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(create(&cli, bad[i], 1, &id), ERR_BAD_INPUT);
	assert_int_equal(create(&cli, "admin", 1, &id), ERR_DUP);
	assert_int_equal(create(&cli, "nobody", 77, &id), ERR_NOT_FOUND);
	assert_int_equal(create(&admin, "x", 1, &id), ERR_HIDDEN); /* he has no right anywhere */
	assert_int_equal(create(&cli, "王 😀", 1, &id), ERR_NONE);

	edit.user_id = id;
	edit.version = 2;
	snprintf(edit.row.name, sizeof edit.row.name, "wang");
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_CONFLICT);
	edit.version = 1;
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.row.version, 2);
	edit.version = 2;
	snprintf(edit.row.name, sizeof edit.row.name, "admin");
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), ERR_DUP);
}

static void the_audit_has_before_and_after(void **state)
{
	struct user_edit edit = {.actor = cli, .members = USER_PHONE};
	int64_t id;

	(void)state;
	assert_int_equal(create(&cli, "anna", 1, &id), 0);
	edit.user_id = id;
	snprintf(edit.row.phone, sizeof edit.row.phone, "13800138000");
	assert_int_equal(lab_step(&lab, user_edit_step, &edit, false), 0);
	assert_int_equal(lab_number(&lab,
	                            "SELECT count(*) FROM audit WHERE action='user.edit' AND"
	                            " group_id=1 AND before LIKE '%\"phone\":\"\"%' AND"
	                            " after LIKE '%\"phone\":\"***8000\"%' AND after LIKE '{%}'"),
	                 1);
	assert_int_equal(
	        lab_number(&lab, "SELECT count(*) FROM audit WHERE after LIKE '%1380013%'"), 0);
}

/* ---- own roles ---- */

static enum err make_role(const struct actor *actor, const char *name, uint64_t permissions,
                          struct role_edit *edit)
{
	*edit = (struct role_edit){
	        .actor = *actor, .row = {.group_id = 1, .permissions = permissions}
        };
	snprintf(edit->row.name, sizeof edit->row.name, "%s", name);
	return lab_step(&lab, role_create_step, edit, false);
}

static void a_role_holds_no_more_than_its_editor(void **state)
{
	const uint64_t read = PERMISSION_BIT(PERMISSION_PROPERTY_READ),
	               roles = PERMISSION_BIT(PERMISSION_ROLE_WRITE) | read;
	struct actor editor = person("editor", 1);
	struct role_row own = {.group_id = 1, .name = "role maker", .permissions = roles};
	struct role_edit edit;

	(void)state;
	assert_int_equal(role_insert(lab.db, &own), 0);
	assert_int_equal(make_role(&editor, "x", read, &edit), ERR_HIDDEN);
	assert_int_equal(give(&cli, editor.user_id, own.role_id, 1, 0, NULL), 0);
	assert_int_equal(make_role(&editor, "reader", read, &edit), ERR_NONE);
	assert_int_equal(make_role(&editor, "reader", read, &edit), ERR_DUP);
	assert_int_equal(make_role(&editor, "", read, &edit), ERR_BAD_INPUT);
	assert_int_equal(
	        make_role(&editor, "switcher", PERMISSION_BIT(PERMISSION_METER_COMMAND), &edit),
	        ERR_FORBIDDEN);
	assert_int_equal(make_role(&cli, "god", PERMISSION_ALL, &edit), ERR_BAD_INPUT);

	/* His own role he cannot make bigger, and one that is bigger than he not smaller. */
	edit = (struct role_edit){
	        .actor = editor,
	        .set_permissions = true,
	        .row = {.role_id = own.role_id,
	                .group_id = 1,
	                .permissions = roles | PERMISSION_BIT(PERMISSION_USER_WRITE)}
        };
	assert_int_equal(lab_step(&lab, role_edit_step, &edit, false), ERR_FORBIDDEN);
	assert_int_equal(
	        make_role(&cli, "switcher", PERMISSION_BIT(PERMISSION_METER_COMMAND), &edit),
	        ERR_NONE);
	edit.actor = editor;
	edit.set_permissions = true;
	edit.row.permissions = 0;
	assert_int_equal(lab_step(&lab, role_edit_step, &edit, false), ERR_FORBIDDEN);
}

static void roles_are_edited_and_deleted(void **state)
{
	const uint64_t read = PERMISSION_BIT(PERMISSION_PROPERTY_READ);
	struct actor anna = person("anna", 1);
	struct role_edit edit, less;
	int64_t role_id;

	(void)state;
	assert_int_equal(make_role(&cli, "reader", read, &edit), 0);
	role_id = edit.row.role_id;
	assert_true(role_id >= ROLE_OWN_FIRST);
	edit.set_name = true;
	edit.version = 9;
	snprintf(edit.row.name, sizeof edit.row.name, "watcher");
	assert_int_equal(lab_step(&lab, role_edit_step, &edit, false), ERR_CONFLICT);
	edit.version = 1;
	assert_int_equal(lab_step(&lab, role_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.row.version, 2);
	assert_int_equal(edit.row.permissions, read);
	assert_int_equal(lab_first(&lab, EFFECT_ACCESS)->u.access.user_id, 0);
	less = edit;
	less.version = 2;
	less.set_permissions = true;
	less.row.permissions = 0;
	less.actor = silent(&cli);
	assert_int_equal(lab_step(&lab, role_edit_step, &less, false), ERR_BAD_INPUT);

	/* Of a built-in one only the second factor can be asked for. */
	edit = (struct role_edit){
	        .actor = cli,
	        .set_name = true,
	        .row = {.role_id = ROLE_CASHIER, .group_id = 1, .name = "x"}
        };
	assert_int_equal(lab_step(&lab, role_edit_step, &edit, false), ERR_REFUSED);
	edit.set_name = false;
	edit.set_totp = edit.totp_required = true;
	assert_int_equal(lab_step(&lab, role_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, role_delete_step, &edit, false), ERR_REFUSED);

	edit = (struct role_edit){
	        .actor = cli, .row = {.role_id = role_id, .group_id = group_2}
        };
	assert_int_equal(lab_step(&lab, role_delete_step, &edit, false), ERR_NOT_FOUND);
	edit.row.group_id = 1;
	assert_int_equal(give(&cli, anna.user_id, role_id, 1, 0, NULL), 0);
	assert_int_equal(give(&cli, anna.user_id, role_id, group_2, 0, NULL), ERR_NOT_FOUND);
	assert_int_equal(lab_step(&lab, role_delete_step, &edit, false), ERR_REFUSED);
	assert_int_equal(take(&cli, anna.user_id, role_id), 0);
	assert_int_equal(lab_step(&lab, role_delete_step, &edit, false), ERR_NONE);
	assert_int_equal(lab_step(&lab, role_delete_step, &edit, false), ERR_NOT_FOUND);
}

/* ---- the second person ---- */

static struct approval_decision decision(const struct actor *actor, int64_t approval_id)
{
	struct approval_decision d = {.actor = *actor, .approval_id = approval_id};
	struct approval_row row;

	assert_int_equal(approval_get(lab.db, approval_id, &row), 0);
	memcpy(d.hash, row.hash, sizeof d.hash);
	return d;
}

static void power_over_a_group_waits_for_a_second_person(void **state)
{
	struct actor first = person("first", 1), second = person("second", 1),
	             anna = person("anna", 1);
	struct approval_decision d;
	int64_t approval;

	(void)state;
	/* Alone there is nobody to ask: the first one can make the second. */
	assert_int_equal(give(&cli, first.user_id, ROLE_GROUP_ADMIN, 1, 0, NULL), 0);
	assert_int_equal(give(&first, second.user_id, ROLE_GROUP_ADMIN, 1, 0, &approval), 0);
	assert_int_equal(approval, 0);
	/* From then on two are needed. */
	assert_int_equal(give(&first, anna.user_id, ROLE_GROUP_ADMIN, 1, 0, &approval), 0);
	assert_int_not_equal(approval, 0);
	assert_int_equal(grant_of(anna.user_id, ROLE_GROUP_ADMIN), 0);
	assert_int_equal(give(&first, anna.user_id, ROLE_GROUP_ADMIN, 1, 0, NULL), ERR_DUP);
	/* Less than that is done at once. */
	assert_int_equal(give(&first, anna.user_id, ROLE_CASHIER, 1, 0, NULL), 0);
	assert_int_not_equal(grant_of(anna.user_id, ROLE_CASHIER), 0);

	d = decision(&first, approval);
	assert_int_equal(lab_step(&lab, approval_decide_step, &d, false), ERR_FORBIDDEN);
	d = decision(&anna, approval);
	assert_int_equal(lab_step(&lab, approval_decide_step, &d, false), ERR_HIDDEN);
	d = decision(&second, approval);
	assert_int_equal(lab_step(&lab, approval_decide_step, &d, false), ERR_NONE);
	assert_int_equal(d.row.state, APPROVAL_DONE);
	assert_int_not_equal(grant_of(anna.user_id, ROLE_GROUP_ADMIN), 0);
	assert_int_equal(lab_count(&lab, EFFECT_ACCESS), 1);
}

static void a_role_that_grows_powerful_waits_too(void **state)
{
	const uint64_t read = PERMISSION_BIT(PERMISSION_PROPERTY_READ);
	struct actor first = person("first", 1), second = person("second", 1),
	             anna = person("anna", 1);
	struct approval_decision d;
	struct role_edit edit;
	struct role_row row;

	(void)state;
	assert_int_equal(give(&cli, first.user_id, ROLE_GROUP_ADMIN, 1, 0, NULL), 0);
	assert_int_equal(give(&cli, second.user_id, ROLE_GROUP_ADMIN, 1, 0, NULL), 0);
	assert_int_equal(make_role(&first, "helper", read, &edit), 0);
	assert_int_equal(give(&first, anna.user_id, edit.row.role_id, 1, 0, NULL), 0);
	edit.set_permissions = true;
	edit.row.permissions = read | PERMISSION_BIT(PERMISSION_APPROVAL_DECIDE);
	assert_int_equal(lab_step(&lab, role_edit_step, &edit, false), 0);
	assert_int_not_equal(edit.approval_id, 0);
	assert_int_equal(role_get(lab.db, edit.row.role_id, &row), 0);
	assert_int_equal(row.permissions, read);
	d = decision(&second, edit.approval_id);
	assert_int_equal(lab_step(&lab, approval_decide_step, &d, false), 0);
	assert_int_equal(d.row.state, APPROVAL_DONE);
	assert_int_equal(role_get(lab.db, edit.row.role_id, &row), 0);
	assert_int_equal(row.permissions, read | PERMISSION_BIT(PERMISSION_APPROVAL_DECIDE));
}

int main(void)
{
#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(nobody_gives_what_he_has_not),
	        T(nor_for_longer_than_he_has_it),
	        T(keys_manage_nobody),
	        T(nobody_changes_his_own_rights),
	        T(a_manager_is_managed_from_above_only),
	        T(one_administrator_remains),
	        T(a_grant_below_a_space_ends_with_it),
	        T(names_and_versions),
	        T(the_audit_has_before_and_after),
	        T(a_role_holds_no_more_than_its_editor),
	        T(roles_are_edited_and_deleted),
	        T(power_over_a_group_waits_for_a_second_person),
	        T(a_role_that_grows_powerful_waits_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
