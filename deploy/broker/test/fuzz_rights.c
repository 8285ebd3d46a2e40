/* First line of the input: a topic; the rest: a list. Whatever the list, no gateway may write
 * outside its own three topics. */
#include "deploy/broker/rights.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_own(const struct client *c, const char *topic)
{
	static const char *const leaves[] = {"up", "now", "state"};
	char own[128];

	for (size_t i = 0; i < 3; i++) {
		snprintf(own, sizeof own, "wattle/1/%s/%s/%s", c->property, c->id, leaves[i]);
		if (strcmp(own, topic) == 0)
			return true;
	}
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct client_list list;
	const uint8_t *end = memchr(data, '\n', size);
	size_t n = end ? (size_t)(end - data) : 0;
	char topic[256];

	if (!end || n >= sizeof topic)
		return 0;
	memcpy(topic, data, n);
	topic[n] = '\0';
	if (rights_parse(&list, (const char *)end + 1, size - n - 1))
		return 0;
	for (size_t i = 0; i < list.count; i++) {
		const struct client *c = &list.clients[i];

		if (c->role == ROLE_GATEWAY && rights_allow(c, ACCESS_WRITE, topic, false))
			assert(is_own(c, topic));
		if (c->role == ROLE_VIEWER)
			assert(!rights_allow(c, ACCESS_WRITE, topic, false));
	}
	return 0;
}
