/* An import from its upload to its end, as steps:
 *
 *	receiving → uploaded → checking → checked → applying → applied      failed · cancelled
 *
 * People create, send, apply and cancel; the worker (sheet_worker.h) takes, checks and applies. Applying
 * is one transaction: all rows and the state `applied`, or nothing. docs/design/sheets.md. */
#ifndef PLATFORM_CORE_SHEET_IMPORT_H
#define PLATFORM_CORE_SHEET_IMPORT_H

#include "platform/core/approval.h"
#include "platform/core/sheet_kind.h"

#define SHEET_OPEN_MAX 20 /* imports of a property that are not at their end */
/* Without anybody doing anything, a checked one is cancelled after three days (a second person has
 * one to agree), one whose file stopped coming after one. */
#define SHEET_KEEP_MS    INT64_C(259200000)
#define SHEET_RECEIVE_MS INT64_C(86400000)

struct sheet_create {
	struct actor actor;
	/* Question: property_id, kind, file, client_name, bytes, encoding, wanted totals. Answer. */
	struct sheet_job_row row;
};
/* Needs sheet.import and the kind's own right at the property. `bytes` 0: its file, which the caller
 * has named, will come. ERR_BAD_INPUT: no such kind. ERR_FULL: SHEET_OPEN_MAX. */
MUST_USE enum err sheet_create_step(struct tx *tx, void *sheet_create, int64_t now_ms,
                                    struct effects *out);

struct sheet_sent {
	struct actor actor;
	int64_t property_id, job_id;
	int64_t bytes;            /* of the whole file */
	struct sheet_job_row row; /* answer */
};
/* The file is complete: it will be checked. ERR_REFUSED: it was already. */
MUST_USE enum err sheet_sent_step(struct tx *tx, void *sheet_sent, int64_t now_ms,
                                  struct effects *out);

struct sheet_act {
	struct actor actor; /* with a reason, when a second person will be asked */
	int64_t property_id, job_id;
	char hash[SHEET_HASH_TEXT]; /* of the rows that he saw; for the apply */
	int64_t alone_max;          /* rows that one person may import */
	struct sheet_job_row row;   /* answer */
};
/* Orders the apply, or asks a second person for it: then row.approval_id waits. ERR_REFUSED: it is
 * not checked, has mistakes, or waits already. ERR_CONFLICT: other rows. ERR_BAD_INPUT: a second person
 * is needed and no reason was given. */
MUST_USE enum err sheet_apply_ask_step(struct tx *tx, void *sheet_act, int64_t now_ms,
                                       struct effects *out);
/* ERR_REFUSED: too late. */
MUST_USE enum err sheet_cancel_step(struct tx *tx, void *sheet_act, int64_t now_ms,
                                    struct effects *out);

/* What the worker asks of the writer. */
struct sheet_work {
	const char *store_dir;
	bool found;               /* answer: there was something to do */
	struct sheet_job_row row; /* question or answer */
};
/* The next upload to check; one that a kill left half checked comes again. */
MUST_USE enum err sheet_take_step(struct tx *tx, void *sheet_work, int64_t now_ms,
                                  struct effects *out);
/* What the check found. ERR_REFUSED: cancelled meanwhile. */
MUST_USE enum err sheet_checked_step(struct tx *tx, void *sheet_work, int64_t now_ms,
                                     struct effects *out);
/* The next one to apply, with the rights and rules of now. On an error nothing is kept; when that
 * is final, row.fault says why and sheet_failed_step comes next. */
MUST_USE enum err sheet_apply_step(struct tx *tx, void *sheet_work, int64_t now_ms,
                                   struct effects *out);
MUST_USE enum err sheet_failed_step(struct tx *tx, void *sheet_work, int64_t now_ms,
                                    struct effects *out);
/* Removes files of imports that are over or were never known: after a start. */
MUST_USE enum err sheet_sweep_step(struct tx *tx, void *sheet_work, int64_t now_ms,
                                   struct effects *out);
/* The next one that waits for a person too long. */
MUST_USE enum err sheet_expire_step(struct tx *tx, void *sheet_work, int64_t now_ms,
                                    struct effects *out);

/* True: no other try could end better. */
bool sheet_error_is_final(enum err err);

/* SHEET_IMPORT and the kind's right, here and now. */
MUST_USE enum err sheet_rights(struct tx *tx, const struct actor *actor,
                               const struct sheet_kind *kind, int64_t property_id, int64_t now_ms);

extern const struct approval_kind approval_kind_sheet;

#endif
