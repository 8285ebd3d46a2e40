/* Programming and erasing the chip's own flash. The core stands still meanwhile: 53 us (70 at most) for
 * a half-word, 20..40 ms for a page. */
#ifndef FIRMWARE_DRIVERS_FLASH_PROGRAM_H
#define FIRMWARE_DRIVERS_FLASH_PROGRAM_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stdint.h>

/* `offset` from the start of the flash. ERR_IO: not erased, protected, or it reads differently. */
MUST_USE enum err flash_program16(uint32_t offset, uint16_t value);
MUST_USE enum err flash_erase_page(uint32_t offset);
uint16_t flash_read16(uint32_t offset);
#endif
