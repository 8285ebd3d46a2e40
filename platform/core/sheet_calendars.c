/* A property's own calendars: a row is a day or a span of friendly hours. A sheet adds and changes;
 * what it does not name stays. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/calendar.h"
#include "platform/core/sheet_kind.h"

enum { CALENDAR, WHAT, DATE, NAME, CUT_FREE, WEEKDAYS, FROM, TO, COUNT };

/* The first three are calendar_day_kind. */
enum { FRIENDLY = CALENDAR_WORKDAY + 1 };

#define WEEKDAYS_CHARS 8 /* 1234567H */
#define CLOCK_CHARS    8

static const struct sheet_word whats[] = {
        [CALENDAR_PLAIN] = {"plain",    "普通日",    "plain day"      },
        [CALENDAR_HOLIDAY] = {"holiday",  "节假日",    "holiday"        },
        [CALENDAR_WORKDAY] = {"workday",  "调休上班", "make-up workday"},
        [FRIENDLY] = {"friendly", "友好时段", "friendly hours" },
        {NULL,       NULL,           NULL             },
};

static const struct sheet_column columns[COUNT] = {
        [CALENDAR] = {.key = "calendar",
                      .zh = "日历",
                      .en = "Calendar",
                      .type = SHEET_TEXT,
                      .flags = SHEET_REQUIRED,
                      .min = 1,
                      .max = NAME_CHARS,
                      .size = CALENDAR_NAME_SIZE},
        [WHAT] = {.key = "what",
                      .zh = "类型",
                      .en = "What",
                      .type = SHEET_WORD,
                      .flags = SHEET_REQUIRED,
                      .words = whats},
        [DATE] = {.key = "date",
                      .zh = "日期",
                      .en = "Date",
                      .type = SHEET_DATE,
                      .min = 0,
                      .max = 109572,
                      .help_zh = "友好时段不填",
                      .help_en = "not for friendly hours"},
        [NAME] = {.key = "name",
                      .zh = "名称",
                      .en = "Name",
                      .type = SHEET_TEXT,
                      .max = CODE_CHARS,
                      .size = CALENDAR_DAY_NAME},
        [CUT_FREE] = {.key = "cut_free",                                                                 .zh = "全天不断电",                                             .en = "Cut-free",                                                .type = SHEET_BOOL                                                                                                                          },
        [WEEKDAYS] = {.key = "weekdays",
                      .zh = "星期",
                      .en = "Weekdays",
                      .type = SHEET_TEXT,
                      .max = WEEKDAYS_CHARS,
                      .help_zh = "友好时段: 1-7 为周一至周日, H 为节假日",
                      .help_en = "friendly hours: 1 to 7 from Monday, H holidays"},
        [FROM] =
                {.key = "from",                                                                 .zh = "开始",                                         .en = "From",                                                .type = SHEET_TEXT,                                                                                                                       .max = CLOCK_CHARS},
        [TO] = {.key = "to", .zh = "结束", .en = "To", .type = SHEET_TEXT,                                                            .max = CLOCK_CHARS                                                                                                                                                                                  },
};

static const struct sheet_field fields[] = {
        {"name",     CALENDAR},
        {"days",     DATE    },
        {"friendly", WEEKDAYS},
        {NULL,       0       },
};

static void row_key(const struct sheet_value *values, char key[SHEET_KEY_SIZE])
{
	if (values[WHAT].number == FRIENDLY)
		snprintf(key, SHEET_KEY_SIZE, "%.*s\n%.*s %.*s %.*s", (int)values[CALENDAR].len,
		         values[CALENDAR].text, (int)values[WEEKDAYS].len, values[WEEKDAYS].text,
		         (int)values[FROM].len, values[FROM].text, (int)values[TO].len,
		         values[TO].text);
	else
		snprintf(key, SHEET_KEY_SIZE, "%.*s\n%lld", (int)values[CALENDAR].len,
		         values[CALENDAR].text, (long long)values[DATE].number);
}

/* ---- words of a window ---- */

static bool parse_weekdays(const struct sheet_value *value, uint8_t *days)
{
	*days = 0;
	for (size_t i = 0; i < value->len; i++) {
		char c = value->text[i];

		if (c >= '1' && c <= '7')
			*days |= (uint8_t)(DAYS_MONDAY << (c - '1'));
		else if (c == 'H' || c == 'h')
			*days |= DAYS_HOLIDAY;
		else
			return false;
	}
	return *days != 0;
}

static void format_weekdays(uint8_t days, char text[WEEKDAYS_CHARS + 1])
{
	size_t n = 0;

	for (unsigned i = 0; i < 7; i++)
		if (days & DAYS_MONDAY << i)
			text[n++] = (char)('1' + i);
	if (days & DAYS_HOLIDAY)
		text[n++] = 'H';
	text[n] = '\0';
}

/* 9:00, 09:00 and 09:00:00 as XLSX gives a time; 24:00 ends a day. */
static bool parse_clock(const struct sheet_value *value, int16_t *minute)
{
	char text[CLOCK_CHARS + 1], seconds[CLOCK_CHARS + 1] = "";
	unsigned hour, minutes;
	char colon;

	sheet_text_to(text, sizeof text, value);
	if (sscanf(text, "%2u%c%2u%8s", &hour, &colon, &minutes, seconds) < 3 || colon != ':' ||
	    minutes > 59 || hour * 60 + minutes > MINUTES_PER_DAY)
		return false;
	if (seconds[0] && strcmp(seconds, ":00") != 0)
		return false;
	*minute = (int16_t)(hour * 60 + minutes);
	return true;
}

/* ---- import ---- */

static bool take_day(struct calendar_content *content, const struct sheet_value *values,
                     struct calendar_edit *edit)
{
	struct calendar *calendar = &content->calendar;
	struct calendar_day day = {.day = (int32_t)values[DATE].number,
	                           .kind = (uint8_t)values[WHAT].number};
	char name[CALENDAR_DAY_NAME];
	size_t at = 0;

	sheet_text_to(name, sizeof name, &values[NAME]);
	while (at < calendar->day_count && calendar->day[at].day != day.day)
		at++;
	if (at == CALENDAR_DAYS_MAX)
		return false;
	day.cut_free = values[CUT_FREE].column_there ? values[CUT_FREE].number != 0
	               : at < calendar->day_count    ? calendar->day[at].cut_free
	                                             : false;
	if (at < calendar->day_count && !values[NAME].column_there)
		memcpy(name, content->day_name[at], sizeof name);
	edit->has_days = at == calendar->day_count || calendar->day[at].kind != day.kind ||
	                 calendar->day[at].cut_free != day.cut_free ||
	                 strcmp(content->day_name[at], name) != 0;
	calendar->day[at] = day;
	memcpy(content->day_name[at], name, sizeof name);
	if (at == calendar->day_count)
		calendar->day_count++;
	return true;
}

static bool take_window(struct calendar *calendar, const struct calendar_window *window,
                        struct calendar_edit *edit)
{
	for (size_t i = 0; i < calendar->window_count; i++) {
		const struct calendar_window *w = &calendar->window[i];

		if (w->days == window->days && w->from_min == window->from_min &&
		    w->to_min == window->to_min)
			return true;
	}
	if (calendar->window_count == CALENDAR_WINDOWS_MAX)
		return false;
	edit->has_windows = true;
	calendar->window[calendar->window_count++] = *window;
	return true;
}

static enum err take_values(struct sheet_run *run, const struct sheet_value *values,
                            struct calendar_edit *edit)
{
	struct calendar_window window = {0};

	if (values[WHAT].number != FRIENDLY) {
		if (!values[DATE].given)
			return sheet_wrong(run, DATE, SHEET_FAULT_REQUIRED, "%s", "");
		if (!take_day(edit->content, values, edit))
			return sheet_wrong(run, DATE, SHEET_FAULT_RULE, "%d", CALENDAR_DAYS_MAX);
		return ERR_NONE;
	}
	if (!parse_weekdays(&values[WEEKDAYS], &window.days))
		return sheet_wrong(run, WEEKDAYS, SHEET_FAULT_RULE, "%s", "1 … 7, H");
	if (!parse_clock(&values[FROM], &window.from_min))
		return sheet_wrong(run, FROM, SHEET_FAULT_NOT_TIME, "%s", "00:00 … 23:59");
	if (!parse_clock(&values[TO], &window.to_min))
		return sheet_wrong(run, TO, SHEET_FAULT_NOT_TIME, "%s", "00:01 … 24:00");
	if (!take_window(&edit->content->calendar, &window, edit))
		return sheet_wrong(run, WEEKDAYS, SHEET_FAULT_RULE, "%d", CALENDAR_WINDOWS_MAX);
	return ERR_NONE;
}

struct search {
	const char *name;
	int64_t property_id;
	struct calendar_row found;
};

static void note_named(void *arg, const struct calendar_row *row)
{
	struct search *search = arg;

	if (row->property_id == search->property_id && strcmp(row->name, search->name) == 0)
		search->found = *row;
}

static enum err take_row(struct sheet_run *run, const struct sheet_value *values,
                         struct calendar_edit *edit)
{
	const struct property_row *property = run->property;
	char name[CALENDAR_NAME_SIZE];
	struct search search = {.name = name, .property_id = property->property_id};
	enum err err;

	sheet_text_to(name, sizeof name, &values[CALENDAR]);
	err = calendar_list(run->tx->db, property->group_id, property->property_id, note_named,
	                    &search);
	edit->calendar_id = search.found.calendar_id;
	edit->version = search.found.version;
	if (!err && edit->calendar_id)
		err = calendar_read(run->tx->db, edit->calendar_id, edit->content);
	if (!err)
		err = take_values(run, values, edit);
	if (err)
		return err;
	run->outcome = edit->calendar_id ? SHEET_ROW_CHANGED : SHEET_ROW_ADDED;
	if (edit->calendar_id && !edit->has_days && !edit->has_windows) {
		run->outcome = SHEET_ROW_SAME;
		return ERR_NONE;
	}
	edit->name = edit->calendar_id ? NULL : name;
	edit->has_days = edit->has_windows = true;
	err = calendar_edit_step(run->tx, edit, run->now_ms, run->out);
	return err ? sheet_fault_wrong(run, err, &edit->fault, fields) : ERR_NONE;
}

static enum err row(struct sheet_run *run, const struct sheet_value *values)
{
	struct calendar_edit edit = {.actor = *run->actor,
	                             .group_id = run->property->group_id,
	                             .property_id = run->property->property_id,
	                             .content = calloc(1, sizeof *edit.content)};
	enum err err = edit.content ? take_row(run, values, &edit) : ERR_NOMEM;

	free(edit.content);
	return err;
}

/* ---- export: whole calendars until the slice is full ---- */

#define CALENDARS_A_LOOK 16

struct exporting {
	struct sheet_page *page;
	struct calendar_content *content;
	int64_t after_id;
	struct calendar_row rows[CALENDARS_A_LOOK]; /* of the property, behind it, by number */
	size_t count;
};

static void note_own(void *arg, const struct calendar_row *row)
{
	struct exporting *exporting = arg;

	if (row->property_id == exporting->page->property->property_id &&
	    row->calendar_id > exporting->after_id && exporting->count < CALENDARS_A_LOOK)
		exporting->rows[exporting->count++] = *row;
}

static void put_window(struct sheet_page *page, const struct calendar_row *row,
                       const struct calendar_window *window)
{
	struct sheet_value values[COUNT] = {0};
	char days[WEEKDAYS_CHARS + 1], from[CLOCK_CHARS], to[CLOCK_CHARS];

	format_weekdays(window->days, days);
	snprintf(from, sizeof from, "%02d:%02d", window->from_min / 60 % 24, window->from_min % 60);
	snprintf(to, sizeof to, "%02d:%02d", window->to_min / 60 % 25, window->to_min % 60);
	values[CALENDAR] = sheet_value_text(row->name);
	values[WHAT] = sheet_value_number(FRIENDLY);
	values[WEEKDAYS] = sheet_value_text(days);
	values[FROM] = sheet_value_text(from);
	values[TO] = sheet_value_text(to);
	sheet_page_put(page, values, row->name, row->calendar_id);
}

static void put_day(struct sheet_page *page, const struct calendar_row *row,
                    const struct calendar_day *day, const char *name)
{
	struct sheet_value values[COUNT] = {0};

	values[CALENDAR] = sheet_value_text(row->name);
	values[WHAT] = sheet_value_number(day->kind);
	values[DATE] = sheet_value_number(day->day);
	values[NAME] = sheet_value_text(name);
	values[CUT_FREE] = sheet_value_number(day->cut_free);
	sheet_page_put(page, values, row->name, row->calendar_id);
}

static enum err put_calendar(struct exporting *exporting, const struct calendar_row *row)
{
	struct calendar_content *content = exporting->content;
	enum err err = calendar_read(exporting->page->db, row->calendar_id, content);

	for (size_t i = 0; !err && i < content->calendar.window_count; i++)
		put_window(exporting->page, row, &content->calendar.window[i]);
	for (size_t i = 0; !err && i < content->calendar.day_count; i++)
		put_day(exporting->page, row, &content->calendar.day[i], content->day_name[i]);
	return err;
}

static enum err put_next(struct exporting *exporting)
{
	const struct sheet_page *page = exporting->page;
	const struct property_row *property = page->property;
	enum err err;

	exporting->count = 0;
	err = calendar_list(page->db, property->group_id, property->property_id, note_own,
	                    exporting);
	for (size_t i = 0; !err && i < exporting->count && page->count < page->limit; i++) {
		err = put_calendar(exporting, &exporting->rows[i]);
		exporting->after_id = exporting->rows[i].calendar_id;
	}
	return err;
}

static enum err page(struct sheet_page *page)
{
	struct exporting exporting = {.page = page,
	                              .after_id = page->ask.has_after ? page->ask.after_id : 0};
	enum err err;

	exporting.content = calloc(1, sizeof *exporting.content);
	if (!exporting.content)
		return ERR_NOMEM;
	do
		err = put_next(&exporting);
	while (!err && exporting.count == CALENDARS_A_LOOK && page->count < page->limit);
	free(exporting.content);
	return err;
}

const struct sheet_kind sheet_kind_calendars = {
        .word = "calendars",
        .zh = "日历",
        .en = "Calendars",
        .columns = columns,
        .count = COUNT,
        .write = PERMISSION_PLAN_WRITE,
        .read = PERMISSION_PROPERTY_READ,
        .sum = {-1, -1},
        .key = row_key,
        .row = row,
        .page = page,
};
