/* The terminal of `wattle top`: keys in, screens out. */
#ifndef CLI_TOP_H
#define CLI_TOP_H

#include <stdbool.h>

enum top_key {
	KEY_NONE,
	KEY_QUIT,
	KEY_UP,
	KEY_DOWN,
	KEY_PAGE_UP,
	KEY_PAGE_DOWN,
	KEY_HOME,
	KEY_END,
	KEY_SORT,
	KEY_REVERSE,
};

/* Raw keys and the alternate screen; back again at the end. From then on signals only ask for it:
 * screen_told_to_end. */
bool screen_open(void);
void screen_close(void);
void screen_size(int *rows, int *columns);
/* The size changed since the last question. */
bool screen_resized(void);
bool screen_told_to_end(void);

/* The next key of bytes from the terminal; *used of them are taken, 0 when more are needed. */
enum top_key key_take(const char *bytes, int len, int *used);

#endif
