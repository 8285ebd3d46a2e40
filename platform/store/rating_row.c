/* Cursors: how far each meter is billed, and what is open beside it. */
#include <stdlib.h>

#include "libs/base/macros.h"
#include "platform/store/charge_pack.h"

const char *rating_fault_word(enum rating_fault fault)
{
	static const char *const words[] = {[RATING_SOUND] = "",
	                                    [RATING_BACK] = "register-back",
	                                    [RATING_JUMP] = "register-jump",
	                                    [RATING_NEGATIVE] = "register-bad",
	                                    [RATING_UNPRICED] = "no-tariff",
	                                    [RATING_OVERFLOW] = "charge-overflow"};

	return words[fault];
}

/* ---- what is open ---- */

/* Room for one more of `size` bytes. */
static bool make_room(void **items, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void *grown;

	if (count < *room)
		return true;
	grown = realloc(*items, more * size);
	if (!grown)
		return false;
	*items = grown;
	*room = more;
	return true;
}

struct charge_row *rating_open_charge(struct rating_open *open)
{
	void *charges = open->charge;

	if (!make_room(&charges, open->count, &open->room, sizeof *open->charge)) {
		open->failed = true;
		return NULL;
	}
	open->charge = charges;
	return &open->charge[open->count++];
}

struct charge_rest *rating_open_rest(struct rating_open *open, const struct charge_rest *rest)
{
	void *rests = open->rest;

	if (!make_room(&rests, open->rests, &open->rests_room, sizeof *open->rest)) {
		open->failed = true;
		return NULL;
	}
	open->rest = rests;
	open->rest[open->rests] = *rest;
	return &open->rest[open->rests++];
}

void rating_open_free(struct rating_open *open)
{
	free(open->charge);
	free(open->rest);
	*open = (struct rating_open){.count = 0};
}

/* ---- reading ---- */

#define RATING_SELECT                                                                              \
	"SELECT meter, account_id, use_from_s, service, fault, fault_s, fault_units, credit,"      \
	" version, state FROM rating "

/* All but the meter, which comes first, and what is packed. */
static void read_columns(struct stmt *st, int64_t property_id, int64_t meter,
                         struct rating_row *row)
{
	row->property_id = property_id;
	row->meter = meter;
	row->account_id = col_i64(st);
	row->use_from_s = col_i64(st);
	row->service = (enum service)col_i64(st);
	row->fault = (enum rating_fault)col_i64(st);
	row->fault_s = col_i64(st);
	row->fault_units = col_i64(st);
	row->credit = (enum credit_place)col_i64(st);
	row->version = col_i64(st);
}

static enum err read_row(struct stmt *st, int64_t property_id, struct rating_row *row,
                         struct rating_open *open)
{
	int64_t meter = col_i64(st);
	const void *packed;
	size_t len;

	read_columns(st, property_id, meter, row);
	packed = col_blob(st, &len);
	return rating_unpack(packed, len, row, open);
}

enum err rating_get_open(struct db *db, int64_t property_id, int64_t meter, struct rating_row *row,
                         struct rating_open *open)
{
	struct stmt *st = db_query(db, RATING_SELECT "WHERE property_id=? AND meter=?");
	enum err err = ERR_NONE, end;
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	found = stmt_row(st);
	if (found)
		err = read_row(st, property_id, row, open);
	end = stmt_end_one(st, found);
	return end ? end : err;
}

enum err rating_get(struct db *db, int64_t property_id, int64_t meter, struct rating_row *row)
{
	return rating_get_open(db, property_id, meter, row, NULL);
}

struct reading_many {
	int64_t property_id;
	const int64_t *meter;
	void (*each)(void *arg, size_t at, const struct rating_row *row, const uint8_t *open,
	             size_t len);
	void *arg;
	enum err err;
};

static void on_keyed(void *arg, struct stmt *st, size_t at)
{
	struct reading_many *many = arg;
	struct rating_row row;
	const uint8_t *packed;
	size_t len, rest;
	enum err err;

	read_columns(st, many->property_id, many->meter[at], &row);
	packed = col_blob(st, &len);
	err = rating_unpack_row(packed, len, &row, &rest);
	if (err)
		many->err = err;
	else
		many->each(many->arg, at, &row, packed + rest, len - rest);
}

enum err rating_read_many(struct db *db, int64_t property_id, struct keyed *meters,
                          void (*each)(void *arg, size_t at, const struct rating_row *row,
                                       const uint8_t *open, size_t len),
                          void *arg)
{
	struct reading_many many = {property_id, meters->key, each, arg, ERR_NONE};
	enum err err =
	        keyed_read(db,
	                   RATING_SELECT
	                   "WHERE property_id=? AND meter>=? AND meter<=? ORDER BY meter LIMIT ?",
	                   &property_id, 1, meters, on_keyed, &many);

	return err ? err : many.err;
}

static enum err each_rating(struct stmt *st, int64_t property_id,
                            bool (*each)(void *arg, const struct rating_row *), void *arg)
{
	struct rating_row row;
	enum err err = ERR_NONE, end;

	while (!err && stmt_row(st)) {
		err = read_row(st, property_id, &row, NULL);
		if (!err && !each(arg, &row))
			break;
	}
	end = stmt_end(st);
	return err ? err : end;
}

enum err rating_of_account(struct db *db, int64_t property_id, int64_t account_id,
                           bool (*each)(void *arg, const struct rating_row *), void *arg)
{
	struct stmt *st =
	        db_query(db, RATING_SELECT "WHERE property_id=? AND account_id=? ORDER BY meter");

	bind_i64(st, property_id);
	bind_i64(st, account_id);
	return each_rating(st, property_id, each, arg);
}

enum err rating_walk(struct db *db, int64_t property_id, int64_t after, bool faults_only,
                     bool (*each)(void *arg, const struct rating_row *), void *arg)
{
	struct stmt *st = faults_only
	                          ? db_query(db, RATING_SELECT "WHERE property_id=? AND meter>?"
	                                                       " AND fault<>0 AND account_id<>0"
	                                                       " ORDER BY meter")
	                          : db_query(db, RATING_SELECT "WHERE property_id=? AND meter>?"
	                                                       " AND account_id<>0 ORDER BY meter");

	bind_i64(st, property_id);
	bind_i64(st, after);
	return each_rating(st, property_id, each, arg);
}

/* ---- writing ---- */

enum err rating_put(struct db *db, struct rating_row *row, const struct rating_open *open)
{
	struct stmt *st =
	        row->version == 0
	                ? db_query(
	                          db,
	                          "INSERT INTO rating(account_id, use_from_s, service, fault,"
	                          " fault_s, fault_units, credit, state, property_id, meter, version)"
	                          " VALUES(?,?,?,?,?,?,?,?,?,?,?+1)")
	                : db_query(db, "UPDATE rating SET account_id=?, use_from_s=?, service=?,"
	                               " fault=?, fault_s=?, fault_units=?, credit=?, state=?,"
	                               " version=version+1"
	                               " WHERE property_id=? AND meter=? AND version=?");
	struct bytes packed = {.data = NULL};
	enum err err;

	rating_pack(&packed, row, open);
	bind_i64(st, row->account_id);
	bind_i64(st, row->use_from_s);
	bind_i64(st, row->service);
	bind_i64(st, row->fault);
	bind_i64(st, row->fault_s);
	bind_i64(st, row->fault_units);
	bind_i64(st, row->credit);
	bind_blob(st, packed.data, packed.len);
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	bind_i64(st, row->version);
	err = stmt_run_one(st);
	free(packed.data);
	if (packed.failed)
		return ERR_NOMEM;
	if (!err)
		row->version++;
	return err;
}

/* Columns whose index would have to be written again are left alone. */
static const char *const moved_columns[] = {"version", "state"};

static const struct db_patch moved_patch = {
        .table = "rating",
        .key = "meter",
        .columns = moved_columns,
        .width = ARRAY_SIZE(moved_columns),
        .blobs = 1U << 1,
};

static enum err fault_put(struct db *db, const struct rating_row *row)
{
	struct stmt *st = db_query(db, "UPDATE rating SET fault=?, fault_s=?, fault_units=?"
	                               " WHERE property_id=? AND meter=?");

	bind_i64(st, row->fault);
	bind_i64(st, row->fault_s);
	bind_i64(st, row->fault_units);
	bind_i64(st, row->property_id);
	bind_i64(st, row->meter);
	return stmt_run_one(st);
}

enum err rating_move_many(struct db *db, int64_t property_id, const struct rating_moved *moved,
                          size_t count, bool dense)
{
	const size_t width = ARRAY_SIZE(moved_columns);
	int64_t *keys = calloc(count + 1, sizeof *keys);
	struct db_value *values = calloc(count * width + 1, sizeof *values);
	enum err err = keys && values ? ERR_NONE : ERR_NOMEM;

	for (size_t i = 0; !err && i < count; i++) {
		keys[i] = moved[i].row->meter;
		values[i * width].number = moved[i].row->version + 1;
		values[i * width + 1] =
		        (struct db_value){.blob = moved[i].packed, .number = (int64_t)moved[i].len};
	}
	if (!err)
		err = db_patch(db, &moved_patch, property_id, keys, values, count, dense);
	for (size_t i = 0; !err && i < count; i++)
		if (moved[i].fault)
			err = fault_put(db, moved[i].row);
	free(keys);
	free(values);
	return err;
}
