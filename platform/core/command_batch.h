/* One order of a person to many meters: each meter gets a command of its own. What it touches is
 * fixed when it is asked for; a large one waits for a second person (approval.h). Commands are given
 * in slices, and each slice asks the rights again, so that one that was taken away stops the rest. */
#ifndef PLATFORM_CORE_COMMAND_BATCH_H
#define PLATFORM_CORE_COMMAND_BATCH_H

#include "platform/core/approval.h"
#include "platform/core/command.h"
#include "platform/store/command_batch.h"

#define COMMAND_BATCH_MAX     20000 /* meters */
#define COMMAND_BATCH_DELAY_S 5     /* terminals draw a moment each, so that no building jumps */

/* From the settings. */
struct command_batch_rules {
	struct command_rules command;
	/* More meters than this, or more than this share of the property's (but never five or
	 * fewer), need a second person. */
	int64_t approval_count, approval_percent;
	/* What a gateway passes on; batches stay a fifth below it. 0: no limit. */
	int64_t trip_limit_count, trip_limit_window_s;
};

/* Is an act of this size a matter for two? Also of other acts for many (roster.h). */
MUST_USE enum err command_batch_large(struct tx *tx, const struct command_batch_rules *rules,
                                      const struct actor *actor, int64_t property_id, size_t count,
                                      bool *large);

struct command_batch_request {
	struct actor actor; /* with a reason */
	struct command_batch_rules rules;
	int64_t property_id;
	uint8_t kind;
	int64_t until_s;
	/* These meters, or (NULL) those that are selected and the actor may switch. */
	const int64_t *meter;
	size_t count;
	struct meter_select select;

	struct command_batch_row row; /* answer: what was made; batch_id 0: nothing yet */
	int64_t approval_id;          /* answer: it waits for a second person */
	int64_t touched;              /* answer: meters */
	size_t bad;                   /* answer: which of the list ERR_HIDDEN, ERR_DUP is about */
};
/* ERR_BAD_INPUT: kind, until or no reason. ERR_HIDDEN: an id in the list is no meter that he sees in
 * this property, nothing is done. ERR_FORBIDDEN: he may not switch all of them. ERR_DUP: a meter is
 * listed twice. ERR_NOT_FOUND: the selection is empty. ERR_TOO_LONG: over COMMAND_BATCH_MAX.
 * ERR_CONFLICT: the same act waits for a second person already. */
MUST_USE enum err command_batch_create_step(struct tx *tx, void *command_batch_request,
                                            int64_t now_ms, struct effects *out);

struct command_batch_stop {
	struct actor actor;
	int64_t property_id, batch_id;
	struct command_batch_row row; /* answer */
};
/* What is not given yet stays ungiven. By whoever may switch many meters there. ERR_REFUSED: it is
 * over. */
MUST_USE enum err command_batch_stop_step(struct tx *tx, void *command_batch_stop, int64_t now_ms,
                                          struct effects *out);

/* Regularly, as a bulk step, with `struct command_batch_rules`: the next slice of each open batch. */
MUST_USE enum err command_batch_give_step(struct tx *tx, void *command_batch_rules, int64_t now_ms,
                                          struct effects *out);

extern const struct approval_kind approval_kind_command_batch;

#endif
