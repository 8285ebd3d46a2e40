#include "platform/core/check.h"

#include "libs/base/macros.h"

/* Wide enough for every meter of the product (three-phase 100 A, current transformers), narrow
 * enough to stop what can only be damage. */
#define VOLTAGE_MAX_DV    10000                     /* 1,000 V */
#define CURRENT_MAX_MA    2000000000                /* 2,000 kA */
#define POWER_MAX_DW      2000000000                /* 200 MW */
#define FREQUENCY_MAX_CHZ 10000                     /* 100 Hz */
#define ENERGY_MAX_WH     INT64_C(1000000000000000) /* 10^12 kWh: no register of ours is that wide */

enum check reading_check(const struct reading *r, int64_t now_s)
{
	if (r->time_s > now_s + READING_AHEAD_MAX_S)
		return CHECK_FUTURE;
	if (r->time_s < READING_TIME_MIN_S)
		return CHECK_PAST;
	if (r->voltage_dv < 0 || r->voltage_dv > VOLTAGE_MAX_DV || r->frequency_chz < 0 ||
	    r->frequency_chz > FREQUENCY_MAX_CHZ || r->pf_permille < -1000 ||
	    r->pf_permille > 1000 || r->current_ma < -CURRENT_MAX_MA ||
	    r->current_ma > CURRENT_MAX_MA || r->power_dw < -POWER_MAX_DW ||
	    r->power_dw > POWER_MAX_DW || r->energy_wh < 0 || r->energy_wh > ENERGY_MAX_WH)
		return CHECK_RANGE;
	return CHECK_GOOD;
}
