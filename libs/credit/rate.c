#include "libs/credit/rate.h"

#include <assert.h>

#include "libs/base/number.h"

/* ---- how much was used ---- */

static bool is_plausible(const struct rate_register *reg, int64_t used, int64_t seconds)
{
	int64_t most;

	if (!reg->max_per_hour)
		return true;
	/* max x 1.1 x (t + 60 s) / 3600, in one division */
	if (__builtin_mul_overflow(reg->max_per_hour, seconds + 60, &most) ||
	    __builtin_mul_overflow(most, 11, &most))
		return true; /* centuries: no limit can be told */
	return used <= most / 36000;
}

enum rate_verdict rate_used(const struct rate_register *reg, const struct rate_mark *from,
                            const struct rate_mark *to, int64_t *used)
{
	int64_t seconds, delta;
	bool wrapped = false;

	*used = 0;
	if (from->units < 0 || to->units < 0 ||
	    (reg->modulus && (from->units >= reg->modulus || to->units >= reg->modulus)))
		return RATE_NEGATIVE;
	if (__builtin_sub_overflow(to->at_s, from->at_s, &seconds) || seconds <= 0)
		return RATE_TIME;
	delta = to->units - from->units;
	if (delta < 0 && delta >= -reg->jitter)
		return RATE_JITTER;
	if (delta < 0) {
		/* Only with a known width and a known limit can a fall be told from a reset, and
		 * only when the way over the end is shorter than a hundredth of the register. */
		if (!reg->modulus || !reg->max_per_hour ||
		    delta + reg->modulus > reg->modulus / 100)
			return RATE_BACK;
		delta += reg->modulus;
		wrapped = true;
	}
	if (!is_plausible(reg, delta, seconds))
		return wrapped ? RATE_BACK : RATE_JUMP;
	*used = delta;
	return wrapped ? RATE_WRAPPED : RATE_USE;
}

/* ---- cutting and pricing ---- */

struct cutter {
	const struct plan *const *versions;
	size_t version_count;
	struct rate_state state;
	struct grant *grants;
	size_t grant_count;
	int64_t from_s, to_s, used;
	rate_each_fn each;
	void *arg;
};

static int64_t next_version_s(const struct cutter *c, int64_t at_s)
{
	for (size_t i = 0; i < c->version_count; i++)
		if (c->versions[i]->valid_from_s > at_s)
			return c->versions[i]->valid_from_s;
	return INT64_MAX;
}

/* Units up to an instant, rounded down; the whole at the end. */
static int64_t units_until(const struct cutter *c, int64_t at_s)
{
	return i64_share(c->used, at_s - c->from_s, c->to_s - c->from_s);
}

static enum err price_piece(const struct plan *plan, struct rate_piece *piece)
{
	piece->line_count = (uint8_t)(1 + plan->line_count);
	for (unsigned line = 0; line < piece->line_count; line++) {
		piece->price_uy[line] = line ? plan->line_price_uy[line - 1]
		                             : plan_price_uy(plan, piece->rate, piece->step);
		if (piece->grant)
			piece->charge[line] = 0;
		else if (__builtin_mul_overflow(piece->units, (int64_t)piece->price_uy[line],
		                                &piece->charge[line]))
			return ERR_OVERFLOW;
	}
	return ERR_NONE;
}

/* A stretch of one rate: cut at thresholds and at the ends of energy grants. */
static enum err cut_steps(struct cutter *c, const struct plan *plan, struct rate_piece *piece,
                          int64_t units)
{
	struct grant *grant;
	int64_t remain;
	enum err err;

	do {
		piece->step = (uint8_t)plan_step_at(plan, c->state.step_used, &remain);
		piece->units = units < remain ? units : remain;
		grant = grants_next(c->grants, c->grant_count, GRANT_ENERGY, piece->from_s);
		if (grant && piece->units > grant->left)
			piece->units = grant->left;
		piece->grant = piece->units ? grant : NULL;
		err = price_piece(plan, piece);
		if (err)
			return err;
		if (__builtin_add_overflow(c->state.step_used, piece->units, &c->state.step_used))
			return ERR_OVERFLOW;
		if (piece->grant)
			grant->left -= piece->units;
		if (c->each)
			c->each(c->arg, piece);
		units -= piece->units;
	} while (units > 0);
	return ERR_NONE;
}

/* S begins anew at settlement instants, and each of them is an edge: only where a version begins to count, all
 * that lies before has to be looked through. */
static void settle(struct cutter *c, const struct plan *plan, bool other, int64_t at_s,
                   bool settles)
{
	int64_t settled_s = other     ? plan_settled_at(plan, at_s)
	                    : settles ? at_s
	                              : c->state.step_settled_s;

	if (settled_s != c->state.step_settled_s)
		c->state.step_used = 0;
	c->state.step_settled_s = settled_s;
}

static enum err cut_time(struct cutter *c)
{
	int64_t at_s = c->from_s, done = 0, edge_s, next_s, until;
	const struct plan *plan, *last = NULL;
	struct plan_moment moment;
	struct rate_piece piece;
	enum err err;

	for (; at_s < c->to_s; at_s = edge_s, done = until, last = plan) {
		plan = plan_at(c->versions, c->version_count, at_s);
		assert(plan); /* one is in force at from_s */
		plan_look(plan, at_s, &moment);
		edge_s = moment.edge_s;
		next_s = next_version_s(c, at_s);
		if (next_s < edge_s)
			edge_s = next_s;
		if (edge_s > c->to_s)
			edge_s = c->to_s;
		settle(c, plan, plan != last, at_s, moment.settles);
		until = units_until(c, edge_s);
		piece = (struct rate_piece){.version = plan->version,
		                            .day = moment.day,
		                            .from_s = at_s,
		                            .to_s = edge_s,
		                            .rate = moment.rate,
		                            .estimated = at_s > c->from_s || edge_s < c->to_s};
		err = cut_steps(c, plan, &piece, until - done);
		if (err)
			return err;
	}
	assert(done == c->used);
	return ERR_NONE;
}

/* No charge and no position can leave 64 bits: nearly every interval there ever is. */
static bool is_harmless(const struct cutter *c)
{
	return c->used <= INT32_MAX && c->state.step_used <= INT64_MAX - c->used;
}

enum err rate_interval(const struct plan *const *versions, size_t version_count,
                       struct rate_state *state, struct grant *grants, size_t grant_count,
                       int64_t from_s, int64_t to_s, int64_t used, rate_each_fn each, void *arg)
{
	struct grant tried[RATE_GRANTS_MAX];
	struct cutter c = {.versions = versions,
	                   .version_count = version_count,
	                   .state = *state,
	                   .grants = tried,
	                   .grant_count = grant_count,
	                   .from_s = from_s,
	                   .to_s = to_s,
	                   .used = used};
	enum err err;

	if (to_s <= from_s || to_s - from_s > INT32_MAX || used < 0 ||
	    grant_count > RATE_GRANTS_MAX)
		return ERR_RANGE;
	if (!plan_at(versions, version_count, from_s))
		return ERR_NOT_FOUND;
	/* Once without telling anybody: an error in the last piece must not leave the first ones. */
	for (size_t i = 0; i < grant_count; i++)
		tried[i] = grants[i];
	err = is_harmless(&c) ? ERR_NONE : cut_time(&c);
	if (err)
		return err;
	c.state = *state;
	c.grants = grants;
	c.each = each;
	c.arg = arg;
	err = cut_time(&c);
	assert(err == ERR_NONE);
	*state = c.state;
	return err;
}

enum err rate_post(int64_t *rest, int64_t charge, struct money *fen)
{
	int64_t total;

	assert(*rest >= 0 && *rest < RATE_REST_PER_FEN);
	if (__builtin_add_overflow(*rest, charge, &total))
		return ERR_OVERFLOW;
	fen->fen = total / RATE_REST_PER_FEN;
	*rest = total % RATE_REST_PER_FEN;
	if (*rest < 0) {
		fen->fen--;
		*rest += RATE_REST_PER_FEN;
	}
	return ERR_NONE;
}
