#include "firmware/app/node.h"

#include "libs/base/number.h"

#include <string.h>

/* A wiring fault must not make this terminal flood a bus that works for others. */
static const uint32_t bus_off_pause_ms[] = {100, 500, 1000, 5000};

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
		n->board->ops->can_drop(n->board->ctx);
		return;
	}
	n->phase = NODE_CLAIMING;
	n->part = 0;
	send_part(n, now_ms);
}

static void end_single_shot(struct node *n)
{
	n->board->ops->can_drop(n->board->ctx);
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
	n->backoff_ms = 0;
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

static void give_up_address(struct node *n, uint32_t now_ms)
{
	uint16_t address = n->claim.address;

	if (address == CAN_ADDRESS_NONE)
		return;
	n->clashes++;
	n->board->ops->can_drop(n->board->ctx);
	set_address(n, CAN_ADDRESS_NONE);
	claim_within(n, NODE_FIRST_CLAIM_MS, now_ms);
	journal_add(n->journal, EVENT_ADDRESS_CLASH, 0, address, now_ms);
}

void node_clash(struct node *n, uint32_t now_ms)
{
	give_up_address(n, now_ms);
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
	case CAN_COLLIDES:
		give_up_address(n, now_ms);
		return;
	case CAN_BUS_OFF:
		bus_off(n, now_ms);
		return;
	}
}

void node_poll(struct node *n, uint32_t now_ms)
{
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

bool node_ready(const struct node *n)
{
	return n->claim.address != CAN_ADDRESS_NONE && n->phase != NODE_CLAIMING && !n->off;
}

/* A value outside its bits cannot be said: the set goes out as not valid. */
static void encode_a(const struct node *n, const struct meter_values *values, struct can_msg *msg)
{
	static const struct meter_values nothing;

	if (can_values_a_encode(n->claim.address, values, msg) != ERR_NONE &&
	    can_values_a_encode(n->claim.address, &nothing, msg) != ERR_NONE)
		msg->len = 0;
}

void node_send_values(struct node *n, const struct meter_values *values)
{
	const struct board_ops *ops = n->board->ops;
	struct can_msg msg;

	if (!ops->can_room(n->board->ctx))
		ops->can_drop(n->board->ctx);
	if (!ops->can_room(n->board->ctx))
		return;
	encode_a(n, values, &msg);
	ops->can_send(n->board->ctx, &msg);
	if (can_values_b_encode(n->claim.address, values, &msg) == ERR_NONE &&
	    ops->can_room(n->board->ctx))
		ops->can_send(n->board->ctx, &msg);
}
