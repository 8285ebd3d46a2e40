/* Reports as they are shown: lines of a meter by hour, day or month, and points of a curve. On a reader thread. */
#ifndef PLATFORM_CORE_REPORT_READ_H
#define PLATFORM_CORE_REPORT_READ_H

#include "platform/core/report.h"

enum report_by { REPORT_BY_HOUR, REPORT_BY_DAY, REPORT_BY_MONTH };

bool report_by_parse(const char *word, enum report_by *by); /* "hour" "day" "month" */

struct report_line {
	int64_t from_s, to_s;
	int64_t number; /* its day; of a month: years x 12 + month - 1 */
	bool has_data;  /* a reading lies in it */
	bool known;     /* its registers are known, or computed; else edges mean nothing */
	bool estimated; /* one of them was computed, though the line is over */
	bool frozen, corrected;
	struct report_edges edges;
	int64_t readings, power_max_dw, voltage_min_dv, voltage_max_dv; /* with data */
	int64_t days_with_data;                                         /* of a month */
	struct report_month_day days[REPORT_MONTH_DAYS];                /* of a month */
};

struct report_lines {
	/* question */
	int64_t property_id, meter;
	enum report_by by;
	int64_t from_day, to_day; /* [from, to) */
	int64_t now_s;
	/* answers, allocated: report_lines_free */
	struct report_line *line;
	size_t count, room;
	int64_t use_wh, estimated_wh;
	int64_t *missing; /* days without a reading, ascending, from the meter's first reading on */
	size_t missing_count, missing_room;
};
MUST_USE enum err report_lines_read(struct db *db, struct report_lines *lines);
void report_lines_free(struct report_lines *lines);

#define REPORT_POINTS_MAX 2000

struct report_point {
	int64_t at_s; /* where its span begins */
	struct report_span span;
};

struct report_curve {
	int64_t property_id, meter, from_s, to_s;
	size_t points; /* 1 to REPORT_POINTS_MAX */
	/* answers; report_curve_free */
	int64_t span_s; /* of a point: whole hours */
	struct report_point *point;
	size_t count;
};
/* Hours with readings, as many together as must be for so many points: least and greatest values stay. */
MUST_USE enum err report_curve_read(struct db *db, struct report_curve *curve);
void report_curve_free(struct report_curve *curve);

#endif
