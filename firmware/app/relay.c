#include "firmware/app/relay.h"

#include "libs/base/macros.h"
#include "libs/base/number.h"

#include <string.h>

static const uint32_t retry_after_ms[RELAY_RETRIES] = {1000, 10000, 60000};

void relay_init(struct relay *r, const struct board *board, struct journal *journal,
                uint32_t now_ms)
{
	memset(r, 0, sizeof *r);
	r->board = board;
	r->journal = journal;
	r->changed_ms = now_ms;
	r->raw_closed = board->ops->contact_closed(board->ctx);
	r->contact_closed = r->want_closed = r->raw_closed;
}

void relay_want(struct relay *r, bool closed, enum relay_cause cause, uint32_t now_ms)
{
	r->want_closed = closed;
	r->cause = (uint8_t)cause;
	r->tries = r->foreign = 0;
	r->retry_ms = now_ms;
	r->moving = false;
	r->stuck = r->stuck && r->contact_closed != closed;
}

static void pulse(struct relay *r, uint32_t now_ms)
{
	r->board->ops->relay_pulse(r->board->ctx, r->want_closed ? COIL_CLOSE : COIL_OPEN);
	r->pulse_ms = now_ms;
	r->pulsed = r->moving = true;
	r->tries++;
}

/* True when the debounced contact changed. */
static bool watch_contact(struct relay *r, uint32_t now_ms)
{
	bool raw_closed = r->board->ops->contact_closed(r->board->ctx);

	if (raw_closed != r->raw_closed) {
		r->raw_closed = raw_closed;
		r->changed_ms = now_ms;
	}
	if (raw_closed == r->contact_closed ||
	    !ms_reached(now_ms, r->changed_ms + RELAY_DEBOUNCE_MS))
		return false;
	r->contact_closed = raw_closed;
	return true;
}

static enum relay_news stuck(struct relay *r, uint32_t now_ms)
{
	bool first = !r->stuck;

	r->moving = false;
	r->stuck = true;
	if (r->tries <= RELAY_RETRIES)
		r->retry_ms = now_ms + retry_after_ms[r->tries - 1];
	if (first)
		journal_add(r->journal, EVENT_RELAY_FAULT, r->cause, r->want_closed, now_ms);
	return r->tries == 1 ? RELAY_STUCK : RELAY_NOTHING;
}

static void contact_changed(struct relay *r, uint32_t now_ms)
{
	/* A late answer to a pulse that was given up is still ours. */
	bool ours = r->tries > 0 && r->contact_closed == r->want_closed;

	journal_add(r->journal, EVENT_RELAY_MOVED, ours ? r->cause : RELAY_CAUSE_FOREIGN,
	            r->contact_closed, now_ms);
	if (ours)
		return;
	/* Moved back, but ever more slowly: a latch that does not hold must not burn its coils. */
	r->tries = 0;
	r->cause = RELAY_CAUSE_FOREIGN;
	r->retry_ms = now_ms + retry_after_ms[r->foreign];
	if (r->foreign < RELAY_RETRIES - 1)
		r->foreign++;
}

enum relay_news relay_poll(struct relay *r, uint32_t now_ms)
{
	if (watch_contact(r, now_ms))
		contact_changed(r, now_ms);
	if (r->contact_closed == r->want_closed) {
		bool moved = r->moving;

		r->moving = r->stuck = false;
		r->tries = 0;
		return moved ? RELAY_MOVED : RELAY_NOTHING;
	}
	if (r->moving)
		return ms_reached(now_ms, r->pulse_ms + RELAY_MOVE_MS) ? stuck(r, now_ms)
		                                                       : RELAY_NOTHING;
	if (r->tries <= RELAY_RETRIES && ms_reached(now_ms, r->retry_ms) &&
	    (!r->pulsed || ms_reached(now_ms, r->pulse_ms + RELAY_PULSE_MS)))
		pulse(r, now_ms);
	return RELAY_NOTHING;
}

void relay_current(struct relay *r, int32_t current_ma, uint32_t now_ms)
{
	bool flows = current_ma > RELAY_LEAK_MA || current_ma < -RELAY_LEAK_MA;

	if (r->contact_closed || !flows) {
		r->leak_sets = 0;
		r->leaking = false;
		return;
	}
	if (r->leak_sets < RELAY_LEAK_SETS)
		r->leak_sets++;
	if (r->leak_sets < RELAY_LEAK_SETS || r->leaking)
		return;
	r->leaking = true;
	journal_add(r->journal, EVENT_RELAY_FAULT, r->cause, current_ma, now_ms);
}

bool relay_hurry(const struct relay *r)
{
	return r->moving || r->raw_closed != r->contact_closed;
}

bool relay_fault(const struct relay *r)
{
	return r->stuck || r->leaking;
}
