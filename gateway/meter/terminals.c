#include "gateway/meter/terminals.h"

#include "libs/base/bytes.h"
#include "libs/proto/event.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PAIR_MS       900   /* frame B follows its frame A within this time */
#define WHO_GAP_MS    10000 /* between two requests to claim */
#define WHO_AGAIN_MS  4000  /* the one of the start is repeated once */
#define JOBS_MAX      4     /* bulk jobs on the bus at a time */
#define JOB_MS        3000
#define EVENTS_GAP_MS 2000
#define WANT_GAP_MS   20000
#define CLAIMS        64 /* claims that may be under way at a time */
#define CLAIM_MS      3000

#define TABLE_ROW     22
#define TABLE_HEAD    8
#define TABLE_VERSION 1

struct claim_slot {
	uint32_t hash20;
	int64_t mono_ms; /* of its last frame; 0: free */
	struct can_claim_join join;
};

struct terminals {
	struct terminals_out out;
	struct terminal *by_address[CAN_ADDRESS_LAST + 1];
	unsigned highest; /* address in use */
	struct claim_slot claims[CLAIMS];
	int64_t who_due_ms; /* 0: none */
	int64_t who_last_ms;
	unsigned jobs;
	bool must_save, may_save;
};

enum err terminals_new(struct terminals **out, const struct terminals_out *effects)
{
	struct terminals *ts = calloc(1, sizeof *ts);

	if (!ts)
		return ERR_NOMEM;
	ts->out = *effects;
	*out = ts;
	return ERR_NONE;
}

static void table_clear(struct terminals *ts)
{
	for (unsigned i = 0; i <= CAN_ADDRESS_LAST; i++) {
		free(ts->by_address[i]);
		ts->by_address[i] = NULL;
	}
	ts->highest = 0;
}

void terminals_free(struct terminals *ts)
{
	table_clear(ts);
	free(ts);
}

/* --- finding --- */

struct terminal *terminals_next(struct terminals *ts, unsigned *cursor)
{
	while (++*cursor <= ts->highest)
		if (ts->by_address[*cursor])
			return ts->by_address[*cursor];
	return NULL;
}

struct terminal *terminals_by_chip(struct terminals *ts, const uint8_t chip[CHIP_SIZE])
{
	struct terminal *t;

	for (unsigned i = 0; (t = terminals_next(ts, &i));)
		if (memcmp(t->chip, chip, CHIP_SIZE) == 0)
			return t;
	return NULL;
}

struct terminal *terminals_by_meter(struct terminals *ts, uint64_t meter)
{
	struct terminal *t;

	for (unsigned i = 0; (t = terminals_next(ts, &i));)
		if (t->meter == meter)
			return t;
	return NULL;
}

unsigned terminals_online(const struct terminals *ts)
{
	unsigned n = 0;

	for (unsigned i = CAN_ADDRESS_FIRST; i <= ts->highest; i++)
		n += ts->by_address[i] && ts->by_address[i]->online;
	return n;
}

/* --- the table --- */

static struct terminal *terminal_add(struct terminals *ts, const uint8_t chip[CHIP_SIZE],
                                     uint16_t address)
{
	struct terminal *t = calloc(1, sizeof *t);

	assert(address >= CAN_ADDRESS_FIRST && address <= CAN_ADDRESS_LAST);
	assert(!ts->by_address[address]);
	if (!t)
		return NULL;
	memcpy(t->chip, chip, CHIP_SIZE);
	t->address = address;
	isotp_init(&t->command, t->command_in, sizeof t->command_in);
	isotp_init(&t->bulk, t->bulk_in, sizeof t->bulk_in);
	ts->by_address[address] = t;
	if (address > ts->highest)
		ts->highest = address;
	return t;
}

size_t terminals_table_encode(const struct terminals *ts, uint8_t table[TERMINALS_TABLE_SIZE])
{
	uint8_t *row = table + TABLE_HEAD;
	uint32_t n = 0;

	for (unsigned i = CAN_ADDRESS_FIRST; i <= CAN_ADDRESS_LAST; i++) {
		const struct terminal *t = ts->by_address[i];

		if (!t)
			continue;
		memcpy(row, t->chip, CHIP_SIZE);
		put_le16(row + 12, t->address);
		put_le16(row + 14, t->boot);
		put_le16(row + 16, t->firmware);
		put_le32(row + 18, t->event_seq);
		row += TABLE_ROW;
		n++;
	}
	put_le32(table, TABLE_VERSION);
	put_le32(table + 4, n);
	return (size_t)(row - table);
}

static enum err row_decode(struct terminals *ts, const uint8_t *row,
                           const struct terminals_now *now)
{
	uint16_t address = get_le16(row + 12);
	struct terminal *t;

	if (address < CAN_ADDRESS_FIRST || address > CAN_ADDRESS_LAST || ts->by_address[address] ||
	    terminals_by_chip(ts, row))
		return ERR_DAMAGED;
	t = terminal_add(ts, row, address);
	if (!t)
		return ERR_NOMEM;
	t->boot = get_le16(row + 14);
	t->firmware = get_le16(row + 16);
	t->event_seq = t->event_taken = get_le32(row + 18);
	/* Whoever was there before the restart is expected; who does not show up is reported. */
	t->online = true;
	t->heard_ms = now->mono_ms;
	return ERR_NONE;
}

enum err terminals_table_decode(struct terminals *ts, const uint8_t *table, size_t len,
                                const struct terminals_now *now)
{
	enum err err = ERR_NONE;
	uint32_t n;

	if (len < TABLE_HEAD)
		return ERR_DAMAGED;
	if (get_le32(table) > TABLE_VERSION)
		return ERR_VERSION;
	n = get_le32(table + 4);
	if (n > TERMINALS_MAX || len != TABLE_HEAD + (size_t)n * TABLE_ROW)
		return ERR_DAMAGED;
	for (uint32_t i = 0; i < n && !err; i++)
		err = row_decode(ts, table + TABLE_HEAD + i * TABLE_ROW, now);
	if (err)
		table_clear(ts);
	return err;
}

bool terminals_must_save(const struct terminals *ts)
{
	return ts->must_save;
}

bool terminals_may_save(const struct terminals *ts)
{
	return ts->may_save || ts->must_save;
}

/* --- sending --- */

static void assign_send(struct terminals *ts, struct terminal *t)
{
	struct can_assign assign = {.hash20 = can_hash20(t->chip, t->salt), .address = t->address};
	struct can_msg msg;

	can_fingerprint(t->chip, assign.fingerprint);
	can_assign_encode(&assign, &msg);
	ts->out.send(ts->out.ctx, &msg);
	t->assign_due = false;
}

void terminals_saved(struct terminals *ts)
{
	struct terminal *t;

	ts->must_save = ts->may_save = false;
	for (unsigned i = 0; (t = terminals_next(ts, &i));)
		if (t->assign_due)
			assign_send(ts, t);
}

static void channel_pump(struct terminals *ts, struct terminal *t, enum can_type type,
                         struct isotp *channel, int64_t mono_ms)
{
	struct can_msg msg = {.len = 8};
	bool done;

	msg.id = can_id(type, t->address, CAN_TO_TERMINAL);
	while (isotp_next(channel, (uint32_t)mono_ms, msg.data, &done))
		ts->out.send(ts->out.ctx, &msg);
}

static void terminal_pump(struct terminals *ts, struct terminal *t, int64_t mono_ms)
{
	channel_pump(ts, t, CAN_TRANSFER_COMMAND, &t->command, mono_ms);
	channel_pump(ts, t, CAN_TRANSFER_BULK, &t->bulk, mono_ms);
}

static void who_send(struct terminals *ts, int64_t mono_ms)
{
	struct can_msg msg;

	can_who_encode(&msg);
	ts->out.send(ts->out.ctx, &msg);
	ts->who_last_ms = mono_ms;
	ts->who_due_ms = 0;
}

enum err terminal_command(struct terminals *ts, struct terminal *t, const uint8_t *body, size_t len,
                          const struct terminals_now *now)
{
	enum err err;

	if (len > COMMAND_SIZE_MAX)
		return ERR_TOO_LONG;
	if (isotp_sending(&t->command))
		return ERR_BUSY;
	memcpy(t->command_out, body, len);
	err = isotp_send(&t->command, t->command_out, transfer_seal(t->command_out, len));
	if (!err)
		terminal_pump(ts, t, now->mono_ms);
	return err;
}

bool terminals_command_moves(const struct terminals *ts)
{
	for (unsigned i = CAN_ADDRESS_FIRST; i <= ts->highest; i++) {
		const struct terminal *t = ts->by_address[i];

		if (t && (isotp_sending(&t->command) || t->command.rx.active))
			return true;
	}
	return false;
}

/* --- noticing --- */

static void notice(struct terminals *ts, const struct terminal *t, enum event_kind kind,
                   uint8_t detail, int32_t value)
{
	struct bulk_event event = {
	        .boot = t->boot, .kind = (uint8_t)kind, .detail = detail, .value = value};

	ts->out.event(ts->out.ctx, t, &event);
}

static void terminal_heard(struct terminals *ts, struct terminal *t, int64_t mono_ms)
{
	t->heard_ms = mono_ms;
	if (t->online)
		return;
	t->online = true;
	notice(ts, t, EVENT_DEVICE_BACK, 0, 0);
}

/* detail: firmware major, value: firmware minor and address */
static void found_notice(struct terminals *ts, const struct terminal *t)
{
	notice(ts, t, EVENT_DEVICE_FOUND, (uint8_t)(t->firmware >> 8),
	       (t->firmware & 0xFF) << 16 | t->address);
}

void terminals_report(struct terminals *ts)
{
	struct terminal *t;

	for (unsigned i = 0; (t = terminals_next(ts, &i));) {
		found_notice(ts, t);
		if (!t->online)
			notice(ts, t, EVENT_DEVICE_LOST, 0, 0);
	}
}

/* --- claims --- */

static struct claim_slot *claim_slot(struct terminals *ts, uint32_t hash20, int64_t mono_ms)
{
	struct claim_slot *oldest = &ts->claims[0];

	for (unsigned i = 0; i < CLAIMS; i++) {
		struct claim_slot *slot = &ts->claims[i];

		if (slot->mono_ms && slot->hash20 == hash20) {
			oldest = slot;
			break;
		}
		if (slot->mono_ms < oldest->mono_ms)
			oldest = slot;
	}
	if (oldest->hash20 != hash20 || mono_ms - oldest->mono_ms > CLAIM_MS)
		memset(&oldest->join, 0, sizeof oldest->join);
	oldest->hash20 = hash20;
	oldest->mono_ms = mono_ms;
	return oldest;
}

/* The address it holds already, if that is free, or the lowest free one; 0: none left. */
static uint16_t address_choose(const struct terminals *ts, uint16_t held)
{
	if (held != CAN_ADDRESS_NONE && !ts->by_address[held])
		return held;
	for (uint16_t a = CAN_ADDRESS_FIRST; a <= CAN_ADDRESS_LAST; a++)
		if (!ts->by_address[a])
			return a;
	return CAN_ADDRESS_NONE;
}

static void claim_new(struct terminals *ts, const struct can_claim *claim, int64_t mono_ms)
{
	uint16_t address = address_choose(ts, claim->address);
	struct terminal *t;

	t = address ? terminal_add(ts, claim->chip, address) : NULL;
	if (!t)
		return; /* no address or no memory: it claims again */
	t->boot = claim->boot;
	t->firmware = claim->firmware;
	t->salt = claim->salt;
	t->online = true;
	t->heard_ms = mono_ms;
	t->assign_due = true;
	ts->must_save = true;
	found_notice(ts, t);
}

static void terminal_restarted(struct terminals *ts, struct terminal *t, uint16_t boot)
{
	t->boot = boot;
	isotp_reset(&t->command);
	isotp_reset(&t->bulk);
	t->half_mono = 0;
	t->want_due_ms = 0; /* its clock stopped */
	ts->may_save = true;
	notice(ts, t, EVENT_TERMINAL_RESTARTED, 0, boot);
}

static void claim_known(struct terminals *ts, struct terminal *t, const struct can_claim *claim,
                        int64_t mono_ms)
{
	terminal_heard(ts, t, mono_ms);
	if (claim->boot != t->boot)
		terminal_restarted(ts, t, claim->boot);
	if (claim->firmware != t->firmware) {
		t->firmware = claim->firmware;
		ts->may_save = true;
		found_notice(ts, t);
	}
	t->salt = claim->salt;
	if (ts->must_save)
		t->assign_due = true;
	else
		assign_send(ts, t);
}

static void claim_frame(struct terminals *ts, const struct can_msg *msg, uint32_t hash20,
                        int64_t mono_ms)
{
	struct claim_slot *slot = claim_slot(ts, hash20, mono_ms);
	const struct can_claim *claim = &slot->join.claim;
	struct terminal *t;

	if (can_claim_take(&slot->join, msg))
		return;
	t = terminals_by_chip(ts, claim->chip);
	if (t)
		claim_known(ts, t, claim, mono_ms);
	else
		claim_new(ts, claim, mono_ms);
}

/* --- values --- */

static bool same_measurement(const struct meter_values *a, const struct meter_values *b)
{
	return a->valid == b->valid && a->voltage_dv == b->voltage_dv &&
	       a->current_ma == b->current_ma && a->power_dw == b->power_dw &&
	       a->pf_permille == b->pf_permille && a->energy_wh == b->energy_wh &&
	       a->frequency_chz == b->frequency_chz;
}

/* The toggle tells a new set from a repeated one, unless an odd number of sets was lost. */
static bool set_is_new(const struct terminal *t, const struct meter_values *values)
{
	return t->sets == 0 || ((values->state ^ t->values.state) & METER_SAMPLE_TOGGLE) ||
	       !same_measurement(values, &t->values);
}

/* A set that the sensor did not fill says nothing about voltage, current and power: the last ones
 * stay, with their age. Register, state and quality are the terminal's own and always count. */
static void invalid_merge(const struct terminal *t, struct meter_values *values)
{
	values->voltage_dv = t->values.voltage_dv;
	values->current_ma = t->values.current_ma;
	values->power_dw = t->values.power_dw;
	values->pf_permille = t->values.pf_permille;
	values->frequency_chz = t->values.frequency_chz;
	values->quality |= METER_SAMPLE_STALE;
}

static void set_take(struct terminals *ts, struct terminal *t, struct meter_values values,
                     const struct terminals_now *now)
{
	uint16_t flips = values.state ^ t->values.state;
	bool fresh = values.valid && set_is_new(t, &values);

	if (!values.valid)
		invalid_merge(t, &values);
	if (fresh || (flips & ~METER_SAMPLE_TOGGLE) || values.quality != t->values.quality)
		t->changes++;
	t->values = values;
	if (fresh) {
		t->sets++;
		t->sample_ms = now->time_ms;
		t->sample_mono = now->mono_ms;
	}
	if (t->seen && (flips & METER_CONTACT_CLOSED))
		ts->out.edge(ts->out.ctx, t);
	t->seen = true;
	if (fresh)
		ts->out.values(ts->out.ctx, t);
}

static void values_frame(struct terminals *ts, struct terminal *t, const struct can_msg *msg,
                         enum can_type type, const struct terminals_now *now)
{
	struct meter_values half = t->half;

	if (type == CAN_VALUES_A) {
		if (!can_values_a_decode(msg, &t->half))
			t->half_mono = now->mono_ms;
		return;
	}
	/* A frame B without its A: half a set is none. */
	if (!t->half_mono || now->mono_ms - t->half_mono > PAIR_MS ||
	    can_values_b_decode(msg, &half))
		return;
	t->half_mono = 0;
	set_take(ts, t, half, now);
}

/* --- transfers --- */

static void job_end(struct terminals *ts, struct terminal *t)
{
	if (t->job != BULK_IDLE)
		ts->jobs--;
	t->job = BULK_IDLE;
}

static void bulk_send(struct terminals *ts, struct terminal *t, size_t len, int64_t mono_ms)
{
	if (!isotp_send(&t->bulk, t->bulk_out, transfer_seal(t->bulk_out, len)))
		terminal_pump(ts, t, mono_ms);
}

static void events_ack(struct terminals *ts, struct terminal *t, int64_t mono_ms)
{
	t->event_ack_due = false;
	bulk_send(ts, t, bulk_events_ack_encode(t->event_seq, t->bulk_out), mono_ms);
}

void terminals_events_durable(struct terminals *ts, const struct terminals_now *now)
{
	struct terminal *t;

	for (unsigned i = 0; (t = terminals_next(ts, &i));) {
		if (!t->event_ack_due)
			continue;
		t->event_seq = t->event_taken;
		ts->may_save = true;
		events_ack(ts, t, now->mono_ms);
	}
}

static void events_take(struct terminals *ts, struct terminal *t, const struct bulk_events *events,
                        int64_t mono_ms)
{
	/* Its event store began anew (chip replaced, flash erased): so do we. */
	if (events->newest_seq < t->event_seq) {
		t->event_seq = t->event_taken = 0;
		ts->may_save = true;
		t->events_due_ms = mono_ms;
		return;
	}
	for (unsigned i = 0; i < events->n; i++) {
		if (events->event[i].seq <= t->event_taken)
			continue;
		t->event_taken = events->event[i].seq;
		t->event_ack_due = true;
		ts->out.event(ts->out.ctx, t, &events->event[i]);
	}
	/* It still says pending though we have all: the last acknowledgement was lost. */
	if (!t->event_ack_due && events->newest_seq == t->event_seq)
		events_ack(ts, t, mono_ms);
}

static void bulk_received(struct terminals *ts, struct terminal *t, int64_t mono_ms)
{
	struct bulk_time_want want;
	struct bulk_events events;
	size_t len;

	if (transfer_open(t->bulk_in, t->bulk.rx.len, &len))
		return;
	if (t->job == BULK_EVENTS && !bulk_events_decode(t->bulk_in, len, &events)) {
		job_end(ts, t);
		events_take(ts, t, &events, mono_ms);
	} else if (t->job == BULK_WANT && !bulk_time_want_decode(t->bulk_in, len, &want)) {
		job_end(ts, t);
		ts->out.want(ts->out.ctx, t, &want);
	}
}

static void command_received(struct terminals *ts, struct terminal *t)
{
	size_t len;

	if (!transfer_open(t->command_in, t->command.rx.len, &len))
		ts->out.result(ts->out.ctx, t, t->command_in, len);
}

static void transfer_frame(struct terminals *ts, struct terminal *t, const struct can_msg *msg,
                           enum can_type type, int64_t mono_ms)
{
	bool is_command = type == CAN_TRANSFER_COMMAND;
	enum err err = ERR_NONE;

	switch (isotp_take(is_command ? &t->command : &t->bulk, msg->data, msg->len,
	                   (uint32_t)mono_ms, &err)) {
	case ISOTP_RECEIVED:
		if (is_command)
			command_received(ts, t);
		else
			bulk_received(ts, t, mono_ms);
		break;
	case ISOTP_FAILED:
		if (is_command)
			ts->out.send_failed(ts->out.ctx, t, err);
		break;
	case ISOTP_DROPPED:
	case ISOTP_NOTHING:
		break;
	}
	terminal_pump(ts, t, mono_ms);
}

/* --- input --- */

static void addressed_frame(struct terminals *ts, const struct can_msg *msg,
                            const struct can_id *id, const struct terminals_now *now)
{
	struct terminal *t = ts->by_address[id->address];

	if (!t) {
		/* Somebody uses an address that we have not given: ask. */
		if (!ts->who_due_ms && now->mono_ms - ts->who_last_ms > WHO_GAP_MS)
			ts->who_due_ms = now->mono_ms;
		return;
	}
	terminal_heard(ts, t, now->mono_ms);
	if (id->type == CAN_VALUES_A || id->type == CAN_VALUES_B)
		values_frame(ts, t, msg, id->type, now);
	else
		transfer_frame(ts, t, msg, id->type, now->mono_ms);
}

void terminals_frame(struct terminals *ts, const struct can_msg *msg,
                     const struct terminals_now *now)
{
	struct can_id id;

	if (can_id_decode(msg->id, &id) || id.direction != CAN_FROM_TERMINAL)
		return;
	if (id.type == CAN_CLAIM)
		claim_frame(ts, msg, id.hash20, now->mono_ms);
	else
		addressed_frame(ts, msg, &id, now);
}

void terminals_bus_up(struct terminals *ts, const struct terminals_now *now)
{
	struct terminal *t;

	for (unsigned i = 0; (t = terminals_next(ts, &i));) {
		t->heard_ms = now->mono_ms;
		isotp_reset(&t->command);
		isotp_reset(&t->bulk);
		job_end(ts, t);
	}
	who_send(ts, now->mono_ms);
	ts->who_due_ms = now->mono_ms + WHO_AGAIN_MS;
}

/* --- time --- */

static void job_start(struct terminals *ts, struct terminal *t, enum bulk_job job, size_t len,
                      int64_t mono_ms)
{
	t->job = job;
	t->job_until_ms = mono_ms + JOB_MS;
	ts->jobs++;
	bulk_send(ts, t, len, mono_ms);
}

static void jobs_tick(struct terminals *ts, struct terminal *t, int64_t mono_ms)
{
	const struct bulk_events_get get = {t->event_taken + 1, BULK_EVENTS_MAX};

	if (t->job != BULK_IDLE && mono_ms >= t->job_until_ms) {
		isotp_reset(&t->bulk);
		job_end(ts, t);
	}
	if (t->job != BULK_IDLE || !t->online || !t->seen || ts->jobs >= JOBS_MAX ||
	    isotp_sending(&t->bulk))
		return;
	/* Nobody holds the key of a terminal that is not adopted. */
	if (t->meter != 0 && !(t->values.state & METER_CLOCK_SET) && mono_ms >= t->want_due_ms) {
		t->want_due_ms = mono_ms + WANT_GAP_MS;
		job_start(ts, t, BULK_WANT, bulk_time_want_get_encode(t->bulk_out), mono_ms);
	} else if ((t->values.state & METER_EVENT_PENDING) && !t->event_ack_due &&
	           mono_ms >= t->events_due_ms) {
		t->events_due_ms = mono_ms + EVENTS_GAP_MS;
		job_start(ts, t, BULK_EVENTS, bulk_events_get_encode(&get, t->bulk_out), mono_ms);
	}
}

static void channels_tick(struct terminals *ts, struct terminal *t, int64_t mono_ms)
{
	enum err err = ERR_NONE;

	if (isotp_poll(&t->command, (uint32_t)mono_ms, &err) == ISOTP_FAILED)
		ts->out.send_failed(ts->out.ctx, t, err);
	/* A bulk transfer that fails ends with its job. */
	(void)isotp_poll(&t->bulk, (uint32_t)mono_ms, &err);
	terminal_pump(ts, t, mono_ms);
}

void terminals_tick(struct terminals *ts, const struct terminals_now *now)
{
	struct terminal *t;

	if (ts->who_due_ms && now->mono_ms >= ts->who_due_ms)
		who_send(ts, now->mono_ms);
	for (unsigned i = 0; (t = terminals_next(ts, &i));) {
		channels_tick(ts, t, now->mono_ms);
		jobs_tick(ts, t, now->mono_ms);
		if (t->online && now->mono_ms - t->heard_ms > TERMINAL_LOST_MS) {
			t->online = false;
			notice(ts, t, EVENT_DEVICE_LOST, 0, 0);
		}
	}
}
