/* The whole terminal without its hardware: events and the time go in, calls of board_ops come out.
 * The same code runs on the chip, in the tests and in the simulator.
 *
 * In reading order: terminal (who gets which event), meter and energy (what flows), relay and
 * control (whether it may flow), node and talk (how others learn of it), journal and flog (what
 * survives a power cut). */
#ifndef FIRMWARE_APP_TERMINAL_H
#define FIRMWARE_APP_TERMINAL_H

#include "firmware/app/meter.h"
#include "firmware/app/node.h"
#include "firmware/app/panel.h"
#include "firmware/app/talk.h"

#define TERMINAL_TIDY_MS 250u
#define TERMINAL_LOGS    6

struct terminal {
	const struct board *board;
	struct rnd rnd;
	struct identity identity;
	struct wallclock clock;
	struct journal journal;
	struct meter meter;
	struct relay relay;
	struct control control;
	struct node node;
	struct talk talk;
	struct panel panel;
	uint32_t tidy_ms;
	uint16_t repairs_told[TERMINAL_LOGS]; /* of each log's repairs, by an event */
	bool clock_failed;
};

/* *board stays the caller's, and stays. */
void terminal_init(struct terminal *t, const struct board *board, const struct boot_info *boot,
                   uint32_t now_ms);

/* At least every 10 ms; after it all parts have run, and the watchdog may be fed. */
void terminal_poll(struct terminal *t, uint32_t now_ms);

/* Something moves: poll each millisecond. */
bool terminal_hurry(const struct terminal *t);

void terminal_can(struct terminal *t, const struct can_msg *msg, uint32_t now_ms);
void terminal_can_event(struct terminal *t, enum can_event event, uint32_t now_ms);
void terminal_sensor_byte(struct terminal *t, uint8_t byte, uint32_t now_ms);
void terminal_sensor_error(struct terminal *t);
#endif
