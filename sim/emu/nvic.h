/* The system control space of a Cortex-M3 as far as it decides what runs: NVIC, SysTick's place
 * in it, the fault registers. Pure state; exception entry and return are in core.c.
 * Source: ARMv7-M Architecture Reference Manual, B1.5 and B3. */
#ifndef SIM_EMU_NVIC_H
#define SIM_EMU_NVIC_H

#include <stdbool.h>
#include <stdint.h>

enum {
	NVIC_IRQS = 60,
	NVIC_EXCEPTIONS = 16 + NVIC_IRQS,
	EXC_NMI = 2,
	EXC_HARD_FAULT = 3,
	EXC_MEM_MANAGE = 4,
	EXC_BUS_FAULT = 5,
	EXC_USAGE_FAULT = 6,
	EXC_SVC = 11,
	EXC_PENDSV = 14,
	EXC_SYSTICK = 15,
	NVIC_PRIORITY_THREAD = 256, /* lower than any exception */
};

struct nvic {
	bool pending[NVIC_EXCEPTIONS];
	bool enabled[NVIC_EXCEPTIONS]; /* of the core's own exceptions: always true here */
	bool active[NVIC_EXCEPTIONS];
	bool line[NVIC_EXCEPTIONS]; /* level of a peripheral's request */
	uint8_t priority[NVIC_EXCEPTIONS];
	unsigned pending_count;
	unsigned stack[32]; /* active exceptions, innermost last */
	unsigned depth;
	uint32_t vtor, aircr, scr, ccr, shcsr, cfsr, hfsr, bfar;
	bool reset_asked;
};

void nvic_reset(struct nvic *n);
void nvic_pend(struct nvic *n, unsigned exception);
void nvic_unpend(struct nvic *n, unsigned exception);

/* A peripheral's request line: pends while high, again after the handler returns if it is
 * still high (B1.5.8). */
void nvic_line(struct nvic *n, unsigned irq, bool high);

/* Priority of the running code from active exceptions alone; smaller is more urgent. */
int nvic_running_priority(const struct nvic *n);

/* The most urgent pending, enabled exception that preempts `limit`; -1 if none. */
int nvic_best(const struct nvic *n, int limit);

/* As nvic_best, with the mask registers of the core applied. */
int nvic_deliverable(const struct nvic *n, bool primask, bool faultmask, uint32_t basepri);

void nvic_enter(struct nvic *n, unsigned exception);

/* Returns the number left, or 0 when nothing is active. */
unsigned nvic_leave(struct nvic *n);

/* The exception that a fault takes: its own handler when SHCSR enables it and it is urgent
 * enough, else HardFault; 0 is lockup (a fault inside HardFault or NMI, B1.5.15). */
unsigned nvic_fault(struct nvic *n, unsigned exception, uint32_t cfsr_bits, int priority);

/* Registers, by offset from 0xE000E000. SysTick (0x010..0x01C) is not here. */
uint32_t nvic_read(const struct nvic *n, uint32_t offset);
void nvic_write(struct nvic *n, uint32_t offset, unsigned size, uint32_t value);
#endif
