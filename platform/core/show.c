#include "platform/core/show.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/proto/command.h"
#include "libs/proto/event.h"
#include "libs/proto/meter.h"
#include "platform/core/command.h"

/* A terminal sends each second and the gateway at most a second later: 5 s without is silence. */
#define LIVE_STALE_MS 5000

void show_values(struct json_out *out, const struct reading *reading)
{
	out_int(out, "voltage_dv", reading->voltage_dv);
	out_int(out, "current_ma", reading->current_ma);
	out_int(out, "power_dw", reading->power_dw);
	out_int(out, "pf_permille", reading->pf_permille);
	out_int(out, "frequency_chz", reading->frequency_chz);
	out_int(out, "energy_wh", reading->energy_wh);
}

static const char *position(uint32_t state, uint32_t bit)
{
	return state & bit ? "closed" : "open";
}

void show_state(struct json_out *out, const char *key, uint32_t state)
{
	out_object(out, key);
	out_text(out, "contact", position(state, METER_CONTACT_CLOSED));
	out_text(out, "want", position(state, METER_WANT_CLOSED));
	out_bool(out, "forced_trip", state & METER_FORCED_TRIP);
	out_bool(out, "keep_power", state & METER_KEEP_POWER);
	out_bool(out, "close_allowed", state & METER_CLOSE_ALLOWED);
	out_bool(out, "relay_fault", state & METER_RELAY_FAULT);
	out_bool(out, "clock_set", state & METER_CLOCK_SET);
	out_object_end(out);
}

/* The words of libs/proto with the API's `_` for `-`, as in all its names. */
static void show_word(struct json_out *out, const char *word)
{
	char text[32];

	snprintf(text, sizeof text, "%s", word);
	for (char *p = text; *p; p++)
		if (*p == '-')
			*p = '_';
	out_text(out, NULL, text);
}

void show_quality(struct json_out *out, const char *key, uint32_t quality)
{
	out_array(out, key);
	for (unsigned bit = 0; bit < METER_QUALITY_BITS; bit++)
		if (quality >> bit & 1 && meter_quality_word(bit))
			show_word(out, meter_quality_word(bit));
	out_array_end(out);
}

static void show_reason(struct json_out *out, const char *prefix, uint32_t code)
{
	char key[32];

	if (!code)
		return;
	snprintf(key, sizeof key, "%s_code", prefix);
	out_int(out, key, code);
	snprintf(key, sizeof key, "%s_text", prefix);
	out_text(out, key, command_reason_text(code));
	snprintf(key, sizeof key, "%s_text_zh", prefix);
	out_text(out, key, command_reason_text_zh(code));
}

void show_id(struct json_out *out, const char *key, int64_t id)
{
	char text[24];

	snprintf(text, sizeof text, "%" PRId64, id);
	out_text(out, key, text);
}

static void show_id_or_null(struct json_out *out, const char *key, int64_t id)
{
	if (id)
		show_id(out, key, id);
	else
		out_null(out, key);
}

static void show_stages(struct json_out *out, const struct command_row *row)
{
	out_array(out, "stages");
	for (int stage = 0; stage < STAGE_COUNT; stage++) {
		if (!row->stages[stage].at_ms)
			continue;
		out_object(out, NULL);
		out_text(out, "stage", stage_text((enum stage)stage));
		out_time_ms(out, "at", row->stages[stage].at_ms);
		show_reason(out, "reason", row->stages[stage].reason_code);
		out_object_end(out);
	}
	out_array_end(out);
}

void show_command(struct json_out *out, const char *key, const struct command_row *row)
{
	out_object(out, key);
	show_id(out, "id", row->command_id);
	out_meter(out, "meter", row->meter);
	out_text(out, "kind", command_kind_word(row->kind));
	out_text(out, "by", row->by_name);
	out_text(out, "reason", row->reason);
	out_time_ms(out, "created_at", row->created_ms);
	out_time_s(out, "expires_at", row->expires_s);
	if (row->until_s)
		out_time_s(out, "until", row->until_s);
	out_text(out, "stage", stage_text(row->stage));
	show_stages(out, row);
	show_reason(out, "reason", row->reason_code);
	out_object_end(out);
}

void show_event(struct json_out *out, const char *key, const struct event_row *row,
                const char *gateway)
{
	const struct event_name *name = event_name(row->kind);

	out_object(out, key);
	show_id(out, "id", row->event_id);
	if (row->meter)
		out_meter(out, "meter", row->meter);
	if (row->chip[0])
		out_text(out, "chip", row->chip);
	if (gateway && gateway[0])
		out_text(out, "gateway", gateway);
	out_text(out, "kind", name->word);
	out_text(out, "title", name->en);
	out_text(out, "title_zh", name->zh);
	out_time_s(out, "at", row->at_s);
	out_time_ms(out, "stored_at", row->stored_ms);
	out_int(out, "detail", row->detail);
	out_int(out, "value", row->value);
	out_int(out, "boot", row->boot);
	out_int(out, "seq", (int64_t)row->seq);
	out_object_end(out);
}

/* As it is, if it is JSON: a line that somebody tampered with must not break the answer. */
static void show_json(struct json_out *out, const char *key, const char *text)
{
	json_t *json = text ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

	if (!text)
		out_null(out, key);
	else if (json)
		out_raw(out, key, text, strlen(text));
	else
		out_text(out, key, text);
	json_decref(json);
}

void show_audit(struct json_out *out, const char *key, const struct audit_row *row)
{
	out_object(out, key);
	show_id(out, "id", row->audit_id);
	out_time_ms(out, "at", row->at_ms);
	out_text(out, "who", row->who);
	out_text(out, "origin", row->origin);
	out_text(out, "action", row->action);
	out_text(out, "object", row->object);
	out_text(out, "reason", row->reason);
	out_text(out, "detail", row->detail);
	show_id_or_null(out, "user", row->user_id);
	show_id_or_null(out, "key", row->key_id);
	out_text(out, "result", row->result);
	show_json(out, "before", row->before);
	show_json(out, "after", row->after);
	out_object_end(out);
}

void show_device(struct json_out *out, const char *key, const struct terminal_row *row,
                 const char *property, const char *gateway)
{
	char firmware[16];

	snprintf(firmware, sizeof firmware, "%u.%u", row->firmware >> 8, row->firmware & 0xFF);
	out_object(out, key);
	out_text(out, "chip", row->chip);
	out_text(out, "property", property);
	out_text(out, "gateway", gateway);
	out_time_s(out, "first_seen", row->first_seen_s);
	out_time_s(out, "last_seen", row->last_seen_s);
	out_int(out, "address", row->address);
	out_text(out, "firmware", firmware);
	out_bool(out, "key_known", row->key_known);
	if (row->meter)
		out_meter(out, "meter", row->meter);
	else
		out_null(out, "meter");
	out_object_end(out);
}

void show_gateway(struct json_out *out, const char *key, const struct gateway_row *row,
                  const char *property)
{
	out_object(out, key);
	out_text(out, "id", row->name);
	out_text(out, "property", property);
	out_text(out, "label", row->label);
	out_bool(out, "online", row->online);
	out_time_ms(out, "since", row->state_at_ms);
	out_bool(out, "revoked", row->revoked_s != 0);
	out_int(out, "config_version", row->config_version);
	if (row->state[0]) /* checked when it came in: a JSON object */
		out_raw(out, "state", row->state, strlen(row->state));
	else
		out_null(out, "state");
	out_object_end(out);
}

/* A reading is good for two and a half periods of its plan. A live sample is good for as long while
 * nobody watches; while somebody does, the next one is due each second. */
bool meter_view_online(const struct meter_view *view)
{
	int64_t age_ms = view->now_ms - view->value_at_ms;

	if (!view->has_value || !view->gateway_online)
		return false;
	if (view->watched && view->value_is_live)
		return age_ms <= LIVE_STALE_MS;
	return age_ms <= view->period_s * 2500 + LIVE_STALE_MS;
}

/* The states of a room that a meter alone can tell (docs/design/words.md). */
static const char *room_state(const struct meter_view *view)
{
	if (!meter_view_online(view))
		return "lost";
	if (view->value.state & METER_KEEP_POWER)
		return "keep-power";
	if (view->value.state & METER_FORCED_TRIP)
		return "forced-trip";
	return view->value.state & METER_CONTACT_CLOSED ? "open" : "cut";
}

static void show_live(struct json_out *out, const struct meter_view *view)
{
	if (!view->has_value) {
		out_null(out, "live");
		return;
	}
	out_object(out, "live");
	out_time_ms(out, "at", view->value_at_ms);
	show_values(out, &view->value);
	out_object_end(out);
}

void show_meter(struct json_out *out, const char *key, const struct meter_view *view)
{
	char chip[25];

	hex_encode(view->meter->chip, sizeof view->meter->chip, chip);
	out_object(out, key);
	out_meter(out, "meter", view->meter->meter);
	out_text(out, "name", view->meter->name);
	out_text(out, "property", view->gateway->property);
	out_id(out, "space", view->space_id);
	out_text(out, "gateway", view->gateway->name);
	out_text(out, "chip", chip);
	out_bool(out, "online", meter_view_online(view));
	show_quality(out, "quality", view->has_value ? view->value.quality : 0);
	if (view->has_value)
		show_state(out, "state", view->value.state);
	else
		out_null(out, "state");
	show_live(out, view);
	out_time_s(out, "last_reading_at", view->reading_at_s);
	out_bool(out, "gateway_online", view->gateway_online);
	out_int(out, "commands_pending", view->commands_open);
	out_text(out, "room_state", room_state(view));
	out_object_end(out);
}
