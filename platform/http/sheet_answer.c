#include "platform/http/sheet_answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/http/context.h"

#define TYPE_CSV  "text/csv; charset=utf-8"
#define TYPE_GB   "text/csv; charset=gb18030"
#define TYPE_XLSX "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

enum sheet_encoding sheet_encoding_of(const char *word)
{
	if (word && strcmp(word, "gb18030") == 0)
		return SHEET_GB18030;
	return word && strcmp(word, "utf-8") == 0 ? SHEET_UTF8 : SHEET_ENCODING_AUTO;
}

enum sheet_lang sheet_lang_of(const char *word)
{
	if (word && strcmp(word, "en") == 0)
		return SHEET_EN;
	return word && strcmp(word, "keys") == 0 ? SHEET_KEYS : SHEET_ZH;
}

/* ---- on a reader thread ---- */

static enum err on_bytes(void *arg, const void *bytes, size_t len)
{
	const struct sheet_answer *answer = arg;

	return outflow_put(answer->piece, bytes, len);
}

static enum err begin(struct sheet_answer *answer)
{
	char path[SHEET_PATH_SIZE], folder[SHEET_PATH_SIZE];
	struct sheet_output output = {.format = answer->format,
	                              .write = on_bytes,
	                              .arg = answer,
	                              .encoding = answer->encoding,
	                              .raw = answer->ask.raw,
	                              .path = path,
	                              .tmp_dir = folder,
	                              .title = answer->ask.title,
	                              .offset_s = answer->ask.offset_s};
	enum err err;

	if (answer->format == SHEET_XLSX) {
		err = sheet_file_name(answer->store_dir, answer->file);
		if (err)
			return err;
		sheet_file_path(path, answer->store_dir, answer->file, SHEET_FILE_EXPORT);
		sheet_file_folder(folder, answer->store_dir);
	}
	return sheet_writer_new(&answer->writer, &output);
}

/* All rows are written. Of an XLSX only the open file is left. */
static enum err finish(struct sheet_answer *answer)
{
	enum err err = sheet_writer_end(answer->writer);

	answer->writer = NULL;
	if (answer->format == SHEET_CSV) {
		answer->piece->end = true;
		return err;
	}
	if (!err)
		err = sheet_file_open(answer->store_dir, answer->file, SHEET_FILE_EXPORT,
		                      &answer->fd);
	sheet_file_remove(answer->store_dir, answer->file, SHEET_FILE_EXPORT);
	answer->file[0] = '\0';
	answer->whole = true;
	return err;
}

static enum err more(struct reader *reader, void *arg, struct outflow_piece *piece)
{
	struct sheet_answer *answer = arg;
	enum err err = ERR_NONE;
	bool end = false;

	answer->piece = piece;
	if (answer->whole)
		return outflow_put_file(piece, answer->fd);
	if (!answer->writer)
		err = begin(answer);
	if (!err)
		err = answer->ask.rows(answer, reader, &end);
	return !err && end ? finish(answer) : err;
}

/* ---- on the I/O thread ---- */

static bool may(void *arg, const struct access *access)
{
	const struct sheet_answer *answer = arg;

	return answer->ask.may(answer, access, clock_wall_ms() / 1000);
}

static void answer_end(void *arg)
{
	struct sheet_answer *answer = arg;

	sheet_writer_drop(answer->writer);
	if (answer->file[0])
		sheet_file_remove(answer->store_dir, answer->file, SHEET_FILE_EXPORT);
	sheet_file_close(answer->fd);
	free(answer);
}

void answer_sheet(struct request *request, struct sheet_answer *answer,
                  const struct sheet_answer_ask *ask)
{
	char filename[96];
	struct outflow_source source = {
	        .filename = filename, .more = more, .may = may, .end = answer_end, .arg = answer};

	answer->ask = *ask;
	answer->format = ask->format && strcmp(ask->format, "xlsx") == 0 ? SHEET_XLSX : SHEET_CSV;
	answer->encoding = sheet_encoding_of(ask->encoding);
	answer->lang = sheet_lang_of(ask->lang);
	answer->store_dir = request->http->platform->settings.store_dir;
	answer->place = request->place;
	answer->fd = -1;
	snprintf(filename, sizeof filename, "%s.%s", ask->name,
	         answer->format == SHEET_XLSX ? "xlsx" : "csv");
	source.type = answer->format == SHEET_XLSX        ? TYPE_XLSX
	              : answer->encoding == SHEET_GB18030 ? TYPE_GB
	                                                  : TYPE_CSV;
	answer_outflow(request, &source);
}
