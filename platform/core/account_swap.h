/* Another meter takes a meter's place in one act: a swap (the old one goes), or a move of the tenant to
 * another room (both stay, the money goes along). docs/design/money.md. */
#ifndef PLATFORM_CORE_ACCOUNT_SWAP_H
#define PLATFORM_CORE_ACCOUNT_SWAP_H

#include "platform/core/account_close.h"
#include "platform/core/command.h"

struct account_swap {
	struct account_act act;   /* with a reason */
	struct account_final old; /* last register of the old meter */
	struct account_binding
	        to; /* the new one, with its first register; service: of the old one */
	struct command_rules rules;
	/* answers */
	int64_t moved_fen;  /* out of the old meter's purse */
	int64_t command_id; /* keep-power for the new meter; 0: none */
};
/* The new meter goes on where the old one stood: its room and place in the meter tree, its own tariff, its
 * step position, keep-power (a command, when the old one had it). The account, its balance and its limits
 * stay. Needs `account.write` at both. ERR_REFUSED as account_unbind and account_bind. */
MUST_USE enum err account_swap_step(struct tx *tx, void *account_swap, int64_t now_ms,
                                    struct effects *out);

struct account_move {
	struct account_act act; /* with a reason */
	size_t old_count, to_count;
	const struct account_final *old; /* meters of the room that is left */
	struct account_binding *to;      /* of the new room */
};
/* The tenant changes rooms: the old meters end and the new ones begin in one act, each with one reading;
 * balance and allowances go along, step positions do not. Needs `account.write`. */
MUST_USE enum err account_move_step(struct tx *tx, void *account_move, int64_t now_ms,
                                    struct effects *out);

#endif
