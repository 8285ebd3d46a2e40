/* Tariffs, their versions, and which one holds for a property or a meter since when. The body of a
 * version: docs/protocol/tariff.md. Reference tables, but for the assignments. */
#ifndef PLATFORM_STORE_TARIFF_H
#define PLATFORM_STORE_TARIFF_H

#include "platform/store/account.h"

#define TARIFF_NAME_SIZE   241 /* 60 characters */
#define TARIFF_NOTICE_SIZE 2001
#define TARIFF_BODY_MAX    65536

struct tariff_row {
	int64_t tariff_id, group_id, property_id; /* property_id 0: of the group */
	char code[PLAN_CODE_SIZE];
	char name[TARIFF_NAME_SIZE];
	enum service service;
	int64_t base_tariff_id; /* 0: it has its own prices */
	int64_t base_delta_uy;  /* added to each rate price of the base */
	int64_t archived_s, created_s, version;
};

/* ERR_DUP: the code exists at this level. */
MUST_USE enum err tariff_insert(struct db *db, const struct tariff_row *row);
MUST_USE enum err tariff_get(struct db *db, int64_t tariff_id, struct tariff_row *row);
/* Name, delta, archived, if it still has this version; that grows by one. */
MUST_USE enum err tariff_update(struct db *db, struct tariff_row *row);
/* Of a property and of its group, by code. property_id 0: the group's alone. */
MUST_USE enum err tariff_list(struct db *db, int64_t group_id, int64_t property_id,
                              bool (*each)(void *arg, const struct tariff_row *), void *arg);
/* Those that derive from it. */
MUST_USE enum err tariff_derived(struct db *db, int64_t tariff_id,
                                 bool (*each)(void *arg, const struct tariff_row *), void *arg);

enum tariff_state { TARIFF_DRAFT = 1, TARIFF_PUBLISHED, TARIFF_WITHDRAWN };

const char *tariff_state_word(enum tariff_state state);

struct tariff_version_row {
	int64_t version_id, tariff_id; /* version_id <= UINT32_MAX: `version` of struct plan */
	int64_t valid_from_s;
	enum tariff_state state;
	const char *body;                /* JSON; while `each` runs, or the caller's */
	char notice[TARIFF_NOTICE_SIZE]; /* what tenants are told */
	int64_t base_version_id;         /* 0: it is not derived */
	int64_t created_s, published_s;
	char by_name[64];
	int64_t version;
};

MUST_USE enum err tariff_version_insert(struct db *db, const struct tariff_version_row *row);
/* `each` is called with the row once. ERR_NOT_FOUND. */
MUST_USE enum err tariff_version_get(struct db *db, int64_t version_id,
                                     void (*each)(void *arg, const struct tariff_version_row *),
                                     void *arg);
/* Of a draft: all; of a published one: its state. ERR_CONFLICT. */
MUST_USE enum err tariff_version_update(struct db *db, struct tariff_version_row *row);
/* By valid_from_s; state 0: any. */
MUST_USE enum err tariff_versions(struct db *db, int64_t tariff_id, int state,
                                  bool (*each)(void *arg, const struct tariff_version_row *),
                                  void *arg);

/* Since when a tariff holds for a property's service (meter 0) or for one meter. */
struct tariff_use {
	int64_t property_id, meter;
	enum service service; /* of a property's */
	int64_t from_s, tariff_id;
	char by_name[64];
};

/* The same instant again replaces a row. Who asks that the past stays as it is, is the step. */
MUST_USE enum err tariff_use_put(struct db *db, const struct tariff_use *use);
/* Takes back a use that does not hold yet. ERR_NOT_FOUND. */
MUST_USE enum err tariff_use_delete(struct db *db, const struct tariff_use *use);
/* Of a meter, by time; the property's own for meter 0. */
MUST_USE enum err tariff_uses(struct db *db, int64_t property_id, int64_t meter,
                              enum service service,
                              bool (*each)(void *arg, const struct tariff_use *), void *arg);

/* Of the property's meters that pay by this tariff at now_s or later, by time and meter: rows that no
 * later one has taken the place of by then. */
MUST_USE enum err tariff_meters(struct db *db, int64_t property_id, int64_t tariff_id,
                                int64_t now_s, bool (*each)(void *arg, const struct tariff_use *),
                                void *arg);

#endif
