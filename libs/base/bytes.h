/* Integers to and from bytes, one byte at a time (no alignment, no byte order of the host), bit
 * fields of a 64-bit word, hexadecimal text. */
#ifndef LIBS_BASE_BYTES_H
#define LIBS_BASE_BYTES_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint16_t get_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get_le32(const uint8_t *p)
{
	return (uint32_t)get_le16(p) | (uint32_t)get_le16(p + 2) << 16;
}

static inline uint64_t get_le64(const uint8_t *p)
{
	return (uint64_t)get_le32(p) | (uint64_t)get_le32(p + 4) << 32;
}

static inline void put_le16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void put_le32(uint8_t *p, uint32_t v)
{
	put_le16(p, (uint16_t)v);
	put_le16(p + 2, (uint16_t)(v >> 16));
}

static inline void put_le64(uint8_t *p, uint64_t v)
{
	put_le32(p, (uint32_t)v);
	put_le32(p + 4, (uint32_t)(v >> 32));
}

static inline uint16_t get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)get_be16(p) << 16 | get_be16(p + 2);
}

static inline uint64_t get_be64(const uint8_t *p)
{
	return (uint64_t)get_be32(p) << 32 | get_be32(p + 4);
}

static inline void put_be16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put_be32(uint8_t *p, uint32_t v)
{
	put_be16(p, (uint16_t)(v >> 16));
	put_be16(p + 2, (uint16_t)v);
}

static inline void put_be64(uint8_t *p, uint64_t v)
{
	put_be32(p, (uint32_t)(v >> 32));
	put_be32(p + 4, (uint32_t)v);
}

/* `width` bits (1..63) of `word` from bit `start` up. */
static inline uint64_t bits_get(uint64_t word, unsigned start, unsigned width)
{
	return word >> start & ((UINT64_C(1) << width) - 1);
}

/* The same as a two's complement number. */
static inline int64_t bits_get_signed(uint64_t word, unsigned start, unsigned width)
{
	uint64_t sign = UINT64_C(1) << (width - 1);

	return (int64_t)((bits_get(word, start, width) ^ sign) - sign);
}

/* ORs the low `width` bits of `value` in; the place must be 0. */
static inline void bits_put(uint64_t *word, unsigned start, unsigned width, uint64_t value)
{
	*word |= (value & ((UINT64_C(1) << width) - 1)) << start;
}

/* Lower case, with a final 0: `text` holds 2 * len + 1 characters. */
void hex_encode(const uint8_t *bytes, size_t len, char *text);

/* Exactly `len` bytes of either case, no blanks. ERR_BAD_INPUT otherwise. */
MUST_USE enum err hex_decode(const char *text, uint8_t *bytes, size_t len);

/* Any even number of digits up to `size` bytes; blanks between bytes are skipped.
 * ERR_BAD_INPUT: another character or an odd digit; ERR_TOO_LONG: more than `size` bytes. */
MUST_USE enum err hex_decode_any(const char *text, uint8_t *bytes, size_t size, size_t *len);

/* Compares in a time that does not depend on where the bytes differ: for MACs. */
MUST_USE bool bytes_equal_secret(const uint8_t *a, const uint8_t *b, size_t len);
#endif
