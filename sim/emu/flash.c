#include "sim/emu/flash.h"

#include <string.h>

enum {
	ACR = 0x00,
	KEYR = 0x04,
	SR = 0x0C,
	CR = 0x10,
	AR = 0x14,
	OBR = 0x1C,
	WRPR = 0x20,
	KEYS_LOCKED = 0,
	KEYS_FIRST = 1,
	KEYS_OPEN = 2,
	KEYS_SPOILT = 3,
};

#define KEY1        UINT32_C(0x45670123)
#define KEY2        UINT32_C(0xCDEF89AB)
#define SR_BSY      UINT32_C(0x01)
#define SR_PGERR    UINT32_C(0x04)
#define SR_WRPRTERR UINT32_C(0x10)
#define SR_EOP      UINT32_C(0x20)
#define CR_PG       UINT32_C(0x001)
#define CR_PER      UINT32_C(0x002)
#define CR_MER      UINT32_C(0x004)
#define CR_STRT     UINT32_C(0x040)
#define CR_LOCK     UINT32_C(0x080)
#define CR_ERRIE    UINT32_C(0x400)
#define CR_EOPIE    UINT32_C(0x1000)
#define PROGRAM     (VTIME_PER_US * 105 / 2) /* 52.5 us typical (DS5319 table 30) */
#define ERASE       (VTIME_PER_MS * 40)      /* maximum of 20..40 ms: firmware must stand it */

void flash_reset(struct flash *f, struct chip *chip)
{
	f->chip = chip;
	f->acr = UINT32_C(0x30);
	f->sr = 0;
	f->cr = CR_LOCK;
	f->ar = 0;
	f->keys = KEYS_LOCKED;
	f->busy_until = 0;
	f->power_lost = false;
}

static bool busy(const struct flash *f)
{
	return f->chip->now < f->busy_until;
}

static void update_line(struct flash *f)
{
	bool end = (f->cr & CR_EOPIE) && (f->sr & SR_EOP);
	bool error = (f->cr & CR_ERRIE) && (f->sr & (SR_PGERR | SR_WRPRTERR));

	nvic_line(&f->chip->nvic, IRQ_FLASH, end || error);
}

uint32_t flash_read(struct flash *f, uint32_t offset)
{
	switch (offset) {
	case ACR:
		return f->acr;
	case SR:
		return f->sr | (busy(f) ? SR_BSY : 0);
	case CR:
		return f->cr;
	case AR:
		return f->ar;
	case OBR:
		return UINT32_C(0x03FFFFFC); /* option bytes as delivered */
	case WRPR:
		return f->wrpr;
	default:
		return 0;
	}
}

static bool protected_page(const struct flash *f, uint32_t page)
{
	return !(f->wrpr >> (page / 4) & 1U); /* one bit covers four pages */
}

/* xorshift32: the bits of a torn operation depend on the seed alone. */
static uint32_t random_bits(struct flash *f)
{
	f->cut_seed ^= f->cut_seed << 13;
	f->cut_seed ^= f->cut_seed >> 17;
	f->cut_seed ^= f->cut_seed << 5;
	return f->cut_seed;
}

/* Moves `n` bytes towards `wanted` as far as the cut let them. Bits only ever go one way in one
 * operation, so a mix of old and wanted bits is all that can be left. */
static void tear(struct flash *f, uint8_t *at, const uint8_t *wanted, uint32_t n)
{
	uint32_t kept = n == 2 ? 1 : random_bits(f) % n;

	for (uint32_t i = 0; i < n; i++) {
		uint8_t mask = 0;

		if (f->cut_mode == FLASH_CUT_ALL || (f->cut_mode == FLASH_CUT_PART && i < kept))
			mask = 0xFF;
		else if (f->cut_mode == FLASH_CUT_RANDOM)
			mask = (uint8_t)(random_bits(f) >> 8);
		at[i] = (uint8_t)((at[i] & ~mask) | (wanted[i] & mask));
	}
}

static void note_change(struct flash *f, uint32_t from, uint32_t n)
{
	bool none = f->changed_from == f->changed_to;

	if (none || from < f->changed_from)
		f->changed_from = from;
	if (none || from + n > f->changed_to)
		f->changed_to = from + n;
}

static void apply(struct flash *f, uint8_t *at, const uint8_t *wanted, uint32_t n, vtime duration)
{
	note_change(f, (uint32_t)(at - f->memory), n);
	f->chip->reschedule = true;
	if (f->operations++ == f->cut_at) {
		tear(f, at, wanted, n);
		f->power_lost = true;
		f->cut_at = UINT64_MAX;
		return;
	}
	memcpy(at, wanted, n);
	f->busy_until = f->chip->now + duration;
	f->chip->stall_until = f->busy_until;
}

static void erase_page(struct flash *f, uint32_t page)
{
	static uint8_t erased[FLASH_PAGE_BYTES];

	memset(erased, 0xFF, sizeof erased);
	if (protected_page(f, page)) {
		f->sr |= SR_WRPRTERR;
		return;
	}
	f->erases[page]++;
	apply(f, f->memory + page * FLASH_PAGE_BYTES, erased, sizeof erased, ERASE);
}

static void start_erase(struct flash *f)
{
	uint32_t page = (f->ar - FLASH_BASE) / FLASH_PAGE_BYTES;

	if (f->cr & CR_MER) {
		for (page = 0; page < FLASH_PAGES && !f->power_lost; page++)
			erase_page(f, page);
	} else if (page < FLASH_PAGES) {
		erase_page(f, page);
	}
}

static void key_write(struct flash *f, uint32_t value)
{
	if (f->keys == KEYS_LOCKED && value == KEY1) {
		f->keys = KEYS_FIRST;
	} else if (f->keys == KEYS_FIRST && value == KEY2) {
		f->keys = KEYS_OPEN;
		f->cr &= ~CR_LOCK;
	} else if (f->keys != KEYS_OPEN) {
		/* A wrong sequence locks the block until reset and is a bus error (PM0075 §2.3.1). */
		f->keys = KEYS_SPOILT;
		f->chip->bus_fault = true;
	}
}

static void cr_write(struct flash *f, uint32_t value)
{
	if (f->cr & CR_LOCK)
		return;
	f->cr = value & ~CR_STRT;
	if (value & CR_LOCK)
		f->keys = KEYS_LOCKED;
	else if ((value & CR_STRT) && (value & (CR_PER | CR_MER)) && !busy(f))
		start_erase(f);
}

void flash_write(struct flash *f, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case ACR:
		f->acr = (value & UINT32_C(0x1F)) | (value & UINT32_C(0x10)) << 1;
		break;
	case KEYR:
		key_write(f, value);
		break;
	case SR:
		f->sr &= ~(value & (SR_PGERR | SR_WRPRTERR | SR_EOP));
		break;
	case CR:
		cr_write(f, value);
		break;
	case AR:
		if (!busy(f))
			f->ar = value;
		break;
	default:
		return;
	}
	update_line(f);
	f->chip->reschedule = true;
}

static void program(struct flash *f, uint32_t at, uint16_t value)
{
	uint8_t *cell = f->memory + at;
	const uint8_t wanted[2] = {(uint8_t)value, (uint8_t)(value >> 8)};
	uint16_t old = (uint16_t)(cell[0] | cell[1] << 8);

	/* Only an erased half-word can be programmed; 0x0000 can go anywhere (PM0075 §2.3.3). */
	if (old != UINT16_C(0xFFFF) && value != 0)
		f->sr |= SR_PGERR;
	else if (protected_page(f, at / FLASH_PAGE_BYTES))
		f->sr |= SR_WRPRTERR;
	else
		apply(f, cell, wanted, sizeof wanted, PROGRAM);
	update_line(f);
}

void flash_store(struct flash *f, uint32_t address, unsigned size, uint32_t value)
{
	if (f->power_lost)
		return;
	if (!(f->cr & CR_PG) || (f->cr & CR_LOCK) || size != 2) {
		f->chip->bus_fault = true;
		f->chip->reschedule = true;
		return;
	}
	/* A store while the controller works waits on the bus until it is done. */
	if (busy(f))
		f->chip->now = f->busy_until;
	program(f, address - FLASH_BASE, (uint16_t)value);
}

vtime flash_next(const struct flash *f)
{
	return f->busy_until ? f->busy_until : VTIME_NEVER;
}

void flash_run(struct flash *f)
{
	if (f->busy_until == 0 || busy(f))
		return;
	f->busy_until = 0;
	f->sr |= SR_EOP;
	update_line(f);
}

bool flash_too_slow(const struct flash *f)
{
	uint32_t need = f->chip->clocks.hclk_hz > 48000000   ? 2
	                : f->chip->clocks.hclk_hz > 24000000 ? 1
	                                                     : 0;

	return (f->acr & 7U) < need;
}
