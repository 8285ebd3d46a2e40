/* What VBAT keeps: backup registers (10 on a medium-density part), RTC, and the PWR bit that
 * guards them (RM0008 §5, §6, §18). */
#ifndef SIM_EMU_BACKUP_H
#define SIM_EMU_BACKUP_H

#include "sim/emu/chip.h"
#include "sim/emu/rcc.h"

enum { BACKUP_REGISTERS = 10 };

struct backup {
	struct chip *chip;
	const struct rcc *rcc;
	uint16_t data[BACKUP_REGISTERS];
	uint32_t pwr_cr;
	/* RTC */
	uint32_t prescaler, alarm, crh, crl;
	uint64_t ticks;    /* of the RTC clock, counted up to `counted_at` */
	uint32_t set_base; /* CNT at ticks = 0 */
	vtime counted_at;
};

/* A system reset: the domain itself keeps its content. */
void backup_reset(struct backup *b, struct chip *chip, const struct rcc *rcc);

/* Power without VBAT, or BDRST. */
void backup_clear(struct backup *b);

uint32_t backup_bkp_read(const struct backup *b, uint32_t offset);
void backup_bkp_write(struct backup *b, uint32_t offset, uint32_t value);
uint32_t backup_pwr_read(const struct backup *b, uint32_t offset);
void backup_pwr_write(struct backup *b, uint32_t offset, uint32_t value);
uint32_t backup_rtc_read(struct backup *b, uint32_t offset);
void backup_rtc_write(struct backup *b, uint32_t offset, uint32_t value);
bool backup_writable(const struct backup *b);
vtime backup_next(struct backup *b);
void backup_run(struct backup *b);
#endif
