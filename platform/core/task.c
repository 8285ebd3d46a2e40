#include "platform/core/task.h"

#include <stdio.h>

#include "platform/core/staff.h"
#include "platform/store/user.h"

/* May the actor do this with what is not his own? */
static bool may_give(struct tx *tx, const struct task_take *r, int64_t now_ms)
{
	return !access_require_property(tx, &r->actor, PERMISSION_PROPERTY_WRITE, r->property_id,
	                                now_ms);
}

/* He works here, and the actor sees him: to others he is as somebody who does not exist. */
static enum err check_owner(struct tx *tx, struct task_take *r, struct user_row *user,
                            int64_t now_ms)
{
	struct property_row property;
	struct access access;
	bool sees = true;
	enum err err = property_get(tx->db, r->property_id, &property);

	if (!err)
		err = user_get(tx->db, r->user_id, user);
	if (!err && r->user_id != r->actor.user_id && !r->actor.local) {
		err = access_load(tx->db, &r->actor, now_ms / 1000, &access);
		if (!err)
			err = staff_sees(tx->db, &access, user, now_ms / 1000, &sees);
	}
	if (err == ERR_NOT_FOUND ||
	    (!err && (!sees || user->disabled_s ||
	              (user->group_id && user->group_id != property.group_id))))
		return fault_set(&r->fault, ERR_BAD_INPUT, "owner", "no such person here");
	return err;
}

static enum err note(struct tx *tx, const struct task_take *r, const char *name, int64_t now_ms)
{
	char object[128];

	snprintf(object, sizeof object, "task %s %s", r->kind, r->object);
	return audit_note(tx, &r->actor, r->property_id, "task.take", object, name, now_ms);
}

enum err task_take_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct task_take *r = arg;
	struct task_owner row = {
	        .property_id = r->property_id, .user_id = r->user_id, .since_s = now_ms / 1000};
	struct user_row user = {.name = ""};
	struct task_owner before = {0};
	enum err err = access_require_property(tx, &r->actor, PERMISSION_PROPERTY_READ,
	                                       r->property_id, now_ms);

	(void)out;
	r->fault = (struct fault){0};
	if (!err)
		err = task_owner_get(tx->db, r->property_id, r->kind, r->object, &before);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (before.user_id && before.user_id != r->actor.user_id && !may_give(tx, r, now_ms))
		return fault_set(&r->fault, ERR_REFUSED, "owner", "somebody else has it");
	if (before.user_id == r->user_id)
		return ERR_NONE;
	if (r->user_id && r->user_id != r->actor.user_id && !may_give(tx, r, now_ms))
		return fault_set(&r->fault, ERR_FORBIDDEN, "owner",
		                 "only who may edit the property gives tasks to others");
	err = r->user_id ? check_owner(tx, r, &user, now_ms) : ERR_NONE;
	snprintf(row.kind, sizeof row.kind, "%s", r->kind);
	snprintf(row.object, sizeof row.object, "%s", r->object);
	if (!err)
		err = r->user_id ? task_owner_put(tx->db, &row)
		                 : task_owner_delete(tx->db, r->property_id, r->kind, r->object);
	return err ? err : note(tx, r, user.name, now_ms);
}
