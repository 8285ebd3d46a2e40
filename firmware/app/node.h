/* This terminal on the CAN bus: claims an address, sends its values each second, gives the address
 * up when somebody else uses it. docs/protocol/can.md has the rules. */
#ifndef FIRMWARE_APP_NODE_H
#define FIRMWARE_APP_NODE_H

#include "firmware/app/journal.h"

#include "libs/base/rnd.h"

#define NODE_FIRST_CLAIM_MS 2000u /* 0 .. this after a start and after WHO */
#define NODE_BACKOFF_MAX_MS 4000u
#define NODE_OUTCOME_MS     500u /* a claim frame that is not out by then failed */

struct node {
	const struct board *board;
	struct journal *journal;
	struct rnd *rnd;
	struct can_claim claim; /* salt and address in it are ours now */
	uint8_t fingerprint[FINGERPRINT_SIZE];
	uint32_t hash20;
	uint32_t due_ms; /* next step of the claim */
	uint32_t backoff_ms;
	uint32_t recover_ms;
	uint32_t clashes, bus_offs;
	struct meter_values values; /* of this second ... */
	uint8_t due;                /* ... and its frames that wait for room: enum node_frame */
	uint8_t phase;              /* enum node_phase */
	uint8_t part;               /* of the claim, to be sent or on its way */
	uint8_t bus_off_row;        /* without a frame sent in between */
	bool off;                   /* the bus, until recover_ms */
};

enum node_phase {
	NODE_QUIET,    /* nothing to claim */
	NODE_WAITING,  /* for due_ms, to claim then */
	NODE_CLAIMING, /* single-shot frames; nothing else is sent meanwhile */
};

enum node_frame { NODE_VALUES_A = 1, NODE_VALUES_B = 2 };

void node_init(struct node *n, const struct board *board, struct journal *journal, struct rnd *rnd,
               const uint8_t chip[CHIP_SIZE], uint32_t now_ms);

void node_poll(struct node *n, uint32_t now_ms);

void node_who(struct node *n, uint32_t now_ms);
void node_assign(struct node *n, const struct can_assign *assign);
void node_event(struct node *n, enum can_event event, uint32_t now_ms);

/* A frame from our own address, which was not ours. */
void node_clash(struct node *n, uint32_t now_ms);

/* Values and transfers may be sent. */
bool node_ready(const struct node *n);

/* The two cyclic frames, as soon as there is room: before any transfer, which goes on. Ones that still wait
 * since the last second are old: they are dropped. */
void node_send_values(struct node *n, const struct meter_values *values);
#endif
