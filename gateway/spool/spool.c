#include "gateway/spool/spool.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_FORMAT   "%08x.seg"
#define POSITION_SIZE 16

struct segment {
	uint32_t serial; /* names the file; grows */
	uint64_t first;  /* lowest batch index in it; 0 none */
	uint64_t last;   /* highest */
	int64_t size;
	int64_t newest_s;
	uint32_t refused;
};

struct spool {
	struct disk disk;
	struct spool_options options;
	struct segment *segments; /* by serial */
	size_t n_segments, room;
	int64_t bytes;

	uint64_t next;
	uint64_t acked, saved_acked;
	uint64_t epoch, saved_epoch;
	uint64_t stored_boot, stored_seq;
	uint64_t damaged;
	struct spool_run runs[SPOOL_RUNS]; /* found at the start, the newest first */
	size_t n_runs;
	uint64_t checked_from, checked_to; /* bodies in this range were checked at the start */

	int active; /* file of the last segment, or -1: the next append begins a new one */
	bool unsynced;

	/* Where the last read ended, so that reading in order does not search. */
	int read_file;
	uint32_t read_serial;
	uint64_t read_index;
	int64_t read_offset;

	uint64_t oldest_index; /* oldest_s is of this one */
	int64_t oldest_s;
};

static void segment_name(uint32_t serial, char name[DISK_NAME_SIZE])
{
	snprintf(name, DISK_NAME_SIZE, NAME_FORMAT, serial);
}

static enum err segment_open(const struct spool *spool, uint32_t serial, bool create, int *file)
{
	char name[DISK_NAME_SIZE];

	segment_name(serial, name);
	return spool->disk.open(spool->disk.ctx, name, create, file);
}

static struct segment *segment_last(struct spool *spool)
{
	assert(spool->n_segments > 0);
	return &spool->segments[spool->n_segments - 1];
}

/* The lowest index still there; `next` when there is none. */
static uint64_t first_index(const struct spool *spool)
{
	for (size_t i = 0; i < spool->n_segments; i++)
		if (spool->segments[i].first)
			return spool->segments[i].first;
	return spool->next;
}

static void batch_note(struct segment *segment, uint64_t index, int64_t time_s)
{
	if (!segment->first)
		segment->first = index;
	if (index > segment->last)
		segment->last = index;
	if (time_s > segment->newest_s)
		segment->newest_s = time_s;
}

static enum err segment_insert(struct spool *spool, uint32_t serial)
{
	size_t at = spool->n_segments;

	if (spool->n_segments == spool->room) {
		size_t room = spool->room ? spool->room * 2 : 64;
		struct segment *grown = realloc(spool->segments, room * sizeof *grown);

		if (!grown)
			return ERR_NOMEM;
		spool->segments = grown;
		spool->room = room;
	}
	while (at > 0 && spool->segments[at - 1].serial > serial)
		at--;
	memmove(&spool->segments[at + 1], &spool->segments[at],
	        (spool->n_segments - at) * sizeof *spool->segments);
	spool->segments[at] = (struct segment){.serial = serial};
	spool->n_segments++;
	return ERR_NONE;
}

/* --- recovery --- */

struct found {
	struct spool *spool;
	enum err err;
};

static void name_found(void *arg, const char *name)
{
	struct found *found = arg;
	char exact[DISK_NAME_SIZE];
	uint32_t serial;

	if (sscanf(name, "%8x", &serial) != 1)
		return;
	segment_name(serial, exact);
	if (strcmp(name, exact) == 0 && !found->err)
		found->err = segment_insert(found->spool, serial);
}

/* The position and, in its body, the newest batch that the platform has. */
static enum err position_recover(struct spool *spool, const struct segment_walk *walk,
                                 const struct record *record)
{
	uint8_t body[POSITION_SIZE];
	enum err err;

	/* Also backwards: a new epoch offers everything again. */
	spool->acked = record->index - 1;
	spool->epoch = record->boot;
	spool->stored_boot = spool->stored_seq = 0;
	if (record->len != sizeof body)
		return ERR_NONE;
	err = segment_body_read(walk, record, body, sizeof body);
	if (!err) {
		spool->stored_boot = get_le64(body);
		spool->stored_seq = get_le64(body + 8);
	}
	return err == ERR_DAMAGED ? ERR_NONE : err;
}

/* Batches lie in the order made, so runs follow each other. */
static void run_note(struct spool *spool, const struct record *record)
{
	if (spool->n_runs == 0 || spool->runs[0].boot != record->boot) {
		if (spool->n_runs < SPOOL_RUNS)
			spool->n_runs++;
		memmove(&spool->runs[1], &spool->runs[0],
		        (spool->n_runs - 1) * sizeof spool->runs[0]);
		spool->runs[0].boot = record->boot;
	}
	spool->runs[0].seq = record->seq;
}

/* Takes a record into account. `lost` counts batches that must have been there. */
static enum err record_recover(struct spool *spool, struct segment *segment,
                               const struct segment_walk *walk, const struct record *record,
                               uint64_t *lost)
{
	switch (record->kind) {
	case RECORD_BATCH:
		if (spool->next > 1 && record->index > spool->next)
			*lost += record->index - spool->next;
		if (record->index >= spool->next)
			spool->next = record->index + 1;
		batch_note(segment, record->index, record->time_s);
		run_note(spool, record);
		break;
	case RECORD_ACK:
		return position_recover(spool, walk, record);
	case RECORD_REFUSED:
		segment->refused++;
		break;
	}
	/* A kind of a later version: skipped. */
	return ERR_NONE;
}

/* The head only tells the version; when it is damaged the records still count. */
static enum err head_recover(struct spool *spool, int file)
{
	uint8_t head[SEGMENT_HEAD_SIZE];
	uint64_t first_index;
	int64_t created_s;
	enum err err;
	size_t got;

	err = spool->disk.read(spool->disk.ctx, file, 0, head, sizeof head, &got);
	if (err)
		return err;
	if (got < sizeof head)
		return ERR_DAMAGED;
	return segment_head_decode(head, &first_index, &created_s);
}

static enum err segment_recover(struct spool *spool, struct segment *segment, bool *clean)
{
	struct segment_walk walk;
	struct record record;
	uint64_t lost = 0;
	enum err err, head_err;
	int file;

	err = segment_open(spool, segment->serial, false, &file);
	if (err)
		return err;
	head_err = head_recover(spool, file);
	err = head_err == ERR_DAMAGED ? ERR_NONE : head_err;
	if (!err)
		err = segment_walk_start(&walk, &spool->disk, file, 0);
	while (!err) {
		err = segment_walk_next(&walk, &record);
		if (!err)
			err = record_recover(spool, segment, &walk, &record, &lost);
	}
	spool->disk.close(spool->disk.ctx, file);
	if (err != ERR_NOT_FOUND)
		return err;
	segment->size = walk.size;
	spool->bytes += walk.size;
	*clean = !walk.broken && !head_err;
	/* What was in a broken stretch shows by the numbers missing behind it. At the end of the
	 * log nothing follows: count the stretch itself, it may be an unfinished write or more. */
	spool->damaged += lost ? lost : !*clean;
	return ERR_NONE;
}

/* What still has to be sent is read once, so that damage shows now and not when its turn comes. */
static enum err bodies_check(struct spool *spool)
{
	uint8_t *body = malloc(RECORD_BODY_MAX);
	struct spool_entry entry;
	uint64_t index = spool->acked + 1;
	enum err err = body ? ERR_NONE : ERR_NOMEM;

	while (!err || err == ERR_DAMAGED) {
		err = spool_read(spool, index, &entry, body, RECORD_BODY_MAX);
		if (err == ERR_DAMAGED || !err)
			index = entry.index + 1;
	}
	free(body);
	spool->checked_from = spool->acked + 1;
	spool->checked_to = spool->next;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* The last file is continued when nothing is wrong with it; otherwise it stays as it is found. */
static enum err active_reopen(struct spool *spool, bool clean)
{
	if (spool->n_segments == 0 || !clean ||
	    segment_last(spool)->size >= spool->options.segment_bytes)
		return ERR_NONE;
	return segment_open(spool, segment_last(spool)->serial, false, &spool->active);
}

/* The position tells how far the log once went at least, and what must still be there. */
static void position_check(struct spool *spool)
{
	uint64_t first = first_index(spool);

	if (spool->acked >= spool->next) {
		spool->damaged += spool->acked + 1 - spool->next;
		spool->next = spool->acked + 1;
	} else if (spool->acked + 1 < first) {
		spool->damaged += first - 1 - spool->acked;
		spool->acked = first - 1;
	}
	spool->saved_acked = spool->acked;
	spool->saved_epoch = spool->epoch;
}

/* A killed process may have written here and not synced: what is offered from now on must last. */
static enum err last_sync(struct spool *spool)
{
	enum err err;
	int file;

	if (spool->n_segments == 0)
		return ERR_NONE;
	err = segment_open(spool, segment_last(spool)->serial, false, &file);
	if (err)
		return err;
	err = spool->disk.sync(spool->disk.ctx, file);
	spool->disk.close(spool->disk.ctx, file);
	return err;
}

static enum err spool_recover(struct spool *spool)
{
	struct found found = {spool, ERR_NONE};
	bool clean = true;
	enum err err;

	err = spool->disk.list(spool->disk.ctx, name_found, &found);
	if (!err)
		err = found.err;
	for (size_t i = 0; !err && i < spool->n_segments; i++)
		err = segment_recover(spool, &spool->segments[i], &clean);
	if (err)
		return err;
	position_check(spool);
	err = bodies_check(spool);
	if (!err)
		err = last_sync(spool);
	return err ? err : active_reopen(spool, clean);
}

enum err spool_open(struct spool **out, const struct disk *disk,
                    const struct spool_options *options)
{
	struct spool *spool = calloc(1, sizeof *spool);
	enum err err;

	if (!spool)
		return ERR_NOMEM;
	spool->disk = *disk;
	spool->options = *options;
	spool->next = 1;
	spool->active = -1;
	spool->read_file = -1;
	err = spool_recover(spool);
	if (err) {
		spool_close(spool);
		return err;
	}
	*out = spool;
	return ERR_NONE;
}

static void reader_close(struct spool *spool)
{
	if (spool->read_file >= 0)
		spool->disk.close(spool->disk.ctx, spool->read_file);
	spool->read_file = -1;
}

static void active_close(struct spool *spool)
{
	if (spool->active >= 0)
		spool->disk.close(spool->disk.ctx, spool->active);
	spool->active = -1;
}

void spool_close(struct spool *spool)
{
	reader_close(spool);
	active_close(spool);
	free(spool->segments);
	free(spool);
}

/* --- writing --- */

/* Only what the log itself says is acknowledged: without that, the next start would count it as
 * lost. */
static bool oldest_removable(const struct spool *spool)
{
	return spool->n_segments > 1 && spool->segments[0].last <= spool->saved_acked;
}

static enum err oldest_remove(struct spool *spool)
{
	struct segment oldest = spool->segments[0];
	char name[DISK_NAME_SIZE];
	enum err err;

	assert(oldest_removable(spool));
	if (spool->read_file >= 0 && spool->read_serial == oldest.serial)
		reader_close(spool);
	segment_name(oldest.serial, name);
	err = spool->disk.remove(spool->disk.ctx, name);
	if (err && err != ERR_NOT_FOUND)
		return err;
	spool->bytes -= oldest.size;
	spool->n_segments--;
	memmove(&spool->segments[0], &spool->segments[1],
	        spool->n_segments * sizeof *spool->segments);
	return ERR_NONE;
}

static enum err head_write(struct spool *spool, int file)
{
	uint8_t head[SEGMENT_HEAD_SIZE];
	enum err err;

	segment_head_encode(head, spool->next, 0);
	err = spool->disk.write(spool->disk.ctx, file, 0, head, sizeof head);
	if (!err)
		err = spool->disk.sync(spool->disk.ctx, file);
	if (!err)
		err = spool->disk.sync_names(spool->disk.ctx);
	return err;
}

static enum err segment_begin(struct spool *spool)
{
	uint32_t serial = spool->n_segments ? segment_last(spool)->serial + 1 : 1;
	char name[DISK_NAME_SIZE];
	enum err err;
	int file;

	err = spool_sync(spool);
	if (err)
		return err;
	active_close(spool);
	err = segment_open(spool, serial, true, &file);
	if (err)
		return err;
	err = head_write(spool, file);
	if (!err)
		err = segment_insert(spool, serial);
	if (err) {
		spool->disk.close(spool->disk.ctx, file);
		segment_name(serial, name);
		/* An empty file would only be counted as damage at the next start. */
		if (spool->disk.remove(spool->disk.ctx, name))
			return ERR_IO;
		return err;
	}
	segment_last(spool)->size = SEGMENT_HEAD_SIZE;
	spool->bytes += SEGMENT_HEAD_SIZE;
	spool->active = file;
	return ERR_NONE;
}

/* Head and body to the end of the active file; on an error nothing of it stays in the way. */
static enum err record_write(struct spool *spool, const struct record *record, const uint8_t *body)
{
	uint8_t head[RECORD_HEAD_SIZE];
	struct segment *last;
	enum err err;

	if (spool->active < 0 || segment_last(spool)->size >= spool->options.segment_bytes) {
		err = segment_begin(spool);
		if (err)
			return err;
	}
	last = segment_last(spool);
	record_head_encode(head, record);
	err = spool->disk.write(spool->disk.ctx, spool->active, last->size, head, sizeof head);
	if (!err && record->len)
		err = spool->disk.write(spool->disk.ctx, spool->active,
		                        last->size + RECORD_HEAD_SIZE, body, record->len);
	if (err) {
		if (spool->disk.truncate(spool->disk.ctx, spool->active, last->size))
			active_close(spool);
		return err;
	}
	last->size += RECORD_HEAD_SIZE + record->len;
	spool->bytes += RECORD_HEAD_SIZE + record->len;
	spool->unsynced = true;
	return ERR_NONE;
}

/* Acknowledged batches are kept only while space allows. */
static enum err record_append(struct spool *spool, const struct record *record, const uint8_t *body)
{
	enum err err = record_write(spool, record, body);

	while (err == ERR_DISK_FULL && oldest_removable(spool)) {
		err = oldest_remove(spool);
		if (!err)
			err = record_write(spool, record, body);
	}
	return err;
}

static enum err room_make(struct spool *spool, uint32_t len, bool reserved)
{
	int64_t most = spool->options.most_bytes - (reserved ? 0 : spool->options.reserve_bytes);

	while (spool->bytes + RECORD_HEAD_SIZE + len > most) {
		enum err err;

		if (!oldest_removable(spool))
			return ERR_FULL;
		err = oldest_remove(spool);
		if (err)
			return err;
	}
	return ERR_NONE;
}

enum err spool_append(struct spool *spool, struct spool_entry *entry, const uint8_t *body,
                      bool reserved)
{
	struct record record = {.kind = RECORD_BATCH,
	                        .len = entry->len,
	                        .index = spool->next,
	                        .boot = entry->boot,
	                        .seq = entry->seq,
	                        .time_s = entry->time_s};
	enum err err;

	assert(entry->len <= RECORD_BODY_MAX);
	record.body_crc = crc32_ieee(0, body, entry->len);
	err = room_make(spool, entry->len, reserved);
	if (!err)
		err = record_append(spool, &record, body);
	if (err)
		return err;
	entry->index = spool->next++;
	batch_note(segment_last(spool), entry->index, entry->time_s);
	return ERR_NONE;
}

enum err spool_sync(struct spool *spool)
{
	enum err err;

	if (!spool->unsynced)
		return ERR_NONE;
	assert(spool->active >= 0);
	/* Whatever the reason: what the disk holds is unknown now. */
	err = spool->disk.sync(spool->disk.ctx, spool->active);
	if (err)
		return ERR_IO;
	spool->unsynced = false;
	return ERR_NONE;
}

bool spool_synced(const struct spool *spool)
{
	return !spool->unsynced;
}

/* --- reading --- */

static size_t segment_find(const struct spool *spool, uint64_t index)
{
	size_t i = 0;

	while (i < spool->n_segments && spool->segments[i].last < index)
		i++;
	return i;
}

/* Opens the reader at the segment, where it stands already if that is before `index`. */
static enum err reader_seek(struct spool *spool, const struct segment *segment, uint64_t index,
                            struct segment_walk *walk)
{
	enum err err;

	if (spool->read_file < 0 || spool->read_serial != segment->serial) {
		reader_close(spool);
		err = segment_open(spool, segment->serial, false, &spool->read_file);
		if (err)
			return err;
		spool->read_serial = segment->serial;
		spool->read_offset = 0;
	} else if (spool->read_index >= index) {
		spool->read_offset = 0;
	}
	return segment_walk_start(walk, &spool->disk, spool->read_file, spool->read_offset);
}

static enum err batch_walk(struct segment_walk *walk, uint64_t index, struct record *record)
{
	enum err err;

	do {
		err = segment_walk_next(walk, record);
	} while (!err && (record->kind != RECORD_BATCH || record->index < index));
	return err;
}

static bool body_checked(const struct spool *spool, uint64_t index)
{
	return index >= spool->checked_from && index < spool->checked_to;
}

static enum err batch_find(struct spool *spool, uint64_t index, struct segment_walk *walk,
                           struct record *record)
{
	enum err err = ERR_NOT_FOUND;

	for (size_t i = segment_find(spool, index); i < spool->n_segments; i++) {
		err = reader_seek(spool, &spool->segments[i], index, walk);
		if (!err)
			err = batch_walk(walk, index, record);
		if (err != ERR_NOT_FOUND)
			break;
	}
	return err;
}

enum err spool_read(struct spool *spool, uint64_t index, struct spool_entry *entry, uint8_t *body,
                    size_t size)
{
	struct segment_walk walk;
	struct record record;
	enum err err;

	err = batch_find(spool, index, &walk, &record);
	if (err)
		return err;
	*entry = (struct spool_entry){record.index, record.boot, record.seq, record.time_s,
	                              record.len};
	err = segment_body_read(&walk, &record, body, size);
	if (err == ERR_DAMAGED && !body_checked(spool, record.index))
		spool->damaged++;
	spool->read_index = record.index;
	spool->read_offset = walk.offset;
	return err;
}

/* --- acknowledgement --- */

void spool_ack(struct spool *spool, uint64_t index, uint64_t epoch)
{
	assert(index < spool->next);
	if (index > spool->acked)
		spool->acked = index;
	spool->epoch = epoch;
}

void spool_stored(struct spool *spool, uint64_t boot, uint64_t seq)
{
	spool->stored_boot = boot;
	spool->stored_seq = seq;
}

void spool_rewind(struct spool *spool, uint64_t epoch)
{
	spool->stored_boot = spool->stored_seq = 0;
	spool->acked = first_index(spool) - 1;
	spool->epoch = epoch;
}

enum err spool_refuse(struct spool *spool, uint64_t index, uint32_t reason)
{
	struct record record = {.kind = RECORD_REFUSED, .index = index, .seq = reason};
	enum err err;

	err = record_append(spool, &record, NULL);
	if (!err)
		segment_last(spool)->refused++;
	return err;
}

/* An index of 0 is no valid record, so the position is written one higher. */
static enum err position_save(struct spool *spool)
{
	struct record record = {.kind = RECORD_ACK,
	                        .len = POSITION_SIZE,
	                        .index = spool->acked + 1,
	                        .boot = spool->epoch};
	uint8_t body[POSITION_SIZE];
	enum err err;

	if (spool->acked == spool->saved_acked && spool->epoch == spool->saved_epoch)
		return ERR_NONE;
	put_le64(body, spool->stored_boot);
	put_le64(body + 8, spool->stored_seq);
	record.body_crc = crc32_ieee(0, body, sizeof body);
	err = record_append(spool, &record, body);
	if (err)
		return err;
	spool->saved_acked = spool->acked;
	spool->saved_epoch = spool->epoch;
	return ERR_NONE;
}

enum err spool_save(struct spool *spool, int64_t now_s)
{
	enum err err;

	err = position_save(spool);
	if (!err && now_s && oldest_removable(spool) &&
	    spool->segments[0].newest_s < now_s - spool->options.keep_s)
		err = oldest_remove(spool);
	return err;
}

/* --- figures --- */

static int64_t oldest_time(struct spool *spool)
{
	struct segment_walk walk;
	struct record record;

	if (spool->acked + 1 >= spool->next)
		return 0;
	if (spool->oldest_index != spool->acked + 1 &&
	    !batch_find(spool, spool->acked + 1, &walk, &record)) {
		spool->oldest_index = spool->acked + 1;
		spool->oldest_s = record.time_s;
		spool->read_index = record.index;
		spool->read_offset = walk.offset;
	}
	return spool->oldest_s;
}

uint64_t spool_next(const struct spool *spool)
{
	return spool->next;
}

void spool_stats(struct spool *spool, struct spool_stats *stats)
{
	*stats = (struct spool_stats){.first = first_index(spool),
	                              .next = spool->next,
	                              .acked = spool->acked,
	                              .epoch = spool->epoch,
	                              .stored_boot = spool->stored_boot,
	                              .stored_seq = spool->stored_seq,
	                              .queued = spool->next - 1 - spool->acked,
	                              .oldest_s = oldest_time(spool),
	                              .bytes = spool->bytes,
	                              .damaged = spool->damaged};
	for (size_t i = 0; i < spool->n_segments; i++)
		stats->refused += spool->segments[i].refused;
}

size_t spool_runs(const struct spool *spool, struct spool_run runs[SPOOL_RUNS])
{
	memcpy(runs, spool->runs, spool->n_runs * sizeof runs[0]);
	return spool->n_runs;
}
