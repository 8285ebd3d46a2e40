/* What people may change about a meter: its name, use, reading plan, and where it hangs. */
#ifndef PLATFORM_CORE_METER_EDIT_H
#define PLATFORM_CORE_METER_EDIT_H

#include "platform/core/space.h"
#include "platform/store/meter.h"

#define PERIOD_MAX_S 86400

struct meter_edit {
	struct actor actor;
	int64_t meter;
	int64_t version;
	const char *name, *meter_use, *model; /* NULL: as it is */
	bool has_period, has_space;
	int64_t period_s; /* 0: the installation's default */
	int64_t space_id; /* 0: in no space */
	int64_t since_s; /* of a change of place or use; 0: now. Not before the last such change. */
	struct meter_row row; /* answer */
	struct fault fault;
};
/* Needs `meter.write` where the meter is, and where it goes. */
MUST_USE enum err meter_edit_step(struct tx *tx, void *meter_edit, int64_t now_ms,
                                  struct effects *out);

#endif
