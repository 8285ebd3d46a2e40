/* First answers of operations with an Idempotency-Key: a repeat gets the same answer and does
 * nothing. Kept for a day. */
#ifndef PLATFORM_STORE_ANSWER_H
#define PLATFORM_STORE_ANSWER_H

#include "platform/store/command.h"
#include "platform/store/db.h"

#define ANSWER_KEPT_MS INT64_C(86400000)

struct answer_row {
	int64_t property_id, user_id;
	char key[IDEMPOTENCY_SIZE];
	uint8_t request_hash[32];
	uint32_t status;
	int64_t created_ms;
	const void *body;
	size_t body_len;
};

/* `each` is called with the row, if there is one; its body lives until it returns.
 * ERR_NOT_FOUND: the key is new. */
MUST_USE enum err answer_get(struct db *db, int64_t property_id, int64_t user_id, const char *key,
                             void (*each)(void *arg, const struct answer_row *), void *arg);
/* Stores it and forgets those older than ANSWER_KEPT_MS. */
MUST_USE enum err answer_put(struct db *db, const struct answer_row *row);

#endif
