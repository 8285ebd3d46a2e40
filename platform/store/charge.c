/* Posted days: one row each, never changed; and the sums they have to come to. */
#include "platform/store/charge.h"

#include <stdlib.h>
#include <string.h>

#include "platform/store/charge_pack.h"

/* ---- posting ---- */

#define DAY_INSERT                                                                                 \
	"INSERT INTO charge_day(property_id, day, meter, use_from_s, account_id, group_no,"        \
	" amount_fen, parts) VALUES"
#define DAY_ROW   "(?1,?,?,?,?,?,?,?)"
#define DAY_ROWS4 DAY_ROW "," DAY_ROW "," DAY_ROW "," DAY_ROW
#define DAYS_MANY 32

static enum err insert_days(struct stmt *st, int64_t property_id, const struct charge_day *days,
                            size_t count)
{
	bind_i64(st, property_id);
	for (size_t i = 0; i < count; i++) {
		bind_i64(st, days[i].day);
		bind_i64(st, days[i].meter);
		bind_i64(st, days[i].use_from_s);
		bind_i64(st, days[i].account_id);
		bind_i64(st, days[i].group_no);
		bind_i64(st, days[i].amount.fen);
		bind_blob(st, days[i].packed, days[i].len);
	}
	return stmt_run(st);
}

enum err charge_days_insert(struct db *db, int64_t property_id, const struct charge_day *days,
                            size_t count)
{
	enum err err = ERR_NONE;

	for (size_t at = 0, n; !err && at < count; at += n) {
		struct stmt *st;

		n = count - at >= DAYS_MANY ? DAYS_MANY : 1;
		st = n > 1 ? db_query(db, DAY_INSERT DAY_ROWS4
		                      "," DAY_ROWS4 "," DAY_ROWS4 "," DAY_ROWS4 "," DAY_ROWS4
		                      "," DAY_ROWS4 "," DAY_ROWS4 "," DAY_ROWS4)
		           : db_query(db, DAY_INSERT DAY_ROW);
		err = insert_days(st, property_id, &days[at], n);
		if (!err && db_changes(db) != (int64_t)n)
			err = ERR_DUP;
	}
	return err;
}

enum err charge_correction_insert(struct db *db, int64_t property_id,
                                  const struct charge_correction *correction)
{
	const struct charge_day *of = &correction->of;
	struct stmt *st = db_query(
	        db,
	        "INSERT INTO charge_correction(property_id, meter, day, to_s, from_s, use_from_s,"
	        " account_id, group_no, amount_fen, parts) VALUES(?,?,?,?,?,?,?,?,?,?)");

	bind_i64(st, property_id);
	bind_i64(st, of->meter);
	bind_i64(st, of->day);
	bind_i64(st, correction->to_s);
	bind_i64(st, correction->from_s);
	bind_i64(st, of->use_from_s);
	bind_i64(st, of->account_id);
	bind_i64(st, of->group_no);
	bind_i64(st, of->amount.fen);
	bind_blob(st, of->packed, of->len);
	return stmt_run_one(st);
}

enum err charge_day_group(struct db *db, const struct charge_row *of, int64_t *group_no)
{
	struct stmt *st =
	        db_query(db, "SELECT group_no FROM charge_day WHERE property_id=? AND day=?"
	                     " AND meter=? AND use_from_s=?");

	bind_i64(st, of->property_id);
	bind_i64(st, of->day);
	bind_i64(st, of->meter);
	bind_i64(st, of->use_from_s);
	*group_no = stmt_row(st) ? col_i64(st) : 0;
	if (*group_no < 0)
		*group_no = 0;
	return stmt_end(st);
}

/* ---- reading ---- */

struct walking {
	int64_t property_id;
	bool (*each)(void *arg, const struct charge_row *);
	void *arg;
	int64_t day, meter, number; /* of the row before */
	bool ended;
};

/* The numbers of a day go on over its uses. */
static bool on_part(void *arg, const struct charge_row *part)
{
	struct walking *w = arg;
	struct charge_row row = *part;

	if (row.day != w->day || row.meter != w->meter)
		w->number = 0;
	w->day = row.day;
	w->meter = row.meter;
	row.charge_no = ++w->number;
	w->ended = !w->each(w->arg, &row);
	return !w->ended;
}

/* Rows of: day, meter, use_from_s, account_id, group_no, parts, whether it is a correction. */
static enum err walk_days(struct stmt *st, struct walking *w)
{
	enum err err = ERR_NONE, end;

	while (!err && !w->ended && stmt_row(st)) {
		struct charge_row base = {.property_id = w->property_id};
		const void *packed;
		size_t len;

		base.day = col_i64(st);
		base.meter = col_i64(st);
		base.use_from_s = col_i64(st);
		base.account_id = col_i64(st);
		base.group_no = col_i64(st);
		packed = col_blob(st, &len);
		base.correction = col_i64(st) != 0;
		err = charge_unpack(packed, len, &base, on_part, w);
	}
	end = stmt_end(st);
	return err ? err : end;
}

/* The days of the property that have a charge at all, cut to them: [*from_day, *to_day). */
static enum err cut_days(struct db *db, int64_t property_id, int64_t *from_day, int64_t *to_day)
{
	struct stmt *st = db_query(db, "SELECT min(day), max(day) FROM (SELECT min(day) AS day FROM"
	                               " charge_day WHERE property_id=? UNION ALL SELECT max(day)"
	                               " FROM charge_day WHERE property_id=? UNION ALL"
	                               " SELECT min(day) FROM charge_correction WHERE property_id=?"
	                               " UNION ALL SELECT max(day) FROM charge_correction"
	                               " WHERE property_id=?) AS d");
	int64_t first = 0, last = -1;

	for (int i = 0; i < 4; i++)
		bind_i64(st, property_id);
	if (stmt_row(st) && !col_is_null(st)) {
		first = col_i64(st);
		last = col_i64(st);
	}
	if (*from_day < first)
		*from_day = first;
	if (*to_day > last + 1)
		*to_day = last + 1;
	return stmt_end(st);
}

/* Each day is looked up: the table is in the order of days, so that a day of all meters is written at its
 * end. Corrections stand behind what they correct, in the order of what they divide anew. */
#define EACH_DAY                                                                                   \
	"WITH RECURSIVE days(day) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT day+1 FROM days"   \
	" WHERE day+1<?) SELECT c.day, c.meter, c.use_from_s, c.account_id, c.group_no, c.parts,"  \
	" CAST(0 AS BIGINT), CAST(0 AS BIGINT) FROM days "
#define AND_CORRECTIONS                                                                            \
	" UNION ALL SELECT day, meter, use_from_s, account_id, group_no, parts,"                   \
	" CAST(1 AS BIGINT), to_s FROM charge_correction WHERE property_id=? AND day>=? AND day<?"
#define IN_ORDER " ORDER BY 1, 2, 3, 7, 8"

static enum err posted_of_meter(struct db *db, int64_t meter, int64_t from_day, int64_t to_day,
                                struct walking *w)
{
	enum err err = cut_days(db, w->property_id, &from_day, &to_day);
	struct stmt *st;

	if (err || from_day >= to_day)
		return err;
	st = db_query(db,
	              EACH_DAY "CROSS JOIN charge_day c WHERE c.property_id=? AND c.day=days.day"
	                       " AND c.meter=?" AND_CORRECTIONS " AND meter=?" IN_ORDER);
	bind_i64(st, from_day);
	bind_i64(st, to_day);
	for (int i = 0; i < 2; i++) {
		bind_i64(st, w->property_id);
		if (i) {
			bind_i64(st, from_day);
			bind_i64(st, to_day);
		}
		bind_i64(st, meter);
	}
	return walk_days(st, w);
}

#define METERS_OF                                                                                  \
	"(SELECT meter FROM account_meter WHERE property_id=? AND account_id=? UNION"              \
	" SELECT meter FROM rating WHERE property_id=? AND account_id=?)"

static void bind_account(struct stmt *st, int64_t property_id, int64_t account_id)
{
	for (int i = 0; i < 2; i++) {
		bind_i64(st, property_id);
		bind_i64(st, account_id);
	}
}

static enum err posted_of_account(struct db *db, int64_t account_id, int64_t from_day,
                                  int64_t to_day, struct walking *w)
{
	enum err err = cut_days(db, w->property_id, &from_day, &to_day);
	struct stmt *st;

	if (err || from_day >= to_day)
		return err;
	st = db_query(db, EACH_DAY "CROSS JOIN " METERS_OF " m CROSS JOIN charge_day c"
	                           " WHERE c.property_id=? AND c.day=days.day AND c.meter=m.meter"
	                           " AND c.account_id=?" AND_CORRECTIONS " AND account_id=?"
	                           " AND meter IN " METERS_OF IN_ORDER);
	bind_i64(st, from_day);
	bind_i64(st, to_day);
	bind_account(st, w->property_id, account_id);
	bind_i64(st, w->property_id);
	bind_i64(st, account_id);
	bind_i64(st, w->property_id);
	bind_i64(st, from_day);
	bind_i64(st, to_day);
	bind_i64(st, account_id);
	bind_account(st, w->property_id, account_id);
	return walk_days(st, w);
}

static enum err open_of_meter(struct db *db, int64_t meter, int64_t from_day, int64_t to_day,
                              struct walking *w)
{
	struct rating_open open = {.count = 0};
	struct rating_row row;
	enum err err = rating_get_open(db, w->property_id, meter, &row, &open);

	for (size_t i = 0; !err && !w->ended && i < open.count; i++)
		if (open.charge[i].day >= from_day && open.charge[i].day < to_day)
			on_part(w, &open.charge[i]);
	rating_open_free(&open);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err charge_list(struct db *db, int64_t property_id, int64_t meter, int64_t from_day,
                     int64_t to_day, bool (*each)(void *arg, const struct charge_row *), void *arg)
{
	struct walking w = {.property_id = property_id, .each = each, .arg = arg};
	enum err err = posted_of_meter(db, meter, from_day, to_day, &w);

	return err || w.ended ? err : open_of_meter(db, meter, from_day, to_day, &w);
}

enum err charge_of_account(struct db *db, int64_t property_id, int64_t account_id, int64_t from_day,
                           int64_t to_day, bool (*each)(void *arg, const struct charge_row *),
                           void *arg)
{
	struct walking w = {.property_id = property_id, .each = each, .arg = arg};
	enum err err = posted_of_account(db, account_id, from_day, to_day, &w), end;
	struct stmt *st;

	if (err || w.ended)
		return err;
	st = db_query(db, "SELECT meter FROM rating WHERE property_id=? AND account_id=?"
	                  " ORDER BY meter");
	bind_i64(st, property_id);
	bind_i64(st, account_id);
	while (!err && !w.ended && stmt_row(st)) {
		int64_t meter = col_i64(st);

		err = open_of_meter(db, meter, from_day, to_day, &w);
	}
	end = stmt_end(st);
	return err ? err : end;
}

/* ---- proving ---- */

struct summing {
	uint64_t exact, amount;
};

static bool add_part(void *arg, const struct charge_row *row)
{
	struct summing *sum = arg;

	sum->exact += (uint64_t)row->exact;
	sum->amount += (uint64_t)row->amount.fen;
	return true;
}

/* One meter's: is what it accrued the sum of what is open? */
static enum err verify_cursor(struct stmt *st, struct rating_open *open, int64_t *after,
                              bool *sound)
{
	struct rating_row row = {.meter = col_i64(st)};
	struct summing sum = {0};
	const void *packed;
	size_t len;
	enum err err;

	packed = col_blob(st, &len);
	*after = row.meter;
	err = rating_unpack(packed, len, &row, open);
	for (size_t i = 0; !err && i < open->count; i++)
		add_part(&sum, &open->charge[i]);
	*sound = !err && (int64_t)sum.exact == row.accrued;
	return err == ERR_DAMAGED ? ERR_NONE : err;
}

static enum err verify_open(struct db *db, int64_t property_id, int64_t *meter)
{
	struct rating_open open = {.count = 0};
	int64_t after = 0, rows;
	enum err err = ERR_NONE, end;
	bool sound = true;

	do {
		struct stmt *st = db_query(
		        db, "SELECT meter, state FROM rating WHERE property_id=? AND meter>?"
		            " ORDER BY meter LIMIT 1000");

		bind_i64(st, property_id);
		bind_i64(st, after);
		for (rows = 0; !err && sound && stmt_row(st); rows++)
			err = verify_cursor(st, &open, &after, &sound);
		end = stmt_end(st);
		err = err ? err : end;
	} while (!err && sound && rows);
	*meter = sound ? 0 : after;
	rating_open_free(&open);
	return err;
}

/* What a row says it cost is the sum of its parts. Rows of: day, group_no, amount_fen, parts. */
static enum err verify_rows(struct stmt *st, int64_t *group_no)
{
	enum err err = ERR_NONE, end;

	while (!err && !*group_no && stmt_row(st)) {
		const struct charge_row base = {.day = col_i64(st)};
		int64_t no = col_i64(st), amount = col_i64(st);
		struct summing sum = {0};
		const void *packed;
		size_t len;

		packed = col_blob(st, &len);
		err = charge_unpack(packed, len, &base, add_part, &sum);
		if (err == ERR_DAMAGED || (int64_t)sum.amount != amount) {
			*group_no = no;
			err = ERR_NONE;
		}
	}
	end = stmt_end(st);
	return err ? err : end;
}

static enum err verify_day(struct db *db, int64_t property_id, int64_t day, int64_t *group_no)
{
	struct stmt *st = db_query(db, "SELECT day, group_no, amount_fen, parts FROM charge_day"
	                               " WHERE property_id=? AND day=?");

	bind_i64(st, property_id);
	bind_i64(st, day);
	return verify_rows(st, group_no);
}

#define KEY_OF_DAY "charge:" /* and the day of the charges: "Keys of posting groups" in money.md */

/* The first day that has charges of groups above `after_no`; INT64_MAX: none. */
static enum err first_day(struct db *db, int64_t property_id, int64_t after_no, int64_t *day)
{
	struct stmt *st;

	*day = after_no ? INT64_MAX : INT64_MIN;
	if (!after_no)
		return ERR_NONE;
	st = db_query(db, "SELECT group_key FROM ledger_group WHERE property_id=? AND group_no>?"
	                  " AND kind='charge'");
	bind_i64(st, property_id);
	bind_i64(st, after_no);
	while (stmt_row(st)) {
		const char *key = col_text(st);
		int64_t of;

		if (strncmp(key, KEY_OF_DAY, strlen(KEY_OF_DAY)) != 0)
			continue;
		of = strtoll(key + strlen(KEY_OF_DAY), NULL, 10);
		if (of < *day)
			*day = of;
	}
	return stmt_end(st);
}

static enum err verify_days(struct db *db, int64_t property_id, int64_t from_day, int64_t after_no,
                            int64_t *group_no)
{
	int64_t to_day = INT64_MAX;
	enum err err = cut_days(db, property_id, &from_day, &to_day);
	struct stmt *st;

	for (int64_t day = from_day; !err && !*group_no && day < to_day; day++)
		err = verify_day(db, property_id, day, group_no);
	if (err || *group_no)
		return err;
	st = db_query(db, "SELECT day, group_no, amount_fen, parts FROM charge_correction"
	                  " WHERE property_id=? AND (group_no>? OR CAST(? AS BIGINT)=0)");
	bind_i64(st, property_id);
	bind_i64(st, after_no);
	bind_i64(st, after_no);
	return verify_rows(st, group_no);
}

/* What a group sold is what its days' rows say. */
static enum err verify_sales(struct db *db, int64_t property_id, int64_t from_day, int64_t after_no,
                             int64_t *group_no)
{
	struct stmt *st = db_query(
	        db, "SELECT c.group_no FROM (SELECT group_no, sum(amount_fen) AS total"
	            " FROM (SELECT group_no, amount_fen FROM charge_day WHERE property_id=?"
	            " AND day>=? AND group_no>? UNION ALL SELECT group_no, amount_fen FROM"
	            " charge_correction WHERE property_id=? AND group_no>?) AS p"
	            " GROUP BY group_no) c LEFT JOIN (SELECT group_no, sum(amount_fen) AS total"
	            " FROM ledger_entry WHERE property_id=? AND group_no>? AND account=7"
	            " GROUP BY group_no) e ON e.group_no=c.group_no"
	            " WHERE c.total<>coalesce(e.total,0) ORDER BY c.group_no LIMIT 1");

	bind_i64(st, property_id);
	bind_i64(st, from_day);
	for (int i = 0; i < 2; i++) {
		bind_i64(st, after_no);
		bind_i64(st, property_id);
	}
	bind_i64(st, after_no);
	*group_no = stmt_row(st) ? col_i64(st) : 0;
	return stmt_end(st);
}

enum err charge_verify(struct db *db, int64_t property_id, int64_t after_no, int64_t *meter,
                       int64_t *group_no)
{
	int64_t from_day;
	enum err err = verify_open(db, property_id, meter);

	*group_no = 0;
	if (!err && !*meter)
		err = first_day(db, property_id, after_no, &from_day);
	if (err || *meter)
		return err;
	err = verify_days(db, property_id, from_day, after_no, group_no);
	return err || *group_no ? err : verify_sales(db, property_id, from_day, after_no, group_no);
}
