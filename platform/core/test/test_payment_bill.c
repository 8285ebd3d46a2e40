/* Daily bills of providers, line by line against what was told. Domain case 20. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "libs/base/time.h"
#include "platform/core/bill.h"
#include "platform/test/till.h"

static struct lab lab;
static struct till till;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	till_setup(&till, &lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	till_payments_sound(&till);
	lab_teardown(&lab);
	return 0;
}

/* ---- daily bills ---- */

#define DAY (estate_today())

static struct bill_in line(const char *number, const char *order_number, int64_t fen, bool refunded)
{
	return (struct bill_in){.number = number,
	                        .order_number = order_number,
	                        .amount_fen = fen,
	                        .paid_ms = LAB_NOW_MS,
	                        .payer = "",
	                        .refunded = refunded};
}

static enum err load(const struct bill_in *lines, size_t count, struct bill_load *r)
{
	*r = (struct bill_load){.actor = till.finance,
	                        .property_id = 1,
	                        .channel = CHANNEL_MODEL,
	                        .day = DAY,
	                        .count = count,
	                        .line = lines};
	return lab_step(&lab, bill_load_step, r, false);
}

static void next_day(void)
{
	lab.now_ms += SECONDS_PER_DAY * 1000;
}

struct open_lines {
	struct bill_line line[8];
	size_t count;
};

static bool take_line(void *arg, const struct bill_line *row)
{
	struct open_lines *lines = arg;

	lines->line[lines->count++] = *row;
	return lines->count < ARRAY_SIZE(lines->line);
}

static struct open_lines differences(int64_t bill_id, bool open)
{
	struct open_lines lines = {.count = 0};

	assert_int_equal(bill_lines(lab.db, 1,
	                            &(struct bill_lines_ask){
	                                    .bill_id = bill_id, .differences = true, .open = open},
	                            take_line, &lines),
	                 ERR_NONE);
	return lines;
}

static void lines_are_compared(void **state)
{
	const struct payment_row ours = {.amount_fen = 100},
	                         back = {.amount_fen = 100, .refunded_ms = 1};
	struct bill_in theirs = line("T1", "", 100, false);

	(void)state;
	assert_int_equal(bill_compare(&theirs, NULL), BILL_THEIRS_ONLY);
	assert_int_equal(bill_compare(&theirs, &ours), BILL_EQUAL);
	assert_int_equal(bill_compare(&theirs, &back), BILL_STATE_DIFFERS);
	theirs.refunded = true;
	assert_int_equal(bill_compare(&theirs, &ours), BILL_STATE_DIFFERS);
	assert_int_equal(bill_compare(&theirs, &back), BILL_EQUAL);
	theirs.amount_fen = 101;
	assert_int_equal(bill_compare(&theirs, &back), BILL_AMOUNT_DIFFERS);
	assert_string_equal(bill_match_word(BILL_OURS_ONLY), "ours_only");
}

/* Domain case 20 and a day with one of each kind. */
static void a_bill_finds_every_difference(void **state)
{
	struct order_row missed = till_order(&till, till.anna, 700);
	char missed_number[ORDER_NUMBER_SIZE];
	struct bill_settle settle_one = {.actor = till.finance, .property_id = 1};
	struct bill_end end = {.actor = till.finance, .property_id = 1};
	struct open_lines lines;
	struct bill_load r;
	struct bill_in bill[5];

	(void)state;
	order_number(missed.order_id, missed_number);
	till_paid_order(&till, 100, "EQUAL");
	till_paid_order(&till, 200, "OURS");
	till_paid_order(&till, 300, "AMOUNT");
	till_paid_order(&till, 400, "STATE");
	next_day();
	bill[0] = line("EQUAL", "", 100, false);
	bill[1] = line("AMOUNT", "", 301, false);
	bill[2] = line("STATE", "", 400, true);
	bill[3] = line("MISSED", missed_number, 700, false);
	bill[4] = line("STRANGE", "W000000009999", 500, false);
	assert_int_equal(load(bill, 5, &r), ERR_NONE);
	assert_int_equal(r.row.lines, 6);
	assert_int_equal(r.row.differences, 5);
	/* Credited now, and so settled; the strange one is in suspense, and a person looks. */
	assert_int_equal(r.row.open, 4);
	assert_int_equal(till_order_row(&till, missed.order_id).state, ORDER_DELIVERED);
	assert_int_equal(till_fen(&till, LEDGER_SUSPENSE, 0), 500);
	assert_int_equal(load(bill, 5, &r), ERR_NONE);
	assert_int_equal(r.row.version, 2);
	end.bill_id = r.row.bill_id;
	end.version = r.row.version;
	assert_int_equal(lab_step(&lab, bill_end_step, &end, false), ERR_REFUSED);
	assert_string_equal(end.fault.why, "4 differences are open");
	lines = differences(r.row.bill_id, true);
	assert_int_equal(lines.count, 4);
	for (size_t i = 0; i < lines.count; i++) {
		assert_string_equal(lines.line[i].owner, "finance");
		settle_one.line_id = lines.line[i].line_id;
		settle_one.version = 1;
		assert_int_equal(lab_step(&lab, bill_settle_step, &settle_one, false), ERR_NONE);
		settle_one.version = 2;
		assert_int_equal(lab_step(&lab, bill_settle_step, &settle_one, false), ERR_REFUSED);
	}
	/* What people settled is not thrown away by another bill. */
	assert_int_equal(load(bill, 4, &r), ERR_REFUSED);
	end.version = r.row.version;
	assert_int_equal(lab_step(&lab, bill_end_step, &end, false), ERR_NONE);
	assert_int_not_equal(end.row.closed_ms, 0);
	end.version = end.row.version;
	assert_int_equal(lab_step(&lab, bill_end_step, &end, false), ERR_REFUSED);
	assert_int_equal(load(bill, 4, &r), ERR_REFUSED);
	assert_string_equal(r.fault.why, "this day is closed");
}

static void a_bill_is_replaced_while_nobody_has_settled(void **state)
{
	struct bill_in bill[2] = {line("A", "", 100, false), line("B", "", 200, false)};
	struct bill_load r;

	(void)state;
	next_day();
	assert_int_equal(load(bill, 1, &r), ERR_NONE);
	assert_int_equal(r.row.open, 1);
	assert_int_equal(load(bill, 2, &r), ERR_NONE);
	/* A is known by now, and stands in suspense. */
	assert_int_equal(r.row.lines, 2);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM payment"), 2);
	assert_int_equal(till_fen(&till, LEDGER_SUSPENSE, 0), 300);
}

/* The bill of a later day tells of it again: by now its order is there. */
static void a_bill_takes_out_what_waited_for_its_order(void **state)
{
	struct order_row order = till_order(&till, till.anna, 700);
	char number[ORDER_NUMBER_SIZE], later[ORDER_NUMBER_SIZE], found[ORDER_NUMBER_SIZE];
	struct bill_in bill[2];
	struct bill_load r;

	(void)state;
	order_number(order.order_id, number);
	order_number(order.order_id + 1, later);
	next_day();
	bill[0] = line("EARLY", later, 700, false);
	bill[1] = line("OTHER", number, 700, false);
	assert_int_equal(load(bill, 1, &r), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_SUSPENSE, 0), 700);
	order = till_order(&till, till.anna, 700);
	order_number(order.order_id, found);
	assert_string_equal(found, later);
	assert_int_equal(load(bill, 2, &r), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_SUSPENSE, 0), 0);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 1400);
	assert_int_equal(till_order_row(&till, order.order_id).state, ORDER_DELIVERED);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM suspense WHERE state=1"), 0);
	assert_int_equal(load(bill, 1, &r), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 1400);
}

static void a_bill_has_sense(void **state)
{
	struct bill_in twice[2] = {line("A", "", 100, false), line("A", "", 200, false)};
	struct bill_in zero = line("A", "", 0, false), gone = line("G", "", 50, true);
	static struct bill_in many[BILL_LINES_MAX + 1];
	struct bill_load r;

	(void)state;
	assert_int_equal(load(NULL, 0, &r), ERR_BAD_INPUT); /* the day is not over */
	assert_string_equal(r.fault.field, "day");
	next_day();
	assert_int_equal(load(twice, 2, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.why, "A stands twice");
	assert_int_equal(load(&zero, 1, &r), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "lines");
	assert_int_equal(load(many, ARRAY_SIZE(many), &r), ERR_BAD_INPUT);
	r.count = 0;
	r.channel = CHANNEL_CASH;
	assert_int_equal(lab_step(&lab, bill_load_step, &r, false), ERR_BAD_INPUT);
	r.channel = CHANNEL_MODEL;
	r.actor = till.cashier;
	assert_int_equal(lab_step(&lab, bill_load_step, &r, false), ERR_FORBIDDEN);
	/* Paid and paid back before we heard of it: nothing is taken in. */
	assert_int_equal(load(&gone, 1, &r), ERR_NONE);
	assert_int_equal(r.row.open, 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM payment"), 0);
}

static void a_difference_has_an_owner(void **state)
{
	struct bill_in one = line("A", "", 100, false);
	struct bill_settle r = {.actor = till.finance, .property_id = 1, .version = 1};
	struct bill_end end = {.actor = till.cashier, .property_id = 1};
	struct actor silent = till.finance;
	struct bill_load loaded;

	(void)state;
	next_day();
	assert_int_equal(load(&one, 1, &loaded), ERR_NONE);
	r.line_id = differences(loaded.row.bill_id, true).line[0].line_id;
	r.owner = "manager";
	assert_int_equal(lab_step(&lab, bill_settle_step, &r, false), ERR_NONE);
	assert_string_equal(r.line.owner, "manager");
	r.owner = "";
	r.version = 2;
	assert_int_equal(lab_step(&lab, bill_settle_step, &r, false), ERR_BAD_INPUT);
	r.owner = NULL;
	silent.reason[0] = '\0';
	r.actor = silent;
	assert_int_equal(lab_step(&lab, bill_settle_step, &r, false), ERR_BAD_INPUT);
	r.version = 1;
	assert_int_equal(lab_step(&lab, bill_settle_step, &r, false), ERR_CONFLICT);
	r.actor = till.cashier;
	assert_int_equal(lab_step(&lab, bill_settle_step, &r, false), ERR_FORBIDDEN);
	end.bill_id = loaded.row.bill_id;
	assert_int_equal(lab_step(&lab, bill_end_step, &end, false), ERR_FORBIDDEN);
	end.actor = till.finance;
	end.version = 1;
	assert_int_equal(lab_step(&lab, bill_end_step, &end, false), ERR_CONFLICT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(lines_are_compared),
	        TEST(a_bill_finds_every_difference),
	        TEST(a_bill_is_replaced_while_nobody_has_settled),
	        TEST(a_bill_takes_out_what_waited_for_its_order),
	        TEST(a_bill_has_sense),
	        TEST(a_difference_has_an_owner),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
