/* Any bytes as what a primary says: the folder takes them or ends the session, and never writes
 * anything but its own files. */
#include <assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "platform/replica/folder.h"
#include "platform/store/files.h"
#include "platform/store/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static void remove_dir(void)
{
	if (dir_remove(dir))
		abort();
}

static enum err say(void *arg, const struct wire *answer)
{
	static uint8_t bytes[WIRE_HEAD + WIRE_MAX];
	struct wire back;
	size_t len = wire_encode(answer, bytes);

	/* Our own answers are good messages. */
	assert(wire_decode(bytes + 4, len - 4, &back) == ERR_NONE);
	return ++*(unsigned *)arg > 100000 ? ERR_CLOSED : ERR_NONE;
}

static void only_our_names(void)
{
	static const char *const known[] = {"store", "replica.json", "primary.ini", "broker",
	                                    "pki"};
	DIR *d = opendir(dir);
	struct dirent *entry;

	assert(d);
	while ((entry = readdir(d)) != NULL) {
		bool good = entry->d_name[0] == '.';

		for (size_t i = 0; i < ARRAY_SIZE(known); i++)
			good = good || strcmp(entry->d_name, known[i]) == 0;
		assert(good);
	}
	closedir(d);
}

static void make_dir(void)
{
	log_set_level(LOG_LEVEL_ERROR + 1);
	snprintf(dir, sizeof dir, "%s/wattle-fuzz-XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(dir))
		abort();
	atexit(remove_dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct folder *folder;
	struct wire m;
	char why[256], store[96];
	unsigned answers = 0;

	if (!dir[0])
		make_dir();
	snprintf(store, sizeof store, "%s/store", dir);
	if (dir_remove(store) || folder_init(dir) || folder_open(&folder, dir, why, sizeof why))
		abort();
	while (size >= 4) {
		uint32_t len = get_le32(data);

		if (len == 0 || len > size - 4 || len > WIRE_MAX ||
		    wire_decode(data + 4, len, &m) || folder_take(folder, &m, say, &answers))
			break;
		data += 4 + len;
		size -= 4 + len;
	}
	folder_close(folder);
	only_our_names();
	return 0;
}
