/* Who has which task in hand. */
#include "platform/core/task.h"
#include "platform/http/act.h"
#include "platform/store/user.h"

#define OWNERS_MAX 1000

/* ---- all of a property ---- */

struct owners_look {
	const struct request *request;
	struct task_owner row[OWNERS_MAX];
	struct user_row user; /* of the row before, too */
	struct json_out *out;
	size_t count;
};

static bool take_owner(void *arg, const struct task_owner *row)
{
	struct owners_look *list = arg;

	list->row[list->count++] = *row;
	return list->count < OWNERS_MAX;
}

static enum err show_owner(struct owners_look *list, struct db *db, const struct task_owner *row)
{
	enum err err = ERR_NONE;

	if (list->user.user_id != row->user_id)
		err = user_get(db, row->user_id, &list->user);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	out_object(list->out, NULL);
	out_text(list->out, "kind", row->kind);
	out_text(list->out, "object", row->object);
	out_id(list->out, "owner", row->user_id);
	out_text(list->out, "name",
	         list->user.full_name[0] ? list->user.full_name : list->user.name);
	out_time_s(list->out, "since", row->since_s);
	out_object_end(list->out);
	return ERR_NONE;
}

static enum err read_owners(struct reader *reader, void *arg)
{
	struct owners_look *list = arg;
	enum err err = task_owner_list(reader->db, list->request->place.property_id, OWNERS_MAX,
	                               take_owner, list);

	out_object(list->out, NULL);
	out_array(list->out, "items");
	for (size_t i = 0; !err && i < list->count; i++)
		err = show_owner(list, reader->db, &list->row[i]);
	out_array_end(list->out);
	out_object_end(list->out);
	return err;
}

static void owners_read(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err)
		answer_err(request, err);
	else
		answer_json(request, 200);
}

void task_owners(struct request *request)
{
	struct owners_look *list = request_alloc(request, sizeof *list);

	if (!list) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	list->request = request;
	list->out = &request->out;
	request_read(request, read_owners, list, owners_read);
}

/* ---- taking one ---- */

struct take_act {
	struct act act;
	struct task_take take;
};

static enum err take_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct take_act *act = arg;

	return task_take_step(tx, &act->take, now_ms, out);
}

void task_take(struct request *request)
{
	const struct body_task_take *body = task_take_body(request);
	struct take_act *act = request_alloc(request, sizeof *act);

	if (!act) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	act->act = (struct act){.step = take_step, .fault = &act->take.fault};
	act->take.property_id = request->place.property_id;
	act->take.kind = body->kind;
	act->take.object = body->object;
	act->take.user_id = body->null_owner ? 0 : body->owner;
	actor_fill(&act->take.actor, request, "");
	act_run(request, &act->act);
}
