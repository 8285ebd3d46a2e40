#include "sim/emu/mcu_bus.h"

#include "sim/emu/core.h"

#include <string.h>

enum {
	PERIPHERALS = 0x40000000,
	PERIPHERALS_BYTES = 0x30000,
	CAN_REMAP_SHIFT = 13,
	AFIO_MAPR = 0x04,
};

#define CORE_SPACE       UINT32_C(0xE0000000)
#define CORE_SPACE_BYTES UINT32_C(0x100000)
#define SCS_OFFSET       UINT32_C(0xE000)
#define DWT_CYCCNT       UINT32_C(0x1004)
#define DBGMCU_IDCODE    UINT32_C(0x42000)
#define IDCODE           UINT32_C(0x20036410) /* medium density, revision Y */

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

void mcu_wiring_changed(struct mcu *m)
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

void mcu_clocks_changed(struct mcu *m)
{
	struct clocks clocks;

	rcc_clocks(&m->rcc, &clocks);
	systick_clock_changed(&m->systick, clocks.hclk_hz);
	m->chip.clocks = clocks;
	m->cycle_ticks = (uint32_t)(VTIME_PER_S / clocks.hclk_hz);
	reset_units(m);
	mcu_wiring_changed(m);
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
	mcu_clocks_changed(m);
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
		mcu_wiring_changed(m);
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

bool mcu_bus_map(struct mcu *m)
{
	return uc_mmio_map(m->engine, PERIPHERALS, PERIPHERALS_BYTES, peripheral_read, m,
	                   peripheral_write, m) == UC_ERR_OK &&
	       uc_mmio_map(m->engine, CORE_SPACE, CORE_SPACE_BYTES, core_space_read, m,
	                   core_space_write, m) == UC_ERR_OK;
}
