/* The only place of the gateway that reads clocks. Tests of the whole program may shift and speed
 * them up through a socket (--test-clock). */
#ifndef GATEWAY_CLOCK_H
#define GATEWAY_CLOCK_H

#include "gateway/core/moment.h"

#include "libs/base/err.h"
#include "libs/base/macros.h"

struct moment clock_now(void);

/* Listens on a Unix stream socket for lines "offset_ms N" (added to the wall clock) and
 * "rate_permille N" (both clocks run at N/1000); each is answered "ok" or "bad". */
MUST_USE enum err clock_test_open(const char *socket_path, int *fd);

/* Something is to be read on that socket: one client, one line. */
void clock_test_serve(int fd);

/* Milliseconds of the real clock until `ms` of ours have passed, at least 1. */
int clock_wait_ms(int64_t ms);
#endif
