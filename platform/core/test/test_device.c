/* Devices: lists of keys, labels, adoption. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "platform/core/device.h"
#include "platform/test/lab.h"

#define CHIP  "0a0b0c0d0e0f101112131415"
#define KEY_1 "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY_2 "2222222222222222222222222222222222222222222222222222222222222222"

static struct lab lab;

static int setup(void **state)
{
	(void)state;
	lab_setup(&lab);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	lab_teardown(&lab);
	return 0;
}

static enum err import(const char *csv, struct import_request *r)
{
	*r = (struct import_request){
	        .actor = {.who = "anna", .local = true},
                  .csv = csv, .len = strlen(csv)
        };
	return lab_step(&lab, device_import_step, r, false);
}

static void found(const char *chip)
{
	struct terminal_row t = {.property_id = 1};
	enum err err = terminal_by_chip(lab.db, chip, &t);

	assert_true(err == ERR_NONE || err == ERR_NOT_FOUND);
	snprintf(t.chip, sizeof t.chip, "%s", chip);
	t.gateway_id = lab.gateway[0].gateway_id;
	assert_int_equal(terminal_put(lab.db, &t), ERR_NONE);
}

static void lists_as_spreadsheets_write_them(void **state)
{
	struct import_request r;
	struct terminal_row t;
	uint8_t key[TERMINAL_KEY_SIZE];

	(void)state;
	assert_int_equal(import("\xEF\xBB\xBF"
	                        "chip,key,label\r\n\"" CHIP "\", " KEY_1
	                        " ,WATTLE1:x\r\n\r\n0A0B0C0D0E0F101112131416," KEY_2,
	                        &r),
	                 ERR_NONE);
	assert_int_equal(r.added, 2);
	assert_int_equal(terminal_by_chip(lab.db, CHIP, &t), ERR_NONE);
	assert_true(t.key_known);
	assert_int_equal(t.key_version, 1);
	assert_int_equal(keys_unwrap(lab.keys, t.chip, t.key_wrapped, key), ERR_NONE);
	assert_int_equal(key[0], 0x11);
	/* The list again, with another key: known keys are not replaced. */
	assert_int_equal(import(CHIP "," KEY_2 "\n", &r), ERR_NONE);
	assert_int_equal(r.known, 1);
	assert_int_equal(terminal_by_chip(lab.db, CHIP, &t), ERR_NONE);
	assert_int_equal(keys_unwrap(lab.keys, t.chip, t.key_wrapped, key), ERR_NONE);
	assert_int_equal(key[0], 0x11);
}

static void a_bad_line_is_named_and_nothing_is_taken(void **state)
{
	static const char *const bad[] = {
	        CHIP "," KEY_1 "\nzz," KEY_1 "\n",
	        CHIP "," KEY_1 "\n0a0b0c0d0e0f101112131416,12\n",
	        CHIP "," KEY_1 "\n0a0b0c0d0e0f101112131416\n",
	        CHIP "," KEY_1 "\nchip,key\n",
	};
	struct import_request r;
	struct terminal_row t;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(import(bad[i], &r), ERR_BAD_INPUT);
		assert_int_equal(r.line, 2);
		assert_string_not_equal(r.why, "");
		assert_int_equal(terminal_by_chip(lab.db, CHIP, &t), ERR_NOT_FOUND);
	}
}

static void labels(void **state)
{
	char chip[CHIP_TEXT_SIZE];
	uint8_t key[TERMINAL_KEY_SIZE];

	(void)state;
	assert_int_equal(label_parse("WATTLE1:" CHIP ":" KEY_1, chip, key), ERR_NONE);
	assert_string_equal(chip, CHIP);
	assert_int_equal(key[31], 0x11);
	assert_int_equal(label_parse("WATTLE2:" CHIP ":" KEY_1, chip, key), ERR_BAD_INPUT);
	assert_int_equal(label_parse("WATTLE1:" CHIP "0:" KEY_1, chip, key), ERR_BAD_INPUT);
	assert_int_equal(label_parse("WATTLE1:" CHIP ":" KEY_1 "0", chip, key), ERR_BAD_INPUT);
	assert_int_equal(label_parse("WATTLE1:" CHIP, chip, key), ERR_BAD_INPUT);
	assert_int_equal(label_parse("", chip, key), ERR_BAD_INPUT);
}

static struct adopt_request wish(int64_t meter)
{
	struct adopt_request r = {
	        .actor = {.who = "anna", .local = true},
                  .chip = CHIP, .meter = meter
        };

	return r;
}

static void adoption_needs_device_key_and_free_number(void **state)
{
	struct adopt_request r = wish(330100000099);
	struct import_request list;
	int64_t before;

	(void)state;
	assert_int_equal(lab_step(&lab, device_adopt_step, &r, false), ERR_NOT_FOUND);
	found(CHIP);
	assert_int_equal(lab_step(&lab, device_adopt_step, &r, false), ERR_AUTH);
	assert_string_equal(r.field, "label");
	assert_int_equal(import(CHIP "," KEY_1 "\n", &list), ERR_NONE);
	r = wish(LAB_METER);
	assert_int_equal(lab_step(&lab, device_adopt_step, &r, false), ERR_DUP);
	assert_string_equal(r.field, "meter");
	r = wish(99);
	assert_int_equal(lab_step(&lab, device_adopt_step, &r, false), ERR_BAD_INPUT);
	before = lab_number(&lab, "SELECT config_version FROM gateway WHERE name='gw-1'");
	r = wish(330100000099);
	assert_int_equal(lab_step(&lab, device_adopt_step, &r, false), ERR_NONE);
	assert_string_equal(r.row.gateway, "gw-1");
	assert_int_equal(lab_count(&lab, EFFECT_DIRECTORY), 1);
	assert_int_equal(lab_number(&lab, "SELECT config_version FROM gateway WHERE name='gw-1'"),
	                 before + 1);
	r = wish(330100000098);
	assert_int_equal(lab_step(&lab, device_adopt_step, &r, false), ERR_DUP);
	assert_string_equal(r.field, "chip");
}

/* In one step with the adoption: a place that is not there leaves no meter behind. */
static void adoption_into_a_room(void **state)
{
	struct adopt_request r = wish(330100000099);
	struct import_request list;

	(void)state;
	found(CHIP);
	assert_int_equal(import(CHIP "," KEY_1 "\n", &list), ERR_NONE);
	r.space_id = 77;
	assert_int_equal(lab_step(&lab, device_adopt_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "space");
	r = wish(330100000099);
	snprintf(r.model, sizeof r.model, "wattle-9");
	assert_int_equal(lab_step(&lab, device_adopt_step, &r, false), ERR_BAD_INPUT);
	assert_string_equal(r.fault.field, "model");
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM meter WHERE meter=330100000099"),
	                 0);
	assert_int_equal(
	        db_exec(lab.db,
	                "INSERT INTO space VALUES(1, 77, 0, 1, 77, 0, 'A', '', 0, 0, 1, 1)"),
	        ERR_NONE);
	r = wish(330100000099);
	r.space_id = 77;
	snprintf(r.model, sizeof r.model, "wattle-0");
	assert_int_equal(lab_step(&lab, device_adopt_step, &r, false), ERR_NONE);
	assert_int_equal(r.row.space_id, 77);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM meter WHERE meter=330100000099"
	                                  " AND space_id=77 AND model='wattle-0'"),
	                 1);
}

static void a_label_brings_its_key(void **state)
{
	struct adopt_request r = wish(330100000099);
	char chip[CHIP_TEXT_SIZE];

	(void)state;
	found(CHIP);
	assert_int_equal(label_parse("WATTLE1:" CHIP ":" KEY_2, chip, r.key), ERR_NONE);
	r.has_key = true;
	assert_int_equal(lab_step(&lab, device_adopt_step, &r, false), ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT key_version FROM terminal"
	                                  " WHERE chip='" CHIP "'"),
	                 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	        T(lists_as_spreadsheets_write_them),
	        T(a_bad_line_is_named_and_nothing_is_taken),
	        T(labels),
	        T(adoption_needs_device_key_and_free_number),
	        T(a_label_brings_its_key),
	        T(adoption_into_a_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
