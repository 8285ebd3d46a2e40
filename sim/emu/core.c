#include "sim/emu/core.h"

#include <string.h>

enum { FRAME_WORDS = 8, FRAME_BYTES = 4 * FRAME_WORDS };

#define XPSR_THUMB      UINT32_C(0x01000000)
#define XPSR_PADDED     UINT32_C(0x200)
#define CONTROL_PSP     UINT32_C(2)
#define EXC_RETURN_NEST UINT32_C(0xFFFFFFF1)
#define EXC_RETURN_MAIN UINT32_C(0xFFFFFFF9)
#define EXC_RETURN_PSP  UINT32_C(0xFFFFFFFD)
#define CFSR_STKERR     (UINT32_C(1) << 12)
#define CFSR_UNSTKERR   (UINT32_C(1) << 11)
#define CFSR_INVPC      (UINT32_C(1) << 18)

static int frame_registers[FRAME_WORDS] = {UC_ARM_REG_R0, UC_ARM_REG_R1,  UC_ARM_REG_R2,
                                           UC_ARM_REG_R3, UC_ARM_REG_R12, UC_ARM_REG_LR,
                                           UC_ARM_REG_PC, UC_ARM_REG_XPSR};

uint32_t core_register(struct mcu *m, int which)
{
	uint32_t value = 0;

	uc_reg_read(m->engine, which, &value);
	return value;
}

void core_set_register(struct mcu *m, int which, uint32_t value)
{
	uc_reg_write(m->engine, which, &value);
}

static uint32_t word(struct mcu *m, uint32_t address)
{
	uint32_t value = 0;

	uc_mem_read(m->engine, address, &value, sizeof value);
	return value;
}

void core_reset(struct mcu *m)
{
	core_set_register(m, UC_ARM_REG_PRIMASK, 0);
	core_set_register(m, UC_ARM_REG_FAULTMASK, 0);
	core_set_register(m, UC_ARM_REG_BASEPRI, 0);
	core_set_register(m, UC_ARM_REG_CONTROL, 0);
	core_set_register(m, UC_ARM_REG_XPSR, XPSR_THUMB);
	core_set_register(m, UC_ARM_REG_IPSR, 0);
	core_set_register(m, UC_ARM_REG_SP, word(m, FLASH_BASE));
	core_set_register(m, UC_ARM_REG_LR, UINT32_MAX);
	core_set_register(m, UC_ARM_REG_PC, word(m, FLASH_BASE + 4) | 1U);
}

int core_deliverable(struct mcu *m)
{
	if (m->chip.nvic.pending_count == 0)
		return -1;
	return nvic_deliverable(&m->chip.nvic, core_register(m, UC_ARM_REG_PRIMASK) & 1U,
	                        core_register(m, UC_ARM_REG_FAULTMASK) & 1U,
	                        core_register(m, UC_ARM_REG_BASEPRI));
}

int core_priority(struct mcu *m)
{
	int p = nvic_running_priority(&m->chip.nvic);

	if ((core_register(m, UC_ARM_REG_PRIMASK) & 1U) && p > 0)
		p = 0;
	if ((core_register(m, UC_ARM_REG_FAULTMASK) & 1U) && p > -1)
		p = -1;
	return p;
}

static void lock_up(struct mcu *m)
{
	m->power = MCU_LOCKED_UP;
	m->counters.lockups++;
}

static void read_frame(struct mcu *m, uint32_t frame[FRAME_WORDS])
{
	void *at[FRAME_WORDS];

	for (unsigned i = 0; i < FRAME_WORDS; i++) {
		frame[i] = 0;
		at[i] = &frame[i];
	}
	uc_reg_read_batch(m->engine, frame_registers, at, FRAME_WORDS);
	frame[6] &= ~1U;
}

bool core_enter(struct mcu *m, unsigned exception)
{
	struct nvic *nvic = &m->chip.nvic;
	uint32_t control = core_register(m, UC_ARM_REG_CONTROL);
	uint32_t sp = core_register(m, UC_ARM_REG_SP);
	uint32_t pad = sp & 4U;
	uint32_t frame[FRAME_WORDS];
	bool psp = control & CONTROL_PSP && nvic->depth == 0;

	read_frame(m, frame);
	frame[7] = (frame[7] & ~XPSR_PADDED) | XPSR_THUMB | (pad ? XPSR_PADDED : 0);
	sp -= FRAME_BYTES + pad;
	if (uc_mem_write(m->engine, sp, frame, sizeof frame) != UC_ERR_OK) {
		nvic->cfsr |= CFSR_STKERR;
		lock_up(m); /* a stack that cannot be written is lost for the fault handler, too */
		return false;
	}
	core_set_register(m, UC_ARM_REG_SP, sp);
	if (psp)
		core_set_register(m, UC_ARM_REG_CONTROL, control & ~CONTROL_PSP);
	core_set_register(m, UC_ARM_REG_LR,
	                  nvic->depth ? EXC_RETURN_NEST
	                  : psp       ? EXC_RETURN_PSP
	                              : EXC_RETURN_MAIN);
	nvic_enter(nvic, exception);
	m->counters.exceptions++;
	core_set_register(m, UC_ARM_REG_IPSR, exception);
	core_set_register(m, UC_ARM_REG_PC, word(m, nvic->vtor + 4 * exception) | 1U);
	return true;
}

static void restore_frame(struct mcu *m, uint32_t frame[FRAME_WORDS])
{
	void *at[FRAME_WORDS];
	uint32_t xpsr = (frame[7] & ~XPSR_PADDED) | XPSR_THUMB;

	frame[6] |= 1U;
	for (unsigned i = 0; i < FRAME_WORDS; i++)
		at[i] = &frame[i];
	frame[7] = xpsr;
	uc_reg_write_batch(m->engine, frame_registers, at, FRAME_WORDS - 1);
	core_set_register(m, UC_ARM_REG_XPSR, xpsr);
}

static bool return_is_valid(const struct nvic *n, uint32_t exc_return)
{
	if (n->depth == 0)
		return false;
	if (n->depth > 1)
		return exc_return == EXC_RETURN_NEST;
	return exc_return == EXC_RETURN_MAIN || exc_return == EXC_RETURN_PSP;
}

bool core_leave(struct mcu *m, uint32_t exc_return)
{
	struct nvic *nvic = &m->chip.nvic;
	uint32_t frame[FRAME_WORDS];
	uint32_t sp;

	if (!return_is_valid(nvic, exc_return)) {
		core_fault(m, EXC_USAGE_FAULT, CFSR_INVPC);
		return false;
	}
	nvic_leave(nvic);
	core_set_register(m, UC_ARM_REG_FAULTMASK, 0);
	/* IPSR first: the engine lets SPSEL change in thread mode only. */
	core_set_register(m, UC_ARM_REG_IPSR, nvic->depth ? nvic->stack[nvic->depth - 1] : 0);
	if (exc_return == EXC_RETURN_PSP)
		core_set_register(m, UC_ARM_REG_CONTROL,
		                  core_register(m, UC_ARM_REG_CONTROL) | CONTROL_PSP);
	sp = core_register(m, UC_ARM_REG_SP);
	if (uc_mem_read(m->engine, sp, frame, sizeof frame) != UC_ERR_OK) {
		core_fault(m, EXC_BUS_FAULT, CFSR_UNSTKERR);
		return false;
	}
	sp += FRAME_BYTES + (frame[7] & XPSR_PADDED ? 4U : 0);
	restore_frame(m, frame);
	core_set_register(m, UC_ARM_REG_SP, sp);
	core_set_register(m, UC_ARM_REG_IPSR, nvic->depth ? nvic->stack[nvic->depth - 1] : 0);
	return true;
}

void core_fault(struct mcu *m, unsigned exception, uint32_t cfsr_bits)
{
	unsigned taken = nvic_fault(&m->chip.nvic, exception, cfsr_bits, core_priority(m));

	m->counters.faults++;
	m->counters.fault_pc = core_register(m, UC_ARM_REG_PC);
	if (taken == 0)
		lock_up(m);
	else
		core_enter(m, taken);
}
