/* Acts on an account's money above a limit: a second person must agree, if the property has one. */
#ifndef PLATFORM_CORE_SECOND_H
#define PLATFORM_CORE_SECOND_H

#include "platform/core/approval.h"
#include "platform/core/books.h"

struct second {
	const struct actor *actor;
	const struct approval_kind *kind;
	const struct account_row *account;
	int64_t order_id; /* 0: about the account */
	int64_t amount_fen;
	enum pay_channel channel;
	const char *payee;
	int64_t refers;
	int64_t alone_fen; /* up to this he may do it alone, whatever the sign */
	int64_t approved;  /* the approval that lets it through; 0: none yet */
};

/* *approval_id stays 0 when he may do it alone, or nobody else could agree. ERR_REFUSED: the same act waits already. */
MUST_USE enum err second_ask(struct tx *tx, const struct second *second, int64_t now_ms,
                             int64_t *approval_id, struct fault *fault);

/* Such an act wants a reason. */
MUST_USE enum err second_wants_reason(const struct actor *actor, struct fault *fault);

#endif
