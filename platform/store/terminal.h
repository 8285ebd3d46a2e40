/* Terminals: found on a bus, known by an imported key, or both; adopted ones carry a meter. */
#ifndef PLATFORM_STORE_TERMINAL_H
#define PLATFORM_STORE_TERMINAL_H

#include "platform/store/db.h"
#include "platform/store/list.h"

#define CHIP_TEXT_SIZE   25 /* 24 lower-case hex digits */
#define KEY_WRAPPED_SIZE 72

struct terminal_row {
	int64_t property_id;
	char chip[CHIP_TEXT_SIZE];
	/* nonce 24 + key 32 + tag 16, under DATA/secret.key; 0 bytes: key not known */
	uint8_t key_wrapped[KEY_WRAPPED_SIZE];
	bool key_known;
	uint8_t key_version;
	uint32_t counter;   /* of the last command signed for it */
	int64_t gateway_id; /* 0: not found on any bus yet */
	uint32_t address;
	uint32_t firmware; /* major << 8 | minor */
	uint32_t boot;
	int64_t first_seen_s, last_seen_s; /* 0: never */
	int64_t meter;                     /* 0: not adopted (filled by get and list) */
};

MUST_USE enum err terminal_get(struct db *db, int64_t property_id, const char *chip,
                               struct terminal_row *row);
/* In whatever property it is. */
MUST_USE enum err terminal_by_chip(struct db *db, const char *chip, struct terminal_row *row);
/* Insert or replace. */
MUST_USE enum err terminal_put(struct db *db, const struct terminal_row *row);
MUST_USE enum err terminal_set_counter(struct db *db, int64_t property_id, const char *chip,
                                       uint32_t counter);

enum terminal_filter { TERMINAL_ALL, TERMINAL_FOUND_UNASSIGNED, TERMINAL_ASSIGNED };

/* By chip, behind `ask->after_text`; `each` says whether there is room for more. */
MUST_USE enum err terminal_page(struct db *db, enum terminal_filter filter,
                                const struct list_ask *ask,
                                bool (*each)(void *arg, const struct terminal_row *), void *arg);
/* property_id 0: of all. */
MUST_USE enum err terminal_list(struct db *db, int64_t property_id, enum terminal_filter filter,
                                void (*each)(void *arg, const struct terminal_row *), void *arg);

#endif
