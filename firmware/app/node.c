#include "firmware/app/node.h"

#include "libs/base/number.h"

#include <assert.h>
#include <string.h>

/* Identifiers of both cyclic frames: they differ in the last bit of the type. */
#define CYCLIC_ID   ((uint32_t)CAN_VALUES_A << 20)
#define CYCLIC_MASK (UINT32_C(0x3E) << 20)
static_assert((CAN_VALUES_A | 1) == CAN_VALUES_B, "one mask for both");

/* A wiring fault must not make this terminal flood a bus that works for others. */
static const uint32_t bus_off_pause_ms[] = {100, 500, 1000, 5000};

static void drop_all(struct node *n)
{
	n->board->ops->can_drop(n->board->ctx, 0, 0);
}

static void listen(struct node *n)
{
	n->hash20 = can_hash20(n->claim.chip, n->claim.salt);
	n->board->ops->can_listen(n->board->ctx, n->claim.address, n->hash20);
}

static void claim_within(struct node *n, uint32_t most_ms, uint32_t now_ms)
{
	n->phase = NODE_WAITING;
	n->due_ms = now_ms + rnd_below(n->rnd, most_ms + 1);
}

void node_init(struct node *n, const struct board *board, struct journal *journal, struct rnd *rnd,
               const uint8_t chip[CHIP_SIZE], uint32_t now_ms)
{
	memset(n, 0, sizeof *n);
	n->board = board;
	n->journal = journal;
	n->rnd = rnd;
	memcpy(n->claim.chip, chip, CHIP_SIZE);
	n->claim.version = CAN_VERSION;
	n->claim.boot = journal->boot;
	n->claim.firmware = FIRMWARE_VERSION;
	can_fingerprint(chip, n->fingerprint);
	listen(n);
	claim_within(n, NODE_FIRST_CLAIM_MS, now_ms);
}

static void send_part(struct node *n, uint32_t now_ms)
{
	struct can_msg msg;

	can_claim_encode(&n->claim, n->part, &msg);
	n->board->ops->can_send(n->board->ctx, &msg);
	n->due_ms = now_ms + NODE_OUTCOME_MS;
}

static void begin_claim(struct node *n, uint32_t now_ms)
{
	if (!n->board->ops->can_single_shot(n->board->ctx, true)) {
		/* What waits there is cyclic values or a transfer: both come again. */
		drop_all(n);
		return;
	}
	n->phase = NODE_CLAIMING;
	n->part = 0;
	send_part(n, now_ms);
}

static void end_single_shot(struct node *n)
{
	drop_all(n);
	/* Frames that will not leave keep the mode: the next claim asks again. */
	if (!n->board->ops->can_single_shot(n->board->ctx, false))
		return;
}

/* Until the gateway answers: again after 1, 2, 4, 4 ... seconds, more or less. */
static void claim_sent(struct node *n, uint32_t now_ms)
{
	end_single_shot(n);
	n->phase = NODE_QUIET;
	if (n->claim.address != CAN_ADDRESS_NONE)
		return;
	n->backoff_ms = n->backoff_ms == 0 ? 1000 : n->backoff_ms * 2;
	if (n->backoff_ms > NODE_BACKOFF_MAX_MS)
		n->backoff_ms = NODE_BACKOFF_MAX_MS;
	n->phase = NODE_WAITING;
	n->due_ms = now_ms + n->backoff_ms * 3 / 4 + rnd_below(n->rnd, n->backoff_ms / 2);
}

/* Nobody listens, or another terminal's frame has the same identifier and other data. */
static void claim_failed(struct node *n, uint32_t now_ms)
{
	end_single_shot(n);
	n->claim.salt = (n->claim.salt + 1) & CAN_CLAIM_SALT_LAST;
	listen(n);
	claim_within(n, NODE_FIRST_CLAIM_MS, now_ms);
}

void node_who(struct node *n, uint32_t now_ms)
{
	if (n->phase != NODE_CLAIMING)
		claim_within(n, NODE_FIRST_CLAIM_MS, now_ms);
}

static void set_address(struct node *n, uint16_t address)
{
	n->claim.address = address;
	n->backoff_ms = n->due = 0;
	listen(n);
}

void node_assign(struct node *n, const struct can_assign *assign)
{
	if (assign->hash20 != n->hash20 ||
	    memcmp(assign->fingerprint, n->fingerprint, FINGERPRINT_SIZE) != 0)
		return;
	if (assign->address != n->claim.address)
		set_address(n, assign->address);
	if (n->phase != NODE_CLAIMING)
		n->phase = assign->address == CAN_ADDRESS_NONE ? NODE_WAITING : NODE_QUIET;
}

void node_clash(struct node *n, uint32_t now_ms)
{
	uint16_t address = n->claim.address;

	if (address == CAN_ADDRESS_NONE)
		return;
	n->clashes++;
	drop_all(n);
	set_address(n, CAN_ADDRESS_NONE);
	claim_within(n, NODE_FIRST_CLAIM_MS, now_ms);
	journal_add(n->journal, EVENT_ADDRESS_CLASH, 0, address, now_ms);
}

static void bus_off(struct node *n, uint32_t now_ms)
{
	n->bus_offs++;
	n->off = true;
	n->recover_ms = now_ms + bus_off_pause_ms[n->bus_off_row];
	if (n->bus_off_row < ARRAY_SIZE(bus_off_pause_ms) - 1)
		n->bus_off_row++;
	if (n->phase == NODE_CLAIMING)
		claim_failed(n, now_ms);
	journal_add(n->journal, EVENT_BUS_OFF, n->bus_off_row, 0, now_ms);
}

void node_event(struct node *n, enum can_event event, uint32_t now_ms)
{
	bool claiming = n->phase == NODE_CLAIMING;

	switch (event) {
	case CAN_SENT:
		n->bus_off_row = 0;
		if (!claiming)
			return;
		if (++n->part < CAN_CLAIM_FRAMES)
			send_part(n, now_ms);
		else
			claim_sent(n, now_ms);
		return;
	case CAN_NOT_SENT:
		if (claiming)
			claim_failed(n, now_ms);
		return;
	case CAN_BUS_OFF:
		bus_off(n, now_ms);
		return;
	}
}

bool node_ready(const struct node *n)
{
	return n->claim.address != CAN_ADDRESS_NONE && n->phase != NODE_CLAIMING && !n->off;
}

/* ---- values ---- */

/* A value outside its bits cannot be said: the set goes out as not valid. */
static bool encode_a(const struct node *n, struct can_msg *msg)
{
	static const struct meter_values nothing;

	return can_values_a_encode(n->claim.address, &n->values, msg) == ERR_NONE ||
	       can_values_a_encode(n->claim.address, &nothing, msg) == ERR_NONE;
}

static void send_due(struct node *n)
{
	const struct board_ops *ops = n->board->ops;

	while (n->due && node_ready(n) && ops->can_room(n->board->ctx)) {
		struct can_msg msg;
		bool a = n->due & NODE_VALUES_A;

		n->due = a ? n->due & NODE_VALUES_B : 0;
		if (a ? encode_a(n, &msg)
		      : can_values_b_encode(n->claim.address, &n->values, &msg) == ERR_NONE)
			ops->can_send(n->board->ctx, &msg);
	}
}

void node_send_values(struct node *n, const struct meter_values *values)
{
	/* What waits of a transfer stays: its segments count as sent. */
	n->board->ops->can_drop(n->board->ctx, CYCLIC_ID, CYCLIC_MASK);
	n->values = *values;
	n->due = NODE_VALUES_A | NODE_VALUES_B;
	send_due(n);
}

void node_poll(struct node *n, uint32_t now_ms)
{
	send_due(n);
	if (n->off) {
		if (!ms_reached(now_ms, n->recover_ms))
			return;
		n->off = false;
		n->board->ops->can_recover(n->board->ctx);
	}
	if (n->phase == NODE_QUIET || !ms_reached(now_ms, n->due_ms))
		return;
	if (n->phase == NODE_WAITING)
		begin_claim(n, now_ms);
	else
		claim_failed(n, now_ms);
}
