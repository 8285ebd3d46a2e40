#include "platform/replica/log_out.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "platform/store/files.h"

#define MAGIC        0x377f0682u /* sums over little-endian words */
#define VERSION      3007000u
#define HEADER_SIZE  32
#define FRAME_HEADER 24

void log_out_init(struct log_out *log, uint32_t page_size)
{
	memset(log, 0, sizeof *log);
	log->fd = -1;
	log->page_size = page_size;
}

/* `len` is a multiple of 8. */
static void add_to_sum(uint32_t sum[2], const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i += 8) {
		sum[0] += get_le32(bytes + i) + sum[1];
		sum[1] += get_le32(bytes + i + 4) + sum[0];
	}
}

static enum err write_at(int fd, const uint8_t *bytes, size_t len, int64_t at)
{
	while (len) {
		ssize_t n = pwrite(fd, bytes, len, at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_of_errno(n < 0 ? errno : EIO);
		bytes += n;
		at += n;
		len -= (size_t)n;
	}
	return ERR_NONE;
}

static enum err begin(struct log_out *log, const char *path)
{
	uint8_t head[HEADER_SIZE];
	enum err err;

	log->fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (log->fd < 0)
		return err_of_errno(errno);
	randombytes_buf(log->salt, sizeof log->salt);
	put_be32(head, MAGIC);
	put_be32(head + 4, VERSION);
	put_be32(head + 8, log->page_size);
	put_be32(head + 12, 0);
	memcpy(head + 16, log->salt, 8);
	log->sum[0] = log->sum[1] = 0;
	add_to_sum(log->sum, head, 24);
	put_be32(head + 24, log->sum[0]);
	put_be32(head + 28, log->sum[1]);
	err = write_at(log->fd, head, sizeof head, 0);
	log->end = HEADER_SIZE;
	log->end_committed = log->end;
	memcpy(log->sum_committed, log->sum, sizeof log->sum);
	return err;
}

static enum err write_pending(struct log_out *log, uint32_t commit_pages)
{
	uint8_t head[FRAME_HEADER];
	enum err err;

	put_be32(head, log->pending_page);
	put_be32(head + 4, commit_pages);
	memcpy(head + 8, log->salt, 8);
	add_to_sum(log->sum, head, 8);
	add_to_sum(log->sum, log->page, log->page_size);
	put_be32(head + 16, log->sum[0]);
	put_be32(head + 20, log->sum[1]);
	err = write_at(log->fd, head, sizeof head, log->end);
	if (!err)
		err = write_at(log->fd, log->page, log->page_size, log->end + FRAME_HEADER);
	log->end += FRAME_HEADER + (int64_t)log->page_size;
	log->pending = false;
	return err;
}

enum err log_out_page(struct log_out *log, const char *path, uint32_t page, const uint8_t *bytes)
{
	enum err err = log->fd < 0 ? begin(log, path) : ERR_NONE;

	if (!err && log->pending)
		err = write_pending(log, 0);
	if (err)
		return err;
	memcpy(log->page, bytes, log->page_size);
	log->pending_page = page;
	log->pending = true;
	return ERR_NONE;
}

enum err log_out_commit(struct log_out *log, uint32_t pages)
{
	enum err err;

	assert(log->pending && pages > 0);
	err = write_pending(log, pages);
	if (!err && fdatasync(log->fd))
		err = err_of_errno(errno);
	if (err)
		return err;
	log->end_committed = log->end;
	memcpy(log->sum_committed, log->sum, sizeof log->sum);
	return ERR_NONE;
}

/* Frames that were written stay behind the end: their sums go on from ones that will be others. */
void log_out_undo(struct log_out *log)
{
	log->pending = false;
	log->end = log->end_committed;
	memcpy(log->sum, log->sum_committed, sizeof log->sum);
}

void log_out_close(struct log_out *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
	log->pending = false;
}
