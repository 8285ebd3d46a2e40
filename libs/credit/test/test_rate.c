/* From registers to fen: the worked examples of the trade, and sums that must hold whatever comes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "libs/base/time.h"
#include "libs/credit/rate.h"

struct total {
	int64_t units, free, seconds, charge[PLAN_LINES];
	unsigned pieces, estimated;
	struct rate_piece last;
};

static void add(void *arg, const struct rate_piece *piece)
{
	struct total *t = arg;

	t->units += piece->units;
	t->free += piece->grant ? piece->units : 0;
	if (piece->to_s != t->last.to_s)
		t->seconds += piece->to_s - piece->from_s;
	for (unsigned i = 0; i < piece->line_count; i++)
		t->charge[i] += piece->charge[i];
	t->pieces++;
	t->estimated += piece->estimated;
	t->last = *piece;
}

static int64_t at(int32_t year, unsigned month, unsigned day, unsigned hour)
{
	return days_from_date(year, month, day) * SECONDS_PER_DAY + hour * 3600 -
	       PLAN_OFFSET_CHINA_S;
}

static struct total rate(const struct plan *plan, struct rate_state *state, int64_t from_s,
                         int64_t to_s, int64_t used)
{
	const struct plan *const versions[] = {plan};
	struct total total = {0};

	assert_int_equal(
	        rate_interval(versions, 1, state, NULL, 0, from_s, to_s, used, add, &total),
	        ERR_NONE);
	assert_int_equal(total.units, used);
	assert_int_equal(total.seconds, to_s - from_s);
	return total;
}

/* Whole fen of an exact charge. */
static int64_t fen(int64_t charge)
{
	struct money money;
	int64_t rest = 0;

	assert_int_equal(rate_post(&rest, charge, &money), ERR_NONE);
	return money.fen;
}

/* 100 kWh at 0.5583 in pulses of 10 Wh: 55.83 yuan, not 100.00. */
static void nothing_is_rounded_away(void **state)
{
	struct rate_state s = {0};
	struct money money;
	int64_t rest = 0, sum = 0;
	struct plan plan;

	(void)state;
	plan_flat(&plan, 1, 0, 558300);
	for (int i = 0; i < 10000; i++) {
		struct total t =
		        rate(&plan, &s, at(2026, 3, 2, 1) + i, at(2026, 3, 2, 1) + i + 1, 10);

		assert_int_equal(rate_post(&rest, t.charge[0], &money), ERR_NONE);
		sum += money.fen;
	}
	assert_int_equal(sum, 5583);
	assert_int_equal(rest, 0);
}

static struct plan stepped(void)
{
	struct plan plan;

	plan_flat(&plan, 1, 0, 500000);
	plan.threshold_count = 2;
	plan.threshold_wh[0] = 2880000;
	plan.threshold_wh[1] = 4800000;
	plan.step_price_uy[1] = 50000;
	plan.step_price_uy[2] = 300000;
	plan.settlement_count = 1;
	plan.settlement[0] = (struct plan_settlement){1, 1, 0};
	return plan;
}

static void steps_are_split_at_the_threshold(void **state)
{
	struct plan plan = stepped();
	struct rate_state s = {.step_used = 2870000, .step_settled_s = at(2026, 1, 1, 0)};
	int64_t from_s = at(2026, 6, 2, 10);
	struct total t;

	(void)state;
	t = rate(&plan, &s, from_s, from_s + 3600, 25000);
	assert_int_equal(fen(t.charge[0]), 1325);
	assert_int_equal(t.pieces, 2);
	assert_int_equal(t.estimated, 0); /* the step is exact, no time was divided */
	assert_int_equal(s.step_used, 2895000);
	s.step_used = 4790000;
	t = rate(&plan, &s, from_s + 3600, from_s + 7200, 30000);
	assert_int_equal(fen(t.charge[0]), 2150);
}

/* Over the year's end inside one interval: what is used before counts to the old year. */
static void year_ends_inside_an_interval(void **state)
{
	struct plan plan = stepped();
	struct rate_state s = {.step_used = 5000000, .step_settled_s = at(2025, 1, 1, 0)};
	struct total t = rate(&plan, &s, at(2025, 12, 31, 22), at(2026, 1, 1, 2), 4000);

	(void)state;
	/* 2 kWh at 0.80 + 2 kWh at 0.50 */
	assert_int_equal(fen(t.charge[0]), 260);
	assert_int_equal(s.step_used, 2000);
	assert_int_equal(s.step_settled_s, at(2026, 1, 1, 0));
	assert_int_equal(t.estimated, 2);
}

/* Nothing was rated when the new year began. */
static void year_ends_between_two_intervals(void **state)
{
	struct plan plan = stepped();
	struct rate_state s = {.step_used = 5000000, .step_settled_s = at(2025, 1, 1, 0)};
	int64_t from_s = at(2026, 2, 1, 10);
	struct total t = rate(&plan, &s, from_s, from_s + 3600, 1000);

	(void)state;
	assert_int_equal(t.charge[0], INT64_C(1000) * 500000);
	assert_int_equal(s.step_used, 1000);
	assert_int_equal(s.step_settled_s, at(2026, 1, 1, 0));
}

static void price_changes_inside_a_gap(void **state)
{
	struct rate_state s = {0};
	struct plan old, new;
	const struct plan *const versions[] = {&old, &new};
	struct total t = {0};

	(void)state;
	plan_flat(&old, 1, 0, 600000);
	plan_flat(&new, 2, at(2026, 3, 2, 12), 650000);
	assert_int_equal(rate_interval(versions, 2, &s, NULL, 0, at(2026, 3, 2, 6),
	                               at(2026, 3, 2, 18), 24000, add, &t),
	                 ERR_NONE);
	assert_int_equal(fen(t.charge[0]), 1500);
	assert_int_equal(t.pieces, 2);
	assert_int_equal(t.estimated, 2);
	assert_int_equal(t.last.version, 2);
}

static void time_of_use_over_midnight(void **state)
{
	struct rate_state s = {0};
	struct plan plan;
	struct total t;

	(void)state;
	plan_flat(&plan, 1, 0, 1000000);
	plan.rate_count = 2;
	plan.rate_price_uy[1] = 300000;
	plan.calendar[0].table_count = 1;
	plan.calendar[0].table[0].count = 2;
	plan.calendar[0].table[0].slot[0] = (struct plan_slot){360, 1};
	plan.calendar[0].table[0].slot[1] = (struct plan_slot){1320, 2};
	/* 20:00 to 08:00, 12 kWh: 2 h at 1.00, 8 h at 0.30, 2 h at 1.00; cut at midnight too. */
	t = rate(&plan, &s, at(2026, 3, 2, 20), at(2026, 3, 3, 8), 12000);
	assert_int_equal(fen(t.charge[0]), 640);
	assert_int_equal(t.pieces, 4);
}

static void water_has_more_lines(void **state)
{
	struct rate_state s = {0};
	struct plan plan;
	struct total t;

	(void)state;
	plan_flat(&plan, 1, 0, 2900000);
	plan.line_count = 2;
	plan.line_price_uy[0] = 950000;
	plan.line_price_uy[1] = 200000;
	t = rate(&plan, &s, at(2026, 3, 2, 1), at(2026, 3, 2, 2), 1500); /* litres */
	assert_int_equal(fen(t.charge[0]), 435);
	assert_int_equal(fen(t.charge[1]), 142);
	assert_int_equal(fen(t.charge[2]), 30);
}

static struct grant grant(int64_t grant_id, enum grant_kind kind, int64_t left, int64_t until_s)
{
	return (struct grant){grant_id, kind, left, 0, until_s};
}

static void energy_grants_come_first(void **state)
{
	struct grant grants[4];
	const struct plan *versions[1];
	struct rate_state s = {0};
	struct total t = {0};
	struct plan plan;

	(void)state;
	plan_flat(&plan, 1, 0, 1000000);
	versions[0] = &plan;
	grants[0] = grant(2, GRANT_ENERGY, 1000, INT64_MAX);
	grants[1] = grant(3, GRANT_MONEY, 500, INT64_MAX);
	grants[2] = grant(1, GRANT_ENERGY, 500, at(2026, 3, 2, 12));
	grants[3] = grant(4, GRANT_ENERGY, 900, at(2026, 3, 2, 9));
	grants_sort(grants, 4);
	assert_int_equal(rate_interval(versions, 1, &s, grants, 4, at(2026, 3, 2, 10),
	                               at(2026, 3, 2, 11), 2000, add, &t),
	                 ERR_NONE);
	assert_int_equal(t.units, 2000);
	assert_int_equal(t.free, 1500);
	assert_int_equal(fen(t.charge[0]), 50);
	assert_int_equal(grants[0].grant_id, 4); /* expired: not touched */
	assert_int_equal(grants[0].left, 900);
	assert_int_equal(grants[1].left, 0);
	assert_int_equal(s.step_used, 2000); /* free energy is used energy */
	/* One that is larger than the use keeps the rest. */
	grants[3] = grant(5, GRANT_ENERGY, 5000, INT64_MAX);
	t = (struct total){0};
	assert_int_equal(rate_interval(versions, 1, &s, &grants[3], 1, at(2026, 3, 2, 11),
	                               at(2026, 3, 2, 12), 2000, add, &t),
	                 ERR_NONE);
	assert_int_equal(t.free, 2000);
	assert_int_equal(t.charge[0], 0);
	assert_int_equal(t.pieces, 1);
	assert_int_equal(grants[3].left, 3000);
}

/* However much it is: no charge, and no error of one that is too large. */
static void free_energy_costs_nothing(void **state)
{
	struct grant grants[] = {grant(1, GRANT_ENERGY, 1, INT64_MAX),
	                         grant(2, GRANT_ENERGY, INT64_MAX, INT64_MAX)};
	const struct plan *versions[1];
	struct rate_state s = {0};
	struct total t = {0};
	struct plan plan;

	(void)state;
	plan_flat(&plan, 1, 0, PLAN_PRICE_MAX);
	versions[0] = &plan;
	assert_int_equal(rate_interval(versions, 1, &s, grants, 2, at(2026, 3, 2, 1),
	                               at(2026, 3, 2, 2), INT64_MAX / 4, add, &t),
	                 ERR_NONE);
	assert_int_equal(t.free, INT64_MAX / 4);
	assert_int_equal(t.charge[0], 0);
	assert_int_equal(grants[0].left, 0);
	assert_true(grants[1].left == INT64_MAX - INT64_MAX / 4 + 1);
	assert_true(s.step_used == INT64_MAX / 4);
	assert_int_equal(rate_interval(versions, 1, &s, &grants[1], 1, at(2026, 3, 2, 2),
	                               at(2026, 3, 2, 3), INT64_MAX / 4, add, &t),
	                 ERR_NONE);
	assert_int_equal(t.charge[0], 0);
	assert_true(s.step_used == INT64_MAX / 4 * 2);
}

static void errors_change_nothing(void **state)
{
	struct grant grant = {.kind = GRANT_ENERGY, .left = 10, .until_s = INT64_MAX};
	struct rate_state s = {.step_used = 7}, before = s;
	const struct plan *versions[1];
	struct total t = {0};
	struct plan plan;

	(void)state;
	plan_flat(&plan, 1, at(2026, 1, 1, 0), PLAN_PRICE_MAX);
	versions[0] = &plan;
	assert_int_equal(rate_interval(versions, 1, &s, &grant, 1, at(2025, 12, 31, 0),
	                               at(2026, 1, 2, 0), 5, add, &t),
	                 ERR_NOT_FOUND);
	assert_int_equal(rate_interval(versions, 1, &s, &grant, 1, at(2026, 1, 1, 1),
	                               at(2026, 1, 2, 0), INT64_MAX / 2, add, &t),
	                 ERR_OVERFLOW);
	assert_int_equal(rate_interval(versions, 1, &s, NULL, 0, 5, 5, 1, add, &t), ERR_RANGE);
	assert_int_equal(rate_interval(versions, 1, &s, NULL, 0, at(2026, 1, 1, 1),
	                               at(2026, 1, 1, 2), -1, add, &t),
	                 ERR_RANGE);
	/* 68 years are no interval. */
	assert_int_equal(rate_interval(versions, 1, &s, NULL, 0, at(2026, 1, 1, 1),
	                               at(2026, 1, 1, 1) + INT32_MAX + INT64_C(1), 1, add, &t),
	                 ERR_RANGE);
	assert_int_equal(rate_interval(versions, 1, &before, NULL, 0, at(2026, 1, 1, 1),
	                               at(2026, 1, 1, 1) + INT32_MAX, 1, NULL, NULL),
	                 ERR_NONE);
	before = s;
	assert_int_equal(t.pieces, 0);
	s = (struct rate_state){.step_used = INT64_MAX - 5, .step_settled_s = INT64_MIN};
	assert_int_equal(rate_interval(versions, 1, &s, &grant, 1, at(2026, 1, 1, 1),
	                               at(2026, 1, 1, 2), 16, add, &t),
	                 ERR_OVERFLOW);
	assert_true(s.step_used == INT64_MAX - 5);
	s = before;
	assert_int_equal(t.pieces, 0);
	assert_int_equal(grant.left, 10);
	assert_memory_equal(&s, &before, sizeof s);
}

/* However an interval with known readings is cut, the pieces sum to the whole and one fen carried on
 * is the same as one long interval of the same price. */
static void sums_hold_for_any_interval(void **state)
{
	struct plan plan = stepped();
	uint64_t seed = 7;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct rate_state s = {0};
		int64_t from_s, length, used, by_hand;
		struct total t;

		seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		from_s = at(2026, 1, 1, 0) + (int64_t)(seed >> 34) % (40 * 365 * 86400);
		length = 1 + (int64_t)(seed >> 20) % (86400 * 20);
		used = (int64_t)(seed >> 40) % 6000000;
		t = rate(&plan, &s, from_s, from_s + length, used);
		by_hand = used * 500000;
		assert_true(t.charge[0] >= by_hand && t.charge[0] <= used * 800000);
		if (used <= 2880000)
			assert_int_equal(t.charge[0], by_hand);
	}
}

static void registers(void **state)
{
	static const struct rate_register reg = {1000000000, 13200, 10}, plain = {0, 0, 0},
	                                  unlimited = {1000, 0, 0}, fast = {0, INT64_MAX / 100, 0};

	static const struct {
		const struct rate_register *reg;
		int64_t t0, r0, t1, r1;
		enum rate_verdict verdict;
		int64_t used;
	} cases[] = {
	        {&reg,       0,         100,        3600,      5100,       RATE_USE,      5000     },
	        {&reg,       0,         100,        3600,      100,        RATE_USE,      0        },
	        {&reg,       3600,      100,        3600,      200,        RATE_TIME,     0        },
	        {&reg,       3600,      100,        0,         200,        RATE_TIME,     0        },
	        {&reg,       0,         100,        3600,      90,         RATE_JITTER,   0        },
	        {&reg,       0,         100,        3600,      89,         RATE_BACK,     0        },
	        {&reg,       0,         500000000,  3600,      0,          RATE_BACK,     0        },
	        {&reg,       0,         999999000,  3600,      500,        RATE_WRAPPED,  1500     },
	        {&reg,       0,         999999000,  60,        500,        RATE_BACK,     0        }, /* too fast to be a wrap */
	        {&reg,       0,         100,        3600,      15000100,   RATE_JUMP,     0        },
	        {&reg,       0,         0,          3600,      14762,      RATE_USE,      14762    }, /* x 1.1 and a minute */
	        {&reg,       0,         0,          3600,      14763,      RATE_JUMP,     0        },
	        {&reg,       0,         -1,         3600,      5,          RATE_NEGATIVE, 0        },
	        {&reg,       0,         0,          3600,      1000000000, RATE_NEGATIVE, 0        },
	        {&plain,     0,         0,          1,         INT64_MAX,  RATE_USE,      INT64_MAX},
	        {&plain,     0,         5,          1,         4,          RATE_BACK,     0        },
	        {&reg,       0,         5,          3600,      -1,         RATE_NEGATIVE, 0        },
	        {&reg,       0,         1000000000, 3600,      5,          RATE_NEGATIVE, 0        },
	        {&reg,       0,         999999999,  3600,      999999999,  RATE_USE,      0        },
	        {&plain,     INT64_MIN, 0,          INT64_MAX, 5,          RATE_TIME,     0        },
	        {&unlimited, 0,         999,        3600,      1,          RATE_BACK,     0        }, /* a wrap or a reset? */
	        {&fast,      0,         0,          1,         INT64_MAX,  RATE_USE,      INT64_MAX}, /* more than can be told */
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct rate_mark from = {cases[i].t0, cases[i].r0}, to = {cases[i].t1, cases[i].r1};
		int64_t used;

		assert_int_equal(rate_used(cases[i].reg, &from, &to, &used), cases[i].verdict);
		assert_int_equal(used, cases[i].used);
	}
}

/* The way over a register's end must be short, and its speed is looked at even where that is no small number. */
static void what_is_no_wrap(void **state)
{
	static const struct rate_register wide = {1000000, 1000000000, 0},
	                                  endless = {0, INT64_MAX / 2, 0};
	struct rate_mark from = {0, 995000}, to = {3600, 5000};
	int64_t used;

	(void)state;
	assert_int_equal(rate_used(&wide, &from, &to, &used),
	                 RATE_WRAPPED); /* 10,000: a hundredth */
	assert_int_equal(used, 10000);
	to.units = 5001;
	assert_int_equal(rate_used(&wide, &from, &to, &used), RATE_BACK);
	to.units = 900000;
	assert_int_equal(rate_used(&wide, &from, &to, &used), RATE_BACK);
	from = (struct rate_mark){0, 0};
	to = (struct rate_mark){INT32_MAX, INT64_MAX};
	assert_int_equal(rate_used(&endless, &from, &to, &used), RATE_USE);
}

static void a_plan_with_one_more_line_has_two(void **state)
{
	struct rate_state s = {0};
	struct plan plan;
	struct total t;

	(void)state;
	plan_flat(&plan, 7, 0, 2900000);
	plan.line_count = 1;
	plan.line_price_uy[0] = 950000;
	plan.line_price_uy[1] = 777777; /* not in use */
	t = rate(&plan, &s, at(2026, 3, 2, 1), at(2026, 3, 2, 2), 10);
	assert_int_equal(t.last.line_count, 2);
	assert_int_equal(t.last.version, 7);
	assert_int_equal(t.last.rate, 1);
	assert_int_equal(t.last.step, 0);
	assert_int_equal(t.last.price_uy[0], 2900000);
	assert_int_equal(t.last.price_uy[1], 950000);
	assert_int_equal(t.last.price_uy[2], 0);
	assert_int_equal(t.last.charge[1], 9500000);
	assert_int_equal(t.last.charge[2], 0);
}

static void a_single_unit_beyond_a_threshold_is_charged(void **state)
{
	struct plan plan = stepped();
	struct rate_state s = {.step_used = 2879999, .step_settled_s = at(2026, 1, 1, 0)};
	int64_t from_s = at(2026, 6, 2, 10);
	struct total t = rate(&plan, &s, from_s, from_s + 60, 2);

	(void)state;
	assert_int_equal(t.pieces, 2);
	assert_int_equal(t.last.units, 1);
	assert_int_equal(t.last.step, 1);
	assert_int_equal(t.charge[0], 500000 + 550000);
	assert_int_equal(s.step_used, 2880001);
	/* Nothing used is a piece of nothing, so that its registers are on record. */
	t = rate(&plan, &s, from_s + 60, from_s + 120, 0);
	assert_int_equal(t.pieces, 1);
}

static void as_many_grants_as_there_is_room_for(void **state)
{
	struct grant grants[RATE_GRANTS_MAX + 1];
	const struct plan *versions[1];
	struct rate_state s = {0};
	struct total t = {0};
	struct plan plan;

	(void)state;
	plan_flat(&plan, 1, 0, 500000);
	versions[0] = &plan;
	for (int i = 0; i <= RATE_GRANTS_MAX; i++)
		grants[i] = grant(i + 1, GRANT_ENERGY, 1, INT64_MAX);
	assert_int_equal(rate_interval(versions, 1, &s, grants, RATE_GRANTS_MAX + 1,
	                               at(2026, 3, 2, 1), at(2026, 3, 2, 2), 20, add, &t),
	                 ERR_RANGE);
	assert_int_equal(rate_interval(versions, 1, &s, grants, RATE_GRANTS_MAX, at(2026, 3, 2, 1),
	                               at(2026, 3, 2, 2), 20, add, &t),
	                 ERR_NONE);
	assert_int_equal(t.free, RATE_GRANTS_MAX);
	assert_int_equal(t.pieces, RATE_GRANTS_MAX + 1);
	assert_int_equal(t.charge[0], (20 - RATE_GRANTS_MAX) * INT64_C(500000));
}

static void posting_carries_the_rest(void **state)
{
	struct money money = {77};
	int64_t rest = 0;

	(void)state;
	assert_int_equal(rate_post(&rest, 0, &money), ERR_NONE);
	assert_int_equal(money.fen, 0);
	/* What is taken back is rounded down as well: the rest is never below 0. */
	assert_int_equal(rate_post(&rest, -1, &money), ERR_NONE);
	assert_int_equal(money.fen, -1);
	assert_int_equal(rest, RATE_REST_PER_FEN - 1);
	assert_int_equal(rate_post(&rest, 1 - 3 * RATE_REST_PER_FEN, &money), ERR_NONE);
	assert_int_equal(money.fen, -2);
	assert_int_equal(rest, 0);
	assert_int_equal(rate_post(&rest, RATE_REST_PER_FEN - 1, &money), ERR_NONE);
	assert_int_equal(money.fen, 0);
	assert_int_equal(rest, RATE_REST_PER_FEN - 1);
	assert_int_equal(rate_post(&rest, 1, &money), ERR_NONE);
	assert_int_equal(money.fen, 1);
	assert_int_equal(rest, 0);
	rest = 1;
	assert_int_equal(rate_post(&rest, INT64_MAX, &money), ERR_OVERFLOW);
	assert_int_equal(rest, 1);
	rest = 0;
	assert_int_equal(rate_post(&rest, INT64_MIN, &money), ERR_NONE);
	assert_true((uint64_t)money.fen * (uint64_t)RATE_REST_PER_FEN + (uint64_t)rest ==
	            (uint64_t)INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(nothing_is_rounded_away),
	        cmocka_unit_test(steps_are_split_at_the_threshold),
	        cmocka_unit_test(year_ends_inside_an_interval),
	        cmocka_unit_test(year_ends_between_two_intervals),
	        cmocka_unit_test(price_changes_inside_a_gap),
	        cmocka_unit_test(time_of_use_over_midnight),
	        cmocka_unit_test(water_has_more_lines),
	        cmocka_unit_test(energy_grants_come_first),
	        cmocka_unit_test(free_energy_costs_nothing),
	        cmocka_unit_test(errors_change_nothing),
	        cmocka_unit_test(sums_hold_for_any_interval),
	        cmocka_unit_test(registers),
	        cmocka_unit_test(what_is_no_wrap),
	        cmocka_unit_test(a_plan_with_one_more_line_has_two),
	        cmocka_unit_test(a_single_unit_beyond_a_threshold_is_charged),
	        cmocka_unit_test(as_many_grants_as_there_is_room_for),
	        cmocka_unit_test(posting_carries_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
