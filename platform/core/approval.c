#include "platform/core/approval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"
#include "platform/core/account_close.h"
#include "platform/core/adjust.h"
#include "platform/core/command_batch.h"
#include "platform/core/gateway_revoke.h"
#include "platform/core/person.h"
#include "platform/core/refund.h"
#include "platform/core/role.h"
#include "platform/core/roster.h"
#include "platform/core/sheet_import.h"
#include "platform/core/staff.h"
#include "platform/core/supply.h"
#include "platform/store/chain.h"

/* What became of it, where people read that. */
#define WHY_NO_RIGHT_NOW "who asked has no right to it any more"

#define LATE_AT_ONCE 100

/* What can be approved. A module adds its kind here. */
static const struct approval_kind *const kinds[] = {
        &approval_kind_command_batch,
        &approval_kind_gateway_revoke,
        &approval_kind_grant,
        &approval_kind_role,
        &person_erase_kind,
        &approval_kind_sheet,
        &approval_kind_reversal,
        &approval_kind_refund,
        &approval_kind_payment_refund,
        &approval_kind_adjust,
        &approval_kind_writeoff,
        &approval_kind_payout,
        &approval_kind_supply_release,
        &approval_kind_allowances,
        &approval_kind_tariffs,
};

const struct approval_kind *approval_kind_find(const char *word)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (strcmp(kinds[i]->word, word) == 0)
			return kinds[i];
	return NULL;
}

/* ---- what is agreed to ---- */

static void row_hash(const struct approval_row *row, char text[APPROVAL_HASH_TEXT])
{
	uint8_t digest[SHA256_SIZE];
	struct sha256 hash;

	sha256_init(&hash);
	chain_text(&hash, row->kind);
	chain_number(&hash, row->group_id);
	chain_number(&hash, row->property_id);
	chain_number(&hash, row->space_id);
	chain_number(&hash, row->by_user_id);
	chain_number(&hash, row->by_key_id);
	chain_text(&hash, row->reason);
	chain_bytes(&hash, row->body, row->body_len);
	sha256_final(&hash, digest);
	hex_encode(digest, sizeof digest, text);
}

/* ---- audit ---- */

static enum err note(struct tx *tx, const struct actor *actor, const struct approval_row *row,
                     const char *action, const char *detail, int64_t now_ms)
{
	const struct audit_entry entry = {.property_id = row->property_id,
	                                  .group_id = row->group_id,
	                                  .action = action,
	                                  .object = row->object,
	                                  .detail = detail};

	return audit_write(tx, actor, &entry, now_ms);
}

static enum err note_decision(struct tx *tx, const struct actor *actor,
                              const struct approval_row *row, const char *action, int64_t now_ms)
{
	char detail[512];

	snprintf(detail, sizeof detail, "approval %lld of %s, %s, asked by %s%s%s",
	         (long long)row->approval_id, row->kind, approval_state_text(row->state),
	         row->by_name, row->result[0] ? ": " : "", row->result);
	return note(tx, actor, row, action, detail, now_ms);
}

/* ---- asking ---- */

static void row_from(struct approval_row *row, const struct approval_ask *ask, int64_t person,
                     int64_t now_ms)
{
	int64_t life_s =
	        ask->life_s > 0 && ask->life_s < APPROVAL_LIFE_S ? ask->life_s : APPROVAL_LIFE_S;

	memset(row, 0, sizeof *row);
	row->property_id = ask->place->property_id;
	row->group_id = ask->place->group_id;
	row->space_id = ask->place->space[0];
	snprintf(row->kind, sizeof row->kind, "%s", ask->kind->word);
	snprintf(row->object, sizeof row->object, "%s", ask->object);
	row->object_count = ask->count;
	snprintf(row->reason, sizeof row->reason, "%s", ask->actor->reason);
	row->by_user_id = person;
	row->by_key_id = ask->actor->key_id;
	snprintf(row->by_name, sizeof row->by_name, "%s", ask->actor->who);
	snprintf(row->by_origin, sizeof row->by_origin, "%s", ask->actor->origin);
	row->created_s = now_ms / 1000;
	row->expires_s = now_ms / 1000 + life_s;
	row->body = ask->body;
	row->body_len = ask->body_len;
	row_hash(row, row->hash);
}

enum err approval_ask(struct tx *tx, const struct approval_ask *ask, int64_t now_ms,
                      int64_t *approval_id)
{
	struct approval_row row;
	char detail[160];
	int64_t person;
	enum err err;

	if (!ask->actor->reason[0])
		return ERR_BAD_INPUT;
	if (ask->body_len > APPROVAL_BODY_MAX)
		return ERR_TOO_LONG;
	err = access_person(tx->db, ask->actor, &person);
	if (err)
		return err;
	row_from(&row, ask, person, now_ms);
	err = approval_waiting_hash(tx->db, row.property_id, row.hash, approval_id);
	if (err != ERR_NOT_FOUND)
		return err ? err : ERR_DUP;
	err = approval_insert(tx->db, &row);
	if (err)
		return err;
	*approval_id = row.approval_id;
	snprintf(detail, sizeof detail, "approval %lld of %s, %lld things, hash %.16s",
	         (long long)row.approval_id, row.kind, (long long)row.object_count, row.hash);
	return note(tx, ask->actor, &row, "approval.ask", detail, now_ms);
}

/* ---- who may see and decide ---- */

enum err approval_place(struct db *db, const struct approval_row *row, struct place *place)
{
	enum err err;

	*place = (struct place){.group_id = row->group_id};
	if (!row->property_id)
		return ERR_NONE;
	err = place_of_space(db, row->property_id, row->space_id, place);
	/* Its space is gone: the property's people see it end. */
	return err == ERR_NOT_FOUND ? place_of_space(db, row->property_id, 0, place) : err;
}

bool approval_visible(const struct access *access, const struct approval_row *row,
                      const struct place *place, int64_t now_s)
{
	bool own = access->key_id ? access->key_id == row->by_key_id
	                          : access->user_id && access->user_id == row->by_user_id;

	if (own && access_sees(access, place, now_s))
		return true;
	return access_allows(access, PERMISSION_APPROVAL_DECIDE, place, now_s) ||
	       access_allows(access, PERMISSION_AUDIT_READ, place, now_s);
}

/* A person whose account the requester made cannot be his second pair of eyes. */
static enum err is_creature(struct db *db, int64_t user_id, const struct approval_row *row,
                            bool *creature)
{
	struct user_row user;
	enum err err = user_get(db, user_id, &user);

	*creature = !err && row->by_user_id && user.created_by == row->by_user_id &&
	            user.created_s >= row->created_s - APPROVAL_LIFE_S;
	return err;
}

static enum err may_decide(struct tx *tx, const struct actor *actor, const struct approval_row *row,
                           const struct approval_kind *kind, const struct place *place,
                           int64_t now_ms)
{
	struct access access;
	bool creature = false;
	enum err err;

	err = access_load(tx->db, actor, now_ms / 1000, &access);
	if (err)
		return err == ERR_AUTH ? ERR_FORBIDDEN : err;
	if (!approval_visible(&access, row, place, now_ms / 1000))
		return ERR_HIDDEN;
	if (row->by_user_id == actor->user_id)
		return ERR_FORBIDDEN;
	if (!access_allows(&access, PERMISSION_APPROVAL_DECIDE, place, now_ms / 1000) ||
	    !access_allows(&access, kind->permission, place, now_ms / 1000))
		return ERR_FORBIDDEN;
	err = is_creature(tx->db, actor->user_id, row, &creature);
	return err ? err : creature ? ERR_FORBIDDEN : ERR_NONE;
}

/* ---- deciding ---- */

struct body {
	struct approval_row row;
	void *copy;
	bool failed;
};

/* A copy, because the act runs its own statements. */
static void take_body(void *arg, const struct approval_row *row)
{
	struct body *body = arg;

	body->row = *row;
	body->copy = malloc(row->body_len ? row->body_len : 1);
	body->failed = !body->copy;
	if (body->copy && row->body_len)
		memcpy(body->copy, row->body, row->body_len);
	body->row.body = body->copy;
}

static void requester_of(const struct approval_row *row, struct actor *actor)
{
	actor_again(actor, row->by_name, row->by_origin, row->reason,
	            row->by_key_id ? 0 : row->by_user_id, row->by_key_id);
}

/* In a part of its own: an act that cannot be done leaves nothing but the word that it failed. One that was only
 * too early (ERR_BUSY) undoes the whole decision, which may be tried again. */
static enum err run_act(struct tx *tx, const struct approval_kind *kind, const struct place *place,
                        struct approval_row *row, int64_t now_ms, struct effects *out)
{
	struct actor requester;
	size_t part;
	enum err err;

	requester_of(row, &requester);
	err = tx_part_begin(tx, out, &part);
	if (err)
		return err;
	err = access_require(tx, &requester, kind->permission, place, now_ms);
	if (err == ERR_NOT_FOUND)
		err = ERR_FORBIDDEN;
	if (!err)
		err = kind->run(tx, &requester, row, row->result, now_ms, out);
	if (err == ERR_BUSY)
		return err;
	row->state = err ? APPROVAL_FAILED : APPROVAL_DONE;
	if (err)
		snprintf(row->result, sizeof row->result, "%s",
		         err == ERR_FORBIDDEN ? WHY_NO_RIGHT_NOW : err_text(err));
	return tx_part_end(tx, part, err, out);
}

static enum err agree(struct tx *tx, struct approval_decision *decision,
                      const struct approval_kind *kind, const struct place *place, int64_t now_ms,
                      struct effects *out)
{
	char hash[APPROVAL_HASH_TEXT];
	struct body body = {.copy = NULL};
	enum err err;

	err = approval_read(tx->db, decision->approval_id, take_body, &body);
	if (!err && body.failed)
		err = ERR_NOMEM;
	if (!err) {
		row_hash(&body.row, hash);
		if (strcmp(hash, body.row.hash) != 0)
			err = ERR_DAMAGED;
	}
	if (!err)
		err = run_act(tx, kind, place, &body.row, now_ms, out);
	if (!err) {
		decision->row.state = body.row.state;
		memcpy(decision->row.result, body.row.result, sizeof decision->row.result);
	}
	free(body.copy);
	return err;
}

static enum err close_row(struct tx *tx, const struct actor *actor, struct approval_row *row,
                          const char *action, int64_t now_ms)
{
	enum err err;

	row->decided_s = now_ms / 1000;
	row->decided_by = actor->user_id;
	snprintf(row->decided_name, sizeof row->decided_name, "%s", actor->who);
	snprintf(row->decided_reason, sizeof row->decided_reason, "%s", actor->reason);
	err = approval_update(tx->db, row);
	return err ? err : note_decision(tx, actor, row, action, now_ms);
}

enum err approval_decide_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct approval_decision *decision = arg;
	struct approval_row *row = &decision->row;
	const struct approval_kind *kind;
	struct place place;
	enum err err;

	/* A person with a name decides, nobody else; nor do others learn which ones there are. */
	if (decision->actor.local || decision->actor.key_id || !decision->actor.user_id)
		return ERR_FORBIDDEN;
	err = approval_get(tx->db, decision->approval_id, row);
	if (!err)
		err = approval_place(tx->db, row, &place);
	if (err)
		return err;
	kind = approval_kind_find(row->kind);
	if (!kind)
		return ERR_VERSION;
	err = may_decide(tx, &decision->actor, row, kind, &place, now_ms);
	if (err)
		return err;
	if (row->state != APPROVAL_WAITING || row->expires_s <= now_ms / 1000)
		return ERR_REFUSED;
	if (strcmp(decision->hash, row->hash) != 0)
		return ERR_CONFLICT;
	if (decision->verdict == APPROVAL_REJECT && !decision->actor.reason[0])
		return ERR_BAD_INPUT;
	row->state = APPROVAL_REJECTED;
	if (decision->verdict == APPROVAL_AGREE)
		err = agree(tx, decision, kind, &place, now_ms, out);
	if (err)
		return err;
	return close_row(tx, &decision->actor, row,
	                 decision->verdict == APPROVAL_AGREE ? "approval.agree" : "approval.reject",
	                 now_ms);
}

static bool is_requester(const struct actor *actor, const struct approval_row *row)
{
	return actor->key_id ? actor->key_id == row->by_key_id
	                     : actor->user_id && actor->user_id == row->by_user_id;
}

enum err approval_cancel_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct approval_cancel *cancel = arg;
	struct approval_row *row = &cancel->row;
	struct access access = {0};
	struct place place;
	enum err err;

	(void)out;
	err = approval_get(tx->db, cancel->approval_id, row);
	if (!err)
		err = approval_place(tx->db, row, &place);
	if (!err && !cancel->actor.local)
		err = access_load(tx->db, &cancel->actor, now_ms / 1000, &access);
	if (err)
		return err;
	if (!cancel->actor.local && !is_requester(&cancel->actor, row))
		return approval_visible(&access, row, &place, now_ms / 1000) ? ERR_FORBIDDEN
		                                                             : ERR_HIDDEN;
	if (row->state != APPROVAL_WAITING)
		return ERR_REFUSED;
	row->state = APPROVAL_CANCELLED;
	return close_row(tx, &cancel->actor, row, "approval.cancel", now_ms);
}

/* ---- time ---- */

struct late {
	struct approval_row rows[LATE_AT_ONCE];
	size_t count;
};

static void take_late(void *arg, const struct approval_row *row)
{
	struct late *late = arg;

	late->rows[late->count++] = *row;
}

enum err approval_expire_step(struct tx *tx, void *unused, int64_t now_ms, struct effects *out)
{
	static const struct actor platform = {.who = "platform", .local = true};
	struct late *late = calloc(1, sizeof *late);
	enum err err = ERR_NOMEM;

	(void)unused;
	(void)out;
	if (late)
		err = approval_list_late(tx->db, now_ms / 1000, LATE_AT_ONCE, take_late, late);
	if (!err && late->count)
		err = tx_open(tx);
	for (size_t i = 0; !err && i < late->count; i++) {
		late->rows[i].state = APPROVAL_EXPIRED;
		err = close_row(tx, &platform, &late->rows[i], "approval.expire", now_ms);
	}
	free(late);
	return err;
}
