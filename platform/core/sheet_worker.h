/* The background of imports: one at a time is checked on a thread of its own, and applied by the
 * writer. Started at the start with what a kill left behind, woken by EFFECT_SHEET. */
#ifndef PLATFORM_CORE_SHEET_WORKER_H
#define PLATFORM_CORE_SHEET_WORKER_H

#include "platform/core/platform.h"

struct sheet_worker;

MUST_USE enum err sheet_worker_new(struct sheet_worker **worker, struct platform *platform);
/* Ends the check under way (it begins again at the next start) and joins the thread; before the
 * writer stops. */
void sheet_worker_stop(struct sheet_worker *worker);
/* After the last answers of the writer have run. */
void sheet_worker_free(struct sheet_worker *worker);

/* All below on the I/O thread. */
void sheet_worker_effect(struct sheet_worker *worker, const struct effect *effect);
/* There may be work that no effect told of: by the CLI, or by time. */
void sheet_worker_look(struct sheet_worker *worker);

/* Rows so far of the import that is being checked; -1: it is not this one. */
int64_t sheet_worker_rows(const struct sheet_worker *worker, int64_t job_id);

#endif
