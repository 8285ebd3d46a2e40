/* What an old system hands over: a row is an account of it, by meter, room or customer of ours. */
#include <stdio.h>
#include <string.h>

#include "libs/base/number.h"
#include "platform/core/sheet_kind.h"
#include "platform/core/takeover.h"
#include "platform/store/customer.h"
#include "platform/store/meter.h"

#define BALANCE_MAX  INT64_C(100000000000000) /* fen */
#define COUNT_MAX    INT64_C(4294967295)
#define REGISTER_MAX INT64_C(10000000000000) /* 0.001 kWh */

#define ACCOUNT_CHARS 40
#define TAKEN_NOTE    200
#define CODE_CHARS    32

enum { METER, SPACE, CUSTOMER, ACCOUNT, BALANCE, PURCHASES, REGISTER, READ_AT, NOTE, COUNT };

static const struct sheet_column columns[COUNT] = {
        [METER] = {.key = "meter",
                   .zh = "表号",
                   .en = "Meter",
                   .type = SHEET_DIGITS,
                   .min = 12,
                   .max = 12                                                                       },
        [SPACE] = {.key = "space",
                   .zh = "房间",
                   .en = "Space",
                   .type = SHEET_TEXT,
                   .max = SPACE_PATH_CHARS,
                   .help_zh = "楼栋/楼层/房间; 表号、房间、用户编号至少填一项",
                   .help_en = "building/floor/room; one of meter, space and customer at least"},
        [CUSTOMER] = {.key = "customer",
                   .zh = "用户编号",
                   .en = "Customer no.",
                   .type = SHEET_TEXT,
                   .max = CODE_CHARS,
                   .size = CUSTOMER_CODE_SIZE                                                               },
        [ACCOUNT] = {.key = "old_account",
                   .zh = "旧系统户号",
                   .en = "Old account no.",
                   .type = SHEET_TEXT,
                   .max = ACCOUNT_CHARS,
                   .size = TAKEOVER_ACCOUNT_SIZE                                                            },
        [BALANCE] = {.key = "balance",
                   .zh = "余额(元)",
                   .en = "Balance (yuan)",
                   .type = SHEET_NUMBER,
                   .flags = SHEET_REQUIRED,
                   .min = -BALANCE_MAX,
                   .max = BALANCE_MAX,
                   .decimals = 2,
                   .help_zh = "欠费为负数",
                   .help_en = "below zero: owed"},
        [PURCHASES] = {.key = "purchase_count",
                   .zh = "购电次数",
                   .en = "Purchase count",
                   .type = SHEET_NUMBER,
                   .max = COUNT_MAX     },
        [REGISTER] = {.key = "register",
                   .zh = "表底(度或吨)",
                   .en = "Register (kWh or m3)",
                   .type = SHEET_NUMBER,
                   .max = REGISTER_MAX,
                   .decimals = 3                         },
        [READ_AT] = {.key = "read_at",   .zh = "抄表时间",    .en = "Read at",                       .type = SHEET_TIME              },
        [NOTE] = {.key = "note",
                   .zh = "备注",
                   .en = "Note",
                   .type = SHEET_TEXT,
                   .max = TAKEN_NOTE,
                   .size = TAKEOVER_NOTE_SIZE                                                       },
};

static void row_key(const struct sheet_value *values, char key[SHEET_KEY_SIZE])
{
	snprintf(key, SHEET_KEY_SIZE, "%.*s\n%.*s\n%.*s\n%.*s", (int)values[METER].len,
	         values[METER].text, (int)values[SPACE].len, values[SPACE].text,
	         (int)values[CUSTOMER].len, values[CUSTOMER].text, (int)values[ACCOUNT].len,
	         values[ACCOUNT].text);
}

/* ---- import ---- */

static enum err find_meter(struct sheet_run *run, const struct sheet_value *value, int64_t *number)
{
	struct meter_row meter;
	char text[16];
	enum err err;

	if (!value->given)
		return ERR_NONE;
	sheet_text_to(text, sizeof text, value);
	if (i64_parse(text, METER_NUMBER_MIN, METER_NUMBER_MAX, number))
		return sheet_wrong(run, METER, SHEET_FAULT_NOT_DIGITS, "%s", text);
	err = meter_get(run->tx->db, run->property->property_id, *number, &meter);
	return err == ERR_NOT_FOUND ? sheet_wrong(run, METER, SHEET_FAULT_UNKNOWN, "%s", text)
	                            : err;
}

static enum err find_space(struct sheet_run *run, const struct sheet_value *value,
                           int64_t *space_id)
{
	char path[SPACE_PATH_SIZE];
	struct space_row space;
	enum err err;

	if (!value->given)
		return ERR_NONE;
	sheet_text_to(path, sizeof path, value);
	err = sheet_space_find(run, SPACE, path, &space);
	*space_id = err ? 0 : space.space_id;
	return err;
}

static enum err find_customer(struct sheet_run *run, const struct sheet_value *value,
                              int64_t *customer_id)
{
	char code[CUSTOMER_CODE_SIZE];
	struct customer_row customer;
	enum err err;

	if (!value->given)
		return ERR_NONE;
	sheet_text_to(code, sizeof code, value);
	err = customer_by_code(run->tx->db, run->property->property_id, code, &customer);
	if (err == ERR_NOT_FOUND)
		return sheet_wrong(run, CUSTOMER, SHEET_FAULT_UNKNOWN, "%s", code);
	*customer_id = err ? 0 : customer.customer_id;
	return err;
}

static enum err take_row(struct sheet_run *run, const struct sheet_value *values,
                         struct takeover_row *row)
{
	enum err err = find_meter(run, &values[METER], &row->meter);

	if (!err)
		err = find_space(run, &values[SPACE], &row->space_id);
	if (!err)
		err = find_customer(run, &values[CUSTOMER], &row->customer_id);
	if (err)
		return err;
	if (!row->meter && !row->space_id && !row->customer_id)
		return sheet_wrong(run, METER, SHEET_FAULT_REQUIRED, "%s",
		                   "meter / space / customer");
	row->property_id = run->property->property_id;
	row->job_id = run->job_id;
	row->row_no = run->row;
	row->balance_fen = values[BALANCE].number;
	row->purchase_count = values[PURCHASES].number;
	row->has_register = values[REGISTER].given;
	row->register_milli = values[REGISTER].number;
	row->read_at_s = values[READ_AT].given ? values[READ_AT].number : 0;
	sheet_text_to(row->old_account, sizeof row->old_account, &values[ACCOUNT]);
	sheet_text_to(row->note, sizeof row->note, &values[NOTE]);
	return ERR_NONE;
}

/* An account that was taken over already is not taken again, also not with other figures. */
static enum err row(struct sheet_run *run, const struct sheet_value *values)
{
	struct takeover_row taken = {.state = TAKEOVER_STAGED}, before;
	enum err err = take_row(run, values, &taken);

	if (!err)
		err = takeover_find(run->tx->db, &taken, &before);
	if (!err)
		return sheet_wrong(run, -1, SHEET_FAULT_TAKEN, "import %lld, row %lld",
		                   (long long)before.job_id, (long long)before.row_no);
	run->outcome = SHEET_ROW_ADDED;
	return err == ERR_NOT_FOUND ? takeover_insert(run->tx->db, &taken) : err;
}

/* ---- the rows as a sheet again ---- */

struct putting {
	struct takeover_sheet *sheet;
	enum sheet_lang lang;
	size_t count;
	enum err err;
};

static enum err subjects_of(struct db *db, const struct takeover_row *row, char meter[16],
                            char path[SPACE_PATH_SIZE], char code[CUSTOMER_CODE_SIZE])
{
	struct space_row space;
	struct customer_row customer;
	enum err err = ERR_NONE;

	meter[0] = path[0] = code[0] = '\0';
	if (row->meter)
		snprintf(meter, 16, "%012lld", (long long)row->meter);
	if (row->space_id)
		err = space_get(db, row->property_id, row->space_id, &space);
	if (!err && row->space_id)
		err = space_path(db, &space, path);
	if (!err && row->customer_id)
		err = customer_get(db, row->property_id, row->customer_id, &customer);
	if (!err && row->customer_id)
		snprintf(code, CUSTOMER_CODE_SIZE, "%s", customer.code);
	return err;
}

static bool put(void *arg, const struct takeover_row *row)
{
	struct putting *putting = arg;
	struct takeover_sheet *sheet = putting->sheet;
	struct sheet_value values[COUNT] = {0};
	char meter[16], path[SPACE_PATH_SIZE], code[CUSTOMER_CODE_SIZE];

	putting->err = subjects_of(sheet->db, row, meter, path, code);
	if (putting->err)
		return false;
	values[METER] = sheet_value_text(meter);
	values[SPACE] = sheet_value_text(path);
	values[CUSTOMER] = sheet_value_text(code);
	values[ACCOUNT] = sheet_value_text(row->old_account);
	values[BALANCE] = sheet_value_number(row->balance_fen);
	values[PURCHASES] = sheet_value_number(row->purchase_count);
	values[REGISTER] = sheet_value_number(row->register_milli);
	values[REGISTER].given = row->has_register;
	values[READ_AT] = sheet_value_number(row->read_at_s);
	values[READ_AT].given = row->read_at_s != 0;
	values[NOTE] = sheet_value_text(row->note);
	for (size_t i = 0; i < COUNT; i++)
		sheet_put_value(sheet->writer, &columns[i], &values[i], putting->lang);
	sheet_row_end(sheet->writer);
	sheet->rows++;
	sheet->balance_fen += row->balance_fen;
	sheet->register_milli += row->register_milli;
	sheet->after = row->row_no;
	return ++putting->count != sheet->limit;
}

enum err takeover_put(struct takeover_sheet *sheet, enum sheet_lang lang, bool header)
{
	struct putting putting = {.sheet = sheet, .lang = lang};
	enum err err;

	if (header)
		sheet_put_header(sheet->writer, columns, COUNT, lang);
	err = takeover_rows(sheet->db, sheet->property->property_id, sheet->job_id, sheet->after,
	                    put, &putting);
	sheet->end = !sheet->limit || putting.count < sheet->limit;
	if (!err)
		err = putting.err;
	return err ? err : sheet_writer_error(sheet->writer);
}

const struct sheet_kind sheet_kind_takeover = {
        .word = "takeover",
        .zh = "旧系统切换",
        .en = "Take-over from an old system",
        .columns = columns,
        .count = COUNT,
        .write = PERMISSION_CUSTOMER_WRITE,
        .read = PERMISSION_CUSTOMER_READ,
        .second_person = true,
        .totals_needed = true,
        .sum = {BALANCE, REGISTER},
        .key = row_key,
        .row = row,
        .finish = takeover_finish,
};
