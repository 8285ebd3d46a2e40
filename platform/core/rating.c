#include "platform/core/rating.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "libs/proto/meter.h"
#include "platform/core/check.h"
#include "platform/core/rating_parts.h"
#include "platform/store/charge_pack.h"
#include "platform/store/latest.h"

/* ---- start ---- */

enum err rating_start(struct tx *tx, const struct rating_start *start)
{
	struct rating_row row = {.version = 0};
	struct rating_open open = {.count = 0};
	struct property_row property;
	enum err err;

	if (start->units < 0 || start->account_id <= 0)
		return ERR_BAD_INPUT;
	err = property_get(tx->db, start->property_id, &property);
	if (!err)
		err = rating_get_open(tx->db, start->property_id, start->meter, &row, &open);
	if (!err && row.account_id)
		err = ERR_BUSY;
	if (err && err != ERR_NOT_FOUND) {
		rating_open_free(&open);
		return err;
	}
	row = (struct rating_row){
	        .property_id = start->property_id,
	        .meter = start->meter,
	        .account_id = start->account_id,
	        .use_from_s = start->from_s,
	        .service = start->service,
	        .credit = start->credit ? start->credit : CREDIT_PLATFORM,
	        .billed_s = start->from_s,
	        .billed_units = start->units,
	        .step_used = start->step.step_used,
	        .step_settled_s = start->step.step_settled_s,
	        .posted_day = days_from_unix(start->from_s + property.utc_offset_min * 60),
	        .version_id = row.version_id,
	        .version = row.version};
	err = rating_put(tx->db, &row, &open);
	rating_open_free(&open);
	return err;
}

/* ---- passes ---- */

static enum rating_fault fault_of(enum rate_verdict verdict)
{
	return verdict == RATE_BACK   ? RATING_BACK
	       : verdict == RATE_JUMP ? RATING_JUMP
	                              : RATING_NEGATIVE;
}

/* The saved newest reading. ERR_NOT_FOUND: there is none that may be charged. */
static enum err newest_mark(struct tx *tx, const struct rating_pass *pass, int64_t now_ms,
                            struct rate_mark *mark)
{
	struct reading reading;
	enum err err = latest_read(tx->db, pass->property_id, pass->meter, &reading);

	if (err)
		return err;
	*mark = (struct rate_mark){reading.time_s, reading.energy_wh};
	return reading_check(&reading, now_ms / 1000) == CHECK_GOOD &&
	                       !(reading.quality & METER_CLOCK_UNSURE)
	               ? ERR_NONE
	               : ERR_NOT_FOUND;
}

/* Marks that can be charged: behind the cursor and not in the future. */
static bool is_usable(const struct rating_row *row, int64_t now_ms, const struct rate_mark *mark)
{
	return mark->at_s > row->billed_s && mark->at_s <= now_ms / 1000;
}

static enum err take_marks(struct billing *b, const struct rate_mark *marks, size_t count)
{
	enum rate_verdict verdict;
	enum err err;

	for (size_t i = 0; i < count; i++) {
		if (!is_usable(&b->row, b->batch->now_ms, &marks[i]))
			continue;
		err = billing_take_mark(b, &marks[i], false, &verdict);
		if (err == ERR_OVERFLOW && !b->err)
			billing_set_fault(b, RATING_OVERFLOW, &marks[i]);
		else if (err)
			return err;
		else if (verdict == RATE_BACK || verdict == RATE_JUMP || verdict == RATE_NEGATIVE)
			billing_set_fault(b, fault_of(verdict), &marks[i]);
		if (rating_waits(b->row.fault))
			break;
	}
	return ERR_NONE;
}

static int64_t newest_usable(const struct rating_row *row, int64_t now_ms,
                             const struct rate_mark *marks, size_t count)
{
	int64_t to_s = 0;

	for (size_t i = 0; i < count; i++)
		if (is_usable(row, now_ms, &marks[i]) && marks[i].at_s > to_s)
			to_s = marks[i].at_s;
	return to_s;
}

static enum err pass_marks(struct billing *b, struct rating_pass *pass,
                           const struct rate_mark *marks, size_t count)
{
	const struct rating_row before = b->row;
	int64_t to_s = newest_usable(&b->row, b->batch->now_ms, marks, count);
	enum err err;

	if (!to_s)
		return ERR_NONE;
	err = billing_load(b, to_s);
	if (err == ERR_NOT_FOUND) {
		if (b->row.fault == RATING_UNPRICED)
			return ERR_NONE;
		billing_set_fault(b, RATING_UNPRICED, &marks[count - 1]);
		err = ERR_NONE;
	} else if (!err) {
		b->row.fault = RATING_SOUND;
		err = take_marks(b, marks, count);
		if (!err)
			err = billing_close_days(b, false);
	}
	if (err)
		return err;
	pass->posted = b->posted;
	pass->moved = b->row.billed_s != before.billed_s || b->row.fault != before.fault;
	if (rating_waits(b->row.fault)) {
		pass->fault = b->row.fault;
		pass->fault_s = b->row.fault_s;
		pass->fault_units = b->row.fault_units;
	}
	return ERR_NONE;
}

/* A meter's cursor as it was read, and as it went on. */
struct cursor {
	struct rating_row row;
	struct rating_pass *pass;
	struct rate_mark newest; /* when the pass brought none */
	const struct rate_mark *marks;
	size_t count;
	size_t at, len; /* what is open, packed among that of all; then all of it */
	bool stands;    /* its use has ended, or a person is to decide: it does not go on */
	bool moved, fault;
};

struct passing {
	struct rating_batch batch;
	struct rating_pass *passes;
	struct cursor *cursor; /* of the meters that are rated */
	size_t count;
	struct bytes read, moved; /* packed: what was open, and the rows as they are to be */
	struct rating_open open, parts;
	struct billing billing; /* of one after the other */
	bool dense;
};

static void on_cursor(void *arg, size_t at, const struct rating_row *row, const uint8_t *open,
                      size_t len)
{
	struct passing *p = arg;

	bool stands = !row->account_id || rating_waits(row->fault);

	p->passes[at].account_id = row->account_id;
	if (stands && !p->passes[at].marks)
		return;
	p->cursor[p->count++] = (struct cursor){.row = *row,
	                                        .stands = stands,
	                                        .pass = &p->passes[at],
	                                        .marks = p->passes[at].marks,
	                                        .count = p->passes[at].count,
	                                        .at = p->read.len,
	                                        .len = len};
	bytes_add(&p->read, open, len);
}

static enum err read_cursors(struct passing *p, size_t count)
{
	int64_t *meters = calloc(count, sizeof *meters);
	struct keyed keyed = {.key = meters, .count = count};
	enum err err;

	p->cursor = calloc(count, sizeof *p->cursor);
	if (!meters || !p->cursor) {
		free(meters);
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < count; i++)
		meters[i] = p->passes[i].meter;
	err = rating_read_many(p->batch.tx->db, p->batch.property_id, &keyed, on_cursor, p);
	free(meters);
	p->dense = keyed.dense;
	return !err && p->read.failed ? ERR_NOMEM : err;
}

static enum err find_marks(struct passing *p)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < p->count; i++) {
		struct cursor *c = &p->cursor[i];

		if (c->marks)
			continue;
		err = newest_mark(p->batch.tx, c->pass, p->batch.now_ms, &c->newest);
		c->marks = &c->newest;
		c->count = !err;
		err = err == ERR_NOT_FOUND ? ERR_NONE : err;
	}
	return err;
}

static void widen(int64_t value, int64_t *low, int64_t *high)
{
	if (value < *low)
		*low = value;
	if (value > *high)
		*high = value;
}

static struct rating_range range_of(const struct passing *p)
{
	struct rating_range range = {INT64_MAX, INT64_MIN, INT64_MAX,
	                             INT64_MIN, INT64_MAX, INT64_MIN};

	for (size_t i = 0; i < p->count; i++) {
		const struct cursor *c = &p->cursor[i];
		int64_t to_s = newest_usable(&c->row, p->batch.now_ms, c->marks, c->count);

		widen(c->row.meter, &range.meter_first, &range.meter_last);
		if (c->row.account_id)
			widen(c->row.account_id, &range.account_first, &range.account_last);
		if (to_s && !c->stands) {
			widen(c->row.billed_s, &range.from_s, &range.to_s);
			widen(to_s, &range.from_s, &range.to_s);
		}
	}
	return range;
}

static bool is_late(const struct passing *p)
{
	for (size_t i = 0; i < p->count; i++)
		if (rating_is_late(&p->cursor[i].row, p->cursor[i].marks, p->cursor[i].count))
			return true;
	return false;
}

static enum err pass_one(struct passing *p, struct cursor *c)
{
	struct billing *b = &p->billing;
	size_t start = p->moved.len;
	bool late = false;
	enum err err = rating_unpack_open(p->read.data + c->at, c->len, &c->row, &p->open);

	billing_begin(b, &p->batch, &c->row, &p->open);
	b->parts = &p->parts;
	if (!err)
		err = billing_take_late(b, c->marks, c->count, &late);
	if (!err && !c->stands)
		err = pass_marks(b, c->pass, c->marks, c->count);
	billing_end(b);
	c->pass->moved |= late;
	c->pass->left_count = b->left_count;
	memcpy(c->pass->left, b->left, b->left_count * sizeof *b->left);
	c->moved = c->pass->moved;
	if (err || !c->moved)
		return err;
	c->fault = b->row.fault != c->row.fault || b->row.fault_s != c->row.fault_s ||
	           b->row.fault_units != c->row.fault_units;
	c->row = b->row;
	rating_pack(&p->moved, &c->row, &p->open);
	c->at = start;
	c->len = p->moved.len - start;
	return p->moved.failed ? ERR_NOMEM : ERR_NONE;
}

static enum err write_cursors(struct passing *p)
{
	struct rating_moved *moved = calloc(p->count + 1, sizeof *moved);
	size_t count = 0;
	enum err err;

	if (!moved)
		return ERR_NOMEM;
	for (size_t i = 0; i < p->count; i++) {
		const struct cursor *c = &p->cursor[i];

		if (c->moved)
			moved[count++] = (struct rating_moved){.row = &c->row,
			                                       .packed = p->moved.data + c->at,
			                                       .len = c->len,
			                                       .fault = c->fault};
	}
	err = rating_move_many(p->batch.tx->db, p->batch.property_id, moved, count, p->dense);
	free(moved);
	return err;
}

static enum err pass_all(struct passing *p, size_t count)
{
	enum err err = read_cursors(p, count);

	if (err || p->count == 0)
		return err;
	err = find_marks(p);
	if (!err) {
		struct rating_range range = range_of(p);

		if (range.from_s > range.to_s && !is_late(p))
			return ERR_NONE; /* nothing new for any of them */
		err = rating_batch_look(&p->batch, &range);
	}
	for (size_t i = 0; !err && i < p->count; i++)
		err = pass_one(p, &p->cursor[i]);
	if (!err)
		err = rating_batch_post(&p->batch);
	return err ? err : write_cursors(p);
}

enum err rating_passes(struct tx *tx, struct rating_pass *passes, size_t count,
                       struct tariff_cache *cache, int64_t now_ms)
{
	struct passing *p = calloc(1, sizeof *p);
	enum err err;

	if (!p)
		return ERR_NOMEM;
	p->passes = passes;
	for (size_t i = 0; i < count; i++) {
		passes[i].account_id = passes[i].posted = 0;
		passes[i].moved = false;
		passes[i].fault = RATING_SOUND;
		passes[i].left_count = 0;
	}
	err = rating_batch_begin(&p->batch, tx, passes[0].property_id, cache, now_ms);
	if (!err)
		err = pass_all(p, count);
	rating_batch_end(&p->batch);
	rating_open_free(&p->open);
	rating_open_free(&p->parts);
	free(p->read.data);
	free(p->moved.data);
	free(p->cursor);
	free(p);
	return err;
}

/* ---- settlement ---- */

static enum err refuse_register(struct rating_settle *s, const struct billing *b,
                                enum rate_verdict verdict)
{
	if (verdict == RATE_BACK || verdict == RATE_JITTER)
		return fault_set(&s->fault, ERR_REFUSED, "register",
		                 "is below %" PRId64 ", through which it is billed",
		                 b->row.billed_units);
	if (verdict == RATE_JUMP)
		return fault_set(&s->fault, ERR_REFUSED, "register",
		                 "more than the circuit can carry since the last reading");
	return fault_set(&s->fault, ERR_REFUSED, "register", "is no register of this meter");
}

static enum err settle_charge(struct rating_settle *s, struct billing *b)
{
	const struct rate_mark mark = {s->at_s, s->units};
	enum rate_verdict verdict;
	enum err err;

	if (s->at_s > b->batch->now_ms / 1000)
		return fault_set(&s->fault, ERR_REFUSED, "at", "is in the future");
	if (s->at_s < b->row.billed_s)
		return fault_set(&s->fault, ERR_REFUSED, "at",
		                 "is before the reading through which it is billed");
	err = billing_load(b, s->at_s);
	if (err == ERR_NOT_FOUND)
		return fault_set(&s->fault, ERR_REFUSED, "tariff", "none is in force");
	if (err)
		return err;
	if (s->at_s == b->row.billed_s)
		return s->units == b->row.billed_units
		               ? ERR_NONE
		               : fault_set(&s->fault, ERR_REFUSED, "register",
		                           "is billed through %" PRId64 " at this second",
		                           b->row.billed_units);
	err = billing_take_mark(b, &mark, s->accepted, &verdict);
	if (err)
		return err;
	return verdict == RATE_USE || verdict == RATE_WRAPPED ? ERR_NONE
	                                                      : refuse_register(s, b, verdict);
}

static enum err settle_all(struct rating_settle *settle, struct billing *b)
{
	struct tx *tx = b->batch->tx;
	enum err err = settle_charge(settle, b);

	if (!err)
		err = billing_close_days(b, true);
	if (!err)
		err = rating_batch_post(b->batch);
	if (err)
		return err;
	assert(b->row.accrued == 0);
	settle->step = (struct rate_state){b->row.step_used, b->row.step_settled_s};
	settle->row = b->row;
	b->row.account_id = 0;
	b->row.fault = RATING_SOUND;
	return rating_put(tx->db, &b->row, b->open);
}

enum err rating_settle(struct tx *tx, struct rating_settle *settle, int64_t now_ms)
{
	struct rating_one one;
	enum err err;

	settle->fault = (struct fault){0};
	err = rating_one_begin(&one, tx, settle->property_id, settle->meter, settle->cache, now_ms);
	if (!err && !one.b.row.account_id)
		err = ERR_NOT_FOUND;
	if (!err)
		err = settle_all(settle, &one.b);
	rating_one_end(&one);
	return err;
}
