/* Meters that charge their use themselves: what each is to have of prices and limits, what is on its way, what it
 * read back, and how its sum stands to ours. Written by platform/core/meter_price*.c alone; the rules:
 * docs/design/purse.md, "The platform hands over". */
#ifndef PLATFORM_STORE_METER_PRICE_H
#define PLATFORM_STORE_METER_PRICE_H

#include "platform/store/db.h"

/* All are columns of the same name. */
#define METER_PRICE_FIELDS(X)                                                                         \
	X(account_id) /* of the use that it is for; 0: the meter has none */                          \
	X(use_from_s)                                                                                 \
	/* What it is to have: enum price_why of platform/core/meter_price.h, 0: it charges itself */ \
	X(why)                                                                                        \
	X(next_why)    /* of the version that comes; 0: it fits, or there is none */                  \
	X(now_version) /* of the image in force; 0: none can be made */                               \
	X(now_tariff)  /* version of the tariff that it is of */                                      \
	X(now_from_s)                                                                                 \
	X(next_version)                                                                               \
	X(next_tariff)                                                                                \
	X(next_from_s)                                                                                \
	X(limits_version)                                                                             \
	X(start_s) /* charging begins here; 0: not taken yet */                                       \
	X(start_wh)                                                                                   \
	X(start_spent_fen)                                                                            \
	X(start_step_wh)                                                                              \
	X(last_start_s) /* the newest that was taken: another one differs from it */                  \
	X(own_start_s)  /* the one that the meter confirmed */                                        \
	/* on its way */                                                                              \
	X(sent_limits)                                                                                \
	X(command_id) /* 0: none */                                                                   \
	X(part_version)                                                                               \
	X(part_at) /* so many bytes of that image are in the meter */                                 \
	X(next_ms) /* to be looked at from then on */                                                 \
	X(tries)                                                                                      \
	X(refused)     /* enum command_reason: it will not take ... */                                \
	X(refused_for) /* ... this version of an image or of limits */                                \
	X(ask)         /* what it has is to be read back */                                           \
	/* read back */                                                                               \
	X(read_price)                                                                                 \
	X(read_next)                                                                                  \
	X(read_limits)                                                                                \
	X(read_balance_fen)                                                                           \
	X(read_ms) /* 0: never */                                                                     \
	X(read_counter)                                                                               \
	X(erased_ms) /* it had a price, and said that it has none */                                  \
	X(cut)       /* its supply is open by its own balance */                                      \
	/* its sum beside ours */                                                                     \
	X(told_fen)   /* what it had spent when it told last, ... */                                  \
	X(spent_s)    /* ... then, with room for its clock */                                         \
	X(before_fen) /* ours down to the last charge before that */                                  \
	X(waits)      /* for the first charge after it; then it is compared, and is */                \
	X(spent_fen)                                                                                  \
	X(ours_fen) /* ours then */                                                                   \
	X(ours_s)                                                                                     \
	X(differs_fen) /* what the meter charged more than we did; 0: within our two */               \
	X(compared_ms) /* 0: never yet */                                                             \
	X(versions)    /* prices since the begin */                                                   \
	X(lines)                                                                                      \
	X(timed) /* its price depends on when energy flows */

struct meter_price {
	int64_t property_id, meter;
#define X(name) int64_t name;
	METER_PRICE_FIELDS(X)
#undef X
	int64_t version; /* 0: not in the store yet */
};

/* ERR_NOT_FOUND: it was never looked at. */
MUST_USE enum err meter_price_get(struct db *db, int64_t property_id, int64_t meter,
                                  struct meter_price *row);
/* version 0 makes it. ERR_CONFLICT, ERR_DUP. */
MUST_USE enum err meter_price_put(struct db *db, struct meter_price *row);
/* Of all properties, to be looked at by now; the oldest `limit`. */
MUST_USE enum err meter_price_due(struct db *db, int64_t now_ms, int64_t limit,
                                  bool (*each)(void *arg, const struct meter_price *), void *arg);
/* Prices of a property, or (property_id 0) of a group may have changed: all its rows are due now. */
MUST_USE enum err meter_price_touch(struct db *db, int64_t group_id, int64_t property_id,
                                    int64_t now_ms);
/* Of a property, by meter, those above `after`. */
MUST_USE enum err meter_price_walk(struct db *db, int64_t property_id, int64_t after,
                                   bool (*each)(void *arg, const struct meter_price *), void *arg);

#endif
