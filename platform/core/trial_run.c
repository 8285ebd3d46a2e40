#include "platform/core/trial_run.h"

#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "libs/proto/meter.h"
#include "libs/proto/uplink.h"
#include "platform/core/access.h"
#include "platform/core/check.h"
#include "platform/core/rating.h"
#include "platform/core/tariff_edit.h"
#include "platform/core/trial.h"
#include "platform/store/account.h"
#include "platform/store/meter.h"

#define PLANS_MAX     64
#define FILES_MAX     4096
#define WINDOWS_SLICE 256 /* looked through in one slice */
#define ROWS_SLICE    100
#define BESIDE_MIN_S  90 /* an edge has readings this near, or 1.5 periods */
#define BESIDE_MAX_S  INT64_C(140400)

/* A version as it is rated: `tried` takes the place of `now`. */
struct pair {
	int64_t version_id; /* in force without the trial; 0: none */
	bool affected;
	struct plan *now, *tried;
};

struct meter_trial {
	int64_t meter, account_id, gateway_id, space_id, beside_s;
	struct trial_use use;
	struct rate_mark end; /* its cursor: the newest that is believed */
	/* Beside the edge that is looked at; at_s 0: none. */
	struct rate_mark before, after;
};

enum phase { PHASE_BEGIN, PHASE_GATEWAY, PHASE_WINDOWS, PHASE_ACCOUNTS, PHASE_OVER };

struct tariff_trial {
	struct tariff_trial_ask ask;
	struct tariff_trial_sums sums;
	enum phase phase;
	enum err err;
	struct db *db; /* in a slice */
	enum service service;
	struct rate_register reg;
	struct tariff_cache *cache;
	struct tariff_body *body; /* that is tried */
	int64_t at_s;             /* when it would begin */
	struct pair pair[PLANS_MAX];
	size_t pair_count;
	struct meter_trial *meters; /* by gateway and meter; at the end by account */
	size_t meter_count, meter_room;
	int64_t *edges;
	size_t edge_count;
	/* the gateway under way */
	size_t first, end, edge_at;
	int64_t beside_s;
	int64_t files[FILES_MAX];
	struct day_extent extents[FILES_MAX];
	size_t file_count;
	int64_t edge_s;
	size_t row_at;
	void *memory;
	struct arena arena;
	struct uplink *uplink;
};

enum err tariff_trial_new(struct tariff_trial **out, const struct tariff_trial_ask *ask)
{
	struct tariff_trial *t = calloc(1, sizeof *t);

	*out = t;
	if (!t)
		return ERR_NOMEM;
	t->ask = *ask;
	t->cache = tariff_cache_new();
	t->body = malloc(sizeof *t->body);
	t->memory = malloc(UPLINK_ARENA_SIZE);
	t->uplink = malloc(sizeof *t->uplink);
	if (!t->cache || !t->body || !t->memory || !t->uplink)
		return ERR_NOMEM;
	arena_init(&t->arena, t->memory, UPLINK_ARENA_SIZE);
	return ERR_NONE;
}

void tariff_trial_free(struct tariff_trial *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->pair_count; i++) {
		free(t->pair[i].now);
		free(t->pair[i].tried);
	}
	tariff_cache_free(t->cache);
	free(t->body);
	free(t->meters);
	free(t->edges);
	free(t->memory);
	free(t->uplink);
	free(t);
}

bool tariff_trial_over(const struct tariff_trial *t)
{
	return t->phase == PHASE_OVER;
}

const struct tariff_trial_sums *tariff_trial_sums(const struct tariff_trial *t)
{
	return &t->sums;
}

int64_t tariff_trial_permille(const struct tariff_trial *t)
{
	size_t done = t->first, part = t->end > t->first ? t->end - t->first : 0;

	if (t->phase >= PHASE_ACCOUNTS)
		return 1000;
	if (!t->meter_count || !t->edge_count)
		return 0;
	return (int64_t)((done + part * t->edge_at / t->edge_count) * 1000 / t->meter_count);
}

/* ---- what is tried ---- */

struct version_found {
	struct tariff_trial *t;
	int64_t tariff_id, valid_from_s;
	bool read; /* and its body */
	enum err err;
};

static void on_version(void *arg, const struct tariff_version_row *row)
{
	struct version_found *found = arg;
	char field[TARIFF_FIELD_SIZE];
	const char *why;

	found->tariff_id = row->tariff_id;
	found->valid_from_s = row->valid_from_s;
	if (found->read)
		found->err = tariff_body_parse(row->body, strlen(row->body), found->t->body, field,
		                               &why);
}

static enum err read_version(struct tariff_trial *t)
{
	struct version_found found = {.t = t, .read = true};
	struct tariff_row row;
	enum err err = tariff_reachable(t->db, t->ask.group_id, t->ask.property_id,
	                                t->ask.tariff_id, &row);

	if (!err)
		err = tariff_version_get(t->db, t->ask.version_id, on_version, &found);
	if (!err)
		err = found.err;
	if (!err && found.tariff_id != t->ask.tariff_id)
		err = ERR_NOT_FOUND;
	if (err)
		return err;
	t->service = row.service;
	t->at_s = found.valid_from_s > t->ask.now_s ? found.valid_from_s : t->ask.now_s;
	return ERR_NONE;
}

/* One version in force at all times. */
static struct plan *plan_of(const struct tariff_trial *t, const struct plan *from,
                            int64_t version_id)
{
	struct plan *plan = malloc(sizeof *plan);

	if (!plan)
		return NULL;
	*plan = *from;
	plan->version = (uint32_t)version_id;
	plan->valid_from_s = 0;
	plan->utc_offset_s = t->ask.utc_offset_s;
	return plan;
}

/* Does this version's tariff follow the one that is tried, and by which difference? */
static enum err follows(struct tariff_trial *t, int64_t version_id, bool *affected, int64_t *delta)
{
	struct version_found found = {.t = t};
	struct tariff_row row;
	enum err err;

	*affected = false;
	*delta = 0;
	if (!version_id)
		return ERR_NONE;
	err = tariff_version_get(t->db, version_id, on_version, &found);
	if (!err)
		err = tariff_get(t->db, found.tariff_id, &row);
	if (err)
		return err;
	if (row.base_tariff_id == t->ask.tariff_id)
		*delta = row.base_delta_uy;
	*affected = found.tariff_id == t->ask.tariff_id || row.base_tariff_id == t->ask.tariff_id;
	return ERR_NONE;
}

static enum err make_pair(struct tariff_trial *t, const struct plan *now, struct pair *pair)
{
	struct tariff_body *body = malloc(sizeof *body);
	unsigned rate;
	int64_t delta;
	enum err err = body ? follows(t, pair->version_id, &pair->affected, &delta) : ERR_NOMEM;

	if (!err) {
		*body = *t->body;
		err = tariff_body_add(body, delta, &rate) ? ERR_REFUSED : ERR_NONE;
	}
	if (!err) {
		pair->tried = plan_of(t, &body->plan, t->ask.version_id);
		pair->now = now ? plan_of(t, now, pair->version_id) : NULL;
		if (!pair->tried || (now && !pair->now))
			err = ERR_NOMEM;
	}
	free(body);
	return err;
}

static enum err pair_for(struct tariff_trial *t, const struct plan *now, const struct pair **pair)
{
	int64_t version_id = now ? now->version : 0;

	for (size_t i = 0; i < t->pair_count; i++) {
		*pair = &t->pair[i];
		if (t->pair[i].version_id == version_id)
			return ERR_NONE;
	}
	if (t->pair_count == PLANS_MAX)
		return ERR_REFUSED;
	*pair = &t->pair[t->pair_count];
	t->pair[t->pair_count].version_id = version_id;
	return make_pair(t, now, &t->pair[t->pair_count++]);
}

/* ---- whose use ---- */

static enum err add_meter(struct tariff_trial *t, const struct rating_row *row,
                          const struct meter_row *meter, const struct pair *pair)
{
	int64_t period_s = meter->period_s ? meter->period_s : t->ask.period_s;
	struct meter_trial *m;

	if (t->meter_count == t->meter_room) {
		size_t room = t->meter_room ? t->meter_room * 2 : 256;
		struct meter_trial *more = realloc(t->meters, room * sizeof *more);

		if (!more)
			return ERR_NOMEM;
		t->meters = more;
		t->meter_room = room;
	}
	m = &t->meters[t->meter_count++];
	*m = (struct meter_trial){
	        .meter = row->meter,
	        .account_id = row->account_id,
	        .gateway_id = meter->gateway_id,
	        .space_id = meter->space_id,
	        .beside_s = period_s * 3 / 2,
	        .end = {row->billed_s, row->billed_units}
        };
	m->use.reg = t->reg;
	m->use.side[TRIAL_NOW].plan = pair->now;
	m->use.side[TRIAL_TRIED].plan = pair->tried;
	return ERR_NONE;
}

static enum err is_in_space(struct tariff_trial *t, int64_t space_id, bool *in)
{
	struct place place;
	enum err err;

	*in = !t->ask.space_id;
	if (*in || !space_id)
		return ERR_NONE;
	err = place_of_object(t->db, t->ask.property_id, space_id, &place);
	for (size_t i = 0; !err && i < SPACE_DEPTH; i++)
		*in = *in || place.space[i] == t->ask.space_id;
	return err;
}

static enum err pays_a_fee(struct tariff_trial *t, int64_t account_id, bool *fee)
{
	struct account_terms terms;
	enum err err = account_terms_at(t->db, t->ask.property_id, account_id, t->at_s, &terms);

	*fee = !err && terms.kind == ACCOUNT_MONTHLY_FEE;
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

/* A use that begins inside the period begins at its baseline. */
static enum err set_baseline(struct tariff_trial *t, const struct rating_row *row)
{
	struct meter_trial *m = &t->meters[t->meter_count - 1];
	struct account_meter use;
	struct rate_mark mark;
	enum err err;

	if (row->use_from_s < t->ask.from_s || row->use_from_s >= t->ask.to_s)
		return ERR_NONE;
	err = account_meter_at(t->db, t->ask.property_id, row->meter, row->use_from_s, &use);
	mark = (struct rate_mark){row->use_from_s, use.open_units};
	if (!err)
		err = trial_mark(&m->use, &mark);
	return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static enum err look_at(struct tariff_trial *t, const struct rating_row *row)
{
	const struct tariff_ask ask = {.property_id = t->ask.property_id,
	                               .meter = row->meter,
	                               .service = row->service,
	                               .utc_offset_s = t->ask.utc_offset_s,
	                               .from_s = t->at_s,
	                               .to_s = t->at_s + 1};
	const struct pair *pair = NULL;
	struct tariff_span span;
	struct meter_row meter;
	bool in = false, fee = false;
	enum err err = meter_get(t->db, t->ask.property_id, row->meter, &meter);

	if (!err)
		err = is_in_space(t, meter.space_id, &in);
	if (err || !in)
		return err;
	err = tariff_span(t->db, t->cache, &ask, &span);
	if (!err || err == ERR_NOT_FOUND)
		err = pair_for(t, err ? NULL : span.plan[span.count - 1], &pair);
	tariff_span_free(&span);
	if (err || (!t->ask.all && !pair->affected))
		return err;
	err = pays_a_fee(t, row->account_id, &fee);
	if (fee)
		t->sums.flat_fee++;
	if (err || fee)
		return err;
	err = add_meter(t, row, &meter, pair);
	return err ? err : set_baseline(t, row);
}

static bool on_rating(void *arg, const struct rating_row *row)
{
	struct tariff_trial *t = arg;

	if (row->service == t->service)
		t->err = look_at(t, row);
	return !t->err;
}

static int by_gateway(const void *a, const void *b)
{
	const struct meter_trial *x = a, *y = b;

	if (x->gateway_id != y->gateway_id)
		return x->gateway_id < y->gateway_id ? -1 : 1;
	return (x->meter > y->meter) - (x->meter < y->meter);
}

static int by_time(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static enum err find_edges(struct tariff_trial *t)
{
	const int64_t from_s = t->ask.from_s, to_s = t->ask.to_s;
	size_t kept = 0;
	enum err err = ERR_NONE;

	t->edges = malloc(2 * sizeof *t->edges);
	if (!t->edges)
		return ERR_NOMEM;
	t->edges[t->edge_count++] = from_s;
	t->edges[t->edge_count++] = to_s;
	for (size_t i = 0; !err && i < t->pair_count; i++) {
		if (t->pair[i].now)
			err = trial_edges(t->pair[i].now, from_s, to_s, &t->edges, &t->edge_count);
		if (!err)
			err = trial_edges(t->pair[i].tried, from_s, to_s, &t->edges,
			                  &t->edge_count);
	}
	qsort(t->edges, t->edge_count, sizeof *t->edges, by_time);
	for (size_t i = 0; i < t->edge_count; i++)
		if (!kept || t->edges[kept - 1] != t->edges[i])
			t->edges[kept++] = t->edges[i];
	t->edge_count = kept;
	return err;
}

static enum err begin(struct tariff_trial *t)
{
	enum err err = read_version(t);

	if (!err)
		err = rating_register(t->db, t->ask.property_id, t->service, &t->reg);
	if (!err)
		err = rating_walk(t->db, t->ask.property_id, 0, false, on_rating, t);
	if (!err)
		err = t->err;
	if (err)
		return err;
	if (t->meter_count)
		qsort(t->meters, t->meter_count, sizeof *t->meters, by_gateway);
	t->sums.meters = t->meter_count;
	return find_edges(t);
}

/* ---- readings beside an edge ---- */

static struct meter_trial *meter_of(struct tariff_trial *t, int64_t meter)
{
	const struct meter_trial key = {.meter = meter,
	                                .gateway_id = t->meters[t->first].gateway_id};

	return bsearch(&key, &t->meters[t->first], t->end - t->first, sizeof key, by_gateway);
}

/* Of two readings of one second the first that arrived counts. */
static void take_reading(const struct tariff_trial *t, struct meter_trial *m,
                         const struct reading *reading)
{
	const struct rate_mark mark = {reading->time_s, reading->energy_wh};

	if (mark.at_s < t->edge_s - m->beside_s || mark.at_s > t->edge_s + m->beside_s)
		return;
	if (mark.at_s <= t->edge_s && mark.at_s > m->before.at_s)
		m->before = mark;
	if (mark.at_s > t->edge_s && (!m->after.at_s || mark.at_s < m->after.at_s))
		m->after = mark;
}

static void take_table(struct tariff_trial *t, const struct readings *table,
                       const struct batch_row *batch)
{
	uint32_t row = 0;

	for (uint32_t run = 0; run < table->runs; row += table->run_len[run++]) {
		struct meter_trial *m = meter_of(t, table->run_meter[run]);

		for (uint32_t i = row; m && i < row + table->run_len[run]; i++) {
			struct reading reading = readings_row(table, run, i);

			if (reading_check(&reading, batch->stored_ms / 1000) == CHECK_GOOD &&
			    !(reading.quality & METER_CLOCK_UNSURE))
				take_reading(t, m, &reading);
		}
	}
}

static bool on_batch(void *arg, const struct batch_row *batch)
{
	struct tariff_trial *t = arg;

	arena_reset(&t->arena);
	if (uplink_decode(batch->body, batch->body_len, &t->arena, t->uplink))
		t->sums.damaged++;
	else
		for (size_t i = 0; i < t->uplink->table_count; i++)
			take_table(t, &t->uplink->table[i], batch);
	return true;
}

/* What a file holds of the gateway is asked once; an unreadable one holds nothing. */
static enum err begin_gateway(struct tariff_trial *t, struct reader *reader)
{
	int64_t gateway_id = t->meters[t->first].gateway_id;
	enum err err = ERR_NONE;

	t->beside_s = BESIDE_MIN_S;
	for (t->end = t->first;
	     t->end < t->meter_count && t->meters[t->end].gateway_id == gateway_id; t->end++) {
		struct meter_trial *m = &t->meters[t->end];

		if (m->beside_s < BESIDE_MIN_S)
			m->beside_s = BESIDE_MIN_S;
		if (m->beside_s > BESIDE_MAX_S)
			m->beside_s = BESIDE_MAX_S;
		if (m->beside_s > t->beside_s)
			t->beside_s = m->beside_s;
	}
	t->file_count = day_reader_list(reader->days, t->files, FILES_MAX);
	if (t->file_count > FILES_MAX)
		t->file_count = FILES_MAX;
	for (size_t i = 0; i < t->file_count && err != ERR_NOMEM; i++) {
		err = day_reader_extent(reader->days, t->files[i], t->ask.property_id, gateway_id,
		                        t->ask.from_s - t->beside_s, &t->extents[i]);
		if (err)
			t->extents[i] = (struct day_extent){.t_min = 1};
	}
	t->edge_at = 0;
	return err == ERR_NOMEM ? err : ERR_NONE;
}

static enum err read_window(struct tariff_trial *t, struct reader *reader)
{
	int64_t gateway_id = t->meters[t->first].gateway_id;
	int64_t from_s = t->edge_s - t->beside_s, to_s = t->edge_s + t->beside_s + 1;
	enum err err = ERR_NONE;

	for (size_t i = 0; i < t->file_count && err != ERR_NOMEM; i++) {
		const struct day_extent *of = &t->extents[i];

		if (of->t_max < of->t_min || of->t_max < from_s || of->t_min >= to_s)
			continue;
		err = day_reader_window(reader->days, t->files[i], t->ask.property_id, gateway_id,
		                        from_s, to_s, of->longest_s, on_batch, t, &t->sums.damaged);
	}
	return err == ERR_NOMEM ? err : ERR_NONE;
}

static enum err put(const struct tariff_trial *t, struct meter_trial *m,
                    const struct rate_mark *mark)
{
	bool outside = mark->at_s < t->ask.from_s || mark->at_s > t->ask.to_s;

	/* The mark before the period's begin stands for it: the register moves little in between. */
	if (!mark->at_s || (outside && t->edge_s != t->ask.from_s) ||
	    (m->use.begun && mark->at_s <= m->use.last.at_s))
		return ERR_NONE;
	return trial_mark(&m->use, mark);
}

static enum err look_at_edge(struct tariff_trial *t, struct reader *reader)
{
	enum err err;

	t->edge_s = t->edges[t->edge_at];
	for (size_t i = t->first; i < t->end; i++)
		t->meters[i].before = t->meters[i].after = (struct rate_mark){0};
	err = read_window(t, reader);
	for (size_t i = t->first; !err && i < t->end; i++) {
		struct meter_trial *m = &t->meters[i];

		err = put(t, m, &m->before);
		if (!err)
			err = put(t, m, &m->after);
	}
	return err;
}

/* The cursor ends what the period does not: nothing newer is believed yet. */
static enum err end_gateway(struct tariff_trial *t)
{
	enum err err = ERR_NONE;

	for (size_t i = t->first; !err && i < t->end; i++) {
		struct meter_trial *m = &t->meters[i];

		if (m->end.at_s > m->use.last.at_s && m->end.at_s <= t->ask.to_s && m->use.begun)
			err = trial_mark(&m->use, &m->end);
		trial_end(&m->use);
	}
	t->first = t->end;
	return err;
}

static enum err windows(struct tariff_trial *t, struct reader *reader)
{
	enum err err = ERR_NONE;

	for (size_t n = 0; !err && n < WINDOWS_SLICE && t->edge_at < t->edge_count; n++) {
		err = look_at_edge(t, reader);
		t->edge_at++;
	}
	if (!err && t->edge_at == t->edge_count) {
		err = end_gateway(t);
		t->phase = PHASE_GATEWAY;
	}
	return err;
}

/* ---- accounts ---- */

static int by_account(const void *a, const void *b)
{
	const struct meter_trial *x = a, *y = b;

	if (x->account_id != y->account_id)
		return x->account_id < y->account_id ? -1 : 1;
	return (x->meter > y->meter) - (x->meter < y->meter);
}

static void add_use(struct tariff_trial_row *row, const struct trial_use *use)
{
	row->meters++;
	if (!use->begun || use->last.at_s == use->from_s) {
		row->without++;
		return;
	}
	if (!row->from_s || use->from_s < row->from_s)
		row->from_s = use->from_s;
	if (use->last.at_s > row->to_s)
		row->to_s = use->last.at_s;
	row->units += use->units;
	row->faults += use->faults;
	row->tried_fen += trial_fen(&use->side[TRIAL_TRIED]);
	if (use->side[TRIAL_NOW].plan)
		row->now_fen += trial_fen(&use->side[TRIAL_NOW]);
	else
		row->priced = false;
}

static enum err name_row(struct tariff_trial *t, int64_t space_id, struct tariff_trial_row *row)
{
	int64_t property_id = t->ask.property_id;
	struct customer_row customer;
	struct account_row account;
	struct space_row space;
	enum err err = account_get(t->db, property_id, row->account_id, &account);

	if (!err)
		err = customer_get(t->db, property_id, account.customer_id, &customer);
	if (err)
		return err;
	row->customer_id = account.customer_id;
	memcpy(row->code, account.code, sizeof row->code);
	memcpy(row->customer, customer.name, sizeof row->customer);
	if (!space_id)
		return ERR_NONE;
	err = space_get(t->db, property_id, space_id, &space);
	return err ? err : space_path(t->db, &space, row->path);
}

static void add_row(struct tariff_trial_sums *sums, const struct tariff_trial_row *row)
{
	sums->accounts++;
	sums->units += row->units;
	sums->now_fen += row->now_fen;
	sums->tried_fen += row->tried_fen;
	sums->more += row->tried_fen > row->now_fen;
	sums->less += row->tried_fen < row->now_fen;
	sums->same += row->tried_fen == row->now_fen;
}

static enum err accounts(struct tariff_trial *t,
                         enum err (*each)(void *arg, const struct tariff_trial_row *row), void *arg)
{
	enum err err = ERR_NONE;

	for (size_t n = 0; !err && n < ROWS_SLICE && t->row_at < t->meter_count; n++) {
		const struct meter_trial *m = &t->meters[t->row_at];
		struct tariff_trial_row row = {.account_id = m->account_id, .priced = true};

		err = name_row(t, m->space_id, &row);
		for (; t->row_at < t->meter_count &&
		       t->meters[t->row_at].account_id == row.account_id;
		     t->row_at++)
			add_use(&row, &t->meters[t->row_at].use);
		if (!err) {
			add_row(&t->sums, &row);
			err = each(arg, &row);
		}
	}
	if (t->row_at == t->meter_count)
		t->phase = PHASE_OVER;
	return err;
}

static void to_accounts(struct tariff_trial *t)
{
	if (t->meter_count)
		qsort(t->meters, t->meter_count, sizeof *t->meters, by_account);
	t->phase = PHASE_ACCOUNTS;
}

enum err tariff_trial_slice(struct tariff_trial *t, struct reader *reader,
                            enum err (*each)(void *arg, const struct tariff_trial_row *row),
                            void *arg)
{
	enum err err = ERR_NONE;

	t->db = reader->db;
	switch (t->phase) {
	case PHASE_BEGIN:
		err = begin(t);
		t->phase = PHASE_GATEWAY;
		break;
	case PHASE_GATEWAY:
		if (t->first == t->meter_count) {
			to_accounts(t);
		} else {
			err = begin_gateway(t, reader);
			t->phase = PHASE_WINDOWS;
		}
		break;
	case PHASE_WINDOWS:
		err = windows(t, reader);
		break;
	case PHASE_ACCOUNTS:
		err = accounts(t, each, arg);
		break;
	case PHASE_OVER:
		break;
	}
	t->db = NULL;
	return err;
}
