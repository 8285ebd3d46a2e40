/* Commands: give one, follow it. */
#include <stdio.h>
#include <string.h>

#include "libs/proto/command.h"
#include "platform/http/body.h"
#include "platform/http/context.h"
#include "platform/http/show.h"

#define COMMANDS_LIMIT     50
#define COMMANDS_LIMIT_MAX 500

struct command_body {
	char kind[16], reason[256];
	int64_t until;
};

static const struct body_field command_fields[] = {
        BODY_FIELD(struct command_body, kind, BODY_TEXT, true, 1, 15),
        BODY_FIELD(struct command_body, reason, BODY_TEXT, true, 1, 80),
        BODY_FIELD(struct command_body, until, BODY_TIME, false, 0, 0),
};

static void created_write(struct json_out *out, const void *arg)
{
	const struct command_request *command = arg;

	show_command(out, NULL, &command->row);
}

static void create_failed(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err == ERR_AUTH)
		answer_problem(request, PROBLEM_KEY_UNKNOWN, "meter",
		               "import its key or scan its label first");
	else if (err == ERR_BUSY)
		answer_problem(request, PROBLEM_CONFLICT, "meter",
		               "too many commands of this meter are open");
	else if (err == ERR_BAD_INPUT || err == ERR_RANGE)
		answer_problem(request, PROBLEM_BAD_FIELD, "until", "not for this kind of command");
	else
		answer_err(request, err);
}

static bool command_ask(struct request *request, struct command_request *command)
{
	struct refusal *refusal = &request->refusal;
	struct command_body body = {0};

	if (!body_parse(request->body, request->body_len, command_fields,
	                ARRAY_SIZE(command_fields), &body, refusal))
		return false;
	command->kind = (uint8_t)command_kind_from_word(body.kind);
	if (command->kind < COMMAND_TRIP || command->kind > COMMAND_TIME)
		return refuse(refusal, PROBLEM_BAD_FIELD, "kind",
		              "trip, allow-close, close, keep-power, release or time");
	if (body.until && command->kind != COMMAND_KEEP_POWER)
		return refuse(refusal, PROBLEM_BAD_FIELD, "until", "only keep-power has an end");
	if (body.until && body.until <= request->now_ms / 1000)
		return refuse(refusal, PROBLEM_BAD_FIELD, "until", "is past");
	if (body.until > UINT32_MAX)
		return refuse(refusal, PROBLEM_BAD_FIELD, "until", "is after the year 2105");
	command->until_s = body.until;
	actor_fill(&command->actor, request, body.reason);
	return true;
}

/* The meter of the path and its property; false: answered. */
static bool find_meter(struct request *request, int64_t *meter, int64_t *property_id)
{
	const struct dir_meter *found = NULL;

	if (decimal_parse(request->match.param[0], METER_NUMBER_MAX, meter))
		found = directory_meter(request->http->platform->dir, *meter);
	if (!found) {
		answer_problem(request, PROBLEM_NOT_FOUND, "meter", "no meter with this number");
		return false;
	}
	*property_id = found->property_id;
	return true;
}

void command_create(struct request *request)
{
	struct command_request *command = request_alloc(request, sizeof *command);
	struct once once = {.step = command_create_step,
	                    .arg = command,
	                    .write = created_write,
	                    .failed = create_failed,
	                    .status = 202};

	if (!command) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!find_meter(request, &command->meter, &once.property_id))
		return;
	command->rules = request->http->platform->rules;
	if (command_ask(request, command))
		request_once(request, &once);
	else
		answer_refusal(request);
}

struct command_find {
	int64_t command_id;
	struct command_row row;
};

static enum err read_command(struct reader *reader, void *arg)
{
	struct command_find *find = arg;

	return command_get(reader->db, find->command_id, &find->row);
}

static void command_found(struct request *request, void *arg, enum err err)
{
	const struct command_find *find = arg;

	if (err) {
		answer_err(request, err);
		return;
	}
	show_command(&request->out, NULL, &find->row);
	answer_json(request, 200);
}

void command_show(struct request *request)
{
	struct command_find *find = request_alloc(request, sizeof *find);

	if (!find)
		answer_err(request, ERR_NOMEM);
	else if (!decimal_parse(request->match.param[0], INT64_MAX, &find->command_id))
		answer_err(request, ERR_NOT_FOUND);
	else
		request_read(request, read_command, find, command_found);
}

struct commands_list {
	int64_t property_id, meter, before, limit;
	int64_t count, last;
	struct json_out *out;
};

static void take_command(void *arg, const struct command_row *row)
{
	struct commands_list *list = arg;

	show_command(list->out, NULL, row);
	list->count++;
	list->last = row->command_id;
}

static enum err read_commands(struct reader *reader, void *arg)
{
	struct commands_list *list = arg;

	return command_list(reader->db, list->property_id, list->meter, list->before, list->limit,
	                    take_command, list);
}

static void commands_found(struct request *request, void *arg, enum err err)
{
	const struct commands_list *list = arg;
	struct json_out *out = &request->out;

	if (err) {
		answer_err(request, err);
		return;
	}
	out_array_end(out);
	if (list->count == list->limit)
		out_int(out, "next", list->last);
	else
		out_null(out, "next");
	out_object_end(out);
	answer_json(request, 200);
}

void meter_commands(struct request *request)
{
	struct commands_list *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!find_meter(request, &list->meter, &list->property_id))
		return;
	list->limit = COMMANDS_LIMIT;
	list->out = &request->out;
	if (!query_int(&request->query, "limit", 1, COMMANDS_LIMIT_MAX, &list->limit,
	               &request->refusal) ||
	    !query_int(&request->query, "cursor", 0, INT64_MAX, &list->before, &request->refusal)) {
		answer_refusal(request);
		return;
	}
	out_object(&request->out, NULL);
	out_array(&request->out, "items");
	request_read(request, read_commands, list, commands_found);
}
