/* One act of a person for many accounts or meters (docs/design/rosters.md). The list is fixed when he asks for
 * it; a large one waits for a second person. Rows are done in slices, each by the same step as a single act and
 * with the rights of that moment; what one of them refuses stops no other. */
#ifndef PLATFORM_CORE_ROSTER_H
#define PLATFORM_CORE_ROSTER_H

#include "platform/core/command_batch.h"
#include "platform/core/fault.h"
#include "platform/store/roster.h"

#define ROSTER_MAX 20000 /* rows */

struct roster_kind {
	const char *word;
	bool meters; /* its objects; else accounts */
	enum permission permission;
	const struct approval_kind *approval;
	/* Is the act right in itself? ERR_BAD_INPUT or ERR_REFUSED with the fault. */
	enum err (*check)(struct tx *tx, const struct roster_row *row, struct fault *fault,
	                  int64_t now_ms);
	/* One row: gives item->result. Undone when it ends with an error. */
	enum err (*run)(struct tx *tx, const struct roster_row *row, const struct actor *actor,
	                struct roster_item *item, struct fault *fault, int64_t now_ms,
	                struct effects *out);
};

/* NULL: none of this word. */
const struct roster_kind *roster_kind_find(const char *word);

struct roster_request {
	struct actor actor; /* with a reason */
	struct command_batch_rules rules;
	int64_t property_id;
	const struct roster_kind *kind;
	char body[ROSTER_BODY_SIZE]; /* the act: JSON */
	/* These accounts or meters, or (NULL) those that are selected and the actor may act on: of accounts
	 * those that have such a meter now. */
	const int64_t *object;
	size_t count;
	struct meter_select select;
	const int64_t *spaces; /* of a selection: in these or below; none: select.space_id alone */
	size_t space_count;

	/* answers */
	struct roster_row row; /* roster_id 0: nothing was made yet */
	int64_t approval_id;   /* it waits for a second person */
	int64_t touched;       /* rows */
	size_t bad;            /* which of the list ERR_HIDDEN is about */
	struct fault fault;
};
/* ERR_HIDDEN: an id in the list is nothing that he sees here. ERR_FORBIDDEN: he may not act on all of them.
 * ERR_DUP: one is listed twice. ERR_NOT_FOUND: the selection is empty. ERR_TOO_LONG: over ROSTER_MAX.
 * ERR_CONFLICT: the same act waits for a second person already. ERR_BAD_INPUT: the act, or no reason. */
MUST_USE enum err roster_create_step(struct tx *tx, void *roster_request, int64_t now_ms,
                                     struct effects *out);
/* For approval kinds of rosters: `run`. */
MUST_USE enum err roster_agreed(struct tx *tx, const struct actor *requester,
                                const struct approval_row *row, char result[APPROVAL_RESULT_SIZE],
                                int64_t now_ms, struct effects *out);

struct roster_stop {
	struct actor actor;
	int64_t property_id, roster_id;
	struct roster_row row; /* answer */
	struct fault fault;
};
/* What is not done yet stays undone. By whoever gave it, or holds its right at the property. ERR_REFUSED: it is
 * over. */
MUST_USE enum err roster_stop_step(struct tx *tx, void *roster_stop, int64_t now_ms,
                                   struct effects *out);

struct roster_work {
	bool more; /* answer: call again at once */
};
/* Regularly, as a bulk step: the next rows. */
MUST_USE enum err roster_work_step(struct tx *tx, void *roster_work, int64_t now_ms,
                                   struct effects *out);

extern const struct roster_kind roster_allowance_give, roster_allowance_clear;
extern const struct roster_kind roster_tariff_assign;
extern const struct approval_kind approval_kind_allowances, approval_kind_tariffs;

#endif
