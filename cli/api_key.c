/* `wattle api-key …`: keys of programs. Each belongs to a person, who answers for it and whose rights
 * bound it (docs/design/access.md). */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "cli/people.h"
#include "libs/base/time.h"
#include "libs/base/utf8.h"
#include "platform/core/api_key.h"
#include "platform/core/clock.h"
#include "platform/core/role.h"
#include "platform/store/store.h"
#include "platform/store/user.h"

#define DAY_S    86400
#define DAYS_MAX (API_KEY_LIFE_S_MAX / DAY_S)

static const char usage_text[] = "api-key list [--all]\n"
                                 "       wattle api-key add NAME --for USER --permissions A,B,…\n"
                                 "         [--property ID [--space N]] [--days N]\n"
                                 "       wattle api-key revoke NUMBER --reason TEXT";

/* ---- list ---- */

struct listing {
	struct db *db;
	bool all;
	int64_t now_s;
};

static const char *state_of(const struct api_key_row *row, int64_t now_s)
{
	if (row->ended_s)
		return "revoked";
	return row->expires_s && row->expires_s <= now_s ? "expired" : "live";
}

static void time_text(int64_t unix_s, const char *none, char text[RFC3339_SIZE])
{
	if (!unix_s || rfc3339_format(unix_s, text))
		snprintf(text, RFC3339_SIZE, "%s", none);
}

static void scope_text(struct db *db, const struct api_key_row *row, char *text, size_t size)
{
	struct property_row property;

	if (row->property_id && !property_get(db, row->property_id, &property))
		snprintf(text, size, row->space_id ? "property %s space %" PRId64 : "property %s",
		         property.slug, row->space_id);
	else if (row->group_id)
		snprintf(text, size, "group %" PRId64, row->group_id);
	else
		snprintf(text, size, "installation");
}

static bool print_key(void *arg, const struct api_key_row *row)
{
	const struct listing *listing = arg;
	const char *state = state_of(row, listing->now_s);
	char scope[96], expires[RFC3339_SIZE], used[RFC3339_SIZE];
	struct user_row maker = {.name = "?"};

	if (!listing->all && strcmp(state, "live") != 0)
		return true;
	(void)!user_get(listing->db, row->made_by, &maker);
	scope_text(listing->db, row, scope, sizeof scope);
	time_text(row->expires_s, "no end", expires);
	time_text(row->used_s, "never used", used);
	printf("%-6" PRId64 " %-8s %s…  %s  of %s  %s  until %s  used %s ", row->key_id, state,
	       row->start, row->name, maker.name, scope, expires, used);
	for (unsigned p = 0; p < PERMISSION_COUNT; p++)
		if (row->permissions & PERMISSION_BIT(p))
			printf(" %s", permission_word((enum permission)p));
	putchar('\n');
	return true;
}

static int list(struct db *db, int argc, char **argv)
{
	struct listing listing = {
	        .db = db, .all = flag(&argc, argv, "--all"), .now_s = clock_wall_ms() / 1000};
	enum err err;

	if (!options_done(argc, argv) || argc != 1)
		return usage(usage_text);
	err = api_key_list(db, 0, print_key, &listing);
	return err ? fail("API keys: %s", err_text(err)) : EXIT_GOOD;
}

/* ---- add ---- */

static int choose_scope(struct db *db, const char *slug, int64_t space_id, struct place *place)
{
	struct property_row property;
	enum err err;

	if (!slug)
		return space_id ? fail("--space needs --property") : EXIT_GOOD;
	if (property_by_slug(db, slug, &property))
		return fail("%s: no such property", slug);
	err = place_of_space(db, property.property_id, space_id, place);
	return err ? fail("space %" PRId64 ": %s", space_id, err_text(err)) : EXIT_GOOD;
}

/* The rights of the person are asked, not those of who sits here: the key has no others. */
static int make(struct db *db, const struct user_row *maker, struct api_key_request *r)
{
	char key[API_KEY_SIZE];
	enum err err;

	actor_here(&r->actor, "api-key add");
	r->actor.local = false;
	r->actor.user_id = maker->user_id;
	api_key_new(key, r->row.token_hash, r->row.start);
	err = step_run(db, NULL, api_key_create_step, r, clock_wall_ms(), NULL);
	if (err == ERR_FORBIDDEN || err == ERR_NOT_FOUND)
		return fail("%s has not all of these rights there, or not key.write", maker->name);
	if (err)
		return fail("%s: %s", r->row.name, err_text(err));
	fprintf(stderr, "api key %" PRId64 "; it is not shown again 仅显示一次\n", r->row.key_id);
	printf("%s\n", key);
	sodium_memzero(key, sizeof key);
	return EXIT_GOOD;
}

static int add(struct db *db, int argc, char **argv)
{
	const char *name = option(&argc, argv, "--for"),
	           *words = option(&argc, argv, "--permissions"),
	           *slug = option(&argc, argv, "--property"),
	           *space = option(&argc, argv, "--space"), *days = option(&argc, argv, "--days");
	struct api_key_request r = {.version = 0};
	int64_t space_id = 0, for_days = 0;
	struct user_row maker;

	if (!options_done(argc, argv) || argc != 2 || !argv[1][0] || !name || !words)
		return usage(usage_text);
	if (!number_option(space, 1, INT64_MAX, &space_id) ||
	    !number_option(days, 1, DAYS_MAX, &for_days))
		return EXIT_USAGE;
	if (permissions_argument(words, &r.row.permissions))
		return EXIT_FAILED;
	if (user_by_name(db, name, &maker))
		return fail("%s: no such person", name);
	r.place.group_id = maker.group_id;
	if (choose_scope(db, slug, space_id, &r.place))
		return EXIT_FAILED;
	utf8_copy(r.row.name, sizeof r.row.name, argv[1]);
	if (for_days)
		r.row.expires_s = clock_wall_ms() / 1000 + for_days * DAY_S;
	return make(db, &maker, &r);
}

/* ---- revoke ---- */

static int revoke(struct db *db, int argc, char **argv)
{
	const char *reason = option(&argc, argv, "--reason");
	struct api_key_request r = {.version = 0};
	enum err err;

	if (!options_done(argc, argv) || argc != 2 || !reason ||
	    !number_option(argv[1], 1, INT64_MAX, &r.row.key_id))
		return usage(usage_text);
	actor_here(&r.actor, reason);
	err = api_key_get(db, r.row.key_id, &r.row);
	if (!err && r.row.ended_s)
		return fail("api key %s: it is revoked already", argv[1]);
	r.version = r.row.version;
	if (!err)
		err = step_run(db, NULL, api_key_end_step, &r, clock_wall_ms(), NULL);
	return err ? fail("api key %s: %s", argv[1], err_text(err)) : EXIT_GOOD;
}

int cmd_api_key(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	const char *what = argc > 1 ? argv[1] : "";
	struct db *db = open_store(cli, &settings);
	int code;

	if (!db)
		return EXIT_FAILED;
	if (sodium_init() < 0)
		code = fail("no random numbers");
	else if (strcmp(what, "list") == 0)
		code = list(db, argc - 1, argv + 1);
	else if (strcmp(what, "add") == 0)
		code = add(db, argc - 1, argv + 1);
	else if (strcmp(what, "revoke") == 0)
		code = revoke(db, argc - 1, argv + 1);
	else
		code = usage(usage_text);
	db_close(db);
	return code;
}
