#include "gateway/core/test/rig.h"

#include "libs/base/bytes.h"
#include "libs/proto/event.h"
#include "libs/proto/transfer.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct spool_options spool_options = {.most_bytes = 4 << 20,
                                                   .reserve_bytes = 64 << 10,
                                                   .segment_bytes = 16384,
                                                   .keep_s = 30 * 86400};

/* --- terminals --- */

void rig_frame(struct rig *rig, const struct can_msg *msg)
{
	if (rig->core && rig->bus_up)
		core_frame(rig->core, msg, &rig->now);
}

void rig_claim(struct rig_terminal *t)
{
	struct can_claim claim = {
	        .version = CAN_VERSION, .address = t->address, .boot = t->boot, .firmware = 0x0102};
	struct can_msg msg;

	memcpy(claim.chip, t->key.chip, CHIP_SIZE);
	for (unsigned part = 0; part < CAN_CLAIM_FRAMES; part++) {
		can_claim_encode(&claim, part, &msg);
		rig_frame(t->rig, &msg);
	}
}

void rig_values(struct rig_terminal *t, bool fresh)
{
	struct can_msg msg;

	if (!t->address || t->mute)
		return;
	if (fresh)
		t->values.state ^= METER_SAMPLE_TOGGLE;
	if (t->events > t->events_acked)
		t->values.state |= METER_EVENT_PENDING;
	else
		t->values.state &= (uint16_t)~METER_EVENT_PENDING;
	assert(!can_values_a_encode(t->address, &t->values, &msg));
	rig_frame(t->rig, &msg);
	assert(!can_values_b_encode(t->address, &t->values, &msg));
	rig_frame(t->rig, &msg);
}

static void pump(struct rig_terminal *t, struct isotp *channel, enum can_type type)
{
	struct can_msg msg = {.id = can_id(type, t->address, CAN_FROM_TERMINAL), .len = 8};
	bool done;

	while (isotp_next(channel, (uint32_t)t->rig->now.mono_ms, msg.data, &done))
		rig_frame(t->rig, &msg);
}

static void answer(struct rig_terminal *t, const struct command *c, enum command_outcome outcome,
                   enum command_reason reason)
{
	struct result result = {.key_version = 1,
	                        .counter = c->counter,
	                        .kind = c->kind,
	                        .outcome = (uint8_t)outcome,
	                        .reason = (uint8_t)reason,
	                        .relay = t->values.state & RESULT_RELAY_MASK};
	uint8_t lost = t->answer_lost;

	t->answer_lost = false;
	result_encode(&result, &t->key, t->command_out);
	if (!lost &&
	    !isotp_send(&t->command, t->command_out, transfer_seal(t->command_out, RESULT_SIZE)))
		pump(t, &t->command, CAN_TRANSFER_COMMAND);
}

static void contact_set(struct rig_terminal *t, bool closed)
{
	t->values.current_ma = closed ? 5000 : 0;
	t->values.state &= (uint16_t) ~(METER_CONTACT_CLOSED | METER_WANT_CLOSED);
	if (closed)
		t->values.state |= METER_CONTACT_CLOSED | METER_WANT_CLOSED;
}

static void execute(struct rig_terminal *t, const struct command *c)
{
	t->counter = c->counter;
	t->executions++;
	if (c->kind == COMMAND_TRIP)
		contact_set(t, false);
	if (c->kind == COMMAND_CLOSE)
		contact_set(t, true);
	answer(t, c, COMMAND_EXECUTED, REASON_NONE);
}

static void command_arrived(struct rig_terminal *t)
{
	struct command c;
	size_t len;

	if (transfer_open(t->command_in, t->command.rx.len, &len) ||
	    command_open(t->command_in, len, &t->key, &c))
		return;
	if (len == t->last_command_len && memcmp(t->last_command, t->command_in, len) == 0) {
		answer(t, &c, COMMAND_EXECUTED, REASON_NONE);
		return;
	}
	if (c.counter <= t->counter) {
		answer(t, &c, COMMAND_REFUSED, REASON_COUNTER);
		return;
	}
	memcpy(t->last_command, t->command_in, len);
	t->last_command_len = len;
	execute(t, &c);
}

static void events_send(struct rig_terminal *t, const struct bulk_events_get *get)
{
	struct bulk_events events = {.newest_seq = t->events};

	for (uint32_t seq = get->from_seq; seq <= t->events && events.n < get->max; seq++)
		events.event[events.n++] = (struct bulk_event){
		        .seq = seq, .time_s = 1795500000, .boot = t->boot, .kind = EVENT_BUTTON};
	(void)!isotp_send(&t->bulk, t->bulk_out,
	                  transfer_seal(t->bulk_out, bulk_events_encode(&events, t->bulk_out)));
}

static void bulk_arrived(struct rig_terminal *t)
{
	struct bulk_time_want want = {.boot = t->boot, .uptime_s = 7};
	struct bulk_events_get get;
	uint32_t seq;
	size_t len;

	if (transfer_open(t->bulk_in, t->bulk.rx.len, &len))
		return;
	if (!bulk_events_get_decode(t->bulk_in, len, &get))
		events_send(t, &get);
	else if (!bulk_events_ack_decode(t->bulk_in, len, &seq))
		t->events_acked = seq;
	else if (!bulk_time_want_get_decode(t->bulk_in, len))
		(void)!isotp_send(
		        &t->bulk, t->bulk_out,
		        transfer_seal(t->bulk_out, bulk_time_want_encode(&want, t->bulk_out)));
	pump(t, &t->bulk, CAN_TRANSFER_BULK);
}

static void terminal_frame(struct rig_terminal *t, const struct can_msg *msg)
{
	enum err err = ERR_NONE;
	struct can_assign assign;
	uint8_t fingerprint[FINGERPRINT_SIZE];
	struct can_id id;

	if (t->mute || can_id_decode(msg->id, &id))
		return;
	if (id.type == CAN_WHO)
		rig_claim(t);
	if (id.type == CAN_ASSIGN && !can_assign_decode(msg, &assign)) {
		can_fingerprint(t->key.chip, fingerprint);
		if (memcmp(assign.fingerprint, fingerprint, FINGERPRINT_SIZE) == 0)
			t->address = assign.address;
	}
	if (id.address != t->address || !t->address)
		return;
	if (id.type == CAN_TRANSFER_COMMAND) {
		if (isotp_take(&t->command, msg->data, msg->len, (uint32_t)t->rig->now.mono_ms,
		               &err) == ISOTP_RECEIVED)
			command_arrived(t);
		pump(t, &t->command, CAN_TRANSFER_COMMAND);
	}
	if (id.type == CAN_TRANSFER_BULK) {
		if (isotp_take(&t->bulk, msg->data, msg->len, (uint32_t)t->rig->now.mono_ms,
		               &err) == ISOTP_RECEIVED)
			bulk_arrived(t);
		pump(t, &t->bulk, CAN_TRANSFER_BULK);
	}
}

static void bus_deliver(struct rig *rig)
{
	for (size_t i = 0; i < rig->n_bus; i++)
		for (unsigned k = 0; k < rig->n_terminals; k++)
			terminal_frame(&rig->terminals[k], &rig->bus[i]);
	rig->n_bus = 0;
}

/* --- effects --- */

static void on_can(void *ctx, const struct can_msg *msg)
{
	struct rig *rig = ctx;

	rig->sent[can_id_type(msg->id)]++;
	if (rig->bus_up && rig->n_bus < ARRAY_SIZE(rig->bus))
		rig->bus[rig->n_bus++] = *msg;
}

static void rows_keep(struct rig *rig, const struct readings *table)
{
	uint32_t row = 0;

	for (uint32_t run = 0; run < table->runs; run++)
		for (uint32_t k = 0; k < table->run_len[run]; k++) {
			assert(rig->n_rows < RIG_ROWS);
			rig->rows[rig->n_rows++] = readings_row(table, run, row++);
		}
}

static bool batch_seen(const struct rig *rig, const struct uplink *u)
{
	for (size_t i = 0; i < rig->n_batches; i++)
		if (rig->batch_boot[i] == u->boot && rig->batch_seq[i] == u->seq)
			return true;
	return false;
}

/* Readings and events are published only when a power cut could not take them away. */
static bool on_disk(const struct rig *rig, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < FAKE_FILES; i++) {
		const struct fake_file *file = &rig->fake.files[i];

		if (file->used && file->synced_len &&
		    memmem(file->synced, file->synced_len, bytes, len))
			return true;
	}
	return false;
}

static void up_take(struct rig *rig, const uint8_t *bytes, size_t len)
{
	struct arena arena;
	struct uplink u;
	bool seen;

	arena_init(&arena, rig->arena, UPLINK_ARENA_SIZE);
	assert(!uplink_decode(bytes, len, &arena, &u));
	assert(u.table_count + u.event_count == 0 || on_disk(rig, bytes, len));
	if (rig->forgetful)
		rig->n_batches = rig->n_rows = rig->n_events = rig->n_results = rig->n_to_ack = 0;
	seen = batch_seen(rig, &u);
	assert(rig->n_batches < RIG_BATCHES);
	rig->batch_boot[rig->n_batches] = u.boot;
	rig->batch_seq[rig->n_batches++] = u.seq;
	if (rig->acking)
		rig->to_ack[rig->n_to_ack++] = (struct ack_done){u.boot, u.seq, u.seq};
	if (seen)
		return;
	for (size_t i = 0; i < u.table_count; i++)
		rows_keep(rig, &u.table[i]);
	for (size_t i = 0; i < u.event_count; i++)
		rig->events[rig->n_events++] = u.events[i];
	for (size_t i = 0; i < u.result_count; i++)
		rig->results[rig->n_results++] = u.results[i];
	assert(rig->n_events < RIG_EVENTS && rig->n_results < RIG_RESULTS);
}

static void on_publish(void *ctx, enum core_topic topic, const uint8_t *bytes, size_t len)
{
	struct rig *rig = ctx;
	struct arena arena;
	struct now now;

	switch (topic) {
	case CORE_UP:
		if (rig->link_up)
			up_take(rig, bytes, len);
		break;
	case CORE_NOW:
		arena_init(&arena, rig->arena, UPLINK_ARENA_SIZE);
		assert(!now_decode(bytes, len, &arena, &now));
		rig->nows++;
		rig->live_rows += now.live.count;
		rig->wants += (unsigned)now.want_count;
		break;
	case CORE_STATE:
		assert(len < sizeof rig->state);
		memcpy(rig->state, bytes, len);
		rig->state[len] = 0;
		rig->states++;
		break;
	}
}

static void on_log(void *ctx, enum core_level level, const char *text)
{
	struct rig *rig = ctx;

	rig->logs++;
	if (getenv("RIG_LOG"))
		fprintf(stderr, "# %d %s\n", (int)level, text);
}

/* --- life --- */

void rig_init(struct rig *rig, unsigned terminals)
{
	memset(rig, 0, sizeof *rig);
	fake_disk_init(&rig->fake);
	rig->arena = aligned_alloc(16, (UPLINK_ARENA_SIZE + 15) & ~(size_t)15);
	assert(rig->arena);
	rig->now = (struct moment){1000000, RIG_WALL_MS};
	rig->n_terminals = terminals;
	rig->acking = true;
	for (unsigned i = 0; i < terminals; i++) {
		struct rig_terminal *t = &rig->terminals[i];

		t->rig = rig;
		memset(t->key.key, (int)i + 1, sizeof t->key.key);
		memset(t->key.chip, (int)i + 0x10, sizeof t->key.chip);
		t->meter = 330100000001 + i;
		t->boot = 1;
		t->values = (struct meter_values){.valid = true,
		                                  .voltage_dv = 2300,
		                                  .power_dw = 11500,
		                                  .pf_permille = 1000,
		                                  .frequency_chz = 5000,
		                                  .energy_wh = 1000 * (i + 1),
		                                  .state = METER_CLOCK_SET};
		contact_set(t, true);
		isotp_init(&t->command, t->command_in, sizeof t->command_in);
		isotp_init(&t->bulk, t->bulk_in, sizeof t->bulk_in);
	}
}

enum err rig_start(struct rig *rig)
{
	const struct core_out effects = {rig, on_can, on_publish, on_log};
	struct core_options options = {.version = "test", .last_stop = "test"};
	enum err err;

	options.boot = ++rig->boot;
	rig->failed = ERR_NONE;
	err = spool_open(&rig->spool, &rig->fake.disk, &spool_options);
	if (err)
		return err;
	err = core_new(&rig->core, &options, &effects, &rig->fake.disk, rig->spool, &rig->now);
	if (err) {
		spool_close(rig->spool);
		rig->spool = NULL;
		rig->core = NULL;
	}
	return err;
}

void rig_kill(struct rig *rig)
{
	if (!rig->core)
		return;
	core_free(rig->core);
	spool_close(rig->spool);
	rig->core = NULL;
	rig->spool = NULL;
	rig->bus_up = rig->link_up = false;
	rig->n_bus = rig->n_to_ack = 0;
	for (unsigned i = 0; i < rig->n_terminals; i++) {
		isotp_reset(&rig->terminals[i].command);
		isotp_reset(&rig->terminals[i].bulk);
	}
}

void rig_stop(struct rig *rig)
{
	assert(!core_stop(rig->core, &rig->now));
	rig_kill(rig);
}

void rig_free(struct rig *rig)
{
	rig_kill(rig);
	fake_disk_free(&rig->fake);
	free(rig->arena);
}

void rig_link(struct rig *rig, bool up)
{
	rig->link_up = up;
	if (rig->core)
		core_link(rig->core, up ? NULL : "the \"rig\"", &rig->now);
}

void rig_bus(struct rig *rig, bool up)
{
	const struct core_bus bus = {.kind = "test", .up = up};

	rig->bus_up = up;
	rig->n_bus = 0;
	if (rig->core)
		core_bus(rig->core, &bus, &rig->now);
}

static void acks_send(struct rig *rig)
{
	struct ack ack = {.epoch = RIG_EPOCH,
	                  .run = rig->run,
	                  .time_ms = rig->now.wall_ms,
	                  .done_count = rig->n_to_ack,
	                  .done = rig->to_ack};
	static uint8_t bytes[65536];
	size_t len;

	if (rig->n_to_ack == 0 || !rig->link_up)
		return;
	assert(!ack_encode(&ack, bytes, sizeof bytes, &len));
	rig->n_to_ack = 0;
	core_message(rig->core, CORE_ACK, bytes, len, false, &rig->now);
}

static void settle(struct rig *rig)
{
	if (rig->core && !rig->failed)
		rig->failed = core_settle(rig->core, &rig->now);
	if (rig->failed)
		rig_kill(rig);
}

void rig_run(struct rig *rig, int64_t ms)
{
	for (int64_t end = rig->now.mono_ms + ms; rig->now.mono_ms < end && rig->core;) {
		rig->now.mono_ms += CORE_TICK_MS;
		rig->now.wall_ms += CORE_TICK_MS;
		if (rig->now.mono_ms % 1000 == 0)
			for (unsigned i = 0; i < rig->n_terminals; i++)
				rig_values(&rig->terminals[i], true);
		for (int round = 0; round < 4; round++)
			bus_deliver(rig);
		core_tick(rig->core, &rig->now);
		settle(rig);
		if (!rig->core)
			return;
		for (int round = 0; round < 8; round++)
			bus_deliver(rig);
		settle(rig);
		if (rig->core)
			acks_send(rig);
	}
}

void rig_down(struct rig *rig, struct down *down)
{
	static uint8_t bytes[65536];
	size_t len;

	down->epoch = down->epoch ? down->epoch : RIG_EPOCH;
	down->time_ms = down->time_ms ? down->time_ms : rig->now.wall_ms;
	assert(!down_encode(down, bytes, sizeof bytes, &len));
	if (rig->core)
		core_message(rig->core, CORE_DOWN, bytes, len, false, &rig->now);
}

void rig_config(struct rig *rig, uint64_t version, uint32_t period_s, uint32_t trip_limit)
{
	struct down_meter meters[RIG_TERMINALS];
	struct down down = {
	        .has_config = true,
	        .config = {.version = version,
	                   .period_s = period_s,
	                   .trip_limit_count = trip_limit,
	                   .trip_limit_window_s = 600,
	                   .meter_count = rig->n_terminals,
	                   .meters = meters}
        };

	memset(meters, 0, sizeof meters);
	for (unsigned i = 0; i < rig->n_terminals; i++) {
		meters[i].number = rig->terminals[i].meter;
		memcpy(meters[i].chip, rig->terminals[i].key.chip, CHIP_SIZE);
	}
	rig_down(rig, &down);
}

void rig_command(struct rig *rig, uint64_t id, struct rig_terminal *t, uint32_t counter,
                 enum command_kind kind, int64_t life_s)
{
	int64_t now_s = rig->now.wall_ms / 1000;
	struct command c = {.key_version = 1,
	                    .counter = counter,
	                    .kind = (uint8_t)kind,
	                    .issued_s = (uint32_t)now_s,
	                    .expires_s = (uint32_t)(now_s + life_s)};
	struct command_args args = {0};
	size_t len;

	assert(!command_args_encode(&c, &args));
	rig->command = (struct down_command){
	        .id = id, .meter = t->meter, .expires_s = now_s + life_s, .kind = kind};
	assert(!command_encode(&c, &t->key, rig->command.body, sizeof rig->command.body, &len));
	rig->command.body_len = (uint16_t)len;
	rig_command_again(rig);
}

void rig_command_again(struct rig *rig)
{
	struct down down = {.command_count = 1, .commands = &rig->command};

	rig_down(rig, &down);
}

void rig_up(struct rig *rig, uint32_t period_s)
{
	assert(!rig_start(rig));
	rig_bus(rig, true);
	rig_link(rig, true);
	rig_run(rig, 1000);
	rig_config(rig, 1, period_s, 0);
	rig_run(rig, 2000);
}

unsigned rig_stage(const struct rig *rig, uint64_t id, uint32_t stage)
{
	unsigned n = 0;

	for (size_t i = 0; i < rig->n_results; i++)
		n += rig->results[i].command_id == id && rig->results[i].stage == stage;
	return n;
}

unsigned rig_event_count(const struct rig *rig, uint32_t kind)
{
	unsigned n = 0;

	for (size_t i = 0; i < rig->n_events; i++)
		n += rig->events[i].kind == kind;
	return n;
}
