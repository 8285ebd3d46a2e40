/* Day files: uplink batches as received, one file per day of arrival, one unique index. A closed
 * day is packed and removed as a whole by a later part of the product, so nothing is ever deleted
 * from a file. A file in which damage is found is left as it is and another part of the same day
 * is begun, so that what is sound in it stays readable. */
#ifndef PLATFORM_STORE_DAY_H
#define PLATFORM_STORE_DAY_H

#include "platform/store/db.h"

struct batch_row {
	int64_t property_id, gateway_id;
	uint64_t boot, seq;
	int64_t t_min, t_max; /* of the rows that pass the check; arrival time when none does */
	int64_t stored_ms;
	uint64_t hash; /* batch_hash of the body; a row whose body does not match is damaged */
	const void *body;
	size_t body_len;
	int64_t rowid, file; /* filled when read */
};

uint64_t batch_hash(const uint8_t key[16], const void *body, size_t len);

/* A file is named by day * DAY_PARTS + part; days are counted from 1970-01-01 UTC. */
#define DAY_PARTS 10

static inline int64_t file_of_ms(int64_t now_ms)
{
	return now_ms / 86400000 * DAY_PARTS;
}

#define DAY_NAME_SIZE 64
/* readings-YYYYMMDD.db, or readings-YYYYMMDD-p.db for another part of the day. */
void day_file_name(char name[DAY_NAME_SIZE], int64_t file);
/* -1 for any other name. */
int64_t day_file_of_name(const char *name);

/* ---- the writer's side: the file of today, created when the day begins ---- */

struct days;

MUST_USE enum err days_open(struct days **days, const char *dir);
void days_close(struct days *days);
/* Files opened from now on keep their log (db_keep_log). */
void days_keep_log(struct days *days);
struct tidy;
/* Files opened from now on are emptied by this one (tidy.h). */
void days_tidy_by(struct days *days, struct tidy *tidy);

/* In the open group (begun when needed). ERR_DUP: this key is stored in today's file. */
MUST_USE enum err days_append(struct days *days, const struct batch_row *row, int64_t now_ms);
/* What is in this file can be read no more: the next append goes to another one. ERR_BUSY: not before the
 * open group has ended. */
MUST_USE enum err days_pass_by(struct days *days, int64_t file);
/* Something was appended and not committed yet. */
bool days_dirty(const struct days *days);
/* Synced when it returns ERR_NONE. Without an append since the last one there is nothing to do. */
MUST_USE enum err days_commit(struct days *days);
void days_rollback(struct days *days);
/* The file that is written now and the rowid of its newest batch; 0, 0 before the first. */
void days_newest(const struct days *days, int64_t *file, int64_t *rowid);

/* ---- reading, from any thread with its own `struct day_reader` ---- */

struct day_reader;

MUST_USE enum err day_reader_open(struct day_reader **reader, const char *dir,
                                  const uint8_t hash_key[16]);
void day_reader_close(struct day_reader *reader);

/* Files that exist, ascending; at most `max` are written to `files`, returns how many there are. */
size_t day_reader_list(struct day_reader *reader, int64_t *files, size_t max);

/* Called with each sound batch; false stops the walk. */
typedef bool (*batch_fn)(void *arg, const struct batch_row *row);

/* Batches of one gateway that overlap [from_s, to_s), whatever day they arrived. Damaged rows and
 * unreadable files are skipped and counted in *damaged. */
MUST_USE enum err day_reader_range(struct day_reader *reader, int64_t property_id,
                                   int64_t gateway_id, int64_t from_s, int64_t to_s, batch_fn each,
                                   void *arg, uint64_t *damaged);

/* What one file holds of a gateway from a time on. */
struct day_extent {
	int64_t t_min, t_max; /* of all its batches together; t_max < t_min: there are none */
	int64_t longest_s;    /* t_max - t_min of the longest one */
};
MUST_USE enum err day_reader_extent(struct day_reader *reader, int64_t file, int64_t property_id,
                                    int64_t gateway_id, int64_t from_s, struct day_extent *extent);
/* day_reader_range of one file whose batches are known to be no longer than this: reads no more than
 * what it gives, however much lies behind `to_s`. */
MUST_USE enum err day_reader_window(struct day_reader *reader, int64_t file, int64_t property_id,
                                    int64_t gateway_id, int64_t from_s, int64_t to_s,
                                    int64_t longest_s, batch_fn each, void *arg, uint64_t *damaged);
/* Batches of one file in order of arrival, those behind `after_rowid`. */
MUST_USE enum err day_reader_walk(struct day_reader *reader, int64_t file, int64_t after_rowid,
                                  batch_fn each, void *arg, uint64_t *damaged);
/* Keys only of a whole file (no times, no hash, no body), from its index: fast. */
MUST_USE enum err day_reader_keys(struct day_reader *reader, int64_t file, batch_fn each, void *arg,
                                  uint64_t *damaged);
/* Hash stored under a key, or ERR_NOT_FOUND. ERR_DAMAGED: the row is there and its body is another. */
MUST_USE enum err day_reader_find(struct day_reader *reader, int64_t file, int64_t property_id,
                                  int64_t gateway_id, uint64_t boot, uint64_t seq, uint64_t *hash);

/* The newest row of a file; 0, 0 when it has none. As nothing is ever changed or removed in it,
 * equal ends mean equal files. */
struct day_end {
	int64_t rowid;
	uint64_t hash;
};
MUST_USE enum err day_reader_end(struct day_reader *reader, int64_t file, struct day_end *end);
/* The whole file as one new file. */
MUST_USE enum err day_reader_copy(struct day_reader *reader, int64_t file, const char *path);

/* ---- how far a file's events, results and latest values are applied to the main file ---- */

struct day_file_row {
	int64_t file;
	int64_t applied; /* rowid */
	int64_t created_s;
	int64_t lost_s; /* since when it is known to be missing or damaged; 0: it is whole, or written */
	int64_t ranges_to; /* rowid up to which day_range_list has the names of its batches; 0: none */
};

MUST_USE enum err day_file_put(struct db *db, const struct day_file_row *row);
MUST_USE enum err day_file_list(struct db *db, void (*each)(void *arg, const struct day_file_row *),
                                void *arg);

/* Names of batches that are in a file, each once. */
struct day_range {
	int64_t file, gateway_id;
	uint64_t boot, first, last; /* seq, both included */
};

MUST_USE enum err day_range_put(struct db *db, const struct day_range *range);
MUST_USE enum err day_range_forget(struct db *db, int64_t file);
/* The newest file first. */
MUST_USE enum err day_range_list(struct db *db, void (*each)(void *arg, const struct day_range *),
                                 void *arg);

#endif
