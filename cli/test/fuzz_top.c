/* Any bytes as what a server says to `wattle top`: as HTTP, as a list, as live values. */
#include <assert.h>
#include <string.h>

#include "cli/http_answer.h"
#include "cli/top_list.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void count(void *arg, const char *bytes, size_t len)
{
	(void)bytes;
	*(size_t *)arg += len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct http_answer answer;
	struct top_list list = {0};
	char next[64], line[512];
	size_t bytes = 0;

	http_answer_init(&answer);
	(void)!http_answer_take(&answer, (const char *)data, size, count, &bytes);
	assert(bytes <= size);
	(void)!top_list_page(&list, (const char *)data, size, next, sizeof next);
	(void)!top_list_live(&list, (const char *)data, size);
	for (list.by = TOP_METER; list.by < TOP_COLUMNS; list.by++)
		top_list_sort(&list);
	(void)top_power_dw(&list);
	for (size_t i = 0; i < list.count; i++) {
		top_line(&list.meter[i], 0, 80, line, sizeof line);
		assert(strlen(line) < sizeof line && !strpbrk(line, "\033\r\n"));
	}
	top_list_free(&list);
	return 0;
}
