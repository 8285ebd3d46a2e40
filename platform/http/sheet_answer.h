/* Sheets as answers, CSV or XLSX. A CSV leaves as its rows are made; an XLSX is made in a file
 * without a name, because its table of contents is at the end, and leaves when it is whole. */
#ifndef PLATFORM_HTTP_SHEET_ANSWER_H
#define PLATFORM_HTTP_SHEET_ANSWER_H

#include "platform/http/outflow.h"
#include "platform/sheet/sheet.h"
#include "platform/store/sheet_file.h"

struct sheet_answer;

struct sheet_answer_ask {
	const char *format, *lang, *encoding; /* words of the query; NULL: the default */
	bool raw;
	const char *name;  /* of the file, without its ending */
	const char *title; /* of the work sheet */
	int32_t offset_s;  /* civil time of the sheet */
	/* On a reader thread: the next rows into answer->writer. */
	enum err (*rows)(struct sheet_answer *answer, struct reader *reader, bool *end);
	/* On the I/O thread. */
	bool (*may)(const struct sheet_answer *answer, const struct access *access, int64_t now_s);
};

/* The first member of what a handler has allocated with calloc; freed with it. */
struct sheet_answer {
	struct sheet_answer_ask ask;
	enum sheet_format format;
	enum sheet_encoding encoding;
	enum sheet_lang lang;
	const char *store_dir;
	struct place place;
	struct sheet_writer *writer;

	struct outflow_piece *piece; /* that is being made */
	char file[SHEET_NAME_SIZE];  /* of an XLSX under way; "" : none */
	int fd;                      /* of a whole one */
	bool whole;
};

void answer_sheet(struct request *request, struct sheet_answer *answer,
                  const struct sheet_answer_ask *ask);

/* "utf-8", "gb18030"; NULL and others: found by content. */
enum sheet_encoding sheet_encoding_of(const char *word);
/* "en", "keys"; NULL and others: Chinese. */
enum sheet_lang sheet_lang_of(const char *word);

#endif
