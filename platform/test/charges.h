/* Charges and rests of all meters as tables that a test can ask: `charge` and `rating_rest`, one row of each
 * part, made anew at each call. */
#ifndef PLATFORM_TEST_CHARGES_H
#define PLATFORM_TEST_CHARGES_H

#include "platform/store/db.h"

void charges_unfold(struct db *db);

#endif
