#include "platform/core/reading_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/time.h"
#include "libs/proto/meter.h"

#define WORDS_SIZE 160 /* all words of a bit set, with blanks between */
#define LOCAL_SIZE 32

/* Of the wire, not of the meter. */
#define STATE_HIDDEN ((uint32_t)(METER_EVENT_PENDING | METER_SAMPLE_TOGGLE))

/* clang-format off */
const struct sheet_column reading_columns[READING_COLUMN_COUNT] = {
	[READING_TIME_S] = {.key = "time_s", .zh = "时间（UTC 秒）", .en = "time (UTC s)", .type = SHEET_NUMBER},
	[READING_TIME_LOCAL] = {.key = "time_local", .zh = "当地时间", .en = "local time", .type = SHEET_TEXT},
	[READING_METER] = {.key = "meter", .zh = "表号", .en = "meter", .type = SHEET_DIGITS},
	[READING_NAME] = {.key = "name", .zh = "表名", .en = "name", .type = SHEET_TEXT},
	[READING_SPACE] = {.key = "space", .zh = "位置", .en = "space", .type = SHEET_TEXT},
	[READING_GAP_FROM_S] = {.key = "gap_from_s", .zh = "缺数起点（UTC 秒）", .en = "gap from (UTC s)", .type = SHEET_NUMBER},
	[READING_ENERGY_WH] = {.key = "energy_wh", .zh = "电能示数（Wh）", .en = "energy register (Wh)", .type = SHEET_NUMBER},
	[READING_POWER_DW] = {.key = "power_dw", .zh = "功率（0.1 W）", .en = "power (0.1 W)", .type = SHEET_NUMBER},
	[READING_VOLTAGE_DV] = {.key = "voltage_dv", .zh = "电压（0.1 V）", .en = "voltage (0.1 V)", .type = SHEET_NUMBER},
	[READING_CURRENT_MA] = {.key = "current_ma", .zh = "电流（mA）", .en = "current (mA)", .type = SHEET_NUMBER},
	[READING_PF_PERMILLE] = {.key = "pf_permille", .zh = "功率因数（0.001）", .en = "power factor (0.001)", .type = SHEET_NUMBER},
	[READING_FREQUENCY_CHZ] = {.key = "frequency_chz", .zh = "频率（0.01 Hz）", .en = "frequency (0.01 Hz)", .type = SHEET_NUMBER},
	[READING_STATE] = {.key = "state", .zh = "状态", .en = "state", .type = SHEET_TEXT},
	[READING_QUALITY] = {.key = "quality", .zh = "质量标记", .en = "quality", .type = SHEET_TEXT},
};

/* clang-format on */

bool reading_column_find(const char *key, enum reading_column *column)
{
	for (unsigned i = 0; i < READING_COLUMN_COUNT; i++) {
		if (strcmp(reading_columns[i].key, key) != 0)
			continue;
		*column = (enum reading_column)i;
		return true;
	}
	return false;
}

static bool is_wanted(unsigned columns, unsigned column)
{
	return columns >> column & 1;
}

void reading_sink_header(const struct reading_sink *sink)
{
	struct sheet_column wanted[READING_COLUMN_COUNT];
	size_t count = 0;

	for (unsigned i = 0; i < READING_COLUMN_COUNT; i++)
		if (is_wanted(sink->columns, i))
			wanted[count++] = reading_columns[i];
	sheet_put_header(sink->sheet, wanted, count, sink->lang);
}

size_t reading_table_columns(unsigned columns, struct table_column to[READING_COLUMN_COUNT])
{
	size_t count = 0;

	for (unsigned i = 0; i < READING_COLUMN_COUNT; i++)
		if (is_wanted(columns, i))
			to[count++] = (struct table_column){.name = reading_columns[i].key,
			                                    .text = reading_columns[i].type !=
			                                            SHEET_NUMBER};
	return count;
}

/* ---- cells ---- */

static void local_time(int64_t unix_s, int32_t offset_s, char text[LOCAL_SIZE])
{
	char civil[RFC3339_SIZE];
	int minutes = abs(offset_s) / 60;

	text[0] = '\0';
	if (rfc3339_format(unix_s + offset_s, civil) != ERR_NONE)
		return;
	snprintf(text, LOCAL_SIZE, "%.19s%c%02d:%02d", civil, offset_s < 0 ? '-' : '+',
	         minutes / 60 % 24, minutes % 60);
}

static void words_of(uint32_t bits, unsigned count, const char *(*word)(unsigned bit),
                     char text[WORDS_SIZE])
{
	size_t len = 0;

	text[0] = '\0';
	for (unsigned bit = 0; bit < count && len < WORDS_SIZE; bit++)
		if (bits >> bit & 1 && word(bit))
			len += (size_t)snprintf(text + len, WORDS_SIZE - len, "%s%s",
			                        len ? " " : "", word(bit));
}

static void put_number(const struct reading_sink *sink, int64_t value)
{
	if (sink->sheet)
		sheet_put_number(sink->sheet, value, 0);
	else
		table_put_number(sink->table, value);
}

static void put_text(const struct reading_sink *sink, const char *text)
{
	if (sink->sheet)
		sheet_put_text(sink->sheet, text, strlen(text));
	else
		table_put_text(sink->table, text);
}

static void put_nothing(const struct reading_sink *sink)
{
	if (sink->sheet)
		sheet_put_nothing(sink->sheet);
	else
		table_put_nothing(sink->table);
}

/* What a gap does not have. */
static void put_value(const struct reading_sink *sink, const struct reading_line *line,
                      int64_t value)
{
	if (line->is_gap)
		put_nothing(sink);
	else
		put_number(sink, value);
}

static void put_cell(const struct reading_sink *sink, const struct reading_line *line,
                     enum reading_column column)
{
	const struct reading *value = &line->value;
	char text[WORDS_SIZE];

	switch (column) {
	case READING_TIME_S:
		put_number(sink, value->time_s);
		return;
	case READING_TIME_LOCAL:
		local_time(value->time_s, sink->offset_s, text);
		put_text(sink, text);
		return;
	case READING_METER:
		snprintf(text, sizeof text, "%012lld", (long long)value->meter);
		put_text(sink, text);
		return;
	case READING_NAME:
		put_text(sink, line->name);
		return;
	case READING_SPACE:
		put_text(sink, line->space);
		return;
	case READING_GAP_FROM_S:
		if (line->is_gap)
			put_number(sink, line->gap_from_s);
		else
			put_nothing(sink);
		return;
	case READING_ENERGY_WH:
		put_value(sink, line, value->energy_wh);
		return;
	case READING_POWER_DW:
		put_value(sink, line, value->power_dw);
		return;
	case READING_VOLTAGE_DV:
		put_value(sink, line, value->voltage_dv);
		return;
	case READING_CURRENT_MA:
		put_value(sink, line, value->current_ma);
		return;
	case READING_PF_PERMILLE:
		put_value(sink, line, value->pf_permille);
		return;
	case READING_FREQUENCY_CHZ:
		put_value(sink, line, value->frequency_chz);
		return;
	case READING_STATE:
		words_of(line->is_gap ? 0 : value->state & ~STATE_HIDDEN, METER_STATE_BITS,
		         meter_state_word, text);
		put_text(sink, text);
		return;
	case READING_QUALITY:
		words_of(value->quality, METER_QUALITY_BITS, meter_quality_word, text);
		put_text(sink, line->is_gap ? "gap" : text);
		return;
	case READING_COLUMN_COUNT:
		break;
	}
}

enum err reading_sink_put(const struct reading_sink *sink, const struct reading_line *line)
{
	for (unsigned i = 0; i < READING_COLUMN_COUNT; i++)
		if (is_wanted(sink->columns, i))
			put_cell(sink, line, (enum reading_column)i);
	if (!sink->sheet)
		return table_row_end(sink->table);
	sheet_row_end(sink->sheet);
	return sheet_writer_error(sink->sheet);
}
