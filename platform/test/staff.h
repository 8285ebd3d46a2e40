/* People with rights, for tests of steps. */
#ifndef PLATFORM_TEST_STAFF_H
#define PLATFORM_TEST_STAFF_H

#include "platform/core/access.h"
#include "platform/core/admin.h"
#include "platform/test/lab.h"

/* A user who may exactly this: at a property (0: the group), or at a space of it and below. */
struct actor staff_with(struct lab *lab, const char *name, uint64_t permissions, int64_t group_id,
                        int64_t property_id, int64_t space_id);

/* May everything everywhere, as a person. */
struct actor staff_chief(struct lab *lab);

#endif
