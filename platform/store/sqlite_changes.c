#include "platform/store/changes.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "platform/store/sqlite.h"

/* Of https://www.sqlite.org/walformat.html: the index header in shared memory twice, then the log's
 * header of 32 bytes and its frames, each with 24 bytes before the page. */
#define INDEX_SIZE    48
#define INDEX_VERSION 3007000
#define WAL_HEADER    32
#define FRAME_HEADER  24
#define SALT_SIZE     8
#define SHARED_SIZE   32768
#define LOCK_BYTE     0x40000000u
#define TIDY_FRAMES   4000 /* 16 MB of log */
#define INDEX_TRIES   100

struct index {
	uint32_t frames; /* committed */
	uint32_t pages;
	uint8_t salt[SALT_SIZE];
};

struct changes {
	struct db *pin, *tidy; /* who holds the moment cannot empty the log */
	bool held;
	uint32_t page_size;
	struct index now; /* of the moment that is held */
	uint8_t salt[SALT_SIZE];
	uint32_t looked; /* frames of this log that were looked at */
	bool drained;    /* all of them are in the file: the log may have begun anew since */
	bool first;
	/* by page: the last frame of this log that holds it, 0 none; and the set */
	uint32_t *frame;
	uint8_t *set;
	uint32_t room;
	size_t count;
};

enum err changes_open(struct changes **out, const char *path)
{
	struct changes *c = calloc(1, sizeof *c);
	struct stmt *st;
	enum err err;
	bool row;

	*out = NULL;
	if (!c)
		return ERR_NOMEM;
	err = db_open(&c->pin, path, DB_READ);
	if (!err)
		err = db_open(&c->tidy, path, DB_WRITE);
	if (!err)
		err = db_keep_log(c->tidy);
	if (!err) {
		st = db_query(c->pin, "PRAGMA page_size");
		row = stmt_row(st);
		c->page_size = row ? (uint32_t)col_i64(st) : 0;
		err = stmt_end_one(st, row);
	}
	c->first = true;
	if (err) {
		changes_close(c);
		return err;
	}
	*out = c;
	return ERR_NONE;
}

void changes_close(struct changes *c)
{
	if (!c)
		return;
	changes_end(c, false);
	db_close(c->pin);
	db_close(c->tidy);
	free(c->frame);
	free(c->set);
	free(c);
}

/* ---- the set ---- */

static enum err make_room(struct changes *c, uint32_t pages)
{
	uint32_t room = c->room ? c->room : 1024;
	uint32_t *frame;
	uint8_t *set;

	if (pages < c->room)
		return ERR_NONE;
	while (room <= pages)
		room *= 2;
	frame = realloc(c->frame, room * sizeof *frame);
	if (frame)
		c->frame = frame;
	set = realloc(c->set, room / 8);
	if (set)
		c->set = set;
	if (!frame || !set)
		return ERR_NOMEM;
	memset(frame + c->room, 0, (room - c->room) * sizeof *frame);
	memset(set + c->room / 8, 0, (room - c->room) / 8);
	c->room = room;
	return ERR_NONE;
}

enum err changes_add(struct changes *c, uint32_t page)
{
	enum err err = make_room(c, page);
	uint8_t bit = (uint8_t)(1u << page % 8);

	if (err)
		return err;
	if (!(c->set[page / 8] & bit))
		c->count++;
	c->set[page / 8] |= bit;
	return ERR_NONE;
}

uint32_t changes_next(const struct changes *c, uint32_t page)
{
	uint32_t last = c->now.pages < c->room ? c->now.pages : c->room - 1;

	for (; c->room && page <= last; page++) {
		if (page % 8 == 0 && c->set[page / 8] == 0)
			page += 7;
		else if (c->set[page / 8] & 1u << page % 8)
			return page;
	}
	return 0;
}

size_t changes_count(const struct changes *c)
{
	return c->count;
}

void changes_forget(struct changes *c)
{
	if (c->set)
		memset(c->set, 0, c->room / 8);
	c->count = 0;
}

/* ---- the log ---- */

static sqlite3_file *file_of(const struct changes *c, int which)
{
	sqlite3_file *file = NULL;

	if (sqlite3_file_control(c->pin->handle, "main", which, &file) != SQLITE_OK)
		return NULL;
	return file && file->pMethods ? file : NULL;
}

/* Writers change both copies, so two that are equal are whole. */
static enum err read_index(const struct changes *c, struct index *index)
{
	sqlite3_file *file = file_of(c, SQLITE_FCNTL_FILE_POINTER);
	volatile void *shared = NULL;
	uint8_t one[INDEX_SIZE], two[INDEX_SIZE];
	uint32_t version;

	if (!file || file->pMethods->iVersion < 2 ||
	    file->pMethods->xShmMap(file, 0, SHARED_SIZE, 0, &shared) != SQLITE_OK || !shared)
		return ERR_IO;
	for (int i = 0; i < INDEX_TRIES; i++) {
		/* volatile falls: the copies are compared */
		memcpy(one, (const void *)(uintptr_t)shared, sizeof one);
		file->pMethods->xShmBarrier(file);
		memcpy(two, (const uint8_t *)(uintptr_t)shared + INDEX_SIZE, sizeof two);
		if (memcmp(one, two, sizeof one) != 0)
			continue;
		/* in the machine's own byte order, but for the salts */
		memcpy(&version, one, 4);
		if (version != INDEX_VERSION || !one[12])
			return ERR_IO;
		memcpy(&index->frames, one + 16, 4);
		memcpy(&index->pages, one + 20, 4);
		memcpy(index->salt, one + 32, SALT_SIZE);
		return ERR_NONE;
	}
	return ERR_BUSY;
}

static sqlite3_int64 frame_at(const struct changes *c, uint32_t frame)
{
	return WAL_HEADER +
	       (sqlite3_int64)(frame - 1) * (FRAME_HEADER + (sqlite3_int64)c->page_size);
}

static enum err look_at_frame(struct changes *c, sqlite3_file *wal, uint32_t frame)
{
	uint8_t head[FRAME_HEADER];
	uint32_t page;
	enum err err;

	if (wal->pMethods->xRead(wal, head, sizeof head, frame_at(c, frame)) != SQLITE_OK)
		return ERR_IO;
	page = get_be32(head);
	if (page == 0 || memcmp(head + 8, c->now.salt, SALT_SIZE) != 0)
		return ERR_DAMAGED; /* the index says that it is committed */
	err = changes_add(c, page);
	if (!err)
		c->frame[page] = frame;
	return err;
}

/* The log began anew. Nothing was missed if all of the last one had been looked at and was in the
 * file, and this is the one after it (the first salt counts). */
static bool is_next_log(const struct changes *c)
{
	return c->drained && get_be32(c->now.salt) == get_be32(c->salt) + 1;
}

static enum err look(struct changes *c, bool *lost)
{
	sqlite3_file *wal = file_of(c, SQLITE_FCNTL_JOURNAL_POINTER);
	enum err err = ERR_NONE;

	*lost = c->first;
	if (memcmp(c->salt, c->now.salt, SALT_SIZE) != 0 || c->now.frames < c->looked) {
		*lost = *lost || !is_next_log(c);
		if (c->frame)
			memset(c->frame, 0, c->room * sizeof *c->frame);
		memcpy(c->salt, c->now.salt, SALT_SIZE);
		c->looked = 0;
	}
	if (c->looked < c->now.frames) {
		c->drained = false;
		if (!wal)
			return ERR_IO;
	}
	while (!err && c->looked < c->now.frames) {
		err = look_at_frame(c, wal, c->looked + 1);
		if (!err)
			c->looked++;
	}
	if (!err)
		c->first = false;
	return err;
}

static enum err hold(struct changes *c)
{
	struct stmt *st;
	enum err err = db_exec(c->pin, "BEGIN");

	if (err)
		return err;
	/* The first read takes the lock that keeps the log from beginning anew. */
	st = db_query(c->pin, "PRAGMA page_count");
	while (stmt_row(st))
		c->now.pages = (uint32_t)col_i64(st);
	err = stmt_end(st);
	c->held = true;
	return err;
}

enum err changes_begin(struct changes *c, bool *lost)
{
	uint32_t pages;
	enum err err;

	assert(!c->held);
	*lost = false;
	err = hold(c);
	pages = c->now.pages;
	if (!err)
		err = read_index(c, &c->now);
	if (!err && c->now.pages == 0)
		c->now.pages = pages;
	if (!err)
		err = make_room(c, c->now.pages);
	if (!err)
		err = look(c, lost);
	if (err) {
		/* What was half looked at is looked at again: the set only grows. */
		c->first = true;
		changes_end(c, false);
	}
	return err;
}

/* Under the held moment only what was looked at can go into the file. */
static void empty_log(struct changes *c)
{
	int frames = 0, done = 0;
	int code = sqlite3_wal_checkpoint_v2(c->tidy->handle, "main", SQLITE_CHECKPOINT_PASSIVE,
	                                     &frames, &done);

	c->drained =
	        code == SQLITE_OK && frames == done && frames >= 0 && (uint32_t)frames == c->looked;
}

void changes_end(struct changes *c, bool tidy)
{
	if (!c->held)
		return;
	c->held = false;
	if (tidy && c->looked >= TIDY_FRAMES && !c->drained)
		empty_log(c);
	(void)!db_exec(c->pin, "COMMIT");
}

uint32_t changes_page_size(const struct changes *c)
{
	return c->page_size;
}

uint32_t changes_pages(const struct changes *c)
{
	return c->now.pages;
}

bool changes_is_lock_page(const struct changes *c, uint32_t page)
{
	return page == LOCK_BYTE / c->page_size + 1;
}

enum err changes_read(struct changes *c, uint32_t page, uint8_t *to)
{
	sqlite3_file *file;
	sqlite3_int64 at;

	assert(c->held && page >= 1 && page <= c->now.pages);
	if (page < c->room && c->frame[page]) {
		file = file_of(c, SQLITE_FCNTL_JOURNAL_POINTER);
		at = frame_at(c, c->frame[page]) + FRAME_HEADER;
	} else {
		file = file_of(c, SQLITE_FCNTL_FILE_POINTER);
		at = (sqlite3_int64)(page - 1) * c->page_size;
	}
	if (!file || file->pMethods->xRead(file, to, (int)c->page_size, at) != SQLITE_OK)
		return ERR_IO;
	return ERR_NONE;
}
