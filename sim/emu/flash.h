/* The flash controller FPEC of a medium-density part (PM0075): unlock keys, half-word program,
 * page erase, its errors, its times, the core that stalls meanwhile, and power cuts inside an operation. */
#ifndef SIM_EMU_FLASH_H
#define SIM_EMU_FLASH_H

#include "sim/emu/chip.h"

enum {
	FLASH_BASE = 0x08000000,
	FLASH_BYTES = 64 * 1024,
	FLASH_PAGE_BYTES = 1024,
	FLASH_PAGES = FLASH_BYTES / FLASH_PAGE_BYTES,
};

/* What a power cut leaves of the operation that it hits. */
enum flash_cut {
	FLASH_CUT_NONE,   /* nothing happened yet */
	FLASH_CUT_ALL,    /* it was complete, only the software does not know */
	FLASH_CUT_RANDOM, /* each bit that should change did or did not */
	FLASH_CUT_PART, /* erase: the first part of the page is 1, the rest as before; program: one byte */
};

struct flash {
	struct chip *chip;
	uint8_t *memory; /* FLASH_BYTES, the caller's: mapped file or array */
	uint32_t acr, sr, cr, ar, wrpr;
	unsigned keys; /* of the unlock sequence seen so far; KEYS_SPOILT until reset */
	vtime busy_until;
	uint32_t changed_from, changed_to; /* bytes whose translated code may be old; equal: none */
	uint64_t operations;
	uint64_t cut_at; /* operation number that loses power; UINT64_MAX: none */
	enum flash_cut cut_mode;
	uint32_t cut_seed;
	bool power_lost;
	uint32_t erases[FLASH_PAGES];
};

void flash_reset(struct flash *f, struct chip *chip);
uint32_t flash_read(struct flash *f, uint32_t offset);
void flash_write(struct flash *f, uint32_t offset, uint32_t value);

/* A store by the core into the flash's address range. */
void flash_store(struct flash *f, uint32_t address, unsigned size, uint32_t value);
vtime flash_next(const struct flash *f);
void flash_run(struct flash *f);

/* Wait states too few for this HCLK (PM0075 §1.1): what is fetched then is not what is stored. */
bool flash_too_slow(const struct flash *f);
#endif
