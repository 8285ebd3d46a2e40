/* Commands: give one, follow it. */
#include <stdio.h>
#include <string.h>

#include "libs/proto/command.h"
#include "platform/core/show.h"
#include "platform/http/context.h"
#include "platform/http/page.h"

static void created_write(struct json_out *out, const void *arg)
{
	const struct command_request *command = arg;

	show_command(out, NULL, &command->row);
}

/* It is refused, and stands in the queue for two persons. */
static void held_done(struct request *request, void *arg, enum err err)
{
	const struct command_request *command = arg;
	char detail[160];

	if (err) {
		answer_err(request, err);
		return;
	}
	snprintf(detail, sizeof detail,
	         "too many openings in this property: it waits for two persons as number %lld",
	         (long long)command->held_id);
	answer_problem(request, PROBLEM_CONFLICT, "meter", detail);
}

static void create_failed(struct request *request, void *arg, enum err err)
{
	if (err == ERR_FULL)
		request_step(request, command_hold_step, arg, held_done);
	else if (err == ERR_CLOSED)
		answer_problem(request, PROBLEM_CONFLICT, "meter", "it is marked never to be cut");
	else if (err == ERR_AUTH)
		answer_problem(request, PROBLEM_KEY_UNKNOWN, "meter",
		               "import its key or scan its label first");
	else if (err == ERR_REFUSED)
		answer_problem(request, PROBLEM_CONFLICT, "meter",
		               "too many commands of this meter are open");
	else if (err == ERR_BAD_INPUT || err == ERR_RANGE)
		answer_problem(request, PROBLEM_BAD_FIELD, "until", "not for this kind of command");
	else
		answer_err(request, err);
}

static bool command_ask(struct request *request, struct command_request *command)
{
	const struct body_new_command *body = command_create_body(request);
	struct refusal *refusal = &request->refusal;

	command->meter = request->scope.meter->meter;
	command->kind = (uint8_t)command_kind_from_word(body->kind);
	if (body->has_until && command->kind != COMMAND_KEEP_POWER)
		return refuse(refusal, PROBLEM_BAD_FIELD, "until", "only keep-power has an end");
	if (body->has_until && body->until_s <= request->now_ms / 1000)
		return refuse(refusal, PROBLEM_BAD_FIELD, "until", "is past");
	if (body->until_s > UINT32_MAX)
		return refuse(refusal, PROBLEM_BAD_FIELD, "until", "is after the year 2105");
	command->until_s = body->until_s;
	actor_fill(&command->actor, request, body->reason);
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
	once.property_id = request->place.property_id;
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

/* Its place is that of its meter, or in no space of the property when the meter is gone. */
static struct place place_of_command(const struct directory *dir, const struct command_row *row)
{
	const struct dir_meter *meter = directory_meter(dir, row->meter);
	const struct dir_property *property = directory_property(dir, row->property_id);
	struct place place = {.property_id = row->property_id};

	if (meter && meter->property_id == row->property_id)
		return directory_place_of_meter(dir, meter);
	if (property)
		place = directory_place_of_property(property);
	place.space[0] = SPACE_NOWHERE;
	return place;
}

static void command_found(struct request *request, void *arg, enum err err)
{
	const struct command_find *find = arg;
	struct place place;
	char object[64];

	if (err) {
		answer_err(request, err);
		return;
	}
	place = place_of_command(request->http->platform->dir, &find->row);
	snprintf(object, sizeof object, "command %lld", (long long)find->command_id);
	if (!gate_allows(request, PERMISSION_PROPERTY_READ, &place, object))
		return;
	show_command(&request->out, NULL, &find->row);
	answer_json(request, 200);
}

void command_show(struct request *request)
{
	struct command_find *find = request_alloc(request, sizeof *find);

	if (!find) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	find->command_id = request_number(request, "command");
	request_read(request, read_command, find, command_found);
}

struct commands_list {
	struct page page;
	int64_t property_id, meter;
};

static void take_command(void *arg, const struct command_row *row)
{
	struct commands_list *list = arg;

	if (page_take(&list->page, "", 0, row->command_id))
		show_command(list->page.out, NULL, row);
}

static enum err read_commands(struct reader *reader, void *arg)
{
	struct commands_list *list = arg;

	return command_list(reader->db, list->property_id, list->meter, list->page.ask.after_id,
	                    page_rows(&list->page), take_command, list);
}

static void commands_found(struct request *request, void *arg, enum err err)
{
	struct commands_list *list = arg;

	if (err)
		answer_err(request, err);
	else
		page_close(request, &list->page);
}

void meter_commands(struct request *request)
{
	struct commands_list *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	if (!page_open(request, &list->page))
		return;
	list->meter = request->scope.meter->meter;
	list->property_id = request->place.property_id;
	request_read(request, read_commands, list, commands_found);
}
