/* What stays open longer than a moment (live pages, exports) must end or narrow when the rights
 * behind it change. Whoever keeps something open registers a watch; after EFFECT_ACCESS, and each
 * while for grants and sessions that end by the clock, its rights are read again on a reader thread.
 * All of this belongs to the I/O thread. */
#ifndef PLATFORM_CORE_WATCH_H
#define PLATFORM_CORE_WATCH_H

#include "platform/core/access.h"
#include "platform/core/effects.h"
#include "platform/store/login.h"

struct readers;
struct watches;
struct look;

struct access_watch {
	/* By the caller: */
	char token_hash[TOKEN_HASH_SIZE]; /* the session or API key that it was opened with */
	int64_t user_id, key_id;
	/* What the rights are now; NULL: the session, the user or the key is no more. It may end
	 * this watch. */
	void (*changed)(void *arg, const struct access *access);
	void *arg;

	/* The list's own: */
	struct access_watch *next, **link;
	struct look *look; /* a reader looks at it */
	size_t slot;
	bool stale;
};

struct watches *watches_new(struct readers *readers);
/* After the readers have ended and every watch is out. */
void watches_free(struct watches *watches);

void access_watch_begin(struct watches *watches, struct access_watch *watch);
void access_watch_end(struct access_watch *watch);

/* Rights changed: of one user or key, or of anybody (both 0). */
void watches_effect(struct watches *watches, const struct effect_access *access);
/* Each second: looks again at what is due. */
void watches_tick(struct watches *watches);

#endif
