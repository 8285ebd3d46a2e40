/* Decides whether supply is on: signed commands, forced trip, keep-power, the balance, the tenant's button. What
 * it decided, and the counter of the command, are in flash before the relay moves; so a power cut
 * leaves the old or the new state, and no command works twice. docs/protocol/command.md has the rules. */
#ifndef FIRMWARE_APP_CONTROL_H
#define FIRMWARE_APP_CONTROL_H

#include "firmware/app/credit.h"
#include "firmware/app/decision.h"
#include "firmware/app/energy.h"
#include "firmware/app/identity.h"
#include "firmware/app/relay.h"
#include "firmware/app/wallet.h"

#include "libs/base/rnd.h"

#define CONTROL_RESULTS     3   /* that wait for the bus */
#define CONTROL_FUTURE_S    600 /* a command from further ahead is not yet valid */
#define CONTROL_TIME_ECHO_S 30  /* a time command answers a wish this old at most */

/* What a command's arrival needs from the rest of the terminal. */
struct control_parts {
	const struct identity *identity;
	const struct flash *flash;
	struct journal *journal;
	struct relay *relay;
	struct wallclock *clock;
	struct rnd *rnd;
	const struct energy_meter *energy;
};

struct control {
	struct control_parts parts;
	struct flog log;
	struct wallet wallet;
	struct credit credit;
	struct decision decided;
	struct command delayed; /* the command that waits, while `waiting` */
	struct result last;     /* answer to the last supply command */
	struct result timed;    /* answer to the last time command since the start ... */
	uint8_t time_mac[COMMAND_MAC_SIZE]; /* ... and its MAC */
	struct result queue[CONTROL_RESULTS];
	uint32_t due_ms; /* of the delayed command */
	uint32_t bad_macs;
	uint8_t queued;
	bool waiting;    /* for the moment of the delayed command */
	bool last_known; /* `last` was made since the start */
	bool awaiting;   /* the contact's answer to the last supply command */
	bool past_open;  /* a hand at the meter lets the next signed time go below issue_s */
	bool failed;     /* the flash did not take the last write */
};

/* After the relay was initialised; decides what it should be now. */
void control_open(struct control *c, const struct control_parts *parts, uint32_t now_ms);

/* The body of a command transfer. */
void control_command(struct control *c, const uint8_t *body, size_t len, uint32_t now_ms);

/* The button was pressed. */
void control_button(struct control *c, uint32_t now_ms);

/* The button was held from the start on, for so long that a person means it: the platform's clock was wrong
 * once, and commands of that time left an issue time that lies ahead. */
void control_open_past(struct control *c, uint32_t now_ms);

void control_poll(struct control *c, enum relay_news news, uint32_t now_ms);

/* METER_CONTACT_CLOSED .. METER_RELAY_FAULT and METER_CLOCK_SET. */
uint16_t control_state(const struct control *c);

/* The oldest result that waits, signed; false when there is none. */
MUST_USE bool control_result_take(struct control *c, uint8_t body[RESULT_SIZE]);
#endif
