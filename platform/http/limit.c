#include "platform/http/limit.h"

#include <string.h>

/* FNV-1a. A crafted collision costs its maker a wait, nobody else more than five minutes. */
static uint64_t hash_add(uint64_t hash, const char *text)
{
	do {
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	} while (*text++);
	return hash;
}

static uint64_t key_of(const char *address, const char *name)
{
	uint64_t key = hash_add(UINT64_C(0xcbf29ce484222325), address);

	if (name)
		key = hash_add(key, name);
	return key ? key : 1;
}

static int64_t wait_ms(const struct login_limit *limit, uint64_t key, unsigned allowed,
                       int64_t mono_ms)
{
	for (int i = 0; i < LIMIT_ENTRIES; i++) {
		int64_t left = limit->entry[i].since_ms + LIMIT_WINDOW_MS - mono_ms;

		if (limit->entry[i].key == key && limit->entry[i].failures >= allowed && left > 0)
			return left;
	}
	return 0;
}

int64_t login_limit_wait_s(const struct login_limit *limit, const char *address, const char *name,
                           int64_t mono_ms)
{
	int64_t by_name = wait_ms(limit, key_of(address, name), LIMIT_PER_NAME, mono_ms);
	int64_t by_address = wait_ms(limit, key_of(address, NULL), LIMIT_PER_ADDRESS, mono_ms);
	int64_t longest = by_name > by_address ? by_name : by_address;

	return (longest + 999) / 1000;
}

static void count_failure(struct login_limit *limit, uint64_t key, int64_t mono_ms)
{
	int place = 0;

	for (int i = 0; i < LIMIT_ENTRIES; i++) {
		if (limit->entry[i].key == key) {
			place = i;
			break;
		}
		if (limit->entry[i].since_ms < limit->entry[place].since_ms)
			place = i;
	}
	if (limit->entry[place].key != key ||
	    limit->entry[place].since_ms + LIMIT_WINDOW_MS <= mono_ms) {
		limit->entry[place].key = key;
		limit->entry[place].failures = 0;
		limit->entry[place].since_ms = mono_ms;
	}
	limit->entry[place].failures++;
}

void login_limit_failed(struct login_limit *limit, const char *address, const char *name,
                        int64_t mono_ms)
{
	count_failure(limit, key_of(address, name), mono_ms);
	count_failure(limit, key_of(address, NULL), mono_ms);
}

void login_limit_passed(struct login_limit *limit, const char *address, const char *name)
{
	uint64_t key = key_of(address, name);

	for (int i = 0; i < LIMIT_ENTRIES; i++)
		if (limit->entry[i].key == key)
			memset(&limit->entry[i], 0, sizeof limit->entry[i]);
}
