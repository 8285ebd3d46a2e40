#include "platform/http/link_state.h"

#include <stdlib.h>
#include <string.h>

#include "platform/store/command.h"
#include "platform/store/place.h"

static void take_gateway(void *arg, const struct gateway_row *row)
{
	struct link_state *state = arg;

	if (row->online && state->online_count < GATEWAYS_ONLINE_MAX)
		state->online[state->online_count++] = row->gateway_id;
}

static void take_open(void *arg, const struct command_row *row)
{
	struct link_state *state = arg;

	if (state->open_count < COMMANDS_OPEN_MAX)
		state->open[state->open_count++] = row->meter;
}

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

enum err link_state_read(struct db *db, struct link_state *state)
{
	enum err err = gateway_list(db, take_gateway, state);

	if (!err)
		err = command_list_open(db, COMMANDS_OPEN_MAX, take_open, state);
	qsort(state->online, state->online_count, sizeof *state->online, by_value);
	qsort(state->open, state->open_count, sizeof *state->open, by_value);
	return err;
}

/* Place of the first one that is not less. */
static size_t lower_bound(const int64_t *list, size_t count, int64_t value)
{
	size_t low = 0;

	while (count > 0) {
		size_t half = count / 2;

		if (list[low + half] < value) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	return low;
}

bool link_state_online(const struct link_state *state, int64_t gateway_id)
{
	size_t at = lower_bound(state->online, state->online_count, gateway_id);

	return at < state->online_count && state->online[at] == gateway_id;
}

int64_t link_state_commands(const struct link_state *state, int64_t meter)
{
	return (int64_t)(lower_bound(state->open, state->open_count, meter + 1) -
	                 lower_bound(state->open, state->open_count, meter));
}

const struct link_state *link_state_get(const struct link_state_cache *cache, int64_t mono_ms)
{
	return mono_ms < cache->until_ms ? &cache->state : NULL;
}

void link_state_put(struct link_state_cache *cache, const struct link_state *state,
                    uint64_t version, int64_t mono_ms)
{
	if (version != cache->version)
		return;
	cache->state.online_count = state->online_count;
	memcpy(cache->state.online, state->online, state->online_count * sizeof *state->online);
	cache->state.open_count = state->open_count;
	memcpy(cache->state.open, state->open, state->open_count * sizeof *state->open);
	cache->until_ms = mono_ms + LINK_STATE_MS;
}

void link_state_forget(struct link_state_cache *cache)
{
	cache->version++;
	cache->until_ms = 0;
}
