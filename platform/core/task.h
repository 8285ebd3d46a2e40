/* Tasks have an owner: somebody takes one, gives it away, or lets it go. */
#ifndef PLATFORM_CORE_TASK_H
#define PLATFORM_CORE_TASK_H

#include "platform/core/organisation.h"
#include "platform/store/task.h"

#define TASK_OWNER_DAYS 180 /* an owner of then is none */

struct task_take {
	struct actor actor;
	int64_t property_id;
	const char *kind, *object;
	int64_t user_id; /* whose it shall be; 0: nobody's */
	struct fault fault;
};
/* A free task is taken by anybody who reads the property, and let go by its owner. To give one to somebody else, or to
 * take it from him, needs `property.write`; he must be staff of the property's group or of the installation that the
 * giver sees, and not disabled. ERR_BAD_INPUT names `owner`; ERR_REFUSED: somebody else has it. */
MUST_USE enum err task_take_step(struct tx *tx, void *task_take, int64_t now_ms,
                                 struct effects *out);

#endif
