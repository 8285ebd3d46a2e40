/* A store with a ledger of property 1, for tests of posting and proving. */
#ifndef PLATFORM_TEST_LEDGERS_H
#define PLATFORM_TEST_LEDGERS_H

#include "platform/store/ledger.h"
#include "platform/test/fresh_store.h"

#define LEDGERS_ANNA  5
#define LEDGERS_BERT  6
#define LEDGERS_TODAY 20784

struct ledgers {
	char dir[64], url[FRESH_URL_SIZE];
	struct db *db;
};

void ledgers_setup(struct ledgers *l);
void ledgers_teardown(struct ledgers *l);

/* A sale of today with a receipt. */
struct ledger_group ledgers_group(const char *key, const struct ledger_entry *entries,
                                  size_t count);
/* Posts in a transaction of its own, as a step would. */
enum err ledgers_post(struct db *db, struct ledger_group *group);
/* Cash for an account; and what it used, without a receipt. */
enum err ledgers_sell(struct db *db, const char *key, int64_t account, int64_t fen);
enum err ledgers_charge(struct db *db, const char *key, int64_t account, int64_t fen);
int64_t ledgers_fen(struct db *db, enum ledger_account account, int64_t subject);

/* The nth statement, or piece of memory, that `act` wants is refused; false: it wanted fewer. What it did is taken
 * back. */
bool ledgers_fails(struct db *db, enum err (*act)(void), int64_t nth, bool memory);

#endif
