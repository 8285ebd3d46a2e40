/* One STM32F103C8: the core (instructions by Unicorn, exceptions by us) and its peripherals on their
 * bus, behind their clock gates. Runs an unmodified image.
 *
 * Time is charged by instruction: one HCLK cycle each, counted per translated block from its bytes
 * (5 bytes are 2 instructions, the mean of Thumb-2 code). Good to some ten percent for code, exact
 * for everything that peripherals time. */
#ifndef SIM_EMU_MCU_H
#define SIM_EMU_MCU_H

#include "sim/emu/backup.h"
#include "sim/emu/bxcan.h"
#include "sim/emu/chip.h"
#include "sim/emu/flash.h"
#include "sim/emu/gpio.h"
#include "sim/emu/iwdg.h"
#include "sim/emu/rcc.h"
#include "sim/emu/systick.h"
#include "sim/emu/usart.h"

#include "libs/base/err.h"
#include "libs/base/macros.h"

enum {
	MCU_RAM_BASE = 0x20000000,
	MCU_RAM_BYTES = 20 * 1024,
	MCU_PORTS = 5,
	MCU_USARTS = 3,
	MCU_UID_BYTES = 12
};

enum mcu_power { MCU_OFF, MCU_RUNNING, MCU_SLEEPING, MCU_LOCKED_UP };

struct mcu_counters {
	uint64_t instructions, exceptions, wakeups, resets, faults, lockups, watchdog_resets;
	uint64_t unmodelled; /* accesses to peripherals that do not exist here */
	uint32_t unmodelled_at, fault_pc;
};

enum { MCU_STORES = 64 };

struct mcu_store { /* into the flash, by the block that runs */
	uint8_t *at;
	uint8_t kept[8];
	unsigned size;
};

struct mcu {
	struct chip chip;
	enum mcu_power power;
	void *engine; /* uc_engine */
	vtime slice_end;
	uint32_t cycle_ticks;
	bool stopped_by_us, exception_return;
	unsigned trap; /* exception number that the instruction asked for (SVC), or fault */
	uint32_t trap_cfsr;
	struct mcu_store store[MCU_STORES];
	unsigned stores;
	uint8_t ram[MCU_RAM_BYTES];
	uint8_t uid[MCU_UID_BYTES];
	struct systick systick;
	struct rcc rcc;
	struct flash flash;
	struct gpio port[MCU_PORTS];
	uint32_t afio_mapr;
	struct iwdg iwdg;
	struct backup backup;
	struct usart usart[MCU_USARTS];
	struct bxcan can;
	bool vbat; /* a battery keeps the backup domain while the power is off */
	struct mcu_counters counters;
	void (*pins_changed)(void *ctx, unsigned port);
	void *pins_ctx;
};

/* `flash` holds FLASH_BYTES and outlives the mcu; it is executed and programmed in place. */
MUST_USE enum err mcu_new(struct mcu **out, uint8_t *flash, const uint8_t uid[MCU_UID_BYTES],
                          struct can_segment *segment);
void mcu_free(struct mcu *m);

void mcu_power_on(struct mcu *m);
void mcu_power_off(struct mcu *m);

/* Executes until `until` of virtual time. */
void mcu_run(struct mcu *m, vtime until);

/* When it needs to run next: now while awake, VTIME_NEVER without power. */
vtime mcu_next(struct mcu *m);

/* Something outside changes a register at `at`: a sleeping core's clock is brought there first. */
void mcu_sync(struct mcu *m, vtime at);
#endif
