#include "sim/emu/mapped_file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static enum err map(void **out, int fd, size_t size, int fill, int *created)
{
	int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
	struct stat st;

	*created = 1;
	if (fd >= 0) {
		if (fstat(fd, &st) != 0)
			return ERR_IO;
		if (st.st_size != 0 && (size_t)st.st_size != size)
			return ERR_DAMAGED;
		*created = st.st_size == 0;
		if (*created && ftruncate(fd, (off_t)size) != 0)
			return ERR_IO;
	}
	*out = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);
	if (*out == MAP_FAILED)
		return ERR_NOMEM;
	if (*created)
		memset(*out, fill, size);
	return ERR_NONE;
}

enum err mapped_file_open(void **out, const char *path, size_t size, int fill, int *created)
{
	int fd = -1;
	enum err err;

	if (path) {
		fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return ERR_IO;
	}
	err = map(out, fd, size, fill, created);
	if (fd >= 0)
		close(fd);
	return err;
}

void mapped_file_close(void *memory, size_t size)
{
	munmap(memory, size);
}
