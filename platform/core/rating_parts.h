/* What the rating*.c files share: rating.h is for everybody else. */
#ifndef PLATFORM_CORE_RATING_PARTS_H
#define PLATFORM_CORE_RATING_PARTS_H

#include "platform/core/allowance.h"
#include "platform/core/rating.h"
#include "platform/store/charge_pack.h"

#define RATING_LINES    (CHARGE_LINE_MINIMUM + 1)
#define RATING_SERVICES (SERVICE_WATER + 1)

/* A day of a meter's use that is over: what it cost, and who pays. */
struct rated_day {
	int64_t day, meter, use_from_s, account_id;
	enum service service;
	enum credit_place credit; /* of the meter: its purse pays */
	size_t first, len;        /* its parts, packed, in those of the batch */
	struct money sum[RATING_LINES];
	struct money total;
	struct money paid,
	        free; /* of it, from the account and from its money allowances; a purse pays the
	                          * rest */
	int64_t group_no;
	/* Of a correction: the interval that was divided anew, and the group it corrects. Else 0. */
	int64_t from_s, to_s, refers;
};

/* Meters of one property that are rated in one transaction. What they share is read once; what is over is
 * posted together. */
struct rating_batch {
	struct tx *tx;
	struct tariff_cache *cache;
	int64_t property_id, now_ms;
	int32_t utc_offset_s;
	int64_t closed_day;

	/* Few meters have a tariff of their own or a gap, few accounts a monthly fee or allowances. */
	struct rare own_tariff, gapped, monthly_fee, allowed;
	int64_t from_s, to_s; /* of all intervals together */
	struct rate_register reg[RATING_SERVICES];
	struct tariff_span span[RATING_SERVICES];
	bool spanned[RATING_SERVICES];

	struct rated_day *day;
	size_t days, day_room;
	struct bytes packed; /* their parts */
};

/* One meter on its way from its cursor to a mark. */
struct billing {
	struct rating_batch *batch;
	struct rating_row row;
	struct rating_open *open; /* what is not posted, and what is left below a fen */
	const struct tariff_span *span;
	struct rate_register reg;
	struct tariff_span own; /* when its prices are not those of all */
	struct allowances allowances;
	int64_t units_done; /* of the interval that is cut now */
	bool spread;        /* that interval was itself a part of a longer one */
	struct rating_open
	        *parts; /* of a long interval each part is kept here, too; NULL: of none */
	bool keeps;     /* this one is long */
	bool dry;       /* nothing is charged: what would be stands in `parts` */
	int64_t posted; /* days that were closed */
	struct rating_left
	        left[RATING_LEFT_MAX]; /* intervals that marks lie in and change nothing of */
	size_t left_count;
	enum err err;
};

int64_t rating_day_of(const struct rating_batch *batch, int64_t at_s);
int64_t rating_day_start(const struct rating_batch *batch, int64_t day);
bool rating_waits(enum rating_fault fault); /* for a person */

/* ---- rating_batch.c ---- */

/* Meters [first, last] with open uses of accounts [account_first, account_last]; intervals within
 * [from_s, to_s]. rating_batch_end after any answer. */
struct rating_range {
	int64_t meter_first, meter_last, account_first, account_last, from_s, to_s;
};

MUST_USE enum err rating_batch_begin(struct rating_batch *batch, struct tx *tx, int64_t property_id,
                                     struct tariff_cache *cache, int64_t now_ms);
MUST_USE enum err rating_batch_look(struct rating_batch *batch, const struct rating_range *range);
void rating_batch_end(struct rating_batch *batch);

void billing_begin(struct billing *b, struct rating_batch *batch, const struct rating_row *row,
                   struct rating_open *open);
/* Prices and allowances of a meter from its cursor to to_s. ERR_NOT_FOUND: no tariff is in force.
 * billing_end after any answer. */
MUST_USE enum err billing_load(struct billing *b, int64_t to_s);
void billing_end(struct billing *b);

/* A batch of one meter, whose use ends or whose fault a person decides. */
struct rating_one {
	struct rating_batch batch;
	struct rating_open open;
	struct billing b; /* .row as it is stored */
};

/* ERR_NOT_FOUND: it was never rated. rating_one_end after any answer. */
MUST_USE enum err rating_one_begin(struct rating_one *one, struct tx *tx, int64_t property_id,
                                   int64_t meter, struct tariff_cache *cache, int64_t now_ms);
void rating_one_end(struct rating_one *one);

/* ---- rating_take.c ---- */

void billing_add(struct billing *b, const struct charge_row *part);
/* A row for a whole day, of no units. */
struct charge_row billing_whole_row(const struct billing *b, int64_t day, int32_t line,
                                    const struct plan *plan, struct money amount);
const struct plan *billing_plan_at(const struct billing *b, int64_t at_s);
/* Of a day within its month: how many days that has, and which it is, from 0. */
unsigned rating_month_of(int64_t day, unsigned *index);
int charge_by_line(const void *a, const void *b); /* day, line, version and time */
bool charge_is_same(const struct charge_row *a, const struct charge_row *b); /* one kind, one row */
/* Charges `used` units up to the mark and moves the cursor there. */
MUST_USE enum err billing_take_interval(struct billing *b, const struct rate_mark *mark,
                                        int64_t used);
MUST_USE enum err billing_take_mark(struct billing *b, const struct rate_mark *mark, bool accepted,
                                    enum rate_verdict *verdict);
void billing_set_fault(struct billing *b, enum rating_fault fault, const struct rate_mark *mark);

/* ---- rating_late.c ---- */

/* Is one of them from before the cursor? */
bool rating_is_late(const struct rating_row *row, const struct rate_mark *marks, size_t count);
/* So long that readings from inside it come late, if they come. */
bool billing_is_long(const struct billing *b, int64_t from_s, int64_t to_s);
/* Keeps the interval from the mark to the cursor, if its price depends on when it was used. */
MUST_USE enum err billing_keep_gap(struct billing *b, const struct rate_mark *from,
                                   const struct rate_state *state);
/* The same of one about which a person decided, if it is long. */
MUST_USE enum err billing_keep_decided(struct billing *b, const struct rate_mark *from);
/* Divides intervals anew that are charged already and have such marks inside; whether any was. What stays as
 * it is though marks lie in it is told in `late`. */
MUST_USE enum err billing_take_late(struct billing *b, const struct rate_mark *marks, size_t count,
                                    bool *any);

/* ---- rating_post.c ---- */

/* Takes the days that are over out of what is open; all of it when the use ends. Nothing is written but
 * what was used of allowances. */
MUST_USE enum err billing_close_days(struct billing *b, bool last);
/* Whole fen of each row, added to the sum of its line. */
MUST_USE enum err billing_amounts(struct billing *b, struct charge_row *rows, size_t count,
                                  struct money sum[RATING_LINES]);
/* To be posted with the others of the batch. */
MUST_USE enum err billing_keep_day(struct billing *b, const struct rated_day *day,
                                   const struct charge_row *rows, size_t count);
/* What the main line of the use was charged in [from_day, to_day): posted, and closed in this batch. */
MUST_USE enum err billing_main_sum(const struct billing *b, int64_t from_day, int64_t to_day,
                                   struct money *sum);
/* What the main line lacks to the minimum of the month, up to the end of `day`. */
struct money billing_missing(const struct billing *b, const struct plan *plan, int64_t day,
                             struct money main);
/* Posts the closed days and corrections of all meters of the batch, a group for each day. */
MUST_USE enum err rating_batch_post(struct rating_batch *batch);

#endif
