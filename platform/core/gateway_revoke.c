#include "platform/core/gateway_revoke.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/json_out.h"
#include "platform/core/staff.h"

static enum err ask(struct tx *tx, struct gateway_cut *cut, const struct place *place,
                    int64_t now_ms)
{
	struct json_out body;
	char object[64];
	enum err err = ERR_NOMEM;

	json_out_init(&body);
	out_object(&body, NULL);
	out_text(&body, "gateway", cut->name);
	out_object_end(&body);
	snprintf(object, sizeof object, "gateway %s", cut->name);
	if (!body.failed)
		err = approval_ask(tx,
		                   &(struct approval_ask){.actor = &cut->actor,
		                                          .kind = &approval_kind_gateway_revoke,
		                                          .place = place,
		                                          .body = body.data,
		                                          .body_len = body.len,
		                                          .count = 1,
		                                          .object = object},
		                   now_ms, &cut->approval_id);
	json_out_free(&body);
	return err;
}

static enum err revoke(struct tx *tx, const struct actor *actor, const char *name, int64_t now_ms,
                       struct effects *out)
{
	struct gateway_request request = {.actor = *actor};
	struct effect *effect;
	enum err err;

	snprintf(request.name, sizeof request.name, "%s", name);
	err = gateway_revoke_step(tx, &request, now_ms, out);
	if (err)
		return err;
	effect = effects_add(out, EFFECT_GATEWAY);
	if (!effect)
		return ERR_NOMEM;
	effect->u.gateway = request.row;
	return ERR_NONE;
}

enum err gateway_cut_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct gateway_cut *cut = arg;
	struct gateway_row row;
	struct place place;
	bool second = false;
	enum err err;

	cut->approval_id = 0;
	if (!cut->actor.reason[0])
		return ERR_BAD_INPUT;
	err = gateway_by_name(tx->db, cut->name, &row);
	if (!err)
		err = place_of_space(tx->db, row.property_id, 0, &place);
	if (!err)
		err = access_require(tx, &cut->actor, PERMISSION_GATEWAY_WRITE, &place, now_ms);
	if (!err && row.revoked_s)
		err = ERR_REFUSED;
	if (!err && !cut->actor.local)
		err = staff_second_person(tx, &cut->actor, &approval_kind_gateway_revoke, &place,
		                          now_ms, &second);
	if (err)
		return err;
	return second ? ask(tx, cut, &place, now_ms)
	              : revoke(tx, &cut->actor, cut->name, now_ms, out);
}

static enum err revoke_run(struct tx *tx, const struct actor *requester,
                           const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                           int64_t now_ms, struct effects *out)
{
	json_t *json = json_loadb(row->body, row->body_len, 0, NULL);
	const char *text = json_string_value(json_object_get(json, "gateway"));
	char name[SLUG_SIZE];

	snprintf(name, sizeof name, "%s", text ? text : "");
	json_decref(json);
	snprintf(result, APPROVAL_RESULT_SIZE, "gateway %s is revoked", name);
	return revoke(tx, requester, name, now_ms, out);
}

const struct approval_kind approval_kind_gateway_revoke = {
        .word = "gateway-revoke",
        .zh = "吊销网关",
        .en = "revoke a gateway",
        .permission = PERMISSION_GATEWAY_WRITE,
        .run = revoke_run,
};
