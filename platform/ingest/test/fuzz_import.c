/* Any bytes as a list of terminal keys, and as a label: all of the list is taken or nothing, and what
 * is taken can be opened again. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/device.h"
#include "platform/test/lab.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct lab lab;
static int64_t first_count;

static void check_row(void *arg, const struct terminal_row *row)
{
	uint8_t chip[12], key[TERMINAL_KEY_SIZE];

	++*(int64_t *)arg;
	assert(chip_parse(row->chip, chip) == ERR_NONE);
	if (row->key_known)
		assert(keys_unwrap(lab.keys, row->chip, row->key_wrapped, key) == ERR_NONE);
}

static void try_list(const uint8_t *data, size_t size)
{
	struct import_request r = {
	        .actor = {.who = "fuzz", .local = true},
                  .csv = (const char *)data, .len = size
        };
	int64_t count = 0;
	enum err err;

	/* Undone in any case, so that each input meets the same store. */
	err = lab_begin_step(&lab, device_import_step, &r, false);
	assert(err == ERR_NONE || err == ERR_BAD_INPUT);
	assert(terminal_list(lab.db, 1, TERMINAL_ALL, check_row, &count) == ERR_NONE);
	assert(count == first_count + (err ? 0 : (int64_t)r.added));
	lab_rollback(&lab);
}

static void try_label(const uint8_t *data, size_t size)
{
	char label[256], chip[CHIP_TEXT_SIZE], again[CHIP_TEXT_SIZE];
	uint8_t key[TERMINAL_KEY_SIZE], bytes[12];

	if (size >= sizeof label)
		size = sizeof label - 1;
	memcpy(label, data, size);
	label[size] = '\0';
	if (label_parse(label, chip, key))
		return;
	assert(chip_parse(chip, bytes) == ERR_NONE);
	chip_format(bytes, again);
	assert(strcmp(chip, again) == 0);
}

static void fuzz_end(void)
{
	lab_teardown(&lab);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!lab.db) {
		lab_setup(&lab);
		assert(terminal_list(lab.db, 1, TERMINAL_ALL, check_row, &first_count) == ERR_NONE);
		atexit(fuzz_end);
	}
	try_list(data, size);
	try_label(data, size);
	return 0;
}
