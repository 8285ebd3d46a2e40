/* A folder that follows a primary: what a message does to it (docs/protocol/replica.md §2, §3). It
 * knows nothing of sockets; answers go to a function. */
#ifndef PLATFORM_REPLICA_FOLDER_H
#define PLATFORM_REPLICA_FOLDER_H

#include "platform/replica/wire.h"

struct folder;

struct folder_state {
	bool standby;    /* it follows, or waits for its primary */
	bool fenced_off; /* it was taken over: only tells primaries of before */
	uint64_t store, generation;
	int64_t as_of_ms;      /* everything committed before is here; 0: nothing yet */
	char key[32];          /* name of the primary's key */
	uint64_t pages, bytes; /* taken since the start */
	uint64_t damaged;      /* files that could not be read here and were begun anew */
};

/* Takes the store's lock while the folder follows. `why`: it is no standby, or is in use. */
MUST_USE enum err folder_open(struct folder **folder, const char *data_dir, char *why,
                              size_t why_size);
void folder_close(struct folder *folder);

typedef enum err (*folder_say)(void *arg, const struct wire *answer);
/* An error ends the connection; folder_end_session must follow then, and before another HELLO. */
MUST_USE enum err folder_take(struct folder *folder, const struct wire *message, folder_say say,
                              void *arg);
void folder_end_session(struct folder *folder);

struct folder_state folder_state(const struct folder *folder);

/* What replica.json and fence.json of a folder say; no lock, for status and doctor. */
MUST_USE enum err folder_peek(const char *data_dir, struct folder_state *state);

/* An empty folder becomes a standby. ERR_DUP: it holds a store or is one already. */
MUST_USE enum err folder_init(const char *data_dir);
/* After a take-over: primaries of before are refused, and the store may be used. */
MUST_USE enum err folder_take_over(const char *data_dir, uint64_t generation, int64_t as_of_ms);

#endif
