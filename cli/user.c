/* `wattle user …`: staff from the command line, for the first steps and for the day when nobody can
 * log in any more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/people.h"
#include "libs/base/utf8.h"
#include "platform/core/clock.h"
#include "platform/core/password.h"
#include "platform/core/session.h"
#include "platform/core/staff.h"
#include "platform/store/store.h"

#define DAY_S 86400

int staff_fail(const char *what, enum err err)
{
	if (err == ERR_REFUSED)
		return fail("%s: not allowed: an administrator must remain, or it is in use", what);
	return fail("%s: %s", what, err_text(err));
}

struct the_group {
	int64_t group_id;
	bool several;
};

static void take_group(void *arg, const struct group_row *row)
{
	struct the_group *found = arg;

	found->several |= found->group_id != 0;
	found->group_id = row->group_id;
}

int64_t group_argument(struct db *db, const char *text)
{
	struct the_group found = {.group_id = 0};
	int64_t number = 0;

	if (!number_option(text, 1, INT64_MAX, &number))
		return 0;
	if (text)
		return number;
	if (group_list(db, take_group, &found) || !found.group_id || found.several) {
		fail("there are several groups: --group N");
		return 0;
	}
	return found.group_id;
}

int64_t role_argument(struct db *db, const char *text)
{
	const struct builtin_role *builtin = builtin_role_named(text);
	int64_t number = builtin ? builtin->role_id : strtoll(text, NULL, 10);
	struct role_row row;

	if (builtin)
		return number;
	if (number < ROLE_OWN_FIRST || role_get(db, number, &row)) {
		fail("%s: no such role; `wattle role list` shows them", text);
		return 0;
	}
	return number;
}

/* ---- scope ---- */

/* --group, --property, --space; none: the installation. */
static int read_scope(struct db *db, int *argc, char **argv, struct grant_row *row)
{
	const char *group = option(argc, argv, "--group"), *slug = option(argc, argv, "--property"),
	           *space = option(argc, argv, "--space"), *days = option(argc, argv, "--days");
	struct property_row property;
	int64_t for_days = 0;

	if (!number_option(group, 1, INT64_MAX, &row->group_id) ||
	    !number_option(space, 1, INT64_MAX, &row->space_id) ||
	    !number_option(days, 1, 36500, &for_days))
		return EXIT_USAGE;
	if (for_days)
		row->expires_s = clock_wall_ms() / 1000 + for_days * DAY_S;
	if (slug && property_by_slug(db, slug, &property))
		return fail("%s: no such property", slug);
	if (slug)
		row->property_id = property.property_id;
	if (slug)
		row->group_id = property.group_id;
	return space && !slug ? fail("--space needs --property") : EXIT_GOOD;
}

static int give_role(struct db *db, int64_t user_id, const char *role,
                     const struct grant_row *scope)
{
	struct grant_request grant = {.row = *scope};
	enum err err;

	actor_here(&grant.actor, "user grant");
	grant.row.user_id = user_id;
	grant.row.role_id = role_argument(db, role);
	if (!grant.row.role_id)
		return EXIT_FAILED;
	err = step_run(db, NULL, grant_add_step, &grant, clock_wall_ms(), NULL);
	if (err == ERR_BAD_INPUT)
		return fail("%s: not at this scope", role);
	if (err)
		return staff_fail(role, err);
	printf("grant %lld\n", (long long)grant.row.grant_id);
	return EXIT_GOOD;
}

static int find_user(struct db *db, const char *name, struct user_row *row)
{
	enum err err = user_by_name(db, name, row);

	return err ? fail("user %s: %s", name, err_text(err)) : EXIT_GOOD;
}

/* ---- add, password, invite ---- */

static int user_add(struct db *db, int argc, char **argv)
{
	const char *full_name = option(&argc, argv, "--full-name"),
	           *lang = option(&argc, argv, "--lang"), *role = option(&argc, argv, "--role");
	char password[PASSWORD_RANDOM_SIZE];
	struct user_create create = {.row = {.must_change = true}};
	struct grant_row scope = {0};
	int code = read_scope(db, &argc, argv, &scope);
	enum err err;

	if (code)
		return code;
	if (!options_done(argc, argv) || argc != 2 || strlen(argv[1]) >= USER_NAME_SIZE)
		return usage("user add NAME [--full-name TEXT] [--lang zh-CN|en] [--role ROLE "
		             "[--group N | --property ID [--space N]] [--days N]]");
	actor_here(&create.actor, "user add");
	utf8_copy(create.row.name, sizeof create.row.name, argv[1]);
	utf8_copy(create.row.full_name, sizeof create.row.full_name, full_name ? full_name : "");
	utf8_copy(create.row.lang, sizeof create.row.lang, lang ? lang : "zh-CN");
	create.row.group_id = scope.group_id;
	password_random(password);
	err = password_hash(password, create.row.password_hash);
	if (!err)
		err = step_run(db, NULL, user_create_step, &create, clock_wall_ms(), NULL);
	if (err)
		return staff_fail(argv[1], err);
	printf("password: %s\n", password);
	puts("It must be changed at the first login. 首次登录必须修改密码");
	return role ? give_role(db, create.row.user_id, role, &scope) : EXIT_GOOD;
}

static int user_password(struct db *db, int argc, char **argv)
{
	struct password_request request = {0};
	char password[PASSWORD_RANDOM_SIZE];
	enum err err;

	if (argc != 2)
		return usage("user password NAME");
	actor_here(&request.actor, "user password");
	snprintf(request.name, sizeof request.name, "%s", argv[1]);
	password_random(password);
	err = password_hash(password, request.password_hash);
	if (!err)
		err = step_run(db, NULL, password_give_step, &request, clock_wall_ms(), NULL);
	if (err)
		return staff_fail(argv[1], err);
	printf("password: %s\n", password);
	return EXIT_GOOD;
}

static int user_invite(struct db *db, int argc, char **argv)
{
	const char *hours = option(&argc, argv, "--hours");
	struct invitation_request request = {0};
	char token[SESSION_TOKEN_SIZE];
	struct user_row user;
	int64_t life_h = 0;
	enum err err;

	if (!number_option(hours, 1, 336, &life_h) || !options_done(argc, argv) || argc != 2)
		return usage("user invite NAME [--hours N]");
	if (find_user(db, argv[1], &user))
		return EXIT_FAILED;
	actor_here(&request.actor, "user invite");
	request.user_id = user.user_id;
	request.life_s = life_h * 3600;
	session_token_new(token);
	session_token_hash(token, request.token_hash);
	err = step_run(db, NULL, invitation_create_step, &request, clock_wall_ms(), NULL);
	if (err)
		return staff_fail(argv[1], err);
	printf("/invite#%s\n", token);
	return EXIT_GOOD;
}

/* ---- switch off and on ---- */

static int user_enable(struct db *db, int argc, char **argv, bool disabled)
{
	struct user_edit edit = {.members = USER_DISABLED, .row = {.disabled_s = disabled}};
	const char *reason = option(&argc, argv, "--reason");
	struct user_row user;
	enum err err;

	if (!options_done(argc, argv) || argc != 2 || (disabled && !reason))
		return usage("user disable NAME --reason TEXT, or user enable NAME");
	if (find_user(db, argv[1], &user))
		return EXIT_FAILED;
	actor_here(&edit.actor, reason ? reason : "user enable");
	edit.user_id = user.user_id;
	err = step_run(db, NULL, user_edit_step, &edit, clock_wall_ms(), NULL);
	return err ? staff_fail(argv[1], err) : EXIT_GOOD;
}

static int user_totp_remove(struct db *db, int argc, char **argv)
{
	struct totp_remove remove = {0};
	const char *reason = option(&argc, argv, "--reason");
	struct user_row user;
	enum err err;

	if (!options_done(argc, argv) || argc != 2 || !reason)
		return usage("user totp-remove NAME --reason TEXT");
	if (find_user(db, argv[1], &user))
		return EXIT_FAILED;
	actor_here(&remove.actor, reason);
	remove.user_id = user.user_id;
	err = step_run(db, NULL, totp_remove_step, &remove, clock_wall_ms(), NULL);
	return err ? staff_fail(argv[1], err) : EXIT_GOOD;
}

/* ---- grants ---- */

static int user_grant(struct db *db, int argc, char **argv)
{
	struct grant_row scope = {0};
	struct user_row user;
	int code = read_scope(db, &argc, argv, &scope);

	if (code)
		return code;
	if (!options_done(argc, argv) || argc != 3)
		return usage("user grant NAME ROLE [--group N | --property ID [--space N]] "
		             "[--days N]");
	return find_user(db, argv[1], &user) ? EXIT_FAILED
	                                     : give_role(db, user.user_id, argv[2], &scope);
}

static int user_revoke(struct db *db, int argc, char **argv)
{
	struct grant_request grant = {0};
	const char *reason = option(&argc, argv, "--reason");
	struct user_row user;
	enum err err;

	if (!options_done(argc, argv) || argc != 3 || !reason ||
	    !number_option(argv[2], 1, INT64_MAX, &grant.row.grant_id))
		return usage("user revoke NAME GRANT --reason TEXT");
	if (find_user(db, argv[1], &user))
		return EXIT_FAILED;
	actor_here(&grant.actor, reason);
	grant.row.user_id = user.user_id;
	err = step_run(db, NULL, grant_remove_step, &grant, clock_wall_ms(), NULL);
	return err ? staff_fail(argv[2], err) : EXIT_GOOD;
}

static void print_grant(void *arg, const struct grant_row *row)
{
	char name[ROLE_NAME_SIZE];
	struct property_row property;

	if (role_name(arg, row->role_id, name))
		snprintf(name, sizeof name, "role %lld", (long long)row->role_id);
	printf("    grant %-6lld %-20s ", (long long)row->grant_id, name);
	if (row->property_id && property_get(arg, row->property_id, &property) == ERR_NONE)
		printf("property %s", property.slug);
	else if (row->group_id)
		printf("group %lld", (long long)row->group_id);
	else
		printf("installation");
	if (row->space_id)
		printf(", space %lld", (long long)row->space_id);
	if (row->expires_s)
		printf(", %lld days left",
		       (long long)((row->expires_s - clock_wall_ms() / 1000) / DAY_S));
	putchar('\n');
}

static bool print_user(void *arg, const struct user_row *row)
{
	printf("%-20s %s%s%s%s\n", row->name, row->full_name, row->full_name[0] ? "  " : "",
	       row->disabled_s         ? "disabled"
	       : row->password_hash[0] ? ""
	                               : "no password yet",
	       row->totp_since_s ? "  second factor" : "");
	return grant_list_of_user(arg, row->user_id, print_grant, arg) == ERR_NONE;
}

int cmd_user(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	const char *what = argc > 1 ? argv[1] : "";
	struct db *db = open_store(cli, &settings);
	int code;

	if (!db)
		return EXIT_FAILED;
	argc--;
	argv++;
	if (strcmp(what, "add") == 0)
		code = user_add(db, argc, argv);
	else if (strcmp(what, "password") == 0)
		code = user_password(db, argc, argv);
	else if (strcmp(what, "invite") == 0)
		code = user_invite(db, argc, argv);
	else if (strcmp(what, "disable") == 0 || strcmp(what, "enable") == 0)
		code = user_enable(db, argc, argv, what[0] == 'd');
	else if (strcmp(what, "totp-remove") == 0)
		code = user_totp_remove(db, argc, argv);
	else if (strcmp(what, "grant") == 0)
		code = user_grant(db, argc, argv);
	else if (strcmp(what, "revoke") == 0)
		code = user_revoke(db, argc, argv);
	else if (strcmp(what, "list") == 0)
		code = user_list(db, print_user, db) ? EXIT_FAILED : EXIT_GOOD;
	else
		code = usage(
		        "user list|add|password|invite|enable|disable|totp-remove|grant|revoke "
		        "…");
	db_close(db);
	return code;
}
