/* Puts the loadable parts of an ELF file (ARM, little endian) where a programmer would: by their
 * physical addresses, into a flash image. */
#ifndef SIM_EMU_ELF_IMAGE_H
#define SIM_EMU_ELF_IMAGE_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stdint.h>

/* Fails with ERR_RANGE when a part lies outside [first, end) of the image. */
MUST_USE enum err elf_image_load(const char *path, uint8_t *flash, uint32_t first, uint32_t end);
#endif
