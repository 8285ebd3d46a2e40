/* The ground gives way under every act about money: each statement fails once (lab.shakes). What failed left
 * nothing, and afterwards the act is done once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/bill.h"
#include "platform/core/topup.h"
#include "platform/test/till.h"

static struct lab lab;
static struct till till;
static int64_t order_id, suspense_id, refund_id, topup_id;

static enum err run(step_fn step, void *arg)
{
	return lab_step(&lab, step, arg, false);
}

static enum err tell(const char *number, const char *order_number, int64_t amount_fen,
                     struct payment_told *told)
{
	*told = (struct payment_told){.property_id = 1,
	                              .channel = CHANNEL_MODEL,
	                              .number = number,
	                              .order_number = order_number,
	                              .amount_fen = amount_fen,
	                              .currency = CURRENCY_YUAN,
	                              .paid_ms = lab.now_ms,
	                              .payer = "",
	                              .source = PAYMENT_NOTICE,
	                              .who = "provider"};
	return run(payment_told_step, told);
}

static enum err sell(void)
{
	struct order_sale sale = {.actor = till.cashier,
	                          .property_id = 1,
	                          .account_id = till.anna,
	                          .channel = CHANNEL_CASH,
	                          .amount_fen = 10000};

	return run(order_sell_step, &sale);
}

static enum err create(void)
{
	struct order_sale sale = {.actor = till.cashier,
	                          .property_id = 1,
	                          .account_id = till.anna,
	                          .channel = CHANNEL_MODEL,
	                          .amount_fen = 10000};

	return run(order_create_step, &sale);
}

static enum err notice(void)
{
	struct payment_told told;
	char number[ORDER_NUMBER_SIZE];

	order_number(order_id, number);
	return tell("T1", number, 10000, &told);
}

static enum err stray(void)
{
	struct payment_told told;

	return tell("T9", "nobody's", 500, &told);
}

static enum err settle_to(int64_t account_id)
{
	struct suspense_settle settle = {.actor = till.finance,
	                                 .property_id = 1,
	                                 .suspense_id = suspense_id,
	                                 .account_id = account_id,
	                                 .channel = CHANNEL_TRANSFER,
	                                 .payee = ""};

	return run(suspense_settle_step, &settle);
}

static enum err settle_credit(void)
{
	return settle_to(till.berta);
}

static enum err settle_return(void)
{
	return settle_to(0);
}

static enum err reverse(void)
{
	struct money_back reversal = {
	        .actor = till.cashier, .property_id = 1, .order_id = order_id};

	return run(order_reverse_step, &reversal);
}

static enum err refund(void)
{
	struct money_back r = {.actor = till.cashier,
	                       .property_id = 1,
	                       .account_id = till.anna,
	                       .amount_fen = 100,
	                       .channel = CHANNEL_CASH,
	                       .payee = ""};

	return run(credit_refund_step, &r);
}

static enum err pay_out(void)
{
	struct refund_paid paid = {.actor = till.cashier,
	                           .property_id = 1,
	                           .refund_id = refund_id,
	                           .channel = CHANNEL_CASH,
	                           .voucher = ""};

	return run(refund_paid_step, &paid);
}

static enum err give_back(void)
{
	struct money_back r = {.actor = till.cashier, .property_id = 1, .order_id = order_id};

	return run(payment_refund_step, &r);
}

static enum err provider_paid(void)
{
	struct refund_told told = {
	        .property_id = 1, .refund_id = refund_id, .done = true, .number = "R1"};

	return run(refund_told_step, &told);
}

static enum err provider_could_not(void)
{
	struct refund_told told = {.property_id = 1, .refund_id = refund_id, .why = "frozen"};

	return run(refund_told_step, &told);
}

static enum err adjust(void)
{
	struct adjustment r = {.actor = till.finance,
	                       .property_id = 1,
	                       .account_id = till.anna,
	                       .amount_fen = 100};

	return run(adjust_step, &r);
}

static enum err adjust_much(void)
{
	struct adjustment r = {.actor = till.finance,
	                       .property_id = 1,
	                       .account_id = till.anna,
	                       .amount_fen = 90000};

	return run(adjust_step, &r);
}

static enum err debt(void)
{
	struct debt_edit edit = {.actor = till.finance,
	                         .property_id = 1,
	                         .account_id = till.anna,
	                         .kind = DEBT_RENT,
	                         .amount_fen = 500};

	return run(debt_edit_step, &edit);
}

static enum err open_shift(void)
{
	struct shift_begin begin = {.actor = till.manager, .property_id = 1, .opening_fen = 5000};

	return run(shift_begin_step, &begin);
}

static enum err end_shift(void)
{
	struct shift_end end = {.actor = till.cashier,
	                        .property_id = 1,
	                        .shift_id = till.shift,
	                        .counted_fen = 1,
	                        .handed_to = "",
	                        .note = "short"};

	return run(shift_end_step, &end);
}

static enum err edit_rules(void)
{
	struct vend_edit edit = {.actor = till.manager, .property_id = 1};
	struct vend_rules rules;
	enum err err = vend_rules_get(lab.db, 1, &rules);

	edit.version = rules.version;
	edit.has[VEND_MAX] = true;
	edit.value[VEND_MAX] = 500000;
	return err ? err : run(vend_edit_step, &edit);
}

static enum err load_bill(void)
{
	const struct bill_in lines[2] = {
	        {.number = "T1", .order_number = "", .amount_fen = 1, .paid_ms = 1, .payer = ""},
	        {.number = "N1", .order_number = "", .amount_fen = 7, .paid_ms = 1, .payer = ""},
	};
	struct bill_load load = {.actor = till.finance,
	                         .property_id = 1,
	                         .channel = CHANNEL_MODEL,
	                         .day = estate_today() - 1,
	                         .count = 2,
	                         .line = lines};

	return run(bill_load_step, &load);
}

static enum err give_up(void)
{
	struct order_turn turn = {.actor = till.cashier,
	                          .property_id = 1,
	                          .order_id = order_id,
	                          .event = ORDER_CLOSE};

	return run(order_turn_step, &turn);
}

static enum err expire(void)
{
	struct order_expiry expiry;

	return run(order_expire_step, &expiry);
}

static enum err arrives(void)
{
	struct topup_told told = {
	        .property_id = 1,
	        .topup_id = topup_id,
	        .outcome = TOPUP_ADDED,
	        .has_purse = true,
	        .purse = {1, 10000}
        };

	return run(topup_told_step, &told);
}

static enum err fails(void)
{
	struct topup_told told = {.property_id = 1, .topup_id = topup_id, .outcome = TOPUP_CHECK};

	return run(topup_told_step, &told);
}

static enum err retry(void)
{
	struct topup_retry r = {.actor = till.cashier, .property_id = 1, .order_id = order_id};

	return run(topup_retry_step, &r);
}

static enum err read_back(void)
{
	struct topup_read read = {
	        .property_id = 1, .meter = LAB_METER, .purse = {1, 10000},
                        .read_ms = lab.now_ms
        };

	return run(topup_read_step, &read);
}

/* ---- what must be there before ---- */

static void nothing(void)
{
}

static void owes_rent(void)
{
	till_rule(&till, VEND_FEE, 10000);
	assert_int_equal(debt(), ERR_NONE);
}

static void has_order(void)
{
	order_id = till_order(&till, till.anna, 10000).order_id;
}

static void has_late_order(void)
{
	has_order();
	lab.now_ms += 86400000;
}

static void has_stray(void)
{
	struct payment_told told;

	assert_int_equal(till_notice(&till, "T9", "nobody's", 500, &told), ERR_NONE);
	suspense_id = told.suspense.suspense_id;
}

static void has_sale(void)
{
	owes_rent();
	order_id = till_cash(&till, till.anna, 10000).order_id;
}

static void has_refund(void)
{
	has_sale();
	assert_int_equal(refund(), ERR_NONE);
	refund_id = lab_number(&lab, "SELECT max(refund_id) FROM refund");
}

static void has_payment(void)
{
	has_order();
	assert_int_equal(notice(), ERR_NONE);
}

static void has_payment_refund(void)
{
	has_payment();
	assert_int_equal(give_back(), ERR_NONE);
	refund_id = lab_number(&lab, "SELECT max(refund_id) FROM refund");
}

static void has_topup(void)
{
	assert_int_equal(db_exec(lab.db, "UPDATE account_meter SET credit='meter'"), ERR_NONE);
	order_id = till_cash(&till, till.anna, 10000).order_id;
	till_cash(&till, till.anna, 200);
	topup_id = lab_number(&lab, "SELECT min(topup_id) FROM topup");
}

static void has_failed_topup(void)
{
	has_topup();
	assert_int_equal(fails(), ERR_NONE);
}

static void keeps_credit(void)
{
	assert_int_equal(db_exec(lab.db, "UPDATE account_meter SET credit='meter'"), ERR_NONE);
}

/* ---- the loop ---- */

static const struct act {
	const char *name;
	void (*before)(void);
	enum err (*act)(void);
	const char *done; /* counts what the act makes: once */
} acts[] = {
        {"sell",               owes_rent,          sell,               "SELECT count(*) FROM ledger_group WHERE kind='sale'"   },
        {"sell to a meter",    keeps_credit,       sell,               "SELECT count(*) FROM topup"                            },
        {"create",             nothing,            create,             "SELECT count(*) FROM recharge_order"                   },
        {"notice",             has_order,          notice,             "SELECT count(*) FROM payment"                          },
        {"stray notice",       nothing,            stray,              "SELECT count(*) FROM suspense"                         },
        {"credit suspense",    has_stray,          settle_credit,      "SELECT count(*) FROM recharge_order"                   },
        {"return suspense",    has_stray,          settle_return,      "SELECT count(*) FROM refund"                           },
        {"reverse",            has_sale,           reverse,            "SELECT count(*) FROM refund"                           },
        {"refund",             has_sale,           refund,             "SELECT count(*) FROM refund"                           },
        {"pay out",            has_refund,         pay_out,            "SELECT count(*) FROM ledger_group WHERE kind='payout'" },
        {"give back",          has_payment,        give_back,          "SELECT count(*) FROM refund"                           },
        {"provider paid",      has_payment_refund, provider_paid,
         "SELECT count(*) FROM ledger_group WHERE kind='payout'"                                                               },
        {"provider could not", has_payment_refund, provider_could_not,
         "SELECT count(*) FROM refund WHERE state=3"                                                                           },
        {"adjust",             nothing,            adjust,             "SELECT count(*) FROM ledger_group WHERE kind='adjust'" },
        {"adjust much",        nothing,            adjust_much,        "SELECT count(*) FROM approval"                         },
        {"debt",               nothing,            debt,               "SELECT count(*) FROM debt"                             },
        {"open a shift",       nothing,            open_shift,         "SELECT count(*)-1 FROM shift"                          },
        {"end a shift",        has_sale,           end_shift,          "SELECT count(*) FROM shift WHERE closed_ms>0"          },
        {"rules",              nothing,            edit_rules,         "SELECT count(*) FROM vend_rule"                        },
        {"bill",               has_payment,        load_bill,          "SELECT count(*) FROM pay_bill"                         },
        {"give up",            has_order,          give_up,            "SELECT count(*) FROM recharge_order WHERE state=7"     },
        {"expire",             has_late_order,     expire,             "SELECT count(*) FROM recharge_order WHERE state=6"     },
        {"arrives",            has_topup,          arrives,            "SELECT count(*) FROM ledger_group WHERE kind='deliver'"},
        {"fails",              has_topup,          fails,              "SELECT count(*) FROM recharge_order WHERE state=9"     },
        {"retry",              has_failed_topup,   retry,
         "SELECT count(*) FROM recharge_order WHERE state=4 AND amount_fen=10000"                                              },
        {"read back",          has_topup,          read_back,          "SELECT count(*) FROM meter_purse WHERE read_ms>0"      },
};

static void one_act(const struct act *act)
{
	int64_t before;

	lab_setup(&lab);
	till_setup(&till, &lab);
	act->before();
	before = lab_number(&lab, act->done);
	lab.shakes = true;
	if (act->act() != ERR_NONE || lab_number(&lab, act->done) != before + 1)
		fail_msg("%s: it is not done once", act->name);
	till_sound(&till);
	lab_teardown(&lab);
}

static void the_ground_gives_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		one_act(&acts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(the_ground_gives_way)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
