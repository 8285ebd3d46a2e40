/* Messages of the gateway: Uplink and Now. */
#include "libs/proto/uplink.h"

#include "libs/proto/uplink_columns.h"
#include "libs/proto/uplink_list.h"

#include <string.h>

/* ---- Uplink: encoding ---- */

static bool put_tables(pb_ostream_t *s, const pb_field_t *field, void *const *arg)
{
	const struct uplink *u = *arg;

	for (size_t i = 0; i < u->table_count; i++) {
		wattle_Readings m = wattle_Readings_init_zero;
		struct columns_out out;

		if (u->table[i].count == 0)
			continue;
		columns_offer(&m, &out, &u->table[i]);
		if (!submessage_encode(s, field, wattle_Readings_fields, &m))
			return false;
	}
	return true;
}

static bool put_events(pb_ostream_t *s, const pb_field_t *field, void *const *arg)
{
	const struct uplink *u = *arg;

	for (size_t i = 0; i < u->event_count; i++) {
		const struct uplink_event *e = &u->events[i];
		wattle_Event m = wattle_Event_init_zero;

		m.time_s = e->time_s;
		m.meter = e->meter;
		m.kind = e->kind;
		m.seq = e->seq;
		m.detail = e->detail;
		m.value = e->value;
		m.boot = e->boot;
		m.chip.size = e->has_chip ? CHIP_SIZE : 0;
		memcpy(m.chip.bytes, e->chip, m.chip.size);
		if (!submessage_encode(s, field, wattle_Event_fields, &m))
			return false;
	}
	return true;
}

static bool put_results(pb_ostream_t *s, const pb_field_t *field, void *const *arg)
{
	const struct uplink *u = *arg;

	for (size_t i = 0; i < u->result_count; i++) {
		const struct uplink_result *r = &u->results[i];
		wattle_Result m = wattle_Result_init_zero;

		if (r->body_len > UPLINK_RESULT_BODY)
			return false;
		m.command_id = r->command_id;
		m.stage = r->stage;
		m.body.size = r->body_len;
		memcpy(m.body.bytes, r->body, r->body_len);
		m.time_ms = r->time_ms;
		m.reason = r->reason;
		m.current_ma = r->current_ma;
		m.state = r->state;
		m.energy_wh = r->energy_wh;
		m.power_dw = r->power_dw;
		if (!submessage_encode(s, field, wattle_Result_fields, &m))
			return false;
	}
	return true;
}

enum err uplink_encode(const struct uplink *u, uint8_t *out, size_t size, size_t *len)
{
	wattle_Uplink m = wattle_Uplink_init_zero;

	if (u->table_count > UPLINK_TABLES_MAX || u->event_count > UPLINK_EVENTS_MAX ||
	    u->result_count > UPLINK_RESULTS_MAX)
		return ERR_TOO_LONG;
	m.boot = u->boot;
	m.seq = u->seq;
	m.readings = encode_with(put_tables, u);
	m.events = encode_with(put_events, u);
	m.results = encode_with(put_results, u);
	return message_encode(out, size, wattle_Uplink_fields, &m, len);
}

/* ---- Uplink: decoding ---- */

struct uplink_decoding {
	struct decoding d;
	struct uplink *u;
	struct list events, results;
};

static bool take_table(pb_istream_t *s, const pb_field_t *field, void **arg)
{
	struct uplink_decoding *ud = *arg;
	wattle_Readings m = wattle_Readings_init_zero;
	struct columns_raw raw;
	bool ok;

	(void)field;
	if (ud->u->table_count == UPLINK_TABLES_MAX) {
		ud->d.err = ERR_TOO_LONG;
		return false;
	}
	columns_expect(&m, &raw, ud->d.arena);
	ok = pb_decode(s, wattle_Readings_fields, &m);
	if (!ok)
		ud->d.err = raw.err ? raw.err : ERR_BAD_INPUT;
	else
		ud->d.err = columns_resolve(&raw, m.count, &ud->u->table[ud->u->table_count++]);
	return ud->d.err == ERR_NONE;
}

static bool take_event(pb_istream_t *s, const pb_field_t *field, void **arg)
{
	struct uplink_decoding *ud = *arg;
	struct uplink_event *e = list_next(&ud->events);
	wattle_Event m = wattle_Event_init_zero;

	(void)field;
	if (!e || !submessage_decode(&ud->d, s, wattle_Event_fields, &m))
		return false;
	e->time_s = m.time_s;
	e->meter = m.meter;
	e->kind = m.kind;
	e->seq = m.seq;
	e->detail = m.detail;
	e->value = m.value;
	e->boot = m.boot;
	e->has_chip = m.chip.size > 0;
	return !e->has_chip || chip_take(&ud->d, m.chip.size, m.chip.bytes, e->chip);
}

static bool take_result(pb_istream_t *s, const pb_field_t *field, void **arg)
{
	struct uplink_decoding *ud = *arg;
	struct uplink_result *r = list_next(&ud->results);
	wattle_Result m = wattle_Result_init_zero;

	(void)field;
	if (!r || !submessage_decode(&ud->d, s, wattle_Result_fields, &m))
		return false;
	r->command_id = m.command_id;
	r->stage = m.stage;
	r->body_len = (uint8_t)m.body.size;
	memcpy(r->body, m.body.bytes, m.body.size);
	r->time_ms = m.time_ms;
	r->reason = m.reason;
	r->current_ma = m.current_ma;
	r->state = m.state;
	r->energy_wh = m.energy_wh;
	r->power_dw = m.power_dw;
	return true;
}

enum err uplink_decode(const uint8_t *in, size_t len, struct arena *arena, struct uplink *u)
{
	struct uplink_decoding ud = {
	        .d = {arena, ERR_NONE},
                  .u = u
        };
	wattle_Uplink m = wattle_Uplink_init_zero;
	enum err err;

	memset(u, 0, sizeof *u);
	ud.events = (struct list){&ud.d, NULL, 0, UPLINK_EVENTS_MAX, sizeof *u->events};
	ud.results = (struct list){&ud.d, NULL, 0, UPLINK_RESULTS_MAX, sizeof *u->results};
	m.readings = decode_with(take_table, &ud);
	m.events = decode_with(take_event, &ud);
	m.results = decode_with(take_result, &ud);
	err = message_decode(&ud.d, in, len, wattle_Uplink_fields, &m);
	if (err)
		return err;
	u->boot = m.boot;
	u->seq = m.seq;
	u->events = ud.events.items;
	u->event_count = ud.events.count;
	u->results = ud.results.items;
	u->result_count = ud.results.count;
	/* A batch without a name could never be acknowledged. */
	return u->boot && u->seq ? ERR_NONE : ERR_BAD_INPUT;
}

/* ---- Now ---- */

static bool put_wants(pb_ostream_t *s, const pb_field_t *field, void *const *arg)
{
	const struct now *now = *arg;

	for (size_t i = 0; i < now->want_count; i++) {
		const struct uplink_want *w = &now->wants[i];
		wattle_Want m = wattle_Want_init_zero;

		m.chip.size = CHIP_SIZE;
		memcpy(m.chip.bytes, w->chip, CHIP_SIZE);
		m.boot = w->boot;
		m.uptime_s = w->uptime_s;
		m.time_ms = w->time_ms;
		if (!submessage_encode(s, field, wattle_Want_fields, &m))
			return false;
	}
	return true;
}

enum err now_encode(const struct now *now, uint8_t *out, size_t size, size_t *len)
{
	wattle_Now m = wattle_Now_init_zero;
	struct columns_out live;

	if (now->want_count > UPLINK_WANTS_MAX)
		return ERR_TOO_LONG;
	m.time_ms = now->time_ms;
	m.has_live = now->live.count > 0;
	columns_offer(&m.live, &live, &now->live);
	m.want = encode_with(put_wants, now);
	return message_encode(out, size, wattle_Now_fields, &m, len);
}

static bool take_want(pb_istream_t *s, const pb_field_t *field, void **arg)
{
	struct list *list = *arg;
	struct uplink_want *w = list_next(list);
	wattle_Want m = wattle_Want_init_zero;

	(void)field;
	if (!w || !submessage_decode(list->d, s, wattle_Want_fields, &m))
		return false;
	w->boot = m.boot;
	w->uptime_s = m.uptime_s;
	w->time_ms = m.time_ms;
	return chip_take(list->d, m.chip.size, m.chip.bytes, w->chip);
}

enum err now_decode(const uint8_t *in, size_t len, struct arena *arena, struct now *now)
{
	struct decoding d = {arena, ERR_NONE};
	struct list wants = {&d, NULL, 0, UPLINK_WANTS_MAX, sizeof *now->wants};
	wattle_Now m = wattle_Now_init_zero;
	struct columns_raw raw;
	enum err err;

	memset(now, 0, sizeof *now);
	columns_expect(&m.live, &raw, arena);
	m.want = decode_with(take_want, &wants);
	err = message_decode(&d, in, len, wattle_Now_fields, &m);
	if (err)
		return raw.err ? raw.err : err;
	now->time_ms = m.time_ms;
	now->wants = wants.items;
	now->want_count = wants.count;
	return m.has_live ? columns_resolve(&raw, m.live.count, &now->live) : ERR_NONE;
}
