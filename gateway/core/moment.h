/* "Now", as the shell hands it to deciding code: a clock that never jumps, for durations, and the
 * operating system's idea of the date, which may. */
#ifndef GATEWAY_CORE_MOMENT_H
#define GATEWAY_CORE_MOMENT_H

#include <stdint.h>

struct moment {
	int64_t mono_ms;
	int64_t wall_ms; /* since 1970 UTC */
};
#endif
