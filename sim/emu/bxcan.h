/* bxCAN of a medium-density part: 3 mailboxes, 2 FIFOs of 3, 14 filter banks (RM0008 §24). What is
 * on the wire belongs to can_segment; this is the register side of a node. Time-triggered
 * mode and the debug freeze are not modelled. */
#ifndef SIM_EMU_BXCAN_H
#define SIM_EMU_BXCAN_H

#include "sim/emu/can_filter.h"
#include "sim/emu/can_segment.h"
#include "sim/emu/chip.h"

enum { BXCAN_MAILBOXES = 3, BXCAN_DEPTH = 3 };

struct bxcan_message { /* as the registers of mailbox and FIFO hold it */
	uint32_t ir, dtr, dlr, dhr;
};

struct bxcan_mailbox {
	struct bxcan_message m;
	bool requested, abort;
	vtime since;
	uint64_t order;
};

struct bxcan_fifo {
	struct bxcan_message slot[BXCAN_DEPTH];
	unsigned count;
	bool full, overrun;
};

enum bxcan_mode { BXCAN_SLEEP, BXCAN_INIT, BXCAN_NORMAL };

struct bxcan {
	struct chip *chip;
	struct can_segment *segment;
	struct can_node node;
	enum bxcan_mode mode; /* asked for; MSR tells when it is reached */
	uint32_t mcr, msr, tsr, ier, btr, lec;
	uint32_t errors_seen; /* EWGF, EPVF, BOFF when the interrupt was last considered */
	struct bxcan_mailbox box[BXCAN_MAILBOXES];
	bool clocked;
	int in_flight; /* mailbox being sent, -1 none */
	uint64_t requests;
	struct bxcan_fifo fifo[2];
	struct can_filter filter;
	vtime loop_at; /* end of a frame in loop-back mode */
	uint64_t bus_offs;
	void (*woken)(void *ctx); /* the segment changed a register of a core that may sleep */
	void *woken_ctx;
};

void bxcan_init(struct bxcan *c, struct chip *chip, struct can_segment *segment);
void bxcan_reset(struct bxcan *c);
uint32_t bxcan_read(struct bxcan *c, uint32_t offset);
void bxcan_write(struct bxcan *c, uint32_t offset, uint32_t value);

/* The clock gate, PCLK1 or the TX pin changed. */
void bxcan_wiring(struct bxcan *c, bool clocked, bool tx_connected);
vtime bxcan_next(const struct bxcan *c);
void bxcan_run(struct bxcan *c);
#endif
