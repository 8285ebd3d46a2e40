/* Who has a task in hand. Tasks themselves stand in the lists of what they are about (docs/design/console.md). */
#ifndef PLATFORM_STORE_TASK_H
#define PLATFORM_STORE_TASK_H

#include "platform/store/db.h"

#define TASK_KIND_SIZE   16
#define TASK_OBJECT_SIZE 65

struct task_owner {
	int64_t property_id;
	char kind[TASK_KIND_SIZE], object[TASK_OBJECT_SIZE];
	int64_t user_id, since_s;
};

/* Whoever had it before has it no more. */
MUST_USE enum err task_owner_put(struct db *db, const struct task_owner *row);
/* ERR_NOT_FOUND: nobody has it. */
MUST_USE enum err task_owner_get(struct db *db, int64_t property_id, const char *kind,
                                 const char *object, struct task_owner *row);
MUST_USE enum err task_owner_delete(struct db *db, int64_t property_id, const char *kind,
                                    const char *object);
/* Newest first, at most `limit`. */
MUST_USE enum err task_owner_list(struct db *db, int64_t property_id, int64_t limit,
                                  bool (*each)(void *arg, const struct task_owner *), void *arg);
/* Taken before `before_s`: what waits as long is nobody's any more. */
MUST_USE enum err task_owner_drop(struct db *db, int64_t property_id, int64_t before_s);

#endif
