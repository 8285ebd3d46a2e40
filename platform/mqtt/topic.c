#include "platform/mqtt/topic.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/macros.h"
#include "libs/base/number.h"

#define REFUSED_MAX 1024

bool topic_parse(const char *topic, struct gateway_topic *parts)
{
	int end = 0;

	return sscanf(topic, "wattle/1/%32[a-z0-9-]/%32[a-z0-9-]/%7[a-z]%n", parts->property,
	              parts->gateway, parts->leaf, &end) == 3 &&
	       topic[end] == '\0';
}

static const char *const figures[BROKER_FIGURES] = {
        [BROKER_STORED] = "$SYS/broker/store/messages/count",
        [BROKER_RETAINED] = "$SYS/broker/retained messages/count",
        [BROKER_DROPPED] = "$SYS/broker/publish/messages/dropped",
        [BROKER_CLIENTS] = "$SYS/broker/clients/connected",
};

const char *figure_topic(enum broker_figure figure)
{
	return figures[figure];
}

bool figure_parse(const char *topic, const void *payload, size_t len, enum broker_figure *figure,
                  int64_t *value)
{
	char text[24];
	size_t i = 0;

	while (i < ARRAY_SIZE(figures) && strcmp(topic, figures[i]) != 0)
		i++;
	if (i == ARRAY_SIZE(figures) || len == 0 || len >= sizeof text ||
	    memchr(payload, '\0', len))
		return false;
	memcpy(text, payload, len);
	text[len] = '\0';
	*figure = (enum broker_figure)i;
	return i64_parse(text, 0, INT64_MAX, value) == ERR_NONE;
}

enum err refused_parse(const void *json, size_t len, struct refused *refused)
{
	const char *client = NULL, *access = NULL, *topic = NULL;
	int reason = 0;
	enum err err = ERR_BAD_INPUT;
	json_t *root;

	if (len == 0 || len > REFUSED_MAX)
		return ERR_BAD_INPUT;
	root = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	if (json_unpack(root, "{s:s, s:s, s:s, s:i}", "client", &client, "access", &access, "topic",
	                &topic, "reason", &reason) == 0 &&
	    strlen(client) < sizeof refused->client && reason >= 0) {
		snprintf(refused->client, sizeof refused->client, "%s", client);
		snprintf(refused->what, sizeof refused->what, "%s %s", access, topic);
		refused->reason = (uint32_t)reason;
		err = ERR_NONE;
	}
	json_decref(root);
	return err;
}
