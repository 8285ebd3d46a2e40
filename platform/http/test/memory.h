/* Memory for the bodies of one input of a fuzz target: all of it goes at once. */
#ifndef PLATFORM_HTTP_TEST_MEMORY_H
#define PLATFORM_HTTP_TEST_MEMORY_H

#include <stdlib.h>

struct memory_block {
	struct memory_block *next;
	max_align_t data[];
};

struct memory {
	struct memory_block *first;
};

static void *take(void *arg, size_t size)
{
	struct memory *memory = arg;
	struct memory_block *block = calloc(1, sizeof *block + size);

	if (!block)
		abort();
	block->next = memory->first;
	memory->first = block;
	return block->data;
}

static void release(struct memory *memory)
{
	while (memory->first) {
		struct memory_block *block = memory->first;

		memory->first = block->next;
		free(block);
	}
}

#endif
