#include "sim/world/rates.h"

#include "sim/world/money.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "libs/base/macros.h"
#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/store/charge.h"
#include "platform/store/info.h"
#include "platform/store/tariff.h"

#define RATE_MS 3000
#define GRID_S  15 /* readings are made at these seconds, and so prices change on one */
#define MORNING 10000
#define EARLY_S 86400
#define DAY_MIN 1440

/* ---- prices ---- */

/* Of a real size; the second version begins in the middle of a night, between two readings. */
static void rates_long(const struct world *w, struct rates *r)
{
	r->rate_uy[RATES_FIRST][0] = 600000 + r->rate_uy[RATES_FIRST][0] % 1009;
	r->rate_uy[RATES_SECOND][0] = r->rate_uy[RATES_FIRST][0] + 50021;
	r->threshold[0] = 400000;
	r->threshold[1] = 900000;
	r->step_uy[1] = 50003;
	r->step_uy[2] = 300007;
	r->water_uy = 3500;
	r->sewage_uy = 1201;
	r->change_s = w->start_ms / 1000 / 86400 * 86400 + w->options.days / 2 * 86400 - 25200;
}

/* One of the edges comes while the history runs. */
static void draw_table(struct rates_slot slot[RATES_SLOTS], struct rnd *rnd, int first_minute)
{
	static const int rate[RATES_SLOTS] = {2, 3, 1};
	int minute[RATES_SLOTS] = {first_minute, first_minute + 20 + (int)rnd_below(rnd, 200),
	                           first_minute + 300 + (int)rnd_below(rnd, 600)};

	for (int i = 0; i < RATES_SLOTS; i++) {
		int at = i;

		for (; at > 0 && slot[at - 1].minute > minute[i] % DAY_MIN; at--)
			slot[at] = slot[at - 1];
		slot[at] = (struct rates_slot){minute[i] % DAY_MIN, rate[i]};
	}
}

static void draw_holidays(const struct world *w, struct rates *r, struct rnd *rnd)
{
	static const struct rates_holiday yearly[] = {
	        {0, 1,  1},
                {0, 5,  1},
                {0, 10, 1}
        };
	uint32_t day = rnd_below(rnd, 3); /* none, today, tomorrow */
	struct civil date;

	r->holidays = 0;
	for (size_t i = 0; w->options.days && i < ARRAY_SIZE(yearly); i++)
		r->holiday[r->holidays++] = yearly[i];
	if (!day)
		return;
	date_from_days(days_from_unix(w->start_ms / 1000 + MONEY_OFFSET_S) + day - 1, &date);
	r->holiday[r->holidays++] = (struct rates_holiday){date.year, date.month, date.day};
}

/* Times of use; draws of its own, so that the rest is drawn as it was. */
static void draw_slots(const struct world *w, struct rates *r)
{
	int64_t minute = (w->start_ms / 1000 + MONEY_OFFSET_S) / 60;
	struct rnd rnd;

	rnd_seed(&rnd, w->options.seed * 3 + 4);
	draw_table(r->slot[0], &rnd, (int)(minute % DAY_MIN) + 1 + (int)rnd_below(&rnd, 3));
	draw_table(r->slot[1], &rnd, (int)(minute % DAY_MIN) + 2 + (int)rnd_below(&rnd, 600));
	draw_holidays(w, r, &rnd);
	for (int version = RATES_FIRST; version <= RATES_SECOND; version++) {
		int64_t *rate_uy = r->rate_uy[version];

		r->slots[version] = version != RATES_WATER && rnd_below(&rnd, 3) != 0;
		for (int i = 1; i < RATES_RATES; i++)
			rate_uy[i] = rate_uy[i - 1] + rate_uy[0] / (2 + rnd_below(&rnd, 9));
	}
}

void rates_draw(struct world *w)
{
	struct rates *r = &w->money->rates;
	struct rnd *rnd = &w->money->rnd;
	int64_t start_s = w->start_ms / 1000;

	/* 20 fen a Wh, so that credit ends in minutes; odd, so that parts of a fen are left. */
	r->steps = rnd_below(rnd, 4) != 0;
	r->rate_uy[RATES_FIRST][0] = MONEY_PRICE_UY - (r->steps ? 1 + rnd_below(rnd, 999983) : 0);
	r->rate_uy[RATES_SECOND][0] = r->rate_uy[RATES_FIRST][0] + 1 + rnd_below(rnd, 9999991);
	r->threshold[0] = 20 + rnd_below(rnd, 60);
	r->threshold[1] = r->threshold[0] + 20 + rnd_below(rnd, 100);
	r->step_uy[1] = 5000000 + rnd_below(rnd, 9999991);
	r->step_uy[2] = 20000000 + rnd_below(rnd, 9999991);
	r->water_uy = MONEY_PRICE_UY;
	r->sewage_uy = 12345677;
	r->change_s = (start_s / GRID_S + 2 + rnd_below(rnd, 12)) * GRID_S;
	if (w->options.days)
		rates_long(w, r);
	draw_slots(w, r);
	r->opened_s = w->money->early ? start_s - EARLY_S : start_s;
}

#define BODY_SIZE 1024

struct body {
	char text[BODY_SIZE];
	size_t len;
};

static void body_add(struct body *body, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

static void body_add(struct body *body, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(body->text + body->len, BODY_SIZE - body->len, format, args);
	va_end(args);
	assert(n >= 0 && (size_t)n < BODY_SIZE - body->len);
	body->len += (size_t)n;
}

static void add_table(struct body *body, const struct rates_slot slot[RATES_SLOTS])
{
	body_add(body, "{\"slots\":[");
	for (int i = 0; i < RATES_SLOTS; i++)
		body_add(body, "%s{\"from\":\"%02d:%02d\",\"rate\":%d}", i ? "," : "",
		         slot[i].minute / 60, slot[i].minute % 60, slot[i].rate);
	body_add(body, "]}");
}

static void add_slots(struct body *body, const struct rates *r)
{
	body_add(body, ",\"calendar\":{\"tables\":[");
	add_table(body, r->slot[0]);
	body_add(body, ",");
	add_table(body, r->slot[1]);
	body_add(body, "]},\"holidays\":[");
	for (size_t i = 0; i < r->holidays; i++) {
		const struct rates_holiday *h = &r->holiday[i];

		body_add(body, "%s{", i ? "," : "");
		if (h->year)
			body_add(body, "\"year\":%d,", h->year);
		body_add(body, "\"month\":%d,\"day\":%d,\"table\":2}", h->month, h->day);
	}
	body_add(body, "]");
}

static void body_of(const struct rates *r, int64_t version, struct body *body)
{
	const int64_t *rate_uy = r->rate_uy[version];
	int rates = r->slots[version] ? RATES_RATES : 1;

	if (version == RATES_WATER) {
		body_add(body,
		         "{\"rates\":[{\"name\":\"flat\",\"price_uy\":%lld}],"
		         "\"lines\":[{\"name\":\"sewage\",\"price_uy\":%lld}]}",
		         (long long)r->water_uy, (long long)r->sewage_uy);
		return;
	}
	body_add(body, "{\"rates\":[");
	for (int i = 0; i < rates; i++)
		body_add(body, "%s{\"price_uy\":%lld}", i ? "," : "", (long long)rate_uy[i]);
	body_add(body, "]");
	if (r->slots[version])
		add_slots(body, r);
	if (r->steps)
		body_add(body,
		         ",\"steps\":{\"thresholds\":[%lld,%lld],\"prices_uy\":[0,%lld,%lld],"
		         "\"settle\":[{\"month\":1,\"day\":1}]}",
		         (long long)r->threshold[0], (long long)r->threshold[1],
		         (long long)r->step_uy[1], (long long)r->step_uy[2]);
	body_add(body, "}");
}

static enum err publish(struct db *db, const struct rates *r, int64_t tariff_id, int64_t version_id,
                        int64_t from_s)
{
	struct body body = {.len = 0};
	struct tariff_version_row version = {.version_id = version_id,
	                                     .tariff_id = tariff_id,
	                                     .valid_from_s = from_s,
	                                     .state = TARIFF_PUBLISHED,
	                                     .body = body.text,
	                                     .created_s = r->opened_s,
	                                     .published_s = r->opened_s,
	                                     .version = 1};

	body_of(r, version_id, &body);
	return tariff_version_insert(db, &version);
}

static enum err make_tariff(struct db *db, const struct rates *r, enum service service, int64_t id)
{
	struct tariff_row tariff = {.tariff_id = id,
	                            .group_id = 1,
	                            .property_id = 1,
	                            .service = service,
	                            .created_s = r->opened_s,
	                            .version = 1};
	struct tariff_use use = {
	        .property_id = 1, .service = service, .from_s = r->opened_s, .tariff_id = id};
	enum err err;

	snprintf(tariff.code, sizeof tariff.code, "tariff-%d", (int)id);
	snprintf(tariff.name, sizeof tariff.name, "tariff");
	err = tariff_insert(db, &tariff);
	if (!err)
		err = publish(db, r, id, id, r->opened_s);
	return err ? err : tariff_use_put(db, &use);
}

/* It has run for long: a rater that begins leaves out what is there already. */
#define BEGUN 1

enum err rates_furnish(struct db *db, const struct world *w)
{
	const struct rates *r = &w->money->rates;
	enum err err = info_number_set(db, "rating_file", BEGUN);

	if (!err)
		err = make_tariff(db, r, SERVICE_ELECTRICITY, RATES_FIRST);
	if (!err)
		err = make_tariff(db, r, SERVICE_WATER, RATES_WATER);
	return err ? err : publish(db, r, RATES_FIRST, RATES_SECOND, r->change_s);
}

/* ---- the platform's rater, and its readers ---- */

/* There are no reader threads: what is asked for is read at a moment of its own, in the writer's
 * connection. Nothing that the rater reads there is its own and not committed: it waits for that. */
enum err reader_submit(struct readers *readers, read_fn fn, void *arg, read_done_fn done)
{
	struct server *s = (struct server *)(void *)readers;

	assert(s->reading.fn == NULL);
	s->reading.fn = fn;
	s->reading.arg = arg;
	s->reading.done = done;
	world_at(s->w, rnd_below(&s->w->money->rnd, 20 * MS), HAPPENS_SERVER_READ, NODE_SERVER,
	         s->life, NULL);
	return ERR_NONE;
}

/* As a reader's thread it keeps the files open. */
static enum err open_days(struct server *s)
{
	uint8_t hash_key[16];
	enum err err = s->day_reader ? ERR_NONE : info_hash_key(s->db, hash_key);

	return err || s->day_reader ? err : day_reader_open(&s->day_reader, SERVER_DIR, hash_key);
}

void rates_read(struct server *s)
{
	read_fn fn = s->reading.fn;
	enum err err = open_days(s);
	struct reader reader = {.db = s->db, .days = s->day_reader};

	s->reading.fn = NULL;
	if (!err)
		err = fn(&reader, s->reading.arg);
	s->reading.done(s->reading.arg, err);
}

enum err rates_start(struct server *s)
{
	enum err err;

	s->reading.fn = NULL;
	s->platform.readers = (struct readers *)(void *)s;
	err = rater_new(&s->rater, &s->platform);
	if (!err)
		io_timer_add(&s->io, RATE_MS, RATE_MS, rater_tick, s->rater);
	return err;
}

void rates_end(struct server *s)
{
	rater_free(s->rater);
	s->rater = NULL;
	day_reader_close(s->day_reader);
	s->day_reader = NULL;
}

/* ---- a person decides about a register that fell ---- */

struct decision {
	struct world *w;
	struct rating_resolve act;
	enum rating_how fallen; /* when the register is below what is billed */
	struct rates_gap *gap;
};

/* As its display says; ERR_REFUSED: it is dark, or does not know yet. */
static enum err register_of(const struct world *w, int64_t meter, int64_t *units)
{
	unsigned n = (unsigned)(meter - METER_FIRST);
	struct unit_credit credit;

	if (n >= UNITS_MAX) {
		*units = collector_register(w, n - UNITS_MAX);
		return ERR_NONE;
	}
	if (!unit_lit(w->unit[n]))
		return ERR_REFUSED;
	credit = unit_credit(w->unit[n]);
	*units = credit.register_wh;
	return credit.waits ? ERR_REFUSED : ERR_NONE;
}

/* Who goes there sees whether it was one false value, or the register itself fell. */
static enum err resolve_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct decision *d = arg;
	struct rating_row before;
	int64_t units;
	enum err err = rating_get(tx->db, 1, d->act.meter, &before);

	if (!err && (before.fault == RATING_SOUND || before.fault == RATING_UNPRICED))
		err = ERR_REFUSED;
	if (!err)
		err = register_of(d->w, before.meter, &units);
	if (err)
		return err;
	d->act.version = before.version;
	*d->gap = (struct rates_gap){.meter = before.meter};
	d->act.how = RATING_DISCARD;
	if (units < before.billed_units) {
		d->act.how = d->fallen;
		d->gap->from = before.billed_units;
		d->gap->to = before.fault_units;
		d->gap->charged = d->act.units;
	}
	return rating_resolve_step(tx, &d->act, now_ms, out);
}

static void resolved(void *arg, enum err err)
{
	struct decision *d = arg;

	world_note(d->w, "register of %lld %s: %s", (long long)d->act.meter,
	           d->act.how == RATING_DISCARD ? "stands" : "begins anew", err_text(err));
	d->gap->sure = !err;
	if (err == ERR_REFUSED || err == ERR_CONFLICT)
		d->gap->meter = 0; /* nothing happened */
	free(d);
}

static bool first_fault(void *arg, const struct rating_row *row)
{
	int64_t *meter = arg;

	*meter = row->meter;
	return false;
}

void rates_resolve(struct world *w)
{
	struct rates *r = &w->money->rates;
	int64_t meter = 0;
	struct decision *d;

	if (r->gaps == sizeof r->gap / sizeof *r->gap ||
	    rating_walk(w->server->db, 1, 0, true, first_fault, &meter) || !meter)
		return;
	d = calloc(1, sizeof *d);
	assert(d != NULL);
	d->w = w;
	d->gap = &r->gap[r->gaps++];
	*d->gap = (struct rates_gap){.meter = meter};
	d->fallen = RATING_BASELINE;
	d->act = (struct rating_resolve){
	        .place = {.group_id = 1, .property_id = 1},
                  .meter = meter
        };
	d->act.actor = money_actor("finance", "the register fell");
	if (rnd_below(&w->money->rnd, 2)) {
		d->fallen = RATING_QUANTITY;
		d->act.units = rnd_below(&w->money->rnd, 3);
	}
	if (writer_submit(w->server->platform.writer, resolve_step, d, resolved, d))
		resolved(d, ERR_FULL);
}
