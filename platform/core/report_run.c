#include "platform/core/report_run.h"

#include <stdlib.h>

#include "platform/core/clock.h"
#include "platform/core/platform.h"
#include "platform/store/log.h"

static const struct arrivals_place place = {.file = "report_file", .row = "report_row"};

enum err report_chunk_read(struct reader *reader, void *arg)
{
	return arrivals_read(reader, arg, &place, REPORT_CHUNK, NULL);
}

/* ---- taking ---- */

/* Did it arrive behind this batch? */
static bool is_behind(const struct arrival *item, int64_t file, int64_t rowid)
{
	return item->file != file ? item->file > file : item->rowid > rowid;
}

/* Items of one meter and day, from `at` on. What a run that was cut short has taken is there already. */
static enum err take_day(struct tx *tx, const struct arrivals *in, size_t *at,
                         struct property_row *property, int64_t now_ms)
{
	const struct arrival *first = &in->items[*at];
	struct report_part part = {.property_id = first->property_id,
	                           .meter = first->reading.meter,
	                           .file = in->file,
	                           .rowid = in->rowid};
	int64_t day_s, file = 0, rowid = 0;
	bool any = false;
	enum err err = ERR_NONE;

	if (property->property_id != first->property_id)
		err = property_get(tx->db, first->property_id, property);
	if (err)
		return err;
	part.day = property_day(property, first->reading.time_s);
	day_s = property_day_start_s(property, part.day);
	err = report_day_taken(tx->db, part.property_id, part.meter, part.day, &file, &rowid);
	if (err)
		return err;
	for (; *at < in->count; ++*at) {
		const struct arrival *item = &in->items[*at];

		if (!arrivals_same_meter(first, item) ||
		    property_day(property, item->reading.time_s) != part.day)
			break;
		if (!is_behind(item, file, rowid))
			continue;
		any = true;
		report_add(&part.hours[(item->reading.time_s - day_s) / 3600], &item->reading);
	}
	return any ? report_take(tx, property, &part, now_ms) : ERR_NONE;
}

enum err report_chunk_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct arrivals *in = arg;
	struct property_row property = {.property_id = 0};
	size_t at = in->done;
	enum err err = tx_open(tx);

	(void)out;
	for (size_t days = 0; !err && at < in->count && days < REPORT_STEP; days++)
		err = take_day(tx, in, &at, &property, now_ms);
	return err ? err : arrivals_keep(tx, in, &place, at);
}

/* ---- the daemon's ---- */

struct reporter {
	struct platform *platform;
	struct arrivals in;
	struct report_freeze freeze;
	bool busy;
};

enum err reporter_new(struct reporter **out, struct platform *platform)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return ERR_NOMEM;
	(*out)->platform = platform;
	return ERR_NONE;
}

void reporter_free(struct reporter *reporter)
{
	if (!reporter)
		return;
	arrivals_clear(&reporter->in);
	free(reporter);
}

static void rest(struct reporter *reporter, enum err err)
{
	if (err && err != ERR_DISK_FULL)
		log_warn("reports: %s", err_text(err));
	reporter->busy = false;
}

static void freeze(struct reporter *reporter);

static void frozen(void *arg, enum err err)
{
	struct reporter *reporter = arg;

	if (!err && reporter->freeze.more)
		freeze(reporter);
	else
		rest(reporter, err);
}

static void freeze(struct reporter *reporter)
{
	enum err err = writer_submit_bulk(reporter->platform->writer, report_freeze_step,
	                                  &reporter->freeze, frozen, reporter);

	if (err)
		rest(reporter, err);
}

/* Nothing is frozen before all that has arrived is in. */
static void end_run(struct reporter *reporter, enum err err)
{
	bool more = reporter->in.more;

	arrivals_clear(&reporter->in);
	if (err) {
		rest(reporter, err);
	} else if (more) {
		reporter->busy = false;
		reporter_tick(reporter);
	} else {
		freeze(reporter);
	}
}

static void step_done(void *arg, enum err err);

static void next_step(struct reporter *reporter)
{
	enum err err = writer_submit_bulk(reporter->platform->writer, report_chunk_step,
	                                  &reporter->in, step_done, reporter);

	if (err)
		end_run(reporter, err);
}

static void step_done(void *arg, enum err err)
{
	struct reporter *reporter = arg;

	if (!err)
		arrivals_next(&reporter->in);
	if (!err && reporter->in.any)
		next_step(reporter);
	else
		end_run(reporter, err);
}

static void read_done(void *arg, enum err err)
{
	struct reporter *reporter = arg;

	if (!err && reporter->in.any)
		next_step(reporter);
	else
		end_run(reporter, err);
}

static enum err read_chunk(struct reader *reader, void *arg)
{
	return report_chunk_read(reader, &((struct reporter *)arg)->in);
}

void reporter_tick(void *arg)
{
	struct reporter *reporter = arg;

	if (!reporter->busy && !platform_clock_unsure(reporter->platform))
		reporter->busy = reader_submit(reporter->platform->readers, read_chunk, reporter,
		                               read_done) == ERR_NONE;
}
