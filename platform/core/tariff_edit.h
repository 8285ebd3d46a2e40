/* Tariffs as people make them: drafts, publication at a date, assignment from a date. What was in force
 * never changes (docs/design/money.md, "Tariff"). */
#ifndef PLATFORM_CORE_TARIFF_EDIT_H
#define PLATFORM_CORE_TARIFF_EDIT_H

#include "platform/core/admin.h"
#include "platform/core/tariff.h"

struct tariff_edit {
	struct actor actor;
	int64_t group_id, property_id; /* property_id 0: of the group */
	int64_t tariff_id, version;    /* of an edit */
	/* NULL or not set: as it is. `code`, `service` and the base are of a new one. */
	const char *code, *name, *service;
	int64_t base_tariff_id;
	bool has_delta, has_archived;
	int64_t delta_uy;
	bool archived;

	/* answers */
	struct tariff_row row;
	struct fault fault;
};

/* Needs tariff.write. A base must be of the same place or the group, have prices of its own, and the same
 * service. */
MUST_USE enum err tariff_create_step(struct tx *tx, void *tariff_edit, int64_t now_ms,
                                     struct effects *out);
/* A new difference holds from the base's next publication on. ERR_CONFLICT: another version. */
MUST_USE enum err tariff_edit_step(struct tx *tx, void *tariff_edit, int64_t now_ms,
                                   struct effects *out);

/* A tariff of the place, or of its group: what its pages may show. ERR_NOT_FOUND. */
MUST_USE enum err tariff_reachable(struct db *db, int64_t group_id, int64_t property_id,
                                   int64_t tariff_id, struct tariff_row *row);

struct version_edit {
	struct actor actor; /* publication and withdrawal need a reason */
	int64_t group_id, property_id, tariff_id;
	int64_t version_id, version; /* 0: a new draft */
	/* Of a draft; NULL or not set: as it is. */
	const char *plan; /* JSON, docs/protocol/tariff.md */
	size_t plan_len;
	bool has_valid_from;
	int64_t valid_from_s;
	const char *notice;

	/* answers */
	int64_t row_id; /* version_id, or the number of the new draft */
	int64_t row_version;
	size_t derived; /* versions of derived tariffs that went with it */
	char field[TARIFF_FIELD_SIZE + 8];
	struct fault fault;
};

/* A draft is made or changed. ERR_REFUSED: it is published, or the tariff derives from another. */
MUST_USE enum err tariff_draft_step(struct tx *tx, void *version_edit, int64_t now_ms,
                                    struct effects *out);
/* From then on it is never changed. `valid_from` must be later than now, but for the first version of a
 * tariff that nobody uses yet. Each derived tariff gets its version in the same step. */
MUST_USE enum err tariff_publish_step(struct tx *tx, void *version_edit, int64_t now_ms,
                                      struct effects *out);
/* A draft, or a published version that does not hold yet, with those derived from it. */
MUST_USE enum err tariff_withdraw_step(struct tx *tx, void *version_edit, int64_t now_ms,
                                       struct effects *out);

struct tariff_assign {
	struct actor actor; /* with a reason */
	int64_t group_id, property_id;
	const int64_t *meters; /* NULL: the whole property, for the tariff's service */
	size_t meter_count;
	int64_t tariff_id; /* 0: the meters follow their property again */
	int64_t from_s;

	/* answers */
	struct fault fault;
};

/* Is there such a tariff for this property, and may it be assigned? */
MUST_USE enum err tariff_assign_check(struct tx *tx, struct tariff_assign *assign);
/* From an instant on. It must not be before now, but for the first assignment of a property's service or
 * of a meter. */
MUST_USE enum err tariff_assign_step(struct tx *tx, void *tariff_assign, int64_t now_ms,
                                     struct effects *out);

#endif
