/* A provider's daily bill, or a bank's statement: its lines against our payments, and the differences that
 * people settle. docs/design/orders.md. */
#ifndef PLATFORM_CORE_BILL_H
#define PLATFORM_CORE_BILL_H

#include "platform/core/payment.h"

#define BILL_LINES_MAX 5000

struct bill_in {
	const char *number, *order_number; /* number unique in its bill */
	int64_t amount_fen, paid_ms;
	const char *payer;
	bool refunded;
};

/* Pure: what a line says about our payment (NULL: we have none). */
enum bill_match bill_compare(const struct bill_in *theirs, const struct payment_row *ours);

struct bill_load {
	struct actor actor;
	int64_t property_id;
	enum pay_channel channel;
	int64_t day; /* civil */
	size_t count;
	const struct bill_in *line;
	struct bill_row row; /* answer */
	struct fault fault;
};
/* Needs `ledger.write` of the property. Money we did not know of is taken in now. The same bill again changes
 * nothing; another one takes its place only while nobody has settled a difference of the first. */
MUST_USE enum err bill_load_step(struct tx *tx, void *bill_load, int64_t now_ms,
                                 struct effects *out);

struct bill_settle {
	struct actor actor; /* with a reason, when it is settled */
	int64_t property_id, line_id, version;
	const char *owner;     /* who shall see to it; NULL: it is settled */
	struct bill_line line; /* answer */
	struct fault fault;
};
MUST_USE enum err bill_settle_step(struct tx *tx, void *bill_settle, int64_t now_ms,
                                   struct effects *out);

struct bill_end {
	struct actor actor;
	int64_t property_id, bill_id, version;
	struct bill_row row; /* answer */
	struct fault fault;
};
/* The day of this channel is done. ERR_REFUSED: a difference is open. */
MUST_USE enum err bill_end_step(struct tx *tx, void *bill_end, int64_t now_ms, struct effects *out);

#endif
