/* Accounts: a row is an account, or one of its meters; drafts that are there already are opened by it (bulk
 * opening). What an account was taken over with comes in as at every opening. */
#include <stdio.h>
#include <string.h>

#include "libs/base/number.h"
#include "platform/core/account_open.h"
#include "platform/core/sheet_kind.h"
#include "platform/store/customer.h"
#include "platform/store/meter.h"

enum {
	CODE,
	CUSTOMER,
	METER,
	SERVICE,
	REGISTER,
	OPENING,
	KIND,
	FEE,
	BILL_DAY,
	DUE,
	PLAN,
	NOTE,
	STATE,
	COUNT
};

#define OPENING_MAX INT64_C(100000000000) /* fen */

static const struct sheet_word services[] = {
        {"electricity", "电", "electricity"},
        {"water",       "水", "water"      },
        {NULL,          NULL,  NULL         },
};

static const struct sheet_word kinds[] = {
        {"pay-per-use", "按量",    "pay-per-use"},
        {"merged",      "合并",    "merged"     },
        {"monthly-fee", "包月",    "monthly fee"},
        {"postpaid",    "后付费", "postpaid"   },
        {NULL,          NULL,        NULL         },
};

static const struct sheet_word states[] = {
        {"draft",     "预开户", "draft"    },
        {"open",      "正常",    "open"     },
        {"suspended", "停用",    "suspended"},
        {"closing",   "销户中", "closing"  },
        {"closed",    "已销户", "closed"   },
        {NULL,        NULL,        NULL       },
};

static const struct sheet_column columns[COUNT] = {
        [CODE] = {.key = "code",
                  .zh = "户号",
                  .en = "Account no.",
                  .type = SHEET_TEXT,
                  .flags = SHEET_REQUIRED,
                  .min = 1,
                  .max = CODE_CHARS,
                  .size = ACCOUNT_CODE_SIZE},
        [CUSTOMER] = {.key = "customer",
                  .zh = "用户编号",
                  .en = "Customer no.",
                  .type = SHEET_TEXT,
                  .flags = SHEET_REQUIRED,
                  .min = 1,
                  .max = CODE_CHARS,
                  .size = CUSTOMER_CODE_SIZE},
        [METER] = {.key = "meter",
                  .zh = "表号",
                  .en = "Meter",
                  .type = SHEET_DIGITS,
                  .min = 12,
                  .max = 12,
                  .help_zh = "空为预开户; 一户多表时每表一行",
                  .help_en = "empty: a draft; an account with several meters has a row for each"},
        [SERVICE] = {.key = "service",
                  .zh = "能源",
                  .en = "Service",
                  .type = SHEET_WORD,
                  .words = services,
                  .help_zh = "空为电",
                  .help_en = "empty: electricity"},
        [REGISTER] = {.key = "register",
                  .zh = "起始表底(度或吨)",
                  .en = "First register (kWh or m3)",
                  .type = SHEET_NUMBER,
                  .max = ACCOUNT_UNITS_MAX,
                  .decimals = 3,
                  .help_zh = "空为最新读数",
                  .help_en = "empty: the newest reading"},
        [OPENING] = {.key = "opening",
                  .zh = "期初余额(元)",
                  .en = "Opening balance (yuan)",
                  .type = SHEET_NUMBER,
                  .min = -OPENING_MAX,
                  .max = OPENING_MAX,
                  .decimals = 2,
                  .help_zh = "只在开户的那一行; 欠费为负数",
                  .help_en = "in the row that opens it only; below zero: owed"},
        [KIND] = {.key = "kind",
                  .zh = "计费方式",
                  .en = "Kind",
                  .type = SHEET_WORD,
                  .words = kinds,
                  .help_zh = "空为按量; 已有户不改",
                  .help_en = "empty: pay-per-use; not changed by a sheet"},
        [FEE] = {.key = "fee",
                  .zh = "包月费(元)",
                  .en = "Monthly fee (yuan)",
                  .type = SHEET_NUMBER,
                  .max = ACCOUNT_FEE_MAX,
                  .decimals = 2    },
        [BILL_DAY] = {.key = "bill_day",
                  .zh = "出账日",
                  .en = "Billing day",
                  .type = SHEET_NUMBER,
                  .min = 1,
                  .max = ACCOUNT_BILL_DAY                       },
        [DUE] = {.key = "due_days",
                  .zh = "付款期(天)",
                  .en = "Days until due",
                  .type = SHEET_NUMBER,
                  .min = 1,
                  .max = ACCOUNT_DUE_DAYS                                                             },
        [PLAN] = {.key = "plan",
                  .zh = "报警方案",
                  .en = "Alarm plan",
                  .type = SHEET_TEXT,
                  .max = PLAN_CODE_SIZE - 1,
                  .size = PLAN_CODE_SIZE,
                  .help_zh = "空为按物业设置",
                  .help_en = "empty: as the property says"},
        [NOTE] = {.key = "note",
                  .zh = "备注",
                  .en = "Note",
                  .type = SHEET_TEXT,
                  .flags = SHEET_LINES,
                  .max = ACCOUNT_NOTE_CHARS,
                  .size = ACCOUNT_NOTE_SIZE},
        [STATE] = {.key = "state",
                  .zh = "状态",
                  .en = "State",
                  .type = SHEET_WORD,
                  .flags = SHEET_READ_ONLY,
                  .words = states                                              },
};

static const struct sheet_field fields[] = {
        {"code",        CODE    },
        {"customer",    CUSTOMER},
        {"meters",      METER   },
        {"register",    REGISTER},
        {"opening_fen", OPENING },
        {"kind",        KIND    },
        {"fee_fen",     FEE     },
        {"bill_day",    BILL_DAY},
        {"due_days",    DUE     },
        {"plan",        PLAN    },
        {"note",        NOTE    },
        {NULL,          0       },
};

static void row_key(const struct sheet_value *values, char key[SHEET_KEY_SIZE])
{
	snprintf(key, SHEET_KEY_SIZE, "%.*s\n%.*s", (int)values[CODE].len, values[CODE].text,
	         (int)values[METER].len, values[METER].text);
}

/* ---- import ---- */

static void act_begin(struct sheet_run *run, struct account_act *act, const struct account_row *row)
{
	act->actor = *run->actor;
	act->property_id = run->property->property_id;
	act->account_id = row->account_id;
	act->version = row->version;
	if (!act->actor.reason[0])
		snprintf(act->actor.reason, sizeof act->actor.reason, "sheet, row %lld",
		         (long long)run->row);
}

static enum err find_customer(struct sheet_run *run, const struct sheet_value *value,
                              const struct account_row *now, int64_t *customer_id)
{
	char code[CUSTOMER_CODE_SIZE];
	struct customer_row customer;
	enum err err;

	sheet_text_to(code, sizeof code, value);
	err = customer_by_code(run->tx->db, run->property->property_id, code, &customer);
	if (err == ERR_NOT_FOUND)
		return sheet_wrong(run, CUSTOMER, SHEET_FAULT_UNKNOWN, "%s", code);
	if (!err && now->account_id && now->state != ACCOUNT_DRAFT &&
	    now->customer_id != customer.customer_id)
		return sheet_wrong(run, CUSTOMER, SHEET_FAULT_RULE, "%s", now->code);
	*customer_id = err ? 0 : customer.customer_id;
	return err;
}

static void take_terms(const struct sheet_value *values, struct account_edit *edit)
{
	struct account_terms *terms = &edit->terms;

	edit->has_terms = true;
	terms->kind = ACCOUNT_PAY_PER_USE;
	if (values[KIND].given)
		terms->kind = (enum account_kind)(values[KIND].number + ACCOUNT_PAY_PER_USE);
	terms->fee_fen = values[FEE].given ? values[FEE].number : 0;
	terms->bill_day = values[BILL_DAY].given ? (int32_t)values[BILL_DAY].number : 0;
	terms->due_days = values[DUE].given ? (int32_t)values[DUE].number : 0;
}

/* The account as the row says it: made, edited, or the same. */
static enum err take_account(struct sheet_run *run, const struct sheet_value *values,
                             struct account_row *now)
{
	struct account_edit edit = {.customer_id = 0};
	char plan[PLAN_CODE_SIZE], note[ACCOUNT_NOTE_SIZE], code[ACCOUNT_CODE_SIZE];
	bool same;
	enum err err = find_customer(run, &values[CUSTOMER], now, &edit.customer_id);

	if (err)
		return err;
	sheet_text_to(code, sizeof code, &values[CODE]);
	sheet_text_to(plan, sizeof plan, &values[PLAN]);
	sheet_text_to(note, sizeof note, &values[NOTE]);
	act_begin(run, &edit.act, now);
	edit.code = now->account_id ? NULL : code;
	edit.plan_code = sheet_differs(&values[PLAN], now->plan_code) ? plan : NULL;
	edit.note = sheet_differs(&values[NOTE], now->note) ? note : NULL;
	same = now->account_id && !edit.plan_code && !edit.note &&
	       edit.customer_id == now->customer_id;
	if (same)
		return ERR_NONE;
	run->outcome = now->account_id ? SHEET_ROW_CHANGED : SHEET_ROW_ADDED;
	if (!now->account_id)
		take_terms(values, &edit);
	err = account_edit_step(run->tx, &edit, run->now_ms, run->out);
	*now = edit.act.row;
	return err ? sheet_fault_wrong(run, err, &edit.act.fault, fields) : ERR_NONE;
}

/* Its meter: opens a draft, or comes to an account that is open. */
static enum err take_meter(struct sheet_run *run, const struct sheet_value *values,
                           struct account_row *now)
{
	struct account_binding meter = {.service = SERVICE_ELECTRICITY, .credit = CREDIT_PLATFORM};
	struct account_open open = {.count = 1, .meter = &meter};
	struct account_meter use;
	char text[16];
	enum err err;

	sheet_text_to(text, sizeof text, &values[METER]);
	if (i64_parse(text, METER_NUMBER_MIN, METER_NUMBER_MAX, &meter.meter))
		return sheet_wrong(run, METER, SHEET_FAULT_NOT_DIGITS, "%s", text);
	err = account_meter_at(run->tx->db, run->property->property_id, meter.meter,
	                       ACCOUNT_OPEN_S - 1, &use);
	if (!err && use.account_id == now->account_id)
		return ERR_NONE; /* it has it */
	if (err && err != ERR_NOT_FOUND)
		return err;
	if (values[SERVICE].given)
		meter.service = (enum service)(values[SERVICE].number + SERVICE_ELECTRICITY);
	meter.reg.typed = values[REGISTER].given;
	meter.reg.units = values[REGISTER].number;
	open.has_opening = values[OPENING].given;
	open.opening_fen = values[OPENING].number;
	act_begin(run, &open.act, now);
	if (now->state != ACCOUNT_DRAFT && open.has_opening)
		return sheet_wrong(run, OPENING, SHEET_FAULT_RULE, "%s", now->code);
	err = now->state == ACCOUNT_DRAFT ? account_open_step(run->tx, &open, run->now_ms, run->out)
	                                  : account_add_step(run->tx, &open, run->now_ms, run->out);
	if (run->outcome == SHEET_ROW_SAME)
		run->outcome = SHEET_ROW_CHANGED;
	return err ? sheet_fault_wrong(run, err, &open.act.fault, fields) : ERR_NONE;
}

static enum err row(struct sheet_run *run, const struct sheet_value *values)
{
	struct account_row now = {.account_id = 0};
	char code[ACCOUNT_CODE_SIZE];
	enum err err;

	sheet_text_to(code, sizeof code, &values[CODE]);
	err = account_by_code(run->tx->db, run->property->property_id, code, &now);
	if (err && err != ERR_NOT_FOUND)
		return err;
	run->outcome = SHEET_ROW_SAME;
	err = take_account(run, values, &now);
	if (!err && !values[METER].given && values[OPENING].given)
		return sheet_wrong(run, OPENING, SHEET_FAULT_RULE, "%s", code);
	return err || !values[METER].given ? err : take_meter(run, values, &now);
}

/* ---- export ---- */

struct putting {
	struct sheet_page *page;
	const struct account_row *row;
	struct sheet_value *values;
	size_t meters;
};

static void put_one(struct putting *putting)
{
	putting->page->put(putting->page->arg, putting->values);
	putting->page->count++;
}

static bool put_meter(void *arg, const struct account_meter *use)
{
	struct putting *putting = arg;
	struct sheet_value *values = putting->values;
	char meter[16];

	snprintf(meter, sizeof meter, "%012lld", (long long)use->meter);
	values[METER] = sheet_value_text(meter);
	values[SERVICE] = sheet_value_number((int64_t)use->service - SERVICE_ELECTRICITY);
	values[REGISTER] = sheet_value_number(use->open_units);
	putting->meters++;
	put_one(putting);
	return true;
}

static enum err put_terms(struct sheet_page *page, const struct account_row *row,
                          struct sheet_value *values)
{
	struct account_terms terms;
	enum err err =
	        account_terms_at(page->db, row->property_id, row->account_id, page->now_s, &terms);

	if (err)
		return err == ERR_NOT_FOUND ? ERR_NONE : err;
	values[KIND] = sheet_value_number((int64_t)terms.kind - ACCOUNT_PAY_PER_USE);
	values[FEE] = sheet_value_number(terms.fee_fen);
	values[FEE].given = terms.fee_fen != 0;
	values[BILL_DAY] = sheet_value_number(terms.bill_day);
	values[BILL_DAY].given = terms.bill_day != 0;
	values[DUE] = sheet_value_number(terms.due_days);
	values[DUE].given = terms.due_days != 0;
	return ERR_NONE;
}

/* Rows of an account are never in two slices: the cursor is its number. */
static bool put(void *arg, const struct account_row *row)
{
	struct sheet_page *page = arg;
	struct sheet_value values[COUNT] = {0};
	struct putting putting = {.page = page, .row = row, .values = values};
	struct customer_row customer;

	if (page->count >= page->limit)
		return false;
	if (row->state == ACCOUNT_CLOSED)
		return true;
	page->err = customer_get(page->db, row->property_id, row->customer_id, &customer);
	if (!page->err)
		page->err = put_terms(page, row, values);
	if (page->err)
		return false;
	values[CODE] = sheet_value_text(row->code);
	values[CUSTOMER] = sheet_value_text(customer.code);
	values[PLAN] = sheet_value_text(row->plan_code);
	values[NOTE] = sheet_value_text(row->note);
	values[STATE] = sheet_value_number((int64_t)row->state - ACCOUNT_DRAFT);
	page->err = account_meters(page->db, row->property_id, row->account_id, true, put_meter,
	                           &putting);
	if (!page->err && !putting.meters)
		put_one(&putting);
	page->ask.has_after = true;
	page->ask.after_id = row->account_id;
	return !page->err;
}

static enum err page(struct sheet_page *page)
{
	int64_t after = page->ask.has_after ? page->ask.after_id : 0;

	return account_walk(page->db, page->property->property_id, 0, after, put, page);
}

const struct sheet_kind sheet_kind_accounts = {
        .word = "accounts",
        .zh = "户",
        .en = "Accounts",
        .columns = columns,
        .count = COUNT,
        .write = PERMISSION_ACCOUNT_WRITE,
        .read = PERMISSION_ACCOUNT_READ,
        .sum = {OPENING, REGISTER},
        .key = row_key,
        .row = row,
        .page = page,
};
