/* Calendars as people edit them, and the one that holds for a property. */
#ifndef PLATFORM_CORE_CALENDAR_H
#define PLATFORM_CORE_CALENDAR_H

#include "platform/core/organisation.h"
#include "platform/store/calendar.h"

struct calendar_edit {
	struct actor actor;
	int64_t group_id, property_id; /* property_id 0: of the group */
	int64_t calendar_id;           /* 0: a new one */
	int64_t version;
	const char *name; /* NULL: as it is */
	/* Each list replaces the whole one. The content is the caller's, days in any order. */
	bool has_windows, has_days;
	struct calendar_content *content; /* question, and answer: all that the calendar has now */
	struct calendar_row row;          /* answer */
	struct fault fault;
};
/* Needs `plan.write` at the property or group that owns it. A property's path does not reach its
 * group's calendars: ERR_NOT_FOUND. */
MUST_USE enum err calendar_edit_step(struct tx *tx, void *calendar_edit, int64_t now_ms,
                                     struct effects *out);
/* ERR_REFUSED: a property or group uses it. */
MUST_USE enum err calendar_delete_step(struct tx *tx, void *calendar_edit, int64_t now_ms,
                                       struct effects *out);

enum source { SOURCE_BUILTIN, SOURCE_GROUP, SOURCE_PROPERTY };

const char *source_word(enum source source);

/* The number of the calendar that holds for a property and who chose it; 0: none (then no hour is
 * friendly). */
MUST_USE enum err calendar_of_property(struct db *db, const struct property_row *property,
                                       int64_t *calendar_id, enum source *source);

#endif
