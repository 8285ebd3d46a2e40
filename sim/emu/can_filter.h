/* The acceptance filters of bxCAN (RM0008 §24.7.4): 14 banks of masks or lists, 16 or 32 bits wide,
 * each for one of the two FIFOs. */
#ifndef SIM_EMU_CAN_FILTER_H
#define SIM_EMU_CAN_FILTER_H

#include <stdbool.h>
#include <stdint.h>

enum {
	CAN_FILTER_BANKS = 14,
	CAN_FILTER_FIRST = 0x200,
	CAN_FILTER_END = 0x240 + 8 * CAN_FILTER_BANKS
};

struct can_filter {
	uint32_t fmr, fm1r, fs1r, ffa1r, fa1r;
	uint32_t bank[CAN_FILTER_BANKS][2];
};

struct can_filter_match {
	unsigned fifo;
	unsigned index; /* FMI */
	unsigned rank;  /* smaller is preferred: 32 before 16 bit, list before mask */
};

/* The banks keep their content, which is anything after power-on. */
void can_filter_reset(struct can_filter *f);

/* `ir`: identifier as in a mailbox's identifier register. False: nobody wants the frame. */
bool can_filter_match(const struct can_filter *f, uint32_t ir, struct can_filter_match *best);

/* Registers by their offset in the controller, CAN_FILTER_FIRST .. CAN_FILTER_END. */
uint32_t can_filter_read(const struct can_filter *f, uint32_t offset);
void can_filter_write(struct can_filter *f, uint32_t offset, uint32_t value);
#endif
