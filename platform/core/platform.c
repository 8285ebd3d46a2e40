#include "platform/core/platform.h"

#include "platform/core/check.h"
#include "platform/core/clock.h"

void platform_listen(struct platform *platform, struct listener *listener)
{
	listener->next = platform->listeners;
	platform->listeners = listener;
}

void platform_tell_effect(struct platform *platform, const struct effect *effect)
{
	for (struct listener *l = platform->listeners; l; l = l->next)
		if (l->effect)
			l->effect(l->arg, effect);
}

void platform_tell_live(struct platform *platform, const struct live_sample *const *samples,
                        size_t count)
{
	for (struct listener *l = platform->listeners; l; l = l->next)
		if (l->live)
			l->live(l->arg, samples, count);
}

bool platform_clock_unsure(const struct platform *platform)
{
	return clock_mono_ms() < platform->clock_unsure_until_ms ||
	       clock_wall_ms() / 1000 < READING_TIME_MIN_S;
}

bool platform_clock_behind(const struct platform *platform)
{
	return clockwatch_behind(&platform->clock, clock_wall_ms(), clock_mono_ms());
}

bool platform_ready(const struct platform *platform, const char **why)
{
	*why = "";
	if (writer_disk_full(platform->writer))
		*why = "disk full";
	else if (writer_store_away(platform->writer))
		*why = "database not connected";
	else if (platform_clock_behind(platform))
		*why = "clock behind";
	else if (!platform->broker_connected)
		*why = "broker not connected";
	return **why == '\0';
}
