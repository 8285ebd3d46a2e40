/* A person decides about a reading that could not be charged. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/core/change.h"
#include "platform/core/rating_parts.h"
#include "platform/core/supply.h"

bool rating_how_parse(const char *word, enum rating_how *how)
{
	static const char *const words[] = {"accept", "baseline", "quantity", "discard"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		*how = (enum rating_how)i;
		if (strcmp(words[i], word) == 0)
			return true;
	}
	return false;
}

/* What is charged from the cursor to the reading that was refused. */
static enum err decided_units(struct rating_resolve *r, const struct billing *b, int64_t *units)
{
	*units = 0;
	if (r->how == RATING_ACCEPT && b->row.fault != RATING_JUMP)
		return fault_set(&r->fault, ERR_REFUSED, "how",
		                 "the register fell: discard it, state a quantity, or begin anew");
	if (r->how == RATING_ACCEPT)
		*units = b->row.fault_units - b->row.billed_units;
	if (r->how == RATING_QUANTITY)
		*units = r->units;
	if (*units < 0)
		return fault_set(&r->fault, ERR_BAD_INPUT, "units", "must not be below 0");
	return ERR_NONE;
}

static void end_fault(struct billing *b)
{
	b->row.fault = RATING_SOUND;
	b->row.fault_s = b->row.fault_units = 0;
}

static enum err resolve_charge(struct rating_resolve *r, struct billing *b)
{
	const struct rate_mark mark = {b->row.fault_s,
	                               b->row.fault_units < 0 ? 0 : b->row.fault_units};
	const struct rate_mark from = {b->row.billed_s, b->row.billed_units};
	int64_t units;
	enum err err = decided_units(r, b, &units);

	if (!err)
		err = billing_load(b, mark.at_s);
	if (err == ERR_NOT_FOUND)
		return fault_set(&r->fault, ERR_REFUSED, "tariff", "none is in force");
	if (err)
		return err;
	b->spread = r->how == RATING_QUANTITY;
	err = billing_take_interval(b, &mark, units);
	if (!err)
		err = billing_keep_decided(b, &from);
	if (err == ERR_OVERFLOW)
		return fault_set(&r->fault, ERR_BAD_INPUT, "units", "beyond all bounds");
	end_fault(b);
	return err ? err : billing_close_days(b, false);
}

static enum err resolve(struct rating_resolve *r, struct billing *b)
{
	if (!rating_waits(b->row.fault))
		return fault_set(&r->fault, ERR_REFUSED, NULL, "nothing waits for a decision");
	if (r->how != RATING_DISCARD)
		return resolve_charge(r, b);
	end_fault(b);
	return ERR_NONE;
}

static enum err note_resolve(struct tx *tx, const struct rating_resolve *r,
                             const struct rating_row *before, int64_t now_ms)
{
	struct audit_entry entry = {.property_id = before->property_id,
	                            .group_id = r->place.group_id,
	                            .action = "rating.resolve",
	                            .detail = rating_fault_word(before->fault)};
	struct change change;
	char object[48];

	change_begin(&change);
	change_int(&change, "billed_s", before->billed_s, r->row.billed_s);
	change_int(&change, "billed_units", before->billed_units, r->row.billed_units);
	change_int(&change, "step_used", before->step_used, r->row.step_used);
	change_int(&change, "how", CHANGE_NONE, r->how);
	snprintf(object, sizeof object, "meter %" PRId64, before->meter);
	entry.object = object;
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

enum err rating_resolve_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct rating_resolve *r = arg;
	struct rating_row before;
	struct rating_one one;
	enum err err = access_require(tx, &r->actor, PERMISSION_LEDGER_WRITE, &r->place, now_ms);

	r->fault = (struct fault){0};
	if (err)
		return err;
	if (!r->actor.reason[0])
		return fault_set(&r->fault, ERR_BAD_INPUT, "reason", "say why");
	err = rating_one_begin(&one, tx, r->place.property_id, r->meter, NULL, now_ms);
	before = one.b.row;
	if (!err && !before.account_id)
		err = ERR_NOT_FOUND;
	if (!err && before.version != r->version)
		err = ERR_CONFLICT;
	if (!err)
		err = resolve(r, &one.b);
	if (!err)
		err = rating_batch_post(&one.batch);
	if (!err)
		err = rating_put(tx->db, &one.b.row, &one.open);
	r->row = one.b.row;
	rating_one_end(&one);
	if (!err)
		err = note_resolve(tx, r, &before, now_ms);
	if (err)
		return err;
	err = supply_consider(tx, before.property_id, before.account_id, false, now_ms, out);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}
