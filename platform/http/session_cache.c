#include "platform/http/session_cache.h"

#include <ctype.h>
#include <string.h>

#define COOKIE_NAME "wattle_session"

bool session_cache_get(const struct session_cache *cache, const char *token_hash, int64_t mono_ms,
                       struct session *session)
{
	for (int i = 0; i < SESSION_CACHE_ENTRIES; i++) {
		if (strcmp(cache->entry[i].token_hash, token_hash) != 0)
			continue;
		if (mono_ms - cache->entry[i].found_ms >= SESSION_CACHE_MS)
			return false;
		*session = cache->entry[i].session;
		return true;
	}
	return false;
}

void session_cache_put(struct session_cache *cache, const char *token_hash,
                       const struct session *session, uint64_t version, int64_t mono_ms)
{
	unsigned place;

	if (version != cache->version)
		return;
	session_cache_drop(cache, token_hash);
	place = cache->next++ % SESSION_CACHE_ENTRIES;
	memcpy(cache->entry[place].token_hash, token_hash, TOKEN_HASH_SIZE);
	cache->entry[place].session = *session;
	cache->entry[place].found_ms = mono_ms;
}

void session_cache_drop(struct session_cache *cache, const char *token_hash)
{
	for (int i = 0; i < SESSION_CACHE_ENTRIES; i++)
		if (strcmp(cache->entry[i].token_hash, token_hash) == 0)
			memset(&cache->entry[i], 0, sizeof cache->entry[i]);
}

void session_cache_forget(struct session_cache *cache, int64_t user_id)
{
	cache->version++;
	for (int i = 0; i < SESSION_CACHE_ENTRIES; i++)
		if (!user_id || cache->entry[i].session.user.user_id == user_id)
			memset(&cache->entry[i], 0, sizeof cache->entry[i]);
}

static size_t token_len(const char *text)
{
	size_t len = 0;

	while (isalnum((unsigned char)text[len]) || text[len] == '-' || text[len] == '_')
		len++;
	return len;
}

bool cookie_token(const char *header, char *token, unsigned size)
{
	const size_t name_len = strlen(COOKIE_NAME);

	while (header && *header) {
		header += strspn(header, " \t;");
		if (strncmp(header, COOKIE_NAME "=", name_len + 1) == 0) {
			const char *value = header + name_len + 1;
			size_t len = token_len(value);

			if (len + 1 != size || (value[len] && !strchr("; \t", value[len])))
				return false;
			memcpy(token, value, len);
			token[len] = '\0';
			return true;
		}
		header += strcspn(header, ";");
	}
	return false;
}
