/* Report tables: what readings said, by day and month, as they were frozen, and corrections of it
 * (docs/design/reports.md). What the rows mean: platform/core/report.h. */
#ifndef PLATFORM_STORE_REPORT_H
#define PLATFORM_STORE_REPORT_H

#include "platform/store/db.h"

#define REPORT_BLOB_MAX 2048

struct report_edges {
	int64_t open_wh, close_wh;
	int64_t open_source, close_source; /* enum report_source */
};

/* A day with readings of a meter. */
struct report_day_row {
	int64_t property_id, meter, day;
	int64_t first_s, first_wh, last_s, last_wh; /* its first and last reading */
	int64_t readings;
	int64_t power_max_dw, voltage_min_dv, voltage_max_dv;
	int64_t freeze_s;               /* from then on it may be frozen */
	int64_t frozen_s;               /* 0: it is open */
	struct report_edges edges;      /* as they were frozen */
	int64_t taken_file, taken_row;  /* what arrived up to this batch is in it */
	uint8_t hours[REPORT_BLOB_MAX]; /* packed */
	size_t hours_len;
};

MUST_USE enum err report_day_get(struct db *db, int64_t property_id, int64_t meter, int64_t day,
                                 struct report_day_row *row);
MUST_USE enum err report_day_put(struct db *db, const struct report_day_row *row);
/* Its taken_file and taken_row alone; 0, 0 of a day without a row. */
MUST_USE enum err report_day_taken(struct db *db, int64_t property_id, int64_t meter, int64_t day,
                                   int64_t *file, int64_t *row);
/* The nearest day with readings before or behind a day. ERR_NOT_FOUND: none. */
MUST_USE enum err report_day_near(struct db *db, int64_t property_id, int64_t meter, int64_t day,
                                  bool before, struct report_day_row *row);
/* Days of a meter in [from, to), ascending. */
MUST_USE enum err report_days(struct db *db, int64_t property_id, int64_t meter, int64_t from,
                              int64_t to, bool (*each)(void *arg, const struct report_day_row *),
                              void *arg);

struct report_due {
	int64_t property_id, meter, number; /* day or month */
};
/* Open days that may be frozen by now, the oldest first. */
MUST_USE enum err report_days_due(struct db *db, int64_t now_s, size_t limit,
                                  struct report_due *due, size_t *count);

struct report_month_row {
	int64_t property_id, meter, month; /* years x 12 + month - 1 */
	int64_t freeze_s, frozen_s;
	struct report_edges edges;
	int64_t days_with_data, power_max_dw, voltage_min_dv, voltage_max_dv;
	uint8_t days[REPORT_BLOB_MAX]; /* packed; when it is frozen */
	size_t days_len;
};

/* An open one, if there is none of it yet. */
MUST_USE enum err report_month_open(struct db *db, const struct report_month_row *row);
MUST_USE enum err report_month_get(struct db *db, int64_t property_id, int64_t meter, int64_t month,
                                   struct report_month_row *row);
MUST_USE enum err report_month_put(struct db *db, const struct report_month_row *row);
MUST_USE enum err report_months(struct db *db, int64_t property_id, int64_t meter, int64_t from,
                                int64_t to,
                                bool (*each)(void *arg, const struct report_month_row *),
                                void *arg);
MUST_USE enum err report_months_due(struct db *db, int64_t now_s, size_t limit,
                                    struct report_due *due, size_t *count);

/* What is frozen is not written again: a later truth is a row of its own. */
struct report_correction {
	int64_t property_id, meter;
	int64_t months; /* 1: `number` is a month, 0: a day */
	int64_t number, correction_no;
	int64_t at_s; /* when it was made */
	struct report_edges edges;
};

/* Gives it correction_no. */
MUST_USE enum err report_correction_add(struct db *db, struct report_correction *row);
/* The newest one. ERR_NOT_FOUND: none. */
MUST_USE enum err report_correction_last(struct db *db, int64_t property_id, int64_t meter,
                                         int64_t months, int64_t number,
                                         struct report_correction *row);

#endif
