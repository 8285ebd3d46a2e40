/* A few threads that read snapshots for lists and reports, so that no page waits for the writer and
 * the I/O thread waits for no disk. */
#ifndef PLATFORM_CORE_READER_H
#define PLATFORM_CORE_READER_H

#include "platform/store/day.h"
#include "platform/store/db.h"

struct readers;
struct io;

/* A reader's own connections. */
struct reader {
	struct db *db;
	struct day_reader *days;
};

/* On a reader thread, inside a snapshot of the main store; `arg` holds question and answer. */
typedef enum err (*read_fn)(struct reader *reader, void *arg);
/* On the I/O thread. */
typedef void (*read_done_fn)(void *arg, enum err err);

MUST_USE enum err readers_new(struct readers **readers, struct io *io, const char *store_dir,
                              const char *store_url, unsigned threads);
/* Finishes what was asked and joins the threads. The last answers are then posted to the I/O loop,
 * which must still run them (io_drain) before readers_free; what they ask is refused. */
void readers_stop(struct readers *readers);
void readers_free(struct readers *readers);

/* From the I/O thread. ERR_FULL: too many questions wait already. */
MUST_USE enum err reader_submit(struct readers *readers, read_fn fn, void *arg, read_done_fn done);

#endif
