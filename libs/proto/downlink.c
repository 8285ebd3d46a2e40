/* Messages of the platform: Ack and Down. */
#include "libs/proto/uplink.h"

#include "libs/proto/uplink_list.h"

#include "uplink.pb.h"

#include <string.h>

/* ---- Ack ---- */

static bool put_done(pb_ostream_t *s, const pb_field_t *field, void *const *arg)
{
	const struct ack *ack = *arg;

	for (size_t i = 0; i < ack->done_count; i++) {
		const struct ack_done *done = &ack->done[i];
		wattle_Done m = {done->boot, done->first, done->last};

		if (!submessage_encode(s, field, wattle_Done_fields, &m))
			return false;
	}
	return true;
}

static bool put_refused(pb_ostream_t *s, const pb_field_t *field, void *const *arg)
{
	const struct ack *ack = *arg;

	for (size_t i = 0; i < ack->refused_count; i++) {
		const struct ack_refused *refused = &ack->refused[i];
		wattle_Refused m = {refused->boot, refused->seq, refused->reason};

		if (!submessage_encode(s, field, wattle_Refused_fields, &m))
			return false;
	}
	return true;
}

enum err ack_encode(const struct ack *ack, uint8_t *out, size_t size, size_t *len)
{
	wattle_Ack m = wattle_Ack_init_zero;

	if (ack->done_count > UPLINK_DONE_MAX || ack->refused_count > UPLINK_REFUSED_MAX)
		return ERR_TOO_LONG;
	m.epoch = ack->epoch;
	m.run = ack->run;
	m.time_ms = ack->time_ms;
	m.done = encode_with(put_done, ack);
	m.refused = encode_with(put_refused, ack);
	return message_encode(out, size, wattle_Ack_fields, &m, len);
}

static bool take_done(pb_istream_t *s, const pb_field_t *field, void **arg)
{
	struct list *list = *arg;
	struct ack_done *done = list_next(list);
	wattle_Done m = wattle_Done_init_zero;

	(void)field;
	if (!done || !submessage_decode(list->d, s, wattle_Done_fields, &m))
		return false;
	*done = (struct ack_done){m.boot, m.first, m.last};
	if (m.boot && m.first && m.first <= m.last)
		return true;
	list->d->err = ERR_BAD_INPUT;
	return false;
}

static bool take_refused(pb_istream_t *s, const pb_field_t *field, void **arg)
{
	struct list *list = *arg;
	struct ack_refused *refused = list_next(list);
	wattle_Refused m = wattle_Refused_init_zero;

	(void)field;
	if (!refused || !submessage_decode(list->d, s, wattle_Refused_fields, &m))
		return false;
	*refused = (struct ack_refused){m.boot, m.seq, m.reason};
	return true;
}

enum err ack_decode(const uint8_t *in, size_t len, struct arena *arena, struct ack *ack)
{
	struct decoding d = {arena, ERR_NONE};
	struct list done = {&d, NULL, 0, UPLINK_DONE_MAX, sizeof *ack->done};
	struct list refused = {&d, NULL, 0, UPLINK_REFUSED_MAX, sizeof *ack->refused};
	wattle_Ack m = wattle_Ack_init_zero;
	enum err err;

	m.done = decode_with(take_done, &done);
	m.refused = decode_with(take_refused, &refused);
	err = message_decode(&d, in, len, wattle_Ack_fields, &m);
	if (err)
		return err;
	*ack = (struct ack){
	        .epoch = m.epoch,
	        .run = m.run,
	        .time_ms = m.time_ms,
	        .done_count = done.count,
	        .refused_count = refused.count,
	        .done = done.items,
	        .refused = refused.items,
	};
	return ack->epoch ? ERR_NONE : ERR_BAD_INPUT;
}

/* ---- Down: encoding ---- */

static bool put_meters(pb_ostream_t *s, const pb_field_t *field, void *const *arg)
{
	const struct down_config *config = *arg;

	for (size_t i = 0; i < config->meter_count; i++) {
		const struct down_meter *meter = &config->meters[i];
		wattle_Meter m = wattle_Meter_init_zero;

		m.number = meter->number;
		m.chip.size = CHIP_SIZE;
		memcpy(m.chip.bytes, meter->chip, CHIP_SIZE);
		m.period_s = meter->period_s;
		if (!submessage_encode(s, field, wattle_Meter_fields, &m))
			return false;
	}
	return true;
}

static bool put_commands(pb_ostream_t *s, const pb_field_t *field, void *const *arg)
{
	const struct down *down = *arg;

	for (size_t i = 0; i < down->command_count; i++) {
		const struct down_command *c = &down->commands[i];
		wattle_Command m = wattle_Command_init_zero;

		if (c->body_len > UPLINK_COMMAND_BODY)
			return false;
		m.id = c->id;
		m.meter = c->meter;
		m.body.size = c->body_len;
		memcpy(m.body.bytes, c->body, c->body_len);
		m.expires_s = c->expires_s;
		m.kind = c->kind;
		if (!submessage_encode(s, field, wattle_Command_fields, &m))
			return false;
	}
	return true;
}

static bool put_watch_meters(pb_ostream_t *s, const pb_field_t *field, void *const *arg)
{
	const struct down_watch *watch = *arg;
	pb_ostream_t sizing = PB_OSTREAM_SIZING;

	if (watch->meter_count == 0)
		return true;
	for (size_t i = 0; i < watch->meter_count; i++)
		if (!pb_encode_varint(&sizing, watch->meters[i]))
			return false;
	if (!pb_encode_tag(s, PB_WT_STRING, field->tag) ||
	    !pb_encode_varint(s, sizing.bytes_written))
		return false;
	for (size_t i = 0; i < watch->meter_count; i++)
		if (!pb_encode_varint(s, watch->meters[i]))
			return false;
	return true;
}

static void config_fill(const struct down_config *config, wattle_Config *m)
{
	m->version = config->version;
	m->period_s = config->period_s;
	m->trip_limit_count = config->trip_limit_count;
	m->trip_limit_window_s = config->trip_limit_window_s;
	m->part = config->part;
	m->parts = config->parts;
	m->index = config->index;
	m->meters = encode_with(put_meters, config);
}

enum err down_encode(const struct down *down, uint8_t *out, size_t size, size_t *len)
{
	wattle_Down m = wattle_Down_init_zero;

	if (down->command_count > UPLINK_COMMANDS_MAX ||
	    down->config.meter_count > UPLINK_METERS_MAX ||
	    down->watch.meter_count > UPLINK_METERS_MAX)
		return ERR_TOO_LONG;
	m.epoch = down->epoch;
	m.run = down->run;
	m.time_ms = down->time_ms;
	m.has_config = down->has_config;
	config_fill(&down->config, &m.config);
	m.commands = encode_with(put_commands, down);
	m.has_watch = down->has_watch;
	m.watch.lease_s = down->watch.lease_s;
	m.watch.meters = encode_with(put_watch_meters, &down->watch);
	return message_encode(out, size, wattle_Down_fields, &m, len);
}

/* ---- Down: decoding ---- */

static bool take_meter(pb_istream_t *s, const pb_field_t *field, void **arg)
{
	struct list *list = *arg;
	struct down_meter *meter = list_next(list);
	wattle_Meter m = wattle_Meter_init_zero;

	(void)field;
	if (!meter || !submessage_decode(list->d, s, wattle_Meter_fields, &m))
		return false;
	meter->number = m.number;
	meter->period_s = m.period_s;
	return chip_take(list->d, m.chip.size, m.chip.bytes, meter->chip);
}

static bool take_command(pb_istream_t *s, const pb_field_t *field, void **arg)
{
	struct list *list = *arg;
	struct down_command *c = list_next(list);
	wattle_Command m = wattle_Command_init_zero;

	(void)field;
	if (!c || !submessage_decode(list->d, s, wattle_Command_fields, &m))
		return false;
	c->id = m.id;
	c->meter = m.meter;
	c->body_len = m.body.size;
	memcpy(c->body, m.body.bytes, m.body.size);
	c->expires_s = m.expires_s;
	c->kind = m.kind;
	return true;
}

/* Packed, or element by element: protobuf readers take both. */
static bool take_watch_meters(pb_istream_t *s, const pb_field_t *field, void **arg)
{
	struct list *list = *arg;

	(void)field;
	while (s->bytes_left > 0) {
		uint64_t *meter = list_next(list);

		if (!meter || !pb_decode_varint(s, meter))
			return false;
	}
	return true;
}

static void config_take(const wattle_Config *m, const struct list *meters,
                        struct down_config *config)
{
	*config = (struct down_config){
	        .version = m->version,
	        .period_s = m->period_s,
	        .trip_limit_count = m->trip_limit_count,
	        .trip_limit_window_s = m->trip_limit_window_s,
	        .part = m->part,
	        .parts = m->parts,
	        .index = m->index,
	        .meter_count = meters->count,
	        .meters = meters->items,
	};
}

/* Meter numbers must be meter numbers; a part must be one of its parts. */
static enum err config_check(const struct down_config *config)
{
	for (size_t i = 0; i < config->meter_count; i++)
		if (config->meters[i].number < 1 ||
		    config->meters[i].number > (uint64_t)UPLINK_METER_LAST)
			return ERR_RANGE;
	return config->part && config->index >= config->parts ? ERR_RANGE : ERR_NONE;
}

enum err down_decode(const uint8_t *in, size_t len, struct arena *arena, struct down *down)
{
	struct decoding d = {arena, ERR_NONE};
	struct list meters = {&d, NULL, 0, UPLINK_METERS_MAX, sizeof(struct down_meter)};
	struct list commands = {&d, NULL, 0, UPLINK_COMMANDS_MAX, sizeof(struct down_command)};
	struct list watched = {&d, NULL, 0, UPLINK_METERS_MAX, sizeof(uint64_t)};
	wattle_Down m = wattle_Down_init_zero;
	enum err err;

	memset(down, 0, sizeof *down);
	m.config.meters = decode_with(take_meter, &meters);
	m.commands = decode_with(take_command, &commands);
	m.watch.meters = decode_with(take_watch_meters, &watched);
	err = message_decode(&d, in, len, wattle_Down_fields, &m);
	if (err)
		return err;
	down->epoch = m.epoch;
	down->run = m.run;
	down->time_ms = m.time_ms;
	down->has_config = m.has_config;
	config_take(&m.config, &meters, &down->config);
	down->command_count = commands.count;
	down->commands = commands.items;
	down->has_watch = m.has_watch;
	down->watch = (struct down_watch){m.watch.lease_s, watched.count, watched.items};
	return down->epoch ? config_check(&down->config) : ERR_BAD_INPUT;
}
