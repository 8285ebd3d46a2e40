/* A whole history: sizes from the seed, work with faults, then quiet, then the audit. */
#include "sim/world/money.h"
#include "sim/world/oracle.h"
#include "sim/world/world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DRAIN_S                                                                                    \
	400         /* everything that waits must have come through: the slowest is a command that
                     * expires after 60 s, and 30 days of patience are not needed here */
#define QUIET_S 130 /* at least: commands end by then */
#define BATCHED 1000

static const char *const happens_names[HAPPENS_KINDS] = {"tick",
                                                         "answer",
                                                         "power",
                                                         "trouble",
                                                         "contact",
                                                         "leak",
                                                         "frame",
                                                         "forged",
                                                         "gateway",
                                                         "gateway-start",
                                                         "gateway-trouble",
                                                         "gateway-link",
                                                         "collect",
                                                         "broker-in",
                                                         "broker-out",
                                                         "broker-trouble",
                                                         "platform-start",
                                                         "platform",
                                                         "step",
                                                         "effects",
                                                         "platform-link",
                                                         "platform-trouble",
                                                         "people",
                                                         "buy",
                                                         "notice",
                                                         "hostile"};

uint64_t world_hash(uint64_t hash, const void *bytes, size_t len)
{
	const uint8_t *b = bytes;

	hash ^= UINT64_C(0xCBF29CE484222325);
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ b[i]) * UINT64_C(0x100000001B3);
	return hash;
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
	case HAPPENS_SERVER_LINK:
	case HAPPENS_SERVER_TROUBLE:
		server_happens(w, h);
		break;
	case HAPPENS_PEOPLE:
		people_act(w, h);
		break;
	case HAPPENS_BUY:
	case HAPPENS_NOTICE:
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
static const char *busy(const struct world *w)
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
	return oracle_all_acked(w) ? NULL : "batches that nobody has and nobody acknowledged";
}

static void drain(struct world *w)
{
	int64_t from = world_us(w);

	w->faults.calm = true;
	server_calm(w);
	money_calm(w);
	for (unsigned i = 0; i < w->n_boxes; i++)
		box_calm(w, i);
	world_note(w, "quiet");
	run_to(w, from + (int64_t)QUIET_S * SECOND);
	while (!w->failed && !w->options.until && busy(w) &&
	       world_us(w) < from + (int64_t)DRAIN_S * SECOND)
		run_to(w, world_us(w) + SECOND);
	if (!w->failed && !w->options.until && busy(w))
		oracle_tell_open(w);
	if (!w->failed && !w->options.until && busy(w))
		world_broken(w, "I26", "not drained after %d s: %s", DRAIN_S, busy(w));
}

static int64_t draw_start_s(struct world *w)
{
	static const int64_t starts[] = {
	        INT64_C(1795490000), /* 2026-11-24 */
	        INT64_C(1798732500), /* 2026-12-31, minutes before midnight in Beijing */
	        INT64_C(2144678400), /* 2037-12-17 */
	        INT64_C(2147483000), /* minutes before 2^31 */
	        INT64_C(4102444500), /* minutes before 2100 */
	        INT64_C(4101000000), /* 2099-12 */
	        INT64_C(4291800000), /* 2106-01 */
	};

	return starts[rnd_below(&w->rnd, sizeof starts / sizeof *starts)];
}

static void make(struct world *w)
{
	const struct options *o = &w->options;
	uint32_t units = 1 + rnd_below(&w->rnd, 6), boxes = 1 + rnd_below(&w->rnd, 2);
	uint32_t work_s = 60 + rnd_below(&w->rnd, 240);
	int64_t start_s = draw_start_s(w);

	w->n_units = o->units ? o->units : units;
	w->n_boxes = o->boxes ? o->boxes : boxes;
	if (rnd_below(&w->rnd, 8) == 0)
		work_s += 600; /* long enough for readings to become old */
	w->n_bought = 2;
	w->work_us = (o->work_s ? o->work_s : (int64_t)work_s) * SECOND;
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
	server_new(w);
	people_new(w);
	money_new(w);
}

static void unmake(struct world *w)
{
	people_free(w);
	server_free(w);
	money_free(w);
	collector_free(w);
	for (unsigned i = 0; i < w->n_boxes; i++)
		box_free(w, w->box[i]);
	for (unsigned i = 0; i < w->n_units; i++)
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
	memcpy(outcome->why, w->why, sizeof outcome->why);
	unmake(w);
	free(w);
}
