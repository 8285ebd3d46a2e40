#include "platform/store/chain.h"

#include <string.h>

#include "libs/base/bytes.h"

void chain_number(struct sha256 *hash, int64_t number)
{
	uint8_t bytes[8];

	put_be64(bytes, (uint64_t)number);
	sha256_update(hash, bytes, sizeof bytes);
}

void chain_numbers(struct sha256 *hash, const int64_t *numbers, size_t count)
{
	uint8_t bytes[8 * 8];

	for (size_t n; count; count -= n, numbers += n) {
		n = count < 8 ? count : 8;
		for (size_t i = 0; i < n; i++)
			put_be64(bytes + 8 * i, (uint64_t)numbers[i]);
		sha256_update(hash, bytes, 8 * n);
	}
}

void chain_bytes(struct sha256 *hash, const void *data, size_t len)
{
	chain_number(hash, (int64_t)len);
	sha256_update(hash, data, len);
}

void chain_text(struct sha256 *hash, const char *text)
{
	chain_bytes(hash, text, strlen(text));
}

void chain_optional(struct sha256 *hash, const char *text)
{
	if (text)
		chain_text(hash, text);
	else
		chain_number(hash, -1);
}
