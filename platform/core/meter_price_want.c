/* What a meter is to have of prices and limits, if it may charge itself. */
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"
#include "libs/base/time.h"
#include "libs/credit/rate.h"
#include "platform/core/books.h"
#include "platform/core/meter_price.h"
#include "platform/core/organisation.h"
#include "platform/core/tariff.h"
#include "platform/store/charge.h"
#include "platform/store/meter.h"
#include "platform/store/topup.h"

#define BEHIND_S   (100 * SECONDS_PER_DAY) /* of holidays: what a meter may still have to charge */
#define LIMIT_MOST INT32_MAX

/* ---- by the account alone ---- */

enum price_why price_terms(const struct supply_look *look, const struct look_meter *at)
{
	if (!look->decides)
		return PRICE_NO_USE;
	if (look->count > 1)
		return PRICE_SEVERAL_METERS;
	if (look->kind == ACCOUNT_POSTPAID || look->kind == ACCOUNT_MONTHLY_FEE)
		return PRICE_KIND;
	if (look->limits.grace_s)
		return PRICE_GRACE;
	if (look->limits.alarm2_trips)
		return PRICE_REMINDER;
	if (look->friendly)
		return PRICE_FRIENDLY;
	if (at->row.mark != MARK_NONE)
		return PRICE_MARK;
	return look->rules.incident_ms ? PRICE_STOPPED : PRICE_HANDED;
}

/* ---- images ---- */

/* Civil years whose days a meter may have to charge: an image changes once a year by them, and does not grow. */
struct years {
	int32_t first, last;
	int64_t from_s, to_s; /* of both together */
};

static int32_t year_of(int64_t at_s, int32_t offset_s)
{
	struct civil date;

	date_from_days(days_from_unix(at_s + offset_s), &date);
	return date.year;
}

static struct years years_at(int64_t now_s, int32_t offset_s)
{
	struct years years = {.first = year_of(now_s - BEHIND_S, offset_s),
	                      .last = year_of(now_s, offset_s) + 1};

	years.from_s = days_from_date(years.first, 1, 1) * SECONDS_PER_DAY - offset_s;
	years.to_s = days_from_date(years.last + 1, 1, 1) * SECONDS_PER_DAY - offset_s;
	return years;
}

static void keep_near(struct plan *plan, int64_t now_s)
{
	struct years years = years_at(now_s, plan->utc_offset_s);
	unsigned kept = 0;

	for (unsigned i = 0; i < plan->holiday_count; i++) {
		const struct plan_holiday *day = &plan->holiday[i];

		if (!day->year || (day->year >= years.first && day->year <= years.last))
			plan->holiday[kept++] = *day;
	}
	plan->holiday_count = (uint8_t)kept;
}

static enum price_why why_unfit(enum plan_image_verdict verdict)
{
	switch (verdict) {
	case PLAN_IMAGE_FEE:
		return PRICE_FEE;
	case PLAN_IMAGE_MINIMUM:
		return PRICE_MINIMUM;
	case PLAN_IMAGE_SWITCH:
		return PRICE_CALENDAR;
	case PLAN_IMAGE_RANGE:
		return PRICE_RANGE;
	case PLAN_IMAGE_LARGE:
		return PRICE_SIZE;
	case PLAN_IMAGE_FITS:
		break;
	}
	return PRICE_HANDED;
}

/* Never 0, which says that there is none. */
static uint32_t fingerprint(const void *bytes, size_t len, int64_t salt)
{
	uint8_t digest[SHA256_SIZE], number[8];
	struct sha256 hash;
	uint32_t value;

	put_le64(number, (uint64_t)salt);
	sha256_init(&hash);
	sha256_update(&hash, number, sizeof number);
	sha256_update(&hash, bytes, len);
	sha256_final(&hash, digest);
	value = get_le32(digest);
	return value ? value : 1;
}

enum err price_image_make(const struct plan *plan, int64_t now_s, struct price_image *image,
                          enum price_why *why)
{
	struct plan *own = malloc(sizeof *own);

	*image = (struct price_image){.tariff_version_id = plan->version,
	                              .valid_from_s = plan->valid_from_s,
	                              .lines = 1 + plan->line_count,
	                              .timed = plan->rate_count > 1 || plan->threshold_count};
	if (!own)
		return ERR_NOMEM;
	*own = *plan;
	keep_near(own, now_s);
	*why = why_unfit(plan_image_encode(own, image->bytes, &image->len));
	if (*why == PRICE_HANDED)
		image->version = fingerprint(image->bytes, image->len, plan->valid_from_s);
	free(own);
	return ERR_NONE;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Versions of these years. The one in force begins where it was said to begin at the last look, so its image stays. */
static enum err read_span(struct tx *tx, const struct supply_look *look,
                          const struct account_meter *use, const struct meter_price *row,
                          int64_t now_s, struct tariff_span *span)
{
	bool known = row->use_from_s == use->from_s && row->now_version;
	int32_t offset_s = (int32_t)look->property.utc_offset_min * 60;
	struct years years = years_at(now_s, offset_s);
	int64_t from_s = known ? row->now_from_s : use->from_s;
	struct tariff_ask ask = {.property_id = use->property_id,
	                         .meter = use->meter,
	                         .service = use->service,
	                         .account_id = use->account_id,
	                         .utc_offset_s = offset_s,
	                         .from_s = later(from_s, years.from_s),
	                         .to_s = years.to_s};
	enum err err;

	if (ask.from_s > now_s) /* the clock was set back */
		ask.from_s = now_s;
	err = tariff_span(tx->db, NULL, &ask, span);
	if (err)
		return err;
	if (known && span->own[0].version == row->now_tariff &&
	    span->own[0].valid_from_s == ask.from_s)
		span->own[0].valid_from_s = from_s;
	return ERR_NONE;
}

static enum err take_images(const struct tariff_span *span, int64_t now_s, struct price_want *want)
{
	size_t now = 0;
	enum err err;

	while (now + 1 < span->count && span->plan[now + 1]->valid_from_s <= now_s)
		now++;
	err = price_image_make(span->plan[now], now_s, &want->now, &want->why);
	if (!err && now + 1 < span->count)
		err = price_image_make(span->plan[now + 1], now_s, &want->next, &want->next_why);
	return err;
}

static bool limits_fit(const struct balance_limits *limits)
{
	const struct money most = money_fen(LIMIT_MOST), least = money_fen(-LIMIT_MOST);

	return money_cmp(limits->alarm1, most) <= 0 && money_cmp(limits->overdraft, most) <= 0 &&
	       money_cmp(limits->close, most) <= 0 && money_cmp(limits->close, least) >= 0;
}

static enum err want_prices(struct tx *tx, const struct supply_look *look,
                            const struct account_meter *use, const struct meter_price *row,
                            int64_t now_s, struct price_want *want)
{
	struct tariff_span span;
	enum err err = read_span(tx, look, use, row, now_s, &span);

	if (err == ERR_NOT_FOUND)
		want->why = PRICE_TARIFF;
	else if (!err)
		err = take_images(&span, now_s, want);
	tariff_span_free(&span);
	if (want->why == PRICE_HANDED && !limits_fit(&look->limits))
		want->why = PRICE_RANGE;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err price_wanted(struct tx *tx, const struct meter_price *row, int64_t now_ms,
                      struct price_want *want)
{
	struct account_meter use;
	struct supply_look look = {.meter = NULL};
	struct meter_row meter;
	enum err err =
	        account_meter_at(tx->db, row->property_id, row->meter, ACCOUNT_OPEN_S - 1, &use);

	*want = (struct price_want){.why = PRICE_NO_USE};
	if (err || use.credit != CREDIT_METER)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	want->account_id = use.account_id;
	want->use_from_s = use.from_s;
	err = meter_get(tx->db, row->property_id, row->meter, &meter);
	if (!err)
		err = supply_look(tx, row->property_id, use.account_id, now_ms, &look);
	for (size_t i = 0; !err && i < look.count; i++)
		if (look.meter[i].use.meter == row->meter)
			want->why = price_terms(&look, &look.meter[i]);
	if (!err && want->why == PRICE_HANDED && !meter_model_takes_prices(meter.model))
		want->why = PRICE_MODEL;
	want->limits = look.limits;
	if (!err && want->why == PRICE_HANDED)
		err = want_prices(tx, &look, &use, row, now_ms / 1000, want);
	supply_look_free(&look);
	return err;
}

/* ---- limits ---- */

/* A purchase that is paid is never refused by the meter: the hoarding limit holds where credit is sold. */
void price_limits(const struct meter_price *row, const struct balance_limits *limits,
                  struct credit_args *args)
{
	struct command cmd = {.kind = COMMAND_CREDIT};
	struct command_args all = {
	        .credit = {.flags = CREDIT_SPENDS,
	                   .alarm1_fen = (int32_t)books_fen(limits->alarm1),
	                   .alarm2_fen = (int32_t)books_fen(limits->alarm2),
	                   .overdraft_fen = (int32_t)books_fen(limits->overdraft),
	                   .close_fen = (int32_t)books_fen(limits->close),
	                   .start_s = (uint32_t)row->start_s,
	                   .start_step_wh = (uint32_t)row->start_step_wh,
	                   .start_wh = row->start_wh,
	                   .start_spent_fen = row->start_spent_fen}
        };
	enum err err = command_args_encode(&cmd, &all);

	*args = all.credit;
	args->version = fingerprint(cmd.args, err ? 0 : cmd.arg_len, 0) | 1;
}

/* ---- sums ---- */

enum err price_spent(struct db *db, int64_t property_id, int64_t meter, int64_t *fen, int64_t *at_s)
{
	struct meter_purse purse = {.total_fen = 0};
	struct rating_row rating;
	int64_t left_fen;
	enum err err = rating_get(db, property_id, meter, &rating);

	if (!err)
		err = books_balance_fen(db, property_id, LEDGER_METER, meter, &left_fen);
	if (err)
		return err;
	err = meter_purse_get(db, property_id, meter, &purse);
	*fen = purse.total_fen - left_fen + rating.accrued / RATE_REST_PER_FEN;
	*at_s = rating.billed_s;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

int64_t price_bound_fen(const struct meter_price *row)
{
	int64_t fen = 2 + row->lines * row->versions;

	if (row->timed || row->versions > 1)
		fen += (row->spent_fen - row->start_spent_fen) / 100;
	return fen;
}

bool price_is_beyond(const struct meter_price *row)
{
	int64_t bound_fen = price_bound_fen(row);

	return row->compared_ms && (row->differs_fen > bound_fen || row->differs_fen < -bound_fen);
}

bool price_needs_person(const struct meter_price *row)
{
	return price_is_fault((enum price_why)row->why) ||
	       price_is_fault((enum price_why)row->next_why) || price_is_beyond(row);
}

bool price_is_own(const struct meter_price *row, const struct account_meter *use)
{
	return row->why == PRICE_HANDED && price_confirmed(row) && row->use_from_s == use->from_s &&
	       row->account_id == use->account_id && row->read_price &&
	       price_spends((uint32_t)row->read_limits);
}
