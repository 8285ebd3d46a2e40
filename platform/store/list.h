/* What the lists of people's objects have in common: one order, a search text, and a cursor that is
 * the key of the last row shown. Pages are cut by the reader of the rows, because some of them are
 * not his to see. */
#ifndef PLATFORM_STORE_LIST_H
#define PLATFORM_STORE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIST_KEY_SIZE    256
#define LIST_SEARCH_SIZE 256 /* 60 characters */
#define LIST_LIKE_SIZE   (2 * LIST_SEARCH_SIZE + 3)

/* Above every text of the store, byte by byte. */
#define LIST_TEXT_TOP "\xF4\x8F\xBF\xBF"

struct list_ask {
	unsigned sort; /* one of the list's own orders */
	bool descending;
	char search[LIST_SEARCH_SIZE]; /* "": all */
	/* Only rows behind this key; has_after false: from the start. */
	bool has_after;
	char after_text[LIST_KEY_SIZE];
	int64_t after_number, after_id;
};

/* The key to bind: the cursor's, or one before (behind, when descending) everything. */
const char *list_after_text(const struct list_ask *ask);
int64_t list_after_number(const struct list_ask *ask);
int64_t list_after_id(const struct list_ask *ask);

/* A LIKE pattern (ESCAPE '\') for "holds this text"; letters A-Z become small, as lower() makes
 * them on the other side. */
void list_like(char pattern[LIST_LIKE_SIZE], const char *search);
/* For "ends in": digits of a phone. */
void list_like_end(char pattern[LIST_LIKE_SIZE], const char *search);

#endif
