#include "platform/test/money.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "platform/core/rating.h"
#include "platform/store/info.h"
#include "platform/store/ledger.h"

static const struct command_rules rules = {.expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30};

static enum err rate_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)now_ms;
	(void)out;
	return rating_start(tx, arg);
}

static void rate(struct lab *lab, const struct account_meter *use)
{
	struct rating_start start = {.property_id = 1,
	                             .meter = use->meter,
	                             .account_id = use->account_id,
	                             .service = use->service,
	                             .from_s = use->from_s};

	assert_int_equal(lab_step(lab, rate_step, &start, false), ERR_NONE);
}

int64_t money_account(struct estate *estate, const char *code, int64_t meter, size_t count)
{
	struct lab *lab = estate->lab;
	struct account_row row = {.property_id = 1,
	                          .state = ACCOUNT_OPEN,
	                          .created_s = lab->now_ms / 1000,
	                          .opened_s = lab->now_ms / 1000,
	                          .version = 1};

	snprintf(row.code, sizeof row.code, "%s", code);
	row.customer_id = estate_customer(estate, code, "13800001234");
	assert_int_equal(sequence_next(lab->db, "account", &row.account_id), ERR_NONE);
	assert_int_equal(account_insert(lab->db, &row), ERR_NONE);
	for (size_t i = 0; i < count; i++) {
		struct account_meter use = {.property_id = 1,
		                            .meter = meter + (int64_t)i,
		                            .from_s = lab->now_ms / 1000,
		                            .until_s = ACCOUNT_OPEN_S,
		                            .account_id = row.account_id,
		                            .service = SERVICE_ELECTRICITY,
		                            .credit = CREDIT_PLATFORM};

		assert_int_equal(account_meter_insert(lab->db, &use), ERR_NONE);
		rate(lab, &use);
	}
	return row.account_id;
}

struct consider {
	int64_t account_id, amount; /* fen */
};

static enum err consider_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct consider *r = arg;

	return supply_consider(tx, 1, r->account_id, r->amount > 0, now_ms, out);
}

static enum err pay_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	static int64_t number;
	const struct consider *r = arg;
	const struct ledger_entry entries[] = {
	        {LEDGER_ACCOUNT, r->account_id, money_fen(r->amount) },
	        {LEDGER_TILL,    1,             money_fen(-r->amount)}
        };
	struct ledger_group group = {.property_id = 1,
	                             .kind = "test",
	                             .at_ms = now_ms,
	                             .day = now_ms / 86400000,
	                             .who = "test",
	                             .reason = "",
	                             .entries = entries,
	                             .count = 2};
	char key[32];
	enum err err;

	snprintf(key, sizeof key, "test:%lld", (long long)++number);
	group.key = key;
	err = ledger_post(tx->db, &group);
	return err ? err : consider_step(tx, arg, now_ms, out);
}

void money_pay(struct lab *lab, int64_t account_id, int64_t fen)
{
	struct consider r = {account_id, fen};

	assert_int_equal(lab_step(lab, pay_step, &r, false), ERR_NONE);
}

void money_look(struct lab *lab, int64_t account_id)
{
	struct consider r = {account_id, 0};

	assert_int_equal(lab_step(lab, consider_step, &r, false), ERR_NONE);
}

void money_read(struct lab *lab, int64_t meter)
{
	struct rating_open open = {.count = 0};
	struct rating_row row;
	enum err err = rating_get_open(lab->db, 1, meter, &row, &open);

	row.billed_s = lab->now_ms / 1000;
	if (!err)
		err = rating_put(lab->db, &row, &open);
	rating_open_free(&open);
	assert_true(!err || err == ERR_NOT_FOUND);
}

void money_work(struct lab *lab)
{
	struct supply_work work = {.rules = rules};

	assert_int_equal(lab_step(lab, supply_work_step, &work, true), ERR_NONE);
}
