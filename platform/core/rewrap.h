/* Key rotation: every secret of the store, piece by piece, under the newest key. A step does one
 * piece, so a running wattled waits for none of it long; stopped anywhere, all secrets can still
 * be opened, and the next run goes on. */
#ifndef PLATFORM_CORE_REWRAP_H
#define PLATFORM_CORE_REWRAP_H

#include "platform/core/admin.h"
#include "platform/core/keys.h"
#include "platform/store/secret.h"

#define REWRAP_ROWS 500

struct rewrap {
	struct actor actor;
	bool count_only;
	/* where it is; all zero at the beginning */
	size_t place;
	struct secret_row row;
	bool inside; /* of a place: `row` is the last one done */
	bool done;
	/* found so far */
	uint64_t by_key[KEYS_MAX]; /* under which key they were found */
	uint64_t rewrapped;
	uint64_t lost; /* no key opens them */
};

/* The next REWRAP_ROWS rows. With the last of them goes an audit line. */
MUST_USE enum err rewrap_step(struct tx *tx, void *rewrap, int64_t now_ms, struct effects *out);

#endif
