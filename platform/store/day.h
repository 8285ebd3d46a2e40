/* Day files: uplink batches as received, one file per day of arrival, one unique index. A closed
 * day is packed and removed as a whole by a later part of the product, so nothing is ever deleted
 * from a file. */
#ifndef PLATFORM_STORE_DAY_H
#define PLATFORM_STORE_DAY_H

#include "platform/store/db.h"

struct batch_row {
	int64_t property_id, gateway_id;
	uint64_t boot, seq;
	int64_t t_min, t_max; /* of the rows that pass the check; arrival time when none does */
	int64_t stored_ms;
	uint64_t hash; /* day_hash of the body; a row whose body does not match is damaged */
	const void *body;
	size_t body_len;
	int64_t rowid, day; /* filled when read */
};

uint64_t batch_hash(const uint8_t key[16], const void *body, size_t len);

/* Days are counted from 1970-01-01 UTC. */
static inline int64_t day_of_ms(int64_t now_ms)
{
	return now_ms / 86400000;
}

/* ---- the writer's side: the file of today, created when the day begins ---- */

struct days;

MUST_USE enum err days_open(struct days **days, const char *dir);
void days_close(struct days *days);

/* In the open group (begun when needed); ERR_DUP: this key is stored in today's file. */
MUST_USE enum err days_append(struct days *days, const struct batch_row *row, int64_t now_ms);
/* Synced when it returns ERR_NONE. Without an append since the last one: nothing to do. */
MUST_USE enum err days_commit(struct days *days);
void days_rollback(struct days *days);
/* Rowid of the newest batch in today's file and that day. */
void days_newest(const struct days *days, int64_t *day, int64_t *rowid);

/* ---- reading, from any thread with its own `struct day_reader` ---- */

struct day_reader;

MUST_USE enum err day_reader_open(struct day_reader **reader, const char *dir,
                                  const uint8_t hash_key[16]);
void day_reader_close(struct day_reader *reader);

/* Day numbers that have a file, ascending; at most `max`, returns how many there are. */
size_t day_reader_list(struct day_reader *reader, int64_t *days, size_t max);

/* Called with each sound batch; false stops the walk. */
typedef bool (*batch_fn)(void *arg, const struct batch_row *row);

/* Batches of one gateway that overlap [from_s, to_s), whatever day they arrived. Damaged rows and
 * unreadable files are skipped and counted in *damaged. */
MUST_USE enum err day_reader_range(struct day_reader *reader, int64_t property_id,
                                   int64_t gateway_id, int64_t from_s, int64_t to_s, batch_fn each,
                                   void *arg, uint64_t *damaged);
/* Batches of one file in order of arrival, those behind `after_rowid`. */
MUST_USE enum err day_reader_walk(struct day_reader *reader, int64_t day, int64_t after_rowid,
                                  batch_fn each, void *arg, uint64_t *damaged);
/* The same without bodies (body NULL, not checked): keys of a whole file, fast. */
MUST_USE enum err day_reader_keys(struct day_reader *reader, int64_t day, batch_fn each, void *arg,
                                  uint64_t *damaged);
/* Hash of a stored key, or ERR_NOT_FOUND. */
MUST_USE enum err day_reader_find(struct day_reader *reader, int64_t day, int64_t property_id,
                                  int64_t gateway_id, uint64_t boot, uint64_t seq, uint64_t *hash);

/* ---- how far a file's events, results and latest values are applied to the main file ---- */

struct day_file_row {
	int64_t day;
	int64_t applied;   /* rowid */
	int64_t created_s; /* 0 in a row that is only a cursor */
	int64_t lost_s;    /* when it was found missing or unreadable; 0 never */
};

MUST_USE enum err day_file_put(struct db *db, const struct day_file_row *row);
MUST_USE enum err day_file_list(struct db *db, void (*each)(void *arg, const struct day_file_row *),
                                void *arg);

#endif
