/* Meters that charge themselves: what is sent next, by facts alone, and the images of prices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "libs/base/crc.h"
#include "libs/base/rnd.h"
#include "platform/core/meter_price.h"
#include "platform/test/own_meter.h"

/* ---- the choice ---- */

static struct price_facts facts(void)
{
	return (struct price_facts){.hand_over = true, .now = 11, .now_len = 130, .limits = 21};
}

static void check_choice(const struct price_facts *f, enum price_move move, uint32_t version,
                         unsigned at, unsigned len)
{
	struct price_choice choice = price_choose(f);

	assert_int_equal(choice.move, move);
	assert_int_equal(choice.version, version);
	assert_int_equal(choice.at, at);
	if (move == PRICE_PART)
		assert_int_equal(choice.len, len);
}

static void parts_then_the_whole_then_limits(void **state)
{
	struct price_facts f = facts();

	(void)state;
	check_choice(&f, PRICE_PART, 11, 0, 56);
	f.part_version = 11;
	f.part_at = 56;
	check_choice(&f, PRICE_PART, 11, 56, 56);
	f.part_at = 112;
	check_choice(&f, PRICE_PART, 11, 112, 18);
	f.part_at = 130;
	check_choice(&f, PRICE_WHOLE, 11, 0, 0);
	f.busy = true;
	check_choice(&f, PRICE_WAIT, 0, 0, 0);
	f.busy = false;
	f.read.price = 11;
	check_choice(&f, PRICE_LIMITS, 21, 0, 0);
	f.read.limits = f.sent_limits = 21;
	check_choice(&f, PRICE_REST, 0, 0, 0);
	f.ask = true;
	check_choice(&f, PRICE_LIMITS, 21, 0, 0);
}

static void parts_of_another_version_begin_anew(void **state)
{
	struct price_facts f = facts();

	(void)state;
	f.part_version = 10;
	f.part_at = 112;
	check_choice(&f, PRICE_PART, 11, 0, 56);
}

static void the_next_version_waits_in_the_meter(void **state)
{
	struct price_facts f = facts();

	(void)state;
	f.read = (struct result_credit){11, 0, 21};
	f.next = 12;
	f.next_len = 13;
	check_choice(&f, PRICE_PART, 12, 0, 13);
	f.read.next = 12;
	check_choice(&f, PRICE_REST, 0, 0, 0);
	/* Its time has come: what the meter says of itself is asked, not sent again. */
	f.now = 12;
	f.next = 0;
	f.now_len = 13;
	check_choice(&f, PRICE_LIMITS, 21, 0, 0);
	f.read = (struct result_credit){12, 0, 21};
	check_choice(&f, PRICE_REST, 0, 0, 0);
	/* It was withdrawn: the one in force again takes its place. */
	f = facts();
	f.read = (struct result_credit){11, 12, 21};
	check_choice(&f, PRICE_PART, 11, 0, 56);
	f.refused_for = 11;
	check_choice(&f, PRICE_REST, 0, 0, 0);
	f = facts();
	f.read = (struct result_credit){11, 0, 20};
	f.next = f.refused_for = 12;
	check_choice(&f, PRICE_LIMITS, 21, 0, 0);
	f.refused_for = 21;
	f.next = 0;
	check_choice(&f, PRICE_REST, 0, 0, 0);
}

static void whoever_may_spend_is_switched_off(void **state)
{
	struct price_facts f = {.read = {0}};

	(void)state;
	check_choice(&f, PRICE_REST, 0, 0, 0);
	f.ask = true; /* nothing was ever sent there */
	check_choice(&f, PRICE_REST, 0, 0, 0);
	f.sent_limits = 21; /* and nobody heard whether it came */
	check_choice(&f, PRICE_OFF, PRICE_LIMITS_OFF, 0, 0);
	f.read.limits = 21;
	check_choice(&f, PRICE_OFF, PRICE_LIMITS_OFF, 0, 0);
	f.ask = false;
	f.sent_limits = f.read.limits = PRICE_LIMITS_OFF;
	check_choice(&f, PRICE_REST, 0, 0, 0);
	f.ask = true;
	check_choice(&f, PRICE_OFF, PRICE_LIMITS_OFF, 0, 0);
}

/* Commands and answers are lost, the meter restarts and is erased, what it is to have changes: in the end it has it. */
static void it_ends_whatever_is_lost(void **state)
{
	static uint8_t image[4][PLAN_IMAGE_MAX];
	struct rnd rnd;

	(void)state;
	for (uint64_t seed = 1; seed <= 300; seed++) {
		struct own_meter m = {.counter = 0};
		struct price_facts f = facts();
		struct price_choice choice;
		int steps = 0;

		rnd_seed(&rnd, seed);
		do {
			struct command_args args = {.delay_max_s = 0};
			uint8_t kind = COMMAND_CREDIT, reason;
			bool calm = steps++ > 60;

			if (!calm && !rnd_below(&rnd, 8)) {
				f.now = 10 + rnd_below(&rnd, 4);
				f.now_len = (uint16_t)(13 + rnd_below(&rnd, 400));
				f.next = rnd_below(&rnd, 2) ? 20 + rnd_below(&rnd, 2) : 0;
				f.next_len = 100;
				f.limits = 31 + 2 * rnd_below(&rnd, 3);
				f.hand_over = rnd_below(&rnd, 4) > 0;
			}
			if (!calm && !rnd_below(&rnd, 10))
				own_meter_restart(&m);
			if (!calm && !rnd_below(&rnd, 20))
				m = (struct own_meter){.counter = 0};
			f.ask = !calm && !rnd_below(&rnd, 6);
			choice = price_choose(&f);
			if (choice.move == PRICE_REST && calm && !f.ask)
				break;
			args.price.version = choice.version;
			args.price.at = choice.at;
			args.price.len = choice.move == PRICE_WHOLE && choice.version == f.now
			                         ? f.now_len
			                 : choice.move == PRICE_WHOLE ? f.next_len
			                                              : choice.len;
			args.price.part = image[0] + choice.at;
			args.price.valid_from_s = choice.version == f.now ? choice.version : 5000;
			args.price.crc32 = crc32_ieee(0, image[0], args.price.len);
			args.credit.version = choice.version;
			if (choice.move == PRICE_PART)
				kind = COMMAND_PRICE_PART;
			if (choice.move == PRICE_WHOLE)
				kind = COMMAND_PRICE;
			if (choice.move == PRICE_REST)
				continue;
			if (choice.move == PRICE_LIMITS)
				f.sent_limits = choice.version;
			if (!calm && !rnd_below(&rnd, 4))
				continue; /* the command is lost */
			reason = own_meter_obey(&m, kind, &args, 1000);
			if (!calm && !rnd_below(&rnd, 4))
				continue; /* the answer is */
			f.read = own_meter_tell(&m, 1000);
			f.sent_limits = f.read.limits;
			if (reason == REASON_PRICE_MISSING)
				f.part_version = f.part_at = 0;
			else if (kind == COMMAND_PRICE_PART) {
				f.part_version = choice.version;
				f.part_at = (uint16_t)(choice.at + choice.len);
			}
			assert_in_range(steps, 0, 400);
		} while (true);
		/* What it says and what it has may differ after an erasure that nobody asked about: ask once. */
		if (f.hand_over) {
			assert_int_equal(f.read.price, f.now);
			assert_int_equal(f.read.next, f.next);
			assert_int_equal(f.read.limits, f.limits);
		} else {
			assert_false(price_spends(f.read.limits));
		}
	}
}

/* ---- images ---- */

#define NEW_YEAR INT64_C(1798732800) /* 2027-01-01 in China */

static enum price_why why_of(const struct plan *plan)
{
	struct price_image image;
	enum price_why why;

	assert_int_equal(price_image_make(plan, NEW_YEAR, &image, &why), ERR_NONE);
	assert_int_equal(image.version != 0, why == PRICE_HANDED);
	return why;
}

static void what_fits_no_meter_says_why(void **state)
{
	static struct plan plan;

	(void)state;
	plan_flat(&plan, 5, NEW_YEAR - 86400, 600000);
	assert_int_equal(why_of(&plan), PRICE_HANDED);
	plan.fee_fen = 1;
	assert_int_equal(why_of(&plan), PRICE_FEE);
	plan.fee_fen = 0;
	plan.minimum_fen = 1;
	assert_int_equal(why_of(&plan), PRICE_MINIMUM);
	plan.minimum_fen = 0;
	plan.switch_s = NEW_YEAR;
	assert_int_equal(why_of(&plan), PRICE_CALENDAR);
	plan.switch_s = 0;
	plan.threshold_count = 1;
	plan.threshold_wh[0] = INT64_C(1) << 32;
	assert_int_equal(why_of(&plan), PRICE_RANGE);
	plan.threshold_count = 0;
	plan.holiday_count = 200;
	for (int i = 0; i < 200; i++)
		plan.holiday[i] = (struct plan_holiday){.month = 1, .day = 1, .table = 1};
	assert_int_equal(why_of(&plan), PRICE_SIZE);
}

/* Holidays of the years around now: the same image each day, another one each year, and none that grows. */
static void an_image_changes_once_a_year_by_its_holidays(void **state)
{
	static struct plan plan;
	struct price_image image, next;
	enum price_why why;

	(void)state;
	plan_flat(&plan, 5, NEW_YEAR - 86400, 600000);
	for (uint16_t year = 2020; year < 2120; year++)
		plan.holiday[plan.holiday_count++] =
		        (struct plan_holiday){.year = year, .month = 10, .day = 1, .table = 1};
	assert_int_equal(price_image_make(&plan, NEW_YEAR + 150 * 86400, &image, &why), ERR_NONE);
	assert_int_equal(why, PRICE_HANDED);
	for (int64_t day = 151; day < 365; day++) {
		assert_int_equal(price_image_make(&plan, NEW_YEAR + day * 86400, &next, &why),
		                 ERR_NONE);
		assert_int_equal(next.version, image.version);
	}
	assert_int_equal(price_image_make(&plan, NEW_YEAR + 365 * 86400, &next, &why), ERR_NONE);
	assert_int_not_equal(next.version, image.version);
	plan.valid_from_s++;
	assert_int_equal(price_image_make(&plan, NEW_YEAR + 150 * 86400, &next, &why), ERR_NONE);
	assert_int_not_equal(next.version, image.version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(parts_then_the_whole_then_limits),
	        cmocka_unit_test(parts_of_another_version_begin_anew),
	        cmocka_unit_test(the_next_version_waits_in_the_meter),
	        cmocka_unit_test(whoever_may_spend_is_switched_off),
	        cmocka_unit_test(it_ends_whatever_is_lost),
	        cmocka_unit_test(what_fits_no_meter_says_why),
	        cmocka_unit_test(an_image_changes_once_a_year_by_its_holidays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
