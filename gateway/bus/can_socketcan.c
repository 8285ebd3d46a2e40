/* Linux SocketCAN. The interface is configured outside (ip link set can0 type can bitrate 125000);
 * it may come and go. */
#include "gateway/bus/driver.h"
#include "gateway/bus/linux_frame.h"

#include <errno.h>
#include <linux/can/error.h>
#include <linux/can/raw.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES (1 << 20) /* a second of silence of ours loses no frame */

/* Our own bus errors are worth counting: without this the kernel keeps them to itself. */
static int options_set(int fd)
{
	can_err_mask_t errors = CAN_ERR_BUSOFF | CAN_ERR_CRTL | CAN_ERR_PROT | CAN_ERR_ACK;
	int bytes = RECEIVE_BYTES;

	(void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	return setsockopt(fd, SOL_CAN_RAW, CAN_RAW_ERR_FILTER, &errors, sizeof errors);
}

static enum err socketcan_open(void *state, const char *where, int *fd)
{
	struct sockaddr_can address = {.can_family = AF_CAN};
	enum err err = ERR_IO;

	(void)state;
	*fd = -1;
	address.can_ifindex = (int)if_nametoindex(where);
	if (!address.can_ifindex)
		return ERR_NOT_FOUND;
	*fd = socket(PF_CAN, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, CAN_RAW);
	if (*fd < 0)
		return ERR_IO;
	if (options_set(*fd) == 0 && bind(*fd, (struct sockaddr *)&address, sizeof address) == 0)
		return ERR_NONE;
	close(*fd);
	*fd = -1;
	return err;
}

static enum err socketcan_send(void *state, int fd, const struct can_msg *msg)
{
	struct can_frame frame;

	(void)state;
	linux_frame_from_msg(msg, &frame);
	if (write(fd, &frame, sizeof frame) == sizeof frame)
		return ERR_NONE;
	/* ENOBUFS: the interface's own queue is full; the main loop tries again. */
	if (errno == EAGAIN || errno == ENOBUFS || errno == EINTR)
		return ERR_BUSY;
	return ERR_CLOSED;
}

static enum err socketcan_receive(void *state, int fd, struct can_msg *msg)
{
	struct can_frame frame;
	ssize_t n;

	(void)state;
	n = read(fd, &frame, sizeof frame);
	if (n == sizeof frame)
		return linux_frame_to_msg(&frame, msg);
	if (n >= 0)
		return ERR_BAD_INPUT;
	if (errno == EAGAIN || errno == EINTR)
		return ERR_NOT_FOUND;
	return ERR_CLOSED; /* ENETDOWN, ENODEV */
}

const struct driver can_socketcan = {
        .kind = "socketcan",
        .open = socketcan_open,
        .send = socketcan_send,
        .receive = socketcan_receive,
};
