/* Which versions of which tariffs hold for a meter over a span. */
#include "platform/core/tariff.h"

#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/calendar.h"

/* ---- parsed versions ---- */

#define CACHE_SIZE 256 /* versions; a newer one takes the place of an older one */

struct tariff_cache {
	struct plan *plan[CACHE_SIZE]; /* NULL: nothing here; `version` says which one it is */
};

struct tariff_cache *tariff_cache_new(void)
{
	return calloc(1, sizeof(struct tariff_cache));
}

void tariff_cache_free(struct tariff_cache *cache)
{
	for (size_t i = 0; cache && i < CACHE_SIZE; i++)
		free(cache->plan[i]);
	free(cache);
}

/* A published body never changes, so what is here is never stale. */
static enum err read_plan(struct tariff_cache *cache, const struct tariff_version_row *row,
                          struct plan *plan)
{
	size_t slot = (size_t)row->version_id % CACHE_SIZE;
	char field[TARIFF_FIELD_SIZE];
	struct tariff_body *body;
	const char *why;
	enum err err;

	if (cache && cache->plan[slot] && cache->plan[slot]->version == row->version_id) {
		*plan = *cache->plan[slot];
		return ERR_NONE;
	}
	body = malloc(sizeof *body);
	if (!body)
		return ERR_NOMEM;
	err = tariff_body_parse(row->body, strlen(row->body), body, field, &why);
	if (err == ERR_BAD_INPUT)
		err = ERR_DAMAGED; /* it was checked when it was published */
	if (!err) {
		*plan = body->plan;
		plan->version = (uint32_t)row->version_id;
		plan->valid_from_s = row->valid_from_s;
	}
	free(body);
	if (err || !cache)
		return err;
	if (!cache->plan[slot])
		cache->plan[slot] = malloc(sizeof *plan);
	if (!cache->plan[slot])
		return ERR_NOMEM;
	*cache->plan[slot] = *plan;
	return ERR_NONE;
}

/* ---- dated rows ---- */

#define DATES_MAX 64 /* assignments or terms of one meter, property or account, in one span */

struct dated {
	int64_t from_s, value;
};

/* By time: what holds at the span's beginning, and what begins inside of it. */
struct dates {
	int64_t span_from_s, span_to_s;
	size_t count;
	struct dated at[DATES_MAX];
	bool full;
};

static bool add_date(struct dates *dates, int64_t from_s, int64_t value)
{
	if (from_s >= dates->span_to_s)
		return false;
	if (from_s <= dates->span_from_s)
		dates->count = 0; /* what held before is over by then */
	dates->full = dates->count == DATES_MAX;
	if (dates->full)
		return false;
	dates->at[dates->count++] = (struct dated){from_s, value};
	return true;
}

/* What holds at an instant; 0: nothing. */
static int64_t date_at(const struct dates *dates, int64_t at_s)
{
	int64_t value = 0;

	for (size_t i = 0; i < dates->count && dates->at[i].from_s <= at_s; i++)
		value = dates->at[i].value;
	return value;
}

static int64_t date_after(const struct dates *dates, int64_t at_s)
{
	for (size_t i = 0; i < dates->count; i++)
		if (dates->at[i].from_s > at_s)
			return dates->at[i].from_s;
	return INT64_MAX;
}

static bool on_use(void *arg, const struct tariff_use *use)
{
	return add_date(arg, use->from_s, use->tariff_id);
}

static bool on_terms(void *arg, const struct account_terms *terms)
{
	return add_date(arg, terms->from_s, terms->kind);
}

/* ---- the span ---- */

struct spanning {
	struct db *db;
	struct tariff_cache *cache;
	const struct tariff_ask *ask;
	struct tariff_span *span;
	struct dates meter, property, terms;
	/* the stretch of time that is looked at, with one tariff and one kind of terms */
	int64_t from_s, to_s;
	bool free;
	enum err err;
};

static int64_t earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* Under a monthly fee the use is shown with its rate and step, and costs nothing. */
static void make_free(struct plan *plan)
{
	memset(plan->rate_price_uy, 0, sizeof plan->rate_price_uy);
	memset(plan->step_price_uy, 0, sizeof plan->step_price_uy);
	memset(plan->line_price_uy, 0, sizeof plan->line_price_uy);
	plan->fee_fen = plan->minimum_fen = 0;
}

static enum err make_room(struct tariff_span *span)
{
	size_t room = span->room ? span->room * 4 : 2;
	struct plan *own;

	if (span->count == TARIFF_SPAN_MAX)
		return ERR_TOO_LONG;
	if (span->count < span->room)
		return ERR_NONE;
	own = realloc(span->own, room * sizeof *own);
	if (!own)
		return ERR_NOMEM;
	span->own = own;
	span->room = room;
	return ERR_NONE;
}

static bool on_version(void *arg, const struct tariff_version_row *row)
{
	struct spanning *s = arg;
	struct tariff_span *span = s->span;
	int64_t from_s = row->valid_from_s > s->from_s ? row->valid_from_s : s->from_s;
	struct plan *plan;

	if (row->valid_from_s >= s->to_s)
		return false;
	/* Of those that began before the stretch, the newest is in force at its start. */
	if (span->count && span->own[span->count - 1].valid_from_s == from_s)
		span->count--;
	s->err = make_room(span);
	if (s->err)
		return false;
	plan = &span->own[span->count];
	s->err = read_plan(s->cache, row, plan);
	if (s->err)
		return false;
	plan->valid_from_s = from_s;
	plan->utc_offset_s = s->ask->utc_offset_s;
	if (s->free)
		make_free(plan);
	span->count++;
	return true;
}

/* A meter's use of tariff 0 gives it back to its property's. */
static enum err add_stretches(struct spanning *s)
{
	for (int64_t at_s = s->ask->from_s; !s->err && at_s < s->ask->to_s; at_s = s->to_s) {
		int64_t tariff_id = date_at(&s->meter, at_s);
		enum err err = ERR_NONE;

		if (!tariff_id)
			tariff_id = date_at(&s->property, at_s);
		s->free = date_at(&s->terms, at_s) == ACCOUNT_MONTHLY_FEE;
		s->from_s = at_s;
		s->to_s = earlier(
		        earlier(s->ask->to_s, date_after(&s->terms, at_s)),
		        earlier(date_after(&s->meter, at_s), date_after(&s->property, at_s)));
		if (tariff_id)
			err = tariff_versions(s->db, tariff_id, TARIFF_PUBLISHED, on_version, s);
		if (!s->err)
			s->err = err;
	}
	return s->err;
}

static enum err read_dates(struct spanning *s)
{
	const struct tariff_ask *ask = s->ask;
	enum err err =
	        tariff_uses(s->db, ask->property_id, ask->meter, ask->service, on_use, &s->meter);

	if (!err)
		err = tariff_uses(s->db, ask->property_id, 0, ask->service, on_use, &s->property);
	if (!err && ask->account_id)
		err = account_terms_list(s->db, ask->property_id, ask->account_id, on_terms,
		                         &s->terms);
	if (!err && (s->meter.full || s->property.full || s->terms.full))
		err = ERR_TOO_LONG;
	return err;
}

/* ---- holidays of the property ---- */

static bool on_holiday(void *arg, int64_t day)
{
	struct plan *plan = arg;
	struct civil date;

	if (plan->holiday_count == PLAN_HOLIDAYS)
		return false;
	date_from_days(day, &date);
	plan->holiday[plan->holiday_count++] = (struct plan_holiday){.year = (uint16_t)date.year,
	                                                             .month = date.month,
	                                                             .day = date.day,
	                                                             .table = plan->calendar_table};
	return true;
}

/* Days that the span touches, in each version that asks for them. */
static enum err add_holidays(struct spanning *s)
{
	const struct tariff_ask *ask = s->ask;
	struct property_row property;
	int64_t calendar_id = 0;
	enum source source;
	bool wanted = false;
	enum err err;

	for (size_t i = 0; i < s->span->count; i++)
		wanted |= s->span->own[i].calendar_table != 0;
	if (!wanted)
		return ERR_NONE;
	err = property_get(s->db, ask->property_id, &property);
	if (!err)
		err = calendar_of_property(s->db, &property, &calendar_id, &source);
	for (size_t i = 0; !err && calendar_id && i < s->span->count; i++)
		if (s->span->own[i].calendar_table)
			err = calendar_holidays(s->db, calendar_id,
			                        days_from_unix(ask->from_s + ask->utc_offset_s),
			                        days_from_unix(ask->to_s + ask->utc_offset_s) + 1,
			                        on_holiday, &s->span->own[i]);
	return err;
}

enum err tariff_span(struct db *db, struct tariff_cache *cache, const struct tariff_ask *ask,
                     struct tariff_span *span)
{
	const struct dates none = {.span_from_s = ask->from_s, .span_to_s = ask->to_s};
	struct spanning s = {.db = db,
	                     .cache = cache,
	                     .ask = ask,
	                     .span = span,
	                     .meter = none,
	                     .property = none,
	                     .terms = none};
	enum err err = read_dates(&s);

	span->count = span->room = 0;
	span->own = NULL;
	if (!err)
		err = add_stretches(&s);
	if (!err)
		err = add_holidays(&s);
	for (size_t i = 0; i < span->count; i++)
		span->plan[i] = &span->own[i];
	if (!err && (span->count == 0 || span->own[0].valid_from_s > ask->from_s))
		err = ERR_NOT_FOUND;
	return err;
}

void tariff_span_free(struct tariff_span *span)
{
	free(span->own);
	span->own = NULL;
	span->count = span->room = 0;
}
