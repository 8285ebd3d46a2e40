#include "platform/sheet/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform/sheet/text.h"

#define WINDOW 131072

struct spill {
	int fd;
	uint64_t len;  /* added */
	uint64_t from; /* of the window; while adding: what is on disk */
	size_t have;   /* bytes in the window */
	bool reading;
	char window[WINDOW];
};

enum err spill_new(struct spill **out, const char *dir)
{
	struct spill *spill = malloc(sizeof *spill);

	*out = NULL;
	if (!spill)
		return ERR_NOMEM;
	spill->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	spill->len = spill->from = 0;
	spill->have = 0;
	spill->reading = false;
	if (spill->fd < 0) {
		free(spill);
		return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
	}
	*out = spill;
	return ERR_NONE;
}

void spill_free(struct spill *spill)
{
	if (!spill)
		return;
	close(spill->fd);
	free(spill);
}

static enum err flush(struct spill *spill)
{
	size_t at = 0;

	while (at < spill->have) {
		ssize_t n = pwrite(spill->fd, spill->window + at, spill->have - at,
		                   (off_t)(spill->from + at));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
		at += (size_t)n;
	}
	spill->from += spill->have;
	spill->have = 0;
	return ERR_NONE;
}

enum err spill_add(struct spill *spill, const void *bytes, size_t len)
{
	const char *from = bytes;

	while (len) {
		size_t n = WINDOW - spill->have;
		enum err err;

		n = n < len ? n : len;
		memcpy(spill->window + spill->have, from, n);
		spill->have += n;
		spill->len += n;
		from += n;
		len -= n;
		err = spill->have == WINDOW ? flush(spill) : ERR_NONE;
		if (err)
			return err;
	}
	return ERR_NONE;
}

uint64_t spill_len(const struct spill *spill)
{
	return spill->len;
}

/* The window starts a little before what was asked for: rows use strings roughly in order. */
static enum err load(struct spill *spill, uint64_t at)
{
	uint64_t from = at > WINDOW / 4 ? at - WINDOW / 4 : 0;
	enum err err;

	if (!spill->reading) {
		err = flush(spill);
		if (err)
			return err;
		spill->reading = true;
	}
	err = read_at(spill->fd, (off_t)from, spill->window, WINDOW, &spill->have);
	spill->from = from;
	return err;
}

enum err spill_read(struct spill *spill, uint64_t at, size_t len, const void **bytes)
{
	enum err err = ERR_NONE;

	if (len > SPILL_READ_MAX || at > spill->len || len > spill->len - at)
		return ERR_RANGE;
	if (!spill->reading || at < spill->from || at + len > spill->from + spill->have)
		err = load(spill, at);
	if (!err && at + len > spill->from + spill->have)
		err = ERR_IO;
	*bytes = spill->window + (at - spill->from);
	return err;
}
