/* The take-over from an old system: its sheet is a kind like the others, but its rows are staged
 * (the ledger posts them), a second person always agrees, the operator types what the old system's
 * own list adds up to, and the end is a signed report. docs/design/takeover.md. */
#ifndef PLATFORM_CORE_TAKEOVER_H
#define PLATFORM_CORE_TAKEOVER_H

#include "platform/core/admin.h"
#include "platform/core/sheet_kind.h"
#include "platform/core/sign.h"
#include "platform/store/takeover.h"

/* The rows of a take-over as a CSV that anybody can make again from the store, or from the file
 * that was exported: all columns, their words, no mark, in the order of the rows. The report names
 * the SHA-256 of these bytes. */
struct takeover_sheet {
	struct db *db;
	const struct property_row *property;
	int64_t job_id;
	struct sheet_writer *writer; /* for takeover_put */
	int64_t after;               /* cursor */
	size_t limit;                /* rows of a slice; 0: all */
	bool end;
	/* answers */
	int64_t rows, balance_fen, register_milli;
};
MUST_USE enum err takeover_put(struct takeover_sheet *sheet, enum sheet_lang lang, bool header);
/* Hash and sums of the stored rows. */
MUST_USE enum err takeover_hash(struct takeover_sheet *sheet, char hash[SHEET_HASH_TEXT]);

/* After the rows of an import were staged: the report, signed. */
MUST_USE enum err takeover_finish(struct sheet_run *run, const struct sheet_job_row *job);

struct takeover_void {
	struct actor actor; /* with a reason */
	int64_t property_id, job_id;
	int64_t count; /* answer: rows that are void now */
};
/* Takes staged rows back; those that were posted stay. ERR_REFUSED: none is staged. */
MUST_USE enum err takeover_void_step(struct tx *tx, void *takeover_void, int64_t now_ms,
                                     struct effects *out);

/* ---- the report as a text for people, which holds the signed bytes at its end ---- */

/* Allocated. ERR_DAMAGED: the stored body is none. */
MUST_USE enum err takeover_text(const struct takeover_report *report, char **text);

enum takeover_verdict {
	TAKEOVER_GOOD,
	TAKEOVER_NO_REPORT,   /* the file holds no report */
	TAKEOVER_CHANGED,     /* text or signature were changed */
	TAKEOVER_FOREIGN,     /* signed by another installation */
	TAKEOVER_ROWS_DIFFER, /* the store's rows are not those of the report */
};
/* Of the text of a report file, against this store. */
MUST_USE enum err takeover_verify(struct db *db, const char *text, enum takeover_verdict *verdict,
                                  struct takeover_report *report);

#endif
