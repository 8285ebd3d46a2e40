/* Finance corrects a balance. docs/design/orders.md. */
#ifndef PLATFORM_CORE_ADJUST_H
#define PLATFORM_CORE_ADJUST_H

#include "platform/core/approval.h"
#include "platform/core/books.h"

/* 调账: finance corrects a balance. */
struct adjustment {
	struct actor actor; /* with a reason */
	int64_t property_id, account_id;
	int64_t amount_fen; /* below 0: takes */
	int64_t refers;     /* the group it corrects; 0: none */
	int64_t approved;
	/* answers */
	int64_t adjust_id, group_no, balance_fen;
	int64_t approval_id;
	struct fault fault;
};
/* Needs `ledger.write`. */
MUST_USE enum err adjust_step(struct tx *tx, void *adjustment, int64_t now_ms, struct effects *out);

extern const struct approval_kind approval_kind_adjust;

#endif
