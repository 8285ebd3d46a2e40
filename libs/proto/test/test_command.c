/* Signed bodies; their bytes are checked against a second implementation by tests/vectors. */
#include "libs/proto/command.h"

#include "libs/base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct command_key key;

static int set_up(void **state)
{
	(void)state;
	for (uint8_t i = 0; i < COMMAND_KEY_SIZE; i++)
		key.key[i] = i;
	return hex_decode("0123456789abcdef00112233", key.chip, CHIP_SIZE) ? -1 : 0;
}

static size_t sign(const struct command *cmd, uint8_t body[COMMAND_SIZE_MAX])
{
	size_t len;

	assert_int_equal(command_encode(cmd, &key, body, COMMAND_SIZE_MAX, &len), ERR_NONE);
	return len;
}

static void commands_survive_with_every_length_of_arguments(void **state)
{
	uint8_t body[COMMAND_SIZE_MAX];

	(void)state;
	for (uint8_t n = 0; n <= COMMAND_ARGS_MAX; n++) {
		struct command cmd = {255, UINT32_MAX, 200, UINT32_MAX - 1, UINT32_MAX, n, {0}},
		               got;
		size_t len;

		memset(cmd.args, n, n);
		len = sign(&cmd, body);
		assert_int_equal(len, 24 + n);
		assert_int_equal(command_open(body, len, &key, &got), ERR_NONE);
		assert_true(got.key_version == 255 && got.counter == UINT32_MAX &&
		            got.kind == 200 && got.issued_s == UINT32_MAX - 1 &&
		            got.expires_s == UINT32_MAX);
		assert_int_equal(got.arg_len, n);
		assert_memory_equal(got.args, cmd.args, n);
	}
}

static void every_changed_bit_is_noticed(void **state)
{
	struct command cmd =
	                       {
	                               1, 1000, COMMAND_TRIP, 1795490409, 1795490709, 2, {0, 0}
        },
	               got;
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = sign(&cmd, body);

	(void)state;
	for (size_t bit = 0; bit < 8 * len; bit++) {
		enum err err;

		body[bit / 8] ^= (uint8_t)(1 << bit % 8);
		err = command_open(body, len, &key, &got);
		if (bit < 8)
			assert_int_equal(err, ERR_BAD_INPUT); /* another type */
		else if (bit / 8 == 15)
			assert_true(err == ERR_SHORT || err == ERR_TOO_LONG); /* arg_len */
		else
			assert_int_equal(err, ERR_AUTH);
		body[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(command_open(body, len, &key, &got), ERR_NONE);
}

static void only_this_terminal_and_this_direction(void **state)
{
	struct command cmd =
	                       {
	                               1, 1000, COMMAND_TRIP, 1795490409, 1795490709, 2, {0, 0}
        },
	               got;
	struct command_key other = key;
	uint8_t body[COMMAND_SIZE_MAX];
	size_t len = sign(&cmd, body);

	(void)state;
	other.chip[11] ^= 1;
	assert_int_equal(command_open(body, len, &other, &got), ERR_AUTH);
	other = key;
	other.key[31] ^= 0x80;
	assert_int_equal(command_open(body, len, &other, &got), ERR_AUTH);
	assert_int_equal(command_open(body, len, &key, &got), ERR_NONE);
}

static void malformed_commands_have_their_code(void **state)
{
	struct command cmd =
	                       {
	                               1, 1000, COMMAND_TRIP, 1, 2, 2, {0, 0}
        },
	               got;
	uint8_t body[COMMAND_SIZE_MAX + 2] = {0};
	size_t len = sign(&cmd, body), unused;

	(void)state;
	assert_int_equal(command_parse(body, 0, &got), ERR_BAD_INPUT);
	assert_int_equal(command_parse(body, 23, &got), ERR_SHORT);
	assert_int_equal(command_parse(body, len - 1, &got), ERR_SHORT);
	assert_int_equal(command_parse(body, len + 1, &got), ERR_TOO_LONG);
	assert_int_equal(command_open(body, len + 1, &key, &got), ERR_TOO_LONG);
	body[15] = COMMAND_ARGS_MAX + 1;
	assert_int_equal(command_parse(body, COMMAND_SIZE_MAX + 1, &got), ERR_TOO_LONG);
	body[0] = 0x11;
	assert_int_equal(command_parse(body, len, &got), ERR_BAD_INPUT);
	cmd.arg_len = COMMAND_ARGS_MAX + 1;
	assert_int_equal(command_encode(&cmd, &key, body, sizeof body, &unused), ERR_TOO_LONG);
	cmd.arg_len = 2;
	assert_int_equal(command_encode(&cmd, &key, body, 25, &unused), ERR_TOO_LONG);
	assert_int_equal(command_encode(&cmd, &key, body, 26, &unused), ERR_NONE);
}

static void arguments_survive(void **state)
{
	static const struct command_args all = {.delay_max_s = 65535,
	                                        .until_s = UINT32_MAX,
	                                        .unix_ms = UINT64_MAX,
	                                        .boot = 65534,
	                                        .uptime_s = UINT32_MAX - 1,
	                                        .count = 7,
	                                        .amount_fen = INT64_MIN,
	                                        .total_fen = INT64_MAX};
	static const uint8_t size[] = {0, 2, 2, 2, 6, 2, 14, 0, 20, 4};
	struct command_args got;

	(void)state;
	for (uint8_t kind = COMMAND_TRIP; kind <= COMMAND_PURSE_VOID; kind++) {
		struct command cmd = {.kind = kind};

		if (kind == COMMAND_CONFIG) /* has no form yet */
			continue;

		assert_int_equal(command_args_encode(&cmd, &all), ERR_NONE);
		assert_int_equal(cmd.arg_len, size[kind]);
		assert_int_equal(command_args_decode(&cmd, &got), ERR_NONE);
		if (kind == COMMAND_TIME)
			assert_true(got.unix_ms == UINT64_MAX && got.boot == 65534 &&
			            got.uptime_s == UINT32_MAX - 1 && got.delay_max_s == 0);
		else if (kind == COMMAND_PURSE_VOID)
			assert_true(got.count == 7 && got.amount_fen == 0 && got.delay_max_s == 0);
		else if (kind == COMMAND_RECHARGE)
			assert_true(got.count == 7 && got.amount_fen == INT64_MIN &&
			            got.total_fen == INT64_MAX && got.delay_max_s == 0);
		else
			assert_true(got.delay_max_s == 65535 && got.unix_ms == 0);
		assert_true(got.until_s == (kind == COMMAND_KEEP_POWER ? UINT32_MAX : 0));
		cmd.arg_len++;
		assert_int_equal(command_args_decode(&cmd, &got), ERR_BAD_INPUT);
		cmd.arg_len = 0;
		assert_int_equal(command_args_decode(&cmd, &got), ERR_BAD_INPUT);
	}
	for (unsigned kind = 0; kind < 256; kind++) {
		struct command cmd = {.kind = (uint8_t)kind};

		if ((kind >= COMMAND_TRIP && kind <= COMMAND_CREDIT && kind != COMMAND_CONFIG))
			continue;
		assert_int_equal(command_args_encode(&cmd, &all), ERR_NOT_FOUND);
		assert_int_equal(command_args_decode(&cmd, &got), ERR_NOT_FOUND);
	}
}

static void prices_and_limits_survive(void **state)
{
	static const uint8_t image[COMMAND_PART_MAX] = {1, 2, 3};
	struct command_args got, args = {
	                                 .price = {.version = UINT32_MAX,
	                                           .valid_from_s = UINT32_MAX - 1,
	                                           .crc32 = 0xFEDCBA98,
	                                           .at = 65535,
	                                           .len = COMMAND_PART_MAX,
	                                           .part = image}
        };
	struct command cmd = {.kind = COMMAND_PRICE_PART}, again = {.kind = 0};

	(void)state;
	for (unsigned len = 0; len <= COMMAND_PART_MAX + 1; len++) {
		args.price.len = (uint16_t)len;
		if (len == 0 || len > COMMAND_PART_MAX) {
			assert_int_equal(command_args_encode(&cmd, &args), ERR_RANGE);
			continue;
		}
		assert_int_equal(command_args_encode(&cmd, &args), ERR_NONE);
		assert_int_equal(command_args_decode(&cmd, &got), ERR_NONE);
		assert_true(got.price.version == UINT32_MAX && got.price.at == 65535);
		assert_int_equal(got.price.len, len);
		assert_memory_equal(got.price.part, image, len);
	}
	cmd.arg_len++;
	assert_int_equal(command_args_decode(&cmd, &got), ERR_BAD_INPUT);
	cmd.arg_len = 6;
	assert_int_equal(command_args_decode(&cmd, &got), ERR_BAD_INPUT);
	cmd.kind = COMMAND_PRICE;
	args.price.len = 512;
	assert_int_equal(command_args_encode(&cmd, &args), ERR_NONE);
	assert_int_equal(command_args_decode(&cmd, &got), ERR_NONE);
	assert_true(got.price.version == UINT32_MAX && got.price.valid_from_s == UINT32_MAX - 1 &&
	            got.price.len == 512 && got.price.crc32 == 0xFEDCBA98 && !got.price.part);
	cmd.kind = COMMAND_CREDIT;
	args.credit = (struct credit_args){UINT32_MAX,     255,           INT32_MAX, INT32_MAX - 1,
	                                   INT32_MAX - 2,  INT32_MIN,     1,         UINT32_MAX - 1,
	                                   UINT32_MAX - 2, INT64_MAX - 1, INT64_MAX};
	assert_int_equal(command_args_encode(&cmd, &args), ERR_NONE);
	assert_int_equal(cmd.arg_len, COMMAND_CREDIT_SIZE);
	assert_int_equal(command_args_decode(&cmd, &got), ERR_NONE);
	again.kind = COMMAND_CREDIT;
	assert_int_equal(command_args_encode(&again, &got), ERR_NONE);
	assert_memory_equal(again.args, cmd.args, COMMAND_CREDIT_SIZE);
	assert_int_equal(got.credit.start_spent_fen, INT64_MAX);
}

static void results_tell_versions(void **state)
{
	struct result result = {.balance_fen = -1};
	struct result_credit put = {0xFEDCBA98, 0x89ABCDEF, UINT32_MAX}, got;

	(void)state;
	result_credit_put(&result, &put);
	got = result_credit_get(&result);
	assert_memory_equal(&got, &put, sizeof got);
	assert_int_equal(result.balance_fen, -1);
	for (unsigned kind = 0; kind < 256; kind++)
		assert_int_equal(command_is_of_credit(kind), kind >= 10 && kind <= 12);
}

static void results_survive(void **state)
{
	struct result result = {1,    UINT32_MAX, COMMAND_KEEP_POWER, COMMAND_ACCEPTED, 255,
	                        0x3F, 0xFEDCBA98, INT64_MAX,          INT64_MIN,        UINT32_MAX},
	              got;
	uint8_t body[RESULT_SIZE];

	(void)state;
	result_encode(&result, &key, body);
	assert_int_equal(result_open(body, RESULT_SIZE, &key, &got), ERR_NONE);
	assert_true(got.key_version == 1 && got.counter == UINT32_MAX &&
	            got.kind == COMMAND_KEEP_POWER && got.outcome == COMMAND_ACCEPTED &&
	            got.reason == 255 && got.relay == 0x3F && got.count == 0xFEDCBA98 &&
	            got.total_fen == INT64_MAX && got.balance_fen == INT64_MIN &&
	            got.time_s == UINT32_MAX);
	for (size_t bit = 8; bit < 8 * RESULT_SIZE; bit++) {
		enum err err;

		body[bit / 8] ^= (uint8_t)(1 << bit % 8);
		err = result_open(body, RESULT_SIZE, &key, &got);
		assert_true(err == ERR_AUTH ||
		            (err == ERR_BAD_INPUT && (bit / 8 == 7 || bit / 8 == 9)));
		body[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(result_parse(body, RESULT_SIZE - 1, &got), ERR_BAD_INPUT);
	body[0] = 0x10;
	assert_int_equal(result_parse(body, RESULT_SIZE, &got), ERR_BAD_INPUT);
	/* State bits above 5 stay at home. */
	result.relay = 0xFF;
	result_encode(&result, &key, body);
	assert_int_equal(result_open(body, RESULT_SIZE, &key, &got), ERR_NONE);
	assert_int_equal(got.relay, 0x3F);
}

static void numbers_have_words(void **state)
{
	(void)state;
	assert_string_equal(command_kind_word(COMMAND_ALLOW_CLOSE), "allow-close");
	assert_string_equal(command_kind_word(0), "unknown");
	assert_string_equal(command_kind_word(COMMAND_CREDIT + 1), "unknown");
	assert_string_equal(command_outcome_word(COMMAND_ACCEPTED), "accepted");
	assert_string_equal(command_outcome_word(4), "unknown");
	assert_string_equal(command_reason_word(REASON_NOT_YET_VALID), "not-yet-valid");
	assert_string_equal(command_reason_word(REASON_PRICE_UNFIT), "price-unfit");
	assert_string_equal(command_reason_word(24), "unknown");
	for (unsigned kind = COMMAND_TRIP; kind <= COMMAND_CREDIT; kind++)
		assert_int_equal(command_kind_from_word(command_kind_word(kind)), kind);
	assert_int_equal(command_kind_from_word("unknown"), 0);
	assert_int_equal(command_kind_from_word(""), 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(commands_survive_with_every_length_of_arguments),
	        cmocka_unit_test(every_changed_bit_is_noticed),
	        cmocka_unit_test(only_this_terminal_and_this_direction),
	        cmocka_unit_test(malformed_commands_have_their_code),
	        cmocka_unit_test(arguments_survive),
	        cmocka_unit_test(prices_and_limits_survive),
	        cmocka_unit_test(results_tell_versions),
	        cmocka_unit_test(results_survive),
	        cmocka_unit_test(numbers_have_words),
	};

	return cmocka_run_group_tests(tests, set_up, NULL);
}
