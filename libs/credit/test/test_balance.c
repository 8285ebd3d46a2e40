/* Alarms, overdraft, cut and return, with the cases that the trade has met; then long random lives
 * in which the promises must hold at every step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "libs/credit/balance.h"
#include "libs/credit/calendar.h"

#define NOON INT64_C(1795665600)
#define HOUR 3600

static const struct balance_limits limits = {
        .alarm1 = {5000}, .alarm2 = {1000}, .overdraft = {2000}, .close = {500}};

/* An account on its way through time. */
struct life {
	struct balance_limits limits;
	struct balance_memory memory;
	struct balance_now now;
	struct balance_verdict verdict;
};

static void begin(struct life *life, const struct balance_limits *of)
{
	*life = (struct life){
	        .limits = *of, .now = {.at_s = NOON, .fresh = true}
        };
}

static enum balance_state step(struct life *life)
{
	if (life->now.cut_from_s < life->now.at_s)
		life->now.cut_from_s = life->now.at_s;
	if (life->now.cut_from_grace_s < life->now.cut_from_s ||
	    life->now.cut_from_grace_s < life->now.at_s + life->limits.grace_s)
		life->now.cut_from_grace_s = life->now.at_s + life->limits.grace_s;
	if (life->now.cut_from_grace_s < life->now.cut_from_s)
		life->now.cut_from_grace_s = life->now.cut_from_s;
	life->verdict = balance_step(&life->limits, &life->memory, &life->now);
	life->now.recharged = false;
	return life->memory.state;
}

static enum balance_state at(struct life *life, int64_t fen)
{
	life->now.at_s += HOUR;
	life->now.balance = money_fen(fen);
	return step(life);
}

static enum balance_state pay(struct life *life, int64_t fen)
{
	life->now.recharged = true;
	return at(life, life->now.balance.fen + fen);
}

static void each_state_begins_at_its_limit(void **state)
{
	struct life life;

	(void)state;
	begin(&life, &limits);
	assert_int_equal(at(&life, 5001), BALANCE_GOOD);
	assert_int_equal(life.verdict.tell, 0);
	assert_int_equal(at(&life, 5000), BALANCE_ALARM1);
	assert_int_equal(life.verdict.tell, BALANCE_TOLD(BALANCE_ALARM1));
	assert_int_equal(at(&life, 1001), BALANCE_ALARM1);
	assert_int_equal(life.verdict.tell, 0);
	assert_int_equal(at(&life, 1000), BALANCE_ALARM2);
	assert_int_equal(at(&life, 1), BALANCE_ALARM2);
	assert_int_equal(at(&life, 0), BALANCE_OVERDRAFT);
	assert_int_equal(life.verdict.want, BALANCE_LEAVE);
	assert_int_equal(at(&life, -1999), BALANCE_OVERDRAFT);
	assert_int_equal(at(&life, -2000), BALANCE_CUT);
	assert_int_equal(life.verdict.want, BALANCE_OPEN);
	assert_int_equal(at(&life, -2100), BALANCE_CUT);
	assert_int_equal(life.verdict.want, BALANCE_LEAVE);
	assert_int_equal(life.verdict.tell, 0);
}

static void a_cut_supply_comes_back_above_the_limit_only(void **state)
{
	struct balance_limits low = limits;
	struct life life;

	(void)state;
	begin(&life, &limits);
	at(&life, -2500);
	assert_int_equal(pay(&life, 1000), BALANCE_CUT); /* -15.00: owed within the overdraft */
	assert_int_equal(life.verdict.want, BALANCE_LEAVE);
	assert_false(balance_restores(&limits, life.now.balance, money_fen(2000)));
	assert_true(balance_restores(&limits, life.now.balance, money_fen(2001)));
	/* An allow-close limit below what may be owed lets nobody owe more. */
	low.close = money_fen(-3000);
	assert_false(balance_restores(&low, money_fen(-2500), money_fen(500)));
	assert_true(balance_restores(&low, money_fen(-2500), money_fen(501)));
	/* Of a sum that leaves 64 bits nothing is promised. */
	assert_false(balance_restores(&limits, money_fen(INT64_MAX), money_fen(1)));
	assert_int_equal(pay(&life, 2000), BALANCE_CUT); /* 5.00, not above 5.00 */
	assert_int_equal(pay(&life, 1), BALANCE_ALARM2);
	assert_int_equal(life.verdict.want, BALANCE_CLOSE);
	assert_true(life.verdict.restored);
}

static void messages_come_once_an_episode(void **state)
{
	struct life life;

	(void)state;
	begin(&life, &limits);
	at(&life, 4000);
	at(&life, 900);
	/* A correction that lifts it a little is no recharge. */
	at(&life, 1100);
	assert_int_equal(at(&life, 900), BALANCE_ALARM2);
	assert_int_equal(life.verdict.tell, 0);
	/* Money that leaves alarm 2 arms it again, and not alarm 1. */
	assert_int_equal(pay(&life, 2000), BALANCE_ALARM1);
	assert_int_equal(life.verdict.tell, 0);
	at(&life, 900);
	assert_int_equal(life.verdict.tell, BALANCE_TOLD(BALANCE_ALARM2));
	pay(&life, 9000);
	at(&life, 4000);
	assert_int_equal(life.verdict.tell, BALANCE_TOLD(BALANCE_ALARM1));
	/* Falling through several at once tells of the last one. */
	at(&life, -3000);
	assert_int_equal(life.verdict.tell, BALANCE_TOLD(BALANCE_CUT));
}

static void the_reminder_trip_comes_once_and_only_if_wanted(void **state)
{
	struct balance_limits with = limits;
	struct life life;

	(void)state;
	begin(&life, &limits);
	at(&life, 900);
	assert_int_equal(life.verdict.want, BALANCE_LEAVE);
	with.alarm2_trips = true;
	begin(&life, &with);
	life.now.fresh = false;
	at(&life, 900);
	assert_int_equal(life.verdict.want, BALANCE_LEAVE);
	life.now.fresh = true;
	at(&life, 880);
	assert_int_equal(life.verdict.want, BALANCE_REMIND);
	at(&life, 860);
	assert_int_equal(life.verdict.want, BALANCE_LEAVE);
	pay(&life, 5000);
	at(&life, 1000);
	assert_int_equal(life.verdict.want, BALANCE_REMIND);
	begin(&life, &with);
	life.now.spared = true;
	at(&life, 900);
	assert_int_equal(life.verdict.want, BALANCE_LEAVE);
}

static void what_is_not_fresh_opens_nothing(void **state)
{
	struct life life;

	(void)state;
	begin(&life, &limits);
	at(&life, 100);
	life.now.fresh = false;
	assert_int_equal(at(&life, -9000), BALANCE_OVERDRAFT);
	assert_int_equal(life.verdict.want, BALANCE_LEAVE);
	assert_true(life.verdict.waits);
	life.now.fresh = true;
	assert_int_equal(at(&life, -9000), BALANCE_CUT);
	assert_int_equal(life.verdict.want, BALANCE_OPEN);
	assert_false(life.verdict.waits);
	/* Money closes, however old the reading is. */
	life.now.fresh = false;
	assert_int_equal(pay(&life, 20000), BALANCE_GOOD);
	assert_int_equal(life.verdict.want, BALANCE_CLOSE);
}

static void a_mark_spares_and_its_end_does_not(void **state)
{
	struct life life;

	(void)state;
	begin(&life, &limits);
	life.now.spared = true;
	assert_int_equal(at(&life, -9000), BALANCE_OVERDRAFT);
	assert_int_equal(life.verdict.want, BALANCE_LEAVE);
	life.now.spared = false;
	assert_int_equal(at(&life, -9000), BALANCE_CUT);
	life.now.spared = true; /* keep-power given to one that is cut */
	assert_int_equal(at(&life, -9000), BALANCE_OVERDRAFT);
	assert_int_equal(life.verdict.want, BALANCE_CLOSE);
}

static void a_cut_is_announced_and_made_at_that_time(void **state)
{
	struct balance_limits slow = limits;
	struct life life;
	int64_t cut_at_s;

	(void)state;
	slow.grace_s = 24 * HOUR;
	begin(&life, &slow);
	assert_int_equal(at(&life, -2000), BALANCE_GRACE);
	assert_int_equal(life.verdict.tell, BALANCE_TOLD(BALANCE_GRACE));
	cut_at_s = life.memory.cut_at_s;
	assert_int_equal(cut_at_s, life.now.at_s + 24 * HOUR);
	assert_int_equal(life.verdict.again_s, cut_at_s);
	life.now.at_s = cut_at_s - 1;
	assert_int_equal(step(&life), BALANCE_GRACE);
	assert_int_equal(life.memory.cut_at_s, cut_at_s);
	/* The gateway is lost when the time comes: nothing is opened, and nobody is called in a loop. */
	life.now.fresh = false;
	life.now.at_s = cut_at_s;
	assert_int_equal(step(&life), BALANCE_GRACE);
	assert_true(life.verdict.waits);
	assert_true(life.verdict.again_s == INT64_MAX);
	life.now.fresh = true;
	assert_int_equal(step(&life), BALANCE_CUT);
	assert_int_equal(life.verdict.want, BALANCE_OPEN);
	assert_int_equal(life.memory.cut_at_s, 0);
}

static void paying_in_the_grace_ends_it(void **state)
{
	struct balance_limits slow = limits;
	struct life life;

	(void)state;
	slow.grace_s = 24 * HOUR;
	begin(&life, &slow);
	at(&life, -2000);
	assert_int_equal(pay(&life, 100), BALANCE_OVERDRAFT);
	assert_int_equal(life.verdict.want, BALANCE_LEAVE); /* it was never off */
	assert_int_equal(life.memory.cut_at_s, 0);
	/* Owed again: announced again, with a whole grace. */
	assert_int_equal(at(&life, -2000), BALANCE_GRACE);
	assert_int_equal(life.verdict.tell, BALANCE_TOLD(BALANCE_GRACE));
	assert_int_equal(life.memory.cut_at_s, life.now.at_s + 24 * HOUR);
}

static void friendly_hours_put_a_cut_off_to_their_end(void **state)
{
	struct life life;
	int64_t morning_s = NOON + 21 * HOUR;

	(void)state;
	begin(&life, &limits);
	life.now.cut_from_s = life.now.cut_from_grace_s = morning_s;
	assert_int_equal(at(&life, -2000), BALANCE_GRACE);
	assert_int_equal(life.memory.cut_at_s, morning_s);
	life.now.at_s = morning_s;
	life.now.balance = money_fen(-2600);
	assert_int_equal(step(&life), BALANCE_CUT);
	/* A calendar that spares for ever is waited for, not looped on. */
	begin(&life, &limits);
	life.now.cut_from_s = life.now.cut_from_grace_s = CALENDAR_NEVER;
	assert_int_equal(at(&life, -2000), BALANCE_GRACE);
	assert_true(life.verdict.again_s == INT64_MAX);
	assert_int_equal(life.verdict.tell, BALANCE_TOLD(BALANCE_GRACE));
	assert_int_equal(step(&life), BALANCE_GRACE);
	assert_int_equal(life.verdict.tell, 0);
	/* At last there is an hour: it is told, and not before it the supply is cut. */
	life.now.cut_from_s = life.now.cut_from_grace_s = life.now.at_s + HOUR;
	assert_int_equal(step(&life), BALANCE_GRACE);
	assert_int_equal(life.verdict.tell, BALANCE_TOLD(BALANCE_GRACE));
	assert_int_equal(life.memory.cut_at_s, life.now.at_s + HOUR);
	assert_int_equal(life.verdict.again_s, life.now.at_s + HOUR);
	life.now.at_s += HOUR;
	assert_int_equal(step(&life), BALANCE_CUT);
}

static void hoarding_limits_a_purchase(void **state)
{
	struct balance_limits hoard = limits;

	(void)state;
	assert_true(balance_room(&limits, money_fen(7)).fen == INT64_MAX);
	hoard.hoarding = money_fen(50000);
	assert_int_equal(balance_room(&hoard, money_fen(12000)).fen, 38000);
	assert_int_equal(balance_room(&hoard, money_fen(50000)).fen, 0);
	assert_int_equal(balance_room(&hoard, money_fen(60000)).fen, 0);
	assert_int_equal(balance_room(&hoard, money_fen(-1500)).fen, 51500);
	assert_true(balance_room(&hoard, money_fen(INT64_MIN)).fen == INT64_MAX);
}

static void days_left(void **state)
{
	(void)state;
	assert_int_equal(balance_days_left(money_fen(8640), money_fen(6300), 7), 96);
	assert_int_equal(balance_days_left(money_fen(8640), money_fen(900), 1), 96);
	assert_int_equal(balance_days_left(money_fen(8640), money_fen(0), 7), 99990);
	assert_int_equal(balance_days_left(money_fen(8640), money_fen(-5), 7), 99990);
	assert_int_equal(balance_days_left(money_fen(0), money_fen(6300), 7), 0);
	assert_int_equal(balance_days_left(money_fen(0), money_fen(0), 7), 0);
	assert_int_equal(balance_days_left(money_fen(10500), money_fen(1), 1), 99990);
	assert_int_equal(balance_days_left(money_fen(-1), money_fen(0), 7), 0);
	assert_int_equal(balance_days_left(money_fen(INT64_MAX), money_fen(1), 7), 99990);
	assert_int_equal(balance_days_left(money_fen(1), money_fen(INT64_MAX), 7), 0);
	assert_int_equal(balance_days_left(money_fen(50), money_fen(1), 1), 500);
	assert_int_equal(balance_days_left(money_fen(1), money_fen(1), 1), 10);
	assert_int_equal(balance_days_left(money_fen(100000), money_fen(100), 1), 10000);
	assert_int_equal(balance_days_left(money_fen(9998), money_fen(1), 1), 99980);
	assert_int_equal(balance_days_left(money_fen(9999), money_fen(1), 1), 99990);
	assert_int_equal(balance_days_left(money_fen(20000), money_fen(1), 1), 99990);
}

/* ---- random lives ---- */

static uint32_t draw(uint64_t *seed, uint32_t below)
{
	*seed = *seed * 6364136223846793005U + 1442695040888963407U;
	return (uint32_t)(*seed >> 33) % below;
}

static void check_promises(const struct life *life, enum balance_state before, uint8_t told_before,
                           bool recharged)
{
	const struct balance_now *now = &life->now;
	const struct balance_verdict *v = &life->verdict;
	enum balance_state after = life->memory.state;
	bool opens = v->want == BALANCE_OPEN || v->want == BALANCE_REMIND;

	if (opens)
		assert_true(now->fresh && !now->spared && now->cut_from_s <= now->at_s);
	if (v->want == BALANCE_OPEN)
		assert_true(now->balance.fen <= -life->limits.overdraft.fen);
	assert_int_equal(v->want == BALANCE_CLOSE, before == BALANCE_CUT && after != BALANCE_CUT);
	if (before == BALANCE_CUT && !now->spared && now->balance.fen > life->limits.close.fen &&
	    now->balance.fen > -life->limits.overdraft.fen)
		assert_int_not_equal(after, BALANCE_CUT);
	if (before == BALANCE_CUT && after != BALANCE_CUT)
		assert_true(now->spared || now->balance.fen > life->limits.close.fen);
	/* Once an episode: told again only after money came. */
	if (!recharged)
		assert_int_equal(v->tell & told_before, 0);
	assert_int_equal(after == BALANCE_GRACE, life->memory.cut_at_s != 0);
	if (now->spared)
		assert_true(after < BALANCE_GRACE);
}

static void the_promises_hold_through_random_lives(void **state)
{
	unsigned seen[BALANCE_STATES] = {0};

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		uint64_t random = seed;
		struct life life;
		struct balance_limits of = {.alarm2 = {draw(&random, 3000)},
		                            .overdraft = {draw(&random, 2) * draw(&random, 5000)},
		                            .close = {draw(&random, 3000)},
		                            .alarm2_trips = draw(&random, 2),
		                            .grace_s = draw(&random, 2) * draw(&random, 50) * HOUR};

		of.alarm1 = money_fen(of.alarm2.fen + draw(&random, 6000));
		begin(&life, &of);
		life.now.balance = money_fen(draw(&random, 12000));
		for (unsigned i = 0; i < 500; i++) {
			enum balance_state before = life.memory.state;
			uint8_t told = life.memory.told;
			bool recharged = draw(&random, 12) == 0;

			life.now.at_s += draw(&random, 5) * HOUR;
			life.now.fresh = draw(&random, 5) > 0;
			if (draw(&random, 40) == 0)
				life.now.spared = !life.now.spared;
			life.now.balance.fen +=
			        recharged ? draw(&random, 12000) : -(int64_t)draw(&random, 700);
			life.now.recharged = recharged;
			life.now.cut_from_s = life.now.at_s + draw(&random, 3) * 6 * HOUR;
			step(&life);
			check_promises(&life, before, told, recharged);
			seen[life.memory.state]++;
		}
	}
	for (unsigned s = 0; s < BALANCE_STATES; s++)
		assert_true(seen[s] > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(each_state_begins_at_its_limit),
	        cmocka_unit_test(a_cut_supply_comes_back_above_the_limit_only),
	        cmocka_unit_test(messages_come_once_an_episode),
	        cmocka_unit_test(the_reminder_trip_comes_once_and_only_if_wanted),
	        cmocka_unit_test(what_is_not_fresh_opens_nothing),
	        cmocka_unit_test(a_mark_spares_and_its_end_does_not),
	        cmocka_unit_test(a_cut_is_announced_and_made_at_that_time),
	        cmocka_unit_test(paying_in_the_grace_ends_it),
	        cmocka_unit_test(friendly_hours_put_a_cut_off_to_their_end),
	        cmocka_unit_test(hoarding_limits_a_purchase),
	        cmocka_unit_test(days_left),
	        cmocka_unit_test(the_promises_hold_through_random_lives),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
