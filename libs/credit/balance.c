#include "libs/credit/balance.h"

#include <assert.h>

#include "libs/credit/calendar.h"

static bool is_at_most(struct money a, int64_t fen)
{
	return a.fen <= fen;
}

/* By the balance alone. `due`: nothing is left to owe. */
static enum balance_state level(const struct balance_limits *limits, struct money balance,
                                bool *due)
{
	*due = is_at_most(balance, -limits->overdraft.fen);
	if (*due || is_at_most(balance, 0))
		return BALANCE_OVERDRAFT;
	if (is_at_most(balance, limits->alarm2.fen))
		return BALANCE_ALARM2;
	return is_at_most(balance, limits->alarm1.fen) ? BALANCE_ALARM1 : BALANCE_GOOD;
}

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* A cut is due. It is announced first when there is a grace or the calendar spares this hour, and an
 * instant that was announced is never brought forward. */
static enum balance_state due_state(const struct balance_limits *limits,
                                    struct balance_memory *memory, const struct balance_now *now,
                                    struct balance_verdict *verdict)
{
	if (memory->state == BALANCE_CUT)
		return BALANCE_CUT;
	if (now->spared)
		return BALANCE_OVERDRAFT;
	if (!now->fresh) {
		verdict->waits = true;
		return memory->state == BALANCE_GRACE ? BALANCE_GRACE : BALANCE_OVERDRAFT;
	}
	/* No hour was in sight until now: this is the first that can be told. */
	if (memory->cut_at_s == CALENDAR_NEVER && now->cut_from_grace_s != CALENDAR_NEVER) {
		memory->told &= (uint8_t)~BALANCE_TOLD(BALANCE_GRACE);
		memory->cut_at_s = now->cut_from_grace_s;
		return BALANCE_GRACE;
	}
	if (memory->state != BALANCE_GRACE) {
		if (limits->grace_s == 0 && now->cut_from_s <= now->at_s)
			return BALANCE_CUT;
		memory->cut_at_s = now->cut_from_grace_s;
		return BALANCE_GRACE;
	}
	memory->cut_at_s = later(memory->cut_at_s, now->cut_from_s);
	return memory->cut_at_s <= now->at_s ? BALANCE_CUT : BALANCE_GRACE;
}

/* Messages go out once an episode; only money that lifts the balance out of a state ends it. */
static void tell(struct balance_memory *memory, const struct balance_now *now,
                 struct balance_verdict *verdict)
{
	if (now->recharged)
		for (unsigned s = memory->state + 1U; s < BALANCE_STATES; s++)
			memory->told &= (uint8_t)~BALANCE_TOLD(s);
	if (memory->state != BALANCE_GOOD)
		verdict->tell = BALANCE_TOLD(memory->state) & (uint8_t)~memory->told;
	memory->told |= verdict->tell;
}

static void remind(const struct balance_limits *limits, struct balance_memory *memory,
                   const struct balance_now *now, struct balance_verdict *verdict)
{
	if (memory->state < BALANCE_ALARM2)
		memory->reminded = false;
	if (memory->state != BALANCE_ALARM2 || !limits->alarm2_trips || memory->reminded ||
	    now->spared || !now->fresh || now->cut_from_s > now->at_s)
		return;
	memory->reminded = true;
	verdict->want = BALANCE_REMIND;
}

struct balance_verdict balance_step(const struct balance_limits *limits,
                                    struct balance_memory *memory, const struct balance_now *now)
{
	struct balance_verdict verdict = {.again_s = INT64_MAX};
	enum balance_state before = memory->state, next;
	bool due;

	assert(limits->alarm1.fen >= limits->alarm2.fen && limits->alarm2.fen >= 0);
	assert(limits->overdraft.fen >= 0 && limits->grace_s >= 0);
	assert(now->cut_from_s >= now->at_s && now->cut_from_grace_s >= now->cut_from_s);
	next = level(limits, now->balance, &due);
	if (due)
		next = due_state(limits, memory, now, &verdict);
	/* A cut ends only above the allow-close limit, or when a mark spares the supply. */
	else if (before == BALANCE_CUT && is_at_most(now->balance, limits->close.fen))
		next = BALANCE_CUT;
	if (before == BALANCE_CUT && now->spared)
		next = level(limits, now->balance, &due);
	memory->state = next;
	if (next != BALANCE_GRACE)
		memory->cut_at_s = 0;
	else if (!verdict.waits && memory->cut_at_s != CALENDAR_NEVER)
		verdict.again_s = memory->cut_at_s;
	tell(memory, now, &verdict);
	if (next == BALANCE_CUT && before != BALANCE_CUT)
		verdict.want = BALANCE_OPEN;
	if (before == BALANCE_CUT && next != BALANCE_CUT) {
		verdict.want = BALANCE_CLOSE;
		verdict.restored = true;
		return verdict;
	}
	remind(limits, memory, now, &verdict);
	return verdict;
}

struct money balance_room(const struct balance_limits *limits, struct money balance)
{
	int64_t room;

	assert(limits->hoarding.fen >= 0);
	if (limits->hoarding.fen == 0)
		return money_fen(INT64_MAX);
	/* What is owed is repaid first and hoards nothing. Only a debt can carry this out of 64 bits. */
	if (__builtin_sub_overflow(limits->hoarding.fen, balance.fen, &room))
		return money_fen(INT64_MAX);
	return money_fen(room > 0 ? room : 0);
}

bool balance_restores(const struct balance_limits *limits, struct money balance,
                      struct money purchase)
{
	struct money after;

	/* The allow-close limit may lie below what may be owed: then that is what counts. */
	return money_add(balance, purchase, &after) && money_cmp(after, limits->close) > 0 &&
	       after.fen > -limits->overdraft.fen;
}

int32_t balance_days_left(struct money balance, struct money cost, unsigned days)
{
	int64_t tenths;

	assert(days >= 1 && days <= 7);
	if (balance.fen <= 0)
		return 0;
	if (cost.fen <= 0)
		return DAYS_LEFT_MAX * 10;
	if (__builtin_mul_overflow(balance.fen, (int64_t)days * 10, &tenths))
		return DAYS_LEFT_MAX * 10;
	tenths /= cost.fen;
	return tenths < DAYS_LEFT_MAX * 10 ? (int32_t)tenths : DAYS_LEFT_MAX * 10;
}
