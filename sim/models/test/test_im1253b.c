/* The module's bytes against its manual's examples, and the arithmetic of its values. */
#include "sim/models/im1253b.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those three: cmocka expects them */
#include <cmocka.h>

static struct load_row rows[3] = {
        {true,  230000, 2300, 0  },
        {false, 0,      0,    0  },
        {true,  240000, 300,  400}
};
static const struct load_data data = {rows, 3};
static struct im1253b_store store;
static struct im1253b module;

static int setup(void **state)
{
	(void)state;
	memset(&store, 0, sizeof store);
	im1253b_init(&module, &store, &data, 1);
	return 0;
}

static bool request(const uint8_t *bytes, size_t n)
{
	bool answered = false;

	for (size_t i = 0; i < n; i++)
		answered = im1253b_byte(&module, bytes[i], true);
	return answered;
}

static const uint8_t read_eight[] = {0x01, 0x03, 0x00, 0x48, 0x00, 0x08, 0xC4, 0x1A};

/* The sample of the maker's manual, V2.0. */
static void answers_as_the_manual_prints(void **state)
{
	static const int32_t values[IM1253B_REGISTERS] = {0x218DD8, 0x13875, 0x10C6308, 0x5A,
	                                                  0x3E8,    0x59,    0xCCB,     0x1388};
	static const uint8_t expected[] = {
	        0x01, 0x03, 0x20, 0x00, 0x21, 0x8D, 0xD8, 0x00, 0x01, 0x38, 0x75, 0x01, 0x0C,
	        0x63, 0x08, 0x00, 0x00, 0x00, 0x5A, 0x00, 0x00, 0x03, 0xE8, 0x00, 0x00, 0x00,
	        0x59, 0x00, 0x00, 0x0C, 0xCB, 0x00, 0x00, 0x13, 0x88, 0x1B, 0xC2};

	(void)state;
	for (unsigned r = 0; r < IM1253B_REGISTERS; r++) {
		module.overridden[r] = true;
		module.override[r] = values[r];
	}
	assert_true(request(read_eight, sizeof read_eight));
	assert_int_equal(module.reply_len, sizeof expected);
	assert_memory_equal(module.reply, expected, sizeof expected);
}

static void clears_energy_as_captured(void **state)
{
	static const uint8_t clear[] = {0x01, 0x10, 0x00, 0x4B, 0x00, 0x02, 0x04,
	                                0,    0,    0,    0,    0xB6, 0x2C};
	static const uint8_t reply[] = {0x01, 0x10, 0x00, 0x4B, 0x00, 0x02, 0x31, 0xDE};

	(void)state;
	store.energy = 1234;
	assert_true(request(clear, sizeof clear));
	assert_memory_equal(module.reply, reply, sizeof reply);
	assert_int_equal(store.energy, 0);
}

static void is_silent_on_any_error(void **state)
{
	uint8_t bytes[sizeof read_eight];

	(void)state;
	for (unsigned bit = 0; bit < 8 * sizeof bytes; bit++) {
		memcpy(bytes, read_eight, sizeof bytes);
		bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(request(bytes, sizeof bytes));
		im1253b_gap(&module);
	}
	assert_true(request(read_eight, sizeof read_eight));
}

static void a_gap_begins_a_new_frame(void **state)
{
	(void)state;
	request(read_eight, 3);
	im1253b_gap(&module);
	assert_true(request(read_eight, sizeof read_eight));
}

static void current_is_of_apparent_power(void **state)
{
	(void)state;
	store.position_ms = 2 * 60000;
	im1253b_advance(&module, 0);
	assert_int_equal(im1253b_value(&module, IM1253B_CURRENT),
	                 20833); /* 500 VA / 240 V = 2.0833 A */
	assert_int_equal(im1253b_value(&module, IM1253B_PF), 600);
	assert_int_equal(im1253b_value(&module, IM1253B_POWER), 3000000);
	store.contact_closed = 0;
	im1253b_advance(&module, 0);
	assert_int_equal(im1253b_value(&module, IM1253B_CURRENT), 0);
	assert_int_equal(im1253b_value(&module, IM1253B_VOLTAGE), 2400000);
}

/* 2.3 kW for 59.75 s in steps of 250 ms: 38.17 Wh, whole steps of 0.1 Wh and the rest kept. */
static void energy_is_the_integral_of_power(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 239; i++)
		im1253b_advance(&module, 250);
	assert_int_equal(store.energy, 381);
	assert_int_equal(store.energy_rest,
	                 UINT64_C(23000000) * 59750 - UINT64_C(381) * 3600000000);
}

static void a_missing_minute_is_silent_and_counts_nothing(void **state)
{
	uint32_t before;

	(void)state;
	store.position_ms = 60000;
	im1253b_advance(&module, 0);
	before = store.energy;
	im1253b_advance(&module, 30000);
	assert_false(request(read_eight, sizeof read_eight));
	assert_int_equal(store.energy, before);
	im1253b_advance(&module, 30000);
	assert_true(request(read_eight, sizeof read_eight));
}

static void energy_wraps_at_32_bits(void **state)
{
	(void)state;
	store.energy = UINT32_MAX;
	im1253b_advance(&module, 1000);
	assert_int_equal(store.energy, 5);
}

static void a_second_start_continues(void **state)
{
	struct im1253b again;

	(void)state;
	im1253b_advance(&module, 30000);
	im1253b_init(&again, &store, &data, 1);
	assert_int_equal(store.position_ms, 30000);
	assert_int_equal(im1253b_value(&again, IM1253B_ENERGY), store.energy);
}

/* ---- load data ------------------------------------------------------------------------------ */

static enum err read_text(const char *text, struct load_data *out)
{
	char path[] = "/tmp/wattle-load-XXXXXX";
	int fd = mkstemp(path);
	FILE *file;
	enum err err;

	assert_true(fd >= 0);
	file = fdopen(fd, "w");
	fputs(text, file);
	fclose(file);
	err = load_data_read(out, path);
	unlink(path);
	return err;
}

static void load_rows_and_gaps(void **state)
{
	struct load_data d;

	(void)state;
	assert_int_equal(read_text("head\n0,241.97,2580,136\n1,,,\n2,240.1,7,0\n", &d), ERR_NONE);
	assert_int_equal(d.count, 3);
	assert_int_equal(d.row[0].voltage_mv, 241970);
	assert_int_equal(d.row[2].voltage_mv, 240100);
	assert_false(d.row[1].present);
	assert_int_equal(load_data_at(&d, 3 * 60000)->power_w, 2580); /* wraps */
	load_data_free(&d);
}

static void bad_load_data_is_refused(void **state)
{
	static const char *const bad[] = {"head\n1,241.97,2580,136\n", "head\n0,241.97,2580\n",
	                                  "head\n0,x,2580,136\n",      "head\n0,241.97,-1,136\n",
	                                  "head\n0,241.9712,1,136\n",  "head\n0,0,1,136\n"};
	struct load_data d;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(read_text(bad[i], &d), ERR_BAD_INPUT);
	assert_int_equal(read_text("head\n", &d), ERR_SHORT);
	assert_int_equal(load_data_read(&d, "/nonexistent"), ERR_NOT_FOUND);
}

static void neighbours_begin_on_other_days(void **state)
{
	struct load_data d = {NULL, 45 * 1440};

	(void)state;
	for (unsigned k = 1; k <= 45; k++)
		for (unsigned j = 1; j < k; j++)
			assert_true(load_data_start_ms(&d, j) != load_data_start_ms(&d, k));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test_setup(answers_as_the_manual_prints, setup),
	        cmocka_unit_test_setup(clears_energy_as_captured, setup),
	        cmocka_unit_test_setup(is_silent_on_any_error, setup),
	        cmocka_unit_test_setup(a_gap_begins_a_new_frame, setup),
	        cmocka_unit_test_setup(current_is_of_apparent_power, setup),
	        cmocka_unit_test_setup(energy_is_the_integral_of_power, setup),
	        cmocka_unit_test_setup(a_missing_minute_is_silent_and_counts_nothing, setup),
	        cmocka_unit_test_setup(energy_wraps_at_32_bits, setup),
	        cmocka_unit_test_setup(a_second_start_continues, setup),
	        cmocka_unit_test(load_rows_and_gaps),
	        cmocka_unit_test(bad_load_data_is_refused),
	        cmocka_unit_test(neighbours_begin_on_other_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
