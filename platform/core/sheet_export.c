#include "platform/core/sheet_export.h"

static void put(void *arg, const struct sheet_value *values)
{
	struct sheet_export *export = arg;

	for (size_t i = 0; i < export->kind->count; i++)
		sheet_put_value(export->writer, &export->kind->columns[i], &values[i],
		                export->lang);
	sheet_row_end(export->writer);
	export->rows++;
}

enum err sheet_export_slice(struct sheet_export *export, struct db *db)
{
	struct sheet_page page = {.db = db,
	                          .reveal = export->reveal,
	                          .property = &export->property,
	                          .now_s = export->now_s,
	                          .limit = SHEET_SLICE_ROWS,
	                          .ask = export->ask,
	                          .put = put,
	                          .arg = export};
	enum err err;

	if (!export->begun)
		sheet_put_header(export->writer, export->kind->columns, export->kind->count,
		                 export->lang);
	export->begun = true;
	if (export->empty) {
		export->end = true;
		return sheet_writer_error(export->writer);
	}
	err = export->kind->page(&page);
	if (!err)
		err = page.err;
	export->ask = page.ask;
	export->end = page.count < page.limit;
	return err ? err : sheet_writer_error(export->writer);
}

void sheet_export_output(const struct sheet_export *export, struct sheet_output *output)
{
	output->title = export->lang == SHEET_ZH ? export->kind->zh : export->kind->word;
	output->offset_s = (int32_t)(export->property.utc_offset_min * 60);
}
