/* Tariffs assigned to many: to meters as a roster, and one of the group to its properties. */
#ifndef PLATFORM_CORE_TARIFF_ROSTER_H
#define PLATFORM_CORE_TARIFF_ROSTER_H

#include "platform/core/roster.h"
#include "platform/core/tariff_edit.h"
#include "platform/store/place.h"

/* tariff_id 0: they follow their property again. */
void tariff_act_write(int64_t tariff_id, int64_t from_s, char body[ROSTER_BODY_SIZE]);

#define TARIFF_GROUP_MAX 1000 /* properties */

struct tariff_group_item {
	int64_t property_id;
	char slug[SLUG_SIZE];
	enum err err; /* ERR_NONE: it pays by it from then on */
	struct fault fault;
};

struct tariff_group_assign {
	struct actor actor; /* with a reason; needs tariff.write at the group */
	int64_t group_id, tariff_id, from_s;
	const char *const *named; /* properties; none: all that are not archived */
	size_t named_count;

	/* answers */
	struct tariff_group_item item[TARIFF_GROUP_MAX];
	size_t count, refused;
	bool full;
	struct fault fault;
};
/* From an instant on each property pays by it, for the tariff's service; what one refuses stops no other. */
MUST_USE enum err tariff_group_assign_step(struct tx *tx, void *tariff_group_assign, int64_t now_ms,
                                           struct effects *out);

#endif
