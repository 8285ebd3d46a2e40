/* Supply: what money wants of the meters of an account, and what is done about it. A decision
 * (supply_consider) moves the account's memory on, writes what tenants are told and what is wanted of
 * each meter; supply_work_step gives the commands, as long as their reason holds. Rules and reasons:
 * docs/design/supply.md. */
#ifndef PLATFORM_CORE_SUPPLY_H
#define PLATFORM_CORE_SUPPLY_H

#include "platform/core/approval.h"
#include "platform/core/command.h"
#include "platform/core/fault.h"
#include "platform/store/supply.h"

/* After each change of what an account has or owes, of its limits, terms, state, meters or marks, and
 * when its time has come. `recharged`: money came in. An account that is not open, or none of whose
 * meters is cut by the platform, wants nothing: what was wanted is dropped. ERR_NOT_FOUND: no such
 * account. ERR_DAMAGED: its balance fails its proof, and nothing was decided. */
MUST_USE enum err supply_consider(struct tx *tx, int64_t property_id, int64_t account_id,
                                  bool recharged, int64_t now_ms, struct effects *out);

/* The same for the account that a meter belongs to now. One that belongs to none is not opened. */
MUST_USE enum err supply_consider_meter(struct tx *tx, int64_t property_id, int64_t meter,
                                        int64_t now_ms, struct effects *out);

/* ---- by the clock ---- */

struct supply_work {
	struct command_rules rules;
	bool hold;                 /* the wall clock is in doubt: nothing is opened by it */
	int64_t clock_disputed_ms; /* of clock_dispute() */
	bool more;                 /* answer: call again at once */
};
/* Regularly, as a bulk step: accounts whose time has come are considered, and what is wanted of meters
 * is given as commands, each with its evidence. */
MUST_USE enum err supply_work_step(struct tx *tx, void *supply_work, int64_t now_ms,
                                   struct effects *out);

/* ---- commands of meters; called by command.c ---- */

/* A person ordered something: what it means for the meter's mode, and for what money wants. */
MUST_USE enum err supply_command_made(struct tx *tx, const struct command_row *row, int64_t now_ms,
                                      struct effects *out);
/* A command reached a stage. */
MUST_USE enum err supply_command_moved(struct tx *tx, const struct command_row *row, int64_t now_ms,
                                       struct effects *out);

/* ---- the guard ---- */

/* May one more meter of the property be opened now, whoever wants it? *room false: it has to wait for
 * people. A meter that counts already has room. */
MUST_USE enum err supply_guard(struct tx *tx, int64_t property_id, int64_t meter, int64_t now_ms,
                               bool *room);
/* Puts it into the queue; the same meter again is the same place there. */
MUST_USE enum err supply_hold(struct tx *tx, struct supply_held *held, int64_t now_ms,
                              struct effects *out);

/* ---- people ---- */

struct supply_mark_edit {
	struct actor actor; /* with a reason */
	int64_t property_id, meter;
	enum supply_mark mark; /* MARK_NONE: money may cut it again */
	int64_t version;
	struct supply_meter row; /* answer */
	struct fault fault;
};
/* Needs `supply.write`. */
MUST_USE enum err supply_mark_step(struct tx *tx, void *supply_mark_edit, int64_t now_ms,
                                   struct effects *out);

struct supply_rules_edit {
	struct actor actor;
	int64_t property_id, version;
	bool has[SUPPLY_RULE_COUNT]; /* value i changes: */
	bool set[SUPPLY_RULE_COUNT]; /* to value[i], or to what is built in */
	int64_t value[SUPPLY_RULE_COUNT];
	struct supply_rules rules; /* answer */
	struct fault fault;
};
/* Needs `supply.write`. */
MUST_USE enum err supply_rules_step(struct tx *tx, void *supply_rules_edit, int64_t now_ms,
                                    struct effects *out);
const char *supply_rule_word(enum supply_rule rule); /* "guard_count" */
bool supply_rule_is_flag(enum supply_rule rule);

struct supply_incident {
	struct actor actor; /* with a reason */
	int64_t property_id;
	bool on;
	int64_t recalled;          /* answer: openings that were under way */
	struct supply_rules rules; /* answer */
	struct fault fault;
};
/* Nothing is opened by itself from now on, and what had not arrived is taken back; or it may be again.
 * Needs `supply.write`. ERR_REFUSED: it is so already. */
MUST_USE enum err supply_incident_step(struct tx *tx, void *supply_incident, int64_t now_ms,
                                       struct effects *out);

struct supply_restore {
	struct actor actor; /* with a reason */
	int64_t property_id;
	int64_t since_ms;
	int64_t meters; /* answer */
	struct fault fault;
};
/* Everyone who was cut for money since then gets supply back, spread over the property's `spread_s`, and a
 * new notice before a cut. Forced trips stay. Needs `supply.write`. */
MUST_USE enum err supply_restore_step(struct tx *tx, void *supply_restore, int64_t now_ms,
                                      struct effects *out);

#define SUPPLY_RELEASE_MAX 2000

struct supply_release {
	struct actor actor; /* with a reason */
	int64_t property_id;
	const int64_t *held; /* these, or (NULL) all that wait */
	size_t count;
	int64_t approval_id; /* answer: it waits for a second person */
	int64_t touched;     /* answer */
	struct fault fault;
};
/* Openings that wait may be given, once another person has agreed. Needs `supply.write`. */
MUST_USE enum err supply_release_step(struct tx *tx, void *supply_release, int64_t now_ms,
                                      struct effects *out);
extern const struct approval_kind approval_kind_supply_release;

struct supply_drop {
	struct actor actor; /* with a reason */
	int64_t property_id, held_id;
	struct supply_held row; /* answer */
	struct fault fault;
};
/* One that waits is not given. What the platform itself wants stays wanted, and comes back into the
 * queue while its reason holds. Needs `supply.write`. */
MUST_USE enum err supply_drop_step(struct tx *tx, void *supply_drop, int64_t now_ms,
                                   struct effects *out);

/* ---- what to show ---- */

enum room_state {
	ROOM_NOT_OPENED,
	ROOM_SUSPENDED,
	ROOM_OPEN,
	ROOM_ALARM1,
	ROOM_ALARM2,
	ROOM_OVERDRAFT,
	ROOM_GRACE,
	ROOM_CUT,
	ROOM_KEEP_POWER,
	ROOM_FORCED_TRIP,
	ROOM_LOST,
};

#define ROOM_STATES (ROOM_LOST + 1)

const char *room_state_word(enum room_state state); /* "alarm-1" */
bool room_state_parse(const char *word, enum room_state *state);

/* Of a meter's use, as it is at `now_s`. */
enum room_state room_state_of(const struct supply_use *use, int64_t now_s);

/* Is it spared by a mark or by keep-power? */
bool supply_spared(const struct supply_meter *row, int64_t now_s);

/* In tenths of days (balance_days_left) from what the account was charged in the last seven whole days, or
 * since it was opened. */
MUST_USE enum err supply_days_left(struct db *db, const struct property_row *property,
                                   const struct account_row *account, struct money available,
                                   int64_t now_ms, int32_t *tenths);

#endif
