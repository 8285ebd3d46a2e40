/* Small files that a standby needs: rights at the broker, certificates, settings. Sent when they
 * changed. Never a private key. */
#ifndef PLATFORM_REPLICA_FILES_H
#define PLATFORM_REPLICA_FILES_H

#include <sys/stat.h>

#include "platform/replica/stream.h"

struct small_file {
	char name[64];
	struct timespec changed; /* as it was sent */
	off_t size;
};

struct small_files {
	struct small_file *file;
	size_t count, room;
	int64_t looked_ms; /* monotonic */
};

/* All that are new or changed; looks at most every two seconds. */
MUST_USE enum err small_files_send(struct small_files *files, const char *data_dir,
                                   struct stream *stream);
/* Another connection: everything is sent again. */
void small_files_forget(struct small_files *files);
void small_files_free(struct small_files *files);

#endif
