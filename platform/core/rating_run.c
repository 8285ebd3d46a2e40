#include "platform/core/rating_run.h"

#include <stdio.h>
#include <stdlib.h>

#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/event_note.h"
#include "platform/core/platform.h"
#include "platform/core/report.h"
#include "platform/core/supply.h"
#include "platform/store/ledger.h"
#include "platform/store/log.h"

static const struct arrivals_place place = {"rating_file", "rating_row", true};

/* ---- reading ---- */

static enum err is_rated(struct db *db, const struct arrival *item, bool *rated)
{
	struct rating_row row;
	enum err err = rating_get(db, item->property_id, item->reading.meter, &row);

	*rated = !err && row.account_id;
	/* Of a use that has ended, what comes late is told. */
	if (!err && !row.account_id && item->reading.time_s < row.billed_s)
		err = rating_gaps_any(db, item->property_id, item->reading.meter, rated);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err rating_chunk_read(struct reader *reader, void *arg)
{
	struct rating_chunk *chunk = arg;

	return arrivals_read(reader, &chunk->in, &place, RATING_CHUNK, is_rated);
}

void rating_chunk_clear(struct rating_chunk *chunk)
{
	arrivals_clear(&chunk->in);
	free(chunk->marks);
	chunk->marks = NULL;
}

/* ---- passing ---- */

static enum err tell_fault(struct tx *tx, const struct rating_pass *pass, int64_t now_ms,
                           struct effects *out)
{
	struct event_row event = {.property_id = pass->property_id,
	                          .meter = pass->meter,
	                          .kind = EVENT_RATING_FAULT,
	                          .detail = (uint32_t)pass->fault,
	                          .value = pass->fault_units,
	                          .at_s = pass->fault_s,
	                          .stored_ms = now_ms};

	snprintf(event.source, sizeof event.source, "rating:%lld:%lld", (long long)pass->meter,
	         (long long)pass->fault_s);
	return event_note(tx, &event, out);
}

/* Once for an interval; of what is too old once a day. */
static enum err tell_left(struct tx *tx, const struct rating_pass *pass,
                          const struct rating_left *left, int64_t now_ms, struct effects *out)
{
	static const uint32_t kinds[] = {
	        [LATE_ALLOWANCE] = EVENT_LATE_ALLOWANCE, [LATE_STEPS] = EVENT_LATE_STEPS,
	        [LATE_ENDED] = EVENT_LATE_ENDED,         [LATE_OLD] = EVENT_LATE_OLD,
	        [LATE_UNPRICED] = EVENT_LATE_UNPRICED,   [LATE_DECIDED] = EVENT_LATE_DECIDED,
	};

	struct event_row event = {.property_id = pass->property_id,
	                          .meter = pass->meter,
	                          .kind = kinds[left->why],
	                          .value = left->at_s,
	                          .at_s = now_ms / 1000,
	                          .stored_ms = now_ms};

	snprintf(event.source, sizeof event.source, "late:%d:%lld:%lld", (int)left->why,
	         (long long)pass->meter,
	         (long long)(left->why == LATE_OLD ? days_from_unix(event.at_s) : left->at_s));
	return event_note(tx, &event, out);
}

/* Meters of one property that a step takes, from `first` on; *end is behind their last reading. */
static size_t gather(const struct rating_chunk *chunk, size_t first, size_t most,
                     struct rating_pass *passes, size_t *end)
{
	const struct arrival *items = chunk->in.items;
	size_t meters = 0;

	for (*end = first; *end < chunk->in.count; ++*end) {
		if (*end == first || !arrivals_same_meter(&items[*end - 1], &items[*end])) {
			if (meters == most || items[*end].property_id != items[first].property_id)
				break;
			passes[meters++] =
			        (struct rating_pass){.property_id = items[first].property_id,
			                             .meter = items[*end].reading.meter,
			                             .marks = &chunk->marks[*end]};
		}
		passes[meters - 1].count++;
	}
	return meters;
}

static enum err follow(struct tx *tx, const struct rating_pass *pass, int64_t now_ms,
                       struct effects *out)
{
	enum err err = ERR_NONE;

	if (pass->fault)
		err = tell_fault(tx, pass, now_ms, out);
	for (size_t i = 0; !err && i < pass->left_count; i++)
		err = tell_left(tx, pass, &pass->left[i], now_ms, out);
	if (err || !pass->moved)
		return err;
	err = supply_consider(tx, pass->property_id, pass->account_id, false, now_ms, out);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static enum err make_marks(struct rating_chunk *chunk)
{
	const struct arrivals *in = &chunk->in;

	if (chunk->marks || in->count == 0)
		return ERR_NONE;
	chunk->marks = malloc(in->count * sizeof *chunk->marks);
	if (!chunk->marks)
		return ERR_NOMEM;
	for (size_t i = 0; i < in->count; i++)
		chunk->marks[i] = (struct rate_mark){in->items[i].reading.time_s,
		                                     in->items[i].reading.energy_wh};
	return ERR_NONE;
}

enum err rating_chunk_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct rating_chunk *chunk = arg;
	struct rating_pass *passes = calloc(RATING_STEP, sizeof *passes);
	size_t at = chunk->in.done, taken = 0;
	enum err err = passes ? tx_open(tx) : ERR_NOMEM;

	if (!err)
		err = make_marks(chunk);
	while (!err && at < chunk->in.count && taken < RATING_STEP) {
		size_t end, meters = gather(chunk, at, RATING_STEP - taken, passes, &end);

		err = rating_passes(tx, passes, meters, chunk->cache, now_ms);
		for (size_t i = 0; !err && i < meters; i++)
			err = follow(tx, &passes[i], now_ms, out);
		taken += meters;
		at = end;
	}
	free(passes);
	return err ? err : arrivals_keep(tx, &chunk->in, &place, at);
}

/* ---- each night ---- */

struct checking {
	struct reader *reader;
	struct money_check *check;
	enum err err;
};

static void found(struct checking *c, int64_t property_id, enum money_wrong what, int64_t where)
{
	struct money_check *check = c->check;

	if (check->count < MONEY_FOUND)
		check->found[check->count++] = (struct money_found){property_id, where, what};
}

/* Everything. */
static bool prove_whole(struct checking *c, int64_t property_id)
{
	size_t before = c->check->count;
	struct ledger_proof proof;
	int64_t meter, group_no;

	c->err = ledger_verify(c->reader->db, property_id, &proof);
	if (c->err == ERR_DAMAGED) {
		found(c, property_id, MONEY_LEDGER, proof.group_no);
		c->err = ERR_NONE;
	}
	if (!c->err)
		c->err = charge_verify(c->reader->db, property_id, 0, &meter, &group_no);
	if (!c->err && meter)
		found(c, property_id, MONEY_ACCRUED, meter);
	if (!c->err && group_no)
		found(c, property_id, MONEY_POSTED, group_no);
	return !c->err && c->check->count == before;
}

/* What is new since the mark. False: something is wrong, and the whole proof tells what. */
static bool prove_new(struct checking *c, int64_t property_id, const struct ledger_mark *mark,
                      const struct ledger_mark *now)
{
	struct db *db = c->reader->db;
	int64_t meter = 0, group_no = 0;

	c->err = ledger_verify_after(db, property_id, mark, now);
	if (!c->err)
		c->err = charge_verify(db, property_id, mark->groups, &meter, &group_no);
	if (c->err == ERR_DAMAGED) {
		c->err = ERR_NONE;
		return false;
	}
	return !meter && !group_no;
}

static void keep_mark(struct checking *c, int64_t property_id, const struct ledger_mark *mark)
{
	struct money_check *check = c->check;

	if (check->proved_count == check->proved_room) {
		size_t room = check->proved_room ? 2 * check->proved_room : 16;
		struct money_proved *more = realloc(check->proved, room * sizeof *more);

		if (!more) {
			c->err = ERR_NOMEM;
			return;
		}
		check->proved = more;
		check->proved_room = room;
	}
	check->proved[check->proved_count++] = (struct money_proved){property_id, *mark};
}

/* Behind the mark of the last proof; all of it when there is none, it is old, or something is wrong. */
static void check_books(struct checking *c, int64_t property_id)
{
	struct ledger_mark mark, now;
	enum err known = ledger_mark_get(c->reader->db, property_id, &mark);
	enum err sound = ledger_mark_now(c->reader->db, property_id, &now);
	bool is_young = !known && c->check->day < mark.whole_day + MONEY_WHOLE &&
	                c->check->day >= mark.whole_day;
	bool proved = is_young && !sound && prove_new(c, property_id, &mark, &now);

	now.whole_day = proved ? mark.whole_day : c->check->day;
	if (!proved && !c->err)
		proved = prove_whole(c, property_id);
	if (proved && !c->err && !sound)
		keep_mark(c, property_id, &now);
}

static void check_property(void *arg, const struct property_row *row)
{
	struct checking *c = arg;
	int64_t meter = 0;

	if (c->err)
		return;
	check_books(c, row->property_id);
	if (!c->err)
		c->err = report_verify(c->reader->db, row, property_day(row, c->check->now_s),
		                       &meter);
	if (!c->err && meter)
		found(c, row->property_id, MONEY_REPORT, meter);
}

enum err money_check_read(struct reader *reader, void *arg)
{
	struct checking checking = {.reader = reader, .check = arg};
	enum err err;

	checking.check->count = checking.check->proved_count = 0;
	err = property_list(reader->db, check_property, &checking);
	return err ? err : checking.err;
}

enum err money_check_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct money_check *check = arg;
	enum err err = tx_open(tx);

	for (size_t i = 0; !err && i < check->count; i++) {
		const struct money_found *f = &check->found[i];
		struct event_row event = {.property_id = f->property_id,
		                          .kind = EVENT_MONEY_WRONG,
		                          .detail = (uint32_t)f->what,
		                          .value = f->where,
		                          .at_s = now_ms / 1000,
		                          .stored_ms = now_ms};

		log_error("property %lld: the books do not add up: %s %lld",
		          (long long)f->property_id,
		          f->what == MONEY_ACCRUED || f->what == MONEY_REPORT ? "meter" : "group",
		          (long long)f->where);
		snprintf(event.source, sizeof event.source, "money:%lld:%d", (long long)check->day,
		         (int)f->what);
		err = event_note(tx, &event, out);
	}
	for (size_t i = 0; !err && i < check->proved_count; i++)
		err = ledger_mark_put(tx->db, check->proved[i].property_id, &check->proved[i].mark);
	return err;
}

void money_check_clear(struct money_check *check)
{
	free(check->proved);
	check->proved = NULL;
	check->proved_count = check->proved_room = 0;
}

/* ---- the daemon's ---- */

#define CHECK_HOUR_UTC 19 /* 03:00 in China */

struct rater {
	struct platform *platform;
	struct rating_chunk chunk;
	struct money_check check;
	bool busy;
};

static int64_t night_of(int64_t now_ms)
{
	return days_from_unix(now_ms / 1000 - CHECK_HOUR_UTC * 3600);
}

enum err rater_new(struct rater **out, struct platform *platform)
{
	struct rater *rater = calloc(1, sizeof *rater);

	*out = rater;
	if (!rater)
		return ERR_NOMEM;
	rater->platform = platform;
	rater->chunk.cache = tariff_cache_new();
	rater->check.day = night_of(clock_wall_ms());
	if (rater->chunk.cache)
		return ERR_NONE;
	rater_free(rater);
	*out = NULL;
	return ERR_NOMEM;
}

void rater_free(struct rater *rater)
{
	if (!rater)
		return;
	rating_chunk_clear(&rater->chunk);
	money_check_clear(&rater->check);
	tariff_cache_free(rater->chunk.cache);
	free(rater);
}

static void end_run(struct rater *rater, enum err err)
{
	bool more = rater->chunk.in.more && !err;

	if (err && err != ERR_DISK_FULL)
		log_warn("rating: %s", err_text(err));
	rating_chunk_clear(&rater->chunk);
	rater->busy = false;
	if (more)
		rater_tick(rater);
}

static void step_done(void *arg, enum err err);

static void next_step(struct rater *rater)
{
	enum err err = writer_submit_bulk(rater->platform->writer, rating_chunk_step, &rater->chunk,
	                                  step_done, rater);

	if (err)
		end_run(rater, err);
}

static void step_done(void *arg, enum err err)
{
	struct rater *rater = arg;

	if (!err)
		arrivals_next(&rater->chunk.in);
	if (!err && rater->chunk.in.any)
		next_step(rater);
	else
		end_run(rater, err);
}

static enum err read_chunk(struct reader *reader, void *arg)
{
	struct rater *rater = arg;

	return rating_chunk_read(reader, &rater->chunk);
}

static void read_done(void *arg, enum err err)
{
	struct rater *rater = arg;

	if (rater->chunk.in.damaged)
		metric_add(METRIC_STORE_DAMAGED, (int64_t)rater->chunk.in.damaged);
	if (!err && rater->chunk.in.any)
		next_step(rater);
	else
		end_run(rater, err);
}

static void check_told(void *arg, enum err err)
{
	struct rater *rater = arg;

	if (err)
		log_warn("the nightly look at the books: %s", err_text(err));
	money_check_clear(&rater->check);
	rater->busy = false;
}

static enum err read_check(struct reader *reader, void *arg)
{
	struct rater *rater = arg;

	return money_check_read(reader, &rater->check);
}

static void check_done(void *arg, enum err err)
{
	struct rater *rater = arg;

	if (!err)
		err = writer_submit(rater->platform->writer, money_check_step, &rater->check,
		                    check_told, rater);
	if (err)
		check_told(rater, err);
}

void rater_tick(void *arg)
{
	struct rater *rater = arg;
	int64_t night = night_of(clock_wall_ms());

	if (rater->busy || platform_clock_unsure(rater->platform))
		return;
	if (night != rater->check.day) {
		rater->check.day = night;
		rater->check.now_s = clock_wall_ms() / 1000;
		rater->busy = reader_submit(rater->platform->readers, read_check, rater,
		                            check_done) == ERR_NONE;
	} else
		rater->busy = reader_submit(rater->platform->readers, read_chunk, rater,
		                            read_done) == ERR_NONE;
}
