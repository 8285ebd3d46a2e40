#include "platform/http/static.h"

#include <ctype.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool segment_valid(const char *segment, size_t len)
{
	if (len == 0 || segment[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)segment[i]) && !strchr("._-", segment[i]))
			return false;
	return true;
}

bool static_name(const char *path, char name[STATIC_PATH_MAX])
{
	const char *last = path;

	if (*path != '/' || strlen(path) >= STATIC_PATH_MAX)
		return false;
	if (path[1]) {
		for (const char *p = path; *p == '/';) {
			size_t len = strcspn(++p, "/");

			if (!segment_valid(p, len))
				return false;
			last = p;
			p += len;
		}
	}
	/* Pages of the console are made by one file; the API's description is a page of its own. */
	if (strcmp(path, "/docs") == 0)
		path = "/docs/index.html";
	else if (!strchr(last, '.'))
		path = "/index.html";
	snprintf(name, STATIC_PATH_MAX, "%s", path + 1);
	return true;
}

const char *static_type(const char *name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
	        {".html",        "text/html; charset=utf-8"      },
	        {".js",          "text/javascript; charset=utf-8"},
	        {".css",         "text/css; charset=utf-8"       },
	        {".json",        "application/json"              },
	        {".svg",         "image/svg+xml"                 },
	        {".png",         "image/png"                     },
	        {".ico",         "image/x-icon"                  },
	        {".woff2",       "font/woff2"                    },
	        {".txt",         "text/plain; charset=utf-8"     },
	        {".webmanifest", "application/manifest+json"     },
	};

	const char *end = strrchr(name, '.');

	for (size_t i = 0; end && i < ARRAY_SIZE(types); i++)
		if (strcmp(end, types[i].end) == 0)
			return types[i].type;
	return "application/octet-stream";
}

static enum err open_regular(int dir_fd, const char *name, struct static_file *file)
{
	struct stat st;

	file->fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file->fd < 0)
		return ERR_NOT_FOUND;
	if (fstat(file->fd, &st) || !S_ISREG(st.st_mode)) {
		close(file->fd);
		return ERR_NOT_FOUND;
	}
	file->size = (size_t)st.st_size;
	snprintf(file->etag, sizeof file->etag, "\"%" PRIx64 "-%" PRIx64 "%s\"",
	         (uint64_t)st.st_size,
	         (uint64_t)st.st_mtim.tv_sec * 1000000 + (uint64_t)st.st_mtim.tv_nsec / 1000,
	         file->gzip ? "-gz" : "");
	return ERR_NONE;
}

enum err static_open(int dir_fd, const char *name, bool gzip_wanted, struct static_file *file)
{
	char packed[STATIC_PATH_MAX + 4];

	/* The build puts every file whose name holds a hash into assets/, and nothing else. */
	file->immutable = strncmp(name, "assets/", 7) == 0;
	file->gzip = true;
	snprintf(packed, sizeof packed, "%s.gz", name);
	if (gzip_wanted && open_regular(dir_fd, packed, file) == ERR_NONE)
		return ERR_NONE;
	file->gzip = false;
	return open_regular(dir_fd, name, file);
}

bool etag_matches(const char *header, const char *etag)
{
	size_t len = strlen(etag);

	if (!header)
		return false;
	while (*header) {
		header += strspn(header, " \t,");
		if (*header == '*')
			return true;
		if (strncmp(header, "W/", 2) == 0)
			header += 2;
		if (strncmp(header, etag, len) == 0 &&
		    (!header[len] || strchr(" \t,", header[len])))
			return true;
		header += strcspn(header, ",");
	}
	return false;
}

/* `gzip` as a whole word, unless it carries q=0. */
bool accepts_gzip(const char *header)
{
	while (header && *header) {
		size_t len = strcspn(header, ",");
		size_t word;
		const char *q;

		while (len && isspace((unsigned char)*header)) {
			header++;
			len--;
		}
		word = strcspn(header, " \t;,");
		if (word == 4 && strncasecmp(header, "gzip", 4) == 0) {
			q = memchr(header, '=', len);
			return !q || strtod(q + 1, NULL) > 0.0;
		}
		header += len;
		header += *header == ',';
	}
	return false;
}
