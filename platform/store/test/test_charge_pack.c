/* Charges as bytes: every value comes back, and bytes that are damaged are told or are harmless. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "libs/base/macros.h"
#include "platform/store/charge_pack.h"

/* As expected, with all that can be told, and at the edges of 64 bits. */
static const struct charge_row rows[] = {
        {.day = 20781,
         .version_id = 4,
         .rate = 1,
         .from_s = 20781 * INT64_C(86400),
         .to_s = 20781 * INT64_C(86400) + 60,
         .to_units = 25,
         .units = 25,
         .price_uy = 600000,
         .exact = 15000000,
         .amount = {1}     },
        { .day = 20782,
         .line = CHARGE_LINE_MINIMUM,
         .version_id = 5,
         .rate = 63,
         .step = 7,
         .estimated = true,
         .allowance_id = 12,
         .from_s = 7,
         .to_s = 3,
         .from_units = 90,
         .to_units = 80,
         .units = -4,
         .price_uy = 1,
         .exact = -9,
         .amount = {-100}},
        {     .day = INT64_MIN,
         .line = 3,
         .version_id = INT64_MAX,
         .rate = INT32_MAX,
         .step = INT32_MIN,
         .allowance_id = INT64_MIN,
         .from_s = INT64_MAX,
         .to_s = INT64_MIN,
         .from_units = INT64_MIN,
         .to_units = INT64_MAX,
         .units = INT64_MIN,
         .price_uy = INT64_MAX,
         .exact = INT64_MIN,
         .amount = {INT64_MIN}},
};

struct taken {
	struct charge_row row[ARRAY_SIZE(rows)];
	size_t count;
};

static bool take(void *arg, const struct charge_row *row)
{
	struct taken *taken = arg;

	assert_in_range(row->line, 0, CHARGE_LINE_MINIMUM); /* sums are kept by line */
	if (taken->count < ARRAY_SIZE(rows))
		taken->row[taken->count++] = *row;
	return true;
}

static void assert_same(const struct charge_row *a, const struct charge_row *b)
{
	assert_int_equal(a->day, b->day);
	assert_int_equal(a->line, b->line);
	assert_int_equal(a->version_id, b->version_id);
	assert_int_equal(a->rate, b->rate);
	assert_int_equal(a->step, b->step);
	assert_int_equal(a->estimated, b->estimated);
	assert_int_equal(a->allowance_id, b->allowance_id);
	assert_int_equal(a->from_s, b->from_s);
	assert_int_equal(a->to_s, b->to_s);
	assert_int_equal(a->from_units, b->from_units);
	assert_int_equal(a->to_units, b->to_units);
	assert_int_equal(a->units, b->units);
	assert_int_equal(a->price_uy, b->price_uy);
	assert_int_equal(a->exact, b->exact);
	assert_int_equal(money_cmp(a->amount, b->amount), 0);
}

static struct bytes packed_rows(void)
{
	struct bytes packed = {.data = NULL};

	charge_pack(&packed, rows, ARRAY_SIZE(rows));
	assert_false(packed.failed);
	return packed;
}

static void every_value_comes_back(void **state)
{
	const struct charge_row base = {.property_id = 1, .meter = 9, .day = rows[0].day};
	struct bytes packed = packed_rows();
	struct taken taken = {.count = 0};

	(void)state;
	assert_int_equal(charge_unpack(packed.data, packed.len, &base, take, &taken), ERR_NONE);
	assert_int_equal(taken.count, ARRAY_SIZE(rows));
	for (size_t i = 0; i < taken.count; i++) {
		assert_same(&taken.row[i], &rows[i]);
		assert_int_equal(taken.row[i].meter, 9);
		assert_int_equal(taken.row[i].charge_no, i + 1);
	}
	free(packed.data);
}

static void damaged_bytes_do_no_harm(void **state)
{
	const struct charge_row base = {.day = rows[0].day};
	struct bytes packed = packed_rows();

	(void)state;
	for (size_t len = 0; len < packed.len; len++) {
		struct taken taken = {.count = 0};
		enum err err = charge_unpack(packed.data, len, &base, take, &taken);

		assert_true(err == ERR_DAMAGED || taken.count < ARRAY_SIZE(rows));
	}
	for (size_t i = 0; i < packed.len; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			struct taken taken = {.count = 0};

			packed.data[i] ^= (uint8_t)(1U << bit);
			(void)!charge_unpack(packed.data, packed.len, &base, take, &taken);
			packed.data[i] ^= (uint8_t)(1U << bit);
		}
	free(packed.data);
}

static void a_cursor_and_a_gap_come_back(void **state)
{
	const struct rating_row row = {.billed_s = 5,
	                               .billed_units = INT64_MAX,
	                               .step_used = -1,
	                               .step_settled_s = INT64_MIN,
	                               .accrued = 6,
	                               .posted_day = rows[0].day,
	                               .version_id = 7};
	struct charge_rest rest = {.line = 3, .version_id = INT64_MAX, .rest = 9999999};
	struct rating_open open = {.charge = (struct charge_row *)(uintptr_t)rows,
	                           .count = 2,
	                           .rest = &rest,
	                           .rests = 1};
	struct rating_gap gap = {.kept = GAP_DECIDED,
	                         .from_s = 1,
	                         .from_units = 2,
	                         .to_units = 3,
	                         .step_used = 4,
	                         .step_settled_s = INT64_MIN,
	                         .end_used = 5,
	                         .end_settled_s = 6,
	                         .parts = open};
	struct rating_row row_back = {.posted_day = 0};
	struct rating_open open_back = {.count = 0};
	struct rating_gap gap_back = {.from_s = 0};
	struct bytes packed = {.data = NULL}, packed_gap = {.data = NULL};

	(void)state;
	rating_pack(&packed, &row, &open);
	assert_int_equal(rating_unpack(packed.data, packed.len, &row_back, &open_back), ERR_NONE);
	assert_int_equal(row_back.billed_units, INT64_MAX);
	assert_int_equal(row_back.step_settled_s, INT64_MIN);
	assert_int_equal(row_back.version_id, 7);
	assert_int_equal(open_back.count, 2);
	assert_same(&open_back.charge[1], &rows[1]);
	assert_int_equal(open_back.rests, 1);
	assert_int_equal(open_back.rest->rest, 9999999);
	gap_pack(&packed_gap, &gap);
	assert_int_equal(gap_unpack(packed_gap.data, packed_gap.len, &gap_back), ERR_NONE);
	assert_int_equal(gap_back.kept, GAP_DECIDED);
	assert_int_equal(gap_back.end_settled_s, 6);
	assert_int_equal(gap_back.parts.count, 2);
	assert_same(&gap_back.parts.charge[0], &rows[0]);
	rating_open_free(&open_back);
	rating_open_free(&gap_back.parts);
	free(packed.data);
	free(packed_gap.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_value_comes_back),
	        cmocka_unit_test(damaged_bytes_do_no_harm),
	        cmocka_unit_test(a_cursor_and_a_gap_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
