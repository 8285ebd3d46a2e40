/* wattled: start in order, serve, stop in reverse.
 *
 * A tour, in reading order: core/step.h (what a step is), core/writer.c (who runs steps and commits
 * them), ingest/ingest.c (a batch comes in), mqtt/mqtt.c (what gateways say and hear),
 * core/command.c (how a command goes down and is verified), http/ (what pages see). */
#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "platform/broker/cutoff.h"
#include "platform/core/approval.h"
#include "platform/core/chore.h"
#include "platform/core/clock.h"
#include "platform/core/clock_trust.h"
#include "platform/core/daily.h"
#include "platform/core/message_out.h"
#include "platform/core/meter_price.h"
#include "platform/core/order.h"
#include "platform/core/overview.h"
#include "platform/core/platform.h"
#include "platform/core/rating_run.h"
#include "platform/core/report_run.h"
#include "platform/core/roster.h"
#include "platform/core/sheet_worker.h"
#include "platform/core/standby_alarm.h"
#include "platform/core/supply.h"
#include "platform/core/topup.h"
#include "platform/ingest/ingest.h"
#include "platform/ingest/missed.h"
#include "platform/ingest/scrub.h"
#include "platform/mqtt/mqtt.h"
#include "platform/notify/webhook_send.h"
#include "platform/replica/sender.h"
#include "platform/store/day.h"
#include "platform/store/guard.h"
#include "platform/store/info.h"
#include "platform/store/log.h"
#include "platform/store/store.h"
#include "platform/store/tidy.h"
#include "platform/store/worker.h"
#if HAVE_HTTP
#include "platform/http/http.h"
#endif

#define OUTBOX_MS       200
#define POLL_MS         1000
#define SAVE_MS         60000
#define EXPIRE_MS       10000
#define GIVE_MS         500 /* slices of command batches */
#define SUPPLY_MS       500
#define TOPUP_MS        1000
#define MESSAGE_MS      1000
#define MISSED_MS       60000
#define CLOCK_MS        1000
#define TRUST_MS        2000
#define DAILY_MS        1000
#define RATING_MS       5000
#define POWER_MS        20000
#define REPORT_FIRST_MS 5000
#define SCRUB_MS        100  /* between its pieces */
#define SCRUB_WAIT_MS   3000 /* of the start: first come those who wait for a page */
#define STANDBY_MS      1000
#define CLOCK_HOLD_MS   600000 /* after a jump, time to set it right or for people to see it */
#define WRITER_QUEUE    4096
#define FILES_BESIDE    1024
#define CHORES_MAX      20

/* Another platform is in charge: nothing to try again (deploy/systemd/wattled.service). */
#define EXIT_TAKEN_OVER 3

struct options {
	const char *config, *test_clock;
	bool describe, reference, check;
};

struct wattled {
	struct platform platform;
	struct db *db; /* the writer's connection */
	struct days *days;
	struct tidy *tidy; /* NULL: the sender empties the logs */
	int lock_fd, signal_fd;
	struct ingest *ingest;
	struct mqtt *mqtt;
	struct sender *sender; /* NULL: no standby is named */
	struct sender_config replica;
	char key_name[KEY_NAME_SIZE];
	struct io_call fenced;
	bool taken_over;
#if HAVE_HTTP
	struct http *http;
#endif
	struct webhook_sender *webhooks;
	struct scrub *scrub;
	struct rater *rater;
	struct reporter *reporter;
	bool broken; /* the main store is damaged, or another's: nothing more is written */
	struct outbox_request outbox;
	struct cutoff cutoff;
	struct supply_work supply;
	struct message_send messages;
	struct topup_work topups;
	struct price_work prices;
	struct roster_work roster;
	struct missed_request missed;
	int64_t start_mono_ms;
	struct daily_request daily;
	int64_t daily_done_s;         /* wall clock of the last run; 0: never */
	uint64_t daily_dir_version;   /* of the properties that it was run for */
	bool clock_behind;            /* as last told */
	struct clock_trust trust;     /* as last looked at */
	int64_t confirmed_ms;         /* of it, as last acted upon */
	struct standby_alarm standby; /* as last told */
	bool standby_told;
	struct order_expiry orders_late;
	struct chore chores[CHORES_MAX];
	size_t chore_count;
	struct chore *rosters, *save; /* of these */
};

/* ---- regular work ---- */

static bool outbox_due(void *arg)
{
	struct wattled *w = arg;

	w->outbox.hold = platform_clock_unsure(&w->platform);
	return true;
}

static bool missed_due(void *arg)
{
	struct wattled *w = arg;

	w->missed.ingest = w->ingest;
	w->missed.period_s = w->platform.settings.reading_period_s;
	w->missed.running_s = (clock_mono_ms() - w->start_mono_ms) / 1000;
	return !platform_clock_unsure(&w->platform);
}

static void missed_done(void *arg, enum err err)
{
	struct wattled *w = arg;

	if (!err)
		metric_set(METRIC_METERS_SILENT, w->missed.missing);
}

static void rosters_done(void *arg, enum err err)
{
	struct wattled *w = arg;

	if (!err && w->roster.more)
		chore_tick(w->rosters);
}

static bool supply_due(void *arg)
{
	struct wattled *w = arg;

	w->supply.rules = w->platform.rules;
	w->supply.hold = platform_clock_unsure(&w->platform) || platform_clock_behind(&w->platform);
	w->supply.clock_disputed_ms = w->platform.clock_disputed_ms;
	return true;
}

/* Signed by a wrong clock, a purchase would be refused by every terminal. */
static bool topups_due(void *arg)
{
	struct wattled *w = arg;

	w->topups.rules = w->prices.rules = w->platform.rules;
	return !platform_clock_unsure(&w->platform);
}

static void daily_done(void *arg, enum err err)
{
	struct wattled *w = arg;

	if (err || w->daily.more) {
		w->daily.next_s = 0; /* with the next tick */
		return;
	}
	if (w->daily.reminders)
		log_info("leases: %llu reminders written", (unsigned long long)w->daily.reminders);
}

/* At each midnight of a property, and again when the clock was set back or there is another one. */
static bool daily_due(void *arg)
{
	struct wattled *w = arg;
	int64_t now_s = clock_wall_ms() / 1000;
	bool due = now_s >= w->daily.next_s || now_s < w->daily_done_s ||
	           w->platform.dir->version != w->daily_dir_version;

	if (!due || platform_clock_unsure(&w->platform))
		return false;
	w->daily_done_s = now_s;
	w->daily_dir_version = w->platform.dir->version;
	return true;
}

static void tell_clock_behind(struct wattled *w)
{
	bool behind = platform_clock_behind(&w->platform);

	if (behind && !w->clock_behind)
		log_error(
		        "clock: behind what it was; batches from after it are not taken until it is"
		        " right (gateways keep them)");
	if (!behind && w->clock_behind)
		log_info("clock: believed again");
	w->clock_behind = behind;
	metric_set(METRIC_CLOCK_BEHIND, behind);
}

/* Durations use the monotonic clock, so a jump only dates things wrongly; it is flagged. */
static void clock_tick(void *arg)
{
	struct wattled *w = arg;
	int64_t jump_ms = clockwatch_look(&w->platform.clock, clock_wall_ms(), clock_mono_ms());

	tell_clock_behind(w);
	if (jump_ms == 0)
		return;
	metric_add(METRIC_CLOCK_JUMPS, 1);
	w->platform.clock_unsure_until_ms = clock_mono_ms() + CLOCK_HOLD_MS;
	log_warn("clock: jumped by %lld s", (long long)(jump_ms / 1000));
}

/* A person's word (`wattle clock confirm`) comes through the store. */
static void trust_done(void *arg, enum err err)
{
	struct wattled *w = arg;
	bool confirmed = w->trust.confirmed_ms != w->confirmed_ms;

	if (err)
		return;
	metric_set(METRIC_CLOCK_DOUBTED,
	           w->trust.doubted_ms != 0 ||
	                   (w->platform.clock_disputed_ms &&
	                    w->trust.confirmed_ms < w->platform.clock_disputed_ms));
	w->confirmed_ms = w->trust.confirmed_ms;
	if (!confirmed)
		return;
	clockwatch_start(&w->platform.clock, clock_wall_ms(), clock_mono_ms(), 0);
	w->platform.clock_unsure_until_ms = 0;
	log_info("clock: confirmed");
}

static void standby_done(void *arg, enum err err)
{
	struct wattled *w = arg;

	w->standby_told = !err;
}

/* Where no standby is named any more, an alarm of the one there was ends. */
static bool standby_due(void *arg)
{
	struct wattled *w = arg;
	struct sender_state state = {.known = true};

	if (w->sender)
		state = sender_state(w->sender);
	if (!state.known || (w->standby_told && w->standby.late == state.late))
		return false;
	w->standby = (struct standby_alarm){
	        .late = state.late, .cause = state.cause, .lag_s = state.lag_s};
	return true;
}

/* A transaction that writes renews the lease; ERR_REFUSED says that somebody else has it. */
static enum err renew_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)arg;
	(void)now_ms;
	(void)out;
	return tx_open(tx);
}

static void renew_done(void *arg, enum err err)
{
	struct wattled *w = arg;

	if (err != ERR_REFUSED)
		return;
	log_error("store: another wattled took the lease over; this one stops"
	          " (租约已被其他平台接管，本进程退出)");
	w->taken_over = w->broken = true;
	io_stop(w->platform.io);
}

static void scrub_due(void *arg)
{
	struct wattled *w = arg;

	scrub_tick(w->scrub);
}

static void store_broken(void *arg)
{
	struct wattled *w = arg;

	log_error("store %s/wattle.db is damaged: restore a backup",
	          w->platform.settings.store_dir);
	w->broken = true;
	io_stop(w->platform.io);
}

/* ---- effects, after their commit ---- */

static void on_effect(void *arg, const struct effect *effect)
{
	struct wattled *w = arg;

	if (effect->kind == EFFECT_DIRECTORY) {
		directory_unref(w->platform.dir);
		w->platform.dir = ingest_directory(w->ingest);
		cutoff_follow(&w->cutoff, w->platform.dir);
	}
	mqtt_effect(w->mqtt, effect);
	sheet_worker_effect(w->platform.sheets, effect);
	platform_tell_effect(&w->platform, effect);
}

static void on_signal(void *arg, uint32_t events)
{
	struct wattled *w = arg;
	struct signalfd_siginfo info;

	(void)events;
	if (read(w->signal_fd, &info, sizeof info) == (ssize_t)sizeof info)
		log_info("wattled: stopping on %s", strsignal((int)info.ssi_signo));
	io_stop(w->platform.io);
}

static bool failed(const char *what, enum err err)
{
	if (err)
		log_error("wattled: %s: %s", what, err_text(err));
	return err != ERR_NONE;
}

/* ---- the standby ---- */

/* On the I/O thread: another platform is in charge; whoever waits here shall go there. */
static void stop_fenced(void *arg)
{
	struct wattled *w = arg;

	w->taken_over = true;
	io_stop(w->platform.io);
}

static void on_fenced(void *arg)
{
	struct wattled *w = arg;

	w->fenced = (struct io_call){.fn = stop_fenced, .arg = w};
	io_post(w->platform.io, &w->fenced);
}

/* From here on the sender alone empties the logs of the store. */
static bool name_standby(struct wattled *w)
{
	struct sender_config *c = &w->replica;
	uint8_t hash_key[16];
	int64_t generation;

	if (!*w->platform.settings.replica_to)
		return true;
	days_keep_log(w->days);
	if (failed("store", db_keep_log(w->db)) ||
	    failed("store", info_hash_key(w->db, hash_key)) ||
	    failed("store", info_number(w->db, INFO_GENERATION, &generation)))
		return false;
	keys_name(w->platform.keys, 0, w->key_name, NULL);
	*c = (struct sender_config){.settings = &w->platform.settings,
	                            .key_name = w->key_name,
	                            .store = sender_store_id(hash_key),
	                            .generation = (uint64_t)generation,
	                            .fenced = on_fenced,
	                            .fenced_arg = w};
	w->taken_over = sender_ask(c) == ERR_REFUSED;
	return !w->taken_over;
}

static bool start_tidy(struct wattled *w)
{
	if (*w->platform.settings.replica_to)
		return true;
	if (failed("store", tidy_start(&w->tidy)))
		return false;
	if (db_is_file(w->db))
		tidy_take(w->tidy, w->db);
	days_tidy_by(w->days, w->tidy);
	return true;
}

static bool start_sender(struct wattled *w)
{
	return !*w->platform.settings.replica_to ||
	       !failed("replica", sender_start(&w->sender, &w->replica));
}

/* ---- start ---- */

static bool read_settings(struct wattled *w, const char *path)
{
	struct settings *s = &w->platform.settings;
	char why[512];

	if (settings_load(s, path, why, sizeof why)) {
		log_error("%s", why);
		return false;
	}
	if (keys_load(&w->platform.keys, s->secret_file, why, sizeof why) ||
	    secret_file_check(s->broker_key, why, sizeof why)) {
		log_error("%s", why);
		return false;
	}
	if (strcmp(s->log_level, "debug") == 0)
		log_set_level(LOG_LEVEL_DEBUG);
	else if (strcmp(s->log_level, "warn") == 0)
		log_set_level(LOG_LEVEL_WARN);
	else if (strcmp(s->log_level, "error") == 0)
		log_set_level(LOG_LEVEL_ERROR);
	w->platform.rules = (struct command_rules){.expiry_s = s->command_expiry_s,
	                                           .clock_wait_ms = s->clock_wait_s * 1000,
	                                           .resend_ms = s->command_resend_ms,
	                                           .verify_wait_s = s->verify_wait_s};
	w->outbox.rules = w->platform.rules;
	w->platform.batch_rules =
	        (struct command_batch_rules){.command = w->platform.rules,
	                                     .approval_count = s->approval_batch_count,
	                                     .approval_percent = s->approval_batch_percent,
	                                     .trip_limit_count = s->trip_limit_count,
	                                     .trip_limit_window_s = s->trip_limit_window_s};
	return true;
}

/* On PostgreSQL: no other process decides. */
static bool take_lease(struct wattled *w, const char *store)
{
	char holder[WORKER_NAME_SIZE], other[WORKER_NAME_SIZE];
	int64_t left_ms;
	enum err err = store_holder(w->platform.settings.store_dir, holder);

	if (!err)
		err = worker_take(w->db, holder, other, &left_ms);
	if (err == ERR_BUSY)
		log_error("store %s: %s holds the lease for %lld s more; one wattled decides"
		          " (其他平台正持有租约)",
		          store, other, (long long)(left_ms + 999) / 1000);
	return err != ERR_BUSY && !failed("lease", err);
}

static bool open_store(struct wattled *w)
{
	const char *dir = w->platform.settings.store_dir, *url = w->platform.settings.store_url;
	char why[512], store[STORE_PATH_SIZE];
	enum err err = guard_check(dir, why, sizeof why);

	if (err) {
		log_error("%s", why);
		w->taken_over = true;
		return false;
	}
	err = store_lock(dir, &w->lock_fd);
	if (err == ERR_BUSY) {
		log_error("store %s: another wattled runs on it", dir);
		return false;
	}
	if (failed("store lock", err))
		return false;
	store_main(store, dir, url);
	err = store_exists(dir, url);
	if (err == ERR_NOT_FOUND) {
		log_error("store %s is missing or empty: `wattle restore` brings a backup"
		          " back, `wattle init` makes a new installation",
		          store);
		return false;
	}
	if (!err)
		err = store_open(&w->db, dir, url);
	if (err == ERR_VERSION) {
		log_error("store %s: written by a newer wattled; this program leaves it alone",
		          store);
		return false;
	}
	if (err == ERR_DAMAGED)
		log_error("store %s is damaged: restore a backup", store);
	return !failed("store", err) && take_lease(w, store) &&
	       !failed("day files", days_open(&w->days, dir));
}

/* Before the first save, which would hide how long nothing was written. */
static bool look_at_trust(struct wattled *w)
{
	bool doubted = false;

	if (failed("clock", step_run(w->db, w->platform.keys, clock_start_step, &doubted,
	                             clock_wall_ms(), NULL)) ||
	    failed("clock", step_run(w->db, w->platform.keys, clock_trust_step, &w->trust,
	                             clock_wall_ms(), NULL)))
		return false;
	w->confirmed_ms = w->trust.confirmed_ms;
	if (doubted)
		log_error("clock: the store was last written more than 30 days ago; if the time is"
		          " right: `wattle clock confirm`, until then terminals get none from us");
	return true;
}

/* Memory as the store has it, before anybody can ask. */
static bool load_store(struct wattled *w)
{
	struct ingest_config config = {.db = w->db,
	                               .days = w->days,
	                               .store_dir = w->platform.settings.store_dir,
	                               .latest = w->platform.latest};
	struct writer_hooks hooks;

	if (failed("ingest", ingest_new(&w->ingest, &config)))
		return false;
	if (failed("store", step_run(w->db, w->platform.keys, ingest_load_step, w->ingest,
	                             clock_wall_ms(), NULL)))
		return false;
	if (!look_at_trust(w))
		return false;
	clockwatch_start(&w->platform.clock, clock_wall_ms(), clock_mono_ms(),
	                 ingest_saved_ms(w->ingest));
	if (clock_wall_ms() < ingest_saved_ms(w->ingest)) {
		log_error("clock: earlier than when this store was last written");
		w->platform.clock_unsure_until_ms = clock_mono_ms() + CLOCK_HOLD_MS;
	}
	hooks = ingest_hooks(w->ingest);
	hooks.committed(hooks.arg);
	w->platform.dir = ingest_directory(w->ingest);
	w->cutoff.data_dir = w->platform.settings.data_dir;
	cutoff_follow(&w->cutoff, w->platform.dir);
	return true;
}

static bool start_threads(struct wattled *w)
{
	const struct settings *s = &w->platform.settings;
	struct writer_config config = {.db = w->db,
	                               .days = w->days,
	                               .keys = w->platform.keys,
	                               .io = w->platform.io,
	                               .effects = on_effect,
	                               .effects_arg = w,
	                               .hooks = ingest_hooks(w->ingest),
	                               .group_ms = s->group_ms,
	                               .group_max = (unsigned)s->group_batches,
	                               .queue_max = WRITER_QUEUE};

	return !failed("writer", writer_new(&w->platform.writer, &config)) &&
	       !failed("readers", readers_new(&w->platform.readers, w->platform.io, s->store_dir,
	                                      s->store_url, (unsigned)s->readers));
}

static bool start_signals(struct wattled *w)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	/* Before any thread is made, so that none of them takes these. */
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	w->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return w->signal_fd >= 0 &&
	       !failed("signals", io_add(w->platform.io, w->signal_fd, EPOLLIN, on_signal, w));
}

/* Each web client holds a socket; files of the store and gateways' messages need some beside them. */
static void raise_file_limit(struct settings *settings)
{
	rlim_t wanted = (rlim_t)settings->http_connections + FILES_BESIDE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur >= wanted)
		return;
	settings->http_connections = limit.rlim_cur > 2 * FILES_BESIDE
	                                     ? (int64_t)(limit.rlim_cur - FILES_BESIDE)
	                                     : (int64_t)(limit.rlim_cur / 2);
	log_warn("http: %lld connections at most: the system allows %llu open files (LimitNOFILE)",
	         (long long)settings->http_connections, (unsigned long long)limit.rlim_cur);
}

static struct chore *add_chore(struct wattled *w, int64_t every_ms, struct chore chore)
{
	struct chore *c = &w->chores[w->chore_count++];

	assert(w->chore_count <= CHORES_MAX);
	chore.owner = w;
	chore.writer = w->platform.writer;
	*c = chore;
	io_timer_add(w->platform.io, every_ms, every_ms, chore_tick, c);
	return c;
}

static void add_chores(struct wattled *w)
{
	add_chore(w, OUTBOX_MS,
	          (struct chore){command_outbox_step, &w->outbox, .bulk = true, .due = outbox_due});
	add_chore(w, POLL_MS, (struct chore){ingest_poll_step, w->ingest, .bulk = true});
	w->save = add_chore(w, SAVE_MS,
	                    (struct chore){ingest_save_step, w->ingest, .name = "latest values"});
	add_chore(w, GIVE_MS,
	          (struct chore){command_batch_give_step, &w->platform.batch_rules, .bulk = true,
	                         .name = "command batches"});
	w->rosters = add_chore(w, GIVE_MS,
	                       (struct chore){roster_work_step, &w->roster, .bulk = true,
	                                      .name = "rosters", .done = rosters_done});
	add_chore(w, SUPPLY_MS,
	          (struct chore){supply_work_step, &w->supply, .bulk = true, .due = supply_due});
	add_chore(w, TOPUP_MS,
	          (struct chore){topup_work_step, &w->topups, .bulk = true, .due = topups_due});
	add_chore(w, TOPUP_MS,
	          (struct chore){price_work_step, &w->prices, .bulk = true, .due = topups_due});
	add_chore(w, MESSAGE_MS, (struct chore){message_send_step, &w->messages, .bulk = true});
	add_chore(w, MISSED_MS,
	          (struct chore){missed_step, &w->missed, .bulk = true, .due = missed_due,
	                         .done = missed_done});
	add_chore(w, EXPIRE_MS, (struct chore){approval_expire_step, NULL, .bulk = true});
	add_chore(w, EXPIRE_MS, (struct chore){order_expire_step, &w->orders_late, .bulk = true});
	add_chore(w, TRUST_MS,
	          (struct chore){clock_trust_step, &w->trust, .bulk = true, .done = trust_done});
	add_chore(w, DAILY_MS,
	          (struct chore){daily_step, &w->daily, .due = daily_due, .done = daily_done});
	add_chore(w, STANDBY_MS,
	          (struct chore){standby_alarm_step, &w->standby, .due = standby_due,
	                         .done = standby_done});
	if (!db_is_file(w->db))
		add_chore(w, WORKER_RENEW_MS,
		          (struct chore){renew_step, NULL, .bulk = true, .done = renew_done});
}

static void start_timers(struct wattled *w)
{
	struct io *io = w->platform.io;

	w->start_mono_ms = clock_mono_ms();
	add_chores(w);
	io_timer_add(io, CLOCK_MS, CLOCK_MS, clock_tick, w);
	io_timer_add(io, RATING_MS, RATING_MS, rater_tick, w->rater);
	io_timer_add(io, REPORT_FIRST_MS, w->platform.settings.report_s * 1000, reporter_tick,
	             w->reporter);
	io_timer_add(io, POWER_MS, POWER_MS, power_tick, &w->platform);
	io_timer_add(io, SCRUB_WAIT_MS, SCRUB_MS, scrub_due, w);
}

/* Tables of 100,000 meters are made anew with each change of places. In pages of their own they go
 * back to the system; malloc would move its limit up to their size and then keep the holes. */
static void keep_heap_small(void)
{
	(void)mallopt(M_MMAP_THRESHOLD, 128 * 1024);
	(void)mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}

static bool start(struct wattled *w, const struct options *options)
{
	struct platform *p = &w->platform;

	keep_heap_small();
	if (!read_settings(w, options->config))
		return false;
	raise_file_limit(&p->settings);
	if (failed("loop", io_new(&p->io)) || !start_signals(w))
		return false;
	if (options->test_clock &&
	    failed("test clock", clock_test_socket(p->io, options->test_clock)))
		return false;
	p->latest = latest_new();
	p->live = live_new();
	if (!p->latest || !p->live ||
	    failed("random numbers", sodium_init() < 0 ? ERR_IO : ERR_NONE))
		return false;
	if (!open_store(w) || !name_standby(w) || !start_tidy(w) || !load_store(w) ||
	    !start_threads(w) || !start_sender(w))
		return false;
	if (failed("mqtt", mqtt_start(&w->mqtt, p, w->ingest)) ||
	    failed("imports", sheet_worker_new(&p->sheets, p)))
		return false;
	if (failed("webhooks", webhook_sender_new(&w->webhooks, p)))
		return false;
	if (failed("scrub", scrub_new(&w->scrub, &(struct scrub_config){.platform = p,
	                                                                .ingest = w->ingest,
	                                                                .broken = store_broken,
	                                                                .arg = w})))
		return false;
	if (failed("reports", reporter_new(&w->reporter, p)) ||
	    failed("rating", rater_new(&w->rater, p)))
		return false;
#if HAVE_HTTP
	if (failed("http", http_start(p, &w->http)))
		return false;
#endif
	start_timers(w);
	return true;
}

/* ---- stop ---- */

static void stop(struct wattled *w)
{
	struct platform *p = &w->platform;

	if (w->mqtt)
		mqtt_stop(w->mqtt);
	sheet_worker_stop(p->sheets);
	webhook_sender_stop(w->webhooks);
	scrub_stop(w->scrub);
	if (p->writer) {
		if (!w->broken && w->save)
			chore_tick(w->save); /* so that the next start replays nothing */
		writer_stop(p->writer);
	}
	sender_stop(w->sender); /* with what the writer committed last */
	if (p->readers)
		readers_stop(p->readers);
	if (p->io)
		io_drain(p->io); /* their last answers */
	webhook_sender_free(w->webhooks);
	scrub_free(w->scrub);
	rater_free(w->rater);
	reporter_free(w->reporter);
#if HAVE_HTTP
	http_stop(w->http);
#endif
	readers_free(p->readers);
	writer_free(p->writer);
	sheet_worker_free(p->sheets);
	mqtt_free(w->mqtt);
	directory_unref(p->dir);
	ingest_free(w->ingest);
	tidy_stop(w->tidy);
	days_close(w->days);
	worker_release(w->db);
	db_close(w->db);
	store_unlock(w->lock_fd);
	live_free(p->live);
	latest_free(p->latest);
	io_free(p->io);
	keys_free(p->keys);
	if (w->signal_fd >= 0)
		close(w->signal_fd);
}

/* ---- command line ---- */

static int help(FILE *out, const char *program)
{
	return fprintf(out,
	               "usage: %s --config FILE [--check] [--test-clock SOCKET]\n"
	               "       %s --settings | --settings-reference\n"
	               "       %s --version | --help\n",
	               program, program, program) < 0;
}

static int usage(const char *program)
{
	(void)help(stderr, program);
	return 2;
}

static int parse(int argc, char **argv, struct options *options)
{
	static const struct option table[] = {
	        {"config",             required_argument, NULL, 'c'},
	        {"test-clock",         required_argument, NULL, 't'},
	        {"check",              no_argument,       NULL, 'k'},
	        {"settings",           no_argument,       NULL, 'd'},
	        {"settings-reference", no_argument,       NULL, 'r'},
	        {"version",            no_argument,       NULL, 'v'},
	        {"help",               no_argument,       NULL, 'h'},
	        {NULL,                 0,                 NULL, 0  },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", table, NULL)) != -1) {
		if (c == 'c')
			options->config = optarg;
		else if (c == 't')
			options->test_clock = optarg;
		else if (c == 'k')
			options->check = true;
		else if (c == 'd')
			options->describe = true;
		else if (c == 'r')
			options->reference = true;
		else if (c == 'v')
			return printf("wattled %s\n", WATTLE_VERSION) < 0;
		else if (c == 'h')
			return help(stdout, argv[0]);
		else
			return usage(argv[0]);
	}
	if (options->describe) {
		settings_describe(stdout);
		return 0;
	}
	if (options->reference) {
		settings_reference(stdout);
		return 0;
	}
	if (!options->config || optind != argc)
		return usage(argv[0]);
	return -1;
}

int main(int argc, char **argv)
{
	struct options options = {0};
	static struct wattled w;
	int status = parse(argc, argv, &options);

	if (status >= 0)
		return status;
	w.lock_fd = w.signal_fd = -1;
	if (options.check)
		return read_settings(&w, options.config) ? 0 : 2;
	status = 2;
	if (start(&w, &options)) {
		log_info("wattled %s: running", WATTLE_VERSION);
		io_run(w.platform.io);
		status = w.broken ? 2 : 0;
	}
	if (w.taken_over)
		status = EXIT_TAKEN_OVER;
	stop(&w);
	if (status == 0)
		log_info("wattled: stopped");
	return status;
}
