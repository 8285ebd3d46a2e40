/* `wattle export readings`: readings of a period as a CSV or an SQLite file. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/sheet.h"
#include "libs/base/time.h"
#include "platform/core/clock.h"
#include "platform/core/reading_export.h"
#include "platform/store/files.h"
#include "platform/store/info.h"
#include "platform/store/meter.h"
#include "platform/store/space.h"

#define PAGE      1000
#define WHAT_SIZE 160

static const char usage_text[] =
        "export readings FILE.csv|FILE.sqlite [--property ID] [--from TIME] [--to TIME]\n"
        "         [--space PATH] [--meters N,N,...] [--columns NAME,NAME,...]\n"
        "         [--lang zh-CN|en|keys] [--encoding utf-8|gb18030] [--raw]   (- : CSV to the terminal)";

struct taking {
	struct settings settings;
	struct db *db;
	struct day_reader *days;
	struct property_row property;
	const char *file, *space, *meters, *columns; /* as they were given; NULL: not */
	int64_t space_id;                            /* 0: any */
	struct reading_export_ask ask;
	struct reading_export *export;
	struct reading_sink sink;
	struct sheet_output output;
	FILE *to;
	int64_t after; /* meter, for paging */
	size_t found;
	enum err err;
};

/* ---- what is asked for ---- */

/* A time, or a day of the property's own calendar. */
static bool time_given(const struct taking *t, const char *text, int64_t *at_s)
{
	int64_t at_ms;
	int year, month, day, end = 0;

	if (!rfc3339_parse(text, &at_ms)) {
		*at_s = at_ms / 1000;
		return true;
	}
	if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &end) == 3 && !text[end] &&
	    year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
	    (unsigned)day <= days_in_month(year, (unsigned)month)) {
		*at_s = days_from_date(year, (unsigned)month, (unsigned)day) * SECONDS_PER_DAY -
		        t->property.utc_offset_min * 60;
		return true;
	}
	fail("%s: a time like 2026-07-04T02:15:00Z or a day like 2026-07-04 is wanted", text);
	return false;
}

static bool columns_given(struct taking *t)
{
	const char *at = t->columns;
	char word[32];

	t->sink.columns = at ? 0 : READING_COLUMNS_ALL;
	while (at && *at) {
		size_t len = strcspn(at, ",");
		enum reading_column column;

		snprintf(word, sizeof word, "%.*s", (int)len, at);
		if (!reading_column_find(word, &column)) {
			fail("no column %s; there are:", word);
			for (size_t i = 0; i < READING_COLUMN_COUNT; i++)
				fprintf(stderr, "  %-14s %s\n", reading_columns[i].key,
				        reading_columns[i].zh);
			return false;
		}
		t->sink.columns |= READING_COLUMN_BIT(column);
		at += len + (at[len] == ',');
	}
	t->ask.gaps = t->sink.columns & READING_COLUMN_BIT(READING_GAP_FROM_S);
	return t->sink.columns || fail("--columns names none") == EXIT_GOOD;
}

/* ---- meters ---- */

static bool is_named(const char *list, int64_t meter)
{
	char number[24];
	size_t len = (size_t)snprintf(number, sizeof number, "%012lld", (long long)meter);

	for (const char *at = list; (at = strstr(at, number)) != NULL; at += len)
		if ((at == list || at[-1] == ',') && (at[len] == ',' || !at[len]))
			return true;
	return false;
}

static bool is_in_space(struct taking *t, const struct meter_row *meter)
{
	struct space_row space;

	if (!meter->space_id)
		return false;
	t->err = space_get(t->db, meter->property_id, meter->space_id, &space);
	return !t->err && (space.space_id == t->space_id || space.floor_id == t->space_id ||
	                   space.building_id == t->space_id);
}

static void take_meter(void *arg, const struct meter_row *row)
{
	struct taking *t = arg;

	t->after = row->meter;
	if (t->err || (t->meters && !is_named(t->meters, row->meter)) ||
	    (t->space_id && !is_in_space(t, row)))
		return;
	t->found++;
	t->err = reading_export_add(t->export, row->meter, row->gateway_id,
	                            row->period_s ? row->period_s : t->settings.reading_period_s);
}

static enum err take_meters(struct taking *t)
{
	int64_t before;
	enum err err;

	do {
		before = t->after;
		err = meter_list(t->db, t->property.property_id, before, PAGE, take_meter, t);
		if (!err)
			err = t->err;
	} while (!err && t->after != before);
	return err;
}

static size_t named_count(const char *list)
{
	size_t count = *list != '\0';

	for (; *list; list++)
		count += *list == ',';
	return count;
}

/* ---- the file ---- */

static enum err write_bytes(void *arg, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, arg) == len ? ERR_NONE : ERR_IO;
}

static bool is_sqlite(const char *file)
{
	size_t len = strlen(file);

	return (len > 7 && strcmp(file + len - 7, ".sqlite") == 0) ||
	       (len > 3 && strcmp(file + len - 3, ".db") == 0);
}

static enum err open_sqlite(struct taking *t, const char *what)
{
	struct table_column columns[READING_COLUMN_COUNT];
	size_t count = reading_table_columns(t->sink.columns, columns);
	enum err err;

	if (access(t->file, F_OK) == 0)
		return ERR_DUP;
	err = table_file_new(&t->sink.table, t->file, "reading", columns, count);
	if (!err)
		err = table_file_about(t->sink.table, "property", t->property.slug);
	return err ? err : table_file_about(t->sink.table, "what", what);
}

static enum err open_csv(struct taking *t)
{
	enum err err;

	t->to = strcmp(t->file, "-") == 0 ? stdout : fopen(t->file, "we");
	if (!t->to)
		return err_of_errno(errno);
	t->output.format = SHEET_CSV;
	t->output.write = write_bytes;
	t->output.arg = t->to;
	err = sheet_writer_new(&t->sink.sheet, &t->output);
	if (!err)
		reading_sink_header(&t->sink);
	return err;
}

static enum err write_lines(struct taking *t)
{
	enum err err = ERR_NONE;

	while (!err && !reading_export_over(t->export)) {
		if (t->sink.table)
			err = table_file_begin(t->sink.table);
		if (!err)
			err = reading_export_slice(t->export, t->db, t->days, &t->sink);
		if (!err && t->sink.table)
			err = table_file_commit(t->sink.table);
	}
	return err;
}

static enum err close_file(struct taking *t, enum err err)
{
	char number[24];
	enum err end = ERR_NONE;

	snprintf(number, sizeof number, "%lld", (long long)reading_export_lines(t->export));
	if (t->sink.table && !err)
		end = table_file_about(t->sink.table, "lines", number);
	table_file_close(t->sink.table);
	if (t->sink.sheet)
		end = sheet_writer_end(t->sink.sheet);
	if (t->to && (t->to == stdout ? fflush(t->to) : fclose(t->to)) && !end)
		end = ERR_IO;
	return err ? err : end;
}

/* ---- the command ---- */

static enum err write_file(struct taking *t)
{
	struct readings_taken taken = {.property_id = t->property.property_id};
	char from[RFC3339_SIZE], to[RFC3339_SIZE], what[WHAT_SIZE];
	enum err err = rfc3339_format(t->ask.from_s, from);

	if (!err)
		err = rfc3339_format(t->ask.to_s, to);
	if (err)
		return err;
	snprintf(what, sizeof what, "%s, %s to %s, %zu meters",
	         is_sqlite(t->file) ? "sqlite" : "csv", from, to, t->found);
	taken.what = what;
	actor_here(&taken.actor, "");
	err = step_run(t->db, NULL, readings_taken_step, &taken, clock_wall_ms(), NULL);
	if (!err)
		err = is_sqlite(t->file) ? open_sqlite(t, what) : open_csv(t);
	if (!err)
		err = write_lines(t);
	return close_file(t, err);
}

static int run(struct taking *t)
{
	uint8_t hash_key[16];
	enum err err;

	err = reading_export_new(&t->export, &t->ask);
	if (err)
		return fail("--from must be before --to");
	err = take_meters(t);
	if (!err && t->meters && t->found != named_count(t->meters))
		return fail("--meters: not all of them are here%s",
		            t->space_id ? ", in this space" : "");
	if (!err)
		err = info_hash_key(t->db, hash_key);
	if (!err)
		err = day_reader_open(&t->days, t->settings.store_dir, hash_key);
	if (!err)
		err = write_file(t);
	if (err)
		return fail("export: %s", err == ERR_DUP ? "the file exists" : err_text(err));
	if (t->to != stdout)
		fprintf(stderr, "%lld lines 行\n", (long long)reading_export_lines(t->export));
	if (reading_export_damaged(t->export))
		fprintf(stderr, "%llu damaged batches were left out\n",
		        (unsigned long long)reading_export_damaged(t->export));
	return EXIT_GOOD;
}

int cmd_export_readings(const struct cli *cli, int argc, char **argv)
{
	struct taking t = {.ask.now_s = clock_wall_ms() / 1000};
	const char *property = option(&argc, argv, "--property");
	const char *from = option(&argc, argv, "--from"), *to = option(&argc, argv, "--to");
	const char *lang = option(&argc, argv, "--lang");
	const char *encoding = option(&argc, argv, "--encoding");
	int code = EXIT_USAGE;

	t.space = option(&argc, argv, "--space");
	t.meters = option(&argc, argv, "--meters");
	t.columns = option(&argc, argv, "--columns");
	t.output.raw = flag(&argc, argv, "--raw");
	if (!options_done(argc, argv) || argc != 2)
		return usage(usage_text);
	t.file = argv[1];
	if (!columns_given(&t) || !lang_chosen(lang, &t.sink.lang) ||
	    !encoding_chosen(encoding, &t.output.encoding))
		return EXIT_USAGE;
	t.db = open_store(cli, &t.settings);
	if (!t.db || !property_chosen(t.db, property, &t.property)) {
		db_close(t.db);
		return EXIT_FAILED;
	}
	t.ask.property_id = t.property.property_id;
	t.sink.offset_s = (int32_t)(t.property.utc_offset_min * 60);
	t.ask.to_s = t.ask.now_s + 1;
	if ((!to || time_given(&t, to, &t.ask.to_s)) &&
	    space_chosen(t.db, &t.property, t.space, &t.space_id)) {
		t.ask.from_s = t.ask.to_s - SECONDS_PER_DAY;
		if (!from || time_given(&t, from, &t.ask.from_s))
			code = run(&t);
	}
	reading_export_free(t.export);
	day_reader_close(t.days);
	db_close(t.db);
	return code;
}
