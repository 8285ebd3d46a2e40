/* The whole store looked through once after each start, on a reader thread while pages are served: the tables of
 * the main file, then the names in each day file, the newest first. Damage that nobody reads would else be found when
 * it is too late: gateways keep what they were told to forget for 30 days. */
#ifndef PLATFORM_INGEST_SCRUB_H
#define PLATFORM_INGEST_SCRUB_H

#include "platform/core/platform.h"
#include "platform/ingest/ingest.h"

struct scrub;

struct scrub_config {
	struct platform *platform;
	struct ingest *ingest;
	void (*broken)(void *arg); /* the main file is damaged: nothing of it is to be trusted */
	void *arg;
};

MUST_USE enum err scrub_new(struct scrub **scrub, const struct scrub_config *config);
/* Regularly, on the I/O thread: the next piece, when the last one is done. */
void scrub_tick(struct scrub *scrub);
/* The piece at hand ends soon; before the readers are stopped. NULL: nothing. */
void scrub_stop(struct scrub *scrub);
/* After they have stopped and their answers have run. */
void scrub_free(struct scrub *scrub);

#endif
