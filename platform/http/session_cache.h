/* Sessions that were looked up a moment ago, so that a page's requests do not each ask the store.
 * An entry is believed for a few seconds: that is how long a session ended by the CLI lives on. */
#ifndef PLATFORM_HTTP_SESSION_CACHE_H
#define PLATFORM_HTTP_SESSION_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/store/user.h"

#define SESSION_CACHE_ENTRIES 64
#define SESSION_CACHE_MS      5000

struct session_cache {
	struct {
		char token_hash[TOKEN_HASH_SIZE]; /* "": free */
		int64_t found_ms;
		struct user_row user;
	} entry[SESSION_CACHE_ENTRIES];

	unsigned next; /* the one that is replaced next */
};

/* Times are monotonic. */
bool session_cache_get(const struct session_cache *cache, const char *token_hash, int64_t mono_ms,
                       struct user_row *user);
void session_cache_put(struct session_cache *cache, const char *token_hash,
                       const struct user_row *user, int64_t mono_ms);
void session_cache_drop(struct session_cache *cache, const char *token_hash);

/* The session token in a Cookie header: 43 characters of base64url, or false. */
bool cookie_token(const char *header, char *token, unsigned size);

#endif
