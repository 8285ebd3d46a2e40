/* Rating as it runs: what is stored in day files goes, in the order in which it arrived, into passes of
 * the meters it is of. Where that stands is kept in the store with the passes; whatever is killed in
 * between is read again, and what is behind a meter's cursor changes nothing. */
#ifndef PLATFORM_CORE_RATING_RUN_H
#define PLATFORM_CORE_RATING_RUN_H

#include "libs/proto/event.h"
#include "platform/core/arrivals.h"
#include "platform/core/rating.h"
#include "platform/store/ledger.h"

#define RATING_CHUNK 50000 /* readings that are taken together, and some more */
#define RATING_STEP  100   /* meters of one step */

struct rating_chunk {
	struct arrivals in;
	struct rate_mark *marks; /* of its items */
	struct tariff_cache *cache;
};

/* On a reader thread (read_fn): from the place in the store on. */
MUST_USE enum err rating_chunk_read(struct reader *reader, void *rating_chunk);
/* Passes of the next RATING_STEP meters; with the last of them the place is kept. Call it and
 * arrivals_next as long as there is `in.any`. */
MUST_USE enum err rating_chunk_step(struct tx *tx, void *rating_chunk, int64_t now_ms,
                                    struct effects *out);
void rating_chunk_clear(struct rating_chunk *chunk);

/* ---- each night ---- */

#define MONEY_FOUND 64 /* of one look */
#define MONEY_WHOLE 7  /* days: so often everything is proved again, not only what is new */

struct money_found {
	int64_t property_id, where; /* a group or meter */
	enum money_wrong what;
};

/* So far the books of a property are sound. */
struct money_proved {
	int64_t property_id;
	struct ledger_mark mark;
};

/* Chains, folds and sums of all properties (docs/design/money.md, "Checked each night"). */
struct money_check {
	int64_t day; /* names what is told: once a day */
	int64_t now_s;
	size_t count;
	struct money_found found[MONEY_FOUND];
	struct money_proved *proved; /* own, until money_check_clear */
	size_t proved_count, proved_room;
};

/* On a reader thread (read_fn). */
MUST_USE enum err money_check_read(struct reader *reader, void *money_check);
/* Tells what was found, as events that a person should see, and keeps how far the rest is proved. */
MUST_USE enum err money_check_step(struct tx *tx, void *money_check, int64_t now_ms,
                                   struct effects *out);
void money_check_clear(struct money_check *check);

/* ---- the daemon's ---- */

struct platform;
struct rater;

MUST_USE enum err rater_new(struct rater **rater, struct platform *platform);
/* A tick of its timer: begins a run when none is under way. */
void rater_tick(void *rater);
/* After the writer and the readers have stopped. */
void rater_free(struct rater *rater);

#endif
