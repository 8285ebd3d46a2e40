/* The audit line of somebody who reached for what is not his: an object that he does not see, or
 * an act that he has no right to. */
#ifndef PLATFORM_CORE_REFUSED_H
#define PLATFORM_CORE_REFUSED_H

#include "platform/core/access.h"
#include "platform/core/admin.h"

struct refused_request {
	struct actor actor;
	struct place place;
	char object[64]; /* "meter 330100000001" */
	char detail[80]; /* "command_create: not visible" */
};
MUST_USE enum err access_refused_step(struct tx *tx, void *refused_request, int64_t now_ms,
                                      struct effects *out);

#endif
