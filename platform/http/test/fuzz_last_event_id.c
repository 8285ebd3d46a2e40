/* Any text as the Last-Event-ID of a page that comes back: exactly what followed the id that it names, in
 * order, or a reset; never a part of it. The first byte chooses how much has happened. */
#include <assert.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/http/sse.h"

#define GREETING "retry: 2000\n\n"
#define RUN      0x1a2b
#define FEW      40
#define MANY     600 /* more than the ring holds */
#define RECENT   (SSE_QUEUE_FRAMES - 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char heard[1 << 16];

static void wake(void *arg)
{
	(void)arg;
}

static struct sse *hub_with(unsigned events)
{
	static const struct sse_about about;
	struct sse *sse = sse_new(4, RUN);

	assert(sse);
	for (unsigned i = 1; i <= events; i++)
		sse_send(sse, &about, "command", "{}", 2);
	return sse;
}

/* What a page with this id gets, behind its greeting. */
static const char *come_back(struct sse *sse, const char *id)
{
	const struct sse_page page = {.last_event_id = id, .wake = wake};
	struct sse_client *client = sse_join(sse, &page);
	size_t len = 0;
	ssize_t n;

	assert(client);
	while ((n = sse_read(client, heard + len, sizeof heard - 1 - len)) > 0)
		len += (size_t)n;
	heard[len] = '\0';
	sse_leave(client);
	assert(strncmp(heard, GREETING, strlen(GREETING)) == 0);
	return heard + strlen(GREETING);
}

/* The number that `id` names, written as we write it; -1: none. */
static int named(const char *id, int events)
{
	char own[64];

	for (int n = 0; n <= events; n++) {
		snprintf(own, sizeof own, "%x-%d", (unsigned)RUN, n);
		if (strcmp(own, id) == 0)
			return n;
	}
	return -1;
}

static void expect_all_after(const char *text, int number, int events)
{
	char frame[128];

	for (int n = number + 1; n <= events; n++) {
		int len = snprintf(frame, sizeof frame, "event: command\nid: %x-%d\ndata: {}\n\n",
		                   (unsigned)RUN, n);

		assert(strncmp(text, frame, (size_t)len) == 0);
		text += len;
	}
	assert(*text == '\0');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int events = size && data[0] & 1 ? MANY : FEW, number;
	const char *text;
	struct sse *sse;
	char id[512];
	size_t len;

	if (size == 0)
		return 0;
	len = size - 1 < sizeof id - 1 ? size - 1 : sizeof id - 1;
	memcpy(id, data + 1, len);
	id[len] = '\0';
	sse = hub_with((unsigned)events);
	number = named(id, events);
	text = come_back(sse, id);
	if (id[0] == '\0')
		assert(*text == '\0'); /* a new page */
	else if (strncmp(text, "event: reset\n", 13) == 0)
		assert(number < events - RECENT || number < 0);
	else {
		assert(number >= 0);
		expect_all_after(text, number, events);
	}
	sse_free(sse);
	return 0;
}
