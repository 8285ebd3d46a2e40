/* The broker's list of clients follows the store: a gateway that was revoked there (by a person with a
 * second one, in the console) is taken off the list, and the broker cuts it off. `wattle gateway
 * revoke` does both by itself. */
#ifndef PLATFORM_BROKER_CUTOFF_H
#define PLATFORM_BROKER_CUTOFF_H

#include "platform/core/directory.h"

struct cutoff {
	const char *data_dir; /* of the installation; the list is broker/clients in it */
	size_t revoked; /* gateways that were seen revoked: the file is looked at when it grows */
};

/* At the start and when the directory changed. What cannot be written is logged, with what to do. */
void cutoff_follow(struct cutoff *cutoff, const struct directory *dir);

#endif
