#include "platform/core/trial.h"

#include <stdlib.h>

#include "libs/base/time.h"
#include "libs/credit/month.h"

static void close_month(struct trial_side *side)
{
	struct civil date;
	unsigned days;

	date_from_days(side->day, &date);
	days = month_days(date.year, date.month);
	side->fixed_fen += month_shortfall(money_fen(side->plan->minimum_fen),
	                                   money_fen(side->main_exact / RATE_REST_PER_FEN),
	                                   date.day + 1U - side->first, days)
	                           .fen;
	side->main_exact = 0;
	side->first = 1;
}

static void begin_day(struct trial_side *side, int64_t day)
{
	struct civil date;

	date_from_days(day, &date);
	side->day = day;
	side->fixed_fen += month_fee(money_fen(side->plan->fee_fen), date.day - 1U, date.day,
	                             month_days(date.year, date.month))
	                           .fen;
}

static void reach_day(struct trial_side *side, int64_t day)
{
	while (side->day < day) {
		struct civil next;

		date_from_days(side->day + 1, &next);
		if (next.day == 1)
			close_month(side);
		begin_day(side, side->day + 1);
	}
}

static void on_piece(void *arg, const struct rate_piece *piece)
{
	struct trial_side *side = arg;

	reach_day(side, piece->day);
	side->main_exact += piece->charge[0];
	for (unsigned line = 0; line < piece->line_count; line++)
		side->exact += piece->charge[line];
}

static void begin(struct trial_use *use, const struct rate_mark *mark)
{
	for (size_t i = 0; i < TRIAL_SIDES; i++) {
		struct trial_side *side = &use->side[i];
		struct civil date;

		if (!side->plan)
			continue;
		date_from_days(plan_day(side->plan, mark->at_s), &date);
		side->first = date.day;
		begin_day(side, plan_day(side->plan, mark->at_s));
	}
	use->begun = true;
	use->from_s = mark->at_s;
	use->last = *mark;
}

/* Sums of a meter's whole life stay far below 64 bits; what would not is no reading. */
static enum err take(struct trial_side *side, const struct rate_mark *from,
                     const struct rate_mark *to, int64_t used)
{
	enum err err = rate_interval(&side->plan, 1, &side->state, NULL, 0, from->at_s, to->at_s,
	                             used, on_piece, side);

	if (!err)
		reach_day(side, plan_day(side->plan, to->at_s - 1));
	return err;
}

enum err trial_mark(struct trial_use *use, const struct rate_mark *mark)
{
	enum rate_verdict verdict;
	enum err err = ERR_NONE;
	int64_t used;

	if (!use->begun) {
		begin(use, mark);
		return ERR_NONE;
	}
	verdict = rate_used(&use->reg, &use->last, mark, &used);
	if (verdict == RATE_TIME || verdict == RATE_JITTER)
		return ERR_NONE;
	if (verdict != RATE_USE && verdict != RATE_WRAPPED) {
		use->faults++;
		used = 0;
	}
	for (size_t i = 0; !err && i < TRIAL_SIDES; i++)
		if (use->side[i].plan)
			err = take(&use->side[i], &use->last, mark, used);
	use->units += used;
	use->last = *mark;
	return err;
}

void trial_end(struct trial_use *use)
{
	for (size_t i = 0; use->begun && i < TRIAL_SIDES; i++)
		if (use->side[i].plan)
			close_month(&use->side[i]);
}

int64_t trial_fen(const struct trial_side *side)
{
	return side->exact / RATE_REST_PER_FEN + side->fixed_fen;
}

static bool is_edge(const struct plan *plan, int64_t at_s)
{
	struct civil date;

	date_from_days(plan_day(plan, at_s), &date);
	return plan_rate_at(plan, at_s) != plan_rate_at(plan, at_s - 1) ||
	       plan_settled_at(plan, at_s) != plan_settled_at(plan, at_s - 1) ||
	       (date.day == 1 && plan_day_start(plan, plan_day(plan, at_s)) == at_s);
}

enum err trial_edges(const struct plan *plan, int64_t from_s, int64_t to_s, int64_t **at,
                     size_t *count)
{
	for (int64_t t = plan_next_edge(plan, from_s); t < to_s; t = plan_next_edge(plan, t)) {
		int64_t *more;

		if (!is_edge(plan, t))
			continue;
		more = realloc(*at, (*count + 1) * sizeof *more);
		if (!more)
			return ERR_NOMEM;
		*at = more;
		more[(*count)++] = t;
	}
	return ERR_NONE;
}
