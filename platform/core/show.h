/* Rows as JSON: each kind of object of docs/api/openapi.json is written in one place, for answers
 * and for live events alike. `key` is NULL at the top and in arrays. */
#ifndef PLATFORM_CORE_SHOW_H
#define PLATFORM_CORE_SHOW_H

#include "platform/core/directory.h"
#include "platform/core/json_out.h"
#include "platform/store/audit.h"
#include "platform/store/command.h"
#include "platform/store/event.h"
#include "platform/store/latest.h"
#include "platform/store/place.h"
#include "platform/store/terminal.h"

/* A number of an object, as text. */
void show_id(struct json_out *out, const char *key, int64_t id);
/* Members of an object that is open: voltage_dv ... energy_wh. */
void show_values(struct json_out *out, const struct reading *reading);
/* {"contact":"closed",...} */
void show_state(struct json_out *out, const char *key, uint32_t state);
/* ["sensor_fault",...] */
void show_quality(struct json_out *out, const char *key, uint32_t quality);

void show_command(struct json_out *out, const char *key, const struct command_row *row);
/* `gateway`: the name of the one that it is of or came through, or NULL. */
void show_event(struct json_out *out, const char *key, const struct event_row *row,
                const char *gateway);
void show_audit(struct json_out *out, const char *key, const struct audit_row *row);
/* `property`: its word in addresses; `gateway`: its name, or NULL. */
void show_device(struct json_out *out, const char *key, const struct terminal_row *row,
                 const char *property, const char *gateway);
void show_gateway(struct json_out *out, const char *key, const struct gateway_row *row,
                  const char *property);

/* What is known of a meter at one moment. */
struct meter_view {
	const struct dir_meter *meter;
	const struct dir_gateway *gateway;
	int64_t space_id; /* 0: in none */
	bool has_value;
	struct reading value; /* the newest of live sample and reading */
	bool value_is_live;
	int64_t value_at_ms;
	int64_t reading_at_s; /* 0: none stored yet */
	bool gateway_online;
	bool watched; /* live samples should be coming */
	int64_t commands_open;
	int64_t now_ms;
	int64_t period_s; /* of its reading plan */
};

/* Fresh enough to speak of the present: a live sample each second while somebody watches, else the
 * reading plan. */
bool meter_view_online(const struct meter_view *view);
void show_meter(struct json_out *out, const char *key, const struct meter_view *view);

#endif
