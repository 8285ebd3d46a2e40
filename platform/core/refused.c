#include "platform/core/refused.h"

enum err access_refused_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct refused_request *r = arg;
	const struct audit_entry entry = {
	        .property_id = r->place.property_id,
	        .group_id = r->place.group_id,
	        .action = "access.refused",
	        .object = r->object,
	        .detail = r->detail,
	        .result = AUDIT_REFUSED,
	};

	(void)out;
	return audit_write(tx, &r->actor, &entry, now_ms);
}

enum err audit_taken_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct audit_taken *taken = arg;
	const struct audit_entry entry = {.property_id = taken->place.property_id,
	                                  .group_id = taken->place.group_id,
	                                  .action = "audit.export",
	                                  .object = "audit"};
	enum err err =
	        access_require(tx, &taken->actor, PERMISSION_AUDIT_READ, &taken->place, now_ms);

	(void)out;
	return err ? err : audit_write(tx, &taken->actor, &entry, now_ms);
}
