#include "sim/emu/elf_image.h"

#include "sim/emu/flash.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>

static enum err load_part(FILE *file, const Elf32_Phdr *part, uint8_t *flash, uint32_t first,
                          uint32_t end)
{
	uint32_t at = part->p_paddr - FLASH_BASE;

	if (part->p_type != PT_LOAD || part->p_filesz == 0)
		return ERR_NONE;
	if (part->p_paddr < FLASH_BASE || at < first || at > end || part->p_filesz > end - at)
		return ERR_RANGE;
	if (fseek(file, (long)part->p_offset, SEEK_SET) != 0 ||
	    fread(flash + at, 1, part->p_filesz, file) != part->p_filesz)
		return ERR_SHORT;
	return ERR_NONE;
}

static enum err load_parts(FILE *file, uint8_t *flash, uint32_t first, uint32_t end)
{
	Elf32_Ehdr head;
	Elf32_Phdr part;
	enum err err = ERR_NONE;

	if (fread(&head, sizeof head, 1, file) != 1 || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_machine != EM_ARM || head.e_phentsize < sizeof part)
		return ERR_BAD_INPUT;
	for (unsigned i = 0; i < head.e_phnum && err == ERR_NONE; i++) {
		if (fseek(file, (long)(head.e_phoff + i * head.e_phentsize), SEEK_SET) != 0 ||
		    fread(&part, sizeof part, 1, file) != 1)
			return ERR_SHORT;
		err = load_part(file, &part, flash, first, end);
	}
	return err;
}

enum err elf_image_load(const char *path, uint8_t *flash, uint32_t first, uint32_t end)
{
	FILE *file = fopen(path, "rb");
	enum err err;

	if (!file)
		return ERR_NOT_FOUND;
	err = load_parts(file, flash, first, end);
	fclose(file);
	return err;
}
