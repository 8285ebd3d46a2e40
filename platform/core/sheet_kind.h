/* The kinds of sheets: what a row of each means. A kind is a table of columns and two functions; the
 * check, the apply, the export, the template and the documentation are the same for all.
 *
 * Importing a row is what a person does with one object: it is looked up by its key and then added,
 * edited, or left as it is, by the same steps that the API calls. So a sheet that is imported twice
 * changes nothing the second time, and no rule is written twice. docs/design/sheets.md. */
#ifndef PLATFORM_CORE_SHEET_KIND_H
#define PLATFORM_CORE_SHEET_KIND_H

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/core/fault.h"
#include "platform/core/step.h"
#include "platform/sheet/column.h"
#include "platform/store/list.h"
#include "platform/store/place.h"
#include "platform/store/sheet_job.h"
#include "platform/store/space.h"

#define SHEET_KIND_COLUMNS 32
#define SHEET_KEY_SIZE     512
#define SPACE_PATH_CHARS   98 /* three codes of 32 and what stands between them */

enum sheet_outcome { SHEET_ROW_SAME, SHEET_ROW_ADDED, SHEET_ROW_CHANGED };

/* A row on its way in. */
struct sheet_run {
	struct tx *tx;
	const struct actor *actor;
	const struct property_row *property;
	int64_t job_id, row; /* row: as the sheet counts */
	int64_t now_ms;
	struct effects *out;

	/* answers */
	enum sheet_outcome outcome;
	/* On an error that a person can mend: which of the kind's columns, or -1 for the row. */
	int column;
	enum sheet_fault fault;
	char detail[SHEET_DETAIL_SIZE];
};

/* Says what is wrong with the row and gives ERR_BAD_INPUT. */
PRINTF_LIKE(4, 5)
MUST_USE enum err sheet_wrong(struct sheet_run *run, int column, enum sheet_fault fault,
                              const char *format, ...);
/* The same for what a step ended with: an error that a person can mend becomes a fault of this
 * column, any other is passed on. */
MUST_USE enum err sheet_step_wrong(struct sheet_run *run, enum err err, int column,
                                   const char *why);

/* The same with the field that the step names. `fields` ends with one without name. */
struct sheet_field {
	const char *field;
	int column;
};
MUST_USE enum err sheet_fault_wrong(struct sheet_run *run, enum err err, const struct fault *fault,
                                    const struct sheet_field *fields);

/* Does the sheet want this text changed? */
bool sheet_differs(const struct sheet_value *value, const char *now);
bool sheet_number_differs(const struct sheet_value *value, int64_t now);

/* The node of a path, "A/3/301". */
MUST_USE enum err sheet_space_find(struct sheet_run *run, int column, const char *path,
                                   struct space_row *row);

/* Rows on their way out, a slice at a time on a reader thread. */
struct sheet_page {
	struct db *db;
	bool reveal; /* whole phone numbers */
	const struct property_row *property;
	int64_t now_s;
	size_t limit, count; /* of this slice */
	struct list_ask ask; /* the cursor: where the slice before ended */
	void (*put)(void *arg, const struct sheet_value *values);
	void *arg;
	enum err err; /* of what a kind looks up while rows come */
};

/* Gives a row out and notes where it stands. False: the slice is full. */
bool sheet_page_put(struct sheet_page *page, const struct sheet_value *values, const char *key,
                    int64_t id);

struct sheet_kind {
	const char *word, *zh, *en;
	const struct sheet_column *columns;
	size_t count;
	enum permission write, read; /* beside sheet.import and sheet.export */
	bool second_person;          /* however few rows */
	bool totals_needed;          /* somebody must have typed them */
	int sum[SHEET_SUMS];         /* NUMBER columns with control totals; -1: none */
	/* What makes a row the same object as another row: "" when it has no key. */
	void (*key)(const struct sheet_value *values, char key[SHEET_KEY_SIZE]);
	/* NULL, or: replaces secret values by what may lie in a file. `room` lives as long as the
	 * values. */
	enum err (*seal)(struct sheet_run *run, struct sheet_value *values, char *room,
	                 size_t size);
	enum err (*row)(struct sheet_run *run, const struct sheet_value *values);
	enum err (*page)(struct sheet_page *page); /* NULL: it is not exported */
	/* NULL, or: when all rows are in, in the same transaction. */
	enum err (*finish)(struct sheet_run *run, const struct sheet_job_row *job);
};

/* NULL: no such kind. */
const struct sheet_kind *sheet_kind_find(const char *word);
/* Number `i`, NULL behind the last one. */
const struct sheet_kind *sheet_kind_at(size_t i);

extern const struct sheet_kind sheet_kind_spaces, sheet_kind_customers, sheet_kind_leases,
        sheet_kind_meters, sheet_kind_terminals, sheet_kind_calendars, sheet_kind_plans,
        sheet_kind_templates, sheet_kind_users, sheet_kind_takeover, sheet_kind_accounts;

/* A text value of at most `size` bytes with its end. */
void sheet_text_to(char *to, size_t size, const struct sheet_value *value);
struct sheet_value sheet_value_text(const char *text);
struct sheet_value sheet_value_number(int64_t number);

#endif
