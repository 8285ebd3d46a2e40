#include "libs/base/number.h"

/* Digits up to the end of the text. Reads on after an overflow, so that "99999999999999999999x" is
 * no number rather than out of range. */
static enum err parse_digits(const char *text, uint64_t *value)
{
	uint64_t v = 0;
	bool overflow = false;

	if (!*text)
		return ERR_BAD_INPUT;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return ERR_BAD_INPUT;
		overflow = overflow || __builtin_mul_overflow(v, (uint64_t)10, &v) ||
		           __builtin_add_overflow(v, (uint64_t)(*text - '0'), &v);
	}
	*value = v;
	return overflow ? ERR_RANGE : ERR_NONE;
}

enum err u64_parse(const char *text, uint64_t least, uint64_t most, uint64_t *value)
{
	uint64_t v;
	enum err err = parse_digits(text, &v);

	if (err)
		return err;
	if (v < least || v > most)
		return ERR_RANGE;
	*value = v;
	return ERR_NONE;
}

enum err i64_parse(const char *text, int64_t least, int64_t most, int64_t *value)
{
	bool negative = *text == '-';
	uint64_t magnitude, limit = (uint64_t)INT64_MAX + negative;
	enum err err = parse_digits(text + negative, &magnitude);
	int64_t v;

	if (err)
		return err;
	if (magnitude > limit)
		return ERR_RANGE;
	/* 0 - 2^63 in unsigned arithmetic is the smallest number. */
	v = (int64_t)(negative ? 0 - magnitude : magnitude);
	if (v < least || v > most)
		return ERR_RANGE;
	*value = v;
	return ERR_NONE;
}
