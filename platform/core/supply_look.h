/* All that a decision about an account's supply is made of: for supply*.c alone. */
#ifndef PLATFORM_CORE_SUPPLY_LOOK_H
#define PLATFORM_CORE_SUPPLY_LOOK_H

#include "platform/core/supply.h"
#include "platform/store/meter_price.h"

struct look_meter {
	struct account_meter use;
	struct supply_meter row;
	struct supply_reading reading;
	bool spared, fresh;
	struct meter_price price; /* with credit in the meter; version 0: never looked at */
	bool own;                 /* it charges itself, and opens and closes by that */
};

struct supply_look {
	struct property_row property;
	struct account_row account;
	struct supply_rules rules;
	struct supply_account memory;
	struct balance_limits limits;
	struct money available; /* what it has */
	struct money balance;   /* what decides: the same, or what is overdue */
	enum account_kind kind; /* by its terms now; 0: it has none */
	bool by_bill;           /* postpaid */
	bool friendly;          /* the plan has friendly hours */
	bool decides;           /* it is open, and the platform holds its credit */
	bool fresh, spared;     /* of all its meters */
	struct look_meter *meter;
	size_t count;
};

/* Reads only. supply_look_free in any case. */
MUST_USE enum err supply_look(struct tx *tx, int64_t property_id, int64_t account_id,
                              int64_t now_ms, struct supply_look *look);
void supply_look_free(struct supply_look *look);

/* Changes what is wanted of a meter, and writes the row. What was under way for another want is taken back,
 * and what waited for people is dropped. */
MUST_USE enum err supply_want_set(struct tx *tx, struct supply_meter *row, enum supply_want want,
                                  enum supply_reason reason, int64_t account_id, int64_t now_ms,
                                  struct effects *out);

/* Somebody gave supply back by hand: a cut is announced anew before it is made. */
MUST_USE enum err supply_notice_anew(struct tx *tx, int64_t property_id, int64_t account_id,
                                     int64_t now_ms);

/* "cut" or "restored", once an episode: when the meter has verified it. */
MUST_USE enum err supply_tell_verified(struct tx *tx, int64_t property_id, int64_t account_id,
                                       bool cut, int64_t command_id, int64_t now_ms);

/* Two persons have agreed to an opening that waits. One of the platform's own is free to be given while its
 * reason holds; another's is given now, in his name and with his rights of today, or dropped with the word
 * why. `held` is ended. */
MUST_USE enum err supply_give_released(struct tx *tx, struct supply_held *held, int64_t now_ms,
                                       struct effects *out);

/* An order that has waited too long is dropped. */
MUST_USE enum err supply_held_expire(struct tx *tx, int64_t property_id, int64_t held_id,
                                     int64_t now_ms);

#endif
