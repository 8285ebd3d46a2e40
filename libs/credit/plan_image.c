#include "libs/credit/plan_image.h"

#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/time.h"

enum image_flag {
	FLAG_FACTOR = 1 << 0,  /* steps multiply */
	FLAG_MONTHLY = 1 << 1, /* steps without settlement instant settle monthly */
	FLAGS = FLAG_FACTOR | FLAG_MONTHLY,
};

#define OFFSET_UNIT_S 900

/* ---- bytes; a cursor that has left its end stays there ---- */

struct cursor {
	uint8_t *to;         /* encoding; NULL: nothing is written any more */
	const uint8_t *from; /* decoding */
	size_t at, size;
	bool bad;
};

static bool step(struct cursor *c, size_t n)
{
	if (c->bad || c->size - c->at < n) {
		c->bad = true;
		return false;
	}
	c->at += n;
	return true;
}

static void put(struct cursor *c, unsigned size, uint64_t value)
{
	if (!step(c, size))
		return;
	for (unsigned i = 0; i < size; i++)
		c->to[c->at - size + i] = (uint8_t)(value >> 8 * i);
}

static uint32_t take(struct cursor *c, unsigned size)
{
	uint32_t value = 0;

	if (!step(c, size))
		return 0;
	for (unsigned i = size; i-- > 0;)
		value = value << 8 | c->from[c->at - size + i];
	return value;
}

/* A count within its list; else the image is bad and the list is empty. */
static uint8_t take_count(struct cursor *c, unsigned most)
{
	uint32_t count = take(c, 1);

	c->bad = c->bad || count > most;
	return c->bad ? 0 : (uint8_t)count;
}

/* ---- encoding ---- */

static void put_calendar(struct cursor *c, const struct plan_calendar *calendar)
{
	put(c, 1, calendar->zone_count);
	for (unsigned i = 0; i < calendar->zone_count; i++) {
		put(c, 1, calendar->zone[i].month);
		put(c, 1, calendar->zone[i].day);
		put(c, 1, calendar->zone[i].table);
	}
	put(c, 1, calendar->table_count);
	for (unsigned t = 0; t < calendar->table_count; t++) {
		const struct plan_table *table = &calendar->table[t];

		put(c, 1, table->count);
		for (unsigned i = 0; i < table->count; i++) {
			put(c, 2, table->slot[i].minute);
			put(c, 1, table->slot[i].rate);
		}
	}
}

static void put_holidays(struct cursor *c, const struct plan *plan)
{
	struct civil date;
	size_t count_at = c->at;
	unsigned count = 0;

	date_from_days(plan_day(plan, plan->valid_from_s), &date);
	put(c, 1, 0);
	for (unsigned i = 0; i < plan->holiday_count; i++) {
		const struct plan_holiday *day = &plan->holiday[i];

		if (day->year && day->year < date.year)
			continue;
		put(c, 2, day->year);
		put(c, 1, day->month);
		put(c, 1, day->day);
		put(c, 1, day->table);
		count++;
	}
	if (!c->bad)
		c->to[count_at] = (uint8_t)count;
}

static void put_steps(struct cursor *c, const struct plan *plan)
{
	const int32_t *price =
	        plan->combine == PLAN_FACTOR ? plan->step_factor_ppm : plan->step_price_uy;

	put(c, 1, plan->threshold_count);
	if (!plan->threshold_count)
		return;
	for (unsigned i = 0; i < plan->threshold_count; i++)
		put(c, 4, (uint64_t)plan->threshold_wh[i]);
	for (unsigned i = 0; i <= plan->threshold_count; i++)
		put(c, 4, (uint64_t)price[i]);
	put(c, 1, plan->settlement_count);
	for (unsigned i = 0; i < plan->settlement_count; i++) {
		put(c, 1, plan->settlement[i].month);
		put(c, 1, plan->settlement[i].day);
		put(c, 1, plan->settlement[i].hour);
	}
}

static bool is_in_range(const struct plan *plan)
{
	bool fits = plan->valid_from_s >= 0 && plan->valid_from_s <= UINT32_MAX;

	for (unsigned i = 0; i < plan->threshold_count; i++)
		fits = fits && plan->threshold_wh[i] <= UINT32_MAX;
	return fits;
}

enum plan_image_verdict plan_image_encode(const struct plan *plan, uint8_t image[PLAN_IMAGE_MAX],
                                          size_t *len)
{
	struct cursor c = {.to = image, .size = PLAN_IMAGE_MAX};

	*len = 0;
	if (plan->fee_fen)
		return PLAN_IMAGE_FEE;
	if (plan->minimum_fen)
		return PLAN_IMAGE_MINIMUM;
	if (plan->switch_s)
		return PLAN_IMAGE_SWITCH;
	if (!is_in_range(plan))
		return PLAN_IMAGE_RANGE;
	put(&c, 1, PLAN_IMAGE_FORMAT);
	put(&c, 1,
	    (plan->combine == PLAN_FACTOR ? FLAG_FACTOR : 0u) |
	            (plan->unsettled == PLAN_UNSETTLED_MONTHLY ? FLAG_MONTHLY : 0u));
	put(&c, 1, (uint64_t)(plan->utc_offset_s / OFFSET_UNIT_S));
	put(&c, 1, plan->rate_count);
	for (unsigned i = 0; i < plan->rate_count; i++)
		put(&c, 4, (uint64_t)plan->rate_price_uy[i]);
	put_calendar(&c, &plan->calendar[0]);
	put_holidays(&c, plan);
	put_steps(&c, plan);
	put(&c, 1, plan->line_count);
	for (unsigned i = 0; i < plan->line_count; i++)
		put(&c, 4, (uint64_t)plan->line_price_uy[i]);
	if (c.bad)
		return PLAN_IMAGE_LARGE;
	*len = c.at;
	return PLAN_IMAGE_FITS;
}

/* ---- decoding ---- */

static int32_t take_price(struct cursor *c)
{
	return (int32_t)take(c, 4);
}

static void take_calendar(struct cursor *c, struct plan_calendar *calendar)
{
	calendar->zone_count = take_count(c, PLAN_ZONES);
	for (unsigned i = 0; i < calendar->zone_count; i++) {
		calendar->zone[i].month = (uint8_t)take(c, 1);
		calendar->zone[i].day = (uint8_t)take(c, 1);
		calendar->zone[i].table = (uint8_t)take(c, 1);
	}
	calendar->table_count = take_count(c, PLAN_TABLES);
	for (unsigned t = 0; t < calendar->table_count; t++) {
		struct plan_table *table = &calendar->table[t];

		table->count = take_count(c, PLAN_SLOTS);
		for (unsigned i = 0; i < table->count; i++) {
			table->slot[i].minute = (uint16_t)take(c, 2);
			table->slot[i].rate = (uint8_t)take(c, 1);
		}
	}
}

static void take_holidays(struct cursor *c, struct plan *plan)
{
	plan->holiday_count = take_count(c, PLAN_HOLIDAYS);
	for (unsigned i = 0; i < plan->holiday_count; i++) {
		struct plan_holiday *day = &plan->holiday[i];

		day->year = (uint16_t)take(c, 2);
		day->month = (uint8_t)take(c, 1);
		day->day = (uint8_t)take(c, 1);
		day->table = (uint8_t)take(c, 1);
	}
}

static void take_steps(struct cursor *c, struct plan *plan)
{
	int32_t *price = plan->combine == PLAN_FACTOR ? plan->step_factor_ppm : plan->step_price_uy;

	plan->threshold_count = take_count(c, PLAN_THRESHOLDS);
	if (!plan->threshold_count)
		return;
	for (unsigned i = 0; i < plan->threshold_count; i++)
		plan->threshold_wh[i] = take(c, 4);
	for (unsigned i = 0; i <= plan->threshold_count; i++)
		price[i] = take_price(c);
	plan->settlement_count = take_count(c, PLAN_SETTLEMENTS);
	for (unsigned i = 0; i < plan->settlement_count; i++) {
		plan->settlement[i].month = (uint8_t)take(c, 1);
		plan->settlement[i].day = (uint8_t)take(c, 1);
		plan->settlement[i].hour = (uint8_t)take(c, 1);
	}
}

static void take_head(struct cursor *c, struct plan *plan)
{
	uint32_t format = take(c, 1), flags = take(c, 1);

	c->bad = c->bad || format != PLAN_IMAGE_FORMAT || flags & ~(uint32_t)FLAGS;
	plan->combine = flags & FLAG_FACTOR ? PLAN_FACTOR : PLAN_SUM;
	plan->unsettled = flags & FLAG_MONTHLY ? PLAN_UNSETTLED_MONTHLY : PLAN_UNSETTLED_FREE;
	plan->utc_offset_s = (int8_t)take(c, 1) * OFFSET_UNIT_S;
	plan->rate_count = take_count(c, PLAN_RATES);
	for (unsigned i = 0; i < plan->rate_count; i++)
		plan->rate_price_uy[i] = take_price(c);
}

enum err plan_image_decode(const uint8_t *image, size_t len, uint32_t version, int64_t valid_from_s,
                           struct plan *plan)
{
	struct cursor c = {.from = image, .size = len};
	struct plan_fault fault;

	memset(plan, 0, sizeof *plan);
	plan->version = version;
	plan->valid_from_s = valid_from_s;
	take_head(&c, plan);
	take_calendar(&c, &plan->calendar[0]);
	take_holidays(&c, plan);
	take_steps(&c, plan);
	plan->line_count = take_count(&c, PLAN_LINES - 1);
	for (unsigned i = 0; i < plan->line_count; i++)
		plan->line_price_uy[i] = take_price(&c);
	if (c.bad || c.at != len || plan_find_fault(plan, &fault) != ERR_NONE)
		return ERR_BAD_INPUT;
	return ERR_NONE;
}
