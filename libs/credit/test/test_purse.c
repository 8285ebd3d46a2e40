/* The counted purse: its verdicts, and a link that does everything to it. */
#include "libs/credit/purse.h"

#include "libs/base/rnd.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static enum purse_verdict take(struct purse *purse, uint32_t count, int64_t amount, int64_t total,
                               int64_t hoarding)
{
	struct purse before = *purse;
	struct purse_entry entry = {count, money_fen(amount), money_fen(total)};
	enum purse_verdict verdict = purse_take(purse, &entry, money_fen(hoarding));

	if (verdict != PURSE_TAKEN)
		assert_memory_equal(&before, purse, sizeof before);
	return verdict;
}

static void verdicts(void **state)
{
	struct purse purse = {.count = 0};

	(void)state;
	assert_int_equal(take(&purse, 0, 100, 100, 0), PURSE_REPEATED);
	assert_int_equal(take(&purse, 2, 100, 100, 0), PURSE_MISSING);
	assert_int_equal(take(&purse, 1, 0, 0, 0), PURSE_DIFFERS);
	assert_int_equal(take(&purse, 1, 100, 101, 0), PURSE_DIFFERS);
	assert_int_equal(take(&purse, 1, -100, -100, 0), PURSE_DIFFERS);
	assert_int_equal(take(&purse, 1, INT64_MAX, INT64_MAX, 0), PURSE_DIFFERS);
	assert_int_equal(take(&purse, 1, INT64_MAX / 2 + 1, INT64_MAX / 2 + 1, 0), PURSE_DIFFERS);
	assert_int_equal(take(&(struct purse){.count = 0}, 1, INT64_MAX / 2, INT64_MAX / 2, 0),
	                 PURSE_TAKEN);
	assert_int_equal(take(&purse, 1, 100, 100, 1), PURSE_HOARDING);
	assert_int_equal(take(&purse, 1, 100, 100, 99), PURSE_HOARDING);
	assert_int_equal(take(&purse, 1, 100, 100, 100), PURSE_TAKEN);
	assert_int_equal(take(&purse, 2, INT64_MAX, INT64_MAX, 0), PURSE_DIFFERS);
	assert_int_equal(take(&purse, 1, 100, 200, 0), PURSE_REPEATED);
	assert_int_equal(take(&purse, UINT32_MAX, 100, 200, 0), PURSE_MISSING);
	assert_int_equal(purse_balance(&purse).fen, 100);
	purse.spent = money_fen(60);
	assert_int_equal(purse_balance(&purse).fen, 40);
	assert_int_equal(take(&purse, 2, -41, 59, 0), PURSE_SHORT);
	assert_int_equal(take(&purse, 2, -40, 60, 1), PURSE_TAKEN);
	assert_int_equal(purse_balance(&purse).fen, 0);
	/* Owed: a purchase is taken, and the hoarding limit counts from the signed balance. */
	purse.spent = money_fen(160);
	assert_int_equal(take(&purse, 3, 200, 260, 100), PURSE_TAKEN);
	assert_int_equal(purse_balance(&purse).fen, 100);
}

static enum purse_conclusion conclude(uint32_t count, int64_t total, uint32_t count_read,
                                      int64_t total_read)
{
	struct purse_entry entry = {count, money_fen(1), money_fen(total)};

	return purse_conclude(&entry, count_read, money_fen(total_read));
}

static void conclusions(void **state)
{
	(void)state;
	assert_int_equal(conclude(5, 500, 5, 500), PURSE_IS_THERE);
	assert_int_equal(conclude(5, 500, 6, 700), PURSE_IS_THERE);
	assert_int_equal(conclude(5, 500, 5, 501), PURSE_SIDES_DIFFER);
	assert_int_equal(conclude(5, 500, 4, 400), PURSE_SEND_AGAIN);
	assert_int_equal(conclude(5, 500, 3, 300), PURSE_SEND_EARLIER);
	assert_int_equal(conclude(1, 500, 0, 0), PURSE_SEND_AGAIN);
}

/* ---- a link that loses, repeats, reorders; a meter that restarts before or after its record ---- */

#define PURCHASES 40
#define IN_FLIGHT 8

struct link {
	struct rnd rnd;
	struct purse meter;
	struct purse_entry box[IN_FLIGHT];
	unsigned boxes;
	bool answered;
	uint32_t count_read;
	struct money total_read;
};

static bool chance(struct link *l, uint32_t percent)
{
	return rnd_below(&l->rnd, 100) < percent;
}

static void send(struct link *l, const struct purse_entry *entry)
{
	for (unsigned copies = chance(l, 30) ? 2 : 1; copies > 0; copies--)
		if (l->boxes < IN_FLIGHT && !chance(l, 30))
			l->box[l->boxes++] = *entry;
}

/* Any one of those in flight arrives, and its answer perhaps. A restart leaves the old or the new record. */
static void deliver(struct link *l)
{
	unsigned i;
	struct purse next = l->meter;

	if (l->boxes == 0)
		return;
	i = rnd_below(&l->rnd, l->boxes);
	if (purse_take(&next, &l->box[i], money_fen(0)) == PURSE_TAKEN && !chance(l, 20))
		l->meter = next;
	if (!chance(l, 50))
		l->box[i] = l->box[--l->boxes]; /* else the broker keeps it and gives it again */
	if (chance(l, 60)) {
		l->answered = true;
		l->count_read = l->meter.count;
		l->total_read = l->meter.total;
	}
}

static void a_void_leaves_nothing_to_spend(void **state)
{
	struct purse purse = {5, money_fen(1000), money_fen(300)};

	(void)state;
	assert_false(purse_void(&purse, 5));
	assert_int_equal(purse_balance(&purse).fen, 700);
	assert_true(purse_void(&purse, 7));
	assert_int_equal(purse.count, 7);
	assert_int_equal(purse_balance(&purse).fen, 0);
	assert_int_equal(take(&purse, 7, 100, 400, 0), PURSE_REPEATED);
	assert_int_equal(take(&purse, 8, 100, 400, 0), PURSE_TAKEN);
	purse = (struct purse){8, money_fen(1000), money_fen(1300)}; /* overdraft */
	assert_true(purse_void(&purse, 9));
	assert_int_equal(purse_balance(&purse).fen, 0);
}

static void whatever_the_link_does_each_comes_once(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct link l = {.boxes = 0};
		int64_t total = 0;

		rnd_seed(&l.rnd, seed);
		for (uint32_t count = 1; count <= PURCHASES; count++) {
			int64_t amount = 1 + (int64_t)rnd_below(&l.rnd, 10000);
			struct purse_entry entry = {count, money_fen(amount),
			                            money_fen(total + amount)};
			bool there = false;

			for (unsigned tries = 0; !there; tries++) {
				assert_true(tries < 1000);
				send(&l, &entry);
				deliver(&l);
				assert_true(l.meter.total.fen == total ||
				            l.meter.total.fen == total + amount);
				if (!l.answered)
					continue;
				l.answered = false;
				there = purse_conclude(&entry, l.count_read, l.total_read) ==
				        PURSE_IS_THERE;
				assert_true(there || l.meter.count == count - 1);
			}
			total += amount;
			assert_int_equal(l.meter.total.fen, total);
			assert_int_equal(l.meter.count, count);
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(verdicts),
	        cmocka_unit_test(conclusions),
	        cmocka_unit_test(a_void_leaves_nothing_to_spend),
	        cmocka_unit_test(whatever_the_link_does_each_comes_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
