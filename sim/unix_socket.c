#include "sim/unix_socket.h"

#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static bool set_address(struct sockaddr_un *address, const char *path)
{
	size_t length = strlen(path);

	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (length >= sizeof address->sun_path)
		return false;
	memcpy(address->sun_path, path, length + 1);
	return true;
}

enum err unix_listen(int *out, const char *path, int type)
{
	struct sockaddr_un address;
	int fd;

	if (!set_address(&address, path))
		return ERR_TOO_LONG;
	fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	unlink(path);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 64) != 0) {
		close(fd);
		return ERR_IO;
	}
	*out = fd;
	return ERR_NONE;
}

enum err unix_connect(int *out, const char *path, int type)
{
	struct sockaddr_un address;
	int fd;

	if (!set_address(&address, path))
		return ERR_TOO_LONG;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return ERR_IO;
	if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		close(fd);
		return ERR_NOT_FOUND;
	}
	*out = fd;
	return ERR_NONE;
}
