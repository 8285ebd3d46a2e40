/* Devices: terminals found on a bus, and how they become meters. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "libs/base/utf8.h"
#include "platform/core/device.h"
#include "platform/core/show.h"
#include "platform/http/act.h"
#include "platform/http/context.h"
#include "platform/http/page.h"

struct devices_list {
	struct page page;
	struct request *request;
	enum terminal_filter filter;
	struct directory *dir; /* a reference of our own: the reader looks at it */
};

static const char *gateway_name(const struct directory *dir, int64_t gateway_id)
{
	for (size_t i = 0; i < dir->gateway_count; i++)
		if (dir->gateways[i].gateway_id == gateway_id)
			return dir->gateways[i].name;
	return NULL;
}

static bool take_device(void *arg, const struct terminal_row *row)
{
	struct devices_list *list = arg;
	const struct dir_property *property = directory_property(list->dir, row->property_id);
	struct place place;

	if (!property)
		return true;
	place = directory_place_of_property(property);
	if (!gate_shows(list->request, PERMISSION_DEVICE_ADOPT, &place))
		return true;
	if (!page_take(&list->page, row->chip, 0, 0))
		return false;
	show_device(list->page.out, NULL, row, property->slug,
	            gateway_name(list->dir, row->gateway_id));
	return true;
}

static enum err read_devices(struct reader *reader, void *arg)
{
	struct devices_list *list = arg;

	return terminal_page(reader->db, list->filter, &list->page.ask, take_device, list);
}

static void devices_found(struct request *request, void *arg, enum err err)
{
	struct devices_list *list = arg;

	directory_unref(list->dir);
	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

void devices_list(struct request *request)
{
	const struct query_devices_list *query = devices_list_query(request);
	struct devices_list *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!page_open(request, &list->page))
		return;
	list->request = request;
	list->filter = query->assigned ? TERMINAL_ASSIGNED : TERMINAL_FOUND_UNASSIGNED;
	if (!query->has_assigned)
		list->filter = TERMINAL_ALL;
	list->dir = directory_ref(request->http->platform->dir);
	if (!request_read(request, read_devices, list, devices_found))
		directory_unref(list->dir);
}

/* ---- adopt ---- */

static void adopted_write(struct json_out *out, const void *arg)
{
	const struct adopt_request *adopt = arg;

	out_object(out, NULL);
	out_meter(out, "meter", adopt->row.meter);
	out_text(out, "name", adopt->row.name);
	out_text(out, "chip", adopt->row.chip);
	out_text(out, "use", adopt->row.meter_use);
	out_object_end(out);
}

static void refuse_adopt(struct request *request, const struct adopt_request *adopt, enum err err)
{
	char object[64];

	if (adopt->place.property_id && (err == ERR_NOT_FOUND || err == ERR_FORBIDDEN)) {
		snprintf(object, sizeof object, "device %s", adopt->chip);
		gate_note(request, &adopt->place, object);
	}
	answer_err(request, err);
}

static void adopt_failed(struct request *request, void *arg, enum err err)
{
	const struct adopt_request *adopt = arg;

	if (adopt->fault.field)
		answer_fault(request, err, &adopt->fault);
	else if (err == ERR_AUTH)
		answer_problem(request, PROBLEM_KEY_UNKNOWN, "key",
		               "import the list, or give the label's text or the key");
	else if (err == ERR_DUP || err == ERR_CONFLICT)
		answer_problem(request, PROBLEM_EXISTS, adopt->field ? adopt->field : "meter",
		               "is in use already");
	else if (err == ERR_BAD_INPUT || err == ERR_RANGE)
		answer_problem(request, PROBLEM_BAD_FIELD, adopt->field ? adopt->field : "body",
		               "is not valid");
	else
		refuse_adopt(request, adopt, err);
}

static bool take_key(struct request *request, const struct body_adopt *body,
                     struct adopt_request *adopt)
{
	char chip[CHIP_TEXT_SIZE];

	if (body->has_label) {
		if (label_parse(body->label, chip, adopt->key) != ERR_NONE)
			return refuse(&request->refusal, PROBLEM_BAD_FIELD, "label",
			              "must be WATTLE1:<chip>:<key>");
		if (strcasecmp(chip, adopt->chip) != 0)
			return refuse(&request->refusal, PROBLEM_BAD_FIELD, "label",
			              "belongs to another terminal");
		adopt->has_key = true;
	} else if (body->has_key) {
		if (key_parse(body->key, adopt->key) != ERR_NONE)
			return refuse(&request->refusal, PROBLEM_BAD_FIELD, "key",
			              "must be 64 hex digits");
		adopt->has_key = true;
	}
	return true;
}

static bool adopt_ask(struct request *request, struct adopt_request *adopt)
{
	const struct body_adopt *body = device_adopt_body(request);

	utf8_copy(adopt->chip, sizeof adopt->chip, request_param(request, "chip"));
	adopt->meter = body->meter;
	utf8_copy(adopt->name, sizeof adopt->name, body->name);
	if (body->has_use)
		utf8_copy(adopt->meter_use, sizeof adopt->meter_use, body->use);
	if (body->has_model)
		utf8_copy(adopt->model, sizeof adopt->model, body->model);
	adopt->space_id = body->space;
	actor_fill(&adopt->actor, request, "");
	return take_key(request, body, adopt);
}

void device_adopt(struct request *request)
{
	struct adopt_request *adopt = request_alloc(request, sizeof *adopt);
	const struct once once = {.step = device_adopt_step,
	                          .arg = adopt,
	                          .write = adopted_write,
	                          .failed = adopt_failed,
	                          .status = 201,
	                          .property_id = 0};

	if (!adopt)
		answer_err(request, ERR_NOMEM);
	else if (adopt_ask(request, adopt))
		request_once(request, &once);
	else
		answer_refusal(request);
}

/* ---- import ---- */

static void imported(struct request *request, void *arg, enum err err)
{
	const struct import_request *import = arg;
	struct json_out *out = &request->out;
	char detail[160];

	if (err == ERR_BAD_INPUT && !import->line) {
		answer_problem(request, PROBLEM_BAD_FIELD, "property", "there are several");
		return;
	}
	if (err == ERR_BAD_INPUT || err == ERR_DUP || err == ERR_CONFLICT || err == ERR_TOO_LONG) {
		snprintf(detail, sizeof detail, "line %u: %s", import->line,
		         import->why ? import->why : err_text(err));
		answer_problem(request, PROBLEM_BAD_FIELD, "csv", detail);
		return;
	}
	if (err) {
		answer_err(request, err);
		return;
	}
	out_object(out, NULL);
	out_int(out, "imported", import->added);
	out_int(out, "known", import->known);
	out_object_end(out);
	answer_json(request, 200);
}

void devices_import(struct request *request)
{
	const struct query_devices_import *query = devices_import_query(request);
	struct import_request *import = request_alloc(request, sizeof *import);

	if (!import) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	import->csv = request->body ? request->body : "";
	import->len = request->body_len;
	if (query->has_property)
		utf8_copy(import->property, sizeof import->property, query->property);
	actor_fill(&import->actor, request, "");
	request_step(request, device_import_step, import, imported);
}
