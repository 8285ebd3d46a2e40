/* How many connections each client address holds, so that nobody takes the place of all others. */
#ifndef PLATFORM_HTTP_CROWD_H
#define PLATFORM_HTTP_CROWD_H

#include <stdbool.h>
#include <stdint.h>

struct sockaddr;
struct crowd;

/* NULL: no memory. */
struct crowd *crowd_new(void);
void crowd_free(struct crowd *crowd);

/* What counts as one client: an address, of IPv6 its /64, because one customer has 2^64 of them.
 * CROWD_PROXY: the proxy on this machine (127.0.0.1 and ::1), which limits its own clients. */
#define CROWD_PROXY 0
uint64_t crowd_client(const struct sockaddr *address);

unsigned crowd_count(const struct crowd *crowd, uint64_t client);
/* False: no memory, and it was not counted. */
bool crowd_enter(struct crowd *crowd, uint64_t client);
void crowd_leave(struct crowd *crowd, uint64_t client);

#endif
