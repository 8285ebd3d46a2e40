/* `wattle role …` and `wattle session …`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/people.h"
#include "libs/base/time.h"
#include "libs/base/utf8.h"
#include "platform/core/clock.h"
#include "platform/core/session.h"
#include "platform/store/store.h"

/* ---- roles ---- */

static void print_role(struct db *db, const struct role_row *row, const char *name)
{
	bool totp = false;

	if (role_totp_required(db, row->group_id, row->role_id, &totp))
		fail("role %lld cannot be read", (long long)row->role_id);
	if (row->role_id < ROLE_OWN_FIRST)
		printf("%-18s", name);
	else
		printf("%-6lld %-11s", (long long)row->role_id, name);
	printf("%s ", totp ? " [second factor]" : "");
	for (unsigned p = 0; p < PERMISSION_COUNT; p++)
		if (row->permissions & PERMISSION_BIT(p))
			printf(" %s", permission_word((enum permission)p));
	putchar('\n');
}

static void print_own(void *arg, const struct role_row *row)
{
	print_role(arg, row, row->name);
}

static int roles_show(struct db *db, int argc, char **argv)
{
	int64_t group_id = group_argument(db, option(&argc, argv, "--group"));

	if (!group_id || !options_done(argc, argv) || argc != 1)
		return usage("role list [--group N]");
	for (size_t i = 0; i < builtin_role_count; i++)
		print_role(db,
		           &(struct role_row){.role_id = builtin_roles[i].role_id,
		                              .group_id = group_id,
		                              .permissions = builtin_roles[i].permissions},
		           builtin_roles[i].word);
	return role_list(db, group_id, print_own, db) ? EXIT_FAILED : EXIT_GOOD;
}

int permissions_argument(const char *text, uint64_t *permissions)
{
	enum permission permission;
	char word[40];

	for (*permissions = 0; *text;) {
		size_t len = strcspn(text, ",");

		snprintf(word, sizeof word, "%.*s", (int)(len < sizeof word ? len : 0), text);
		if (!permission_parse(word, &permission))
			return fail("%.*s: no permission; `wattle role list` shows them", (int)len,
			            text);
		*permissions |= PERMISSION_BIT(permission);
		text += len;
		text += *text == ',';
	}
	return EXIT_GOOD;
}

static int role_add(struct db *db, int argc, char **argv)
{
	const char *words = option(&argc, argv, "--permissions");
	int64_t group_id = group_argument(db, option(&argc, argv, "--group"));
	struct role_edit edit = {.row = {.group_id = group_id}};
	enum err err;

	if (!group_id)
		return EXIT_FAILED;
	if (!words || !options_done(argc, argv) || argc != 2)
		return usage("role add NAME --permissions A,B,… [--group N]");
	if (permissions_argument(words, &edit.row.permissions))
		return EXIT_FAILED;
	actor_here(&edit.actor, "role add");
	utf8_copy(edit.row.name, sizeof edit.row.name, argv[1]);
	err = step_run(db, NULL, role_create_step, &edit, clock_wall_ms(), NULL);
	if (err)
		return staff_fail(argv[1], err);
	printf("role %lld\n", (long long)edit.row.role_id);
	return EXIT_GOOD;
}

static int role_change(struct db *db, int argc, char **argv, step_fn step)
{
	bool totp = step == role_edit_step;
	int64_t group_id = group_argument(db, option(&argc, argv, "--group"));
	struct role_edit edit = {.set_totp = totp, .row = {.group_id = group_id}};
	enum err err;

	if (!group_id)
		return EXIT_FAILED;
	if (argc != (totp ? 3 : 2) ||
	    (totp && strcmp(argv[2], "on") != 0 && strcmp(argv[2], "off") != 0))
		return usage(totp ? "role totp ROLE on|off [--group N]"
		                  : "role delete ROLE [--group N]");
	actor_here(&edit.actor, totp ? "role totp" : "role delete");
	edit.totp_required = totp && strcmp(argv[2], "on") == 0;
	edit.row.role_id = role_argument(db, argv[1]);
	if (!edit.row.role_id)
		return EXIT_FAILED;
	/* The administrator's is of the installation. */
	if (edit.row.role_id == ROLE_ADMINISTRATOR)
		edit.row.group_id = 0;
	err = step_run(db, NULL, step, &edit, clock_wall_ms(), NULL);
	return err ? staff_fail(argv[1], err) : EXIT_GOOD;
}

int cmd_role(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	const char *what = argc > 1 ? argv[1] : "";
	struct db *db = open_store(cli, &settings);
	int code;

	if (!db)
		return EXIT_FAILED;
	if (strcmp(what, "list") == 0)
		code = roles_show(db, argc - 1, argv + 1);
	else if (strcmp(what, "add") == 0)
		code = role_add(db, argc - 1, argv + 1);
	else if (strcmp(what, "delete") == 0)
		code = role_change(db, argc - 1, argv + 1, role_delete_step);
	else if (strcmp(what, "totp") == 0)
		code = role_change(db, argc - 1, argv + 1, role_edit_step);
	else
		code = usage("role list|add|delete|totp …");
	db_close(db);
	return code;
}

/* ---- sessions ---- */

static void print_session(void *arg, const struct session_row *row)
{
	char seen[RFC3339_SIZE];

	if (rfc3339_format(row->seen_s, seen))
		seen[0] = '\0';
	printf("%-8lld %-20s %s  %-15s %s\n", (long long)row->session_id, (const char *)arg, seen,
	       row->origin, row->user_agent);
}

static bool print_sessions(void *arg, const struct user_row *row)
{
	return session_list(arg, row->user_id, print_session, (void *)(uintptr_t)row->name) ==
	       ERR_NONE;
}

static int sessions_end(struct db *db, int argc, char **argv)
{
	const char *name = option(&argc, argv, "--user"), *reason = option(&argc, argv, "--reason");
	struct session_end end = {0};
	struct user_row user;
	enum err err;

	if (!options_done(argc, argv) || argc != (name ? 1 : 2) || !reason ||
	    !number_option(name ? NULL : argv[1], 1, INT64_MAX, &end.session_id))
		return usage("session end NUMBER|--user NAME --reason TEXT");
	actor_here(&end.actor, reason);
	err = name ? user_by_name(db, name, &user) : ERR_NONE;
	end.user_id = name && !err ? user.user_id : 0;
	if (!err)
		err = step_run(db, NULL, session_end_step, &end, clock_wall_ms(), NULL);
	if (err)
		return staff_fail(name ? name : argv[1], err);
	printf("%lld ended\n", (long long)end.ended);
	return EXIT_GOOD;
}

int cmd_session(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	const char *what = argc > 1 ? argv[1] : "";
	struct db *db = open_store(cli, &settings);
	int code;

	if (!db)
		return EXIT_FAILED;
	if (strcmp(what, "list") == 0 && argc == 2)
		code = user_list(db, print_sessions, db) ? EXIT_FAILED : EXIT_GOOD;
	else if (strcmp(what, "end") == 0)
		code = sessions_end(db, argc - 1, argv + 1);
	else
		code = usage("session list, or session end …");
	db_close(db);
	return code;
}
