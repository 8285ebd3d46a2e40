/* Command batches: one order of a person to many meters. The meters are fixed when it is made;
 * commands are given slice by slice, and each is a command of its own. */
#ifndef PLATFORM_STORE_COMMAND_BATCH_H
#define PLATFORM_STORE_COMMAND_BATCH_H

#include "platform/store/command.h"
#include "platform/store/db.h"

enum command_batch_state {
	COMMAND_BATCH_GIVING,  /* there are meters whose command is not given yet */
	COMMAND_BATCH_DONE,    /* all given; what becomes of them is in the commands */
	COMMAND_BATCH_STOPPED, /* the rest will not be given: stopped_why */
};

const char *command_batch_state_text(enum command_batch_state state);

struct command_batch_row {
	int64_t property_id, batch_id;
	uint8_t kind; /* enum command_kind */
	int64_t until_s;
	char reason[256];
	int64_t by_user_id, by_key_id;
	char by_name[64], by_origin[64];
	int64_t approval_id; /* 0: none was needed */
	int64_t created_ms;
	int64_t item_count, given; /* given or refused by us */
	enum command_batch_state state;
	char stopped_why[128];
};

/* The guard of openings holds it for a second person (supply_held). */
#define COMMAND_BATCH_HELD "held"

struct command_batch_item {
	int64_t property_id, batch_id, position, meter;
	int64_t gateway_id; /* of the meter now; 0: it is gone */
	int64_t command_id; /* 0: not given */
	char error[32];     /* why it was not: a word of err.h, or COMMAND_BATCH_HELD */
	/* Of the command, when there is one: */
	enum stage stage;
	uint32_t reason_code;
};

/* Gives it batch_id. */
MUST_USE enum err command_batch_insert(struct db *db, struct command_batch_row *row);
MUST_USE enum err command_batch_add(struct db *db, const struct command_batch_row *row,
                                    int64_t position, int64_t meter);
MUST_USE enum err command_batch_get(struct db *db, int64_t property_id, int64_t batch_id,
                                    struct command_batch_row *row);
/* Writes given, state, stopped_why. */
MUST_USE enum err command_batch_update(struct db *db, const struct command_batch_row *row);
MUST_USE enum err command_batch_set_item(struct db *db, const struct command_batch_item *item);

/* Those in state giving, oldest first, at most `limit`. */
MUST_USE enum err command_batch_list_open(struct db *db, int64_t limit,
                                          void (*each)(void *arg, const struct command_batch_row *),
                                          void *arg);
/* Of a property, newest first, below `before` (0: from the newest), until `each` says false. */
MUST_USE enum err command_batch_list(struct db *db, int64_t property_id, int64_t before,
                                     bool (*each)(void *arg, const struct command_batch_row *),
                                     void *arg);
/* Meters whose command is not given yet, in their order, until `each` says false. */
MUST_USE enum err command_batch_rest(struct db *db, const struct command_batch_row *row,
                                     bool (*each)(void *arg, const struct command_batch_item *),
                                     void *arg);
/* All, in their order, behind `after`, until `each` says false. */
MUST_USE enum err command_batch_items(struct db *db, int64_t property_id, int64_t batch_id,
                                      int64_t after,
                                      bool (*each)(void *arg, const struct command_batch_item *),
                                      void *arg);
/* How many commands of it are in each stage. */
MUST_USE enum err command_batch_stages(struct db *db, int64_t property_id, int64_t batch_id,
                                       int64_t count[STAGE_COUNT]);

/* Commands of this kind that were made for a gateway's meters since then. */
MUST_USE enum err command_count_since(struct db *db, int64_t property_id, int64_t gateway_id,
                                      uint8_t kind, int64_t since_ms, int64_t *count);

/* Meters of a property, by number. Zeros and "" ask for nothing. */
struct meter_select {
	int64_t property_id;
	int64_t space_id; /* here or below */
	int64_t gateway_id;
	char meter_use[16];
};
MUST_USE enum err meter_select(struct db *db, const struct meter_select *select,
                               bool (*each)(void *arg, int64_t meter, int64_t space_id), void *arg);
MUST_USE enum err meter_count(struct db *db, int64_t property_id, int64_t *count);

#endif
