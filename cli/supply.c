/* `wattle supply …`: who is warned or cut, the incident switch, and giving supply back. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/sheet.h"
#include "libs/base/money.h"
#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/rating.h"
#include "platform/core/supply.h"
#include "platform/store/store.h"

static const char usage_text[] =
        "supply list [--property ID] [--state STATE]\n"
        "       wattle supply incident on|off --reason TEXT [--property ID]\n"
        "       wattle supply restore --since TIME --reason TEXT [--property ID]";

struct here {
	struct db *db;
	struct property_row property;
	bool has_state;
	enum room_state state;
	int64_t now_ms;
};

static bool print_use(void *arg, const struct supply_use *use)
{
	const struct here *here = arg;
	enum room_state state = room_state_of(use, here->now_ms / 1000);
	struct account_money money;
	char text[MONEY_TEXT_SIZE] = "?", cut_at[RFC3339_SIZE] = "";

	if (here->has_state && state != here->state)
		return true;
	if (!account_money(here->db, use->use.property_id, use->use.account_id, here->now_ms,
	                   &money))
		money_format(money.usable, text, sizeof text);
	if (use->account.memory.state == BALANCE_GRACE)
		(void)!rfc3339_format(use->account.memory.cut_at_s, cut_at);
	printf("%012" PRId64 "  %-12s %12s  %s%s%s%s%s%s\n", use->use.meter, room_state_word(state),
	       text, use->account_code, *cut_at ? "  cut at " : "", cut_at,
	       use->meter.mark ? "  never cut: " : "", supply_mark_word(use->meter.mark),
	       use->meter.held_id > 0 ? "  held by the guard" : "");
	return true;
}

static int list(struct here *here)
{
	struct supply_rules rules;
	enum err err = supply_rules_get(here->db, here->property.property_id, &rules);

	if (!err && rules.incident_ms)
		printf("automatic openings are stopped by %s: %s\n", rules.incident_by,
		       rules.incident_reason);
	if (!err)
		err = supply_uses(here->db, here->property.property_id, 0, 0, print_use, here);
	return err ? fail("supply: %s", err_text(err)) : EXIT_GOOD;
}

static int told(enum err err, const struct fault *fault)
{
	return err ? fail("supply: %s", fault->why[0] ? fault->why : err_text(err)) : EXIT_GOOD;
}

static int incident(const struct here *here, bool on, const char *reason)
{
	struct supply_incident r = {.property_id = here->property.property_id, .on = on};
	enum err err;

	actor_here(&r.actor, reason);
	err = step_run(here->db, NULL, supply_incident_step, &r, here->now_ms, NULL);
	if (!err && on)
		printf("stopped; %" PRId64 " openings are taken back\n", r.recalled);
	return told(err, &r.fault);
}

static int restore(const struct here *here, int64_t since_ms, const char *reason)
{
	struct supply_restore r = {.property_id = here->property.property_id, .since_ms = since_ms};
	enum err err;

	actor_here(&r.actor, reason);
	err = step_run(here->db, NULL, supply_restore_step, &r, here->now_ms, NULL);
	if (!err)
		printf("%" PRId64 " meters get supply back\n", r.meters);
	return told(err, &r.fault);
}

int cmd_supply(const struct cli *cli, int argc, char **argv)
{
	const char *slug = option(&argc, argv, "--property"),
	           *state = option(&argc, argv, "--state"),
	           *reason = option(&argc, argv, "--reason"),
	           *since = option(&argc, argv, "--since"), *what = argc > 1 ? argv[1] : "";
	struct here here = {.db = NULL, .now_ms = clock_wall_ms()};
	bool lists = strcmp(what, "list") == 0 && argc == 2;
	bool restores = strcmp(what, "restore") == 0 && argc == 2 && since && reason;
	bool on = argc == 3 && strcmp(argv[2], "on") == 0;
	bool switches = strcmp(what, "incident") == 0 && reason &&
	                (on || (argc == 3 && strcmp(argv[2], "off") == 0));
	struct settings settings;
	int64_t since_ms = 0;
	int code = EXIT_FAILED;

	here.has_state = state != NULL;
	if (!options_done(argc, argv) || (!lists && !restores && !switches) ||
	    (state && !room_state_parse(state, &here.state)) ||
	    (since && rfc3339_parse(since, &since_ms)))
		return usage(usage_text);
	here.db = open_store(cli, &settings);
	if (here.db && property_chosen(here.db, slug, &here.property))
		code = lists      ? list(&here)
		       : restores ? restore(&here, since_ms, reason)
		                  : incident(&here, on, reason);
	db_close(here.db);
	return code;
}
