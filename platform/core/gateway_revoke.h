/* Revoking a gateway from the console: its data is refused at once and the broker cuts it off, so a
 * second person agrees, if there is one who could. `wattle gateway revoke` needs nobody. */
#ifndef PLATFORM_CORE_GATEWAY_REVOKE_H
#define PLATFORM_CORE_GATEWAY_REVOKE_H

#include "platform/core/approval.h"

struct gateway_cut {
	struct actor actor; /* with a reason */
	char name[SLUG_SIZE];
	int64_t approval_id; /* answer: it waits for a second person; 0: done */
};
/* ERR_NOT_FOUND, ERR_FORBIDDEN: `gateway.write`. ERR_REFUSED: it is revoked. ERR_DUP: it waits for a
 * second person already. */
MUST_USE enum err gateway_cut_step(struct tx *tx, void *gateway_cut, int64_t now_ms,
                                   struct effects *out);

extern const struct approval_kind approval_kind_gateway_revoke;

#endif
