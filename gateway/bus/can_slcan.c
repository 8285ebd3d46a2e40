/* Serial CAN adapters: slcan:/dev/ttyUSB0, or slcan:/dev/ttyUSB0@460800 (default 115200; adapters
 * on USB ignore it). */
#include "gateway/bus/driver.h"
#include "gateway/bus/slcan.h"

#include "libs/base/number.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define OUT_SIZE     256
#define IN_SIZE      512
#define PATH_MAX_LEN 200

struct state {
	struct slcan in;
	uint8_t bytes[IN_SIZE];
	size_t at, got;
	char out[OUT_SIZE];
	size_t out_len;
};

static const struct baud {
	uint64_t rate;
	speed_t code;
} bauds[] = {
        {9600,    B9600   },
        {19200,   B19200  },
        {38400,   B38400  },
        {57600,   B57600  },
        {115200,  B115200 },
        {230400,  B230400 },
        {460800,  B460800 },
        {500000,  B500000 },
        {921600,  B921600 },
        {1000000, B1000000},
        {2000000, B2000000},
        {3000000, B3000000}
};

/* "/dev/ttyS1@57600" → path and speed. */
static enum err where_parse(const char *where, char path[PATH_MAX_LEN], speed_t *speed)
{
	const char *at = strrchr(where, '@');
	size_t len = at ? (size_t)(at - where) : strlen(where);
	uint64_t rate = 115200;

	if (len == 0 || len >= PATH_MAX_LEN)
		return ERR_BAD_INPUT;
	memcpy(path, where, len);
	path[len] = 0;
	if (at && u64_parse(at + 1, 1, 10000000, &rate))
		return ERR_BAD_INPUT;
	for (size_t i = 0; i < ARRAY_SIZE(bauds); i++) {
		if (bauds[i].rate == rate) {
			*speed = bauds[i].code;
			return ERR_NONE;
		}
	}
	return ERR_BAD_INPUT;
}

static int raw_mode(int fd, speed_t speed)
{
	struct termios tio;

	if (tcgetattr(fd, &tio))
		return -1;
	cfmakeraw(&tio);
	tio.c_cflag |= CLOCAL | CREAD;
	tio.c_cc[VMIN] = 1;
	tio.c_cc[VTIME] = 0;
	if (cfsetispeed(&tio, speed) || cfsetospeed(&tio, speed))
		return -1;
	return tcsetattr(fd, TCSANOW, &tio);
}

static enum err slcan_flush(void *state, int fd)
{
	struct state *s = state;

	while (s->out_len > 0) {
		ssize_t n = write(fd, s->out, s->out_len);

		if (n <= 0)
			return n < 0 && (errno == EAGAIN || errno == EINTR) ? ERR_BUSY : ERR_CLOSED;
		s->out_len -= (size_t)n;
		memmove(s->out, s->out + n, s->out_len);
	}
	return ERR_NONE;
}

/* CR first ends whatever line the adapter has half of; C closes a channel left open. */
static enum err channel_start(struct state *s, int fd)
{
	static const char hello[] = "\r\rC\rS4\rO\r";
	enum err err;

	memcpy(s->out, hello, sizeof hello - 1);
	s->out_len = sizeof hello - 1;
	err = slcan_flush(s, fd);
	return err == ERR_BUSY ? ERR_NONE : err;
}

static enum err slcan_open(void *state, const char *where, int *fd)
{
	char path[PATH_MAX_LEN];
	speed_t speed;
	enum err err;

	*fd = -1;
	err = where_parse(where, path, &speed);
	if (err)
		return err;
	*fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0)
		return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
	err = raw_mode(*fd, speed) ? ERR_IO : channel_start(state, *fd);
	if (err) {
		close(*fd);
		*fd = -1;
	}
	return err;
}

static enum err slcan_send(void *state, int fd, const struct can_msg *msg)
{
	struct state *s = state;

	if (s->out_len + SLCAN_LINE_MAX > sizeof s->out)
		return ERR_BUSY;
	s->out_len += slcan_encode(msg, s->out + s->out_len);
	if (slcan_flush(s, fd) == ERR_CLOSED)
		return ERR_CLOSED;
	return ERR_NONE; /* what did not leave waits here and goes first */
}

static enum err bytes_read(struct state *s, int fd)
{
	ssize_t n = read(fd, s->bytes, sizeof s->bytes);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return ERR_NOT_FOUND;
	if (n <= 0)
		return ERR_CLOSED; /* EIO: unplugged */
	s->at = 0;
	s->got = (size_t)n;
	return ERR_NONE;
}

static enum err slcan_receive(void *state, int fd, struct can_msg *msg)
{
	struct state *s = state;

	for (;;) {
		enum err err = ERR_BUSY;

		while (s->at < s->got && err == ERR_BUSY)
			err = slcan_take(&s->in, s->bytes[s->at++], msg);
		if (err != ERR_BUSY)
			return err;
		err = bytes_read(s, fd);
		if (err)
			return err;
	}
}

const struct driver can_slcan = {
        .kind = "slcan",
        .state_size = sizeof(struct state),
        .open = slcan_open,
        .send = slcan_send,
        .receive = slcan_receive,
        .flush = slcan_flush,
};
