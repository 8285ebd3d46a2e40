/* Personal data: how long each kind is kept, what was removed, what a group tells about it. */
#ifndef PLATFORM_STORE_PERSON_H
#define PLATFORM_STORE_PERSON_H

#include "platform/store/customer.h"
#include "platform/store/db.h"

/* Kind of data as in the API, least and built-in days; 0 days: for ever. Days count from the end of
 * a customer's last lease (or from when he was entered, if he never had one), those of events,
 * reminders, messages and commands from the event itself. */
#define RETENTION_KINDS(X)                                                                         \
	X(IDENTITY, "identity", 1, 90)                                                             \
	X(PHONE, "phone", 1, 365)                                                                  \
	X(CUSTOMER, "customer", 30, 1825)                                                          \
	X(EVENT, "event", 30, 1095)                                                                \
	X(REMINDER, "reminder", 1, 365)                                                            \
	X(MESSAGE, "message", 1, 365)

enum retention_kind {

#define X(id, word, min, builtin) RETENTION_##id,
	RETENTION_KINDS(X)
#undef X
	        RETENTION_KIND_COUNT
};

struct retention_row {
	int64_t property_id;
	bool set[RETENTION_KIND_COUNT];
	int64_t days[RETENTION_KIND_COUNT];
	int64_t version; /* 0: nothing is set */
};

/* All zero when the property has set nothing. */
MUST_USE enum err retention_get(struct db *db, int64_t property_id, struct retention_row *row);
MUST_USE enum err retention_put(struct db *db, struct retention_row *row);

/* What a daily run removed. */
struct retention_run {
	int64_t property_id, day, removed[RETENTION_KIND_COUNT], at_s;
};

MUST_USE enum err retention_run_put(struct db *db, const struct retention_run *run);
/* Newest first, those before `before_day`. */
MUST_USE enum err retention_runs(struct db *db, int64_t property_id, int64_t before_day,
                                 bool (*each)(void *arg, const struct retention_run *), void *arg);

/* Customers without a lease that runs or will run, and whose last one (or else their entry) ended
 * before `before_s`, and who still have what is due: at most `limit`, their numbers. */
MUST_USE enum err person_due(struct db *db, int64_t property_id, enum retention_kind kind,
                             int64_t before_s, size_t limit, int64_t *customer_ids, size_t *count);
/* Rows of events (and what hangs on them), or of done reminders, from before: at most `limit`. */
MUST_USE enum err person_remove(struct db *db, int64_t property_id, enum retention_kind kind,
                                int64_t before_s, int64_t limit, int64_t *removed);

#define PRIVACY_TEXT_SIZE 80001 /* 20,000 characters */

struct privacy_row {
	int64_t group_id;
	char *text; /* of PRIVACY_TEXT_SIZE bytes, the caller's */
	int64_t updated_s, version;
};

/* ERR_NOT_FOUND: the group has written none in this language. */
MUST_USE enum err privacy_get(struct db *db, int64_t group_id, const char *lang,
                              struct privacy_row *row);
MUST_USE enum err privacy_put(struct db *db, const char *lang, struct privacy_row *row);

#endif
