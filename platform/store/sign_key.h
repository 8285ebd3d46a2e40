/* Keys with which the installation signs reports (Ed25519): the secret half wrapped, the public one
 * kept for good, so that old reports can be verified. */
#ifndef PLATFORM_STORE_SIGN_KEY_H
#define PLATFORM_STORE_SIGN_KEY_H

#include "platform/store/db.h"

#define SIGN_PUBLIC_TEXT  65 /* hex of 32 bytes */
#define SIGN_SEED_SIZE    32
#define SIGN_SEED_WRAPPED 72

struct sign_key_row {
	int64_t sign_id;
	char public_key[SIGN_PUBLIC_TEXT];
	uint8_t seed_wrapped[SIGN_SEED_WRAPPED];
	int64_t created_s;
};

MUST_USE enum err sign_key_insert(struct db *db, const struct sign_key_row *row);
/* The newest; ERR_NOT_FOUND: there is none yet. */
MUST_USE enum err sign_key_newest(struct db *db, struct sign_key_row *row);
MUST_USE enum err sign_key_known(struct db *db, const char *public_key, bool *known);

#endif
