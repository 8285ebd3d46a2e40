/* `wattle webhook …`: which programs are told what happens, how that went, and once more. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/sheet.h"
#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/webhook.h"
#include "platform/store/store.h"
#include "platform/store/user.h"

static const char usage_text[] = "webhook list [--property ID]\n"
                                 "       wattle webhook log WEBHOOK [--property ID] [--lines N]\n"
                                 "       wattle webhook replay WEBHOOK DELIVERY [--property ID]\n"
                                 "       wattle webhook ping WEBHOOK [--property ID]";

struct here {
	struct db *db;
	struct property_row property;
	int64_t left; /* lines of a log */
};

static bool print_webhook(void *arg, const struct webhook_row *row)
{
	const struct here *here = arg;
	struct user_row maker = {.name = "?"};

	(void)!user_get(here->db, row->made_by, &maker);
	printf("%-6" PRId64 " %-4s %s  %s  of %s ", row->webhook_id, row->enabled ? "on" : "off",
	       row->name, row->url, maker.name);
	for (unsigned i = 0; i < WEBHOOK_KIND_COUNT; i++)
		if (row->kinds & (INT64_C(1) << i))
			printf(" %s", webhook_kind_word(i));
	putchar('\n');
	return true;
}

static int list(struct here *here)
{
	enum err err = webhook_list(here->db, here->property.property_id, 0, print_webhook, here);

	return err ? fail("webhooks: %s", err_text(err)) : EXIT_GOOD;
}

/* ---- what was sent ---- */

static const char *state_text(enum delivery_state state)
{
	switch (state) {
	case DELIVERY_PENDING:
		return "pending";
	case DELIVERY_DONE:
		return "delivered";
	case DELIVERY_FAILED:
		break;
	}
	return "failed";
}

static bool print_delivery(void *arg, const struct delivery_row *row)
{
	struct here *here = arg;
	char at[RFC3339_MS_SIZE];

	if (rfc3339_format_ms(row->created_ms, at))
		at[0] = '\0';
	printf("%-8" PRId64 " %s  %-9s %-14s %" PRId64 " tries  status %" PRId64 "%s%s",
	       row->delivery_id, at, state_text(row->state), webhook_kind_word(row->kind),
	       row->tries, row->status, row->error[0] ? "  " : "", row->error);
	if (row->replay_of)
		printf("  replay of %" PRId64, row->replay_of);
	putchar('\n');
	return --here->left > 0;
}

static int print_log(struct here *here, int64_t webhook_id)
{
	struct webhook_row row;
	enum err err = webhook_get(here->db, here->property.property_id, webhook_id, &row);

	if (!err)
		err = delivery_list(here->db, here->property.property_id, webhook_id, 0,
		                    print_delivery, here);
	return err ? fail("webhook %" PRId64 ": %s", webhook_id, err_text(err)) : EXIT_GOOD;
}

/* delivery_id 0: a ping. */
static int replay(struct here *here, int64_t webhook_id, int64_t delivery_id)
{
	struct webhook_replay r = {
	        .place = {.group_id = here->property.group_id,
	                  .property_id = here->property.property_id},
	        .webhook_id = webhook_id,
	        .delivery_id = delivery_id
        };
	enum err err;

	actor_here(&r.actor, delivery_id ? "webhook replay" : "webhook ping");
	err = step_run(here->db, NULL, webhook_replay_step, &r, clock_wall_ms(), NULL);
	if (err == ERR_REFUSED)
		return fail("webhook %" PRId64 ": it is switched off, or the delivery still waits",
		            webhook_id);
	if (err)
		return fail("webhook %" PRId64 ": %s", webhook_id, err_text(err));
	printf("delivery %" PRId64 "\n", r.new_delivery_id);
	return EXIT_GOOD;
}

static int run(struct here *here, int argc, char **argv)
{
	int64_t webhook_id = 0, delivery_id = 0;

	if ((argc > 2 && !number_option(argv[2], 1, INT64_MAX, &webhook_id)) ||
	    (argc > 3 && !number_option(argv[3], 1, INT64_MAX, &delivery_id)))
		return EXIT_USAGE;
	if (argc == 2 && strcmp(argv[1], "list") == 0)
		return list(here);
	if (argc == 3 && strcmp(argv[1], "log") == 0)
		return print_log(here, webhook_id);
	if ((argc == 4 && strcmp(argv[1], "replay") == 0) ||
	    (argc == 3 && strcmp(argv[1], "ping") == 0))
		return replay(here, webhook_id, delivery_id);
	return usage(usage_text);
}

int cmd_webhook(const struct cli *cli, int argc, char **argv)
{
	const char *slug = option(&argc, argv, "--property"),
	           *lines = option(&argc, argv, "--lines");
	struct here here = {.left = 50};
	struct settings settings;
	int code = EXIT_FAILED;

	if (!options_done(argc, argv) || argc < 2 ||
	    !number_option(lines, 1, INT64_MAX, &here.left))
		return usage(usage_text);
	here.db = open_store(cli, &settings);
	if (here.db && property_chosen(here.db, slug, &here.property))
		code = run(&here, argc, argv);
	db_close(here.db);
	return code;
}
