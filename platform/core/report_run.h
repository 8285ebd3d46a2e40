/* Reports as they are filled: what is stored in day files goes, in the order in which it arrived, into the days
 * of the meters it is of. Where that stands is kept in the store with them. */
#ifndef PLATFORM_CORE_REPORT_RUN_H
#define PLATFORM_CORE_REPORT_RUN_H

#include "platform/core/arrivals.h"
#include "platform/core/report.h"

#define REPORT_CHUNK 50000 /* readings that are taken together, and some more */
#define REPORT_STEP  50    /* days of meters in one step */

/* On a reader thread (read_fn): from the place in the store on. */
MUST_USE enum err report_chunk_read(struct reader *reader, void *arrivals);
/* The next REPORT_STEP days; with the last of them the place is kept. Call it and arrivals_next as long as
 * there is `any`. */
MUST_USE enum err report_chunk_step(struct tx *tx, void *arrivals, int64_t now_ms,
                                    struct effects *out);

/* ---- the daemon's ---- */

struct platform;
struct reporter;

MUST_USE enum err reporter_new(struct reporter **reporter, struct platform *platform);
/* A tick of its timer: fills, then freezes; begins when nothing is under way. */
void reporter_tick(void *reporter);
/* After the writer and the readers have stopped. */
void reporter_free(struct reporter *reporter);

#endif
