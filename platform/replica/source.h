/* One database at the primary's side: what the other side has of it, and what must go there. */
#ifndef PLATFORM_REPLICA_SOURCE_H
#define PLATFORM_REPLICA_SOURCE_H

#include "platform/replica/stream.h"

struct source;

struct source_counts {
	uint64_t pages, resyncs, damaged;
};

MUST_USE enum err source_open(struct source **source, const char *store, const char *name,
                              const uint8_t hash_key[16]);
void source_close(struct source *source);
const char *source_name(const struct source *source);

/* The connection was lost: the other side must be asked again what it has. */
void source_disconnected(struct source *source);
/* Read everything anew on both sides with the next sync: finds what should be equal and is not. */
void source_verify(struct source *source);

/* Look only, when nobody is connected: the log stays short. */
MUST_USE enum err source_look(struct source *source);
/* Bring the other side to this moment. Errors of the stream end the connection; ERR_IO and
 * ERR_DAMAGED are of the database here. At most `budget` bytes of pages in one call, 0: no limit;
 * *whole is false when there is more to send. */
MUST_USE enum err source_sync(struct source *source, struct stream *stream, uint8_t slot,
                              uint64_t budget, bool *whole);

struct source_counts source_counts(const struct source *source);

#endif
