#include "platform/http/limit.h"

#include <arpa/inet.h>
#include <string.h>

#include "libs/base/macros.h"

/* FNV-1a. A crafted collision costs its maker a wait, nobody else more than five minutes. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* One network of IPv6 is one client: it has 2^64 addresses to take turns with. */
static uint64_t hash_address(uint64_t hash, const char *address)
{
	struct in6_addr v6;

	if (inet_pton(AF_INET6, address, &v6) == 1)
		return hash_bytes(hash, &v6, 8);
	return hash_bytes(hash, address, strlen(address) + 1);
}

/* Either may be NULL. */
static uint64_t key_of(const char *address, const char *name)
{
	uint64_t key = UINT64_C(0xcbf29ce484222325);

	key = hash_bytes(key, address ? "a" : "-", 1);
	if (address)
		key = hash_address(key, address);
	key = hash_bytes(key, name ? "n" : "-", 1);
	if (name)
		key = hash_bytes(key, name, strlen(name) + 1);
	return key ? key : 1;
}

static int64_t wait_ms(const struct limit_entry *entry, size_t count, uint64_t key,
                       int64_t window_ms, int64_t mono_ms)
{
	for (size_t i = 0; i < count; i++) {
		int64_t left = entry[i].since_ms + window_ms - mono_ms;

		if (entry[i].key == key && entry[i].failures >= entry[i].allowed && left > 0)
			return left;
	}
	return 0;
}

/* Free, over, or harmless ones first; then the oldest. */
static bool goes_before(const struct limit_entry *a, const struct limit_entry *b)
{
	bool stops_a = a->key && a->failures >= a->allowed;
	bool stops_b = b->key && b->failures >= b->allowed;

	return stops_a != stops_b ? stops_b : a->since_ms < b->since_ms;
}

static void count_failure(struct limit_entry *entry, size_t count, uint64_t key, unsigned allowed,
                          int64_t window_ms, int64_t mono_ms)
{
	size_t place = 0;

	for (size_t i = 0; i < count; i++) {
		if (entry[i].key == key) {
			place = i;
			break;
		}
		if (goes_before(&entry[i], &entry[place]))
			place = i;
	}
	if (entry[place].key != key || entry[place].since_ms + window_ms <= mono_ms)
		entry[place] =
		        (struct limit_entry){.key = key, .allowed = allowed, .since_ms = mono_ms};
	entry[place].failures++;
}

static void forgive(struct limit_entry *entry, size_t count, uint64_t key)
{
	for (size_t i = 0; i < count; i++)
		if (entry[i].key == key)
			memset(&entry[i], 0, sizeof entry[i]);
}

static int64_t seconds(int64_t ms)
{
	return (ms + 999) / 1000;
}

int64_t login_limit_wait_s(const struct login_limit *limit, const char *address, const char *name,
                           int64_t mono_ms)
{
	const uint64_t keys[] = {key_of(address, name), key_of(address, NULL), key_of(NULL, name)};
	int64_t longest = 0;

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		int64_t wait =
		        wait_ms(limit->entry, LIMIT_ENTRIES, keys[i], LIMIT_WINDOW_MS, mono_ms);

		if (wait > longest)
			longest = wait;
	}
	return seconds(longest);
}

void login_limit_failed(struct login_limit *limit, const char *address, const char *name,
                        int64_t mono_ms)
{
	const struct {
		uint64_t key;
		unsigned allowed;
	} counts[] = {
	        {key_of(address, name), LIMIT_PER_NAME    },
	        {key_of(address, NULL), LIMIT_PER_ADDRESS },
	        {key_of(NULL,    name), LIMIT_NAME_OVERALL},
	};

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
		count_failure(limit->entry, LIMIT_ENTRIES, counts[i].key, counts[i].allowed,
		              LIMIT_WINDOW_MS, mono_ms);
}

void login_limit_passed(struct login_limit *limit, const char *address, const char *name)
{
	forgive(limit->entry, LIMIT_ENTRIES, key_of(address, name));
}

int64_t code_limit_wait_s(const struct login_limit *limit, const char *name, int64_t mono_ms)
{
	return seconds(wait_ms(limit->code, LIMIT_CODE_ENTRIES, key_of(NULL, name),
	                       LIMIT_CODE_WINDOW_MS, mono_ms));
}

void code_limit_failed(struct login_limit *limit, const char *name, int64_t mono_ms)
{
	count_failure(limit->code, LIMIT_CODE_ENTRIES, key_of(NULL, name), LIMIT_CODES,
	              LIMIT_CODE_WINDOW_MS, mono_ms);
}

void code_limit_passed(struct login_limit *limit, const char *name)
{
	forgive(limit->code, LIMIT_CODE_ENTRIES, key_of(NULL, name));
}

int64_t number_limit_ask_s(struct login_limit *limit, const char *who, int64_t mono_ms)
{
	uint64_t key = key_of(NULL, who);
	int64_t wait =
	        wait_ms(limit->number, LIMIT_NUMBER_ENTRIES, key, LIMIT_NUMBER_WINDOW_MS, mono_ms);

	if (!wait)
		count_failure(limit->number, LIMIT_NUMBER_ENTRIES, key, LIMIT_NUMBERS,
		              LIMIT_NUMBER_WINDOW_MS, mono_ms);
	return seconds(wait);
}
