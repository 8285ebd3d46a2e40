#include "sim/emu/systick.h"

enum { CSR = 0x10, RVR = 0x14, CVR = 0x18, CALIB = 0x1C };

#define CSR_ENABLE    UINT32_C(1)
#define CSR_TICKINT   UINT32_C(2)
#define CSR_CLKSOURCE UINT32_C(4)
#define CSR_COUNTFLAG (UINT32_C(1) << 16)

static uint32_t counter_hz(const struct systick *s, uint32_t hclk_hz)
{
	return s->csr & CSR_CLKSOURCE ? hclk_hz : hclk_hz / 8;
}

static vtime period(const struct systick *s)
{
	return vtime_of_cycles((uint64_t)s->rvr + 1, counter_hz(s, s->chip->clocks.hclk_hz));
}

static uint32_t count_left(const struct systick *s)
{
	uint32_t hz = counter_hz(s, s->chip->clocks.hclk_hz);

	if (s->zero_at == VTIME_NEVER || s->zero_at <= s->chip->now)
		return 0;
	return (uint32_t)((s->zero_at - s->chip->now) * hz / VTIME_PER_S) & UINT32_C(0xFFFFFF);
}

static void restart(struct systick *s)
{
	s->zero_at =
	        s->csr & CSR_ENABLE && s->rvr ? vtime_add(s->chip->now, period(s)) : VTIME_NEVER;
	s->chip->reschedule = true;
}

void systick_reset(struct systick *s, struct chip *chip)
{
	*s = (struct systick){.chip = chip, .zero_at = VTIME_NEVER};
}

uint32_t systick_read(struct systick *s, uint32_t offset)
{
	uint32_t value;

	switch (offset) {
	case CSR:
		value = s->csr;
		s->csr &= ~CSR_COUNTFLAG;
		return value;
	case RVR:
		return s->rvr;
	case CVR:
		return count_left(s);
	case CALIB:
		return 9000; /* 1 ms at 72 MHz / 8 (RM0008 §10.1.1) */
	default:
		return 0;
	}
}

void systick_write(struct systick *s, uint32_t offset, uint32_t value)
{
	bool was_on = s->csr & CSR_ENABLE;

	switch (offset) {
	case CSR:
		s->csr = (s->csr & CSR_COUNTFLAG) | (value & 7U);
		if (was_on != (bool)(value & CSR_ENABLE))
			restart(s);
		break;
	case RVR:
		s->rvr = value & UINT32_C(0xFFFFFF);
		break;
	case CVR: /* any write clears the counter and the flag; it reloads at once */
		s->csr &= ~CSR_COUNTFLAG;
		restart(s);
		break;
	default:
		break;
	}
}

void systick_run(struct systick *s)
{
	while (s->chip->now >= s->zero_at) {
		s->csr |= CSR_COUNTFLAG;
		if (s->csr & CSR_TICKINT)
			nvic_pend(&s->chip->nvic, EXC_SYSTICK);
		/* RVR = 0 stops the counter at its next reload */
		s->zero_at = s->rvr ? s->zero_at + period(s) : VTIME_NEVER;
	}
}

void systick_clock_changed(struct systick *s, uint32_t hclk_hz)
{
	uint32_t left = count_left(s);

	if (s->zero_at != VTIME_NEVER)
		s->zero_at = s->chip->now + vtime_of_cycles(left, counter_hz(s, hclk_hz));
}
