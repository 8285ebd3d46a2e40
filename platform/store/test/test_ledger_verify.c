/* Proving the ledger: every way of changing it afterwards is found, by a whole proof and by one from a mark on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "libs/base/macros.h"
#include "platform/store/ledger_parts.h"
#include "platform/store/migrations.h"
#include "platform/store/store.h"
#include "platform/test/ledgers.h"

static struct ledgers l;
static struct db *db;

static int setup(void **state)
{
	(void)state;
	ledgers_setup(&l);
	db = l.db;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	ledgers_teardown(&l);
	return 0;
}

/* ---- changed afterwards ---- */

static void fill(void)
{
	assert_int_equal(ledgers_sell(db, "order:1", LEDGERS_ANNA, 10000), ERR_NONE);
	assert_int_equal(ledgers_charge(db, "charge:1", LEDGERS_ANNA, 300), ERR_NONE);
	assert_int_equal(ledgers_sell(db, "order:2", LEDGERS_BERT, 2000), ERR_NONE);
	assert_int_equal(ledgers_charge(db, "charge:2", LEDGERS_BERT, 70), ERR_NONE);
}

static void each_change_is_found(void **state)
{
	static const struct {
		const char *sql;
		enum ledger_fault fault;
		int64_t group_no;
	} changes[] = {
	        {"UPDATE ledger_entry SET amount_fen=amount_fen+1 WHERE group_no=2 AND line=1",
	         LEDGER_BAD_GROUP,	                                                                                                2},
 /* Both sides, so that it still sums to zero. */
	        {"UPDATE ledger_entry SET amount_fen=amount_fen*2 WHERE group_no=3",
	         LEDGER_BAD_GROUP,	                                                                                                3},
	        {"UPDATE ledger_entry SET subject=6 WHERE group_no=1 AND account=1",
	         LEDGER_BAD_GROUP,	                                                                                                1},
	        {"UPDATE ledger_entry SET account=8 WHERE group_no=2 AND account=7",
	         LEDGER_BAD_GROUP,	                                                                                                2},
	        {"DELETE FROM ledger_entry WHERE group_no=2",                                                         LEDGER_BAD_GROUP,   2},
	        {"INSERT INTO ledger_entry VALUES(1,2,1,5,4,1,0)",                                                    LEDGER_BAD_GROUP,   2},
	        {"INSERT INTO ledger_entry VALUES(1,2,1,5,3,1,0),(1,2,7,1,4,-1,0)",
	         LEDGER_BAD_GROUP,	                                                                                                2},
	        {"UPDATE ledger_group SET day=day-1 WHERE group_no=3",                                                LEDGER_BAD_GROUP,   3},
	        {"UPDATE ledger_group SET at_ms=at_ms+1 WHERE group_no=1",                                            LEDGER_BAD_GROUP,   1},
	        {"UPDATE ledger_group SET who='bert' WHERE group_no=4",                                               LEDGER_BAD_GROUP,   4},
	        {"UPDATE ledger_group SET reason='x' WHERE group_no=4",                                               LEDGER_BAD_GROUP,   4},
	        {"UPDATE ledger_group SET kind='gift' WHERE group_no=4",                                              LEDGER_BAD_GROUP,   4},
	        {"UPDATE ledger_group SET group_key='x' WHERE group_no=2",                                            LEDGER_BAD_GROUP,   2},
	        {"UPDATE ledger_group SET refers=1 WHERE group_no=2",                                                 LEDGER_BAD_GROUP,   2},
	        {"UPDATE ledger_group SET receipt_no=3 WHERE group_no=2",                                             LEDGER_BAD_GROUP,   2},
	        {"UPDATE ledger_group SET receipt_no=0 WHERE group_no=3",                                             LEDGER_BAD_GROUP,   3},
	        {"UPDATE ledger_group SET hash=CAST('00000000000000000000000000000000' AS BLOB) WHERE group_no=4",
	         LEDGER_BAD_GROUP,	                                                                                                4},
	        {"UPDATE ledger_group SET content=CAST('00000000000000000000000000000000' AS BLOB) WHERE group_no=1",
	         LEDGER_BAD_GROUP,	                                                                                                1},
 /* The end, with its entries and balances as if it had never been. */
	        {"DELETE FROM ledger_group WHERE group_no=4",                                                         LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_state SET group_count=3",	                                                     LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_state SET receipt_count=1",                                                           LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_state SET closed_day=1",	                                                      LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_state SET proof=CAST('00000000' AS BLOB)",                                            LEDGER_BAD_STATE,   0},
	        {"DELETE FROM ledger_state",	                                                                  LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_balance SET balance_fen=balance_fen+1 WHERE account=1",
	         LEDGER_BAD_BALANCE,	                                                                                              0},
	        {"UPDATE ledger_balance SET subject=7 WHERE subject=6",                                               LEDGER_BAD_BALANCE, 0},
	        {"UPDATE ledger_balance SET entry_count=1 WHERE subject=5",                                           LEDGER_BAD_BALANCE, 0},
	        {"UPDATE ledger_entry SET before_no=0 WHERE group_no=4 AND before_no>0",
	         LEDGER_BAD_BALANCE,	                                                                                              0},
	        {"UPDATE ledger_entry SET before_no=9 WHERE group_no=1 AND account=1",
	         LEDGER_BAD_BALANCE,	                                                                                              0},
	        {"UPDATE ledger_group SET hash=CAST('0' AS BLOB) WHERE group_no=3",
	         LEDGER_BAD_GROUP,	                                                                                                3},
	        {"UPDATE ledger_group SET content=CAST('0' AS BLOB) WHERE group_no=3",
	         LEDGER_BAD_GROUP,	                                                                                                3},
	        {"UPDATE ledger_state SET hash=CAST('0' AS BLOB)",                                                    LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_state SET proof=CAST('0' AS BLOB)",                                                   LEDGER_BAD_STATE,   0},
	        {"UPDATE ledger_balance SET proof=CAST('0' AS BLOB) WHERE subject=5",
	         LEDGER_BAD_BALANCE,	                                                                                              0},
	        {"DELETE FROM ledger_balance WHERE subject=5",                                                        LEDGER_BAD_BALANCE, 0},
	};
	struct ledger_proof proof;

	(void)state;
	fill();
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
	assert_int_equal(proof.groups, 4);
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		assert_int_equal(db_exec(db, "BEGIN"), ERR_NONE);
		assert_int_equal(db_exec(db, changes[i].sql), ERR_NONE);
		assert_int_equal(ledger_verify(db, 1, &proof), ERR_DAMAGED);
		assert_int_equal(proof.fault, changes[i].fault);
		if (proof.fault == LEDGER_BAD_GROUP)
			assert_int_equal(proof.group_no, changes[i].group_no);
		assert_int_equal(db_exec(db, "ROLLBACK"), ERR_NONE);
	}
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
}

static enum err proof_from(const struct ledger_mark *mark)
{
	struct ledger_mark now;
	enum err err = ledger_mark_now(db, 1, &now);

	return err ? err : ledger_verify_after(db, 1, mark, &now);
}

/* A proof from a mark on finds all that is wrong with what is new, with any balance, and with the end; what is
 * behind the mark is for the whole proof. */
static void a_proof_goes_on_where_one_ended(void **state)
{
	static const char *const found[] = {
	        "UPDATE ledger_entry SET amount_fen=amount_fen*2 WHERE group_no=3",
	        "UPDATE ledger_entry SET subject=5 WHERE group_no=3 AND account=1",
	        "UPDATE ledger_entry SET before_no=2 WHERE group_no=4 AND before_no>0",
	        "UPDATE ledger_entry SET before_no=2 WHERE group_no=3 AND account=1",
	        "DELETE FROM ledger_entry WHERE group_no=4",
	        "UPDATE ledger_group SET day=day-1 WHERE group_no=3",
	        "UPDATE ledger_group SET receipt_no=0 WHERE group_no=3",
	        "DELETE FROM ledger_group WHERE group_no=4",
	        "UPDATE ledger_balance SET balance_fen=balance_fen+1 WHERE subject=5",
	        "UPDATE ledger_balance SET entry_count=1 WHERE subject=6",
	        "UPDATE ledger_balance SET subject=7 WHERE subject=6",
	        "DELETE FROM ledger_balance WHERE subject=5",
	        "UPDATE ledger_balance SET proof=CAST('0' AS BLOB) WHERE subject=5",
	        "UPDATE ledger_state SET receipt_count=1",
	        "DELETE FROM ledger_state",
	};
	struct ledger_mark begin, mark, kept;

	(void)state;
	assert_int_equal(ledger_mark_now(db, 1, &begin), ERR_NONE);
	assert_int_equal(ledger_mark_get(db, 1, &kept), ERR_NOT_FOUND);
	assert_int_equal(ledgers_sell(db, "order:1", LEDGERS_ANNA, 10000), ERR_NONE);
	assert_int_equal(ledgers_charge(db, "charge:1", LEDGERS_ANNA, 300), ERR_NONE);
	assert_int_equal(ledger_mark_now(db, 1, &mark), ERR_NONE);
	assert_int_equal(mark.groups, 2);
	mark.whole_day = 5;
	assert_int_equal(ledger_mark_put(db, 1, &begin), ERR_NONE);
	assert_int_equal(ledger_mark_put(db, 1, &mark), ERR_NONE);
	assert_int_equal(ledger_mark_get(db, 1, &kept), ERR_NONE);
	assert_memory_equal(&kept, &mark, sizeof mark);
	assert_int_equal(proof_from(&mark), ERR_NONE);
	assert_int_equal(ledgers_sell(db, "order:2", LEDGERS_BERT, 2000), ERR_NONE);
	assert_int_equal(ledgers_charge(db, "charge:2", LEDGERS_BERT, 70), ERR_NONE);
	assert_int_equal(proof_from(&mark), ERR_NONE);
	assert_int_equal(proof_from(&begin), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(found); i++) {
		assert_int_equal(db_exec(db, "BEGIN"), ERR_NONE);
		assert_int_equal(db_exec(db, found[i]), ERR_NONE);
		assert_int_equal(proof_from(&mark), ERR_DAMAGED);
		assert_int_equal(db_exec(db, "ROLLBACK"), ERR_NONE);
	}
	assert_int_equal(db_exec(db, "UPDATE ledger_group SET at_ms=at_ms+1 WHERE group_no=1"),
	                 ERR_NONE);
	assert_int_equal(proof_from(&mark), ERR_NONE);
	assert_int_equal(proof_from(&begin), ERR_DAMAGED);
}

/* A mark is only a shortcut: one that cannot be read is none. */
static void a_broken_mark_is_told(void **state)
{
	struct ledger_mark mark;

	(void)state;
	fill();
	assert_int_equal(ledger_mark_now(db, 1, &mark), ERR_NONE);
	assert_int_equal(ledger_mark_put(db, 1, &mark), ERR_NONE);
	assert_int_equal(db_exec(db, "UPDATE ledger_mark SET hash=CAST('0' AS BLOB)"), ERR_NONE);
	assert_int_equal(ledger_mark_get(db, 1, &mark), ERR_DAMAGED);
}

static void set_balance(int64_t subject, int64_t fen)
{
	const struct ledger_balance is = {.balance = money_fen(fen), .entries = 2, .group_no = 2};
	uint8_t proof[LEDGER_PROOF_SIZE];
	struct stmt *st = db_query(db, "UPDATE ledger_balance SET balance_fen=?, proof=? WHERE"
	                               " property_id=1 AND account=1 AND subject=?");

	ledger_balance_proof(1, LEDGER_ACCOUNT, subject, &is, proof);
	bind_i64(st, fen);
	bind_blob(st, proof, sizeof proof);
	bind_i64(st, subject);
	assert_int_equal(stmt_run(st), ERR_NONE);
}

/* As code would write it that forgets an entry: the row is sound, and not what its entries come to. */
static void a_sound_balance_that_moved_by_itself_is_found(void **state)
{
	struct ledger_mark mark;

	(void)state;
	fill();
	assert_int_equal(ledger_mark_now(db, 1, &mark), ERR_NONE);
	set_balance(LEDGERS_ANNA, 9701);
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, LEDGERS_ANNA), 9701);
	assert_int_equal(proof_from(&mark), ERR_DAMAGED);
	/* Also when it moved since by entries of its own. */
	set_balance(LEDGERS_ANNA, 9700);
	assert_int_equal(proof_from(&mark), ERR_NONE);
	set_balance(LEDGERS_ANNA, 9600);
	assert_int_equal(ledgers_charge(db, "charge:3", LEDGERS_ANNA, 10), ERR_NONE);
	assert_int_equal(proof_from(&mark), ERR_DAMAGED);
}

/* A whole, consistent false balance with its old proof: found before anything is decided on it. */
static void a_false_balance_decides_nothing(void **state)
{
	struct ledger_balance balance;

	(void)state;
	fill();
	assert_int_equal(db_exec(db, "UPDATE ledger_balance SET balance_fen=balance_fen+64"
	                             " WHERE account=1 AND subject=5"),
	                 ERR_NONE);
	assert_int_equal(ledger_balance(db, 1, LEDGER_ACCOUNT, LEDGERS_ANNA, &balance),
	                 ERR_DAMAGED);
	assert_int_equal(ledgers_charge(db, "charge:3", LEDGERS_ANNA, 10), ERR_DAMAGED);
	/* Others go on. */
	assert_int_equal(ledgers_charge(db, "charge:4", LEDGERS_BERT, 10), ERR_NONE);
	assert_int_equal(db_exec(db, "UPDATE ledger_balance SET proof=CAST('0' AS BLOB)"
	                             " WHERE account=1 AND subject=6"),
	                 ERR_NONE);
	assert_int_equal(ledgers_charge(db, "charge:5", LEDGERS_BERT, 10), ERR_DAMAGED);
}

/* Nothing is chained to a state of which a bit was flipped. */
static void a_false_state_takes_nothing(void **state)
{
	static const char *const changes[] = {
	        "UPDATE ledger_state SET hash=CAST('00000000000000000000000000000000' AS BLOB)",
	        "UPDATE ledger_state SET group_count=5",
	        "UPDATE ledger_state SET receipt_count=5",
	        "UPDATE ledger_state SET closed_day=5",
	};
	struct ledger_state found;

	(void)state;
	fill();
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		assert_int_equal(db_exec(db, "BEGIN"), ERR_NONE);
		assert_int_equal(db_exec(db, changes[i]), ERR_NONE);
		assert_int_equal(ledger_state(db, 1, &found), ERR_DAMAGED);
		assert_int_equal(db_exec(db, "ROLLBACK"), ERR_NONE);
	}
	assert_int_equal(db_exec(db, changes[0]), ERR_NONE);
	assert_int_equal(ledgers_charge(db, "charge:3", LEDGERS_ANNA, 10), ERR_DAMAGED);
}

/* Who can write rows can write proofs that fit them: the groups are still there. */
static void a_true_proof_of_a_false_state_is_found(void **state)
{
	struct ledger_state was, now[4];
	struct ledger_proof proof;
	struct ledger_mark begin;

	(void)state;
	assert_int_equal(ledger_mark_now(db, 1, &begin), ERR_NONE);
	fill();
	assert_int_equal(ledger_state(db, 1, &was), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(now); i++)
		now[i] = was;
	now[0].groups++;
	now[1].receipts--;
	now[2].hash[31] ^= 1;
	for (size_t i = 0; i < ARRAY_SIZE(now); i++) {
		bool sound = i == ARRAY_SIZE(now) - 1;

		assert_int_equal(db_exec(db, "BEGIN"), ERR_NONE);
		assert_int_equal(ledger_state_put(db, 1, &was, &now[i]), ERR_NONE);
		assert_int_equal(ledger_verify(db, 1, &proof), sound ? ERR_NONE : ERR_DAMAGED);
		assert_int_equal(proof.fault, sound ? LEDGER_SOUND : LEDGER_BAD_STATE);
		assert_int_equal(proof_from(&begin), sound ? ERR_NONE : ERR_DAMAGED);
		assert_int_equal(db_exec(db, "ROLLBACK"), ERR_NONE);
	}
}

static void put_false_balance(const struct ledger_balance *b)
{
	uint8_t proof[LEDGER_PROOF_SIZE];
	struct stmt *st =
	        db_query(db, "UPDATE ledger_balance SET balance_fen=?, entry_count=?, group_no=?,"
	                     " proof=? WHERE property_id=1 AND account=1 AND subject=5");

	ledger_balance_proof(1, LEDGER_ACCOUNT, LEDGERS_ANNA, b, proof);
	bind_i64(st, b->balance.fen);
	bind_i64(st, b->entries);
	bind_i64(st, b->group_no);
	bind_blob(st, proof, sizeof proof);
	assert_int_equal(stmt_run_one(st), ERR_NONE);
}

static void a_true_proof_of_a_false_balance_is_found(void **state)
{
	struct ledger_balance was, now[7], read;
	struct ledger_proof proof;
	struct ledger_mark begin;

	(void)state;
	assert_int_equal(ledger_mark_now(db, 1, &begin), ERR_NONE);
	fill();
	assert_int_equal(ledger_balance(db, 1, LEDGER_ACCOUNT, LEDGERS_ANNA, &was), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(now); i++)
		now[i] = was;
	now[0].balance.fen++;
	now[1].entries++;
	now[2].group_no--;
	now[3].balance.fen = INT64_MIN; /* what it used taken back is below that */
	now[4].entries--;
	now[5].entries = 0;
	for (size_t i = 0; i < ARRAY_SIZE(now); i++) {
		bool sound = i == ARRAY_SIZE(now) - 1;

		assert_int_equal(db_exec(db, "BEGIN"), ERR_NONE);
		put_false_balance(&now[i]);
		assert_int_equal(ledger_balance(db, 1, LEDGER_ACCOUNT, LEDGERS_ANNA, &read),
		                 ERR_NONE);
		assert_int_equal(ledger_verify(db, 1, &proof), sound ? ERR_NONE : ERR_DAMAGED);
		assert_int_equal(proof.fault, sound ? LEDGER_SOUND : LEDGER_BAD_BALANCE);
		assert_int_equal(proof_from(&begin), sound ? ERR_NONE : ERR_DAMAGED);
		if (!sound)
			assert_int_equal(proof.subject, LEDGERS_ANNA);
		assert_int_equal(db_exec(db, "ROLLBACK"), ERR_NONE);
	}
}

/* Nothing was ever posted for it, and yet there is a row: what no entries made adds nothing to the sum of the proofs. */
static void a_balance_of_no_entries_is_found(void **state)
{
	static const uint8_t nothing[8];
	struct stmt *st = db_query(db, "INSERT INTO ledger_balance(property_id, account, subject,"
	                               " balance_fen, entry_count, group_no, proof)"
	                               " VALUES(1,1,99,500,0,0,?)");
	struct ledger_mark mark, now;

	(void)state;
	bind_blob(st, nothing, sizeof nothing);
	assert_int_equal(stmt_run_one(st), ERR_NONE);
	assert_int_equal(ledger_mark_now(db, 1, &now), ERR_DAMAGED);
	assert_int_equal(db_exec(db, "DELETE FROM ledger_balance"), ERR_NONE);
	fill();
	assert_int_equal(ledger_mark_now(db, 1, &mark), ERR_NONE);
	assert_int_equal(proof_from(&mark), ERR_NONE);
}

/* The newest hash, written down elsewhere, proves a ledger for as long as it is kept: what goes into it never changes.
 * The number is of the description in ledger.md, worked out by another program. */
static void what_was_written_down_elsewhere_proves_it_for_ever(void **state)
{
	static const uint8_t written[LEDGER_HASH_SIZE] = {
	        0x4c, 0x45, 0xc3, 0x41, 0x34, 0xd0, 0x93, 0xfd, 0x95, 0x76, 0x31,
	        0x0f, 0x09, 0xab, 0xc7, 0x68, 0x67, 0xb4, 0x73, 0xb2, 0x7a, 0x76,
	        0xa6, 0x7a, 0xe4, 0x34, 0xd2, 0x95, 0xb9, 0x26, 0x3e, 0x53};
	const struct ledger_entry back[] = {
	        {LEDGER_TILL,    1,            {50} },
                {LEDGER_ACCOUNT, LEDGERS_ANNA, {-50}}
        };
	struct ledger_group fix = ledgers_group("fix:1", back, 2);
	struct ledger_state found;

	(void)state;
	assert_int_equal(ledgers_sell(db, "order:1", LEDGERS_ANNA, 10000), ERR_NONE);
	assert_int_equal(ledgers_charge(db, "charge:1", LEDGERS_ANNA, 300), ERR_NONE);
	fix.refers = 1;
	fix.reason = "mistyped";
	assert_int_equal(ledgers_post(db, &fix), ERR_NONE);
	assert_int_equal(ledger_state(db, 1, &found), ERR_NONE);
	assert_memory_equal(found.hash, written, sizeof written);
}

/* 4096 entries are a group; a row more behind them is not read into anybody's memory. */
static void the_greatest_group_is_proved(void **state)
{
	static struct ledger_entry entries[LEDGER_ENTRIES_MAX];
	struct ledger_proof proof;
	struct ledger_group group = ledgers_group("day", entries, ARRAY_SIZE(entries));

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(entries); i++)
		entries[i] = (struct ledger_entry){i ? LEDGER_ACCOUNT : LEDGER_SALES,
		                                   (int64_t)i,
		                                   {i ? -2 : 2 * (LEDGER_ENTRIES_MAX - 1)}};
	assert_int_equal(ledgers_post(db, &group), ERR_NONE);
	assert_int_equal(ledgers_fen(db, LEDGER_SALES, 0), 2 * (LEDGER_ENTRIES_MAX - 1));
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, LEDGER_ENTRIES_MAX - 1), -2);
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
	assert_int_equal(db_exec(db, "INSERT INTO ledger_entry VALUES(1,1,1,5000,4097,1,0)"),
	                 ERR_NONE);
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_DAMAGED);
	assert_int_equal(proof.fault, LEDGER_BAD_GROUP);
}

/* ---- when something fails ---- */

static enum err prove(void)
{
	struct ledger_proof proof;

	return ledger_verify(db, 1, &proof);
}

static struct ledger_mark half_way;

static enum err prove_after(void)
{
	struct ledger_mark now;
	enum err err = ledger_mark_now(db, 1, &now);

	return err ? err : ledger_verify_after(db, 1, &half_way, &now);
}

static void no_failure_of_a_proof_is_swallowed(void **state)
{
	static enum err (*const acts[])(void) = {prove, prove_after};

	(void)state;
	assert_int_equal(ledgers_sell(db, "order:1", LEDGERS_ANNA, 10000), ERR_NONE);
	assert_int_equal(ledgers_sell(db, "order:2", LEDGERS_BERT, 2000), ERR_NONE);
	assert_int_equal(ledger_mark_now(db, 1, &half_way), ERR_NONE);
	assert_int_equal(ledgers_charge(db, "charge:1", LEDGERS_ANNA, 300), ERR_NONE);
	assert_int_equal(ledgers_charge(db, "charge:2", LEDGERS_BERT, 70), ERR_NONE);
	for (size_t i = 0; i < ARRAY_SIZE(acts); i++)
		for (int memory = 0; memory < 2; memory++)
			for (int64_t nth = 1; ledgers_fails(db, acts[i], nth, memory); nth++)
				;
	assert_int_equal(prove(), ERR_NONE);
}

/* ---- against a fold of our own ---- */

static uint32_t draw(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*seed >> 33) % below;
}

#define SUBJECTS 40
#define GROUPS   400

static void random_groups_fold_to_their_balances(void **state)
{
	int64_t fold[LEDGER_ACCOUNT_LAST + 1][SUBJECTS] = {{0}};
	uint64_t seed = 42;
	struct ledger_proof proof;
	struct ledger_mark mark;

	(void)state;
	assert_int_equal(ledger_mark_now(db, 1, &mark), ERR_NONE);
	assert_int_equal(db_exec(db, "BEGIN"), ERR_NONE);
	for (int i = 0; i < GROUPS; i++) {
		static struct ledger_entry entries[LEDGER_ENTRIES_MAX];
		/* a few large ones, which are written together */
		size_t count = 2 + draw(&seed, i % 50 ? 31 : 1000);
		int64_t rest = 0;
		struct ledger_group group;
		char key[16];

		for (size_t k = 0; k < count; k++) {
			int64_t fen =
			        k + 1 < count ? (int64_t)draw(&seed, 1000000) - 500000 : -rest;

			entries[k].account =
			        (enum ledger_account)(1 + draw(&seed, LEDGER_ACCOUNT_LAST));
			entries[k].subject = draw(&seed, SUBJECTS);
			entries[k].amount = money_fen(fen ? fen : 1);
			rest += entries[k].amount.fen;
		}
		if (rest != 0) /* a last one of 0 would have become 1 */
			continue;
		snprintf(key, sizeof key, "g%d", i);
		group = ledgers_group(key, entries, count);
		assert_int_equal(ledger_post(db, &group), ERR_NONE);
		for (size_t k = 0; k < count; k++)
			fold[entries[k].account][entries[k].subject] += entries[k].amount.fen;
		if (i % 40 == 7) { /* as each night */
			assert_int_equal(proof_from(&mark), ERR_NONE);
			assert_int_equal(ledger_mark_now(db, 1, &mark), ERR_NONE);
		}
	}
	assert_int_equal(db_exec(db, "COMMIT"), ERR_NONE);
	for (unsigned a = 1; a <= LEDGER_ACCOUNT_LAST; a++)
		for (int64_t s = 0; s < SUBJECTS; s++)
			assert_int_equal(ledgers_fen(db, (enum ledger_account)a, s), fold[a][s]);
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
	assert_true(proof.groups > GROUPS / 2);
}

/* Two entries of one account in one group lead back to the same one before it. */
static void entries_of_one_group_lead_back_together(void **state)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_TILL,    1,            money_fen(-300)},
	        {LEDGER_ACCOUNT, LEDGERS_ANNA, money_fen(100) },
	        {LEDGER_ACCOUNT, LEDGERS_ANNA, money_fen(200) }
        };
	struct ledger_group group = ledgers_group("order:3", entries, ARRAY_SIZE(entries));
	struct ledger_mark mark;
	struct ledger_proof proof;

	(void)state;
	fill();
	assert_int_equal(ledger_mark_now(db, 1, &mark), ERR_NONE);
	assert_int_equal(ledgers_post(db, &group), ERR_NONE);
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
	assert_int_equal(proof_from(&mark), ERR_NONE);
	assert_int_equal(db_exec(db, "UPDATE ledger_entry SET before_no=1 WHERE group_no=5"
	                             " AND line=3"),
	                 ERR_NONE);
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_DAMAGED);
	assert_int_equal(proof.fault, LEDGER_BAD_BALANCE);
	assert_int_equal(proof.account, LEDGER_ACCOUNT);
	assert_int_equal(proof.subject, LEDGERS_ANNA);
	assert_int_equal(proof_from(&mark), ERR_DAMAGED);
}

/* ---- of an older store ---- */

#define BALANCES_IN_ORDER 48 /* the migration */

static void balances_of_an_older_store_are_what_they_were(void **state)
{
	struct migration before[64] = {
	        {0, NULL, NULL}
        };
	char path[STORE_PATH_SIZE];
	struct ledger_proof proof;

	(void)state;
	db_close(db);
	fresh_store_empty(l.url);
	store_main(path, l.dir, l.url);
	if (!fresh_store_is_postgres())
		assert_int_equal(remove(path), 0);
	for (size_t i = 0; store_migrations[i].id < BALANCES_IN_ORDER; i++)
		before[i] = store_migrations[i];
	assert_int_equal(db_open(&db, path, DB_WRITE), ERR_NONE);
	assert_int_equal(migrate(db, before), ERR_NONE);
	fill();
	db_close(db);

	assert_int_equal(store_open(&db, l.dir, l.url), ERR_NONE);
	l.db = db;
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, LEDGERS_ANNA), 9700);
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, LEDGERS_BERT), 1930);
	assert_int_equal(ledger_verify(db, 1, &proof), ERR_NONE);
	assert_int_equal(proof.groups, 4);
	assert_int_equal(ledgers_charge(db, "charge:3", LEDGERS_BERT, 30), ERR_NONE);
	assert_int_equal(ledgers_fen(db, LEDGER_ACCOUNT, LEDGERS_BERT), 1900);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(each_change_is_found),
	        TEST(a_proof_goes_on_where_one_ended),
	        TEST(a_broken_mark_is_told),
	        TEST(a_sound_balance_that_moved_by_itself_is_found),
	        TEST(a_false_balance_decides_nothing),
	        TEST(a_false_state_takes_nothing),
	        TEST(a_true_proof_of_a_false_state_is_found),
	        TEST(a_true_proof_of_a_false_balance_is_found),
	        TEST(a_balance_of_no_entries_is_found),
	        TEST(what_was_written_down_elsewhere_proves_it_for_ever),
	        TEST(the_greatest_group_is_proved),
	        TEST(no_failure_of_a_proof_is_swallowed),
	        TEST(random_groups_fold_to_their_balances),
	        TEST(entries_of_one_group_lead_back_together),
	        TEST(balances_of_an_older_store_are_what_they_were),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
