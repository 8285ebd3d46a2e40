/* Leases: which customer holds which spaces, and when. */
#include <stdio.h>
#include <string.h>

#include "platform/core/lease.h"
#include "platform/core/sheet_kind.h"

enum { CODE, CUSTOMER, SPACES, START, END, REMIND, NOTE, STATE, COUNT };

#define SPACES_CHARS (LEASE_SPACES_MAX * (SPACE_PATH_CHARS + 1))
#define SPACES_SIZE  (LEASE_SPACES_MAX * SPACE_PATH_SIZE)

static const struct sheet_word states[] = {
        {"planned",   "未开始", "planned"  },
        {"running",   "执行中", "running"  },
        {"ended",     "已结束", "ended"    },
        {"cancelled", "已取消", "cancelled"},
        {NULL,        NULL,        NULL       },
};

static const struct sheet_column columns[COUNT] = {
        [CODE] = {.key = "code",
                  .zh = "租约编号",
                  .en = "Lease no.",
                  .type = SHEET_TEXT,
                  .flags = SHEET_REQUIRED,
                  .min = 1,
                  .max = CODE_CHARS,
                  .size = LEASE_CODE_SIZE},
        [CUSTOMER] = {.key = "customer",
                  .zh = "用户编号",
                  .en = "Customer no.",
                  .type = SHEET_TEXT,
                  .flags = SHEET_REQUIRED,
                  .min = 1,
                  .max = CODE_CHARS,
                  .size = CUSTOMER_CODE_SIZE},
        [SPACES] = {.key = "spaces",
                  .zh = "房间",
                  .en = "Spaces",
                  .type = SHEET_TEXT,
                  .flags = SHEET_REQUIRED | SHEET_LINES,
                  .min = 1,
                  .max = SPACES_CHARS,
                  .size = SPACES_SIZE,
                  .help_zh = "楼栋/楼层/房间, 每行一个或用分号隔开",
                  .help_en = "building/floor/room, one a line or with semicolons"},
        [START] = {.key = "start",
                  .zh = "开始日期",
                  .en = "Start",
                  .type = SHEET_DATE,
                  .flags = SHEET_REQUIRED,
                  .min = LEASE_DAY_MIN,
                  .max = LEASE_DAY_MAX},
        [END] = {.key = "end",
                  .zh = "结束日期",
                  .en = "End",
                  .type = SHEET_DATE,
                  .min = LEASE_DAY_MIN,
                  .max = LEASE_DAY_MAX,
                  .help_zh = "含当日; 空为未定",
                  .help_en = "included; empty: open"},
        [REMIND] = {.key = "remind_days",
                  .zh = "提前提醒(天)",
                  .en = "Reminder (days)",
                  .type = SHEET_NUMBER,
                  .max = REMIND_DAYS_MAX,
                  .help_zh = "空为按物业设置",
                  .help_en = "empty: as the property says"},
        [NOTE] = {.key = "note",
                  .zh = "备注",
                  .en = "Note",
                  .type = SHEET_TEXT,
                  .flags = SHEET_LINES,
                  .max = NOTE_CHARS,
                  .size = LEASE_NOTE_SIZE},
        [STATE] = {.key = "state",
                  .zh = "状态",
                  .en = "State",
                  .type = SHEET_WORD,
                  .flags = SHEET_READ_ONLY,
                  .words = states         },
};

static const struct sheet_field fields[] = {
        {"code",        CODE    },
        {"customer",    CUSTOMER},
        {"spaces",      SPACES  },
        {"start",       START   },
        {"end",         END     },
        {"remind_days", REMIND  },
        {"note",        NOTE    },
        {NULL,          0       },
};

static void row_key(const struct sheet_value *values, char key[SHEET_KEY_SIZE])
{
	sheet_text_to(key, SHEET_KEY_SIZE, &values[CODE]);
}

/* ---- import ---- */

/* The end of the path at `at`: of the line, or of the part before a semicolon. */
static size_t path_len(const char *at)
{
	static const char wide[] = "\xEF\xBC\x9B"; /* the semicolon of Chinese keyboards */
	size_t len = strcspn(at, "\n;");
	const char *found = strstr(at, wide);

	return found && (size_t)(found - at) < len ? (size_t)(found - at) : len;
}

static const char *skip_separators(const char *at)
{
	for (;;) {
		if (*at == ' ' || *at == '\n' || *at == ';')
			at++;
		else if (strncmp(at, "\xEF\xBC\x9B", 3) == 0)
			at += 3;
		else
			return at;
	}
}

static enum err take_spaces(struct sheet_run *run, const struct sheet_value *value,
                            int64_t space[LEASE_SPACES_MAX], size_t *count)
{
	char text[SPACES_SIZE], path[SPACE_PATH_SIZE];
	const char *at;
	enum err err = ERR_NONE;

	sheet_text_to(text, sizeof text, value);
	*count = 0;
	for (at = skip_separators(text); !err && *at; at = skip_separators(at)) {
		size_t len = path_len(at), kept = len;
		struct space_row row;

		if (*count == LEASE_SPACES_MAX)
			return sheet_wrong(run, SPACES, SHEET_FAULT_RULE, "%d", LEASE_SPACES_MAX);
		while (kept && at[kept - 1] == ' ')
			kept--;
		snprintf(path, sizeof path, "%.*s", (int)kept, at);
		err = sheet_space_find(run, SPACES, path, &row);
		space[(*count)++] = row.space_id;
		at += len;
	}
	return err;
}

static bool spaces_same(const struct lease_row *now, const int64_t *space, size_t count)
{
	if (now->space_count != count)
		return false;
	for (size_t i = 0; i < count; i++) {
		bool found = false;

		for (size_t k = 0; k < count; k++)
			found = found || now->space[k] == space[i];
		if (!found)
			return false;
	}
	return true;
}

static enum err take_customer(struct sheet_run *run, const struct sheet_value *value,
                              const struct lease_row *now, int64_t *customer_id)
{
	char code[CUSTOMER_CODE_SIZE];
	struct customer_row customer;
	enum err err;

	sheet_text_to(code, sizeof code, value);
	err = customer_by_code(run->tx->db, run->property->property_id, code, &customer);
	if (err == ERR_NOT_FOUND)
		return sheet_wrong(run, CUSTOMER, SHEET_FAULT_UNKNOWN, "%s", code);
	*customer_id = customer.customer_id;
	if (!err && now->lease_id && now->customer_id != customer.customer_id)
		return sheet_wrong(run, CUSTOMER, SHEET_FAULT_RULE, "%s", now->code);
	return err;
}

static enum err find(struct sheet_run *run, const struct sheet_value *values, struct lease_row *now)
{
	char code[LEASE_CODE_SIZE];
	enum err err;

	sheet_text_to(code, sizeof code, &values[CODE]);
	err = lease_by_code(run->tx->db, run->property->property_id, code, now);
	if (err == ERR_NOT_FOUND) {
		memset(now, 0, sizeof *now);
		now->remind_days = -1;
		return ERR_NONE;
	}
	return err;
}

static enum err row(struct sheet_run *run, const struct sheet_value *values)
{
	struct lease_edit edit = {.actor = *run->actor, .property_id = run->property->property_id};
	char code[LEASE_CODE_SIZE], note[LEASE_NOTE_SIZE];
	int64_t space[LEASE_SPACES_MAX];
	int64_t remind = values[REMIND].given ? values[REMIND].number : -1;
	struct lease_row now;
	enum err err = find(run, values, &now);

	if (!err)
		err = take_customer(run, &values[CUSTOMER], &now, &edit.customer_id);
	if (!err)
		err = take_spaces(run, &values[SPACES], space, &edit.space_count);
	if (err)
		return err;
	sheet_text_to(code, sizeof code, &values[CODE]);
	sheet_text_to(note, sizeof note, &values[NOTE]);
	edit.lease_id = now.lease_id;
	edit.version = now.version;
	edit.code = sheet_differs(&values[CODE], now.code) ? code : NULL;
	edit.note = sheet_differs(&values[NOTE], now.note) ? note : NULL;
	edit.has_start = !now.lease_id || sheet_number_differs(&values[START], now.start_day);
	edit.start_day = values[START].number;
	edit.has_end = sheet_number_differs(&values[END], now.end_day);
	edit.end_day = values[END].number;
	edit.has_remind = values[REMIND].column_there && remind != now.remind_days;
	edit.remind_days = remind;
	edit.has_spaces = !spaces_same(&now, space, edit.space_count);
	edit.space = space;
	run->outcome = now.lease_id ? SHEET_ROW_CHANGED : SHEET_ROW_ADDED;
	if (now.lease_id && !edit.code && !edit.note && !edit.has_start && !edit.has_end &&
	    !edit.has_remind && !edit.has_spaces) {
		run->outcome = SHEET_ROW_SAME;
		return ERR_NONE;
	}
	err = lease_edit_step(run->tx, &edit, run->now_ms, run->out);
	return err ? sheet_fault_wrong(run, err, &edit.fault, fields) : ERR_NONE;
}

/* ---- export ---- */

static enum err paths_of(struct sheet_page *page, const struct lease_row *lease, char *to,
                         size_t size)
{
	char path[SPACE_PATH_SIZE];
	size_t used = 0;
	enum err err = ERR_NONE;

	to[0] = '\0';
	for (size_t i = 0; !err && i < lease->space_count && used < size; i++) {
		struct space_row space;

		err = space_get(page->db, lease->property_id, lease->space[i], &space);
		if (!err)
			err = space_path(page->db, &space, path);
		if (!err)
			used += (size_t)snprintf(to + used, size - used, "%s%s", i ? "\n" : "",
			                         path);
	}
	return err;
}

static bool put(void *arg, const struct lease_row *lease)
{
	struct sheet_page *page = arg;
	struct sheet_value values[COUNT] = {0};
	struct customer_row customer;
	char spaces[SPACES_SIZE];

	page->err = customer_get(page->db, lease->property_id, lease->customer_id, &customer);
	if (!page->err)
		page->err = paths_of(page, lease, spaces, sizeof spaces);
	if (page->err)
		return false;
	values[CODE] = sheet_value_text(lease->code);
	values[CUSTOMER] = sheet_value_text(customer.code);
	values[SPACES] = sheet_value_text(spaces);
	values[START] = sheet_value_number(lease->start_day);
	values[END] = sheet_value_number(lease->end_day);
	values[END].given = lease->end_day != 0;
	values[REMIND] = sheet_value_number(lease->remind_days);
	values[REMIND].given = lease->remind_days >= 0;
	values[NOTE] = sheet_value_text(lease->note);
	values[STATE] = sheet_value_number(lease_state_at(lease, page->now_s) - (int)LEASE_PLANNED);
	return sheet_page_put(page, values, lease->code, lease->lease_id);
}

static enum err page(struct sheet_page *page)
{
	struct lease_filter filter = {.ask = page->ask, .now_s = page->now_s};

	filter.ask.sort = LEASE_BY_NUMBER;
	return lease_list(page->db, page->property->property_id, &filter, put, page);
}

const struct sheet_kind sheet_kind_leases = {
        .word = "leases",
        .zh = "租约",
        .en = "Leases",
        .columns = columns,
        .count = COUNT,
        .write = PERMISSION_CUSTOMER_WRITE,
        .read = PERMISSION_CUSTOMER_READ,
        .sum = {-1, -1},
        .key = row_key,
        .row = row,
        .page = page,
};
