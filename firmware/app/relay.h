/* The latching relay: pulses on two coils, and a contact that says where it stands. The contact is
 * the truth; a pulse is only a try. Nothing here decides whether supply is on: control.h does. */
#ifndef FIRMWARE_APP_RELAY_H
#define FIRMWARE_APP_RELAY_H

#include "firmware/app/journal.h"

#define RELAY_PULSE_MS    50u /* the board ends the pulse; no other one starts before */
#define RELAY_DEBOUNCE_MS 3u
#define RELAY_MOVE_MS     200u /* from the start of the pulse; then it did not move */
#define RELAY_RETRIES                                                                              \
	3u /* after 1, 10 and 60 s; then only a new decision tries again. What another
                                * hand moved is moved back after the same times, then each minute. */
#define RELAY_LEAK_MA   100 /* more than this through an open contact ... */
#define RELAY_LEAK_SETS 3u  /* ... in so many value sets: it is welded, or bridged */

enum relay_news {
	RELAY_NOTHING,
	RELAY_MOVED, /* the contact stands as wanted */
	RELAY_STUCK, /* it did not move in time */
};

struct relay {
	const struct board *board;
	struct journal *journal;
	uint32_t changed_ms; /* of the raw contact */
	uint32_t pulse_ms;   /* start of the last pulse */
	uint32_t retry_ms;
	uint8_t tries; /* pulses for this decision */
	uint8_t cause; /* enum relay_cause of this decision */
	uint8_t leak_sets;
	uint8_t foreign; /* times that somebody else moved it since our decision */
	bool want_closed;
	bool contact_closed; /* debounced */
	bool raw_closed;
	bool moving; /* a pulse was given, the contact has not answered */
	bool pulsed; /* since the start: pulse_ms means something */
	bool stuck, leaking;
};

/* Looks at the contact and takes it for what is wanted; gives no pulse. */
void relay_init(struct relay *r, const struct board *board, struct journal *journal,
                uint32_t now_ms);

/* Pulses follow from relay_poll() when the contact stands otherwise. */
void relay_want(struct relay *r, bool closed, enum relay_cause cause, uint32_t now_ms);

enum relay_news relay_poll(struct relay *r, uint32_t now_ms);

/* One new value set: does current flow though the contact is open? */
void relay_current(struct relay *r, int32_t current_ma, uint32_t now_ms);

/* The contact is on its way: look at it each millisecond. */
bool relay_hurry(const struct relay *r);

bool relay_fault(const struct relay *r);
#endif
