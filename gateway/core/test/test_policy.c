/* The platform's configuration: whole and sound, or the old one stays. */
#include "gateway/core/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <string.h>

static struct down_meter meters[POLICY_METERS_MAX + 1];
static struct policy_join join;
static struct policy loaded;
static uint8_t bytes[POLICY_SIZE_MAX];

static int setup(void **state)
{
	(void)state;
	memset(&join, 0, sizeof join);
	for (size_t i = 0; i <= POLICY_METERS_MAX; i++) {
		meters[i] = (struct down_meter){.number = 1000 + i};
		meters[i].chip[0] = (uint8_t)i;
		meters[i].chip[1] = (uint8_t)(i >> 8);
	}
	return 0;
}

static struct down_config part(uint32_t index, uint32_t parts, size_t first, size_t count)
{
	return (struct down_config){.version = 7,
	                            .period_s = 30,
	                            .trip_limit_count = 5,
	                            .trip_limit_window_s = 60,
	                            .part = true,
	                            .parts = parts,
	                            .index = index,
	                            .meter_count = count,
	                            .meters = meters + first};
}

static void test_one_message(void **state)
{
	struct down_config config = {.version = 3, .meter_count = 2, .meters = meters};

	(void)state;
	assert_int_equal(policy_take(&join, &config), ERR_NONE);
	assert_int_equal(join.policy.period_s, 60);
	assert_int_equal(join.policy.n_meters, 2);
	assert_ptr_equal(policy_by_number(&join.policy, 1001), &join.policy.meters[1]);
	assert_ptr_equal(policy_by_chip(&join.policy, meters[0].chip), &join.policy.meters[0]);
	assert_null(policy_by_number(&join.policy, 5));
}

static void test_parts_in_order(void **state)
{
	struct down_config a = part(0, 3, 0, 400), b = part(1, 3, 400, 400),
	                   c = part(2, 3, 800, 200);

	(void)state;
	assert_int_equal(policy_take(&join, &a), ERR_BUSY);
	assert_int_equal(policy_take(&join, &b), ERR_BUSY);
	assert_int_equal(policy_take(&join, &c), ERR_NONE);
	assert_int_equal(join.policy.n_meters, 1000);
}

static void test_parts_missing_repeated_or_foreign(void **state)
{
	struct down_config a = part(0, 3, 0, 2), b = part(1, 3, 2, 2), c = part(2, 3, 4, 2);
	struct down_config foreign = part(1, 3, 2, 2);

	(void)state;
	assert_int_equal(policy_take(&join, &b), ERR_BAD_INPUT); /* no first */
	assert_int_equal(policy_take(&join, &a), ERR_BUSY);
	assert_int_equal(policy_take(&join, &c), ERR_BAD_INPUT); /* second is missing */
	assert_int_equal(policy_take(&join, &b), ERR_BAD_INPUT); /* all was dropped */
	assert_int_equal(policy_take(&join, &a), ERR_BUSY);
	foreign.version = 8;
	assert_int_equal(policy_take(&join, &foreign), ERR_BAD_INPUT);
	/* A first part begins anew. */
	assert_int_equal(policy_take(&join, &a), ERR_BUSY);
	assert_int_equal(policy_take(&join, &a), ERR_BUSY);
	assert_int_equal(policy_take(&join, &b), ERR_BUSY);
	assert_int_equal(policy_take(&join, &b), ERR_BAD_INPUT);
	a.parts = 0;
	assert_int_equal(policy_take(&join, &a), ERR_BAD_INPUT);
	a.parts = 65;
	assert_int_equal(policy_take(&join, &a), ERR_BAD_INPUT);
}

static void test_contents_are_checked(void **state)
{
	struct down_config config = {.version = 3, .meter_count = 2, .meters = meters};

	(void)state;
	meters[1].number = meters[0].number;
	assert_int_equal(policy_take(&join, &config), ERR_BAD_INPUT);
	meters[1].number = 0;
	assert_int_equal(policy_take(&join, &config), ERR_BAD_INPUT);
	meters[1].number = 1000000000000;
	assert_int_equal(policy_take(&join, &config), ERR_BAD_INPUT);
	meters[1].number = 5;
	meters[1].period_s = 86401;
	assert_int_equal(policy_take(&join, &config), ERR_BAD_INPUT);
	meters[1].period_s = 86400;
	memcpy(meters[1].chip, meters[0].chip, CHIP_SIZE);
	assert_int_equal(policy_take(&join, &config), ERR_BAD_INPUT);
	meters[1].chip[0] = 9;
	assert_int_equal(policy_take(&join, &config), ERR_NONE);
	config.version = 0;
	assert_int_equal(policy_take(&join, &config), ERR_BAD_INPUT);
	setup(NULL);
	config = (struct down_config){
	        .version = 4, .meter_count = POLICY_METERS_MAX + 1, .meters = meters};
	assert_int_equal(policy_take(&join, &config), ERR_FULL);
}

static void test_round_trip_and_damage(void **state)
{
	struct down_config config = part(0, 1, 0, 3);
	size_t len;

	(void)state;
	meters[2].period_s = 900;
	assert_int_equal(policy_take(&join, &config), ERR_NONE);
	len = policy_encode(&join.policy, bytes);
	assert_int_equal(policy_decode(&loaded, bytes, len), ERR_NONE);
	assert_int_equal(loaded.version, 7);
	assert_int_equal(loaded.period_s, 30);
	assert_int_equal(loaded.trip_limit_count, 5);
	assert_int_equal(loaded.n_meters, 3);
	assert_int_equal(policy_by_number(&loaded, 1002)->period_s, 900);
	for (size_t cut = 0; cut < len; cut++)
		assert_int_equal(policy_decode(&loaded, bytes, cut), ERR_DAMAGED);
	bytes[0]++;
	assert_int_equal(policy_decode(&loaded, bytes, len), ERR_DAMAGED);
}

#define TEST(f) cmocka_unit_test_setup(f, setup)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        TEST(test_one_message),
	        TEST(test_parts_in_order),
	        TEST(test_parts_missing_repeated_or_foreign),
	        TEST(test_contents_are_checked),
	        TEST(test_round_trip_and_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
