/* Customers with their phones. Whoever may not see whole numbers exports masked ones; a masked one
 * that comes back stands for the number that is there. */
#include <stdio.h>
#include <string.h>

#include "platform/core/customer.h"
#include "platform/core/mask.h"
#include "platform/core/sheet_kind.h"

enum {
	CODE,
	KIND,
	NAME,
	LANG,
	IDENTITY,
	PHONE,
	NOTE = PHONE + CUSTOMER_PHONES_MAX,
	ARCHIVED,
	COUNT
};

#define IDENTITY_CHARS   (IDENTITY_SIZE - 1)
#define PHONE_CELL_CHARS 64

static const struct sheet_word kinds[] = {
        {"person",  "个人", "person" },
        {"company", "单位", "company"},
        {NULL,      NULL,     NULL     },
};

static const struct sheet_word langs[] = {
        {"zh-CN", "中文", "Chinese"},
        {"en",    "英文", "English"},
        {NULL,    NULL,     NULL     },
};

#define PHONE_COLUMN(id, chinese, english)                                                         \
	{                                                                                          \
		.key = id, .zh = chinese, .en = english, .type = SHEET_TEXT,                       \
		.max = PHONE_CELL_CHARS, .help_zh = "号码 / 备注; 电话1 为主号码",                 \
		.help_en = "number / label; phone 1 is the main one"                               \
	}

static const struct sheet_column columns[COUNT] = {
        [CODE] = {.key = "code",
                  .zh = "用户编号",
                  .en = "Customer no.",
                  .type = SHEET_TEXT,
                  .flags = SHEET_REQUIRED,
                  .min = 1,
                  .max = CODE_CHARS,
                  .size = CUSTOMER_CODE_SIZE},
        [KIND] = {.key = "kind",          .zh = "类型",                      .en = "Kind",                                                      .type = SHEET_WORD,                                                                                                                                .words = kinds},
        [NAME] = {.key = "name",
                  .zh = "姓名或单位",
                  .en = "Name",
                  .type = SHEET_TEXT,
                  .flags = SHEET_REQUIRED,
                  .min = 1,
                  .max = NAME_CHARS,
                  .size = CUSTOMER_NAME_SIZE},
        [LANG] =
                {.key = "lang",     .zh = "语言",                .en = "Language",                                                                    .type = SHEET_WORD,                                                                                                                                          .words = langs},
        [IDENTITY] = {.key = "identity",
                  .zh = "证件号",
                  .en = "Identity no.",
                  .type = SHEET_TEXT,
                  .max = IDENTITY_CHARS,
                  .help_zh = "导出时为脱敏号码; 原样导回则不变",
                  .help_en = "masked in exports; unchanged when it comes back so"},
        [PHONE] = PHONE_COLUMN("phone1", "电话1", "Phone 1"),
        PHONE_COLUMN("phone2", "电话2", "Phone 2"),
        PHONE_COLUMN("phone3", "电话3", "Phone 3"),
        PHONE_COLUMN("phone4", "电话4", "Phone 4"),
        PHONE_COLUMN("phone5", "电话5", "Phone 5"),
        PHONE_COLUMN("phone6", "电话6", "Phone 6"),
        PHONE_COLUMN("phone7", "电话7", "Phone 7"),
        PHONE_COLUMN("phone8", "电话8", "Phone 8"),
        [NOTE] = {.key = "note",
                  .zh = "备注",
                  .en = "Note",
                  .type = SHEET_TEXT,
                  .flags = SHEET_LINES,
                  .max = NOTE_CHARS,
                  .size = CUSTOMER_NOTE_SIZE},
        [ARCHIVED] = {.key = "archived", .zh = "已归档",                      .en = "Archived",                                                            .type = SHEET_BOOL                                                                                                                                         },
};

_Static_assert(CUSTOMER_PHONES_MAX == 8, "a column for each phone");

static const struct sheet_field fields[] = {
        {"code",     CODE    },
        {"kind",     KIND    },
        {"name",     NAME    },
        {"lang",     LANG    },
        {"note",     NOTE    },
        {"identity", IDENTITY},
        {"phones",   PHONE   },
        {"archived", ARCHIVED},
        {NULL,       0       },
};

static void row_key(const struct sheet_value *values, char key[SHEET_KEY_SIZE])
{
	sheet_text_to(key, SHEET_KEY_SIZE, &values[CODE]);
}

/* ---- phones ---- */

struct phones {
	struct phone_edit edit[CUSTOMER_PHONES_MAX];
	char number[CUSTOMER_PHONES_MAX][PHONE_SIZE];
	char label[CUSTOMER_PHONES_MAX][4 * PHONE_CELL_CHARS + 1];
	size_t count;
	bool there;  /* the sheet says something about phones */
	bool unsaid; /* a whole number, of somebody who may not see whole ones */
};

/* Whether a whole number is the one that is there is a yes or no to a guess, and a rehearsal asks
 * for as many as it has rows. So of those who may not see whole numbers each one is a change. */
static enum err may_compare(const struct sheet_run *run, bool *may)
{
	struct place place;
	enum err err = place_of_space(run->tx->db, run->property->property_id, 0, &place);

	if (!err)
		err = access_require(run->tx, run->actor, PERMISSION_CUSTOMER_REVEAL, &place,
		                     run->now_ms);
	*may = !err;
	return err == ERR_FORBIDDEN || err == ERR_HIDDEN ? ERR_NONE : err;
}

static bool is_taken(const struct phones *phones, int64_t phone_id)
{
	for (size_t i = 0; i < phones->count; i++)
		if (phones->edit[i].phone_id == phone_id)
			return true;
	return false;
}

/* The phone that the customer has under this number, whole or masked; 0: none. */
static int64_t known_phone(const struct customer_row *now, const struct phones *phones,
                           const char *number)
{
	for (size_t i = 0; i < now->phone_count; i++) {
		const struct customer_phone *phone = &now->phone[i];
		char masked[PHONE_SIZE];

		mask_phone(masked, sizeof masked, phone->phone);
		if (!is_taken(phones, phone->phone_id) &&
		    (strcmp(phone->phone, number) == 0 || strcmp(masked, number) == 0))
			return phone->phone_id;
	}
	return 0;
}

/* "138-0000-0000 / shop" and "13800000000 shop": the number and the rest. */
static void split(const char *cell, char *number, size_t size, const char **label)
{
	const char *slash = strchr(cell, '/');
	size_t len = slash ? (size_t)(slash - cell) : strspn(cell, "0123456789+-* ");

	*label = cell + len + (slash ? 1 : 0);
	while (len && cell[len - 1] == ' ')
		len--;
	while (**label == ' ')
		++*label;
	snprintf(number, size, "%.*s", (int)len, cell);
}

static enum err take_phone(struct sheet_run *run, const struct sheet_value *value, int column,
                           const struct customer_row *now, struct phones *phones)
{
	struct phone_edit *edit = &phones->edit[phones->count];
	char cell[4 * PHONE_CELL_CHARS + 1], number[4 * PHONE_CELL_CHARS + 1];
	const char *label;
	bool may = true;
	enum err err;

	sheet_text_to(cell, sizeof cell, value);
	split(cell, number, sizeof number, &label);
	*edit = (struct phone_edit){.main = phones->count == 0};
	snprintf(phones->label[phones->count], sizeof phones->label[0], "%s", label);
	edit->label = phones->label[phones->count];
	if (strchr(number, '*')) {
		edit->phone_id = known_phone(now, phones, number);
		if (!edit->phone_id)
			return sheet_wrong(run, column, SHEET_FAULT_UNKNOWN, "%s", number);
	} else {
		if (phone_normal(number, phones->number[phones->count]))
			return sheet_wrong(run, column, SHEET_FAULT_RULE, "3 … 20");
		edit->phone_id = known_phone(now, phones, phones->number[phones->count]);
		edit->number = phones->number[phones->count];
		err = may_compare(run, &may);
		if (err)
			return err;
		phones->unsaid = phones->unsaid || !may;
	}
	phones->count++;
	return ERR_NONE;
}

static enum err take_phones(struct sheet_run *run, const struct sheet_value *values,
                            const struct customer_row *now, struct phones *phones)
{
	enum err err = ERR_NONE;

	phones->count = 0;
	phones->there = phones->unsaid = false;
	for (int i = PHONE; !err && i < PHONE + CUSTOMER_PHONES_MAX; i++) {
		phones->there = phones->there || values[i].column_there;
		if (values[i].given)
			err = take_phone(run, &values[i], i, now, phones);
	}
	return err;
}

static bool phones_same(const struct phones *phones, const struct customer_row *now)
{
	if (phones->unsaid || phones->count != now->phone_count)
		return false;
	for (size_t i = 0; i < phones->count; i++) {
		const struct phone_edit *edit = &phones->edit[i];
		bool found = false;

		for (size_t k = 0; k < now->phone_count; k++)
			found = found || (now->phone[k].phone_id == edit->phone_id &&
			                  now->phone[k].main == edit->main &&
			                  strcmp(now->phone[k].label, edit->label) == 0);
		if (!found)
			return false;
	}
	return true;
}

/* ---- import ---- */

/* Everything of a row that the step may take, by value. */
struct texts {
	char code[CUSTOMER_CODE_SIZE], name[CUSTOMER_NAME_SIZE], note[CUSTOMER_NOTE_SIZE];
	char identity[4 * IDENTITY_SIZE];
};

/* A masked number that came back is the number itself. */
static bool identity_changes(struct sheet_run *run, const struct sheet_value *value,
                             const struct customer_row *now)
{
	char identity[IDENTITY_SIZE];
	bool may;

	if (!value->column_there)
		return false;
	if (!sheet_differs(value, now->identity_masked))
		return false;
	if (!now->has_identity || may_compare(run, &may) || !may ||
	    identity_open(run->tx->keys, now, identity))
		return true;
	return sheet_differs(value, identity);
}

static const char *word_of(const struct sheet_value *value, const struct sheet_word *words,
                           const char *now)
{
	if (!value->given || strcmp(words[value->number].word, now) == 0)
		return NULL;
	return words[value->number].word;
}

static bool take_changes(struct sheet_run *run, const struct sheet_value *values,
                         const struct customer_row *now, const struct phones *phones,
                         struct texts *texts, struct customer_edit *edit)
{
	sheet_text_to(texts->code, sizeof texts->code, &values[CODE]);
	sheet_text_to(texts->name, sizeof texts->name, &values[NAME]);
	sheet_text_to(texts->note, sizeof texts->note, &values[NOTE]);
	sheet_text_to(texts->identity, sizeof texts->identity, &values[IDENTITY]);
	edit->code = sheet_differs(&values[CODE], now->code) ? texts->code : NULL;
	edit->name = sheet_differs(&values[NAME], now->name) ? texts->name : NULL;
	edit->note = sheet_differs(&values[NOTE], now->note) ? texts->note : NULL;
	edit->identity = identity_changes(run, &values[IDENTITY], now) ? texts->identity : NULL;
	edit->kind = word_of(&values[KIND], kinds, now->kind);
	edit->lang = word_of(&values[LANG], langs, now->lang);
	edit->has_archived =
	        values[ARCHIVED].given && (values[ARCHIVED].number != 0) != (now->archived_s != 0);
	edit->archived = values[ARCHIVED].number;
	edit->has_phones = phones->there && !phones_same(phones, now);
	edit->phone_count = phones->count;
	edit->phone = phones->edit;
	return edit->code || edit->name || edit->note || edit->identity || edit->kind ||
	       edit->lang || edit->has_archived || edit->has_phones;
}

static enum err row(struct sheet_run *run, const struct sheet_value *values)
{
	struct customer_edit edit = {.actor = *run->actor,
	                             .property_id = run->property->property_id};
	char code[CUSTOMER_CODE_SIZE];
	struct customer_row now = {0};
	struct phones phones;
	struct texts texts;
	enum err err;

	sheet_text_to(code, sizeof code, &values[CODE]);
	err = customer_by_code(run->tx->db, run->property->property_id, code, &now);
	if (err && err != ERR_NOT_FOUND)
		return err;
	run->outcome = err ? SHEET_ROW_ADDED : SHEET_ROW_CHANGED;
	if (err)
		memset(&now, 0, sizeof now);
	err = take_phones(run, values, &now, &phones);
	if (err)
		return err;
	edit.customer_id = now.customer_id;
	edit.version = now.version;
	if (!take_changes(run, values, &now, &phones, &texts, &edit)) {
		run->outcome = SHEET_ROW_SAME;
		return ERR_NONE;
	}
	err = customer_edit_step(run->tx, &edit, run->now_ms, run->out);
	return err ? sheet_fault_wrong(run, err, &edit.fault, fields) : ERR_NONE;
}

/* ---- export ---- */

static void phone_cell(char *cell, size_t size, const struct customer_phone *phone, bool reveal)
{
	char masked[PHONE_SIZE];

	mask_phone(masked, sizeof masked, phone->phone);
	snprintf(cell, size, "%s%s%s", reveal ? phone->phone : masked, phone->label[0] ? " / " : "",
	         phone->label);
}

static bool put(void *arg, const struct customer_row *customer)
{
	struct sheet_page *page = arg;
	struct sheet_value values[COUNT] = {0};
	char cells[CUSTOMER_PHONES_MAX][PHONE_SIZE + PHONE_LABEL_SIZE + 4];
	size_t next = 1;

	values[CODE] = sheet_value_text(customer->code);
	values[KIND] = sheet_value_number(strcmp(customer->kind, "company") == 0);
	values[NAME] = sheet_value_text(customer->name);
	values[LANG] = sheet_value_number(strcmp(customer->lang, "en") == 0);
	values[IDENTITY] = sheet_value_text(customer->identity_masked);
	for (size_t i = 0; i < customer->phone_count; i++) {
		const struct customer_phone *phone = &customer->phone[i];
		/* The main one stands first, whatever its number. */
		size_t at = phone->main ? 0 : next++;

		phone_cell(cells[at], sizeof cells[at], phone, page->reveal);
		values[PHONE + at] = sheet_value_text(cells[at]);
	}
	values[NOTE] = sheet_value_text(customer->note);
	values[ARCHIVED] = sheet_value_number(customer->archived_s != 0);
	return sheet_page_put(page, values, customer->code, customer->customer_id);
}

static enum err page(struct sheet_page *page)
{
	struct customer_filter filter = {
	        .ask = page->ask, .state = CUSTOMER_ANY, .now_s = page->now_s};

	filter.ask.sort = CUSTOMER_BY_NUMBER;
	return customer_list(page->db, page->property->property_id, &filter, put, page);
}

const struct sheet_kind sheet_kind_customers = {
        .word = "customers",
        .zh = "用户",
        .en = "Customers",
        .columns = columns,
        .count = COUNT,
        .write = PERMISSION_CUSTOMER_WRITE,
        .read = PERMISSION_CUSTOMER_READ,
        .sum = {-1, -1},
        .key = row_key,
        .row = row,
        .page = page,
};
