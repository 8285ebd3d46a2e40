/* Unix sockets by path. */
#ifndef SIM_UNIX_SOCKET_H
#define SIM_UNIX_SOCKET_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

/* Both are non-blocking; a socket file left by a dead server is replaced. */
MUST_USE enum err unix_listen(int *out, const char *path, int type);
MUST_USE enum err unix_connect(int *out, const char *path, int type);
#endif
