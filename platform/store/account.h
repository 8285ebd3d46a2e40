/* Accounts: the contracts that hold money; their dated terms, and their dated uses of meters. What they
 * mean: docs/design/money.md. */
#ifndef PLATFORM_STORE_ACCOUNT_H
#define PLATFORM_STORE_ACCOUNT_H

#include "platform/store/db.h"
#include "platform/store/list.h"
#include "platform/store/place.h"

#define ACCOUNT_CODE_SIZE 129       /* 32 characters */
#define ACCOUNT_NOTE_SIZE 801       /* 200 */
#define ACCOUNT_OPEN_S    INT64_MAX /* until_s of a use that goes on */
#define ACCOUNT_LIMITS    5         /* those of enum account_limit */

enum account_state {
	ACCOUNT_DRAFT = 1,
	ACCOUNT_OPEN,
	ACCOUNT_SUSPENDED,
	ACCOUNT_CLOSING,
	ACCOUNT_CLOSED,
};

/* "draft" ...; false for what is none. */
const char *account_state_word(enum account_state state);
bool account_state_parse(const char *word, enum account_state *state);

enum account_limit {
	ACCOUNT_ALARM1,
	ACCOUNT_ALARM2,
	ACCOUNT_OVERDRAFT,
	ACCOUNT_HOARDING,
	ACCOUNT_ALLOW_CLOSE,
};

struct account_row {
	int64_t property_id, account_id;
	char code[ACCOUNT_CODE_SIZE]; /* unique in the property */
	int64_t customer_id;
	enum account_state state;
	char plan_code[PLAN_CODE_SIZE]; /* "": as its property says */
	bool set[ACCOUNT_LIMITS];       /* its own limit instead of the plan's */
	int64_t limit_fen[ACCOUNT_LIMITS];
	char note[ACCOUNT_NOTE_SIZE];
	int64_t created_s, opened_s, closed_s; /* 0: not yet */
	int64_t version;
};

/* ERR_DUP: the code exists. */
MUST_USE enum err account_insert(struct db *db, const struct account_row *row);
MUST_USE enum err account_get(struct db *db, int64_t property_id, int64_t account_id,
                              struct account_row *row);
MUST_USE enum err account_by_code(struct db *db, int64_t property_id, const char *code,
                                  struct account_row *row);
/* All but its number, if it still has the version of `row`; that grows by one. ERR_CONFLICT. */
MUST_USE enum err account_update(struct db *db, struct account_row *row);
/* By number, those above `after`; state 0: any. `each` says whether there is room for more. */
MUST_USE enum err account_walk(struct db *db, int64_t property_id, int state, int64_t after,
                               bool (*each)(void *arg, const struct account_row *), void *arg);

enum account_sort { ACCOUNT_BY_NUMBER, ACCOUNT_BY_CODE, ACCOUNT_BY_OPENED };

struct account_filter {
	struct list_ask ask; /* searches code and customer's name */
	int64_t customer_id; /* 0: any */
	int64_t meter;       /* that it has or had; 0: any */
	int state;           /* 0: any */
};

/* `each` says whether there is room for more. */
MUST_USE enum err account_list(struct db *db, int64_t property_id,
                               const struct account_filter *filter,
                               bool (*each)(void *arg, const struct account_row *), void *arg);

/* Notes of all accounts of a customer, when he is erased. */
MUST_USE enum err account_forget_notes(struct db *db, int64_t property_id, int64_t customer_id);

enum account_kind {
	ACCOUNT_PAY_PER_USE = 1, /* each meter's use is paid from the balance */
	ACCOUNT_MERGED,          /* the same, several meters on one balance */
	ACCOUNT_MONTHLY_FEE,     /* a fixed fee; use is not charged */
	ACCOUNT_POSTPAID,        /* billed on a day of the month, due some days later */
};

const char *account_kind_word(enum account_kind kind); /* "pay-per-use" */
bool account_kind_parse(const char *word, enum account_kind *kind);

struct account_terms {
	int64_t property_id, account_id, from_s;
	enum account_kind kind;
	int64_t fee_fen;  /* a month */
	int32_t bill_day; /* 1..28; postpaid */
	int32_t due_days; /* after the billing day */
	bool overdue_trips;
	char by_name[64];
};

/* One row per instant: the same instant again replaces a row that does not hold yet. */
MUST_USE enum err account_terms_put(struct db *db, const struct account_terms *terms);
/* What holds at `at_s`. ERR_NOT_FOUND: none yet. */
MUST_USE enum err account_terms_at(struct db *db, int64_t property_id, int64_t account_id,
                                   int64_t at_s, struct account_terms *terms);
/* The oldest. ERR_NOT_FOUND. */
MUST_USE enum err account_terms_first(struct db *db, int64_t property_id, int64_t account_id,
                                      struct account_terms *terms);
MUST_USE enum err account_terms_list(struct db *db, int64_t property_id, int64_t account_id,
                                     bool (*each)(void *arg, const struct account_terms *),
                                     void *arg);
/* ERR_NOT_FOUND. Who asks that they do not hold yet, is the step. */
MUST_USE enum err account_terms_delete(struct db *db, int64_t property_id, int64_t account_id,
                                       int64_t from_s);

/* ---- uses of meters ---- */

enum service { SERVICE_ELECTRICITY = 1, SERVICE_WATER };

const char *service_word(enum service service); /* "electricity" */
bool service_parse(const char *word, enum service *service);

enum credit_place { CREDIT_PLATFORM = 1, CREDIT_METER };

const char *credit_place_word(enum credit_place place); /* "platform" */
bool credit_place_parse(const char *word, enum credit_place *place);

enum register_source { REGISTER_NONE, REGISTER_AUTO, REGISTER_TYPED, REGISTER_ESTIMATED };

const char *register_source_word(enum register_source source); /* "" "auto" ... */
bool register_source_parse(const char *word, enum register_source *source);

#define PHOTO_SIZE 129 /* a name: platform/store/photo.h; of old stores what somebody typed */

struct account_meter {
	int64_t property_id, meter, from_s, until_s; /* [from, until) */
	int64_t account_id;
	enum service service;
	enum credit_place credit;
	int64_t open_units; /* Wh or litres at from_s */
	enum register_source open_source;
	int64_t close_units; /* at until_s, once it has ended */
	enum register_source close_source;
	char open_photo[PHOTO_SIZE], close_photo[PHOTO_SIZE]; /* of its registers; "": none */
};

/* ERR_DUP: the meter has an open use, or one from this second. */
MUST_USE enum err account_meter_insert(struct db *db, const struct account_meter *use);
/* Ends it: until_s, close_units, close_source, close_photo. ERR_CONFLICT: it was ended already. */
MUST_USE enum err account_meter_end(struct db *db, const struct account_meter *use);
/* The use that holds at `at_s`. ERR_NOT_FOUND. */
MUST_USE enum err account_meter_at(struct db *db, int64_t property_id, int64_t meter, int64_t at_s,
                                   struct account_meter *use);
/* The newest use of a meter, also one that has ended. ERR_NOT_FOUND. */
MUST_USE enum err account_meter_last(struct db *db, int64_t property_id, int64_t meter,
                                     struct account_meter *use);
/* Of an account, by meter and time; open_only: those that go on. */
MUST_USE enum err account_meters(struct db *db, int64_t property_id, int64_t account_id,
                                 bool open_only,
                                 bool (*each)(void *arg, const struct account_meter *), void *arg);
/* Of a property, that go on, by meter, those above `after`. */
MUST_USE enum err account_meter_walk(struct db *db, int64_t property_id, int64_t after,
                                     bool (*each)(void *arg, const struct account_meter *),
                                     void *arg);
/* Of the meters that hang in a node itself, that go on, by meter. */
MUST_USE enum err account_meter_in(struct db *db, int64_t property_id, int64_t space_id,
                                   bool (*each)(void *arg, const struct account_meter *),
                                   void *arg);

/* ---- the meter tree ---- */

struct meter_parent {
	int64_t property_id, meter, from_s;
	int64_t parent; /* 0: stands alone */
	char by_name[64];
};

/* The same instant again replaces a row. */
MUST_USE enum err meter_parent_put(struct db *db, const struct meter_parent *row);
/* parent 0: none, also when nothing was ever said. */
MUST_USE enum err meter_parent_at(struct db *db, int64_t property_id, int64_t meter, int64_t at_s,
                                  struct meter_parent *row);
/* Of a meter, by time. */
MUST_USE enum err meter_parent_list(struct db *db, int64_t property_id, int64_t meter,
                                    bool (*each)(void *arg, const struct meter_parent *),
                                    void *arg);
/* Meters whose newest line stands them below `parent`, by number. */
MUST_USE enum err meter_children(struct db *db, int64_t property_id, int64_t parent,
                                 bool (*each)(void *arg, int64_t meter), void *arg);

#endif
