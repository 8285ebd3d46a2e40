/* The tree of a property: rooms on floors of buildings. */
#ifndef PLATFORM_CORE_SPACE_H
#define PLATFORM_CORE_SPACE_H

#include "platform/core/organisation.h"
#include "platform/store/space.h"

#define AREA_DM2_MAX INT64_C(100000000) /* 1 km2 */
#define SORT_MAX     INT64_C(1000000000)

struct space_edit {
	struct actor actor;
	int64_t property_id;
	int64_t space_id; /* 0: a new one */
	int64_t version;
	enum space_kind kind; /* of a new one */
	bool has_parent, has_area, has_sort;
	int64_t parent_id;       /* 0: the property itself */
	const char *code, *name; /* NULL: as it is */
	int64_t area_dm2, sort;
	struct space_row row; /* answer */
	struct fault fault;
};
/* A building stands in the property, a floor in a building, a room on a floor; a move keeps that.
 * Needs `space.write` where the node is, and where it goes. */
MUST_USE enum err space_edit_step(struct tx *tx, void *space_edit, int64_t now_ms,
                                  struct effects *out);

/* Only what nothing hangs on: no node below it, no meter that is or was there, no lease.
 * Uses property_id, space_id, version. */
MUST_USE enum err space_delete_step(struct tx *tx, void *space_edit, int64_t now_ms,
                                    struct effects *out);

/* A node that somebody names in a field of an act: he must have `permission` there. What he does
 * not see is as what does not exist: ERR_BAD_INPUT. */
MUST_USE enum err space_named(struct tx *tx, const struct actor *actor, enum permission permission,
                              int64_t property_id, int64_t space_id, const char *field,
                              struct fault *fault, struct space_row *row, int64_t now_ms);

#endif
