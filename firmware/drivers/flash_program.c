#include "firmware/drivers/flash_program.h"

#include "firmware/drivers/stm32f103.h"

#define WAIT_TURNS 10000000u /* some seconds: no operation takes that long */

static volatile uint16_t *cell(uint32_t offset)
{
	return (volatile uint16_t *)(FLASH_BASE + offset);
}

static void unlock(void)
{
	FLASH_KEYR = FLASH_KEY1;
	FLASH_KEYR = FLASH_KEY2;
	FLASH_SR = FLASH_SR_EOP | FLASH_SR_PGERR | FLASH_SR_WRPRTERR;
}

/* Locks again and forgets the mode. */
static enum err finish(void)
{
	uint32_t status;
	uint32_t turns = WAIT_TURNS;

	do {
		status = FLASH_SR;
	} while ((status & FLASH_SR_BSY) && --turns);
	FLASH_CR = FLASH_CR_LOCK;
	if (status & (FLASH_SR_BSY | FLASH_SR_PGERR | FLASH_SR_WRPRTERR))
		return ERR_IO;
	return ERR_NONE;
}

uint16_t flash_read16(uint32_t offset)
{
	return *cell(offset);
}

enum err flash_program16(uint32_t offset, uint16_t value)
{
	enum err err;

	unlock();
	FLASH_CR = FLASH_CR_PG;
	*cell(offset) = value;
	err = finish();
	return !err && *cell(offset) != value ? ERR_IO : err;
}

enum err flash_erase_page(uint32_t offset)
{
	unlock();
	FLASH_CR = FLASH_CR_PER;
	FLASH_AR = FLASH_BASE + offset;
	FLASH_CR = FLASH_CR_PER | FLASH_CR_STRT;
	return finish();
}
