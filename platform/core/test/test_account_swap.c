/* Another meter for an account, in another room or in place of one that is broken: what of the old one goes over,
 * its money, step, purse, marks and place. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "libs/base/time.h"
#include "libs/proto/meter.h"
#include "platform/core/account_swap.h"
#include "platform/core/order.h"
#include "platform/core/payment.h"
#include "platform/core/topup.h"
#include "platform/store/latest.h"
#include "platform/test/accounts.h"

#define HOUR INT64_C(3600)

static struct lab lab;
static struct accounts a = {.lab = &lab};

/* ---- another room ---- */

static void a_tenant_changes_rooms_with_his_money(void **state)
{
	struct account_final old = {.meter = ACCOUNTS_METER};
	struct account_binding to = accounts_binding(ACCOUNTS_SECOND);
	struct account_move move;
	struct rating_row rating;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 10000);
	lab_later(&lab, HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1010000);
	accounts_read(&a, ACCOUNTS_SECOND, 500000);
	move = (struct account_move){.act = accounts_act(&a, id, "other room"),
	                             .old_count = 1,
	                             .to_count = 1,
	                             .old = &old,
	                             .to = &to};
	assert_int_equal(lab_step(&lab, account_move_step, &move, false), ERR_NONE);
	assert_int_equal(accounts_balance(&a, id), 9400);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_OPEN);
	assert_int_equal(accounts_use(&a, ACCOUNTS_METER, lab.now_ms / 1000 - 1).close_units,
	                 1010000);
	assert_int_equal(accounts_use(&a, ACCOUNTS_SECOND, lab.now_ms / 1000).open_units, 500000);
	assert_int_equal(rating_get(lab.db, 1, ACCOUNTS_SECOND, &rating), ERR_NONE);
	assert_int_equal(rating.step_used, 0);
	assert_int_equal(rating.account_id, id);
}

/* ---- swap ---- */

static void swapped(int64_t id, const struct account_final *old, int64_t new_units,
                    struct account_swap *swap, enum err expected)
{
	accounts_read(&a, ACCOUNTS_THIRD, new_units);
	*swap = (struct account_swap){
	        .act = accounts_act(&a, id, "broken"),
	        .old = *old,
	        .to = accounts_binding(ACCOUNTS_THIRD),
	        .rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30}
        };
	assert_int_equal(lab_step(&lab, account_swap_step, swap, false), expected);
}

/* Consumption over a swap: (old last - old start) + (new end - new start); the step goes on, also in
 * arrears. */
static void a_swap_carries_balance_and_step(void **state)
{
	struct account_final old = {.meter = ACCOUNTS_METER};
	struct account_swap swap;
	struct meter_row meter;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_STEPS, 5000);
	lab_later(&lab, 2 * HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1090000); /* 90 kWh: 54.00, 4.00 owed */
	swapped(id, &old, 200000, &swap, ERR_NONE);
	assert_int_equal(accounts_balance(&a, id), -400);
	lab_later(&lab, 3 * HOUR);
	accounts_read(&a, ACCOUNTS_THIRD, 230000); /* 30 kWh: 10 x 0.60 + 20 x 0.70 = 20.00 */
	lab.now_ms = estate_day_s(estate_today() + 1) * 1000;
	accounts_read(&a, ACCOUNTS_THIRD, 230000);
	assert_int_equal(accounts_balance(&a, id), -2400);
	assert_int_equal(accounts_use(&a, ACCOUNTS_THIRD, lab.now_ms / 1000).account_id, id);
	assert_int_equal(accounts_row(&a, id).state, ACCOUNT_OPEN);
	/* It hangs where the old one did. */
	assert_int_equal(meter_get(lab.db, 1, ACCOUNTS_THIRD, &meter), ERR_NONE);
	assert_int_equal(meter.space_id, a.estate.r301);
	assert_int_equal(swap.command_id, 0);
}

/* Its newest reading is older than the last one of the old meter: two uses never overlap, so a step position is
 * not carried back behind an instant at which steps begin anew. */
static void a_swap_begins_where_the_old_meter_ended(void **state)
{
	struct account_swap swap;
	struct rating_row rating;
	int64_t id, at_s;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_STEPS, 0);
	lab_later(&lab, 2 * HOUR);
	accounts_read(&a, ACCOUNTS_THIRD, 200000);
	lab_later(&lab, 30);
	accounts_read(&a, ACCOUNTS_METER, 1010000);
	at_s = lab.now_ms / 1000;
	swap = (struct account_swap){
	        .act = accounts_act(&a, id, "broken"),
	        .old = {.meter = ACCOUNTS_METER},
	        .to = accounts_binding(ACCOUNTS_THIRD),
	        .rules = { .expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30}
        };
	assert_int_equal(lab_step(&lab, account_swap_step, &swap, false), ERR_NONE);
	assert_int_equal(accounts_use(&a, ACCOUNTS_THIRD, at_s).from_s, at_s);
	assert_int_equal(accounts_use(&a, ACCOUNTS_THIRD, at_s).open_units, 200000);
	assert_int_equal(rating_get(lab.db, 1, ACCOUNTS_THIRD, &rating), ERR_NONE);
	assert_int_equal(rating.billed_s, at_s);
	assert_int_equal(rating.step_used, 10000);
}

struct carrying {
	int64_t account_id, meter, amount_fen;
};

static enum err carry_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct carrying *c = arg;

	(void)out;
	return topup_carry(tx, 1, c->account_id, c->meter, c->amount_fen, now_ms);
}

static enum err topup_carry_now(int64_t account_id, int64_t meter, int64_t amount_fen)
{
	struct carrying c = {account_id, meter, amount_fen};

	return lab_step(&lab, carry_step, &c, false);
}

static struct topup_row under_way(int64_t meter)
{
	struct topup_row row;

	assert_int_equal(topup_under_way(lab.db, 1, meter, &row), ERR_NONE);
	return row;
}

static void purse_takes(int64_t meter)
{
	struct topup_row row = under_way(meter);
	struct topup_told told = {
	        .property_id = 1,
	        .topup_id = row.topup_id,
	        .outcome = TOPUP_ADDED,
	        .has_purse = true,
	        .purse = {row.count, row.total_fen},
	        .balance_fen = row.kind == TOPUP_VOID ? 0 : row.total_fen
        };

	assert_int_equal(lab_step(&lab, topup_told_step, &told, false), ERR_NONE);
}

/* Credit in the meter: what is used is paid out of its purse, what is left goes into the new one, and
 * nothing may stay in the old one. */
static void a_swap_carries_the_purse_and_voids_the_old_one(void **state)
{
	struct account_final old = {.meter = ACCOUNTS_METER};
	struct account_binding meter = accounts_binding(ACCOUNTS_METER);
	struct account_swap swap;
	struct account_open open;
	int64_t id = accounts_draft(&a, a.anna, NULL);

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	meter.credit = CREDIT_METER;
	accounts_read(&a, ACCOUNTS_METER, 1000000);
	open = (struct account_open){.act = accounts_act(&a, id, "old books"),
	                             .count = 1,
	                             .meter = &meter,
	                             .has_opening = true,
	                             .opening_fen = 5000};
	assert_int_equal(db_exec(lab.db, "UPDATE meter SET model='wattle-0'"), ERR_NONE);
	assert_int_equal(lab_step(&lab, account_open_step, &open, false), ERR_REFUSED);
	assert_string_equal(open.act.fault.field, "meters");
	assert_int_equal(db_exec(lab.db, "UPDATE meter SET model='wattle-1'"), ERR_NONE);
	assert_int_equal(lab_step(&lab, account_open_step, &open, false), ERR_NONE);
	assert_int_equal(under_way(ACCOUNTS_METER).kind, TOPUP_CARRY);
	purse_takes(ACCOUNTS_METER);
	assert_int_equal(accounts_fen(&a, LEDGER_METER, ACCOUNTS_METER), 5000);
	assert_int_equal(accounts_balance(&a, id), 0);
	lab_later(&lab, 2 * HOUR);
	accounts_read(&a, ACCOUNTS_METER, 1020000); /* 20 kWh: 12.00 */
	assert_int_equal(accounts_balance(&a, id), 0);
	swapped(id, &old, 0, &swap, ERR_NONE);
	assert_int_equal(swap.moved_fen, 3800);
	assert_int_equal(accounts_fen(&a, LEDGER_METER, ACCOUNTS_METER), 0);
	assert_int_equal(under_way(ACCOUNTS_METER).kind, TOPUP_VOID);
	assert_int_equal(accounts_balance(&a, id),
	                 3800); /* the new one keeps no credit: accounts_binding() says so */
	purse_takes(ACCOUNTS_METER);
	assert_int_equal(topup_under_way(lab.db, 1, ACCOUNTS_METER, &(struct topup_row){0}),
	                 ERR_NOT_FOUND);
}

static void a_swap_fills_the_purse_of_the_new_meter(void **state)
{
	struct account_binding meter = accounts_binding(ACCOUNTS_METER);
	struct account_swap swap;
	struct account_open open;
	int64_t id = accounts_draft(&a, a.anna, NULL);

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	meter.credit = CREDIT_METER;
	accounts_read(&a, ACCOUNTS_METER, 1000000);
	assert_int_equal(accounts_open(&a, id, &meter, 1, &open), ERR_NONE);
	accounts_pay(&a, id, 900); /* and of it 500 went into the purse */
	assert_int_equal(topup_carry_now(id, ACCOUNTS_METER, 500), ERR_NONE);
	purse_takes(ACCOUNTS_METER);
	assert_int_equal(topup_carry_now(id, ACCOUNTS_METER, 100),
	                 ERR_NONE); /* on its way, never heard of */
	accounts_read(&a, ACCOUNTS_THIRD, 0);
	swap = (struct account_swap){
	        .act = accounts_act(&a, id, "broken"),
	        .old = {.meter = ACCOUNTS_METER},
	        .to = accounts_binding(ACCOUNTS_THIRD),
	        .rules = { .expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30}
        };
	swap.to.credit = CREDIT_METER;
	assert_int_equal(lab_step(&lab, account_swap_step, &swap, false), ERR_NONE);
	assert_int_equal(swap.moved_fen, 600);
	assert_int_equal(under_way(ACCOUNTS_THIRD).amount_fen, 600);
	purse_takes(ACCOUNTS_THIRD);
	assert_int_equal(accounts_fen(&a, LEDGER_METER, ACCOUNTS_THIRD), 600);
	assert_int_equal(accounts_balance(&a, id), 300);
	assert_int_equal(under_way(ACCOUNTS_METER).kind, TOPUP_VOID);
}

/* The wish was for the purse of the old meter; the money comes when another one hangs there. */
static void what_was_ordered_before_a_swap_goes_into_the_new_purse(void **state)
{
	struct account_binding meter = accounts_binding(ACCOUNTS_METER);
	struct payment_told told;
	struct account_swap swap;
	struct account_open open;
	struct order_sale sale;
	struct order_row order;
	char number[ORDER_NUMBER_SIZE];
	int64_t id = accounts_draft(&a, a.anna, NULL);

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	meter.credit = CREDIT_METER;
	accounts_read(&a, ACCOUNTS_METER, 1000000);
	assert_int_equal(accounts_open(&a, id, &meter, 1, &open), ERR_NONE);
	sale = (struct order_sale){.actor = accounts_act(&a, id, "").actor,
	                           .property_id = 1,
	                           .account_id = id,
	                           .channel = CHANNEL_MODEL,
	                           .amount_fen = 900};
	assert_int_equal(lab_step(&lab, order_create_step, &sale, false), ERR_NONE);
	assert_int_equal(sale.row.meter, ACCOUNTS_METER);
	accounts_read(&a, ACCOUNTS_THIRD, 0);
	swap = (struct account_swap){
	        .act = accounts_act(&a, id, "broken"),
	        .old = {.meter = ACCOUNTS_METER},
	        .to = accounts_binding(ACCOUNTS_THIRD),
	        .rules = { .expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30}
        };
	swap.to.credit = CREDIT_METER;
	assert_int_equal(lab_step(&lab, account_swap_step, &swap, false), ERR_NONE);
	order_number(sale.row.order_id, number);
	told = (struct payment_told){.property_id = 1,
	                             .channel = CHANNEL_MODEL,
	                             .number = "p-1",
	                             .order_number = number,
	                             .amount_fen = 900,
	                             .currency = CURRENCY_YUAN,
	                             .paid_ms = lab.now_ms,
	                             .payer = "wx-anna",
	                             .source = PAYMENT_NOTICE,
	                             .who = "provider"};
	assert_int_equal(lab_step(&lab, payment_told_step, &told, false), ERR_NONE);
	assert_int_equal(order_get(lab.db, 1, sale.row.order_id, &order), ERR_NONE);
	assert_int_equal(order.meter, ACCOUNTS_THIRD);
	purse_takes(ACCOUNTS_THIRD);
	assert_int_equal(accounts_fen(&a, LEDGER_METER, ACCOUNTS_THIRD), 900);
	assert_int_equal(accounts_fen(&a, LEDGER_METER, ACCOUNTS_METER), 0);
}

static void a_dead_meter_is_swapped_by_a_typed_register(void **state)
{
	struct account_final old = {.meter = ACCOUNTS_METER};
	struct account_swap swap;
	struct photo_add sent;
	int64_t id;

	(void)state;
	id = accounts_paid(&a, ACCOUNTS_FLAT, 0);
	lab_later(&lab, 2 * SECONDS_PER_DAY);
	swapped(id, &old, 0, &swap, ERR_REFUSED);
	assert_string_equal(swap.act.fault.field, "register");
	assert_true(accounts_use(&a, ACCOUNTS_METER, lab.now_ms / 1000).until_s == ACCOUNT_OPEN_S);
	old.reg = (struct account_register){.typed = true, .units = 1020000};
	old.reg.photo = accounts_photo(&a, id, 1, &sent);
	swapped(id, &old, 0, &swap, ERR_NONE);
	assert_int_equal(accounts_balance(&a, id), -1200);
	assert_string_equal(accounts_use(&a, ACCOUNTS_METER, lab.now_ms / 1000 - 1).close_photo,
	                    sent.row.name);
}

static enum err put_kept(struct tx *tx, void *arg, int64_t now_ms)
{
	struct reading reading = lab_reading(ACCOUNTS_METER, now_ms / 1000, 1000000);

	(void)arg;
	reading.state |= METER_KEEP_POWER;
	return latest_put(tx->db, 1, &reading);
}

static void a_swap_carries_keep_power_tree_and_tariff(void **state)
{
	struct account_final old = {.meter = ACCOUNTS_METER};
	struct meter_parent_act parent = {.actor = a.estate.chief,
	                                  .property_id = 1,
	                                  .meter = ACCOUNTS_METER,
	                                  .parent = ACCOUNTS_SECOND};
	struct tariff_use own = {.property_id = 1,
	                         .meter = ACCOUNTS_METER,
	                         .service = SERVICE_ELECTRICITY,
	                         .from_s = 1,
	                         .tariff_id = 1,
	                         .by_name = "test"};
	struct meter_parent row;
	struct account_swap swap;
	int64_t id;

	(void)state;
	accounts_price(&a, ACCOUNTS_FLAT);
	assert_int_equal(tariff_use_put(lab.db, &own), ERR_NONE);
	assert_int_equal(lab_step(&lab, meter_parent_step, &parent, false), ERR_NONE);
	id = accounts_opened(&a, NULL);
	accounts_run(&a, put_kept, NULL);
	swapped(id, &old, 0, &swap, ERR_NONE);
	assert_int_not_equal(swap.command_id, 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM command WHERE kind=4"), 1);
	assert_int_equal(
	        lab_number(&lab, "SELECT meter FROM command WHERE kind=4") == ACCOUNTS_THIRD, 1);
	assert_int_equal(meter_parent_at(lab.db, 1, ACCOUNTS_THIRD, lab.now_ms / 1000, &row),
	                 ERR_NONE);
	assert_true(row.parent == ACCOUNTS_SECOND);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM meter_tariff"), 2);
}

int main(void)
{
#define T(name) ACCOUNTS_TEST(name, &a)
	const struct CMUnitTest tests[] = {
	        T(a_tenant_changes_rooms_with_his_money),
	        T(a_swap_carries_balance_and_step),
	        T(a_swap_begins_where_the_old_meter_ended),
	        T(a_swap_carries_the_purse_and_voids_the_old_one),
	        T(a_swap_fills_the_purse_of_the_new_meter),
	        T(what_was_ordered_before_a_swap_goes_into_the_new_purse),
	        T(a_dead_meter_is_swapped_by_a_typed_register),
	        T(a_swap_carries_keep_power_tree_and_tariff),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
