/* Two functions of libunicorn, replaced for speed.
 *
 * Unicorn 2.0.1 takes the slow path of self-modifying code at every store to RAM: it collects locks
 * of pages in a tree that it allocates and frees each time, a third of all time with a hundred
 * terminals. An engine is used by one thread only, so there is nothing to lock; what the locks
 * guard (translated code is dropped when its page is written) still happens.
 *
 * The library calls these through its symbol table, so ours are found first. With a libunicorn that
 * names or hides them otherwise this file has no effect but the loss of that third. */
#include <stddef.h>
#include <stdint.h>

#define EXPORTED __attribute__((visibility("default")))

void *page_collection_lock_arm(void *uc, uint64_t start, uint64_t end);
void page_collection_unlock_arm(void *set);

EXPORTED void *page_collection_lock_arm(void *uc, uint64_t start, uint64_t end)
{
	(void)uc;
	(void)start;
	(void)end;
	return NULL;
}

EXPORTED void page_collection_unlock_arm(void *set)
{
	(void)set;
}
