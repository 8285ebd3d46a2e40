#include "platform/http/context.h"

#include <string.h>

#define JSON_MAX (64 * 1024)
#define CSV_MAX  (1024 * 1024)

/* GET without a body, and operations that change something. */
#define GET(path, permission, handle, query)                                                       \
	{                                                                                          \
		METHOD_GET, path, PERMISSION_##permission, handle, query, BODY_NONE, 0, false      \
	}
#define CHANGE(method, path, permission, handle, body, body_max, idempotent)                       \
	{                                                                                          \
		METHOD_##method, path, PERMISSION_##permission, handle, "", body, body_max,        \
		        idempotent                                                                 \
	}

const struct route routes[] = {
        CHANGE(POST, "/api/v1/session", PUBLIC, session_open, BODY_JSON, JSON_MAX, false),
        GET("/api/v1/session", LOGIN, session_show, ""),
        CHANGE(DELETE, "/api/v1/session", LOGIN, session_close, BODY_NONE, 0, false),

        GET("/api/v1/meters", READ, meters_list, "limit cursor"),
        GET("/api/v1/meters/{meter}", READ, meter_show, ""),
        GET("/api/v1/meters/{meter}/readings", READ, meter_readings, "from to points"),
        GET("/api/v1/meters/{meter}/events", READ, meter_events, "limit cursor"),
        GET("/api/v1/meters/{meter}/commands", READ, meter_commands, "limit cursor"),
        CHANGE(POST, "/api/v1/meters/{meter}/commands", COMMAND, command_create, BODY_JSON,
               JSON_MAX, true),
        GET("/api/v1/commands/{id}", READ, command_show, ""),

        GET("/api/v1/devices", DEVICE, devices_list, "assigned"),
        CHANGE(POST, "/api/v1/devices/{chip}/adopt", DEVICE, device_adopt, BODY_JSON, JSON_MAX,
               true),
        CHANGE(POST, "/api/v1/devices/import", DEVICE, devices_import, BODY_CSV, CSV_MAX, false),

        GET("/api/v1/gateways", READ, gateways_list, ""),
        GET("/api/v1/audit", AUDIT, audit_show, "property limit cursor"),
        GET("/api/v1/events", READ, events_open, "meters"),

        GET("/api/v1/openapi.json", PUBLIC, openapi_show, ""),
        GET("/healthz", PUBLIC, health_show, ""),
        GET("/readyz", PUBLIC, ready_show, ""),
        GET("/metrics", LOCAL, metrics_show, ""),
};

const size_t route_count = ARRAY_SIZE(routes);

bool role_allows(const char *role, enum permission permission)
{
	switch (permission) {
	case PERMISSION_PUBLIC:
	case PERMISSION_LOCAL:
	case PERMISSION_LOGIN:
		return true;
	case PERMISSION_READ:
	case PERMISSION_COMMAND:
	case PERMISSION_DEVICE:
	case PERMISSION_AUDIT:
		return strcmp(role, "administrator") == 0;
	}
	return false;
}
