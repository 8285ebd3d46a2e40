/* What the application needs from a board, and what a board tells the application. The real board
 * fills these tables with registers (firmware/board/), tests and the simulator with variables and
 * a clock that they move themselves. */
#ifndef FIRMWARE_APP_BOARD_H
#define FIRMWARE_APP_BOARD_H

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/proto/can.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Flash as the STM32F1 has it: half-words are programmed once (0x0000 always), pages erased to ones. An
 * offset counts from the start of the flash and is even. */
struct flash_ops {
	uint16_t (*read)(void *ctx, uint32_t offset);
	enum err (*program)(void *ctx, uint32_t offset, uint16_t value);
	enum err (*erase)(void *ctx, unsigned page);
};

struct flash {
	const struct flash_ops *ops;
	void *ctx;
};

enum coil {
	COIL_OPEN,
	COIL_CLOSE,
};

struct board_ops {
	/* Room for one more frame to send. */
	bool (*can_room)(void *ctx);
	/* Only when there is room; frames leave in this order. */
	void (*can_send)(void *ctx, const struct can_msg *msg);
	/* Frames that still wait are forgotten, if their identifier is `id` in the bits of `mask`. */
	void (*can_drop)(void *ctx, uint32_t id, uint32_t mask);
	/* Each frame is tried once (CAN_SENT or CAN_NOT_SENT follows) instead of repeated until it is
	 * out. False: frames still wait; ask again. */
	bool (*can_single_shot)(void *ctx, bool on);
	/* Hear frames of this address (0: none), of everybody's, and assignments for this hash. */
	void (*can_listen)(void *ctx, uint16_t address, uint32_t hash20);
	/* Back on the bus after CAN_BUS_OFF. */
	void (*can_recover)(void *ctx);

	void (*sensor_send)(void *ctx, const uint8_t *bytes, size_t len);

	/* A pulse on one coil of the latching relay; the board ends it by itself. */
	void (*relay_pulse)(void *ctx, enum coil coil);
	bool (*contact_closed)(void *ctx);

	bool (*button_down)(void *ctx);
	void (*led)(void *ctx, bool on);
};

struct board {
	const struct board_ops *ops;
	void *ctx;
	struct flash flash;
};

/* What the board knows at its start. */
struct boot_info {
	uint8_t chip[CHIP_SIZE];
	uint8_t reset_cause; /* RM0008 RCC_CSR bits 31..26: 1 pin, 2 power, 4 software, 8 watchdog */
	bool clock_failed;   /* no crystal: slow clock, no CAN */
	bool asserted;       /* the last run ended in a failed assertion or a fault ... */
	uint8_t assert_file; /* ... of this file (faults.h) ... */
	int32_t assert_line; /* ... and line, or the address of a fault */
};

enum can_event {
	CAN_SENT,     /* single shot: the frame is out */
	CAN_NOT_SENT, /* single shot: it ended in an error */
	CAN_BUS_OFF,  /* the controller left the bus; nothing goes until can_recover() */
};

#define FIRMWARE_VERSION 0x0001 /* major << 8 | minor */
#endif
