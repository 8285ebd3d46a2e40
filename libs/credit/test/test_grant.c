/* Grants: their order of use, paying with them, and allowances that stack. */
#include "libs/credit/grant.h"

#include "libs/base/macros.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define NEVER INT64_MAX

static void ids_are(const struct grant *grants, size_t count, const int64_t *ids)
{
	for (size_t i = 0; i < count; i++)
		assert_int_equal(grants[i].grant_id, ids[i]);
}

static void soonest_expiry_first_then_the_older(void **state)
{
	static const int64_t order[] = {6, 2, 5, 1, 3, 4};
	struct grant grants[] = {
	        {4, GRANT_MONEY,  1, 0, NEVER},
                {3, GRANT_ENERGY, 1, 0, NEVER},
	        {1, GRANT_MONEY,  1, 0, NEVER},
                {5, GRANT_MONEY,  1, 0, 900  },
	        {2, GRANT_MONEY,  1, 0, 900  },
                {6, GRANT_ENERGY, 1, 0, 100  },
	};
	struct grant two[] = {
	        {2, GRANT_MONEY, 1, 0, 9},
                {1, GRANT_MONEY, 1, 0, 9}
        };
	static const int64_t two_order[] = {1, 2};

	(void)state;
	grants_sort(grants, ARRAY_SIZE(grants));
	ids_are(grants, ARRAY_SIZE(grants), order);
	grants_sort(grants, ARRAY_SIZE(grants));
	ids_are(grants, ARRAY_SIZE(grants), order);
	grants_sort(two, 2);
	ids_are(two, 2, two_order);
	grants_sort(two, 0);
	ids_are(two, 2, two_order);
}

static void usable_from_its_start_until_before_its_end(void **state)
{
	struct grant grants[] = {
	        {1, GRANT_MONEY,  1, 100, 200  },
                {2, GRANT_ENERGY, 0, 0,   NEVER}
        };

	(void)state;
	assert_null(grants_next(grants, 2, GRANT_MONEY, 99));
	assert_ptr_equal(grants_next(grants, 2, GRANT_MONEY, 100), &grants[0]);
	assert_ptr_equal(grants_next(grants, 2, GRANT_MONEY, 199), &grants[0]);
	assert_null(grants_next(grants, 2, GRANT_MONEY, 200));
	assert_null(grants_next(grants, 2, GRANT_ENERGY, 100)); /* empty */
	grants[1].left = 1;
	assert_ptr_equal(grants_next(grants, 2, GRANT_ENERGY, 100), &grants[1]);
	assert_null(grants_next(grants, 0, GRANT_MONEY, 100));
}

struct taken {
	size_t count;
	int64_t grant_id[4], fen[4];
};

static void note(void *arg, const struct grant *grant, struct money taken)
{
	struct taken *t = arg;

	assert_true(t->count < ARRAY_SIZE(t->fen));
	t->grant_id[t->count] = grant->grant_id;
	t->fen[t->count++] = taken.fen;
}

static void pays_part_by_part(void **state)
{
	struct grant grants[] = {
	        {1, GRANT_MONEY,  30,   0, 500  },
	        {2, GRANT_ENERGY, 1000, 0, NEVER},
	        {3, GRANT_MONEY,  50,   0, NEVER}
        };
	struct taken t = {0};

	(void)state;
	assert_int_equal(grants_pay(grants, 3, money_fen(0), 10, note, &t).fen, 0);
	assert_int_equal(t.count, 0);
	assert_int_equal(grants_pay(grants, 3, money_fen(29), 10, note, &t).fen, 0);
	assert_int_equal(t.count, 1);
	assert_int_equal(t.fen[0], 29);
	assert_int_equal(grants[0].left, 1);
	/* The last fen of one, a part of the next. */
	assert_int_equal(grants_pay(grants, 3, money_fen(1), 10, note, &t).fen, 0);
	assert_int_equal(grants[0].left, 0);
	assert_int_equal(grants_pay(grants, 3, money_fen(20), 10, note, &t).fen, 0);
	assert_int_equal(grants[2].left, 30);
	assert_int_equal(t.grant_id[2], 3);
	assert_int_equal(t.fen[2], 20);
	/* More is due than there is. */
	assert_int_equal(grants_pay(grants, 3, money_fen(100), 10, note, &t).fen, 70);
	assert_int_equal(t.fen[3], 30);
	assert_int_equal(grants[2].left, 0);
	assert_int_equal(grants[1].left, 1000); /* energy pays no money */
}

static void what_does_not_fit_lapses(void **state)
{
	(void)state;
	assert_int_equal(grant_stack(7, 5, 0, 0), 7);
	assert_int_equal(grant_stack(7, 5, 0, 1), 5);
	assert_int_equal(grant_stack(0, 5, 1, 1), 5); /* a cap below the amount is the amount */
	assert_int_equal(grant_stack(3, 5, 9, 1), 8);
	assert_int_equal(grant_stack(4, 5, 9, 1), 9);
	assert_int_equal(grant_stack(5, 5, 9, 1), 9);
	assert_int_equal(grant_stack(0, 5, 9, 2), 9);
	assert_int_equal(grant_stack(0, 0, 0, 1), 0);
	assert_int_equal(grant_stack(9, 5, INT64_MAX, INT64_MAX), INT64_MAX);
	assert_int_equal(grant_stack(INT64_MAX, 5, 100, 1), 100);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(soonest_expiry_first_then_the_older),
	        cmocka_unit_test(usable_from_its_start_until_before_its_end),
	        cmocka_unit_test(pays_part_by_part),
	        cmocka_unit_test(what_does_not_fit_lapses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
