/* The counted purse: how a purchase reaches a meter exactly once over a link that loses, repeats and
 * reorders. The meter's side takes an entry, the platform's concludes from what it read back; both
 * by the purchase count (购电次数) and the total of all purchases. docs/design/purse.md. */
#ifndef LIBS_CREDIT_PURSE_H
#define LIBS_CREDIT_PURSE_H

#include <stdbool.h>
#include <stdint.h>

#include "libs/base/macros.h"
#include "libs/base/money.h"

/* One durable record in the meter. Zeroed: nothing was ever bought. */
struct purse {
	uint32_t count;     /* of the last purchase taken */
	struct money total; /* of all purchases, less what was taken back; >= 0 */
	struct money spent; /* of it; may be more than the total: overdraft */
};

struct money purse_balance(const struct purse *purse);

/* What a purchase asks of the meter. */
struct purse_entry {
	uint32_t count;      /* exactly the next one */
	struct money amount; /* below 0: taken back (refund, swap); never 0 */
	struct money total;  /* what the total must be after it */
};

enum purse_verdict {
	PURSE_TAKEN,
	PURSE_REPEATED, /* count is not above the purse's: it was taken before */
	PURSE_MISSING,  /* count is beyond the next: an earlier purchase has not come */
	PURSE_DIFFERS,  /* the next count, but the totals of both sides do not agree */
	PURSE_SHORT,    /* more would be taken back than is left */
	PURSE_HOARDING, /* the balance would pass the hoarding limit */
};

/* Moves the purse on only when it says PURSE_TAKEN. hoarding 0: no limit. */
MUST_USE enum purse_verdict purse_take(struct purse *purse, const struct purse_entry *entry,
                                       struct money hoarding);

/* Nothing is left: the total becomes what was spent (what is owed beyond it is given up). Any count above the last is
 * taken. False: it is not above, and nothing changed. */
MUST_USE bool purse_void(struct purse *purse, uint32_t count);

/* What the sender of an entry knows after it read a purse back. */
enum purse_conclusion {
	PURSE_IS_THERE,     /* delivered: never send it again */
	PURSE_SEND_AGAIN,   /* not there, and it is the next */
	PURSE_SEND_EARLIER, /* one before it is missing: that one first */
	PURSE_SIDES_DIFFER, /* counts agree and totals do not: a task for a person */
};

enum purse_conclusion purse_conclude(const struct purse_entry *entry, uint32_t count_read,
                                     struct money total_read);

#endif
