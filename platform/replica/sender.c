#include "platform/replica/sender.h"

#include <dirent.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "platform/core/clock.h"
#include "platform/core/metrics.h"
#include "platform/core/settings.h"
#include "platform/replica/files.h"
#include "platform/replica/link.h"
#include "platform/replica/source.h"
#include "platform/store/day.h"
#include "platform/store/guard.h"
#include "platform/store/log.h"

#define LIVE_MAX      8 /* the main file, and parts of today and yesterday */
#define OLD_SLOT      (WIRE_SLOTS - 1)
#define OLD_BUDGET    (8u << 20) /* of closed days in one round, so that today does not wait */
#define LIST_MS       1000
#define VERIFY_MS     (24 * 3600 * 1000)
#define OLD_VERIFY_MS (10 * 60 * 1000)
#define RETRY_MAX_MS  30000
#define DAYS_MAX      8192
#define STOP_WAIT_S   5

struct sender {
	struct sender_config config;
	struct link link;
	pthread_t thread;
	pthread_mutex_t lock; /* of the next seven; of the last three only this thread writes */
	pthread_cond_t wake;
	bool stop, ended;
	struct stream *stream; /* that of link, while it is whole: for sender_stop */
	int64_t synced_ms;     /* monotonic; everything committed before is at the standby */
	bool synced;           /* since the start */
	enum err failed;       /* how the last connection ended, or could not be made */

	struct source *live[LIVE_MAX]; /* 0: the main file */
	struct source *old;            /* a closed day on its way */
	bool old_verified;             /* it was done already: this is its check */
	int64_t days[DAYS_MAX];
	size_t day_count, turn; /* turn: the closed day that is verified next */
	struct small_files files;

	/* monotonic */
	int64_t listed_ms, verified_ms, old_verified_ms, retry_at_ms, retry_ms;
	bool alarmed, fenced;
};

bool sender_to_folder(const char *to)
{
	return to[0] == '/';
}

uint64_t sender_store_id(const uint8_t hash_key[16])
{
	static const uint8_t purpose[] = "wattle store";
	uint8_t hash[crypto_shorthash_BYTES];

	crypto_shorthash(hash, purpose, sizeof purpose, hash_key);
	return get_le64(hash);
}

/* ---- fence ---- */

static void note_fence(const struct sender_config *config, const struct wire *taken)
{
	const char *store = config->settings->store_dir;
	enum err err = guard_fence(store, taken->generation, taken->as_of_ms);

	log_error("replica: the standby at %s has taken over (generation %llu, this is %llu): this "
	          "platform stops. `wattle replica follow` makes it the standby",
	          config->settings->replica_to, (unsigned long long)taken->generation,
	          (unsigned long long)config->generation);
	if (err)
		log_error("replica: the fence cannot be written to %s: %s", store, err_text(err));
}

enum err sender_ask(const struct sender_config *config)
{
	struct link link = {.config = config};
	struct wire taken;
	enum err err;

	randombytes_buf(link.hash_key, sizeof link.hash_key);
	err = link_open(&link, &taken);
	link_close(&link);
	free(link.have);
	if (err == ERR_REFUSED)
		note_fence(config, &taken);
	else if (err)
		log_warn("replica: %s cannot be asked whether it has taken over: %s",
		         config->settings->replica_to, link.why);
	return err == ERR_REFUSED ? err : ERR_NONE;
}

/* ---- which files ---- */

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void list_days(struct sender *s)
{
	DIR *dir = opendir(s->config.settings->store_dir);
	struct dirent *entry;

	s->day_count = 0;
	while (dir && s->day_count < DAYS_MAX && (entry = readdir(dir)) != NULL) {
		int64_t day = day_file_of_name(entry->d_name);

		if (day >= 0 && wire_database_name(entry->d_name))
			s->days[s->day_count++] = day;
	}
	if (dir)
		closedir(dir);
	qsort(s->days, s->day_count, sizeof *s->days, by_number);
	s->listed_ms = clock_mono_ms();
}

/* Batches of the last minute of a day may still be on their way into its file. */
static bool is_live(int64_t day)
{
	return day / DAY_PARTS >= file_of_ms(clock_wall_ms()) / DAY_PARTS - 1;
}

static struct source *live_of(struct sender *s, const char *name)
{
	for (int i = 0; i < LIVE_MAX; i++)
		if (s->live[i] && strcmp(source_name(s->live[i]), name) == 0)
			return s->live[i];
	return NULL;
}

static void open_source(struct sender *s, struct source **to, const char *name)
{
	enum err err = source_open(to, s->config.settings->store_dir, name, s->link.hash_key);

	/* A file is made in two moves; the next round finds it whole. */
	if (err && err != ERR_NOT_FOUND && err != ERR_DAMAGED)
		log_warn("replica: %s: %s", name, err_text(err));
}

static void choose_live(struct sender *s)
{
	char name[DAY_NAME_SIZE];

	if (!s->live[0])
		open_source(s, &s->live[0], "wattle.db");
	for (int i = 1; i < LIVE_MAX; i++)
		if (s->live[i] && !is_live(day_file_of_name(source_name(s->live[i])))) {
			source_close(s->live[i]); /* from now on a closed day like any other */
			s->live[i] = NULL;
		}
	for (size_t k = s->day_count; k-- > 0 && is_live(s->days[k]);) {
		int i = 1;

		day_file_name(name, s->days[k]);
		if (live_of(s, name) || (s->old && strcmp(source_name(s->old), name) == 0))
			continue;
		while (i < LIVE_MAX && s->live[i])
			i++;
		if (i < LIVE_MAX)
			open_source(s, &s->live[i], name);
	}
}

/* ---- closed days ---- */

static void choose_old(struct sender *s)
{
	char name[DAY_NAME_SIZE];

	for (size_t k = s->day_count; k-- > 0 && !s->old;) {
		day_file_name(name, s->days[k]);
		if (!is_live(s->days[k]) && !link_is_done(&s->link, name)) {
			open_source(s, &s->old, name);
			s->old_verified = false;
		}
	}
	if (s->old || s->day_count == 0 || clock_mono_ms() - s->old_verified_ms < OLD_VERIFY_MS)
		return;
	s->old_verified_ms = clock_mono_ms();
	s->turn = (s->turn + 1) % s->day_count;
	if (is_live(s->days[s->turn]))
		return;
	day_file_name(name, s->days[s->turn]);
	open_source(s, &s->old, name);
	s->old_verified = true;
}

static enum err end_old(struct sender *s)
{
	struct wire m = {.type = WIRE_DONE, .slot = OLD_SLOT};
	enum err err = stream_send(s->link.stream, &m);

	if (!err)
		err = stream_answer(s->link.stream, WIRE_APPLIED, &m);
	if (!err) {
		link_set_done(&s->link, source_name(s->old));
		source_close(s->old);
		s->old = NULL;
	}
	return err;
}

static enum err sync_source(struct sender *s, struct source *source, uint8_t slot, uint64_t budget,
                            bool *whole)
{
	struct source_counts before = source_counts(source), after;
	uint64_t bytes = stream_bytes_sent(s->link.stream);
	enum err err = source_sync(source, s->link.stream, slot, budget, whole);

	after = source_counts(source);
	metric_add(METRIC_REPLICA_PAGES, (int64_t)(after.pages - before.pages));
	metric_add(METRIC_REPLICA_RESYNCS, (int64_t)(after.resyncs - before.resyncs));
	metric_add(METRIC_REPLICA_DAMAGED, (int64_t)(after.damaged - before.damaged));
	metric_add(METRIC_REPLICA_BYTES, (int64_t)(stream_bytes_sent(s->link.stream) - bytes));
	return err;
}

/* What a closed day that was done already sends is damage that was found there. */
static enum err sync_old(struct sender *s)
{
	uint64_t before;
	bool whole = false;
	enum err err;

	choose_old(s);
	if (!s->old)
		return ERR_NONE;
	before = source_counts(s->old).pages;
	err = sync_source(s, s->old, OLD_SLOT, OLD_BUDGET, &whole);
	if (s->old_verified && source_counts(s->old).pages > before) {
		log_error("replica: %s: %llu pages there were not what they should be; sent again",
		          source_name(s->old),
		          (unsigned long long)(source_counts(s->old).pages - before));
		metric_add(METRIC_REPLICA_DAMAGED, (int64_t)(source_counts(s->old).pages - before));
	}
	if (!err && whole)
		err = end_old(s);
	return err;
}

/* ---- a round ---- */

static void disconnected(struct sender *s)
{
	pthread_mutex_lock(&s->lock);
	s->stream = NULL;
	pthread_mutex_unlock(&s->lock);
	link_close(&s->link);
	for (int i = 0; i < LIVE_MAX; i++)
		if (s->live[i])
			source_disconnected(s->live[i]);
	source_close(s->old);
	s->old = NULL;
	small_files_forget(&s->files);
	metric_set(METRIC_REPLICA_CONNECTED, 0);
	s->retry_ms = s->retry_ms ? s->retry_ms * 2 : 1000;
	if (s->retry_ms > RETRY_MAX_MS)
		s->retry_ms = RETRY_MAX_MS;
	s->retry_at_ms = clock_mono_ms() + s->retry_ms;
}

static void note_failed(struct sender *s, enum err err)
{
	pthread_mutex_lock(&s->lock);
	s->failed = err;
	pthread_mutex_unlock(&s->lock);
}

static void connect_standby(struct sender *s)
{
	struct wire taken;
	enum err err;

	if (s->link.stream || clock_mono_ms() < s->retry_at_ms)
		return;
	err = link_open(&s->link, &taken);
	if (err == ERR_REFUSED) {
		note_fence(&s->config, &taken);
		s->fenced = true;
		s->config.fenced(s->config.fenced_arg);
		pthread_mutex_lock(&s->lock);
		s->stop = true;
		pthread_mutex_unlock(&s->lock);
	} else if (err) {
		note_failed(s, err);
		if (s->retry_ms <= 1000) /* each failure once, not every 30 s */
			log_warn("replica: %s", s->link.why);
		disconnected(s);
	} else {
		pthread_mutex_lock(&s->lock);
		s->stream = s->link.stream;
		pthread_mutex_unlock(&s->lock);
		s->retry_ms = 0;
		metric_set(METRIC_REPLICA_CONNECTED, 1);
		log_info("replica: connected to %s", s->config.settings->replica_to);
	}
}

static void note_synced(struct sender *s, int64_t start_ms)
{
	pthread_mutex_lock(&s->lock);
	s->synced_ms = start_ms;
	s->synced = true;
	s->failed = ERR_NONE;
	pthread_mutex_unlock(&s->lock);
}

static enum err say_as_of(struct sender *s, int64_t start_ms)
{
	struct wire m = {.type = WIRE_AS_OF, .as_of_ms = start_ms};
	enum err err = stream_send(s->link.stream, &m);

	if (!err)
		err = stream_answer(s->link.stream, WIRE_AS_OF, &m);
	return !err && m.as_of_ms != start_ms ? ERR_BAD_INPUT : err;
}

static enum err sync_all(struct sender *s)
{
	int64_t start_ms = clock_mono_ms(), wall_ms = clock_wall_ms();
	enum err err = small_files_send(&s->files, s->config.settings->data_dir, s->link.stream);
	bool verify = start_ms - s->verified_ms >= VERIFY_MS, whole;

	for (int i = 0; !err && i < LIVE_MAX; i++) {
		if (!s->live[i])
			continue;
		if (verify)
			source_verify(s->live[i]);
		err = sync_source(s, s->live[i], (uint8_t)i, 0, &whole);
	}
	if (!err && verify)
		s->verified_ms = start_ms;
	if (!err)
		err = say_as_of(s, wall_ms);
	if (err)
		return err;
	note_synced(s, start_ms);
	return sync_old(s);
}

static void look_all(struct sender *s)
{
	for (int i = 0; i < LIVE_MAX; i++)
		if (s->live[i] && source_look(s->live[i]))
			log_warn("replica: %s cannot be looked at", source_name(s->live[i]));
}

static void watch_lag(struct sender *s)
{
	int64_t lag_ms = clock_mono_ms() - s->synced_ms;
	bool late = lag_ms > s->config.settings->replica_lag_alarm_s * 1000;

	metric_set(METRIC_REPLICA_LAG, lag_ms / 1000);
	metric_set(METRIC_REPLICA_ALARM, late);
	if (late && !s->alarmed)
		log_error("replica: nothing has reached %s for %lld s: %s",
		          s->config.settings->replica_to, (long long)(lag_ms / 1000), s->link.why);
	else if (!late && s->alarmed)
		log_info("replica: %s is up to date again", s->config.settings->replica_to);
	s->alarmed = late;
}

static void run_round(struct sender *s)
{
	enum err err;

	if (s->listed_ms == 0 || clock_mono_ms() - s->listed_ms >= LIST_MS)
		list_days(s);
	choose_live(s);
	connect_standby(s);
	if (!s->link.stream) {
		look_all(s);
	} else if ((err = sync_all(s)) != ERR_NONE) {
		note_failed(s, err);
		snprintf(s->link.why, sizeof s->link.why, "the connection ended: %s",
		         err_text(err));
		log_warn("replica: %s", s->link.why);
		disconnected(s);
	}
	watch_lag(s);
}

static enum standby_cause cause_of(const struct sender *s)
{
	if (s->failed == ERR_DISK_FULL)
		return STANDBY_DISK_FULL;
	return s->stream ? STANDBY_SLOW : STANDBY_AWAY;
}

/* By the clock of now: a round may take long. */
struct sender_state sender_state(struct sender *s)
{
	struct sender_state state;
	int64_t lag_ms;

	pthread_mutex_lock(&s->lock);
	lag_ms = clock_mono_ms() - s->synced_ms;
	state.late = lag_ms > s->config.settings->replica_lag_alarm_s * 1000;
	state.known = s->synced || state.late;
	state.cause = cause_of(s);
	state.lag_s = lag_ms / 1000;
	pthread_mutex_unlock(&s->lock);
	return state;
}

/* ---- the thread ---- */

static void wait_interval(struct sender *s)
{
	int64_t ms = s->config.settings->replica_interval_ms;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&s->lock);
	while (!s->stop && pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
		;
	pthread_mutex_unlock(&s->lock);
}

static bool stopping(struct sender *s)
{
	bool stop;

	pthread_mutex_lock(&s->lock);
	stop = s->stop;
	pthread_mutex_unlock(&s->lock);
	return stop;
}

static void *sender_main(void *arg)
{
	struct sender *s = arg;

	do {
		run_round(s);
		wait_interval(s);
	} while (!stopping(s));
	s->listed_ms = s->retry_at_ms = 0;
	/* What was committed last; a standby that has been gone for long is not waited for. */
	if (!s->fenced && (s->link.stream || !s->alarmed))
		run_round(s);
	pthread_mutex_lock(&s->lock);
	s->ended = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

enum err sender_start(struct sender **out, const struct sender_config *config)
{
	struct sender *s = calloc(1, sizeof *s);
	pthread_condattr_t attr;

	*out = NULL;
	if (!s)
		return ERR_NOMEM;
	s->config = *config;
	s->link.config = &s->config;
	randombytes_buf(s->link.hash_key, sizeof s->link.hash_key);
	s->synced_ms = s->verified_ms = s->old_verified_ms = clock_mono_ms();
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->wake, &attr);
	pthread_condattr_destroy(&attr);
	metric_set(METRIC_REPLICA_CONFIGURED, 1);
	if (pthread_create(&s->thread, NULL, sender_main, s)) {
		free(s);
		return ERR_NOMEM;
	}
	*out = s;
	return ERR_NONE;
}

void sender_stop(struct sender *s)
{
	struct timespec until;

	if (!s)
		return;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += STOP_WAIT_S;
	pthread_mutex_lock(&s->lock);
	s->stop = true;
	pthread_cond_signal(&s->wake);
	while (!s->ended && pthread_cond_timedwait(&s->wake, &s->lock, &until) == 0)
		;
	if (!s->ended && s->stream)
		stream_interrupt(s->stream); /* a standby that hangs */
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	link_close(&s->link);
	for (int i = 0; i < LIVE_MAX; i++)
		source_close(s->live[i]);
	source_close(s->old);
	small_files_free(&s->files);
	free(s->link.have);
	pthread_mutex_destroy(&s->lock);
	pthread_cond_destroy(&s->wake);
	free(s);
}
