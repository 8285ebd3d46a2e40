/* A file of fixed size in memory, written through by the kernel: what a killed emulator had changed
 * is on disk, as flash cells would be. */
#ifndef SIM_EMU_MAPPED_FILE_H
#define SIM_EMU_MAPPED_FILE_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stddef.h>

/* `path` NULL: memory only. A new file is filled with `fill`; *created tells. */
MUST_USE enum err mapped_file_open(void **out, const char *path, size_t size, int fill,
                                   int *created);
void mapped_file_close(void *memory, size_t size);
#endif
