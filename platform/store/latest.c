#include "platform/store/latest.h"

enum err latest_put(struct db *db, int64_t property_id, const struct reading *reading)
{
	struct stmt *st = db_query(
	        db,
	        "INSERT INTO latest(property_id, meter, time_s, voltage_dv, current_ma, power_dw,"
	        " pf_permille, frequency_chz, energy_wh, state, quality)"
	        " VALUES(?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT(property_id, meter) DO UPDATE SET"
	        " time_s=excluded.time_s, voltage_dv=excluded.voltage_dv,"
	        " current_ma=excluded.current_ma, power_dw=excluded.power_dw,"
	        " pf_permille=excluded.pf_permille, frequency_chz=excluded.frequency_chz,"
	        " energy_wh=excluded.energy_wh, state=excluded.state, quality=excluded.quality");

	bind_i64(st, property_id);
	bind_i64(st, reading->meter);
	bind_i64(st, reading->time_s);
	bind_i64(st, reading->voltage_dv);
	bind_i64(st, reading->current_ma);
	bind_i64(st, reading->power_dw);
	bind_i64(st, reading->pf_permille);
	bind_i64(st, reading->frequency_chz);
	bind_i64(st, reading->energy_wh);
	bind_i64(st, reading->state);
	bind_i64(st, reading->quality);
	return stmt_run(st);
}

#define LATEST_COLUMNS                                                                             \
	"meter, time_s, voltage_dv, current_ma, power_dw, pf_permille, frequency_chz, energy_wh,"  \
	" state, quality"

static struct reading latest_of(struct stmt *st)
{
	struct reading r;

	r.meter = col_i64(st);
	r.time_s = col_i64(st);
	r.voltage_dv = (int32_t)col_i64(st);
	r.current_ma = (int32_t)col_i64(st);
	r.power_dw = (int32_t)col_i64(st);
	r.pf_permille = (int32_t)col_i64(st);
	r.frequency_chz = (int32_t)col_i64(st);
	r.energy_wh = col_i64(st);
	r.state = (uint32_t)col_i64(st);
	r.quality = (uint32_t)col_i64(st);
	return r;
}

enum err latest_list(struct db *db, void (*each)(void *arg, const struct reading *), void *arg)
{
	struct stmt *st = db_query(db, "SELECT " LATEST_COLUMNS " FROM latest");

	while (stmt_row(st)) {
		struct reading r = latest_of(st);

		each(arg, &r);
	}
	return stmt_end(st);
}

enum err latest_read(struct db *db, int64_t property_id, int64_t meter, struct reading *reading)
{
	struct stmt *st = db_query(db, "SELECT " LATEST_COLUMNS
	                               " FROM latest WHERE property_id=? AND meter=?");
	bool found;

	bind_i64(st, property_id);
	bind_i64(st, meter);
	found = stmt_row(st);
	if (found)
		*reading = latest_of(st);
	return stmt_end_one(st, found);
}
