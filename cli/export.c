/* `wattle export`: all objects of a kind as a sheet; and what the kinds are. Readings have a file of
 * their own (export_readings.c). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/sheet.h"
#include "platform/core/clock.h"
#include "platform/core/sheet_export.h"
#include "platform/store/sheet_file.h"
#include "platform/store/store.h"

static const char usage_text[] =
        "export KIND [FILE] [--property ID] [--lang zh-CN|en|keys] [--encoding utf-8|gb18030]\n"
        "         [--raw] [--template]     (FILE.xlsx: a workbook; no FILE: CSV to the terminal)\n"
        "       wattle export --columns [KIND]\n"
        "       wattle export readings FILE.csv|FILE.sqlite [--from TIME] [--to TIME] ...";

const struct sheet_kind *kind_named(const char *word)
{
	const struct sheet_kind *kind = sheet_kind_find(word);

	if (kind)
		return kind;
	fail("no kind of sheet %s; there are:", word);
	for (size_t i = 0; (kind = sheet_kind_at(i)) != NULL; i++)
		fprintf(stderr, "  %-12s %s\n", kind->word, kind->zh);
	return NULL;
}

bool property_chosen(struct db *db, const char *slug, struct property_row *row)
{
	struct tx tx = {.db = db};
	enum err err = property_named_or_only(&tx, slug ? slug : "", row);

	if (err == ERR_BAD_INPUT)
		fail("there are several properties: name one with --property");
	else if (err)
		fail("property %s: %s", slug ? slug : "", err_text(err));
	return !err;
}

bool space_chosen(struct db *db, const struct property_row *property, const char *path,
                  int64_t *space_id)
{
	const char *at = path;
	char code[SPACE_CODE_SIZE];
	struct space_row space = {0};

	while (at && *at) {
		size_t len = strcspn(at, "/");

		snprintf(code, sizeof code, "%.*s", (int)len, at);
		if (space_by_code(db, property->property_id, space.space_id, code, &space)) {
			fail("%s: there is no such space", path);
			return false;
		}
		at += len + (at[len] == '/');
	}
	*space_id = space.space_id;
	return true;
}

bool encoding_chosen(const char *word, enum sheet_encoding *encoding)
{
	*encoding = SHEET_ENCODING_AUTO;
	if (!word || strcmp(word, "auto") == 0)
		return true;
	*encoding = strcmp(word, "gb18030") == 0 ? SHEET_GB18030 : SHEET_UTF8;
	if (*encoding == SHEET_GB18030 || strcmp(word, "utf-8") == 0)
		return true;
	fail("%s: auto, utf-8 or gb18030", word);
	return false;
}

/* ---- columns, for people who fill a sheet in ---- */

static const char *type_text(enum sheet_type type)
{
	static const char *const texts[] = {
	        [SHEET_TEXT] = "文字 text",      [SHEET_DIGITS] = "数字串 digits",
	        [SHEET_NUMBER] = "数值 number",  [SHEET_DATE] = "日期 date",
	        [SHEET_TIME] = "时间 time",      [SHEET_WORD] = "选项 one of",
	        [SHEET_BOOL] = "是/否 yes / no",
	};

	return texts[type];
}

static void print_kind(const struct sheet_kind *kind)
{
	char words[768];

	printf("\n## %s · %s · `%s`\n\n", kind->zh, kind->en, kind->word);
	puts("| 列 | column | key | | |\n| --- | --- | --- | --- | --- |");
	for (size_t i = 0; i < kind->count; i++) {
		const struct sheet_column *c = &kind->columns[i];

		words[0] = '\0';
		if (c->words)
			sheet_column_words(c, SHEET_ZH, words, sizeof words);
		printf("| %s%s | %s | `%s` | %s%s%s | %s%s%s |\n", c->zh,
		       c->flags & SHEET_REQUIRED ? " *" : "", c->en, c->key, type_text(c->type),
		       words[0] ? ": " : "", words,
		       c->flags & SHEET_READ_ONLY ? "只导出 in exports only"
		       : c->help_zh               ? c->help_zh
		                                  : "",
		       c->help_en && !(c->flags & SHEET_READ_ONLY) ? " · " : "",
		       c->help_en && !(c->flags & SHEET_READ_ONLY) ? c->help_en : "");
	}
}

static int print_columns(const char *word)
{
	const struct sheet_kind *kind;

	if (word) {
		kind = kind_named(word);
		if (!kind)
			return EXIT_USAGE;
		print_kind(kind);
		return EXIT_GOOD;
	}
	for (size_t i = 0; (kind = sheet_kind_at(i)) != NULL; i++)
		print_kind(kind);
	return EXIT_GOOD;
}

/* ---- export ---- */

struct exporting {
	struct settings settings;
	struct db *db;
	struct property_row property;
	const struct sheet_kind *kind;
	const char *file; /* NULL: standard output */
	struct sheet_output output;
	enum sheet_lang lang;
	bool template;
};

static enum err write_file(void *arg, const void *bytes, size_t len)
{
	return fwrite(bytes, 1, len, arg) == len ? ERR_NONE : ERR_IO;
}

static enum err write_rows(struct exporting *e)
{
	struct sheet_export export = {.kind = e->kind,
	                              .property = e->property,
	                              .lang = e->lang,
	                              .reveal = true,
	                              .empty = e->template,
	                              .now_s = clock_wall_ms() / 1000};
	enum err err, end;

	sheet_export_output(&export, &e->output);
	err = sheet_writer_new(&export.writer, &e->output);
	if (err)
		return err;
	while (!err && !export.end)
		err = sheet_export_slice(&export, e->db);
	end = sheet_writer_end(export.writer);
	if (!err && !end && e->file)
		fprintf(stderr, "%lld rows 行\n", (long long)export.rows);
	return err ? err : end;
}

static int run(struct exporting *e)
{
	struct sheet_taken taken = {.kind = e->kind,
	                            .property_id = e->property.property_id,
	                            .template = e->template,
	                            .form = e->output.format == SHEET_XLSX ? "xlsx" : "csv"};
	char folder[SHEET_PATH_SIZE], name[SHEET_NAME_SIZE];
	FILE *to = stdout;
	enum err err;

	actor_here(&taken.actor, "");
	err = step_run(e->db, NULL, sheet_taken_step, &taken, clock_wall_ms(), NULL);
	if (!err && e->output.format == SHEET_XLSX)
		err = sheet_file_name(e->settings.store_dir, name); /* makes the folder */
	if (err)
		return fail("export: %s", err_text(err));
	if (e->file && e->output.format == SHEET_CSV)
		to = fopen(e->file, "we");
	if (!to)
		return fail("%s: %s", e->file, strerror(errno));
	sheet_file_folder(folder, e->settings.store_dir);
	e->output.write = write_file;
	e->output.arg = to;
	e->output.path = e->file;
	e->output.tmp_dir = folder;
	err = write_rows(e);
	if (to != stdout && fclose(to) && !err)
		err = ERR_IO;
	return err ? fail("export: %s", err_text(err)) : EXIT_GOOD;
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

bool lang_chosen(const char *word, enum sheet_lang *lang)
{
	*lang = SHEET_ZH;
	if (!word || strcmp(word, "zh-CN") == 0)
		return true;
	*lang = strcmp(word, "en") == 0 ? SHEET_EN : SHEET_KEYS;
	if (*lang == SHEET_EN || strcmp(word, "keys") == 0)
		return true;
	fail("%s: zh-CN, en or keys", word);
	return false;
}

int cmd_export(const struct cli *cli, int argc, char **argv)
{
	struct exporting e = {.file = NULL};
	const char *property, *lang, *encoding;
	bool columns;
	int code = EXIT_FAILED;

	if (argc > 1 && strcmp(argv[1], "readings") == 0)
		return cmd_export_readings(cli, argc - 1, argv + 1);
	property = option(&argc, argv, "--property");
	lang = option(&argc, argv, "--lang");
	encoding = option(&argc, argv, "--encoding");
	columns = flag(&argc, argv, "--columns");
	e.template = flag(&argc, argv, "--template");
	e.output.raw = flag(&argc, argv, "--raw");
	if (!options_done(argc, argv) || argc > 3 || (argc < 2 && !columns))
		return usage(usage_text);
	if (columns)
		return print_columns(argc > 1 ? argv[1] : NULL);
	e.kind = kind_named(argv[1]);
	if (!e.kind || !lang_chosen(lang, &e.lang) ||
	    !encoding_chosen(encoding, &e.output.encoding))
		return EXIT_USAGE;
	if (!e.kind->page)
		return fail("%s is not exported", e.kind->word);
	e.file = argc > 2 ? argv[2] : NULL;
	e.output.format = e.file && ends_with(e.file, ".xlsx") ? SHEET_XLSX : SHEET_CSV;
	e.db = open_store(cli, &e.settings);
	if (e.db && property_chosen(e.db, property, &e.property))
		code = run(&e);
	db_close(e.db);
	return code;
}
