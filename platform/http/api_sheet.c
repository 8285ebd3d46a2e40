/* Kinds of sheets, and all objects of a kind as a sheet. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/sheet_export.h"
#include "platform/http/context.h"
#include "platform/http/sheet_answer.h"

/* ---- kinds ---- */

static const char *const types[] = {
        [SHEET_TEXT] = "text", [SHEET_DIGITS] = "digits", [SHEET_NUMBER] = "number",
        [SHEET_DATE] = "date", [SHEET_TIME] = "time",     [SHEET_WORD] = "word",
        [SHEET_BOOL] = "bool",
};

static void show_words(struct json_out *out, const struct sheet_word *word)
{
	out_array(out, "words");
	for (; word && word->word; word++) {
		out_object(out, NULL);
		out_text(out, "word", word->word);
		out_text(out, "zh", word->zh);
		out_text(out, "en", word->en);
		out_object_end(out);
	}
	out_array_end(out);
}

static void show_column(struct json_out *out, const struct sheet_column *column)
{
	out_object(out, NULL);
	out_text(out, "key", column->key);
	out_text(out, "zh", column->zh);
	out_text(out, "en", column->en);
	out_text(out, "type", types[column->type]);
	out_bool(out, "required", column->flags & SHEET_REQUIRED);
	out_bool(out, "read_only", column->flags & SHEET_READ_ONLY);
	out_bool(out, "lines", column->flags & SHEET_LINES);
	out_int(out, "min", column->min);
	out_int(out, "max", column->max);
	out_int(out, "decimals", column->decimals);
	show_words(out, column->words);
	out_text(out, "help_zh", column->help_zh ? column->help_zh : "");
	out_text(out, "help_en", column->help_en ? column->help_en : "");
	out_object_end(out);
}

static void show_kind(struct json_out *out, const struct sheet_kind *kind)
{
	out_object(out, NULL);
	out_text(out, "sheet", kind->word);
	out_text(out, "zh", kind->zh);
	out_text(out, "en", kind->en);
	out_bool(out, "second_person", kind->second_person);
	out_array(out, "columns");
	for (size_t i = 0; i < kind->count; i++)
		show_column(out, &kind->columns[i]);
	out_array_end(out);
	out_object_end(out);
}

void sheets_list(struct request *request)
{
	struct json_out *out = &request->out;
	const struct sheet_kind *kind;

	out_object(out, NULL);
	out_array(out, "items");
	for (size_t i = 0; (kind = sheet_kind_at(i)) != NULL; i++)
		show_kind(out, kind);
	out_array_end(out);
	out_object_end(out);
	answer_json(request, 200);
}

/* ---- export ---- */

struct exporting {
	struct sheet_answer answer; /* first */
	struct sheet_export export;
};

static enum err next_rows(struct sheet_answer *answer, struct reader *reader, bool *end)
{
	struct exporting *exporting = (struct exporting *)(void *)answer;
	enum err err;

	exporting->export.writer = answer->writer;
	err = sheet_export_slice(&exporting->export, reader->db);
	*end = exporting->export.end;
	return err;
}

static bool may_export(const struct sheet_answer *answer, const struct access *access,
                       int64_t now_s)
{
	const struct sheet_export *export =
	        &((const struct exporting *)(const void *)answer)->export;

	return access_allows(access, PERMISSION_SHEET_EXPORT, &answer->place, now_s) &&
	       access_allows(access, export->kind->read, &answer->place, now_s) &&
	       (!export->reveal ||
	        access_allows(access, PERMISSION_CUSTOMER_REVEAL, &answer->place, now_s));
}

static void begin_export(struct request *request, const struct sheet_taken *taken)
{
	const struct query_sheet_export *query = sheet_export_query(request);
	struct exporting *exporting = calloc(1, sizeof *exporting);
	struct sheet_output output = {.title = NULL};
	char name[64];
	struct sheet_answer_ask ask = {.format = query->format,
	                               .lang = query->lang,
	                               .encoding = query->encoding,
	                               .raw = query->raw,
	                               .name = name,
	                               .rows = next_rows,
	                               .may = may_export};

	if (!exporting) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	exporting->export = (struct sheet_export){.kind = taken->kind,
	                                          .property = taken->property,
	                                          .lang = sheet_lang_of(query->lang),
	                                          .reveal = taken->reveal,
	                                          .empty = taken->template,
	                                          .now_s = request->now_ms / 1000};
	sheet_export_output(&exporting->export, &output);
	ask.title = output.title;
	ask.offset_s = output.offset_s;
	snprintf(name, sizeof name, "%s-%s", taken->property.slug, taken->kind->word);
	answer_sheet(request, &exporting->answer, &ask);
}

static void taken(struct request *request, void *arg, enum err err)
{
	if (err)
		answer_err(request, err);
	else
		begin_export(request, arg);
}

void sheet_export(struct request *request)
{
	const struct query_sheet_export *query = sheet_export_query(request);
	const struct sheet_kind *kind = sheet_kind_find(request_param(request, "sheet"));
	struct sheet_taken *ask = request_alloc(request, sizeof *ask);

	if (!ask || !kind || !kind->page) {
		answer_err(request, ask ? ERR_NOT_FOUND : ERR_NOMEM);
		return;
	}
	actor_fill(&ask->actor, request, "");
	ask->kind = kind;
	ask->property_id = request->place.property_id;
	ask->template = query->template;
	ask->form = query->format ? query->format : "csv";
	request_step(request, sheet_taken_step, ask, taken);
}
