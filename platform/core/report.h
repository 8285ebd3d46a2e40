/* Report tables: what readings said by hour, day and month, with registers at midnight, frozen and corrected by
 * rows (docs/design/reports.md). Rows: platform/store/report.h; arithmetic: report_span.h. */
#ifndef PLATFORM_CORE_REPORT_H
#define PLATFORM_CORE_REPORT_H

#include "platform/core/organisation.h"
#include "platform/core/report_span.h"
#include "platform/core/step.h"
#include "platform/store/report.h"

/* A day is frozen so long after its midnight, when its late readings have mostly come. */
#define REPORT_FREEZE_S INT64_C(7200)

/* New readings of one meter and day, by hour: of batches up to file, rowid. */
struct report_part {
	int64_t property_id, meter, day;
	int64_t file, rowid;
	struct report_span hours[REPORT_HOURS];
};
/* Merges them into the day; what is frozen and is another now gets a correction. */
MUST_USE enum err report_take(struct tx *tx, const struct property_row *property,
                              const struct report_part *part, int64_t now_ms);

struct report_freeze {
	bool more; /* answer: call again at once */
};
/* Regularly, as a bulk step: days and months that are over. */
MUST_USE enum err report_freeze_step(struct tx *tx, void *report_freeze, int64_t now_ms,
                                     struct effects *out);

/* ---- reading ---- */

/* A day as a span: its first and last reading. */
struct report_span report_span_of(const struct report_day_row *row);

/* Registers at the edges of hour k of a day, whose neighbours are `before` and `behind` (NULL: none). */
struct report_edges report_hour_edges(const struct report_span hours[REPORT_HOURS],
                                      const struct report_span *before,
                                      const struct report_span *behind, int64_t day_s, int k);

/* Those that hold for a day: as frozen, by its newest correction, or (an open one) as they are now. */
MUST_USE enum err report_day_edges(struct db *db, const struct property_row *property,
                                   const struct report_day_row *row, struct report_edges *edges,
                                   bool *corrected);
MUST_USE enum err report_month_edges(struct db *db, const struct property_row *property,
                                     const struct report_month_row *row, struct report_edges *edges,
                                     bool *corrected);
/* What its days say: fills days_with_data and the extremes of `row`, and each day. */
MUST_USE enum err report_month_days(struct db *db, const struct property_row *property,
                                    struct report_month_row *row,
                                    struct report_month_day days[REPORT_MONTH_DAYS]);
/* close - open; 0 when one is unknown or the register fell. */
int64_t report_edges_use(const struct report_edges *edges);

int64_t report_month_of(int64_t day);      /* years x 12 + month - 1 */
int64_t report_month_first(int64_t month); /* its first day */

/* ---- each night ---- */

/* Of the last days of a property: hours sum to their day, a day to its registers, days to their month, the end of
 * one is the beginning of the next, and nothing frozen changed without a correction. *meter: of one where it is
 * not so; 0: none. */
MUST_USE enum err report_verify(struct db *db, const struct property_row *property, int64_t today,
                                int64_t *meter);

#endif
