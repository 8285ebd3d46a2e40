#include "platform/store/ledger.h"

#include <string.h>

#include "libs/base/macros.h"
#include "libs/base/sha256.h"
#include "platform/store/chain.h"

#define PROOF_SIZE 8

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
static void content_hash(const struct ledger_group *group, uint8_t out[SHA256_SIZE])
{
	struct sha256 hash;

	sha256_init(&hash);
	chain_text(&hash, group->kind);
	chain_number(&hash, group->refers);
	chain_number(&hash, (int64_t)group->count);
	for (size_t i = 0; i < group->count; i++) {
		chain_number(&hash, group->entries[i].account);
		chain_number(&hash, group->entries[i].subject);
		chain_number(&hash, group->entries[i].amount.fen);
	}
	sha256_final(&hash, out);
}

static void chain_hash(const struct ledger_group *group, const uint8_t before[LEDGER_HASH_SIZE],
                       uint8_t out[LEDGER_HASH_SIZE])
{
	uint8_t content[SHA256_SIZE];
	struct sha256 hash;

	content_hash(group, content);
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
	sha256_update(&hash, content, sizeof content);
	sha256_final(&hash, out);
}

/* Of rows that are overwritten: eight bytes find any flipped bit. */
static void row_proof(const int64_t *numbers, size_t count, const uint8_t *bytes, size_t len,
                      uint8_t proof[PROOF_SIZE])
{
	uint8_t out[SHA256_SIZE];
	struct sha256 hash;

	sha256_init(&hash);
	for (size_t i = 0; i < count; i++)
		chain_number(&hash, numbers[i]);
	sha256_update(&hash, bytes, len);
	sha256_final(&hash, out);
	memcpy(proof, out, PROOF_SIZE);
}

static void balance_proof(int64_t property_id, enum ledger_account account, int64_t subject,
                          const struct ledger_balance *b, uint8_t proof[PROOF_SIZE])
{
	const int64_t numbers[] = {property_id,    account,    subject,
	                           b->balance.fen, b->entries, b->group_no};

	row_proof(numbers, ARRAY_SIZE(numbers), NULL, 0, proof);
}

static void state_proof(int64_t property_id, const struct ledger_state *s,
                        uint8_t proof[PROOF_SIZE])
{
	const int64_t numbers[] = {property_id, s->groups, s->receipts, s->closed_day};

	row_proof(numbers, ARRAY_SIZE(numbers), s->hash, sizeof s->hash, proof);
}

/* ---- state ---- */

enum err ledger_state(struct db *db, int64_t property_id, struct ledger_state *state)
{
	struct stmt *st = db_query(db, "SELECT group_count, receipt_count, closed_day, hash, proof"
	                               " FROM ledger_state WHERE property_id=?");
	uint8_t proof[PROOF_SIZE], found[PROOF_SIZE];
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
static enum err state_put(struct db *db, int64_t property_id, const struct ledger_state *before,
                          const struct ledger_state *after)
{
	bool first = before->groups == 0 && before->closed_day == INT64_MIN;
	struct stmt *st =
	        first ? db_query(db, "INSERT INTO ledger_state(group_count, receipt_count,"
	                             " closed_day, hash, proof, property_id) VALUES(?,?,?,?,?,?)")
	              : db_query(db, "UPDATE ledger_state SET group_count=?, receipt_count=?,"
	                             " closed_day=?, hash=?, proof=? WHERE property_id=?"
	                             " AND group_count=? AND closed_day=?");
	uint8_t proof[PROOF_SIZE];
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
	return state_put(db, property_id, &before, &after);
}

/* ---- balances ---- */

enum err ledger_balance(struct db *db, int64_t property_id, enum ledger_account account,
                        int64_t subject, struct ledger_balance *balance)
{
	struct stmt *st = db_query(db, "SELECT balance_fen, entry_count, group_no, proof"
	                               " FROM ledger_balance WHERE property_id=? AND account=?"
	                               " AND subject=?");
	uint8_t proof[PROOF_SIZE], found[PROOF_SIZE];
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
		balance_proof(property_id, account, subject, balance, proof);
		sound = sound && memcmp(proof, found, sizeof proof) == 0;
	}
	err = stmt_end(st);
	return err ? err : sound ? ERR_NONE : ERR_DAMAGED;
}

static enum err balance_add(struct db *db, const struct ledger_group *group,
                            const struct ledger_entry *entry)
{
	struct ledger_balance balance;
	uint8_t proof[PROOF_SIZE];
	struct stmt *st;
	enum err err =
	        ledger_balance(db, group->property_id, entry->account, entry->subject, &balance);

	if (err)
		return err;
	if (!money_add(balance.balance, entry->amount, &balance.balance))
		return ERR_OVERFLOW;
	balance.entries++;
	balance.group_no = group->group_no;
	balance_proof(group->property_id, entry->account, entry->subject, &balance, proof);
	st = db_query(db, "INSERT INTO ledger_balance(property_id, account, subject, balance_fen,"
	                  " entry_count, group_no, proof) VALUES(?,?,?,?,?,?,?)"
	                  " ON CONFLICT(property_id, account, subject) DO UPDATE SET"
	                  " balance_fen=excluded.balance_fen, entry_count=excluded.entry_count,"
	                  " group_no=excluded.group_no, proof=excluded.proof");
	bind_i64(st, group->property_id);
	bind_i64(st, entry->account);
	bind_i64(st, entry->subject);
	bind_i64(st, balance.balance.fen);
	bind_i64(st, balance.entries);
	bind_i64(st, balance.group_no);
	bind_blob(st, proof, sizeof proof);
	return stmt_run(st);
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

/* ---- posting ---- */

static bool text_fits(const char *text, size_t min, size_t size)
{
	size_t len = text ? strnlen(text, size) : 0;

	return text && len >= min && len < size;
}

static bool sums_to_zero(const struct ledger_group *group)
{
	struct money sum = money_fen(0);

	for (size_t i = 0; i < group->count; i++) {
		const struct ledger_entry *entry = &group->entries[i];

		if (entry->account < LEDGER_ACCOUNT || entry->account > LEDGER_ACCOUNT_LAST ||
		    entry->amount.fen == 0 || !money_add(sum, entry->amount, &sum))
			return false;
	}
	return sum.fen == 0;
}

static bool is_well_formed(const struct ledger_group *group)
{
	return group->property_id > 0 && text_fits(group->key, 1, LEDGER_KEY_SIZE) &&
	       text_fits(group->kind, 1, LEDGER_KIND_SIZE) &&
	       text_fits(group->who, 1, LEDGER_WHO_SIZE) &&
	       text_fits(group->reason, 0, LEDGER_REASON_SIZE) && group->count >= 2 &&
	       group->count <= LEDGER_ENTRIES_MAX && group->refers >= 0 && sums_to_zero(group);
}

/* ERR_NOT_FOUND: the key is new. */
static enum err posted_before(struct db *db, struct ledger_group *group)
{
	struct stmt *st = db_query(db, "SELECT group_no, receipt_no, content FROM ledger_group"
	                               " WHERE property_id=? AND group_key=?");
	uint8_t content[SHA256_SIZE], found[SHA256_SIZE];
	bool had, same = false;
	enum err err;

	bind_i64(st, group->property_id);
	bind_text(st, group->key);
	had = stmt_row(st);
	if (had) {
		group->group_no = col_i64(st);
		group->receipt_no = col_i64(st);
		content_hash(group, content);
		same = col_blob_to(st, found, sizeof found) &&
		       memcmp(content, found, sizeof content) == 0;
	}
	err = stmt_end_one(st, had);
	return err ? err : same ? ERR_DUP : ERR_CONFLICT;
}

static enum err insert_group(struct db *db, const struct ledger_group *group,
                             const uint8_t hash[LEDGER_HASH_SIZE])
{
	struct stmt *st = db_query(db, "INSERT INTO ledger_group(property_id, group_no, receipt_no,"
	                               " group_key, kind, at_ms, day, refers, who, reason, content,"
	                               " hash) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");
	uint8_t content[SHA256_SIZE];

	content_hash(group, content);
	bind_i64(st, group->property_id);
	bind_i64(st, group->group_no);
	bind_i64(st, group->receipt_no);
	bind_text(st, group->key);
	bind_text(st, group->kind);
	bind_i64(st, group->at_ms);
	bind_i64(st, group->day);
	bind_i64(st, group->refers);
	bind_text(st, group->who);
	bind_text(st, group->reason);
	bind_blob(st, content, sizeof content);
	bind_blob(st, hash, LEDGER_HASH_SIZE);
	return stmt_run(st);
}

static enum err insert_entry(struct db *db, const struct ledger_group *group, size_t i)
{
	struct stmt *st = db_query(db, "INSERT INTO ledger_entry(property_id, group_no, line,"
	                               " account, subject, amount_fen) VALUES(?,?,?,?,?,?)");

	bind_i64(st, group->property_id);
	bind_i64(st, group->group_no);
	bind_i64(st, (int64_t)i + 1);
	bind_i64(st, group->entries[i].account);
	bind_i64(st, group->entries[i].subject);
	bind_i64(st, group->entries[i].amount.fen);
	return stmt_run(st);
}

enum err ledger_post(struct db *db, struct ledger_group *group)
{
	struct ledger_state before, after;
	enum err err;

	if (!is_well_formed(group))
		return ERR_BAD_INPUT;
	err = posted_before(db, group);
	if (err != ERR_NOT_FOUND)
		return err;
	err = ledger_state(db, group->property_id, &before);
	if (err)
		return err;
	if (group->day <= before.closed_day)
		return ERR_REFUSED;
	if (group->refers > before.groups)
		return ERR_BAD_INPUT;
	after = before;
	group->group_no = ++after.groups;
	group->receipt_no = group->receipt ? ++after.receipts : 0;
	chain_hash(group, before.hash, after.hash);
	err = insert_group(db, group, after.hash);
	for (size_t i = 0; !err && i < group->count; i++) {
		err = insert_entry(db, group, i);
		if (!err)
			err = balance_add(db, group, &group->entries[i]);
	}
	return err ? err : state_put(db, group->property_id, &before, &after);
}

/* ---- reading ---- */

enum err ledger_lines(struct db *db, int64_t property_id, enum ledger_account account,
                      int64_t subject, int64_t after_no,
                      bool (*each)(void *arg, const struct ledger_line *line), void *arg)
{
	struct stmt *st = db_query(
	        db, "SELECT e.group_no, g.at_ms, g.day, g.refers, g.receipt_no, e.amount_fen,"
	            " g.group_key, g.kind, g.who, g.reason FROM ledger_entry e JOIN ledger_group g"
	            " ON g.property_id=e.property_id AND g.group_no=e.group_no"
	            " WHERE e.property_id=? AND e.account=? AND e.subject=? AND e.group_no>?"
	            " ORDER BY e.group_no, e.line");

	bind_i64(st, property_id);
	bind_i64(st, account);
	bind_i64(st, subject);
	bind_i64(st, after_no);
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

/* ---- proving ---- */

/* ERR_DAMAGED: more than a group may have, or a line that is missing. */
static enum err read_entries(struct db *db, const struct ledger_group *group,
                             struct ledger_entry entries[LEDGER_ENTRIES_MAX], size_t *count)
{
	struct stmt *st = db_query(db, "SELECT line, account, subject, amount_fen FROM ledger_entry"
	                               " WHERE property_id=? AND group_no=? ORDER BY line");
	bool sound = true;
	enum err err;

	*count = 0;
	bind_i64(st, group->property_id);
	bind_i64(st, group->group_no);
	while (sound && stmt_row(st)) {
		sound = *count < LEDGER_ENTRIES_MAX && col_i64(st) == (int64_t)*count + 1;
		if (!sound)
			break;
		entries[*count].account = (enum ledger_account)col_i64(st);
		entries[*count].subject = col_i64(st);
		entries[*count].amount = money_fen(col_i64(st));
		++*count;
	}
	err = stmt_end(st);
	return err ? err : sound ? ERR_NONE : ERR_DAMAGED;
}

struct walk {
	struct ledger_group group;
	struct ledger_entry entries[LEDGER_ENTRIES_MAX];
	char key[LEDGER_KEY_SIZE], kind[LEDGER_KIND_SIZE], who[LEDGER_WHO_SIZE],
	        reason[LEDGER_REASON_SIZE];
	uint8_t content[SHA256_SIZE], hash[LEDGER_HASH_SIZE];
	int64_t receipts;
	bool whole;
};

static bool next_group(struct db *db, int64_t property_id, int64_t group_no, struct walk *walk,
                       enum err *err)
{
	struct stmt *st =
	        db_query(db, "SELECT receipt_no, group_key, kind, at_ms, day, refers, who,"
	                     " reason, content, hash FROM ledger_group"
	                     " WHERE property_id=? AND group_no=?");
	struct ledger_group *group = &walk->group;
	bool had;

	bind_i64(st, property_id);
	bind_i64(st, group_no);
	had = stmt_row(st);
	if (had) {
		*group = (struct ledger_group){.property_id = property_id, .group_no = group_no};
		group->receipt_no = col_i64(st);
		col_text_to(st, walk->key, sizeof walk->key);
		col_text_to(st, walk->kind, sizeof walk->kind);
		group->at_ms = col_i64(st);
		group->day = col_i64(st);
		group->refers = col_i64(st);
		col_text_to(st, walk->who, sizeof walk->who);
		col_text_to(st, walk->reason, sizeof walk->reason);
		walk->whole = col_blob_to(st, walk->content, sizeof walk->content) &&
		              col_blob_to(st, walk->hash, sizeof walk->hash);
	}
	*err = stmt_end(st);
	group->key = walk->key;
	group->kind = walk->kind;
	group->who = walk->who;
	group->reason = walk->reason;
	group->entries = walk->entries;
	return had && !*err;
}

static bool group_follows(struct walk *walk, const uint8_t before[LEDGER_HASH_SIZE])
{
	uint8_t content[SHA256_SIZE], hash[LEDGER_HASH_SIZE];

	content_hash(&walk->group, content);
	chain_hash(&walk->group, before, hash);
	if (walk->group.receipt_no && walk->group.receipt_no != ++walk->receipts)
		return false;
	return walk->whole && is_well_formed(&walk->group) &&
	       memcmp(content, walk->content, sizeof content) == 0 &&
	       memcmp(hash, walk->hash, sizeof hash) == 0;
}

static enum err verify_groups(struct db *db, int64_t property_id, struct walk *walk,
                              struct ledger_proof *proof)
{
	enum err err;

	while (next_group(db, property_id, proof->groups + 1, walk, &err)) {
		err = read_entries(db, &walk->group, walk->entries, &walk->group.count);
		if (err == ERR_DAMAGED || (!err && !group_follows(walk, proof->hash))) {
			proof->fault = LEDGER_BAD_GROUP;
			proof->group_no = walk->group.group_no;
			return ERR_DAMAGED;
		}
		if (err)
			return err;
		memcpy(proof->hash, walk->hash, sizeof proof->hash);
		proof->groups++;
	}
	return err;
}

/* The state knows how many there are: a cut end shows here. */
static enum err verify_state(struct db *db, int64_t property_id, const struct walk *walk,
                             struct ledger_proof *proof)
{
	struct ledger_state state;
	enum err err = ledger_state(db, property_id, &state);

	if (err && err != ERR_DAMAGED)
		return err;
	if (!err && state.groups == proof->groups && state.receipts == walk->receipts &&
	    memcmp(state.hash, proof->hash, sizeof state.hash) == 0)
		return ERR_NONE;
	proof->fault = LEDGER_BAD_STATE;
	return ERR_DAMAGED;
}

/* Every account that has entries or a balance, with both. */
static enum err verify_balances(struct db *db, int64_t property_id, struct ledger_proof *proof)
{
	struct stmt *st = db_query(
	        db, "SELECT account, subject, sum(fold), sum(entries), max(newest) FROM ("
	            " SELECT account, subject, sum(amount_fen) AS fold, count(*) AS entries,"
	            " max(group_no) AS newest FROM ledger_entry WHERE property_id=?"
	            " GROUP BY account, subject"
	            " UNION ALL SELECT account, subject, 0, 0, 0 FROM ledger_balance"
	            " WHERE property_id=?) AS both_sides GROUP BY account, subject"
	            " ORDER BY account, subject");
	enum err err = ERR_NONE, end;

	bind_i64(st, property_id);
	bind_i64(st, property_id);
	while (!err && stmt_row(st)) {
		struct ledger_balance found, fold;

		proof->account = (enum ledger_account)col_i64(st);
		proof->subject = col_i64(st);
		fold.balance = money_fen(col_i64(st));
		fold.entries = col_i64(st);
		fold.group_no = col_i64(st);
		err = ledger_balance(db, property_id, proof->account, proof->subject, &found);
		if (!err && (found.balance.fen != fold.balance.fen ||
		             found.entries != fold.entries || found.group_no != fold.group_no))
			err = ERR_DAMAGED;
	}
	end = stmt_end(st);
	if (err == ERR_DAMAGED)
		proof->fault = LEDGER_BAD_BALANCE;
	return err ? err : end;
}

enum err ledger_verify(struct db *db, int64_t property_id, struct ledger_proof *proof)
{
	struct walk walk = {.receipts = 0};
	enum err err;

	*proof = (struct ledger_proof){.groups = 0};
	err = verify_groups(db, property_id, &walk, proof);
	if (!err)
		err = verify_state(db, property_id, &walk, proof);
	return err ? err : verify_balances(db, property_id, proof);
}
