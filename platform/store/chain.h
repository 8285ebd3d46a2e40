/* How fields go into a hash that must never read the same for two different rows: numbers in eight
 * bytes, texts with their length before them. */
#ifndef PLATFORM_STORE_CHAIN_H
#define PLATFORM_STORE_CHAIN_H

#include <stddef.h>
#include <stdint.h>

#include "libs/base/sha256.h"

void chain_number(struct sha256 *hash, int64_t number);
/* One after the other. */
void chain_numbers(struct sha256 *hash, const int64_t *numbers, size_t count);
/* With its length, so that bytes cannot move from one field into the next. */
void chain_bytes(struct sha256 *hash, const void *data, size_t len);
void chain_text(struct sha256 *hash, const char *text);
/* No text (NULL) is told from empty text. */
void chain_optional(struct sha256 *hash, const char *text);

#endif
