#include "platform/core/roster.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/json_out.h"
#include "platform/core/organisation.h"
#include "platform/store/account.h"

#define SLICE 50 /* rows in one step */

/* A module that acts on many adds its kind here. */
static const struct roster_kind *const kinds[] = {&roster_allowance_give, &roster_allowance_clear,
                                                  &roster_tariff_assign};

const struct roster_kind *roster_kind_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i]->word, word) == 0)
			return kinds[i];
	return NULL;
}

/* ---- the list ---- */

struct list {
	struct db *db;
	const struct roster_kind *kind;
	struct access access;
	int64_t property_id, now_s;
	bool everywhere; /* he may act on the whole property */
	int64_t *object;
	size_t count, room;
	struct place common; /* the narrowest place that holds all; property_id 0: none yet */
	/* of one object that is named */
	bool seen, allowed;
	size_t places;
	enum err err;
};

static bool put(struct list *list, int64_t object)
{
	if (list->count == list->room) {
		size_t room = list->room ? 2 * list->room : 256;
		int64_t *more = realloc(list->object, room * sizeof *more);

		if (!more) {
			list->err = ERR_NOMEM;
			return false;
		}
		list->object = more;
		list->room = room;
	}
	list->object[list->count++] = object;
	return true;
}

static void look_at(struct list *list, const struct place *place)
{
	list->places++;
	list->seen |= access_sees(&list->access, place, list->now_s);
	list->allowed &= access_allows(&list->access, list->kind->permission, place, list->now_s);
	if (list->everywhere)
		return;
	if (list->common.property_id)
		place_widen(&list->common, place);
	else
		list->common = *place;
}

static enum err look_at_meter(struct list *list, int64_t meter)
{
	struct meter_row row;
	struct place place;
	enum err err = meter_get(list->db, list->property_id, meter, &row);

	if (!err)
		err = place_of_object(list->db, list->property_id, row.space_id, &place);
	if (!err)
		look_at(list, &place);
	return err;
}

static bool take_use(void *arg, const struct account_meter *use)
{
	struct list *list = arg;

	list->err = look_at_meter(list, use->meter);
	if (list->err == ERR_NOT_FOUND)
		list->err = ERR_NONE; /* a meter that was removed is nowhere */
	return !list->err;
}

/* One without meters is of the whole property. */
static enum err look_at_account(struct list *list, int64_t account_id)
{
	struct account_row row;
	struct place place;
	enum err err = account_get(list->db, list->property_id, account_id, &row);

	if (!err)
		err = account_meters(list->db, list->property_id, account_id, true, take_use, list);
	if (!err)
		err = list->err;
	if (err || list->places)
		return err;
	err = place_of_space(list->db, list->property_id, 0, &place);
	if (!err)
		look_at(list, &place);
	return err;
}

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static enum err take_named(struct list *list, struct roster_request *r)
{
	enum err err = r->count > ROSTER_MAX ? ERR_TOO_LONG : ERR_NONE;

	for (size_t i = 0; !err && i < r->count; i++) {
		r->bad = i;
		list->seen = false;
		list->allowed = true;
		list->places = 0;
		err = list->kind->meters ? look_at_meter(list, r->object[i])
		                         : look_at_account(list, r->object[i]);
		if (err == ERR_NOT_FOUND || (!err && !list->seen))
			err = ERR_HIDDEN;
		if (!err && !list->allowed)
			err = ERR_FORBIDDEN;
		if (!err && !put(list, r->object[i]))
			err = list->err;
	}
	if (err)
		return err;
	/* In the order of numbers, so that the same list is the same act. */
	if (list->count)
		qsort(list->object, list->count, sizeof *list->object, by_number);
	for (size_t i = 1; i < list->count; i++)
		if (list->object[i] == list->object[i - 1])
			return ERR_DUP;
	return ERR_NONE;
}

/* A selection leaves out what he may not act on, and of accounts meters that belong to none. */
static bool take_selected(void *arg, int64_t meter, int64_t space_id)
{
	struct list *list = arg;
	struct account_meter use;
	struct place place;

	list->err = place_of_object(list->db, list->property_id, space_id, &place);
	if (list->err || !access_allows(&list->access, list->kind->permission, &place, list->now_s))
		return !list->err;
	if (!list->kind->meters) {
		list->err = account_meter_at(list->db, list->property_id, meter, list->now_s, &use);
		if (list->err == ERR_NOT_FOUND) {
			list->err = ERR_NONE;
			return true;
		}
		if (list->err)
			return false;
	}
	look_at(list, &place);
	return put(list, list->kind->meters ? meter : use.account_id);
}

static enum err take_selection(struct list *list, const struct roster_request *r)
{
	struct meter_select select = r->select;
	size_t kept = 0;
	enum err err = ERR_NONE;

	for (size_t i = 0; !err && i < (r->space_count ? r->space_count : 1); i++) {
		if (r->space_count)
			select.space_id = r->spaces[i];
		err = meter_select(list->db, &select, take_selected, list);
		if (!err)
			err = list->err;
	}
	if (err)
		return err;
	if (list->count)
		qsort(list->object, list->count, sizeof *list->object, by_number);
	for (size_t i = 0; i < list->count; i++)
		if (!kept || list->object[kept - 1] != list->object[i])
			list->object[kept++] = list->object[i];
	list->count = kept;
	return kept > ROSTER_MAX ? ERR_TOO_LONG : ERR_NONE;
}

static enum err make_list(struct tx *tx, struct roster_request *r, struct list *list,
                          int64_t now_ms)
{
	struct place property;
	enum err err;

	*list = (struct list){.db = tx->db,
	                      .kind = r->kind,
	                      .property_id = r->property_id,
	                      .now_s = now_ms / 1000};
	err = access_load(tx->db, &r->actor, list->now_s, &list->access);
	if (err)
		return err == ERR_AUTH ? ERR_FORBIDDEN : err;
	err = place_of_space(tx->db, r->property_id, 0, &property);
	if (err)
		return err;
	if (!access_sees(&list->access, &property, list->now_s))
		return ERR_HIDDEN;
	if (!access_reaches(&list->access, r->kind->permission, &property, list->now_s))
		return ERR_FORBIDDEN;
	list->everywhere =
	        access_allows(&list->access, r->kind->permission, &property, list->now_s);
	if (list->everywhere)
		list->common = property;
	r->select.property_id = r->property_id;
	err = r->object ? take_named(list, r) : take_selection(list, r);
	return err ? err : list->count ? ERR_NONE : ERR_NOT_FOUND;
}

/* ---- making it ---- */

static const char *objects_word(const struct roster_kind *kind)
{
	return kind->meters ? "meters" : "accounts";
}

static void fill_row(struct roster_request *r, int64_t approval_id, int64_t now_ms)
{
	struct roster_row *row = &r->row;

	*row = (struct roster_row){.property_id = r->property_id,
	                           .by_user_id = r->actor.user_id,
	                           .by_key_id = r->actor.key_id,
	                           .approval_id = approval_id,
	                           .created_ms = now_ms,
	                           .state = ROSTER_GOING};
	snprintf(row->kind, sizeof row->kind, "%s", r->kind->word);
	snprintf(row->body, sizeof row->body, "%s", r->body);
	snprintf(row->reason, sizeof row->reason, "%s", r->actor.reason);
	snprintf(row->by_name, sizeof row->by_name, "%s", r->actor.who);
	snprintf(row->by_origin, sizeof row->by_origin, "%s", r->actor.origin);
}

static enum err note(struct tx *tx, const struct actor *actor, const struct roster_row *row,
                     const char *action, const char *more, int64_t now_ms)
{
	char object[64], detail[160];

	snprintf(object, sizeof object, "roster %lld", (long long)row->roster_id);
	snprintf(detail, sizeof detail, "%s, %lld rows%s%s", row->kind, (long long)row->item_count,
	         *more ? ", " : "", more);
	return audit_note(tx, actor, row->property_id, action, object, detail, now_ms);
}

static enum err make(struct tx *tx, struct roster_request *r, const struct list *list,
                     int64_t now_ms)
{
	enum err err;

	r->row.item_count = (int64_t)list->count;
	err = roster_insert(tx->db, &r->row);
	for (size_t i = 0; !err && i < list->count; i++)
		err = roster_add(tx->db, &r->row, (int64_t)i + 1, list->object[i]);
	return err ? err : note(tx, &r->actor, &r->row, "roster.create", "", now_ms);
}

static enum err ask(struct tx *tx, struct roster_request *r, const struct list *list,
                    int64_t now_ms)
{
	struct approval_ask ask = {.actor = &r->actor,
	                           .kind = r->kind->approval,
	                           .place = &list->common,
	                           .count = (int64_t)list->count};
	struct json_out body;
	char object[64];
	enum err err = ERR_NOMEM;

	json_out_init(&body);
	out_object(&body, NULL);
	out_text(&body, "kind", r->kind->word);
	out_raw(&body, "act", r->body, strlen(r->body));
	out_array(&body, objects_word(r->kind));
	for (size_t i = 0; i < list->count; i++)
		if (r->kind->meters)
			out_meter(&body, NULL, list->object[i]);
		else
			out_int(&body, NULL, list->object[i]);
	out_array_end(&body);
	out_object_end(&body);
	snprintf(object, sizeof object, "%zu %s", list->count, objects_word(r->kind));
	ask.object = object;
	ask.body = body.data;
	ask.body_len = body.len;
	if (!body.failed)
		err = approval_ask(tx, &ask, now_ms, &r->approval_id);
	json_out_free(&body);
	return err == ERR_DUP ? ERR_CONFLICT : err;
}

static enum err check(struct tx *tx, struct roster_request *r, int64_t now_ms)
{
	struct property_row property;
	enum err err = property_open(tx, r->property_id, &property, &r->fault);

	if (!err && !r->actor.reason[0])
		return fault_set(&r->fault, ERR_BAD_INPUT, "reason", "say why");
	return err ? err : r->kind->check(tx, &r->row, &r->fault, now_ms);
}

enum err roster_create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct roster_request *r = arg;
	struct list list = {.object = NULL};
	bool large = false;
	enum err err;

	(void)out;
	r->approval_id = 0;
	r->fault = (struct fault){0};
	fill_row(r, 0, now_ms);
	err = make_list(tx, r, &list, now_ms);
	r->touched = (int64_t)list.count;
	if (!err)
		err = check(tx, r, now_ms);
	if (!err)
		err = command_batch_large(tx, &r->rules, &r->actor, r->property_id, list.count,
		                          &large);
	if (!err && large)
		err = ask(tx, r, &list, now_ms);
	else if (!err)
		err = make(tx, r, &list, now_ms);
	free(list.object);
	return err;
}

/* ---- after the second person agreed ---- */

static enum err parse(const struct approval_row *row, struct roster_request *r, int64_t **objects)
{
	json_t *json = json_loadb(row->body, row->body_len, 0, NULL), *list, *item;
	const char *kind = json_string_value(json_object_get(json, "kind"));
	char *act = json_dumps(json_object_get(json, "act"), JSON_COMPACT);
	enum err err = ERR_NONE;
	size_t i;

	r->kind = kind ? roster_kind_find(kind) : NULL;
	list = r->kind ? json_object_get(json, objects_word(r->kind)) : NULL;
	r->count = json_array_size(list);
	*objects = calloc(r->count + 1, sizeof **objects);
	if (!r->kind || !act || strlen(act) >= sizeof r->body)
		err = ERR_BAD_INPUT;
	else if (!*objects)
		err = ERR_NOMEM;
	else
		snprintf(r->body, sizeof r->body, "%s", act);
	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(item);

		if (!err)
			(*objects)[i] = text ? strtoll(text, NULL, 10) : json_integer_value(item);
	}
	r->object = *objects;
	free(act);
	json_decref(json);
	return err;
}

enum err roster_agreed(struct tx *tx, const struct actor *requester, const struct approval_row *row,
                       char result[APPROVAL_RESULT_SIZE], int64_t now_ms, struct effects *out)
{
	struct roster_request *r = calloc(1, sizeof *r);
	struct list list = {.object = NULL};
	int64_t *objects = NULL;
	enum err err = r ? ERR_NONE : ERR_NOMEM;

	(void)out;
	if (err)
		return err;
	r->actor = *requester;
	r->property_id = row->property_id;
	err = parse(row, r, &objects);
	if (!err) {
		fill_row(r, row->approval_id, now_ms);
		err = make_list(tx, r, &list, now_ms);
	}
	if (!err)
		err = check(tx, r, now_ms);
	if (!err)
		err = make(tx, r, &list, now_ms);
	snprintf(result, APPROVAL_RESULT_SIZE, "roster %lld", (long long)r->row.roster_id);
	free(list.object);
	free(objects);
	free(r);
	return err;
}

/* ---- doing it ---- */

static void requester_of(const struct roster_row *row, struct actor *actor)
{
	actor_again(actor, row->by_name, row->by_origin, row->reason, row->by_user_id,
	            row->by_key_id);
}

/* What people read: the field, and what is wrong with it. */
static void tell(struct roster_item *item, enum err err, const struct fault *fault)
{
	snprintf(item->error, sizeof item->error, "%s", err_word(err));
	snprintf(item->detail, sizeof item->detail, "%s%s%s",
	         fault->why[0] && fault->field ? fault->field : "",
	         fault->why[0] && fault->field ? " " : "", fault->why[0] ? fault->why : "");
}

/* In a part of its own: a row that cannot be done leaves only the word why. */
static enum err do_one(struct tx *tx, const struct roster_kind *kind, struct roster_row *row,
                       const struct actor *actor, struct roster_item *item, int64_t now_ms,
                       struct effects *out)
{
	struct fault fault = {0};
	size_t part;
	enum err err, end = tx_part_begin(tx, out, &part);

	if (end)
		return end;
	err = kind->run(tx, row, actor, item, &fault, now_ms, out);
	end = tx_part_end(tx, part, err, out);
	if (end)
		return end;
	item->done = true;
	if (err) {
		item->result = 0;
		tell(item, err, &fault);
	}
	row->done++;
	row->refused += err != ERR_NONE;
	return roster_set_item(tx->db, item);
}

static enum err finish(struct tx *tx, struct roster_row *row, const struct actor *actor,
                       const char *why, int64_t now_ms)
{
	char more[96];

	row->state = why ? ROSTER_STOPPED : ROSTER_DONE;
	snprintf(row->stopped_why, sizeof row->stopped_why, "%s", why ? why : "");
	snprintf(more, sizeof more, "%lld refused%s%s", (long long)row->refused, why ? ", " : "",
	         why ? why : "");
	return note(tx, actor, row, why ? "roster.stop" : "roster.done", more, now_ms);
}

/* Does he still hold the right somewhere in this property? Each row then asks for its own object. */
static enum err still_may(struct tx *tx, const struct roster_kind *kind,
                          const struct roster_row *row, const struct actor *actor, int64_t now_ms,
                          bool *may)
{
	struct access access;
	struct place property;
	enum err err = access_load(tx->db, actor, now_ms / 1000, &access);

	*may = false;
	if (err)
		return err == ERR_AUTH ? ERR_NONE : err;
	err = place_of_space(tx->db, row->property_id, 0, &property);
	*may = !err && access_reaches(&access, kind->permission, &property, now_ms / 1000);
	return err;
}

enum err roster_work_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	static const struct actor platform = {.who = "platform", .local = true};
	struct roster_work *work = arg;
	const struct roster_kind *kind;
	struct roster_item items[SLICE];
	struct roster_row row;
	struct actor actor;
	size_t count = 0;
	bool may = false;
	enum err err = roster_next(tx->db, &row);

	work->more = false;
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	kind = roster_kind_find(row.kind);
	requester_of(&row, &actor);
	err = tx_open(tx);
	if (!err && kind)
		err = still_may(tx, kind, &row, &actor, now_ms, &may);
	if (!err && may)
		err = roster_rest(tx->db, &row, SLICE, items, &count);
	for (size_t i = 0; !err && i < count; i++)
		err = do_one(tx, kind, &row, &actor, &items[i], now_ms, out);
	if (err)
		return err;
	if (!may)
		err = finish(tx, &row, &platform, "the right was taken away", now_ms);
	else if (row.done >= row.item_count)
		err = finish(tx, &row, &actor, NULL, now_ms);
	work->more = true;
	return err ? err : roster_update(tx->db, &row);
}

/* ---- stopping ---- */

enum err roster_stop_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct roster_stop *r = arg;
	const struct roster_kind *kind;
	char why[64];
	enum err err = roster_get(tx->db, r->property_id, r->roster_id, &r->row);
	bool own = !err && r->actor.user_id && r->actor.user_id == r->row.by_user_id;

	(void)out;
	r->fault = (struct fault){0};
	kind = err ? NULL : roster_kind_find(r->row.kind);
	if (!err && !kind)
		err = ERR_NOT_FOUND;
	if (!err)
		err = access_require_seen(tx, &r->actor, kind->permission,
		                          kind->meters ? PERMISSION_PROPERTY_READ
		                                       : PERMISSION_ACCOUNT_READ,
		                          r->property_id, now_ms);
	if (own && (err == ERR_FORBIDDEN || err == ERR_HIDDEN))
		err = ERR_NONE;
	if (err)
		return err;
	if (r->row.state != ROSTER_GOING)
		return fault_set(&r->fault, ERR_REFUSED, NULL, "it is over");
	snprintf(why, sizeof why, "by %.60s", r->actor.who);
	err = finish(tx, &r->row, &r->actor, why, now_ms);
	return err ? err : roster_update(tx->db, &r->row);
}
