/* How often a login may be tried: per client address and per name, in memory. Old entries make
 * room for new ones, so the table never grows. */
#ifndef PLATFORM_HTTP_LIMIT_H
#define PLATFORM_HTTP_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define LIMIT_ENTRIES     256
#define LIMIT_WINDOW_MS   (5 * 60 * 1000)
#define LIMIT_PER_NAME    5  /* failures of one name from one address */
#define LIMIT_PER_ADDRESS 20 /* failures of one address */

struct login_limit {
	struct {
		uint64_t key; /* hash of what is counted; 0: free */
		unsigned failures;
		int64_t since_ms;
	} entry[LIMIT_ENTRIES];
};

/* Seconds to wait, 0: go ahead. Times are monotonic. */
int64_t login_limit_wait_s(const struct login_limit *limit, const char *address, const char *name,
                           int64_t mono_ms);
void login_limit_failed(struct login_limit *limit, const char *address, const char *name,
                        int64_t mono_ms);
/* A success forgives the name, not the address. */
void login_limit_passed(struct login_limit *limit, const char *address, const char *name);

#endif
