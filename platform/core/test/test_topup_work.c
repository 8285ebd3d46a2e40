/* Purchases on their way as signed commands into a terminal that keeps its own purse: nothing that is lost, late,
 * doubled or out of order changes what arrives. Domain cases 1, 4, 5, 11 and 22, seen from the platform. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "libs/credit/purse.h"
#include "libs/proto/event.h"
#include "platform/core/topup.h"
#include "platform/test/till.h"

static struct lab lab;
static struct till till;

/* The terminal's side, by its own rule. */
static struct purse purse;
static uint32_t counter;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	till_setup(&till, &lab);
	assert_int_equal(db_exec(lab.db, "UPDATE account_meter SET credit='meter'"), ERR_NONE);
	purse = (struct purse){.count = 0};
	counter = 0;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	till_sound(&till);
	lab_teardown(&lab);
	return 0;
}

/* ---- the way ---- */

static struct topup_row topup_of(int64_t order_id)
{
	struct topup_row row;

	assert_int_equal(topup_of_order(lab.db, 1, order_id, &row), ERR_NONE);
	return row;
}

static enum order_state state_of(int64_t order_id)
{
	return till_order_row(&till, order_id).state;
}

static struct command_row command_of(int64_t command_id)
{
	struct command_row row;

	assert_int_equal(command_get(lab.db, command_id, &row), ERR_NONE);
	return row;
}

/* What is due leaves; how many commands were made. */
static int64_t work(void)
{
	struct topup_work request = {
	        .rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30}
        };
	int64_t before = lab_number(&lab, "SELECT count(*) FROM command");

	assert_int_equal(lab_step(&lab, topup_work_step, &request, true), ERR_NONE);
	return lab_number(&lab, "SELECT count(*) FROM command") - before;
}

static void outbox(void)
{
	struct outbox_request request = {
	        .rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30}
        };

	assert_int_equal(lab_step(&lab, command_outbox_step, &request, true), ERR_NONE);
}

/* The terminal executes it (firmware/app/control.c in small) and signs what its purse says then. */
static struct uplink_result executed(const struct command_row *row)
{
	struct uplink_result up = {.command_id = (uint64_t)row->command_id,
	                           .stage = UPLINK_ANSWERED,
	                           .body_len = RESULT_SIZE};
	struct result result = {.counter = row->counter, .kind = row->kind, .relay = 0x01};
	struct command_args args;
	struct command_key key;
	struct command cmd;

	lab_terminal(0, &key);
	assert_int_equal(command_open(row->body, row->body_len, &key, &cmd), ERR_NONE);
	assert_int_equal(command_args_decode(&cmd, &args), ERR_NONE);
	if (cmd.counter <= counter) {
		result.reason = REASON_COUNTER;
	} else if (cmd.kind == COMMAND_PURSE_VOID) {
		result.reason =
		        purse_void(&purse, args.count) ? REASON_NONE : REASON_PURCHASE_REPEATED;
	} else if (cmd.kind == COMMAND_RECHARGE) {
		struct purse_entry entry = {args.count, money_fen(args.amount_fen),
		                            money_fen(args.total_fen)};
		static const uint8_t reasons[] = {
		        [PURSE_TAKEN] = REASON_NONE,
		        [PURSE_REPEATED] = REASON_PURCHASE_REPEATED,
		        [PURSE_MISSING] = REASON_PURCHASE_MISSING,
		        [PURSE_DIFFERS] = REASON_PURCHASE_DIFFERS,
		        [PURSE_SHORT] = REASON_PURCHASE_SHORT,
		        [PURSE_HOARDING] = REASON_HOARDING,
		};

		result.reason = reasons[purse_take(&purse, &entry, money_fen(0))];
	}
	if (result.reason == REASON_NONE)
		counter = cmd.counter;
	result.outcome = result.reason ? COMMAND_REFUSED : COMMAND_EXECUTED;
	result.count = purse.count;
	result.total_fen = books_fen(purse.total);
	result.balance_fen = books_fen(purse_balance(&purse));
	result_encode(&result, &key, up.body);
	return up;
}

/* The command that carries it now arrives and its answer, too. */
static void arrives(const struct topup_row *row)
{
	struct command_row command = command_of(row->command_id);

	lab_result(&lab, 0, executed(&command));
}

static void lost(const struct topup_row *row)
{
	lab_result(&lab, 0,
	           (struct uplink_result){.command_id = (uint64_t)row->command_id,
	                                  .stage = UPLINK_NO_ANSWER});
}

static struct meter_purse ours(void)
{
	struct meter_purse row;

	assert_int_equal(meter_purse_get(lab.db, 1, LAB_METER, &row), ERR_NONE);
	return row;
}

/* ---- orders ---- */

static void a_purchase_is_delivered_by_a_signed_command(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);
	struct topup_row row;

	(void)state;
	assert_int_equal(work(), 1);
	assert_int_equal(lab_count(&lab, EFFECT_SEND), 1);
	assert_int_equal(work(), 0);
	row = topup_of(order.order_id);
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERING);
	arrives(&row);
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERED);
	assert_int_equal(command_of(row.command_id).stage, STAGE_VERIFIED);
	assert_int_equal(books_fen(purse.total), 5000);
	assert_int_equal(ours().count, 1);
	assert_int_equal(ours().meter_balance_fen, 5000);
	assert_int_equal(ours().read_counter, 1);
	assert_int_equal(till_fen(&till, LEDGER_METER, LAB_METER), 5000);
	assert_int_equal(till_fen(&till, LEDGER_ACCOUNT, till.anna), 0);
	assert_int_equal(work(), 0);
}

static void a_lost_answer_costs_one_more_command_and_no_money(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);
	struct command_row first;
	struct topup_row row;

	(void)state;
	work();
	row = topup_of(order.order_id);
	first = command_of(row.command_id);
	(void)executed(&first); /* and nobody hears of it */
	lost(&row);
	assert_int_equal(topup_of(order.order_id).state, TOPUP_ASKING);
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERING);
	assert_int_equal(work(), 1);
	row = topup_of(order.order_id);
	assert_int_not_equal(row.command_id, first.command_id);
	assert_int_equal(row.count, 1);
	arrives(&row);
	assert_int_equal(command_of(row.command_id).stage, STAGE_REFUSED);
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERED);
	assert_int_equal(books_fen(purse.total), 5000);
	assert_int_equal(till_fen(&till, LEDGER_METER, LAB_METER), 5000);
}

/* The answer to the first comes when the second is on its way, and then the second's. */
static void a_late_answer_is_believed_and_doubles_nothing(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);
	struct uplink_result late;
	struct command_row command;
	struct topup_row row;

	(void)state;
	work();
	row = topup_of(order.order_id);
	command = command_of(row.command_id);
	late = executed(&command);
	lost(&row);
	work();
	row = topup_of(order.order_id);
	lab_result(&lab, 0, late);
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERED);
	arrives(&row);
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERED);
	assert_int_equal(ours().count, 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM ledger_group WHERE kind='deliver'"),
	                 1);
}

static void out_of_reach_it_is_tried_later_each_time(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);
	int64_t made = 0;

	(void)state;
	for (int minute = 0; minute < 240; minute++) {
		int64_t now = work();

		if (now)
			lost(&(struct topup_row){.command_id =
			                                 topup_of(order.order_id).command_id});
		made += now;
		lab.now_ms += 60000;
	}
	assert_in_range(made, 10, 30);
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERING);
	lab.now_ms += TOPUP_AGAIN_MAX_MS;
	assert_int_equal(work(), 1);
	arrives(&(struct topup_row){.command_id = topup_of(order.order_id).command_id});
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERED);
	assert_int_equal(books_fen(purse.total), 5000);
}

/* No gateway takes it: the command expires, and nothing hangs. */
static void a_command_that_expires_unsent_is_made_anew(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);

	(void)state;
	work();
	lab.now_ms += 121000;
	outbox();
	assert_int_equal(topup_of(order.order_id).state, TOPUP_ASKING);
	lab.now_ms += TOPUP_AGAIN_MS;
	assert_int_equal(work(), 1);
}

static void without_a_key_it_waits_and_says_so(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);

	(void)state;
	assert_int_equal(
	        db_exec(lab.db, "UPDATE meter SET chip='x'||chip WHERE meter=330100000001"),
	        ERR_NONE);
	assert_int_equal(work(), 0);
	assert_string_equal(topup_of(order.order_id).reason, "no key for its terminal");
	assert_int_equal(work(), 0);
	assert_int_equal(
	        db_exec(lab.db, "UPDATE meter SET chip=substr(chip,2) WHERE meter=330100000001"),
	        ERR_NONE);
	lab.now_ms += TOPUP_AGAIN_MS;
	assert_int_equal(work(), 1);
	arrives(&(struct topup_row){.command_id = topup_of(order.order_id).command_id});
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERED);
}

/* Case 22 the bad way: the meter was put back to what it was before the last one. */
static void what_the_meter_lost_goes_first(void **state)
{
	struct order_row a = till_cash(&till, till.anna, 100), b, c;
	struct purse before;

	(void)state;
	work();
	arrives(&(struct topup_row){.command_id = topup_of(a.order_id).command_id});
	before = purse;
	b = till_cash(&till, till.anna, 200);
	work();
	arrives(&(struct topup_row){.command_id = topup_of(b.order_id).command_id});
	c = till_cash(&till, till.anna, 300);
	purse = before;
	for (int i = 0; i < 6 && state_of(c.order_id) != ORDER_DELIVERED; i++) {
		struct topup_row row;

		lab.now_ms += TOPUP_AGAIN_MAX_MS;
		assert_int_equal(work(), 1);
		assert_int_equal(topup_under_way(lab.db, 1, LAB_METER, &row), ERR_NONE);
		arrives(&row);
	}
	assert_int_equal(state_of(c.order_id), ORDER_DELIVERED);
	assert_int_equal(purse.count, 3);
	assert_int_equal(books_fen(purse.total), 600);
	assert_int_equal(till_fen(&till, LEDGER_METER, LAB_METER), 600);
}

/* Any signed answer tells what is in the purse. */
static void a_stranger_in_the_purse_is_seen_by_the_next_answer(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);
	struct command_request time = {
	        .actor = {.who = "platform",  .local = true      },
	        .rules = { .expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30},
	        .meter = LAB_METER,
	        .kind = COMMAND_CLOSE
        };

	(void)state;
	work();
	arrives(&(struct topup_row){.command_id = topup_of(order.order_id).command_id});
	purse.count = 7;
	purse.total = money_fen(9999);
	for (int i = 0; i < 2; i++) {
		lab.now_ms += 1000;
		assert_int_equal(lab_step(&lab, command_create_step, &time, false), ERR_NONE);
		lab_result(&lab, 0, executed(&time.row));
	}
	assert_int_equal(ours().meter_count, 7);
	assert_int_equal(ours().count, 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=162"), 1);
	order = till_cash(&till, till.anna, 100);
	work();
	arrives(&(struct topup_row){.command_id = topup_of(order.order_id).command_id});
	assert_int_equal(topup_of(order.order_id).state, TOPUP_HELD);
	assert_int_equal(purse.count, 7);
}

/* reliability.md B2: the store was put back, and the purchase that it lost was as large as the one it sells now. */
static void a_purchase_of_the_same_size_is_not_taken_for_this_one(void **state)
{
	struct command_request close = {
	        .actor = {.who = "platform",  .local = true      },
	        .rules = { .expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30},
	        .meter = LAB_METER,
	        .kind = COMMAND_CLOSE
        };
	struct uplink_result early;
	struct order_row order;

	(void)state;
	purse.count = 1;
	purse.total = money_fen(5000);
	assert_int_equal(lab_step(&lab, command_create_step, &close, false), ERR_NONE);
	early = executed(&close.row);
	order = till_cash(&till, till.anna, 5000);
	lab.now_ms += 1000;
	/* A read-back of before it left says nothing of it. */
	lab_result(&lab, 0, early);
	assert_int_equal(ours().meter_total_fen, 5000);
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERING);
	work();
	lab_result(&lab, 0, early);
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERING);
	arrives(&(struct topup_row){.command_id = topup_of(order.order_id).command_id});
	assert_int_equal(topup_of(order.order_id).state, TOPUP_HELD);
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERY_FAILED);
	assert_int_equal(books_fen(purse.total), 5000);
	assert_int_equal(till_fen(&till, LEDGER_METER, LAB_METER), 0);
}

static void an_older_answer_says_nothing(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);
	struct command_request close = {
	        .actor = {.who = "platform",  .local = true      },
	        .rules = { .expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30},
	        .meter = LAB_METER,
	        .kind = COMMAND_CLOSE
        };
	struct uplink_result early;

	(void)state;
	assert_int_equal(lab_step(&lab, command_create_step, &close, false), ERR_NONE);
	early = executed(&close.row);
	work();
	arrives(&(struct topup_row){.command_id = topup_of(order.order_id).command_id});
	lab.now_ms += 1000;
	lab_result(&lab, 0, early);
	assert_int_equal(ours().meter_count, 1);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=162"), 0);
}

/* ---- the end of a use ---- */

static int64_t credited;

static enum err leave_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)arg;
	return topup_leave(tx, 1, LAB_METER, &credited, now_ms, out);
}

static void leave(void)
{
	assert_int_equal(lab_step(&lab, leave_step, NULL, false), ERR_NONE);
}

static struct topup_row first_open(void)
{
	struct topup_row row;

	assert_int_equal(topup_under_way(lab.db, 1, LAB_METER, &row), ERR_NONE);
	return row;
}

static void nothing_is_left_in_the_old_meter(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);
	struct topup_row row;

	(void)state;
	work();
	arrives(&(struct topup_row){.command_id = topup_of(order.order_id).command_id});
	purse.spent = money_fen(1200);
	leave();
	assert_int_equal(credited, 0);
	assert_int_equal(work(), 1);
	row = first_open();
	assert_int_equal(row.kind, TOPUP_VOID);
	arrives(&row);
	assert_int_equal(books_fen(purse_balance(&purse)), 0);
	assert_int_equal(ours().count, purse.count);
	assert_int_equal(ours().total_fen, 1200);
	assert_int_equal(topup_under_way(lab.db, 1, LAB_METER, &row), ERR_NOT_FOUND);
	/* The next tenant begins with what he buys. */
	order = till_cash(&till, till.anna, 300);
	work();
	arrives(&(struct topup_row){.command_id = topup_of(order.order_id).command_id});
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERED);
	assert_int_equal(books_fen(purse_balance(&purse)), 300);
}

/* One that was on its way cannot come after the void, whichever arrives first. */
static void what_was_on_its_way_ends_with_the_void(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000), next;
	struct command_row command;

	(void)state;
	for (int first = 0; first < 2; first++) {
		work();
		command = command_of(topup_of(order.order_id).command_id);
		if (first)
			(void)executed(&command);
		lost(&(struct topup_row){.command_id = command.command_id});
		leave();
		assert_int_equal(credited, 5000);
		assert_int_equal(state_of(order.order_id), ORDER_DELIVERED);
		lab.now_ms += TOPUP_AGAIN_MS;
		assert_int_equal(work(), 1);
		arrives(&(struct topup_row){.command_id = first_open().command_id});
		if (!first)
			(void)executed(&command);
		assert_int_equal(books_fen(purse_balance(&purse)), 0);
		assert_int_equal(ours().count, purse.count);
		order = till_cash(&till, till.anna, 5000);
	}
	assert_int_equal(till_fen(&till, LEDGER_METER, LAB_METER), 0);
	next = till_cash(&till, till.anna, 100);
	assert_int_equal(topup_of(next.order_id).state, TOPUP_WAITING);
}

static void a_void_that_does_not_arrive_stays_pending_and_goes_first(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);

	(void)state;
	work();
	arrives(&(struct topup_row){.command_id = topup_of(order.order_id).command_id});
	leave();
	work();
	lost(&(struct topup_row){.command_id = first_open().command_id});
	order = till_cash(&till, till.berta, 100);
	assert_int_equal(first_open().kind, TOPUP_VOID);
	for (int i = 0; i < 20; i++) {
		lab.now_ms += TOPUP_VOID_MAX_MS;
		work();
		lost(&(struct topup_row){.command_id = first_open().command_id});
	}
	assert_int_equal(first_open().kind, TOPUP_VOID);
	assert_in_range(first_open().next_ms - lab.now_ms, 1, TOPUP_VOID_MAX_MS);
}

/* Somebody counted beyond our void: it is counted anew, and still voids. */
static void a_void_follows_the_meters_count(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);

	(void)state;
	work();
	arrives(&(struct topup_row){.command_id = topup_of(order.order_id).command_id});
	leave();
	purse.count = 9;
	work();
	arrives(&(struct topup_row){.command_id = first_open().command_id});
	lab.now_ms += TOPUP_AGAIN_MS;
	work();
	arrives(&(struct topup_row){.command_id = first_open().command_id});
	assert_int_equal(books_fen(purse_balance(&purse)), 0);
	assert_int_equal(purse.count, 11);
	assert_int_equal(ours().count, 11);
}

static void a_meter_that_never_had_anything_is_left_alone(void **state)
{
	struct order_row order = till_cash(&till, till.anna, 5000);
	struct topup_row row;

	(void)state;
	leave();
	assert_int_equal(credited, 5000);
	assert_int_equal(state_of(order.order_id), ORDER_DELIVERED);
	assert_int_equal(topup_under_way(lab.db, 1, LAB_METER, &row), ERR_NOT_FOUND);
	assert_int_equal(work(), 0);
}

static enum err carry_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)arg;
	(void)out;
	return topup_carry(tx, 1, till.anna, LAB_METER, 700, now_ms);
}

static void what_a_swap_moves_is_delivered_and_booked_once(void **state)
{
	struct order_row order;

	(void)state;
	till_charge(&till, till.anna, -1000); /* it has so much */
	assert_int_equal(lab_step(&lab, carry_step, NULL, false), ERR_NONE);
	order = till_cash(&till, till.anna, 100);
	assert_int_equal(topup_of(order.order_id).state, TOPUP_WAITING);
	work();
	arrives(&(struct topup_row){.command_id = first_open().command_id});
	assert_int_equal(till_fen(&till, LEDGER_METER, LAB_METER), 700);
	assert_int_equal(topup_of(order.order_id).state, TOPUP_QUEUED);
	work();
	arrives(&(struct topup_row){.command_id = first_open().command_id});
	assert_int_equal(till_fen(&till, LEDGER_METER, LAB_METER), 800);
	assert_int_equal(books_fen(purse.total), 800);
	assert_int_equal(purse.count, 2);
}

/* Nobody but the platform's own rules makes such a command. */
static void people_send_no_purchases(void **state)
{
	struct command_request request = {
	        .actor = {.who = "anna",   .local = true,     .reason = "why"    },
	        .rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30},
	        .meter = LAB_METER
        };

	(void)state;
	for (uint8_t kind = COMMAND_CONFIG; kind <= COMMAND_PURSE_VOID; kind++) {
		request.kind = kind;
		assert_int_equal(lab_step(&lab, command_create_step, &request, false),
		                 ERR_BAD_INPUT);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(a_purchase_is_delivered_by_a_signed_command),
	        TEST(a_lost_answer_costs_one_more_command_and_no_money),
	        TEST(a_late_answer_is_believed_and_doubles_nothing),
	        TEST(out_of_reach_it_is_tried_later_each_time),
	        TEST(a_command_that_expires_unsent_is_made_anew),
	        TEST(without_a_key_it_waits_and_says_so),
	        TEST(what_the_meter_lost_goes_first),
	        TEST(a_stranger_in_the_purse_is_seen_by_the_next_answer),
	        TEST(an_older_answer_says_nothing),
	        TEST(a_purchase_of_the_same_size_is_not_taken_for_this_one),
	        TEST(nothing_is_left_in_the_old_meter),
	        TEST(what_was_on_its_way_ends_with_the_void),
	        TEST(a_void_that_does_not_arrive_stays_pending_and_goes_first),
	        TEST(a_void_follows_the_meters_count),
	        TEST(a_meter_that_never_had_anything_is_left_alone),
	        TEST(what_a_swap_moves_is_delivered_and_booked_once),
	        TEST(people_send_no_purchases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
