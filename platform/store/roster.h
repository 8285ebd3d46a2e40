/* Rosters: one act of a person for many accounts or meters, row by row, each with what became of it. The list
 * is fixed when the act is asked for. */
#ifndef PLATFORM_STORE_ROSTER_H
#define PLATFORM_STORE_ROSTER_H

#include "platform/store/db.h"

#define ROSTER_BODY_SIZE 1024

enum roster_state { ROSTER_GOING, ROSTER_DONE, ROSTER_STOPPED };

const char *roster_state_word(enum roster_state state);
bool roster_state_parse(const char *word, enum roster_state *state);

struct roster_row {
	int64_t property_id, roster_id;
	char kind[24];               /* struct roster_kind */
	char body[ROSTER_BODY_SIZE]; /* the act: JSON */
	char reason[256], by_name[64], by_origin[64];
	int64_t by_user_id, by_key_id; /* both 0: the CLI */
	int64_t approval_id;           /* that agreed to it; 0: none was needed */
	int64_t created_ms;
	int64_t item_count, done, refused; /* done: tried, refused among them */
	enum roster_state state;
	char stopped_why[64];
};

struct roster_item {
	int64_t property_id, roster_id, position;
	int64_t object_id;           /* account or meter, as its kind says */
	bool done;                   /* tried */
	int64_t result;              /* what the act made or counted */
	char error[32], detail[192]; /* err_word and a sentence; "": it was done */
};

MUST_USE enum err roster_insert(struct db *db, struct roster_row *row); /* gives it roster_id */
MUST_USE enum err roster_add(struct db *db, const struct roster_row *row, int64_t position,
                             int64_t object_id);
MUST_USE enum err roster_get(struct db *db, int64_t property_id, int64_t roster_id,
                             struct roster_row *row);
/* done, refused, state, stopped_why */
MUST_USE enum err roster_update(struct db *db, const struct roster_row *row);
MUST_USE enum err roster_set_item(struct db *db, const struct roster_item *item);
/* One that still goes on, the oldest. ERR_NOT_FOUND: none does. */
MUST_USE enum err roster_next(struct db *db, struct roster_row *row);
/* Its next rows. */
MUST_USE enum err roster_rest(struct db *db, const struct roster_row *row, size_t limit,
                              struct roster_item *items, size_t *count);
/* Newest first, below `before` (0: from the newest). */
MUST_USE enum err roster_list(struct db *db, int64_t property_id, int64_t before,
                              bool (*each)(void *arg, const struct roster_row *), void *arg);
/* By position, those behind `after`; refused: those alone. */
MUST_USE enum err roster_items(struct db *db, int64_t property_id, int64_t roster_id, bool refused,
                               int64_t after, bool (*each)(void *arg, const struct roster_item *),
                               void *arg);

#endif
