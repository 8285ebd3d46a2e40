/* The standby's side of connections. */
#ifndef PLATFORM_REPLICA_SERVE_H
#define PLATFORM_REPLICA_SERVE_H

#include "platform/replica/folder.h"
#include "platform/replica/stream.h"

/* One session until its end; the reason is returned. */
MUST_USE enum err serve_session(struct folder *folder, struct stream *stream);

struct serve_config {
	const char *data_dir;
	const char *address, *port;
	struct tls_files tls;
	int stop_fd; /* readable: stop */
};

/* Listens until told to stop: `wattle replica-receive`. Reads the folder's state anew for each
 * primary, so a take-over needs no restart of it. */
MUST_USE enum err serve(const struct serve_config *config, char *why, size_t why_size);

#endif
