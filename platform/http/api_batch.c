/* Command batches: one order to many meters, and what became of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "libs/proto/command.h"
#include "platform/core/command_batch.h"
#include "platform/http/context.h"
#include "platform/http/page.h"
#include "platform/http/show_people.h"

static void show_batch(struct json_out *out, const char *key, const struct command_batch_row *row)
{
	out_object(out, key);
	show_number(out, "id", row->batch_id);
	out_text(out, "kind", command_kind_word(row->kind));
	if (row->until_s)
		out_time_s(out, "until", row->until_s);
	else
		out_null(out, "until");
	out_text(out, "reason", row->reason);
	out_text(out, "by", row->by_name);
	out_time_ms(out, "created_at", row->created_ms);
	show_number(out, "approval", row->approval_id);
	out_int(out, "count", row->item_count);
	out_int(out, "given", row->given);
	out_text(out, "state", command_batch_state_text(row->state));
	out_text(out, "stopped_why", row->stopped_why);
	out_object_end(out);
}

/* ---- making one ---- */

static void created_write(struct json_out *out, const void *arg)
{
	const struct command_batch_request *batch = arg;

	out_object(out, NULL);
	if (batch->approval_id)
		out_null(out, "batch");
	else
		show_batch(out, "batch", &batch->row);
	show_number(out, "approval", batch->approval_id);
	out_int(out, "count", batch->touched);
	out_object_end(out);
}

static void answer_item(struct request *request, enum problem problem, size_t item,
                        const char *detail)
{
	char field[32];

	snprintf(field, sizeof field, "meters[%zu]", item);
	answer_problem(request, problem, field, detail);
}

static void create_failed(struct request *request, void *arg, enum err err)
{
	const struct command_batch_request *batch = arg;

	if (err == ERR_HIDDEN && batch->meter) {
		gate_note_refused(request, err);
		answer_item(request, PROBLEM_NOT_FOUND, batch->bad, "no meter of this property");
	} else if (err == ERR_DUP) {
		answer_problem(request, PROBLEM_BAD_FIELD, "meters", "a meter is named twice");
	} else if (err == ERR_NOT_FOUND && !batch->meter) {
		answer_problem(request, PROBLEM_NOT_FOUND, "all",
		               "no meter that you may switch is selected");
	} else if (err == ERR_CONFLICT) {
		answer_problem(request, PROBLEM_EXISTS, "meters",
		               "the same order waits for a second person");
	} else if (err == ERR_TOO_LONG) {
		answer_problem(request, PROBLEM_BAD_FIELD, "meters", "at most 20000 meters");
	} else if (err == ERR_BAD_INPUT) {
		answer_problem(request, PROBLEM_BAD_FIELD, "until", "not for this kind of command");
	} else {
		answer_err(request, err);
	}
}

/* False: answered. */
static bool read_selection(struct request *request, const struct body_new_command_batch *body,
                           struct command_batch_request *batch)
{
	bool selects = body->has_space || body->has_gateway || body->has_use ||
	               (body->has_all && body->all);
	const struct dir_gateway *gateway;

	if (body->has_meters == selects) {
		answer_problem(request, PROBLEM_BAD_FIELD, "meters",
		               "either name the meters, or say `all`, a space, a gateway or a use");
		return false;
	}
	batch->meter = body->has_meters ? body->meters : NULL;
	batch->count = body->has_meters ? body->meters_count : 0;
	batch->select.space_id = body->has_space ? body->space : 0;
	utf8_copy(batch->select.meter_use, sizeof batch->select.meter_use,
	          body->has_use ? body->use : "");
	if (body->has_gateway) {
		gateway = directory_gateway(request->http->platform->dir, body->gateway);
		/* one of another property selects nothing */
		batch->select.gateway_id = gateway && gateway->property_id == batch->property_id
		                                   ? gateway->gateway_id
		                                   : -1;
	}
	return true;
}

void command_batch_create(struct request *request)
{
	const struct body_new_command_batch *body = command_batch_create_body(request);
	struct command_batch_request *batch = request_alloc(request, sizeof *batch);
	struct once once = {.step = command_batch_create_step,
	                    .arg = batch,
	                    .write = created_write,
	                    .failed = create_failed,
	                    .status = 202,
	                    .property_id = request->place.property_id};

	if (!batch) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&batch->actor, request, body->reason);
	batch->rules = request->http->platform->batch_rules;
	batch->property_id = request->place.property_id;
	batch->kind = (uint8_t)command_kind_from_word(body->kind);
	batch->until_s = body->has_until ? body->until_s : 0;
	if (read_selection(request, body, batch))
		request_once(request, &once);
}

/* All of the property, or one's own: somebody of one building follows what he ordered there. */
static bool sees_batch(const struct request *request, const struct command_batch_row *row)
{
	const struct access *access = &request->access;

	if (gate_shows(request, PERMISSION_PROPERTY_READ, &request->place))
		return true;
	return access->key_id ? row->by_key_id == access->key_id
	                      : access->user_id && row->by_user_id == access->user_id;
}

/* ---- the list ---- */

struct batches_page {
	struct page page;
	struct request *request;
	int64_t property_id;
};

static bool take_batch(void *arg, const struct command_batch_row *row)
{
	struct batches_page *list = arg;

	if (!sees_batch(list->request, row))
		return true;
	if (!page_take(&list->page, "", 0, row->batch_id))
		return false;
	show_batch(list->page.out, NULL, row);
	return true;
}

static enum err read_batches(struct reader *reader, void *arg)
{
	struct batches_page *list = arg;

	return command_batch_list(reader->db, list->property_id, list->page.ask.after_id,
	                          take_batch, list);
}

static void batches_read(struct request *request, void *arg, enum err err)
{
	struct batches_page *list = arg;

	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

void command_batches(struct request *request)
{
	struct batches_page *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!page_open(request, &list->page))
		return;
	list->request = request;
	list->property_id = request->place.property_id;
	request_read(request, read_batches, list, batches_read);
}

/* ---- one ---- */

struct one_batch {
	struct request *request;
	int64_t property_id, batch_id;
	struct command_batch_row row;
	int64_t stages[STAGE_COUNT];
};

static enum err read_batch(struct reader *reader, void *arg)
{
	struct one_batch *one = arg;
	enum err err = command_batch_get(reader->db, one->property_id, one->batch_id, &one->row);

	if (!err && !sees_batch(one->request, &one->row))
		return ERR_HIDDEN;
	return err ? err
	           : command_batch_stages(reader->db, one->property_id, one->batch_id, one->stages);
}

static void batch_read(struct request *request, void *arg, enum err err)
{
	const struct one_batch *one = arg;
	struct json_out *out = &request->out;

	if (err) {
		answer_err(request, err);
		return;
	}
	out_object(out, NULL);
	show_batch(out, "batch", &one->row);
	out_object(out, "stages");
	for (int i = 0; i < STAGE_COUNT; i++)
		out_int(out, stage_text((enum stage)i), one->stages[i]);
	out_object_end(out);
	out_object_end(out);
	answer_json(request, 200);
}

void command_batch_show(struct request *request)
{
	struct one_batch *one = request_alloc(request, sizeof *one);

	if (!one) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	one->request = request;
	one->property_id = request->place.property_id;
	one->batch_id = request_number(request, "batch");
	request_read(request, read_batch, one, batch_read);
}

/* ---- its meters ---- */

struct items_page {
	struct page page;
	struct request *request;
	struct directory *dir; /* a reference of our own: the reader looks at it */
	int64_t property_id, batch_id;
};

static void show_item(struct json_out *out, const struct command_batch_item *item)
{
	out_object(out, NULL);
	out_int(out, "position", item->position);
	out_meter(out, "meter", item->meter);
	show_number(out, "command", item->command_id);
	if (item->command_id)
		out_text(out, "stage", stage_text(item->stage));
	else
		out_null(out, "stage");
	out_int(out, "reason_code", item->reason_code);
	out_text(out, "reason_text",
	         item->reason_code ? command_reason_text(item->reason_code) : "");
	out_text(out, "reason_text_zh",
	         item->reason_code ? command_reason_text_zh(item->reason_code) : "");
	out_text(out, "error", item->error);
	out_object_end(out);
}

/* Only meters that he sees: a batch of the property may hold others' rooms. */
static bool is_shown(const struct items_page *list, int64_t meter)
{
	const struct dir_meter *found = directory_meter(list->dir, meter);
	struct place place;

	if (!found || found->property_id != list->property_id)
		return true; /* it is gone, and no more than its number is told */
	place = directory_place_of_meter(list->dir, found);
	return gate_shows(list->request, PERMISSION_PROPERTY_READ, &place);
}

static bool take_item(void *arg, const struct command_batch_item *item)
{
	struct items_page *list = arg;

	if (!is_shown(list, item->meter))
		return true;
	if (!page_take(&list->page, "", 0, item->position))
		return false;
	show_item(list->page.out, item);
	return true;
}

static enum err read_items(struct reader *reader, void *arg)
{
	struct items_page *list = arg;
	struct command_batch_row row;
	enum err err = command_batch_get(reader->db, list->property_id, list->batch_id, &row);

	if (!err && !sees_batch(list->request, &row))
		return ERR_HIDDEN;
	return err ? err
	           : command_batch_items(reader->db, list->property_id, list->batch_id,
	                                 list->page.ask.after_id, take_item, list);
}

static void items_read(struct request *request, void *arg, enum err err)
{
	struct items_page *list = arg;

	directory_unref(list->dir);
	if (err) {
		json_out_free(&request->out);
		answer_err(request, err);
	} else {
		page_close(request, &list->page);
	}
}

void command_batch_items_list(struct request *request)
{
	struct items_page *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!page_open(request, &list->page))
		return;
	list->request = request;
	list->property_id = request->place.property_id;
	list->batch_id = request_number(request, "batch");
	list->dir = directory_ref(request->http->platform->dir);
	if (!request_read(request, read_items, list, items_read))
		directory_unref(list->dir);
}

/* ---- stopping ---- */

static void stopped(struct request *request, void *arg, enum err err)
{
	const struct command_batch_stop *stop = arg;

	if (err == ERR_REFUSED)
		answer_problem(request, PROBLEM_CONFLICT, "batch",
		               command_batch_state_text(stop->row.state));
	else if (err)
		answer_err(request, err);
	else
		answer_empty(request, 204);
}

void command_batch_stop(struct request *request)
{
	struct command_batch_stop *stop = request_alloc(request, sizeof *stop);

	if (!stop) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	actor_fill(&stop->actor, request, "");
	stop->property_id = request->place.property_id;
	stop->batch_id = request_number(request, "batch");
	request_step(request, command_batch_stop_step, stop, stopped);
}
