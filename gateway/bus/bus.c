#include "gateway/bus/bus.h"

#include "gateway/bus/driver.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct bus {
	const struct driver *driver;
	const char *where; /* the URI behind its first colon */
	void *state;
	int fd;
	bool blocked; /* the device took no more the last time */
	struct can_msg queue[BUS_QUEUE];
	size_t first, queued;
	struct bus_stats stats;
};

static const struct driver *const drivers[] = {&can_socketcan, &can_unix, &can_slcan};

static const struct driver *driver_find(const char *uri, const char **where)
{
	for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
		size_t len = strlen(drivers[i]->kind);

		if (strncmp(uri, drivers[i]->kind, len) == 0 && uri[len] == ':' && uri[len + 1]) {
			*where = uri + len + 1;
			return drivers[i];
		}
	}
	return NULL;
}

enum err bus_new(struct bus **out, const char *uri)
{
	const char *where = NULL;
	const struct driver *driver = driver_find(uri, &where);
	struct bus *bus;

	if (!driver)
		return ERR_BAD_INPUT;
	bus = calloc(1, sizeof *bus);
	if (!bus)
		return ERR_NOMEM;
	bus->state = calloc(1, driver->state_size ? driver->state_size : 1);
	if (!bus->state) {
		free(bus);
		return ERR_NOMEM;
	}
	bus->driver = driver;
	bus->where = where;
	bus->fd = -1;
	*out = bus;
	return ERR_NONE;
}

void bus_free(struct bus *bus)
{
	bus_close(bus);
	free(bus->state);
	free(bus);
}

const char *bus_kind(const struct bus *bus)
{
	return bus->driver->kind;
}

enum err bus_open(struct bus *bus)
{
	assert(bus->fd < 0);
	memset(bus->state, 0, bus->driver->state_size);
	return bus->driver->open(bus->state, bus->where, &bus->fd);
}

/* What still waited is not sent later: after a break it would be stale. */
void bus_close(struct bus *bus)
{
	if (bus->fd >= 0)
		close(bus->fd);
	bus->fd = -1;
	bus->queued = 0;
	bus->blocked = false;
}

int bus_fd(const struct bus *bus)
{
	return bus->fd;
}

bool bus_wants_write(const struct bus *bus)
{
	return bus->blocked;
}

bool bus_send(struct bus *bus, const struct can_msg *msg)
{
	if (bus->fd < 0 || bus->queued == BUS_QUEUE) {
		bus->stats.dropped++;
		return false;
	}
	bus->queue[(bus->first + bus->queued++) % BUS_QUEUE] = *msg;
	return true;
}

/* ERR_BUSY: the rest goes when the device is ready again. */
static enum err queue_flush(struct bus *bus)
{
	while (bus->queued > 0) {
		enum err err = bus->driver->send(bus->state, bus->fd, &bus->queue[bus->first]);

		if (err)
			return err;
		bus->first = (bus->first + 1) % BUS_QUEUE;
		bus->queued--;
		bus->stats.sent++;
	}
	return ERR_NONE;
}

enum err bus_flush(struct bus *bus)
{
	enum err err, driver_err;

	if (bus->fd < 0)
		return ERR_NONE;
	err = queue_flush(bus);
	if (bus->driver->flush && err != ERR_CLOSED) {
		driver_err = bus->driver->flush(bus->state, bus->fd);
		err = driver_err ? driver_err : err;
	}
	bus->blocked = err == ERR_BUSY;
	return err == ERR_BUSY ? ERR_NONE : err;
}

enum err bus_receive(struct bus *bus, struct can_msg *msg)
{
	if (bus->fd < 0)
		return ERR_NOT_FOUND;
	for (;;) {
		enum err err = bus->driver->receive(bus->state, bus->fd, msg);

		bus->stats.received += !err;
		if (err != ERR_BAD_INPUT)
			return err;
		bus->stats.errors++;
	}
}

void bus_stats(const struct bus *bus, struct bus_stats *stats)
{
	*stats = bus->stats;
}
