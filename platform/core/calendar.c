#include "platform/core/calendar.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/change.h"
#include "platform/store/info.h"
#include "platform/store/meter_price.h"
#include "platform/store/supply.h"

#define DAY_MIN 1      /* 1970-01-02: 0 is no day in our rows */
#define DAY_MAX 109572 /* 2269-12-31 */

const char *source_word(enum source source)
{
	static const char *const words[] = {
	        [SOURCE_BUILTIN] = "builtin",
	        [SOURCE_GROUP] = "group",
	        [SOURCE_PROPERTY] = "property",
	};

	return words[source];
}

enum err calendar_of_property(struct db *db, const struct property_row *property,
                              int64_t *calendar_id, enum source *source)
{
	struct group_row group;
	enum err err;

	*source = SOURCE_PROPERTY;
	*calendar_id = property->calendar_id;
	if (*calendar_id)
		return ERR_NONE;
	err = group_get(db, property->group_id, &group);
	*calendar_id = err ? 0 : group.calendar_id;
	*source = *calendar_id ? SOURCE_GROUP : SOURCE_BUILTIN;
	return err;
}

/* ---- edits ---- */

static enum err check_windows(struct calendar_edit *r)
{
	const struct calendar *calendar = &r->content->calendar;

	if (calendar->window_count > CALENDAR_WINDOWS_MAX)
		return fault_set(&r->fault, ERR_BAD_INPUT, "friendly", "at most %d windows",
		                 CALENDAR_WINDOWS_MAX);
	for (size_t i = 0; i < calendar->window_count; i++) {
		const struct calendar_window *w = &calendar->window[i];

		if (!w->days)
			return fault_set(&r->fault, ERR_BAD_INPUT, "friendly",
			                 "a window names at least one day");
		if (w->from_min < 0 || w->from_min >= MINUTES_PER_DAY || w->to_min < 1 ||
		    w->to_min > MINUTES_PER_DAY || w->from_min == w->to_min)
			return fault_set(
			        &r->fault, ERR_BAD_INPUT, "friendly",
			        "from 00:00 to 23:59, until 00:01 to 24:00, and not equal");
	}
	return ERR_NONE;
}

/* Days with their names, to be sorted together. */
struct named_day {
	struct calendar_day day;
	size_t name;
};

static int by_day(const void *a, const void *b)
{
	const struct named_day *x = a, *y = b;

	return (x->day.day > y->day.day) - (x->day.day < y->day.day);
}

static enum err sort_days(struct calendar_content *content)
{
	struct calendar *calendar = &content->calendar;
	size_t count = calendar->day_count;
	struct named_day *days = malloc((count + 1) * sizeof *days);
	char(*names)[CALENDAR_DAY_NAME] = malloc((count + 1) * CALENDAR_DAY_NAME);

	if (days && names) {
		memcpy(names, content->day_name, count * CALENDAR_DAY_NAME);
		for (size_t i = 0; i < count; i++)
			days[i] = (struct named_day){calendar->day[i], i};
		qsort(days, count, sizeof *days, by_day);
		for (size_t i = 0; i < count; i++) {
			calendar->day[i] = days[i].day;
			memcpy(content->day_name[i], names[days[i].name], CALENDAR_DAY_NAME);
		}
	}
	free(names);
	free(days);
	return days && names ? ERR_NONE : ERR_NOMEM;
}

static enum err check_days(struct calendar_edit *r)
{
	struct calendar *calendar = &r->content->calendar;
	enum err err;

	if (calendar->day_count > CALENDAR_DAYS_MAX)
		return fault_set(&r->fault, ERR_BAD_INPUT, "days", "at most %d days",
		                 CALENDAR_DAYS_MAX);
	err = sort_days(r->content);
	for (size_t i = 0; !err && i < calendar->day_count; i++) {
		const struct calendar_day *day = &calendar->day[i];

		if (day->day < DAY_MIN || day->day > DAY_MAX || day->kind > CALENDAR_WORKDAY)
			return fault_set(&r->fault, ERR_BAD_INPUT, "days", "from 1970 to 2269");
		if (i && day->day == calendar->day[i - 1].day)
			return fault_set(&r->fault, ERR_BAD_INPUT, "days", "a day stands twice");
		err = fault_text(&r->fault, "days", r->content->day_name[i], TEXT_LINE, 0,
		                 CODE_CHARS);
	}
	return err;
}

/* Into the content what the edit does not bring. */
static enum err complete(struct tx *tx, struct calendar_edit *r)
{
	struct calendar_content *kept;
	enum err err;

	if (!r->calendar_id || (r->has_windows && r->has_days))
		return ERR_NONE;
	kept = malloc(sizeof *kept);
	if (!kept)
		return ERR_NOMEM;
	err = calendar_read(tx->db, r->calendar_id, kept);
	if (!err && !r->has_windows) {
		r->content->calendar.window_count = kept->calendar.window_count;
		memcpy(r->content->calendar.window, kept->calendar.window,
		       sizeof kept->calendar.window);
	}
	if (!err && !r->has_days) {
		r->content->calendar.day_count = kept->calendar.day_count;
		memcpy(r->content->calendar.day, kept->calendar.day, sizeof kept->calendar.day);
		memcpy(r->content->day_name, kept->day_name, sizeof kept->day_name);
	}
	free(kept);
	return err;
}

static enum err require(struct tx *tx, const struct calendar_edit *r, int64_t now_ms)
{
	struct place place = {.group_id = r->group_id, .property_id = r->property_id};

	return access_require(tx, &r->actor, PERMISSION_PLAN_WRITE, &place, now_ms);
}

static enum err take_values(struct tx *tx, struct calendar_edit *r)
{
	enum err err = ERR_NONE;

	if (r->name) {
		err = fault_text(&r->fault, "name", r->name, TEXT_LINE, 1, NAME_CHARS);
		if (!err)
			snprintf(r->row.name, sizeof r->row.name, "%s", r->name);
	}
	if (!err && r->has_windows)
		err = check_windows(r);
	if (!err && r->has_days)
		err = check_days(r);
	return err ? err : complete(tx, r);
}

static enum err note(struct tx *tx, const struct calendar_edit *r, const char *action,
                     const struct calendar_row *before, const struct calendar_row *after,
                     int64_t now_ms)
{
	const struct calendar_row *any = after ? after : before;
	struct audit_entry entry = {
	        .property_id = any->property_id, .group_id = any->group_id, .action = action};
	struct change change;
	char object[64], detail[96] = "";

	if (after)
		snprintf(detail, sizeof detail, "%zu windows%s, %zu days%s",
		         r->content->calendar.window_count, r->has_windows ? " (new)" : "",
		         r->content->calendar.day_count, r->has_days ? " (new)" : "");
	change_begin(&change);
	change_text(&change, "name", before ? before->name : NULL, after ? after->name : NULL);
	snprintf(object, sizeof object, "calendar %lld", (long long)any->calendar_id);
	entry.object = object;
	entry.detail = detail;
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

static enum err calendar_create(struct tx *tx, struct calendar_edit *r, int64_t now_ms)
{
	enum err err;

	if (!r->name)
		return fault_set(&r->fault, ERR_BAD_INPUT, "name", "is missing");
	r->row = (struct calendar_row){
	        .group_id = r->group_id, .property_id = r->property_id, .created_s = now_ms / 1000};
	err = sequence_next(tx->db, "calendar", &r->row.calendar_id);
	if (!err)
		err = take_values(tx, r);
	if (!err)
		err = calendar_insert(tx->db, &r->row);
	if (!err)
		err = calendar_write(tx->db, r->row.calendar_id, r->content);
	r->row.version = 1;
	return err ? err : note(tx, r, "calendar.create", NULL, &r->row, now_ms);
}

static enum err calendar_begin(struct tx *tx, struct calendar_edit *r, int64_t now_ms)
{
	enum err err = require(tx, r, now_ms);

	r->fault = (struct fault){0};
	if (!err)
		err = owner_open(tx, r->group_id, r->property_id, &r->fault);
	if (err || !r->calendar_id)
		return err;
	err = calendar_get(tx->db, r->calendar_id, &r->row);
	if (!err && (r->row.group_id != r->group_id || r->row.property_id != r->property_id))
		return ERR_NOT_FOUND;
	return !err && r->row.version != r->version ? ERR_CONFLICT : err;
}

static enum calendar_day_kind kind_of(const struct calendar *calendar, int32_t day)
{
	for (size_t i = 0; i < calendar->day_count; i++)
		if (calendar->day[i].day == day)
			return (enum calendar_day_kind)calendar->day[i].kind;
	return CALENDAR_PLAIN;
}

/* Days that have begun stay what they were, for prices: a change holds from the next one on. */
static enum err keep_past(struct tx *tx, const struct calendar_edit *r,
                          const struct calendar *before, const struct calendar *after,
                          int64_t now_ms)
{
	const struct calendar *lists[] = {before, after};
	struct property_row property = {.utc_offset_min = CHINA_OFFSET_MIN};
	int64_t today;
	enum err err = r->property_id ? property_get(tx->db, r->property_id, &property) : ERR_NONE;

	today = property_day(&property, now_ms / 1000);
	for (size_t k = 0; !err && k < ARRAY_SIZE(lists); k++)
		for (size_t i = 0; !err && i < lists[k]->day_count; i++) {
			int32_t day = lists[k]->day[i].day;
			enum calendar_day_kind was = kind_of(before, day);

			if (day <= today && was != kind_of(after, day))
				err = calendar_keep(tx->db, r->calendar_id, day, was);
		}
	return err;
}

/* Writes the new content over the old. */
static enum err replace(struct tx *tx, struct calendar_edit *r,
                        const struct calendar_content *before, int64_t now_ms)
{
	enum err err = keep_past(tx, r, &before->calendar, &r->content->calendar, now_ms);

	return err ? err : calendar_write(tx->db, r->calendar_id, r->content);
}

enum err calendar_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct calendar_edit *r = arg;
	struct calendar_content *was;
	struct calendar_row before;
	enum err err = calendar_begin(tx, r, now_ms);

	(void)out;
	if (err)
		return err;
	if (!r->calendar_id)
		return calendar_create(tx, r, now_ms);
	before = r->row;
	was = calloc(1, sizeof *was);
	err = was ? calendar_read(tx->db, r->calendar_id, was) : ERR_NOMEM;
	if (!err)
		err = take_values(tx, r);
	if (!err)
		err = calendar_update(tx->db, &r->row);
	if (!err)
		err = replace(tx, r, was, now_ms);
	free(was);
	if (!err)
		err = supply_accounts_touch(tx->db, r->group_id, r->property_id, now_ms / 1000);
	if (!err)
		err = meter_price_touch(tx->db, r->group_id, r->property_id, now_ms);
	return err ? err : note(tx, r, "calendar.edit", &before, &r->row, now_ms);
}

enum err calendar_delete_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct calendar_edit *r = arg;
	int64_t uses = 0;
	enum err err = calendar_begin(tx, r, now_ms);

	(void)out;
	if (!err)
		err = calendar_uses(tx->db, r->calendar_id, &uses);
	if (!err && uses)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "a property or its group uses it");
	if (!err)
		err = calendar_delete(tx->db, r->calendar_id);
	return err ? err : note(tx, r, "calendar.delete", &r->row, NULL, now_ms);
}
