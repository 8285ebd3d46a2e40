#include "platform/store/charge_pack.h"

#include <stdlib.h>
#include <string.h>

#define FORMAT     1
#define GAP_FORMAT 2  /* of a gap that is not divided anew: why follows */
#define NUMBER_MAX 10 /* bytes of one: seven bits each, the lowest first */

/* A part's first byte. */
#define PART_LINE      0x0f
#define PART_ESTIMATED 0x10
#define PART_ALLOWANCE 0x20
/* Its second: what is not as in the part before, and is told. */
#define PART_DAY     0x01
#define PART_VERSION 0x02
#define PART_TIME    0x04 /* does not begin where that one ends */
#define PART_MARK    0x08 /* nor at its register */
#define PART_UNITS   0x10 /* not what lies between its registers */
#define PART_EXACT   0x20 /* not units x price */

/* ---- numbers ---- */

static uint8_t *make_room(struct bytes *to, size_t len)
{
	if (!to->failed && to->room - to->len < len) {
		size_t room = to->room * 2 > to->len + len ? to->room * 2 : to->len + len;
		uint8_t *data = realloc(to->data, room);

		to->failed = data == NULL;
		if (data) {
			to->data = data;
			to->room = room;
		}
	}
	return to->failed ? NULL : to->data + to->len;
}

void bytes_add(struct bytes *to, const void *data, size_t len)
{
	uint8_t *p = len ? make_room(to, len) : NULL;

	if (!p)
		return;
	memcpy(p, data, len);
	to->len += len;
}

/* Small ones of both signs are short. */
static uint8_t *put(uint8_t *p, uint64_t difference)
{
	uint64_t n = difference << 1 ^ (difference >> 63 ? UINT64_MAX : 0);

	for (; n >= 0x80; n >>= 7)
		*p++ = (uint8_t)(n | 0x80);
	*p++ = (uint8_t)n;
	return p;
}

struct taking {
	const uint8_t *at, *end;
	bool bad;
};

static uint64_t take(struct taking *t)
{
	const uint8_t *at = t->at, *end = t->end;
	uint64_t n = 0, byte = 0x80;

	for (unsigned shift = 0; byte & 0x80; shift += 7) {
		if (at == end || shift > 63) {
			t->bad = true;
			return 0;
		}
		byte = *at++;
		n |= (byte & 0x7f) << shift;
	}
	t->at = at;
	return n >> 1 ^ (n & 1 ? UINT64_MAX : 0);
}

/* ---- charges ---- */

/* What a part is expected to be, from the one before it and from itself; modulo 2^64, so that none is lost. */
struct guess {
	uint64_t units, exact;
};

static struct guess guess_of(const struct charge_row *row)
{
	return (struct guess){(uint64_t)row->to_units - (uint64_t)row->from_units,
	                      (uint64_t)row->units * (uint64_t)row->price_uy};
}

static uint8_t differs(const struct charge_row *last, const struct charge_row *row)
{
	const struct guess guess = guess_of(row);

	return (uint8_t)((row->day != last->day ? PART_DAY : 0) |
	                 (row->version_id != last->version_id ? PART_VERSION : 0) |
	                 (row->from_s != last->to_s ? PART_TIME : 0) |
	                 (row->from_units != last->to_units ? PART_MARK : 0) |
	                 ((uint64_t)row->units != guess.units ? PART_UNITS : 0) |
	                 ((uint64_t)row->exact != guess.exact ? PART_EXACT : 0));
}

static void pack_one(struct bytes *to, const struct charge_row *last, const struct charge_row *row)
{
	const struct guess guess = guess_of(row);
	uint8_t *p = make_room(to, 2 + 13 * NUMBER_MAX), told = differs(last, row);

	if (!p)
		return;
	*p++ = (uint8_t)((row->line & PART_LINE) | (row->estimated ? PART_ESTIMATED : 0) |
	                 (row->allowance_id ? PART_ALLOWANCE : 0));
	*p++ = told;
	if (row->allowance_id)
		p = put(p, (uint64_t)row->allowance_id);
	if (told & PART_DAY)
		p = put(p, (uint64_t)row->day - (uint64_t)last->day);
	if (told & PART_VERSION)
		p = put(p, (uint64_t)row->version_id);
	p = put(p, (uint64_t)row->rate);
	p = put(p, (uint64_t)row->step);
	if (told & PART_TIME)
		p = put(p, (uint64_t)row->from_s - (uint64_t)last->to_s);
	p = put(p, (uint64_t)row->to_s - (uint64_t)row->from_s);
	if (told & PART_MARK)
		p = put(p, (uint64_t)row->from_units - (uint64_t)last->to_units);
	p = put(p, guess.units);
	if (told & PART_UNITS)
		p = put(p, (uint64_t)row->units - guess.units);
	p = put(p, (uint64_t)row->price_uy);
	if (told & PART_EXACT)
		p = put(p, (uint64_t)row->exact - guess.exact);
	p = put(p, (uint64_t)row->amount.fen);
	to->len = (size_t)(p - to->data);
}

/* What the first part is compared with. */
static struct charge_row before_all(const struct charge_row *base)
{
	return (struct charge_row){.day = base->day, .to_s = base->day * 86400};
}

static void pack_all(struct bytes *to, const struct charge_row *rows, size_t count, int64_t day)
{
	const struct charge_row base = {.day = day}, first = before_all(&base);
	const struct charge_row *last = &first;

	for (size_t i = 0; i < count; last = &rows[i++])
		pack_one(to, last, &rows[i]);
}

static uint64_t take_if(struct taking *t, bool told)
{
	return told ? take(t) : 0;
}

static uint8_t take_byte(struct taking *t)
{
	t->bad |= t->at == t->end;
	return t->bad ? 0 : *t->at++;
}

static void unpack_one(struct taking *t, struct charge_row *row)
{
	uint8_t head = take_byte(t), told = take_byte(t);

	row->line = head & PART_LINE;
	t->bad |= row->line > CHARGE_LINE_MINIMUM; /* who sums by line has no room for it */
	row->estimated = head & PART_ESTIMATED;
	row->allowance_id = (int64_t)take_if(t, head & PART_ALLOWANCE);
	row->day = (int64_t)((uint64_t)row->day + take_if(t, told & PART_DAY));
	if (told & PART_VERSION)
		row->version_id = (int64_t)take(t);
	row->rate = (int32_t)take(t);
	row->step = (int32_t)take(t);
	row->from_s = (int64_t)((uint64_t)row->to_s + take_if(t, told & PART_TIME));
	row->to_s = (int64_t)((uint64_t)row->from_s + take(t));
	row->from_units = (int64_t)((uint64_t)row->to_units + take_if(t, told & PART_MARK));
	row->to_units = (int64_t)((uint64_t)row->from_units + take(t));
	row->units = (int64_t)(guess_of(row).units + take_if(t, told & PART_UNITS));
	row->price_uy = (int64_t)take(t);
	row->exact = (int64_t)(guess_of(row).exact + take_if(t, told & PART_EXACT));
	row->amount = money_fen((int64_t)take(t));
	row->charge_no++;
}

static enum err unpack_all(struct taking *t, const struct charge_row *base,
                           bool (*each)(void *arg, const struct charge_row *), void *arg)
{
	const struct charge_row first = before_all(base);
	struct charge_row row = *base;

	row.version_id = row.charge_no = row.to_units = 0;
	row.to_s = first.to_s;
	while (t->at < t->end) {
		unpack_one(t, &row);
		if (t->bad)
			return ERR_DAMAGED;
		if (!each(arg, &row))
			break;
	}
	return ERR_NONE;
}

static void put_format(struct bytes *to)
{
	uint8_t *p = make_room(to, 1);

	if (p) {
		*p = FORMAT;
		to->len++;
	}
}

static bool is_format(struct taking *t)
{
	return t->at < t->end && *t->at++ == FORMAT;
}

void charge_pack(struct bytes *to, const struct charge_row *rows, size_t count)
{
	put_format(to);
	pack_all(to, rows, count, count ? rows[0].day : 0);
}

enum err charge_unpack(const uint8_t *data, size_t len, const struct charge_row *base,
                       bool (*each)(void *arg, const struct charge_row *), void *arg)
{
	struct taking t = {.at = data, .end = data + len};

	return data && is_format(&t) ? unpack_all(&t, base, each, arg) : ERR_DAMAGED;
}

/* ---- beside a cursor ---- */

void rating_pack(struct bytes *to, const struct rating_row *row, const struct rating_open *open)
{
	uint8_t *p = make_room(to, 1 + (8 + open->rests * 3) * NUMBER_MAX);

	if (!p)
		return;
	*p++ = FORMAT;
	p = put(p, (uint64_t)row->billed_s);
	p = put(p, (uint64_t)row->billed_units);
	p = put(p, (uint64_t)row->step_used);
	p = put(p, (uint64_t)row->step_settled_s);
	p = put(p, (uint64_t)row->accrued);
	p = put(p, (uint64_t)row->posted_day);
	p = put(p, (uint64_t)row->version_id);
	p = put(p, open->rests);
	for (size_t i = 0; i < open->rests; i++) {
		p = put(p, (uint64_t)open->rest[i].line);
		p = put(p, (uint64_t)open->rest[i].version_id);
		p = put(p, (uint64_t)open->rest[i].rest);
	}
	to->len = (size_t)(p - to->data);
	pack_all(to, open->charge, open->count, row->posted_day);
}

static bool add_charge(void *arg, const struct charge_row *row)
{
	struct charge_row *to = rating_open_charge(arg);

	if (to)
		*to = *row;
	return to != NULL;
}

static enum err take_rests(struct taking *t, struct rating_open *open)
{
	uint64_t rests = take(t);

	for (uint64_t i = 0; !t->bad && i < rests; i++) {
		struct charge_rest rest = {.line = (int32_t)take(t)};

		rest.version_id = (int64_t)take(t);
		rest.rest = (int64_t)take(t);
		if (!t->bad && !rating_open_rest(open, &rest))
			return ERR_NOMEM;
	}
	return t->bad ? ERR_DAMAGED : ERR_NONE;
}

enum err rating_unpack_row(const uint8_t *data, size_t len, struct rating_row *row, size_t *rest)
{
	struct taking t = {.at = data, .end = data + len};

	if (!data || !is_format(&t))
		return ERR_DAMAGED;
	row->billed_s = (int64_t)take(&t);
	row->billed_units = (int64_t)take(&t);
	row->step_used = (int64_t)take(&t);
	row->step_settled_s = (int64_t)take(&t);
	row->accrued = (int64_t)take(&t);
	row->posted_day = (int64_t)take(&t);
	row->version_id = (int64_t)take(&t);
	*rest = (size_t)(t.at - data);
	return t.bad ? ERR_DAMAGED : ERR_NONE;
}

enum err rating_unpack_open(const uint8_t *data, size_t len, const struct rating_row *row,
                            struct rating_open *open)
{
	const struct charge_row base = {.property_id = row->property_id,
	                                .meter = row->meter,
	                                .day = row->posted_day,
	                                .account_id = row->account_id,
	                                .use_from_s = row->use_from_s};
	struct taking t = {.at = data, .end = data + len};
	enum err err;

	open->rests = open->count = 0;
	open->failed = false;
	err = take_rests(&t, open);
	if (err)
		return err;
	err = unpack_all(&t, &base, add_charge, open);
	return open->failed ? ERR_NOMEM : err;
}

enum err rating_unpack(const uint8_t *data, size_t len, struct rating_row *row,
                       struct rating_open *open)
{
	size_t rest;
	enum err err = rating_unpack_row(data, len, row, &rest);

	return err || !open ? err : rating_unpack_open(data + rest, len - rest, row, open);
}

/* ---- gaps ---- */

void gap_pack(struct bytes *to, const struct rating_gap *gap)
{
	uint8_t *p = make_room(to, 1 + 8 * NUMBER_MAX);

	if (!p)
		return;
	*p++ = gap->kept ? GAP_FORMAT : FORMAT;
	if (gap->kept)
		p = put(p, gap->kept);
	p = put(p, (uint64_t)gap->from_s);
	p = put(p, (uint64_t)gap->from_units);
	p = put(p, (uint64_t)gap->to_units);
	p = put(p, (uint64_t)gap->step_used);
	p = put(p, (uint64_t)gap->step_settled_s);
	p = put(p, (uint64_t)gap->end_used);
	p = put(p, (uint64_t)gap->end_settled_s);
	to->len = (size_t)(p - to->data);
	pack_all(to, gap->parts.charge, gap->parts.count, 0);
}

enum err gap_unpack(const uint8_t *data, size_t len, struct rating_gap *gap)
{
	const struct charge_row base = {.property_id = gap->property_id,
	                                .meter = gap->meter,
	                                .use_from_s = gap->use_from_s};
	struct taking t = {.at = data, .end = data + len};
	uint64_t kept = GAP_DIVIDED;
	enum err err;

	if (data && len && *data == GAP_FORMAT) {
		t.at++;
		kept = take(&t);
	} else if (!data || !is_format(&t)) {
		return ERR_DAMAGED;
	}
	if (kept > GAP_KEPT_LAST)
		return ERR_DAMAGED;
	gap->kept = (enum gap_kept)kept;
	gap->from_s = (int64_t)take(&t);
	gap->from_units = (int64_t)take(&t);
	gap->to_units = (int64_t)take(&t);
	gap->step_used = (int64_t)take(&t);
	gap->step_settled_s = (int64_t)take(&t);
	gap->end_used = (int64_t)take(&t);
	gap->end_settled_s = (int64_t)take(&t);
	err = t.bad ? ERR_DAMAGED : unpack_all(&t, &base, add_charge, &gap->parts);
	return gap->parts.failed ? ERR_NOMEM : err;
}
