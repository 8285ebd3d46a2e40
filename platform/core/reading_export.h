/* Readings of many meters of a property for a period, in order of time and meter, slice by slice: what is in
 * memory is one window of time, however long the period. Gaps are lines of their own, in front of the
 * reading that ends them. A reading that arrives meanwhile is there or not. docs/design/readings.md. */
#ifndef PLATFORM_CORE_READING_EXPORT_H
#define PLATFORM_CORE_READING_EXPORT_H

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/core/reading_line.h"
#include "platform/store/day.h"
#include "platform/store/place.h"

struct reading_export;

struct reading_export_ask {
	int64_t property_id;
	int64_t from_s, to_s; /* [from, to) */
	int64_t now_s;        /* what is not yet is no gap */
	bool gaps;            /* lines for them too */
};

MUST_USE enum err reading_export_new(struct reading_export **export,
                                     const struct reading_export_ask *ask);
void reading_export_free(struct reading_export *export);
/* Before the first slice, each meter once, in any order. Readings further apart than 2.5 periods leave
 * a gap. */
MUST_USE enum err reading_export_add(struct reading_export *export, int64_t meter,
                                     int64_t gateway_id, int64_t period_s);

/* Some more lines, a few thousand at most and perhaps none; names and spaces come from `db`. */
MUST_USE enum err reading_export_slice(struct reading_export *export, struct db *db,
                                       struct day_reader *days, const struct reading_sink *sink);
bool reading_export_over(const struct reading_export *export);

int64_t reading_export_lines(const struct reading_export *export);
/* Batches that could not be read; what they held shows as gaps. */
uint64_t reading_export_damaged(const struct reading_export *export);

/* Somebody takes readings away: with the rights of now, and an audit line. */
struct readings_taken {
	struct actor actor;
	int64_t property_id;
	const char *what;             /* for the audit: period, form, what was chosen */
	struct property_row property; /* answer */
	struct access access;         /* answer: meters are then looked at one by one */
};
MUST_USE enum err readings_taken_step(struct tx *tx, void *readings_taken, int64_t now_ms,
                                      struct effects *out);

#endif
