/* The only place of the platform that reads a clock. Durations use the monotonic one. In tests
 * the wall clock can be moved and made faster through a socket (--test-clock), so that black-box
 * tests cross midnights and years. */
#ifndef PLATFORM_CORE_CLOCK_H
#define PLATFORM_CORE_CLOCK_H

#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

int64_t clock_wall_ms(void);
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* Wall time is from now on real time + offset, running `rate_permille` / 1000 times as fast. */
void clock_adjust(int64_t offset_ms, int64_t rate_permille);

struct io;
/* Listen on a unix socket for lines {"offset_ms":n,"rate_permille":n}; answers {"now_ms":n}. */
MUST_USE enum err clock_test_socket(struct io *io, const char *path);

#endif
