/* Posting: a group is chained to the one before it, and moves the balances of its entries. */
#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/store/keyed.h"
#include "platform/store/ledger_parts.h"

/* ---- a group ---- */

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

bool ledger_well_formed(const struct ledger_group *group)
{
	return group->property_id > 0 && text_fits(group->key, 1, LEDGER_KEY_SIZE) &&
	       text_fits(group->kind, 1, LEDGER_KIND_SIZE) &&
	       text_fits(group->who, 1, LEDGER_WHO_SIZE) &&
	       text_fits(group->reason, 0, LEDGER_REASON_SIZE) && group->count >= 2 &&
	       group->count <= LEDGER_ENTRIES_MAX && group->refers >= 0 && sums_to_zero(group);
}

/* ERR_NOT_FOUND: the key is new. */
static enum err posted_before(struct db *db, struct ledger_group *group,
                              const uint8_t content[SHA256_SIZE])
{
	struct stmt *st = db_query(db, "SELECT group_no, receipt_no, content FROM ledger_group"
	                               " WHERE property_id=? AND group_key=?");
	uint8_t found[SHA256_SIZE];
	bool had, same = false;
	enum err err;

	bind_i64(st, group->property_id);
	bind_text(st, group->key);
	had = stmt_row(st);
	if (had) {
		group->group_no = col_i64(st);
		group->receipt_no = col_i64(st);
		same = col_blob_to(st, found, sizeof found) &&
		       memcmp(content, found, SHA256_SIZE) == 0;
	}
	err = stmt_end_one(st, had);
	return err ? err : same ? ERR_DUP : ERR_CONFLICT;
}

static enum err insert_group(struct db *db, const struct ledger_group *group,
                             const uint8_t content[SHA256_SIZE],
                             const uint8_t hash[LEDGER_HASH_SIZE])
{
	struct stmt *st = db_query(db, "INSERT INTO ledger_group(property_id, group_no, receipt_no,"
	                               " group_key, kind, at_ms, day, refers, who, reason, content,"
	                               " hash) VALUES(?,?,?,?,?,?,?,?,?,?,?,?)");

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
	bind_blob(st, content, SHA256_SIZE);
	bind_blob(st, hash, LEDGER_HASH_SIZE);
	return stmt_run(st);
}

/* ---- what a group moves ---- */

/* One entry, and the balance that it is added to. */
struct moved {
	const struct ledger_entry *entry;
	size_t line;
	size_t side; /* which balance */
};

/* A balance that has entries in the group. */
struct side {
	enum ledger_account account;
	int64_t subject;
	struct ledger_balance balance;
	int64_t before_no; /* its newest group until now */
	enum err err;
};

struct posting {
	struct db *db;
	const struct ledger_group *group;
	struct moved *moved; /* by account, subject, line */
	struct side *side;   /* in the same order */
	int64_t *keys;
	size_t sides;
	const struct side *read; /* of the run that is read now */
};

static int by_subject(const void *a, const void *b)
{
	const struct moved *x = a, *y = b;

	if (x->entry->account != y->entry->account)
		return x->entry->account < y->entry->account ? -1 : 1;
	if (x->entry->subject != y->entry->subject)
		return x->entry->subject < y->entry->subject ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static enum err sort_entries(struct posting *p)
{
	const struct ledger_group *group = p->group;
	bool sorted = true; /* a night's group is */

	p->moved = malloc(group->count * sizeof *p->moved);
	p->side = malloc(group->count * sizeof *p->side);
	p->keys = malloc(group->count * sizeof *p->keys);
	if (!p->moved || !p->side || !p->keys)
		return ERR_NOMEM;
	for (size_t i = 0; i < group->count; i++) {
		p->moved[i] = (struct moved){.entry = &group->entries[i], .line = i + 1};
		sorted = sorted && (i == 0 || by_subject(&p->moved[i - 1], &p->moved[i]) < 0);
	}
	if (!sorted)
		qsort(p->moved, group->count, sizeof *p->moved, by_subject);
	for (size_t i = 0; i < group->count; i++) {
		const struct ledger_entry *entry = p->moved[i].entry;
		const struct side *last = p->sides ? &p->side[p->sides - 1] : NULL;

		if (!last || last->account != entry->account || last->subject != entry->subject) {
			p->keys[p->sides] = entry->subject;
			p->side[p->sides++] =
			        (struct side){.account = entry->account, .subject = entry->subject};
		}
		p->moved[i].side = p->sides - 1;
	}
	return ERR_NONE;
}

/* Sides of one account: [first, the answer). */
static size_t run_end(const struct posting *p, size_t first)
{
	size_t end = first + 1;

	while (end < p->sides && p->side[end].account == p->side[first].account)
		end++;
	return end;
}

static void on_balance(void *arg, struct stmt *st, size_t at)
{
	const struct posting *p = arg;
	struct side *side = &p->side[(size_t)(p->read - p->side) + at];
	uint8_t proof[LEDGER_PROOF_SIZE], found[LEDGER_PROOF_SIZE];

	side->balance.balance = money_fen(col_i64(st));
	side->balance.entries = col_i64(st);
	side->balance.group_no = col_i64(st);
	ledger_balance_proof(p->group->property_id, side->account, side->subject, &side->balance,
	                     proof);
	if (!col_blob_to(st, found, sizeof found) || memcmp(proof, found, sizeof proof) != 0)
		side->err = ERR_DAMAGED;
}

static enum err read_run(struct posting *p, size_t first, size_t end, bool *dense)
{
	const int64_t fixed[] = {p->group->property_id, p->side[first].account};
	struct keyed keyed = {.key = &p->keys[first], .count = end - first};
	enum err err;

	p->read = &p->side[first];
	err = keyed_read(p->db,
	                 "SELECT subject, balance_fen, entry_count, group_no, proof"
	                 " FROM ledger_balance WHERE property_id=? AND account=? AND subject>=?"
	                 " AND subject<=? ORDER BY subject LIMIT ?",
	                 fixed, ARRAY_SIZE(fixed), &keyed, on_balance, p);
	*dense = keyed.dense;
	for (size_t i = first; !err && i < end; i++) {
		err = p->side[i].err;
		p->side[i].before_no = p->side[i].balance.group_no;
	}
	return err;
}

static enum err add_entries(struct posting *p, size_t first, size_t end)
{
	for (size_t i = 0; i < p->group->count; i++) {
		struct side *side = &p->side[p->moved[i].side];

		if (p->moved[i].side < first || p->moved[i].side >= end)
			continue;
		if (!money_add(side->balance.balance, p->moved[i].entry->amount,
		               &side->balance.balance))
			return ERR_OVERFLOW;
		side->balance.entries++;
		side->balance.group_no = p->group->group_no;
	}
	return ERR_NONE;
}

static enum err put_balance(struct posting *p, const struct side *side)
{
	struct stmt *st =
	        db_query(p->db, "INSERT INTO ledger_balance(property_id, account, subject,"
	                        " balance_fen, entry_count, group_no, proof) VALUES(?,?,?,?,?,?,?)"
	                        " ON CONFLICT(property_id, account, subject) DO UPDATE SET"
	                        " balance_fen=excluded.balance_fen,"
	                        " entry_count=excluded.entry_count, group_no=excluded.group_no,"
	                        " proof=excluded.proof");
	uint8_t proof[LEDGER_PROOF_SIZE];

	ledger_balance_proof(p->group->property_id, side->account, side->subject, &side->balance,
	                     proof);
	bind_i64(st, p->group->property_id);
	bind_i64(st, side->account);
	bind_i64(st, side->subject);
	bind_i64(st, side->balance.balance.fen);
	bind_i64(st, side->balance.entries);
	bind_i64(st, side->balance.group_no);
	bind_blob(st, proof, sizeof proof);
	return stmt_run(st);
}

#define MANY 8 /* balances of one account from which on they are written together */

static const char *const balance_columns[] = {"balance_fen", "entry_count", "group_no", "proof"};

#define BALANCE_WIDTH ARRAY_SIZE(balance_columns)

/* Those of tenants: the others are few in each group. */
static const struct db_patch tenant_patch = {
        .table = "ledger_balance",
        .key = "subject",
        .where = " AND account=1",
        .columns = balance_columns,
        .width = BALANCE_WIDTH,
        .blobs = 1U << (BALANCE_WIDTH - 1),
};

/* Balances that are there; their keys are moved to the front. */
static enum err patch_run(struct posting *p, size_t first, size_t end, bool dense)
{
	uint8_t(*proofs)[LEDGER_PROOF_SIZE] = calloc(end - first, sizeof *proofs);
	struct db_value *values = calloc((end - first) * BALANCE_WIDTH, sizeof *values);
	enum err err = proofs && values ? ERR_NONE : ERR_NOMEM;
	size_t n = 0;

	for (size_t i = first; !err && i < end; i++) {
		const struct side *side = &p->side[i];

		if (side->before_no == 0)
			continue;
		ledger_balance_proof(p->group->property_id, side->account, side->subject,
		                     &side->balance, proofs[n]);
		values[n * BALANCE_WIDTH].number = side->balance.balance.fen;
		values[n * BALANCE_WIDTH + 1].number = side->balance.entries;
		values[n * BALANCE_WIDTH + 2].number = side->balance.group_no;
		values[n * BALANCE_WIDTH + 3] =
		        (struct db_value){.blob = proofs[n], .number = LEDGER_PROOF_SIZE};
		p->keys[first + n++] = side->subject;
	}
	if (!err)
		err = db_patch(p->db, &tenant_patch, p->group->property_id, &p->keys[first], values,
		               n, dense);
	free(proofs);
	free(values);
	return err;
}

static enum err move_run(struct posting *p, size_t first, size_t end)
{
	bool dense = false,
	     together = p->side[first].account == LEDGER_ACCOUNT && end - first >= MANY;
	enum err err = read_run(p, first, end, &dense);

	if (!err)
		err = add_entries(p, first, end);
	if (!err && together)
		err = patch_run(p, first, end, dense);
	for (size_t i = first; !err && i < end; i++)
		if (!together || p->side[i].before_no == 0)
			err = put_balance(p, &p->side[i]);
	return err;
}

#define ENTRY_INSERT                                                                               \
	"INSERT INTO ledger_entry(property_id, group_no, account, subject, line, amount_fen,"      \
	" before_no) VALUES"
#define ENTRY_ROW "(?1,?2,?,?,?,?,?)"
#define ENTRY_ROWS8                                                                                \
	ENTRY_ROW "," ENTRY_ROW "," ENTRY_ROW "," ENTRY_ROW "," ENTRY_ROW "," ENTRY_ROW            \
	          "," ENTRY_ROW "," ENTRY_ROW
#define ENTRIES_MANY 32

static enum err insert_entries(struct posting *p)
{
	const struct ledger_group *group = p->group;
	enum err err = ERR_NONE;

	for (size_t at = 0, n; !err && at < group->count; at += n) {
		struct stmt *st;

		n = group->count - at >= ENTRIES_MANY ? ENTRIES_MANY : 1;
		st = n > 1 ? db_query(p->db, ENTRY_INSERT ENTRY_ROWS8
		                      "," ENTRY_ROWS8 "," ENTRY_ROWS8 "," ENTRY_ROWS8)
		           : db_query(p->db, ENTRY_INSERT ENTRY_ROW);
		bind_i64(st, group->property_id);
		bind_i64(st, group->group_no);
		for (size_t i = at; i < at + n; i++) {
			const struct moved *moved = &p->moved[i];

			bind_i64(st, moved->entry->account);
			bind_i64(st, moved->entry->subject);
			bind_i64(st, (int64_t)moved->line);
			bind_i64(st, moved->entry->amount.fen);
			bind_i64(st, p->side[moved->side].before_no);
		}
		err = stmt_run(st);
	}
	return err;
}

/* Entries, and the balances that they fold into. */
static enum err move_money(struct db *db, const struct ledger_group *group)
{
	struct posting p = {.db = db, .group = group};
	enum err err = sort_entries(&p);

	for (size_t first = 0, end; !err && first < p.sides; first = end) {
		end = run_end(&p, first);
		err = move_run(&p, first, end);
	}
	if (!err)
		err = insert_entries(&p);
	free(p.moved);
	free(p.side);
	free(p.keys);
	return err;
}

enum err ledger_post(struct db *db, struct ledger_group *group)
{
	struct ledger_state before, after;
	uint8_t content[SHA256_SIZE];
	enum err err;

	if (!ledger_well_formed(group))
		return ERR_BAD_INPUT;
	ledger_content_hash(group, content);
	err = posted_before(db, group, content);
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
	ledger_chain_hash(group, before.hash, content, after.hash);
	err = insert_group(db, group, content, after.hash);
	if (!err)
		err = move_money(db, group);
	return err ? err : ledger_state_put(db, group->property_id, &before, &after);
}
