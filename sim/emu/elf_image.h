/* What the emulator takes from an ELF file (ARM, little endian): the loadable parts, put where a
 * programmer would put them, by their physical addresses; and where a symbol stands. */
#ifndef SIM_EMU_ELF_IMAGE_H
#define SIM_EMU_ELF_IMAGE_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stdint.h>

/* Fails with ERR_RANGE when a part lies outside [first, end) of the image. */
MUST_USE enum err elf_image_load(const char *path, uint8_t *flash, uint32_t first, uint32_t end);

/* ERR_NOT_FOUND: no such file, or no such symbol in it. */
MUST_USE enum err elf_symbol_find(const char *path, const char *name, uint32_t *address);
#endif
