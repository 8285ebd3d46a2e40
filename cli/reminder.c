/* `wattle reminder …`: leases that end soon. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/sheet.h"
#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/lease.h"
#include "platform/store/store.h"

static const char usage_text[] = "reminder list [--property ID] [--all]\n"
                                 "       wattle reminder done NUMBER [--property ID]";

struct here {
	struct db *db;
	struct property_row property;
};

static bool print_reminder(void *arg, const struct reminder_row *row)
{
	const struct here *here = arg;
	struct lease_row lease = {.code = "?"};
	struct customer_row customer = {.name = "?"};
	struct civil end;

	if (!lease_get(here->db, row->property_id, row->lease_id, &lease))
		(void)!customer_get(here->db, row->property_id, lease.customer_id, &customer);
	date_from_days(row->end_day, &end);
	printf("%-6" PRId64 " ends %04d-%02u-%02u  lease %s  %s%s%s\n", row->reminder_id, end.year,
	       end.month, end.day, lease.code, customer.name, row->done_s ? "  done by " : "",
	       row->done_s ? row->done_by : "");
	return true;
}

static int done(const struct here *here, int64_t reminder_id)
{
	struct reminder_edit edit = {.property_id = here->property.property_id,
	                             .reminder_id = reminder_id};
	enum err err;

	actor_here(&edit.actor, "reminder done");
	err = step_run(here->db, NULL, reminder_done_step, &edit, clock_wall_ms(), NULL);
	return err ? fail("reminder %" PRId64 ": %s", reminder_id,
	                  edit.fault.why[0] ? edit.fault.why : err_text(err))
	           : EXIT_GOOD;
}

static int list(struct here *here, bool all)
{
	const struct reminder_filter filter = {
	        .all = all, .from_day = INT64_MIN, .to_day = INT64_MAX};
	enum err err =
	        reminder_list(here->db, here->property.property_id, &filter, print_reminder, here);

	return err ? fail("reminders: %s", err_text(err)) : EXIT_GOOD;
}

int cmd_reminder(const struct cli *cli, int argc, char **argv)
{
	const char *slug = option(&argc, argv, "--property");
	bool all = flag(&argc, argv, "--all"), listed;
	struct here here = {.db = NULL};
	struct settings settings;
	int64_t reminder_id = 0;
	int code = EXIT_FAILED;

	listed = argc == 2 && strcmp(argv[1], "list") == 0;
	if (!options_done(argc, argv) ||
	    (!listed && (argc != 3 || all || strcmp(argv[1], "done") != 0 ||
	                 !number_option(argv[2], 1, INT64_MAX, &reminder_id))))
		return usage(usage_text);
	here.db = open_store(cli, &settings);
	if (here.db && property_chosen(here.db, slug, &here.property))
		code = listed ? list(&here, all) : done(&here, reminder_id);
	db_close(here.db);
	return code;
}
