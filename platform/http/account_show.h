/* What the API shows of an account. Read in a step or on a reader's thread, written afterwards. */
#ifndef PLATFORM_HTTP_ACCOUNT_SHOW_H
#define PLATFORM_HTTP_ACCOUNT_SHOW_H

#include "platform/core/account.h"
#include "platform/core/account_bill.h"
#include "platform/core/json_out.h"
#include "platform/core/purse_look.h"
#include "platform/core/rating.h"
#include "platform/http/context.h"
#include "platform/store/customer.h"
#include "platform/store/meter.h"
#include "platform/store/space.h"

#define ACCOUNT_VIEW_METERS 128 /* uses that go on first, then those that have ended */
#define ACCOUNT_VIEW_TERMS  32  /* the newest */

struct account_view_meter {
	struct account_meter use;
	char name[LABEL_SIZE];
	char path[SPACE_PATH_SIZE]; /* where it is now; "": nowhere */
	struct purse_look purse;
};

struct account_view {
	struct account_row row;
	char customer[CUSTOMER_NAME_SIZE];
	struct account_limits limits;
	bool has_terms;
	struct account_terms now; /* what holds, or will at the opening */
	struct account_money money;
	struct account_standing standing;
	int64_t payable_fen;
	size_t meter_count, terms_count;
	struct account_view_meter meter[ACCOUNT_VIEW_METERS];
	struct account_terms terms[ACCOUNT_VIEW_TERMS];
};

/* All of it. */
MUST_USE enum err account_view_read(struct db *db, const struct account_row *row, int64_t now_ms,
                                    struct account_view *view);
void account_view_write(struct json_out *out, const char *key, const struct account_view *view);

/* Its line in a list: row, customer, terms, money, the first meter. */
struct account_line {
	struct account_row row;
	char customer[CUSTOMER_NAME_SIZE];
	bool has_terms;
	struct account_terms now;
	struct account_money money;
	int64_t meters;
	struct account_view_meter first;
};
MUST_USE enum err account_line_read(struct db *db, const struct account_row *row, int64_t now_ms,
                                    struct account_line *line);
void account_line_write(struct json_out *out, const struct account_line *line);

void show_standing(struct json_out *out, const char *key, const struct account_standing *standing);
void show_bill(struct json_out *out, const char *key, const struct account_bill_part *part);
/* {"id","name"} under `customer`. */
void show_customer_name(struct json_out *out, int64_t customer_id, const char *name);

/* An account of the path's property, when the caller may see it; else ERR_NOT_FOUND or ERR_HIDDEN. */
MUST_USE enum err account_see(struct db *db, const struct request *request, int64_t account_id,
                              struct account_row *row);

#endif
