/* Proving: the chain is walked, and everything is folded again. */
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "platform/store/ledger_parts.h"

/* ERR_DAMAGED: more than a group may have, or a line that is missing. */
static enum err read_entries(struct db *db, const struct ledger_group *group,
                             struct ledger_entry *entries, size_t *count)
{
	struct stmt *st = db_query(db, "SELECT line, account, subject, amount_fen FROM ledger_entry"
	                               " WHERE property_id=? AND group_no=? ORDER BY line");
	bool sound = true;
	enum err err;

	*count = 0;
	bind_i64(st, group->property_id);
	bind_i64(st, group->group_no);
	while (stmt_row(st)) {
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
	struct ledger_entry *entries; /* LEDGER_ENTRIES_MAX */
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
	return !*err && had;
}

static bool group_follows(struct walk *walk, const uint8_t before[LEDGER_HASH_SIZE])
{
	uint8_t content[SHA256_SIZE], hash[LEDGER_HASH_SIZE];

	ledger_content_hash(&walk->group, content);
	ledger_chain_hash(&walk->group, before, content, hash);
	if (walk->group.receipt_no && walk->group.receipt_no != ++walk->receipts)
		return false;
	return walk->whole && ledger_well_formed(&walk->group) &&
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

struct link {
	enum ledger_account account;
	int64_t subject, group_no, before_no;
};

/* Entries of one group name the same one; of the first behind a mark, that is the balance's of then. */
static bool link_holds(const struct link *last, const struct link *link, int64_t after_no)
{
	if (link->account != last->account || link->subject != last->subject)
		return after_no != 0 || link->before_no == 0;
	return link->before_no ==
	       (link->group_no == last->group_no ? last->before_no : last->group_no);
}

/* Each entry above `after_no` names the group of the one before it of its account, 0 the first of all. Row by row, on
 * PostgreSQL too: they are as many as there are entries. */
static enum err verify_links(struct db *db, int64_t property_id, int64_t after_no,
                             struct ledger_proof *proof)
{
	struct stmt *st = stmt_new(db, "SELECT account, subject, group_no, before_no"
	                               " FROM ledger_entry WHERE property_id=? AND group_no>?"
	                               " ORDER BY account, subject, group_no");
	struct link last = {.account = 0}, link;
	bool holds = true;
	enum err err;

	if (!st)
		return ERR_NOMEM;
	bind_i64(st, property_id);
	bind_i64(st, after_no);
	for (; holds && stmt_row(st); last = link) {
		link.account = (enum ledger_account)col_i64(st);
		link.subject = col_i64(st);
		link.group_no = col_i64(st);
		link.before_no = col_i64(st);
		holds = link_holds(&last, &link, after_no);
	}
	if (!holds) {
		proof->account = link.account;
		proof->subject = link.subject;
		proof->fault = LEDGER_BAD_BALANCE;
	}
	err = stmt_end(st);
	stmt_free(st);
	return err ? err : holds ? ERR_NONE : ERR_DAMAGED;
}

enum err ledger_verify(struct db *db, int64_t property_id, struct ledger_proof *proof)
{
	struct walk walk = {.receipts = 0};
	enum err err;

	*proof = (struct ledger_proof){.groups = 0};
	walk.entries = malloc(LEDGER_ENTRIES_MAX * sizeof *walk.entries);
	if (!walk.entries)
		return ERR_NOMEM;
	err = verify_groups(db, property_id, &walk, proof);
	if (!err)
		err = verify_state(db, property_id, &walk, proof);
	free(walk.entries);
	if (!err)
		err = verify_balances(db, property_id, proof);
	return err ? err : verify_links(db, property_id, 0, proof);
}

/* ---- from a mark on ---- */

/* A balance without entries has no row. */
static uint64_t balance_number(int64_t property_id, enum ledger_account account, int64_t subject,
                               const struct ledger_balance *balance)
{
	uint8_t proof[LEDGER_PROOF_SIZE];

	if (balance->entries == 0)
		return 0;
	ledger_balance_proof(property_id, account, subject, balance, proof);
	return get_le64(proof);
}

static enum err sum_balances(struct db *db, int64_t property_id, int64_t *sum)
{
	struct stmt *st =
	        db_query(db, "SELECT account, subject, balance_fen, entry_count, group_no,"
	                     " proof FROM ledger_balance WHERE property_id=?");
	bool sound = true;
	uint64_t numbers = 0;
	enum err err;

	bind_i64(st, property_id);
	while (sound && stmt_row(st)) {
		enum ledger_account account = (enum ledger_account)col_i64(st);
		int64_t subject = col_i64(st);
		struct ledger_balance balance;
		uint8_t found[LEDGER_PROOF_SIZE];
		uint64_t number;

		balance.balance = money_fen(col_i64(st));
		balance.entries = col_i64(st);
		balance.group_no = col_i64(st);
		number = balance_number(property_id, account, subject, &balance);
		sound = balance.entries > 0 && col_blob_to(st, found, sizeof found) &&
		        get_le64(found) == number;
		numbers += number;
	}
	err = stmt_end(st);
	*sum = (int64_t)numbers;
	return err ? err : sound ? ERR_NONE : ERR_DAMAGED;
}

enum err ledger_mark_now(struct db *db, int64_t property_id, struct ledger_mark *mark)
{
	struct ledger_state state;
	enum err err = ledger_state(db, property_id, &state);

	*mark = (struct ledger_mark){.groups = state.groups, .receipts = state.receipts};
	memcpy(mark->hash, state.hash, sizeof mark->hash);
	return err ? err : sum_balances(db, property_id, &mark->balances);
}

/* The balance as it was before the new entries: what these do not explain, the sum of the mark shows. */
static bool unwind(struct ledger_balance *balance, struct money fold, int64_t entries,
                   int64_t before_no)
{
	if (!money_sub(balance->balance, fold, &balance->balance))
		return false;
	balance->entries -= entries;
	balance->group_no = before_no;
	if (balance->entries == 0)
		return balance->balance.fen == 0 && before_no == 0;
	return balance->entries > 0;
}

static enum err balances_before(struct db *db, int64_t property_id, int64_t after_no,
                                uint64_t *numbers)
{
	struct stmt *st =
	        db_query(db, "SELECT account, subject, sum(amount_fen), count(*), min(before_no),"
	                     " max(group_no)"
	                     " FROM ledger_entry WHERE property_id=? AND group_no>?"
	                     " GROUP BY account, subject");
	enum err err = ERR_NONE, end;

	bind_i64(st, property_id);
	bind_i64(st, after_no);
	while (!err && stmt_row(st)) {
		enum ledger_account account = (enum ledger_account)col_i64(st);
		int64_t subject = col_i64(st);
		struct money fold = money_fen(col_i64(st));
		int64_t entries = col_i64(st), before_no = col_i64(st), newest_no = col_i64(st);
		struct ledger_balance balance;

		err = ledger_balance(db, property_id, account, subject, &balance);
		if (err)
			break;
		*numbers -= balance_number(property_id, account, subject, &balance);
		if (balance.group_no != newest_no || !unwind(&balance, fold, entries, before_no))
			err = ERR_DAMAGED;
		*numbers += balance_number(property_id, account, subject, &balance);
	}
	end = stmt_end(st);
	return err ? err : end;
}

enum err ledger_verify_after(struct db *db, int64_t property_id, const struct ledger_mark *mark,
                             const struct ledger_mark *now)
{
	struct ledger_proof proof = {.groups = mark->groups};
	struct walk walk = {.receipts = mark->receipts};
	uint64_t numbers = (uint64_t)now->balances;
	enum err err;

	memcpy(proof.hash, mark->hash, sizeof proof.hash);
	walk.entries = malloc(LEDGER_ENTRIES_MAX * sizeof *walk.entries);
	if (!walk.entries)
		return ERR_NOMEM;
	err = verify_groups(db, property_id, &walk, &proof);
	free(walk.entries);
	if (!err && (proof.groups != now->groups || walk.receipts != now->receipts ||
	             memcmp(proof.hash, now->hash, sizeof proof.hash) != 0))
		err = ERR_DAMAGED;
	if (!err)
		err = verify_links(db, property_id, mark->groups, &proof);
	if (!err)
		err = balances_before(db, property_id, mark->groups, &numbers);
	return err ? err : numbers == (uint64_t)mark->balances ? ERR_NONE : ERR_DAMAGED;
}

/* ---- marks ---- */

enum err ledger_mark_get(struct db *db, int64_t property_id, struct ledger_mark *mark)
{
	struct stmt *st = db_query(db, "SELECT group_count, receipt_count, balances, hash,"
	                               " whole_day FROM ledger_mark WHERE property_id=?");
	bool sound = true, had;
	enum err err;

	bind_i64(st, property_id);
	had = stmt_row(st);
	if (had) {
		mark->groups = col_i64(st);
		mark->receipts = col_i64(st);
		mark->balances = col_i64(st);
		sound = col_blob_to(st, mark->hash, sizeof mark->hash);
		mark->whole_day = col_i64(st);
	}
	err = stmt_end_one(st, had);
	return err ? err : sound ? ERR_NONE : ERR_DAMAGED;
}

enum err ledger_mark_put(struct db *db, int64_t property_id, const struct ledger_mark *mark)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO ledger_mark(property_id, group_count, receipt_count, balances,"
	            " hash, whole_day) VALUES(?,?,?,?,?,?) ON CONFLICT(property_id) DO UPDATE SET"
	            " group_count=excluded.group_count, receipt_count=excluded.receipt_count,"
	            " balances=excluded.balances, hash=excluded.hash,"
	            " whole_day=excluded.whole_day");

	bind_i64(st, property_id);
	bind_i64(st, mark->groups);
	bind_i64(st, mark->receipts);
	bind_i64(st, mark->balances);
	bind_blob(st, mark->hash, sizeof mark->hash);
	bind_i64(st, mark->whole_day);
	return stmt_run(st);
}
