#include "platform/test/memory.h"

#include <malloc.h>
#include <stddef.h>

static _Thread_local int64_t fail_in;
static _Thread_local bool failed;

void memory_fail_nth(int64_t nth)
{
	fail_in = nth;
	failed = false;
}

bool memory_has_failed(void)
{
	return failed;
}

static bool refuses(void)
{
	if (!fail_in || --fail_in)
		return false;
	failed = true;
	return true;
}

/* The linker gives these names a meaning (--wrap). */
void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
char *__wrap_strdup(const char *text);

void *__wrap_malloc(size_t size)
{
	return refuses() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return refuses() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	bool grows = !old || malloc_usable_size(old) < size; /* to shrink needs nothing */

	return grows && refuses() ? NULL : __real_realloc(old, size);
}

char *__wrap_strdup(const char *text)
{
	return refuses() ? NULL : __real_strdup(text);
}
