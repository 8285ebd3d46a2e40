#include "platform/test/accounts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/core/books.h"
#include "platform/store/latest.h"

void accounts_setup(struct accounts *a, struct lab *lab)
{
	lab_setup(lab);
	a->lab = lab;
	estate_setup(&a->estate, lab);
	a->anna = estate_customer(&a->estate, "Anna", "13812345678");
	a->berta = estate_customer(&a->estate, "Berta", "13912345678");
}

void accounts_teardown(struct accounts *a)
{
	struct ledger_proof proof;

	assert_int_equal(ledger_verify(a->lab->db, 1, &proof), ERR_NONE);
	lab_teardown(a->lab);
}

int accounts_begin(void **state)
{
	struct accounts *a = *state;

	accounts_setup(a, a->lab);
	return 0;
}

int accounts_end(void **state)
{
	accounts_teardown(*state);
	return 0;
}

struct call {
	enum err (*run)(struct tx *tx, void *arg, int64_t now_ms);
	void *arg;
};

static enum err call_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct call *call = arg;

	(void)out;
	return call->run(tx, call->arg, now_ms);
}

void accounts_run(struct accounts *a, enum err (*fn)(struct tx *tx, void *arg, int64_t now_ms),
                  void *arg)
{
	struct call call = {fn, arg};

	assert_int_equal(lab_step(a->lab, call_step, &call, false), ERR_NONE);
}

static enum err put_price(struct tx *tx, void *arg, int64_t now_ms)
{
	const struct tariff_version_row version = {.version_id = 1,
	                                           .tariff_id = 1,
	                                           .valid_from_s = 1,
	                                           .state = TARIFF_PUBLISHED,
	                                           .body = arg,
	                                           .by_name = "test",
	                                           .version = 1};
	const struct tariff_use use = {.property_id = 1,
	                               .service = SERVICE_ELECTRICITY,
	                               .from_s = 1,
	                               .tariff_id = 1,
	                               .by_name = "test"};
	enum err err = tariff_version_insert(tx->db, &version);

	(void)now_ms;
	return err ? err : tariff_use_put(tx->db, &use);
}

void accounts_price(struct accounts *a, const char *body)
{
	char text[512];

	snprintf(text, sizeof text, "%s", body);
	accounts_run(a, put_price, text);
}

static enum err put_reading(struct tx *tx, void *arg, int64_t now_ms)
{
	const struct reading *reading = arg;
	struct rating_pass pass = {.property_id = 1, .meter = reading->meter};
	enum err err = latest_put(tx->db, 1, reading);

	return err ? err : rating_passes(tx, &pass, 1, NULL, now_ms);
}

void accounts_read(struct accounts *a, int64_t meter, int64_t wh)
{
	struct reading reading = lab_reading(meter, a->lab->now_ms / 1000, wh);

	accounts_run(a, put_reading, &reading);
}

struct account_row accounts_row(struct accounts *a, int64_t account_id)
{
	struct account_row row;

	assert_int_equal(account_get(a->lab->db, 1, account_id, &row), ERR_NONE);
	return row;
}

struct account_act accounts_act(struct accounts *a, int64_t account_id, const char *reason)
{
	struct account_act act = {
	        .actor = a->estate.chief, .property_id = 1, .account_id = account_id};

	snprintf(act.actor.reason, sizeof act.actor.reason, "%s", reason);
	if (account_id)
		act.version = accounts_row(a, account_id).version;
	return act;
}

int64_t accounts_draft(struct accounts *a, int64_t customer_id, const struct account_terms *terms)
{
	struct account_edit edit = {.act = accounts_act(a, 0, ""), .customer_id = customer_id};

	if (terms) {
		edit.has_terms = true;
		edit.terms = *terms;
	}
	assert_int_equal(lab_step(a->lab, account_edit_step, &edit, false), ERR_NONE);
	assert_int_equal(edit.act.row.state, ACCOUNT_DRAFT);
	return edit.act.row.account_id;
}

struct account_binding accounts_binding(int64_t meter)
{
	return (struct account_binding){
	        .meter = meter, .service = SERVICE_ELECTRICITY, .credit = CREDIT_PLATFORM};
}

enum err accounts_open(struct accounts *a, int64_t account_id, struct account_binding *meters,
                       size_t count, struct account_open *open)
{
	*open = (struct account_open){
	        .act = accounts_act(a, account_id, ""), .count = count, .meter = meters};
	return lab_step(a->lab, account_open_step, open, false);
}

int64_t accounts_opened(struct accounts *a, const struct account_terms *terms)
{
	struct account_binding meter = accounts_binding(ACCOUNTS_METER);
	int64_t id = accounts_draft(a, a->anna, terms);
	struct account_open open;

	accounts_read(a, ACCOUNTS_METER, 1000000);
	assert_int_equal(accounts_open(a, id, &meter, 1, &open), ERR_NONE);
	return id;
}

int64_t accounts_fen(struct accounts *a, enum ledger_account of, int64_t subject)
{
	struct ledger_balance balance;

	assert_int_equal(ledger_balance(a->lab->db, 1, of, subject, &balance), ERR_NONE);
	return account_fen(balance.balance);
}

int64_t accounts_balance(struct accounts *a, int64_t account_id)
{
	return accounts_fen(a, LEDGER_ACCOUNT, account_id);
}

struct paying {
	int64_t account_id, amount;
};

static enum err do_pay(struct tx *tx, void *arg, int64_t now_ms)
{
	static int number;
	const struct paying *paying = arg;
	char key[32];
	struct property_row property;
	struct account_posting posting = {.property_id = 1,
	                                  .account_id = paying->account_id,
	                                  .key = key,
	                                  .kind = "sale",
	                                  .reason = "",
	                                  .other = LEDGER_TILL,
	                                  .subject = 1,
	                                  .amount = money_fen(paying->amount)};
	enum err err = property_get(tx->db, 1, &property);

	snprintf(key, sizeof key, "order:%d:paid", ++number);
	posting.day = property_day(&property, now_ms / 1000);
	return err ? err : account_post(tx, &property, &posting, "cashier", now_ms);
}

void accounts_pay(struct accounts *a, int64_t account_id, int64_t amount)
{
	struct paying paying = {account_id, amount};

	accounts_run(a, do_pay, &paying);
}

int64_t accounts_paid(struct accounts *a, const char *price, int64_t fen)
{
	int64_t id;

	accounts_price(a, price);
	id = accounts_opened(a, NULL);
	if (fen)
		accounts_pay(a, id, fen);
	return id;
}

struct account_meter accounts_use(struct accounts *a, int64_t meter, int64_t at_s)
{
	struct account_meter use;

	assert_int_equal(account_meter_at(a->lab->db, 1, meter, at_s, &use), ERR_NONE);
	return use;
}

size_t accounts_picture(uint8_t height, uint8_t bytes[ACCOUNTS_PICTURE])
{
	static const uint8_t png[ACCOUNTS_PICTURE] = {
	        0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n', 0,   0,   0,   13, 'I', 'H', 'D',
	        'R',  0,   0,   0,   1,    0,    0,    0,    0,   8,   0,   0,  0,   0,   0,
	        0,    0,   0,   0,   0,    0,    0,    'I',  'D', 'A', 'T', 0,  0,   0,   0,
	        0,    0,   0,   0,   'I',  'E',  'N',  'D',  0,   0,   0,   0};

	memcpy(bytes, png, sizeof png);
	bytes[23] = height;
	return sizeof png;
}

const char *accounts_photo(struct accounts *a, int64_t account_id, uint8_t height,
                           struct photo_add *add)
{
	uint8_t bytes[ACCOUNTS_PICTURE];

	*add = (struct photo_add){.act = accounts_act(a, account_id, ""),
	                          .bytes = bytes,
	                          .len = accounts_picture(height, bytes)};
	assert_int_equal(lab_step(a->lab, photo_add_step, add, false), ERR_NONE);
	return add->row.name;
}
