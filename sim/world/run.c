/* A whole history: sizes from the seed, work with faults, then quiet, then the audit. */
#include "sim/world/money.h"
#include "sim/world/oracle.h"
#include "sim/world/world.h"

#include "libs/base/bytes.h"
#include "libs/base/macros.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a property over months each meter is read four times a day; a fault comes a few times in a year. */
#define LONG_SLOW 20000
#define LONG_THIN 2000 /* days of a meter */

static const struct pace short_pace = {
        .tick_us = 50 * MS,
        .read_s = 15,
        .buy_us = 12 * SECOND,
        .desk_us = 3 * SECOND,
        .full_us = 20 * SECOND,
        .quiet_s = 70,  /* the newest reading of each meter is one of the quiet */
        .drain_s = 400, /* the slowest is a command that expires after 60 s */
};

static const struct pace long_pace = {
        .tick_us = INT64_C(3600) * SECOND,
        .read_s = 21600,
        .buy_us = INT64_C(36000) * SECOND,
        .desk_us = INT64_C(144000) * SECOND,
        .full_us = INT64_C(4000) * SECOND,
        .quiet_s = 8000,
        .drain_s = 20000,
};

#define BATCHED 1000

static const char *const happens_names[HAPPENS_KINDS] = {
        "tick",    "answer",    "power",      "trouble",        "contact",          "leak",
        "frame",   "forged",    "gateway",    "gateway-start",  "gateway-trouble",  "gateway-link",
        "collect", "broker-in", "broker-out", "broker-trouble", "platform-start",   "platform",
        "step",    "effects",   "read",       "platform-link",  "platform-trouble", "people",
        "buy",     "notice",    "desk",       "hostile"};

static uint64_t hash_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * UINT64_C(0x9E3779B97F4A7C15);
	return hash ^ hash >> 29;
}

uint64_t world_hash(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;
	uint64_t last = len;

	hash ^= UINT64_C(0xCBF29CE484222325);
	for (; len >= 8; len -= 8, b += 8)
		hash = hash_word(hash, get_le64(b));
	for (size_t i = 0; i < len; i++)
		last = last << 8 | b[i];
	return hash_word(hash, last);
}

static struct traced *trace(struct world *w)
{
	struct traced *t = &w->trace[w->traced++ % TRACE_KEPT];

	memset(t, 0, sizeof *t);
	t->at_us = world_us(w);
	return t;
}

void world_note(struct world *w, const char *format, ...)
{
	struct traced *t = trace(w);
	va_list args;

	t->kind = HAPPENS_KINDS;
	va_start(args, format);
	vsnprintf(t->text, sizeof t->text, format, args);
	va_end(args);
	w->hash = world_hash(w->hash, t->text, strlen(t->text));
	if (w->options.notes)
		fprintf(stderr, "%12.6f %s\n", (double)t->at_us / SECOND, t->text);
}

void world_broken(struct world *w, const char *rule, const char *format, ...)
{
	va_list args;
	int n;

	if (w->failed)
		return;
	w->failed = true;
	n = snprintf(w->why, sizeof w->why, "%s: ", rule);
	va_start(args, format);
	vsnprintf(w->why + n, sizeof w->why - (size_t)n, format, args);
	va_end(args);
	world_note(w, "BROKEN %s", w->why);
}

void world_trouble(struct world *w, enum happens kind, enum mishap fault, uint32_t node)
{
	int64_t us = fault_wait_us(&w->faults, fault, node);

	if (us >= 0)
		world_at(w, us, kind, node, fault, NULL);
}

/* ---- the loop ---- */

static void dispatch(struct world *w, const struct happening *h)
{
	switch ((enum happens)h->kind) {
	case HAPPENS_UNIT_TICK:
	case HAPPENS_UNIT_ANSWER:
	case HAPPENS_UNIT_POWER:
	case HAPPENS_UNIT_TROUBLE:
	case HAPPENS_UNIT_CONTACT:
	case HAPPENS_UNIT_LEAK:
		unit_happens(w, h->node - NODE_UNIT, h);
		break;
	case HAPPENS_BUS_DONE:
	case HAPPENS_BUS_QUIET:
		bus_happens(w, h->node, h);
		break;
	case HAPPENS_BOX_TICK:
	case HAPPENS_BOX_START:
	case HAPPENS_BOX_LINK:
		box_happens(w, h->node, h);
		break;
	case HAPPENS_BOX_TROUBLE:
		box_happens(w, h->node - NODE_BOX, h);
		break;
	case HAPPENS_COLLECT:
		collector_happens(w, h);
		break;
	case HAPPENS_PIPE_IN:
	case HAPPENS_PIPE_OUT:
	case HAPPENS_PIPE_TROUBLE:
		pipe_happens(w, h);
		break;
	case HAPPENS_SERVER_START:
	case HAPPENS_SERVER_TICK:
	case HAPPENS_SERVER_STEP:
	case HAPPENS_SERVER_ANSWER:
	case HAPPENS_SERVER_READ:
	case HAPPENS_SERVER_LINK:
	case HAPPENS_SERVER_TROUBLE:
		server_happens(w, h);
		break;
	case HAPPENS_PEOPLE:
		people_act(w, h);
		break;
	case HAPPENS_BUY:
	case HAPPENS_NOTICE:
	case HAPPENS_DESK:
		money_happens(w, h);
		break;
	case HAPPENS_HOSTILE:
		hostile_act(w, h);
		break;
	case HAPPENS_KINDS:
		break;
	}
}

static void note_happening(struct world *w, const struct happening *h)
{
	uint64_t words[4] = {(uint64_t)h->at_us, (uint64_t)h->kind << 32 | h->node, h->arg, 0};
	struct traced *t;

	if (h->parcel)
		words[3] = world_hash(h->parcel->tag, h->parcel->bytes, h->parcel->len);
	w->hash = world_hash(w->hash, words, sizeof words);
	if (h->kind == HAPPENS_UNIT_TICK) /* by the thousand */
		return;
	t = trace(w);
	t->kind = h->kind;
	t->node = h->node;
	t->arg = h->arg;
	t->hash = words[3];
	t->len = h->parcel ? (uint32_t)h->parcel->len : 0;
}

/* False: the history ends here. */
static bool next(struct world *w)
{
	struct happening h;

	if (w->failed || (w->options.until && w->queue.drawn >= w->options.until) ||
	    !queue_take(&w->queue, &h))
		return false;
	w->happened[h.kind]++;
	note_happening(w, &h);
	dispatch(w, &h);
	free(h.parcel);
	return true;
}

static void run_to(struct world *w, int64_t us)
{
	while (queue_next_us(&w->queue) <= us && next(w))
		;
}

/* ---- phases ---- */

/* Who still has something; NULL: nobody. */
static const char *busy(struct world *w)
{
	static const char *const boxes[BOXES_MAX] = {"gateway 0", "gateway 1", "gateway 2",
	                                             "gateway 3"};

	if (!server_runs(w))
		return "the platform does not run";
	for (unsigned i = 0; i < w->n_boxes; i++)
		if (!box_drained(w->box[i]))
			return boxes[i];
	if (!collector_drained(w))
		return "the collector";
	if (!money_settled(w))
		return "payments that the platform does not know";
	if (!oracle_all_acked(w))
		return "batches that nobody has and nobody acknowledged";
	return server_commands_open(w) ? "commands that have not ended" : NULL;
}

static void drain(struct world *w)
{
	int64_t from = world_us(w), at, rated = INT64_MAX;
	bool ended = false;

	w->faults.calm = true;
	server_calm(w);
	money_calm(w);
	for (unsigned i = 0; i < w->n_boxes; i++)
		box_calm(w, i);
	world_note(w, "quiet");
	for (at = from + w->pace.quiet_s * SECOND; !ended; at += SECOND) {
		run_to(w, at);
		if (rated == INT64_MAX && !busy(w))
			rated = at + (w->options.days ? 0 : WORLD_RATED_S * SECOND);
		ended = w->failed || w->options.until || (at >= rated && !busy(w)) ||
		        at >= from + w->pace.drain_s * SECOND;
	}
	if (!w->failed && !w->options.until && busy(w))
		oracle_tell_open(w);
	if (!w->failed && !w->options.until && busy(w))
		world_broken(w, "I26", "not drained after %lld s: %s", (long long)w->pace.drain_s,
		             busy(w));
}

/* Any time; so that a day, month or year ends meanwhile; or so that a day is closed. */
static int64_t draw_start_s(struct world *w)
{
	static const int64_t starts[] = {
	        INT64_C(1795490000), /* 2026-11-24 */
	        INT64_C(2144678400), /* 2037-12-17 */
	        INT64_C(2147483000), /* minutes before 2^31 */
	        INT64_C(4102444500), /* minutes before 2100 */
	        INT64_C(4101000000), /* 2099-12 */
	        INT64_C(4291800000), /* 2106-01 */
	};

	static const int64_t midnights[] = {
	        INT64_C(1798732800), /* 2027-01-01 in Beijing */
	        INT64_C(1796054400), /* 2026-12-01 */
	        INT64_C(1835366400), /* 2028-02-29 */
	        INT64_C(2145888000), /* 2038-01-01 */
	        INT64_C(4102416000), /* 2100-01-01 */
	        INT64_C(4294396800), /* 2106-02-01 */
	};
	uint32_t kind = rnd_below(&w->rnd, 10);
	int64_t midnight_s = midnights[rnd_below(&w->rnd, ARRAY_SIZE(midnights))];

	if (kind < 4 && w->faults.spared)
		kind = 8;
	if (kind < 4)
		return starts[rnd_below(&w->rnd, ARRAY_SIZE(starts))];
	if (kind < 8)
		return midnight_s - 30 - rnd_below(&w->rnd, 120);
	return midnight_s + 7200 - 20 - rnd_below(&w->rnd, 40);
}

bool world_long_has(enum mishap kind)
{
	static const enum mishap has[] = {
	        FAULT_LINK_LOST,      FAULT_LINK_TWICE,           FAULT_LINK_LATE,
	        FAULT_BROKER_RESTART, FAULT_PLATFORM_KILL,        FAULT_PLATFORM_POWER,
	        FAULT_PLATFORM_PAUSE, FAULT_PLATFORM_POWER_WRITE, FAULT_PLATFORM_FULL,
	        FAULT_PLATFORM_EIO,   FAULT_PLATFORM_SYNC,        FAULT_PAY_WRONG,
	        FAULT_PAY_TWICE,      FAULT_NOTICE_TWICE,         FAULT_NOTICE_LATE,
	        FAULT_NOTICE_NEVER,   FAULT_READING_LATE};

	for (size_t i = 0; i < ARRAY_SIZE(has); i++)
		if (has[i] == kind)
			return true;
	return false;
}

static void make_long(struct world *w)
{
	static const int64_t starts[] = {
	        INT64_C(1772294400), /* 2026-03-01 in Beijing */
	        INT64_C(2143209600), /* 2037-12-01 */
	        INT64_C(4099737600), /* 2099-12-01 */
	        INT64_C(4291718400), /* 2106-01-01 */
	};

	w->n_units = w->n_boxes = 0;
	w->n_bought = w->options.bought;
	w->n_spares = SPARES_MAX;
	w->start_ms = starts[w->options.seed % ARRAY_SIZE(starts)] * 1000;
	w->pace = long_pace;
	w->faults.slow = LONG_SLOW;
	w->faults.thin = 1 + (uint32_t)(w->options.days * w->n_bought / LONG_THIN);
	for (unsigned k = 0; k < FAULTS; k++)
		w->faults.level[k] = world_long_has((enum mishap)k) && !w->options.drop[k]
		                             ? FAULT_RARE
		                             : FAULT_OFF;
}

static void make(struct world *w)
{
	const struct options *o = &w->options;
	uint32_t units = 1 + rnd_below(&w->rnd, 6), boxes = 1 + rnd_below(&w->rnd, 2);
	uint32_t work_s = 60 + rnd_below(&w->rnd, 240);
	int64_t start_s = draw_start_s(w);

	w->pace = short_pace;
	w->n_units = o->units ? o->units : units;
	w->n_boxes = o->boxes ? o->boxes : boxes;
	if (rnd_below(&w->rnd, 10) == 0)
		work_s += 600; /* long enough for readings to become old */
	w->n_bought = w->n_spares = 2;
	if (o->days)
		make_long(w);
	w->n_accounts = o->days ? w->n_bought : w->n_units + 1;
	w->work_us = (o->days ? o->days * 86400 : o->work_s ? o->work_s : (int64_t)work_s) * SECOND;
	if (!o->days || o->start_s)
		w->start_ms = (o->start_s ? o->start_s : start_s) * 1000;
	oracle_new(w);
	pipe_new(w);
	hostile_new(w);
	for (unsigned i = 0; i < w->n_boxes; i++)
		bus_new(w, i);
	for (unsigned i = 0; i < w->n_units; i++)
		unit_new(w, i, i % w->n_boxes);
	for (unsigned i = 0; i < w->n_boxes; i++)
		box_new(w, i);
	collector_new(w);
	money_new(w);
	w->n_terminals =
	        w->n_units + (w->money->purses_from < w->n_units && w->n_units < UNITS_MAX);
	for (unsigned i = w->n_units; i < w->n_terminals; i++)
		unit_new(w, i, i % w->n_boxes);
	server_new(w);
	people_new(w);
}

static void unmake(struct world *w)
{
	people_free(w);
	server_free(w);
	money_free(w);
	collector_free(w);
	for (unsigned i = 0; i < w->n_boxes; i++)
		box_free(w, w->box[i]);
	for (unsigned i = 0; i < w->n_terminals; i++)
		unit_free(w->unit[i]);
	for (unsigned i = 0; i < w->n_boxes; i++)
		bus_free(w->bus[i]);
	hostile_free(w);
	pipe_free(w->pipe);
	oracle_free(w);
	queue_free(&w->queue);
}

static void show(const struct world *w)
{
	uint64_t n = w->traced < TRACE_KEPT ? w->traced : TRACE_KEPT;

	for (uint64_t i = w->traced - n; i < w->traced; i++) {
		const struct traced *t = &w->trace[i % TRACE_KEPT];

		if (t->kind == HAPPENS_KINDS)
			fprintf(stderr, "%12.6f %s\n", (double)t->at_us / SECOND, t->text);
		else
			fprintf(stderr, "%12.6f   %s node %u arg %llx, %u bytes %llx\n",
			        (double)t->at_us / SECOND, happens_names[t->kind], t->node,
			        (unsigned long long)t->arg, t->len, (unsigned long long)t->hash);
	}
	fprintf(stderr, "seed %llu, happening %llu, %.3f s: %s\n",
	        (unsigned long long)w->options.seed, (unsigned long long)w->queue.drawn,
	        (double)world_us(w) / SECOND, w->failed ? w->why : "no promise broken");
}

void world_run(const struct options *options, struct outcome *outcome)
{
	struct world *w = calloc(1, sizeof *w);

	assert(w != NULL);
	w->options = *options;
	queue_init(&w->queue, options->seed * 3 + 1);
	rnd_seed(&w->rnd, options->seed * 3 + 2);
	faults_init(&w->faults, options->seed, options->level);
	for (unsigned k = 0; k < FAULTS; k++)
		if (options->drop[k])
			w->faults.level[k] = FAULT_OFF;
	make(w);
	run_to(w, w->work_us);
	if (!w->failed)
		drain(w);
	if (!w->failed && !options->until)
		oracle_audit(w);
	if (!w->failed && !options->until)
		money_audit(w);
	if ((w->failed || options->until) && !options->quiet)
		show(w);
	*outcome = (struct outcome){.seed = options->seed,
	                            .hash = w->hash,
	                            .happenings = w->queue.drawn,
	                            .failed = w->failed,
	                            .virtual_s = world_us(w) / SECOND};
	memcpy(outcome->faults, w->faults.count, sizeof outcome->faults);
	memcpy(outcome->seen, w->faults.seen, sizeof outcome->seen);
	memcpy(outcome->why, w->why, sizeof outcome->why);
	unmake(w);
	free(w);
}
