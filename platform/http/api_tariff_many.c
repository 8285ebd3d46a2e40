/* Tariffs of a group, and tariffs assigned to many meters or properties. */
#include <stdio.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/tariff_roster.h"
#include "platform/http/act.h"
#include "platform/http/roster_show.h"

/* ---- of the group: the same handlers, at a place without a property ---- */

#define SAME(name, as)                                                                             \
	void name(struct request *request)                                                         \
	{                                                                                          \
		as(request);                                                                       \
	}

SAME(group_tariffs_list, tariffs_list)
SAME(group_tariff_create, tariff_create)
SAME(group_tariff_show, tariff_show)
SAME(group_tariff_edit, tariff_edit)
SAME(group_tariff_versions_list, tariff_versions_list)
SAME(group_tariff_version_create, tariff_version_create)
SAME(group_tariff_version_show, tariff_version_show)
SAME(group_tariff_version_edit, tariff_version_edit)
SAME(group_tariff_version_publish, tariff_version_publish)
SAME(group_tariff_version_withdraw, tariff_version_withdraw)

/* ---- to properties ---- */

struct group_act {
	struct act act;
	struct tariff_group_assign assign;
};

static enum err group_step(struct tx *tx, void *act, int64_t now_ms, struct effects *out)
{
	return tariff_group_assign_step(tx, &((struct group_act *)act)->assign, now_ms, out);
}

static void write_group(struct json_out *out, const void *arg)
{
	const struct tariff_group_assign *assign = &((const struct group_act *)arg)->assign;

	out_object(out, NULL);
	out_int(out, "count", (int64_t)assign->count);
	out_int(out, "refused", (int64_t)assign->refused);
	out_array(out, "items");
	for (size_t i = 0; i < assign->count; i++) {
		const struct tariff_group_item *item = &assign->item[i];

		out_object(out, NULL);
		out_text(out, "property", item->slug);
		out_text(out, "error", item->err ? err_word(item->err) : "");
		out_text(out, "detail", item->err ? item->fault.why : "");
		out_object_end(out);
	}
	out_array_end(out);
	out_object_end(out);
}

void group_tariff_assign(struct request *request)
{
	const struct body_group_tariff_use *body = group_tariff_assign_body(request);
	struct group_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = group_step,
	                        .fault = &act->assign.fault,
	                        .write = write_group,
	                        .status = 201};
	act->assign.group_id = request->place.group_id;
	act->assign.tariff_id = body->tariff;
	act->assign.from_s = body->from_s;
	act->assign.named = body->has_only ? body->only : NULL;
	act->assign.named_count = body->has_only ? body->only_count : 0;
	actor_fill(&act->assign.actor, request, body->reason);
	act_run(request, &act->act);
}

/* ---- to meters ---- */

void tariff_uses_assign(struct request *request)
{
	const struct body_tariff_uses_assign *body = tariff_uses_assign_body(request);
	struct roster_request *roster = request_alloc(request, sizeof *roster);

	if (!roster) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!roster_chooses(request, "meters", body->has_meters,
	                    body->has_spaces || body->has_use || (body->has_all && body->all)))
		return;
	roster->kind = &roster_tariff_assign;
	tariff_act_write(body->null_tariff ? 0 : body->tariff, body->from_s, roster->body);
	roster->object = body->has_meters ? body->meters : NULL;
	roster->count = body->has_meters ? body->meters_count : 0;
	roster->spaces = body->has_spaces ? body->spaces : NULL;
	roster->space_count = body->has_spaces ? body->spaces_count : 0;
	utf8_copy(roster->select.meter_use, sizeof roster->select.meter_use,
	          body->has_use ? body->use : "");
	roster_ask(request, roster, body->reason);
}
