/* Any bytes as an ELF file: nothing outside its part of the flash changes. */
#include "sim/emu/elf_image.h"
#include "sim/emu/flash.h"
#include "sim/test/as_file.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FIRST = 6 * FLASH_PAGE_BYTES, END = 34 * FLASH_PAGE_BYTES };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t flash[FLASH_BYTES];
	const char *path = as_file(data, size);
	uint32_t address = 0;

	memset(flash, 0xA5, sizeof flash);
	(void)!elf_image_load(path, flash, FIRST, END);
	for (unsigned i = 0; i < FLASH_BYTES; i++)
		if ((i < FIRST || i >= END) && flash[i] != 0xA5)
			abort();
	if (elf_symbol_find(path, "diagnostics", &address) != ERR_NONE && address != 0)
		abort();
	return 0;
}
