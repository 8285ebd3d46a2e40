#include "platform/store/guard.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "platform/store/files.h"
#include "platform/store/store.h"

enum err guard_fence(const char *store_dir, uint64_t generation, int64_t as_of_ms)
{
	char path[STORE_PATH_SIZE], text[64];
	int n = snprintf(text, sizeof text, "%" PRIu64 " %" PRId64 "\n", generation, as_of_ms);

	store_path(path, store_dir, GUARD_FENCED);
	return file_replace(path, 0600, text, (size_t)n);
}

enum err guard_fenced(const char *store_dir, uint64_t *generation, int64_t *as_of_ms)
{
	char path[STORE_PATH_SIZE], text[64];
	size_t len;
	enum err err;

	store_path(path, store_dir, GUARD_FENCED);
	err = file_read(path, text, sizeof text, &len);
	if (err)
		return err;
	text[len] = '\0';
	/* Whatever it says, it is there: it fences. */
	if (sscanf(text, "%" SCNu64 " %" SCNd64, generation, as_of_ms) != 2)
		*generation = 0, *as_of_ms = 0;
	return ERR_NONE;
}

enum err guard_check(const char *store_dir, char *why, size_t why_size)
{
	char path[STORE_PATH_SIZE];
	uint64_t generation;
	int64_t as_of_ms;

	store_path(path, store_dir, GUARD_STANDBY);
	if (access(path, F_OK) == 0) {
		snprintf(
		        why, why_size,
		        "store %s follows another platform: `wattle replica take-over` makes it the "
		        "one in charge (备用库，接管后方可使用)",
		        store_dir);
		return ERR_REFUSED;
	}
	if (guard_fenced(store_dir, &generation, &as_of_ms) == ERR_NONE) {
		snprintf(
		        why, why_size,
		        "store %s is fenced: a standby took over (generation %" PRIu64
		        "); `wattle replica follow` makes this machine its standby (已被接管，禁止启动)",
		        store_dir, generation);
		return ERR_REFUSED;
	}
	return ERR_NONE;
}
