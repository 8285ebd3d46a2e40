/* Pages of lists: limit, cursor, sort and q as `x-list` of a fragment declares them.
 *
 *	if (!page_open(request, &list->page))         answered 400 already
 *		return;
 *	request_read(request, read_rows, list, rows_found);
 *
 *	static bool take_row(void *arg, const struct row *row)    on the reader's thread
 *	{
 *		if (!page_take(&list->page, row->name, 0, row->row_id))
 *			return false;                     the page is full
 *		show_row(list->page.out, row);
 *		return true;
 *	}
 *
 *	page_close(request, &list->page);             in rows_found
 *
 * A cursor is the key of the last row shown, bound to the path, the sort and the filters: any other
 * use of it is answered 400. It is no secret and gives no right: rows behind it are filtered as
 * those before it were. */
#ifndef PLATFORM_HTTP_PAGE_H
#define PLATFORM_HTTP_PAGE_H

#include "platform/store/list.h"

struct request;
struct json_out;

struct page {
	struct list_ask ask; /* for the store; ask.sort is the index in the fragment's sort words */
	int64_t limit, shown;
	bool full; /* there are rows behind this page */
	char last_text[LIST_KEY_SIZE];
	int64_t last_number, last_id;
	struct json_out *out;
};

/* Reads the parameters and begins `{"items":[`. False: answered. */
bool page_open(struct request *request, struct page *page);
/* May this row be shown? Its sort key (text or number, the other is "" or 0) and its id. */
bool page_take(struct page *page, const char *text, int64_t number, int64_t id);
/* Rows to ask the store for, when all of them are the caller's to see: one more than are shown. */
int64_t page_rows(const struct page *page);
/* Ends the list with `next` and answers 200. */
void page_close(struct request *request, struct page *page);

#endif
