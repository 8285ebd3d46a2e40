/* A CAN bus by its URI: socketcan:IFACE, unix:/path (our hub), slcan:/dev/ttyX[@baud]. Frames out
 * are queued and leave in the order given; nothing here blocks. */
#ifndef GATEWAY_BUS_BUS_H
#define GATEWAY_BUS_BUS_H

#include "libs/base/err.h"
#include "libs/proto/can.h"

#include <stdbool.h>
#include <stdint.h>

#define BUS_QUEUE   512 /* frames waiting to leave */
#define BUS_BITRATE 125000

struct bus;

struct bus_stats {
	uint64_t received, sent;
	uint64_t errors;  /* error frames, adapter errors, damaged lines */
	uint64_t dropped; /* frames out that found the queue full */
};

/* `uri` stays valid as long as the bus. ERR_BAD_INPUT: no such kind of bus. */
MUST_USE enum err bus_new(struct bus **out, const char *uri);
void bus_free(struct bus *bus);

/* "socketcan", "unix", "slcan". */
const char *bus_kind(const struct bus *bus);

/* Opens the device; again after ERR_CLOSED. ERR_NOT_FOUND, ERR_IO: not there (yet). */
MUST_USE enum err bus_open(struct bus *bus);
void bus_close(struct bus *bus);

/* To be watched for reading, and for writing while bus_wants_write; -1 when closed. */
int bus_fd(const struct bus *bus);
bool bus_wants_write(const struct bus *bus);

/* False, and one more dropped, when the queue is full or the bus is closed. */
bool bus_send(struct bus *bus, const struct can_msg *msg);

/* Writes what the device takes now. ERR_CLOSED: close and open it again. */
MUST_USE enum err bus_flush(struct bus *bus);

/* ERR_NOT_FOUND: no more for now; ERR_CLOSED: the device went away. */
MUST_USE enum err bus_receive(struct bus *bus, struct can_msg *msg);

void bus_stats(const struct bus *bus, struct bus_stats *stats);
#endif
