#include "firmware/app/talk.h"

#include <string.h>

void talk_init(struct talk *t, const struct board *board, struct control *control,
               struct journal *journal, const struct wallclock *clock)
{
	memset(t, 0, sizeof *t);
	t->board = board;
	t->control = control;
	t->journal = journal;
	t->clock = clock;
	t->command.type = CAN_TRANSFER_COMMAND;
	t->bulk.type = CAN_TRANSFER_BULK;
	isotp_init(&t->command.isotp, t->command_in, sizeof t->command_in);
	isotp_init(&t->bulk.isotp, t->bulk_in, sizeof t->bulk_in);
}

void talk_reset(struct talk *t)
{
	isotp_reset(&t->command.isotp);
	isotp_reset(&t->bulk.isotp);
}

/* ---- bulk requests ---- */

static size_t events_body(struct talk *t, const struct bulk_events_get *get)
{
	struct bulk_events events;

	journal_get(t->journal, get, &events);
	return bulk_events_encode(&events, t->bulk_out);
}

/* The answer into bulk_out; 0: there is none. */
static size_t bulk_answer(struct talk *t, const uint8_t *body, size_t len)
{
	struct bulk_events_get get;
	uint32_t seq;

	if (bulk_events_get_decode(body, len, &get) == ERR_NONE)
		return events_body(t, &get);
	if (bulk_events_ack_decode(body, len, &seq) == ERR_NONE) {
		journal_ack(t->journal, seq);
		return 0;
	}
	if (bulk_time_want_get_decode(body, len) == ERR_NONE) {
		struct bulk_time_want want = {t->journal->boot, wallclock_uptime_s(t->clock)};

		return bulk_time_want_encode(&want, t->bulk_out);
	}
	t->bad_transfers++;
	return 0;
}

static void bulk_received(struct talk *t, const uint8_t *body, size_t len)
{
	size_t n;

	/* The asker gave up waiting for the last answer: this one replaces it. */
	if (isotp_sending(&t->bulk.isotp))
		isotp_reset(&t->bulk.isotp);
	n = bulk_answer(t, body, len);
	if (n > 0 &&
	    isotp_send(&t->bulk.isotp, t->bulk_out, transfer_seal(t->bulk_out, n)) != ERR_NONE)
		t->bad_transfers++;
}

/* ---- channels ---- */

static void received(struct talk *t, struct talk_channel *ch, uint32_t now_ms)
{
	const struct isotp_rx *rx = &ch->isotp.rx;
	size_t len;

	if (transfer_open(rx->data, rx->len, &len) != ERR_NONE)
		t->bad_transfers++;
	else if (ch == &t->command)
		control_command(t->control, rx->data, len, now_ms);
	else
		bulk_received(t, rx->data, len);
}

static void happened(struct talk *t, struct talk_channel *ch, enum isotp_event event,
                     uint32_t now_ms)
{
	switch (event) {
	case ISOTP_NOTHING:
		return;
	case ISOTP_RECEIVED:
		received(t, ch, now_ms);
		return;
	case ISOTP_DROPPED:
	case ISOTP_FAILED: /* the asker asks again: nothing is lost */
		t->bad_transfers++;
		return;
	}
}

void talk_take(struct talk *t, enum can_type type, const struct can_msg *msg, uint32_t now_ms)
{
	struct talk_channel *ch = type == CAN_TRANSFER_COMMAND ? &t->command : &t->bulk;
	enum err err;

	happened(t, ch, isotp_take(&ch->isotp, msg->data, msg->len, now_ms, &err), now_ms);
}

static void channel_poll(struct talk *t, struct talk_channel *ch, uint16_t address, uint32_t now_ms)
{
	const struct board *board = t->board;
	struct can_msg msg = {.id = can_id((enum can_type)ch->type, address, CAN_FROM_TERMINAL),
	                      .len = 8};
	enum err err;
	bool done;

	happened(t, ch, isotp_poll(&ch->isotp, now_ms, &err), now_ms);
	while (board->ops->can_room(board->ctx) && isotp_next(&ch->isotp, now_ms, msg.data, &done))
		board->ops->can_send(board->ctx, &msg);
}

void talk_poll(struct talk *t, uint16_t address, uint32_t now_ms)
{
	struct isotp *isotp = &t->command.isotp;

	if (!isotp_sending(isotp) && control_result_take(t->control, t->command_out) &&
	    isotp_send(isotp, t->command_out, transfer_seal(t->command_out, RESULT_SIZE)) !=
	            ERR_NONE)
		t->bad_transfers++;
	channel_poll(t, &t->command, address, now_ms);
	channel_poll(t, &t->bulk, address, now_ms);
}
