#include "libs/proto/can.h"

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const uint8_t chip[CHIP_SIZE] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xAB,
                                        0xCD, 0xEF, 0x00, 0x11, 0x22, 0x33};

/* ---- identifiers ---- */

static void identifiers_say_what_they_were_made_of(void **state)
{
	static const enum can_type both[] = {CAN_TRANSFER_COMMAND, CAN_TRANSFER_BULK};

	static const enum can_type up[] = {CAN_VALUES_A, CAN_VALUES_B};
	struct can_id id;

	(void)state;
	for (uint16_t address = CAN_ADDRESS_FIRST; address <= CAN_ADDRESS_LAST; address++) {
		for (unsigned i = 0; i < 4; i++) {
			enum can_direction direction = (enum can_direction)(i & 1);

			assert_int_equal(
			        can_id_decode(can_id(both[i / 2], address, direction), &id),
			        ERR_NONE);
			assert_true(id.type == both[i / 2] && id.address == address &&
			            id.direction == direction);
		}
		for (unsigned i = 0; i < 2; i++) {
			uint32_t raw = can_id(up[i], address, CAN_FROM_TERMINAL);

			assert_int_equal(can_id_decode(raw, &id), ERR_NONE);
			assert_true(id.type == up[i] && id.address == address &&
			            id.direction == CAN_FROM_TERMINAL);
			assert_int_equal(can_id_type(raw), up[i]);
			assert_int_equal(can_id_address(raw), address);
		}
	}
	assert_int_equal(can_id_decode(can_id_hashed(CAN_CLAIM, 0xFFFFF), &id), ERR_NONE);
	assert_true(id.type == CAN_CLAIM && id.direction == CAN_FROM_TERMINAL && id.address == 0);
	assert_int_equal(id.hash20, 0xFFFFF);
	assert_int_equal(can_id_decode(can_id_hashed(CAN_ASSIGN, 0x12345), &id), ERR_NONE);
	assert_true(id.type == CAN_ASSIGN && id.direction == CAN_TO_TERMINAL);
	assert_int_equal(id.hash20, 0x12345);
}

static void important_frames_win(void **state)
{
	static const struct {
		uint32_t id, priority;
	} fixed[] = {
	        {CAN_TRANSFER_COMMAND, 1},
                {CAN_TIME,             2},
                {CAN_VALUES_A,         4},
	        {CAN_VALUES_B,         4},
                {CAN_WHO,              3},
                {CAN_CLAIM,            5},
	        {CAN_ASSIGN,           3},
                {CAN_TRANSFER_BULK,    6},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(fixed); i++)
		assert_int_equal(can_id_hashed((enum can_type)fixed[i].id, 0) >> 26,
		                 fixed[i].priority);
	assert_true(can_id(CAN_TRANSFER_COMMAND, 1000, CAN_FROM_TERMINAL) <
	            can_id(CAN_TIME, CAN_ADDRESS_ALL, CAN_TO_TERMINAL));
	assert_true(can_id(CAN_TIME, CAN_ADDRESS_ALL, CAN_TO_TERMINAL) <
	            can_id(CAN_VALUES_A, 1, CAN_FROM_TERMINAL));
	assert_true(can_id_hashed(CAN_ASSIGN, 0xFFFFF) <
	            can_id(CAN_VALUES_A, 1, CAN_FROM_TERMINAL));
	assert_true(can_id(CAN_VALUES_B, 1000, CAN_FROM_TERMINAL) < can_id_hashed(CAN_CLAIM, 0));
	assert_true(can_id_hashed(CAN_CLAIM, 0xFFFFF) <
	            can_id(CAN_TRANSFER_BULK, 1, CAN_TO_TERMINAL));
}

static void foreign_identifiers_are_told(void **state)
{
	uint32_t good = can_id(CAN_VALUES_A, 7, CAN_FROM_TERMINAL);
	struct can_id id;

	(void)state;
	assert_int_equal(can_id_decode(good, &id), ERR_NONE);
	assert_int_equal(can_id_decode(good | 1, &id), ERR_BAD_INPUT);           /* sub */
	assert_int_equal(can_id_decode(good ^ 1u << 26, &id), ERR_BAD_INPUT);    /* priority */
	assert_int_equal(can_id_decode(good ^ 1u << 9, &id), ERR_BAD_INPUT);     /* direction */
	assert_int_equal(can_id_decode(good | 1u << 29, &id), ERR_BAD_INPUT);    /* 30 bits */
	assert_int_equal(can_id_decode(good ^ 0x3Fu << 20, &id), ERR_NOT_FOUND); /* type 0x37 */
	assert_int_equal(can_id_decode(can_id(CAN_VALUES_A, 0, CAN_FROM_TERMINAL), &id),
	                 ERR_BAD_INPUT);
	assert_int_equal(can_id_decode(can_id(CAN_VALUES_A, 1001, CAN_FROM_TERMINAL), &id),
	                 ERR_BAD_INPUT);
	assert_int_equal(can_id_decode(can_id(CAN_TIME, 7, CAN_TO_TERMINAL), &id), ERR_BAD_INPUT);
	assert_int_equal(can_id_decode(can_id(CAN_TIME, CAN_ADDRESS_ALL, CAN_FROM_TERMINAL), &id),
	                 ERR_BAD_INPUT);
}

/* ---- values ---- */

static void values_keep_their_edges(void **state)
{
	static const struct meter_values cases[] = {
	        {true,  0,    -131072, -524288, -2048, 0,    0,           0,     0   },
	        {false, 8191, 131071,  524287,  2047,  8191, 0xFFFFFFFFF, 0x1FF, 0x3F},
	        {true,  2199, 7999,    17589,   1000,  5000, 123456789,   0x143, 0   },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct meter_values *v = &cases[i];
		struct meter_values got = {.valid = false};
		struct can_msg a, b;

		assert_int_equal(can_values_a_encode(7, v, &a), ERR_NONE);
		assert_int_equal(can_values_b_encode(7, v, &b), ERR_NONE);
		assert_int_equal(can_values_a_decode(&a, &got), ERR_NONE);
		assert_int_equal(can_values_b_decode(&b, &got), ERR_NONE);
		assert_true(got.valid == v->valid && got.voltage_dv == v->voltage_dv &&
		            got.current_ma == v->current_ma && got.power_dw == v->power_dw &&
		            got.pf_permille == v->pf_permille &&
		            got.frequency_chz == v->frequency_chz &&
		            got.energy_wh == v->energy_wh && got.state == v->state &&
		            got.quality == v->quality);
		a.len = b.len = 7;
		assert_int_equal(can_values_a_decode(&a, &got), ERR_BAD_INPUT);
		assert_int_equal(can_values_b_decode(&b, &got), ERR_BAD_INPUT);
	}
}

/* The readings' own quality bits stay at the gateway. */
static void only_the_bits_of_the_bus_travel(void **state)
{
	struct meter_values v = {.quality = METER_SENSOR_FAULT | METER_CLOCK_UNSURE | METER_EDGE},
	                    got;
	struct can_msg msg;

	(void)state;
	assert_int_equal(can_values_b_encode(7, &v, &msg), ERR_NONE);
	assert_int_equal(can_values_b_decode(&msg, &got), ERR_NONE);
	assert_int_equal(got.quality, METER_SENSOR_FAULT);
}

static void values_that_do_not_fit_are_told(void **state)
{
	static const struct meter_values a[] = {
	        {.voltage_dv = -1},      {.voltage_dv = 8192},   {.current_ma = 131072},
	        {.current_ma = -131073}, {.power_dw = 524288},   {.power_dw = -524289},
	        {.pf_permille = 2048},   {.pf_permille = -2049},
	};
	static const struct meter_values b[] = {
	        {.frequency_chz = -1},
	        {.frequency_chz = 8192},
	        {.energy_wh = UINT64_C(1) << 36},
	        {.state = 1 << 9},
	};
	struct can_msg msg;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(a); i++)
		assert_int_equal(can_values_a_encode(7, &a[i], &msg), ERR_RANGE);
	for (size_t i = 0; i < ARRAY_SIZE(b); i++)
		assert_int_equal(can_values_b_encode(7, &b[i], &msg), ERR_RANGE);
}

static void time_and_who(void **state)
{
	struct can_msg msg;
	struct can_id id;
	uint64_t unix_ms;

	(void)state;
	can_time_encode(UINT64_MAX, &msg);
	assert_int_equal(can_id_decode(msg.id, &id), ERR_NONE);
	assert_int_equal(id.type, CAN_TIME);
	assert_int_equal(can_time_decode(&msg, &unix_ms), ERR_NONE);
	assert_true(unix_ms == UINT64_MAX);
	msg.len = 4;
	assert_int_equal(can_time_decode(&msg, &unix_ms), ERR_BAD_INPUT);
	can_who_encode(&msg);
	assert_int_equal(can_id_decode(msg.id, &id), ERR_NONE);
	assert_int_equal(id.type, CAN_WHO);
	assert_int_equal(msg.len, 0);
}

/* ---- claims ---- */

static void the_hash_is_that_of_the_spec(void **state)
{
	uint8_t input[CHIP_SIZE + 1], digest[SHA256_SIZE], fingerprint[FINGERPRINT_SIZE];

	(void)state;
	for (uint8_t salt = 0; salt <= CAN_CLAIM_SALT_LAST; salt++) {
		memcpy(input, chip, CHIP_SIZE);
		input[CHIP_SIZE] = salt;
		sha256(input, sizeof input, digest);
		assert_int_equal(can_hash20(chip, salt), get_le32(digest) & 0xFFFFF);
		can_fingerprint(chip, fingerprint);
		if (salt == 0)
			assert_memory_equal(fingerprint, digest + 4, FINGERPRINT_SIZE);
	}
	assert_int_equal(can_hash20(chip, 0), 0x11AAE); /* can.md §4 */
}

static struct can_claim make_claim(void)
{
	struct can_claim claim = {
	        .salt = 3, .version = CAN_VERSION, .address = 7, .boot = 513, .firmware = 0x0102};

	memcpy(claim.chip, chip, CHIP_SIZE);
	return claim;
}

static void three_frames_make_a_claim_in_any_order(void **state)
{
	static const unsigned order[][3] = {
	        {0, 1, 2},
                {2, 1, 0},
                {1, 0, 2}
        };
	struct can_claim claim = make_claim();

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		struct can_claim_join join = {.have = 0};
		struct can_msg msg;

		for (unsigned k = 0; k < 3; k++) {
			can_claim_encode(&claim, order[i][k], &msg);
			assert_int_equal(can_claim_take(&join, &msg), k < 2 ? ERR_BUSY : ERR_NONE);
			if (k == 0) /* the same again changes nothing */
				assert_int_equal(can_claim_take(&join, &msg), ERR_BUSY);
		}
		assert_memory_equal(join.claim.chip, chip, CHIP_SIZE);
		assert_true(join.claim.salt == 3 && join.claim.version == CAN_VERSION &&
		            join.claim.address == 7 && join.claim.boot == 513 &&
		            join.claim.firmware == 0x0102);
		/* The next claim starts from nothing. */
		assert_int_equal(join.have, 0);
	}
}

/* Gives the first two parts of a good claim, then `last`. */
static enum err take_after_two(const struct can_msg *last)
{
	struct can_claim claim = make_claim();
	struct can_claim_join join = {.have = 0};
	struct can_msg msg;

	can_claim_encode(&claim, 0, &msg);
	assert_int_equal(can_claim_take(&join, &msg), ERR_BUSY);
	can_claim_encode(&claim, 1, &msg);
	assert_int_equal(can_claim_take(&join, &msg), ERR_BUSY);
	return can_claim_take(&join, last);
}

static void mixed_and_malformed_claims_are_dropped(void **state)
{
	struct can_claim claim = make_claim(), other = make_claim();
	struct can_claim_join join = {.have = 0};
	struct can_msg good, msg;

	(void)state;
	can_claim_encode(&claim, 2, &good);
	assert_int_equal(take_after_two(&good), ERR_NONE);
	msg = good;
	msg.len = 7;
	assert_int_equal(take_after_two(&msg), ERR_BAD_INPUT);
	msg = good;
	msg.data[0] |= 3; /* part 3 */
	assert_int_equal(take_after_two(&msg), ERR_BAD_INPUT);
	msg = good;
	msg.data[1] = CAN_VERSION + 1;
	assert_int_equal(take_after_two(&msg), ERR_VERSION);
	msg = good;
	msg.data[0] ^= 0x10; /* another salt */
	assert_int_equal(take_after_two(&msg), ERR_CONFLICT);
	other.address = CAN_ADDRESS_LAST + 1;
	can_claim_encode(&other, 2, &msg);
	assert_int_equal(take_after_two(&msg), ERR_BAD_INPUT);

	/* Two terminals whose identifiers are equal: the second half of the chip id is the other's. */
	can_claim_encode(&claim, 0, &msg);
	assert_int_equal(can_claim_take(&join, &msg), ERR_BUSY);
	can_claim_encode(&claim, 1, &msg);
	msg.data[7] ^= 1;
	assert_int_equal(can_claim_take(&join, &msg), ERR_BUSY);
	assert_int_equal(can_claim_take(&join, &good), ERR_CONFLICT);
	assert_int_equal(join.have, 0);
}

static void assignments_survive(void **state)
{
	struct can_assign assign = {.hash20 = 0xABCDE, .address = CAN_ADDRESS_LAST}, got;
	struct can_msg msg;

	(void)state;
	can_fingerprint(chip, assign.fingerprint);
	can_assign_encode(&assign, &msg);
	assert_int_equal(can_assign_decode(&msg, &got), ERR_NONE);
	assert_int_equal(got.hash20, 0xABCDE);
	assert_int_equal(got.address, CAN_ADDRESS_LAST);
	assert_memory_equal(got.fingerprint, assign.fingerprint, FINGERPRINT_SIZE);
	assign.address = CAN_ADDRESS_NONE;
	can_assign_encode(&assign, &msg);
	assert_int_equal(can_assign_decode(&msg, &got), ERR_NONE);
	assign.address = CAN_ADDRESS_LAST + 1;
	can_assign_encode(&assign, &msg);
	assert_int_equal(can_assign_decode(&msg, &got), ERR_RANGE);
	msg.len = 7;
	assert_int_equal(can_assign_decode(&msg, &got), ERR_BAD_INPUT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(identifiers_say_what_they_were_made_of),
	        cmocka_unit_test(important_frames_win),
	        cmocka_unit_test(foreign_identifiers_are_told),
	        cmocka_unit_test(values_keep_their_edges),
	        cmocka_unit_test(only_the_bits_of_the_bus_travel),
	        cmocka_unit_test(values_that_do_not_fit_are_told),
	        cmocka_unit_test(time_and_who),
	        cmocka_unit_test(the_hash_is_that_of_the_spec),
	        cmocka_unit_test(three_frames_make_a_claim_in_any_order),
	        cmocka_unit_test(mixed_and_malformed_claims_are_dropped),
	        cmocka_unit_test(assignments_survive),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
