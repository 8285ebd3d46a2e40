/* Alarm plans and message templates, of a property or of its group (property_id 0). A value that is
 * not set is taken from below: property, group, what is built in (core/plan.h, core/message.h). */
#ifndef PLATFORM_STORE_PLAN_H
#define PLATFORM_STORE_PLAN_H

#include "platform/store/db.h"
#include "platform/store/place.h"

#define PLAN_NAME_SIZE 241 /* 60 characters */

/* Column and API name, least, greatest, built in. Money in fen; the yes-or-no ones are 0 and 1. */
#define PLAN_VALUES(X)                                                                             \
	X(ALARM1, alarm1_fen, 0, 100000000, 5000)                                                  \
	X(ALARM2, alarm2_fen, 0, 100000000, 1000)                                                  \
	X(OVERDRAFT, overdraft_fen, 0, 100000000, 0)                                               \
	X(HOARDING, hoarding_fen, 0, 1000000000, 0)                                                \
	X(ALLOW_CLOSE, allow_close_fen, -100000000, 100000000, 0)                                  \
	X(ALARM2_TRIPS, alarm2_trips, 0, 1, 0)                                                     \
	X(FRIENDLY_HOURS, friendly_hours, 0, 1, 1)                                                 \
	X(CUT_NOTICE, cut_notice_s, 0, 2592000, 86400)

enum plan_value {

#define X(id, name, min, max, builtin) PLAN_##id,
	PLAN_VALUES(X)
#undef X
	        PLAN_VALUE_COUNT
};

struct plan_row {
	int64_t property_id, group_id;
	char code[PLAN_CODE_SIZE]; /* [a-z0-9-]{1,32}; `default` exists always */
	bool has_name;
	char name[PLAN_NAME_SIZE];
	bool set[PLAN_VALUE_COUNT];
	int64_t value[PLAN_VALUE_COUNT];
	int64_t version;
};

/* ERR_NOT_FOUND: nothing is set at this level. */
MUST_USE enum err plan_get(struct db *db, int64_t property_id, int64_t group_id, const char *code,
                           struct plan_row *row);
/* version 0: a new row; else the one with this version. It grows by one. ERR_CONFLICT, ERR_DUP. */
MUST_USE enum err plan_put(struct db *db, struct plan_row *row);
MUST_USE enum err plan_delete(struct db *db, const struct plan_row *row);
/* Codes that a property (0: the group alone) has or inherits, each once, by code. */
MUST_USE enum err plan_codes(struct db *db, int64_t property_id, int64_t group_id,
                             void (*each)(void *arg, const char *code), void *arg);
/* Rows of the group's properties under this code. */
MUST_USE enum err plan_below(struct db *db, int64_t group_id, const char *code,
                             void (*each)(void *arg, const struct plan_row *), void *arg);
/* Properties whose default it is. */
MUST_USE enum err plan_uses(struct db *db, int64_t property_id, int64_t group_id, const char *code,
                            int64_t *uses);

#define TEMPLATE_BODY_SIZE     4001 /* 1,000 characters */
#define TEMPLATE_PROVIDER_SIZE 65   /* a number that a provider of messages gave */

struct template_row {
	int64_t property_id, group_id;
	char kind[24], lang[8], channel[8];
	char body[TEMPLATE_BODY_SIZE];
	char provider_id[TEMPLATE_PROVIDER_SIZE];
	int64_t version;
};

/* ERR_NOT_FOUND: nothing is set at this level. */
MUST_USE enum err template_get(struct db *db, int64_t property_id, int64_t group_id,
                               const char *kind, const char *lang, const char *channel,
                               struct template_row *row);
/* As plan_put. */
MUST_USE enum err template_put(struct db *db, struct template_row *row);
MUST_USE enum err template_delete(struct db *db, const struct template_row *row);

#endif
