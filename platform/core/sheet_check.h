/* The dry run of an import, and the import itself: one pass over the rows, with the same rules.
 *
 * The check reads the upload, tries each row in a copy of the objects, and writes what is wrong
 * (row, column, fault) and the canonical sheet: our columns, our words, one row number before each.
 * The apply reads only that sheet. docs/design/sheets.md. */
#ifndef PLATFORM_CORE_SHEET_CHECK_H
#define PLATFORM_CORE_SHEET_CHECK_H

#include "platform/core/sheet_kind.h"

/* Mistakes that are kept; the others are counted. */
#define SHEET_MISTAKES_KEPT 10000

struct sheet_check {
	const char *store_dir, *store_url; /* as store_open takes them */
	const struct keys *keys;
	int64_t now_ms;
	int64_t rows_max;
	/* Called now and then with the rows so far; false ends the check with ERR_CLOSED. */
	bool (*going)(void *arg, int64_t rows);
	void *arg;

	struct sheet_job_row job; /* question, and answer: counts, hash, totals */
};

/* Not in a transaction; it takes as long as it takes. ERR_NONE also when there are mistakes. */
MUST_USE enum err sheet_check_run(struct sheet_check *check);

/* All rows of the canonical sheet by the rules of now, in the transaction of `tx`. ERR_CONFLICT:
 * a row that was good at the check is not good any more; job->fault says which and why, and nothing
 * may be kept. ERR_DAMAGED: the sheet is not the one that was checked. */
MUST_USE enum err sheet_apply_rows(struct tx *tx, const char *store_dir, const struct actor *actor,
                                   struct sheet_job_row *job, int64_t now_ms, struct effects *out);

/* The requester of a job, as the steps know him. */
void sheet_job_actor(const struct sheet_job_row *job, struct actor *actor);

#endif
