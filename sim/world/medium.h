/* A disk in memory with two layers: what programs see, and what a power cut leaves. A cut keeps
 * what was synced and any part of the rest: each sector of 512 bytes by itself, either length of a
 * file that changed it, and of changed names the first few. */
#ifndef SIM_WORLD_MEDIUM_H
#define SIM_WORLD_MEDIUM_H

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/base/rnd.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MEDIUM_NAME   96
#define MEDIUM_SECTOR 512

enum medium_op { MEDIUM_READ, MEDIUM_WRITE, MEDIUM_SYNC, MEDIUM_NAMES };

struct inode;

/* A directory entry. */
struct medium_name {
	char name[MEDIUM_NAME];
	struct inode *inode;
};

struct medium_dir {
	struct medium_name *list;
	size_t n, room;
};

/* One change of a name that no sync has made durable. */
struct medium_change {
	char from[MEDIUM_NAME], to[MEDIUM_NAME]; /* from "": made; to "": removed */
	struct inode *inode;
};

struct medium {
	struct medium_dir seen, safe;
	struct medium_change *change;
	size_t n_changes, changes_room;
	/* Asked before each operation: ERR_NONE lets it pass. A failed write may be there in part. */
	enum err (*fault)(void *ctx, enum medium_op op, int64_t grows);
	void *ctx;
	bool dead;              /* nothing changes any more: the process is gone */
	bool new_names_by_file; /* a file's sync makes its own new name durable, as SQLite's does */
	uint64_t writes, syncs;
};

void medium_init(struct medium *m);
void medium_free(struct medium *m);
/* All of another one as it is after a clean stop. */
void medium_copy(struct medium *to, const struct medium *from);

MUST_USE enum err medium_open(struct medium *m, const char *name, bool create, struct inode **file);
void medium_close(struct medium *m, struct inode *file);
int64_t medium_size(const struct inode *file);
MUST_USE enum err medium_read(struct medium *m, struct inode *file, int64_t at, void *to,
                              size_t len, size_t *got);
MUST_USE enum err medium_write(struct medium *m, struct inode *file, int64_t at, const void *from,
                               size_t len);
MUST_USE enum err medium_truncate(struct medium *m, struct inode *file, int64_t size);
MUST_USE enum err medium_sync(struct medium *m, struct inode *file);
MUST_USE enum err medium_sync_names(struct medium *m);
MUST_USE enum err medium_rename(struct medium *m, const char *from, const char *to);
MUST_USE enum err medium_remove(struct medium *m, const char *name);
bool medium_exists(const struct medium *m, const char *name);
void medium_list(const struct medium *m, void (*each)(void *arg, const char *name), void *arg);
/* -1: no such file. */
int64_t medium_size_of(const struct medium *m, const char *name);

/* The power goes: all files are closed before. */
void medium_cut(struct medium *m, struct rnd *rnd);

#endif
