/* Terminals' keys, as they come with a delivery: chip and key. An export never holds the keys. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "platform/core/device.h"
#include "platform/core/sheet_kind.h"

enum { CHIP, KEY, METER, GATEWAY, KNOWN, COUNT };

static const struct sheet_column columns[COUNT] = {
        [CHIP] = {.key = "chip",
                  .zh = "芯片号",
                  .en = "Chip",
                  .type = SHEET_TEXT,
                  .flags = SHEET_REQUIRED,
                  .min = 24,
                  .max = 24,
                  .help_zh = "24 位十六进制",
                  .help_en = "24 hex digits"},
        [KEY] = {.key = "key",
                  .zh = "密钥",
                  .en = "Key",
                  .type = SHEET_TEXT,
                  .flags = SHEET_SECRET,
                  .min = 64,
                  .max = 64,
                  .help_zh = "64 位十六进制; 导出时为空",
                  .help_en = "64 hex digits; empty in exports"},
        [METER] = {.key = "meter",
                  .zh = "表号",
                  .en = "Meter",
                  .type = SHEET_DIGITS,
                  .flags = SHEET_READ_ONLY,
                  .max = 12},
        [GATEWAY] = {.key = "gateway",
                  .zh = "网关",
                  .en = "Gateway",
                  .type = SHEET_TEXT,
                  .flags = SHEET_READ_ONLY,
                  .max = 32},
        [KNOWN] = {.key = "key_known",
                  .zh = "已有密钥",
                  .en = "Key known",
                  .type = SHEET_BOOL,
                  .flags = SHEET_READ_ONLY                           },
};

/* Chips are kept in lower case. */
static bool chip_of(const struct sheet_value *value, char chip[CHIP_TEXT_SIZE])
{
	uint8_t bytes[12];

	sheet_text_to(chip, CHIP_TEXT_SIZE, value);
	if (chip_parse(chip, bytes))
		return false;
	chip_format(bytes, chip);
	return true;
}

static void row_key(const struct sheet_value *values, char key[SHEET_KEY_SIZE])
{
	char chip[CHIP_TEXT_SIZE];

	key[0] = '\0';
	if (chip_of(&values[CHIP], chip))
		snprintf(key, SHEET_KEY_SIZE, "%s", chip);
}

static enum err seal(struct sheet_run *run, struct sheet_value *values, char *room, size_t size)
{
	uint8_t key[TERMINAL_KEY_SIZE], wrapped[KEY_WRAPPED_SIZE];
	char chip[CHIP_TEXT_SIZE], hex[2 * TERMINAL_KEY_SIZE + 1];
	enum err err;

	if (!chip_of(&values[CHIP], chip))
		return sheet_wrong(run, CHIP, SHEET_FAULT_RULE, "24 hex");
	if (!values[KEY].given)
		return ERR_NONE;
	if (!run->tx->keys || size < 2 * sizeof wrapped + 1)
		return ERR_INTERNAL;
	sheet_text_to(hex, sizeof hex, &values[KEY]);
	err = key_parse(hex, key);
	sodium_memzero(hex, sizeof hex);
	if (err)
		return sheet_wrong(run, KEY, SHEET_FAULT_RULE, "64 hex");
	err = keys_wrap(run->tx->keys, chip, key, wrapped);
	sodium_memzero(key, sizeof key);
	if (err)
		return err;
	hex_encode(wrapped, sizeof wrapped, room);
	values[KEY].text = room;
	values[KEY].len = strlen(room);
	return ERR_NONE;
}

/* Opened and wrapped anew: the keys of the store may have been rotated since the check. */
static enum err take_key(struct sheet_run *run, const struct sheet_value *value,
                         struct terminal_row *t)
{
	char hex[2 * KEY_WRAPPED_SIZE + 1];
	uint8_t wrapped[KEY_WRAPPED_SIZE], key[TERMINAL_KEY_SIZE];
	enum err err;

	if (!run->tx->keys)
		return ERR_AUTH;
	sheet_text_to(hex, sizeof hex, value);
	err = hex_decode(hex, wrapped, sizeof wrapped);
	if (!err)
		err = keys_unwrap(run->tx->keys, t->chip, wrapped, key);
	if (err)
		return sheet_wrong(run, KEY, SHEET_FAULT_FILE_LOST, "%s", "");
	err = keys_wrap(run->tx->keys, t->chip, key, t->key_wrapped);
	sodium_memzero(key, sizeof key);
	t->key_known = true;
	t->key_version = KEY_VERSION_FIRST;
	return err;
}

/* A key that is known is in use, and changed by a key change, never by a list. */
static enum err row(struct sheet_run *run, const struct sheet_value *values)
{
	struct terminal_row t = {0};
	char chip[CHIP_TEXT_SIZE];
	enum err err;

	if (!chip_of(&values[CHIP], chip))
		return sheet_wrong(run, CHIP, SHEET_FAULT_RULE, "24 hex");
	err = terminal_by_chip(run->tx->db, chip, &t);
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (!err && t.property_id != run->property->property_id)
		return sheet_wrong(run, CHIP, SHEET_FAULT_TAKEN, "%s", "");
	run->outcome = SHEET_ROW_SAME;
	if (!values[KEY].given || t.meter || t.key_known)
		return ERR_NONE;
	run->outcome = err ? SHEET_ROW_ADDED : SHEET_ROW_CHANGED;
	if (err) {
		t.property_id = run->property->property_id;
		memcpy(t.chip, chip, sizeof t.chip);
	}
	err = take_key(run, &values[KEY], &t);
	return err ? err : terminal_put(run->tx->db, &t);
}

static bool put(void *arg, const struct terminal_row *terminal)
{
	struct sheet_page *page = arg;
	struct sheet_value values[COUNT] = {0};
	char meter[16] = "";
	struct gateway_row gateway = {.name = ""};

	if (terminal->property_id != page->property->property_id)
		return true;
	if (terminal->gateway_id)
		page->err = gateway_get(page->db, terminal->property_id, terminal->gateway_id,
		                        &gateway);
	if (page->err)
		return false;
	if (terminal->meter)
		snprintf(meter, sizeof meter, "%012lld", (long long)terminal->meter);
	values[CHIP] = sheet_value_text(terminal->chip);
	values[METER] = sheet_value_text(meter);
	values[GATEWAY] = sheet_value_text(gateway.name);
	values[KNOWN] = sheet_value_number(terminal->key_known);
	return sheet_page_put(page, values, terminal->chip, 0);
}

static enum err page(struct sheet_page *page)
{
	return terminal_page(page->db, TERMINAL_ALL, &page->ask, put, page);
}

const struct sheet_kind sheet_kind_terminals = {
        .word = "terminals",
        .zh = "终端密钥",
        .en = "Terminal keys",
        .columns = columns,
        .count = COUNT,
        .write = PERMISSION_DEVICE_ADOPT,
        .read = PERMISSION_DEVICE_ADOPT,
        .sum = {-1, -1},
        .key = row_key,
        .seal = seal,
        .row = row,
        .page = page,
};
