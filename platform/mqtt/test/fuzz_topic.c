/* First line: a topic; the rest: a message on it. Whatever comes, parts are slugs that make the same
 * topic again, figures are numbers, and a refusal fits its row. */
#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/mqtt/topic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_topic(const char *topic)
{
	struct gateway_topic parts;
	char again[128];

	if (!topic_parse(topic, &parts))
		return;
	snprintf(again, sizeof again, "wattle/1/%s/%s/%s", parts.property, parts.gateway,
	         parts.leaf);
	assert(strcmp(again, topic) == 0);
}

static void check_message(const char *topic, const uint8_t *payload, size_t len)
{
	enum broker_figure figure;
	struct refused refused;
	int64_t value;

	if (figure_parse(topic, payload, len, &figure, &value)) {
		assert(value >= 0);
		assert(strcmp(figure_topic(figure), topic) == 0);
	}
	if (refused_parse(payload, len, &refused) == ERR_NONE) {
		assert(memchr(refused.client, 0, sizeof refused.client));
		assert(memchr(refused.what, 0, sizeof refused.what));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = size ? memchr(data, '\n', size) : NULL;
	size_t n = end ? (size_t)(end - data) : size;
	char *topic = malloc(n + 1);

	if (!topic)
		return 0;
	if (n)
		memcpy(topic, data, n);
	topic[n] = '\0';
	check_topic(topic);
	if (end)
		check_message(topic, end + 1, size - n - 1);
	free(topic);
	return 0;
}
