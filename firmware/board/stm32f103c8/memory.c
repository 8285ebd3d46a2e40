/* The four memory functions that gcc calls by itself, byte by byte. The C library's are four times
 * as long; nothing here moves more than a few hundred bytes at a time. */
#include <stdint.h>
#include <string.h>

/* gcc knows these loops as what they are, and would call the function from inside itself. */
#define NO_CALL __attribute__((optimize("no-tree-loop-distribute-patterns")))

NO_CALL void *memcpy(void *restrict to, const void *restrict from, size_t len)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	while (len--)
		*t++ = *f++;
	return to;
}

NO_CALL void *memmove(void *to, const void *from, size_t len)
{
	uint8_t *t = to;
	const uint8_t *f = from;

	if ((uintptr_t)to <= (uintptr_t)from)
		return memcpy(to, from, len);
	while (len--)
		t[len] = f[len];
	return to;
}

NO_CALL void *memset(void *to, int value, size_t len)
{
	uint8_t *t = to;

	while (len--)
		*t++ = (uint8_t)value;
	return to;
}

NO_CALL int memcmp(const void *a, const void *b, size_t len)
{
	const uint8_t *x = a, *y = b;

	for (; len; len--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}
