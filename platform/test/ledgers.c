#include "platform/test/ledgers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>

#include "platform/store/store.h"
#include "platform/test/memory.h"

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void ledgers_setup(struct ledgers *l)
{
	snprintf(l->dir, sizeof l->dir, "/tmp/wattle-ledger-XXXXXX");
	assert_non_null(mkdtemp(l->dir));
	fresh_store(l->url);
	assert_int_equal(store_open(&l->db, l->dir, l->url), ERR_NONE);
}

void ledgers_teardown(struct ledgers *l)
{
	db_close(l->db);
	fresh_store_drop(l->url);
	assert_int_equal(nftw(l->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}

enum err ledgers_post(struct db *db, struct ledger_group *group)
{
	enum err err = db_exec(db, "BEGIN IMMEDIATE");

	assert_int_equal(err, ERR_NONE);
	err = ledger_post(db, group);
	assert_int_equal(db_exec(db, err ? "ROLLBACK" : "COMMIT"), ERR_NONE);
	return err;
}

struct ledger_group ledgers_group(const char *key, const struct ledger_entry *entries, size_t count)
{
	return (struct ledger_group){.property_id = 1,
	                             .key = key,
	                             .kind = "sale",
	                             .at_ms = 1795700000000,
	                             .day = LEDGERS_TODAY,
	                             .who = "anna",
	                             .reason = "",
	                             .receipt = true,
	                             .entries = entries,
	                             .count = count};
}

enum err ledgers_sell(struct db *db, const char *key, int64_t account, int64_t fen)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_TILL,    1,       {-fen}},
                {LEDGER_ACCOUNT, account, {fen} }
        };
	struct ledger_group group = ledgers_group(key, entries, 2);

	return ledgers_post(db, &group);
}

enum err ledgers_charge(struct db *db, const char *key, int64_t account, int64_t fen)
{
	const struct ledger_entry entries[] = {
	        {LEDGER_ACCOUNT, account, {-fen}},
                {LEDGER_SALES,   1,       {fen} }
        };
	struct ledger_group group = ledgers_group(key, entries, 2);

	group.kind = "charge";
	group.receipt = false;
	return ledgers_post(db, &group);
}

int64_t ledgers_fen(struct db *db, enum ledger_account account, int64_t subject)
{
	struct ledger_balance balance;

	assert_int_equal(ledger_balance(db, 1, account, subject, &balance), ERR_NONE);
	return balance.balance.fen;
}

bool ledgers_fails(struct db *db, enum err (*act)(void), int64_t nth, bool memory)
{
	bool reached;
	enum err err;

	assert_int_equal(db_exec(db, "BEGIN"), ERR_NONE);
	if (memory)
		memory_fail_nth(nth);
	else
		db_fail_nth(db, nth);
	err = act();
	reached = memory ? memory_has_failed() : db_has_failed(db);
	memory_fail_nth(0);
	db_fail_nth(db, 0);
	assert_int_equal(err, !reached ? ERR_NONE : memory ? ERR_NOMEM : ERR_IO);
	assert_int_equal(db_exec(db, "ROLLBACK"), ERR_NONE);
	return reached;
}
