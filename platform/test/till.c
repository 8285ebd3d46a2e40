#include "platform/test/till.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "platform/core/role.h"

static int64_t account(struct till *till, const char *code, const char *name, int64_t space_id,
                       int64_t meter)
{
	static int64_t number;
	int64_t customer = estate_customer(&till->estate, name, "13812345678");
	struct account_row row = {.property_id = 1,
	                          .account_id = 1000 + ++number,
	                          .customer_id = customer,
	                          .state = ACCOUNT_OPEN,
	                          .created_s = till->lab->now_ms / 1000,
	                          .opened_s = till->lab->now_ms / 1000,
	                          .version = 1};
	struct account_meter use = {.property_id = 1,
	                            .meter = meter,
	                            .from_s = till->lab->now_ms / 1000,
	                            .until_s = ACCOUNT_OPEN_S,
	                            .account_id = row.account_id,
	                            .service = SERVICE_ELECTRICITY,
	                            .credit = CREDIT_PLATFORM};

	estate_lease(&till->estate, customer, space_id, 0, 0);
	snprintf(row.code, sizeof row.code, "%s", code);
	assert_int_equal(account_insert(till->lab->db, &row), ERR_NONE);
	assert_int_equal(account_meter_insert(till->lab->db, &use), ERR_NONE);
	return row.account_id;
}

void till_setup(struct till *till, struct lab *lab)
{
	*till = (struct till){.lab = lab};
	estate_setup(&till->estate, lab);
	till->anna = account(till, "A-301", "Anna", till->estate.r301, LAB_METER);
	till->berta = account(till, "A-302", "Berta", till->estate.r302, LAB_METER + 1);
	till->cashier = staff_with(lab, "cashier", P(ACCOUNT_READ) | P(VEND) | P(REFUND), 1, 1, 0);
	till->manager = staff_with(lab, "manager",
	                           P(ACCOUNT_READ) | P(VEND) | P(REFUND) | P(APPROVAL_DECIDE) |
	                                   P(PROPERTY_WRITE) | P(LEDGER_WRITE),
	                           1, 1, 0);
	till->finance = staff_with(lab, "finance",
	                           P(ACCOUNT_READ) | P(LEDGER_READ) | P(LEDGER_WRITE), 1, 1, 0);
	till->shift = till_shift(till, &till->cashier, 10000);
}

int64_t till_shift(struct till *till, const struct actor *actor, int64_t opening_fen)
{
	struct shift_begin begin = {.actor = *actor, .property_id = 1, .opening_fen = opening_fen};

	assert_int_equal(lab_step(till->lab, shift_begin_step, &begin, false), ERR_NONE);
	return begin.row.shift_id;
}

enum err till_end_shift(struct till *till, const struct actor *actor, int64_t shift_id,
                        int64_t version, int64_t fen, const char *note, struct shift_end *end)
{
	*end = (struct shift_end){.actor = *actor,
	                          .property_id = 1,
	                          .shift_id = shift_id,
	                          .version = version,
	                          .counted_fen = fen,
	                          .handed_to = "manager",
	                          .note = note};
	return lab_step(till->lab, shift_end_step, end, false);
}

int64_t till_debt(struct till *till, enum debt_kind kind, int64_t fen)
{
	struct debt_edit edit = {.actor = till->finance,
	                         .property_id = 1,
	                         .account_id = till->anna,
	                         .kind = kind,
	                         .amount_fen = fen};

	assert_int_equal(lab_step(till->lab, debt_edit_step, &edit, false), ERR_NONE);
	return edit.row.debt_id;
}

struct debt_row till_debt_row(struct till *till, int64_t debt_id)
{
	struct debt_row row;

	assert_int_equal(debt_get(till->lab->db, 1, debt_id, &row), ERR_NONE);
	return row;
}

enum err till_sell(struct till *till, const struct actor *actor, int64_t account_id,
                   enum pay_channel channel, int64_t amount_fen, struct order_sale *sale)
{
	*sale = (struct order_sale){.actor = *actor,
	                            .property_id = 1,
	                            .account_id = account_id,
	                            .channel = channel,
	                            .amount_fen = amount_fen,
	                            .voucher = channel == CHANNEL_TRANSFER ? "V-1" : NULL};
	return lab_step(till->lab,
	                channel == CHANNEL_CASH || channel == CHANNEL_TRANSFER ? order_sell_step
	                                                                       : order_create_step,
	                sale, false);
}

struct order_row till_cash(struct till *till, int64_t account_id, int64_t amount_fen)
{
	struct order_sale sale;

	assert_int_equal(
	        till_sell(till, &till->cashier, account_id, CHANNEL_CASH, amount_fen, &sale),
	        ERR_NONE);
	return sale.row;
}

struct order_row till_order(struct till *till, int64_t account_id, int64_t amount_fen)
{
	struct order_sale sale;

	assert_int_equal(
	        till_sell(till, &till->cashier, account_id, CHANNEL_MODEL, amount_fen, &sale),
	        ERR_NONE);
	return sale.row;
}

enum err till_notice(struct till *till, const char *number, const char *order_number,
                     int64_t amount_fen, struct payment_told *told)
{
	*told = (struct payment_told){.property_id = 1,
	                              .channel = CHANNEL_MODEL,
	                              .number = number,
	                              .order_number = order_number,
	                              .amount_fen = amount_fen,
	                              .currency = CURRENCY_YUAN,
	                              .paid_ms = till->lab->now_ms,
	                              .payer = "wx-anna",
	                              .source = PAYMENT_NOTICE,
	                              .who = "provider"};
	return lab_step(till->lab, payment_told_step, told, false);
}

struct charging {
	int64_t account_id, amount_fen;
	unsigned number;
};

static enum err charge_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct charging *charging = arg;
	struct books_post post = {
	        .property_id = 1, .kind = "charge", .who = "rating", .reason = ""};
	struct fault fault;

	(void)out;
	snprintf(post.key, sizeof post.key, "charge:test:%u", charging->number);
	books_add(&post, LEDGER_ACCOUNT, charging->account_id, -charging->amount_fen);
	books_add(&post, LEDGER_SALES, 1, charging->amount_fen);
	return books_post(tx, &post, &fault, now_ms);
}

struct order_row till_paid_order(struct till *till, int64_t amount_fen, const char *number)
{
	struct order_row row = till_order(till, till->anna, amount_fen);
	struct payment_told told;
	char order[ORDER_NUMBER_SIZE];

	order_number(row.order_id, order);
	assert_int_equal(till_notice(till, number, order, amount_fen, &told), ERR_NONE);
	return told.order;
}

void till_charge(struct till *till, int64_t account_id, int64_t fen)
{
	static unsigned number;
	struct charging charging = {account_id, fen, ++number};

	assert_int_equal(lab_step(till->lab, charge_step, &charging, false), ERR_NONE);
}

void till_state(struct till *till, int64_t account_id, enum account_state state)
{
	struct account_row row;

	assert_int_equal(account_get(till->lab->db, 1, account_id, &row), ERR_NONE);
	row.state = state;
	assert_int_equal(account_update(till->lab->db, &row), ERR_NONE);
}

void till_rule(struct till *till, enum vend_rule rule, int64_t value)
{
	struct vend_edit edit = {.actor = till->manager, .property_id = 1, .fee_confirmed = true};
	struct vend_rules rules;

	assert_int_equal(vend_rules_get(till->lab->db, 1, &rules), ERR_NONE);
	edit.version = rules.version;
	edit.has[rule] = true;
	edit.value[rule] = value;
	assert_int_equal(lab_step(till->lab, vend_edit_step, &edit, false), ERR_NONE);
}

struct order_row till_order_row(struct till *till, int64_t order_id)
{
	struct order_row row;

	assert_int_equal(order_get(till->lab->db, 1, order_id, &row), ERR_NONE);
	return row;
}

int64_t till_fen(struct till *till, enum ledger_account account_kind, int64_t subject)
{
	int64_t fen;

	assert_int_equal(books_balance_fen(till->lab->db, 1, account_kind, subject, &fen),
	                 ERR_NONE);
	return fen;
}

void till_sound(struct till *till)
{
	struct ledger_proof proof;
	int64_t sum = 0;

	assert_int_equal(ledger_verify(till->lab->db, 1, &proof), ERR_NONE);
	for (int kind = LEDGER_ACCOUNT; kind <= LEDGER_ACCOUNT_LAST; kind++) {
		struct money total;

		assert_int_equal(ledger_total(till->lab->db, 1, (enum ledger_account)kind, &total),
		                 ERR_NONE);
		sum += books_fen(total);
	}
	assert_int_equal(sum, 0);
}

void till_payments_sound(struct till *till)
{
	till_sound(till);
	assert_int_equal(lab_number(till->lab, "SELECT count(*) FROM payment WHERE order_id=0 AND"
	                                       " suspense_id=0"),
	                 0);
	assert_int_equal(till_fen(till, LEDGER_SUSPENSE, 0),
	                 lab_number(till->lab,
	                            "SELECT coalesce(sum(amount_fen),0) FROM suspense WHERE state=1"
	                            " AND group_no>0"));
}
