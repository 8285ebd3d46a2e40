/* Sessions that were looked up a moment ago, with the rights of their users, so that a page's
 * requests do not each ask the store. Entries go when rights change (EFFECT_ACCESS), and are
 * believed for a few seconds only. */
#ifndef PLATFORM_HTTP_SESSION_CACHE_H
#define PLATFORM_HTTP_SESSION_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "platform/core/session.h"

#define SESSION_CACHE_SETS 128
#define SESSION_CACHE_WAYS 4 /* entries of one set: tokens whose hashes fall together */
#define SESSION_CACHE_MS   5000

struct session_cache {
	struct session_cache_entry {
		char token_hash[TOKEN_HASH_SIZE]; /* "": free */
		int64_t found_ms;
		struct session session;
	} entry[SESSION_CACHE_SETS][SESSION_CACHE_WAYS];

	uint64_t version; /* grows when rights change: what was looked up before is not kept */
};

/* NULL: it must be looked up. Good until the cache is changed. Times are monotonic. */
const struct session *session_cache_get(const struct session_cache *cache, const char *token_hash,
                                        int64_t mono_ms);
/* `version` is the cache's own of the moment before the store was asked. */
void session_cache_put(struct session_cache *cache, const char *token_hash,
                       const struct session *session, uint64_t version, int64_t mono_ms);
/* A person's, and every API key: keys have no more rights than their makers. user_id 0: all. */
void session_cache_forget(struct session_cache *cache, int64_t user_id);
void session_cache_drop(struct session_cache *cache, const char *token_hash);

/* The session token in a Cookie header: 43 characters of base64url, or false. */
bool cookie_token(const char *header, char *token, unsigned size);

#endif
