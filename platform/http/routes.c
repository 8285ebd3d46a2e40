#include "platform/http/context.h"

#include "platform/core/access.h"

#define JSON_MAX (64 * 1024)
#define CSV_MAX  (1024 * 1024)

/* GET without a body, and operations that change something. */
#define GET(path, permission, handle, query)                                                       \
	{                                                                                          \
		METHOD_GET, path, permission, handle, query, BODY_NONE, 0, false                   \
	}
#define CHANGE(method, path, permission, handle, body, body_max, idempotent)                       \
	{                                                                                          \
		METHOD_##method, path, permission, handle, "", body, body_max, idempotent          \
	}

const struct route routes[] = {
        CHANGE(POST, "/api/v1/session", ROUTE_PUBLIC, session_open, BODY_JSON, JSON_MAX, false),
        GET("/api/v1/session", ROUTE_LOGIN, session_show, ""),
        CHANGE(DELETE, "/api/v1/session", ROUTE_LOGIN, session_close, BODY_NONE, 0, false),

        GET("/api/v1/meters", PERMISSION_PROPERTY_READ, meters_list, "limit cursor"),
        GET("/api/v1/meters/{meter}", PERMISSION_PROPERTY_READ, meter_show, ""),
        GET("/api/v1/meters/{meter}/readings", PERMISSION_PROPERTY_READ, meter_readings,
            "from to points"),
        GET("/api/v1/meters/{meter}/events", PERMISSION_PROPERTY_READ, meter_events,
            "limit cursor"),
        GET("/api/v1/meters/{meter}/commands", PERMISSION_PROPERTY_READ, meter_commands,
            "limit cursor"),
        CHANGE(POST, "/api/v1/meters/{meter}/commands", PERMISSION_METER_COMMAND, command_create,
               BODY_JSON, JSON_MAX, true),
        GET("/api/v1/commands/{id}", PERMISSION_PROPERTY_READ, command_show, ""),

        GET("/api/v1/devices", PERMISSION_DEVICE_ADOPT, devices_list, "assigned"),
        CHANGE(POST, "/api/v1/devices/{chip}/adopt", PERMISSION_DEVICE_ADOPT, device_adopt,
               BODY_JSON, JSON_MAX, true),
        CHANGE(POST, "/api/v1/devices/import", PERMISSION_DEVICE_ADOPT, devices_import, BODY_CSV,
               CSV_MAX, false),

        GET("/api/v1/gateways", PERMISSION_PROPERTY_READ, gateways_list, ""),
        GET("/api/v1/audit", PERMISSION_AUDIT_READ, audit_show, "property limit cursor"),
        GET("/api/v1/events", PERMISSION_PROPERTY_READ, events_open, "meters"),

        GET("/api/v1/openapi.json", ROUTE_PUBLIC, openapi_show, ""),
        GET("/healthz", ROUTE_PUBLIC, health_show, ""),
        GET("/readyz", ROUTE_PUBLIC, ready_show, ""),
        GET("/metrics", ROUTE_LOCAL, metrics_show, ""),
};

const size_t route_count = ARRAY_SIZE(routes);
