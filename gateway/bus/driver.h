/* What bus.c needs from a kind of bus. All file descriptors are non-blocking. */
#ifndef GATEWAY_BUS_DRIVER_H
#define GATEWAY_BUS_DRIVER_H

#include "gateway/bus/bus.h"

#include <stddef.h>

struct driver {
	const char *kind;
	size_t state_size; /* of the memory given to the calls below, zeroed once */
	/* ERR_NOT_FOUND: no such device; ERR_IO: it cannot be used now. */
	enum err (*open)(void *state, const char *where, int *fd);
	/* ERR_BUSY: the device takes no more now; ERR_CLOSED: it went away. */
	enum err (*send)(void *state, int fd, const struct can_msg *msg);
	/* ERR_NOT_FOUND: nothing now; ERR_BAD_INPUT: something that is no frame of ours, counted as
	 * an error; ERR_CLOSED. */
	enum err (*receive)(void *state, int fd, struct can_msg *msg);
	/* Bytes of earlier sends that wait in the driver; may be NULL. */
	enum err (*flush)(void *state, int fd);
};

extern const struct driver can_socketcan;
extern const struct driver can_unix;
extern const struct driver can_slcan;
#endif
