/* Meters: name, use, reading plan and place of those that were adopted. A sheet makes none: a meter
 * begins with its terminal. */
#include <stdio.h>
#include <string.h>

#include "libs/base/number.h"
#include "platform/core/meter_edit.h"
#include "platform/core/sheet_kind.h"

enum { METER, NAME, USE, PERIOD, SPACE, GATEWAY, CHIP, COUNT };

static const struct sheet_word uses[] = {
        {"prepaid",      "预付费", "prepaid"     },
        {"postpaid",     "后付费", "postpaid"    },
        {"control-only", "管控表", "control-only"},
        {"main",         "总表",    "main"        },
        {"common",       "公共表", "common"      },
        {NULL,           NULL,        NULL          },
};

static const struct sheet_column columns[COUNT] = {
        [METER] = {.key = "meter",
                   .zh = "表号",
                   .en = "Meter",
                   .type = SHEET_DIGITS,
                   .flags = SHEET_REQUIRED,
                   .min = 12,
                   .max = 12},
        [NAME] = {.key = "name",
                   .zh = "名称",
                   .en = "Name",
                   .type = SHEET_TEXT,
                   .max = LABEL_CHARS,
                   .size = LABEL_SIZE                                                                                                               },
        [USE] = {.key = "use",                                .zh = "用途",                     .en = "Use", .type = SHEET_WORD, .words = uses},
        [PERIOD] = {.key = "period_s",
                   .zh = "抄表周期(秒)",
                   .en = "Reading period (s)",
                   .type = SHEET_NUMBER,
                   .max = PERIOD_MAX_S,
                   .help_zh = "0 为系统默认; 须整除一天",
                   .help_en = "0: the default; a divisor of a day"},
        [SPACE] = {.key = "space",
                   .zh = "位置",
                   .en = "Space",
                   .type = SHEET_TEXT,
                   .max = SPACE_PATH_CHARS,
                   .help_zh = "楼栋/楼层/房间",
                   .help_en = "building/floor/room"},
        [GATEWAY] = {.key = "gateway",
                   .zh = "网关",
                   .en = "Gateway",
                   .type = SHEET_TEXT,
                   .flags = SHEET_READ_ONLY,
                   .max = 32                                                                                                          },
        [CHIP] = {.key = "chip",
                   .zh = "芯片号",
                   .en = "Chip",
                   .type = SHEET_TEXT,
                   .flags = SHEET_READ_ONLY,
                   .max = 24                                                                                                               },
};

static const struct sheet_field fields[] = {
        {"name",     NAME  },
        {"use",      USE   },
        {"period_s", PERIOD},
        {"space",    SPACE },
        {NULL,       0     },
};

static void row_key(const struct sheet_value *values, char key[SHEET_KEY_SIZE])
{
	sheet_text_to(key, SHEET_KEY_SIZE, &values[METER]);
}

/* Another property's meter is as one that does not exist. */
static enum err find(struct sheet_run *run, const struct sheet_value *values,
                     struct meter_row *meter)
{
	char text[16];
	int64_t number;
	enum err err;

	sheet_text_to(text, sizeof text, &values[METER]);
	if (i64_parse(text, METER_NUMBER_MIN, METER_NUMBER_MAX, &number))
		return sheet_wrong(run, METER, SHEET_FAULT_NOT_DIGITS, "%s", text);
	err = meter_get(run->tx->db, run->property->property_id, number, meter);
	if (err == ERR_NOT_FOUND)
		return sheet_wrong(run, METER, SHEET_FAULT_UNKNOWN, "%s", text);
	return err;
}

static enum err find_space(struct sheet_run *run, const struct sheet_value *values,
                           int64_t *space_id)
{
	char path[SPACE_PATH_SIZE];
	struct space_row space;
	enum err err;

	*space_id = 0;
	if (!values[SPACE].given)
		return ERR_NONE;
	sheet_text_to(path, sizeof path, &values[SPACE]);
	err = sheet_space_find(run, SPACE, path, &space);
	if (!err)
		*space_id = space.space_id;
	return err;
}

static enum err row(struct sheet_run *run, const struct sheet_value *values)
{
	struct meter_edit edit = {.actor = *run->actor};
	char name[LABEL_SIZE];
	struct meter_row now;
	enum err err = find(run, values, &now);

	if (!err)
		err = find_space(run, values, &edit.space_id);
	if (err)
		return err;
	edit.meter = now.meter;
	edit.version = now.version;
	sheet_text_to(name, sizeof name, &values[NAME]);
	edit.name = sheet_differs(&values[NAME], now.name) ? name : NULL;
	if (values[USE].given && strcmp(uses[values[USE].number].word, now.meter_use) != 0)
		edit.meter_use = uses[values[USE].number].word;
	edit.has_period = sheet_number_differs(&values[PERIOD], now.period_s);
	edit.period_s = values[PERIOD].number;
	edit.has_space = values[SPACE].column_there && edit.space_id != now.space_id;
	run->outcome = SHEET_ROW_SAME;
	if (!edit.name && !edit.meter_use && !edit.has_period && !edit.has_space)
		return ERR_NONE;
	run->outcome = SHEET_ROW_CHANGED;
	err = meter_edit_step(run->tx, &edit, run->now_ms, run->out);
	return err ? sheet_fault_wrong(run, err, &edit.fault, fields) : ERR_NONE;
}

/* ---- export ---- */

static void put(void *arg, const struct meter_row *meter)
{
	struct sheet_page *page = arg;
	struct sheet_value values[COUNT] = {0};
	char number[16], path[SPACE_PATH_SIZE] = "";
	struct space_row space;

	if (page->err)
		return;
	if (meter->space_id)
		page->err = space_get(page->db, meter->property_id, meter->space_id, &space);
	if (!page->err && meter->space_id)
		page->err = space_path(page->db, &space, path);
	if (page->err)
		return;
	snprintf(number, sizeof number, "%012lld", (long long)meter->meter);
	values[METER] = sheet_value_text(number);
	values[NAME] = sheet_value_text(meter->name);
	for (int i = 0; uses[i].word; i++)
		if (strcmp(uses[i].word, meter->meter_use) == 0)
			values[USE] = sheet_value_number(i);
	values[PERIOD] = sheet_value_number(meter->period_s);
	values[SPACE] = sheet_value_text(path);
	values[GATEWAY] = sheet_value_text(meter->gateway);
	values[CHIP] = sheet_value_text(meter->chip);
	sheet_page_put(page, values, "", meter->meter);
}

static enum err page(struct sheet_page *page)
{
	return meter_list(page->db, page->property->property_id, page->ask.after_id,
	                  (int64_t)page->limit, put, page);
}

const struct sheet_kind sheet_kind_meters = {
        .word = "meters",
        .zh = "表计",
        .en = "Meters",
        .columns = columns,
        .count = COUNT,
        .write = PERMISSION_METER_WRITE,
        .read = PERMISSION_PROPERTY_READ,
        .sum = {-1, -1},
        .key = row_key,
        .row = row,
        .page = page,
};
