/* SQLite on files of the simulator: every read, write, sync and lock of the store goes through one
 * small table, and so does SQLite's randomness. Linked into the simulator and tests only.
 *
 * One process, one thread: locks are kept here, between the connections of this process. */
#ifndef PLATFORM_STORE_SQLITE_SIM_H
#define PLATFORM_STORE_SQLITE_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"

struct sim_file;

/* Answers: ERR_DISK_FULL no room, ERR_NOT_FOUND no such file, ERR_IO anything else. */
struct sim_files {
	void *ctx;
	enum err (*open)(void *ctx, const char *path, bool create, struct sim_file **file);
	void (*close)(void *ctx, struct sim_file *file);
	int64_t (*size)(void *ctx, struct sim_file *file);
	/* Fewer bytes than asked only at the end of the file. */
	enum err (*read)(void *ctx, struct sim_file *file, int64_t at, void *bytes, size_t len,
	                 size_t *got);
	enum err (*write)(void *ctx, struct sim_file *file, int64_t at, const void *bytes,
	                  size_t len);
	enum err (*truncate)(void *ctx, struct sim_file *file, int64_t bytes);
	/* Of a new file also its name. */
	enum err (*sync)(void *ctx, struct sim_file *file);
	enum err (*remove)(void *ctx, const char *path);
	bool (*exists)(void *ctx, const char *path);
	void (*random)(void *ctx, void *bytes, size_t len);
	int64_t (*wall_ms)(void *ctx);
};

/* From here on all databases of this process are on these files. */
enum err sqlite_sim_use(const struct sim_files *files);

/* Randomness is drawn anew from files->random: the same from here on for the same draw. */
void sqlite_sim_seed(void);

#endif
