#include "platform/core/staff.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/json_out.h"
#include "platform/core/role.h"
#include "platform/store/info.h"
#include "platform/store/login.h"

/* ---- who may see and manage whom ---- */

enum err grant_place(struct db *db, const struct grant_row *row, struct place *place)
{
	struct group_row group;

	if (row->property_id)
		return place_of_space(db, row->property_id, row->space_id, place);
	*place = (struct place){.group_id = row->group_id};
	return row->group_id ? group_get(db, row->group_id, &group) : ERR_NONE;
}

/* Those that hold now. */
struct grants {
	struct grant_row row[ACCESS_GRANTS_MAX];
	size_t count;
	int64_t now_s;
};

static void take_grant(void *arg, const struct grant_row *row)
{
	struct grants *grants = arg;

	if (grants->count < ARRAY_SIZE(grants->row) &&
	    (!row->expires_s || row->expires_s > grants->now_s))
		grants->row[grants->count++] = *row;
}

enum err staff_sees(struct db *db, const struct access *access, const struct user_row *user,
                    int64_t now_s, bool *sees)
{
	const struct place home = {.group_id = user->group_id};
	struct grants grants = {.now_s = now_s};
	struct place place;
	enum err err = ERR_NONE;

	*sees = access->user_id == user->user_id ||
	        (access->user_id && user->created_by == access->user_id) ||
	        access_allows(access, PERMISSION_USER_READ, &home, now_s);
	if (!*sees)
		err = grant_list_of_user(db, user->user_id, take_grant, &grants);
	for (size_t i = 0; !err && !*sees && i < grants.count; i++) {
		err = grant_place(db, &grants.row[i], &place);
		if (!err)
			*sees = access_allows(access, PERMISSION_USER_READ, &place, now_s);
		else if (err == ERR_NOT_FOUND)
			err = ERR_NONE;
	}
	return err;
}

/* All of the role's rights there, and the right to hand them out. */
static enum err holds_grant(struct db *db, const struct access *access, const struct grant_row *row,
                            int64_t now_s, bool *holds)
{
	uint64_t needed, has;
	struct place place;
	enum err err = role_permissions(db, row->role_id, &needed);

	*holds = true;
	if (!err)
		err = grant_place(db, row, &place);
	if (err == ERR_NOT_FOUND)
		return ERR_NONE; /* a grant of nothing, nowhere */
	if (err)
		return err;
	has = access_permissions(access, &place, now_s);
	*holds = (has & PERMISSION_BIT(PERMISSION_USER_WRITE)) && (needed & ~has) == 0;
	return ERR_NONE;
}

enum err staff_manages(struct db *db, const struct access *access, const struct user_row *user,
                       int64_t now_s, bool *manages)
{
	const struct place home = {.group_id = user->group_id};
	struct grants grants = {.now_s = now_s};
	enum err err = grant_list_of_user(db, user->user_id, take_grant, &grants);

	/* Who has no rights yet is managed at home, or by the person who made him. */
	*manages = grants.count > 0 || access_allows(access, PERMISSION_USER_WRITE, &home, now_s) ||
	           (access->user_id && user->created_by == access->user_id);
	for (size_t i = 0; !err && *manages && i < grants.count; i++)
		err = holds_grant(db, access, &grants.row[i], now_s, manages);
	return err;
}

enum err staff_managed(struct tx *tx, const struct actor *actor, int64_t user_id, int64_t now_ms,
                       struct user_row *user)
{
	struct access access;
	bool sees = false, manages = false;
	enum err err;

	if (actor->key_id)
		return ERR_FORBIDDEN; /* people are managed by people */
	err = access_load(tx->db, actor, now_ms / 1000, &access);
	if (err == ERR_AUTH)
		return ERR_FORBIDDEN;
	if (!err)
		err = user_get(tx->db, user_id, user);
	if (!err)
		err = staff_sees(tx->db, &access, user, now_ms / 1000, &sees);
	if (!err && sees)
		err = staff_manages(tx->db, &access, user, now_ms / 1000, &manages);
	if (err)
		return err;
	return !sees ? ERR_HIDDEN : manages ? ERR_NONE : ERR_FORBIDDEN;
}

/* ---- audit ---- */

enum err staff_note(struct tx *tx, const struct actor *actor, const struct place *place,
                    struct audit_entry entry, int64_t now_ms)
{
	entry.property_id = place->property_id;
	entry.group_id = place->group_id;
	return audit_write(tx, actor, &entry, now_ms);
}

/* Whole phone numbers do not go where nothing can be erased. */
static void mask_phone(const char *phone, char masked[32])
{
	size_t len = strlen(phone);

	if (len > 4)
		snprintf(masked, 32, "***%.4s", phone + len - 4);
	else
		snprintf(masked, 32, "%.4s", phone);
}

static void write_user(struct json_out *out, const struct user_row *row)
{
	char phone[32];

	mask_phone(row->phone, phone);
	out_object(out, NULL);
	out_text(out, "name", row->name);
	out_text(out, "full_name", row->full_name);
	out_text(out, "phone", phone);
	out_text(out, "lang", row->lang);
	out_bool(out, "disabled", row->disabled_s != 0);
	out_object_end(out);
}

static enum err note_user(struct tx *tx, const struct actor *actor, const char *action,
                          const struct user_row *before, const struct user_row *after,
                          int64_t now_ms)
{
	const struct place home = {.group_id = after->group_id};
	struct json_out old, new;
	const char *was, *is;
	char object[64];
	enum err err = ERR_NOMEM;

	json_out_init(&old);
	json_out_init(&new);
	if (before)
		write_user(&old, before);
	write_user(&new, after);
	was = json_out_string(&old);
	is = json_out_string(&new);
	snprintf(object, sizeof object, "user %lld", (long long)after->user_id);
	if (was && is)
		err = staff_note(tx, actor, &home,
		                 (struct audit_entry){.action = action,
		                                      .object = object,
		                                      .detail = after->name,
		                                      .before = before ? was : NULL,
		                                      .after = is},
		                 now_ms);
	json_out_free(&old);
	json_out_free(&new);
	return err;
}

/* ---- people ---- */

static bool text_is_tidy(const char *text, bool needed)
{
	size_t len = strlen(text);

	if (!len)
		return !needed;
	return !isspace((unsigned char)text[0]) && !isspace((unsigned char)text[len - 1]);
}

static bool row_valid(const struct user_row *row)
{
	return text_is_tidy(row->name, true) && text_is_tidy(row->full_name, false) &&
	       (strcmp(row->lang, "zh-CN") == 0 || strcmp(row->lang, "en") == 0);
}

static enum err name_free(struct db *db, const char *name, int64_t user_id)
{
	struct user_row other;
	enum err err = user_by_name(db, name, &other);

	if (err == ERR_NOT_FOUND || (!err && other.user_id == user_id))
		return ERR_NONE;
	return err ? err : ERR_DUP;
}

/* `user.write` at home, or at one place below it: who makes a person there grants him rights
 * there. */
static enum err may_create(struct tx *tx, const struct actor *actor, int64_t group_id,
                           int64_t now_ms)
{
	const struct place home = {.group_id = group_id};
	struct access access;
	enum err err =
	        actor->key_id ? ERR_FORBIDDEN : access_load(tx->db, actor, now_ms / 1000, &access);

	if (err)
		return err == ERR_AUTH ? ERR_FORBIDDEN : err;
	if (access_allows(&access, PERMISSION_USER_WRITE, &home, now_ms / 1000))
		return ERR_NONE;
	if (group_id)
		for (size_t i = 0; i < access.count; i++)
			if (access.grant[i].group_id == group_id &&
			    access.grant[i].permissions & PERMISSION_BIT(PERMISSION_USER_WRITE))
				return ERR_NONE;
	return access_sees(&access, &home, now_ms / 1000) ? ERR_FORBIDDEN : ERR_HIDDEN;
}

enum err user_create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct user_create *request = arg;
	struct user_row *row = &request->row;
	struct group_row group;
	enum err err;

	if (!row->lang[0])
		snprintf(row->lang, sizeof row->lang, "zh-CN");
	if (!row_valid(row))
		return ERR_BAD_INPUT;
	err = row->group_id ? group_get(tx->db, row->group_id, &group) : ERR_NONE;
	if (!err)
		err = may_create(tx, &request->actor, row->group_id, now_ms);
	if (!err)
		err = name_free(tx->db, row->name, 0);
	if (err)
		return err;
	row->created_s = now_ms / 1000;
	row->created_by = request->actor.user_id;
	row->password_s = row->password_hash[0] ? now_ms / 1000 : 0;
	err = user_insert(tx->db, row);
	if (!err)
		err = note_user(tx, &request->actor, "user.create", NULL, row, now_ms);
	return err ? err : effects_access(out, row->user_id, 0);
}

static void take_members(struct user_row *to, const struct user_row *from, unsigned members,
                         int64_t now_ms)
{
	if (members & USER_NAME)
		memcpy(to->name, from->name, sizeof to->name);
	if (members & USER_FULL_NAME)
		memcpy(to->full_name, from->full_name, sizeof to->full_name);
	if (members & USER_PHONE)
		memcpy(to->phone, from->phone, sizeof to->phone);
	if (members & USER_LANG)
		memcpy(to->lang, from->lang, sizeof to->lang);
	if (members & USER_DISABLED)
		to->disabled_s = !from->disabled_s ? 0
		                 : to->disabled_s  ? to->disabled_s
		                                   : now_ms / 1000;
}

static enum err may_edit(struct tx *tx, const struct user_edit *edit, int64_t now_ms,
                         struct user_row *row)
{
	const unsigned own = USER_FULL_NAME | USER_PHONE | USER_LANG;
	bool self = !edit->actor.local && edit->actor.user_id == edit->user_id;

	if (self && edit->members & USER_DISABLED)
		return ERR_REFUSED;
	if (self && !(edit->members & ~own))
		return user_get(tx->db, edit->user_id, row);
	return staff_managed(tx, &edit->actor, edit->user_id, now_ms, row);
}

enum err user_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct user_edit *edit = arg;
	struct user_row before, row;
	enum err err;

	err = may_edit(tx, edit, now_ms, &before);
	if (err)
		return err;
	if (edit->version && edit->version != before.version)
		return ERR_CONFLICT;
	row = before;
	take_members(&row, &edit->row, edit->members, now_ms);
	if (!row_valid(&row))
		return ERR_BAD_INPUT;
	if (row.disabled_s && !before.disabled_s && !edit->actor.reason[0])
		return ERR_BAD_INPUT;
	row.version++;
	err = name_free(tx->db, row.name, row.user_id);
	if (!err)
		err = user_update(tx->db, &row);
	if (!err && row.disabled_s && !before.disabled_s) {
		err = staff_check_administrators(tx, row.user_id);
		if (!err)
			err = session_delete_others(tx->db, row.user_id, 0);
		if (!err)
			err = invitation_delete_of_user(tx->db, row.user_id);
	}
	if (!err)
		err = note_user(tx, &edit->actor, "user.edit", &before, &row, now_ms);
	if (err)
		return err;
	edit->row = row;
	return effects_access(out, row.user_id, 0);
}

/* ---- the last administrator ---- */

struct administrators {
	int64_t user_id[64];
	size_t count;
	int64_t changed;
	bool was;
};

static void take_administrator(void *arg, const struct grant_row *row)
{
	struct administrators *all = arg;

	all->was |= row->user_id == all->changed;
	if (!row->expires_s && !row->group_id && all->count < ARRAY_SIZE(all->user_id))
		all->user_id[all->count++] = row->user_id;
}

enum err staff_check_administrators(struct tx *tx, int64_t changed)
{
	struct administrators all = {.changed = changed, .was = !changed};
	struct user_row user;
	enum err err;

	err = grant_list_of_role(tx->db, ROLE_ADMINISTRATOR, take_administrator, &all);
	if (!err && !all.was)
		return ERR_NONE;
	for (size_t i = 0; !err && i < all.count; i++) {
		err = user_get(tx->db, all.user_id[i], &user);
		if (!err && !user.disabled_s)
			return ERR_NONE;
	}
	return err ? err : ERR_REFUSED;
}
