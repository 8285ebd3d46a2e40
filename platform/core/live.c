#include "platform/core/live.h"

#include <stdlib.h>
#include <string.h>

struct watched {
	int64_t gateway_id, until_ms; /* monotonic */
};

struct live {
	struct live_sample *samples;
	size_t count;
	struct watched *watched;
	size_t watched_count;
};

struct live *live_new(void)
{
	return calloc(1, sizeof(struct live));
}

void live_free(struct live *live)
{
	if (!live)
		return;
	free(live->samples);
	free(live->watched);
	free(live);
}

enum err live_put(struct live *live, const struct live_sample *sample)
{
	if (sample->slot >= live->count) {
		size_t more = (size_t)sample->slot * 2 + 64;
		struct live_sample *samples = realloc(live->samples, more * sizeof *samples);

		if (!samples)
			return ERR_NOMEM;
		memset(samples + live->count, 0, (more - live->count) * sizeof *samples);
		live->samples = samples;
		live->count = more;
	}
	live->samples[sample->slot] = *sample;
	return ERR_NONE;
}

const struct live_sample *live_get(const struct live *live, uint32_t slot)
{
	if (slot >= live->count || live->samples[slot].received_mono_ms == 0)
		return NULL;
	return &live->samples[slot];
}

void live_watch(struct live *live, int64_t gateway_id, int64_t mono_ms)
{
	int64_t until_ms = mono_ms + WATCH_LEASE_S * 1000;
	struct watched *watched;

	for (size_t i = 0; i < live->watched_count; i++) {
		if (live->watched[i].gateway_id != gateway_id)
			continue;
		live->watched[i].until_ms = until_ms;
		return;
	}
	watched = realloc(live->watched, (live->watched_count + 1) * sizeof *watched);
	if (!watched)
		return; /* asked again in a few seconds */
	live->watched = watched;
	live->watched[live->watched_count++] = (struct watched){gateway_id, until_ms};
}

/* 0: never watched. */
static int64_t lease_end_ms(const struct live *live, int64_t gateway_id)
{
	for (size_t i = 0; i < live->watched_count; i++)
		if (live->watched[i].gateway_id == gateway_id)
			return live->watched[i].until_ms;
	return 0;
}

bool live_watched(const struct live *live, int64_t gateway_id, int64_t mono_ms)
{
	return lease_end_ms(live, gateway_id) > mono_ms;
}

bool live_renewed(const struct live *live, int64_t gateway_id, int64_t mono_ms)
{
	return lease_end_ms(live, gateway_id) > mono_ms + (WATCH_LEASE_S - 1) * 1000;
}
