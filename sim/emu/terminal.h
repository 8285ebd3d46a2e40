/* One terminal of the building: the microcontroller on its board (docs/hardware/terminal.md), an IM1253B on USART2,
 * a latching relay with feedback, LED, button; and the files that keep what outlives the power. */
#ifndef SIM_EMU_TERMINAL_H
#define SIM_EMU_TERMINAL_H

#include "sim/emu/mcu.h"
#include "sim/models/im1253b.h"

enum { TERMINAL_CONSOLE = 512, TERMINAL_TRAVEL_MIN_US = 8000, TERMINAL_TRAVEL_SPREAD_US = 2000 };

struct world;

struct terminal {
	struct world *world;
	bool touched; /* the bus woke it; the heap must hear of it */
	unsigned number;
	struct mcu *mcu;
	uint8_t *flash;              /* flash.bin, mapped */
	struct im1253b_store *store; /* sensor.bin, mapped */
	struct im1253b sensor;
	vtime refresh_at, gap_at;
	vtime reply_at; /* start of the next byte of the answer */
	size_t reply_sent;
	unsigned flip_bit; /* of the next byte from the sensor, 8: none */
	bool relay_stuck;
	int coil;       /* +1 closing, -1 opening, 0 none */
	vtime moves_at; /* the contact, if the pulse lasts so long */
	vtime button_until;
	uint64_t contact_moves, uart_flips;
	uint32_t diagnostics;   /* address of the application's list of counters, 0: it has none */
	uint32_t assert_failed; /* ... and of this function of it */
	char console[TERMINAL_CONSOLE]; /* last bytes of USART1 */
	size_t console_len;
};

struct terminal_config {
	const char *dir; /* folder of this terminal's files; NULL: everything in memory */
	const char *loader, *app;
	const struct load_data *load;
	struct can_segment *segment;
};

/* The chip id of terminal `number` of the demo. */
void terminal_chip_id(unsigned number, uint8_t uid[MCU_UID_BYTES]);

MUST_USE enum err terminal_new(struct terminal **out, unsigned number,
                               const struct terminal_config *config);
void terminal_free(struct terminal *t);

void terminal_run(struct terminal *t, vtime until);
vtime terminal_next(struct terminal *t);

void terminal_power(struct terminal *t, bool on, vtime now);
void terminal_press_button(struct terminal *t, vtime now, vtime duration);

/* A counter of the application, by its place in `diagnostics` (firmware/board/stm32f103c8/main.c);
 * false when the application has no such list. */
bool terminal_counter(const struct terminal *t, unsigned place, uint32_t *value);

/* What an observer sees: coil lines, contact, LED, button, feedback. */
bool terminal_pin(const struct terminal *t, char port, unsigned pin);
#endif
