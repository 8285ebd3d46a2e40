#include "platform/replica/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "platform/replica/log_out.h"
#include "platform/store/db.h"
#include "platform/store/files.h"
#include "platform/store/log.h"
#include "platform/store/store.h"

#define FOLD_BYTES (16 << 20)
#define LOCK_BYTE  0x40000000u

struct change {
	uint32_t page;
	uint64_t hash;
};

struct follow {
	char name[64], store[STORE_PATH_SIZE], path[STORE_PATH_SIZE], log_path[STORE_PATH_SIZE];
	uint32_t page_size;
	uint8_t hash_key[16];
	/* Pages of a file that has no commit yet go to `incoming`, which gets its name with the first. */
	int incoming;
	char incoming_path[STORE_PATH_SIZE];
	bool began_anew;
	uint64_t *hash; /* by page, from 1 */
	uint32_t pages, room;
	uint64_t digest;
	struct change *change; /* of the commit under way */
	size_t change_count, change_room;
	struct log_out log;
};

const char *follow_name(const struct follow *f)
{
	return f->name;
}

bool follow_began_anew(const struct follow *f)
{
	return f->began_anew;
}

/* ---- what is there ---- */

static bool is_lock_page(const struct follow *f, uint32_t page)
{
	return page == LOCK_BYTE / f->page_size + 1;
}

static enum err make_room(struct follow *f, uint32_t pages)
{
	uint32_t room = f->room ? f->room : 256;
	uint64_t *hash;

	if (pages < f->room)
		return ERR_NONE;
	if (pages >= UINT32_MAX / 2)
		return ERR_BAD_INPUT;
	while (room <= pages)
		room *= 2;
	hash = realloc(f->hash, room * sizeof *hash);
	if (!hash)
		return ERR_NOMEM;
	memset(hash + f->room, 0, (room - f->room) * sizeof *hash);
	f->hash = hash;
	f->room = room;
	return ERR_NONE;
}

/* SQLite puts the commits of the log into the file and removes the log. */
static enum err fold(const struct follow *f)
{
	struct db *db;
	enum err err = db_open(&db, f->path, DB_WRITE);

	if (!err)
		err = db_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	db_close(db);
	return err;
}

static enum err read_page(int fd, uint8_t *to, size_t len, int64_t at)
{
	ssize_t n = pread(fd, to, len, at);

	return n == (ssize_t)len ? ERR_NONE : ERR_IO;
}

static enum err hash_file(struct follow *f, int fd)
{
	uint8_t *bytes = malloc(f->page_size);
	struct stat st;
	enum err err = bytes ? ERR_NONE : ERR_NOMEM;
	int64_t pages = 0;

	if (!err && fstat(fd, &st))
		err = err_of_errno(errno);
	if (!err) {
		pages = st.st_size / f->page_size;
		err = pages < UINT32_MAX / 2 ? make_room(f, (uint32_t)pages) : ERR_DAMAGED;
	}
	for (uint32_t page = 1; !err && page <= pages; page++) {
		if (is_lock_page(f, page))
			continue;
		err = read_page(fd, bytes, f->page_size, (int64_t)(page - 1) * f->page_size);
		if (err)
			break;
		f->hash[page] = wire_page_hash(f->hash_key, page, bytes, f->page_size);
		f->digest ^= f->hash[page];
	}
	if (!err)
		f->pages = (uint32_t)pages;
	free(bytes);
	return err;
}

/* The page size in a database's head; 0: it is none. */
static uint32_t size_in_head(int fd)
{
	uint8_t head[18];
	uint32_t size;

	if (read_page(fd, head, sizeof head, 0) || memcmp(head, "SQLite format 3", 16) != 0)
		return 0;
	size = get_be16(head + 16);
	return size == 1 ? 65536 : size;
}

static enum err use_file(struct follow *f)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC);
	enum err err;

	if (fd < 0)
		return err_of_errno(errno);
	if (size_in_head(fd) != f->page_size) {
		close(fd);
		return ERR_DAMAGED;
	}
	close(fd); /* before SQLite opens it: closing drops the locks of this process */
	err = fold(f);
	if (err)
		return err;
	fd = open(f->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_of_errno(errno);
	err = hash_file(f, fd);
	close(fd);
	return err;
}

/* A first copy that was interrupted is gone on with. */
static enum err use_incoming(struct follow *f)
{
	f->incoming = open(f->incoming_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (f->incoming < 0)
		return err_of_errno(errno);
	return hash_file(f, f->incoming);
}

static void remove_file(const struct follow *f)
{
	char path[STORE_PATH_SIZE];

	unlink(f->path);
	unlink(f->log_path);
	if (snprintf(path, sizeof path, "%s-shm", f->path) < (int)sizeof path)
		unlink(path);
}

enum err follow_open(struct follow **out, const char *store, const char *name, uint32_t page_size,
                     const uint8_t hash_key[16])
{
	struct follow *f = calloc(1, sizeof *f);
	enum err err;

	*out = NULL;
	if (!f)
		return ERR_NOMEM;
	snprintf(f->name, sizeof f->name, "%.63s", name);
	snprintf(f->store, sizeof f->store, "%s", store);
	f->page_size = page_size;
	memcpy(f->hash_key, hash_key, sizeof f->hash_key);
	f->incoming = -1;
	log_out_init(&f->log, page_size);
	store_path(f->path, store, name);
	if (snprintf(f->log_path, sizeof f->log_path, "%s-wal", f->path) >= STORE_PATH_SIZE ||
	    snprintf(f->incoming_path, sizeof f->incoming_path, "%s.incoming", f->path) >=
	            STORE_PATH_SIZE) {
		free(f);
		return ERR_TOO_LONG;
	}
	err = use_file(f);
	if (err == ERR_DAMAGED || err == ERR_IO) {
		log_error("replica: %s cannot be read here; it is begun anew", f->path);
		f->began_anew = true;
		f->pages = 0;
		f->digest = 0;
		remove_file(f);
		err = ERR_NOT_FOUND;
	}
	if (err == ERR_NOT_FOUND)
		err = use_incoming(f);
	if (err) {
		follow_close(f);
		return err;
	}
	*out = f;
	return ERR_NONE;
}

void follow_close(struct follow *f)
{
	if (!f)
		return;
	log_out_close(&f->log);
	if (f->incoming >= 0)
		close(f->incoming);
	free(f->hash);
	free(f->change);
	free(f);
}

enum err follow_say_hashes(const struct follow *f, uint8_t slot, folder_say say, void *arg)
{
	struct wire m = {.type = WIRE_HASHES_ARE, .slot = slot};
	uint8_t bytes[8 * 512];
	enum err err = ERR_NONE;

	for (uint32_t page = 1; !err && page <= f->pages;) {
		uint32_t n = 0;

		m.page = page;
		for (; n < 512 && page <= f->pages; n++, page++)
			put_le64(bytes + 8 * (size_t)n, f->hash[page]);
		m.bytes = bytes;
		m.len = 8 * (size_t)n;
		err = say(arg, &m);
	}
	m = (struct wire){.type = WIRE_HASHES_END, .slot = slot, .pages = f->pages};
	return err ? err : say(arg, &m);
}

/* ---- pages and commits ---- */

static enum err note_change(struct follow *f, uint32_t page, const uint8_t *bytes)
{
	if (f->change_count == f->change_room) {
		size_t room = f->change_room ? f->change_room * 2 : 64;
		struct change *change = realloc(f->change, room * sizeof *change);

		if (!change)
			return ERR_NOMEM;
		f->change = change;
		f->change_room = room;
	}
	f->change[f->change_count++] =
	        (struct change){page, wire_page_hash(f->hash_key, page, bytes, f->page_size)};
	return ERR_NONE;
}

static enum err write_incoming(const struct follow *f, uint32_t page, const uint8_t *bytes)
{
	ssize_t n = pwrite(f->incoming, bytes, f->page_size, (int64_t)(page - 1) * f->page_size);

	if (n == (ssize_t)f->page_size)
		return ERR_NONE;
	return n < 0 ? err_of_errno(errno) : ERR_DISK_FULL;
}

enum err follow_page(struct follow *f, uint32_t page, const uint8_t *bytes, size_t len)
{
	enum err err;

	if (len != f->page_size || page >= UINT32_MAX / 2 || is_lock_page(f, page) ||
	    (f->change_count && page <= f->change[f->change_count - 1].page))
		return ERR_BAD_INPUT;
	err = note_change(f, page, bytes);
	if (!err && f->incoming >= 0)
		err = write_incoming(f, page, bytes);
	else if (!err)
		err = log_out_page(&f->log, f->log_path, page, bytes);
	return err;
}

/* The digest as it will be, without touching the table: a commit that is refused leaves all as it
 * was. */
static uint64_t digest_after(const struct follow *f, uint32_t pages)
{
	uint64_t digest = f->digest;

	for (uint32_t page = pages + 1; page <= f->pages; page++)
		digest ^= f->hash[page];
	for (size_t i = 0; i < f->change_count; i++) {
		const struct change *c = &f->change[i];

		digest ^= c->hash;
		if (c->page <= f->pages)
			digest ^= f->hash[c->page];
	}
	return digest;
}

static enum err take_over_changes(struct follow *f, uint32_t pages)
{
	enum err err = make_room(f, pages);

	if (err)
		return err;
	for (uint32_t page = pages + 1; page <= f->pages; page++)
		f->hash[page] = 0;
	for (size_t i = 0; i < f->change_count; i++)
		f->hash[f->change[i].page] = f->change[i].hash;
	f->pages = pages;
	f->change_count = 0;
	return ERR_NONE;
}

static enum err name_incoming(struct follow *f, uint32_t pages)
{
	enum err err = ERR_NONE;

	if (ftruncate(f->incoming, (int64_t)pages * f->page_size) || fsync(f->incoming) ||
	    rename(f->incoming_path, f->path))
		err = err_of_errno(errno);
	if (!err)
		err = dir_sync(f->store);
	if (!err) {
		close(f->incoming);
		f->incoming = -1;
	}
	return err;
}

static enum err commit_log(struct follow *f, uint32_t pages)
{
	bool is_new = f->log.end_committed <= 32;
	enum err err = log_out_commit(&f->log, pages);

	if (!err && is_new)
		err = dir_sync(f->store);
	if (!err && f->log.end >= FOLD_BYTES)
		err = follow_finish(f);
	return err;
}

enum err follow_commit(struct follow *f, uint32_t pages, uint64_t digest)
{
	size_t count = f->change_count;
	enum err err;

	if (pages == 0 || pages >= UINT32_MAX / 2 || (count && f->change[count - 1].page > pages) ||
	    digest_after(f, pages) != digest)
		return ERR_BAD_INPUT;
	if (count == 0 && pages != f->pages && f->incoming < 0)
		return ERR_BAD_INPUT; /* SQLite always writes a page when the length changes */
	err = take_over_changes(f, pages);
	if (err)
		return err;
	f->digest = digest;
	if (f->incoming >= 0)
		return name_incoming(f, pages);
	return count ? commit_log(f, pages) : ERR_NONE;
}

enum err follow_finish(struct follow *f)
{
	if (f->incoming >= 0)
		return ERR_BAD_INPUT; /* never had a commit */
	if (f->log.fd < 0)
		return ERR_NONE;
	log_out_close(&f->log);
	log_out_init(&f->log, f->page_size);
	return fold(f);
}
