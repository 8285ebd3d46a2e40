/* Supply: what a balance means for each account, what is wanted of each meter and why, which openings
 * wait for people, and what a property decides by. The rules: docs/design/supply.md. */
#ifndef PLATFORM_STORE_SUPPLY_H
#define PLATFORM_STORE_SUPPLY_H

#include "libs/credit/balance.h"
#include "platform/store/account.h"
#include "platform/store/customer.h"
#include "platform/store/db.h"
#include "platform/store/list.h"

/* ---- what a property decides by ---- */

/* Column and API name, least, greatest, built in. */
#define SUPPLY_RULES(X)                                                                            \
	X(GUARD_COUNT, guard_count, 1, 100000, 50)                                                 \
	X(GUARD_PERCENT, guard_percent, 1, 100, 10)                                                \
	X(GUARD_WINDOW, guard_window_s, 60, 604800, 3600)                                          \
	X(RESTORE_BUTTON, restore_by_button, 0, 1, 0)                                              \
	X(FRESH_ELECTRICITY, fresh_electricity_s, 300, 2592000, 7200)                              \
	X(FRESH_WATER, fresh_water_s, 3600, 2592000, 129600)                                       \
	X(SPREAD, spread_s, 0, 3600, 120)                                                          \
	X(QUIET_FROM, quiet_from_min, 0, 1439, 1320)                                               \
	X(QUIET_TO, quiet_to_min, 0, 1439, 480)                                                    \
	X(HELD, held_s, 300, 604800, 7200)                                                         \
	X(POWER_MAX, power_max_w, 1000, 100000000, 120000)                                         \
	X(FLOW_MAX, flow_max_l_per_h, 100, 100000000, 60000)

enum supply_rule {

#define X(id, name, min, max, builtin) SUPPLY_##id,
	SUPPLY_RULES(X)
#undef X
	        SUPPLY_RULE_COUNT
};

struct supply_rules {
	int64_t property_id;
	bool set[SUPPLY_RULE_COUNT];
	int64_t value[SUPPLY_RULE_COUNT]; /* what holds, set or built in */
	int64_t incident_ms;              /* since when nothing is opened by itself; 0: it may be */
	char incident_by[64], incident_reason[256];
	int64_t version; /* 0: nothing is set yet */
};

/* What is built in where the property has set nothing. */
MUST_USE enum err supply_rules_get(struct db *db, int64_t property_id, struct supply_rules *rules);
/* If it still has this version, which then grows by one; else ERR_CONFLICT or ERR_DUP. */
MUST_USE enum err supply_rules_put(struct db *db, struct supply_rules *rules);

/* ---- an account's memory ---- */

struct supply_account {
	int64_t property_id, account_id;
	struct balance_memory memory;
	int64_t announced_s;  /* the cut that tenants were told of; no opening before; 0: none */
	int64_t not_before_s; /* restored by people: no cut before; 0: nothing of that kind */
	int64_t episode;      /* grows when money ends a state that was told of */
	bool waits;           /* a cut is due, and what is known is too old for it */
	bool cut_told;        /* that it was cut; so that it was restored is told, too */
	int64_t changed_s;    /* since when it is in this state */
	int64_t again_s;      /* look again then; INT64_MAX: when something changes */
};

/* Zeros and ERR_NONE: it was never looked at. */
MUST_USE enum err supply_account_get(struct db *db, int64_t property_id, int64_t account_id,
                                     struct supply_account *row);
MUST_USE enum err supply_account_put(struct db *db, const struct supply_account *row);
MUST_USE enum err supply_account_delete(struct db *db, int64_t property_id, int64_t account_id);

struct supply_due {
	int64_t property_id, id;
};
/* Something that many accounts are decided by has changed: those of a property, or (property_id 0) of a group,
 * that were looked at before are looked at again now. */
MUST_USE enum err supply_accounts_touch(struct db *db, int64_t group_id, int64_t property_id,
                                        int64_t now_s);
/* Accounts to look at again by now. */
MUST_USE enum err supply_accounts_due(struct db *db, int64_t now_s, size_t limit,
                                      struct supply_due *due, size_t *count);

/* ---- a meter ---- */

/* Exactly one holds; people choose it by commands. Numbers are stored. */
enum supply_mode { SUPPLY_PREPAID, SUPPLY_KEEP_POWER, SUPPLY_FORCED_TRIP };

/* Why money never cuts it. */
enum supply_mark { MARK_NONE, MARK_FIRE, MARK_MEDICAL, MARK_COLD, MARK_OTHER };

const char *supply_mark_word(enum supply_mark mark); /* "" "fire-main" ... */
bool supply_mark_parse(const char *word, enum supply_mark *mark);

/* What our own commands have done to it, as far as it is known. */
enum supply_opened {
	SUPPLY_NOT_OPENED,
	SUPPLY_REMINDED, /* opened once; the tenant's button closes it */
	SUPPLY_OPENED,
	SUPPLY_UNSURE, /* an opening was given, and what became of it is not known */
};

enum supply_want {
	SUPPLY_NOTHING,
	SUPPLY_REMIND, /* open, and then SUPPLY_ALLOW */
	SUPPLY_ALLOW,
	SUPPLY_OPEN,
	SUPPLY_CLOSE,
};

const char *supply_want_word(enum supply_want want); /* "" "remind" ... */

#define SUPPLY_DUE_MOST_MS INT64_C(3660000) /* nothing is put off for more than an hour */

struct supply_meter {
	int64_t property_id, meter;
	enum supply_mode mode;
	int64_t mode_until_s; /* keep-power that ends by itself; 0: it does not */
	int64_t mode_s;
	int64_t mode_command_id; /* that ordered it */
	char mode_by[LABEL_SIZE];
	enum supply_mark mark;
	char mark_reason[256], mark_by[64];
	int64_t mark_s;
	int64_t mark_version; /* 0: never marked */
	enum supply_opened opened;
	int64_t opened_ms;
	enum supply_want want;
	char want_reason[16]; /* of enum supply_reason, by its word */
	int64_t want_ms;
	int64_t account_id; /* for which it is wanted */
	int64_t command_id; /* under way for it; 0: not given, or to be given again */
	int64_t act_id;     /* the evidence of the last one */
	int64_t tries;
	int64_t due_ms; /* not before; further than SUPPLY_DUE_MOST_MS ahead: the clock was, and it is due */
	int64_t held_id; /* it waits for people; 0: it does not; below 0: they let it through */
};

/* Zeros and ERR_NONE: nothing is known of it. */
MUST_USE enum err supply_meter_get(struct db *db, int64_t property_id, int64_t meter,
                                   struct supply_meter *row);
MUST_USE enum err supply_meter_put(struct db *db, const struct supply_meter *row);
/* Something is wanted of them, no command is under way, and it is time. */
MUST_USE enum err supply_meters_due(struct db *db, int64_t now_ms, size_t limit,
                                    struct supply_due *due, size_t *count);
/* Whose keep-power has ended by now. */
MUST_USE enum err supply_keeps_over(struct db *db, int64_t now_s, size_t limit,
                                    struct supply_due *due, size_t *count);
/* Of a property, by meter, those above `after`, opened by us since then; until `each` says false. */
MUST_USE enum err supply_opened_since(struct db *db, int64_t property_id, int64_t since_ms,
                                      int64_t after,
                                      bool (*each)(void *arg, const struct supply_meter *),
                                      void *arg);
/* Of a property, with an opening by us under way. */
MUST_USE enum err supply_openings_given(struct db *db, int64_t property_id,
                                        bool (*each)(void *arg, const struct supply_meter *),
                                        void *arg);

/* ---- why ---- */

enum supply_reason {
	SUPPLY_BECAUSE_BALANCE = 1, /* nothing is left */
	SUPPLY_BECAUSE_BILL,        /* one is overdue */
	SUPPLY_BECAUSE_ALARM2,      /* the reminder */
	SUPPLY_BECAUSE_MONEY,       /* it came in, or a correction raised the balance */
	SUPPLY_BECAUSE_SPARED,      /* by a mark or keep-power */
	SUPPLY_BECAUSE_PERSON,      /* restored by one */
	SUPPLY_BECAUSE_RECALL,      /* an opening was on its way for which there is no reason now */
};

const char *supply_reason_word(enum supply_reason reason); /* "balance" */

enum supply_outcome {
	SUPPLY_GIVEN = 1,
	SUPPLY_DONE,
	SUPPLY_FAILED,
	SUPPLY_RECALLED,
};

const char *supply_outcome_word(enum supply_outcome outcome);

/* A newest register that was billed, and what it was billed by. */
struct supply_reading {
	int64_t units, at_s; /* at_s 0: there is none */
	int64_t version_id;  /* of the tariff; 0: nothing was charged yet */
	bool fault;          /* a later one was not believed */
};
MUST_USE enum err supply_reading(struct db *db, int64_t property_id, int64_t meter,
                                 struct supply_reading *reading);

/* The evidence of one automatic command. Never changed but for what became of it. */
struct supply_act {
	int64_t property_id, act_id, account_id, meter;
	enum supply_want want;
	char reason[16];
	int64_t at_ms;
	enum balance_state state;
	struct supply_reading reading;
	struct money available;
	struct balance_limits limits;
	int64_t announced_s;
	int64_t command_id;
	enum supply_outcome outcome;
	int64_t outcome_ms;
};

/* Gives it act_id. */
MUST_USE enum err supply_act_insert(struct db *db, struct supply_act *row);
MUST_USE enum err supply_act_get(struct db *db, int64_t property_id, int64_t act_id,
                                 struct supply_act *row);
/* The command that was made by it. */
MUST_USE enum err supply_act_command(struct db *db, const struct supply_act *row);
MUST_USE enum err supply_act_end(struct db *db, int64_t property_id, int64_t act_id,
                                 enum supply_outcome outcome, int64_t at_ms);
/* Newest first, below `before` (0: from the newest); meter 0: of the property. */
MUST_USE enum err supply_acts(struct db *db, int64_t property_id, int64_t meter, int64_t before,
                              bool (*each)(void *arg, const struct supply_act *), void *arg);

/* Whole fen that an account was charged on the days [from, until); open ones rounded down. */
MUST_USE enum err supply_cost(struct db *db, int64_t property_id, int64_t account_id,
                              int64_t from_day, int64_t until_day, struct money *cost);

/* ---- openings that wait for people ---- */

enum supply_path { PATH_AUTOMATIC = 1, PATH_BATCH, PATH_SINGLE };

const char *supply_path_word(enum supply_path path);

enum held_state { HELD_WAITING = 1, HELD_RELEASED, HELD_DROPPED };

const char *held_state_word(enum held_state state);

struct supply_held {
	int64_t property_id, held_id, meter;
	enum supply_path path;
	int64_t batch_id, position; /* of a batch */
	int64_t user_id, key_id;    /* who ordered it; both 0: the platform, or the CLI */
	char by_name[64], by_origin[64], reason[256];
	int64_t made_ms;
	enum held_state state;
	int64_t ended_ms, command_id;
	int64_t approval_id; /* that released it */
	char ended_why[64];
	int64_t expires_ms; /* an order's; 0: it waits as long as its reason holds */
	/* How an order is given once it may be (struct command_rules); 0: as is built in. */
	int64_t expiry_s, resend_ms, clock_wait_ms;
};

/* Gives it held_id. ERR_DUP: one of this meter waits already; `row` becomes that one. */
MUST_USE enum err supply_held_insert(struct db *db, struct supply_held *row);
MUST_USE enum err supply_held_get(struct db *db, int64_t property_id, int64_t held_id,
                                  struct supply_held *row);
/* ERR_NOT_FOUND: none of this meter waits. */
MUST_USE enum err supply_held_of(struct db *db, int64_t property_id, int64_t meter,
                                 struct supply_held *row);
/* Its end. ERR_CONFLICT: it does not wait any more. */
MUST_USE enum err supply_held_end(struct db *db, const struct supply_held *row);
/* Orders that have waited too long by now. */
MUST_USE enum err supply_held_over(struct db *db, int64_t now_ms, size_t limit,
                                   struct supply_due *due, size_t *count);
/* By number, those above `after`; state 0: any. */
MUST_USE enum err supply_held_list(struct db *db, int64_t property_id, int state, int64_t after,
                                   bool (*each)(void *arg, const struct supply_held *), void *arg);

/* Meters of a property for which an opening was made since then, on whatever way; and whether this
 * is one of them. */
MUST_USE enum err supply_trips_since(struct db *db, int64_t property_id, int64_t meter,
                                     int64_t since_ms, int64_t *count, bool *counted);

/* ---- the list ---- */

/* A use of a meter that goes on, with all that its state comes from. */
struct supply_use {
	struct account_meter use;
	enum account_state account_state;
	char account_code[ACCOUNT_CODE_SIZE];
	int64_t customer_id, space_id;
	char meter_name[LABEL_SIZE];
	struct supply_account account;
	struct supply_meter meter;
	struct supply_reading reading;
	bool lost; /* its readings are missed */
	bool cut;  /* it charges itself, and opened by its own balance */
};
/* By meter, those above `after`; meter 0: of the property. */
MUST_USE enum err supply_uses(struct db *db, int64_t property_id, int64_t meter, int64_t after,
                              bool (*each)(void *arg, const struct supply_use *), void *arg);

/* A meter of a property with what its room's state comes from. Without an account: use.account_id is 0, and
 * the account's columns are zeros. */
struct supply_spot {
	struct supply_use use; /* without `reading` */
	char customer[CUSTOMER_NAME_SIZE];
};
/* All meters of a property by number, in one statement: for the map. */
MUST_USE enum err supply_spots(struct db *db, int64_t property_id,
                               bool (*each)(void *arg, const struct supply_spot *), void *arg);

#endif
