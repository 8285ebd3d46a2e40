/* Files of the console: which file a path means, and what the client may keep. */
#ifndef PLATFORM_HTTP_STATIC_H
#define PLATFORM_HTTP_STATIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

#define STATIC_PATH_MAX 200

/* From the path of a request to a name below the console's folder: "/" and paths without a dot in
 * their last part (views of the console) are index.html. False: nothing there can be meant. Only
 * [A-Za-z0-9._-] between slashes and no part that begins with a dot, so no way out and no hidden
 * file. */
bool static_name(const char *path, char name[STATIC_PATH_MAX]);

const char *static_type(const char *name);

struct static_file {
	int fd; /* the caller closes it */
	size_t size;
	bool gzip;      /* the compressed copy beside it */
	bool immutable; /* its name holds a hash of its content */
	char etag[48];
};

/* ERR_NOT_FOUND: no such regular file. With `gzip_wanted` NAME.gz is taken when it exists. */
MUST_USE enum err static_open(int dir_fd, const char *name, bool gzip_wanted,
                              struct static_file *file);

/* Does If-None-Match name this tag? */
bool etag_matches(const char *header, const char *etag);
/* Does Accept-Encoding allow gzip? */
bool accepts_gzip(const char *header);

#endif
