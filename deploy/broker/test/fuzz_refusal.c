/* Any bytes as what a stranger calls itself and its topic: the report is whole JSON with exactly our
 * fields, and nothing in it ends a line or a text early. First line: the client; the rest: a topic. */
#include "deploy/broker/refusal.h"

#include <assert.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *line, json[REFUSAL_JSON_SIZE];
	struct refusal refusal = {.access = "write", .address = "127.0.0.1", .reason = 4};
	json_t *root;
	size_t len;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	line = strchr(text, '\n');
	if (line)
		*line++ = '\0';
	refusal.client = text;
	refusal.topic = line;
	refusal.count = (unsigned)size;
	len = refusal_format(&refusal, json);
	assert(len == strlen(json) && !strpbrk(json, "\n\\"));
	root = json_loads(json, JSON_REJECT_DUPLICATES, NULL);
	assert(json_object_size(root) == 6);
	assert(json_string_length(json_object_get(root, "client")) <= 32);
	assert(json_integer_value(json_object_get(root, "reason")) == 4);
	assert(strcmp(json_string_value(json_object_get(root, "access")), "write") == 0);
	json_decref(root);
	free(text);
	return 0;
}
