/* The hub of the simulator: a Unix socket of type SOCK_SEQPACKET, a packet = one can_frame. */
#include "gateway/bus/driver.h"
#include "gateway/bus/linux_frame.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static enum err unix_open(void *state, const char *where, int *fd)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int saved;

	(void)state;
	*fd = -1;
	if (strlen(where) >= sizeof address.sun_path)
		return ERR_TOO_LONG;
	memcpy(address.sun_path, where, strlen(where) + 1);
	*fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (*fd < 0)
		return ERR_IO;
	if (connect(*fd, (struct sockaddr *)&address, sizeof address) == 0)
		return ERR_NONE;
	saved = errno;
	close(*fd);
	*fd = -1;
	return saved == ENOENT || saved == ECONNREFUSED ? ERR_NOT_FOUND : ERR_IO;
}

static enum err unix_send(void *state, int fd, const struct can_msg *msg)
{
	struct can_frame frame;

	(void)state;
	linux_frame_from_msg(msg, &frame);
	if (send(fd, &frame, sizeof frame, MSG_NOSIGNAL) == sizeof frame)
		return ERR_NONE;
	return errno == EAGAIN || errno == ENOBUFS || errno == EINTR ? ERR_BUSY : ERR_CLOSED;
}

static enum err unix_receive(void *state, int fd, struct can_msg *msg)
{
	struct can_frame frame;
	ssize_t n;

	(void)state;
	n = recv(fd, &frame, sizeof frame, MSG_TRUNC);
	if (n == sizeof frame)
		return linux_frame_to_msg(&frame, msg);
	if (n == 0)
		return ERR_CLOSED;
	if (n > 0)
		return ERR_BAD_INPUT;
	return errno == EAGAIN || errno == EINTR ? ERR_NOT_FOUND : ERR_CLOSED;
}

const struct driver can_unix = {
        .kind = "unix",
        .open = unix_open,
        .send = unix_send,
        .receive = unix_receive,
};
