#include "sim/emu/elf_image.h"

#include "sim/emu/flash.h"

#include <elf.h>
#include <stdbool.h>
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

static bool read_at(FILE *file, uint64_t offset, void *to, size_t size)
{
	return fseek(file, (long)offset, SEEK_SET) == 0 && fread(to, size, 1, file) == 1;
}

static bool name_is(FILE *file, const Elf32_Shdr *names, uint32_t at, const char *name)
{
	char text[64] = "";
	size_t size = strlen(name) + 1;

	return size <= sizeof text && at < names->sh_size && size <= names->sh_size - at &&
	       read_at(file, (uint64_t)names->sh_offset + at, text, size) &&
	       memcmp(text, name, size) == 0;
}

static enum err find_in_table(FILE *file, const Elf32_Shdr *table, const Elf32_Shdr *names,
                              const char *name, uint32_t *address)
{
	Elf32_Sym symbol;

	for (uint32_t at = 0; at + sizeof symbol <= table->sh_size; at += sizeof symbol) {
		if (!read_at(file, (uint64_t)table->sh_offset + at, &symbol, sizeof symbol))
			return ERR_SHORT;
		if (!name_is(file, names, symbol.st_name, name))
			continue;
		*address = symbol.st_value;
		return ERR_NONE;
	}
	return ERR_NOT_FOUND;
}

static enum err find_symbol(FILE *file, const char *name, uint32_t *address)
{
	Elf32_Ehdr head;
	Elf32_Shdr table, names;

	if (!read_at(file, 0, &head, sizeof head) || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
	    head.e_machine != EM_ARM || head.e_shentsize < sizeof table)
		return ERR_BAD_INPUT;
	for (unsigned i = 0; i < head.e_shnum; i++) {
		if (!read_at(file, head.e_shoff + (uint64_t)i * head.e_shentsize, &table,
		             sizeof table))
			return ERR_SHORT;
		if (table.sh_type != SHT_SYMTAB)
			continue;
		if (!read_at(file, head.e_shoff + (uint64_t)table.sh_link * head.e_shentsize,
		             &names, sizeof names))
			return ERR_SHORT;
		return find_in_table(file, &table, &names, name, address);
	}
	return ERR_NOT_FOUND;
}

enum err elf_symbol_find(const char *path, const char *name, uint32_t *address)
{
	FILE *file = fopen(path, "rb");
	enum err err;

	if (!file)
		return ERR_NOT_FOUND;
	err = find_symbol(file, name, address);
	fclose(file);
	return err;
}
