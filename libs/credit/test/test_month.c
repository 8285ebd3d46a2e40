/* Fees and minimums by the day, and the parts of a purchase: sums that must be exact. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "libs/base/macros.h"
#include "libs/credit/month.h"
#include "libs/credit/split.h"

static void months_have_their_days(void **state)
{
	(void)state;
	assert_int_equal(month_days(2026, 1), 31);
	assert_int_equal(month_days(2026, 2), 28);
	assert_int_equal(month_days(2028, 2), 29);
	assert_int_equal(month_days(2100, 2), 28);
	assert_int_equal(month_days(2026, 12), 31);
}

static void days_of_a_fee_sum_to_the_fee(void **state)
{
	static const int64_t fees[] = {0, 1, 29, 1000, 3000, 9999, INT64_MAX};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fees); i++)
		for (unsigned days = 28; days <= 31; days++) {
			int64_t sum = 0;

			for (unsigned day = 0; day < days; day++) {
				struct money part =
				        month_fee(money_fen(fees[i]), day, day + 1, days);

				assert_true(part.fen >= fees[i] / days &&
				            part.fen <= fees[i] / days + 1);
				sum += part.fen;
			}
			assert_true(sum == fees[i]);
		}
	/* Moved in on the 11th of a month of 30 days: 20 of them. */
	assert_int_equal(month_fee(money_fen(3000), 10, 30, 30).fen, 2000);
	assert_int_equal(month_fee(money_fen(3000), 30, 30, 30).fen, 0);
}

static void a_minimum_fills_up_what_was_not_used(void **state)
{
	(void)state;
	assert_int_equal(month_shortfall(money_fen(2000), money_fen(1250), 30, 30).fen, 750);
	assert_int_equal(month_shortfall(money_fen(2000), money_fen(2000), 30, 30).fen, 0);
	assert_int_equal(month_shortfall(money_fen(2000), money_fen(9000), 30, 30).fen, 0);
	/* Closed after 12 of 30 days. */
	assert_int_equal(month_shortfall(money_fen(2000), money_fen(100), 12, 30).fen, 700);
	assert_int_equal(month_shortfall(money_fen(2000), money_fen(0), 0, 30).fen, 0);
	/* A correction may leave less than nothing. */
	assert_int_equal(month_shortfall(money_fen(2000), money_fen(-50), 30, 30).fen, 2050);
}

static void check_sum(const struct split *split, int64_t paid)
{
	assert_true(split->arrears.fen >= 0 && split->debt.fen >= 0);
	assert_true(split->fee.fen >= 0 && split->credit.fen >= 0);
	assert_true(split->arrears.fen + split->debt.fen + split->fee.fen + split->credit.fen ==
	            paid);
}

static void a_purchase_is_split_in_order(void **state)
{
	static const struct split_rule plain = {.fee_ppm = 0};
	static const struct split_rule all = {
	        .debt = {50000}, .recover_ppm = 300000, .fee_ppm = 20000};
	struct split split;

	(void)state;
	split = split_purchase(&plain, money_fen(10000), money_fen(250));
	assert_int_equal(split.credit.fen, 10000);
	/* 100.00: 12.00 owed; 30 % of 88.00 to the debt; 2 % of the rest kept. */
	split = split_purchase(&all, money_fen(10000), money_fen(-1200));
	check_sum(&split, 10000);
	assert_int_equal(split.arrears.fen, 1200);
	assert_int_equal(split.debt.fen, 2640);
	assert_int_equal(split.fee.fen, 123); /* of 61.60: 1.232, rounded down */
	assert_int_equal(split.credit.fen, 6037);
	/* Less than is owed: nothing else. */
	split = split_purchase(&all, money_fen(1000), money_fen(-1200));
	check_sum(&split, 1000);
	assert_int_equal(split.arrears.fen, 1000);
	/* The last part of a debt. */
	split = split_purchase(&(struct split_rule){.debt = {70}, .recover_ppm = SPLIT_PPM},
	                       money_fen(1000), money_fen(0));
	assert_int_equal(split.debt.fen, 70);
	assert_int_equal(split.credit.fen, 930);
}

static void parts_sum_whatever_comes(void **state)
{
	static const int64_t paid[] = {1, 2, 99, 10000, 123456789, INT64_MAX};
	static const int64_t balances[] = {INT64_MIN, -123456789, -1, 0, 1, INT64_MAX};
	static const int32_t shares[] = {0, 1, 333333, 999999};

	(void)state;
	for (size_t p = 0; p < ARRAY_SIZE(paid); p++)
		for (size_t b = 0; b < ARRAY_SIZE(balances); b++)
			for (size_t s = 0; s < ARRAY_SIZE(shares); s++) {
				const struct split_rule rule = {.debt = {paid[b % 3]},
				                                .recover_ppm = shares[3 - s],
				                                .fee_ppm = shares[s]};
				struct split split = split_purchase(&rule, money_fen(paid[p]),
				                                    money_fen(balances[b]));

				check_sum(&split, paid[p]);
				assert_true(split.debt.fen <= rule.debt.fen);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(months_have_their_days),
	        cmocka_unit_test(days_of_a_fee_sum_to_the_fee),
	        cmocka_unit_test(a_minimum_fills_up_what_was_not_used),
	        cmocka_unit_test(a_purchase_is_split_in_order),
	        cmocka_unit_test(parts_sum_whatever_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
