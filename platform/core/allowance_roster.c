/* Allowances given to and cleared of many accounts: kinds of rosters. */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/allowance.h"
#include "platform/core/allowance_roster.h"
#include "platform/core/json_out.h"

void allowance_act_write(const struct allowance_terms *terms, char body[ROSTER_BODY_SIZE])
{
	struct json_out out;

	json_out_init(&out);
	out_object(&out, NULL);
	out_text(&out, "kind", allowance_kind_word(terms->kind));
	out_text(&out, "service", service_word(terms->service));
	out_text(&out, "source", terms->source);
	out_text(&out, "period", allowance_period_word(terms->period));
	out_int(&out, "amount", terms->amount);
	out_int(&out, "cap", terms->cap);
	out_int(&out, "from_s", terms->from_s);
	if (terms->until_s == INT64_MAX)
		out_null(&out, "until_s");
	else
		out_int(&out, "until_s", terms->until_s);
	out_object_end(&out);
	snprintf(body, ROSTER_BODY_SIZE, "%s", json_out_string(&out));
	json_out_free(&out);
}

void allowance_clear_write(const char *source, char body[ROSTER_BODY_SIZE])
{
	struct json_out out;

	json_out_init(&out);
	out_object(&out, NULL);
	out_text(&out, "source", source); /* NULL: null */
	out_object_end(&out);
	snprintf(body, ROSTER_BODY_SIZE, "%s", json_out_string(&out));
	json_out_free(&out);
}

static const char *text_of(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text ? text : "";
}

bool allowance_act_read(const char *body, struct allowance_terms *terms)
{
	json_t *json = json_loads(body, 0, NULL);
	bool read = json != NULL;

	*terms = (struct allowance_terms){.amount = 0};
	read = read && allowance_kind_parse(text_of(json, "kind"), &terms->kind) &&
	       allowance_period_parse(text_of(json, "period"), &terms->period) &&
	       service_parse(text_of(json, "service"), &terms->service);
	snprintf(terms->source, sizeof terms->source, "%s", text_of(json, "source"));
	terms->amount = json_integer_value(json_object_get(json, "amount"));
	terms->cap = json_integer_value(json_object_get(json, "cap"));
	terms->from_s = json_integer_value(json_object_get(json, "from_s"));
	terms->until_s = json_is_null(json_object_get(json, "until_s"))
	                         ? INT64_MAX
	                         : json_integer_value(json_object_get(json, "until_s"));
	json_decref(json);
	return read;
}

static enum err check_give(struct tx *tx, const struct roster_row *row, struct fault *fault,
                           int64_t now_ms)
{
	struct allowance_terms terms;

	(void)tx;
	(void)now_ms;
	return allowance_act_read(row->body, &terms) ? allowance_check(&terms, fault)
	                                             : ERR_BAD_INPUT;
}

static enum err run_give(struct tx *tx, const struct roster_row *row, const struct actor *actor,
                         struct roster_item *item, struct fault *fault, int64_t now_ms,
                         struct effects *out)
{
	struct allowance_give give = {
	        .actor = *actor, .property_id = row->property_id, .account_id = item->object_id};
	enum err err = allowance_act_read(row->body, &give.terms)
	                       ? allowance_give_step(tx, &give, now_ms, out)
	                       : ERR_BAD_INPUT;

	*fault = give.fault;
	item->result = give.row.allowance_id;
	return err;
}

static enum err check_clear(struct tx *tx, const struct roster_row *row, struct fault *fault,
                            int64_t now_ms)
{
	(void)tx;
	(void)row;
	(void)fault;
	(void)now_ms;
	return ERR_NONE;
}

static enum err run_clear(struct tx *tx, const struct roster_row *row, const struct actor *actor,
                          struct roster_item *item, struct fault *fault, int64_t now_ms,
                          struct effects *out)
{
	json_t *json = json_loads(row->body, 0, NULL);
	const char *source = json_string_value(json_object_get(json, "source"));
	struct allowance_clear clear = {.actor = *actor,
	                                .property_id = row->property_id,
	                                .account_id = item->object_id,
	                                .source = source};
	enum err err = json ? allowance_clear_step(tx, &clear, now_ms, out) : ERR_BAD_INPUT;

	*fault = clear.fault;
	item->result = (int64_t)clear.cleared;
	json_decref(json);
	return err;
}

const struct approval_kind approval_kind_allowances = {
        .word = "allowances",
        .zh = "批量发放或清除额度",
        .en = "give or clear allowances of many accounts",
        .permission = PERMISSION_ALLOWANCE_WRITE,
        .run = roster_agreed,
};

const struct roster_kind roster_allowance_give = {
        .word = "allowance-give",
        .permission = PERMISSION_ALLOWANCE_WRITE,
        .approval = &approval_kind_allowances,
        .check = check_give,
        .run = run_give,
};

const struct roster_kind roster_allowance_clear = {
        .word = "allowance-clear",
        .permission = PERMISSION_ALLOWANCE_WRITE,
        .approval = &approval_kind_allowances,
        .check = check_clear,
        .run = run_clear,
};
