/* The connection to the broker: libmosquitto in the I/O loop, TLS with our certificate, connecting
 * again for ever. The only file pair that knows <mosquitto.h>. */
#ifndef PLATFORM_MQTT_LINK_H
#define PLATFORM_MQTT_LINK_H

#include <stdbool.h>
#include <stddef.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "platform/core/io.h"
#include "platform/core/settings.h"

struct link;

struct link_config {
	const struct settings *settings;
	struct io *io;
	const char *const *topics; /* subscribed at each connect; NULL at the end */
	void *arg;
	void (*connected)(void *arg, bool connected);
	void (*message)(void *arg, const char *topic, const void *payload, size_t len);
};

MUST_USE enum err link_new(struct link **link, const struct link_config *config);
void link_stop(struct link *link);
void link_free(struct link *link);

/* ERR_CLOSED: not connected; ERR_FULL: the broker does not take more now. */
MUST_USE enum err link_publish(struct link *link, const char *topic, const void *payload,
                               size_t len, int qos);

#endif
