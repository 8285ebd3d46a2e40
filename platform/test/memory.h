/* Memory that runs out, for tests: linked with --wrap, so that what our own code asks for passes here. */
#ifndef PLATFORM_TEST_MEMORY_H
#define PLATFORM_TEST_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/* The nth request of this thread from now on is refused, 1 is the next one; 0: none is. */
void memory_fail_nth(int64_t nth);

/* Was one refused since? */
bool memory_has_failed(void);

#endif
