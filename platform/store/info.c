#include "platform/store/info.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"

static enum err info_put(struct db *db, const char *name, const char *value)
{
	struct stmt *st = db_query(db, "INSERT INTO store_info(name, value) VALUES(?,?)"
	                               " ON CONFLICT(name) DO UPDATE SET value=excluded.value");

	bind_text(st, name);
	bind_text(st, value);
	return stmt_run(st);
}

static enum err info_get(struct db *db, const char *name, char *value, size_t size)
{
	struct stmt *st = db_query(db, "SELECT value FROM store_info WHERE name=?");
	bool row;

	bind_text(st, name);
	row = stmt_row(st);
	if (row)
		col_text_to(st, value, size);
	return stmt_end_one(st, row);
}

/* Kept as hex text: an unsigned 64-bit number fits no SQL type. */
enum err info_epoch(struct db *db, uint64_t *epoch)
{
	uint8_t bytes[8];
	char text[64];
	enum err err = info_get(db, "epoch", text, sizeof text);

	if (!err)
		err = hex_decode(text, bytes, sizeof bytes);
	*epoch = err ? 0 : get_be64(bytes);
	return err;
}

enum err info_epoch_set(struct db *db, uint64_t epoch)
{
	char text[17];

	snprintf(text, sizeof text, "%016" PRIx64, epoch);
	return info_put(db, "epoch", text);
}

enum err info_number(struct db *db, const char *name, int64_t *number)
{
	char text[32];
	enum err err = info_get(db, name, text, sizeof text);

	*number = err ? 0 : strtoll(text, NULL, 10);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err info_number_set(struct db *db, const char *name, int64_t number)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRId64, number);
	return info_put(db, name, text);
}

enum err info_saved_ms(struct db *db, int64_t *saved_ms)
{
	return info_number(db, "saved_ms", saved_ms);
}

enum err info_saved_ms_set(struct db *db, int64_t saved_ms)
{
	return info_number_set(db, "saved_ms", saved_ms);
}

enum err info_hash_key(struct db *db, uint8_t key[16])
{
	char text[64];
	enum err err = info_get(db, "hash_key", text, sizeof text);

	return err ? err : hex_decode(text, key, 16);
}

enum err info_create(struct db *db, const uint8_t random24[24])
{
	char text[64];
	enum err err = info_get(db, "epoch", text, sizeof text);

	if (err != ERR_NOT_FOUND)
		return err;
	err = info_epoch_set(db, get_be64(random24));
	if (err)
		return err;
	hex_encode(random24 + 8, 16, text);
	return info_put(db, "hash_key", text);
}

enum err sequence_skip(struct db *db, const char *name, int64_t count)
{
	struct stmt *st =
	        db_query(db, "INSERT INTO sequence(name, last) VALUES(?,?)"
	                     " ON CONFLICT(name) DO UPDATE SET last=sequence.last+excluded.last");

	bind_text(st, name);
	bind_i64(st, count);
	return stmt_run(st);
}

enum err sequence_next(struct db *db, const char *name, int64_t *number)
{
	struct stmt *st = db_query(db, "INSERT INTO sequence(name, last) VALUES(?,1)"
	                               " ON CONFLICT(name) DO UPDATE SET last=sequence.last+1"
	                               " RETURNING last");
	bool row;

	bind_text(st, name);
	row = stmt_row(st);
	*number = row ? col_i64(st) : 0;
	while (row && stmt_row(st))
		; /* SQLite writes the row when the statement has run to its end */
	return stmt_end_one(st, row);
}

enum err store_skip_numbers(struct db *db, int64_t numbers, int64_t counters)
{
	struct stmt *st = db_query(db, "UPDATE sequence SET last=last+?");
	enum err err;

	bind_i64(st, numbers);
	err = stmt_run(st);
	if (err)
		return err;
	st = db_query(db, "UPDATE terminal SET counter=counter+? WHERE counter<=?");
	bind_i64(st, counters);
	bind_i64(st, (int64_t)UINT32_MAX - counters);
	err = stmt_run(st);
	if (err)
		return err;
	st = db_query(db, "UPDATE gateway SET config_version=config_version+?");
	bind_i64(st, numbers);
	return stmt_run(st);
}
