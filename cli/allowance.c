/* `wattle allowance …`: free energy and money of accounts, and what became of acts for many. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/sheet.h"
#include "libs/base/time.h"
#include "platform/core/allowance_roster.h"
#include "platform/core/clock.h"
#include "platform/store/store.h"

static const char usage_text[] =
        "allowance list [--account CODE | --source TEXT] [--open] [--property ID]\n"
        "       wattle allowance totals [--property ID]\n"
        "       wattle allowance give --source TEXT --kind energy|money --amount N --reason TEXT\n"
        "         [--service electricity|water] [--period once|day|month] [--cap N] [--from TIME] [--until TIME]\n"
        "         --account CODE | --space PATH | --all [--property ID]\n"
        "       wattle allowance clear [--source TEXT] --reason TEXT --account CODE | --space PATH | --all\n"
        "         [--property ID]\n"
        "N is Wh, litres or fen a time.";

struct options {
	struct db *db;
	struct property_row property;
	const char *slug, *account, *source, *kind, *amount, *reason, *service, *period, *cap,
	        *from, *until, *space;
	bool open, all;
};

/* ---- look ---- */

static bool print_allowance(void *arg, const struct allowance_row *row)
{
	const struct options *o = arg;
	struct account_row account = {.code = "?"};

	(void)!account_get(o->db, row->property_id, row->account_id, &account);
	printf("%-6" PRId64 " %-16s %-6s %-5s %10" PRId64 "  given %" PRId64 "  used %" PRId64
	       "  lapsed %" PRId64 "  left %" PRId64 "  %s%s\n",
	       row->allowance_id, account.code, allowance_kind_word(row->kind),
	       allowance_period_word(row->period), row->amount, row->given, row->used, row->lapsed,
	       row->left, row->source, row->ended_s ? "  (over)" : "");
	return true;
}

static int list(struct options *o)
{
	struct account_row account = {.account_id = 0};
	enum err err;

	if (o->account && account_by_code(o->db, o->property.property_id, o->account, &account))
		return fail("%s: no such account", o->account);
	err = allowance_page(o->db, o->property.property_id, account.account_id, o->source, o->open,
	                     0, print_allowance, o);
	return err ? fail("allowances: %s", err_text(err)) : EXIT_GOOD;
}

static bool print_total(void *arg, const struct allowance_total *total)
{
	(void)arg;
	printf("%-20s %-6s  %" PRId64 " of %" PRId64 " go on  given %" PRId64 "  used %" PRId64
	       "  lapsed %" PRId64 "  left %" PRId64 "\n",
	       total->source, allowance_kind_word(total->kind), total->open, total->allowances,
	       total->given, total->used, total->lapsed, total->left);
	return true;
}

/* ---- act ---- */

static bool time_given(const char *name, const char *text, int64_t *at_s)
{
	int64_t at_ms;

	if (rfc3339_parse(text, &at_ms))
		return !fail("%s: a time as 2027-01-01T00:00:00+08:00", name);
	*at_s = at_ms / 1000;
	return true;
}

static bool terms_of(const struct options *o, struct allowance_terms *terms)
{
	*terms = (struct allowance_terms){.service = SERVICE_ELECTRICITY,
	                                  .from_s = clock_wall_ms() / 1000,
	                                  .until_s = INT64_MAX};
	if (!o->source || !o->kind || !o->amount)
		return !usage(usage_text);
	snprintf(terms->source, sizeof terms->source, "%s", o->source);
	if (!allowance_kind_parse(o->kind, &terms->kind) ||
	    (o->service && !service_parse(o->service, &terms->service)) ||
	    (o->period && !allowance_period_parse(o->period, &terms->period)) ||
	    !number_option(o->amount, 1, INT64_MAX, &terms->amount) ||
	    (o->cap && !number_option(o->cap, 0, INT64_MAX, &terms->cap)))
		return !usage(usage_text);
	return (!o->from || time_given("--from", o->from, &terms->from_s)) &&
	       (!o->until || time_given("--until", o->until, &terms->until_s));
}

static bool print_refused(void *arg, const struct roster_item *item)
{
	struct options *o = arg;
	struct account_row account = {.code = "?"};

	(void)!account_get(o->db, item->property_id, item->object_id, &account);
	printf("%s: %s%s%s\n", account.code, item->error, item->detail[0] ? ", " : "",
	       item->detail);
	return true;
}

/* Beside a running wattled both do rows; each is done once. */
static int work(struct options *o, const struct roster_row *made)
{
	struct roster_work work = {.more = true};
	struct roster_row row = *made;
	enum err err = ERR_NONE;

	while (!err && row.state == ROSTER_GOING) {
		err = step_run(o->db, NULL, roster_work_step, &work, clock_wall_ms(), NULL);
		if (!err)
			err = roster_get(o->db, made->property_id, made->roster_id, &row);
	}
	if (!err)
		err = roster_items(o->db, made->property_id, made->roster_id, true, 0,
		                   print_refused, o);
	if (err)
		return fail("roster %" PRId64 ": %s", made->roster_id, err_text(err));
	printf("roster %" PRId64 ": %" PRId64 " rows, %" PRId64 " refused\n", row.roster_id,
	       row.done, row.refused);
	return row.refused ? EXIT_FAILED : EXIT_GOOD;
}

static int act(struct options *o, struct roster_request *r)
{
	struct account_row account;
	enum err err;

	if ((o->account != NULL) + (o->space != NULL) + o->all != 1 || !o->reason)
		return usage(usage_text);
	if (!space_chosen(o->db, &o->property, o->space, &r->select.space_id))
		return EXIT_FAILED;
	if (o->account) {
		if (account_by_code(o->db, o->property.property_id, o->account, &account))
			return fail("%s: no such account", o->account);
		r->object = &account.account_id;
		r->count = 1;
	}
	r->property_id = o->property.property_id;
	actor_here(&r->actor, o->reason);
	err = step_run(o->db, NULL, roster_create_step, r, clock_wall_ms(), NULL);
	if (err == ERR_NOT_FOUND)
		return fail("no account there");
	if (err)
		return fail("%s%s%s", r->fault.field ? r->fault.field : "",
		            r->fault.field ? " " : "",
		            r->fault.why[0] ? r->fault.why : err_text(err));
	return work(o, &r->row);
}

static int give(struct options *o)
{
	struct roster_request r = {.kind = &roster_allowance_give};
	struct allowance_terms terms;

	if (!terms_of(o, &terms))
		return EXIT_FAILED;
	allowance_act_write(&terms, r.body);
	return act(o, &r);
}

static int clear(struct options *o)
{
	struct roster_request r = {.kind = &roster_allowance_clear};

	allowance_clear_write(o->source, r.body);
	return act(o, &r);
}

static int verb(struct options *o, const char *word)
{
	if (strcmp(word, "list") == 0)
		return list(o);
	if (strcmp(word, "totals") == 0)
		return allowance_totals(o->db, o->property.property_id, print_total, NULL)
		               ? fail("allowances cannot be read")
		               : EXIT_GOOD;
	if (strcmp(word, "give") == 0)
		return give(o);
	return strcmp(word, "clear") == 0 ? clear(o) : usage(usage_text);
}

int cmd_allowance(const struct cli *cli, int argc, char **argv)
{
	struct options o = {.slug = option(&argc, argv, "--property"),
	                    .account = option(&argc, argv, "--account"),
	                    .source = option(&argc, argv, "--source"),
	                    .kind = option(&argc, argv, "--kind"),
	                    .amount = option(&argc, argv, "--amount"),
	                    .reason = option(&argc, argv, "--reason"),
	                    .service = option(&argc, argv, "--service"),
	                    .period = option(&argc, argv, "--period"),
	                    .cap = option(&argc, argv, "--cap"),
	                    .from = option(&argc, argv, "--from"),
	                    .until = option(&argc, argv, "--until"),
	                    .space = option(&argc, argv, "--space"),
	                    .open = flag(&argc, argv, "--open"),
	                    .all = flag(&argc, argv, "--all")};
	struct settings settings;
	int code = EXIT_FAILED;

	if (!options_done(argc, argv) || argc != 2)
		return usage(usage_text);
	o.db = open_store(cli, &settings);
	if (o.db && property_chosen(o.db, o.slug, &o.property))
		code = verb(&o, argv[1]);
	db_close(o.db);
	return code;
}
