#include "platform/core/admin.h"

#include <stdio.h>
#include <string.h>

#include "libs/base/utf8.h"
#include "platform/core/access.h"
#include "platform/core/role.h"
#include "platform/store/grant.h"
#include "platform/store/info.h"

static void copy(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

enum err audit_write(struct tx *tx, const struct actor *actor, const struct audit_entry *entry,
                     int64_t now_ms)
{
	struct audit_row row = {.property_id = entry->property_id,
	                        .group_id = entry->property_id ? 0 : entry->group_id,
	                        .at_ms = now_ms,
	                        .user_id = actor->user_id,
	                        .key_id = actor->key_id,
	                        .before = entry->before,
	                        .after = entry->after};

	copy(row.who, sizeof row.who, actor->who);
	copy(row.origin, sizeof row.origin, actor->origin);
	copy(row.reason, sizeof row.reason, actor->reason);
	copy(row.action, sizeof row.action, entry->action);
	copy(row.object, sizeof row.object, entry->object);
	copy(row.detail, sizeof row.detail, entry->detail);
	copy(row.result, sizeof row.result, entry->result ? entry->result : AUDIT_DONE);
	return audit_append(tx->db, &row);
}

void actor_again(struct actor *actor, const char *who, const char *origin, const char *reason,
                 int64_t user_id, int64_t key_id)
{
	*actor = (struct actor){.user_id = user_id, .key_id = key_id, .local = !user_id && !key_id};
	snprintf(actor->who, sizeof actor->who, "%s", who);
	snprintf(actor->origin, sizeof actor->origin, "%s", origin);
	utf8_copy(actor->reason, sizeof actor->reason, reason);
}

enum err audit_note(struct tx *tx, const struct actor *actor, int64_t property_id,
                    const char *action, const char *object, const char *detail, int64_t now_ms)
{
	const struct audit_entry entry = {
	        .property_id = property_id, .action = action, .object = object, .detail = detail};

	return audit_write(tx, actor, &entry, now_ms);
}

/* ---- the installation ---- */

static void note_any(void *arg, const struct property_row *row)
{
	(void)row;
	++*(unsigned *)arg;
}

enum err init_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct init_request *request = arg;
	struct property_row property = {.created_s = now_ms / 1000,
	                                .utc_offset_min = CHINA_OFFSET_MIN,
	                                .remind_days = REMIND_DAYS};
	struct group_row group = {.created_s = now_ms / 1000};
	unsigned properties = 0;
	enum err err;

	if (!slug_valid(request->property_slug))
		return ERR_BAD_INPUT;
	err = property_list(tx->db, note_any, &properties);
	if (err)
		return err;
	if (properties)
		return ERR_DUP;
	err = sequence_next(tx->db, "group", &group.group_id);
	if (!err)
		err = sequence_next(tx->db, "property", &property.property_id);
	if (err)
		return err;
	snprintf(group.name, sizeof group.name, "%s", request->group_name);
	property.group_id = group.group_id;
	snprintf(property.slug, sizeof property.slug, "%s", request->property_slug);
	snprintf(property.name, sizeof property.name, "%s", request->property_name);
	err = group_insert(tx->db, &group);
	if (!err)
		err = property_insert(tx->db, &property);
	if (!err)
		err = audit_note(tx, &request->actor, 0, "installation.init", property.slug,
		                 property.name, now_ms);
	return err ? err : effects_directory(out);
}

/* ---- staff ---- */

enum err user_first_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct user_request *request = arg;
	struct user_row row = {.created_s = now_ms / 1000, .password_s = now_ms / 1000};
	struct grant_row grant = {.role_id = ROLE_ADMINISTRATOR, .created_s = now_ms / 1000};
	enum err err;

	if (!request->name[0] || !request->password_hash[0])
		return ERR_BAD_INPUT;
	copy(row.name, sizeof row.name, request->name);
	copy(row.lang, sizeof row.lang, request->lang[0] ? request->lang : "zh-CN");
	copy(row.password_hash, sizeof row.password_hash, request->password_hash);
	err = user_insert(tx->db, &row);
	if (err)
		return err;
	grant.user_id = request->user_id = row.user_id;
	err = grant_insert(tx->db, &grant);
	if (!err)
		err = audit_note(tx, &request->actor, 0, "user.add", row.name, "administrator",
		                 now_ms);
	return err ? err : effects_access(out, row.user_id, 0);
}

/* ---- gateways ---- */

static void note_property(void *arg, const struct property_row *row)
{
	struct property_row *found = arg;

	/* property_id -1: there are several, one must be named */
	if (found->property_id == 0)
		*found = *row;
	else
		found->property_id = -1;
}

enum err property_named_or_only(struct tx *tx, const char *slug, struct property_row *row)
{
	enum err err;

	if (slug[0])
		return property_by_slug(tx->db, slug, row);
	row->property_id = 0;
	err = property_list(tx->db, note_property, row);
	if (err)
		return err;
	return row->property_id > 0 ? ERR_NONE : row->property_id ? ERR_BAD_INPUT : ERR_NOT_FOUND;
}

static enum err gateway_audit(struct tx *tx, const struct gateway_request *request,
                              const char *action, int64_t now_ms)
{
	char object[64];

	snprintf(object, sizeof object, "gateway %s", request->row.name);
	return audit_note(tx, &request->actor, request->row.property_id, action, object,
	                  request->row.label, now_ms);
}

enum err gateway_add_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct gateway_request *request = arg;
	struct gateway_row *row = &request->row;
	struct property_row property;
	enum err err;

	if (!slug_valid(request->name))
		return ERR_BAD_INPUT;
	err = property_named_or_only(tx, request->property, &property);
	if (!err)
		err = access_require_property(tx, &request->actor, PERMISSION_GATEWAY_WRITE,
		                              property.property_id, now_ms);
	if (!err && property.archived_s)
		err = ERR_REFUSED;
	if (err)
		return err;
	memset(row, 0, sizeof *row);
	err = sequence_next(tx->db, "gateway", &row->gateway_id);
	if (err)
		return err;
	row->property_id = property.property_id;
	row->created_s = now_ms / 1000;
	row->config_version = 1;
	snprintf(row->name, sizeof row->name, "%s", request->name);
	snprintf(row->label, sizeof row->label, "%s", request->label);
	err = gateway_insert(tx->db, row);
	if (!err)
		err = gateway_audit(tx, request, "gateway.add", now_ms);
	return err ? err : effects_directory(out);
}

static enum err gateway_mark(struct tx *tx, struct gateway_request *request, const char *action,
                             int64_t revoked_s, int64_t now_ms, struct effects *out)
{
	enum err err = gateway_by_name(tx->db, request->name, &request->row);

	if (!err)
		err = access_require_property(tx, &request->actor, PERMISSION_GATEWAY_WRITE,
		                              request->row.property_id, now_ms);
	if (err)
		return err;
	request->row.revoked_s = revoked_s;
	err = gateway_set_revoked(tx->db, request->row.property_id, request->row.gateway_id,
	                          revoked_s);
	if (!err)
		err = gateway_audit(tx, request, action, now_ms);
	return err ? err : effects_directory(out);
}

enum err gateway_revoke_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return gateway_mark(tx, arg, "gateway.revoke", now_ms / 1000, now_ms, out);
}

enum err gateway_renew_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	return gateway_mark(tx, arg, "gateway.renew", 0, now_ms, out);
}

enum err backup_note_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct backup_note *note = arg;
	char detail[512];
	enum err err;

	(void)out;
	snprintf(detail, sizeof detail, "%zu files, %lld bytes: %.400s", note->files,
	         (long long)note->bytes, note->folder);
	err = info_number_set(tx->db, INFO_BACKUP_MS, note->at_ms);
	return err ? err : audit_note(tx, &note->actor, 0, "backup.make", "store", detail, now_ms);
}
