/* A line of a readings export, and its columns: written alike into a CSV and into a database. */
#ifndef PLATFORM_CORE_READING_LINE_H
#define PLATFORM_CORE_READING_LINE_H

#include "platform/sheet/column.h"
#include "platform/store/latest.h"
#include "platform/store/table_file.h"

enum reading_column {
	READING_TIME_S,
	READING_TIME_LOCAL,
	READING_METER,
	READING_NAME,
	READING_SPACE,
	READING_GAP_FROM_S,
	READING_ENERGY_WH,
	READING_POWER_DW,
	READING_VOLTAGE_DV,
	READING_CURRENT_MA,
	READING_PF_PERMILLE,
	READING_FREQUENCY_CHZ,
	READING_STATE,
	READING_QUALITY,
	READING_COLUMN_COUNT
};

#define READING_COLUMN_BIT(column) (1u << (column))
#define READING_COLUMNS_ALL        ((1u << READING_COLUMN_COUNT) - 1)

extern const struct sheet_column reading_columns[READING_COLUMN_COUNT];

/* The column of this key; false: there is none. */
bool reading_column_find(const char *key, enum reading_column *column);

struct reading_line {
	const char *name, *space; /* of the meter; "" : in no space */
	bool is_gap;              /* nothing is stored from gap_from_s to value.time_s */
	int64_t gap_from_s;
	struct reading value; /* of a gap: meter and time only */
};

/* Where lines go: one of both. */
struct reading_sink {
	unsigned columns; /* READING_COLUMN_BIT of each that is wanted, at least one */
	int32_t offset_s; /* civil time, east of UTC */
	enum sheet_lang lang;
	struct sheet_writer *sheet;
	struct table_file *table;
};

/* The header of a sheet; a table has it already. */
void reading_sink_header(const struct reading_sink *sink);
/* Where to make a table: columns as table_file_new wants them; their number. */
size_t reading_table_columns(unsigned columns, struct table_column to[READING_COLUMN_COUNT]);
MUST_USE enum err reading_sink_put(const struct reading_sink *sink,
                                   const struct reading_line *line);

#endif
