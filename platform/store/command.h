/* Commands, their stages, and the outbox: commands that still have to leave the platform are rows
 * in stage queued or sent. The rules are platform/core/command.h. */
#ifndef PLATFORM_STORE_COMMAND_H
#define PLATFORM_STORE_COMMAND_H

#include "platform/store/db.h"
#include "platform/store/place.h"
#include "platform/store/terminal.h"

enum stage {
	STAGE_QUEUED,
	STAGE_SENT,
	STAGE_RECEIVED,
	STAGE_EXECUTED,
	STAGE_VERIFIED, /* this and what follows is final */
	STAGE_REFUSED,
	STAGE_FAILED,
	STAGE_EXPIRED,
	STAGE_COUNT,
};

const char *stage_text(enum stage stage);

static inline bool stage_final(enum stage stage)
{
	return stage >= STAGE_VERIFIED;
}

#define COMMAND_BODY_MAX 96
#define IDEMPOTENCY_SIZE 80

struct command_row {
	int64_t property_id, command_id;
	int64_t meter;
	char chip[CHIP_TEXT_SIZE];
	int64_t gateway_id;
	uint8_t kind; /* libs/proto/command.h */
	uint32_t counter;
	uint8_t body[COMMAND_BODY_MAX]; /* the signed bytes that the terminal checks */
	size_t body_len;
	char by_name[LABEL_SIZE], reason[256];
	char idempotency_key[IDEMPOTENCY_SIZE]; /* "" : none */
	int64_t request_hash;                   /* the same key with another request is an error */
	int64_t until_s;
	int64_t created_ms, expires_s;
	enum stage stage;
	uint32_t reason_code; /* of the terminal, gateway or platform; 0 none */
	uint32_t relay;       /* relay bits of the signed result */
	int64_t next_send_ms;
	uint32_t sends;
	int64_t act_id; /* the evidence by which the platform gave it by itself; 0: somebody's order */

	struct {
		int64_t at_ms; /* 0: not reached */
		uint32_t reason_code;
	} stages[STAGE_COUNT];
};

/* The row and its first stage. ERR_DUP: the idempotency key is used. */
MUST_USE enum err command_insert(struct db *db, const struct command_row *row);
/* Writes what changes after insertion, and the stage row when `stage` was newly reached. */
MUST_USE enum err command_update(struct db *db, const struct command_row *row);
/* Another counter and body, of one that has not left yet. */
MUST_USE enum err command_set_body(struct db *db, const struct command_row *row);

MUST_USE enum err command_get(struct db *db, int64_t command_id, struct command_row *row);
MUST_USE enum err command_by_idempotency(struct db *db, int64_t property_id, const char *key,
                                         struct command_row *row);
/* Newest first, below `before` (0: from the newest). */
MUST_USE enum err command_list(struct db *db, int64_t property_id, int64_t meter, int64_t before,
                               int64_t limit, void (*each)(void *arg, const struct command_row *),
                               void *arg);
/* All that are not final, oldest first; `stages` is left empty, command_stages fills it. */
MUST_USE enum err command_list_open(struct db *db, int64_t limit,
                                    void (*each)(void *arg, const struct command_row *), void *arg);
MUST_USE enum err command_stages(struct db *db, struct command_row *row);
/* Those of one meter: whole rows, oldest first; and how many. */
MUST_USE enum err command_list_open_of(struct db *db, int64_t property_id, int64_t meter,
                                       void (*each)(void *arg, const struct command_row *),
                                       void *arg);
MUST_USE enum err command_count_open(struct db *db, int64_t property_id, int64_t meter,
                                     int64_t *count);

#endif
