/* A property's own alarm plans: a row is what the property itself says about one plan. An empty cell
 * says nothing: the value is the group's, or what is built in. */
#include <stdio.h>
#include <string.h>

#include "platform/core/plan.h"
#include "platform/core/sheet_kind.h"

enum { PLAN, NAME, VALUES, COUNT = VALUES + PLAN_VALUE_COUNT };

#define VALUE(id) (VALUES + PLAN_##id)

enum {

#define X(id, name, min, max, builtin) MIN_##id = (min), MAX_##id = (max),
	PLAN_VALUES(X)
#undef X
};

#define MONEY(id) .type = SHEET_NUMBER, .decimals = 2, .min = MIN_##id, .max = MAX_##id

/* clang-format off */
static const struct sheet_column columns[COUNT] = {
	[PLAN] = {.key = "plan", .zh = "方案编码", .en = "Plan", .type = SHEET_TEXT, .flags = SHEET_REQUIRED,
		.min = 1, .max = PLAN_CODE_SIZE - 1, .size = PLAN_CODE_SIZE,
		.help_zh = "小写字母、数字和 -; default 为默认方案; 其他列为空则沿用集团",
		.help_en = "a to z, 0 to 9, -; default always exists; any other cell empty: inherited"},
	[NAME] = {.key = "name", .zh = "名称", .en = "Name", .type = SHEET_TEXT,
		.max = NAME_CHARS, .size = PLAN_NAME_SIZE},
	[VALUE(ALARM1)] = {.key = "alarm1", .zh = "报警金额1(元)", .en = "Alarm 1 (yuan)", MONEY(ALARM1)},
	[VALUE(ALARM2)] = {.key = "alarm2", .zh = "报警金额2(元)", .en = "Alarm 2 (yuan)", MONEY(ALARM2)},
	[VALUE(OVERDRAFT)] = {.key = "overdraft", .zh = "透支金额(元)", .en = "Overdraft (yuan)", MONEY(OVERDRAFT)},
	[VALUE(HOARDING)] = {.key = "hoarding", .zh = "囤积金额(元)", .en = "Hoarding limit (yuan)", MONEY(HOARDING),
		.help_zh = "0 为不限", .help_en = "0: no limit"},
	[VALUE(ALLOW_CLOSE)] = {.key = "allow_close", .zh = "允许合闸金额(元)", .en = "Closing above (yuan)", MONEY(ALLOW_CLOSE)},
	[VALUE(ALARM2_TRIPS)] = {.key = "alarm2_trips", .zh = "报警2跳闸提醒", .en = "Alarm 2 trips", .type = SHEET_BOOL},
	[VALUE(FRIENDLY_HOURS)] = {.key = "friendly_hours", .zh = "友好时段", .en = "Friendly hours", .type = SHEET_BOOL},
	[VALUE(CUT_NOTICE)] = {.key = "cut_notice_s", .zh = "停电预告(秒)", .en = "Cut notice (s)", .type = SHEET_NUMBER,
		.min = MIN_CUT_NOTICE, .max = MAX_CUT_NOTICE},
};

static const struct sheet_field fields[] = {
#define X(id, name, min, max, builtin) {#name, VALUE(id)},
	PLAN_VALUES(X)
#undef X
	{"name", NAME},
	{NULL, 0},
};

/* clang-format on */

static void row_key(const struct sheet_value *values, char key[SHEET_KEY_SIZE])
{
	sheet_text_to(key, SHEET_KEY_SIZE, &values[PLAN]);
}

/* ---- import ---- */

/* What the row changes of what the property says now. */
static bool take_values(const struct plan_row *now, const struct sheet_value *values,
                        struct plan_edit *edit)
{
	bool differs;

	edit->has_name = values[NAME].column_there &&
	                 (values[NAME].given != now->has_name ||
	                  sheet_differs(&values[NAME], now->has_name ? now->name : ""));
	differs = edit->has_name;
	for (size_t i = 0; i < PLAN_VALUE_COUNT; i++) {
		const struct sheet_value *value = &values[VALUES + i];

		edit->has[i] =
		        value->column_there && (value->given != now->set[i] ||
		                                (value->given && value->number != now->value[i]));
		edit->set[i] = value->given;
		edit->value[i] = value->number;
		differs = differs || edit->has[i];
	}
	return differs;
}

static enum err row(struct sheet_run *run, const struct sheet_value *values)
{
	const struct property_row *property = run->property;
	char code[PLAN_CODE_SIZE], name[PLAN_NAME_SIZE];
	struct plan_edit edit = {.actor = *run->actor,
	                         .group_id = property->group_id,
	                         .property_id = property->property_id,
	                         .code = code};
	struct plan_row now = {0};
	enum err err;

	sheet_text_to(code, sizeof code, &values[PLAN]);
	if (!plan_code_valid(code))
		return sheet_wrong(run, PLAN, SHEET_FAULT_RULE, "%s", "a … z, 0 … 9, -");
	err = plan_get(run->tx->db, property->property_id, property->group_id, code, &now);
	if (err && err != ERR_NOT_FOUND)
		return err;
	sheet_text_to(name, sizeof name, &values[NAME]);
	edit.name = values[NAME].given ? name : NULL;
	edit.version = now.version;
	run->outcome = now.version ? SHEET_ROW_CHANGED : SHEET_ROW_ADDED;
	if (!take_values(&now, values, &edit) && now.version) {
		run->outcome = SHEET_ROW_SAME;
		return ERR_NONE;
	}
	err = plan_edit_step(run->tx, &edit, run->now_ms, run->out);
	return err ? sheet_fault_wrong(run, err, &edit.fault, fields) : ERR_NONE;
}

/* ---- export ---- */

static bool put(struct sheet_page *page, const struct plan_row *plan)
{
	struct sheet_value values[COUNT] = {0};

	values[PLAN] = sheet_value_text(plan->code);
	if (plan->has_name)
		values[NAME] = sheet_value_text(plan->name);
	for (size_t i = 0; i < PLAN_VALUE_COUNT; i++)
		if (plan->set[i])
			values[VALUES + i] = sheet_value_number(plan->value[i]);
	return sheet_page_put(page, values, plan->code, 0);
}

/* Also codes that the property only inherits come by: it has no row of its own under them. */
static void take_code(void *arg, const char *code)
{
	struct sheet_page *page = arg;
	const struct property_row *property = page->property;
	struct plan_row plan;
	enum err err;

	if (page->err || page->count == page->limit ||
	    (page->ask.has_after && strcmp(code, page->ask.after_text) <= 0))
		return;
	err = plan_get(page->db, property->property_id, property->group_id, code, &plan);
	if (!err)
		put(page, &plan);
	else if (err != ERR_NOT_FOUND)
		page->err = err;
}

static enum err page(struct sheet_page *page)
{
	const struct property_row *property = page->property;

	return plan_codes(page->db, property->property_id, property->group_id, take_code, page);
}

const struct sheet_kind sheet_kind_plans = {
        .word = "alarm-plans",
        .zh = "报警方案",
        .en = "Alarm plans",
        .columns = columns,
        .count = COUNT,
        .write = PERMISSION_PLAN_WRITE,
        .read = PERMISSION_PROPERTY_READ,
        .sum = {-1, -1},
        .key = row_key,
        .row = row,
        .page = page,
};
