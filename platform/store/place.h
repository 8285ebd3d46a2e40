/* Where things are: groups, properties and their gateways. */
#ifndef PLATFORM_STORE_PLACE_H
#define PLATFORM_STORE_PLACE_H

#include "platform/store/db.h"
#include "platform/store/list.h"

#define SLUG_SIZE  33 /* ids in topics: [a-z0-9-]{1,32} */
#define LABEL_SIZE 128

struct group_row {
	int64_t group_id;
	char name[LABEL_SIZE];
	int64_t calendar_id; /* of its properties that choose none; 0: none */
	int64_t created_s, archived_s, version;
};

#define ADDRESS_SIZE   481 /* 120 characters */
#define PHONE_SIZE     24
#define PLAN_CODE_SIZE 33

#define CHINA_OFFSET_MIN 480 /* one zone, no daylight saving */
#define REMIND_DAYS      30

struct property_row {
	int64_t property_id, group_id;
	char slug[SLUG_SIZE]; /* its id in topics; never changes */
	char name[LABEL_SIZE];
	char address[ADDRESS_SIZE];
	char phone[PHONE_SIZE];         /* whom tenants call */
	int64_t utc_offset_min;         /* its civil time; never changes */
	int64_t calendar_id;            /* 0: its group's */
	char plan_code[PLAN_CODE_SIZE]; /* alarm plan of new accounts; "": `default` */
	int64_t remind_days;            /* before a lease ends, when the lease says nothing */
	int64_t created_s, archived_s, version;
};

struct gateway_row {
	int64_t property_id, gateway_id;
	char name[SLUG_SIZE]; /* = certificate CN = MQTT client id; unique in the installation */
	char label[LABEL_SIZE];
	int64_t created_s, revoked_s; /* 0: not revoked */
	int64_t config_version;       /* grows with each change of its meter list */
	int64_t config_seen;          /* the version its state reported last */
	uint64_t epoch_part;          /* its epoch is the store's, xor this */
	bool online;
	uint64_t boot; /* the newest of which a batch is stored; 0: not known */
	int64_t state_at_ms;
	char state[2048]; /* the JSON as published, checked */
};

/* [a-z0-9-]{1,32}, and not `live`, which is a topic level of its own. */
bool slug_valid(const char *slug);

MUST_USE enum err group_insert(struct db *db, const struct group_row *row);
MUST_USE enum err group_get(struct db *db, int64_t group_id, struct group_row *row);
MUST_USE enum err group_list(struct db *db, void (*each)(void *arg, const struct group_row *),
                             void *arg);
/* If it still has this version, which then grows by one; else ERR_CONFLICT. */
MUST_USE enum err group_update(struct db *db, struct group_row *row);
MUST_USE enum err property_insert(struct db *db, const struct property_row *row);
MUST_USE enum err property_get(struct db *db, int64_t property_id, struct property_row *row);
MUST_USE enum err property_by_slug(struct db *db, const char *slug, struct property_row *row);
MUST_USE enum err property_list(struct db *db, void (*each)(void *arg, const struct property_row *),
                                void *arg);

enum property_sort { PROPERTY_BY_SLUG, PROPERTY_BY_NAME };

struct property_filter {
	struct list_ask ask; /* searches slug and name */
	int64_t group_id;    /* 0: any */
	bool archived;       /* also those */
};

/* `each` says whether there is room for more. */
MUST_USE enum err property_page(struct db *db, const struct property_filter *filter,
                                bool (*each)(void *arg, const struct property_row *), void *arg);
/* Without slug, group and offset; by version, as group_update. */
MUST_USE enum err property_update(struct db *db, struct property_row *row);

/* ERR_DUP: the name exists, in this or any other property. */
MUST_USE enum err gateway_insert(struct db *db, const struct gateway_row *row);
MUST_USE enum err gateway_get(struct db *db, int64_t property_id, int64_t gateway_id,
                              struct gateway_row *row);
MUST_USE enum err gateway_by_name(struct db *db, const char *name, struct gateway_row *row);
MUST_USE enum err gateway_list(struct db *db, void (*each)(void *arg, const struct gateway_row *),
                               void *arg);
MUST_USE enum err
gateway_list_by_name(struct db *db, void (*each)(void *arg, const struct gateway_row *), void *arg);
MUST_USE enum err gateway_set_revoked(struct db *db, int64_t property_id, int64_t gateway_id,
                                      int64_t revoked_s);
MUST_USE enum err gateway_set_state(struct db *db, const struct gateway_row *row);
/* It knows more of us than we do: another epoch, and a configuration version that it has not seen. */
MUST_USE enum err gateway_begin_anew(struct db *db, const struct gateway_row *row);
/* Its meter list changed: the platform sends it a new configuration. */
MUST_USE enum err gateway_config_bump(struct db *db, int64_t property_id, int64_t gateway_id);

#endif
