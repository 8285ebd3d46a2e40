/* A disk that fails on order: an SQLite VFS over the real one that counts writes, syncs and opens, and
 * lets the n-th fail, once or from then on. Tests only. */
#ifndef PLATFORM_STORE_TEST_FAULT_VFS_H
#define PLATFORM_STORE_TEST_FAULT_VFS_H

#include <stdbool.h>
#include <stdint.h>

enum fault_kind { FAULT_FULL, FAULT_IO };

/* Make it the default of this process; before the first open. */
void fault_vfs_install(void);

/* The n-th call from now on fails; n = 0: none. Starts counting anew. */
void fault_vfs_set(int64_t n, enum fault_kind kind, bool for_ever);

/* Calls since then, and failures that were given. */
int64_t fault_vfs_calls(void);
int64_t fault_vfs_failures(void);
/* Written since then to the files with what a savepoint or statement would put back. */
int64_t fault_vfs_undo_bytes(void);

#endif
