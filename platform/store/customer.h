/* Customers of a property: who rents, pays and is called. Personal data: docs/design/persons.md. */
#ifndef PLATFORM_STORE_CUSTOMER_H
#define PLATFORM_STORE_CUSTOMER_H

#include "platform/store/db.h"
#include "platform/store/list.h"
#include "platform/store/place.h"
#include "platform/store/terminal.h"

#define CUSTOMER_CODE_SIZE  129  /* 32 characters */
#define CUSTOMER_NAME_SIZE  241  /* 60 */
#define CUSTOMER_NOTE_SIZE  8001 /* 2,000 */
#define CUSTOMER_PHONES_MAX 8
#define PHONE_LABEL_SIZE    65 /* 16 */
#define IDENTITY_SIZE       33 /* an id or licence number: 32 letters and digits */
#define IDENTITY_WRAPPED    KEY_WRAPPED_SIZE

struct customer_phone {
	int64_t phone_id; /* 1, 2, ... within its customer */
	char phone[PHONE_SIZE];
	char label[PHONE_LABEL_SIZE];
	bool main;
};

struct customer_row {
	int64_t property_id, customer_id;
	char code[CUSTOMER_CODE_SIZE]; /* unique in the property */
	char kind[8];                  /* person | company */
	char name[CUSTOMER_NAME_SIZE];
	bool has_identity;
	uint8_t identity_wrapped[IDENTITY_WRAPPED];
	char identity_masked[IDENTITY_SIZE];
	char lang[8]; /* zh-CN | en: of messages to him */
	char note[CUSTOMER_NOTE_SIZE];
	int64_t created_s, archived_s, erased_s, version;
	size_t phone_count;
	struct customer_phone phone[CUSTOMER_PHONES_MAX];
};

/* With its phones. ERR_DUP: the code exists. */
MUST_USE enum err customer_insert(struct db *db, const struct customer_row *row);
MUST_USE enum err customer_get(struct db *db, int64_t property_id, int64_t customer_id,
                               struct customer_row *row);
MUST_USE enum err customer_by_code(struct db *db, int64_t property_id, const char *code,
                                   struct customer_row *row);
/* With its phones, if it still has this version; that grows by one. ERR_CONFLICT, ERR_DUP. */
MUST_USE enum err customer_update(struct db *db, struct customer_row *row);

enum customer_sort {
	CUSTOMER_BY_NAME,
	CUSTOMER_BY_CODE,
	CUSTOMER_BY_NUMBER,
};

enum customer_state { CUSTOMER_ANY, CUSTOMER_ACTIVE, CUSTOMER_ARCHIVED };

struct customer_filter {
	struct list_ask ask; /* searches name and code */
	/* Besides, when the search text is digits: the end of a phone, or a whole one. */
	char phone_end[PHONE_SIZE], phone[PHONE_SIZE];
	enum customer_state state;
	char kind[8]; /* "" : any */
	/* With a lease that runs or will run in this node or below it; 0: any. */
	int64_t space_id;
	int64_t now_s;
};

MUST_USE enum err customer_list(struct db *db, int64_t property_id,
                                const struct customer_filter *filter,
                                bool (*each)(void *arg, const struct customer_row *), void *arg);

#endif
