/* Operators: they switch supply, now and then twice, or two of them at once. */
#include "sim/world/contract.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct people {
	uint64_t wishes;
};

/* One press of a button, however many requests come of it. */
struct click {
	int64_t id; /* of its command; 0: not answered */
	unsigned users;
};

/* A person's request under way. */
struct wish {
	struct world *w;
	uint64_t number;
	struct click *click;
	struct command_request request;
};

static struct click *click_new(void)
{
	struct click *click = calloc(1, sizeof *click);

	assert(click != NULL);
	click->users = 1;
	return click;
}

static void click_drop(struct click *click)
{
	if (--click->users == 0)
		free(click);
}

static void drop(struct wish *wish)
{
	click_drop(wish->click);
	free(wish);
}

static void answered(void *arg, enum err err)
{
	struct wish *wish = arg;
	struct click *click = wish->click;
	int64_t id = wish->request.row.command_id;

	world_note(wish->w, "wish %u: kind %u for %lld: %s, command %lld", (unsigned)wish->number,
	           wish->request.kind, (long long)wish->request.meter, err_text(err),
	           (long long)(err ? 0 : id));
	if (!err && click->id && click->id != id)
		world_broken(wish->w, "I2", "one click made the commands %lld and %lld",
		             (long long)click->id, (long long)id);
	if (!err)
		click->id = id;
	drop(wish);
}

static struct command_request draw(struct world *w, uint64_t number)
{
	static const uint8_t kinds[] = {COMMAND_TRIP,  COMMAND_TRIP,       COMMAND_ALLOW_CLOSE,
	                                COMMAND_CLOSE, COMMAND_KEEP_POWER, COMMAND_RELEASE};
	struct command_request r = {.rules = w->server->platform.rules};

	snprintf(r.actor.who, sizeof r.actor.who, "operator");
	snprintf(r.actor.origin, sizeof r.actor.origin, "world");
	r.actor.local = true;
	r.meter = swap_now(w, unit_meter(rnd_below(&w->rnd, w->n_units)));
	r.kind = kinds[rnd_below(&w->rnd, sizeof kinds)];
	if (rnd_below(&w->rnd, 4) == 0)
		r.delay_max_s = (uint16_t)rnd_below(&w->rnd, 20);
	if (r.kind == COMMAND_KEEP_POWER && rnd_below(&w->rnd, 3) == 0)
		r.until_s = world_wall_ms(w) / 1000 + 10 + rnd_below(&w->rnd, 100);
	snprintf(r.idempotency_key, sizeof r.idempotency_key, "wish-%llu",
	         (unsigned long long)number);
	return r;
}

static void submit(struct world *w, const struct command_request *r, uint64_t number,
                   struct click *click)
{
	struct wish *wish = calloc(1, sizeof *wish);

	assert(wish != NULL);
	wish->w = w;
	wish->number = number;
	wish->click = click;
	wish->request = *r;
	click->users++;
	if (writer_submit(w->server->platform.writer, command_create_step, &wish->request, answered,
	                  wish))
		drop(wish);
}

static void press(struct world *w)
{
	struct people *people = w->people;
	uint64_t number = ++people->wishes;
	struct command_request r = draw(w, number);
	struct click *click = click_new();

	submit(w, &r, number, click);
	if (fault_hits(&w->faults, FAULT_DOUBLE_CLICK, NODE_PEOPLE))
		submit(w, &r, number, click);
	click_drop(click);
	if (fault_hits(&w->faults, FAULT_TWO_OPERATORS, NODE_PEOPLE)) {
		click = click_new();
		r.kind = r.kind == COMMAND_TRIP ? COMMAND_CLOSE : COMMAND_TRIP;
		r.until_s = 0;
		number = ++people->wishes;
		snprintf(r.idempotency_key, sizeof r.idempotency_key, "wish-%llu",
		         (unsigned long long)number);
		submit(w, &r, number, click);
		click_drop(click);
	}
}

void people_act(struct world *w, const struct happening *h)
{
	(void)h;
	if (w->faults.calm)
		return;
	if (w->server->on && !w->server->hangs)
		press(w);
	world_at(w, (int64_t)(500 + rnd_below(&w->rnd, 10000)) * MS, HAPPENS_PEOPLE, NODE_PEOPLE, 0,
	         NULL);
}

void people_new(struct world *w)
{
	w->people = calloc(1, sizeof *w->people);
	assert(w->people != NULL);
	if (w->n_units) /* a bought meter takes no command */
		world_at(w, 8 * SECOND, HAPPENS_PEOPLE, NODE_PEOPLE, 0, NULL);
}

void people_free(struct world *w)
{
	free(w->people);
}
