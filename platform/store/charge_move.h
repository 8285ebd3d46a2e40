/* A step of the schema: see charge_move.c. */
#ifndef PLATFORM_STORE_CHARGE_MOVE_H
#define PLATFORM_STORE_CHARGE_MOVE_H

#include "platform/store/db.h"

/* In the transaction of its migration, behind that one's SQL. */
MUST_USE enum err charge_move(struct db *db);

#endif
