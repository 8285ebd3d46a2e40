#include "platform/store/ledger_parts.h"

#include <string.h>

#include "libs/base/macros.h"
#include "libs/base/sha256.h"
#include "platform/store/chain.h"

static const char *const words[LEDGER_ACCOUNT_LAST + 1] = {[LEDGER_ACCOUNT] = "account",
                                                           [LEDGER_GRANT] = "grant",
                                                           [LEDGER_GRANT_COST] = "grant-cost",
                                                           [LEDGER_METER] = "meter",
                                                           [LEDGER_TILL] = "till",
                                                           [LEDGER_CHANNEL] = "channel",
                                                           [LEDGER_SALES] = "sales",
                                                           [LEDGER_FEE] = "fee",
                                                           [LEDGER_RECOVERED] = "recovered",
                                                           [LEDGER_SUSPENSE] = "suspense",
                                                           [LEDGER_PAYABLE] = "payable",
                                                           [LEDGER_ADJUST] = "adjust",
                                                           [LEDGER_OPENING] = "opening"};

const char *ledger_account_word(enum ledger_account account)
{
	return words[account];
}

/* ---- hashes ---- */

/* What a repeat must have in common with the first: not when it came, or who sent it again. */
void ledger_content_hash(const struct ledger_group *group, uint8_t out[SHA256_SIZE])
{
	struct sha256 hash;

	sha256_init(&hash);
	chain_text(&hash, group->kind);
	chain_number(&hash, group->refers);
	chain_number(&hash, (int64_t)group->count);
	for (size_t i = 0; i < group->count; i++) {
		const struct ledger_entry *entry = &group->entries[i];

		chain_numbers(&hash,
		              (const int64_t[]){entry->account, entry->subject, entry->amount.fen},
		              3);
	}
	sha256_final(&hash, out);
}

void ledger_chain_hash(const struct ledger_group *group, const uint8_t before[LEDGER_HASH_SIZE],
                       const uint8_t content[SHA256_SIZE], uint8_t out[LEDGER_HASH_SIZE])
{
	struct sha256 hash;

	sha256_init(&hash);
	sha256_update(&hash, before, LEDGER_HASH_SIZE);
	chain_number(&hash, group->property_id);
	chain_number(&hash, group->group_no);
	chain_number(&hash, group->receipt_no);
	chain_text(&hash, group->key);
	chain_number(&hash, group->at_ms);
	chain_number(&hash, group->day);
	chain_text(&hash, group->who);
	chain_text(&hash, group->reason);
	sha256_update(&hash, content, SHA256_SIZE);
	sha256_final(&hash, out);
}

/* Of rows that are overwritten: eight bytes find any flipped bit. */
static void row_proof(const int64_t *numbers, size_t count, const uint8_t *bytes, size_t len,
                      uint8_t proof[LEDGER_PROOF_SIZE])
{
	uint8_t out[SHA256_SIZE];
	struct sha256 hash;

	sha256_init(&hash);
	chain_numbers(&hash, numbers, count);
	sha256_update(&hash, bytes, len);
	sha256_final(&hash, out);
	memcpy(proof, out, LEDGER_PROOF_SIZE);
}

void ledger_balance_proof(int64_t property_id, enum ledger_account account, int64_t subject,
                          const struct ledger_balance *b, uint8_t proof[LEDGER_PROOF_SIZE])
{
	const int64_t numbers[] = {property_id,    account,    subject,
	                           b->balance.fen, b->entries, b->group_no};

	row_proof(numbers, ARRAY_SIZE(numbers), NULL, 0, proof);
}

static void state_proof(int64_t property_id, const struct ledger_state *s,
                        uint8_t proof[LEDGER_PROOF_SIZE])
{
	const int64_t numbers[] = {property_id, s->groups, s->receipts, s->closed_day};

	row_proof(numbers, ARRAY_SIZE(numbers), s->hash, sizeof s->hash, proof);
}

/* ---- state ---- */

enum err ledger_state(struct db *db, int64_t property_id, struct ledger_state *state)
{
	struct stmt *st = db_query(db, "SELECT group_count, receipt_count, closed_day, hash, proof"
	                               " FROM ledger_state WHERE property_id=?");
	uint8_t proof[LEDGER_PROOF_SIZE], found[LEDGER_PROOF_SIZE];
	bool sound = true;
	enum err err;

	*state = (struct ledger_state){.closed_day = INT64_MIN};
	bind_i64(st, property_id);
	if (stmt_row(st)) {
		state->groups = col_i64(st);
		state->receipts = col_i64(st);
		state->closed_day = col_i64(st);
		sound = col_blob_to(st, state->hash, sizeof state->hash) &&
		        col_blob_to(st, found, sizeof found);
		state_proof(property_id, state, proof);
		sound = sound && memcmp(proof, found, sizeof proof) == 0;
	}
	err = stmt_end(st);
	return err ? err : sound ? ERR_NONE : ERR_DAMAGED;
}

/* Only over the state that was read: of two writers, one is told. */
enum err ledger_state_put(struct db *db, int64_t property_id, const struct ledger_state *before,
                          const struct ledger_state *after)
{
	bool first = before->groups == 0 && before->closed_day == INT64_MIN;
	struct stmt *st =
	        first ? db_query(db, "INSERT INTO ledger_state(group_count, receipt_count,"
	                             " closed_day, hash, proof, property_id) VALUES(?,?,?,?,?,?)")
	              : db_query(db, "UPDATE ledger_state SET group_count=?, receipt_count=?,"
	                             " closed_day=?, hash=?, proof=? WHERE property_id=?"
	                             " AND group_count=? AND closed_day=?");
	uint8_t proof[LEDGER_PROOF_SIZE];
	enum err err;

	state_proof(property_id, after, proof);
	bind_i64(st, after->groups);
	bind_i64(st, after->receipts);
	bind_i64(st, after->closed_day);
	bind_blob(st, after->hash, sizeof after->hash);
	bind_blob(st, proof, sizeof proof);
	bind_i64(st, property_id);
	if (first) {
		err = stmt_run(st);
		return err == ERR_DUP ? ERR_CONFLICT : err;
	}
	bind_i64(st, before->groups);
	bind_i64(st, before->closed_day);
	return stmt_run_one(st);
}

enum err ledger_close(struct db *db, int64_t property_id, int64_t day)
{
	struct ledger_state before, after;
	enum err err = ledger_state(db, property_id, &before);

	if (err)
		return err;
	if (day <= before.closed_day)
		return ERR_REFUSED;
	after = before;
	after.closed_day = day;
	return ledger_state_put(db, property_id, &before, &after);
}

/* ---- balances ---- */

enum err ledger_balance(struct db *db, int64_t property_id, enum ledger_account account,
                        int64_t subject, struct ledger_balance *balance)
{
	struct stmt *st = db_query(db, "SELECT balance_fen, entry_count, group_no, proof"
	                               " FROM ledger_balance WHERE property_id=? AND account=?"
	                               " AND subject=?");
	uint8_t proof[LEDGER_PROOF_SIZE], found[LEDGER_PROOF_SIZE];
	bool sound = true;
	enum err err;

	*balance = (struct ledger_balance){.entries = 0};
	bind_i64(st, property_id);
	bind_i64(st, account);
	bind_i64(st, subject);
	if (stmt_row(st)) {
		balance->balance = money_fen(col_i64(st));
		balance->entries = col_i64(st);
		balance->group_no = col_i64(st);
		sound = col_blob_to(st, found, sizeof found);
		ledger_balance_proof(property_id, account, subject, balance, proof);
		sound = sound && memcmp(proof, found, sizeof proof) == 0;
	}
	err = stmt_end(st);
	return err ? err : sound ? ERR_NONE : ERR_DAMAGED;
}

enum err ledger_total(struct db *db, int64_t property_id, enum ledger_account account,
                      struct money *total)
{
	struct stmt *st = db_query(db, "SELECT balance_fen FROM ledger_balance WHERE property_id=?"
	                               " AND account=?");
	bool fits = true;
	enum err err;

	*total = money_fen(0);
	bind_i64(st, property_id);
	bind_i64(st, account);
	while (fits && stmt_row(st))
		fits = money_add(*total, money_fen(col_i64(st)), total);
	err = stmt_end(st);
	return err ? err : fits ? ERR_NONE : ERR_OVERFLOW;
}

/* ---- reading ---- */

enum err ledger_lines(struct db *db, int64_t property_id, enum ledger_account account,
                      int64_t subject, int64_t after_no,
                      bool (*each)(void *arg, const struct ledger_line *line), void *arg)
{
	/* From the newest entry back, each names the group of the one before it. What bounds `back` stands inside of
	 * it: outside, SQLite goes through all groups behind the bound for each of its rows. */
	struct stmt *st = db_query(
	        db,
	        "WITH RECURSIVE back(no) AS (SELECT group_no FROM ledger_balance WHERE"
	        " property_id=? AND account=? AND subject=? AND group_no>? UNION SELECT e.before_no"
	        " FROM back JOIN ledger_entry e ON e.property_id=? AND e.group_no=back.no"
	        " AND e.account=? AND e.subject=? WHERE e.before_no>?)"
	        " SELECT e.group_no, g.at_ms, g.day, g.refers, g.receipt_no, e.amount_fen,"
	        " g.group_key, g.kind, g.who, g.reason FROM back CROSS JOIN ledger_entry e"
	        " CROSS JOIN ledger_group g WHERE e.property_id=? AND"
	        " e.group_no=back.no AND e.account=? AND e.subject=? AND g.property_id=?"
	        " AND g.group_no=back.no ORDER BY e.group_no, e.line");

	bind_i64(st, property_id);
	bind_i64(st, account);
	bind_i64(st, subject);
	bind_i64(st, after_no);
	bind_i64(st, property_id);
	bind_i64(st, account);
	bind_i64(st, subject);
	bind_i64(st, after_no);
	bind_i64(st, property_id);
	bind_i64(st, account);
	bind_i64(st, subject);
	bind_i64(st, property_id);
	while (stmt_row(st)) {
		struct ledger_line line;

		line.group_no = col_i64(st);
		line.at_ms = col_i64(st);
		line.day = col_i64(st);
		line.refers = col_i64(st);
		line.receipt_no = col_i64(st);
		line.amount = money_fen(col_i64(st));
		line.key = col_text(st);
		line.kind = col_text(st);
		line.who = col_text(st);
		line.reason = col_text(st);
		if (!each(arg, &line))
			break;
	}
	return stmt_end(st);
}
