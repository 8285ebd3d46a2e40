/* Reminders of leases that end soon, and which daily work of a property is done. */
#ifndef PLATFORM_STORE_REMINDER_H
#define PLATFORM_STORE_REMINDER_H

#include "platform/store/db.h"

struct reminder_row {
	int64_t property_id, reminder_id, lease_id, end_day, written_s, done_s;
	char done_by[64];
};

/* Leases (0: all, else this one) whose end is near by `today` and of whose end there is no reminder
 * yet; `default_days` stands for those that name no number of days. At most `limit`. */
MUST_USE enum err reminder_due(struct db *db, int64_t property_id, int64_t lease_id, int64_t today,
                               int64_t default_days, int64_t now_s, size_t limit,
                               struct reminder_row *rows, size_t *count);
/* ERR_DUP: this end has one. */
MUST_USE enum err reminder_insert(struct db *db, const struct reminder_row *row);
MUST_USE enum err reminder_get(struct db *db, int64_t property_id, int64_t reminder_id,
                               struct reminder_row *row);
/* ERR_CONFLICT: it was done already. */
MUST_USE enum err reminder_set_done(struct db *db, const struct reminder_row *row);
/* By number, those above `after`: the open ones, or all. `each` says whether there is room. */
MUST_USE enum err reminder_list(struct db *db, int64_t property_id, bool open_only, int64_t after,
                                bool (*each)(void *arg, const struct reminder_row *), void *arg);

/* The civil day up to which a kind of daily work is done; 0: never. */
MUST_USE enum err daily_work_get(struct db *db, int64_t property_id, const char *work,
                                 int64_t *day);
MUST_USE enum err daily_work_put(struct db *db, int64_t property_id, const char *work, int64_t day);

#endif
