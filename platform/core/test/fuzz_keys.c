/* Any bytes as secret.key: refused with a line, or keys that wrap and open. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "platform/core/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t wrapped[4 + SECRET_OVERHEAD], back[4];
	struct keys *keys;
	unsigned line;

	if (keys_parse(&keys, (const char *)data, size, &line)) {
		assert(!keys && line >= 1);
		return 0;
	}
	assert(keys_count(keys) >= 1 && keys_count(keys) <= KEYS_MAX);
	assert(secret_wrap(keys, "fuzz", "1", "abcd", 4, wrapped) == ERR_NONE);
	assert(secret_unwrap(keys, "fuzz", "1", wrapped, sizeof wrapped, back) == ERR_NONE);
	assert(memcmp(back, "abcd", 4) == 0);
	keys_free(keys);
	return 0;
}
