#include "platform/core/clock_trust.h"

#include <stdio.h>
#include <stdlib.h>

#include "platform/store/info.h"

#define CONFIRMED "clock_confirmed_ms"
#define DOUBTED   "clock_doubted_ms"
#define SLACK_MS  (60 * 1000) /* a stamp this far ahead is of a clock that went back a little */

/* ---- what gateways say ---- */

void clock_vote(struct clock_votes *votes, const struct clock_witness *witness, int64_t wall_ms,
                int64_t mono_ms)
{
	int64_t age_ms = mono_ms - witness->mono_ms;

	if (witness->mono_ms == 0 || age_ms > CLOCK_HEARD_MS)
		return;
	/* Compared at each vote: our own clock may have jumped since it spoke. */
	if (llabs(wall_ms - age_ms - witness->time_ms) > CLOCK_DIFFERS_MS)
		votes->differ++;
	else
		votes->agree++;
}

void clock_dispute(const struct clock_votes *votes, int64_t wall_ms, int64_t *since_ms)
{
	if (votes->differ <= votes->agree)
		*since_ms = 0;
	else if (*since_ms == 0 || *since_ms > wall_ms)
		*since_ms = wall_ms;
}

/* ---- what is kept ---- */

/* Stamped by this clock as it goes now, not earlier than `from_ms`. */
static bool stamped(int64_t stamp_ms, int64_t from_ms, int64_t now_ms)
{
	return stamp_ms && stamp_ms >= from_ms && stamp_ms <= now_ms + SLACK_MS;
}

static enum err load(struct db *db, struct clock_trust *trust)
{
	enum err err = info_number(db, CONFIRMED, &trust->confirmed_ms);

	return err ? err : info_number(db, DOUBTED, &trust->doubted_ms);
}

enum err clock_start_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct clock_trust trust;
	bool *doubted = arg;
	int64_t saved_ms, doubted_ms;
	enum err err = load(tx->db, &trust);

	(void)out;
	if (!err)
		err = info_saved_ms(tx->db, &saved_ms);
	if (err)
		return err;
	/* A doubt from later than now was of a clock that has been set right since. */
	doubted_ms = stamped(trust.doubted_ms, 1, now_ms) ? trust.doubted_ms : 0;
	if (saved_ms && now_ms - saved_ms > CLOCK_REST_MAX_MS &&
	    !stamped(trust.confirmed_ms, now_ms - CLOCK_CONFIRMED_MS, now_ms))
		doubted_ms = now_ms;
	*doubted = doubted_ms != 0;
	return doubted_ms == trust.doubted_ms ? ERR_NONE
	                                      : info_number_set(tx->db, DOUBTED, doubted_ms);
}

enum err clock_trust_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)now_ms;
	(void)out;
	return load(tx->db, arg);
}

enum err clock_confirm_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct actor *actor = arg;
	struct clock_trust before;
	char detail[96];
	enum err err = actor->local ? load(tx->db, &before) : ERR_FORBIDDEN;

	(void)out;
	if (!err)
		err = info_number_set(tx->db, CONFIRMED, now_ms);
	if (!err)
		err = info_number_set(tx->db, DOUBTED, 0);
	if (err)
		return err;
	snprintf(detail, sizeof detail, "doubted since %lld ms, confirmed at %lld ms",
	         (long long)before.doubted_ms, (long long)now_ms);
	return audit_note(tx, actor, 0, "clock.confirm", "clock", detail, now_ms);
}

enum err clock_may_sign(struct db *db, int64_t disputed_ms, int64_t now_ms)
{
	struct clock_trust trust;
	enum err err = load(db, &trust);

	if (err)
		return err;
	/* One from later than now was of a clock that has been set right since. */
	if (stamped(trust.doubted_ms, 1, now_ms))
		return ERR_REFUSED;
	if (disputed_ms && !stamped(trust.confirmed_ms, disputed_ms, now_ms))
		return ERR_REFUSED;
	return ERR_NONE;
}
