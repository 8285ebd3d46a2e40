/* Devices: terminals found on a bus, and how they become meters. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "platform/core/device.h"
#include "platform/http/body.h"
#include "platform/http/context.h"
#include "platform/http/show.h"

struct devices_list {
	enum terminal_filter filter;
	struct directory *dir; /* a reference of our own: the reader looks at it */
	struct reader *reader;
	struct json_out *out;
	enum err err;
};

static const char *gateway_name(const struct directory *dir, int64_t gateway_id)
{
	for (size_t i = 0; i < dir->gateway_count; i++)
		if (dir->gateways[i].gateway_id == gateway_id)
			return dir->gateways[i].name;
	return NULL;
}

static void take_device(void *arg, const struct terminal_row *row)
{
	struct devices_list *list = arg;

	show_device(list->out, NULL, row, gateway_name(list->dir, row->gateway_id));
}

static void take_property(void *arg, const struct property_row *row)
{
	struct devices_list *list = arg;

	if (!list->err)
		list->err = terminal_list(list->reader->db, row->property_id, list->filter,
		                          take_device, list);
}

static enum err read_devices(struct reader *reader, void *arg)
{
	struct devices_list *list = arg;
	enum err err;

	list->reader = reader;
	err = property_list(reader->db, take_property, list);
	return err ? err : list->err;
}

static void devices_found(struct request *request, void *arg, enum err err)
{
	struct devices_list *list = arg;

	directory_unref(list->dir);
	if (err) {
		answer_err(request, err);
		return;
	}
	out_array_end(&request->out);
	out_object_end(&request->out);
	answer_json(request, 200);
}

void devices_list(struct request *request)
{
	struct devices_list *list = request_alloc(request, sizeof *list);
	bool assigned = false;

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!query_bool(&request->query, "assigned", &assigned, &request->refusal)) {
		answer_refusal(request);
		return;
	}
	list->filter = assigned ? TERMINAL_ASSIGNED : TERMINAL_FOUND_UNASSIGNED;
	if (!query_text(&request->query, "assigned"))
		list->filter = TERMINAL_ALL;
	list->dir = directory_ref(request->http->platform->dir);
	list->out = &request->out;
	out_object(&request->out, NULL);
	out_array(&request->out, "items");
	if (!request_read(request, read_devices, list, devices_found))
		directory_unref(list->dir);
}

/* ---- adopt ---- */

struct adopt_body {
	int64_t meter;
	char name[LABEL_SIZE], label[160], key[65], use[16];
};

static const struct body_field adopt_fields[] = {
        BODY_FIELD(struct adopt_body, meter, BODY_METER, true, 0, 0),
        BODY_FIELD(struct adopt_body, name, BODY_TEXT, true, 1, 40),
        BODY_FIELD(struct adopt_body, label, BODY_TEXT, false, 1, 120),
        BODY_FIELD(struct adopt_body, key, BODY_TEXT, false, 64, 64),
        BODY_FIELD(struct adopt_body, use, BODY_TEXT, false, 1, 15),
};

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

static void adopt_failed(struct request *request, void *arg, enum err err)
{
	const struct adopt_request *adopt = arg;

	if (err == ERR_AUTH)
		answer_problem(request, PROBLEM_KEY_UNKNOWN, "key",
		               "import the list, or give the label's text or the key");
	else if (err == ERR_DUP || err == ERR_CONFLICT)
		answer_problem(request, PROBLEM_EXISTS, adopt->field ? adopt->field : "meter",
		               "is in use already");
	else if (err == ERR_BAD_INPUT || err == ERR_RANGE)
		answer_problem(request, PROBLEM_BAD_FIELD, adopt->field ? adopt->field : "body",
		               "is not valid");
	else
		answer_err(request, err);
}

static bool take_key(struct request *request, const struct adopt_body *body,
                     struct adopt_request *adopt)
{
	char chip[CHIP_TEXT_SIZE];

	if (body->label[0]) {
		if (label_parse(body->label, chip, adopt->key) != ERR_NONE)
			return refuse(&request->refusal, PROBLEM_BAD_FIELD, "label",
			              "must be WATTLE1:<chip>:<key>");
		if (strcasecmp(chip, adopt->chip) != 0)
			return refuse(&request->refusal, PROBLEM_BAD_FIELD, "label",
			              "belongs to another terminal");
		adopt->has_key = true;
	} else if (body->key[0]) {
		if (key_parse(body->key, adopt->key) != ERR_NONE)
			return refuse(&request->refusal, PROBLEM_BAD_FIELD, "key",
			              "must be 64 hex digits");
		adopt->has_key = true;
	}
	return true;
}

static bool adopt_ask(struct request *request, struct adopt_request *adopt)
{
	struct refusal *refusal = &request->refusal;
	struct adopt_body body = {0};
	uint8_t chip[12];

	if (chip_parse(request->match.param[0], chip) != ERR_NONE)
		return refuse(refusal, PROBLEM_NOT_FOUND, "chip", "a chip id has 24 hex digits");
	chip_format(chip, adopt->chip);
	if (!body_parse(request->body, request->body_len, adopt_fields, ARRAY_SIZE(adopt_fields),
	                &body, refusal))
		return false;
	if (body.use[0] && !meter_use_valid(body.use))
		return refuse(refusal, PROBLEM_BAD_FIELD, "use",
		              "prepaid, postpaid, control-only, main or common");
	adopt->meter = body.meter;
	memcpy(adopt->name, body.name, sizeof adopt->name);
	memcpy(adopt->meter_use, body.use, sizeof adopt->meter_use);
	actor_fill(&adopt->actor, request, "");
	return take_key(request, &body, adopt);
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
	struct import_request *import = request_alloc(request, sizeof *import);

	if (!import) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	import->csv = request->body ? request->body : "";
	import->len = request->body_len;
	actor_fill(&import->actor, request, "");
	request_step(request, device_import_step, import, imported);
}
