#include "firmware/app/test/rig.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* ---- flash ---- */

void rig_flash_init(struct rig_flash *f, uint64_t seed)
{
	memset(f, 0, sizeof *f);
	memset(f->cell, 0xFF, sizeof f->cell);
	rnd_seed(&f->rnd, seed);
}

static uint16_t noise(struct rig_flash *f)
{
	return (uint16_t)rnd_u64(&f->rnd);
}

static uint16_t flash_read(void *ctx, uint32_t offset)
{
	struct rig_flash *f = ctx;
	uint16_t weak = f->weak[offset / 2];

	assert_true(offset % 2 == 0 && offset < FLASH_PAGES * FLASH_PAGE_SIZE);
	if (weak == 0)
		return f->cell[offset / 2];
	return (uint16_t)((f->cell[offset / 2] & ~weak) | (noise(f) & weak));
}

/* Bits that are to change by `change` ended somewhere: where, says the kind of the cut. */
static void half_change(struct rig_flash *f, uint32_t i, uint16_t target, enum cut_kind kind)
{
	uint16_t change = (uint16_t)(f->cell[i] ^ target);
	uint16_t done = 0, weak = 0;

	switch (kind) {
	case CUT_NOTHING:
	case CUT_KINDS:
		return;
	case CUT_ALL:
		done = 0xFFFF;
		break;
	case CUT_RANDOM:
		done = noise(f);
		break;
	case CUT_PART:
		done = 0x00FF;
		break;
	case CUT_MARGINAL:
		weak = (uint16_t)(noise(f) & change);
		done = (uint16_t)~weak;
		break;
	}
	f->cell[i] = (uint16_t)(f->cell[i] ^ (change & done));
	f->weak[i] = (uint16_t)((f->weak[i] & ~(change & done)) | weak);
}

static bool power_goes(struct rig_flash *f)
{
	return ++f->operations == f->cut_at;
}

static void power_off(struct rig_flash *f)
{
	f->cut_at = 0;
	longjmp(*f->power, 1);
}

static enum err flash_program(void *ctx, uint32_t offset, uint16_t value)
{
	struct rig_flash *f = ctx;
	uint32_t i = offset / 2;

	assert_true(offset >= PAGE_ENERGY * FLASH_PAGE_SIZE);
	if (f->dead || (f->broken_page && offset / FLASH_PAGE_SIZE == f->broken_page))
		return ERR_IO;
	/* PM0075: skipped with PGERR unless the cell reads erased or the value is 0. */
	if (value != 0 && flash_read(f, offset) != 0xFFFF)
		return ERR_IO;
	if (power_goes(f)) {
		half_change(f, i, (uint16_t)(f->cell[i] & value), f->cut_kind);
		power_off(f);
	}
	f->cell[i] &= value;
	f->weak[i] &= value; /* what is programmed to 0 is 0; the others stay what they are */
	return flash_read(f, offset) == value ? ERR_NONE : ERR_IO;
}

static enum err flash_erase(void *ctx, unsigned page)
{
	struct rig_flash *f = ctx;
	uint32_t first = page * FLASH_PAGE_SIZE / 2, half = FLASH_PAGE_SIZE / 4;
	bool cut = power_goes(f);

	assert_true(page >= PAGE_ENERGY && page < FLASH_PAGES);
	if (f->dead)
		return ERR_IO;
	f->erases[page]++;
	for (uint32_t i = 0; i < FLASH_PAGE_SIZE / 2; i++) {
		if (!cut) {
			f->cell[first + i] = 0xFFFF;
			f->weak[first + i] = 0;
		} else if (f->cut_kind == CUT_PART) {
			half_change(f, first + i, 0xFFFF, i < half ? CUT_ALL : CUT_NOTHING);
		} else {
			half_change(f, first + i, 0xFFFF, f->cut_kind);
		}
	}
	if (cut)
		power_off(f);
	return ERR_NONE;
}

const struct flash_ops rig_flash_ops = {flash_read, flash_program, flash_erase};

/* ---- CAN ---- */

static bool can_room(void *ctx)
{
	struct rig *rig = ctx;

	return rig->box_n < RIG_MAILBOXES;
}

static void can_send(void *ctx, const struct can_msg *msg)
{
	struct rig *rig = ctx;

	assert_true(rig->box_n < RIG_MAILBOXES);
	rig->box[rig->box_n++] = *msg;
}

static void can_drop(void *ctx, uint32_t id, uint32_t mask)
{
	struct rig *rig = ctx;
	unsigned kept = 0;

	for (unsigned i = 0; i < rig->box_n; i++)
		if ((rig->box[i].id & mask) != id)
			rig->box[kept++] = rig->box[i];
	rig->box_n = kept;
}

static bool can_single_shot(void *ctx, bool on)
{
	struct rig *rig = ctx;

	rig->single_shot = on;
	return true;
}

static void can_listen(void *ctx, uint16_t address, uint32_t hash20)
{
	struct rig *rig = ctx;

	rig->address = address;
	rig->hash20 = hash20;
}

static void can_recover(void *ctx)
{
	struct rig *rig = ctx;

	rig->recoveries++;
}

void rig_hear(struct rig *rig, const struct can_msg *msg)
{
	uint16_t address = can_id_address(msg->id);
	bool assign = msg->id == can_id_hashed(CAN_ASSIGN, rig->hash20);

	if (assign || address == CAN_ADDRESS_ALL || (rig->address && address == rig->address))
		terminal_can(&rig->terminal, msg, rig->now_ms);
}

static void frame_leaves(struct rig *rig)
{
	if (rig->sent_n == RIG_SENT) /* nobody looks: the newest are kept */
		memmove(rig->sent, rig->sent + RIG_SENT / 2,
		        (rig->sent_n = RIG_SENT / 2) * sizeof rig->sent[0]);
	rig->sent[rig->sent_n++] = rig->box[0];
	memmove(rig->box, rig->box + 1, --rig->box_n * sizeof rig->box[0]);
	terminal_can_event(&rig->terminal, CAN_SENT, rig->now_ms);
}

/* A millisecond of the bus, in the order of the requests. */
static void can_step(struct rig *rig)
{
	if (rig->bus_silent && rig->single_shot && rig->box_n > 0) {
		rig->box_n = 0;
		terminal_can_event(&rig->terminal, CAN_NOT_SENT, rig->now_ms);
	}
	if (rig->box_n == 0 || rig->bus_silent) {
		rig->bus_us = 0;
		return;
	}
	rig->bus_us += 1000;
	while (rig->box_n > 0 && rig->bus_us >= rig->frame_us) {
		rig->bus_us -= rig->frame_us;
		frame_leaves(rig);
	}
}

unsigned rig_count(const struct rig *rig, enum can_type type, struct can_msg *msg)
{
	unsigned n = 0;

	for (unsigned i = 0; i < rig->sent_n; i++) {
		if (can_id_type(rig->sent[i].id) != type)
			continue;
		n++;
		if (msg)
			*msg = rig->sent[i];
	}
	return n;
}

/* ---- metering module ---- */

/* 0.1 Wh = 3,600,000 x 1,000 of 0.1 mW x 1 ms. */
#define ENERGY_STEP_100UW_MS UINT64_C(3600000000)

uint32_t rig_register(const struct rig *rig)
{
	if (rig->register_fixed)
		return rig->sample.energy_100mwh;
	return (uint32_t)(rig->energy_100uw_ms / ENERGY_STEP_100UW_MS) + rig->register_offset;
}

static void queue_bytes(struct rig *rig, const uint8_t *bytes, size_t len)
{
	memcpy(rig->uart + rig->uart_len, bytes, len);
	rig->uart_len += (unsigned)len;
}

static void sensor_answer(struct rig *rig, const struct im1253b_request *request)
{
	static const uint8_t stray[] = {0x01, 0xAA, 0x01, 0x03, 0x1F};
	struct im1253b_sample sample = rig->sample;
	uint32_t reg[IM1253B_REGS];
	uint8_t frame[IM1253B_REPLY_MAX];
	size_t len;

	sample.energy_100mwh = rig_register(rig);
	if (!rig->contact_closed && !rig->leaks)
		sample.current_100ua = sample.power_100uw = 0;
	im1253b_sample_encode(&sample, reg);
	len = im1253b_reply_encode(request, reg, frame);
	if (rig->sensor == SENSOR_BAD_CRC)
		frame[len - 1] ^= 1;
	if (rig->sensor == SENSOR_ADDRESS)
		frame[0] = 7;
	if (rig->sensor == SENSOR_NOISE)
		queue_bytes(rig, stray, sizeof stray);
	if (rig->sensor == SENSOR_LATE && rig->late_len)
		queue_bytes(rig, rig->late, rig->late_len);
	memcpy(rig->late, frame, len);
	rig->late_len = (unsigned)len;
	if (rig->sensor != SENSOR_LATE)
		queue_bytes(rig, frame, rig->sensor == SENSOR_SHORT ? len - 5 : len);
}

static void sensor_send(void *ctx, const uint8_t *bytes, size_t len)
{
	struct rig *rig = ctx;
	struct im1253b_request request;

	assert_int_equal(im1253b_request_decode(bytes, len, &request), ERR_NONE);
	rig->uart_len = rig->uart_at = 0;
	rig->uart_due_ms = rig->now_ms + 17;
	if (rig->sensor == SENSOR_SILENT)
		return;
	if (rig->sensor == SENSOR_ECHO)
		queue_bytes(rig, bytes, len);
	else
		sensor_answer(rig, &request);
	rig->uart_due_ms = rig->now_ms + 40;
}

static void sensor_step(struct rig *rig)
{
	int64_t power_100uw = rig->contact_closed ? rig->sample.power_100uw : 0;

	rig->energy_100uw_ms += (uint64_t)power_100uw;
	if (rig->uart_at == rig->uart_len || rig->now_ms < rig->uart_due_ms)
		return;
	rig->uart_due_ms += 2; /* a character at 4800 bit/s */
	terminal_sensor_byte(&rig->terminal, rig->uart[rig->uart_at++], rig->now_ms);
}

/* ---- relay, button, light ---- */

static void relay_pulse(void *ctx, enum coil coil)
{
	struct rig *rig = ctx;

	rig->pulses[coil]++;
	if (rig->on_pulse)
		rig->on_pulse(rig, coil);
	rig->moving_to = coil == COIL_CLOSE;
	rig->moves_at_ms = rig->contact_stuck ? 0 : rig->now_ms + 9;
}

static bool contact_closed(void *ctx)
{
	struct rig *rig = ctx;

	return rig->contact_closed;
}

static bool button_down(void *ctx)
{
	struct rig *rig = ctx;

	return rig->button_down;
}

static void led(void *ctx, bool on)
{
	struct rig *rig = ctx;

	rig->led = on;
}

static void relay_step(struct rig *rig)
{
	if (rig->moves_at_ms == 0 || rig->now_ms < rig->moves_at_ms)
		return;
	rig->moves_at_ms = 0;
	rig->contact_closed = rig->moving_to;
}

static const struct board_ops rig_ops = {
        .can_room = can_room,
        .can_send = can_send,
        .can_drop = can_drop,
        .can_single_shot = can_single_shot,
        .can_listen = can_listen,
        .can_recover = can_recover,
        .sensor_send = sensor_send,
        .relay_pulse = relay_pulse,
        .contact_closed = contact_closed,
        .button_down = button_down,
        .led = led,
};

/* ---- bench ---- */

static void write_identity(struct rig *rig)
{
	uint8_t bytes[IDENTITY_SIZE] = "WID1";

	bytes[4] = IDENTITY_LAYOUT;
	bytes[5] = 1;
	for (unsigned i = 0; i < COMMAND_KEY_SIZE; i++)
		bytes[8 + i] = (uint8_t)rnd_u64(&rig->rnd);
	put_le32(bytes + 40, crc32_ieee(0, bytes, 40));
	for (unsigned i = 0; i < IDENTITY_SIZE; i += 2)
		rig->flash.cell[(PAGE_IDENTITY * FLASH_PAGE_SIZE + i) / 2] = get_le16(bytes + i);
}

void rig_init(struct rig *rig, uint64_t seed)
{
	memset(rig, 0, sizeof *rig);
	rnd_seed(&rig->rnd, seed);
	rig_flash_init(&rig->flash, rnd_u64(&rig->rnd));
	rig->board = (struct board){
	        &rig_ops, rig, {&rig_flash_ops, &rig->flash}
        };
	for (unsigned i = 0; i < CHIP_SIZE; i++)
		rig->boot.chip[i] = (uint8_t)rnd_u64(&rig->rnd);
	write_identity(rig);
	rig->contact_closed = true;
	rig->sample = (struct im1253b_sample){
	        .voltage_100uv = 2300000,
	        .current_100ua = 87000,
	        .power_100uw = 20000000,
	        .pf_permille = 1000,
	        .frequency_chz = 5000,
	};
	rig->register_offset = 12345;
	rig->frame_us = RIG_FRAME_US;
}

bool rig_boot(struct rig *rig)
{
	jmp_buf power;

	rig->now_ms = rig->poll_ms = 0;
	rig->uart_len = rig->uart_at = 0;
	rig->sent_n = 0;
	rig->box_n = 0;
	rig->moves_at_ms = 0;
	rig->single_shot = false;
	rig->flash.power = &power;
	if (setjmp(power))
		return false;
	terminal_init(&rig->terminal, &rig->board, &rig->boot, 0);
	return true;
}

/* As on the chip: each millisecond in a hurry, each tick of 10 ms and after each event otherwise. */
static void step(struct rig *rig)
{
	bool events = rig->uart_at < rig->uart_len || rig->box_n > 0;

	rig->now_ms++;
	relay_step(rig);
	sensor_step(rig);
	can_step(rig);
	if (!events && !terminal_hurry(&rig->terminal) && rig->now_ms < rig->poll_ms)
		return;
	terminal_poll(&rig->terminal, rig->now_ms);
	rig->poll_ms = rig->now_ms + 10;
}

bool rig_run(struct rig *rig, uint32_t ms)
{
	jmp_buf power;

	rig->flash.power = &power;
	if (setjmp(power))
		return false;
	for (uint32_t end = rig->now_ms + ms; rig->now_ms != end;)
		step(rig);
	return true;
}

void rig_off(struct rig *rig, uint32_t ms)
{
	int64_t power_100uw = rig->contact_closed ? rig->sample.power_100uw : 0;

	rig->energy_100uw_ms += (uint64_t)power_100uw * ms;
}

/* ---- a small gateway ---- */

void gate_init(struct gate *g, struct rig *rig, uint16_t address)
{
	memset(g, 0, sizeof *g);
	g->rig = rig;
	g->assigns = true;
	g->address = address;
	isotp_init(&g->command, g->command_in, sizeof g->command_in);
	isotp_init(&g->bulk, g->bulk_in, sizeof g->bulk_in);
}

static void hear_claim(struct gate *g, const struct can_msg *msg)
{
	struct can_assign assign = {msg->id & CAN_HASH_MASK, g->address, {0}};
	struct can_msg out;

	if (can_claim_take(&g->join, msg) != ERR_NONE)
		return;
	g->claims++;
	g->claim = g->join.claim;
	if (!g->assigns)
		return;
	can_fingerprint(g->join.claim.chip, assign.fingerprint);
	can_assign_encode(&assign, &out);
	rig_hear(g->rig, &out);
}

static void hear_transfer(struct gate *g, struct isotp *ch, const struct can_msg *msg)
{
	enum err err;
	size_t len;

	if (isotp_take(ch, msg->data, msg->len, g->rig->now_ms, &err) != ISOTP_RECEIVED ||
	    transfer_open(ch->rx.data, ch->rx.len, &len) != ERR_NONE)
		return;
	if (ch == &g->command) {
		assert_int_equal(len, RESULT_SIZE);
		assert_true(g->results < 16);
		memcpy(g->result[g->results++], ch->rx.data, len);
	} else {
		memcpy(g->answer, ch->rx.data, len);
		g->answer_len = len;
	}
}

static void gate_hear(struct gate *g)
{
	struct rig *rig = g->rig;

	for (; g->seen < rig->sent_n; g->seen++) {
		const struct can_msg msg = rig->sent[g->seen];

		switch (can_id_type(msg.id)) {
		case CAN_CLAIM:
			hear_claim(g, &msg);
			break;
		case CAN_TRANSFER_COMMAND:
			hear_transfer(g, &g->command, &msg);
			break;
		case CAN_TRANSFER_BULK:
			hear_transfer(g, &g->bulk, &msg);
			break;
		case CAN_VALUES_A:
			g->values_a++;
			break;
		case CAN_VALUES_B:
			g->values_b++;
			break;
		default:
			break;
		}
	}
	rig->sent_n = g->seen = 0;
}

static void gate_talk(struct gate *g, struct isotp *ch, enum can_type type)
{
	struct can_msg msg = {.id = can_id(type, g->address, CAN_TO_TERMINAL), .len = 8};
	enum err err;
	bool done;

	isotp_poll(ch, g->rig->now_ms, &err);
	if (isotp_next(ch, g->rig->now_ms, msg.data, &done))
		rig_hear(g->rig, &msg);
}

static bool gate_step(struct gate *g)
{
	jmp_buf power;

	if (!rig_run(g->rig, 1))
		return false;
	g->rig->flash.power = &power;
	if (setjmp(power))
		return false;
	gate_hear(g);
	gate_talk(g, &g->command, CAN_TRANSFER_COMMAND);
	gate_talk(g, &g->bulk, CAN_TRANSFER_BULK);
	return true;
}

bool gate_run(struct gate *g, uint32_t ms)
{
	while (ms--)
		if (!gate_step(g))
			return false;
	return true;
}

bool gate_send(struct gate *g, enum can_type type, const uint8_t *body, size_t len)
{
	struct isotp *ch = type == CAN_TRANSFER_COMMAND ? &g->command : &g->bulk;

	memcpy(g->out, body, len);
	assert_int_equal(isotp_send(ch, g->out, transfer_seal(g->out, len)), ERR_NONE);
	while (isotp_sending(ch))
		if (!gate_run(g, 1))
			return false;
	return gate_run(g, 40);
}

size_t gate_command(const struct gate *g, uint32_t counter, enum command_kind kind,
                    const struct command_args *args, uint8_t body[COMMAND_SIZE_MAX])
{
	const struct identity *id = &g->rig->terminal.identity;
	struct command cmd = {
	        .key_version = 1,
	        .counter = counter,
	        .kind = (uint8_t)kind,
	        .issued_s = RIG_TIME_S + g->ahead_s,
	        .expires_s = RIG_TIME_S + g->ahead_s + 86400,
	};
	size_t len;

	assert_int_equal(command_args_encode(&cmd, args), ERR_NONE);
	assert_int_equal(command_encode(&cmd, &id->key, body, COMMAND_SIZE_MAX, &len), ERR_NONE);
	return len;
}

bool gate_order(struct gate *g, uint32_t counter, enum command_kind kind)
{
	struct command_args args = {0};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(g, counter, kind, &args, body);

	return gate_send(g, CAN_TRANSFER_COMMAND, body, len);
}

bool gate_set_time(struct gate *g, uint32_t counter, uint64_t unix_ms)
{
	struct command_args args = {
	        .unix_ms = unix_ms,
	        .boot = g->rig->terminal.journal.boot,
	        .uptime_s = wallclock_uptime_s(&g->rig->terminal.clock),
	};
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = gate_command(g, counter, COMMAND_TIME, &args, body);

	return gate_send(g, CAN_TRANSFER_COMMAND, body, len);
}

bool gate_meet(struct gate *g, uint64_t unix_ms)
{
	uint32_t counter = g->rig->terminal.control.decided.counter + 1;

	return gate_run(g, 2500) && gate_set_time(g, counter, unix_ms);
}

struct result gate_result(const struct gate *g)
{
	struct result result;

	assert_true(g->results > 0);
	assert_int_equal(result_open(g->result[g->results - 1], RESULT_SIZE,
	                             &g->rig->terminal.identity.key, &result),
	                 ERR_NONE);
	return result;
}
