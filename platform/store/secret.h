/* Where wrapped secrets stand in the store: one list, for key rotation. Every column whose name
 * ends in `_wrapped` is in it (test_store walks the schema). */
#ifndef PLATFORM_STORE_SECRET_H
#define PLATFORM_STORE_SECRET_H

#include "platform/store/db.h"

#define SECRET_SIZE_MAX 4096 /* of a wrapped secret */
#define SECRET_ID_SIZE  128

struct secret_place {
	const char *kind; /* as given to secret_wrap; "" for terminal keys */
	const char *table, *column;
	bool key2_text; /* type of the second key column; the first is BIGINT */
	/* The next row behind (key1, key2): key1, key2, id, wrapped; and how it is put back. */
	const char *next, *put;
};

extern const struct secret_place secret_places[]; /* ends with kind NULL */

struct secret_row {
	int64_t key1;
	int64_t key2;
	char key2_text[SECRET_ID_SIZE];
	char id[SECRET_ID_SIZE]; /* bound into the wrapping */
	uint8_t wrapped[SECRET_SIZE_MAX];
	size_t len;
};

/* Before the first row. */
void secret_rewind(struct secret_row *row);
/* The row behind `row`, into `row`. ERR_NOT_FOUND: there is none. ERR_TOO_LONG: not a secret. */
MUST_USE enum err secret_next(struct db *db, const struct secret_place *place,
                              struct secret_row *row);
/* Its new wrapping. */
MUST_USE enum err secret_put(struct db *db, const struct secret_place *place,
                             const struct secret_row *row);

#endif
