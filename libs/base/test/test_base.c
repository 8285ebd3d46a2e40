/* Numbers, money, bytes, check sums, error texts, the seeded generator. */
#include "libs/base/bytes.h"
#include "libs/base/crc.h"
#include "libs/base/err.h"
#include "libs/base/money.h"
#include "libs/base/number.h"
#include "libs/base/rnd.h"
#include "libs/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void every_error_has_a_text(void **state)
{
	(void)state;
	for (int e = ERR_HIDDEN; e <= ERR_NONE; e++) {
		assert_string_not_equal(err_text((enum err)e), "unknown error");
		assert_string_not_equal(err_word((enum err)e), "unknown");
	}
	assert_string_equal(err_word(ERR_CRC), "crc");
	assert_string_equal(err_word(ERR_HIDDEN), "hidden");
	assert_string_equal(err_text((enum err)(ERR_HIDDEN - 1)), "unknown error");
	assert_string_equal(err_text((enum err)1), "unknown error");
	assert_string_equal(err_word((enum err)1), "unknown");
	assert_string_equal(err_word((enum err)(ERR_HIDDEN - 1)), "unknown");
}

static void arithmetic_says_when_it_overflows(void **state)
{
	int64_t v;
	uint64_t u;
	uint32_t w;

	(void)state;
	assert_true(i64_add(INT64_MAX - 1, 1, &v) && v == INT64_MAX);
	assert_false(i64_add(INT64_MAX, 1, &v));
	assert_true(i64_sub(INT64_MIN + 1, 1, &v) && v == INT64_MIN);
	assert_false(i64_sub(INT64_MIN, 1, &v));
	assert_true(i64_mul(INT64_MAX, -1, &v) && v == -INT64_MAX);
	assert_false(i64_mul(INT64_MIN, -1, &v));
	assert_false(u64_add(UINT64_MAX, 1, &u));
	assert_true(u64_add(UINT64_MAX, 0, &u) && u == UINT64_MAX);
	assert_false(u32_add(UINT32_MAX, 1, &w));
	assert_true(u32_add(1, 2, &w) && w == 3);
}

static void a_share_leaves_no_bits(void **state)
{
	(void)state;
	assert_int_equal(i64_share(10, 1, 3), 3);
	assert_int_equal(i64_share(10, 3, 3), 10);
	assert_int_equal(i64_share(10, 0, 3), 0);
	assert_true(i64_share(INT64_MAX, INT32_MAX, INT32_MAX) == INT64_MAX);
	assert_true(i64_share(INT64_MAX, INT32_MAX - 1, INT32_MAX) ==
	            INT64_MAX - INT64_MAX / INT32_MAX - 1);
}

static void division_rounds_halves_away_from_zero(void **state)
{
	(void)state;
	assert_int_equal(i64_div_round(14, 10), 1);
	assert_int_equal(i64_div_round(15, 10), 2);
	assert_int_equal(i64_div_round(-14, 10), -1);
	assert_int_equal(i64_div_round(-15, 10), -2);
	assert_int_equal(i64_div_round(0, 10), 0);
	assert_true(i64_div_round(INT64_MAX, 1) == INT64_MAX);
	assert_true(i64_div_round(INT64_MIN, 1) == INT64_MIN);
}

static void a_wrapping_clock_reaches_its_due_time(void **state)
{
	(void)state;
	assert_true(ms_reached(5, 5));
	assert_false(ms_reached(4, 5));
	assert_true(ms_reached(3, UINT32_MAX - 2));
	assert_false(ms_reached(UINT32_MAX - 2, 3));
}

static void numbers_come_from_whole_texts_only(void **state)
{
	static const char *const bad[] = {
	        "", "-", "+1", " 1", "1 ", "0x10", "1e3", "--1", "99999999999999999999x"};
	int64_t v;
	uint64_t u;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_int_equal(i64_parse(bad[i], INT64_MIN, INT64_MAX, &v), ERR_BAD_INPUT);
	assert_int_equal(i64_parse("-9223372036854775808", INT64_MIN, INT64_MAX, &v), ERR_NONE);
	assert_true(v == INT64_MIN);
	assert_int_equal(i64_parse("-9223372036854775809", INT64_MIN, INT64_MAX, &v), ERR_RANGE);
	assert_int_equal(i64_parse("9223372036854775807", INT64_MIN, INT64_MAX, &v), ERR_NONE);
	assert_true(v == INT64_MAX);
	assert_int_equal(i64_parse("9223372036854775808", INT64_MIN, INT64_MAX, &v), ERR_RANGE);
	assert_int_equal(i64_parse("11", 1, 10, &v), ERR_RANGE);
	assert_int_equal(i64_parse("0", 1, 10, &v), ERR_RANGE);
	assert_int_equal(u64_parse("18446744073709551615", 0, UINT64_MAX, &u), ERR_NONE);
	assert_true(u == UINT64_MAX);
	assert_int_equal(u64_parse("18446744073709551616", 0, UINT64_MAX, &u), ERR_RANGE);
	assert_int_equal(u64_parse("-1", 0, 9, &u), ERR_BAD_INPUT);
	assert_int_equal(u64_parse("10", 0, 9, &u), ERR_RANGE);
	assert_int_equal(u64_parse("0", 1, 9, &u), ERR_RANGE);
}

static void a_charge_loses_nothing_to_rounding(void **state)
{
	struct tariff price = {528300}; /* 0.5283 yuan */
	struct money charge, sum = money_fen(0);
	int64_t rest = 0;

	(void)state;
	/* 1 kWh as thousand calls of 1 Wh: 52.83 fen are 52 fen and a rest of 0.83 fen. */
	for (int i = 0; i < 1000; i++) {
		assert_true(charge_energy(&charge, &rest, energy_wh(1), price));
		assert_true(money_add(sum, charge, &sum));
	}
	assert_int_equal(sum.fen, 52);
	assert_int_equal(rest, 8300000);
	rest = 7;
	charge = money_fen(3);
	assert_false(charge_energy(&charge, &rest, energy_wh(INT64_MAX), price));
	assert_false(charge_energy(&charge, &rest, energy_wh(INT64_MAX), (struct tariff){1}));
	assert_int_equal(rest, 7);
	assert_int_equal(charge.fen, 3);
}

static void money_and_energy_keep_to_their_kind(void **state)
{
	struct money m;
	struct energy e;

	(void)state;
	assert_true(money_sub(money_fen(5), money_fen(7), &m) && m.fen == -2);
	assert_false(money_add(money_fen(INT64_MAX), money_fen(1), &m));
	assert_false(money_sub(money_fen(INT64_MIN), money_fen(1), &m));
	assert_true(energy_add(energy_wh(5), energy_wh(7), &e) && e.wh == 12);
	assert_false(energy_add(energy_wh(INT64_MAX), energy_wh(1), &e));
	assert_true(energy_sub(energy_wh(5), energy_wh(7), &e) && e.wh == -2);
	assert_false(energy_sub(energy_wh(INT64_MIN), energy_wh(1), &e));
	assert_true(money_cmp(money_fen(1), money_fen(2)) < 0);
	assert_true(money_cmp(money_fen(2), money_fen(2)) == 0);
	assert_true(money_cmp(money_fen(3), money_fen(2)) > 0);
	assert_true(energy_cmp(energy_wh(-1), energy_wh(1)) < 0);
	assert_true(energy_cmp(energy_wh(1), energy_wh(1)) == 0);
	assert_true(energy_cmp(energy_wh(1), energy_wh(-1)) > 0);
}

static void money_is_written_in_yuan(void **state)
{
	static const struct {
		int64_t fen;
		const char *text;
	} cases[] = {
	        {0,         "0.00"                 },
	        {5,         "0.05"                 },
	        {-5,        "-0.05"                },
	        {1205,      "12.05"                },
	        {-100,      "-1.00"                },
	        {INT64_MAX, "92233720368547758.07" },
	        {INT64_MIN, "-92233720368547758.08"},
	};

	char text[MONEY_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		money_format(money_fen(cases[i].fen), text, sizeof text);
		assert_string_equal(text, cases[i].text);
	}
}

static void integers_keep_their_bytes(void **state)
{
	static const uint8_t bytes[8] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF};
	uint8_t out[8];

	(void)state;
	assert_int_equal(get_le16(bytes), 0x2301);
	assert_int_equal(get_le32(bytes), 0x67452301);
	assert_true(get_le64(bytes) == UINT64_C(0xEFCDAB8967452301));
	assert_int_equal(get_be16(bytes), 0x0123);
	assert_int_equal(get_be32(bytes), 0x01234567);
	assert_true(get_be64(bytes) == UINT64_C(0x0123456789ABCDEF));
	put_le64(out, get_le64(bytes));
	assert_memory_equal(out, bytes, 8);
	put_be64(out, get_be64(bytes));
	assert_memory_equal(out, bytes, 8);
}

static void bit_fields_keep_their_sign(void **state)
{
	uint64_t word = 0;

	(void)state;
	bits_put(&word, 0, 13, 2301);
	bits_put(&word, 13, 18, (uint64_t)-1);
	bits_put(&word, 31, 20, (uint64_t)-524288);
	bits_put(&word, 63, 1, 1);
	assert_int_equal(bits_get(word, 0, 13), 2301);
	assert_int_equal(bits_get_signed(word, 13, 18), -1);
	assert_int_equal(bits_get_signed(word, 31, 20), -524288);
	assert_int_equal(bits_get(word, 51, 12), 0);
	assert_int_equal(bits_get(word, 63, 1), 1);
}

static void hex_is_exact(void **state)
{
	uint8_t bytes[4];
	char text[9];
	size_t len;

	(void)state;
	assert_int_equal(hex_decode("00ffA5e1", bytes, 4), ERR_NONE);
	hex_encode(bytes, 4, text);
	assert_string_equal(text, "00ffa5e1");
	assert_int_equal(hex_decode("00ffA5e", bytes, 4), ERR_BAD_INPUT);
	assert_int_equal(hex_decode("00ffA5e10", bytes, 4), ERR_BAD_INPUT);
	assert_int_equal(hex_decode("00ffA5g1", bytes, 4), ERR_BAD_INPUT);
	assert_int_equal(hex_decode("", bytes, 4), ERR_BAD_INPUT);
	assert_int_equal(hex_decode_any(" 01 02\n0304\t\r", bytes, 4, &len), ERR_NONE);
	assert_int_equal(len, 4);
	assert_int_equal(hex_decode_any("0102030405", bytes, 4, &len), ERR_TOO_LONG);
	assert_int_equal(hex_decode_any("012", bytes, 4, &len), ERR_BAD_INPUT);
	assert_int_equal(hex_decode_any("0 1", bytes, 4, &len), ERR_BAD_INPUT);
	assert_int_equal(hex_decode_any("xy", bytes, 4, &len), ERR_BAD_INPUT);
	assert_int_equal(hex_decode_any("", bytes, 4, &len), ERR_NONE);
	assert_int_equal(len, 0);
}

static void secrets_compare_in_full(void **state)
{
	static const uint8_t a[3] = {1, 2, 3}, b[3] = {1, 2, 4};

	(void)state;
	assert_true(bytes_equal_secret(a, a, 3));
	assert_false(bytes_equal_secret(a, b, 3));
	assert_true(bytes_equal_secret(a, b, 2));
}

static uint32_t crc32_slowly(uint32_t crc, const uint8_t *bytes, size_t len)
{
	crc = ~crc;
	for (size_t i = 0; i < len * 8; i++) {
		uint32_t bit = (crc ^ (uint32_t)bytes[i / 8] >> i % 8) & 1;

		crc = crc >> 1 ^ (bit ? 0xEDB88320 : 0);
	}
	return ~crc;
}

static void check_sums_have_their_published_values(void **state)
{
	const uint8_t *digits = (const uint8_t *)"123456789";
	uint8_t noise[64];

	(void)state;
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)(i * i * 37 + i * 11 + 5);
	assert_int_equal(crc16_modbus(digits, 9), 0x4B37);
	assert_int_equal(crc16_modbus(digits, 0), 0xFFFF);
	assert_int_equal(crc32_ieee(0, digits, 9), 0xCBF43926);
	assert_int_equal(crc32_ieee(crc32_ieee(0, digits, 4), digits + 4, 5), 0xCBF43926);
	assert_int_equal(crc32_ieee(0, digits, 0), 0);
	/* Bit by bit, over every length and place. */
	for (size_t from = 0; from < 9; from++)
		for (size_t len = 0; from + len <= sizeof noise; len++)
			assert_int_equal(crc32_ieee(7, noise + from, len),
			                 crc32_slowly(7, noise + from, len));
}

static void the_generator_repeats_itself(void **state)
{
	unsigned seen[5] = {0};
	struct rnd r;

	(void)state;
	/* First outputs of the published SplitMix64 for seed 1234567. */
	rnd_seed(&r, 1234567);
	assert_true(rnd_u64(&r) == UINT64_C(6457827717110365317));
	assert_true(rnd_u64(&r) == UINT64_C(3203168211198807973));
	for (int i = 0; i < 5000; i++) {
		uint32_t v = rnd_below(&r, 5);

		assert_in_range(v, 0, 4);
		seen[v]++;
	}
	for (int i = 0; i < 5; i++)
		assert_in_range(seen[i], 850, 1150);
	assert_int_equal(rnd_below(&r, 1), 0);
}

static void utf8_has_one_form_for_a_character(void **state)
{
	(void)state;
	assert_true(utf8_valid("", 0));
	assert_true(utf8_valid("a\xC2\x80\xE0\xA0\x80\xEF\xBF\xBF\xF4\x8F\xBF\xBF", 13));
	assert_false(utf8_valid("\xC1\xBF", 2));
	assert_false(utf8_valid("\xE0\x9F\xBF", 3));
	assert_false(utf8_valid("\xED\xBF\xBF", 3));
	assert_false(utf8_valid("\xF0\x8F\xBF\xBF", 4));
	assert_false(utf8_valid("\xE4\xB8", 2));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(every_error_has_a_text),
	        cmocka_unit_test(arithmetic_says_when_it_overflows),
	        cmocka_unit_test(a_share_leaves_no_bits),
	        cmocka_unit_test(division_rounds_halves_away_from_zero),
	        cmocka_unit_test(a_wrapping_clock_reaches_its_due_time),
	        cmocka_unit_test(numbers_come_from_whole_texts_only),
	        cmocka_unit_test(a_charge_loses_nothing_to_rounding),
	        cmocka_unit_test(money_and_energy_keep_to_their_kind),
	        cmocka_unit_test(money_is_written_in_yuan),
	        cmocka_unit_test(integers_keep_their_bytes),
	        cmocka_unit_test(bit_fields_keep_their_sign),
	        cmocka_unit_test(hex_is_exact),
	        cmocka_unit_test(secrets_compare_in_full),
	        cmocka_unit_test(check_sums_have_their_published_values),
	        cmocka_unit_test(the_generator_repeats_itself),
	        cmocka_unit_test(utf8_has_one_form_for_a_character),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
