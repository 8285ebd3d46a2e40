/* Rating as it runs: what is stored in day files goes, in the order in which it arrived, into passes of
 * the meters it is of. Where that stands is kept in the store with the passes; whatever is killed in
 * between is read again, and what is behind a meter's cursor changes nothing. */
#ifndef PLATFORM_CORE_RATING_RUN_H
#define PLATFORM_CORE_RATING_RUN_H

#include "libs/proto/event.h"
#include "platform/core/rating.h"
#include "platform/core/reader.h"

#define RATING_CHUNK 50000 /* readings that are taken together, and some more */
#define RATING_STEP  100   /* meters of one step */

/* A reading of a meter that is rated. */
struct rating_item {
	int64_t property_id, gateway_id, meter;
	struct rate_mark mark;
};

/* What arrived behind `file` and `rowid`, by meter and time. */
struct rating_chunk {
	struct rating_item *items; /* freed by rating_chunk_clear */
	size_t count, room;
	int64_t file, rowid; /* all up to here is in it */
	bool any;            /* the place moved */
	bool more;           /* and there is more behind it */
	uint64_t damaged;

	size_t done; /* items that were applied */
	struct tariff_cache *cache;
	int64_t posted, faults; /* of all steps */
};

/* On a reader thread (read_fn): from the place in the store on. */
MUST_USE enum err rating_chunk_read(struct reader *reader, void *rating_chunk);
/* Passes of the next RATING_STEP meters; with the last of them the place is kept. Call it until
 * done == count and not `any`. */
MUST_USE enum err rating_chunk_step(struct tx *tx, void *rating_chunk, int64_t now_ms,
                                    struct effects *out);
void rating_chunk_clear(struct rating_chunk *chunk);

/* ---- each night ---- */

#define MONEY_FOUND 64 /* of one look */

struct money_found {
	int64_t property_id, where; /* a group or meter */
	enum money_wrong what;
};

/* Chains, folds and sums of all properties (docs/design/money.md, "Checked each night"). */
struct money_check {
	int64_t day; /* names what is told: once a day */
	size_t count;
	struct money_found found[MONEY_FOUND];
};

/* On a reader thread (read_fn). */
MUST_USE enum err money_check_read(struct reader *reader, void *money_check);
/* Tells what was found, as events that a person should see. */
MUST_USE enum err money_check_step(struct tx *tx, void *money_check, int64_t now_ms,
                                   struct effects *out);

/* ---- the daemon's ---- */

struct platform;
struct rater;

MUST_USE enum err rater_new(struct rater **rater, struct platform *platform);
/* A tick of its timer: begins a run when none is under way. */
void rater_tick(void *rater);
/* After the writer and the readers have stopped. */
void rater_free(struct rater *rater);

#endif
