/* Webhooks of a property, and what they have to deliver: an outbox that is its own log. */
#ifndef PLATFORM_STORE_WEBHOOK_H
#define PLATFORM_STORE_WEBHOOK_H

#include "platform/store/db.h"
#include "platform/store/place.h"

#define WEBHOOK_URL_SIZE    512
#define WEBHOOK_SECRET_SIZE 32
#define WEBHOOK_WRAPPED     (WEBHOOK_SECRET_SIZE + 40) /* platform/core/keys.h */
#define WEBHOOK_ERROR_SIZE  160

struct webhook_row {
	int64_t property_id, webhook_id;
	char name[LABEL_SIZE];
	char url[WEBHOOK_URL_SIZE];
	int64_t kinds; /* bits of enum webhook_kind */
	uint8_t secret_wrapped[WEBHOOK_WRAPPED];
	bool enabled;
	int64_t made_by;     /* user: it tells no more than he may see */
	int64_t made_by_key; /* his API key, with which it was made; 0: by himself */
	int64_t created_s, version;
};

MUST_USE enum err webhook_insert(struct db *db, struct webhook_row *row); /* gives it webhook_id */
MUST_USE enum err webhook_get(struct db *db, int64_t property_id, int64_t webhook_id,
                              struct webhook_row *row);
MUST_USE enum err webhook_update(struct db *db, const struct webhook_row *row);
/* With its deliveries. */
MUST_USE enum err webhook_delete(struct db *db, int64_t property_id, int64_t webhook_id);
/* By number, behind `after`. `each` says whether it wants more. */
MUST_USE enum err webhook_list(struct db *db, int64_t property_id, int64_t after,
                               bool (*each)(void *arg, const struct webhook_row *), void *arg);

enum delivery_state { DELIVERY_PENDING, DELIVERY_DONE, DELIVERY_FAILED };

struct delivery_row {
	int64_t property_id, delivery_id, webhook_id;
	int64_t kind; /* enum webhook_kind */
	int64_t created_ms, next_ms, done_ms;
	int64_t tries;
	enum delivery_state state;
	int64_t status; /* of the last answer; 0: there was none */
	char error[WEBHOOK_ERROR_SIZE];
	int64_t replay_of; /* 0: not a replay */
	const char *body;  /* JSON; of a row that was read: good until the callback returns */
};

MUST_USE enum err delivery_insert(struct db *db, struct delivery_row *row); /* gives delivery_id */
MUST_USE enum err delivery_get(struct db *db, int64_t property_id, int64_t delivery_id,
                               void (*each)(void *arg, const struct delivery_row *), void *arg);
MUST_USE enum err delivery_update(struct db *db, const struct delivery_row *row);
/* Pending ones of all properties whose time has come, the oldest of each webhook only: what one
 * page hears stays in order. */
MUST_USE enum err delivery_due(struct db *db, int64_t now_ms, int64_t limit,
                               void (*each)(void *arg, const struct delivery_row *), void *arg);
/* Newest first, below `before` (0: from the newest). */
MUST_USE enum err delivery_list(struct db *db, int64_t property_id, int64_t webhook_id,
                                int64_t before,
                                bool (*each)(void *arg, const struct delivery_row *), void *arg);
/* Forget those that ended before this. */
MUST_USE enum err delivery_prune(struct db *db, int64_t before_ms);

#endif
