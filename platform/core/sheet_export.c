#include "platform/core/sheet_export.h"

#include <stdio.h>

enum err sheet_taken_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct sheet_taken *taken = arg;
	char object[64], detail[64];
	struct place place;
	enum err err;

	(void)out;
	err = property_get(tx->db, taken->property_id, &taken->property);
	if (!err)
		err = place_of_space(tx->db, taken->property_id, 0, &place);
	if (!err)
		err = access_require(tx, &taken->actor, PERMISSION_SHEET_EXPORT, &place, now_ms);
	if (!err)
		err = access_require(tx, &taken->actor, taken->kind->read, &place, now_ms);
	if (err)
		return err;
	taken->reveal = access_require(tx, &taken->actor, PERMISSION_CUSTOMER_REVEAL, &place,
	                               now_ms) == ERR_NONE;
	if (taken->template)
		return ERR_NONE;
	snprintf(object, sizeof object, "sheet %s", taken->kind->word);
	snprintf(detail, sizeof detail, "%s%s", taken->form,
	         taken->reveal ? ", whole numbers" : "");
	return audit_note(tx, &taken->actor, taken->property_id, "sheet.export", object, detail,
	                  now_ms);
}

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
