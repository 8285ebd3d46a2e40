/* How orders and what belongs to them are shown: names beside numbers, stages, delivery. */
#ifndef PLATFORM_HTTP_SHOW_ORDER_H
#define PLATFORM_HTTP_SHOW_ORDER_H

#include "platform/core/order.h"
#include "platform/http/act.h"
#include "platform/store/customer.h"
#include "platform/store/space.h"
#include "platform/store/topup.h"

/* An account by its code, with its customer. */
struct account_names {
	int64_t account_id, customer_id;
	char code[ACCOUNT_CODE_SIZE], customer[CUSTOMER_NAME_SIZE];
};

/* account_id 0: none, and nothing is read. */
MUST_USE enum err account_names_read(struct db *db, int64_t property_id, int64_t account_id,
                                     struct account_names *names);
/* {"id":,"code":}, or null for none. */
void show_account_name(struct json_out *out, const char *key, const struct account_names *names);
void show_meter_or_null(struct json_out *out, const char *key, int64_t meter);

#define ROOMS_SHOWN 8

/* Where an account is at home: the rooms that its customer leases, else those where its meters hang. */
struct account_rooms {
	size_t count;
	char path[ROOMS_SHOWN][SPACE_PATH_SIZE];
};

MUST_USE enum err account_rooms_read(struct db *db, int64_t property_id, int64_t account_id,
                                     int64_t customer_id, int64_t now_s,
                                     struct account_rooms *rooms);
/* "rooms": ["A/3/301", …] */
void show_rooms(struct json_out *out, const struct account_rooms *rooms);

#define ORDER_STAGES_SHOWN 32

struct order_view {
	struct order_row row;
	struct account_names names;
	bool whole; /* with stages and delivery */
	struct order_stage stage[ORDER_STAGES_SHOWN];
	size_t stages;
	bool has_topup, has_purse;
	struct topup_row topup;
	struct meter_purse purse;
};

/* The rest of what is shown, of a row that is there. */
MUST_USE enum err order_view_read(struct db *db, struct order_view *view, bool whole);
void show_order(struct json_out *out, const struct order_view *view);

/* A reader's right to an account's things. ERR_HIDDEN: none. */
MUST_USE enum err look_at_account(struct reader *reader, const struct request *request,
                                  enum permission permission, int64_t account_id);
/* The same for a row of a list. */
MUST_USE enum err rows_at_account(struct rows *rows, enum permission permission, int64_t account_id,
                                  bool *shows);

#endif
