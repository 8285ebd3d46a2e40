/* Reading order: core_frame → terminals (meter/terminals.c) → on_values → row_add → core_settle →
 * batch_store → sender. core_message → acks, configuration, commands (meter/commands.c). */
#include "gateway/core/core.h"

#include "gateway/core/backlog.h"
#include "gateway/core/batch.h"
#include "gateway/core/buswatch.h"
#include "gateway/core/policy.h"
#include "gateway/core/sender.h"
#include "gateway/core/timebase.h"
#include "gateway/meter/commands.h"
#include "gateway/meter/terminals.h"
#include "gateway/spool/statefile.h"

#include "libs/proto/event.h"
#include "libs/proto/uplink.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIME_EVERY_MS    10000
#define LIVE_EVERY_MS    250
#define STATE_EVERY_MS   30000
#define STATE_GAP_MS     1000
#define SAVE_EVERY_MS    5000
#define BACKLOG_EVERY_MS 1000
#define LEASE_MAX_MS     60000
#define WANTS_MAX        64
#define NOW_SIZE         (64 * 1024)
#define DROPPED_DETAIL   1 /* of EVENT_SPOOL_DAMAGED: lost for lack of space, not by damage */

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

	struct terminals *terminals;
	struct commands commands;
	struct policy policy;
	struct policy_join policy_join;

	struct batch batch;
	uint64_t seq; /* of the last batch made */
	struct backlog backlog;
	uint64_t dropped, dropped_told;
	struct sender sender;

	/* Watch lease: live samples are sent until then, of these meters (none: all). */
	int64_t lease_until_ms;
	size_t n_watched;
	uint64_t watched[UPLINK_METERS_MAX];
	struct uplink_want wants[WANTS_MAX];
	size_t n_wants;

	int64_t time_due_ms, live_due_ms, save_due_ms, backlog_due_ms, state_due_ms;
	int64_t state_last_ms;
	uint64_t state_key;
	uint64_t bad_messages, retained_ignored;

	uint8_t record[RECORD_BODY_MAX];      /* batch being made */
	uint8_t sender_body[RECORD_BODY_MAX]; /* batch being sent */
	uint8_t table[STATEFILE_BODY_MAX];    /* state file being read or written */
	_Alignas(16) uint8_t arena[UPLINK_ARENA_SIZE];
};

static const char terminals_file[] = "terminals.tab";
static const char policy_file[] = "policy.tab";
static const char commands_file[] = "commands.tab";

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

/* --- batches --- */

static enum err batch_spool(struct core *core, struct spool_entry *entry, const uint8_t *bytes,
                            bool reserved)
{
	return spool_append(core->spool, entry, bytes, reserved);
}

static void batch_keep(struct core *core, const struct spool_entry *entry, const uint8_t *bytes,
                       bool reserved, size_t records)
{
	if (!core->backlog.first)
		say(core, CORE_LOG_ERROR, "spool: no space; batches wait in memory");
	if (backlog_put(&core->backlog, entry, bytes, reserved))
		core->dropped += records;
}

/* To the spool, or in memory behind those that wait already. */
static void batch_store(struct core *core, size_t len, size_t records, bool reserved)
{
	struct spool_entry entry = {.boot = core->options.boot,
	                            .seq = core->seq,
	                            .time_s = time_ms(core) / 1000,
	                            .len = (uint32_t)len};
	enum err err = ERR_DISK_FULL;

	if (!core->backlog.first)
		err = batch_spool(core, &entry, core->record, reserved);
	if (err == ERR_DISK_FULL || err == ERR_FULL)
		batch_keep(core, &entry, core->record, reserved, records);
	ground_check(core, err);
}

/* Makes a batch of what was gathered. It counts after the sync of core_settle(). */
static void batch_close(struct core *core)
{
	size_t records = batch_records(&core->batch);
	bool reserved = core->batch.n_events || core->batch.n_results;
	enum err err;
	size_t len;

	if (records == 0)
		return;
	core->seq++;
	err = batch_encode(&core->batch, core->options.boot, core->seq, core->record,
	                   sizeof core->record, &len);
	if (err) {
		say(core, CORE_LOG_ERROR, "batch %" PRIu64 ": %zu records: %s", core->seq, records,
		    err_text(err));
		core->dropped += records;
	} else {
		batch_store(core, len, records, reserved);
	}
	batch_clear(&core->batch);
}

/* Space again? In order, and no newer one before these. */
static void backlog_retry(struct core *core)
{
	enum err err = ERR_NONE;

	while (core->backlog.first && !err) {
		struct backlog_item *item = core->backlog.first;

		err = batch_spool(core, &item->entry, item->bytes, item->reserved);
		if (!err)
			backlog_pop(&core->backlog);
	}
	ground_check(core, err);
}

static void event_add(struct core *core, const struct uplink_event *event)
{
	if (batch_add_event(&core->batch, event))
		return;
	batch_close(core);
	(void)!batch_add_event(&core->batch, event);
}

/* One of the gateway itself. */
static void own_event(struct core *core, enum event_kind kind, uint32_t detail, int64_t value)
{
	const struct uplink_event event = {
	        .time_s = time_ms(core) / 1000, .kind = kind, .detail = detail, .value = value};

	event_add(core, &event);
}

static void dropped_tell(struct core *core)
{
	if (core->dropped == core->dropped_told || core->backlog.first)
		return;
	say(core, CORE_LOG_WARN, "spool: space again; %" PRIu64 " records were lost for lack of it",
	    core->dropped - core->dropped_told);
	own_event(core, EVENT_SPOOL_DAMAGED, DROPPED_DETAIL,
	          (int64_t)(core->dropped - core->dropped_told));
	core->dropped_told = core->dropped;
}

/* --- readings --- */

static struct reading row_make(const struct core *core, const struct terminal *t)
{
	const struct meter_values *v = &t->values;
	struct reading row = {.meter = (int64_t)t->meter,
	                      .time_s = t->sample_ms / 1000,
	                      .energy_wh = (int64_t)v->energy_wh,
	                      .voltage_dv = v->voltage_dv,
	                      .current_ma = v->current_ma,
	                      .power_dw = v->power_dw,
	                      .pf_permille = v->pf_permille,
	                      .frequency_chz = v->frequency_chz,
	                      .state = v->state & (unsigned)~METER_SAMPLE_TOGGLE,
	                      .quality = v->quality};

	if (!core->time.confirmed)
		row.quality |= METER_CLOCK_UNSURE;
	return row;
}

/* False: nothing to be said about this moment. No value is a gap, never an invented row; and a
 * second has one row, or the platform could not tell a repeat from a conflict. */
static bool row_add(struct core *core, struct terminal *t, uint32_t quality)
{
	struct reading row;

	if (t->meter == 0 || t->sets == 0 || !t->values.valid ||
	    core->now.mono_ms - t->sample_mono > TERMINAL_STALE_MS)
		return false;
	row = row_make(core, t);
	if (row.time_s <= t->row_s)
		return false;
	row.quality |= quality;
	if (!batch_add_row(&core->batch, &row)) {
		batch_close(core);
		(void)!batch_add_row(&core->batch, &row);
	}
	t->row_s = row.time_s;
	return true;
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
	event_add(core, &out);
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

/* Signed time is asked for whether somebody watches or not. */
static void on_want(void *ctx, const struct terminal *t, const struct bulk_time_want *want)
{
	struct core *core = ctx;
	struct uplink_want *out = &core->wants[core->n_wants];

	if (core->n_wants == WANTS_MAX)
		return; /* it is asked again in 20 s */
	core->n_wants++;
	memcpy(out->chip, t->chip, CHIP_SIZE);
	out->boot = want->boot;
	out->uptime_s = want->uptime_s;
	out->time_ms = time_ms(core);
}

static void on_command_result(void *ctx, const struct uplink_result *result)
{
	struct core *core = ctx;

	if (batch_add_result(&core->batch, result))
		return;
	batch_close(core);
	(void)!batch_add_result(&core->batch, result);
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
		err = statefile_save(&core->disk, policy_file, core->table,
		                     policy_encode(&core->policy_join.policy, core->table));
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
	struct terminal *t;

	if (step_ms == 0)
		return;
	say(core, CORE_LOG_WARN, "clock: jump of %" PRId64 " ms", step_ms);
	own_event(core, EVENT_CLOCK_STEPPED, 0, step_ms);
	/* Seconds may come again now. */
	for (unsigned i = 0; (t = terminals_next(core->terminals, &i));)
		t->row_s = 0;
}

static void platform_time(struct core *core, int64_t platform_ms)
{
	if (platform_ms > 0)
		clock_stepped(core, timebase_reference(&core->time, &core->now, platform_ms));
}

static void other_store(struct core *core)
{
	say(core, CORE_LOG_WARN, "platform: its store is another one; offering everything again");
	terminals_report(core->terminals);
}

static void watch_take(struct core *core, const struct down_watch *watch)
{
	int64_t lease_ms = (int64_t)watch->lease_s * 1000;
	struct terminal *t;

	/* Whoever begins to watch gets the present values, not only changes. */
	if (core->lease_until_ms <= core->now.mono_ms)
		for (unsigned i = 0; (t = terminals_next(core->terminals, &i));)
			t->live_changes = t->changes - 1;
	core->lease_until_ms =
	        core->now.mono_ms + (lease_ms < LEASE_MAX_MS ? lease_ms : LEASE_MAX_MS);
	core->n_watched = watch->meter_count;
	memcpy(core->watched, watch->meters, watch->meter_count * sizeof *core->watched);
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
	if (sender_epoch(&core->sender, down.epoch))
		other_store(core);
	if (down.has_config)
		config_take(core, &down.config);
	if (down.has_watch)
		watch_take(core, &down.watch);
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

	core->now = *now;
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

/* --- live samples --- */

static bool watched(const struct core *core, uint64_t meter)
{
	if (core->n_watched == 0)
		return true;
	for (size_t i = 0; i < core->n_watched; i++)
		if (core->watched[i] == meter)
			return true;
	return false;
}

/* Rows sorted by meter; the caller's array has room for all terminals. */
static size_t live_rows(struct core *core, struct reading *rows)
{
	struct terminal *t;
	size_t n = 0;

	if (core->now.mono_ms >= core->lease_until_ms)
		return 0;
	for (unsigned i = 0; (t = terminals_next(core->terminals, &i));) {
		size_t at = n;

		if (t->meter == 0 || t->sets == 0 || t->live_changes == t->changes ||
		    !watched(core, t->meter))
			continue;
		t->live_changes = t->changes;
		for (; at > 0 && rows[at - 1].meter > (int64_t)t->meter; at--)
			rows[at] = rows[at - 1];
		rows[at] = row_make(core, t);
		n++;
	}
	return n;
}

/* At most four a second: this is called every 250 ms. */
static void live_tick(struct core *core)
{
	struct now now = {.time_ms = time_ms(core), .wants = core->wants};
	struct arena arena;
	struct reading *rows;
	size_t n, len;

	arena_init(&arena, core->arena, sizeof core->arena);
	rows = arena_take(&arena, TERMINALS_MAX, sizeof *rows);
	assert(rows != NULL);
	n = live_rows(core, rows);
	now.want_count = core->n_wants;
	core->n_wants = 0;
	if (!core->link_up || (n == 0 && now.want_count == 0))
		return;
	if (n > 0 && readings_from_rows(rows, n, &arena, &now.live))
		return;
	if (!now_encode(&now, core->table, NOW_SIZE, &len))
		core->out.publish(core->out.ctx, CORE_NOW, core->table, len);
}

/* --- state --- */

size_t core_state(struct core *core, bool online, const char *last_stop, char *json, size_t size)
{
	struct spool_stats spool;
	int n;

	spool_stats(core->spool, &spool);
	n = snprintf(
	        json, size,
	        "{\"online\":%s,\"boot\":\"%016" PRIx64 "\",\"since\":%" PRId64
	        ",\"version\":\"%s\",\"config\":%" PRIu64 ",\"spool\":{\"queued\":%" PRIu64
	        ",\"oldest_s\":%" PRId64 ",\"bytes\":%" PRId64 ",\"damaged\":%" PRIu64
	        ",\"refused\":%" PRIu64 ",\"full\":%s,\"waiting_bytes\":%zu},"
	        "\"bus\":{\"kind\":\"%s\",\"up\":%s,\"load_permille\":%" PRIu32
	        ",\"overload\":%s,\"errors\":%" PRIu64 ",\"dropped\":%" PRIu64 ",\"terminals\":%u},"
	        "\"clock\":{\"offset_ms\":%" PRId64 ",\"confirmed\":%s,\"steps\":%" PRIu32
	        "},\"last_stop\":\"%s\",\"dropped\":%" PRIu64 ",\"bad_messages\":%" PRIu64
	        ",\"retained_ignored\":%" PRIu64 "}",
	        online ? "true" : "false", core->options.boot, core->since_s, core->options.version,
	        core->policy.version, spool.queued, spool.oldest_s, spool.bytes, spool.damaged,
	        spool.refused, core->backlog.first ? "true" : "false", core->backlog.bytes,
	        core->bus.kind, core->bus.up ? "true" : "false", core->watch.load_permille,
	        core->watch.overloaded ? "true" : "false", core->bus.errors, core->bus.dropped,
	        terminals_online(core->terminals), core->time.offset_ms,
	        core->time.confirmed ? "true" : "false", core->time.steps, last_stop, core->dropped,
	        core->bad_messages, core->retained_ignored);
	assert(n > 0 && (size_t)n < size);
	return (size_t)n;
}

/* How long the queue is, roughly: each message of it is not worth a message. */
static unsigned magnitude(uint64_t n)
{
	unsigned bits = 0;

	while (n >> bits)
		bits++;
	return bits;
}

/* Changes when something changed that is worth a message of its own. */
static uint64_t state_key(struct core *core)
{
	struct spool_stats spool;
	uint64_t key;

	spool_stats(core->spool, &spool);
	key = core->policy.version;
	key = key * 31 + spool.damaged;
	key = key * 31 + spool.refused;
	key = key * 31 + magnitude(spool.queued / 4);
	key = key * 31 + core->bus.up;
	key = key * 31 + magnitude(core->bus.errors);
	key = key * 31 + terminals_online(core->terminals);
	key = key * 31 + core->time.confirmed;
	key = key * 31 + core->time.steps;
	key = key * 31 + core->watch.overloaded;
	key = key * 31 + (core->backlog.first != NULL);
	return key * 31 + (core->dropped > 0);
}

static void state_tick(struct core *core)
{
	uint64_t key = state_key(core);
	int64_t age = core->now.mono_ms - core->state_last_ms;
	char json[CORE_STATE_SIZE];

	if (!core->link_up || age < STATE_GAP_MS ||
	    (key == core->state_key && age < STATE_EVERY_MS))
		return;
	core->state_key = key;
	core->state_last_ms = core->now.mono_ms;
	core->out.publish(core->out.ctx, CORE_STATE, (const uint8_t *)json,
	                  core_state(core, true, core->options.last_stop, json, sizeof json));
}

/* --- durable tables --- */

static void terminals_save(struct core *core)
{
	enum err err = statefile_save(&core->disk, terminals_file, core->table,
	                              terminals_table_encode(core->terminals, core->table));

	ground_check(core, err);
	if (!err)
		terminals_saved(core->terminals);
}

static void commands_save(struct core *core)
{
	enum err err = statefile_save(&core->disk, commands_file, core->table,
	                              commands_encode(&core->commands, core->table));

	ground_check(core, err);
	if (err)
		core->commands.changed = true;
}

static enum err table_load(struct core *core, const char *name, size_t *len)
{
	enum err err = statefile_load(&core->disk, name, core->table, sizeof core->table, len);

	if (err == ERR_NOT_FOUND)
		*len = 0;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* A damaged table is begun anew: terminals claim again, the platform sends the rest again. */
static enum err table_settle(struct core *core, const char *name, enum err err)
{
	if (err != ERR_DAMAGED && err != ERR_TOO_LONG)
		return err;
	say(core, CORE_LOG_ERROR, "%s: damaged, begun anew", name);
	own_event(core, EVENT_SPOOL_DAMAGED, 0, 1);
	return ERR_NONE;
}

static enum err tables_load(struct core *core)
{
	const struct terminals_now now = terminals_now(core);
	enum err err;
	size_t len;

	err = table_load(core, terminals_file, &len);
	if (!err && len)
		err = terminals_table_decode(core->terminals, core->table, len, &now);
	err = table_settle(core, terminals_file, err);
	if (err)
		return err;
	err = table_load(core, policy_file, &len);
	if (!err && len)
		err = policy_decode(&core->policy, core->table, len);
	if (err)
		memset(&core->policy, 0, sizeof core->policy);
	err = table_settle(core, policy_file, err);
	if (err)
		return err;
	err = table_load(core, commands_file, &len);
	if (!err && len)
		err = commands_decode(&core->commands, core->table, len);
	return table_settle(core, commands_file, err);
}

/* --- life --- */

static void damage_tell(struct core *core)
{
	struct spool_stats stats;

	spool_stats(core->spool, &stats);
	if (stats.damaged == 0)
		return;
	say(core, CORE_LOG_ERROR, "spool: %" PRIu64 " batches or stretches are damaged",
	    stats.damaged);
	own_event(core, EVENT_SPOOL_DAMAGED, 0, (int64_t)stats.damaged);
}

enum err core_new(struct core **out, const struct core_options *options,
                  const struct core_out *effects, const struct disk *disk, struct spool *spool,
                  const struct moment *now)
{
	const struct commands_out command_effects = {NULL, on_command_result, on_command_note};
	struct terminals_out terminal_effects = {NULL,      on_send,   on_event,       on_edge,
	                                         on_values, on_result, on_send_failed, on_want};
	struct commands_out command_out = command_effects;
	struct commands_now cnow;
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
	terminal_effects.ctx = command_out.ctx = core;
	err = terminals_new(&core->terminals, &terminal_effects);
	if (err) {
		free(core);
		return err;
	}
	commands_init(&core->commands, core->terminals, &core->policy, &command_out);
	sender_init(&core->sender, spool, core->sender_body, on_publish_up, core);
	err = tables_load(core);
	if (err) {
		core_free(core);
		return err;
	}
	cnow = commands_now(core);
	commands_resume(&core->commands, &cnow);
	policy_apply(core);
	damage_tell(core);
	*out = core;
	return ERR_NONE;
}

void core_free(struct core *core)
{
	backlog_clear(&core->backlog);
	terminals_free(core->terminals);
	free(core);
}

void core_bus(struct core *core, const struct core_bus *bus, const struct moment *now)
{
	bool came = bus->up && !core->bus.up;
	struct terminals_now tnow;

	core->now = *now;
	core->bus = *bus;
	tnow = terminals_now(core);
	if (came)
		terminals_bus_up(core->terminals, &tnow);
}

void core_frame(struct core *core, const struct can_msg *msg, const struct moment *now)
{
	struct terminals_now tnow;

	core->now = *now;
	tnow = terminals_now(core);
	buswatch_frame(&core->watch, msg);
	terminals_frame(core->terminals, msg, &tnow);
}

void core_link(struct core *core, bool up, const struct moment *now)
{
	core->now = *now;
	core->link_up = up;
	sender_link(&core->sender, up);
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
	if (due(&core->backlog_due_ms, core->now.mono_ms, BACKLOG_EVERY_MS) && core->backlog.first)
		backlog_retry(core);
	dropped_tell(core);
	if (!due(&core->save_due_ms, core->now.mono_ms, SAVE_EVERY_MS))
		return;
	/* By an unsure clock nothing is too old. */
	ground_check(core,
	             spool_save(core->spool, core->time.confirmed ? time_ms(core) / 1000 : 0));
	if (terminals_may_save(core->terminals))
		terminals_save(core);
	if (core->commands.may_save)
		commands_save(core);
}

void core_tick(struct core *core, const struct moment *now)
{
	struct terminals_now tnow;
	struct commands_now cnow;

	core->now = *now;
	time_tick(core);
	bus_tick(core);
	tnow = terminals_now(core);
	cnow = commands_now(core);
	if (core->bus.up)
		terminals_tick(core->terminals, &tnow);
	commands_tick(&core->commands, &cnow);
	plan_tick(core);
	save_tick(core);
	batch_close(core);
	if (due(&core->live_due_ms, now->mono_ms, LIVE_EVERY_MS))
		live_tick(core);
	state_tick(core);
}

enum err core_settle(struct core *core, const struct moment *now)
{
	struct terminals_now tnow;

	core->now = *now;
	tnow = terminals_now(core);
	if (terminals_must_save(core->terminals)) {
		policy_apply(core);
		terminals_save(core);
	}
	/* The memory of a command before the word that it was received: otherwise a kill between the
	 * two would lose a command that the platform sends no more. */
	if (core->commands.changed)
		commands_save(core);
	if (core->batch.n_results)
		batch_close(core);
	ground_check(core, spool_sync(core->spool));
	if (core->failed)
		return core->failed;
	if (!core->backlog.first && batch_is_empty(&core->batch)) {
		terminals_events_durable(core->terminals, &tnow);
		commands_told(&core->commands);
	}
	ground_check(core, sender_pump(&core->sender, now->mono_ms));
	return core->failed;
}

enum err core_stop(struct core *core, const struct moment *now)
{
	core->now = *now;
	batch_close(core);
	terminals_save(core);
	commands_save(core);
	ground_check(core, spool_save(core->spool, 0));
	ground_check(core, spool_sync(core->spool));
	return core->failed;
}
