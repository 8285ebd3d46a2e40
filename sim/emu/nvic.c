#include "sim/emu/nvic.h"

#include <assert.h>
#include <string.h>

enum {
	SET_ENABLE = 0x100,
	CLEAR_ENABLE = 0x180,
	SET_PENDING = 0x200,
	CLEAR_PENDING = 0x280,
	ACTIVE = 0x300,
	PRIORITY = 0x400,
	CPUID = 0xD00,
	ICSR = 0xD04,
	VTOR = 0xD08,
	AIRCR = 0xD0C,
	SCR = 0xD10,
	CCR = 0xD14,
	SHPR1 = 0xD18,
	SHCSR = 0xD24,
	CFSR = 0xD28,
	HFSR = 0xD2C,
	BFAR = 0xD38,
	BANK = 0x80,
};

#define AIRCR_KEY       UINT32_C(0x05FA)
#define AIRCR_SYSRESET  (UINT32_C(1) << 2)
#define ICSR_PENDSTCLR  (UINT32_C(1) << 25)
#define ICSR_PENDSTSET  (UINT32_C(1) << 26)
#define ICSR_PENDSVCLR  (UINT32_C(1) << 27)
#define ICSR_PENDSVSET  (UINT32_C(1) << 28)
#define ICSR_ISRPENDING (UINT32_C(1) << 22)
#define HFSR_FORCED     (UINT32_C(1) << 30)
#define PRIORITY_BITS   UINT32_C(0xF0) /* STM32 has the upper four */

void nvic_reset(struct nvic *n)
{
	memset(n, 0, sizeof *n);
	for (unsigned e = 0; e < 16; e++)
		n->enabled[e] = true;
	n->vtor = UINT32_C(0x08000000);
	n->ccr = UINT32_C(0x200); /* STKALIGN (PM0056 §4.4.7): entry always aligns to 8 */
}

void nvic_pend(struct nvic *n, unsigned exception)
{
	assert(exception < NVIC_EXCEPTIONS);
	if (!n->pending[exception]) {
		n->pending[exception] = true;
		n->pending_count++;
	}
}

void nvic_unpend(struct nvic *n, unsigned exception)
{
	assert(exception < NVIC_EXCEPTIONS);
	if (n->pending[exception]) {
		n->pending[exception] = false;
		n->pending_count--;
	}
}

void nvic_line(struct nvic *n, unsigned irq, bool high)
{
	unsigned e = 16 + irq;

	n->line[e] = high;
	if (high && !n->active[e])
		nvic_pend(n, e);
	else if (!high)
		nvic_unpend(n, e);
}

static int priority_of(const struct nvic *n, unsigned exception)
{
	if (exception == EXC_NMI)
		return -2;
	if (exception == EXC_HARD_FAULT)
		return -1;
	return n->priority[exception];
}

/* The part of a priority that decides about preemption (AIRCR.PRIGROUP, B1.5.4). */
static int group_of(const struct nvic *n, int priority)
{
	unsigned shift = ((n->aircr >> 8) & 7U) + 1U;

	return priority < 0 ? priority : (int)(((unsigned)priority >> shift) << shift);
}

int nvic_running_priority(const struct nvic *n)
{
	int lowest = NVIC_PRIORITY_THREAD;

	for (unsigned i = 0; i < n->depth; i++) {
		int p = group_of(n, priority_of(n, n->stack[i]));

		if (p < lowest)
			lowest = p;
	}
	return lowest;
}

int nvic_best(const struct nvic *n, int limit)
{
	int best = -1;
	int best_priority = NVIC_PRIORITY_THREAD;

	if (n->pending_count == 0)
		return -1;
	for (unsigned e = EXC_NMI; e < NVIC_EXCEPTIONS; e++) {
		int p;

		if (!n->pending[e] || !n->enabled[e])
			continue;
		p = priority_of(n, e);
		if (p < best_priority) {
			best_priority = p;
			best = (int)e;
		}
	}
	return best >= 0 && group_of(n, best_priority) < limit ? best : -1;
}

int nvic_deliverable(const struct nvic *n, bool primask, bool faultmask, uint32_t basepri)
{
	int limit;
	int base = group_of(n, (int)(basepri & PRIORITY_BITS));

	if (n->pending_count == 0)
		return -1;
	limit = nvic_running_priority(n);
	if ((basepri & PRIORITY_BITS) && base < limit)
		limit = base;
	if (primask && limit > 0)
		limit = 0;
	if (faultmask && limit > -1)
		limit = -1;
	return nvic_best(n, limit);
}

void nvic_enter(struct nvic *n, unsigned exception)
{
	assert(n->depth < sizeof n->stack / sizeof *n->stack);
	n->stack[n->depth++] = exception;
	n->active[exception] = true;
	nvic_unpend(n, exception);
}

unsigned nvic_leave(struct nvic *n)
{
	unsigned e;

	if (n->depth == 0)
		return 0;
	e = n->stack[--n->depth];
	n->active[e] = false;
	if (n->line[e])
		nvic_pend(n, e);
	return e;
}

unsigned nvic_fault(struct nvic *n, unsigned exception, uint32_t cfsr_bits, int priority)
{
	/* SHCSR: MEMFAULTENA 16, BUSFAULTENA 17, USGFAULTENA 18 */
	bool own = exception >= EXC_MEM_MANAGE && exception <= EXC_USAGE_FAULT &&
	           (n->shcsr >> (16 + exception - EXC_MEM_MANAGE) & 1U) &&
	           group_of(n, priority_of(n, exception)) < priority;

	n->cfsr |= cfsr_bits;
	if (own)
		return exception;
	if (priority <= -1)
		return 0;
	n->hfsr |= HFSR_FORCED;
	return EXC_HARD_FAULT;
}

static uint32_t flags_read(const struct nvic *n, const bool *flags, uint32_t offset)
{
	unsigned first = (offset % BANK) * 8;
	uint32_t value = 0;

	for (unsigned i = 0; i < 32 && first + i < NVIC_IRQS; i++)
		value |= (uint32_t)flags[16 + first + i] << i;
	(void)n;
	return value;
}

static void flags_write(struct nvic *n, uint32_t offset, uint32_t value)
{
	unsigned first = (offset % BANK) * 8;

	for (unsigned i = 0; i < 32 && first + i < NVIC_IRQS; i++) {
		unsigned e = 16 + first + i;

		if (!(value >> i & 1U))
			continue;
		if (offset < CLEAR_ENABLE)
			n->enabled[e] = true;
		else if (offset < SET_PENDING)
			n->enabled[e] = false;
		else if (offset < CLEAR_PENDING)
			nvic_pend(n, e);
		else if (!n->line[e])
			nvic_unpend(n, e);
	}
}

/* The byte of `priority` behind a priority register's offset; NULL outside. */
static const uint8_t *priority_at(const struct nvic *n, uint32_t offset)
{
	if (offset >= PRIORITY && offset < PRIORITY + NVIC_IRQS)
		return &n->priority[16 + offset - PRIORITY];
	if (offset >= SHPR1 && offset < SHPR1 + 12)
		return &n->priority[4 + offset - SHPR1];
	return NULL;
}

static uint32_t icsr_read(const struct nvic *n)
{
	uint32_t value = n->depth ? n->stack[n->depth - 1] : 0;
	int best = nvic_best(n, NVIC_PRIORITY_THREAD);

	if (best > 0)
		value |= (uint32_t)best << 12;
	if (best >= 16)
		value |= ICSR_ISRPENDING;
	if (n->pending[EXC_PENDSV])
		value |= ICSR_PENDSVSET;
	if (n->pending[EXC_SYSTICK])
		value |= ICSR_PENDSTSET;
	return value;
}

uint32_t nvic_read(const struct nvic *n, uint32_t offset)
{
	const uint8_t *priority = priority_at(n, offset);

	if (priority)
		return priority[0] | (uint32_t)priority[1] << 8 | (uint32_t)priority[2] << 16 |
		       (uint32_t)priority[3] << 24;
	if (offset >= SET_ENABLE && offset < SET_PENDING)
		return flags_read(n, n->enabled, offset);
	if (offset >= SET_PENDING && offset < ACTIVE)
		return flags_read(n, n->pending, offset);
	if (offset >= ACTIVE && offset < ACTIVE + BANK)
		return flags_read(n, n->active, offset);
	switch (offset) {
	case CPUID:
		return UINT32_C(0x411FC231);
	case ICSR:
		return icsr_read(n);
	case VTOR:
		return n->vtor;
	case AIRCR:
		return UINT32_C(0xFA050000) | n->aircr;
	case SCR:
		return n->scr;
	case CCR:
		return n->ccr;
	case SHCSR:
		return n->shcsr;
	case CFSR:
		return n->cfsr;
	case HFSR:
		return n->hfsr;
	case BFAR:
		return n->bfar;
	default:
		return 0;
	}
}

static void priority_write(struct nvic *n, uint32_t offset, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++) {
		const uint8_t *at = priority_at(n, offset + i);

		if (at)
			n->priority[at - n->priority] = (uint8_t)(value >> 8 * i & PRIORITY_BITS);
	}
}

static void icsr_write(struct nvic *n, uint32_t value)
{
	if (value & ICSR_PENDSVSET)
		nvic_pend(n, EXC_PENDSV);
	if (value & ICSR_PENDSVCLR)
		nvic_unpend(n, EXC_PENDSV);
	if (value & ICSR_PENDSTSET)
		nvic_pend(n, EXC_SYSTICK);
	if (value & ICSR_PENDSTCLR)
		nvic_unpend(n, EXC_SYSTICK);
}

static void aircr_write(struct nvic *n, uint32_t value)
{
	if (value >> 16 != AIRCR_KEY)
		return;
	n->aircr = value & UINT32_C(0x700);
	if (value & AIRCR_SYSRESET)
		n->reset_asked = true;
}

void nvic_write(struct nvic *n, uint32_t offset, unsigned size, uint32_t value)
{
	if (priority_at(n, offset)) {
		priority_write(n, offset, size, value);
		return;
	}
	if (offset >= SET_ENABLE && offset < ACTIVE) {
		flags_write(n, offset, value);
		return;
	}
	switch (offset) {
	case ICSR:
		icsr_write(n, value);
		break;
	case VTOR:
		n->vtor = value & UINT32_C(0x3FFFFF80);
		break;
	case AIRCR:
		aircr_write(n, value);
		break;
	case SCR:
		n->scr = value;
		break;
	case CCR:
		n->ccr = value;
		break;
	case SHCSR:
		n->shcsr = value & UINT32_C(0x70000);
		break;
	case CFSR:
		n->cfsr &= ~value;
		break;
	case HFSR:
		n->hfsr &= ~value;
		break;
	default:
		break;
	}
}
