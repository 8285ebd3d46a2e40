/* Calendars, a group's or one property's own: holidays, make-up working days, friendly hours. What
 * they mean: libs/credit/calendar.h. */
#ifndef PLATFORM_STORE_CALENDAR_H
#define PLATFORM_STORE_CALENDAR_H

#include "libs/credit/calendar.h"
#include "platform/store/db.h"

#define CALENDAR_NAME_SIZE 241 /* 60 characters */
#define CALENDAR_DAY_NAME  129 /* 32 */

struct calendar_row {
	int64_t calendar_id, group_id;
	int64_t property_id; /* 0: the group's */
	char name[CALENDAR_NAME_SIZE];
	int64_t created_s, version;
};

/* What is in it, beside the pure form: names of days. day_name[i] belongs to calendar.day[i]. */
struct calendar_content {
	struct calendar calendar;
	char day_name[CALENDAR_DAYS_MAX][CALENDAR_DAY_NAME];
};

MUST_USE enum err calendar_insert(struct db *db, const struct calendar_row *row);
MUST_USE enum err calendar_get(struct db *db, int64_t calendar_id, struct calendar_row *row);
/* If it still has this version, which then grows by one; else ERR_CONFLICT. */
MUST_USE enum err calendar_update(struct db *db, struct calendar_row *row);
MUST_USE enum err calendar_delete(struct db *db, int64_t calendar_id);
/* Groups and properties that chose it. */
MUST_USE enum err calendar_uses(struct db *db, int64_t calendar_id, int64_t *uses);
/* Of the group, and of the property beside them (0: none), by number. */
MUST_USE enum err calendar_list(struct db *db, int64_t group_id, int64_t property_id,
                                void (*each)(void *arg, const struct calendar_row *), void *arg);

/* Sorted by day, as libs/credit wants it. */
MUST_USE enum err calendar_read(struct db *db, int64_t calendar_id,
                                struct calendar_content *content);
/* Replaces all. ERR_DUP: a day stands there twice. */
MUST_USE enum err calendar_write(struct db *db, int64_t calendar_id,
                                 const struct calendar_content *content);
/* What a day was, once it has begun: kept when the calendar changes later. The first word stands. */
MUST_USE enum err calendar_keep(struct db *db, int64_t calendar_id, int64_t day,
                                enum calendar_day_kind kind);
/* Holidays in [from, to) as they were or are, by day; until `each` says false. */
MUST_USE enum err calendar_holidays(struct db *db, int64_t calendar_id, int64_t from_day,
                                    int64_t to_day, bool (*each)(void *arg, int64_t day),
                                    void *arg);

#endif
