/* The two things a person at the meter sees: a light and a button. */
#ifndef FIRMWARE_APP_PANEL_H
#define FIRMWARE_APP_PANEL_H

#include "firmware/app/board.h"

#define PANEL_STEP_MS     125u /* a pattern has 16 steps: 2 s */
#define PANEL_DEBOUNCE_MS 30u
#define PANEL_HELD_MS     5000u /* down since the start for so long: somebody means it */

enum panel_light {
	LIGHT_RUNNING,   /* a short flash in 2 s: metering, on the bus */
	LIGHT_SEARCHING, /* fast blinking: no address yet */
	LIGHT_PRESS,     /* slow blinking: press the button to close */
	LIGHT_CREDIT, /* lit for 1 s in 2 s: buy, an alarm limit is reached or supply was cut for money */
	LIGHT_SENSOR, /* two flashes: sensor fault */
	LIGHT_RELAY,  /* three flashes: relay fault */
	LIGHT_STORE,  /* four flashes: flash fault, no key or no crystal: service */
	LIGHT_TIME,   /* lit but for a blink: signed time may go back */
};

struct panel {
	const struct board *board;
	uint32_t step_ms, changed_ms, start_ms;
	uint8_t step;
	bool lit, raw_down, down;
	bool held; /* since the start, and nobody was told yet */
};

void panel_init(struct panel *p, const struct board *board, uint32_t now_ms);

/* True once for each press. */
MUST_USE bool panel_poll(struct panel *p, enum panel_light light, uint32_t now_ms);

/* True once, when the button has been down since the start for PANEL_HELD_MS. */
MUST_USE bool panel_held(struct panel *p, uint32_t now_ms);
#endif
