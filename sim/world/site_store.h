/* The platform's own writing end in one thread: steps and batches in groups of commits, at whatever
 * time the site says it is. An installation made by `wattle init`, not running. */
#ifndef SIM_WORLD_SITE_STORE_H
#define SIM_WORLD_SITE_STORE_H

#include "platform/core/admin.h"
#include "platform/core/settings.h"
#include "platform/core/step.h"
#include "platform/ingest/ingest.h"

struct site_store {
	struct settings settings;
	int lock_fd;
	struct db *db;
	struct days *days;
	struct keys *keys;
	struct latest *latest;
	struct ingest *ingest;
	struct tx tx;
	struct effects effects; /* of the step at hand; nobody is there to hear them */
	int64_t now_ms;         /* the site's, moved by whoever plays it */
	unsigned waiting;       /* steps since the last commit */
};

/* `why` says what is wrong with it, also that a wattled runs or that it has meters already. */
MUST_USE enum err site_store_open(struct site_store *s, const char *data_dir, int64_t now_ms,
                                  char *why, size_t why_size);
/* Saves when `whole`; closes in any case. */
MUST_USE enum err site_store_close(struct site_store *s, bool whole);

/* A step as of now_ms; its group is committed when it is full. */
MUST_USE enum err site_step(struct site_store *s, step_fn step, void *arg);
/* A batch, as a gateway's message on `up`. */
MUST_USE enum err site_batch(struct site_store *s, struct ingest_batch *batch);
/* All so far is on disk, and a start has nothing to do over again. */
MUST_USE enum err site_save(struct site_store *s);
/* What steps changed about gateways and meters is known to batches from now on. */
MUST_USE enum err site_refresh(struct site_store *s);

/* The one who acts where no person of the site does. */
struct actor site_actor(void);

#endif
