#include "platform/core/daily.h"

#include <stdlib.h>

#include "libs/base/time.h"
#include "platform/core/account_bill.h"
#include "platform/core/lease.h"
#include "platform/core/person.h"
#include "platform/store/info.h"
#include "platform/store/ledger.h"
#include "platform/store/log.h"
#include "platform/store/reminder.h"

/* A day that is further from the last one than this is more likely a wrong clock than a platform
 * that was off. What is due then waits for the day after, when somebody may have noticed. */
#define DAYS_TRUSTED 31

static enum err do_reminders(struct tx *tx, const struct property_row *property, int64_t day,
                             struct daily_request *r, int64_t now_ms)
{
	int64_t done_day;
	size_t written;
	enum err err = daily_work_get(tx->db, property->property_id, "reminders", &done_day);

	if (err || day <= done_day)
		return err;
	err = lease_remind(tx, property, 0, now_ms / 1000, &written);
	r->reminders += written;
	if (written == REMINDERS_MAX)
		r->more = true;
	else if (!err)
		err = daily_work_put(tx->db, property->property_id, "reminders", day);
	return err;
}

static enum err do_retention(struct tx *tx, const struct property_row *property, int64_t day,
                             struct daily_request *r, int64_t now_ms)
{
	bool more = false;
	int64_t done_day;
	enum err err = daily_work_get(tx->db, property->property_id, "retention", &done_day);

	if (err || day <= done_day)
		return err;
	if (!done_day)
		; /* a new store: its first day removes nothing */
	else if (day > done_day + DAYS_TRUSTED)
		log_warn("property %s: %lld days without retention; it begins tomorrow",
		         property->slug, (long long)(day - done_day));
	else
		err = retention_remove(tx, property, day, DAILY_ROWS, now_ms, &more);
	if (!err && !more)
		err = daily_work_put(tx->db, property->property_id, "retention", day);
	r->more |= more;
	return err;
}

/* What waits for readings is looked at again so soon. */
#define WAIT_S 3600

static enum err do_bills(struct tx *tx, const struct property_row *property,
                         struct daily_request *r, int64_t now_ms, struct effects *out)
{
	bool more, waits;
	enum err err = account_daily(tx, property, now_ms, out, &more, &waits);

	r->more |= more;
	if (waits && now_ms / 1000 + WAIT_S < r->next_s)
		r->next_s = now_ms / 1000 + WAIT_S;
	return err;
}

/* Late data of a closed day becomes a group of a later one, so a day is closed when what was read in it
 * has come in where everything works. */
#define CLOSE_AFTER_S 7200

static enum err do_closing(struct tx *tx, const struct property_row *property, int64_t day,
                           struct daily_request *r, int64_t now_ms)
{
	int64_t close_s = property_day_start_s(property, day) + CLOSE_AFTER_S, done_day;
	struct ledger_state state;
	enum err err = daily_work_get(tx->db, property->property_id, "closing", &done_day);

	if (now_ms / 1000 < close_s && close_s < r->next_s)
		r->next_s = close_s;
	if (err || day <= done_day || now_ms / 1000 < close_s)
		return err;
	err = ledger_state(tx->db, property->property_id, &state);
	if (err || !state.groups || day - 1 <= state.closed_day)
		return err;
	if (done_day && day > done_day + DAYS_TRUSTED)
		log_warn("property %s: %lld days that were not closed; it begins tomorrow",
		         property->slug, (long long)(day - done_day));
	else
		err = ledger_close(tx->db, property->property_id, day - 1);
	return err ? err : daily_work_put(tx->db, property->property_id, "closing", day);
}

/* ---- all properties ---- */

struct properties {
	struct property_row *row;
	size_t count, room;
	bool failed;
};

static void take_property(void *arg, const struct property_row *row)
{
	struct properties *list = arg;

	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 16;
		struct property_row *bigger = realloc(list->row, room * sizeof *bigger);

		if (!bigger) {
			list->failed = true;
			return;
		}
		list->row = bigger;
		list->room = room;
	}
	list->row[list->count++] = *row;
}

enum err daily_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct daily_request *r = arg;
	struct properties list = {.row = NULL};
	int64_t now_s = now_ms / 1000;
	enum err err;

	r->more = false;
	r->reminders = 0;
	r->next_s = now_s + SECONDS_PER_DAY;
	err = property_list(tx->db, take_property, &list);
	if (!err && list.failed)
		err = ERR_NOMEM;
	for (size_t i = 0; !err && i < list.count; i++) {
		const struct property_row *property = &list.row[i];
		int64_t day = property_day(property, now_s);
		int64_t midnight_s = property_day_start_s(property, day + 1);

		if (midnight_s < r->next_s)
			r->next_s = midnight_s;
		err = do_reminders(tx, property, day, r, now_ms);
		if (!err)
			err = do_retention(tx, property, day, r, now_ms);
		if (!err)
			err = do_bills(tx, property, r, now_ms, out);
		if (!err)
			err = do_closing(tx, property, day, r, now_ms);
	}
	free(list.row);
	return err;
}
