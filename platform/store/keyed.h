/* Rows of many keys of one property, read in their order with a few queries instead of one for each. */
#ifndef PLATFORM_STORE_KEYED_H
#define PLATFORM_STORE_KEYED_H

#include "platform/store/db.h"

struct keyed {
	const int64_t *key; /* ascending, each once */
	size_t count;
	bool dense; /* answer: few others lay between them */
};

/* `sql` selects the key first, at most one row of each, in the form "… WHERE property_id=? [AND account=?]
 * AND KEY>=? AND KEY<=? ORDER BY KEY LIMIT ?"; `fixed` is bound to what stands before KEY. `each` gets the
 * rest of the columns of the rows that are there, and where their key stands. */
MUST_USE enum err keyed_read(struct db *db, const char *sql, const int64_t *fixed,
                             size_t fixed_count, struct keyed *keyed,
                             void (*each)(void *arg, struct stmt *st, size_t at), void *arg);

/* Which keys have something that few have: those in a range, up to RARE_MAX of them. */
#define RARE_MAX 1024

struct rare {
	int64_t key[RARE_MAX];
	size_t count;
	bool cut; /* above the last one nobody has looked */
};

/* `sql`: "SELECT DISTINCT KEY FROM … WHERE property_id=? AND KEY>=? AND KEY<=? … ORDER BY KEY LIMIT ?". */
MUST_USE enum err rare_read(struct db *db, const char *sql, int64_t property_id, int64_t from,
                            int64_t to, struct rare *rare);
/* It has it, or may have. */
bool rare_may(const struct rare *rare, int64_t key);

#endif
