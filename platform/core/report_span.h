/* What the readings of a span of time say, packed by day and month, and registers at edges. Pure: no store, no
 * clock (docs/design/reports.md). */
#ifndef PLATFORM_CORE_REPORT_SPAN_H
#define PLATFORM_CORE_REPORT_SPAN_H

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/proto/uplink.h"

#define REPORT_HOURS 24

struct report_span {
	int64_t readings; /* 0: there are none, and nothing below counts */
	int64_t first_s, first_wh, last_s, last_wh;
	int64_t voltage_min_dv, voltage_max_dv, voltage_sum_dv;
	int64_t current_max_ma, current_sum_ma;
	int64_t power_min_dw, power_max_dw, power_sum_dw;
	int64_t pf_min_permille;
};

/* A reading of the same second as the span's last or first is a repeat, and changes nothing. */
void report_add(struct report_span *span, const struct reading *reading);
void report_merge(struct report_span *into, const struct report_span *more);

/* ---- a day of hours ---- */

#define REPORT_DAY_MAX 2048 /* bytes */

/* Hour k begins k hours after day_s. */
size_t report_day_pack(const struct report_span hours[REPORT_HOURS], int64_t day_s,
                       uint8_t out[REPORT_DAY_MAX]);
/* ERR_DAMAGED: these are no such bytes. */
MUST_USE enum err report_day_unpack(const uint8_t *data, size_t len, int64_t day_s,
                                    struct report_span hours[REPORT_HOURS]);

/* ---- registers at an edge ---- */

enum report_source {
	REPORT_NONE,   /* nothing is known there */
	REPORT_DEVICE, /* a reading of this very second */
	REPORT_COMPUTED, /* between two readings, by time; or the nearest one where there is none on the other side */
};

const char *report_source_word(enum report_source source); /* "none" "device" "computed" */

struct report_edge {
	int64_t units; /* Wh or litres, as the register shows them */
	enum report_source source;
};

/* The register at at_s, from the last reading before it and the first one at or behind it (NULL: none; spans of
 * no readings are none). `closing`: what ends there; of a register that fell between the two each side has its
 * own. */
struct report_edge report_edge_at(const struct report_span *before,
                                  const struct report_span *behind, int64_t at_s, bool closing);

/* What was used between two edges; 0 when either is unknown or the register fell. */
int64_t report_use(const struct report_edge *open, const struct report_edge *close);

/* ---- a month of days ---- */

#define REPORT_MONTH_DAYS 31
#define REPORT_MONTH_MAX  512 /* bytes */

struct report_month_day {
	bool has_data;
	int64_t use_wh, power_max_dw;
};

size_t report_month_pack(const struct report_month_day days[REPORT_MONTH_DAYS],
                         uint8_t out[REPORT_MONTH_MAX]);
MUST_USE enum err report_month_unpack(const uint8_t *data, size_t len,
                                      struct report_month_day days[REPORT_MONTH_DAYS]);

#endif
