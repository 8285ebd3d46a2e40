#include "platform/core/person.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/change.h"
#include "platform/core/message.h"
#include "platform/core/photo.h"
#include "platform/core/task.h"
#include "platform/store/account.h"
#include "platform/store/alarm.h"
#include "platform/store/lease.h"
#include "platform/store/message.h"

static void object_of(int64_t customer_id, char object[64])
{
	snprintf(object, 64, "customer %lld", (long long)customer_id);
}

/* ---- forgetting ---- */

static const char erased_name[] = "(已删除)";

static void forget_identity(struct customer_row *row)
{
	row->has_identity = false;
	row->identity_masked[0] = '\0';
}

/* Codes are typed by people and may be a name. */
static enum err code_without_name(struct tx *tx, struct customer_row *row)
{
	struct customer_row other;
	enum err err = ERR_NONE;

	for (unsigned n = 0; !err; n++) {
		snprintf(row->code, sizeof row->code, n ? "E%06lld-%u" : "E%06lld",
		         (long long)row->customer_id, n);
		err = customer_by_code(tx->db, row->property_id, row->code, &other);
	}
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static void forget_person(struct customer_row *row, int64_t now_s)
{
	forget_identity(row);
	row->phone_count = 0;
	row->note[0] = '\0';
	snprintf(row->name, sizeof row->name, "%s", erased_name);
	row->erased_s = now_s;
	if (!row->archived_s)
		row->archived_s = now_s;
}

static enum err erase(struct tx *tx, const struct actor *actor, const char *action,
                      struct customer_row *row, int64_t now_ms)
{
	struct customer_row before = *row;
	enum err err;

	forget_person(row, now_ms / 1000);
	err = code_without_name(tx, row);
	if (!err)
		err = customer_update(tx->db, row);
	if (!err)
		err = lease_forget_notes(tx->db, row->property_id, row->customer_id);
	if (!err)
		err = account_forget_notes(tx->db, row->property_id, row->customer_id);
	if (!err)
		err = message_forget(tx->db, row->property_id, row->customer_id);
	if (!err)
		err = photo_forget(tx->db, row->property_id, row->customer_id);
	return err ? err : customer_note(tx, actor, action, &before, row, now_ms);
}

/* ---- erasure on demand ---- */

static enum err ask_second_person(struct tx *tx, struct person_erase *r, const char *object,
                                  int64_t now_ms)
{
	struct approval_ask ask = {
	        .actor = &r->actor, .kind = &person_erase_kind, .count = 1, .object = object};
	struct place place;
	struct json_out body;
	enum err err = place_of_space(tx->db, r->property_id, 0, &place);

	if (err)
		return err;
	json_out_init(&body);
	out_object(&body, NULL);
	out_int(&body, "property", r->property_id);
	out_int(&body, "customer", r->customer_id);
	out_int(&body, "version", r->version);
	out_object_end(&body);
	ask.place = &place;
	ask.body = body.data;
	ask.body_len = body.len;
	err = body.failed ? ERR_NOMEM : approval_ask(tx, &ask, now_ms, &r->approval_id);
	json_out_free(&body);
	if (err == ERR_DUP)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "it waits for approval already");
	if (err == ERR_BAD_INPUT)
		return fault_set(&r->fault, err, "reason", "is missing");
	return err;
}

enum err person_erase_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct person_erase *r = arg;
	struct customer_places places;
	struct customer_row row;
	char object[64];
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	r->approval_id = 0;
	err = customer_get(tx->db, r->property_id, r->customer_id, &row);
	if (!err)
		err = customer_require(tx, &r->actor, PERMISSION_PERSON_ERASE, r->property_id,
		                       r->customer_id, now_ms);
	if (err)
		return err;
	if (row.version != r->version)
		return ERR_CONFLICT;
	if (row.erased_s)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "it is done already");
	if (!r->actor.reason[0])
		return fault_set(&r->fault, ERR_BAD_INPUT, "reason", "is missing");
	err = customer_places(tx->db, r->property_id, r->customer_id, now_ms / 1000, &places);
	if (!err && places.place[0].space[0] != SPACE_NOWHERE)
		return fault_set(&r->fault, ERR_REFUSED, NULL,
		                 "he has a lease that runs or will run");
	object_of(r->customer_id, object);
	if (!err && !r->agreed && !r->actor.local)
		return ask_second_person(tx, r, object, now_ms);
	return err ? err : erase(tx, &r->actor, "person.erase", &row, now_ms);
}

static enum err erase_run(struct tx *tx, const struct actor *requester,
                          const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                          int64_t now_ms, struct effects *out)
{
	struct person_erase r = {.actor = *requester, .agreed = true};
	json_t *body = json_loadb(row->body, row->body_len, JSON_REJECT_DUPLICATES, NULL);
	enum err err;

	r.property_id = json_integer_value(json_object_get(body, "property"));
	r.customer_id = json_integer_value(json_object_get(body, "customer"));
	r.version = json_integer_value(json_object_get(body, "version"));
	json_decref(body);
	err = person_erase_step(tx, &r, now_ms, out);
	if (!err)
		object_of(r.customer_id, result);
	return err;
}

_Static_assert(APPROVAL_RESULT_SIZE >= 64, "an object's name fits");

const struct approval_kind person_erase_kind = {
        .word = "person.erase",
        .zh = "删除个人数据",
        .en = "erase a person's data",
        .permission = PERMISSION_PERSON_ERASE,
        .run = erase_run,
};

/* ---- retention ---- */

static const struct {
	const char *word;
	int64_t min, builtin;
} kinds[] = {

#define X(id, word, min, builtin) [RETENTION_##id] = {word, min, builtin},
        RETENTION_KINDS(X)
#undef X
};

const char *retention_word(enum retention_kind kind)
{
	return kinds[kind].word;
}

int64_t retention_days(const struct retention_row *row, enum retention_kind kind)
{
	return row->set[kind] ? row->days[kind] : kinds[kind].builtin;
}

int64_t retention_days_min(enum retention_kind kind)
{
	return kinds[kind].min;
}

static enum err take_days(struct retention_edit *r)
{
	for (size_t i = 0; i < RETENTION_KIND_COUNT; i++) {
		if (!r->has[i])
			continue;
		if (r->set[i] && r->days[i] &&
		    (r->days[i] < kinds[i].min || r->days[i] > RETENTION_DAYS_MAX))
			return fault_set(&r->fault, ERR_BAD_INPUT, kinds[i].word,
			                 "must be 0 (for ever) or %lld to %d days",
			                 (long long)kinds[i].min, RETENTION_DAYS_MAX);
		r->row.set[i] = r->set[i];
		r->row.days[i] = r->set[i] ? r->days[i] : 0;
	}
	return ERR_NONE;
}

enum err retention_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct retention_edit *r = arg;
	struct audit_entry entry = {.property_id = r->property_id,
	                            .action = "retention.edit",
	                            .object = "retention",
	                            .detail = ""};
	struct retention_row before;
	struct property_row property;
	struct change change;
	struct place place;
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	err = place_of_space(tx->db, r->property_id, 0, &place);
	if (!err)
		err = access_require(tx, &r->actor, PERMISSION_PROPERTY_WRITE, &place, now_ms);
	if (!err)
		err = property_open(tx, r->property_id, &property, &r->fault);
	if (!err)
		err = retention_get(tx->db, r->property_id, &before);
	if (!err && before.version != r->version)
		err = ERR_CONFLICT;
	r->row = before;
	if (!err)
		err = take_days(r);
	if (!err)
		err = retention_put(tx->db, &r->row);
	if (err)
		return err;
	change_begin(&change);
	for (size_t i = 0; i < RETENTION_KIND_COUNT; i++)
		change_int(&change, kinds[i].word, retention_days(&before, (enum retention_kind)i),
		           retention_days(&r->row, (enum retention_kind)i));
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

static const struct actor platform_actor = {
        .who = "platform", .origin = "retention", .local = true};

#define DUE_AT_ONCE 256

static enum err remove_of_customer(struct tx *tx, enum retention_kind kind,
                                   struct customer_row *row, int64_t now_ms)
{
	struct customer_row before = *row;
	enum err err;

	if (kind == RETENTION_CUSTOMER)
		return erase(tx, &platform_actor, "person.expire", row, now_ms);
	if (kind == RETENTION_IDENTITY)
		forget_identity(row);
	else
		row->phone_count = 0;
	err = customer_update(tx->db, row);
	return err ? err
	           : customer_note(tx, &platform_actor, "person.expire", &before, row, now_ms);
}

static enum err remove_customers(struct tx *tx, const struct property_row *property,
                                 enum retention_kind kind, int64_t before_s, size_t limit,
                                 int64_t now_ms, int64_t *removed)
{
	int64_t ids[DUE_AT_ONCE];
	size_t count;
	enum err err;

	if (limit > DUE_AT_ONCE)
		limit = DUE_AT_ONCE;
	err = person_due(tx->db, property->property_id, kind, before_s, limit, ids, &count);
	for (size_t i = 0; !err && i < count; i++) {
		struct customer_row row;

		err = customer_get(tx->db, property->property_id, ids[i], &row);
		if (!err)
			err = remove_of_customer(tx, kind, &row, now_ms);
	}
	*removed = (int64_t)count;
	return err;
}

static enum err remove_kind(struct tx *tx, const struct property_row *property,
                            enum retention_kind kind, int64_t days, size_t limit, int64_t now_ms,
                            int64_t *removed)
{
	int64_t before_s = now_ms / 1000 - days * SECONDS_PER_DAY;

	if (kind == RETENTION_MESSAGE)
		return message_remove(tx->db, property->property_id, before_s, (int64_t)limit,
		                      removed);
	if (kind == RETENTION_EVENT) {
		enum err err = alarm_remove(tx->db, property->property_id, before_s, (int64_t)limit,
		                            removed);

		if (err || *removed >= (int64_t)limit)
			return err;
	}
	if (kind == RETENTION_EVENT || kind == RETENTION_REMINDER)
		return person_remove(tx->db, property->property_id, kind, before_s, (int64_t)limit,
		                     removed);
	return remove_customers(tx, property, kind, before_s, limit, now_ms, removed);
}

enum err retention_remove(struct tx *tx, const struct property_row *property, int64_t day,
                          size_t limit, int64_t now_ms, bool *more)
{
	struct retention_run run = {
	        .property_id = property->property_id, .day = day, .at_s = now_ms / 1000};
	struct retention_row settings;
	char detail[256] = "";
	size_t len = 0;
	enum err err = retention_get(tx->db, property->property_id, &settings);

	if (limit > DUE_AT_ONCE)
		limit = DUE_AT_ONCE;
	*more = false;
	for (size_t i = 0; !err && i < RETENTION_KIND_COUNT; i++) {
		int64_t days = retention_days(&settings, (enum retention_kind)i);

		if (!days)
			continue;
		err = remove_kind(tx, property, (enum retention_kind)i, days, limit, now_ms,
		                  &run.removed[i]);
		*more |= run.removed[i] >= (int64_t)limit;
		if (run.removed[i])
			len += (size_t)snprintf(detail + len, sizeof detail - len, "%s%s %lld",
			                        len ? ", " : "", kinds[i].word,
			                        (long long)run.removed[i]);
	}
	if (!err)
		err = photo_drop_unused(tx->db, property->property_id,
		                        now_ms / 1000 - PHOTO_UNUSED_KEPT);
	if (!err)
		err = task_owner_drop(tx->db, property->property_id,
		                      now_ms / 1000 - TASK_OWNER_DAYS * SECONDS_PER_DAY);
	if (!err)
		err = retention_run_put(tx->db, &run);
	if (!err && len)
		err = audit_note(tx, &platform_actor, property->property_id, "retention.remove",
		                 "retention", detail, now_ms);
	return err;
}

/* ---- what a group tells about it ---- */

enum err privacy_read(struct db *db, int64_t group_id, struct privacy_row row[2])
{
	for (size_t i = 0; i < 2; i++) {
		enum err err = privacy_get(db, group_id, message_langs[i], &row[i]);

		if (err && err != ERR_NOT_FOUND)
			return err;
		if (err) {
			row[i].group_id = group_id;
			row[i].text[0] = '\0';
			row[i].version = row[i].updated_s = 0;
		}
	}
	return ERR_NONE;
}

static enum err take_privacy(struct privacy_edit *r, size_t i, int64_t now_ms)
{
	static const char *const fields[] = {"zh", "en"};
	enum err err = ERR_NONE;

	if (r->text[i]) {
		err = fault_text(&r->fault, fields[i], r->text[i], TEXT_LINES, 0, PRIVACY_CHARS);
		if (!err)
			snprintf(r->row[i].text, PRIVACY_TEXT_SIZE, "%s", r->text[i]);
	}
	r->row[i].updated_s = now_ms / 1000;
	return err;
}

enum err privacy_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct privacy_edit *r = arg;
	struct place place = {.group_id = r->group_id};
	struct audit_entry entry = {.group_id = r->group_id,
	                            .action = "privacy.edit",
	                            .object = "privacy text",
	                            .detail = ""};
	int64_t before[2];
	struct change change;
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	err = access_require(tx, &r->actor, PERMISSION_PROPERTY_WRITE, &place, now_ms);
	if (!err)
		err = owner_open(tx, r->group_id, 0, &r->fault);
	if (err)
		return err;
	err = privacy_read(tx->db, r->group_id, r->row);
	if (err)
		return err;
	/* Both rows are written each time, so they have one version. */
	if (r->row[0].version != r->version)
		return ERR_CONFLICT;
	for (size_t i = 0; !err && i < 2; i++) {
		before[i] = (int64_t)utf8_count(r->row[i].text, strlen(r->row[i].text));
		err = take_privacy(r, i, now_ms);
		if (!err)
			err = privacy_put(tx->db, message_langs[i], &r->row[i]);
	}
	if (err)
		return err;
	change_begin(&change);
	for (size_t i = 0; i < 2; i++)
		change_int(&change, i ? "en_characters" : "zh_characters", before[i],
		           (int64_t)utf8_count(r->row[i].text, strlen(r->row[i].text)));
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}
