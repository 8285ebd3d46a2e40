/* Files of imports, in STORE/sheets. Their names are random and ours: nothing of a client's name is
 * ever part of a path. They are not in backups, and may be lost: a job whose files are gone is
 * failed, never half done. */
#ifndef PLATFORM_STORE_SHEET_FILE_H
#define PLATFORM_STORE_SHEET_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

#define SHEET_NAME_SIZE 33 /* 32 hex digits */
#define SHEET_PATH_SIZE 640

enum sheet_file {
	SHEET_FILE_UPLOAD,   /* as it came */
	SHEET_FILE_ROWS,     /* what the check made of it: the canonical sheet that is applied */
	SHEET_FILE_MISTAKES, /* records of sheet_mistakes_* */
	SHEET_FILE_SCRATCH,  /* the database of the rehearsal */
	SHEET_FILE_EXPORT,   /* an XLSX or a database on its way out */
};

/* Draws a name, and makes the folder when it is missing. */
MUST_USE enum err sheet_file_name(const char *store_dir, char name[SHEET_NAME_SIZE]);
/* The path of a file; `name` must be one of ours. */
void sheet_file_path(char path[SHEET_PATH_SIZE], const char *store_dir, const char *name,
                     enum sheet_file file);
/* New and empty, for writing and reading; mode 0600. */
MUST_USE enum err sheet_file_create(const char *store_dir, const char *name, enum sheet_file file,
                                    int *fd);
MUST_USE enum err sheet_file_open(const char *store_dir, const char *name, enum sheet_file file,
                                  int *fd);
/* A piece of a file that is under way, at its place: the same piece twice does no harm. `at` must
 * not be behind what is there (ERR_SEQUENCE); *size: what is there now. Makes the file. */
MUST_USE enum err sheet_file_put(const char *store_dir, const char *name, int64_t at,
                                 const void *bytes, size_t len, int64_t *size);
MUST_USE enum err sheet_file_append(int fd, const void *bytes, size_t len);
/* From where the last read ended; *len < size: the end. */
MUST_USE enum err sheet_file_read(int fd, void *to, size_t size, size_t *len);
/* SHA-256 of the whole file, as hex. */
MUST_USE enum err sheet_file_hash(int fd, char hash[65]);
/* ERR_DISK_FULL: so little room is left on the disk that what is thrown away later must not take more
 * of it. */
MUST_USE enum err sheet_file_room(const char *store_dir);
void sheet_file_close(int fd); /* -1: nothing */
void sheet_file_remove(const char *store_dir, const char *name, enum sheet_file file);
/* All of a job. */
void sheet_files_remove(const char *store_dir, const char *name);
/* Removes files of names that nobody knows: left by a kill. */
void sheet_files_sweep(const char *store_dir, bool (*known)(void *arg, const char *name),
                       void *arg);
/* The folder that temporary files may use. */
void sheet_file_folder(char path[SHEET_PATH_SIZE], const char *store_dir);

/* ---- mistakes: records of one size, in the order of rows and columns ---- */

#define SHEET_DETAIL_SIZE 96

struct sheet_mistake_row {
	int64_t row;
	int32_t column;
	uint32_t fault;
	char detail[SHEET_DETAIL_SIZE];
};

MUST_USE enum err sheet_mistake_append(int fd, const struct sheet_mistake_row *row);
/* Number `index` from 0; ERR_NOT_FOUND behind the last one. */
MUST_USE enum err sheet_mistake_read(int fd, int64_t index, struct sheet_mistake_row *row);

#endif
