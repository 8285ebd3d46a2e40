#include "platform/core/account.h"

#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/change.h"
#include "platform/core/customer.h"
#include "platform/core/supply.h"
#include "platform/store/info.h"
#include "platform/store/meter.h"

/* ---- who may ---- */

struct looking {
	struct db *db;
	const struct access *access;
	enum permission permission;
	int64_t now_s;
	bool open_only;
	/* answers */
	size_t meters;
	bool one, all; /* allowed at one, at all of the places */
	bool seen;     /* the account may be read at one of them */
	enum err err;
};

static void look_at(struct looking *look, const struct place *place)
{
	bool allowed = access_allows(look->access, look->permission, place, look->now_s);

	look->one |= allowed;
	look->all &= allowed;
	look->seen |= access_allows(look->access, PERMISSION_ACCOUNT_READ, place, look->now_s);
}

static bool look_at_meter(void *arg, const struct account_meter *use)
{
	struct looking *look = arg;
	struct meter_row meter;
	struct place place;

	look->err = meter_get(look->db, use->property_id, use->meter, &meter);
	if (!look->err)
		look->err = place_of_object(look->db, use->property_id, meter.space_id, &place);
	if (look->err == ERR_NOT_FOUND) { /* a meter that was removed is nowhere */
		look->err = ERR_NONE;
		return true;
	}
	if (look->err)
		return false;
	look->meters++;
	look_at(look, &place);
	return true;
}

/* The places of its open uses; of all its uses when none is open; of its customer when it never had
 * any. */
static enum err look(struct looking *look, const struct account_row *row)
{
	struct customer_places places;
	enum err err;

	look->all = true;
	err = account_meters(look->db, row->property_id, row->account_id, true, look_at_meter,
	                     look);
	if (!err && !look->err && !look->meters)
		err = account_meters(look->db, row->property_id, row->account_id, false,
		                     look_at_meter, look);
	if (!err)
		err = look->err;
	if (err || look->meters)
		return err;
	err = customer_places(look->db, row->property_id, row->customer_id, look->now_s, &places);
	for (size_t i = 0; !err && i < places.count; i++)
		look_at(look, &places.place[i]);
	return err;
}

enum err account_shows(struct db *db, const struct access *access, enum permission permission,
                       const struct account_row *row, int64_t now_s, bool *shows)
{
	struct looking looking = {
	        .db = db, .access = access, .permission = permission, .now_s = now_s};
	enum err err = look(&looking, row);

	*shows = looking.one;
	return err;
}

enum err account_require(struct tx *tx, const struct actor *actor, enum permission permission,
                         const struct account_row *row, int64_t now_ms)
{
	struct access access;
	struct looking looking = {
	        .db = tx->db, .access = &access, .permission = permission, .now_s = now_ms / 1000};
	enum err err;

	if (actor->local)
		return ERR_NONE;
	err = access_load(tx->db, actor, now_ms / 1000, &access);
	if (err)
		return err == ERR_AUTH ? ERR_FORBIDDEN : err;
	err = look(&looking, row);
	if (err)
		return err;
	return looking.one && looking.all ? ERR_NONE : looking.seen ? ERR_FORBIDDEN : ERR_HIDDEN;
}

enum err account_begin(struct tx *tx, struct account_act *act, enum permission permission,
                       struct property_row *property, int64_t now_ms)
{
	enum err err = account_get(tx->db, act->property_id, act->account_id, &act->row);

	act->fault = (struct fault){0};
	if (!err)
		err = account_require(tx, &act->actor, permission, &act->row, now_ms);
	if (!err)
		err = property_open(tx, act->property_id, property, &act->fault);
	if (err)
		return err;
	return act->row.version == act->version ? ERR_NONE : ERR_CONFLICT;
}

enum err account_meter_named(struct tx *tx, struct account_act *act, enum permission permission,
                             int64_t number, int64_t now_ms)
{
	struct meter_row meter;
	struct place place;
	enum err err = meter_get(tx->db, act->property_id, number, &meter);

	if (!err)
		err = place_of_object(tx->db, act->property_id, meter.space_id, &place);
	if (!err)
		err = access_require(tx, &act->actor, permission, &place, now_ms);
	if (err == ERR_NOT_FOUND || err == ERR_HIDDEN)
		return fault_set(&act->fault, ERR_BAD_INPUT, "meters", "no meter %lld here",
		                 (long long)number);
	if (err == ERR_FORBIDDEN)
		return fault_set(&act->fault, ERR_FORBIDDEN, "meters", "no right at meter %lld",
		                 (long long)number);
	return err;
}

/* ---- the audit ---- */

static int64_t limit_of(const struct account_row *row, int i)
{
	return row->set[i] ? row->limit_fen[i] : CHANGE_NONE;
}

static enum err note(struct tx *tx, const struct account_act *act, const char *action,
                     const struct account_row *before, const char *detail, int64_t now_ms)
{
	const struct account_row *after = &act->row;
	struct audit_entry entry = {
	        .property_id = after->property_id, .action = action, .detail = detail};
	struct change change;
	char object[64];

	change_begin(&change);
	change_text(&change, "code", before ? before->code : NULL, after->code);
	change_int(&change, "customer", before ? before->customer_id : CHANGE_NONE,
	           after->customer_id);
	change_text(&change, "state", before ? account_state_word(before->state) : NULL,
	            account_state_word(after->state));
	change_text(&change, "plan", before ? before->plan_code : NULL, after->plan_code);
	for (int i = 0; i < ACCOUNT_LIMITS; i++)
		change_int(&change, plan_value_word(account_limit_value((enum account_limit)i)),
		           before ? limit_of(before, i) : CHANGE_NONE, limit_of(after, i));
	change_length(&change, "note_characters", before ? before->note : NULL, after->note);
	snprintf(object, sizeof object, "account %lld", (long long)after->account_id);
	entry.object = object;
	return change_note(&change, tx, &act->actor, &entry, now_ms);
}

enum err account_store(struct tx *tx, struct account_act *act, const char *action,
                       const struct account_row *before, const char *detail, int64_t now_ms,
                       struct effects *out)
{
	struct effect *effect;
	enum err err;

	if (before) {
		err = account_update(tx->db, &act->row);
	} else {
		err = account_insert(tx->db, &act->row);
		act->row.version = 1;
	}
	if (err == ERR_DUP)
		return fault_set(&act->fault, ERR_DUP, "code", "is taken in this property");
	if (!err)
		err = note(tx, act, action, before, detail, now_ms);
	if (err)
		return err;
	effect = effects_add(out, EFFECT_ACCOUNT);
	if (!effect)
		return ERR_NOMEM;
	effect->u.account = (struct effect_account){.property_id = act->row.property_id,
	                                            .account_id = act->row.account_id,
	                                            .state = account_state_word(act->row.state)};
	snprintf(effect->u.account.code, sizeof effect->u.account.code, "%s", act->row.code);
	snprintf(effect->u.account.change, sizeof effect->u.account.change, "%s", action);
	return ERR_NONE;
}

/* What its money wants may be another thing now. */
static enum err think_over(struct tx *tx, const struct account_act *act, int64_t now_ms,
                           struct effects *out)
{
	return supply_consider(tx, act->property_id, act->account_id, false, now_ms, out);
}

/* ---- values ---- */

static enum err want_reason(struct account_act *act)
{
	if (act->actor.reason[0])
		return ERR_NONE;
	return fault_set(&act->fault, ERR_BAD_INPUT, "reason", "is missing");
}

/* A customer whom he may see; anybody else is as one that does not exist. */
static enum err take_customer(struct tx *tx, struct account_edit *r, int64_t now_ms)
{
	struct account_act *act = &r->act;
	struct customer_row customer;
	enum err err = customer_get(tx->db, act->property_id, r->customer_id, &customer);

	if (!err)
		err = customer_require(tx, &act->actor, PERMISSION_CUSTOMER_READ, act->property_id,
		                       r->customer_id, now_ms);
	if (err == ERR_NOT_FOUND || err == ERR_HIDDEN || err == ERR_FORBIDDEN)
		return fault_set(&act->fault, ERR_BAD_INPUT, "customer", "no such customer here");
	if (!err && (customer.archived_s || customer.erased_s))
		return fault_set(&act->fault, ERR_REFUSED, "customer", "is archived");
	act->row.customer_id = r->customer_id;
	return err;
}

static enum err take_texts(struct tx *tx, struct account_edit *r,
                           const struct property_row *property)
{
	struct account_act *act = &r->act;
	enum err err = ERR_NONE;

	if (r->code) {
		err = fault_text(&act->fault, "code", r->code, TEXT_LINE, 1, CODE_CHARS);
		if (!err)
			snprintf(act->row.code, sizeof act->row.code, "%s", r->code);
	}
	if (!err && r->note) {
		err = fault_text(&act->fault, "note", r->note, TEXT_LINES, 0, ACCOUNT_NOTE_CHARS);
		if (!err)
			snprintf(act->row.note, sizeof act->row.note, "%s", r->note);
	}
	if (!err && r->plan_code) {
		bool known = true;

		if (r->plan_code[0])
			err = plan_known(tx->db, property->property_id, property->group_id,
			                 r->plan_code, &known);
		if (!err && !known)
			return fault_set(&act->fault, ERR_BAD_INPUT, "plan", "no such alarm plan");
		snprintf(act->row.plan_code, sizeof act->row.plan_code, "%s", r->plan_code);
	}
	return err;
}

static enum err take_limits(struct tx *tx, struct account_edit *r,
                            const struct property_row *property)
{
	struct account_row *row = &r->act.row;
	struct account_limits limits;
	enum err err;

	for (int i = 0; i < ACCOUNT_LIMITS; i++) {
		if (!r->has[i])
			continue;
		row->set[i] = r->set[i];
		row->limit_fen[i] = r->set[i] ? r->limit_fen[i] : 0;
	}
	err = account_limits(tx->db, property, row, &limits);
	return err ? err : plan_check_values(&r->act.fault, &limits.plan);
}

/* ---- terms ---- */

static enum err check_terms(struct account_act *act, const struct account_terms *terms)
{
	bool postpaid = terms->kind == ACCOUNT_POSTPAID;

	if (terms->kind < ACCOUNT_PAY_PER_USE || terms->kind > ACCOUNT_POSTPAID)
		return fault_set(&act->fault, ERR_BAD_INPUT, "kind", "no such kind of account");
	if (terms->fee_fen < 0 || terms->fee_fen > ACCOUNT_FEE_MAX)
		return fault_set(&act->fault, ERR_BAD_INPUT, "fee_fen", "must be 0 to %lld",
		                 (long long)ACCOUNT_FEE_MAX);
	if ((terms->kind == ACCOUNT_MONTHLY_FEE) != (terms->fee_fen > 0))
		return fault_set(&act->fault, ERR_BAD_INPUT, "fee_fen",
		                 "belongs to a monthly fee, and to nothing else");
	if (postpaid && (terms->bill_day < 1 || terms->bill_day > ACCOUNT_BILL_DAY))
		return fault_set(&act->fault, ERR_BAD_INPUT, "bill_day", "must be 1 to %d",
		                 ACCOUNT_BILL_DAY);
	if (postpaid && (terms->due_days < 1 || terms->due_days > ACCOUNT_DUE_DAYS))
		return fault_set(&act->fault, ERR_BAD_INPUT, "due_days", "must be 1 to %d",
		                 ACCOUNT_DUE_DAYS);
	if (!postpaid && (terms->bill_day || terms->due_days || terms->overdue_trips))
		return fault_set(&act->fault, ERR_BAD_INPUT,
		                 terms->bill_day   ? "bill_day"
		                 : terms->due_days ? "due_days"
		                                   : "overdue_trips",
		                 "belongs to postpaid accounts");
	return ERR_NONE;
}

static enum err put_terms(struct tx *tx, struct account_act *act, struct account_terms *terms)
{
	enum err err = check_terms(act, terms);

	terms->property_id = act->property_id;
	terms->account_id = act->row.account_id;
	snprintf(terms->by_name, sizeof terms->by_name, "%s", act->actor.who);
	return err ? err : account_terms_put(tx->db, terms);
}

/* Terms of an open account begin at a midnight that is to come: a day has one kind. */
static enum err terms_from(struct account_act *act, const struct account_terms *terms,
                           const struct property_row *property, int64_t now_s)
{
	int64_t day = property_day(property, terms->from_s);

	if (terms->from_s <= now_s || terms->from_s > now_s + 366 * SECONDS_PER_DAY)
		return fault_set(&act->fault, ERR_BAD_INPUT, "from",
		                 "must be within a year from now");
	if (property_day_start_s(property, day) != terms->from_s)
		return fault_set(&act->fault, ERR_BAD_INPUT, "from",
		                 "must be the beginning of a day");
	return ERR_NONE;
}

enum err account_terms_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct account_terms_act *r = arg;
	struct account_act *act = &r->act;
	struct property_row property;
	struct account_row before;
	char detail[96];
	enum err err = account_begin(tx, act, PERMISSION_ACCOUNT_WRITE, &property, now_ms);

	if (err)
		return err;
	before = act->row;
	if (before.state == ACCOUNT_CLOSED || before.state == ACCOUNT_CLOSING)
		return fault_set(&act->fault, ERR_REFUSED, NULL, "the account is closed");
	if (before.state == ACCOUNT_DRAFT)
		r->terms.from_s = 0; /* from its opening */
	else
		err = terms_from(act, &r->terms, &property, now_ms / 1000);
	if (!err && before.state != ACCOUNT_DRAFT)
		err = want_reason(act);
	if (err)
		return err;
	if (r->take_back)
		err = account_terms_delete(tx->db, act->property_id, act->account_id,
		                           r->terms.from_s);
	else
		err = put_terms(tx, act, &r->terms);
	if (err == ERR_NOT_FOUND)
		return fault_set(&act->fault, ERR_BAD_INPUT, "from", "no terms begin then");
	if (err)
		return err;
	snprintf(detail, sizeof detail, "%s from %lld%s",
	         r->take_back ? "terms" : account_kind_word(r->terms.kind),
	         (long long)r->terms.from_s, r->take_back ? " taken back" : "");
	err = account_store(tx, act, "account.terms", &before, detail, now_ms, out);
	return err ? err : think_over(tx, act, now_ms, out);
}

/* ---- drafts and edits ---- */

static enum err see_property(struct tx *tx, struct account_act *act, struct property_row *property,
                             int64_t now_ms)
{
	struct place place;
	enum err err = place_of_space(tx->db, act->property_id, 0, &place);

	if (!err)
		err = access_require(tx, &act->actor, PERMISSION_ACCOUNT_WRITE, &place, now_ms);
	if (err && err != ERR_FORBIDDEN)
		return err; /* where exactly, is asked of the customer's places */
	return property_open(tx, act->property_id, property, &act->fault);
}

static enum err account_draft(struct tx *tx, struct account_edit *r, int64_t now_ms,
                              struct effects *out)
{
	struct account_act *act = &r->act;
	struct account_row *row = &act->row;
	struct property_row property;
	enum err err;

	memset(row, 0, sizeof *row);
	err = see_property(tx, act, &property, now_ms);
	if (!err)
		err = sequence_next(tx->db, "account", &row->account_id);
	if (err)
		return err;
	row->property_id = act->property_id;
	row->state = ACCOUNT_DRAFT;
	row->created_s = now_ms / 1000;
	snprintf(row->code, sizeof row->code, "H%06lld", (long long)row->account_id);
	err = take_customer(tx, r, now_ms);
	if (!err)
		err = account_require(tx, &act->actor, PERMISSION_ACCOUNT_WRITE, row, now_ms);
	if (!err)
		err = take_texts(tx, r, &property);
	if (!err)
		err = take_limits(tx, r, &property);
	if (!r->has_terms)
		r->terms = (struct account_terms){.kind = ACCOUNT_PAY_PER_USE};
	r->terms.from_s = 0;
	if (!err)
		err = put_terms(tx, act, &r->terms);
	return err ? err : account_store(tx, act, "account.create", NULL, "", now_ms, out);
}

static bool edits_limits(const struct account_edit *r)
{
	bool any = r->plan_code != NULL;

	for (int i = 0; i < ACCOUNT_LIMITS; i++)
		any |= r->has[i];
	return any;
}

enum err account_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct account_edit *r = arg;
	struct account_act *act = &r->act;
	struct property_row property;
	struct account_row before;
	enum err err;

	act->fault = (struct fault){0};
	if (!act->account_id)
		return account_draft(tx, r, now_ms, out);
	err = account_begin(tx, act, PERMISSION_ACCOUNT_WRITE, &property, now_ms);
	if (err)
		return err;
	before = act->row;
	if (before.state == ACCOUNT_CLOSED)
		return fault_set(&act->fault, ERR_REFUSED, NULL, "the account is closed");
	if (before.state != ACCOUNT_DRAFT && edits_limits(r))
		err = want_reason(act);
	if (!err && r->customer_id && r->customer_id != before.customer_id) {
		if (before.state != ACCOUNT_DRAFT)
			return fault_set(
			        &act->fault, ERR_REFUSED, "customer",
			        "an open account changes its customer by an act of its own");
		err = take_customer(tx, r, now_ms);
	}
	if (!err)
		err = take_texts(tx, r, &property);
	if (!err)
		err = take_limits(tx, r, &property);
	if (!err)
		err = account_store(tx, act, "account.edit", &before, "", now_ms, out);
	return err || !edits_limits(r) ? err : think_over(tx, act, now_ms, out);
}

/* ---- states ---- */

static enum err move(struct tx *tx, struct account_act *act, enum account_state from,
                     enum account_state to, const char *action, int64_t now_ms, struct effects *out)
{
	struct property_row property;
	struct account_row before;
	enum err err = account_begin(tx, act, PERMISSION_ACCOUNT_WRITE, &property, now_ms);

	if (err)
		return err;
	before = act->row;
	if (before.state != from)
		return fault_set(&act->fault, ERR_REFUSED, NULL, "the account is %s, not %s",
		                 account_state_word(before.state), account_state_word(from));
	err = want_reason(act);
	if (err)
		return err;
	act->row.state = to;
	if (to == ACCOUNT_CLOSED)
		act->row.closed_s = now_ms / 1000;
	err = account_store(tx, act, action, &before, "", now_ms, out);
	return err ? err : think_over(tx, act, now_ms, out);
}

enum err account_suspend_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return move(tx, arg, ACCOUNT_OPEN, ACCOUNT_SUSPENDED, "account.suspend", now_ms, out);
}

enum err account_resume_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return move(tx, arg, ACCOUNT_SUSPENDED, ACCOUNT_OPEN, "account.resume", now_ms, out);
}

enum err account_drop_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return move(tx, arg, ACCOUNT_DRAFT, ACCOUNT_CLOSED, "account.drop", now_ms, out);
}
