/* Credit into a meter's purse, exactly once: domain.md's table row by row, and what happens when answers are lost,
 * late, doubled or wrong. Domain cases 1, 4 and 5. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "platform/core/topup.h"
#include "platform/test/till.h"

static struct lab lab;
static struct till till;
static struct purse_values meter; /* a model of the terminal's purse */
static int64_t spent_fen;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	till_setup(&till, &lab);
	assert_int_equal(db_exec(lab.db, "UPDATE account_meter SET credit='meter'"), ERR_NONE);
	meter = (struct purse_values){0};
	spent_fen = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	till_sound(&till);
	lab_teardown(&lab);
	return 0;
}

/* ---- the table ---- */

static void a_read_purse_is_judged(void **state)
{
	static const struct purse_values ours = {5, 1000}, then = {6, 1500};

	static const struct {
		struct purse_values read;
		enum topup_verdict verdict;
	} rows[] = {
	        {{6, 1500}, TOPUP_THERE   },
                {{5, 1000}, TOPUP_SEND    },
                {{4, 700},  TOPUP_SEND_OLD},
	        {{0, 0},    TOPUP_SEND_OLD},
                {{7, 1900}, TOPUP_DIFFERS },
                {{6, 1499}, TOPUP_DIFFERS },
	        {{5, 1001}, TOPUP_DIFFERS },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(topup_judge(&ours, &then, &rows[i].read), rows[i].verdict);
}

static void an_answer_is_judged_by_what_is_in_the_purse(void **state)
{
	static const struct purse_values then = {6, 1500}, other = {6, 1499}, before = {5, 1000};

	static const struct {
		enum topup_outcome outcome;
		const struct purse_values *read;
		enum topup_verdict verdict;
	} rows[] = {
	        {TOPUP_ADDED,       &then,   TOPUP_THERE},
                {TOPUP_ADDED,       &other,  TOPUP_ASK  },
	        {TOPUP_REPEAT,      &then,   TOPUP_THERE},
                {TOPUP_REPEAT,      &before, TOPUP_ASK  },
	        {TOPUP_COUNT_ERROR, &before, TOPUP_ASK  },
                {TOPUP_SILENT,      &before, TOPUP_ASK  },
	        {TOPUP_HOARDING,    &before, TOPUP_FAILS},
                {TOPUP_CUSTOMER,    &before, TOPUP_FAILS},
	        {TOPUP_CHECK,       &before, TOPUP_FAILS},
                {TOPUP_OTHER,       &before, TOPUP_FAILS},
	        {TOPUP_LATER,       &before, TOPUP_ASK  },
	};

	(void)state;
	assert_int_equal(ARRAY_SIZE(rows), TOPUP_OUTCOMES + 2);
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		assert_int_equal(topup_judge_answer(rows[i].outcome, &then, rows[i].read),
		                 rows[i].verdict);
}

/* ---- a meter, and a way that loses ---- */

static struct topup_row topup_of(int64_t order_id)
{
	struct topup_row row;

	assert_int_equal(topup_of_order(lab.db, 1, order_id, &row), ERR_NONE);
	return row;
}

/* The terminal's rule: exactly the next count. */
static enum topup_outcome meter_takes(const struct topup_row *row)
{
	if (row->count <= meter.count)
		return TOPUP_REPEAT;
	if (row->count > meter.count + 1)
		return TOPUP_COUNT_ERROR;
	meter.count = row->count;
	meter.total_fen += row->amount_fen;
	return TOPUP_ADDED;
}

static struct topup_told tell(int64_t topup_id, enum topup_outcome outcome)
{
	struct topup_told told = {.property_id = 1,
	                          .topup_id = topup_id,
	                          .outcome = outcome,
	                          .has_purse = outcome != TOPUP_SILENT,
	                          .purse = meter,
	                          .balance_fen = meter.total_fen - spent_fen};

	assert_int_equal(lab_step(&lab, topup_told_step, &told, false), ERR_NONE);
	return told;
}

static struct topup_read read_back(void)
{
	struct topup_read read = {.property_id = 1,
	                          .meter = LAB_METER,
	                          .purse = meter,
	                          .balance_fen = meter.total_fen - spent_fen,
	                          .read_ms = ++lab.now_ms};

	assert_int_equal(lab_step(&lab, topup_read_step, &read, false), ERR_NONE);
	return read;
}

static enum order_state state_of(int64_t order_id)
{
	return till_order_row(&till, order_id).state;
}

static void deliver(int64_t order_id)
{
	struct topup_row row = topup_of(order_id);

	tell(row.topup_id, meter_takes(&row));
}

static void a_delivery_arrives(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 5000);
	struct topup_row topup = topup_of(row.order_id);

	(void)state;
	assert_int_equal(row.state, ORDER_DELIVERING);
	assert_int_equal(row.meter, LAB_METER);
	assert_int_equal(topup.count, 1);
	assert_int_equal(topup.total_fen, 5000);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 5000);
	deliver(row.order_id);
	assert_int_equal(state_of(row.order_id), ORDER_DELIVERED);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 0);
	assert_int_equal(till_fen(&till, LEDGER_METER, LAB_METER), 5000);
	/* The same answer again, and a late one. */
	tell(topup.topup_id, TOPUP_ADDED);
	tell(topup.topup_id, TOPUP_SILENT);
	assert_int_equal(till_fen(&till, LEDGER_METER, LAB_METER), 5000);
	assert_int_equal(state_of(row.order_id), ORDER_DELIVERED);
}

/* Domain case 1: added, but the answer was lost. */
static void a_lost_answer_is_read_back_not_sent_again(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 5000);
	struct topup_row topup = topup_of(row.order_id);

	(void)state;
	assert_int_equal(meter_takes(&topup), TOPUP_ADDED);
	assert_int_equal(tell(topup.topup_id, TOPUP_SILENT).row.state, TOPUP_ASKING);
	assert_false(read_back().differs);
	assert_int_equal(state_of(row.order_id), ORDER_DELIVERED);
	assert_int_equal(meter.total_fen, 5000);
}

static void a_repeat_that_the_meter_knows_is_there(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 5000);
	struct topup_row topup = topup_of(row.order_id);

	(void)state;
	meter_takes(&topup);
	tell(topup.topup_id, meter_takes(&topup));
	assert_int_equal(state_of(row.order_id), ORDER_DELIVERED);
}

/* Domain case 4: offline for hours; the order says delivering all the time. */
static void a_meter_out_of_reach_is_tried_until_it_is_there(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 5000);
	struct topup_row topup = topup_of(row.order_id);
	int64_t pause = 0;

	(void)state;
	for (int i = 0; i < 12; i++) {
		struct topup_row now = tell(topup.topup_id, TOPUP_SILENT).row;

		assert_int_equal(state_of(row.order_id), ORDER_DELIVERING);
		assert_true(now.next_ms - lab.now_ms >= pause);
		assert_true(now.next_ms - lab.now_ms <= TOPUP_AGAIN_MAX_MS);
		pause = now.next_ms - lab.now_ms;
		lab.now_ms += 600 * 1000;
	}
	assert_int_equal(pause, TOPUP_AGAIN_MAX_MS);
	read_back(); /* not there: sent once more */
	assert_int_equal(topup_of(row.order_id).state, TOPUP_QUEUED);
	assert_int_equal(topup_of(row.order_id).count, 1);
	deliver(row.order_id);
	assert_int_equal(state_of(row.order_id), ORDER_DELIVERED);
}

/* Domain case 5: the second waits without a count; the first fails, its money goes back, the second moves up. */
static void two_are_queued_and_the_first_fails(void **state)
{
	struct order_row first = till_order(&till, till.anna, 5000), second;
	struct money_back back = {
	        .actor = till.cashier, .property_id = 1, .order_id = first.order_id};
	struct payment_told told;
	char number[ORDER_NUMBER_SIZE];

	(void)state;
	order_number(first.order_id, number);
	assert_int_equal(till_notice(&till, "T1", number, 5000, &told), ERR_NONE);
	second = till_cash(&till, till.anna, 700);
	assert_int_equal(topup_of(second.order_id).state, TOPUP_WAITING);
	assert_int_equal(topup_of(second.order_id).count, 0);
	assert_int_equal(lab_step(&lab, payment_refund_step, &back, false), ERR_REFUSED);
	tell(topup_of(first.order_id).topup_id, TOPUP_HOARDING);
	assert_int_equal(state_of(first.order_id), ORDER_DELIVERY_FAILED);
	assert_string_equal(topup_of(first.order_id).reason, "hoarding_limit");
	assert_int_equal(topup_of(second.order_id).state, TOPUP_WAITING);
	assert_int_equal(lab_step(&lab, payment_refund_step, &back, false), ERR_NONE);
	assert_int_equal(topup_of(first.order_id).state, TOPUP_DROPPED);
	assert_int_equal(topup_of(second.order_id).count, 1);
	deliver(second.order_id);
	assert_int_equal(state_of(second.order_id), ORDER_DELIVERED);
	assert_int_equal(meter.total_fen, 700);
	assert_int_equal(till_fen(&till, LEDGER_METER, LAB_METER), 700);
	assert_int_equal(till_fen(&till, LEDGER_PAYABLE, till.anna), 5000);
}

static void the_next_one_follows_by_itself(void **state)
{
	struct order_row first = till_cash(&till, till.anna, 100), second, third;

	(void)state;
	second = till_cash(&till, till.anna, 200);
	third = till_cash(&till, till.anna, 300);
	deliver(first.order_id);
	assert_int_equal(topup_of(second.order_id).count, 2);
	assert_int_equal(topup_of(second.order_id).total_fen, 300);
	assert_int_equal(topup_of(third.order_id).state, TOPUP_WAITING);
	deliver(second.order_id);
	deliver(third.order_id);
	assert_int_equal(meter.total_fen, 600);
	assert_int_equal(state_of(third.order_id), ORDER_DELIVERED);
}

static enum err retry(const struct actor *actor, int64_t order_id, bool as_meter,
                      struct topup_retry *r)
{
	*r = (struct topup_retry){
	        .actor = *actor, .property_id = 1, .order_id = order_id, .as_meter = as_meter};
	return lab_step(&lab, topup_retry_step, r, false);
}

static void a_failed_delivery_is_tried_once_more(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 5000);
	struct topup_retry r;

	(void)state;
	assert_int_equal(retry(&till.cashier, row.order_id, false, &r), ERR_REFUSED);
	tell(topup_of(row.order_id).topup_id, TOPUP_CHECK);
	/* Twice the same bad news is one. */
	tell(topup_of(row.order_id).topup_id, TOPUP_CHECK);
	assert_int_equal(retry(&till.finance, row.order_id, false, &r), ERR_FORBIDDEN);
	assert_int_equal(retry(&till.cashier, 4711, false, &r), ERR_NOT_FOUND);
	assert_int_equal(retry(&till.cashier, row.order_id, false, &r), ERR_NONE);
	assert_int_equal(r.order.state, ORDER_DELIVERING);
	deliver(row.order_id);
	assert_int_equal(state_of(row.order_id), ORDER_DELIVERED);
}

/* Refused, they said, and yet it is in the purse. */
static void what_arrived_after_all_is_delivered(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 5000);
	struct topup_row topup = topup_of(row.order_id);

	(void)state;
	tell(topup.topup_id, TOPUP_OTHER);
	read_back();
	assert_int_equal(state_of(row.order_id), ORDER_DELIVERY_FAILED);
	meter_takes(&topup);
	read_back();
	assert_int_equal(state_of(row.order_id), ORDER_DELIVERED);
}

/* Somebody else counted: nothing is sent until a person has said whose word counts. */
static void a_stranger_in_the_purse_stops_everything(void **state)
{
	struct order_row row = till_cash(&till, till.anna, 5000);
	struct topup_retry r;

	(void)state;
	meter = (struct purse_values){3, 9999};
	tell(topup_of(row.order_id).topup_id, TOPUP_COUNT_ERROR);
	assert_true(read_back().differs);
	assert_int_equal(topup_of(row.order_id).state, TOPUP_HELD);
	assert_int_equal(state_of(row.order_id), ORDER_DELIVERY_FAILED);
	assert_int_equal(retry(&till.cashier, row.order_id, false, &r), ERR_REFUSED);
	assert_string_equal(r.fault.field, "as_meter");
	assert_int_equal(retry(&till.cashier, row.order_id, true, &r), ERR_FORBIDDEN);
	assert_int_equal(retry(&till.manager, row.order_id, true, &r), ERR_NONE);
	assert_int_equal(topup_of(row.order_id).count, 4);
	deliver(row.order_id);
	assert_int_equal(state_of(row.order_id), ORDER_DELIVERED);
	assert_false(read_back().differs);
}

/* The meter went back to an older state of its own: the missing ones are sent again, each booked once. */
static void what_the_meter_lost_is_sent_again_first(void **state)
{
	struct order_row a = till_cash(&till, till.anna, 100), b, c;

	(void)state;
	deliver(a.order_id);
	b = till_cash(&till, till.anna, 200);
	deliver(b.order_id);
	c = till_cash(&till, till.anna, 300);
	meter = (struct purse_values){1, 100};
	tell(topup_of(c.order_id).topup_id, TOPUP_COUNT_ERROR);
	read_back();
	assert_int_equal(topup_of(b.order_id).state, TOPUP_QUEUED);
	assert_int_equal(topup_of(b.order_id).count, 2);
	assert_int_equal(topup_of(c.order_id).state, TOPUP_WAITING);
	deliver(b.order_id);
	deliver(c.order_id);
	assert_int_equal(meter.total_fen, 600);
	assert_int_equal(till_fen(&till, LEDGER_METER, LAB_METER), 600);
	assert_int_equal(state_of(c.order_id), ORDER_DELIVERED);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM ledger_group WHERE kind='deliver'"),
	                 3);
}

static void a_purse_that_lost_all_gets_all_again(void **state)
{
	struct order_row a = till_cash(&till, till.anna, 100), b;

	(void)state;
	deliver(a.order_id);
	b = till_cash(&till, till.anna, 200);
	meter = (struct purse_values){0, 0};
	tell(topup_of(b.order_id).topup_id, TOPUP_SILENT);
	read_back();
	deliver(a.order_id);
	deliver(b.order_id);
	assert_int_equal(meter.total_fen, 300);
}

static void an_older_purse_that_does_not_add_up_is_held(void **state)
{
	struct order_row a = till_cash(&till, till.anna, 100), b;

	(void)state;
	deliver(a.order_id);
	b = till_cash(&till, till.anna, 200);
	deliver(b.order_id);
	b = till_cash(&till, till.anna, 300);
	meter = (struct purse_values){1, 99};
	tell(topup_of(b.order_id).topup_id, TOPUP_SILENT);
	assert_true(read_back().differs);
	assert_int_equal(topup_of(b.order_id).state, TOPUP_HELD);
}

static void reads_are_kept_and_differences_shown(void **state)
{
	struct topup_read read = {.property_id = 1, .meter = LAB_METER};
	struct meter_purse purse;

	(void)state;
	meter = (struct purse_values){2, 300};
	spent_fen = 50;
	assert_true(read_back().differs);
	assert_int_equal(meter_purse_get(lab.db, 1, LAB_METER, &purse), ERR_NONE);
	assert_int_equal(purse.meter_count, 2);
	assert_int_equal(purse.meter_balance_fen, 250);
	assert_int_equal(purse.count, 0);
	/* An older read says nothing. */
	read.read_ms = purse.read_ms;
	assert_int_equal(lab_step(&lab, topup_read_step, &read, false), ERR_NONE);
	assert_int_equal(meter_purse_get(lab.db, 1, LAB_METER, &purse), ERR_NONE);
	assert_int_equal(purse.meter_count, 2);
}

static void arrears_stay_in_the_platform(void **state)
{
	struct order_row row;

	(void)state;
	till_charge(&till, till.anna, 400);
	row = till_cash(&till, till.anna, 400);
	assert_int_equal(row.arrears_fen, 400);
	assert_int_equal(row.state, ORDER_DELIVERED); /* nothing is left to be delivered */
	row = till_cash(&till, till.anna, 1000);
	deliver(row.order_id);
	assert_int_equal(meter.total_fen, 1000);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 0);
}

static void what_is_in_the_meter_is_not_reversed(void **state)
{
	struct money_back reversal = {.actor = till.cashier, .property_id = 1};
	struct money_back back = {.actor = till.cashier, .property_id = 1};
	struct order_row row = till_cash(&till, till.anna, 1000);
	struct payment_told told;
	char number[ORDER_NUMBER_SIZE];

	(void)state;
	reversal.order_id = row.order_id;
	assert_int_equal(lab_step(&lab, order_reverse_step, &reversal, false), ERR_REFUSED);
	deliver(row.order_id);
	assert_int_equal(lab_step(&lab, order_reverse_step, &reversal, false), ERR_REFUSED);
	assert_string_equal(reversal.fault.why, "its credit is in the meter");
	row = till_order(&till, till.anna, 500);
	order_number(row.order_id, number);
	assert_int_equal(till_notice(&till, "T1", number, 500, &told), ERR_NONE);
	deliver(row.order_id);
	back.order_id = row.order_id;
	assert_int_equal(lab_step(&lab, payment_refund_step, &back, false), ERR_REFUSED);
	assert_string_equal(back.fault.why, "its credit is in the meter");
}

/* What is on its way into the meter is no money to be paid out meanwhile. */
static void money_on_its_way_is_not_refunded(void **state)
{
	struct money_back refund = {.actor = till.cashier,
	                            .property_id = 1,
	                            .account_id = till.anna,
	                            .amount_fen = 1,
	                            .channel = CHANNEL_CASH,
	                            .payee = ""};
	struct money_back back = {.actor = till.cashier, .property_id = 1};
	struct order_row row = till_order(&till, till.anna, 500);
	struct payment_told told;
	char number[ORDER_NUMBER_SIZE];

	(void)state;
	order_number(row.order_id, number);
	assert_int_equal(till_notice(&till, "T1", number, 500, &told), ERR_NONE);
	till_cash(&till, till.anna, 300);
	assert_int_equal(lab_step(&lab, credit_refund_step, &refund, false), ERR_REFUSED);
	assert_string_equal(refund.fault.why, "at most 0 fen");
	/* Of two that are on their way, the failed one's own money may go back. */
	tell(topup_of(row.order_id).topup_id, TOPUP_HOARDING);
	back.order_id = row.order_id;
	assert_int_equal(lab_step(&lab, payment_refund_step, &back, false), ERR_NONE);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 300);
	assert_int_equal(lab_step(&lab, credit_refund_step, &refund, false), ERR_REFUSED);
}

static void a_held_delivery_does_not_go_back_to_the_payer(void **state)
{
	struct money_back back = {.actor = till.cashier, .property_id = 1};
	struct order_row row = till_order(&till, till.anna, 500);
	struct payment_told told;
	char number[ORDER_NUMBER_SIZE];

	(void)state;
	order_number(row.order_id, number);
	assert_int_equal(till_notice(&till, "T1", number, 500, &told), ERR_NONE);
	meter = (struct purse_values){7, 7};
	tell(topup_of(row.order_id).topup_id, TOPUP_SILENT);
	read_back();
	back.order_id = row.order_id;
	assert_int_equal(lab_step(&lab, payment_refund_step, &back, false), ERR_REFUSED);
	assert_string_equal(back.fault.why, "it may be in the meter");
}

/* Which purse: the only one, the named one, or the platform when something is paid from there. */
static void a_purchase_knows_its_purse(void **state)
{
	struct order_sale sale = {.actor = till.cashier,
	                          .property_id = 1,
	                          .account_id = till.anna,
	                          .channel = CHANNEL_CASH,
	                          .amount_fen = 100};

	(void)state;
	assert_int_equal(db_exec(lab.db,
	                         "UPDATE account_meter SET account_id=(SELECT min(account_id) FROM"
	                         " account)"),
	                 ERR_NONE);
	assert_int_equal(lab_step(&lab, order_sell_step, &sale, false), ERR_BAD_INPUT);
	assert_string_equal(sale.fault.field, "meter");
	sale.meter = LAB_METER + 1;
	assert_int_equal(lab_step(&lab, order_sell_step, &sale, false), ERR_NONE);
	assert_int_equal(sale.row.meter, LAB_METER + 1);
	sale.meter = LAB_METER + 2;
	assert_int_equal(lab_step(&lab, order_sell_step, &sale, false), ERR_BAD_INPUT);
	assert_int_equal(
	        db_exec(lab.db,
	                "UPDATE account_meter SET credit='platform' WHERE meter=330100000001"),
	        ERR_NONE);
	sale.meter = 0;
	assert_int_equal(lab_step(&lab, order_sell_step, &sale, false), ERR_NONE);
	assert_int_equal(sale.row.meter, 0);
	sale.meter = LAB_METER;
	assert_int_equal(lab_step(&lab, order_sell_step, &sale, false), ERR_REFUSED);
	assert_string_equal(sale.fault.why, "keeps no credit itself");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_read_purse_is_judged),
	        cmocka_unit_test(an_answer_is_judged_by_what_is_in_the_purse),
	        TEST(a_delivery_arrives),
	        TEST(a_lost_answer_is_read_back_not_sent_again),
	        TEST(a_repeat_that_the_meter_knows_is_there),
	        TEST(a_meter_out_of_reach_is_tried_until_it_is_there),
	        TEST(two_are_queued_and_the_first_fails),
	        TEST(the_next_one_follows_by_itself),
	        TEST(a_failed_delivery_is_tried_once_more),
	        TEST(what_arrived_after_all_is_delivered),
	        TEST(a_stranger_in_the_purse_stops_everything),
	        TEST(what_the_meter_lost_is_sent_again_first),
	        TEST(a_purse_that_lost_all_gets_all_again),
	        TEST(an_older_purse_that_does_not_add_up_is_held),
	        TEST(reads_are_kept_and_differences_shown),
	        TEST(arrears_stay_in_the_platform),
	        TEST(what_is_in_the_meter_is_not_reversed),
	        TEST(money_on_its_way_is_not_refunded),
	        TEST(a_held_delivery_does_not_go_back_to_the_payer),
	        TEST(a_purchase_knows_its_purse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
