/* `wattle group …` and `wattle property …`: the organisation from its top down to the property; what is
 * below comes by sheet. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/people.h"
#include "platform/core/clock.h"
#include "platform/core/organisation.h"
#include "platform/store/store.h"

static const char group_usage[] = "group list\n"
                                  "       wattle group add NAME\n"
                                  "       wattle group archive|unarchive NUMBER";
static const char property_usage[] =
        "property list\n"
        "       wattle property add ID --name TEXT [--group N] [--address TEXT] [--phone NUMBER]\n"
        "         [--utc-offset MINUTES]\n"
        "       wattle property archive|unarchive ID";

static int edit_fail(const char *what, enum err err, const struct fault *fault)
{
	if (!fault->why[0])
		return fail("%s: %s", what, err_text(err));
	return fail("%s: %s%s%s", what, fault->field ? fault->field : "", fault->field ? " " : "",
	            fault->why);
}

static bool is_archiving(const char *word, bool *archived)
{
	*archived = strcmp(word, "archive") == 0;
	return *archived || strcmp(word, "unarchive") == 0;
}

/* ---- groups ---- */

static void print_group(void *arg, const struct group_row *row)
{
	(void)arg;
	printf("%-6" PRId64 " %s%s\n", row->group_id, row->name,
	       row->archived_s ? "  archived 已归档" : "");
}

static int group_add(struct db *db, const char *name)
{
	struct group_edit edit = {.name = name};
	enum err err;

	actor_here(&edit.actor, "group add");
	err = step_run(db, NULL, group_edit_step, &edit, clock_wall_ms(), NULL);
	if (err)
		return edit_fail(name, err, &edit.fault);
	printf("group %" PRId64 "\n", edit.row.group_id);
	return EXIT_GOOD;
}

static int group_archive(struct db *db, const char *number, bool archived)
{
	struct group_edit edit = {.has_archived = true, .archived = archived};
	struct group_row row = {.version = 0};
	enum err err;

	if (!number_option(number, 1, INT64_MAX, &edit.group_id))
		return EXIT_USAGE;
	actor_here(&edit.actor, archived ? "group archive" : "group unarchive");
	err = group_get(db, edit.group_id, &row);
	edit.version = row.version;
	if (!err)
		err = step_run(db, NULL, group_edit_step, &edit, clock_wall_ms(), NULL);
	return err ? edit_fail(number, err, &edit.fault) : EXIT_GOOD;
}

int cmd_group(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	struct db *db;
	bool archived;
	int code;

	if (argc < 2 || !options_done(argc, argv))
		return usage(group_usage);
	db = open_store(cli, &settings);
	if (!db)
		return EXIT_FAILED;
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		code = group_list(db, print_group, NULL) ? fail("groups cannot be read")
		                                         : EXIT_GOOD;
	else if (argc == 3 && strcmp(argv[1], "add") == 0)
		code = group_add(db, argv[2]);
	else if (argc == 3 && is_archiving(argv[1], &archived))
		code = group_archive(db, argv[2], archived);
	else
		code = usage(group_usage);
	db_close(db);
	return code;
}

/* ---- properties ---- */

static void print_property(void *arg, const struct property_row *row)
{
	(void)arg;
	printf("%-20s group %-4" PRId64 " %s%s%s%s%s\n", row->slug, row->group_id, row->name,
	       row->address[0] ? "  " : "", row->address, row->phone[0] ? "  " : "", row->phone);
	if (row->archived_s)
		printf("%-20s archived 已归档\n", "");
}

static int property_add(struct db *db, int argc, char **argv)
{
	const char *group = option(&argc, argv, "--group"),
	           *offset = option(&argc, argv, "--utc-offset");
	struct property_edit edit = {.name = option(&argc, argv, "--name"),
	                             .address = option(&argc, argv, "--address"),
	                             .phone = option(&argc, argv, "--phone"),
	                             .has_offset = offset != NULL};
	enum err err;

	if (!options_done(argc, argv) || argc != 2 || !edit.name)
		return usage(property_usage);
	if (!number_option(offset, -24 * 60, 24 * 60, &edit.utc_offset_min))
		return EXIT_USAGE;
	edit.group_id = group_argument(db, group);
	if (!edit.group_id)
		return EXIT_FAILED;
	edit.slug = argv[1];
	actor_here(&edit.actor, "property add");
	err = step_run(db, NULL, property_edit_step, &edit, clock_wall_ms(), NULL);
	return err ? edit_fail(argv[1], err, &edit.fault) : EXIT_GOOD;
}

static int property_archive(struct db *db, const char *slug, bool archived)
{
	struct property_edit edit = {.has_archived = true, .archived = archived};
	struct property_row row = {.property_id = 0};
	enum err err = property_by_slug(db, slug, &row);

	actor_here(&edit.actor, archived ? "property archive" : "property unarchive");
	edit.property_id = row.property_id;
	edit.version = row.version;
	if (!err)
		err = step_run(db, NULL, property_edit_step, &edit, clock_wall_ms(), NULL);
	return err ? edit_fail(slug, err, &edit.fault) : EXIT_GOOD;
}

int cmd_property(const struct cli *cli, int argc, char **argv)
{
	struct settings settings;
	struct db *db;
	bool archived;
	int code;

	if (argc < 2)
		return usage(property_usage);
	db = open_store(cli, &settings);
	if (!db)
		return EXIT_FAILED;
	if (strcmp(argv[1], "add") == 0)
		code = property_add(db, argc - 1, argv + 1);
	else if (!options_done(argc, argv))
		code = EXIT_USAGE;
	else if (argc == 2 && strcmp(argv[1], "list") == 0)
		code = property_list(db, print_property, NULL) ? fail("properties cannot be read")
		                                               : EXIT_GOOD;
	else if (argc == 3 && is_archiving(argv[1], &archived))
		code = property_archive(db, argv[2], archived);
	else
		code = usage(property_usage);
	db_close(db);
	return code;
}
