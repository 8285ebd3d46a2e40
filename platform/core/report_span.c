#include "platform/core/report_span.h"

#include <string.h>

#include "libs/base/number.h"

#define FORMAT 1 /* the first byte of packed rows */

/* ---- spans ---- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t most(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void report_add(struct report_span *span, const struct reading *reading)
{
	const struct report_span one = {.readings = 1,
	                                .first_s = reading->time_s,
	                                .first_wh = reading->energy_wh,
	                                .last_s = reading->time_s,
	                                .last_wh = reading->energy_wh,
	                                .voltage_min_dv = reading->voltage_dv,
	                                .voltage_max_dv = reading->voltage_dv,
	                                .voltage_sum_dv = reading->voltage_dv,
	                                .current_max_ma = reading->current_ma,
	                                .current_sum_ma = reading->current_ma,
	                                .power_min_dw = reading->power_dw,
	                                .power_max_dw = reading->power_dw,
	                                .power_sum_dw = reading->power_dw,
	                                .pf_min_permille = reading->pf_permille};

	report_merge(span, &one);
}

void report_merge(struct report_span *into, const struct report_span *more)
{
	if (!more->readings)
		return;
	if (!into->readings) {
		*into = *more;
		return;
	}
	if (more->first_s == more->last_s &&
	    (more->first_s == into->first_s || more->first_s == into->last_s))
		return;
	into->readings += more->readings;
	if (more->first_s < into->first_s) {
		into->first_s = more->first_s;
		into->first_wh = more->first_wh;
	}
	if (more->last_s > into->last_s) {
		into->last_s = more->last_s;
		into->last_wh = more->last_wh;
	}
	into->voltage_min_dv = least(into->voltage_min_dv, more->voltage_min_dv);
	into->voltage_max_dv = most(into->voltage_max_dv, more->voltage_max_dv);
	into->voltage_sum_dv += more->voltage_sum_dv;
	into->current_max_ma = most(into->current_max_ma, more->current_max_ma);
	into->current_sum_ma += more->current_sum_ma;
	into->power_min_dw = least(into->power_min_dw, more->power_min_dw);
	into->power_max_dw = most(into->power_max_dw, more->power_max_dw);
	into->power_sum_dw += more->power_sum_dw;
	into->pf_min_permille = least(into->pf_min_permille, more->pf_min_permille);
}

/* ---- numbers in as few bytes as they need: seven bits a byte, the lowest first, signs turned inside ---- */

struct bytes {
	uint8_t *at, *end;
};

static void put(struct bytes *b, int64_t value)
{
	uint64_t v = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);

	do {
		if (b->at == b->end)
			return; /* never: the buffers hold the longest */
		*b->at++ = (uint8_t)((v & 127) | (v > 127 ? 128 : 0));
		v >>= 7;
	} while (v);
}

struct taken {
	const uint8_t *at, *end;
	bool bad;
};

static int64_t take(struct taken *t)
{
	uint64_t v = 0;

	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint8_t byte;

		if (t->at == t->end)
			break;
		byte = *t->at++;
		v |= (uint64_t)(byte & 127) << shift;
		if (!(byte & 128))
			return (int64_t)(v >> 1 ^ (0 - (v & 1)));
	}
	t->bad = true;
	return 0;
}

/* ---- a day of hours ---- */

static void put_hour(struct bytes *b, const struct report_span *h, int64_t hour_s, int64_t base_wh)
{
	put(b, h->readings);
	if (!h->readings)
		return;
	put(b, h->first_s - hour_s);
	put(b, h->last_s - h->first_s);
	put(b, h->first_wh - base_wh);
	put(b, h->last_wh - h->first_wh);
	put(b, h->voltage_min_dv);
	put(b, h->voltage_max_dv - h->voltage_min_dv);
	put(b, h->voltage_sum_dv);
	put(b, h->current_max_ma);
	put(b, h->current_sum_ma);
	put(b, h->power_min_dw);
	put(b, h->power_max_dw - h->power_min_dw);
	put(b, h->power_sum_dw);
	put(b, h->pf_min_permille);
}

static void take_hour(struct taken *t, struct report_span *h, int64_t hour_s, int64_t base_wh)
{
	h->readings = take(t);
	if (!h->readings)
		return;
	h->first_s = hour_s + take(t);
	h->last_s = h->first_s + take(t);
	h->first_wh = base_wh + take(t);
	h->last_wh = h->first_wh + take(t);
	h->voltage_min_dv = take(t);
	h->voltage_max_dv = h->voltage_min_dv + take(t);
	h->voltage_sum_dv = take(t);
	h->current_max_ma = take(t);
	h->current_sum_ma = take(t);
	h->power_min_dw = take(t);
	h->power_max_dw = h->power_min_dw + take(t);
	h->power_sum_dw = take(t);
	h->pf_min_permille = take(t);
}

size_t report_day_pack(const struct report_span hours[REPORT_HOURS], int64_t day_s,
                       uint8_t out[REPORT_DAY_MAX])
{
	struct bytes b = {out, out + REPORT_DAY_MAX};
	int64_t base_wh = 0;

	put(&b, FORMAT);
	for (int64_t k = 0; k < REPORT_HOURS; k++) {
		put_hour(&b, &hours[k], day_s + k * 3600, base_wh);
		if (hours[k].readings)
			base_wh = hours[k].last_wh;
	}
	return (size_t)(b.at - out);
}

enum err report_day_unpack(const uint8_t *data, size_t len, int64_t day_s,
                           struct report_span hours[REPORT_HOURS])
{
	struct taken t = {data, data + len, false};
	int64_t base_wh = 0;

	memset(hours, 0, REPORT_HOURS * sizeof *hours);
	t.bad = take(&t) != FORMAT;
	for (int64_t k = 0; k < REPORT_HOURS && !t.bad; k++) {
		take_hour(&t, &hours[k], day_s + k * 3600, base_wh);
		if (hours[k].readings)
			base_wh = hours[k].last_wh;
	}
	return t.bad || t.at != t.end ? ERR_DAMAGED : ERR_NONE;
}

/* ---- registers at an edge ---- */

const char *report_source_word(enum report_source source)
{
	static const char *const words[] = {"none", "device", "computed"};

	return words[source <= REPORT_COMPUTED ? source : REPORT_NONE];
}

struct report_edge report_edge_at(const struct report_span *before,
                                  const struct report_span *behind, int64_t at_s, bool closing)
{
	bool has_before = before && before->readings, has_behind = behind && behind->readings;

	if (has_behind && behind->first_s == at_s &&
	    (!closing || !has_before || behind->first_wh >= before->last_wh))
		return (struct report_edge){behind->first_wh, REPORT_DEVICE};
	if (has_before && has_behind && behind->first_wh >= before->last_wh)
		return (struct report_edge){before->last_wh +
		                                    i64_share(behind->first_wh - before->last_wh,
		                                              at_s - before->last_s,
		                                              behind->first_s - before->last_s),
		                            REPORT_COMPUTED};
	if (has_before && (closing || !has_behind))
		return (struct report_edge){before->last_wh, REPORT_COMPUTED};
	if (has_behind)
		return (struct report_edge){behind->first_wh, REPORT_COMPUTED};
	return (struct report_edge){0, REPORT_NONE};
}

int64_t report_use(const struct report_edge *open, const struct report_edge *close)
{
	if (open->source == REPORT_NONE || close->source == REPORT_NONE ||
	    close->units < open->units)
		return 0;
	return close->units - open->units;
}

/* ---- a month of days ---- */

size_t report_month_pack(const struct report_month_day days[REPORT_MONTH_DAYS],
                         uint8_t out[REPORT_MONTH_MAX])
{
	struct bytes b = {out, out + REPORT_MONTH_MAX};

	put(&b, FORMAT);
	for (size_t i = 0; i < REPORT_MONTH_DAYS; i++) {
		put(&b, days[i].has_data);
		if (!days[i].has_data)
			continue;
		put(&b, days[i].use_wh);
		put(&b, days[i].power_max_dw);
	}
	return (size_t)(b.at - out);
}

enum err report_month_unpack(const uint8_t *data, size_t len,
                             struct report_month_day days[REPORT_MONTH_DAYS])
{
	struct taken t = {data, data + len, false};

	memset(days, 0, REPORT_MONTH_DAYS * sizeof *days);
	t.bad = take(&t) != FORMAT;
	for (size_t i = 0; i < REPORT_MONTH_DAYS && !t.bad; i++) {
		days[i].has_data = take(&t) != 0;
		if (!days[i].has_data)
			continue;
		days[i].use_wh = take(&t);
		days[i].power_max_dw = take(&t);
	}
	return t.bad || t.at != t.end ? ERR_DAMAGED : ERR_NONE;
}
