/* Photos of registers: rows of the main store, so that backups, restores and the standby's copy have them. A photo
 * is of one account; its name is the SHA-256 of its bytes, and nothing that a client called it is kept. */
#ifndef PLATFORM_STORE_PHOTO_H
#define PLATFORM_STORE_PHOTO_H

#include <stddef.h>
#include <stdint.h>

#include "platform/store/account.h"
#include "platform/store/db.h"

#define PHOTO_TYPE_SIZE 16

struct photo_row {
	int64_t property_id, account_id;
	char name[PHOTO_SIZE];      /* SHA-256, hex */
	char type[PHOTO_TYPE_SIZE]; /* image/… */
	int64_t bytes;
	int64_t created_s;
};

/* ERR_DUP: the account has this very photo. */
MUST_USE enum err photo_insert(struct db *db, const struct photo_row *row, const void *bytes);
/* ERR_NOT_FOUND: there is none, or it was removed. */
MUST_USE enum err photo_get(struct db *db, int64_t property_id, int64_t account_id,
                            const char *name, struct photo_row *row);
/* The same with its row->bytes bytes, for free(). */
MUST_USE enum err photo_read(struct db *db, int64_t property_id, int64_t account_id,
                             const char *name, struct photo_row *row, void **bytes);
/* Of an account, the oldest first. */
MUST_USE enum err photo_list(struct db *db, int64_t property_id, int64_t account_id,
                             void (*each)(void *arg, const struct photo_row *), void *arg);
MUST_USE enum err photo_count(struct db *db, int64_t property_id, int64_t account_id,
                              int64_t *count);
/* The photo of an account is another one's, too; no error if it is already, or is none. */
MUST_USE enum err photo_share(struct db *db, int64_t property_id, int64_t account_id,
                              const char *name, int64_t with_id);
/* All of a customer's accounts. */
MUST_USE enum err photo_forget(struct db *db, int64_t property_id, int64_t customer_id);
/* Sent before `before_s` and never used for a register. */
MUST_USE enum err photo_drop_unused(struct db *db, int64_t property_id, int64_t before_s);

#endif
