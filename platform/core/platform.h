/* What an adapter (HTTP, MQTT) gets from main.c: the running parts of this process. All of it is
 * for the I/O thread. */
#ifndef PLATFORM_CORE_PLATFORM_H
#define PLATFORM_CORE_PLATFORM_H

#include "platform/core/clockwatch.h"
#include "platform/core/command.h"
#include "platform/core/command_batch.h"
#include "platform/core/directory.h"
#include "platform/core/effects.h"
#include "platform/core/io.h"
#include "platform/core/keys.h"
#include "platform/core/latest.h"
#include "platform/core/live.h"
#include "platform/core/metrics.h"
#include "platform/core/reader.h"
#include "platform/core/settings.h"
#include "platform/core/writer.h"

/* Adapters that want to hear of effects and live samples. */
struct listener {
	struct listener *next;
	void *arg;
	/* COMMAND, DEVICE, GATEWAY, ALARM, DIRECTORY after their commit; may be NULL. */
	void (*effect)(void *arg, const struct effect *effect);
	/* A message of live samples; may be NULL. */
	void (*live)(void *arg, const struct live_sample *const *samples, size_t count);
};

struct platform {
	struct settings settings;
	struct command_rules rules;
	struct command_batch_rules batch_rules;
	struct keys *keys;
	struct io *io;
	struct writer *writer;
	struct readers *readers;
	struct latest *latest;
	struct live *live;
	struct sheet_worker *sheets; /* NULL until it runs */
	struct directory *dir;       /* current; replaced before listeners hear EFFECT_DIRECTORY */
	struct listener *listeners;
	bool broker_connected;
	/* Monotonic; until then the wall clock is not trusted to end commands or set terminals. */
	int64_t clock_unsure_until_ms;
	struct clockwatch clock;
	int64_t power_kept_s; /* the newest quarter of an hour whose power is kept (overview.h) */
	int64_t clock_disputed_ms; /* wall clock: since when most gateways have another time; 0: not */
};

/* The listener stays the caller's and must live as long as the platform. */
void platform_listen(struct platform *platform, struct listener *listener);
void platform_tell_effect(struct platform *platform, const struct effect *effect);
void platform_tell_live(struct platform *platform, const struct live_sample *const *samples,
                        size_t count);

bool platform_clock_unsure(const struct platform *platform);

/* Batches from after this clock are not taken: they would be refused as the future, for good. */
bool platform_clock_behind(const struct platform *platform);

/* /readyz: true, or the first reason why not ("disk full", "clock behind", …). */
bool platform_ready(const struct platform *platform, const char **why);

#endif
