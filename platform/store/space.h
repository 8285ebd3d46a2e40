/* The tree of a property: building, floor, room. A meter hangs on any of them, a lease too. */
#ifndef PLATFORM_STORE_SPACE_H
#define PLATFORM_STORE_SPACE_H

#include "platform/store/db.h"
#include "platform/store/list.h"

enum space_kind {
	SPACE_BUILDING = 1,
	SPACE_FLOOR,
	SPACE_ROOM,
};

#define SPACE_CODE_SIZE 129 /* 32 characters */
#define SPACE_NAME_SIZE 241 /* 60 characters */
#define SPACE_PATH_SIZE (3 * SPACE_CODE_SIZE)

struct space_row {
	int64_t property_id, space_id;
	int64_t parent_id; /* 0: of the property itself */
	enum space_kind kind;
	int64_t building_id, floor_id; /* above it, or itself; 0: it has none */
	char code[SPACE_CODE_SIZE];    /* stable; unique below its parent */
	char name[SPACE_NAME_SIZE];
	int64_t area_dm2; /* 1/100 m2; 0: unknown */
	int64_t sort;
	int64_t created_s, version;
};

/* "building" ...; NULL and false for what is none. */
const char *space_kind_word(enum space_kind kind);
bool space_kind_parse(const char *word, enum space_kind *kind);

/* ERR_DUP: the code exists below this parent. */
MUST_USE enum err space_insert(struct db *db, const struct space_row *row);
MUST_USE enum err space_get(struct db *db, int64_t property_id, int64_t space_id,
                            struct space_row *row);
MUST_USE enum err space_by_code(struct db *db, int64_t property_id, int64_t parent_id,
                                const char *code, struct space_row *row);
/* All but its number and kind, if it still has the version of `row`; that grows by one. When the
 * node moves, those below it must be moved too: space_lift. ERR_CONFLICT, ERR_DUP. */
MUST_USE enum err space_update(struct db *db, struct space_row *row);
/* Rooms of a floor that moved to another building. */
MUST_USE enum err space_lift(struct db *db, int64_t property_id, int64_t floor_id,
                             int64_t building_id);
MUST_USE enum err space_delete(struct db *db, int64_t property_id, int64_t space_id);

/* What hangs on it: nodes, meters that are or were here, leases. 0: it may go. */
MUST_USE enum err space_uses(struct db *db, int64_t property_id, int64_t space_id, int64_t *uses);

/* "A/3/301": codes from the building down. */
MUST_USE enum err space_path(struct db *db, const struct space_row *row,
                             char path[SPACE_PATH_SIZE]);

enum space_sort {
	SPACE_BY_SORT, /* the order that people gave */
	SPACE_BY_CODE,
	SPACE_BY_NAME,
	SPACE_BY_NUMBER, /* by the primary key: for walks over all of them */
};

struct space_filter {
	struct list_ask ask; /* searches code and name */
	int64_t parent_id;   /* -1: any; 0: the buildings */
	int64_t below_id;    /* 0: any; else this node and all below it */
	int kind;            /* 0: any */
};

/* `each` says whether there is room for more. */
MUST_USE enum err space_list(struct db *db, int64_t property_id, const struct space_filter *filter,
                             bool (*each)(void *arg, const struct space_row *), void *arg);

#endif
