/* Traps of Unicorn 2.0 that shape this file:
 * - uc_emu_stop() inside a memory-mapped access leaves the core in the middle of an instruction. A
 *   register access that wants to stop sets chip.reschedule; the hook at the next block stops.
 * - A stop that was not ours is WFI, or an error: `stopped_by_us` tells them apart.
 * - The exception state of QEMU's own core is bypassed; writing IPSR keeps its idea of handler mode
 *   right, without which EXC_RETURN would be a jump to nowhere.
 * - libunicorn exports thousands of plain names (cpu_reset, ...): this program is built with hidden
 *   visibility, so that none of ours can take the place of one of those. */
#include "sim/emu/mcu.h"

#include "sim/emu/core.h"
#include "sim/emu/mcu_bus.h"

#include <stdlib.h>
#include <string.h>

enum {
	SYSTEM_MEMORY = 0x1FFFF000,
	SYSTEM_MEMORY_BYTES = 0x1000,
	FLASH_SIZE_OFFSET = 0x7E0,
	UID_OFFSET = 0x7E8,
};

#define OPCODE_WFI 0xBF30

#define CFSR_IBUSERR    (UINT32_C(1) << 8)
#define CFSR_PRECISERR  (UINT32_C(1) << 9)
#define CFSR_BFARVALID  (UINT32_C(1) << 15)
#define CFSR_UNDEFINSTR (UINT32_C(1) << 16)
#define CFSR_INVSTATE   (UINT32_C(1) << 17)
#define CFSR_UNALIGNED  (UINT32_C(1) << 24)

enum engine_exception { /* QEMU's numbers, as UC_HOOK_INTR gives them */
	                ENGINE_UNDEFINED = 1,
	                ENGINE_SVC = 2,
	                ENGINE_PREFETCH_ABORT = 3,
	                ENGINE_DATA_ABORT = 4,
	                ENGINE_BKPT = 7,
	                ENGINE_EXCEPTION_EXIT = 8,
	                ENGINE_INVSTATE = 18,
	                ENGINE_UNALIGNED = 22,
};

/* ---- hooks ---------------------------------------------------------------------------------- */

static bool in_flash(uint64_t address)
{
	return address >= FLASH_BASE && address < (uint64_t)FLASH_BASE + FLASH_BYTES;
}

static bool must_stop(struct mcu *m, uint64_t address)
{
	return m->chip.now >= m->slice_end || m->chip.reschedule || m->chip.bus_fault ||
	       (m->chip.nvic.pending_count && core_deliverable(m) >= 0) ||
	       (m->chip.stall_until > m->chip.now && in_flash(address));
}

static void settle_stores(struct mcu *m)
{
	for (unsigned i = 0; i < m->stores; i++)
		memcpy(m->store[i].at, m->store[i].kept, m->store[i].size);
	m->stores = 0;
}

static void on_block(uc_engine *uc, uint64_t address, uint32_t size, void *ctx)
{
	struct mcu *m = ctx;
	uint32_t instructions = (size * 2 + 4) / 5;

	settle_stores(m);
	if (must_stop(m, address)) {
		m->stopped_by_us = true;
		uc_emu_stop(uc);
		return;
	}
	m->counters.instructions += instructions;
	m->chip.now += (vtime)instructions * m->cycle_ticks;
}

static void trap(struct mcu *m, unsigned exception, uint32_t cfsr_bits)
{
	m->trap = exception;
	m->trap_cfsr = cfsr_bits;
}

static void on_interrupt(uc_engine *uc, uint32_t number, void *ctx)
{
	struct mcu *m = ctx;

	switch ((enum engine_exception)number) {
	case ENGINE_EXCEPTION_EXIT:
		m->exception_return = true;
		break;
	case ENGINE_SVC:
		trap(m, EXC_SVC, 0);
		break;
	case ENGINE_BKPT: /* without a debugger: escalated to HardFault (ARMv7-M C1.4.2) */
		trap(m, EXC_HARD_FAULT, 0);
		break;
	case ENGINE_INVSTATE:
		trap(m, EXC_USAGE_FAULT, CFSR_INVSTATE);
		break;
	case ENGINE_UNALIGNED:
		trap(m, EXC_USAGE_FAULT, CFSR_UNALIGNED);
		break;
	case ENGINE_UNDEFINED:
		trap(m, EXC_USAGE_FAULT, CFSR_UNDEFINSTR);
		break;
	case ENGINE_PREFETCH_ABORT:
	case ENGINE_DATA_ABORT:
		trap(m, EXC_BUS_FAULT, CFSR_PRECISERR);
		break;
	}
	uc_emu_stop(uc);
}

/* After a hook that says "handled" the engine writes the raw value all the same. What the flash really
 * holds is put back at the next block; nobody has looked in between but the block itself. */
static bool on_flash_store(uc_engine *uc, uc_mem_type type, uint64_t address, int size,
                           int64_t value, void *ctx)
{
	struct mcu *m = ctx;
	struct mcu_store *s;

	(void)uc;
	(void)type;
	if (!in_flash(address) || m->stores == MCU_STORES ||
	    address + (uint64_t)size > (uint64_t)FLASH_BASE + FLASH_BYTES)
		return false;
	flash_store(&m->flash, (uint32_t)address, (unsigned)size, (uint32_t)value);
	s = &m->store[m->stores++];
	s->at = m->flash.memory + (address - FLASH_BASE);
	s->size = (unsigned)size;
	memcpy(s->kept, s->at, s->size);
	return true;
}

static bool on_unmapped(uc_engine *uc, uc_mem_type type, uint64_t address, int size, int64_t value,
                        void *ctx)
{
	struct mcu *m = ctx;

	(void)uc;
	(void)size;
	(void)value;
	m->chip.nvic.bfar = (uint32_t)address;
	m->trap_cfsr =
	        type == UC_MEM_FETCH_UNMAPPED ? CFSR_IBUSERR : CFSR_PRECISERR | CFSR_BFARVALID;
	return false;
}

/* ---- set-up --------------------------------------------------------------------------------- */

static bool add_hooks(struct mcu *m)
{
	uc_hook h;
	uc_engine *uc = m->engine;

	return uc_hook_add(uc, &h, UC_HOOK_BLOCK, (void *)on_block, m, 1, 0) == UC_ERR_OK &&
	       uc_hook_add(uc, &h, UC_HOOK_INTR, (void *)on_interrupt, m, 1, 0) == UC_ERR_OK &&
	       uc_hook_add(uc, &h, UC_HOOK_MEM_WRITE_PROT, (void *)on_flash_store, m, 1, 0) ==
	               UC_ERR_OK &&
	       uc_hook_add(uc, &h, UC_HOOK_MEM_UNMAPPED, (void *)on_unmapped, m, 1, 0) == UC_ERR_OK;
}

static bool map_memory(struct mcu *m)
{
	uint8_t system_memory[SYSTEM_MEMORY_BYTES];
	uc_engine *uc = m->engine;

	memset(system_memory, 0xFF, sizeof system_memory);
	system_memory[FLASH_SIZE_OFFSET] = FLASH_BYTES / 1024;
	system_memory[FLASH_SIZE_OFFSET + 1] = 0;
	memcpy(system_memory + UID_OFFSET, m->uid, MCU_UID_BYTES);
	return uc_mem_map_ptr(uc, FLASH_BASE, FLASH_BYTES, UC_PROT_READ | UC_PROT_EXEC,
	                      m->flash.memory) == UC_ERR_OK &&
	       uc_mem_map_ptr(uc, MCU_RAM_BASE, MCU_RAM_BYTES, UC_PROT_ALL, m->ram) == UC_ERR_OK &&
	       uc_mem_map(uc, SYSTEM_MEMORY, SYSTEM_MEMORY_BYTES, UC_PROT_READ) == UC_ERR_OK &&
	       uc_mem_write(uc, SYSTEM_MEMORY, system_memory, sizeof system_memory) == UC_ERR_OK &&
	       mcu_bus_map(m);
}

static bool open_engine(struct mcu *m)
{
	uc_engine *uc;

	if (uc_open(UC_ARCH_ARM, UC_MODE_THUMB | UC_MODE_MCLASS, &uc) != UC_ERR_OK)
		return false;
	m->engine = uc;
	return uc_ctl_set_cpu_model(uc, UC_CPU_ARM_CORTEX_M3) == UC_ERR_OK && map_memory(m) &&
	       add_hooks(m);
}

static void port_changed(void *ctx, unsigned port)
{
	struct mcu *m = ctx;

	mcu_wiring_changed(m);
	if (m->pins_changed)
		m->pins_changed(m->pins_ctx, port);
}

enum err mcu_new(struct mcu **out, uint8_t *flash, const uint8_t uid[MCU_UID_BYTES],
                 struct can_segment *segment)
{
	struct mcu *m = calloc(1, sizeof *m);

	if (!m)
		return ERR_NOMEM;
	m->flash.memory = flash;
	m->flash.wrpr = UINT32_MAX;
	m->flash.cut_at = UINT64_MAX;
	m->power = MCU_OFF;
	memcpy(m->uid, uid, MCU_UID_BYTES);
	nvic_reset(&m->chip.nvic);
	for (unsigned i = 0; i < MCU_PORTS; i++)
		m->port[i] = (struct gpio){
		        .port = i, .chip = &m->chip, .changed = port_changed, .changed_ctx = m};
	bxcan_init(&m->can, &m->chip, segment);
	if (!open_engine(m)) {
		mcu_free(m);
		return ERR_NOMEM;
	}
	*out = m;
	return ERR_NONE;
}

void mcu_free(struct mcu *m)
{
	if (m->engine)
		uc_close(m->engine);
	free(m);
}

/* ---- reset and power ------------------------------------------------------------------------ */

static void system_reset(struct mcu *m, uint32_t cause)
{
	nvic_reset(&m->chip.nvic);
	m->chip.bus_fault = m->chip.reschedule = false;
	m->trap = 0;
	rcc_reset(&m->rcc, &m->chip, cause);
	systick_reset(&m->systick, &m->chip);
	flash_reset(&m->flash, &m->chip);
	iwdg_reset(&m->iwdg, &m->chip);
	backup_reset(&m->backup, &m->chip, &m->rcc);
	m->afio_mapr = 0;
	for (unsigned i = 0; i < MCU_PORTS; i++)
		gpio_reset(&m->port[i], &m->chip);
	for (unsigned i = 0; i < MCU_USARTS; i++)
		usart_reset(&m->usart[i], &m->chip, i);
	bxcan_reset(&m->can);
	mcu_clocks_changed(m);
	core_reset(m);
	m->power = MCU_RUNNING;
	m->counters.resets++;
}

void mcu_power_on(struct mcu *m)
{
	if (m->power != MCU_OFF)
		return;
	memset(m->ram, 0xA5, sizeof m->ram); /* RAM starts with anything */
	m->chip.stall_until = 0;
	if (!m->vbat) {
		m->rcc.bdcr = 0;
		m->rcc.csr = 0;
		backup_reset(&m->backup, &m->chip, &m->rcc);
		backup_clear(&m->backup);
	}
	m->flash.changed_from = 0;
	m->flash.changed_to = FLASH_BYTES;
	system_reset(m, RCC_CAUSE_POWER | RCC_CAUSE_PIN);
}

void mcu_power_off(struct mcu *m)
{
	if (m->power == MCU_OFF)
		return;
	bxcan_reset(&m->can);
	for (unsigned i = 0; i < MCU_PORTS; i++)
		gpio_reset(&m->port[i], &m->chip); /* coils and LED lose their drive */
	m->flash.power_lost = false;
	m->power = MCU_OFF;
}

/* ---- the run loop --------------------------------------------------------------------------- */

static vtime next_event(struct mcu *m)
{
	vtime t = vtime_min(m->systick.zero_at, m->iwdg.bites_at);

	t = vtime_min(t, vtime_min(flash_next(&m->flash), backup_next(&m->backup)));
	for (unsigned i = 0; i < MCU_USARTS; i++)
		t = vtime_min(t, usart_next(&m->usart[i]));
	return vtime_min(t, bxcan_next(&m->can));
}

static bool stalled(struct mcu *m)
{
	return m->chip.stall_until > m->chip.now && in_flash(core_register(m, UC_ARM_REG_PC));
}

vtime mcu_next(struct mcu *m)
{
	if (m->power == MCU_OFF)
		return VTIME_NEVER;
	if (m->power == MCU_RUNNING)
		return m->chip.stall_until > m->chip.now
		               ? vtime_min(m->chip.stall_until, next_event(m))
		               : m->chip.now;
	return m->chip.nvic.pending_count && m->power == MCU_SLEEPING &&
	                       nvic_best(&m->chip.nvic, nvic_running_priority(&m->chip.nvic)) >= 0
	               ? m->chip.now
	               : next_event(m);
}

void mcu_sync(struct mcu *m, vtime at)
{
	if (m->chip.now < at && m->power != MCU_RUNNING)
		m->chip.now = at;
}

static void run_peripherals(struct mcu *m)
{
	systick_run(&m->systick);
	flash_run(&m->flash);
	backup_run(&m->backup);
	for (unsigned i = 0; i < MCU_USARTS; i++)
		usart_run(&m->usart[i]);
	bxcan_run(&m->can);
	if (m->rcc.css_failed && !m->chip.nvic.active[EXC_NMI])
		nvic_pend(&m->chip.nvic, EXC_NMI);
}

/* Resets and power cuts that the last block or event brought. */
static void take_resets(struct mcu *m)
{
	if (m->flash.power_lost) {
		mcu_power_off(m);
	} else if (iwdg_run(&m->iwdg)) {
		m->counters.watchdog_resets++;
		system_reset(m, RCC_CAUSE_IWDG | RCC_CAUSE_PIN);
	} else if (m->chip.nvic.reset_asked) {
		system_reset(m, RCC_CAUSE_SOFTWARE | RCC_CAUSE_PIN);
	}
}

/* The wake-up condition ignores PRIMASK (ARMv7-M B1.5.19): `cpsid i; wfi; cpsie i` loses nothing. */
static void take_exceptions(struct mcu *m)
{
	int exception;

	if (m->chip.bus_fault) {
		m->chip.bus_fault = false;
		core_fault(m, EXC_BUS_FAULT, UINT32_C(1) << 10); /* IMPRECISERR */
		return;
	}
	if (m->chip.nvic.pending_count == 0)
		return;
	if (m->power == MCU_SLEEPING &&
	    nvic_best(&m->chip.nvic, nvic_running_priority(&m->chip.nvic)) >= 0) {
		m->power = MCU_RUNNING;
		m->counters.wakeups++;
	}
	exception = core_deliverable(m);
	if (exception >= 0 && m->power == MCU_RUNNING)
		core_enter(m, (unsigned)exception);
}

static void take_trap(struct mcu *m)
{
	unsigned exception = m->trap;

	m->trap = 0;
	if (exception != EXC_SVC)
		core_fault(m, exception, m->trap_cfsr);
	else if (nvic_running_priority(&m->chip.nvic) <= m->chip.nvic.priority[EXC_SVC] ||
	         (core_register(m, UC_ARM_REG_PRIMASK) & 1U))
		core_fault(m, EXC_HARD_FAULT, 0); /* SVC that cannot be taken escalates */
	else
		core_enter(m, EXC_SVC);
}

/* WFI or WFE stop the engine by themselves; PC is behind them. */
static void take_sleep(struct mcu *m, uint32_t pc)
{
	uint16_t opcode = 0;

	uc_mem_read(m->engine, pc - 2, &opcode, sizeof opcode);
	if (opcode == OPCODE_WFI &&
	    nvic_best(&m->chip.nvic, nvic_running_priority(&m->chip.nvic)) < 0)
		m->power = MCU_SLEEPING;
}

static void engine_error(struct mcu *m, uc_err error, uint32_t pc)
{
	uint32_t bits = m->trap_cfsr;

	m->trap_cfsr = 0;
	if (error == UC_ERR_INSN_INVALID)
		core_fault(m, EXC_USAGE_FAULT, CFSR_UNDEFINSTR);
	else if (error == UC_ERR_FETCH_UNMAPPED || error == UC_ERR_FETCH_PROT)
		core_fault(m, EXC_BUS_FAULT, CFSR_IBUSERR);
	else
		core_fault(m, EXC_BUS_FAULT, bits ? bits : CFSR_PRECISERR);
	(void)pc;
}

static void execute(struct mcu *m)
{
	uint32_t pc = core_register(m, UC_ARM_REG_PC);
	uc_err error;

	m->stopped_by_us = m->exception_return = false;
	m->chip.reschedule = false;
	error = uc_emu_start(m->engine, pc | 1U, UINT32_C(0xFFFFFFFE), 0, 0);
	pc = core_register(m, UC_ARM_REG_PC);
	settle_stores(m);
	if (m->exception_return || (error == UC_ERR_FETCH_UNMAPPED && pc >= UINT32_C(0xFFFFFFF0)))
		(void)core_leave(m, pc | 1U); /* false: a fault is under way */
	else if (error != UC_ERR_OK)
		engine_error(m, error, pc);
	else if (m->trap)
		take_trap(m);
	else if (!m->stopped_by_us)
		take_sleep(m, pc);
}

/* No more than what changed: the firmware writes its data pages dozens of times in a command, and to
 * translate all of it again each time takes real milliseconds. */
static void refresh_code(struct mcu *m)
{
	struct flash *f = &m->flash;

	if (f->changed_from == f->changed_to)
		return;
	uc_ctl_remove_cache(m->engine, (uint64_t)FLASH_BASE + f->changed_from,
	                    (uint64_t)FLASH_BASE + f->changed_to);
	f->changed_from = f->changed_to = 0;
}

static void advance(struct mcu *m, vtime to)
{
	if (m->chip.now < to)
		m->chip.now = to;
}

void mcu_run(struct mcu *m, vtime until)
{
	while (m->chip.now < until && m->power != MCU_OFF) {
		run_peripherals(m);
		take_resets(m);
		if (m->power == MCU_OFF)
			return;
		m->slice_end = vtime_min(next_event(m), until);
		if (m->power == MCU_RUNNING && stalled(m)) {
			advance(m, vtime_min(m->slice_end, m->chip.stall_until));
			continue;
		}
		if (m->power != MCU_LOCKED_UP)
			take_exceptions(m);
		if (m->power == MCU_RUNNING && flash_too_slow(&m->flash))
			m->power = MCU_LOCKED_UP;
		if (m->power != MCU_RUNNING) {
			advance(m, m->slice_end);
			continue;
		}
		refresh_code(m);
		execute(m);
	}
}
