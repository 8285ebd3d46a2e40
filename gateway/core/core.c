/* Reading order: core_frame → terminals (meter/terminals.c) → on_values → row_add → core_settle →
 * outbox → spool → sender. core_message → acks, configuration, commands (meter/commands.c). */
#include "gateway/core/core.h"

#include "gateway/core/buswatch.h"
#include "gateway/core/live.h"
#include "gateway/core/outbox.h"
#include "gateway/core/policy.h"
#include "gateway/core/sender.h"
#include "gateway/core/state.h"
#include "gateway/core/tables.h"
#include "gateway/core/timebase.h"
#include "gateway/meter/commands.h"
#include "gateway/meter/terminals.h"

#include "libs/proto/event.h"
#include "libs/proto/uplink.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_EVERY_MS  10000
#define STATE_EVERY_MS 30000
#define STATE_GAP_MS   1000
#define SAVE_EVERY_MS  5000
#define SPACE_EVERY_MS 1000 /* between two tries on a full disk */
#define RECALL_S       5    /* at a start: how far back the end of the spool is looked at, */
#define RECALL_BATCHES 256  /* and how many batches at most */
#define DROPPED_DETAIL 1    /* of EVENT_SPOOL_DAMAGED: lost for lack of space, not by damage */

struct core {
	struct core_out out;
	struct core_options options;
	struct disk disk;
	struct spool *spool;
	int64_t since_s;
	enum err failed; /* the ground gave way */

	struct moment now;
	struct timebase time;
	struct buswatch watch;
	struct core_bus bus;
	bool link_up;
	int64_t connected_since_s;
	uint64_t connections;
	char link_reason[STATE_REASON_SIZE];

	struct terminals *terminals;
	struct commands commands;
	struct policy policy;
	struct policy_join policy_join;

	struct outbox outbox;
	struct sender sender;
	struct live live;
	struct tables tables;
	bool waited;    /* for space on the disk, when last looked */
	bool close_due; /* what was gathered becomes a batch when the tables allow it */

	int64_t time_due_ms, live_due_ms, save_due_ms, space_due_ms, tables_due_ms;
	int64_t state_last_ms;
	uint64_t state_key;
	uint64_t bad_messages, retained_ignored;

	uint8_t sender_body[RECORD_BODY_MAX]; /* batch being sent */
	uint8_t message[LIVE_SIZE];
	_Alignas(16) uint8_t arena[UPLINK_ARENA_SIZE];
};

/* --- small helpers --- */

static void say(struct core *core, enum core_level level, const char *format, ...)
        PRINTF_LIKE(3, 4);

static void say(struct core *core, enum core_level level, const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	core->out.log(core->out.ctx, level, text);
}

static int64_t time_ms(const struct core *core)
{
	return timebase_ms(&core->time, core->now.mono_ms);
}

static struct terminals_now terminals_now(const struct core *core)
{
	return (struct terminals_now){core->now.mono_ms, time_ms(core)};
}

static struct commands_now commands_now(const struct core *core)
{
	return (struct commands_now){core->now.mono_ms, time_ms(core), core->time.confirmed};
}

static void now_set(struct core *core, const struct moment *now)
{
	core->now = *now;
	core->outbox.time_s = time_ms(core) / 1000;
}

/* Time to do something that is done every so often? */
static bool due(int64_t *due_ms, int64_t mono_ms, int64_t every_ms)
{
	if (mono_ms < *due_ms)
		return false;
	*due_ms = mono_ms + every_ms;
	return true;
}

/* Only failures of the ground end the process; a full disk does not. */
static void ground_check(struct core *core, enum err err)
{
	if (err && err != ERR_DISK_FULL && err != ERR_FULL && !core->failed)
		core->failed = err;
}

/* --- gathering --- */

/* One of the gateway itself. */
static void own_event(struct core *core, enum event_kind kind, uint32_t detail, int64_t value)
{
	const struct uplink_event event = {
	        .time_s = time_ms(core) / 1000, .kind = kind, .detail = detail, .value = value};

	outbox_event(&core->outbox, &event);
}

/* Full and free again are told once each. */
static void space_tell(struct core *core)
{
	bool waits = outbox_waits(&core->outbox);
	uint64_t dropped = outbox_dropped_news(&core->outbox);

	if (waits && !core->waited)
		say(core, CORE_LOG_ERROR, "spool: no space; batches wait in memory");
	if (!waits && core->waited)
		say(core, CORE_LOG_WARN, "spool: space again; %" PRIu64 " records were lost",
		    dropped);
	if (dropped)
		own_event(core, EVENT_SPOOL_DAMAGED, DROPPED_DETAIL, (int64_t)dropped);
	core->waited = waits;
}

/* --- readings --- */

/* False: nothing to be said about this moment. No value is a gap, never an invented row; and a
 * second has one row, or the platform could not tell a repeat from a conflict. */
static bool row_add(struct core *core, struct terminal *t, uint32_t quality)
{
	struct reading row;

	if (t->meter == 0 || t->sets == 0 || !t->values.valid ||
	    core->now.mono_ms - t->sample_mono > TERMINAL_STALE_MS)
		return false;
	row = live_row(t, core->time.confirmed);
	if (row.time_s <= t->row_s)
		return false;
	row.quality |= quality;
	outbox_row(&core->outbox, &row);
	t->row_s = row.time_s;
	return true;
}

/* Rows of the last run in a second that this run may see again. */
static void rows_remember(struct core *core, const struct readings *table)
{
	int64_t now_s = time_ms(core) / 1000;
	uint32_t at = 0;

	for (uint32_t run = 0; run < table->runs; run++) {
		struct terminal *t =
		        terminals_by_meter(core->terminals, (uint64_t)table->run_meter[run]);

		for (uint32_t end = at + table->run_len[run]; at < end; at++) {
			int64_t row_s = table->time_s[at];

			if (t && row_s > t->row_s && row_s <= now_s + RECALL_S)
				t->row_s = row_s;
		}
	}
}

/* A second has one row over a start as well: killed and started again within a second, the last
 * run's rows of it are in the spool. Only its end is looked at. */
static void rows_recall(struct core *core)
{
	struct spool_stats stats;

	spool_stats(core->spool, &stats);
	for (uint64_t index = stats.next;
	     index-- > stats.first && stats.next - index <= RECALL_BATCHES;) {
		struct spool_entry batch;
		struct uplink up;
		struct arena arena;

		if (spool_read(core->spool, index, &batch, core->sender_body,
		               sizeof core->sender_body))
			continue;
		if (batch.time_s < time_ms(core) / 1000 - RECALL_S)
			return;
		arena_init(&arena, core->arena, sizeof core->arena);
		if (uplink_decode(core->sender_body, batch.len, &arena, &up))
			continue;
		for (size_t i = 0; i < up.table_count; i++)
			rows_remember(core, &up.table[i]);
	}
}

static void plan_tick(struct core *core)
{
	struct terminal *t;

	for (unsigned i = 0; (t = terminals_next(core->terminals, &i));) {
		int64_t slot;

		if (t->meter == 0 || t->period_ms == 0)
			continue;
		slot = time_ms(core) / t->period_ms;
		if (t->slot != 0 && slot != t->slot)
			row_add(core, t, 0);
		t->slot = slot;
	}
}

/* --- what terminals and commands tell --- */

static void on_send(void *ctx, const struct can_msg *msg)
{
	struct core *core = ctx;

	buswatch_frame(&core->watch, msg);
	core->out.can(core->out.ctx, msg);
}

static void on_event(void *ctx, const struct terminal *t, const struct bulk_event *event)
{
	struct core *core = ctx;
	struct uplink_event out = {.time_s = event->time_s,
	                           .meter = t->meter,
	                           .kind = event->kind,
	                           .detail = event->detail,
	                           .seq = event->seq,
	                           .value = event->value,
	                           .boot = event->boot,
	                           .has_chip = true};

	if (event->seq == 0)
		out.time_s = time_ms(core) / 1000;
	memcpy(out.chip, t->chip, CHIP_SIZE);
	outbox_event(&core->outbox, &out);
}

static void on_edge(void *ctx, struct terminal *t)
{
	(void)ctx;
	t->edge_due = true;
}

static void on_values(void *ctx, struct terminal *t)
{
	struct core *core = ctx;
	const struct commands_now now = commands_now(core);

	if (commands_values(&core->commands, t, &now))
		t->edge_due = true;
	if (t->edge_due && row_add(core, t, METER_EDGE))
		t->edge_due = false;
}

static void on_result(void *ctx, struct terminal *t, const uint8_t *body, size_t len)
{
	struct core *core = ctx;
	const struct commands_now now = commands_now(core);

	if (!commands_result(&core->commands, t, body, len, &now))
		say(core, CORE_LOG_WARN, "terminal %u: a result that belongs to no command",
		    t->address);
}

static void on_send_failed(void *ctx, struct terminal *t, enum err err)
{
	struct core *core = ctx;
	const struct commands_now now = commands_now(core);

	say(core, CORE_LOG_WARN, "terminal %u: command not delivered: %s", t->address,
	    err_text(err));
	commands_send_failed(&core->commands, t, &now);
}

static void on_want(void *ctx, const struct terminal *t, const struct bulk_time_want *want)
{
	struct core *core = ctx;

	live_want(&core->live, t, want, time_ms(core));
}

static void on_command_result(void *ctx, const struct uplink_result *result)
{
	struct core *core = ctx;

	outbox_result(&core->outbox, result);
}

static void on_command_note(void *ctx, const struct pending_command *c, const char *text)
{
	say(ctx, CORE_LOG_WARN, "command %" PRIu64 ": %s", c->id, text);
}

static void on_publish_up(void *ctx, const uint8_t *bytes, size_t len)
{
	struct core *core = ctx;

	core->out.publish(core->out.ctx, CORE_UP, bytes, len);
}

/* --- configuration --- */

/* Which terminal is which meter. */
static void policy_apply(struct core *core)
{
	struct terminal *t;

	for (unsigned i = 0; (t = terminals_next(core->terminals, &i));) {
		const struct down_meter *meter = policy_by_chip(&core->policy, t->chip);
		uint32_t period_s = core->policy.period_s;

		if (meter && meter->period_s)
			period_s = meter->period_s;
		t->meter = meter ? meter->number : 0;
		t->period_ms = (int64_t)period_s * 1000;
	}
}

static void config_refuse(struct core *core, uint64_t version, enum err err)
{
	say(core, CORE_LOG_ERROR, "configuration %" PRIu64 ": not taken, %" PRIu64 " stays: %s",
	    version, core->policy.version, err_text(err));
	own_event(core, EVENT_CONFIG_REFUSED, (uint32_t)-err, (int64_t)version);
}

/* On the disk before it counts: what is half written is not there. */
static void config_take(struct core *core, const struct down_config *config)
{
	enum err err;

	if (config->version == core->policy.version)
		return;
	err = policy_take(&core->policy_join, config);
	if (err == ERR_BUSY)
		return;
	if (!err)
		err = tables_save_policy(&core->tables, &core->policy_join.policy);
	if (err) {
		config_refuse(core, config->version, err);
		return;
	}
	core->policy = core->policy_join.policy;
	policy_apply(core);
	say(core, CORE_LOG_INFO, "configuration %" PRIu64 ": %zu meters", core->policy.version,
	    core->policy.n_meters);
}

/* --- messages of the platform --- */

static void clock_stepped(struct core *core, int64_t step_ms)
{
	if (step_ms == 0)
		return;
	say(core, CORE_LOG_WARN, "clock: jump of %" PRId64 " ms", step_ms);
	own_event(core, EVENT_CLOCK_STEPPED, 0, step_ms);
}

/* Our time moved: seconds may come again, and the present value sets are as old as before. With their
 * old date the next reading would lie ahead, and none would follow until its second has passed. */
static void time_moved(struct core *core, int64_t step_ms)
{
	struct terminal *t;

	for (unsigned i = 0; step_ms != 0 && (t = terminals_next(core->terminals, &i));) {
		t->row_s = 0;
		t->sample_ms += step_ms;
	}
}

static void platform_time(struct core *core, int64_t platform_ms)
{
	int64_t step_ms;

	if (platform_ms <= 0)
		return;
	step_ms = timebase_reference(&core->time, &core->now, platform_ms);
	time_moved(core, step_ms);
	clock_stepped(core, step_ms);
}

static void other_store(struct core *core)
{
	say(core, CORE_LOG_WARN, "platform: its store is another one; offering everything again");
	terminals_report(core->terminals);
}

static enum err down_take(struct core *core, const uint8_t *bytes, size_t len, struct arena *arena)
{
	const struct commands_now now = commands_now(core);
	struct down down;
	enum err err;

	err = down_decode(bytes, len, arena, &down);
	if (err)
		return err;
	platform_time(core, down.time_ms);
	sender_run(&core->sender, down.run);
	if (sender_epoch(&core->sender, down.epoch))
		other_store(core);
	if (down.has_config)
		config_take(core, &down.config);
	if (down.has_watch)
		live_lease(&core->live, core->terminals, &down.watch, core->now.mono_ms);
	for (size_t i = 0; i < down.command_count; i++)
		commands_take(&core->commands, &down.commands[i], &now);
	return ERR_NONE;
}

static enum err ack_take(struct core *core, const uint8_t *bytes, size_t len, struct arena *arena)
{
	enum err err, spool_err;
	struct ack ack;

	err = ack_decode(bytes, len, arena, &ack);
	if (err)
		return err;
	platform_time(core, ack.time_ms);
	if (sender_ack(&core->sender, &ack, &spool_err))
		other_store(core);
	ground_check(core, spool_err);
	return ERR_NONE;
}

void core_message(struct core *core, enum core_input topic, const uint8_t *bytes, size_t len,
                  bool retained, const struct moment *now)
{
	struct arena arena;
	enum err err;

	now_set(core, now);
	/* A command kept by the broker may be any age: nobody of ours retains one. */
	if (retained) {
		core->retained_ignored++;
		say(core, CORE_LOG_WARN, "link: a retained message was ignored");
		return;
	}
	arena_init(&arena, core->arena, sizeof core->arena);
	err = topic == CORE_ACK ? ack_take(core, bytes, len, &arena)
	                        : down_take(core, bytes, len, &arena);
	if (err) {
		core->bad_messages++;
		say(core, CORE_LOG_WARN, "link: a message of %zu bytes was not understood: %s", len,
		    err_text(err));
	}
}

/* --- telling --- */

/* Live samples are worth nothing later: without a connection they are not made. */
static void live_tick(struct core *core)
{
	const struct live_now now = {core->now.mono_ms, time_ms(core), core->time.confirmed};
	size_t len;

	if (core->link_up &&
	    live_message(&core->live, core->terminals, &now, core->arena, core->message, &len))
		core->out.publish(core->out.ctx, CORE_NOW, core->message, len);
}

static struct state_facts facts(struct core *core)
{
	struct state_facts f = {
	        .online = true,
	        .boot = core->options.boot,
	        .since_s = core->since_s,
	        .version = core->options.version,
	        .last_stop = core->options.last_stop,
	        .config = core->policy.version,
	        .spool_full = outbox_waits(&core->outbox),
	        .waiting_bytes = core->outbox.backlog.bytes,
	        .bus_kind = core->bus.kind,
	        .bus_up = core->bus.up,
	        .bus_overload = core->watch.overloaded,
	        .bus_load_permille = core->watch.load_permille,
	        .bus_errors = core->bus.errors,
	        .bus_dropped = core->bus.dropped,
	        .terminals = terminals_online(core->terminals),
	        .connected_since_s = core->link_up ? core->connected_since_s : 0,
	        .reconnects = core->connections > 1 ? core->connections - 1 : 0,
	        .link_reason = core->link_reason,
	        .clock_offset_ms = core->time.offset_ms,
	        .wall_offset_ms = core->time.wall_offset_ms,
	        .clock_confirmed = core->time.confirmed,
	        .clock_steps = core->time.steps,
	        .acked_boot = core->sender.before_boot,
	        .acked_seq = core->sender.before_seq,
	        .dropped = core->outbox.dropped,
	        .bad_messages = core->bad_messages,
	        .retained_ignored = core->retained_ignored,
	};

	spool_stats(core->spool, &f.spool);
	f.n_before = spool_runs(core->spool, f.before);
	return f;
}

size_t core_farewell(struct core *core, const char *last_stop, char *json, size_t size)
{
	struct state_facts f = facts(core);

	f.online = false;
	f.last_stop = last_stop;
	return state_format(&f, json, size);
}

static void state_tick(struct core *core)
{
	int64_t age = core->now.mono_ms - core->state_last_ms;
	char json[CORE_STATE_SIZE];
	struct state_facts f;
	uint64_t key;

	if (!core->link_up || age < STATE_GAP_MS)
		return;
	f = facts(core);
	key = state_key(&f);
	if (key == core->state_key && age < STATE_EVERY_MS)
		return;
	core->state_key = key;
	core->state_last_ms = core->now.mono_ms;
	core->out.publish(core->out.ctx, CORE_STATE, (const uint8_t *)json,
	                  state_format(&f, json, sizeof json));
}

/* --- life --- */

static void damage_tell(struct core *core, unsigned tables)
{
	struct spool_stats stats;

	spool_stats(core->spool, &stats);
	if (stats.damaged + tables == 0)
		return;
	say(core, CORE_LOG_ERROR, "spool: damaged: %" PRIu64 " batches or stretches, %u tables",
	    stats.damaged, tables);
	own_event(core, EVENT_SPOOL_DAMAGED, 0, (int64_t)(stats.damaged + tables));
}

/* What the last run left behind. */
static enum err state_recall(struct core *core)
{
	const struct terminals_now tnow = terminals_now(core);
	const struct commands_now cnow = commands_now(core);
	unsigned damaged = 0;
	enum err err;

	err = tables_load(&core->tables, &core->policy, &tnow, &damaged);
	if (err)
		return err;
	commands_resume(&core->commands, &cnow);
	policy_apply(core);
	rows_recall(core);
	damage_tell(core, damaged);
	return ERR_NONE;
}

enum err core_new(struct core **out, const struct core_options *options,
                  const struct core_out *effects, const struct disk *disk, struct spool *spool,
                  const struct moment *now)
{
	struct commands_out command_effects = {NULL, on_command_result, on_command_note};
	struct terminals_out terminal_effects = {NULL,      on_send,   on_event,       on_edge,
	                                         on_values, on_result, on_send_failed, on_want};
	struct core *core = calloc(1, sizeof *core);
	enum err err;

	assert(options->boot != 0);
	if (!core)
		return ERR_NOMEM;
	core->out = *effects;
	core->options = *options;
	core->disk = *disk;
	core->spool = spool;
	core->now = *now;
	core->since_s = now->wall_ms / 1000;
	core->bus.kind = "none";
	core->policy.period_s = POLICY_PERIOD_S;
	timebase_start(&core->time, now);
	terminal_effects.ctx = command_effects.ctx = core;
	err = terminals_new(&core->terminals, &terminal_effects);
	if (err) {
		free(core);
		return err;
	}
	commands_init(&core->commands, core->terminals, &core->policy, &command_effects);
	sender_init(&core->sender, spool, core->sender_body, on_publish_up, core);
	outbox_init(&core->outbox, spool, options->boot);
	core->tables.disk = &core->disk;
	core->tables.terminals = core->terminals;
	core->tables.commands = &core->commands;
	now_set(core, now);
	err = state_recall(core);
	if (err) {
		core_free(core);
		return err;
	}
	*out = core;
	return ERR_NONE;
}

void core_free(struct core *core)
{
	outbox_free(&core->outbox);
	terminals_free(core->terminals);
	free(core);
}

void core_bus(struct core *core, const struct core_bus *bus, const struct moment *now)
{
	bool came = bus->up && !core->bus.up;
	struct terminals_now tnow;

	now_set(core, now);
	core->bus = *bus;
	tnow = terminals_now(core);
	if (came)
		terminals_bus_up(core->terminals, &tnow);
}

void core_frame(struct core *core, const struct can_msg *msg, const struct moment *now)
{
	struct terminals_now tnow;

	now_set(core, now);
	tnow = terminals_now(core);
	buswatch_frame(&core->watch, msg);
	terminals_frame(core->terminals, msg, &tnow);
}

void core_link(struct core *core, const char *why, const struct moment *now)
{
	now_set(core, now);
	core->link_up = !why;
	if (why) {
		snprintf(core->link_reason, sizeof core->link_reason, "%s", why);
	} else {
		core->connected_since_s = time_ms(core) / 1000;
		core->connections++;
	}
	sender_link(&core->sender, core->link_up);
	/* The will may have been published for the last connection: say at once that we are here. */
	core->state_key = 0;
	core->state_last_ms = now->mono_ms - STATE_EVERY_MS;
}

static void time_tick(struct core *core)
{
	struct can_msg msg;

	clock_stepped(core, timebase_watch(&core->time, &core->now));
	/* An unsure clock would only mislead: terminals run on alone. */
	if (!core->time.confirmed || !core->bus.up ||
	    !due(&core->time_due_ms, core->now.mono_ms, TIME_EVERY_MS))
		return;
	can_time_encode((uint64_t)time_ms(core), &msg);
	on_send(core, &msg);
}

static void bus_tick(struct core *core)
{
	switch (buswatch_tick(&core->watch, core->now.mono_ms)) {
	case BUSWATCH_OVERLOAD:
		say(core, CORE_LOG_WARN, "bus: overload, %u permille", core->watch.load_permille);
		own_event(core, EVENT_BUS_OVERLOAD, 0, core->watch.load_permille);
		break;
	case BUSWATCH_RELIEF:
		own_event(core, EVENT_BUS_OVERLOAD_END, 0, core->watch.load_permille);
		break;
	case BUSWATCH_SAME:
		break;
	}
}

static void save_tick(struct core *core)
{
	if (due(&core->space_due_ms, core->now.mono_ms, SPACE_EVERY_MS))
		outbox_retry(&core->outbox);
	space_tell(core);
	if (!due(&core->save_due_ms, core->now.mono_ms, SAVE_EVERY_MS))
		return;
	/* By an unsure clock nothing is too old. */
	ground_check(core,
	             spool_save(core->spool, core->time.confirmed ? time_ms(core) / 1000 : 0));
	if (terminals_may_save(core->terminals))
		ground_check(core, tables_save_terminals(&core->tables));
	if (core->commands.may_save)
		ground_check(core, tables_save_commands(&core->tables));
}

void core_tick(struct core *core, const struct moment *now)
{
	struct terminals_now tnow;
	struct commands_now cnow;

	now_set(core, now);
	time_tick(core);
	bus_tick(core);
	tnow = terminals_now(core);
	cnow = commands_now(core);
	if (core->bus.up)
		terminals_tick(core->terminals, &tnow);
	commands_tick(&core->commands, &cnow);
	plan_tick(core);
	save_tick(core);
	core->close_due = true;
	if (due(&core->live_due_ms, now->mono_ms, LIVE_EVERY_MS))
		live_tick(core);
	state_tick(core);
}

/* The disk takes milliseconds, in which a transfer of a command would stand still: its memory is
 * saved while the terminal works, or when something is to be told. */
static bool commands_save_due(const struct core *core)
{
	return core->commands.must_save &&
	       (core->outbox.batch.n_results || !terminals_command_moves(core->terminals));
}

/* Tables that must be durable before anything is told: an address before its terminal hears it; the
 * memory of a command before the word that it was received, otherwise a kill between the two
 * would lose a command that the platform sends no more. */
static void tables_settle(struct core *core)
{
	enum err err = ERR_NONE;

	if (core->now.mono_ms < core->tables_due_ms)
		return;
	if (terminals_must_save(core->terminals)) {
		policy_apply(core);
		err = tables_save_terminals(&core->tables);
	}
	if (!err && commands_save_due(core))
		err = tables_save_commands(&core->tables);
	if (err)
		core->tables_due_ms = core->now.mono_ms + SPACE_EVERY_MS;
	ground_check(core, err);
}

/* Results are offered beside the sync that makes them durable here: the terminal would answer the
 * same again. Readings and events cannot be had twice. */
static bool only_results_unsynced(const struct core *core)
{
	const struct batch *batch = &core->outbox.batch;

	return batch->n_results && !batch->n_rows && !batch->n_events && spool_synced(core->spool);
}

/* Somebody waits for a command's answer; readings and events wait for the tick. */
static void batch_settle(struct core *core)
{
	bool beside = only_results_unsynced(core);

	if (core->outbox.batch.n_results || core->close_due)
		outbox_close(&core->outbox);
	core->close_due = false;
	ground_check(core, core->outbox.failed);
	if (beside && !core->failed)
		ground_check(core, sender_pump(&core->sender, core->now.mono_ms));
	ground_check(core, spool_sync(core->spool));
}

enum err core_settle(struct core *core, const struct moment *now)
{
	struct terminals_now tnow;

	now_set(core, now);
	tnow = terminals_now(core);
	tables_settle(core);
	batch_settle(core);
	if (core->failed)
		return core->failed;
	if (outbox_is_spooled(&core->outbox)) {
		terminals_events_durable(core->terminals, &tnow);
		commands_told(&core->commands);
	}
	ground_check(core, sender_pump(&core->sender, now->mono_ms));
	return core->failed;
}

enum err core_stop(struct core *core, const struct moment *now)
{
	now_set(core, now);
	outbox_close(&core->outbox);
	ground_check(core, core->outbox.failed);
	ground_check(core, tables_save_terminals(&core->tables));
	ground_check(core, tables_save_commands(&core->tables));
	ground_check(core, spool_save(core->spool, 0));
	ground_check(core, spool_sync(core->spool));
	return core->failed;
}
