/* Asking the wattled of this machine over its own HTTP port. */
#ifndef CLI_HTTP_GET_H
#define CLI_HTTP_GET_H

#include "cli/cli.h"

/* Connected within some seconds, or -1. */
int connect_to(const char *host, int64_t port);
/* Where its wattled listens. */
const char *http_host(const struct settings *settings);
/* The whole answer to GET `path`, head included, as far as it fits; "" if there is none. */
void http_get(const struct settings *settings, const char *path, char *answer, size_t size);

#endif
