/* A primary's connection to its standby: made, greeted, and who else has files to send. */
#ifndef PLATFORM_REPLICA_LINK_H
#define PLATFORM_REPLICA_LINK_H

#include <pthread.h>

#include "platform/replica/sender.h"
#include "platform/replica/stream.h"

/* What the standby said it has, of day files. */
struct have {
	char name[64];
	bool done;
};

struct link {
	const struct sender_config *config;
	uint8_t hash_key[16];
	struct stream *stream; /* NULL: not connected */
	/* A folder on this machine is served by a thread of ours. */
	pthread_t folder_thread;
	bool folder_running;
	struct have *have;
	size_t have_count, have_room;
	char why[512]; /* of the last failure */
};

/* ERR_REFUSED: a standby has taken over; `generation` and `as_of_ms` of the answer are in *taken. */
MUST_USE enum err link_open(struct link *link, struct wire *taken);
void link_close(struct link *link);
bool link_is_done(const struct link *link, const char *name);
void link_set_done(struct link *link, const char *name);

#endif
