/* All objects of a kind in a property as a sheet, slice by slice, so that no snapshot is held for
 * long and the rows of one slice are all that is in memory. A row that is changed meanwhile comes
 * out as it was or as it is. */
#ifndef PLATFORM_CORE_SHEET_EXPORT_H
#define PLATFORM_CORE_SHEET_EXPORT_H

#include "platform/core/sheet_kind.h"

#define SHEET_SLICE_ROWS 200

struct sheet_export {
	/* By the caller: */
	const struct sheet_kind *kind;
	struct property_row property;
	enum sheet_lang lang;
	bool reveal;
	bool empty; /* the header only: a sheet to fill in */
	int64_t now_s;
	struct sheet_writer *writer;

	int64_t rows;
	bool begun, end;
	struct list_ask ask;
};

/* Somebody takes a whole kind away: with the rights of now, and an audit line. */
struct sheet_taken {
	struct actor actor;
	const struct sheet_kind *kind;
	int64_t property_id;
	bool template;                /* the header only */
	const char *form;             /* "csv", "xlsx" */
	bool reveal;                  /* answer: may see whole phone numbers */
	struct property_row property; /* answer */
};
MUST_USE enum err sheet_taken_step(struct tx *tx, void *sheet_taken, int64_t now_ms,
                                   struct effects *out);

/* The next rows (the header first) into the writer; `end` when there are no more. */
MUST_USE enum err sheet_export_slice(struct sheet_export *export, struct db *db);

/* What the writer needs to know about this property. */
void sheet_export_output(const struct sheet_export *export, struct sheet_output *output);

#endif
