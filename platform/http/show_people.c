#include "platform/http/show_people.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/approval.h"
#include "platform/http/approval_about.h"
#include "platform/http/approval_names.h"

int64_t role_ref_parse(const char *text)
{
	const struct builtin_role *builtin;
	int64_t number;

	if (!isdigit((unsigned char)text[0])) {
		builtin = builtin_role_named(text);
		return builtin ? builtin->role_id : 0;
	}
	number = strtoll(text, NULL, 10);
	return number >= ROLE_OWN_FIRST ? number : 0; /* built-in ones go by their word only */
}

void role_ref_text(int64_t role_id, char text[ROLE_REF_SIZE])
{
	const struct builtin_role *builtin = builtin_role_find(role_id);

	if (builtin)
		snprintf(text, ROLE_REF_SIZE, "%s", builtin->word);
	else
		snprintf(text, ROLE_REF_SIZE, "%lld", (long long)role_id);
}

void show_number(struct json_out *out, const char *key, int64_t number)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", (long long)number);
	if (number)
		out_text(out, key, text);
	else
		out_null(out, key);
}

static void show_time_or_null(struct json_out *out, const char *key, int64_t time_s)
{
	if (time_s)
		out_time_s(out, key, time_s);
	else
		out_null(out, key);
}

static enum err show_slug(struct json_out *out, struct db *db, int64_t property_id)
{
	struct property_row property;
	enum err err;

	if (!property_id) {
		out_null(out, "property");
		return ERR_NONE;
	}
	err = property_get(db, property_id, &property);
	if (!err)
		out_text(out, "property", property.slug);
	return err;
}

enum err show_grant(struct json_out *out, const char *key, struct db *db,
                    const struct grant_row *row)
{
	char name[ROLE_NAME_SIZE], ref[ROLE_REF_SIZE];
	enum err err = role_name(db, row->role_id, name);

	role_ref_text(row->role_id, ref);
	out_object(out, key);
	show_number(out, "id", row->grant_id);
	out_text(out, "role", ref);
	out_text(out, "role_name", name);
	show_number(out, "group", row->group_id);
	if (!err)
		err = show_slug(out, db, row->property_id);
	show_number(out, "space", row->space_id);
	show_time_or_null(out, "expires_at", row->expires_s);
	out_object_end(out);
	return err;
}

struct grant_rows {
	struct grant_row row[ACCESS_GRANTS_MAX];
	size_t count;
	int64_t now_s;
};

static void take_grant(void *arg, const struct grant_row *row)
{
	struct grant_rows *rows = arg;

	if (rows->count < ARRAY_SIZE(rows->row) &&
	    (!row->expires_s || row->expires_s > rows->now_s))
		rows->row[rows->count++] = *row;
}

enum err show_grants(struct json_out *out, struct db *db, int64_t user_id, int64_t now_s)
{
	struct grant_rows rows = {.now_s = now_s};
	enum err err = grant_list_of_user(db, user_id, take_grant, &rows);

	out_array(out, "grants");
	for (size_t i = 0; !err && i < rows.count; i++)
		err = show_grant(out, NULL, db, &rows.row[i]);
	out_array_end(out);
	return err;
}

enum err show_user(struct json_out *out, const char *key, struct db *db, const struct user_row *row,
                   int64_t now_s)
{
	enum err err;

	out_object(out, key);
	show_number(out, "id", row->user_id);
	out_text(out, "name", row->name);
	out_text(out, "full_name", row->full_name);
	out_text(out, "phone", row->phone);
	out_text(out, "lang", row->lang);
	show_number(out, "group", row->group_id);
	show_time_or_null(out, "disabled_at", row->disabled_s);
	out_time_s(out, "created_at", row->created_s);
	show_time_or_null(out, "login_at", row->login_s);
	out_bool(out, "password_set", row->password_hash[0] != '\0');
	out_bool(out, "second_factor", row->totp_since_s != 0);
	err = show_grants(out, db, row->user_id, now_s);
	out_int(out, "version", row->version);
	out_object_end(out);
	return err;
}

void show_permissions(struct json_out *out, uint64_t permissions)
{
	out_array(out, "permissions");
	for (unsigned p = 0; p < PERMISSION_COUNT; p++)
		if (permissions & PERMISSION_BIT(p))
			out_text(out, NULL, permission_word((enum permission)p));
	out_array_end(out);
}

void show_role(struct json_out *out, const char *key, const struct role_row *row,
               bool totp_required)
{
	const struct builtin_role *builtin = builtin_role_find(row->role_id);
	char ref[ROLE_REF_SIZE];

	role_ref_text(row->role_id, ref);
	out_object(out, key);
	out_text(out, "role", ref);
	out_bool(out, "builtin", builtin != NULL);
	out_text(out, "name", builtin ? builtin->en : row->name);
	out_text(out, "name_zh", builtin ? builtin->zh : row->name);
	show_permissions(out, row->permissions);
	out_bool(out, "totp_required", totp_required);
	out_int(out, "version", builtin ? 1 : row->version);
	out_object_end(out);
}

void show_session_item(struct json_out *out, const struct session_row *row, int64_t current)
{
	out_object(out, NULL);
	show_number(out, "id", row->session_id);
	out_bool(out, "current", row->session_id == current);
	out_time_s(out, "created_at", row->created_s);
	out_time_s(out, "seen_at", row->seen_s);
	out_time_s(out, "expires_at", row->expires_s);
	out_text(out, "origin", row->origin);
	out_text(out, "user_agent", row->user_agent);
	out_object_end(out);
}

enum err show_approval(struct json_out *out, const char *key, struct db *db,
                       const struct approval_row *row, bool decidable, bool customers)
{
	const struct approval_kind *kind = approval_kind_find(row->kind);
	enum err err;

	out_object(out, key);
	show_number(out, "id", row->approval_id);
	out_text(out, "kind", row->kind);
	out_text(out, "kind_name", kind ? kind->en : row->kind);
	out_text(out, "kind_name_zh", kind ? kind->zh : row->kind);
	err = show_slug(out, db, row->property_id);
	show_number(out, "group", row->group_id);
	out_text(out, "object", row->object);
	show_about(out, row);
	if (!err)
		err = show_object_name(out, db, row, customers);
	out_int(out, "count", row->object_count);
	out_text(out, "hash", row->hash);
	out_text(out, "reason", row->reason);
	out_text(out, "by", row->by_name);
	out_time_s(out, "created_at", row->created_s);
	out_time_s(out, "expires_at", row->expires_s);
	out_text(out, "state", approval_state_text(row->state));
	out_bool(out, "decidable", decidable);
	show_time_or_null(out, "decided_at", row->decided_s);
	out_text(out, "decided_by", row->decided_name);
	out_text(out, "decided_reason", row->decided_reason);
	out_text(out, "result", row->result);
	out_object_end(out);
	return err;
}
