#include "platform/core/vend.h"

#include <stdio.h>
#include <string.h>

#include "platform/core/change.h"

/* ---- rules ---- */

static const struct {
	const char *word;
	int64_t min, max;
} rules[VEND_RULE_COUNT] = {

#define X(id, name, min, max, builtin) {#name, min, max},
        VEND_RULES(X)
#undef X
};

const char *vend_rule_word(enum vend_rule rule)
{
	return rules[rule].word;
}

bool vend_rule_fits(enum vend_rule rule, int64_t value)
{
	return value >= rules[rule].min && value <= rules[rule].max;
}

static enum err take_rules(struct vend_edit *edit)
{
	int64_t *value = edit->rules.value, fee_ppm = value[VEND_FEE];

	for (unsigned i = 0; i < VEND_RULE_COUNT; i++) {
		if (edit->has[i] && !vend_rule_fits(i, edit->value[i]))
			return fault_set(&edit->fault, ERR_BAD_INPUT, rules[i].word,
			                 "must be %lld to %lld", (long long)rules[i].min,
			                 (long long)rules[i].max);
		if (edit->has[i])
			value[i] = edit->value[i];
	}
	if (value[VEND_MIN] > value[VEND_MAX])
		return fault_set(&edit->fault, ERR_BAD_INPUT, "min_purchase_fen",
		                 "is above the greatest purchase");
	if (value[VEND_FEE] > fee_ppm && !edit->fee_confirmed)
		return fault_set(&edit->fault, ERR_BAD_INPUT, "fee_confirmed",
		                 "read fee_warning and confirm it 请先阅读并确认加价提示");
	return ERR_NONE;
}

enum err vend_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct vend_edit *edit = arg;
	struct audit_entry entry = {.property_id = edit->property_id,
	                            .action = "vending.edit",
	                            .object = "vending",
	                            .detail =
	                                    edit->fee_confirmed ? "resale warning confirmed" : ""};
	struct property_row property;
	struct vend_rules before;
	struct change change;
	enum err err;

	(void)out;
	edit->fault = (struct fault){0};
	err = access_require_property(tx, &edit->actor, PERMISSION_PROPERTY_WRITE,
	                              edit->property_id, now_ms);
	if (!err)
		err = property_open(tx, edit->property_id, &property, &edit->fault);
	if (!err)
		err = vend_rules_get(tx->db, edit->property_id, &before);
	if (err)
		return err;
	if (before.version != edit->version)
		return ERR_CONFLICT;
	edit->rules = before;
	err = take_rules(edit);
	if (!err)
		err = vend_rules_put(tx->db, &edit->rules);
	if (err)
		return err;
	change_begin(&change);
	for (unsigned i = 0; i < VEND_RULE_COUNT; i++)
		change_int(&change, rules[i].word, before.value[i], edit->rules.value[i]);
	return change_note(&change, tx, &edit->actor, &entry, now_ms);
}

/* ---- shifts ---- */

#define SAFE 0 /* the subject of cash that is in nobody's till */

static enum err may_sell(struct tx *tx, const struct actor *actor, int64_t property_id,
                         int64_t now_ms)
{
	struct access access;
	struct place place;
	enum err err;

	if (actor->local)
		return ERR_NONE;
	err = access_load(tx->db, actor, now_ms / 1000, &access);
	if (err)
		return err == ERR_AUTH ? ERR_FORBIDDEN : err;
	err = place_of_space(tx->db, property_id, 0, &place);
	if (err)
		return err;
	if (!access_sees(&access, &place, now_ms / 1000))
		return ERR_HIDDEN;
	return access_reaches(&access, PERMISSION_VEND, &place, now_ms / 1000) ? ERR_NONE
	                                                                       : ERR_FORBIDDEN;
}

static enum err post_shift(struct tx *tx, const struct shift_row *row, const char *which,
                           const char *who, int64_t till_fen, int64_t safe_fen, struct fault *fault,
                           int64_t now_ms)
{
	struct books_post post = {
	        .property_id = row->property_id, .kind = "shift", .who = who, .reason = row->note};

	if (!till_fen && !safe_fen)
		return ERR_NONE;
	snprintf(post.key, sizeof post.key, "shift:%lld:%s", (long long)row->shift_id, which);
	books_add(&post, LEDGER_TILL, row->shift_id, till_fen);
	books_add(&post, LEDGER_TILL, SAFE, safe_fen);
	books_add(&post, LEDGER_ADJUST, 0, -till_fen - safe_fen);
	return books_post(tx, &post, fault, now_ms);
}

enum err shift_begin_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct shift_begin *begin = arg;
	struct property_row property;
	enum err err;

	(void)out;
	begin->fault = (struct fault){0};
	err = may_sell(tx, &begin->actor, begin->property_id, now_ms);
	if (!err)
		err = property_open(tx, begin->property_id, &property, &begin->fault);
	if (err)
		return err;
	if (begin->opening_fen < 0 || begin->opening_fen > BOOKS_AMOUNT_MAX)
		return fault_set(&begin->fault, ERR_BAD_INPUT, "opening_fen", "0 to %lld",
		                 (long long)BOOKS_AMOUNT_MAX);
	begin->row = (struct shift_row){.property_id = begin->property_id,
	                                .user_id = begin->actor.user_id,
	                                .opened_ms = now_ms,
	                                .opening_fen = begin->opening_fen};
	snprintf(begin->row.by_name, sizeof begin->row.by_name, "%s", begin->actor.who);
	err = shift_open_of(tx->db, begin->property_id, begin->actor.user_id, begin->actor.who,
	                    &begin->row);
	if (!err)
		return fault_set(&begin->fault, ERR_REFUSED, NULL, "your shift %lld is open",
		                 (long long)begin->row.shift_id);
	if (err == ERR_NOT_FOUND)
		err = shift_insert(tx->db, &begin->row);
	if (!err)
		err = post_shift(tx, &begin->row, "opened", begin->actor.who, -begin->opening_fen,
		                 begin->opening_fen, &begin->fault, now_ms);
	return err ? err
	           : books_audit(tx, &begin->actor, begin->property_id, "shift.open", "shift",
	                         begin->row.shift_id, begin->opening_fen, "", now_ms);
}

enum err shift_expected_fen(struct db *db, const struct shift_row *row, int64_t *fen)
{
	enum err err = books_balance_fen(db, row->property_id, LEDGER_TILL, row->shift_id, fen);

	*fen = -*fen;
	return err;
}

/* Another's is seen by who reads the ledger, and ended by who writes it. */
static enum err not_own(struct tx *tx, const struct actor *actor, int64_t property_id,
                        int64_t now_ms)
{
	enum err err =
	        access_require_property(tx, actor, PERMISSION_LEDGER_WRITE, property_id, now_ms);

	if (err != ERR_FORBIDDEN)
		return err;
	err = access_require_property(tx, actor, PERMISSION_LEDGER_READ, property_id, now_ms);
	return err ? ERR_HIDDEN : ERR_FORBIDDEN;
}

static enum err end_check(struct tx *tx, struct shift_end *end, int64_t now_ms)
{
	bool own;
	enum err err = may_sell(tx, &end->actor, end->property_id, now_ms);

	if (err == ERR_FORBIDDEN) /* finance sells nothing, and may end a shift all the same */
		err = ERR_NONE;
	if (!err)
		err = shift_get(tx->db, end->property_id, end->shift_id, &end->row);
	if (err)
		return err;
	own = end->row.user_id == end->actor.user_id &&
	      strcmp(end->row.by_name, end->actor.who) == 0;
	if (!own)
		err = not_own(tx, &end->actor, end->property_id, now_ms);
	if (err)
		return err;
	if (end->version && end->version != end->row.version)
		return ERR_CONFLICT;
	if (end->row.closed_ms)
		return fault_set(&end->fault, ERR_REFUSED, NULL, "it is closed already");
	if (end->counted_fen < 0 || end->counted_fen > BOOKS_AMOUNT_MAX)
		return fault_set(&end->fault, ERR_BAD_INPUT, "counted_fen", "0 to %lld",
		                 (long long)BOOKS_AMOUNT_MAX);
	err = fault_text(&end->fault, "handed_to", end->handed_to, TEXT_LINE, 0, 32);
	return err ? err : fault_text(&end->fault, "note", end->note, TEXT_LINE, 0, 60);
}

enum err shift_end_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct shift_end *end = arg;
	struct shift_row *row = &end->row;
	char detail[64];
	enum err err;

	(void)out;
	end->fault = (struct fault){0};
	err = end_check(tx, end, now_ms);
	if (!err)
		err = shift_expected_fen(tx->db, row, &row->expected_fen);
	if (err)
		return err;
	row->counted_fen = end->counted_fen;
	row->difference_fen = row->counted_fen - row->expected_fen;
	if (row->difference_fen && !end->note[0])
		return fault_set(&end->fault, ERR_BAD_INPUT, "note",
		                 "a difference of %lld fen wants a note",
		                 (long long)row->difference_fen);
	snprintf(row->handed_to, sizeof row->handed_to, "%s", end->handed_to);
	snprintf(row->note, sizeof row->note, "%s", end->note);
	row->closed_ms = now_ms;
	err = post_shift(tx, row, "closed", end->actor.who, row->expected_fen, -row->counted_fen,
	                 &end->fault, now_ms);
	if (!err)
		err = shift_update(tx->db, row);
	snprintf(detail, sizeof detail, "difference %lld fen", (long long)row->difference_fen);
	return err ? err
	           : books_audit(tx, &end->actor, end->property_id, "shift.close", "shift",
	                         row->shift_id, row->counted_fen, detail, now_ms);
}

/* ---- debts ---- */

static enum err debt_new(struct tx *tx, struct debt_edit *edit, int64_t now_ms)
{
	struct account_row account;
	enum err err = books_account(tx, &edit->actor, PERMISSION_LEDGER_WRITE, edit->property_id,
	                             edit->account_id, "account", &edit->fault, &account, now_ms);

	if (err)
		return err;
	if (account.state == ACCOUNT_CLOSED)
		return fault_set(&edit->fault, ERR_REFUSED, "account", "is closed");
	if (edit->amount_fen < 1 || edit->amount_fen > BOOKS_AMOUNT_MAX)
		return fault_set(&edit->fault, ERR_BAD_INPUT, "amount_fen", "1 to %lld",
		                 (long long)BOOKS_AMOUNT_MAX);
	edit->row = (struct debt_row){.property_id = edit->property_id,
	                              .account_id = edit->account_id,
	                              .kind = edit->kind,
	                              .state = DEBT_OPEN,
	                              .amount_fen = edit->amount_fen,
	                              .created_ms = now_ms};
	snprintf(edit->row.reason, sizeof edit->row.reason, "%s", edit->actor.reason);
	snprintf(edit->row.by_name, sizeof edit->row.by_name, "%s", edit->actor.who);
	return debt_insert(tx->db, &edit->row);
}

static enum err debt_waive(struct tx *tx, struct debt_edit *edit, int64_t now_ms)
{
	struct account_row account;
	enum err err = debt_get(tx->db, edit->property_id, edit->debt_id, &edit->row);

	if (!err)
		err = books_account(tx, &edit->actor, PERMISSION_LEDGER_WRITE, edit->property_id,
		                    edit->row.account_id, NULL, &edit->fault, &account, now_ms);
	if (err)
		return err;
	if (edit->version != edit->row.version)
		return ERR_CONFLICT;
	if (edit->row.state != DEBT_OPEN)
		return fault_set(&edit->fault, ERR_REFUSED, NULL, "it is %s",
		                 debt_state_word(edit->row.state));
	edit->row.state = DEBT_VOID;
	edit->row.done_ms = now_ms;
	return debt_update(tx->db, &edit->row);
}

enum err debt_edit_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct debt_edit *edit = arg;
	enum err err;

	(void)out;
	edit->fault = (struct fault){0};
	if (!edit->actor.reason[0])
		return fault_set(&edit->fault, ERR_BAD_INPUT, "reason", "is wanted");
	err = edit->debt_id ? debt_waive(tx, edit, now_ms) : debt_new(tx, edit, now_ms);
	return err ? err
	           : books_audit(tx, &edit->actor, edit->property_id,
	                         edit->debt_id ? "debt.waive" : "debt.create", "debt",
	                         edit->row.debt_id, edit->row.amount_fen,
	                         debt_kind_word(edit->row.kind), now_ms);
}
