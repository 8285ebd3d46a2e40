/* What the ledger*.c files share: ledger.h is for everybody else. */
#ifndef PLATFORM_STORE_LEDGER_PARTS_H
#define PLATFORM_STORE_LEDGER_PARTS_H

#include "libs/base/sha256.h"
#include "platform/store/ledger.h"

#define LEDGER_PROOF_SIZE 8

/* What a repeat must have in common with the first: kind, refers and entries. */
void ledger_content_hash(const struct ledger_group *group, uint8_t out[SHA256_SIZE]);
void ledger_chain_hash(const struct ledger_group *group, const uint8_t before[LEDGER_HASH_SIZE],
                       const uint8_t content[SHA256_SIZE], uint8_t out[LEDGER_HASH_SIZE]);
void ledger_balance_proof(int64_t property_id, enum ledger_account account, int64_t subject,
                          const struct ledger_balance *b, uint8_t proof[LEDGER_PROOF_SIZE]);
/* Texts, entries and their sum. */
bool ledger_well_formed(const struct ledger_group *group);
/* Over the state that was read. ERR_CONFLICT: somebody was faster. */
MUST_USE enum err ledger_state_put(struct db *db, int64_t property_id,
                                   const struct ledger_state *before,
                                   const struct ledger_state *after);

#endif
