#include "sim/emu/mcu_faults.h"

#include "sim/emu/core.h"
#include "sim/emu/mcu_bus.h"

enum {
	SCRATCH = MCU_RAM_BASE + MCU_RAM_BYTES - 16, /* behind everything that the firmware uses */
	NOWHERE = 0x60000000,
};

void mcu_crystal(struct mcu *m, bool good)
{
	bool stopped = rcc_crystal(&m->rcc, good);

	mcu_clocks_changed(m);
	/* Without the clock security system the core just stands still, until the watchdog's own
	 * oscillator ends it. */
	if (stopped && (m->power == MCU_RUNNING || m->power == MCU_SLEEPING))
		m->power = MCU_LOCKED_UP;
	m->chip.reschedule = true;
}

static void go_on_at(struct mcu *m, uint32_t address)
{
	core_set_register(m, UC_ARM_REG_PRIMASK, 0);
	core_set_register(m, UC_ARM_REG_PC, address | 1U);
	m->power = MCU_RUNNING;
}

/* Sleeps between interrupts, or a second of it would take a minute. */
static void hang(struct mcu *m)
{
	static const uint16_t loop[] = {0xBF30 /* wfi */, 0xE7FD /* b to it */};

	uc_mem_write(m->engine, SCRATCH, loop, sizeof loop);
	go_on_at(m, SCRATCH);
}

enum err mcu_break(struct mcu *m, enum mcu_break what, uint32_t assert_failed, uint32_t line)
{
	static const char file[] = "hung.c";

	if (m->chip.nvic.depth > 0 || (m->power != MCU_RUNNING && m->power != MCU_SLEEPING))
		return ERR_BUSY;
	switch (what) {
	case MCU_BREAK_HANG:
		hang(m);
		break;
	case MCU_BREAK_FAULT:
		go_on_at(m, NOWHERE);
		break;
	case MCU_BREAK_ASSERT:
		uc_mem_write(m->engine, SCRATCH, file, sizeof file);
		core_set_register(m, UC_ARM_REG_R0, SCRATCH);
		core_set_register(m, UC_ARM_REG_R1, line);
		go_on_at(m, assert_failed);
		break;
	}
	return ERR_NONE;
}
