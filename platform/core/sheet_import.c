#include "platform/core/sheet_import.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/json_out.h"
#include "platform/core/sheet_check.h"

enum err sheet_rights(struct tx *tx, const struct actor *actor, const struct sheet_kind *kind,
                      int64_t property_id, int64_t now_ms)
{
	struct place place;
	enum err err = place_of_space(tx->db, property_id, 0, &place);

	if (!err)
		err = access_require(tx, actor, PERMISSION_SHEET_IMPORT, &place, now_ms);
	return err ? err : access_require(tx, actor, kind->write, &place, now_ms);
}

/* ---- what is told ---- */

static enum err tell(struct tx *tx, const struct sheet_job_row *row, struct effects *out)
{
	struct effect *effect = effects_add(out, EFFECT_SHEET);
	struct place place;
	enum err err = place_of_space(tx->db, row->property_id, 0, &place);

	if (err)
		return err;
	if (!effect)
		return ERR_NOMEM;
	effect->u.sheet = (struct effect_sheet){.group_id = place.group_id,
	                                        .property_id = row->property_id,
	                                        .job_id = row->job_id,
	                                        .state = row->state};
	snprintf(effect->u.sheet.file, sizeof effect->u.sheet.file, "%s", row->file);
	return ERR_NONE;
}

static enum err note(struct tx *tx, const struct actor *actor, const struct sheet_job_row *row,
                     const char *action, int64_t now_ms)
{
	char object[64], detail[320];
	const struct audit_entry entry = {.property_id = row->property_id,
	                                  .action = action,
	                                  .object = object,
	                                  .detail = detail,
	                                  .result = row->state == SHEET_FAILED ? row->fault : NULL};

	snprintf(object, sizeof object, "import %lld", (long long)row->job_id);
	snprintf(detail, sizeof detail,
	         "%s, %s, %lld rows: %lld added, %lld changed, %lld same, %lld mistakes%s%s",
	         row->kind, sheet_state_word(row->state), (long long)row->rows,
	         (long long)row->added, (long long)row->changed, (long long)row->same,
	         (long long)row->mistakes, row->hash[0] ? ", sha256 " : "", row->hash);
	return audit_write(tx, actor, &entry, now_ms);
}

/* The row with its new state, for everybody who looks. */
static enum err move(struct tx *tx, struct sheet_job_row *row, enum sheet_state state,
                     int64_t now_ms, struct effects *out)
{
	enum err err;

	row->state = state;
	row->changed_ms = now_ms;
	err = sheet_job_update(tx->db, row);
	return err ? err : tell(tx, row, out);
}

/* ---- people ---- */

enum err sheet_create_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct sheet_create *create = arg;
	struct sheet_job_row *row = &create->row;
	const struct sheet_kind *kind = sheet_kind_find(row->kind);
	int64_t count;
	enum err err;

	if (!kind)
		return ERR_BAD_INPUT;
	err = sheet_rights(tx, &create->actor, kind, row->property_id, now_ms);
	if (!err)
		err = sheet_job_count_open(tx->db, row->property_id, &count);
	if (err)
		return err;
	if (count >= SHEET_OPEN_MAX)
		return ERR_FULL;
	row->state = row->bytes ? SHEET_UPLOADED : SHEET_RECEIVING;
	row->user_id = create->actor.user_id;
	row->key_id = create->actor.key_id;
	snprintf(row->by_name, sizeof row->by_name, "%s", create->actor.who);
	snprintf(row->by_origin, sizeof row->by_origin, "%s", create->actor.origin);
	row->created_ms = row->changed_ms = now_ms;
	err = sheet_job_insert(tx->db, row);
	if (!err)
		err = note(tx, &create->actor, row, "sheet.upload", now_ms);
	return err ? err : tell(tx, row, out);
}

enum err sheet_sent_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct sheet_sent *sent = arg;
	struct sheet_job_row *row = &sent->row;
	const struct sheet_kind *kind;
	enum err err = sheet_job_get(tx->db, sent->property_id, sent->job_id, row);

	if (err)
		return err;
	kind = sheet_kind_find(row->kind);
	err = kind ? sheet_rights(tx, &sent->actor, kind, row->property_id, now_ms) : ERR_VERSION;
	if (err)
		return err;
	if (row->state != SHEET_RECEIVING)
		return ERR_REFUSED;
	row->bytes = sent->bytes;
	return move(tx, row, SHEET_UPLOADED, now_ms, out);
}

/* A waiting approval of this import? */
static enum err waits(struct tx *tx, const struct sheet_job_row *row, bool *waiting)
{
	struct approval_row approval;
	enum err err;

	*waiting = false;
	if (!row->approval_id)
		return ERR_NONE;
	err = approval_get(tx->db, row->approval_id, &approval);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	*waiting = approval.state == APPROVAL_WAITING;
	return ERR_NONE;
}

/* What a second person agrees to: this import with exactly these rows. */
static void body_write(struct json_out *body, const struct sheet_job_row *row)
{
	out_object(body, NULL);
	out_int(body, "import", row->job_id);
	out_text(body, "kind", row->kind);
	out_int(body, "rows", row->rows);
	out_int(body, "added", row->added);
	out_int(body, "changed", row->changed);
	out_text(body, "sha256", row->hash);
	out_object_end(body);
}

static enum err ask_second(struct tx *tx, const struct sheet_act *act, struct sheet_job_row *row,
                           int64_t now_ms)
{
	struct approval_ask ask = {
	        .actor = &act->actor, .kind = &approval_kind_sheet, .count = row->rows};
	struct json_out body;
	struct place place;
	char object[64];
	enum err err = place_of_space(tx->db, row->property_id, 0, &place);

	if (err)
		return err;
	json_out_init(&body);
	body_write(&body, row);
	snprintf(object, sizeof object, "import %lld", (long long)row->job_id);
	ask.place = &place;
	ask.object = object;
	ask.body = body.data;
	ask.body_len = body.len;
	err = body.failed ? ERR_NOMEM : approval_ask(tx, &ask, now_ms, &row->approval_id);
	json_out_free(&body);
	return err;
}

static bool one_may(const struct sheet_act *act, const struct sheet_kind *kind,
                    const struct sheet_job_row *row)
{
	if (kind->second_person)
		return false;
	return act->actor.local || row->rows <= act->alone_max;
}

/* The job of an act with the rights to act on it. */
static enum err act_begin(struct tx *tx, struct sheet_act *act, const struct sheet_kind **kind,
                          int64_t now_ms)
{
	enum err err = sheet_job_get(tx->db, act->property_id, act->job_id, &act->row);

	if (err)
		return err;
	*kind = sheet_kind_find(act->row.kind);
	if (!*kind)
		return ERR_VERSION;
	return sheet_rights(tx, &act->actor, *kind, act->property_id, now_ms);
}

enum err sheet_apply_ask_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct sheet_act *act = arg;
	struct sheet_job_row *row = &act->row;
	const struct sheet_kind *kind;
	bool waiting = false;
	enum err err = act_begin(tx, act, &kind, now_ms);

	if (!err)
		err = waits(tx, row, &waiting);
	if (err)
		return err;
	if (row->state != SHEET_CHECKED || row->mistakes || waiting)
		return ERR_REFUSED;
	if (strcmp(act->hash, row->hash) != 0)
		return ERR_CONFLICT;
	/* From here on it is his import: his rights and his name count. */
	row->user_id = act->actor.user_id;
	row->key_id = act->actor.key_id;
	snprintf(row->by_name, sizeof row->by_name, "%s", act->actor.who);
	snprintf(row->by_origin, sizeof row->by_origin, "%s", act->actor.origin);
	snprintf(row->reason, sizeof row->reason, "%s", act->actor.reason);
	row->approval_id = 0;
	if (!one_may(act, kind, row)) {
		err = ask_second(tx, act, row, now_ms);
		return err ? err : move(tx, row, SHEET_CHECKED, now_ms, out);
	}
	err = move(tx, row, SHEET_APPLYING, now_ms, out);
	return err ? err : note(tx, &act->actor, row, "sheet.apply", now_ms);
}

enum err sheet_cancel_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct sheet_act *act = arg;
	const struct sheet_kind *kind;
	enum err err = act_begin(tx, act, &kind, now_ms);

	if (err)
		return err;
	if (act->row.state >= SHEET_APPLYING)
		return ERR_REFUSED;
	err = move(tx, &act->row, SHEET_CANCELLED, now_ms, out);
	return err ? err : note(tx, &act->actor, &act->row, "sheet.cancel", now_ms);
}

/* ---- the second person ---- */

static bool body_read(const struct approval_row *row, int64_t *job_id, char hash[SHEET_HASH_TEXT])
{
	json_t *body = json_loadb(row->body, row->body_len, 0, NULL);
	const char *text = json_string_value(json_object_get(body, "sha256"));
	bool good = text && json_is_integer(json_object_get(body, "import"));

	*job_id = json_integer_value(json_object_get(body, "import"));
	snprintf(hash, SHEET_HASH_TEXT, "%s", text ? text : "");
	json_decref(body);
	return good;
}

static enum err agreed(struct tx *tx, const struct actor *requester, const struct approval_row *row,
                       char result[APPROVAL_RESULT_SIZE], int64_t now_ms, struct effects *out)
{
	char hash[SHEET_HASH_TEXT];
	struct sheet_job_row job;
	int64_t job_id;
	enum err err;

	if (!body_read(row, &job_id, hash))
		return ERR_DAMAGED;
	err = sheet_job_get(tx->db, row->property_id, job_id, &job);
	if (err)
		return err;
	if (job.state != SHEET_CHECKED || job.approval_id != row->approval_id ||
	    strcmp(job.hash, hash) != 0)
		return ERR_REFUSED;
	err = move(tx, &job, SHEET_APPLYING, now_ms, out);
	if (!err)
		err = note(tx, requester, &job, "sheet.apply", now_ms);
	snprintf(result, APPROVAL_RESULT_SIZE, "import %lld", (long long)job_id);
	return err;
}

const struct approval_kind approval_kind_sheet = {
        .word = "sheet.import",
        .zh = "导入表格",
        .en = "Import of a sheet",
        .permission = PERMISSION_SHEET_IMPORT,
        .run = agreed,
};

/* ---- the worker ---- */

static enum err next_of(struct tx *tx, enum sheet_state state, struct sheet_work *work)
{
	enum err err = sheet_job_next(tx->db, state, 0, &work->row);

	work->found = !err;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err sheet_take_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct sheet_work *work = arg;
	enum err err = tx_open(tx);

	if (!err)
		err = next_of(tx, SHEET_CHECKING, work);
	if (!err && !work->found) {
		err = next_of(tx, SHEET_UPLOADED, work);
		if (!err && work->found)
			err = move(tx, &work->row, SHEET_CHECKING, now_ms, out);
	}
	return err;
}

enum err sheet_checked_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct sheet_work *work = arg;
	struct sheet_job_row now;
	struct actor actor;
	enum err err = tx_open(tx);

	if (!err)
		err = sheet_job_get(tx->db, work->row.property_id, work->row.job_id, &now);
	if (err)
		return err;
	if (now.state != SHEET_CHECKING)
		return ERR_REFUSED;
	work->row.version = now.version;
	err = move(tx, &work->row, SHEET_CHECKED, now_ms, out);
	sheet_job_actor(&work->row, &actor);
	return err ? err : note(tx, &actor, &work->row, "sheet.check", now_ms);
}

/* The name of whoever agreed, if it needed somebody. */
static enum err second_name(struct tx *tx, struct sheet_job_row *row)
{
	struct approval_row approval;
	enum err err;

	if (!row->approval_id)
		return ERR_NONE;
	err = approval_get(tx->db, row->approval_id, &approval);
	if (!err)
		snprintf(row->agreed_name, sizeof row->agreed_name, "%s", approval.decided_name);
	return err;
}

enum err sheet_apply_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct sheet_work *work = arg;
	struct sheet_job_row *row = &work->row;
	const struct sheet_kind *kind;
	struct actor actor;
	enum err err = tx_open(tx);

	if (!err)
		err = next_of(tx, SHEET_APPLYING, work);
	if (err || !work->found)
		return err;
	kind = sheet_kind_find(row->kind);
	sheet_job_actor(row, &actor);
	err = kind ? sheet_rights(tx, &actor, kind, row->property_id, now_ms) : ERR_VERSION;
	if (!err)
		err = second_name(tx, row);
	if (!err)
		err = sheet_apply_rows(tx, work->store_dir, &actor, row, now_ms, out);
	if (!err)
		err = move(tx, row, SHEET_APPLIED, now_ms, out);
	if (!err)
		err = note(tx, &actor, row, "sheet.applied", now_ms);
	return err;
}

bool sheet_error_is_final(enum err err)
{
	switch ((int)err) {
	case ERR_NONE:
	case ERR_NOMEM:
	case ERR_IO:
	case ERR_DISK_FULL:
	case ERR_BUSY:
	case ERR_CLOSED:
		return false;
	}
	return true;
}

enum err sheet_failed_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct sheet_work *work = arg;
	struct sheet_job_row now;
	struct actor actor;
	enum err err = tx_open(tx);

	if (!err)
		err = sheet_job_get(tx->db, work->row.property_id, work->row.job_id, &now);
	if (err)
		return err;
	if (now.state != SHEET_APPLYING && now.state != SHEET_CHECKING)
		return ERR_REFUSED;
	snprintf(now.fault, sizeof now.fault, "%s", work->row.fault);
	now.fault_row = work->row.fault_row;
	memcpy(now.fault_detail, work->row.fault_detail, sizeof now.fault_detail);
	sheet_job_actor(&now, &actor);
	err = move(tx, &now, SHEET_FAILED, now_ms, out);
	work->row = now;
	return err ? err : note(tx, &actor, &now, "sheet.failed", now_ms);
}

enum err sheet_expire_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	static const struct actor platform = {.who = "platform", .local = true};
	struct sheet_work *work = arg;
	enum err err = tx_open(tx);

	if (!err)
		err = sheet_job_stale(tx->db, SHEET_CHECKED, now_ms - SHEET_KEEP_MS, &work->row);
	if (err == ERR_NOT_FOUND)
		err = sheet_job_stale(tx->db, SHEET_RECEIVING, now_ms - SHEET_RECEIVE_MS,
		                      &work->row);
	work->found = !err;
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	err = move(tx, &work->row, SHEET_CANCELLED, now_ms, out);
	return err ? err : note(tx, &platform, &work->row, "sheet.expire", now_ms);
}

static bool is_open(void *arg, const char *name)
{
	struct tx *tx = arg;
	bool open = true;

	/* When the store cannot say, the file stays. */
	return sheet_job_of_file(tx->db, name, &open) || open;
}

enum err sheet_sweep_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct sheet_work *work = arg;
	enum err err = tx_open(tx);

	(void)now_ms;
	(void)out;
	if (!err)
		sheet_files_sweep(work->store_dir, is_open, tx);
	return err;
}
