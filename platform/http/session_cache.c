#include "platform/http/session_cache.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COOKIE_NAME "wattle_session"

/* Any spread will do: the texts are hashes themselves. */
static size_t set_of(const char *token_hash)
{
	uint32_t hash = 2166136261u;

	for (; *token_hash; token_hash++)
		hash = (hash ^ (unsigned char)*token_hash) * 16777619u;
	return hash % SESSION_CACHE_SETS;
}

const struct session *session_cache_get(const struct session_cache *cache, const char *token_hash,
                                        int64_t mono_ms)
{
	const struct session_cache_entry *set = cache->entry[set_of(token_hash)];

	for (size_t i = 0; i < SESSION_CACHE_WAYS; i++)
		if (strcmp(set[i].token_hash, token_hash) == 0)
			return mono_ms - set[i].found_ms < SESSION_CACHE_MS ? &set[i].session
			                                                    : NULL;
	return NULL;
}

void session_cache_put(struct session_cache *cache, const char *token_hash,
                       const struct session *session, uint64_t version, int64_t mono_ms)
{
	struct session_cache_entry *set = cache->entry[set_of(token_hash)], *oldest = set;

	if (version != cache->version)
		return;
	session_cache_drop(cache, token_hash);
	for (size_t i = 1; i < SESSION_CACHE_WAYS; i++)
		if (oldest->token_hash[0] &&
		    (!set[i].token_hash[0] || set[i].found_ms < oldest->found_ms))
			oldest = &set[i];
	snprintf(oldest->token_hash, sizeof oldest->token_hash, "%s", token_hash);
	oldest->session = *session;
	oldest->found_ms = mono_ms;
}

void session_cache_drop(struct session_cache *cache, const char *token_hash)
{
	struct session_cache_entry *set = cache->entry[set_of(token_hash)];

	for (size_t i = 0; i < SESSION_CACHE_WAYS; i++)
		if (strcmp(set[i].token_hash, token_hash) == 0)
			memset(&set[i], 0, sizeof set[i]);
}

void session_cache_forget(struct session_cache *cache, int64_t user_id)
{
	struct session_cache_entry *entry = cache->entry[0];

	cache->version++;
	for (size_t i = 0; i < SESSION_CACHE_SETS * SESSION_CACHE_WAYS; i++)
		if (entry[i].token_hash[0] && (!user_id || entry[i].session.access.key_id ||
		                               entry[i].session.user.user_id == user_id))
			memset(&entry[i], 0, sizeof entry[i]);
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
