#include "platform/replica/standby.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "platform/replica/wire.h"
#include "platform/store/files.h"
#include "platform/store/store.h"

#define TEXT_MAX (1024 * 1024) /* 32 bytes a day: some 80 years */

bool standby_is_done(const struct standby *state, const char *name)
{
	for (size_t i = 0; i < state->done_count; i++)
		if (strcmp(state->done[i], name) == 0)
			return true;
	return false;
}

enum err standby_done(struct standby *state, const char *name)
{
	if (standby_is_done(state, name))
		return ERR_NONE;
	if (state->done_count == state->done_room) {
		size_t room = state->done_room ? state->done_room * 2 : 32;
		char(*done)[32] = realloc(state->done, room * sizeof *done);

		if (!done)
			return ERR_NOMEM;
		state->done = done;
		state->done_room = room;
	}
	snprintf(state->done[state->done_count++], sizeof *state->done, "%.31s", name);
	return ERR_NONE;
}

void standby_undone(struct standby *state, const char *name)
{
	for (size_t i = 0; i < state->done_count; i++)
		if (strcmp(state->done[i], name) == 0) {
			memmove(&state->done[i], &state->done[--state->done_count],
			        sizeof *state->done);
			return;
		}
}

void standby_free(struct standby *state)
{
	free(state->done);
	memset(state, 0, sizeof *state);
}

/* ---- JSON ---- */

static bool take_number(json_t *object, const char *name, int64_t *number)
{
	json_t *value = json_object_get(object, name);

	*number = json_integer_value(value);
	return json_is_integer(value) && *number >= 0;
}

static bool take_done(struct standby *state, json_t *list)
{
	json_t *value;
	size_t i;

	if (!json_is_array(list))
		return false;
	json_array_foreach(list, i, value)
	{
		const char *name = json_string_value(value);

		if (!name || !wire_database_name(name) || standby_done(state, name))
			return false;
	}
	return true;
}

enum err standby_parse(struct standby *state, const char *text, size_t len)
{
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	const char *store = json_string_value(json_object_get(object, "store"));
	const char *key = json_string_value(json_object_get(object, "key"));
	uint8_t bytes[8] = {0};
	int64_t generation;
	bool good;

	memset(state, 0, sizeof *state);
	good = store && strlen(store) == 16 && hex_decode(store, bytes, sizeof bytes) == ERR_NONE &&
	       key && strlen(key) < sizeof state->key &&
	       take_number(object, "generation", &generation) &&
	       take_number(object, "as_of_ms", &state->as_of_ms) &&
	       take_done(state, json_object_get(object, "done"));
	if (good) {
		state->store = get_be64(bytes);
		state->generation = (uint64_t)generation;
		snprintf(state->key, sizeof state->key, "%s", key);
	}
	json_decref(object);
	if (!good)
		standby_free(state);
	return good ? ERR_NONE : ERR_BAD_INPUT;
}

static enum err load_fence(const char *data_dir, struct standby *state)
{
	char path[STORE_PATH_SIZE], text[256];
	int64_t generation = 0;
	json_t *object;
	size_t len;
	enum err err;
	bool good;

	store_path(path, data_dir, "fence.json");
	err = file_read(path, text, sizeof text, &len);
	if (err)
		return err;
	object = json_loadb(text, len, 0, NULL);
	good = take_number(object, "generation", &generation) && generation > 0 &&
	       take_number(object, "as_of_ms", &state->fence_as_of_ms);
	json_decref(object);
	state->fence_generation = (uint64_t)generation;
	return good ? ERR_NONE : ERR_BAD_INPUT;
}

enum err standby_load(const char *data_dir, struct standby *state)
{
	char path[STORE_PATH_SIZE], *text = malloc(TEXT_MAX);
	enum err err, fence;
	size_t len;

	memset(state, 0, sizeof *state);
	if (!text)
		return ERR_NOMEM;
	store_path(path, data_dir, "replica.json");
	err = file_read(path, text, TEXT_MAX, &len);
	if (!err)
		err = standby_parse(state, text, len);
	free(text);
	fence = load_fence(data_dir, state);
	if (err == ERR_NOT_FOUND)
		return fence;
	return err ? err : fence == ERR_NOT_FOUND ? ERR_NONE : fence;
}

static enum err save(const char *data_dir, const char *name, json_t *object)
{
	char path[STORE_PATH_SIZE];
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	enum err err = ERR_NOMEM;

	store_path(path, data_dir, name);
	if (text)
		err = file_replace(path, 0600, text, strlen(text));
	free(text);
	json_decref(object);
	return err;
}

enum err standby_save(const char *data_dir, const struct standby *state)
{
	json_t *done = json_array();
	char store[17];

	snprintf(store, sizeof store, "%016" PRIx64, state->store);
	for (size_t i = 0; i < state->done_count; i++)
		json_array_append_new(done, json_string(state->done[i]));
	return save(data_dir, "replica.json",
	            json_pack("{s:s, s:I, s:I, s:s, s:o}", "store", store, "generation",
	                      (json_int_t)state->generation, "as_of_ms",
	                      (json_int_t)state->as_of_ms, "key", state->key, "done", done));
}

enum err standby_save_fence(const char *data_dir, uint64_t generation, int64_t as_of_ms)
{
	return save(data_dir, "fence.json",
	            json_pack("{s:I, s:I}", "generation", (json_int_t)generation, "as_of_ms",
	                      (json_int_t)as_of_ms));
}
