#include "deploy/broker/refusal.h"

#include <assert.h>
#include <stdio.h>

#define NAME_SHOWN    33
#define ACCESS_SHOWN  16
#define TOPIC_SHOWN   201
#define ADDRESS_SHOWN 65

const char *refusal_shown(char *shown, size_t size, const char *text)
{
	size_t i = 0;

	for (; text && text[i] && i + 1 < size; i++)
		shown[i] = text[i] < ' ' || text[i] > '~' || text[i] == '"' || text[i] == '\\'
		                   ? '?'
		                   : text[i];
	shown[i] = '\0';
	return shown;
}

size_t refusal_format(const struct refusal *r, char json[REFUSAL_JSON_SIZE])
{
	char client[NAME_SHOWN], access[ACCESS_SHOWN], topic[TOPIC_SHOWN], address[ADDRESS_SHOWN];
	int n = snprintf(json, REFUSAL_JSON_SIZE,
	                 "{\"client\":\"%s\",\"access\":\"%s\",\"topic\":\"%s\",\"address\":\"%s\","
	                 "\"reason\":%u,\"count\":%u}",
	                 refusal_shown(client, sizeof client, r->client),
	                 refusal_shown(access, sizeof access, r->access),
	                 refusal_shown(topic, sizeof topic, r->topic),
	                 refusal_shown(address, sizeof address, r->address), (unsigned)r->reason,
	                 r->count);

	assert(n > 0 && n < REFUSAL_JSON_SIZE);
	return (size_t)n;
}

const char *refusal_reason_text(enum refusal_reason reason)
{
	switch (reason) {
	case REFUSAL_RIGHT:
		return "not its topic";
	case REFUSAL_NO_NAME:
		return "no name in its certificate";
	case REFUSAL_NOT_LISTED:
		return "not in the list";
	case REFUSAL_SERIAL:
		return "certificate revoked or replaced";
	case REFUSAL_CLIENT_ID:
		return "client id is not its certificate's name";
	}
	return "?";
}
