#include "platform/http/page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"
#include "libs/base/utf8.h"
#include "platform/http/named.h"
#include "platform/http/request.h"

#define TAG_SIZE    8
#define CURSOR_SIZE (TAG_SIZE + 16 + LIST_KEY_SIZE)
#define CURSOR_TEXT (CURSOR_SIZE * 4 / 3 + 4)

/* ---- base64url, RFC 4648 §5, without padding ---- */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void encode(char *to, const uint8_t *from, size_t len)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | from[i];
		for (have += 8; have >= 6; have -= 6)
			*to++ = alphabet[bits >> (have - 6) & 63];
	}
	if (have)
		*to++ = alphabet[bits << (6 - have) & 63];
	*to = '\0';
}

/* False: other characters, or more than `size` bytes. */
static bool decode(const char *from, uint8_t *to, size_t size, size_t *len)
{
	uint32_t bits = 0;
	unsigned have = 0;

	for (*len = 0; *from; from++) {
		const char *digit = strchr(alphabet, *from);

		if (!digit)
			return false;
		bits = bits << 6 | (uint32_t)(digit - alphabet);
		have += 6;
		if (have < 8)
			continue;
		if (*len == size)
			return false;
		have -= 8;
		to[(*len)++] = (uint8_t)(bits >> have);
	}
	return have < 6 && (bits & ((1u << have) - 1)) == 0;
}

/* ---- what a cursor is bound to ---- */

static int by_name(const void *a, const void *b)
{
	const struct query_item *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void add_text(struct sha256 *sha, const char *text)
{
	sha256_update(sha, text, strlen(text) + 1);
}

/* Path, sort and filters, and the key itself: damage shows too. */
static void make_tag(const struct request *request, const uint8_t *key, size_t key_len,
                     uint8_t tag[TAG_SIZE])
{
	struct query query = request->query;
	uint8_t digest[SHA256_SIZE];
	struct sha256 sha;

	qsort(query.item, query.count, sizeof *query.item, by_name);
	sha256_init(&sha);
	add_text(&sha, request->path);
	for (size_t i = 0; i < query.count; i++) {
		const struct query_item *item = &query.item[i];

		if (strcmp(item->name, "limit") != 0 && strcmp(item->name, "cursor") != 0) {
			add_text(&sha, item->name);
			add_text(&sha, item->value);
		}
	}
	sha256_update(&sha, key, key_len);
	sha256_final(&sha, digest);
	memcpy(tag, digest, TAG_SIZE);
}

static bool read_cursor(struct request *request, const char *text, struct list_ask *ask)
{
	uint8_t bytes[CURSOR_SIZE], tag[TAG_SIZE];
	size_t len, key = TAG_SIZE;

	if (!decode(text, bytes, sizeof bytes, &len) || len < TAG_SIZE + 16)
		return false;
	make_tag(request, bytes + key, len - key, tag);
	if (memcmp(tag, bytes, TAG_SIZE) != 0)
		return false;
	ask->has_after = true;
	ask->after_number = (int64_t)get_le64(bytes + key);
	ask->after_id = (int64_t)get_le64(bytes + key + 8);
	key += 16;
	if (len - key >= sizeof ask->after_text)
		return false;
	memcpy(ask->after_text, bytes + key, len - key);
	ask->after_text[len - key] = '\0';
	return true;
}

static void write_cursor(const struct request *request, const struct page *page,
                         char text[CURSOR_TEXT])
{
	uint8_t bytes[CURSOR_SIZE], *key = bytes + TAG_SIZE;
	size_t text_len = strlen(page->last_text), len = 16 + text_len;

	put_le64(key, (uint64_t)page->last_number);
	put_le64(key + 8, (uint64_t)page->last_id);
	memcpy(key + 16, page->last_text, text_len);
	make_tag(request, key, len, bytes);
	encode(text, bytes, TAG_SIZE + len);
}

/* ---- pages ---- */

/* "name" or "-name": the route's table has checked the word. */
static void read_sort(const struct route_list *list, const char *word, struct list_ask *ask)
{
	ask->descending = list->descending;
	if (!word) /* nor does a list of one order take it */
		return;
	ask->descending = *word == '-';
	word += *word == '-';
	while (list->sorts[ask->sort] && strcmp(list->sorts[ask->sort], word) != 0)
		ask->sort++;
}

bool page_open(struct request *request, struct page *page)
{
	const struct route_list *list = request->match.route->list;
	const char *cursor = query_text(&request->query, "cursor");
	const char *limit = query_text(&request->query, "limit");
	const char *search = query_text(&request->query, "q");

	memset(page, 0, sizeof *page);
	page->out = &request->out;
	page->limit = list->limit;
	if (limit)
		(void)decimal_parse(limit, INT64_MAX, &page->limit);
	read_sort(list, query_text(&request->query, "sort"), &page->ask);
	if (search)
		utf8_copy(page->ask.search, sizeof page->ask.search, search);
	if (cursor && !read_cursor(request, cursor, &page->ask)) {
		answer_problem(request, PROBLEM_BAD_FIELD, "cursor",
		               "not a cursor of this list with this sort and these filters");
		return false;
	}
	out_object(page->out, NULL);
	out_array(page->out, "items");
	return true;
}

bool page_take(struct page *page, const char *text, int64_t number, int64_t id)
{
	page->full = page->shown == page->limit;
	if (page->full)
		return false;
	utf8_copy(page->last_text, sizeof page->last_text, text);
	page->last_number = number;
	page->last_id = id;
	page->shown++;
	return true;
}

int64_t page_rows(const struct page *page)
{
	return page->limit + 1;
}

void page_close(struct request *request, struct page *page)
{
	char cursor[CURSOR_TEXT];

	out_array_end(page->out);
	if (!page->shown)
		named_note(request);
	if (page->full) {
		write_cursor(request, page, cursor);
		out_text(page->out, "next", cursor);
	} else {
		out_null(page->out, "next");
	}
	out_object_end(page->out);
	answer_json(request, 200);
}
