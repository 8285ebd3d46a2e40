/* Imports of sheets, from their upload to their end. docs/design/sheets.md. */
#ifndef PLATFORM_STORE_SHEET_JOB_H
#define PLATFORM_STORE_SHEET_JOB_H

#include "platform/store/db.h"
#include "platform/store/sheet_file.h"

#define SHEET_KIND_SIZE   24
#define SHEET_CLIENT_NAME 256
#define SHEET_HASH_TEXT   65 /* hex of SHA-256 */
#define SHEET_SUMS        2  /* columns of a kind that have control totals */

enum sheet_state {
	SHEET_RECEIVING, /* its file comes in pieces */
	SHEET_UPLOADED,
	SHEET_CHECKING,
	SHEET_CHECKED,
	SHEET_APPLYING,
	SHEET_APPLIED, /* this and what follows is final */
	SHEET_FAILED,
	SHEET_CANCELLED,
	SHEET_STATE_COUNT,
};

const char *sheet_state_word(enum sheet_state state);
/* False: no such word. */
bool sheet_state_parse(const char *word, enum sheet_state *state);

struct sheet_total {
	bool wanted; /* somebody typed it */
	int64_t want, found;
};

struct sheet_job_row {
	int64_t property_id, job_id;
	char kind[SHEET_KIND_SIZE];
	enum sheet_state state;
	char file[SHEET_NAME_SIZE];          /* ours */
	char client_name[SHEET_CLIENT_NAME]; /* as it was called; shown, never used */
	int64_t bytes;
	int64_t encoding; /* enum sheet_encoding as chosen */
	/* Who asked; both 0: the CLI, which is local. */
	int64_t user_id, key_id;
	char by_name[64], by_origin[64], reason[256];
	int64_t created_ms, changed_ms;
	int64_t version;
	/* What the check found, and the apply did again. */
	int64_t rows, added, changed, same, mistakes;
	char hash[SHEET_HASH_TEXT]; /* of the canonical rows; "" before the check */
	struct sheet_total total, sum[SHEET_SUMS];
	int64_t approval_id;  /* that waits, or agreed; 0: none */
	char agreed_name[64]; /* the second person */
	/* Why it failed. */
	char fault[32]; /* a fault's word, or an error's */
	int64_t fault_row, fault_column;
	char fault_detail[SHEET_DETAIL_SIZE];
};

/* Gives it job_id and version 1. */
MUST_USE enum err sheet_job_insert(struct db *db, struct sheet_job_row *row);
MUST_USE enum err sheet_job_get(struct db *db, int64_t property_id, int64_t job_id,
                                struct sheet_job_row *row);
/* All that changes, if it still has this version; that grows by one. ERR_CONFLICT. */
MUST_USE enum err sheet_job_update(struct db *db, struct sheet_job_row *row);
/* Newest first, below `before` (0: from the newest), until `each` says false. */
MUST_USE enum err sheet_job_list(struct db *db, int64_t property_id, int64_t before,
                                 bool (*each)(void *arg, const struct sheet_job_row *), void *arg);
/* The oldest job of any property in this state behind `after`; ERR_NOT_FOUND: none. */
MUST_USE enum err sheet_job_next(struct db *db, enum sheet_state state, int64_t after,
                                 struct sheet_job_row *row);
/* Jobs that are not at their end. */
MUST_USE enum err sheet_job_count_open(struct db *db, int64_t property_id, int64_t *count);
MUST_USE enum err sheet_job_of_file(struct db *db, const char *file, bool *open);
/* One that waits in this state for a person since before this time: its files take room. */
MUST_USE enum err sheet_job_stale(struct db *db, enum sheet_state state, int64_t before_ms,
                                  struct sheet_job_row *row);

#endif
