#include "sim/emu/rcc.h"

#include <string.h>

enum {
	CR = 0x00,
	CFGR = 0x04,
	CIR = 0x08,
	APB2RSTR = 0x0C,
	APB1RSTR = 0x10,
	AHBENR = 0x14,
	APB2ENR = 0x18,
	APB1ENR = 0x1C,
	BDCR = 0x20,
	CSR = 0x24,
};

#define CR_HSION    UINT32_C(1)
#define CR_HSIRDY   (UINT32_C(1) << 1)
#define CR_HSEON    (UINT32_C(1) << 16)
#define CR_HSERDY   (UINT32_C(1) << 17)
#define CR_CSSON    (UINT32_C(1) << 19)
#define CR_PLLON    (UINT32_C(1) << 24)
#define CR_PLLRDY   (UINT32_C(1) << 25)
#define CR_WRITABLE (CR_HSION | UINT32_C(0xF8) | CR_HSEON | (UINT32_C(3) << 18) | CR_PLLON)
#define CFGR_SW     UINT32_C(3)
#define CFGR_SWS    (UINT32_C(3) << 2)
#define CFGR_PLL    UINT32_C(0x3F0000) /* PLLSRC, PLLXTPRE, PLLMUL: fixed while the PLL runs */
#define CIR_CSSF    (UINT32_C(1) << 7)
#define CIR_CSSC    (UINT32_C(1) << 23)
#define BDCR_LSEON  UINT32_C(1)
#define BDCR_LSERDY UINT32_C(2)
#define CSR_LSION   UINT32_C(1)
#define CSR_LSIRDY  UINT32_C(2)
#define CSR_RMVF    (UINT32_C(1) << 24)
#define CSR_CAUSES  UINT32_C(0xFC000000)
#define HSE_START   (2 * VTIME_PER_MS)   /* DS5319 table 22: typical */
#define PLL_LOCK    (200 * VTIME_PER_US) /* DS5319 table 28: maximum */
#define LSE_START   (3 * VTIME_PER_S)    /* DS5319 table 23: typical */

enum source { SOURCE_HSI, SOURCE_HSE, SOURCE_PLL };

void rcc_reset(struct rcc *r, struct chip *chip, uint32_t cause)
{
	uint32_t bdcr = r->bdcr;
	vtime lse = r->lse_ready_at;
	uint32_t causes = (r->csr & CSR_CAUSES) | cause;
	bool dead = r->hse_dead;

	*r = (struct rcc){.chip = chip,
	                  .cr = CR_HSION | UINT32_C(0x80),
	                  .ahbenr = UINT32_C(0x14),
	                  .hse_ready_at = VTIME_NEVER,
	                  .pll_ready_at = VTIME_NEVER,
	                  .lse_ready_at = lse,
	                  .bdcr = bdcr,
	                  .csr = causes,
	                  .hse_dead = dead};
	rcc_clocks(r, &chip->clocks);
}

static bool hse_ready(const struct rcc *r)
{
	return r->chip->now >= r->hse_ready_at;
}

static bool pll_ready(const struct rcc *r)
{
	return r->chip->now >= r->pll_ready_at;
}

bool rcc_lse_ready(const struct rcc *r)
{
	return (r->bdcr & BDCR_LSEON) && r->chip->now >= r->lse_ready_at;
}

static uint32_t pll_hz(const struct rcc *r)
{
	uint32_t multiplier = (r->cfgr >> 18 & 15U) + 2;
	uint32_t input = RCC_HSI_HZ / 2;

	if (multiplier > 16)
		multiplier = 16;
	if (r->cfgr >> 16 & 1U)
		input = r->cfgr >> 17 & 1U ? RCC_HSE_HZ / 2 : RCC_HSE_HZ;
	return input * multiplier;
}

static uint32_t sysclk_hz(const struct rcc *r)
{
	switch ((enum source)(r->cfgr >> 2 & 3U)) {
	case SOURCE_HSI:
		return RCC_HSI_HZ;
	case SOURCE_HSE:
		return RCC_HSE_HZ;
	case SOURCE_PLL:
		return pll_hz(r);
	}
	return RCC_HSI_HZ;
}

/* Prescaler codes: below 8 is /1; AHB: 2 4 8 16 64 128 256 512; APB: 2 4 8 16. */
static uint32_t ahb_divider(uint32_t code)
{
	static const uint16_t divider[8] = {2, 4, 8, 16, 64, 128, 256, 512};

	return code & 8U ? divider[code & 7U] : 1;
}

static uint32_t apb_divider(uint32_t code)
{
	return code & 4U ? UINT32_C(2) << (code & 3U) : 1;
}

void rcc_clocks(const struct rcc *r, struct clocks *out)
{
	out->hclk_hz = sysclk_hz(r) / ahb_divider(r->cfgr >> 4 & 15U);
	out->pclk1_hz = out->hclk_hz / apb_divider(r->cfgr >> 8 & 7U);
	out->pclk2_hz = out->hclk_hz / apb_divider(r->cfgr >> 11 & 7U);
}

static uint32_t cr_read(const struct rcc *r)
{
	uint32_t value = r->cr;

	if (r->cr & CR_HSION)
		value |= CR_HSIRDY;
	if (hse_ready(r))
		value |= CR_HSERDY;
	if (pll_ready(r))
		value |= CR_PLLRDY;
	return value;
}

uint32_t rcc_read(struct rcc *r, uint32_t offset)
{
	switch (offset) {
	case CR:
		return cr_read(r);
	case CFGR:
		return r->cfgr;
	case CIR:
		return r->css_failed ? CIR_CSSF : 0;
	case AHBENR:
		return r->ahbenr;
	case APB2ENR:
		return r->apb2enr;
	case APB1ENR:
		return r->apb1enr;
	case BDCR:
		return r->bdcr | (rcc_lse_ready(r) ? BDCR_LSERDY : 0);
	case CSR:
		return r->csr | (r->csr & CSR_LSION ? CSR_LSIRDY : 0);
	default:
		return 0;
	}
}

static bool runs_on_hse(const struct rcc *r)
{
	enum source used = (enum source)(r->cfgr >> 2 & 3U);

	return used == SOURCE_HSE || (used == SOURCE_PLL && (r->cfgr >> 16 & 1U));
}

/* A source in use cannot be switched off (RM0008 §7.3.1). */
static void cr_write(struct rcc *r, uint32_t value)
{
	enum source used = (enum source)(r->cfgr >> 2 & 3U);

	value &= CR_WRITABLE;
	if (used == SOURCE_HSI)
		value |= CR_HSION;
	if (runs_on_hse(r))
		value |= CR_HSEON;
	if (used == SOURCE_PLL)
		value |= CR_PLLON;
	if (!(value & CR_HSEON))
		r->hse_ready_at = VTIME_NEVER;
	else if (!(r->cr & CR_HSEON) && !r->hse_dead)
		r->hse_ready_at = r->chip->now + HSE_START;
	if (!(value & CR_PLLON))
		r->pll_ready_at = VTIME_NEVER;
	else if (!(r->cr & CR_PLLON) && (!(r->cfgr >> 16 & 1U) || hse_ready(r)))
		r->pll_ready_at = r->chip->now + PLL_LOCK;
	r->cr = value;
}

/* RM0008 §7.2.7: the internal oscillator takes over, HSE and the PLL that it feeds are switched off,
 * and the core gets an NMI until CSSF is cleared. */
static void css_event(struct rcc *r)
{
	r->css_failed = true;
	if (runs_on_hse(r)) {
		r->cfgr &= ~(CFGR_SW | CFGR_SWS);
		r->cr = (r->cr | CR_HSION) & ~CR_PLLON;
		r->pll_ready_at = VTIME_NEVER;
	}
	r->cr &= ~CR_HSEON;
}

bool rcc_crystal(struct rcc *r, bool good)
{
	bool swung = hse_ready(r);
	bool needed = runs_on_hse(r);

	r->hse_dead = !good;
	if (good || !(r->cr & CR_HSEON))
		return false;
	r->hse_ready_at = VTIME_NEVER;
	if (r->cfgr >> 16 & 1U)
		r->pll_ready_at = VTIME_NEVER;
	if (swung && (r->cr & CR_CSSON)) {
		css_event(r);
		return false;
	}
	return needed;
}

static bool source_ready(const struct rcc *r, uint32_t source)
{
	return (source == SOURCE_HSI && (r->cr & CR_HSION)) ||
	       (source == SOURCE_HSE && hse_ready(r)) || (source == SOURCE_PLL && pll_ready(r));
}

static void cfgr_write(struct rcc *r, uint32_t value)
{
	value &= ~CFGR_SWS;
	if (r->cr & CR_PLLON)
		value = (value & ~CFGR_PLL) | (r->cfgr & CFGR_PLL);
	/* A switch to a source that is not ready waits there; here it is left undone, and SWS
	 * tells the same. */
	value |= source_ready(r, value & CFGR_SW) ? (value & CFGR_SW) << 2 : r->cfgr & CFGR_SWS;
	r->cfgr = value;
}

static void csr_write(struct rcc *r, uint32_t value)
{
	if (value & CSR_RMVF)
		r->csr &= ~CSR_CAUSES;
	r->csr = (r->csr & CSR_CAUSES) | (value & CSR_LSION);
}

static void bdcr_write(struct rcc *r, uint32_t value)
{
	if ((value & BDCR_LSEON) && !(r->bdcr & BDCR_LSEON))
		r->lse_ready_at = r->chip->now + LSE_START;
	/* RTCSEL can be chosen once, until the domain is reset (RM0008 §7.3.9). */
	if (r->bdcr & UINT32_C(0x300))
		value = (value & ~UINT32_C(0x300)) | (r->bdcr & UINT32_C(0x300));
	r->bdcr = value & UINT32_C(0x18305);
	if (value & (UINT32_C(1) << 16))
		r->bdcr = UINT32_C(1) << 16;
}

void rcc_write(struct rcc *r, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case CR:
		cr_write(r, value);
		break;
	case CFGR:
		cfgr_write(r, value);
		break;
	case CIR:
		r->css_failed = r->css_failed && !(value & CIR_CSSC);
		break;
	case APB2RSTR:
		r->reset_pulse[RCC_APB2] |= value;
		break;
	case APB1RSTR:
		r->reset_pulse[RCC_APB1] |= value;
		break;
	case AHBENR:
		r->ahbenr = value;
		break;
	case APB2ENR:
		r->apb2enr = value;
		break;
	case APB1ENR:
		r->apb1enr = value;
		break;
	case BDCR:
		bdcr_write(r, value);
		break;
	case CSR:
		csr_write(r, value);
		break;
	default:
		break;
	}
	r->chip->reschedule = true;
}

bool rcc_gate_open(const struct rcc *r, enum rcc_bus bus, unsigned bit)
{
	uint32_t gates = bus == RCC_AHB ? r->ahbenr : bus == RCC_APB2 ? r->apb2enr : r->apb1enr;

	return gates >> bit & 1U;
}
