/* Giving the commands of batches, a slice at a time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/proto/command.h"
#include "platform/core/command_batch.h"

#define OPEN_AT_ONCE 64   /* batches that are looked at in one step */
#define SLICE        20   /* commands of one batch in one step */
#define LOOK_AT      2000 /* items that are looked at for a slice */
#define GATEWAYS_MAX 256

struct gateway_room {
	int64_t gateway_id, left;
};

struct slice {
	struct tx *tx;
	const struct command_batch_rules *rules;
	struct command_batch_row *row;
	int64_t now_ms;
	struct command_batch_item item[SLICE];
	size_t count, looked;
	struct gateway_room gateway[GATEWAYS_MAX];
	size_t gateways;
	bool left; /* there are more than these */
	enum err err;
};

/* A gateway passes on so many trips per window, and refuses the rest: batches wait instead, and leave
 * a fifth to people. */
static int64_t room_of(struct slice *s, int64_t gateway_id)
{
	const struct command_batch_rules *rules = s->rules;
	int64_t may = rules->trip_limit_count - rules->trip_limit_count / 5, given = 0;

	if (s->row->kind != COMMAND_TRIP || !rules->trip_limit_count)
		return INT64_MAX;
	s->err = command_count_since(s->tx->db, s->row->property_id, gateway_id, COMMAND_TRIP,
	                             s->now_ms - rules->trip_limit_window_s * 1000, &given);
	return given < may ? may - given : 0;
}

/* NULL: too many gateways in one slice; the next step has the others. */
static struct gateway_room *find_gateway(struct slice *s, int64_t gateway_id)
{
	for (size_t i = 0; i < s->gateways; i++)
		if (s->gateway[i].gateway_id == gateway_id)
			return &s->gateway[i];
	if (s->gateways == GATEWAYS_MAX)
		return NULL;
	s->gateway[s->gateways] =
	        (struct gateway_room){gateway_id, gateway_id ? room_of(s, gateway_id) : INT64_MAX};
	return &s->gateway[s->gateways++];
}

static bool take_item(void *arg, const struct command_batch_item *item)
{
	struct slice *s = arg;
	struct gateway_room *room;

	s->left = s->count == SLICE || s->looked++ == LOOK_AT;
	if (s->left)
		return false;
	room = find_gateway(s, item->gateway_id);
	if (s->err)
		return false;
	if (!room || !room->left)
		return true;
	room->left--;
	s->item[s->count++] = *item;
	return true;
}

static void requester_of(const struct command_batch_row *row, struct actor *actor)
{
	actor_again(actor, row->by_name, row->by_origin, row->reason, row->by_user_id,
	            row->by_key_id);
}

/* In a part of its own: a command that cannot be given leaves only the word why. */
static enum err give_one(struct slice *s, struct command_batch_item *item,
                         const struct actor *actor, struct effects *out)
{
	struct command_request request = {.actor = *actor,
	                                  .rules = s->rules->command,
	                                  .meter = item->meter,
	                                  .kind = s->row->kind,
	                                  .until_s = s->row->until_s,
	                                  .agreed = s->row->approval_id != 0,
	                                  .may_wait = true,
	                                  .batch_id = item->batch_id,
	                                  .position = item->position};
	size_t part;
	enum err err, end;

	if (request.kind == COMMAND_TRIP)
		request.delay_max_s = COMMAND_BATCH_DELAY_S;
	end = tx_part_begin(s->tx, out, &part);
	if (end)
		return end;
	err = item->gateway_id ? command_create_step(s->tx, &request, s->now_ms, out)
	                       : ERR_NOT_FOUND;
	end = tx_part_end(s->tx, part, err, out);
	if (end)
		return end;
	item->command_id = err ? 0 : request.row.command_id;
	snprintf(item->error, sizeof item->error, "%s",
	         err               ? err_word(err)
	         : request.held_id ? COMMAND_BATCH_HELD
	                           : "");
	s->row->given++;
	return command_batch_set_item(s->tx->db, item);
}

static enum err end_batch(struct slice *s, const struct actor *actor, const char *why)
{
	char object[64];

	s->row->state = why ? COMMAND_BATCH_STOPPED : COMMAND_BATCH_DONE;
	snprintf(s->row->stopped_why, sizeof s->row->stopped_why, "%s", why ? why : "");
	snprintf(object, sizeof object, "command batch %lld", (long long)s->row->batch_id);
	return audit_note(s->tx, actor, s->row->property_id,
	                  why ? "command-batch.stop" : "command-batch.done", object, why ? why : "",
	                  s->now_ms);
}

/* Does he still hold the right to switch many, somewhere in this property? Each command then asks
 * for its own meter. */
static enum err still_may(struct slice *s, const struct actor *actor, bool *may)
{
	struct access access;
	struct place property;
	enum err err = access_load(s->tx->db, actor, s->now_ms / 1000, &access);

	*may = false;
	if (err)
		return err == ERR_AUTH ? ERR_NONE : err;
	err = place_of_space(s->tx->db, s->row->property_id, 0, &property);
	*may = !err && access_reaches(&access, PERMISSION_METER_BATCH, &property, s->now_ms / 1000);
	return err;
}

static enum err give_slice(struct slice *s, struct effects *out)
{
	static const struct actor platform = {.who = "platform", .local = true};
	struct actor actor;
	bool may = false;
	enum err err;

	requester_of(s->row, &actor);
	err = still_may(s, &actor, &may);
	if (!err && may)
		err = command_batch_rest(s->tx->db, s->row, take_item, s);
	if (!err)
		err = s->err;
	for (size_t i = 0; !err && may && i < s->count; i++)
		err = give_one(s, &s->item[i], &actor, out);
	if (err)
		return err;
	if (!may)
		err = end_batch(s, &platform, "the right was taken away");
	else if (s->row->given == s->row->item_count)
		err = end_batch(s, &actor, NULL);
	else if (!s->count)
		return ERR_NONE; /* all their gateways have enough for now */
	return err ? err : command_batch_update(s->tx->db, s->row);
}

struct open {
	struct command_batch_row row[OPEN_AT_ONCE];
	size_t count;
};

static void take_open(void *arg, const struct command_batch_row *row)
{
	struct open *open = arg;

	open->row[open->count++] = *row;
}

enum err command_batch_give_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct open *open = calloc(1, sizeof *open);
	struct slice *slice = calloc(1, sizeof *slice);
	enum err err = open && slice ? ERR_NONE : ERR_NOMEM;

	if (!err)
		err = command_batch_list_open(tx->db, OPEN_AT_ONCE, take_open, open);
	if (!err && open->count)
		err = tx_open(tx);
	for (size_t i = 0; !err && i < open->count; i++) {
		*slice = (struct slice){
		        .tx = tx, .rules = arg, .row = &open->row[i], .now_ms = now_ms};
		err = give_slice(slice, out);
	}
	free(open);
	free(slice);
	return err;
}
