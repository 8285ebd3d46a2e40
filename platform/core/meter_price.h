/* Meters that charge their use themselves (docs/design/purse.md, "The platform hands over"): which of them may, what
 * prices and limits each is to have, and what is sent next until it says that it has them. The wire:
 * docs/protocol/price.md. */
#ifndef PLATFORM_CORE_METER_PRICE_H
#define PLATFORM_CORE_METER_PRICE_H

#include "libs/credit/plan_image.h"
#include "libs/proto/command.h"
#include "platform/core/command.h"
#include "platform/core/supply_look.h"
#include "platform/store/meter_price.h"

/* Why a meter does not charge itself, though its account's credit is in it. Numbers are stored. */
enum price_why {
	PRICE_HANDED, /* it does, or will when it has what it needs */
	PRICE_NO_USE, /* no account uses it, or that is not open */
	PRICE_MODEL,  /* it takes no prices */
	PRICE_SEVERAL_METERS,
	PRICE_KIND,     /* of the account: not paid by use beforehand */
	PRICE_GRACE,    /* a cut is announced before it is made */
	PRICE_REMINDER, /* alarm 2 reminds by a trip */
	PRICE_FRIENDLY, /* cuts wait for an hour */
	PRICE_MARK,     /* it is never cut */
	PRICE_STOPPED,  /* the property's automatic openings are */
	/* Those above follow from the account alone (price_terms); those below are faults of a tariff or a meter. */
	PRICE_TARIFF, /* none is in force */
	PRICE_FEE,
	PRICE_MINIMUM,
	PRICE_CALENDAR,
	PRICE_RANGE,
	PRICE_SIZE,
	PRICE_REFUSED, /* the meter did not take it */
	/* Passes by itself, or with its own task. */
	PRICE_PURSE,  /* what is in its purse is not known for sure */
	PRICE_RATING, /* a reading waits for a person */
};

#define PRICE_WHYS (PRICE_RATING + 1)

const char *price_why_word(enum price_why why); /* "" "no-use" ... */
bool price_is_fault(enum price_why why); /* somebody has to do something about a tariff or meter */

/* ---- the choice: facts in, what to send out ---- */

/* Limits that switch charging off have this version, all others another; those that switch it on are odd. */
#define PRICE_LIMITS_OFF 2u

static inline bool price_spends(uint32_t limits)
{
	return limits & 1;
}

struct price_facts {
	bool busy;      /* a command of ours is under way */
	bool hand_over; /* it is to charge itself */
	uint32_t now, next,
	        limits; /* versions that it is to have; next 0: none; limits 0: not known yet */
	uint16_t now_len, next_len; /* of the images */
	struct result_credit read;  /* zeroed: never read, or it has nothing */
	uint32_t sent_limits;       /* the newest that were sent: it may have them */
	uint32_t part_version;      /* of the image that is on its way, ... */
	uint16_t part_at;           /* ... and how much of it has arrived */
	uint32_t refused_for;       /* it does not take this version */
	bool ask;                   /* whatever it has is to be read back */
};

enum price_move {
	PRICE_REST,   /* it has all, or nothing can be sent */
	PRICE_WAIT,   /* for the answer to what is under way */
	PRICE_PART,   /* bytes at `at` of image `version` */
	PRICE_WHOLE,  /* that image is whole */
	PRICE_LIMITS, /* limits, and where charging begins; the same again is a question */
	PRICE_OFF,
};

struct price_choice {
	enum price_move move;
	uint32_t version;
	uint16_t at, len;
};

struct price_choice price_choose(const struct price_facts *facts);

/* ---- what a meter is to have ---- */

struct price_image {
	uint32_t
	        version; /* follows from the bytes and the time: the same image has the same everywhere; 0: none */
	int64_t tariff_version_id, valid_from_s;
	uint8_t bytes[PLAN_IMAGE_MAX];
	size_t len;
	uint32_t lines;
	bool timed; /* its price depends on when energy flows */
};

struct price_want {
	enum price_why why, next_why;
	struct price_image now, next;
	struct balance_limits limits;
	int64_t account_id, use_from_s;
};

/* By what the account is, alone. `at` is one of the look's. */
enum price_why price_terms(const struct supply_look *look, const struct look_meter *at);
/* All of it, for the meter's use now. */
MUST_USE enum err price_wanted(struct tx *tx, const struct meter_price *row, int64_t now_ms,
                               struct price_want *want);
/* Of a version as a meter gets it; .version is 0 when *why says that it cannot be made. */
MUST_USE enum err price_image_make(const struct plan *plan, int64_t now_s,
                                   struct price_image *image, enum price_why *why);
/* Arguments of `credit` for this row, its version included. */
void price_limits(const struct meter_price *row, const struct balance_limits *limits,
                  struct credit_args *args);

/* What was spent of the purse by our books, down to the newest charge. */
MUST_USE enum err price_spent(struct db *db, int64_t property_id, int64_t meter, int64_t *fen,
                              int64_t *at_s);
/* How far both sums may be apart. */
int64_t price_bound_fen(const struct meter_price *row);
bool price_is_beyond(const struct meter_price *row);
/* A tariff that fits no meter, one that the meter refused, or sums that nothing explains. */
bool price_needs_person(const struct meter_price *row);

/* The meter said that it charges itself from where it was told to. */
static inline bool price_confirmed(const struct meter_price *row)
{
	return row->own_start_s && row->own_start_s == row->start_s;
}

/* Does the meter charge this use, as it said itself? The platform then opens nothing. */
bool price_is_own(const struct meter_price *row, const struct account_meter *use);

/* ---- steps ---- */

struct price_work {
	struct command_rules rules;
};
/* Each second, as a bulk step: what is due is looked at, and the next command of each leaves. */
MUST_USE enum err price_work_step(struct tx *tx, void *price_work, int64_t now_ms,
                                  struct effects *out);

/* Called by command.c. A signed result of any command of a meter: what it says about prices and sums. */
MUST_USE enum err price_command_answered(struct tx *tx, const struct command_row *command,
                                         const struct result *result, int64_t now_ms,
                                         struct effects *out);
/* One of kind price-part, price or credit ended without a result. */
MUST_USE enum err price_command_lost(struct tx *tx, const struct command_row *command,
                                     int64_t now_ms);

/* Called by supply.c with each look at an account: does anything follow for its meters? */
MUST_USE enum err price_considered(struct tx *tx, const struct supply_look *look, int64_t now_ms);
/* A use of a meter ended, or the meter told of itself: it is looked at soon. `ask`: what it has is read back. */
MUST_USE enum err price_look_soon(struct tx *tx, int64_t property_id, int64_t meter, bool ask,
                                  int64_t now_ms);

/* It does not charge itself any more: what it opened is the platform's to close now. The row is not put. */
MUST_USE enum err price_take_back(struct tx *tx, struct meter_price *row, int64_t now_ms);

struct price_anew {
	struct actor actor; /* with a reason */
	int64_t property_id, meter;
	struct meter_price row; /* answer */
	struct fault fault;
};
/* A person has seen why both sums differ: the meter charges on from ours. Needs `ledger.write`. */
MUST_USE enum err price_anew_step(struct tx *tx, void *price_anew, int64_t now_ms,
                                  struct effects *out);

#define PRICE_AGAIN_MS     INT64_C(30000) /* between two tries, doubled up to */
#define PRICE_AGAIN_MAX_MS INT64_C(900000)
#define PRICE_ASK_MS       INT64_C(86400000) /* what is there is read back, even when nothing changes */

#endif
