/* Audit lines about reading: of somebody who reached for what is not his (an object that he does not
 * see, or an act that he has no right to), and of somebody who took the audit itself away. */
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

/* Whoever takes the audit of a place away leaves a line in it. ERR_FORBIDDEN: no `audit.read`. */
struct audit_taken {
	struct actor actor;
	struct place place;
};
MUST_USE enum err audit_taken_step(struct tx *tx, void *audit_taken, int64_t now_ms,
                                   struct effects *out);

#endif
