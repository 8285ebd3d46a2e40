/* `wattle approval …`: what waits for a second person. It cannot agree: the second pair of eyes is a
 * person who logs in under a name (docs/design/access.md). It can withdraw. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "libs/base/time.h"
#include "platform/core/approval.h"
#include "platform/core/clock.h"
#include "platform/store/place.h"
#include "platform/store/store.h"

static const char usage_text[] = "approval list [--all] [--lines N]\n"
                                 "       wattle approval show NUMBER\n"
                                 "       wattle approval withdraw NUMBER --reason TEXT";

static void time_text(int64_t unix_s, char text[RFC3339_SIZE])
{
	if (rfc3339_format(unix_s, text))
		text[0] = '\0';
}

static void place_text(struct db *db, const struct approval_row *row, char *text, size_t size)
{
	struct property_row property;

	if (row->property_id && !property_get(db, row->property_id, &property))
		snprintf(text, size, "property %s", property.slug);
	else if (row->group_id)
		snprintf(text, size, "group %" PRId64, row->group_id);
	else
		snprintf(text, size, "installation");
}

/* ---- list ---- */

struct listing {
	struct db *db;
	bool all;
	int64_t left;
};

static bool print_line(void *arg, const struct approval_row *row)
{
	struct listing *listing = arg;
	char place[64], expires[RFC3339_SIZE];

	if (!listing->all && row->state != APPROVAL_WAITING)
		return true;
	place_text(listing->db, row, place, sizeof place);
	time_text(row->expires_s, expires);
	printf("%-6" PRId64 " %-9s %-16s %s  %s (%" PRId64 ")  by %s  until %s  %s\n",
	       row->approval_id, approval_state_text(row->state), row->kind, place, row->object,
	       row->object_count, row->by_name, expires, row->reason);
	return --listing->left > 0;
}

static int list(struct db *db, int argc, char **argv)
{
	struct listing listing = {.db = db, .all = flag(&argc, argv, "--all"), .left = 50};
	enum err err;

	if (!number_option(option(&argc, argv, "--lines"), 1, INT64_MAX, &listing.left) ||
	    !options_done(argc, argv) || argc != 1)
		return usage(usage_text);
	err = approval_list(db, 0, print_line, &listing);
	return err ? fail("approvals: %s", err_text(err)) : EXIT_GOOD;
}

/* ---- one, with its whole list ---- */

static void print_whole(void *arg, const struct approval_row *row)
{
	const struct approval_kind *kind = approval_kind_find(row->kind);
	char place[64], created[RFC3339_SIZE], expires[RFC3339_SIZE], decided[RFC3339_SIZE];

	place_text(arg, row, place, sizeof place);
	time_text(row->created_s, created);
	time_text(row->expires_s, expires);
	printf("approval %" PRId64 "  %s\n", row->approval_id, approval_state_text(row->state));
	printf("act      %s  %s %s\n", row->kind, kind ? kind->en : "", kind ? kind->zh : "");
	printf("about    %s, %s, %" PRId64 " objects\n", place, row->object, row->object_count);
	printf("by       %s (%s), %s, until %s\n", row->by_name, row->by_origin, created, expires);
	printf("reason   %s\n", row->reason);
	printf("sha256   %s\n", row->hash);
	if (row->decided_s) {
		time_text(row->decided_s, decided);
		printf("decided  %s by %s%s%s\n", decided, row->decided_name,
		       row->decided_reason[0] ? ": " : "", row->decided_reason);
	}
	if (row->result[0])
		printf("result   %s\n", row->result);
	printf("%.*s\n", (int)row->body_len, (const char *)row->body);
}

static int show(struct db *db, int64_t approval_id)
{
	enum err err = approval_read(db, approval_id, print_whole, db);

	return err ? fail("approval %" PRId64 ": %s", approval_id, err_text(err)) : EXIT_GOOD;
}

/* ---- withdraw ---- */

static int withdraw(struct db *db, int64_t approval_id, const char *reason)
{
	struct approval_cancel cancel = {.approval_id = approval_id};
	enum err err;

	actor_here(&cancel.actor, reason);
	err = step_run(db, NULL, approval_cancel_step, &cancel, clock_wall_ms(), NULL);
	if (err == ERR_REFUSED)
		return fail("approval %" PRId64 ": it is %s", approval_id,
		            approval_state_text(cancel.row.state));
	return err ? fail("approval %" PRId64 ": %s", approval_id, err_text(err)) : EXIT_GOOD;
}

static int run(struct db *db, int argc, char **argv)
{
	const char *reason = option(&argc, argv, "--reason");
	int64_t approval_id = 0;

	if (strcmp(argv[1], "list") == 0 && !reason)
		return list(db, argc - 1, argv + 1);
	if (!options_done(argc, argv) || argc != 3 ||
	    !number_option(argv[2], 1, INT64_MAX, &approval_id))
		return usage(usage_text);
	if (strcmp(argv[1], "show") == 0 && !reason)
		return show(db, approval_id);
	if (strcmp(argv[1], "withdraw") == 0 && reason && *reason)
		return withdraw(db, approval_id, reason);
	return usage(usage_text);
}

int cmd_approval(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	struct db *db;
	int code;

	if (argc < 2)
		return usage(usage_text);
	db = open_store(cli, &settings);
	if (!db)
		return EXIT_FAILED;
	code = run(db, argc, argv);
	db_close(db);
	return code;
}
