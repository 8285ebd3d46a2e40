/* Reset and clock control (RM0008 §7): oscillators with their start-up time, PLL, prescalers,
 * the clock gates of the peripherals, reset causes. A board with an 8 MHz crystal. */
#ifndef SIM_EMU_RCC_H
#define SIM_EMU_RCC_H

#include "sim/emu/chip.h"

#include "libs/base/macros.h"

enum {
	RCC_HSI_HZ = 8000000,
	RCC_HSE_HZ = 8000000,
	RCC_LSI_HZ = 40000,
	RCC_LSE_HZ = 32768,
};

/* Reset causes, RCC_CSR bits 31..26 */
#define RCC_CAUSE_PIN      (UINT32_C(1) << 26)
#define RCC_CAUSE_POWER    (UINT32_C(1) << 27)
#define RCC_CAUSE_SOFTWARE (UINT32_C(1) << 28)
#define RCC_CAUSE_IWDG     (UINT32_C(1) << 29)

enum rcc_bus { RCC_AHB, RCC_APB2, RCC_APB1 };

struct rcc {
	struct chip *chip;
	uint32_t cr, cfgr, ahbenr, apb2enr, apb1enr, bdcr, csr;
	vtime hse_ready_at, pll_ready_at, lse_ready_at;
	bool hse_dead;           /* fault: the crystal does not swing */
	bool css_failed;         /* CIR.CSSF: NMI until it is cleared */
	uint32_t reset_pulse[3]; /* bits set in AHB-, APB2- and APB1RSTR since the owner looked */
};

/* Keeps BDCR (backup domain) and the causes in CSR; `cause` is added to them. */
void rcc_reset(struct rcc *r, struct chip *chip, uint32_t cause);
uint32_t rcc_read(struct rcc *r, uint32_t offset);
void rcc_write(struct rcc *r, uint32_t offset, uint32_t value);
bool rcc_gate_open(const struct rcc *r, enum rcc_bus bus, unsigned bit);
void rcc_clocks(const struct rcc *r, struct clocks *out);
bool rcc_lse_ready(const struct rcc *r);

/* The crystal stops or is whole again. True: the core's clock came from it and nothing takes its place. */
MUST_USE bool rcc_crystal(struct rcc *r, bool good);
#endif
