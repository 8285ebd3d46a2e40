#include "firmware/app/terminal.h"

#include "libs/base/bytes.h"
#include "libs/base/number.h"

#include <string.h>

static void note_boot(struct terminal *t, const struct boot_info *boot, uint32_t now_ms)
{
	journal_add(&t->journal, EVENT_BOOT, boot->reset_cause, t->journal.boot, now_ms);
	if (boot->asserted)
		journal_add(&t->journal, EVENT_ASSERT, boot->assert_file, boot->assert_line,
		            now_ms);
}

void terminal_init(struct terminal *t, const struct board *board, const struct boot_info *boot,
                   uint32_t now_ms)
{
	struct control_parts parts = {
	        .identity = &t->identity,
	        .flash = &board->flash,
	        .journal = &t->journal,
	        .relay = &t->relay,
	        .clock = &t->clock,
	        .rnd = &t->rnd,
	        .energy = &t->meter.energy,
	};

	memset(t, 0, sizeof *t);
	t->board = board;
	t->clock_failed = boot->clock_failed;
	t->tidy_ms = now_ms + TERMINAL_TIDY_MS;
	identity_load(&t->identity, &board->flash, boot->chip);
	wallclock_init(&t->clock, now_ms);
	journal_open(&t->journal, &board->flash, &t->clock, now_ms);
	note_boot(t, boot, now_ms);
	/* Other delays in each terminal and after each start: a house full of them starts at once. */
	rnd_seed(&t->rnd, get_le64(boot->chip) ^ (uint64_t)get_le32(boot->chip + 8) << 16 ^
	                          (uint64_t)t->journal.boot << 48);
	relay_init(&t->relay, board, &t->journal, now_ms);
	control_open(&t->control, &parts, now_ms);
	meter_init(&t->meter, board, &t->journal, now_ms + 100 + rnd_below(&t->rnd, METER_POLL_MS),
	           now_ms);
	node_init(&t->node, board, &t->journal, &t->rnd, boot->chip, now_ms);
	talk_init(&t->talk, board, &t->control, &t->journal, &t->clock);
	panel_init(&t->panel, board, now_ms);
}

static enum panel_light light(const struct terminal *t)
{
	const struct control *control = &t->control;

	if (control->failed || control->wallet.failed || control->credit.failed ||
	    t->meter.energy.store_failed || !t->identity.known || t->clock_failed)
		return LIGHT_STORE;
	if (control->past_open)
		return LIGHT_TIME;
	if (relay_fault(&t->relay))
		return LIGHT_RELAY;
	if (t->meter.missed >= METER_FAULT_POLLS)
		return LIGHT_SENSOR;
	if (control_state(control) & METER_CLOSE_ALLOWED)
		return LIGHT_PRESS;
	if (credit_active(&control->credit) && control->credit.memory.state != BALANCE_GOOD)
		return LIGHT_CREDIT;
	return node_ready(&t->node) ? LIGHT_RUNNING : LIGHT_SEARCHING;
}

/* One second's frames, as soon as its value set is there. */
static void send_values(struct terminal *t, uint32_t now_ms)
{
	struct meter_values *values = &t->meter.values;
	unsigned state = control_state(&t->control);
	unsigned quality;

	t->meter.fresh = false;
	if (values->valid)
		relay_current(&t->relay, values->current_ma, now_ms);
	if (!node_ready(&t->node))
		return;
	if (journal_pending(&t->journal))
		state |= METER_EVENT_PENDING;
	if (t->meter.toggle)
		state |= METER_SAMPLE_TOGGLE;
	quality = meter_quality_take(&t->meter, now_ms);
	if (t->control.failed || t->control.wallet.failed || t->control.credit.failed ||
	    t->journal.failed)
		quality |= METER_STORE_FAULT;
	values->state = (uint16_t)state;
	values->quality = (uint16_t)quality;
	node_send_values(&t->node, values);
}

/* Erasing stops the core for tens of milliseconds: not while a contact moves or frames fly. */
static void tidy(struct terminal *t, uint32_t now_ms)
{
	struct flog *logs[TERMINAL_LOGS] = {
	        &t->journal.log,
	        &t->control.log,
	        &t->control.wallet.log,
	        &t->meter.energy.log,
	        &t->control.credit.settings,
	        &t->control.credit.marks,
	};

	if (!ms_reached(now_ms, t->tidy_ms) || terminal_hurry(t) || t->meter.waiting ||
	    isotp_sending(&t->talk.bulk.isotp) || t->talk.command.isotp.rx.active)
		return;
	t->tidy_ms = now_ms + TERMINAL_TIDY_MS;
	for (unsigned i = 0; i < TERMINAL_LOGS; i++) {
		flog_tidy(logs[i]);
		if (logs[i]->repairs == t->repairs_told[i])
			continue;
		t->repairs_told[i] = logs[i]->repairs;
		journal_add(&t->journal, EVENT_STORE_REPAIRED, logs[i]->layout->first_page,
		            logs[i]->repairs, now_ms);
	}
}

void terminal_poll(struct terminal *t, uint32_t now_ms)
{
	enum relay_news news;

	wallclock_poll(&t->clock, now_ms);
	meter_poll(&t->meter, now_ms, wallclock_uptime_s(&t->clock));
	news = relay_poll(&t->relay, now_ms);
	control_poll(&t->control, news, now_ms);
	if (news == RELAY_MOVED)
		meter_look_again(&t->meter, now_ms);
	if (panel_poll(&t->panel, light(t), now_ms))
		control_button(&t->control, now_ms);
	if (panel_held(&t->panel, now_ms))
		control_open_past(&t->control, now_ms);
	node_poll(&t->node, now_ms);
	if (t->meter.fresh)
		send_values(t, now_ms);
	if (node_ready(&t->node))
		talk_poll(&t->talk, t->node.claim.address, now_ms);
	journal_poll(&t->journal, now_ms);
	tidy(t, now_ms);
}

bool terminal_hurry(const struct terminal *t)
{
	return relay_hurry(&t->relay);
}

/* ---- events ---- */

/* Frames of our own address: to us, or from somebody who believes to have it. */
static void take_addressed(struct terminal *t, const struct can_id *id, const struct can_msg *msg,
                           uint32_t now_ms)
{
	if (t->node.claim.address == CAN_ADDRESS_NONE || id->address != t->node.claim.address)
		return;
	if (id->direction == CAN_FROM_TERMINAL) {
		node_clash(&t->node, now_ms);
		talk_reset(&t->talk);
		return;
	}
	talk_take(&t->talk, id->type, msg, now_ms);
}

void terminal_can(struct terminal *t, const struct can_msg *msg, uint32_t now_ms)
{
	struct can_assign assign;
	struct can_id id;
	uint64_t unix_ms;

	if (can_id_decode(msg->id, &id) != ERR_NONE)
		return;
	switch (id.type) {
	case CAN_TRANSFER_COMMAND:
	case CAN_TRANSFER_BULK:
	case CAN_VALUES_A:
	case CAN_VALUES_B:
		take_addressed(t, &id, msg, now_ms);
		return;
	case CAN_TIME:
		if (can_time_decode(msg, &unix_ms) == ERR_NONE)
			wallclock_bus_time(&t->clock, unix_ms);
		return;
	case CAN_WHO:
		node_who(&t->node, now_ms);
		return;
	case CAN_ASSIGN:
		if (can_assign_decode(msg, &assign) == ERR_NONE)
			node_assign(&t->node, &assign);
		return;
	case CAN_CLAIM: /* another terminal's */
		return;
	}
}

void terminal_can_event(struct terminal *t, enum can_event event, uint32_t now_ms)
{
	node_event(&t->node, event, now_ms);
}

void terminal_sensor_byte(struct terminal *t, uint8_t byte, uint32_t now_ms)
{
	meter_byte(&t->meter, byte, now_ms, wallclock_uptime_s(&t->clock));
}

void terminal_sensor_error(struct terminal *t)
{
	meter_line_error(&t->meter);
}
