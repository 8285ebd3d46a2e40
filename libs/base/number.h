/* Checked integers: arithmetic that says when it leaves its range, and numbers from text. */
#ifndef LIBS_BASE_NUMBER_H
#define LIBS_BASE_NUMBER_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stdbool.h>
#include <stdint.h>

/* False on overflow; then the result is not to be used. */
MUST_USE static inline bool i64_add(int64_t a, int64_t b, int64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

MUST_USE static inline bool i64_sub(int64_t a, int64_t b, int64_t *difference)
{
	return !__builtin_sub_overflow(a, b, difference);
}

MUST_USE static inline bool i64_mul(int64_t a, int64_t b, int64_t *product)
{
	return !__builtin_mul_overflow(a, b, product);
}

MUST_USE static inline bool u64_add(uint64_t a, uint64_t b, uint64_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

MUST_USE static inline bool u32_add(uint32_t a, uint32_t b, uint32_t *sum)
{
	return !__builtin_add_overflow(a, b, sum);
}

/* a x part / whole, rounded towards 0, for 0 <= part <= whole < 2^31: no step leaves 64 bits. */
static inline int64_t i64_share(int64_t a, int64_t part, int64_t whole)
{
	return a / whole * part + a % whole * part / whole;
}

/* a / b rounded to the nearest, halves away from zero; b > 0. */
static inline int64_t i64_div_round(int64_t a, int64_t b)
{
	int64_t rest = a % b;

	if (rest >= b - rest)
		return a / b + 1;
	if (-rest >= b + rest)
		return a / b - 1;
	return a / b;
}

/* Is `later` at or after `earlier` on a clock of 32 bits that wraps (milliseconds since boot)?
 * True for distances below 2^31 ms, about 24 days. */
static inline bool ms_reached(uint32_t now_ms, uint32_t due_ms)
{
	return (int32_t)(now_ms - due_ms) >= 0;
}

/* The whole text must be a decimal number within the limits: no blanks, no plus sign, no
 * rest. ERR_BAD_INPUT when it is no number, ERR_RANGE when outside. */
MUST_USE enum err i64_parse(const char *text, int64_t least, int64_t most, int64_t *value);
MUST_USE enum err u64_parse(const char *text, uint64_t least, uint64_t most, uint64_t *value);
#endif
