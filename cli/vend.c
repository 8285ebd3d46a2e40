/* `wattle vend`, `order`, `shift`, `ledger`: selling and looking at money from the command line. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/backup.h"
#include "cli/sheet.h"
#include "platform/core/clock.h"
#include "platform/core/order.h"
#include "platform/core/vend.h"
#include "platform/sheet/number.h"

static const char vend_usage[] =
        "vend ACCOUNT AMOUNT [--channel cash|transfer] [--voucher TEXT] [--meter NUMBER] [--quote]\n"
        "       [--property ID]      (ACCOUNT: its code; AMOUNT in yuan; cash needs `wattle shift open`)";
static const char order_usage[] = "order list [--account CODE] [--property ID]\n"
                                  "       wattle order show NUMBER [--property ID]";
static const char shift_usage[] = "shift list|open YUAN|close YUAN [--note TEXT] [--property ID]";
static const char ledger_usage[] = "ledger verify\n"
                                   "       wattle ledger show ACCOUNT [--property ID]";

struct here {
	struct db *db;
	struct property_row property;
};

static bool here_open(const struct cli *cli, const char *slug, struct here *here)
{
	struct settings settings;

	here->db = open_store(cli, &settings);
	return here->db && property_chosen(here->db, slug, &here->property);
}

static bool fen_of(const char *text, int64_t min, int64_t *fen)
{
	enum sheet_fault fault = sheet_number_parse(text, strlen(text), 2, fen);

	if (fault != SHEET_FAULT_NONE || *fen < min || *fen > BOOKS_AMOUNT_MAX) {
		fail("%s: an amount in yuan, with two decimals at most", text);
		return false;
	}
	return true;
}

static const char *yuan(int64_t fen, char text[MONEY_TEXT_SIZE])
{
	money_format(money_fen(fen), text, MONEY_TEXT_SIZE);
	return text;
}

static const char *civil(const struct here *here, int64_t at_ms, char text[SHEET_TIME_SIZE])
{
	sheet_time_format(at_ms / 1000, (int32_t)here->property.utc_offset_min * 60, text);
	return text;
}

static bool account_named(const struct here *here, const char *code, struct account_row *row)
{
	enum err err = account_by_code(here->db, here->property.property_id, code, row);

	if (err)
		fail("account %s: %s", code, err_text(err));
	return !err;
}

/* ---- vend ---- */

static void print_parts(int64_t arrears, int64_t debt, int64_t fee, int64_t credit)
{
	char text[4][MONEY_TEXT_SIZE];

	printf("arrears %s  debts %s  fee %s  credit %s\n", yuan(arrears, text[0]),
	       yuan(debt, text[1]), yuan(fee, text[2]), yuan(credit, text[3]));
}

static int quote(const struct here *here, const struct account_row *account, int64_t amount_fen,
                 int64_t meter)
{
	struct order_quote q = {.property_id = here->property.property_id,
	                        .account_id = account->account_id,
	                        .amount_fen = amount_fen,
	                        .meter = meter};
	enum err err = order_quote(here->db, &q, clock_wall_ms());
	char text[3][MONEY_TEXT_SIZE];

	if (err)
		return fail("%s: %s", account->code, q.fault.why[0] ? q.fault.why : err_text(err));
	print_parts(q.arrears_fen, q.debt_fen, q.fee_fen, q.credit_fen);
	printf("balance %s -> %s, at most %s now%s\n", yuan(q.balance_fen, text[0]),
	       yuan(q.after_fen, text[1]), yuan(q.max_fen, text[2]),
	       q.restores ? "" : ", does not bring cut supply back");
	return q.verdict ? fail("refused: %s %s", q.fault.field, q.fault.why) : EXIT_GOOD;
}

static int sell(const struct here *here, struct order_sale *sale)
{
	char number[ORDER_NUMBER_SIZE];
	enum err err;

	actor_here(&sale->actor, "");
	err = step_run(here->db, NULL, order_sell_step, sale, clock_wall_ms(), NULL);
	if (err)
		return fail("not sold: %s %s", sale->fault.field ? sale->fault.field : "",
		            sale->fault.why[0] ? sale->fault.why : err_text(err));
	order_number(sale->row.order_id, number);
	printf("%s  %s  receipt %" PRId64 "\n", number, order_state_word(sale->row.state),
	       sale->row.receipt_no);
	print_parts(sale->row.arrears_fen, sale->row.debt_fen, sale->row.fee_fen,
	            sale->row.credit_fen);
	return EXIT_GOOD;
}

int cmd_vend(const struct cli *cli, int argc, char **argv)
{
	const char *slug = option(&argc, argv, "--property");
	const char *channel = option(&argc, argv, "--channel");
	const char *voucher = option(&argc, argv, "--voucher");
	const char *meter = option(&argc, argv, "--meter");
	bool ask = flag(&argc, argv, "--quote");
	struct order_sale sale = {.channel = CHANNEL_CASH, .voucher = voucher};
	struct here here = {.db = NULL};
	struct account_row account;
	int code = EXIT_FAILED;

	if (!options_done(argc, argv) || argc != 3 ||
	    (channel && !channel_parse(channel, &sale.channel)) ||
	    (meter &&
	     !number_option(meter, INT64_C(100000000000), INT64_C(999999999999), &sale.meter)))
		return usage(vend_usage);
	if (!fen_of(argv[2], 1, &sale.amount_fen))
		return EXIT_USAGE;
	if (here_open(cli, slug, &here) && account_named(&here, argv[1], &account)) {
		sale.property_id = account.property_id;
		sale.account_id = account.account_id;
		code = ask ? quote(&here, &account, sale.amount_fen, sale.meter)
		           : sell(&here, &sale);
	}
	db_close(here.db);
	return code;
}

/* ---- order ---- */

static bool print_order(void *arg, const struct order_row *row)
{
	const struct here *here = arg;
	struct account_row account = {.code = "?"};
	char number[ORDER_NUMBER_SIZE], amount[MONEY_TEXT_SIZE], time[SHEET_TIME_SIZE];

	(void)!account_get(here->db, row->property_id, row->account_id, &account);
	order_number(row->order_id, number);
	printf("%s  %s  %-8s %10s  %-15s %s%s\n", number, civil(here, row->created_ms, time),
	       channel_word(row->channel), yuan(row->amount_fen, amount),
	       order_state_word(row->state), account.code, row->reversal_id ? "  reversed" : "");
	return true;
}

static bool print_stage(void *arg, const struct order_stage *stage)
{
	char time[SHEET_TIME_SIZE];

	printf("  %s  %-15s %s%s%s\n", civil(arg, stage->at_ms, time),
	       order_state_word(stage->state), stage->who, stage->reason[0] ? ": " : "",
	       stage->reason);
	return true;
}

static int show(struct here *here, const char *number)
{
	struct order_row row;
	int64_t order_id;
	enum err err = order_number_parse(number, &order_id)
	                       ? order_get(here->db, here->property.property_id, order_id, &row)
	                       : ERR_NOT_FOUND;

	if (err)
		return fail("order %s: %s", number, err_text(err));
	print_order(here, &row);
	if (row.receipt_no) {
		printf("  receipt %" PRId64 "  ", row.receipt_no);
		print_parts(row.arrears_fen, row.debt_fen, row.fee_fen, row.credit_fen);
	}
	err = order_stages(here->db, row.property_id, row.order_id, print_stage, here);
	return err ? fail("order %s: %s", number, err_text(err)) : EXIT_GOOD;
}

static int list(struct here *here, const char *code)
{
	struct order_filter filter = {.account_id = 0};
	struct account_row account;
	enum err err;

	if (code && !account_named(here, code, &account))
		return EXIT_FAILED;
	filter.account_id = code ? account.account_id : 0;
	err = order_list(here->db, here->property.property_id, &filter, print_order, here);
	return err ? fail("orders: %s", err_text(err)) : EXIT_GOOD;
}

int cmd_order(const struct cli *cli, int argc, char **argv)
{
	const char *slug = option(&argc, argv, "--property");
	const char *account = option(&argc, argv, "--account");
	struct here here = {.db = NULL};
	bool all = argc == 2 && strcmp(argv[1], "list") == 0;
	int code = EXIT_FAILED;

	if (!options_done(argc, argv) ||
	    (!all && (argc != 3 || account || strcmp(argv[1], "show") != 0)))
		return usage(order_usage);
	if (here_open(cli, slug, &here))
		code = all ? list(&here, account) : show(&here, argv[2]);
	db_close(here.db);
	return code;
}

/* ---- shift ---- */

static bool print_shift(void *arg, const struct shift_row *row)
{
	char time[SHEET_TIME_SIZE], text[2][MONEY_TEXT_SIZE];

	printf("%-6" PRId64 " %s  %s  ", row->shift_id, civil(arg, row->opened_ms, time),
	       row->by_name);
	if (row->closed_ms)
		printf("counted %s, difference %s\n", yuan(row->counted_fen, text[0]),
		       yuan(row->difference_fen, text[1]));
	else
		printf("open\n");
	return true;
}

static int shift_open_here(const struct here *here, int64_t fen)
{
	struct shift_begin begin = {.property_id = here->property.property_id, .opening_fen = fen};
	enum err err;

	actor_here(&begin.actor, "");
	err = step_run(here->db, NULL, shift_begin_step, &begin, clock_wall_ms(), NULL);
	if (err)
		return fail("not opened: %s", begin.fault.why[0] ? begin.fault.why : err_text(err));
	printf("shift %" PRId64 "\n", begin.row.shift_id);
	return EXIT_GOOD;
}

static int shift_close_here(const struct here *here, int64_t fen, const char *note)
{
	struct shift_end end = {.property_id = here->property.property_id,
	                        .counted_fen = fen,
	                        .handed_to = "",
	                        .note = note ? note : ""};
	char text[2][MONEY_TEXT_SIZE];
	struct shift_row row;
	enum err err;

	actor_here(&end.actor, "");
	err = shift_open_of(here->db, end.property_id, 0, end.actor.who, &row);
	if (err)
		return fail("no shift of %s is open", end.actor.who);
	end.shift_id = row.shift_id;
	end.version = row.version;
	err = step_run(here->db, NULL, shift_end_step, &end, clock_wall_ms(), NULL);
	if (err)
		return fail("not closed: %s", end.fault.why[0] ? end.fault.why : err_text(err));
	printf("expected %s, difference %s\n", yuan(end.row.expected_fen, text[0]),
	       yuan(end.row.difference_fen, text[1]));
	return EXIT_GOOD;
}

static int shifts(struct here *here)
{
	enum err err =
	        shift_list(here->db, here->property.property_id, false, 0, print_shift, here);

	return err ? fail("shifts: %s", err_text(err)) : EXIT_GOOD;
}

int cmd_shift(const struct cli *cli, int argc, char **argv)
{
	const char *slug = option(&argc, argv, "--property");
	const char *note = option(&argc, argv, "--note");
	struct here here = {.db = NULL};
	bool all = argc == 2 && strcmp(argv[1], "list") == 0;
	bool opens = argc == 3 && strcmp(argv[1], "open") == 0;
	int code = EXIT_FAILED;
	int64_t fen = 0;

	if (!options_done(argc, argv) ||
	    (!all && !opens && (argc != 3 || strcmp(argv[1], "close") != 0)))
		return usage(shift_usage);
	if (!all && !fen_of(argv[2], 0, &fen))
		return EXIT_USAGE;
	if (here_open(cli, slug, &here))
		code = all     ? shifts(&here)
		       : opens ? shift_open_here(&here, fen)
		               : shift_close_here(&here, fen, note);
	db_close(here.db);
	return code;
}

/* ---- ledger ---- */

struct statement {
	const struct here *here;
	struct money balance;
	bool fits;
};

static bool print_line(void *arg, const struct ledger_line *line)
{
	struct statement *statement = arg;
	char time[SHEET_TIME_SIZE], text[2][MONEY_TEXT_SIZE];

	statement->fits = money_add(statement->balance, line->amount, &statement->balance);
	money_format(line->amount, text[0], sizeof text[0]);
	money_format(statement->balance, text[1], sizeof text[1]);
	printf("%6" PRId64 "  %s  %-9s %10s %10s  %s%s%s\n", line->group_no,
	       civil(statement->here, line->at_ms, time), line->kind, text[0], text[1], line->key,
	       line->reason[0] ? "  " : "", line->reason);
	return statement->fits;
}

static int ledger_show(const struct here *here, const char *code)
{
	struct statement statement = {.here = here, .fits = true};
	struct account_row account;
	enum err err;

	if (!account_named(here, code, &account))
		return EXIT_FAILED;
	err = ledger_lines(here->db, account.property_id, LEDGER_ACCOUNT, account.account_id, 0,
	                   print_line, &statement);
	return err || !statement.fits ? fail("ledger: %s", err_text(err ? err : ERR_OVERFLOW))
	                              : EXIT_GOOD;
}

static int ledger_check(const struct cli *cli)
{
	struct settings settings;
	struct db *db = open_store(cli, &settings);
	int64_t groups = 0;
	unsigned wrong = db ? ledgers_check(db, &groups) : 1;

	db_close(db);
	if (wrong)
		return EXIT_FAILED;
	printf("%" PRId64 " postings, each as it was written\n", groups);
	return EXIT_GOOD;
}

int cmd_ledger(const struct cli *cli, int argc, char **argv)
{
	const char *slug = option(&argc, argv, "--property");
	struct here here = {.db = NULL};
	int code = EXIT_FAILED;

	if (!options_done(argc, argv))
		return usage(ledger_usage);
	if (argc == 2 && !slug && strcmp(argv[1], "verify") == 0)
		return ledger_check(cli);
	if (argc != 3 || strcmp(argv[1], "show") != 0)
		return usage(ledger_usage);
	if (here_open(cli, slug, &here))
		code = ledger_show(&here, argv[2]);
	db_close(here.db);
	return code;
}
