/* How the use of bought electricity meters lies between prices, found again from all readings that arrived. */
#ifndef SIM_WORLD_DIVIDE_AUDIT_H
#define SIM_WORLD_DIVIDE_AUDIT_H

#include "sim/world/world.h"

/* A reading as it is stored. */
struct seen_row {
	int64_t time_s, energy_wh;
	uint32_t quality;
};

/* Of one meter, in the order in which they arrived. */
void divide_audit(struct world *w, int64_t meter, const struct seen_row *rows, size_t n);

#endif
