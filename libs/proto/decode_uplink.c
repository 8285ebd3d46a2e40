/* Messages between gateway and platform. */
#include "libs/proto/command.h"
#include "libs/proto/decode_parts.h"
#include "libs/proto/event.h"
#include "libs/proto/uplink.h"

#include <inttypes.h>
#include <stdio.h>

static struct arena *fresh_arena(void)
{
	/* One for all calls: decode.h allows one at a time. */
	static uint64_t memory[UPLINK_ARENA_SIZE / 8];
	static struct arena arena;

	arena_init(&arena, memory, sizeof memory);
	return &arena;
}

static enum err refuse(struct decode *d, enum err err)
{
	return decode_refuse(d, err, "%s", err_text(err));
}

static void append(struct decode *d, json_t *list, json_t *item)
{
	if (json_array_append_new(list, item))
		d->failed = true;
}

/* Meter and command numbers fit 63 bits in a sane message; others are shown as text. */
static void put_number(struct decode *d, json_t *object, const char *key, uint64_t value)
{
	char text[24];

	if (value <= INT64_MAX) {
		put_int(d, object, key, (int64_t)value);
		return;
	}
	snprintf(text, sizeof text, "%" PRIu64, value);
	put_text(d, object, key, text);
}

static void put_measured(struct decode *d, json_t *row, const struct readings *t,
                         enum readings_column column, const char *key, int64_t value)
{
	if (t->has & COLUMN_BIT(column))
		put_int(d, row, key, value);
}

static json_t *row_json(struct decode *d, const struct readings *t, const struct reading *r)
{
	json_t *row = json_object();

	put_int(d, row, "meter", r->meter);
	put_int(d, row, "time_s", r->time_s);
	put_measured(d, row, t, COLUMN_VOLTAGE, "voltage_dv", r->voltage_dv);
	put_measured(d, row, t, COLUMN_CURRENT, "current_ma", r->current_ma);
	put_measured(d, row, t, COLUMN_POWER, "power_dw", r->power_dw);
	put_measured(d, row, t, COLUMN_PF, "pf_permille", r->pf_permille);
	put_measured(d, row, t, COLUMN_FREQUENCY, "frequency_chz", r->frequency_chz);
	put_measured(d, row, t, COLUMN_ENERGY, "energy_wh", r->energy_wh);
	put_measured(d, row, t, COLUMN_STATE, "state", r->state);
	put_measured(d, row, t, COLUMN_QUALITY, "quality", r->quality);
	return row;
}

static json_t *table_json(struct decode *d, const struct readings *t)
{
	json_t *rows = json_array();
	uint32_t at = 0;

	for (uint32_t run = 0; run < t->runs; run++)
		for (uint32_t i = 0; i < t->run_len[run]; i++) {
			struct reading r = readings_row(t, run, at++);

			append(d, rows, row_json(d, t, &r));
		}
	return rows;
}

static json_t *event_json(struct decode *d, const struct uplink_event *e)
{
	json_t *j = json_object();

	put_int(d, j, "time_s", e->time_s);
	put_number(d, j, "meter", e->meter);
	put_int(d, j, "kind", e->kind);
	put_text(d, j, "name", event_name(e->kind)->word);
	put_number(d, j, "seq", e->seq);
	put_int(d, j, "detail", e->detail);
	put_int(d, j, "value", e->value);
	put_int(d, j, "boot", e->boot);
	if (e->has_chip)
		put_hex(d, j, "chip", e->chip, CHIP_SIZE);
	return j;
}

static json_t *result_json(struct decode *d, const struct uplink_result *r)
{
	json_t *j = json_object();

	put_number(d, j, "command_id", r->command_id);
	put_int(d, j, "stage", r->stage);
	put_int(d, j, "reason", r->reason);
	put_int(d, j, "time_ms", r->time_ms);
	put_hex(d, j, "body", r->body, r->body_len);
	put_int(d, j, "current_ma", r->current_ma);
	put_int(d, j, "power_dw", r->power_dw);
	put_int(d, j, "state", r->state);
	put_int(d, j, "energy_wh", r->energy_wh);
	return j;
}

enum err decode_uplink(struct decode *d)
{
	json_t *tables, *events, *results;
	struct uplink u;
	enum err err = uplink_decode(d->bytes, d->len, fresh_arena(), &u);

	if (err)
		return refuse(d, err);
	put_u64_hex(d, d->out, "boot", u.boot);
	put_number(d, d->out, "seq", u.seq);
	tables = json_array();
	for (size_t i = 0; i < u.table_count; i++)
		append(d, tables, table_json(d, &u.table[i]));
	put(d, d->out, "readings", tables);
	events = json_array();
	for (size_t i = 0; i < u.event_count; i++)
		append(d, events, event_json(d, &u.events[i]));
	put(d, d->out, "events", events);
	results = json_array();
	for (size_t i = 0; i < u.result_count; i++)
		append(d, results, result_json(d, &u.results[i]));
	put(d, d->out, "results", results);
	return ERR_NONE;
}

enum err decode_now(struct decode *d)
{
	struct now now;
	enum err err = now_decode(d->bytes, d->len, fresh_arena(), &now);
	json_t *wants;

	if (err)
		return refuse(d, err);
	put_int(d, d->out, "time_ms", now.time_ms);
	put(d, d->out, "live", table_json(d, &now.live));
	wants = json_array();
	for (size_t i = 0; i < now.want_count; i++) {
		json_t *j = json_object();

		put_hex(d, j, "chip", now.wants[i].chip, CHIP_SIZE);
		put_int(d, j, "boot", now.wants[i].boot);
		put_int(d, j, "uptime_s", now.wants[i].uptime_s);
		put_int(d, j, "time_ms", now.wants[i].time_ms);
		append(d, wants, j);
	}
	put(d, d->out, "want", wants);
	return ERR_NONE;
}

enum err decode_ack(struct decode *d)
{
	struct ack ack;
	enum err err = ack_decode(d->bytes, d->len, fresh_arena(), &ack);
	json_t *list;

	if (err)
		return refuse(d, err);
	put_u64_hex(d, d->out, "epoch", ack.epoch);
	if (ack.run)
		put_u64_hex(d, d->out, "run", ack.run);
	put_int(d, d->out, "time_ms", ack.time_ms);
	list = json_array();
	for (size_t i = 0; i < ack.done_count; i++) {
		json_t *j = json_object();

		put_u64_hex(d, j, "boot", ack.done[i].boot);
		put_number(d, j, "first", ack.done[i].first);
		put_number(d, j, "last", ack.done[i].last);
		append(d, list, j);
	}
	put(d, d->out, "done", list);
	list = json_array();
	for (size_t i = 0; i < ack.refused_count; i++) {
		json_t *j = json_object();

		put_u64_hex(d, j, "boot", ack.refused[i].boot);
		put_number(d, j, "seq", ack.refused[i].seq);
		put_int(d, j, "reason", ack.refused[i].reason);
		append(d, list, j);
	}
	put(d, d->out, "refused", list);
	return ERR_NONE;
}

static json_t *config_json(struct decode *d, const struct down_config *c)
{
	json_t *j = json_object(), *meters = json_array();

	put_number(d, j, "version", c->version);
	put_int(d, j, "period_s", c->period_s);
	put_int(d, j, "trip_limit_count", c->trip_limit_count);
	put_int(d, j, "trip_limit_window_s", c->trip_limit_window_s);
	put(d, j, "part", json_boolean(c->part));
	put_int(d, j, "parts", c->parts);
	put_int(d, j, "index", c->index);
	for (size_t i = 0; i < c->meter_count; i++) {
		json_t *meter = json_object();

		put_number(d, meter, "number", c->meters[i].number);
		put_hex(d, meter, "chip", c->meters[i].chip, CHIP_SIZE);
		put_int(d, meter, "period_s", c->meters[i].period_s);
		append(d, meters, meter);
	}
	put(d, j, "meters", meters);
	return j;
}

static json_t *command_json(struct decode *d, const struct down_command *c)
{
	json_t *j = json_object();

	put_number(d, j, "id", c->id);
	put_number(d, j, "meter", c->meter);
	put_int(d, j, "kind", c->kind);
	put_text(d, j, "kind_word", command_kind_word(c->kind));
	put_int(d, j, "expires_s", c->expires_s);
	put_hex(d, j, "body", c->body, c->body_len);
	return j;
}

static json_t *watch_json(struct decode *d, const struct down_watch *w)
{
	json_t *j = json_object(), *meters = json_array();
	char text[24];

	put_int(d, j, "lease_s", w->lease_s);
	for (size_t i = 0; i < w->meter_count; i++) {
		snprintf(text, sizeof text, "%012" PRIu64, w->meters[i]);
		append(d, meters, json_string(text));
	}
	put(d, j, "meters", meters);
	return j;
}

enum err decode_down(struct decode *d)
{
	struct down down;
	enum err err = down_decode(d->bytes, d->len, fresh_arena(), &down);
	json_t *commands;

	if (err)
		return refuse(d, err);
	put_u64_hex(d, d->out, "epoch", down.epoch);
	if (down.run)
		put_u64_hex(d, d->out, "run", down.run);
	put_int(d, d->out, "time_ms", down.time_ms);
	if (down.has_config)
		put(d, d->out, "config", config_json(d, &down.config));
	commands = json_array();
	for (size_t i = 0; i < down.command_count; i++)
		append(d, commands, command_json(d, &down.commands[i]));
	put(d, d->out, "commands", commands);
	if (down.has_watch)
		put(d, d->out, "watch", watch_json(d, &down.watch));
	return ERR_NONE;
}
