#include "platform/test/rated.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "platform/core/books.h"
#include "platform/store/ledger.h"

void rated_setup(struct rated *r, struct lab *lab)
{
	lab_setup(lab);
	*r = (struct rated){lab, lab->gateway[0].property_id};
}

int rated_begin(void **state)
{
	struct rated *r = *state;

	rated_setup(r, r->lab);
	return 0;
}

int rated_end(void **state)
{
	const struct rated *r = *state;

	lab_teardown(r->lab);
	return 0;
}

/* A step that calls what is under test: the lab commits or undoes it. */
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

enum err rated_run(struct rated *r, enum err (*fn)(struct tx *tx, void *arg, int64_t now_ms),
                   void *arg)
{
	struct call call = {fn, arg};

	return lab_step(r->lab, call_step, &call, false);
}

/* ---- tariffs ---- */

struct version {
	int64_t tariff_id, version_id, valid_from_s;
	const char *body;
};

static enum err put_version(struct tx *tx, void *arg, int64_t now_ms)
{
	const struct version *v = arg;
	struct tariff_version_row row = {.version_id = v->version_id,
	                                 .tariff_id = v->tariff_id,
	                                 .valid_from_s = v->valid_from_s,
	                                 .state = TARIFF_PUBLISHED,
	                                 .body = v->body,
	                                 .created_s = now_ms / 1000,
	                                 .published_s = now_ms / 1000,
	                                 .by_name = "test",
	                                 .version = 1};

	return tariff_version_insert(tx->db, &row);
}

static enum err put_use(struct tx *tx, void *arg, int64_t now_ms)
{
	(void)now_ms;
	return tariff_use_put(tx->db, arg);
}

void rated_version(struct rated *r, int64_t tariff_id, int64_t version_id, int64_t valid_from_s,
                   const char *body)
{
	struct version v = {tariff_id, version_id, valid_from_s, body};

	assert_int_equal(rated_run(r, put_version, &v), ERR_NONE);
}

void rated_use(struct rated *r, int64_t meter, int64_t from_s, int64_t tariff_id)
{
	struct tariff_use u = {.property_id = r->property_id,
	                       .meter = meter,
	                       .service = SERVICE_ELECTRICITY,
	                       .from_s = from_s,
	                       .tariff_id = tariff_id,
	                       .by_name = "test"};

	assert_int_equal(rated_run(r, put_use, &u), ERR_NONE);
}

/* The property's only tariff, one version since ever. */
void rated_price(struct rated *r, const char *body)
{
	rated_version(r, 1, 1, 1, body);
	rated_use(r, 0, 1, 1);
}

/* ---- rating ---- */

static enum err do_start(struct tx *tx, void *arg, int64_t now_ms)
{
	(void)now_ms;
	return rating_start(tx, arg);
}

static enum err do_pass(struct tx *tx, void *arg, int64_t now_ms)
{
	return rating_passes(tx, arg, 1, NULL, now_ms);
}

static enum err do_settle(struct tx *tx, void *arg, int64_t now_ms)
{
	return rating_settle(tx, arg, now_ms);
}

enum err rated_start(struct rated *r, struct rating_start *start)
{
	return rated_run(r, do_start, start);
}

enum err rated_settle(struct rated *r, struct rating_settle *settle)
{
	return rated_run(r, do_settle, settle);
}

void rated_start_at(struct rated *r, int64_t at_s, int64_t units, int64_t step_used,
                    int64_t settled_s)
{
	struct rating_start start = {
	        .property_id = r->property_id,
	        .meter = RATED_METER,
	        .account_id = RATED_ACCOUNT,
	        .service = SERVICE_ELECTRICITY,
	        .from_s = at_s,
	        .units = units,
	        .step = {step_used, settled_s}
        };

	assert_int_equal(rated_start(r, &start), ERR_NONE);
}

struct rating_pass rated_pass_marks(struct rated *r, const struct rate_mark *marks, size_t count)
{
	struct rating_pass pass = {.property_id = r->property_id,
	                           .meter = RATED_METER,
	                           .marks = marks,
	                           .count = count};

	assert_int_equal(rated_run(r, do_pass, &pass), ERR_NONE);
	return pass;
}

struct rating_pass rated_read_at(struct rated *r, int64_t at_s, int64_t units)
{
	const struct rate_mark mark = {at_s, units};

	if (r->lab->now_ms < at_s * 1000)
		r->lab->now_ms = at_s * 1000;
	return rated_pass_marks(r, &mark, 1);
}

struct rating_row rated_cursor(struct rated *r)
{
	struct rating_row row;

	assert_int_equal(rating_get(r->lab->db, r->property_id, RATED_METER, &row), ERR_NONE);
	return row;
}

int64_t rated_balance(struct rated *r)
{
	struct ledger_balance balance;

	assert_int_equal(
	        ledger_balance(r->lab->db, r->property_id, LEDGER_ACCOUNT, RATED_ACCOUNT, &balance),
	        ERR_NONE);
	return books_fen(balance.balance);
}

struct account_money rated_money(struct rated *r)
{
	struct account_money money;

	assert_int_equal(
	        account_money(r->lab->db, r->property_id, RATED_ACCOUNT, r->lab->now_ms, &money),
	        ERR_NONE);
	return money;
}

int64_t rated_available(struct rated *r)
{
	return books_fen(rated_money(r).available);
}
