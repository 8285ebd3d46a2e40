/* Numbers are given once in the whole installation: is the thing that somebody names one of this property? For audit
 * lines about who reaches for what is not his; whatever acts asks its own table. */
#ifndef PLATFORM_STORE_OWNER_H
#define PLATFORM_STORE_OWNER_H

#include "platform/store/db.h"

enum owned {
	OWNED_ACCOUNT,
	OWNED_ALARM,
	OWNED_ALLOWANCE,
	OWNED_APPROVAL,
	OWNED_BATCH,
	OWNED_BILL,
	OWNED_COMMAND,
	OWNED_CUSTOMER,
	OWNED_DEBT,
	OWNED_DIFFERENCE,
	OWNED_HELD,
	OWNED_IMPORT,
	OWNED_LEASE,
	OWNED_MESSAGE,
	OWNED_ORDER,
	OWNED_REFUND,
	OWNED_REMINDER,
	OWNED_ROSTER,
	OWNED_SHIFT,
	OWNED_SUSPENSE,
	OWNED_TAKEOVER,
	OWNED_WEBHOOK,
	OWNED_COUNT,
};

/* By the word of the API, also of a list of them ("accounts"). False: nothing that only a property has, or a place
 * or meter, which the directory knows. */
bool owned_by_word(const char *word, enum owned *kind);
const char *owned_word(enum owned kind);

/* ERR_NOT_FOUND: no such one in this property. */
MUST_USE enum err owned_find(struct db *db, enum owned kind, int64_t property_id, int64_t number);

#endif
