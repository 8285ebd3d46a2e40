/* Leases: who holds which spaces, and when. Two leases never hold the same room at one instant, nor
 * a room and the floor it is on. What a tenant may see of the past follows from them: tenant.h. */
#ifndef PLATFORM_CORE_LEASE_H
#define PLATFORM_CORE_LEASE_H

#include "platform/core/customer.h"
#include "platform/core/space.h"
#include "platform/store/lease.h"
#include "platform/store/reminder.h"

#define LEASE_DAY_MIN 1      /* 1970-01-02: 0 is no day */
#define LEASE_DAY_MAX 109572 /* 2269-12-31 */

struct lease_edit {
	struct actor actor;
	int64_t property_id;
	int64_t lease_id; /* 0: a new one */
	int64_t version;
	int64_t customer_id; /* of a new one */
	const char *code, *note;
	bool has_start, has_end, has_remind, has_spaces;
	int64_t start_day;
	int64_t end_day;     /* the last day that is included; 0: open */
	int64_t remind_days; /* -1: as the property says */
	size_t space_count;
	const int64_t *space;
	struct lease_row row; /* answer */
	struct fault fault;
};
/* Needs `customer.write` at each space, those that go and those that come. Start and spaces of a
 * lease that runs stay as they are: who was tenant of what is history. ERR_REFUSED names `spaces`
 * when another lease holds one of them then. */
MUST_USE enum err lease_edit_step(struct tx *tx, void *lease_edit, int64_t now_ms,
                                  struct effects *out);

/* A running lease ends now, a planned one never begins. Uses property_id, lease_id, version. */
MUST_USE enum err lease_end_step(struct tx *tx, void *lease_edit, int64_t now_ms,
                                 struct effects *out);

#define REMINDERS_MAX 200 /* written at once; who gets so many calls again */
/* Writes the reminders that are due today, of one lease or of all (0). `written` is set always. */
MUST_USE enum err lease_remind(struct tx *tx, const struct property_row *property, int64_t lease_id,
                               int64_t now_s, size_t *written);

struct reminder_edit {
	struct actor actor;
	int64_t property_id, reminder_id;
	struct reminder_row row; /* answer */
	struct fault fault;
};
/* Somebody has seen to it. Needs `customer.write` where the lease is. */
MUST_USE enum err reminder_done_step(struct tx *tx, void *reminder_edit, int64_t now_ms,
                                     struct effects *out);

/* Is one of the lease's spaces visible with this right? */
MUST_USE enum err lease_shows(struct db *db, const struct access *access,
                              enum permission permission, const struct lease_row *row,
                              int64_t now_s, bool *shows);

#endif
