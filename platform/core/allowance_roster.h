/* Acts on allowances as rosters keep them. */
#ifndef PLATFORM_CORE_ALLOWANCE_ROSTER_H
#define PLATFORM_CORE_ALLOWANCE_ROSTER_H

#include "platform/core/allowance.h"
#include "platform/core/roster.h"

void allowance_act_write(const struct allowance_terms *terms, char body[ROSTER_BODY_SIZE]);
/* False: it is none. */
bool allowance_act_read(const char *body, struct allowance_terms *terms);
/* source NULL: all. */
void allowance_clear_write(const char *source, char body[ROSTER_BODY_SIZE]);

#endif
