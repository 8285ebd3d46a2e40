/* The manifest of a backup: docs/protocol/backup.md §2. */
#ifndef CLI_MANIFEST_H
#define CLI_MANIFEST_H

#include <limits.h>

#include "cli/sealed.h"
#include "platform/core/keys.h"
#include "platform/store/files.h"

#define MANIFEST_FILES_MAX 65536
#define BACKUP_NAME_SIZE   17 /* 20260704T021500Z */

struct manifest_file {
	char name[SEALED_NAME_SIZE];
	int64_t bytes;
	char sha256[FILE_SHA256_SIZE];
	/* of day files, else 0 */
	int64_t rows, newest_rowid, damaged;
	uint64_t newest_hash;
};

struct manifest_table {
	char name[64];
	int64_t rows;
};

struct manifest {
	char program[32];
	char key[KEY_NAME_SIZE]; /* "" : none was at hand */
	int64_t created_s;
	uint64_t epoch;
	int64_t generation;
	int64_t schema, day_schema;
	struct manifest_table *table;
	size_t table_count;
	struct manifest_file *file;
	size_t file_count;
};

void manifest_free(struct manifest *manifest);
/* A zeroed entry at the end; NULL: no memory, or too many. */
struct manifest_file *manifest_add_file(struct manifest *manifest, const char *name);
struct manifest_table *manifest_add_table(struct manifest *manifest, const char *name);
const struct manifest_file *manifest_find(const struct manifest *manifest, const char *name);
bool manifest_has_table(const struct manifest *manifest, const char *name);
/* Bytes of all files. */
int64_t manifest_bytes(const struct manifest *manifest);

/* From and to JSON text. `why` names what is wrong with it. */
MUST_USE enum err manifest_parse(struct manifest *manifest, const char *text, size_t len, char *why,
                                 size_t why_size);
/* malloc'ed; NULL: no memory. */
char *manifest_print(const struct manifest *manifest);

/* manifest.json and manifest.sha256 of a folder. ERR_DAMAGED: they do not belong together. */
MUST_USE enum err manifest_write(const struct manifest *manifest, const char *dir);
MUST_USE enum err manifest_load(struct manifest *manifest, const char *dir, char *why,
                                size_t why_size);
/* Sizes and digests of all files in `dir`; tells each bad one on stderr and returns their number. */
unsigned manifest_check_files(const struct manifest *manifest, const char *dir);

/* The folder's name of a time, and back: -1 for any other name. */
void backup_name(int64_t created_s, char name[BACKUP_NAME_SIZE]);
int64_t backup_time(const char *name);

#endif
