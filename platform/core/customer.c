#include "platform/core/customer.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/change.h"
#include "platform/core/keys.h"
#include "platform/core/mask.h"
#include "platform/store/info.h"
#include "platform/store/lease.h"

#define PHONE_WHOLE_DIGITS 11
#define PHONE_SHOWN_DIGITS 4

/* ---- where a customer is ---- */

struct collect {
	struct customer_places *places;
	struct place property;
};

static bool take_place(void *arg, const struct space_row *row)
{
	struct collect *collect = arg;
	struct place *place = &collect->places->place[collect->places->count++];
	size_t depth = 0;

	*place = collect->property;
	place->space[depth++] = row->space_id;
	if (row->floor_id && row->floor_id != row->space_id)
		place->space[depth++] = row->floor_id;
	if (row->building_id && row->building_id != row->space_id)
		place->space[depth] = row->building_id;
	return collect->places->count < CUSTOMER_PLACES;
}

enum err customer_places(struct db *db, int64_t property_id, int64_t customer_id, int64_t now_s,
                         struct customer_places *places)
{
	struct collect collect = {.places = places};
	enum err err = place_of_space(db, property_id, 0, &collect.property);

	places->count = 0;
	if (!err)
		err = lease_spaces_of(db, property_id, customer_id, now_s, take_place, &collect);
	if (!err && !places->count) {
		places->place[places->count] = collect.property;
		places->place[places->count++].space[0] = SPACE_NOWHERE;
	}
	return err;
}

bool customer_allows(const struct access *access, enum permission permission,
                     const struct customer_places *places, int64_t now_s)
{
	for (size_t i = 0; i < places->count; i++)
		if (access_allows(access, permission, &places->place[i], now_s))
			return true;
	return false;
}

enum err customer_require(struct tx *tx, const struct actor *actor, enum permission permission,
                          int64_t property_id, int64_t customer_id, int64_t now_ms)
{
	struct customer_places places;
	struct access access;
	enum err err;

	if (actor->local)
		return ERR_NONE;
	err = access_load(tx->db, actor, now_ms / 1000, &access);
	if (err == ERR_AUTH)
		return ERR_FORBIDDEN;
	if (!err)
		err = customer_places(tx->db, property_id, customer_id, now_ms / 1000, &places);
	if (err)
		return err;
	if (customer_allows(&access, permission, &places, now_ms / 1000))
		return ERR_NONE;
	return customer_allows(&access, PERMISSION_CUSTOMER_READ, &places, now_ms / 1000)
	               ? ERR_FORBIDDEN
	               : ERR_HIDDEN;
}

/* ---- id numbers ---- */

static void identity_id(const struct customer_row *row, char id[24])
{
	snprintf(id, 24, "%lld", (long long)row->customer_id);
}

/* Padded, so that its length does not show. */
static enum err identity_close(const struct keys *keys, const char *identity,
                               struct customer_row *row)
{
	char plain[IDENTITY_WRAPPED - SECRET_OVERHEAD] = {0}, id[24];
	enum err err;

	_Static_assert(sizeof plain >= IDENTITY_SIZE - 1, "the longest id number fits");
	if (!keys)
		return ERR_AUTH;
	memcpy(plain, identity, strlen(identity));
	identity_id(row, id);
	err = secret_wrap(keys, "identity", id, plain, sizeof plain, row->identity_wrapped);
	sodium_memzero(plain, sizeof plain);
	row->has_identity = err == ERR_NONE;
	mask_identity(row->identity_masked, sizeof row->identity_masked, identity);
	return err;
}

enum err identity_open(const struct keys *keys, const struct customer_row *row,
                       char identity[IDENTITY_SIZE])
{
	char id[24];

	memset(identity, 0, IDENTITY_SIZE);
	if (!row->has_identity)
		return ERR_NONE;
	if (!keys)
		return ERR_AUTH;
	identity_id(row, id);
	return secret_unwrap(keys, "identity", id, row->identity_wrapped,
	                     sizeof row->identity_wrapped, identity);
}

static bool identity_valid(const char *text)
{
	size_t len =
	        strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-");

	return !text[len] && len >= IDENTITY_MIN && len < IDENTITY_SIZE;
}

/* ---- edits ---- */

static enum err take_identity(struct tx *tx, struct customer_edit *r)
{
	struct customer_row *row = &r->row;

	if (!*r->identity) {
		row->has_identity = false;
		row->identity_masked[0] = '\0';
		return ERR_NONE;
	}
	if (!identity_valid(r->identity))
		return fault_set(&r->fault, ERR_BAD_INPUT, "identity",
		                 "must be %d to %d letters, digits and -", IDENTITY_MIN,
		                 IDENTITY_SIZE - 1);
	return identity_close(tx->keys, r->identity, row);
}

static enum err take_words(struct customer_edit *r)
{
	struct customer_row *row = &r->row;

	if (r->kind) {
		if (strcmp(r->kind, "person") != 0 && strcmp(r->kind, "company") != 0)
			return fault_set(&r->fault, ERR_BAD_INPUT, "kind", "person or company");
		snprintf(row->kind, sizeof row->kind, "%s", r->kind);
	}
	if (r->lang) {
		if (strcmp(r->lang, "zh-CN") != 0 && strcmp(r->lang, "en") != 0)
			return fault_set(&r->fault, ERR_BAD_INPUT, "lang", "zh-CN or en");
		snprintf(row->lang, sizeof row->lang, "%s", r->lang);
	}
	return ERR_NONE;
}

static enum err take_texts(struct customer_edit *r)
{
	struct customer_row *row = &r->row;
	enum err err = take_words(r);

	if (!err && r->code) {
		err = fault_text(&r->fault, "code", r->code, TEXT_LINE, 1, CODE_CHARS);
		if (!err)
			snprintf(row->code, sizeof row->code, "%s", r->code);
	}
	if (!err && r->name) {
		err = fault_text(&r->fault, "name", r->name, TEXT_LINE, 1, NAME_CHARS);
		if (!err)
			snprintf(row->name, sizeof row->name, "%s", r->name);
	}
	if (!err && r->note) {
		err = fault_text(&r->fault, "note", r->note, TEXT_LINES, 0, NOTE_CHARS);
		if (!err)
			snprintf(row->note, sizeof row->note, "%s", r->note);
	}
	return err;
}

static const struct customer_phone *phone_find(const struct customer_row *row, int64_t phone_id)
{
	for (size_t i = 0; i < row->phone_count; i++)
		if (row->phone[i].phone_id == phone_id)
			return &row->phone[i];
	return NULL;
}

static enum err take_phone(struct customer_edit *r, const struct customer_row *before,
                           const struct phone_edit *edit, struct customer_phone *phone)
{
	const struct customer_phone *old = NULL;
	enum err err = ERR_NONE;

	if (edit->phone_id) {
		old = phone_find(before, edit->phone_id);
		if (!old || phone_find(&r->row, edit->phone_id))
			return fault_set(&r->fault, ERR_BAD_INPUT, "phones",
			                 "no phone of this id, or twice");
		*phone = *old;
	}
	if (edit->number) {
		if (phone_normal(edit->number, phone->phone))
			return fault_set(&r->fault, ERR_BAD_INPUT, "phones",
			                 "a number has 3 to 20 digits, and may begin with +");
	} else if (!old) {
		return fault_set(&r->fault, ERR_BAD_INPUT, "phones", "a new one needs a number");
	}
	if (edit->label) {
		err = fault_text(&r->fault, "phones", edit->label, TEXT_LINE, 0, PHONE_LABEL_CHARS);
		if (!err)
			snprintf(phone->label, sizeof phone->label, "%s", edit->label);
	}
	phone->main = edit->main;
	return err;
}

/* New phones get numbers above all that the customer has now. */
static void number_phones(struct customer_row *row, const struct customer_row *before)
{
	int64_t next = 1;

	for (size_t i = 0; i < before->phone_count; i++)
		if (before->phone[i].phone_id >= next)
			next = before->phone[i].phone_id + 1;
	for (size_t i = 0; i < row->phone_count; i++)
		if (!row->phone[i].phone_id)
			row->phone[i].phone_id = next++;
}

static enum err take_phones(struct customer_edit *r, const struct customer_row *before)
{
	struct customer_row *row = &r->row;
	unsigned mains = 0;
	enum err err = ERR_NONE;

	if (r->phone_count > CUSTOMER_PHONES_MAX)
		return fault_set(&r->fault, ERR_BAD_INPUT, "phones", "at most %d",
		                 CUSTOMER_PHONES_MAX);
	row->phone_count = 0;
	for (size_t i = 0; !err && i < r->phone_count; i++) {
		struct customer_phone phone = {0};

		err = take_phone(r, before, &r->phone[i], &phone);
		mains += phone.main;
		row->phone[row->phone_count++] = phone;
	}
	if (!err && r->phone_count && mains != 1)
		return fault_set(&r->fault, ERR_BAD_INPUT, "phones", "exactly one is the main one");
	number_phones(row, before);
	return err;
}

static enum err take_values(struct tx *tx, struct customer_edit *r,
                            const struct customer_row *before, int64_t now_ms)
{
	int64_t running = 0;
	struct customer_places places;
	enum err err = take_texts(r);

	if (!err && r->identity)
		err = take_identity(tx, r);
	if (!err && r->has_phones)
		err = take_phones(r, before);
	if (err || !r->has_archived)
		return err;
	if (r->archived) {
		err = customer_places(tx->db, r->property_id, r->customer_id, now_ms / 1000,
		                      &places);
		running = !err && places.place[0].space[0] != SPACE_NOWHERE;
	}
	if (running)
		return fault_set(&r->fault, ERR_REFUSED, "archived",
		                 "he has a lease that runs or will run");
	r->row.archived_s = !r->archived         ? 0
	                    : before->archived_s ? before->archived_s
	                                         : now_ms / 1000;
	return err;
}

/* ---- the audit: it keeps what it has for ever, so it gets nothing whole ---- */

static void shown_name(const struct customer_row *row, char *to, size_t size)
{
	if (strcmp(row->kind, "person") == 0)
		mask_name(to, size, row->name);
	else
		snprintf(to, size, "%s", row->name);
}

/* A code is typed by people, and some type the name. */
static void shown_code(const struct customer_row *row, char *to, size_t size)
{
	if (strcmp(row->kind, "person") == 0)
		mask_name(to, size, row->code);
	else
		snprintf(to, size, "%s", row->code);
}

/* "138****1234, 139****5678" */
static void shown_phones(const struct customer_row *row, char *to, size_t size)
{
	size_t len = 0;

	to[0] = '\0';
	for (size_t i = 0; i < row->phone_count; i++) {
		char masked[PHONE_SIZE];

		mask_phone(masked, sizeof masked, row->phone[i].phone);
		len += (size_t)snprintf(to + len, size - len, "%s%s", len ? ", " : "", masked);
	}
}

static bool phones_differ(const struct customer_row *a, const struct customer_row *b)
{
	if (a->phone_count != b->phone_count)
		return true;
	for (size_t i = 0; i < a->phone_count; i++)
		if (strcmp(a->phone[i].phone, b->phone[i].phone) != 0 ||
		    strcmp(a->phone[i].label, b->phone[i].label) != 0 ||
		    a->phone[i].main != b->phone[i].main)
			return true;
	return false;
}

static bool identity_differs(const struct customer_row *a, const struct customer_row *b)
{
	return a->has_identity != b->has_identity ||
	       (a->has_identity &&
	        memcmp(a->identity_wrapped, b->identity_wrapped, sizeof a->identity_wrapped) != 0);
}

enum err customer_note(struct tx *tx, const struct actor *actor, const char *action,
                       const struct customer_row *before, const struct customer_row *after,
                       int64_t now_ms)
{
	struct audit_entry entry = {
	        .property_id = after->property_id, .action = action, .detail = ""};
	char name[2][CUSTOMER_NAME_SIZE], phones[2][CUSTOMER_PHONES_MAX * (PHONE_SIZE + 2)];
	char code[2][CUSTOMER_CODE_SIZE];
	struct change change;
	char object[64];

	shown_name(after, name[1], sizeof name[1]);
	shown_code(after, code[1], sizeof code[1]);
	shown_phones(after, phones[1], sizeof phones[1]);
	if (before) {
		shown_code(before, code[0], sizeof code[0]);
		shown_name(before, name[0], sizeof name[0]);
		shown_phones(before, phones[0], sizeof phones[0]);
	}
	change_begin(&change);
	change_masked(&change, "code", !before || strcmp(before->code, after->code) != 0,
	              before ? code[0] : NULL, code[1]);
	change_text(&change, "kind", before ? before->kind : NULL, after->kind);
	change_masked(&change, "name", !before || strcmp(before->name, after->name) != 0,
	              before ? name[0] : NULL, name[1]);
	change_masked(&change, "phones", !before || phones_differ(before, after),
	              before ? phones[0] : NULL, phones[1]);
	change_masked(&change, "identity", !before || identity_differs(before, after),
	              before ? before->identity_masked : NULL, after->identity_masked);
	change_text(&change, "lang", before ? before->lang : NULL, after->lang);
	change_length(&change, "note_characters", before ? before->note : NULL, after->note);
	change_int(&change, "archived", before ? before->archived_s != 0 : 0,
	           after->archived_s != 0);
	snprintf(object, sizeof object, "customer %lld", (long long)after->customer_id);
	entry.object = object;
	return change_note(&change, tx, actor, &entry, now_ms);
}

static enum err code_taken(struct customer_edit *r, enum err err)
{
	if (err != ERR_DUP)
		return err;
	return fault_set(&r->fault, ERR_DUP, "code", "is taken in this property");
}

static enum err customer_create(struct tx *tx, struct customer_edit *r, int64_t now_ms)
{
	struct customer_row *row = &r->row, none = {.property_id = r->property_id};
	struct property_row property;
	struct place place;
	enum err err = place_of_space(tx->db, r->property_id, 0, &place);

	if (!err)
		err = access_require(tx, &r->actor, PERMISSION_CUSTOMER_WRITE, &place, now_ms);
	if (!err)
		err = property_open(tx, r->property_id, &property, &r->fault);
	if (!err && !r->name)
		err = fault_set(&r->fault, ERR_BAD_INPUT, "name", "is missing");
	if (!err)
		err = sequence_next(tx->db, "customer", &row->customer_id);
	if (err)
		return err;
	row->property_id = r->property_id;
	row->created_s = now_ms / 1000;
	snprintf(row->kind, sizeof row->kind, "person");
	snprintf(row->lang, sizeof row->lang, "zh-CN");
	snprintf(row->code, sizeof row->code, "C%06lld", (long long)row->customer_id);
	err = take_values(tx, r, &none, now_ms);
	if (!err)
		err = code_taken(r, customer_insert(tx->db, row));
	if (!err)
		err = customer_get(tx->db, r->property_id, row->customer_id, row);
	return err ? err : customer_note(tx, &r->actor, "customer.create", NULL, row, now_ms);
}

enum err customer_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct customer_edit *r = arg;
	struct property_row property;
	struct customer_row before;
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	memset(&r->row, 0, sizeof r->row);
	if (!r->customer_id)
		return customer_create(tx, r, now_ms);
	err = customer_get(tx->db, r->property_id, r->customer_id, &before);
	if (!err)
		err = customer_require(tx, &r->actor, PERMISSION_CUSTOMER_WRITE, r->property_id,
		                       r->customer_id, now_ms);
	if (!err)
		err = property_open(tx, r->property_id, &property, &r->fault);
	if (err)
		return err;
	if (before.version != r->version)
		return ERR_CONFLICT;
	if (before.erased_s)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "the person was erased");
	r->row = before;
	err = take_values(tx, r, &before, now_ms);
	if (!err)
		err = code_taken(r, customer_update(tx->db, &r->row));
	return err ? err : customer_note(tx, &r->actor, "customer.edit", &before, &r->row, now_ms);
}

enum err customer_reveal_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct customer_reveal *r = arg;
	char object[64];
	enum err err;

	(void)out;
	r->fault = (struct fault){0};
	err = customer_get(tx->db, r->property_id, r->customer_id, &r->row);
	if (!err)
		err = customer_require(tx, &r->actor, PERMISSION_CUSTOMER_REVEAL, r->property_id,
		                       r->customer_id, now_ms);
	if (!err && !r->actor.reason[0])
		err = fault_set(&r->fault, ERR_BAD_INPUT, "reason", "is missing");
	if (!err)
		err = identity_open(tx->keys, &r->row, r->identity);
	if (err)
		return err;
	snprintf(object, sizeof object, "customer %lld", (long long)r->customer_id);
	return audit_note(tx, &r->actor, r->property_id, "customer.reveal", object,
	                  r->identity[0] ? "phones and id number" : "phones", now_ms);
}

void customer_search(struct customer_filter *filter, bool reveal)
{
	char phone[PHONE_SIZE];
	size_t digits;

	if (!filter->ask.search[0] || phone_normal(filter->ask.search, phone))
		return;
	digits = strlen(phone);
	if (reveal || digits <= PHONE_SHOWN_DIGITS)
		memcpy(filter->phone_end, phone, sizeof phone);
	else if (digits >= PHONE_WHOLE_DIGITS)
		memcpy(filter->phone, phone, sizeof phone);
}

bool customer_search_is_number(const char *text)
{
	char phone[PHONE_SIZE];

	return phone_normal(text, phone) == ERR_NONE && strlen(phone) >= PHONE_WHOLE_DIGITS;
}
