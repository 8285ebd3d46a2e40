#include "platform/store/day.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/time.h"
#include "platform/store/folder.h"
#include "platform/store/log.h"
#include "platform/store/migrations.h"
#include "platform/store/store.h"
#include "platform/store/tidy.h"

#define OPEN_FILES 6    /* kept open by a reader */
#define FILES_MAX  4096 /* ten years and some */

uint64_t batch_hash(const uint8_t key[16], const void *body, size_t len)
{
	uint8_t hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, body, len, key);
	return get_le64(hash);
}

void day_file_name(char name[DAY_NAME_SIZE], int64_t file)
{
	struct civil date;
	int n;

	date_from_days(file / DAY_PARTS, &date);
	n = snprintf(name, DAY_NAME_SIZE, "readings-%04d%02d%02d", (int)date.year, date.month,
	             date.day);
	if (file % DAY_PARTS)
		n += snprintf(name + n, DAY_NAME_SIZE - (size_t)n, "-%d", (int)(file % DAY_PARTS));
	snprintf(name + n, DAY_NAME_SIZE - (size_t)n, ".db");
}

static void file_path(char path[STORE_PATH_SIZE], const char *dir, int64_t file)
{
	char name[DAY_NAME_SIZE];

	day_file_name(name, file);
	store_path(path, dir, name);
}

int64_t day_file_of_name(const char *name)
{
	int year, month, day, part = 0, end = 0;

	if (sscanf(name, "readings-%4d%2d%2d.db%n", &year, &month, &day, &end) != 3 || !end) {
		end = 0;
		if (sscanf(name, "readings-%4d%2d%2d-%1d.db%n", &year, &month, &day, &part, &end) !=
		    4)
			return -1;
	}
	if (!end || name[end] || year < 1970 || month < 1 || month > 12 || day < 1 || day > 31)
		return -1;
	return days_from_date(year, (unsigned)month, (unsigned)day) * DAY_PARTS + part;
}

/* ---- writer ---- */

struct days {
	char dir[STORE_PATH_SIZE];
	struct db *db;
	int64_t file; /* of db; 0 before the first append */
	int64_t rowid;
	bool appended; /* since the last commit; SQLite may have undone it by itself */
	bool keep_log;
	struct tidy *tidy; /* NULL: none */
	int64_t spoilt;    /* damage was found in this file: go on with the next part of its day */
};

enum err days_open(struct days **out, const char *dir)
{
	struct days *days = calloc(1, sizeof *days);

	*out = days;
	if (!days)
		return ERR_NOMEM;
	snprintf(days->dir, sizeof days->dir, "%s", dir);
	return ERR_NONE;
}

void days_close(struct days *days)
{
	if (!days)
		return;
	days_rollback(days);
	db_close(days->db);
	free(days);
}

void days_keep_log(struct days *days)
{
	days->keep_log = true;
}

void days_tidy_by(struct days *days, struct tidy *tidy)
{
	days->tidy = tidy;
}

static enum err newest_rowid(struct db *db, int64_t *rowid)
{
	struct stmt *st = db_query(db, "SELECT coalesce(max(rowid), 0) FROM batch");
	bool row = stmt_row(st);

	*rowid = row ? col_i64(st) : 0;
	return stmt_end_one(st, row);
}

static enum err open_part(struct days *days, int64_t file)
{
	char path[STORE_PATH_SIZE];
	struct db *db;
	enum err err;

	file_path(path, days->dir, file);
	err = db_open(&db, path, DB_WRITE);
	if (err)
		return err;
	err = migrate(db, day_migrations);
	if (!err && days->keep_log)
		err = db_keep_log(db);
	if (!err)
		err = newest_rowid(db, &days->rowid);
	if (err) {
		db_close(db);
		return err;
	}
	if (days->tidy)
		tidy_take(days->tidy, db);
	days->db = db;
	days->file = file;
	return ERR_NONE;
}

/* Today's newest part, or the one after it when that one is damaged. */
static enum err open_today(struct days *days, int64_t file)
{
	char path[STORE_PATH_SIZE];
	int64_t newest = file, first = file;
	enum err err = ERR_DAMAGED;

	for (int64_t part = file; part < first + DAY_PARTS; part++) {
		file_path(path, days->dir, part);
		if (folder_file_size(path) >= 0)
			newest = part;
	}
	if (days->spoilt == newest)
		newest++;
	for (; newest < first + DAY_PARTS && err == ERR_DAMAGED; newest++) {
		err = open_part(days, newest);
		if (err == ERR_DAMAGED)
			log_error("store: day file %lld is damaged, its next part is begun",
			          (long long)newest);
	}
	return err;
}

static enum err be_today(struct days *days, int64_t now_ms)
{
	int64_t file = file_of_ms(now_ms);
	bool same_day = days->db && days->file / DAY_PARTS == file / DAY_PARTS;

	if (same_day && days->file != days->spoilt)
		return ERR_NONE;
	/* A group that began yesterday ends in yesterday's file. */
	if (days->db && db_in_transaction(days->db))
		return ERR_NONE;
	db_close(days->db);
	days->db = NULL;
	return open_today(days, file);
}

static enum err insert(struct days *days, const struct batch_row *row)
{
	struct stmt *st = db_query(
	        days->db, "INSERT INTO batch(property_id, gateway_id, boot, seq, t_min, t_max,"
	                  " stored_ms, hash, body) VALUES(?,?,?,?,?,?,?,?,?)");

	bind_i64(st, row->property_id);
	bind_i64(st, row->gateway_id);
	bind_i64(st, (int64_t)row->boot);
	bind_i64(st, (int64_t)row->seq);
	bind_i64(st, row->t_min);
	bind_i64(st, row->t_max);
	bind_i64(st, row->stored_ms);
	bind_i64(st, (int64_t)row->hash);
	bind_blob(st, row->body, row->body_len);
	return stmt_run(st);
}

enum err days_append(struct days *days, const struct batch_row *row, int64_t now_ms)
{
	enum err err = be_today(days, now_ms);

	if (!err && !db_in_transaction(days->db))
		err = db_exec(days->db, "BEGIN IMMEDIATE");
	if (!err) {
		days->appended = true;
		err = insert(days, row);
	}
	if (!err)
		days->rowid++;
	if (err == ERR_DAMAGED)
		days->spoilt = days->file;
	return err;
}

enum err days_pass_by(struct days *days, int64_t file)
{
	if (days->db && days->file != file)
		return ERR_NONE;
	days->spoilt = file;
	return days_dirty(days) ? ERR_BUSY : ERR_NONE;
}

bool days_dirty(const struct days *days)
{
	return days->db && db_in_transaction(days->db);
}

enum err days_commit(struct days *days)
{
	enum err err;

	if (!days_dirty(days))
		return ERR_NONE;
	err = db_exec(days->db, "COMMIT");
	if (!err)
		days->appended = false;
	if (err == ERR_DAMAGED)
		days->spoilt = days->file;
	return err;
}

void days_rollback(struct days *days)
{
	bool open = days_dirty(days);

	if (!days->db || (!open && !days->appended))
		return;
	days->appended = false;
	/* After a failed ROLLBACK the connection is of no use: the next append opens a new one,
	 * which recovers from the log. */
	if ((open && db_exec(days->db, "ROLLBACK")) || newest_rowid(days->db, &days->rowid)) {
		db_close(days->db);
		days->db = NULL;
	}
}

void days_newest(const struct days *days, int64_t *file, int64_t *rowid)
{
	*file = days->file;
	*rowid = days->rowid;
}

/* ---- readers ---- */

struct open_file {
	struct db *db;
	int64_t file;
	uint64_t used; /* the larger, the later */
};

struct day_reader {
	char dir[STORE_PATH_SIZE];
	uint8_t hash_key[16];
	struct open_file open[OPEN_FILES];
	uint64_t uses;
};

enum err day_reader_open(struct day_reader **out, const char *dir, const uint8_t hash_key[16])
{
	struct day_reader *reader = calloc(1, sizeof *reader);

	*out = reader;
	if (!reader)
		return ERR_NOMEM;
	snprintf(reader->dir, sizeof reader->dir, "%s", dir);
	memcpy(reader->hash_key, hash_key, sizeof reader->hash_key);
	return ERR_NONE;
}

void day_reader_close(struct day_reader *reader)
{
	if (!reader)
		return;
	for (int i = 0; i < OPEN_FILES; i++)
		db_close(reader->open[i].db);
	free(reader);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

struct day_list {
	int64_t *files;
	size_t max, n;
};

static void list_one(void *arg, const char *name)
{
	struct day_list *list = arg;
	int64_t file = day_file_of_name(name);

	if (file < 0)
		return;
	if (list->n < list->max)
		list->files[list->n] = file;
	list->n++;
}

size_t day_reader_list(struct day_reader *reader, int64_t *files, size_t max)
{
	struct day_list list = {.files = files, .max = max};

	/* Without a folder there is no file. */
	(void)!folder_list(reader->dir, list_one, &list);
	qsort(files, list.n < max ? list.n : max, sizeof *files, by_number);
	return list.n;
}

/* A connection to the file, from those kept open or instead of the one unused for longest. */
static enum err file_db(struct day_reader *reader, int64_t file, struct db **db)
{
	struct open_file *oldest = &reader->open[0];
	char path[STORE_PATH_SIZE];
	enum err err;

	for (int i = 0; i < OPEN_FILES; i++) {
		struct open_file *f = &reader->open[i];

		if (f->db && f->file == file) {
			f->used = ++reader->uses;
			*db = f->db;
			return ERR_NONE;
		}
		if (f->used < oldest->used)
			oldest = f;
	}
	db_close(oldest->db);
	oldest->db = NULL;
	oldest->used = 0;
	file_path(path, reader->dir, file);
	err = db_open(&oldest->db, path, DB_READ);
	if (err)
		return err;
	oldest->file = file;
	oldest->used = ++reader->uses;
	*db = oldest->db;
	return ERR_NONE;
}

#define BATCH_SELECT                                                                               \
	"SELECT rowid, property_id, gateway_id, boot, seq, t_min, t_max, stored_ms, hash, body"    \
	" FROM batch "

static void batch_read(struct stmt *st, int64_t file, struct batch_row *row)
{
	row->file = file;
	row->rowid = col_i64(st);
	row->property_id = col_i64(st);
	row->gateway_id = col_i64(st);
	row->boot = (uint64_t)col_i64(st);
	row->seq = (uint64_t)col_i64(st);
	row->t_min = col_i64(st);
	row->t_max = col_i64(st);
	row->stored_ms = col_i64(st);
	row->hash = (uint64_t)col_i64(st);
	row->body = col_blob(st, &row->body_len);
}

/* All rows of `st` to `each`, without the damaged ones. A file that stops being readable in the
 * middle gives what came before and one count. */
static enum err batch_each(struct day_reader *reader, struct stmt *st, int64_t file, batch_fn each,
                           void *arg, bool *go_on, uint64_t *damaged)
{
	struct batch_row row;
	enum err err;

	while (*go_on && stmt_row(st)) {
		batch_read(st, file, &row);
		if (!row.body || batch_hash(reader->hash_key, row.body, row.body_len) != row.hash)
			++*damaged;
		else
			*go_on = each(arg, &row);
	}
	err = stmt_end(st);
	if (err == ERR_DAMAGED || err == ERR_IO) {
		++*damaged;
		return ERR_NONE;
	}
	return err;
}

/* An unreadable file is counted and passed over; ERR_NOT_FOUND then. */
static enum err readable(struct day_reader *reader, int64_t file, struct db **db, uint64_t *damaged)
{
	enum err err = file_db(reader, file, db);
	int id;

	if (!err)
		err = migration_found(*db, &id);
	/* The writer makes file and table in two moves: between them there is nothing to read. */
	if (!err && id == 0)
		return ERR_NOT_FOUND;
	if (err == ERR_DAMAGED || err == ERR_IO) {
		++*damaged;
		return ERR_NOT_FOUND;
	}
	return err;
}

enum err day_reader_range(struct day_reader *reader, int64_t property_id, int64_t gateway_id,
                          int64_t from_s, int64_t to_s, batch_fn each, void *arg, uint64_t *damaged)
{
	static const char sql[] = BATCH_SELECT
	        "WHERE property_id=? AND gateway_id=? AND t_max>=? AND t_min<? ORDER BY t_max";
	int64_t files[FILES_MAX];
	size_t n = day_reader_list(reader, files, FILES_MAX);
	bool go_on = true;

	for (size_t i = 0; i < n && i < FILES_MAX && go_on; i++) {
		struct stmt *st;
		struct db *db;
		enum err err;

		/* A reading may be dated a little after its arrival: hence the day before. */
		if (files[i] / DAY_PARTS < from_s / 86400 - 1)
			continue;
		err = readable(reader, files[i], &db, damaged);
		if (err == ERR_NOT_FOUND)
			continue;
		if (err)
			return err;
		st = db_query(db, sql);
		bind_i64(st, property_id);
		bind_i64(st, gateway_id);
		bind_i64(st, from_s);
		bind_i64(st, to_s);
		err = batch_each(reader, st, files[i], each, arg, &go_on, damaged);
		if (err)
			return err;
	}
	return ERR_NONE;
}

enum err day_reader_extent(struct day_reader *reader, int64_t file, int64_t property_id,
                           int64_t gateway_id, int64_t from_s, struct day_extent *extent)
{
	struct stmt *st;
	struct db *db;
	uint64_t damaged = 0; /* counted by the windows that are read */
	enum err err;

	*extent = (struct day_extent){.t_min = INT64_MAX, .t_max = INT64_MIN};
	err = readable(reader, file, &db, &damaged);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	st = db_query(db, "SELECT t_min, t_max FROM batch"
	                  " WHERE property_id=? AND gateway_id=? AND t_max>=?");
	bind_i64(st, property_id);
	bind_i64(st, gateway_id);
	bind_i64(st, from_s);
	while (stmt_row(st)) {
		int64_t t_min = col_i64(st), t_max = col_i64(st);

		if (t_min < extent->t_min)
			extent->t_min = t_min;
		if (t_max > extent->t_max)
			extent->t_max = t_max;
		if (t_max - t_min > extent->longest_s)
			extent->longest_s = t_max - t_min;
	}
	err = stmt_end(st);
	return err == ERR_DAMAGED || err == ERR_IO ? ERR_NONE : err;
}

enum err day_reader_window(struct day_reader *reader, int64_t file, int64_t property_id,
                           int64_t gateway_id, int64_t from_s, int64_t to_s, int64_t longest_s,
                           batch_fn each, void *arg, uint64_t *damaged)
{
	struct stmt *st;
	struct db *db;
	bool go_on = true;
	enum err err;

	err = readable(reader, file, &db, damaged);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	st = db_query(db, BATCH_SELECT "WHERE property_id=? AND gateway_id=? AND t_max>=?"
	                               " AND t_max<? AND t_min<? ORDER BY t_max");
	bind_i64(st, property_id);
	bind_i64(st, gateway_id);
	bind_i64(st, from_s);
	bind_i64(st, to_s + longest_s);
	bind_i64(st, to_s);
	return batch_each(reader, st, file, each, arg, &go_on, damaged);
}

enum err day_reader_walk(struct day_reader *reader, int64_t file, int64_t after_rowid,
                         batch_fn each, void *arg, uint64_t *damaged)
{
	struct stmt *st;
	struct db *db;
	bool go_on = true;
	enum err err;

	err = readable(reader, file, &db, damaged);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	st = db_query(db, BATCH_SELECT "WHERE rowid>? ORDER BY rowid");
	bind_i64(st, after_rowid);
	return batch_each(reader, st, file, each, arg, &go_on, damaged);
}

enum err day_reader_keys(struct day_reader *reader, int64_t file, batch_fn each, void *arg,
                         uint64_t *damaged)
{
	struct batch_row row = {.file = file};
	struct stmt *st;
	struct db *db;
	enum err err;

	err = readable(reader, file, &db, damaged);
	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	st = db_query(db, "SELECT property_id, gateway_id, boot, seq FROM batch"
	                  " ORDER BY property_id, gateway_id, t_max, boot, seq");
	while (stmt_row(st)) {
		row.property_id = col_i64(st);
		row.gateway_id = col_i64(st);
		row.boot = (uint64_t)col_i64(st);
		row.seq = (uint64_t)col_i64(st);
		if (!each(arg, &row))
			break;
	}
	err = stmt_end(st);
	if (err == ERR_DAMAGED || err == ERR_IO) {
		++*damaged;
		return ERR_NONE;
	}
	return err;
}

enum err day_reader_find(struct day_reader *reader, int64_t file, int64_t property_id,
                         int64_t gateway_id, uint64_t boot, uint64_t seq, uint64_t *hash)
{
	struct stmt *st;
	struct db *db;
	bool row, sound = false;
	const void *body;
	size_t len;
	enum err err;

	err = file_db(reader, file, &db);
	if (err)
		return err;
	st = db_query(db, "SELECT hash, body FROM batch WHERE property_id=? AND gateway_id=?"
	                  " AND boot=? AND seq=?");
	bind_i64(st, property_id);
	bind_i64(st, gateway_id);
	bind_i64(st, (int64_t)boot);
	bind_i64(st, (int64_t)seq);
	row = stmt_row(st);
	if (row) {
		*hash = (uint64_t)col_i64(st);
		body = col_blob(st, &len);
		sound = body && batch_hash(reader->hash_key, body, len) == *hash;
	}
	err = stmt_end_one(st, row);
	return err ? err : sound ? ERR_NONE : ERR_DAMAGED;
}

enum err day_reader_end(struct day_reader *reader, int64_t file, struct day_end *end)
{
	struct stmt *st;
	struct db *db;
	enum err err;
	int id;

	memset(end, 0, sizeof *end);
	err = file_db(reader, file, &db);
	if (!err)
		err = migration_found(db, &id);
	if (err || id == 0)
		return err;
	st = db_query(db, "SELECT rowid, hash FROM batch ORDER BY rowid DESC LIMIT 1");
	if (stmt_row(st)) {
		end->rowid = col_i64(st);
		end->hash = (uint64_t)col_i64(st);
	}
	return stmt_end(st);
}

enum err day_reader_copy(struct day_reader *reader, int64_t file, const char *path)
{
	struct db *db;
	enum err err = file_db(reader, file, &db);

	return err ? err : db_copy(db, path);
}

/* ---- cursors ---- */

enum err day_file_put(struct db *db, const struct day_file_row *row)
{
	struct stmt *st = db_query(
	        db, "INSERT INTO day_file(file, applied, created_s, lost_s, ranges_to)"
	            " VALUES(?,?,?,?,?) ON CONFLICT(file) DO UPDATE SET applied=excluded.applied,"
	            " lost_s=excluded.lost_s, ranges_to=excluded.ranges_to");

	bind_i64(st, row->file);
	bind_i64(st, row->applied);
	bind_i64(st, row->created_s);
	bind_i64(st, row->lost_s);
	bind_i64(st, row->ranges_to);
	return stmt_run(st);
}

enum err day_file_list(struct db *db, void (*each)(void *arg, const struct day_file_row *),
                       void *arg)
{
	struct stmt *st = db_query(db, "SELECT file, applied, created_s, lost_s, ranges_to"
	                               " FROM day_file ORDER BY file");
	struct day_file_row row;

	while (stmt_row(st)) {
		row.file = col_i64(st);
		row.applied = col_i64(st);
		row.created_s = col_i64(st);
		row.lost_s = col_i64(st);
		row.ranges_to = col_i64(st);
		each(arg, &row);
	}
	return stmt_end(st);
}

enum err day_range_put(struct db *db, const struct day_range *range)
{
	struct stmt *st = db_query(db, "INSERT INTO day_file_range(file, gateway_id, boot,"
	                               " first_seq, last_seq) VALUES(?,?,?,?,?)");

	bind_i64(st, range->file);
	bind_i64(st, range->gateway_id);
	bind_i64(st, (int64_t)range->boot);
	bind_i64(st, (int64_t)range->first);
	bind_i64(st, (int64_t)range->last);
	return stmt_run(st);
}

enum err day_range_forget(struct db *db, int64_t file)
{
	struct stmt *st = db_query(db, "DELETE FROM day_file_range WHERE file=?");

	bind_i64(st, file);
	return stmt_run(st);
}

enum err day_range_list(struct db *db, void (*each)(void *arg, const struct day_range *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT file, gateway_id, boot, first_seq, last_seq"
	                               " FROM day_file_range ORDER BY file DESC, gateway_id, boot,"
	                               " first_seq");
	struct day_range range;

	while (stmt_row(st)) {
		range.file = col_i64(st);
		range.gateway_id = col_i64(st);
		range.boot = (uint64_t)col_i64(st);
		range.first = (uint64_t)col_i64(st);
		range.last = (uint64_t)col_i64(st);
		each(arg, &range);
	}
	return stmt_end(st);
}
