#include "platform/mqtt/state.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"

#define DEPTH_MAX 8

/* Depth before jansson sees it: its own limit is 2048 calls deep. */
static bool shallow(const char *json, size_t len)
{
	int depth = 0;

	for (size_t i = 0; i < len; i++) {
		if (json[i] == '{' || json[i] == '[')
			depth++;
		else if (json[i] == '}' || json[i] == ']')
			depth--;
		if (depth > DEPTH_MAX)
			return false;
	}
	return true;
}

static bool hex_u64(const json_t *value, uint64_t *number)
{
	const char *text = json_string_value(value);
	uint8_t bytes[8];

	if (!text || strlen(text) != 16 || hex_decode(text, bytes, sizeof bytes))
		return false;
	*number = get_be64(bytes);
	return true;
}

static bool boot_seq_parse(const json_t *object, uint64_t *boot, uint64_t *number)
{
	const json_t *seq = json_object_get(object, "seq");

	if (!json_is_integer(seq) || json_integer_value(seq) < 1)
		return false;
	*number = (uint64_t)json_integer_value(seq);
	return hex_u64(json_object_get(object, "boot"), boot);
}

/* False: there, but of another form. */
static bool acked_parse(const json_t *acked, struct gateway_state *state)
{
	state->acked_epoch = state->acked_boot = state->acked_seq = 0;
	return !acked || (hex_u64(json_object_get(acked, "epoch"), &state->acked_epoch) &&
	                  boot_seq_parse(acked, &state->acked_boot, &state->acked_seq));
}

/* False: there, but of another form. */
static bool before_parse(const json_t *before, struct gateway_state *state)
{
	state->has_before = before != NULL;
	state->before_count = json_array_size(before);
	if (!before)
		return true;
	if (!json_is_array(before) || state->before_count > GATEWAY_STATE_BEFORE)
		return false;
	for (size_t i = 0; i < state->before_count; i++)
		if (!boot_seq_parse(json_array_get(before, i), &state->before[i].boot,
		                    &state->before[i].seq))
			return false;
	return true;
}

enum err state_parse(const void *json, size_t len, struct gateway_state *state)
{
	json_t *root, *online, *config;
	enum err err = ERR_BAD_INPUT;
	char *compact;

	if (len >= sizeof state->json)
		return ERR_TOO_LONG;
	if (!shallow(json, len))
		return ERR_BAD_INPUT;
	root = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	online = json_object_get(root, "online");
	config = json_object_get(root, "config");
	/* Written anew, so that what pages get is well formed whatever came. */
	compact = root ? json_dumps(root, JSON_COMPACT) : NULL;
	if (json_is_boolean(online) && acked_parse(json_object_get(root, "acked"), state) &&
	    before_parse(json_object_get(root, "before"), state) &&
	    (!config || json_is_integer(config)) && compact &&
	    strlen(compact) < sizeof state->json) {
		state->online = json_is_true(online);
		state->config_seen = config ? json_integer_value(config) : 0;
		if (!hex_u64(json_object_get(root, "boot"), &state->boot))
			state->boot = 0;
		memset(state->json, 0, sizeof state->json);
		memcpy(state->json, compact, strlen(compact));
		err = ERR_NONE;
	}
	free(compact);
	json_decref(root);
	return err;
}
