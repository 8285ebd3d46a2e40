#include "sim/emu/can_filter.h"

enum { FMR = 0x200, FM1R = 0x204, FS1R = 0x20C, FFA1R = 0x214, FA1R = 0x21C, BANKS = 0x240 };

#define FMR_FINIT UINT32_C(1)
#define IR_RTR    UINT32_C(2)
#define IR_IDE    UINT32_C(4)

void can_filter_reset(struct can_filter *f)
{
	f->fmr = UINT32_C(0x2A1C0E00) | FMR_FINIT;
	f->fm1r = f->fs1r = f->ffa1r = f->fa1r = 0;
}

/* The 16-bit form of a filter: STDID 15..5, RTR 4, IDE 3, EXTID[17:15] 2..0. */
static uint16_t short_form(uint32_t ir)
{
	uint32_t extended = ir & IR_IDE ? 8U | (ir >> 18 & 7U) : 0;

	return (uint16_t)((ir >> 21) << 5 | (ir & IR_RTR ? 16U : 0) | extended);
}

/* Index inside the bank of the filter that lets `ir` pass, or -1. */
static int bank_match_long(const uint32_t r[2], bool list, uint32_t ir)
{
	if (!list)
		return ((ir ^ r[0]) & r[1] & ~1U) == 0 ? 0 : -1;
	if (((ir ^ r[0]) & ~1U) == 0)
		return 0;
	return ((ir ^ r[1]) & ~1U) == 0 ? 1 : -1;
}

static int bank_match_short(const uint32_t r[2], bool list, uint32_t ir)
{
	const uint16_t half[4] = {(uint16_t)r[0], (uint16_t)(r[0] >> 16), (uint16_t)r[1],
	                          (uint16_t)(r[1] >> 16)};
	uint16_t id = short_form(ir);

	for (int i = 0; i < 4; i++)
		if (list && half[i] == id)
			return i;
	for (int i = 0; i < 2; i++)
		if (!list && ((half[2 * i] ^ id) & half[2 * i + 1]) == 0)
			return i;
	return -1;
}

static unsigned bank_size(bool wide, bool list)
{
	return (wide ? 1U : 2U) * (list ? 2U : 1U);
}

bool can_filter_match(const struct can_filter *f, uint32_t ir, struct can_filter_match *best)
{
	unsigned numbered[2] = {0, 0};
	bool found = false;

	if (f->fmr & FMR_FINIT)
		return false;
	for (unsigned b = 0; b < CAN_FILTER_BANKS; b++) {
		bool list = f->fm1r >> b & 1U;
		bool wide = f->fs1r >> b & 1U;
		unsigned fifo = f->ffa1r >> b & 1U;
		unsigned rank = (wide ? 0U : 2U) + (list ? 0U : 1U);
		int i = wide ? bank_match_long(f->bank[b], list, ir)
		             : bank_match_short(f->bank[b], list, ir);

		if (i >= 0 && (f->fa1r >> b & 1U) && (!found || rank < best->rank)) {
			*best = (struct can_filter_match){fifo, numbered[fifo] + (unsigned)i, rank};
			found = true;
		}
		numbered[fifo] += bank_size(wide, list); /* inactive banks count, too */
	}
	return found;
}

uint32_t can_filter_read(const struct can_filter *f, uint32_t offset)
{
	if (offset >= BANKS && offset < CAN_FILTER_END)
		return f->bank[(offset - BANKS) / 8][offset / 4 % 2];
	switch (offset) {
	case FMR:
		return f->fmr;
	case FM1R:
		return f->fm1r;
	case FS1R:
		return f->fs1r;
	case FFA1R:
		return f->ffa1r;
	case FA1R:
		return f->fa1r;
	default:
		return 0;
	}
}

/* Mode, scale and assignment only in filter initialisation; a bank's own registers also while
 * the bank is off (RM0008 §24.9.4). */
static void control_write(struct can_filter *f, uint32_t offset, uint32_t value)
{
	bool init = f->fmr & FMR_FINIT;
	uint32_t banks = value & ((UINT32_C(1) << CAN_FILTER_BANKS) - 1);

	if (offset == FMR)
		f->fmr = (f->fmr & ~FMR_FINIT) | (value & FMR_FINIT);
	else if (offset == FA1R)
		f->fa1r = banks;
	else if (offset == FM1R && init)
		f->fm1r = banks;
	else if (offset == FS1R && init)
		f->fs1r = banks;
	else if (offset == FFA1R && init)
		f->ffa1r = banks;
}

static void bank_write(struct can_filter *f, uint32_t offset, uint32_t value)
{
	unsigned bank = (offset - BANKS) / 8;

	if ((f->fmr & FMR_FINIT) || !(f->fa1r >> bank & 1U))
		f->bank[bank][offset / 4 % 2] = value;
}

void can_filter_write(struct can_filter *f, uint32_t offset, uint32_t value)
{
	if (offset >= BANKS && offset < CAN_FILTER_END)
		bank_write(f, offset, value);
	else
		control_write(f, offset, value);
}
