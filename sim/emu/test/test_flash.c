/* What a power cut leaves of a flash operation. */
#include "sim/emu/flash.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those three: cmocka expects them */
#include <cmocka.h>

enum { PAGE = 40, AT = PAGE * FLASH_PAGE_BYTES };

static uint8_t memory[FLASH_BYTES];
static struct chip chip;
static struct flash flash;

static int setup(void **state)
{
	(void)state;
	memset(memory, 0xFF, sizeof memory);
	memset(&chip, 0, sizeof chip);
	flash = (struct flash){.memory = memory, .wrpr = UINT32_MAX, .cut_at = UINT64_MAX};
	nvic_reset(&chip.nvic);
	flash_reset(&flash, &chip);
	flash_write(&flash, 0x04, 0x45670123);
	flash_write(&flash, 0x04, 0xCDEF89AB);
	flash_write(&flash, 0x10, 1);
	return 0;
}

static uint16_t stored(void)
{
	return (uint16_t)(memory[AT] | memory[AT + 1] << 8);
}

static void cut_program(enum flash_cut mode, uint32_t seed)
{
	setup(NULL);
	flash.cut_at = 0;
	flash.cut_mode = mode;
	flash.cut_seed = seed;
	flash_store(&flash, FLASH_BASE + AT, 2, 0x1234);
	assert_true(flash.power_lost);
}

static void a_cut_program_is_nothing_all_or_part(void **state)
{
	(void)state;
	cut_program(FLASH_CUT_NONE, 1);
	assert_int_equal(stored(), 0xFFFF);
	cut_program(FLASH_CUT_ALL, 1);
	assert_int_equal(stored(), 0x1234);
	cut_program(FLASH_CUT_PART, 1);
	assert_int_equal(stored(), 0xFF34);
}

/* Bits only fall while programming: what is left lies between old and new. */
static void random_bits_lie_between_old_and_new(void **state)
{
	unsigned different = 0;

	(void)state;
	for (uint32_t seed = 1; seed < 200; seed++) {
		cut_program(FLASH_CUT_RANDOM, seed);
		assert_int_equal(stored() & 0x1234, 0x1234);
		different += stored() != 0x1234 && stored() != 0xFFFF;
	}
	assert_true(different > 150);
}

static void erase(void)
{
	flash_write(&flash, 0x10, 2);
	flash_write(&flash, 0x14, FLASH_BASE + AT);
	flash_write(&flash, 0x10, 0x42);
}

static void a_cut_erase_leaves_a_front_part(void **state)
{
	unsigned erased = 0;

	(void)state;
	memset(memory + AT, 0, FLASH_PAGE_BYTES);
	flash.cut_at = 0;
	flash.cut_mode = FLASH_CUT_PART;
	flash.cut_seed = 7;
	erase();
	while (erased < FLASH_PAGE_BYTES && memory[AT + erased] == 0xFF)
		erased++;
	assert_in_range(erased, 1, FLASH_PAGE_BYTES - 1);
	for (unsigned i = erased; i < FLASH_PAGE_BYTES; i++)
		assert_int_equal(memory[AT + i], 0);
}

static void after_the_cut_nothing_is_written(void **state)
{
	(void)state;
	flash.cut_at = 0;
	flash.cut_mode = FLASH_CUT_NONE;
	flash_store(&flash, FLASH_BASE + AT, 2, 0x1111);
	flash_store(&flash, FLASH_BASE + AT + 2, 2, 0x2222);
	assert_int_equal(memory[AT + 2], 0xFF);
}

static void operations_and_erases_are_counted(void **state)
{
	(void)state;
	flash_store(&flash, FLASH_BASE + AT, 2, 0x1111);
	chip.now += VTIME_PER_MS;
	erase();
	assert_int_equal(flash.operations, 2);
	assert_int_equal(flash.erases[PAGE], 1);
	assert_int_equal(stored(), 0xFFFF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_cut_program_is_nothing_all_or_part),
	        cmocka_unit_test(random_bits_lie_between_old_and_new),
	        cmocka_unit_test_setup(a_cut_erase_leaves_a_front_part, setup),
	        cmocka_unit_test_setup(after_the_cut_nothing_is_written, setup),
	        cmocka_unit_test_setup(operations_and_erases_are_counted, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
