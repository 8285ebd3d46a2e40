/* Alarms: what was wrong from when to when, and who has seen it (docs/design/alarms.md). */
#ifndef PLATFORM_STORE_ALARM_H
#define PLATFORM_STORE_ALARM_H

#include "platform/store/db.h"
#include "platform/store/terminal.h"

#define ALARM_WHO_SIZE  64
#define ALARM_NOTE_SIZE 256

/* Numbers are stored: append only. */
enum alarm_level {
	ALARM_NOTICE = 1,
	ALARM_IMPORTANT = 2,
	ALARM_URGENT = 3,
};

#define ALARM_LEVELS 3

const char *alarm_level_word(enum alarm_level level); /* "urgent" */

struct alarm_row {
	int64_t property_id, alarm_id;
	uint32_t kind; /* enum event_kind that began it */
	enum alarm_level level;
	int64_t gateway_id, meter; /* 0: of none */
	char chip[CHIP_TEXT_SIZE]; /* "": of no terminal */
	uint32_t detail;           /* of its newest event, as value */
	int64_t value, count;      /* how often it was told while it lasted */
	int64_t started_s, last_s; /* its first and its newest event */
	int64_t ended_s;           /* 0: it lasts */
	int64_t seen_s;            /* 0: nobody has acknowledged it */
	char seen_by[ALARM_WHO_SIZE], note[ALARM_NOTE_SIZE];
};

/* The one that lasts at this place is told again: kind, gateway_id, meter, chip, detail, value and last_s
 * of `row`. ERR_NOT_FOUND: there is none. */
MUST_USE enum err alarm_again(struct db *db, const struct alarm_row *row);
/* Gives it its alarm_id; it lasts, nobody has seen it. */
MUST_USE enum err alarm_insert(struct db *db, struct alarm_row *row);
/* All that last of this kind at the place of `row` end at ended_s. */
MUST_USE enum err alarm_end(struct db *db, const struct alarm_row *row);
MUST_USE enum err alarm_get(struct db *db, int64_t property_id, int64_t alarm_id,
                            struct alarm_row *row);
/* Stores seen_s, seen_by, note and ended_s. ERR_CONFLICT: somebody was faster. */
MUST_USE enum err alarm_seen(struct db *db, const struct alarm_row *row);

struct alarm_filter {
	bool lasting;  /* only those that last */
	int64_t least; /* this level or above; 0: all */
	int64_t meter; /* 0: of any */
	int64_t below; /* only with a smaller number; 0: from the newest */
};
/* Newest first, until `each` says false. */
MUST_USE enum err alarm_list(struct db *db, int64_t property_id, const struct alarm_filter *filter,
                             bool (*each)(void *arg, const struct alarm_row *), void *arg);

/* How many last, by level - 1, and how many of them nobody has seen. */
MUST_USE enum err alarm_counts(struct db *db, int64_t property_id, int64_t count[ALARM_LEVELS],
                               int64_t *unseen);
/* Ended ones whose newest event is older; at most `limit`. */
MUST_USE enum err alarm_remove(struct db *db, int64_t property_id, int64_t before_s, int64_t limit,
                               int64_t *removed);

#endif
