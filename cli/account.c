/* `wattle account …`: accounts of a property, one of them, its statement, opening and closing. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/charging.h"
#include "cli/sheet.h"
#include "libs/base/time.h"
#include "platform/core/account_bill.h"
#include "platform/core/account_close.h"
#include "platform/core/clock.h"
#include "platform/core/photo.h"
#include "platform/core/purse_look.h"
#include "platform/store/customer.h"
#include "platform/store/files.h"
#include "platform/store/ledger.h"
#include "platform/store/meter.h"
#include "platform/store/store.h"

static const char account_usage[] =
        "account list [--state WORD] [--property ID]\n"
        "       wattle account show|ledger CODE [--property ID]\n"
        "       wattle account open CODE --meter NUMBER [--service electricity|water]\n"
        "         [--credit platform|meter] [--register UNITS] [--opening FEN] [--reason TEXT] [--property ID]\n"
        "       wattle account close CODE --reason TEXT [--meter NUMBER --register UNITS --photo FILE]\n"
        "         [--payee TEXT] [--cash] [--property ID]\n"
        "UNITS are Wh or litres, FEN are 0.01 yuan.";

#define WHEN_SIZE RFC3339_SIZE

static void time_text(int64_t unix_s, char text[WHEN_SIZE])
{
	if (rfc3339_format(unix_s, text))
		snprintf(text, WHEN_SIZE, "?");
}

static int act_fail(const char *what, enum err err, const struct fault *fault)
{
	if (!fault->why[0])
		return fail("%s: %s", what, err_text(err));
	return fail("%s: %s%s%s", what, fault->field ? fault->field : "", fault->field ? " " : "",
	            fault->why);
}

/* ---- list ---- */

static bool print_account(void *arg, const struct account_row *row)
{
	struct db *db = arg;
	struct customer_row customer = {.name = ""};
	struct account_money money;
	char text[MONEY_TEXT_SIZE] = "?";

	if (!account_money(db, row->property_id, row->account_id, clock_wall_ms(), &money))
		money_format(money.available, text, sizeof text);
	if (customer_get(db, row->property_id, row->customer_id, &customer))
		customer.name[0] = '\0';
	printf("%-16s %-9s %12s  %s\n", row->code, account_state_word(row->state), text,
	       customer.name);
	return true;
}

static int account_list_all(struct db *db, const struct property_row *property, const char *word)
{
	enum account_state state = 0;

	if (word && !account_state_parse(word, &state))
		return usage(account_usage);
	return account_walk(db, property->property_id, (int)state, 0, print_account, db)
	               ? fail("accounts cannot be read")
	               : EXIT_GOOD;
}

/* ---- one ---- */

/* Credit in the meter, as both sides know it. */
static void print_purse(struct db *db, const struct account_meter *use)
{
	char when[WHEN_SIZE], left[MONEY_TEXT_SIZE], total[MONEY_TEXT_SIZE];
	struct purse_look look;

	if (purse_look(db, use, &look)) {
		printf("purse    cannot be read\n");
		return;
	}
	if (!look.shown)
		return;
	money_format(money_fen(look.balance_fen), left, sizeof left);
	money_format(money_fen(look.purse.total_fen), total, sizeof total);
	printf("purse    %s left by our books; %" PRId64 " purchases of %s in it", left,
	       look.purse.count, total);
	if (look.purse.read_ms) {
		money_format(money_fen(look.purse.meter_total_fen), total, sizeof total);
		time_text(look.purse.read_ms / 1000, when);
		printf("; the meter says %" PRId64 " of %s at %s", look.purse.meter_count, total,
		       when);
	}
	printf("%s\n", look.differs ? " (DIFFERS)" : "");
	if (look.under_way)
		printf("         %s %s, %" PRId64 " tries%s%s\n", topup_kind_word(look.now.kind),
		       topup_state_word(look.now.state), look.now.tries,
		       look.now.reason[0] ? ": " : "", look.now.reason);
}

static bool print_use(void *arg, const struct account_meter *use)
{
	char from[WHEN_SIZE], until[WHEN_SIZE] = "";

	time_text(use->from_s, from);
	if (use->until_s != ACCOUNT_OPEN_S)
		time_text(use->until_s, until);
	printf("meter    %" PRId64 " %s from %s at %" PRId64 " (%s)", use->meter,
	       service_word(use->service), from, use->open_units,
	       register_source_word(use->open_source));
	if (until[0])
		printf(" until %s at %" PRId64 " (%s)", until, use->close_units,
		       register_source_word(use->close_source));
	putchar('\n');
	print_purse(arg, use);
	charging_print(arg, use);
	return true;
}

static bool print_terms(void *arg, const struct account_terms *terms)
{
	char from[WHEN_SIZE] = "opening";

	(void)arg;
	if (terms->from_s)
		time_text(terms->from_s, from);
	printf("terms    %s from %s", account_kind_word(terms->kind), from);
	if (terms->fee_fen)
		printf(", %" PRId64 " fen a month", terms->fee_fen);
	if (terms->bill_day)
		printf(", billed on day %d, due after %d days", (int)terms->bill_day,
		       (int)terms->due_days);
	putchar('\n');
	return true;
}

static int print_money(struct db *db, const struct property_row *property,
                       const struct account_row *row)
{
	struct account_standing standing;
	struct account_money money;
	char balance[MONEY_TEXT_SIZE], available[MONEY_TEXT_SIZE];

	if (account_money(db, row->property_id, row->account_id, clock_wall_ms(), &money) ||
	    account_standing(db, property, row->account_id, clock_wall_ms() / 1000, &standing))
		return fail("its money cannot be read");
	money_format(money.ledger, balance, sizeof balance);
	money_format(money.available, available, sizeof available);
	printf("balance  %s, available %s%s\n", balance, available, money.fresh ? "" : " (old)");
	if (standing.billed_fen)
		printf("bills    %" PRId64 " fen open, %" PRId64 " overdue\n", standing.billed_fen,
		       standing.overdue_fen);
	return EXIT_GOOD;
}

static int show(struct db *db, const struct property_row *property, const struct account_row *row)
{
	struct customer_row customer = {.name = ""};
	enum err err = customer_get(db, row->property_id, row->customer_id, &customer);
	int code;

	if (err && err != ERR_NOT_FOUND)
		return fail("its customer cannot be read");
	printf("account  %s (%" PRId64 ") %s\ncustomer %s\n", row->code, row->account_id,
	       account_state_word(row->state), customer.name);
	code = print_money(db, property, row);
	if (code)
		return code;
	err = account_terms_list(db, row->property_id, row->account_id, print_terms, NULL);
	if (!err)
		err = account_meters(db, row->property_id, row->account_id, false, print_use, db);
	return err ? fail("it cannot be read: %s", err_text(err)) : EXIT_GOOD;
}

struct statement {
	struct money balance;
	bool failed;
};

static bool print_line(void *arg, const struct ledger_line *line)
{
	struct statement *statement = arg;
	char when[WHEN_SIZE], amount[MONEY_TEXT_SIZE], balance[MONEY_TEXT_SIZE];

	statement->failed = !money_add(statement->balance, line->amount, &statement->balance);
	if (statement->failed)
		return false;
	time_text(line->at_ms / 1000, when);
	money_format(line->amount, amount, sizeof amount);
	money_format(statement->balance, balance, sizeof balance);
	printf("%6" PRId64 " %s %-9s %12s %12s  %s%s%s\n", line->group_no, when, line->kind, amount,
	       balance, line->key, line->reason[0] ? "  " : "", line->reason);
	return true;
}

static int statement(struct db *db, const struct account_row *row)
{
	struct statement statement = {.balance = money_fen(0)};
	enum err err = ledger_lines(db, row->property_id, LEDGER_ACCOUNT, row->account_id, 0,
	                            print_line, &statement);

	return err || statement.failed ? fail("the ledger cannot be read") : EXIT_GOOD;
}

/* ---- opening and closing ---- */

struct options {
	const char *property, *state, *meter, *service, *credit, *units, *opening, *reason, *photo,
	        *payee;
	bool cash;
};

static void act_begin(struct account_act *act, const struct account_row *row, const char *reason)
{
	actor_here(&act->actor, reason ? reason : "");
	act->property_id = row->property_id;
	act->account_id = row->account_id;
	act->version = row->version;
}

static int open_one(struct db *db, const struct account_row *row, const struct options *o)
{
	struct account_binding meter = {.credit = CREDIT_PLATFORM,
	                                .service = SERVICE_ELECTRICITY,
	                                .reg = {.typed = o->units != NULL}};
	struct account_open open = {.count = 1, .meter = &meter, .has_opening = o->opening != NULL};
	enum err err;

	if (!o->meter || (o->service && !service_parse(o->service, &meter.service)) ||
	    (o->credit && !credit_place_parse(o->credit, &meter.credit)))
		return usage(account_usage);
	if (!number_option(o->meter, METER_NUMBER_MIN, METER_NUMBER_MAX, &meter.meter) ||
	    !number_option(o->units, 0, ACCOUNT_UNITS_MAX, &meter.reg.units) ||
	    !number_option(o->opening, INT64_MIN, INT64_MAX, &open.opening_fen))
		return EXIT_USAGE;
	act_begin(&open.act, row, o->reason);
	err = step_run(db, NULL, account_open_step, &open, clock_wall_ms(), NULL);
	return err ? act_fail(row->code, err, &open.act.fault) : EXIT_GOOD;
}

/* The file becomes a photo of the account. */
static int take_photo(struct db *db, const struct account_row *row, const char *path,
                      struct photo_add *add)
{
	char *bytes = malloc(PHOTO_BYTES_MAX);
	enum err err = bytes ? file_read(path, bytes, PHOTO_BYTES_MAX, &add->len) : ERR_NOMEM;

	if (err) {
		free(bytes);
		return fail("%s: %s", path, err_text(err));
	}
	act_begin(&add->act, row, NULL);
	add->bytes = bytes;
	err = step_run(db, NULL, photo_add_step, add, clock_wall_ms(), NULL);
	free(bytes);
	return err ? act_fail(path, err, &add->act.fault) : EXIT_GOOD;
}

static int close_one(struct db *db, const struct account_row *row, const struct options *o)
{
	struct account_final final = {.reg = {.typed = o->units != NULL}};
	struct photo_add photo = {0};
	struct account_close close = {.count = o->meter != NULL,
	                              .meter = &final,
	                              .payee = o->payee,
	                              .channel = o->cash ? CHANNEL_CASH : CHANNEL_TRANSFER};
	char left[MONEY_TEXT_SIZE];
	enum err err;

	if (!o->reason || (o->units && !o->meter))
		return usage(account_usage);
	if (!number_option(o->meter, METER_NUMBER_MIN, METER_NUMBER_MAX, &final.meter) ||
	    !number_option(o->units, 0, ACCOUNT_UNITS_MAX, &final.reg.units))
		return EXIT_USAGE;
	if (o->photo && take_photo(db, row, o->photo, &photo))
		return EXIT_FAILED;
	final.reg.photo = photo.row.name;
	act_begin(&close.act, row, o->reason);
	err = step_run(db, NULL, account_close_step, &close, clock_wall_ms(), NULL);
	if (err)
		return act_fail(row->code, err, &close.act.fault);
	money_format(money_fen(close.balance_fen), left, sizeof left);
	printf("%s: %s %s, now %s\n", row->code, account_direction_word(close.direction), left,
	       account_state_word(close.act.row.state));
	return EXIT_GOOD;
}

static int one(struct db *db, const struct property_row *property, const char *word,
               const char *code, const struct options *o)
{
	struct account_row row;
	enum err err = account_by_code(db, property->property_id, code, &row);

	if (err)
		return fail("%s: %s", code,
		            err == ERR_NOT_FOUND ? "no such account" : err_text(err));
	if (strcmp(word, "show") == 0)
		return show(db, property, &row);
	if (strcmp(word, "ledger") == 0)
		return statement(db, &row);
	if (strcmp(word, "open") == 0)
		return open_one(db, &row, o);
	return strcmp(word, "close") == 0 ? close_one(db, &row, o) : usage(account_usage);
}

int cmd_account(const struct cli *cli, int argc, char **argv)
{
	struct options o = {.property = option(&argc, argv, "--property"),
	                    .state = option(&argc, argv, "--state"),
	                    .meter = option(&argc, argv, "--meter"),
	                    .service = option(&argc, argv, "--service"),
	                    .credit = option(&argc, argv, "--credit"),
	                    .units = option(&argc, argv, "--register"),
	                    .opening = option(&argc, argv, "--opening"),
	                    .reason = option(&argc, argv, "--reason"),
	                    .photo = option(&argc, argv, "--photo"),
	                    .payee = option(&argc, argv, "--payee"),
	                    .cash = flag(&argc, argv, "--cash")};
	struct property_row property;
	struct settings settings;
	struct db *db;
	int code;

	if (argc < 2 || !options_done(argc, argv))
		return usage(account_usage);
	db = open_store(cli, &settings);
	if (!db)
		return EXIT_FAILED;
	if (!property_chosen(db, o.property, &property))
		code = EXIT_FAILED;
	else if (argc == 2 && strcmp(argv[1], "list") == 0)
		code = account_list_all(db, &property, o.state);
	else if (argc == 3)
		code = one(db, &property, argv[1], argv[2], &o);
	else
		code = usage(account_usage);
	db_close(db);
	return code;
}
