/* Reminders of leases that end soon, and which daily work of a property is done. */
#ifndef PLATFORM_STORE_REMINDER_H
#define PLATFORM_STORE_REMINDER_H

#include "platform/store/db.h"
#include "platform/store/list.h"

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

enum reminder_sort { REMINDER_BY_END, REMINDER_BY_NUMBER };

struct reminder_filter {
	struct list_ask ask;      /* enum reminder_sort; the number of a key is end_day */
	bool all;                 /* also those that are done */
	int64_t from_day, to_day; /* ends in these civil days, both included */
};

/* `each` says whether there is room for more. */
MUST_USE enum err reminder_list(struct db *db, int64_t property_id,
                                const struct reminder_filter *filter,
                                bool (*each)(void *arg, const struct reminder_row *), void *arg);

/* The civil day up to which a kind of daily work is done; 0: never. */
MUST_USE enum err daily_work_get(struct db *db, int64_t property_id, const char *work,
                                 int64_t *day);
MUST_USE enum err daily_work_put(struct db *db, int64_t property_id, const char *work, int64_t day);

#endif
