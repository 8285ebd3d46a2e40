/* What a balance means: the state an account is in, whom to tell, and what is wanted of the relay.
 * No clock and no relay here: the caller brings the time, the newest balance and whether it may be
 * trusted, and carries out what comes back (docs/design/tariff.md, "Balance"). */
#ifndef LIBS_CREDIT_BALANCE_H
#define LIBS_CREDIT_BALANCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/macros.h"
#include "libs/base/money.h"

/* alarm1 >= alarm2 >= 0; overdraft, hoarding >= 0; close may be below 0, but owed beyond the overdraft
 * limit nothing comes back. */
struct balance_limits {
	struct money alarm1, alarm2;
	struct money overdraft; /* may be owed before a cut; 0: none */
	struct money close;     /* a cut supply comes back when the balance is above this */
	struct money hoarding;  /* a purchase may not lift the balance above this; 0: no limit */
	bool alarm2_trips;      /* remind by one trip that the user may undo */
	int64_t grace_s;        /* between deciding a cut and making it */
};

/* From good to bad: of two states the greater one is the worse. */
enum balance_state {
	BALANCE_GOOD,
	BALANCE_ALARM1,
	BALANCE_ALARM2,
	BALANCE_OVERDRAFT, /* owed, within the limit, or spared by the calendar or by a mark */
	BALANCE_GRACE,     /* will be cut at `cut_at_s` */
	BALANCE_CUT,       /* only money restores */
};

#define BALANCE_STATES (BALANCE_CUT + 1)

/* Kept by the caller from call to call, durably. Zeroed: a good balance that nobody was told of. */
struct balance_memory {
	enum balance_state state;
	uint8_t told;     /* BALANCE_TOLD() of the states that were told of in this episode */
	bool reminded;    /* the reminder trip of this episode was made */
	int64_t cut_at_s; /* in BALANCE_GRACE: the instant that was announced */
};

#define BALANCE_TOLD(state) (uint8_t)(1U << (state))

struct balance_now {
	int64_t at_s;
	struct money balance;
	bool fresh;     /* the reading behind it is recent and sound */
	bool spared;    /* keep-power or a never-cut mark: money never opens this supply */
	bool recharged; /* the balance rose by money that came in, since the last call */
	/* Civil rules: the first instant from at_s on at which a cut may be made, and from `at_s +
	 * grace_s` on (calendar_cut_from). CALENDAR_NEVER: not in sight. */
	int64_t cut_from_s, cut_from_grace_s;
};

enum balance_want {
	BALANCE_LEAVE,
	BALANCE_REMIND, /* open once; the user may close it himself */
	BALANCE_OPEN,
	BALANCE_CLOSE, /* undo a cut */
};

struct balance_verdict {
	enum balance_want want;
	uint8_t tell; /* BALANCE_TOLD() of states just entered for the first time in this episode */
	bool restored; /* a cut was taken back: tell that, too */
	bool waits;    /* a cut is due, but what is known is not fresh: nothing is opened */
	int64_t again_s; /* call again then, whatever happens; INT64_MAX: only when something changes */
};

/* Moves the memory on. What is wanted is wanted once, when the state is entered: a caller that cannot
 * carry it out keeps it himself. */
MUST_USE struct balance_verdict balance_step(const struct balance_limits *limits,
                                             struct balance_memory *memory,
                                             const struct balance_now *now);

/* The most that may be bought now; INT64_MAX fen: no limit. Never below 0. */
MUST_USE struct money balance_room(const struct balance_limits *limits, struct money balance);

/* Would this purchase close a supply that was cut? What a message must say before the money is taken. */
bool balance_restores(const struct balance_limits *limits, struct money balance,
                      struct money purchase);

#define DAYS_LEFT_MAX INT32_C(9999)
/* Whole days and tenths that a balance lasts at the mean daily cost of `days` (1..7) days, in tenths,
 * rounded down: 0 when nothing is left, 10 * DAYS_LEFT_MAX when nothing was used. */
int32_t balance_days_left(struct money balance, struct money cost, unsigned days);

#endif
