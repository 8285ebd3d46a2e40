#include "platform/core/command_batch.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/proto/command.h"
#include "platform/core/json_out.h"

#define SMALL 5 /* never a matter for two */

/* ---- which meters ---- */

struct list {
	int64_t *meter;
	size_t count, room;
	/* A selection keeps only what the actor may switch; NULL: all. */
	struct db *db;
	const struct access *access;
	int64_t property_id, now_s;
	int64_t last_space; /* of the meter before, and what was found for it */
	bool last_allowed, looked;
	struct place common; /* the narrowest place that holds all */
	enum err err;
};

static const uint64_t needed =
        PERMISSION_BIT(PERMISSION_METER_BATCH) | PERMISSION_BIT(PERMISSION_METER_COMMAND);

static bool may_switch(const struct access *access, const struct place *place, int64_t now_s)
{
	return (needed & ~access_permissions(access, place, now_s)) == 0;
}

static bool put(struct list *list, int64_t meter)
{
	if (list->count == COMMAND_BATCH_MAX) {
		list->err = ERR_TOO_LONG;
		return false;
	}
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 256;
		int64_t *more = realloc(list->meter, room * sizeof *more);

		if (!more) {
			list->err = ERR_NOMEM;
			return false;
		}
		list->meter = more;
		list->room = room;
	}
	list->meter[list->count++] = meter;
	return true;
}

/* Meters of one room follow each other, so most of them ask nothing. */
static bool look_at_space(struct list *list, int64_t space_id)
{
	struct place place;

	if (list->looked && space_id == list->last_space)
		return list->last_allowed;
	list->err = place_of_space(list->db, list->property_id, space_id, &place);
	list->last_space = space_id;
	list->last_allowed = !list->err && may_switch(list->access, &place, list->now_s);
	if (list->last_allowed && !list->count)
		list->common = place;
	else if (list->last_allowed)
		place_widen(&list->common, &place);
	list->looked = true;
	return list->last_allowed;
}

static bool take_selected(void *arg, int64_t meter, int64_t space_id)
{
	struct list *list = arg;

	if (list->access && !look_at_space(list, space_id))
		return !list->err;
	return put(list, meter);
}

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static enum err check_named(struct list *list, int64_t meter, const struct access *access)
{
	struct meter_row row;
	struct place place;
	enum err err = meter_get(list->db, list->property_id, meter, &row);

	if (!err)
		err = place_of_space(list->db, list->property_id, row.space_id, &place);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_HIDDEN : err;
	if (!access_sees(access, &place, list->now_s))
		return ERR_HIDDEN;
	if (list->access && !look_at_space(list, row.space_id))
		return list->err ? list->err : ERR_FORBIDDEN;
	return put(list, meter) ? ERR_NONE : list->err;
}

/* In the order of numbers, so that the same meters are the same act. */
static enum err take_named(struct list *list, struct command_batch_request *request,
                           const struct access *access)
{
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < request->count; i++) {
		request->bad = i;
		err = check_named(list, request->meter[i], access);
	}
	if (err)
		return err;
	qsort(list->meter, list->count, sizeof *list->meter, by_number);
	for (size_t i = 1; i < list->count; i++)
		if (list->meter[i] == list->meter[i - 1])
			return ERR_DUP;
	return ERR_NONE;
}

/* Who may switch the whole property is asked once; else each meter is. */
static enum err make_list(struct tx *tx, struct command_batch_request *request, int64_t now_ms,
                          struct list *list)
{
	struct access access;
	struct place property;
	enum err err;

	*list = (struct list){
	        .db = tx->db, .property_id = request->property_id, .now_s = now_ms / 1000};
	err = access_load(tx->db, &request->actor, list->now_s, &access);
	if (err)
		return err == ERR_AUTH ? ERR_FORBIDDEN : err;
	err = place_of_space(tx->db, request->property_id, 0, &property);
	if (err)
		return err;
	if (!access_sees(&access, &property, list->now_s))
		return ERR_HIDDEN;
	if (!access_reaches(&access, PERMISSION_METER_BATCH, &property, list->now_s))
		return ERR_FORBIDDEN;
	if (may_switch(&access, &property, list->now_s))
		list->common = property;
	else
		list->access = &access;
	if (request->meter)
		err = take_named(list, request, &access);
	else
		err = meter_select(tx->db, &request->select, take_selected, list);
	list->access = NULL;
	if (!err)
		err = list->err;
	return err ? err : list->count ? ERR_NONE : ERR_NOT_FOUND;
}

/* ---- making it ---- */

static void object_of(const struct command_batch_request *request, size_t count, char object[64])
{
	snprintf(object, 64, "%s of %zu meters", command_kind_word(request->kind), count);
}

static enum err insert_items(struct tx *tx, struct command_batch_request *request,
                             const int64_t *meter, size_t count, int64_t approval_id,
                             int64_t now_ms)
{
	struct command_batch_row *row = &request->row;
	enum err err;

	*row = (struct command_batch_row){.property_id = request->property_id,
	                                  .kind = request->kind,
	                                  .until_s = request->until_s,
	                                  .by_user_id = request->actor.user_id,
	                                  .by_key_id = request->actor.key_id,
	                                  .approval_id = approval_id,
	                                  .created_ms = now_ms,
	                                  .item_count = (int64_t)count};
	snprintf(row->reason, sizeof row->reason, "%s", request->actor.reason);
	snprintf(row->by_name, sizeof row->by_name, "%s", request->actor.who);
	snprintf(row->by_origin, sizeof row->by_origin, "%s", request->actor.origin);
	err = command_batch_insert(tx->db, row);
	for (size_t i = 0; !err && i < count; i++)
		err = command_batch_add(tx->db, row, (int64_t)i + 1, meter[i]);
	return err;
}

static enum err note(struct tx *tx, const struct actor *actor, const struct command_batch_row *row,
                     const char *action, const char *more, int64_t now_ms)
{
	char object[64], detail[256];

	snprintf(object, sizeof object, "command batch %lld", (long long)row->batch_id);
	snprintf(detail, sizeof detail, "%s of %lld meters%s", command_kind_word(row->kind),
	         (long long)row->item_count, more);
	return audit_note(tx, actor, row->property_id, action, object, detail, now_ms);
}

static enum err make(struct tx *tx, struct command_batch_request *request, const int64_t *meter,
                     size_t count, int64_t approval_id, int64_t now_ms)
{
	enum err err = insert_items(tx, request, meter, count, approval_id, now_ms);

	return err ? err
	           : note(tx, &request->actor, &request->row, "command-batch.create", "", now_ms);
}

static void write_act(struct json_out *out, const struct command_batch_request *request,
                      const struct list *list)
{
	out_object(out, NULL);
	out_text(out, "kind", command_kind_word(request->kind));
	if (request->until_s)
		out_int(out, "until_s", request->until_s);
	else
		out_null(out, "until_s");
	out_array(out, "meters");
	for (size_t i = 0; i < list->count; i++)
		out_meter(out, NULL, list->meter[i]);
	out_array_end(out);
	out_object_end(out);
}

static enum err ask(struct tx *tx, struct command_batch_request *request, const struct list *list,
                    int64_t now_ms)
{
	struct json_out body;
	char object[64];
	enum err err = ERR_NOMEM;

	json_out_init(&body);
	write_act(&body, request, list);
	object_of(request, list->count, object);
	if (!body.failed)
		err = approval_ask(tx,
		                   &(struct approval_ask){.actor = &request->actor,
		                                          .kind = &approval_kind_command_batch,
		                                          .place = &list->common,
		                                          .body = body.data,
		                                          .body_len = body.len,
		                                          .count = (int64_t)list->count,
		                                          .object = object},
		                   now_ms, &request->approval_id);
	json_out_free(&body);
	return err == ERR_DUP ? ERR_CONFLICT : err;
}

enum err command_batch_large(struct tx *tx, const struct command_batch_rules *rules,
                             const struct actor *actor, int64_t property_id, size_t count,
                             bool *large)
{
	int64_t total, n = (int64_t)count;
	enum err err = meter_count(tx->db, property_id, &total);

	*large = !actor->local && n > SMALL &&
	         (n > rules->approval_count || n * 100 > total * rules->approval_percent);
	return err;
}

static bool kind_fits(const struct command_batch_request *request, int64_t now_ms)
{
	if (request->kind < COMMAND_TRIP || request->kind > COMMAND_RELEASE)
		return false;
	return !request->until_s ||
	       (request->kind == COMMAND_KEEP_POWER && request->until_s > now_ms / 1000 &&
	        request->until_s <= UINT32_MAX);
}

enum err command_batch_create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct command_batch_request *request = arg;
	struct list list;
	bool large = false;
	enum err err;

	(void)out;
	request->approval_id = request->row.batch_id = 0;
	request->select.property_id = request->property_id;
	if (!kind_fits(request, now_ms) || !request->actor.reason[0])
		return ERR_BAD_INPUT;
	err = make_list(tx, request, now_ms, &list);
	if (!err)
		err = command_batch_large(tx, &request->rules, &request->actor,
		                          request->property_id, list.count, &large);
	request->touched = (int64_t)list.count;
	if (!err && large)
		err = ask(tx, request, &list, now_ms);
	else if (!err)
		err = make(tx, request, list.meter, list.count, 0, now_ms);
	free(list.meter);
	return err;
}

/* ---- after the second person agreed ---- */

static enum err body_parse(const struct approval_row *row, struct command_batch_request *request,
                           int64_t **meter)
{
	json_t *json = json_loadb(row->body, row->body_len, 0, NULL);
	json_t *meters = json_object_get(json, "meters");
	const char *kind = json_string_value(json_object_get(json, "kind"));
	size_t i, count = json_array_size(meters);
	json_t *item;

	*meter = calloc(count ? count : 1, sizeof **meter);
	request->kind = (uint8_t)(kind ? command_kind_from_word(kind) : 0);
	request->until_s = json_integer_value(json_object_get(json, "until_s"));
	request->count = count;
	json_array_foreach(meters, i, item)
	{
		const char *text = json_string_value(item);

		if (*meter)
			(*meter)[i] = text ? strtoll(text, NULL, 10) : 0;
	}
	json_decref(json);
	return !*meter ? ERR_NOMEM : count ? ERR_NONE : ERR_BAD_INPUT;
}

static enum err batch_run(struct tx *tx, const struct actor *requester,
                          const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                          int64_t now_ms, struct effects *out)
{
	struct command_batch_request request = {.actor = *requester,
	                                        .property_id = row->property_id};
	struct list list = {.meter = NULL};
	int64_t *meter = NULL;
	enum err err;

	(void)out;
	err = body_parse(row, &request, &meter);
	request.meter = meter;
	if (!err && !kind_fits(&request, now_ms))
		err = ERR_EXPIRED; /* its end has come meanwhile */
	if (!err)
		err = make_list(tx, &request, now_ms, &list);
	if (!err)
		err = make(tx, &request, list.meter, list.count, row->approval_id, now_ms);
	snprintf(result, APPROVAL_RESULT_SIZE, "command batch %lld",
	         (long long)request.row.batch_id);
	free(list.meter);
	free(meter);
	return err;
}

const struct approval_kind approval_kind_command_batch = {
        .word = "command-batch",
        .zh = "批量命令",
        .en = "switch many meters",
        .permission = PERMISSION_METER_BATCH,
        .run = batch_run,
};

/* ---- stopping ---- */

/* Whoever gave the order may take the rest of it back. Others see it with the whole property. */
enum err command_batch_stop_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct command_batch_stop *stop = arg;
	enum err err = command_batch_get(tx->db, stop->property_id, stop->batch_id, &stop->row);
	bool own = !err && stop->actor.user_id && stop->actor.user_id == stop->row.by_user_id;

	(void)out;
	if (!err)
		err = access_require_seen(tx, &stop->actor, PERMISSION_METER_BATCH,
		                          PERMISSION_PROPERTY_READ, stop->property_id, now_ms);
	if (own && (err == ERR_FORBIDDEN || err == ERR_HIDDEN))
		err = ERR_NONE;
	if (err)
		return err;
	if (stop->row.state != COMMAND_BATCH_GIVING)
		return ERR_REFUSED;
	stop->row.state = COMMAND_BATCH_STOPPED;
	snprintf(stop->row.stopped_why, sizeof stop->row.stopped_why, "by %s", stop->actor.who);
	err = command_batch_update(tx->db, &stop->row);
	return err ? err : note(tx, &stop->actor, &stop->row, "command-batch.stop", "", now_ms);
}
