#include "platform/core/plan.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/change.h"
#include "platform/store/supply.h"

static const struct {
	const char *word;
	int64_t min, max, builtin;
} values[] = {

#define X(id, name, min, max, builtin) [PLAN_##id] = {#name, min, max, builtin},
        PLAN_VALUES(X)
#undef X
};

bool plan_code_valid(const char *code)
{
	size_t len = strspn(code, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len < PLAN_CODE_SIZE && !code[len];
}

const char *plan_value_word(enum plan_value value)
{
	return values[value].word;
}

bool plan_value_is_flag(enum plan_value value)
{
	return value == PLAN_ALARM2_TRIPS || value == PLAN_FRIENDLY_HOURS;
}

/* ---- what holds ---- */

static void builtin(struct plan_effective *plan, const char *code)
{
	memset(plan, 0, sizeof *plan);
	snprintf(plan->code, sizeof plan->code, "%s", code);
	snprintf(plan->name, sizeof plan->name, "%s", code);
	for (size_t i = 0; i < PLAN_VALUE_COUNT; i++)
		plan->value[i] = values[i].builtin;
}

static void lay_over(struct plan_effective *plan, const struct plan_row *row, enum source source)
{
	if (row->has_name) {
		snprintf(plan->name, sizeof plan->name, "%s", row->name);
		plan->name_source = source;
	}
	for (size_t i = 0; i < PLAN_VALUE_COUNT; i++) {
		if (!row->set[i])
			continue;
		plan->value[i] = row->value[i];
		plan->source[i] = source;
	}
}

static enum err lay_level(struct db *db, struct plan_effective *plan, int64_t property_id,
                          int64_t group_id, bool *found)
{
	struct plan_row row;
	enum err err = plan_get(db, property_id, group_id, plan->code, &row);

	plan->version = 0;
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	*found = true;
	plan->version = row.version;
	lay_over(plan, &row, property_id ? SOURCE_PROPERTY : SOURCE_GROUP);
	return ERR_NONE;
}

enum err plan_effective(struct db *db, int64_t property_id, int64_t group_id, const char *code,
                        struct plan_effective *plan)
{
	bool found = strcmp(code, PLAN_DEFAULT) == 0;
	enum err err;

	builtin(plan, code);
	err = lay_level(db, plan, 0, group_id, &found);
	if (!err && property_id)
		err = lay_level(db, plan, property_id, group_id, &found);
	return err ? err : found ? ERR_NONE : ERR_NOT_FOUND;
}

enum err plan_known(struct db *db, int64_t property_id, int64_t group_id, const char *code,
                    bool *known)
{
	struct plan_effective plan;
	enum err err = ERR_NOT_FOUND;

	if (plan_code_valid(code))
		err = plan_effective(db, property_id, group_id, code, &plan);
	*known = err == ERR_NONE;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* ---- edits ---- */

static enum err check_sense(struct fault *fault, const struct plan_effective *plan,
                            const char *whose)
{
	if (plan->value[PLAN_ALARM2] > plan->value[PLAN_ALARM1])
		return fault_set(fault, ERR_BAD_INPUT, "alarm2_fen",
		                 "must not be above alarm1_fen%s", whose);
	if (plan->value[PLAN_HOARDING] &&
	    plan->value[PLAN_HOARDING] <= plan->value[PLAN_ALLOW_CLOSE])
		return fault_set(fault, ERR_BAD_INPUT, "hoarding_fen",
		                 "must be above allow_close_fen%s: nobody could close again",
		                 whose);
	return ERR_NONE;
}

struct below {
	struct plan_effective group;
	struct fault *fault;
	enum err err;
};

static void check_one_below(void *arg, const struct plan_row *row)
{
	struct below *below = arg;
	struct plan_effective plan = below->group;

	if (below->err)
		return;
	lay_over(&plan, row, SOURCE_PROPERTY);
	below->err = check_sense(below->fault, &plan, " in a property that overrides a part");
}

static enum err check_result(struct tx *tx, struct plan_edit *r)
{
	struct below below = {.fault = &r->fault};
	enum err err = plan_effective(tx->db, r->property_id, r->group_id, r->code, &r->plan);

	if (err == ERR_NOT_FOUND)
		return ERR_NONE; /* the last row of it went */
	if (!err)
		err = check_sense(&r->fault, &r->plan, "");
	if (err || r->property_id)
		return err;
	below.group = r->plan;
	err = plan_below(tx->db, r->group_id, r->code, check_one_below, &below);
	return err ? err : below.err;
}

static enum err take_values(struct plan_edit *r, struct plan_row *row)
{
	enum err err = ERR_NONE;

	if (r->has_name) {
		row->has_name = r->name != NULL;
		if (r->name)
			err = fault_text(&r->fault, "name", r->name, TEXT_LINE, 1, NAME_CHARS);
		if (!err)
			snprintf(row->name, sizeof row->name, "%s", r->name ? r->name : "");
	}
	for (size_t i = 0; !err && i < PLAN_VALUE_COUNT; i++) {
		if (!r->has[i])
			continue;
		if (r->set[i] && (r->value[i] < values[i].min || r->value[i] > values[i].max))
			return fault_set(&r->fault, ERR_BAD_INPUT, values[i].word,
			                 "must be %lld to %lld", (long long)values[i].min,
			                 (long long)values[i].max);
		row->set[i] = r->set[i];
		row->value[i] = r->set[i] ? r->value[i] : 0;
	}
	return err;
}

enum err plan_check_values(struct fault *fault, const struct plan_effective *plan)
{
	for (size_t i = 0; i < PLAN_VALUE_COUNT; i++)
		if (plan->value[i] < values[i].min || plan->value[i] > values[i].max)
			return fault_set(fault, ERR_BAD_INPUT, values[i].word,
			                 "must be %lld to %lld", (long long)values[i].min,
			                 (long long)values[i].max);
	return check_sense(fault, plan, "");
}

/* With the right, and the level's own row; version 0: it has none. */
static enum err plan_begin(struct tx *tx, struct plan_edit *r, struct plan_row *row, int64_t now_ms)
{
	struct place place = {.group_id = r->group_id, .property_id = r->property_id};
	enum err err = access_require(tx, &r->actor, PERMISSION_PLAN_WRITE, &place, now_ms);

	r->fault = (struct fault){0};
	if (!err)
		err = owner_open(tx, r->group_id, r->property_id, &r->fault);
	if (err)
		return err;
	if (!plan_code_valid(r->code))
		return ERR_NOT_FOUND; /* it stands in the path */
	err = plan_get(tx->db, r->property_id, r->group_id, r->code, row);
	if (err == ERR_NOT_FOUND) {
		memset(row, 0, sizeof *row);
		row->property_id = r->property_id;
		row->group_id = r->group_id;
		snprintf(row->code, sizeof row->code, "%s", r->code);
		err = ERR_NONE;
	}
	return !err && row->version != r->version ? ERR_CONFLICT : err;
}

static enum err note(struct tx *tx, const struct plan_edit *r, const char *action,
                     const struct plan_row *before, const struct plan_row *after, int64_t now_ms)
{
	struct audit_entry entry = {.property_id = r->property_id,
	                            .group_id = r->group_id,
	                            .action = action,
	                            .detail = ""};
	struct change change;
	char object[64];

	change_begin(&change);
	change_text(&change, "name", before->has_name ? before->name : NULL,
	            after->has_name ? after->name : NULL);
	for (size_t i = 0; i < PLAN_VALUE_COUNT; i++)
		change_int(&change, values[i].word, before->set[i] ? before->value[i] : CHANGE_NONE,
		           after->set[i] ? after->value[i] : CHANGE_NONE);
	snprintf(object, sizeof object, "alarm plan %s", r->code);
	entry.object = object;
	return change_note(&change, tx, &r->actor, &entry, now_ms);
}

enum err plan_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct plan_edit *r = arg;
	struct plan_row before, row;
	enum err err = plan_begin(tx, r, &before, now_ms);

	(void)out;
	if (err)
		return err;
	row = before;
	err = take_values(r, &row);
	if (!err)
		err = plan_put(tx->db, &row);
	if (!err)
		err = check_result(tx, r);
	if (!err)
		err = supply_accounts_touch(tx->db, r->group_id, r->property_id, now_ms / 1000);
	return err ? err : note(tx, r, "alarm_plan.edit", &before, &row, now_ms);
}

enum err plan_delete_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct plan_edit *r = arg;
	struct plan_row row, none = {0};
	int64_t uses = 0;
	bool known = false;
	enum err err = plan_begin(tx, r, &row, now_ms);

	(void)out;
	if (!err && !row.version)
		err = ERR_NOT_FOUND;
	if (!err)
		err = plan_delete(tx->db, &row);
	if (!err)
		err = check_result(tx, r);
	if (!err)
		err = plan_known(tx->db, r->property_id, r->group_id, r->code, &known);
	if (!err && !known)
		err = plan_uses(tx->db, r->property_id, r->group_id, r->code, &uses);
	if (!err && uses)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "a property uses it");
	if (!err)
		err = supply_accounts_touch(tx->db, r->group_id, r->property_id, now_ms / 1000);
	return err ? err : note(tx, r, "alarm_plan.delete", &row, &none, now_ms);
}
