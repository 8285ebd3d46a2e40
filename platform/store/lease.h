/* Leases: a customer holds spaces from one day to another. */
#ifndef PLATFORM_STORE_LEASE_H
#define PLATFORM_STORE_LEASE_H

#include "platform/store/db.h"
#include "platform/store/list.h"
#include "platform/store/place.h"
#include "platform/store/space.h"

#define LEASE_CODE_SIZE  129  /* 32 characters */
#define LEASE_NOTE_SIZE  8001 /* 2,000 */
#define LEASE_SPACES_MAX 64
#define LEASE_OPEN_S     INT64_MAX /* until_s: no end agreed */

struct lease_row {
	int64_t property_id, lease_id;
	char code[LEASE_CODE_SIZE]; /* unique in the property */
	int64_t customer_id;
	int64_t start_day, end_day; /* civil days since 1970, both included; end_day 0: open */
	int64_t from_s, until_s;    /* what holds: [from, until) */
	int64_t remind_days;        /* before the end; -1: as the property says */
	char note[LEASE_NOTE_SIZE];
	int64_t created_s, cancelled_s, version;
	size_t space_count;
	int64_t space[LEASE_SPACES_MAX];
};

/* With its spaces. ERR_DUP: the code exists. */
MUST_USE enum err lease_insert(struct db *db, const struct lease_row *row);
MUST_USE enum err lease_get(struct db *db, int64_t property_id, int64_t lease_id,
                            struct lease_row *row);
MUST_USE enum err lease_by_code(struct db *db, int64_t property_id, const char *code,
                                struct lease_row *row);
/* With its spaces, if it still has this version; that grows by one. ERR_CONFLICT, ERR_DUP. */
MUST_USE enum err lease_update(struct db *db, struct lease_row *row);

/* Another lease that holds this node, one below it or one above it at any instant of [from, until).
 * ERR_NOT_FOUND: there is none. */
MUST_USE enum err lease_overlap(struct db *db, const struct space_row *space, int64_t from_s,
                                int64_t until_s, int64_t but_lease_id, int64_t *lease_id);

/* Leases of any time, cancelled ones aside, of one of these nodes itself (0: none). */
MUST_USE enum err lease_count_of_spaces(struct db *db, int64_t property_id,
                                        const int64_t space_id[4], int64_t *count);

enum lease_state { LEASE_ANY, LEASE_PLANNED, LEASE_RUNNING, LEASE_ENDED, LEASE_CANCELLED };

const char *lease_state_word(enum lease_state state);
bool lease_state_parse(const char *word, enum lease_state *state);
enum lease_state lease_state_at(const struct lease_row *row, int64_t now_s);

enum lease_sort { LEASE_BY_NUMBER, LEASE_BY_CODE, LEASE_BY_START, LEASE_BY_END };

struct lease_filter {
	struct list_ask ask; /* searches code and the customer's name */
	int64_t customer_id; /* 0: any */
	int64_t space_id;    /* 0: any; else of this node or below it */
	enum lease_state state;
	int64_t now_s;
};

MUST_USE enum err lease_list(struct db *db, int64_t property_id, const struct lease_filter *filter,
                             bool (*each)(void *arg, const struct lease_row *), void *arg);

/* A property's leases that run now. */
MUST_USE enum err lease_count_running(struct db *db, int64_t property_id, int64_t now_s,
                                      int64_t *count);

/* What people wrote about him there. */
MUST_USE enum err lease_forget_notes(struct db *db, int64_t property_id, int64_t customer_id);

/* Nodes of the customer's leases that run or will run. */
MUST_USE enum err lease_spaces_of(struct db *db, int64_t property_id, int64_t customer_id,
                                  int64_t now_s, bool (*each)(void *arg, const struct space_row *),
                                  void *arg);

/* A meter while it was in a leased node (or below it), cut to neither: both spans as they are. */
struct lease_meter {
	int64_t lease_id, meter, gateway_id;
	int64_t lease_from_s, lease_until_s;
	int64_t place_from_s, place_until_s; /* LEASE_OPEN_S: it is there still */
};

/* By customer, meter and time, all that are not cancelled. */
MUST_USE enum err lease_meters(struct db *db, int64_t property_id, int64_t customer_id,
                               void (*each)(void *arg, const struct lease_meter *), void *arg);

#endif
