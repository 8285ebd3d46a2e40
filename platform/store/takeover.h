/* What an old system handed over: balances, purchase counts and registers, staged until the ledger
 * takes them, and the signed report of each take-over. Rows are never changed; their state is. */
#ifndef PLATFORM_STORE_TAKEOVER_H
#define PLATFORM_STORE_TAKEOVER_H

#include "platform/store/db.h"

#define TAKEOVER_ACCOUNT_SIZE 161 /* 40 characters */
#define TAKEOVER_NOTE_SIZE    801 /* 200 */
#define TAKEOVER_BODY_SIZE    4096
#define SIGNATURE_SIZE        256

enum takeover_state {
	TAKEOVER_STAGED,
	TAKEOVER_POSTED, /* by the ledger */
	TAKEOVER_VOID,   /* taken back before that */
	TAKEOVER_STATE_COUNT,
};

const char *takeover_state_word(enum takeover_state state);

struct takeover_row {
	int64_t property_id, job_id, row_no;
	int64_t meter, space_id, customer_id; /* 0: none; at least one is there */
	int64_t balance_fen;                  /* below zero: owed */
	int64_t purchase_count;
	bool has_register;
	int64_t register_milli; /* 0.001 kWh or 0.001 m3, as the meter counts */
	int64_t read_at_s;      /* 0: not told */
	char old_account[TAKEOVER_ACCOUNT_SIZE];
	char note[TAKEOVER_NOTE_SIZE];
	enum takeover_state state;
};

MUST_USE enum err takeover_insert(struct db *db, const struct takeover_row *row);
/* The row about the same meter, space, customer and old account that is not void; ERR_NOT_FOUND. */
MUST_USE enum err takeover_find(struct db *db, const struct takeover_row *like,
                                struct takeover_row *row);
/* Of one take-over, behind row `after`, until `each` says false. */
MUST_USE enum err takeover_rows(struct db *db, int64_t property_id, int64_t job_id, int64_t after,
                                bool (*each)(void *arg, const struct takeover_row *), void *arg);
/* What was taken over for one customer. */
MUST_USE enum err takeover_rows_of(struct db *db, int64_t property_id, int64_t customer_id,
                                   void (*each)(void *arg, const struct takeover_row *), void *arg);
/* Staged for a meter, or for the room where it stands (0: none). */
MUST_USE enum err takeover_staged(struct db *db, int64_t property_id, int64_t meter,
                                  int64_t space_id,
                                  bool (*each)(void *arg, const struct takeover_row *), void *arg);
/* Staged for a customer. */
MUST_USE enum err takeover_staged_of(struct db *db, int64_t property_id, int64_t customer_id,
                                     bool (*each)(void *arg, const struct takeover_row *),
                                     void *arg);
/* A staged row becomes posted. ERR_CONFLICT: it is not staged. */
MUST_USE enum err takeover_posted(struct db *db, const struct takeover_row *row);
/* All of a take-over from one state to another; *count of them. */
MUST_USE enum err takeover_move(struct db *db, int64_t property_id, int64_t job_id,
                                enum takeover_state from, enum takeover_state to, int64_t *count);
MUST_USE enum err takeover_counts(struct db *db, int64_t property_id, int64_t job_id,
                                  int64_t counts[TAKEOVER_STATE_COUNT]);

struct takeover_report {
	int64_t property_id, job_id, created_s;
	char body[TAKEOVER_BODY_SIZE]; /* JSON, the bytes that are signed */
	char signature[SIGNATURE_SIZE];
};

MUST_USE enum err takeover_report_insert(struct db *db, const struct takeover_report *report);
MUST_USE enum err takeover_report_get(struct db *db, int64_t property_id, int64_t job_id,
                                      struct takeover_report *report);
/* Newest first, below `before` (0: from the newest), until `each` says false. */
MUST_USE enum err takeover_report_list(struct db *db, int64_t property_id, int64_t before,
                                       bool (*each)(void *arg, const struct takeover_report *),
                                       void *arg);

#endif
