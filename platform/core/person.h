/* Personal data: how long it is kept, what a person may have, how he is forgotten.
 * docs/design/persons.md. */
#ifndef PLATFORM_CORE_PERSON_H
#define PLATFORM_CORE_PERSON_H

#include "platform/core/approval.h"
#include "platform/core/customer.h"
#include "platform/core/json_out.h"
#include "platform/core/reader.h"
#include "platform/store/person.h"

#define RETENTION_DAYS_MAX 36500
#define PRIVACY_CHARS      20000

/* ---- retention ---- */

const char *retention_word(enum retention_kind kind);
/* As set, or as built in; 0: for ever. */
int64_t retention_days(const struct retention_row *row, enum retention_kind kind);
int64_t retention_days_min(enum retention_kind kind);

struct retention_edit {
	struct actor actor;
	int64_t property_id;
	int64_t version;                /* 0: nothing is set yet */
	bool has[RETENTION_KIND_COUNT]; /* kind i changes: */
	bool set[RETENTION_KIND_COUNT]; /* to days[i], or to what is built in */
	int64_t days[RETENTION_KIND_COUNT];
	struct retention_row row; /* answer */
	struct fault fault;
};
/* Needs `property.write`. */
MUST_USE enum err retention_edit_step(struct tx *tx, void *retention_edit, int64_t now_ms,
                                      struct effects *out);

/* Removes what is due in one property, at most `limit` rows of each kind; `more`: there is more. */
MUST_USE enum err retention_remove(struct tx *tx, const struct property_row *property, int64_t day,
                                   size_t limit, int64_t now_ms, bool *more);

/* ---- a person ---- */

struct person_erase {
	struct actor actor; /* with a reason */
	int64_t property_id, customer_id, version;
	bool agreed;         /* a second person agreed: the approval's own run */
	int64_t approval_id; /* answer: it waits; 0: it is done */
	struct fault fault;
};
/* Name, phones, id number and notes go, figures stay. Needs `person.erase`, and a second person. A
 * person with a lease that runs or will run stays. */
MUST_USE enum err person_erase_step(struct tx *tx, void *person_erase, int64_t now_ms,
                                    struct effects *out);
extern const struct approval_kind person_erase_kind;

/* For the audit, before person_document is read. Needs `person.export` and a reason. */
struct person_export {
	struct actor actor;
	int64_t property_id, customer_id;
	struct fault fault;
};
MUST_USE enum err person_export_step(struct tx *tx, void *person_export, int64_t now_ms,
                                     struct effects *out);
/* All that is kept about him as one JSON document, whole numbers included, and what his meters
 * measured by day. On a reader's thread. */
MUST_USE enum err person_document(struct reader *reader, const struct keys *keys,
                                  int64_t property_id, int64_t customer_id, int64_t now_ms,
                                  struct json_out *out);

/* ---- what a group tells about it ---- */

struct privacy_edit {
	struct actor actor;
	int64_t group_id;
	int64_t version;           /* 0: nothing is written yet */
	const char *text[2];       /* zh-CN, en; NULL: as it is */
	struct privacy_row row[2]; /* answer; their texts are the caller's memory */
	struct fault fault;
};
/* Needs `property.write` of the group. */
MUST_USE enum err privacy_edit_step(struct tx *tx, void *privacy_edit, int64_t now_ms,
                                    struct effects *out);
/* Both languages; of a group that is not there, or has written none, empty and of version 0. */
MUST_USE enum err privacy_read(struct db *db, int64_t group_id, struct privacy_row row[2]);

#endif
