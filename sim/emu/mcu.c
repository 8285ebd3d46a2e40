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

#include <stdlib.h>
#include <string.h>

enum {
	PERIPHERALS = 0x40000000,
	PERIPHERALS_BYTES = 0x30000,
	SYSTEM_MEMORY = 0x1FFFF000,
	SYSTEM_MEMORY_BYTES = 0x1000,
	FLASH_SIZE_OFFSET = 0x7E0,
	UID_OFFSET = 0x7E8,
	CAN_REMAP_SHIFT = 13,
	AFIO_EVCR = 0x00,
	AFIO_MAPR = 0x04,
};

#define CORE_SPACE       UINT32_C(0xE0000000)
#define CORE_SPACE_BYTES UINT32_C(0x100000)
#define SCS_OFFSET       UINT32_C(0xE000)
#define DWT_CYCCNT       UINT32_C(0x1004)
#define DBGMCU_IDCODE    UINT32_C(0x42000)
#define IDCODE           UINT32_C(0x20036410) /* medium density, revision Y */
#define OPCODE_WFI       0xBF30
#define OPCODE_WFE       0xBF20
#define SCR_SLEEPONEXIT  UINT32_C(2)

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

/* ---- the bus: which peripheral, is its clock on ---------------------------------------------- */

enum unit {
	UNIT_NONE,
	UNIT_RTC,
	UNIT_IWDG,
	UNIT_USART1,
	UNIT_USART2,
	UNIT_USART3,
	UNIT_CAN,
	UNIT_BKP,
	UNIT_PWR,
	UNIT_AFIO,
	UNIT_GPIO,
	UNIT_RCC,
	UNIT_FLASH,
};

struct mapping {
	uint32_t base;
	enum unit unit;
	enum rcc_bus bus;
	int gate; /* bit of the enable register, -1: always on */
	unsigned index;
};

static const struct mapping map[] = {
        {UINT32_C(0x40002800), UNIT_RTC,    RCC_APB1, 27, 0}, /* its bus interface is that of BKP */
        {UINT32_C(0x40003000), UNIT_IWDG,   RCC_APB1, -1, 0},
        {UINT32_C(0x40004400), UNIT_USART2, RCC_APB1, 17, 1},
        {UINT32_C(0x40004800), UNIT_USART3, RCC_APB1, 18, 2},
        {UINT32_C(0x40006400), UNIT_CAN,    RCC_APB1, 25, 0},
        {UINT32_C(0x40006C00), UNIT_BKP,    RCC_APB1, 27, 0},
        {UINT32_C(0x40007000), UNIT_PWR,    RCC_APB1, 28, 0},
        {UINT32_C(0x40010000), UNIT_AFIO,   RCC_APB2, 0,  0},
        {UINT32_C(0x40010800), UNIT_GPIO,   RCC_APB2, 2,  0},
        {UINT32_C(0x40010C00), UNIT_GPIO,   RCC_APB2, 3,  1},
        {UINT32_C(0x40011000), UNIT_GPIO,   RCC_APB2, 4,  2},
        {UINT32_C(0x40011400), UNIT_GPIO,   RCC_APB2, 5,  3},
        {UINT32_C(0x40011800), UNIT_GPIO,   RCC_APB2, 6,  4},
        {UINT32_C(0x40013800), UNIT_USART1, RCC_APB2, 14, 0},
        {UINT32_C(0x40021000), UNIT_RCC,    RCC_AHB,  -1, 0},
        {UINT32_C(0x40022000), UNIT_FLASH,  RCC_AHB,  -1, 0},
};

static const struct mapping *find_unit(uint32_t address)
{
	for (size_t i = 0; i < sizeof map / sizeof *map; i++)
		if (map[i].base == (address & ~UINT32_C(0x3FF)))
			return &map[i];
	return NULL;
}

/* A peripheral without clock reads 0 and keeps nothing that is written (RM0008 §7.3.7). */
static bool clocked(const struct mcu *m, const struct mapping *at)
{
	return at->gate < 0 || rcc_gate_open(&m->rcc, at->bus, (unsigned)at->gate);
}

static uint32_t unit_read(struct mcu *m, const struct mapping *at, uint32_t offset)
{
	switch (at->unit) {
	case UNIT_RTC:
		return backup_rtc_read(&m->backup, offset);
	case UNIT_IWDG:
		return iwdg_read(&m->iwdg, offset);
	case UNIT_USART1:
	case UNIT_USART2:
	case UNIT_USART3:
		return usart_read(&m->usart[at->index], offset);
	case UNIT_CAN:
		return bxcan_read(&m->can, offset);
	case UNIT_BKP:
		return backup_bkp_read(&m->backup, offset);
	case UNIT_PWR:
		return backup_pwr_read(&m->backup, offset);
	case UNIT_AFIO:
		return offset == AFIO_MAPR ? m->afio_mapr : 0;
	case UNIT_GPIO:
		return gpio_read(&m->port[at->index], offset);
	case UNIT_RCC:
		return rcc_read(&m->rcc, offset);
	case UNIT_FLASH:
		return flash_read(&m->flash, offset);
	case UNIT_NONE:
		break;
	}
	return 0;
}

static void wiring_changed(struct mcu *m)
{
	bool default_pins = (m->afio_mapr >> CAN_REMAP_SHIFT & 3U) == 0;
	bool tx = default_pins && gpio_is_alternate_output(&m->port[0], 12);

	bxcan_wiring(&m->can, rcc_gate_open(&m->rcc, RCC_APB1, 25), tx);
}

/* Resets asked for through APB1RSTR and APB2RSTR. */
static void reset_units(struct mcu *m)
{
	for (size_t i = 0; i < sizeof map / sizeof *map; i++) {
		const struct mapping *at = &map[i];

		if (at->gate < 0 || !(m->rcc.reset_pulse[at->bus] >> at->gate & 1U))
			continue;
		if (at->unit == UNIT_GPIO)
			gpio_reset(&m->port[at->index], &m->chip);
		else if (at->unit == UNIT_CAN)
			bxcan_reset(&m->can);
		else if (at->unit >= UNIT_USART1 && at->unit <= UNIT_USART3)
			usart_reset(&m->usart[at->index], &m->chip, at->index);
	}
	memset(m->rcc.reset_pulse, 0, sizeof m->rcc.reset_pulse);
}

static void clocks_changed(struct mcu *m)
{
	struct clocks clocks;

	rcc_clocks(&m->rcc, &clocks);
	systick_clock_changed(&m->systick, clocks.hclk_hz);
	m->chip.clocks = clocks;
	m->cycle_ticks = (uint32_t)(VTIME_PER_S / clocks.hclk_hz);
	reset_units(m);
	wiring_changed(m);
}

/* RTC and LSE bits of BDCR are behind the same lock as the backup registers. */
static void rcc_bus_write(struct mcu *m, uint32_t offset, uint32_t value)
{
	static const uint32_t bdcr = 0x20, bdrst = UINT32_C(1) << 16;

	if (offset == bdcr && !backup_writable(&m->backup))
		return;
	rcc_write(&m->rcc, offset, value);
	if (offset == bdcr && (value & bdrst))
		backup_clear(&m->backup);
	clocks_changed(m);
}

static void unit_write(struct mcu *m, const struct mapping *at, uint32_t offset, uint32_t value)
{
	switch (at->unit) {
	case UNIT_RTC:
		backup_rtc_write(&m->backup, offset, value);
		return;
	case UNIT_IWDG:
		iwdg_write(&m->iwdg, offset, value);
		return;
	case UNIT_USART1:
	case UNIT_USART2:
	case UNIT_USART3:
		usart_write(&m->usart[at->index], offset, value);
		return;
	case UNIT_CAN:
		bxcan_write(&m->can, offset, value);
		return;
	case UNIT_BKP:
		backup_bkp_write(&m->backup, offset, value);
		return;
	case UNIT_PWR:
		backup_pwr_write(&m->backup, offset, value);
		return;
	case UNIT_AFIO:
		if (offset == AFIO_MAPR)
			m->afio_mapr = value;
		wiring_changed(m);
		return;
	case UNIT_GPIO:
		gpio_write(&m->port[at->index], offset, value);
		return;
	case UNIT_RCC:
		rcc_bus_write(m, offset, value);
		return;
	case UNIT_FLASH:
		flash_write(&m->flash, offset, value);
		return;
	case UNIT_NONE:
		return;
	}
}

static const struct mapping *reach(struct mcu *m, uint32_t address)
{
	const struct mapping *at = find_unit(address);

	if (!at) {
		m->counters.unmodelled++;
		m->counters.unmodelled_at = address;
		return NULL;
	}
	return clocked(m, at) ? at : NULL;
}

static uint64_t peripheral_read(uc_engine *uc, uint64_t offset, unsigned size, void *ctx)
{
	struct mcu *m = ctx;
	uint32_t address = PERIPHERALS + (uint32_t)offset;
	const struct mapping *at = reach(m, address);
	uint32_t value = at ? unit_read(m, at, address & UINT32_C(0x3FC)) >> 8 * (address & 3U) : 0;

	(void)uc;
	return size == 1 ? value & 0xFFU : size == 2 ? value & 0xFFFFU : value;
}

static void peripheral_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value,
                             void *ctx)
{
	struct mcu *m = ctx;
	uint32_t address = PERIPHERALS + (uint32_t)offset;
	const struct mapping *at = reach(m, address);

	(void)uc;
	(void)size; /* the APB bridges write whole words: a narrow store repeats its data (RM0008 §3.1) */
	if (at)
		unit_write(m, at, address & UINT32_C(0x3FC), (uint32_t)value);
}

static uint64_t core_space_read(uc_engine *uc, uint64_t offset, unsigned size, void *ctx)
{
	struct mcu *m = ctx;
	uint32_t at = (uint32_t)offset & ~3U;
	uint32_t value;

	(void)uc;
	if (at == DWT_CYCCNT)
		value = (uint32_t)(m->chip.now / m->cycle_ticks);
	else if (at == DBGMCU_IDCODE)
		value = IDCODE;
	else if (at >= SCS_OFFSET + 0x10 && at <= SCS_OFFSET + 0x1C)
		value = systick_read(&m->systick, at - SCS_OFFSET);
	else
		value = at >= SCS_OFFSET ? nvic_read(&m->chip.nvic, at - SCS_OFFSET) : 0;
	value >>= 8 * (offset & 3U);
	return size == 1 ? value & 0xFFU : size == 2 ? value & 0xFFFFU : value;
}

static void core_space_write(uc_engine *uc, uint64_t offset, unsigned size, uint64_t value,
                             void *ctx)
{
	struct mcu *m = ctx;
	uint32_t at = (uint32_t)offset;

	(void)uc;
	if (at >= SCS_OFFSET + 0x10 && at <= SCS_OFFSET + 0x1C)
		systick_write(&m->systick, at - SCS_OFFSET, (uint32_t)value);
	else if (at >= SCS_OFFSET)
		nvic_write(&m->chip.nvic, at - SCS_OFFSET, size, (uint32_t)value);
	m->chip.reschedule = true;
}

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
	       uc_mmio_map(uc, PERIPHERALS, PERIPHERALS_BYTES, peripheral_read, m, peripheral_write,
	                   m) == UC_ERR_OK &&
	       uc_mmio_map(uc, CORE_SPACE, CORE_SPACE_BYTES, core_space_read, m, core_space_write,
	                   m) == UC_ERR_OK;
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

	wiring_changed(m);
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
	clocks_changed(m);
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
	m->flash.changed = true;
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

static void leave_exception(struct mcu *m, uint32_t exc_return)
{
	if (core_leave(m, exc_return) && (m->chip.nvic.scr & SCR_SLEEPONEXIT) &&
	    m->chip.nvic.depth == 0)
		m->power = MCU_SLEEPING;
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
		leave_exception(m, pc | 1U);
	else if (error != UC_ERR_OK)
		engine_error(m, error, pc);
	else if (m->trap)
		take_trap(m);
	else if (!m->stopped_by_us)
		take_sleep(m, pc);
}

static void refresh_code(struct mcu *m)
{
	if (!m->flash.changed)
		return;
	m->flash.changed = false;
	uc_ctl_remove_cache(m->engine, (uint64_t)FLASH_BASE, (uint64_t)FLASH_BASE + FLASH_BYTES);
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
