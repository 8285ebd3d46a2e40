/* The platform: the real store, ingest, commands and MQTT adapter, in one thread and on a disk in
 * memory. What main.c starts with timers is started here. */
#include "sim/world/server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/approval.h"
#include "platform/core/clock.h"
#include "platform/core/clock_trust.h"
#include "platform/core/command_batch.h"
#include "platform/core/daily.h"
#include "platform/core/device.h"
#include "platform/store/log.h"
#include "platform/store/store.h"
#include "sim/world/money.h"
#include "sim/world/oracle.h"

#define LOG_PAGES "PRAGMA wal_autocheckpoint=40" /* the log comes into the file often */
#define HOLD_MS   600000

/* ---- disk ---- */

static enum err disk_fault(void *ctx, enum medium_op op, int64_t grows)
{
	struct server *s = ctx;
	struct faults *f = &s->w->faults;

	if (op == MEDIUM_READ || !s->on)
		return ERR_NONE;
	if (fault_hits(f, FAULT_PLATFORM_POWER_WRITE, NODE_SERVER)) {
		s->disk.dead = s->power_lost = true;
		return ERR_IO;
	}
	if (op == MEDIUM_SYNC && fault_hits(f, FAULT_PLATFORM_SYNC, NODE_SERVER))
		return ERR_IO;
	if (op == MEDIUM_WRITE && fault_hits(f, FAULT_PLATFORM_EIO, NODE_SERVER))
		return ERR_IO;
	if (grows > 0 && world_us(s->w) < s->full_until_us && !f->calm) {
		fault_note(f, FAULT_PLATFORM_FULL);
		return ERR_DISK_FULL;
	}
	return ERR_NONE;
}

/* ---- life ---- */

static void answer_all(struct server *s)
{
	while (s->n_ended) {
		struct group *group = s->ended[0];

		memmove(s->ended, s->ended + 1, --s->n_ended * sizeof s->ended[0]);
		group_answer(group);
	}
}

static void drop_waiting(struct group_item *ring, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (ring[i].done)
			ring[i].done(ring[i].done_arg, ERR_CLOSED);
	*n = 0;
}

/* Memory is given back; nothing reaches the disk or the broker any more. */
static void let_go(struct server *s)
{
	struct platform *p = &s->platform;

	s->on = false;
	s->life++;
	s->disk.dead = true;
	if (s->mqtt) {
		s->link_up = seams_link()->up = false;
		mqtt_stop(s->mqtt);
	}
	if (p->writer) {
		drop_waiting(p->writer->urgent, &p->writer->n_urgent);
		drop_waiting(p->writer->bulk, &p->writer->n_bulk);
		if (groups_waits(&p->writer->groups))
			groups_commit(&p->writer->groups); /* fails: the disk is dead */
		s->closing = true;
		answer_all(s);
		s->closing = false;
	}
	rates_end(s);
	mqtt_free(s->mqtt);
	directory_unref(p->dir);
	ingest_free(s->ingest);
	days_close(s->days);
	db_close(s->db);
	live_free(p->live);
	latest_free(p->latest);
	free(p->writer);
	s->mqtt = NULL;
	s->ingest = NULL;
	s->days = NULL;
	s->db = NULL;
	memset(p, 0, sizeof *p);
	s->disk.dead = false;
}

static void end(struct server *s, bool power, const char *why)
{
	struct world *w = s->w;

	world_note(w, "platform: ends: %s", why);
	let_go(s);
	if (power)
		medium_cut(&s->disk, &s->cuts);
	s->power_lost = false;
	pipe_connect_server(w, false);
	world_at(w, (int64_t)(500 + rnd_below(&w->rnd, 4000)) * (w->options.days ? 20 * MS : MS),
	         HAPPENS_SERVER_START, NODE_SERVER, s->life, NULL);
}

/* The ground went away in the middle of something. */
static bool power_is_lost(struct server *s)
{
	if (!s->power_lost)
		return false;
	end(s, true, "power lost at a write");
	return true;
}

static void on_effect(void *arg, const struct effect *effect)
{
	struct server *s = arg;

	if (s->closing)
		return;
	if (effect->kind == EFFECT_DIRECTORY) {
		directory_unref(s->platform.dir);
		s->platform.dir = ingest_directory(s->ingest);
	}
	mqtt_effect(s->mqtt, effect);
}

static void ended(void *arg, struct group *group)
{
	struct server *s = arg;

	assert(s->n_ended < SERVER_ENDED);
	s->ended[s->n_ended++] = group;
	if (s->on)
		world_at(s->w, rnd_below(&s->w->rnd, 2 * MS), HAPPENS_SERVER_ANSWER, NODE_SERVER,
		         s->life, NULL);
}

/* ---- regular work, as in main.c ---- */

static void busy_done(void *arg, enum err err)
{
	(void)err;
	*(bool *)arg = false;
}

static void regular(struct server *s, bool bulk, step_fn step, void *arg, bool *busy)
{
	struct writer *writer = s->platform.writer;

	if (*busy)
		return;
	*busy = !(bulk ? writer_submit_bulk(writer, step, arg, busy_done, busy)
	               : writer_submit(writer, step, arg, busy_done, busy));
}

static void outbox_tick(void *arg)
{
	struct server *s = arg;

	s->outbox.hold = platform_clock_unsure(&s->platform);
	regular(s, true, command_outbox_step, &s->outbox, &s->outbox_busy);
}

static void poll_tick(void *arg)
{
	struct server *s = arg;

	regular(s, true, ingest_poll_step, s->ingest, &s->poll_busy);
}

static void save_tick(void *arg)
{
	struct server *s = arg;

	regular(s, false, ingest_save_step, s->ingest, &s->save_busy);
}

static void give_tick(void *arg)
{
	struct server *s = arg;

	regular(s, true, command_batch_give_step, &s->platform.batch_rules, &s->give_busy);
}

static void trust_done(void *arg, enum err err)
{
	struct server *s = arg;

	s->trust_busy = false;
	if (err || s->trust.confirmed_ms == s->confirmed_ms)
		return;
	s->confirmed_ms = s->trust.confirmed_ms;
	clockwatch_start(&s->platform.clock, clock_wall_ms(), clock_mono_ms(), 0);
	s->platform.clock_unsure_until_ms = 0;
}

static void clock_tick(void *arg)
{
	struct server *s = arg;

	if (clockwatch_look(&s->platform.clock, clock_wall_ms(), clock_mono_ms()))
		s->platform.clock_unsure_until_ms = clock_mono_ms() + HOLD_MS;
	if (!s->trust_busy)
		s->trust_busy = !writer_submit_bulk(s->platform.writer, clock_trust_step, &s->trust,
		                                    trust_done, s);
}

static void daily_tick(void *arg)
{
	struct server *s = arg;

	if (clock_wall_ms() / 1000 >= s->daily.next_s && !platform_clock_unsure(&s->platform))
		regular(s, false, daily_step, &s->daily, &s->daily_busy);
}

/* ---- start ---- */

static void settings_fill(struct platform *p)
{
	struct settings *s = &p->settings;

	memset(s, 0, sizeof *s);
	snprintf(s->store_dir, sizeof s->store_dir, "%s", SERVER_DIR);
	s->group_ms = 50;
	s->group_batches = 64;
	s->command_expiry_s = 60;
	s->command_resend_ms = 3000;
	s->verify_wait_s = 30;
	s->reading_period_s = 15;
	s->trip_limit_count = 1000;
	s->trip_limit_window_s = 600;
	s->approval_batch_count = 50;
	s->approval_batch_percent = 30;
	p->rules = (struct command_rules){s->command_expiry_s, s->command_resend_ms,
	                                  s->verify_wait_s, s->clock_wait_s * 1000};
	p->batch_rules =
	        (struct command_batch_rules){.command = p->rules,
	                                     .approval_count = s->approval_batch_count,
	                                     .approval_percent = s->approval_batch_percent,
	                                     .trip_limit_count = s->trip_limit_count,
	                                     .trip_limit_window_s = s->trip_limit_window_s};
}

static enum err open_store(struct server *s)
{
	struct platform *p = &s->platform;
	struct ingest_config config = {.store_dir = SERVER_DIR};
	bool doubted;
	enum err err;

	p->keys = s->keys;
	p->latest = latest_new();
	p->live = live_new();
	assert(p->latest && p->live);
	err = store_open(&s->db, SERVER_DIR, "");
	if (!err)
		err = db_exec(s->db, LOG_PAGES);
	if (!err)
		err = days_open(&s->days, SERVER_DIR);
	config.db = s->db;
	config.days = s->days;
	config.latest = p->latest;
	if (!err)
		err = ingest_new(&s->ingest, &config);
	if (!err)
		err = step_run(s->db, p->keys, ingest_load_step, s->ingest, clock_wall_ms(), NULL);
	if (!err)
		err = step_run(s->db, p->keys, clock_start_step, &doubted, clock_wall_ms(), NULL);
	if (!err)
		err = step_run(s->db, p->keys, clock_trust_step, &s->trust, clock_wall_ms(), NULL);
	return err;
}

static enum err start_parts(struct server *s)
{
	struct platform *p = &s->platform;
	struct writer_hooks hooks = ingest_hooks(s->ingest);
	struct writer *writer = calloc(1, sizeof *writer);

	assert(writer != NULL);
	s->confirmed_ms = s->trust.confirmed_ms;
	clockwatch_start(&p->clock, clock_wall_ms(), clock_mono_ms(), ingest_saved_ms(s->ingest));
	if (clock_wall_ms() < ingest_saved_ms(s->ingest))
		p->clock_unsure_until_ms = clock_mono_ms() + HOLD_MS;
	hooks.committed(hooks.arg);
	p->dir = ingest_directory(s->ingest);
	writer->groups = (struct groups){
	        .config = {.db = s->db,
	                   .days = s->days,
	                   .keys = p->keys,
	                   .effects = on_effect,
	                   .effects_arg = s,
	                   .hooks = hooks,
	                   .group_ms = p->settings.group_ms,
	                   .group_max = (unsigned)p->settings.group_batches},
	        .ended = ended,
	        .ended_arg = s
        };
	groups_init(&writer->groups);
	p->writer = writer;
	p->io = &s->io;
	return mqtt_start(&s->mqtt, p, s->ingest);
}

static void start_timers(struct server *s)
{
	struct io *io = &s->io;

	io_timer_add(io, 200, 200, outbox_tick, s);
	io_timer_add(io, 1000, 1000, poll_tick, s);
	io_timer_add(io, 20000, 20000, save_tick, s); /* more often than each minute: it is short */
	io_timer_add(io, 1000, 1000, give_tick, s);
	io_timer_add(io, 1000, 1000, clock_tick, s);
	io_timer_add(io, 1000, 1000, daily_tick, s);
	money_timers(s);
}

static void start(struct server *s)
{
	enum err err;

	memset(&s->platform, 0, sizeof s->platform);
	s->life++;
	s->on = true;
	s->n_ended = 0;
	s->outbox_busy = s->poll_busy = s->save_busy = s->give_busy = s->trust_busy = false;
	s->daily_busy = false;
	s->daily = (struct daily_request){.next_s = 0};
	io_init(&s->io);
	s->born_us = world_us(s->w);
	seams_clock(s->clock_ms, s->born_us);
	settings_fill(&s->platform);
	s->outbox.rules = s->platform.rules;
	err = open_store(s);
	world_note(s->w, "platform: start: %s", err_text(err));
	if (s->power_lost || err) {
		end(s, s->power_lost, "cannot start");
		if (err == ERR_DAMAGED)
			world_broken(s->w, "I23", "the store is damaged after a power cut");
		return;
	}
	if (start_parts(s) || rates_start(s)) {
		end(s, false, "cannot start");
		return;
	}
	start_timers(s);
	world_at(s->w, s->w->pace.tick_us, HAPPENS_SERVER_TICK, NODE_SERVER, s->life, NULL);
	world_at(s->w, (int64_t)rnd_below(&s->w->rnd, 1000) * MS, HAPPENS_SERVER_LINK, NODE_SERVER,
	         s->life, NULL);
}

/* ---- what happens ---- */

static void confirmed(void *arg, enum err err)
{
	struct server *s = arg;

	s->confirm_due = err != ERR_NONE;
}

/* Somebody looked at the clock: it is right (`wattle clock confirm`). */
static void confirm_clock(struct server *s)
{
	static struct actor person = {.who = "operator", .origin = "world", .local = true};

	s->confirm_due = writer_submit(s->platform.writer, clock_confirm_step, &person, confirmed,
	                               s) != ERR_NONE;
}

static void tick(struct server *s)
{
	io_tick(&s->io);
	if (s->confirm_due)
		confirm_clock(s);
	world_at(s->w, s->w->pace.tick_us, HAPPENS_SERVER_TICK, NODE_SERVER, s->life, NULL);
}

static struct group_item take_first(struct group_item *ring, size_t *n)
{
	struct group_item item = ring[0];

	memmove(ring, ring + 1, --*n * sizeof *ring);
	return item;
}

/* One turn of the writer's thread (writer.c, next_item). */
static void turn(struct server *s)
{
	struct writer *w = s->platform.writer;
	struct groups *g = &w->groups;
	int64_t left_ms = groups_since_ms(g) + g->config.group_ms - clock_mono_ms();
	int64_t again_us = -1;

	w->due = false;
	if (w->n_urgent || (w->n_bulk && !groups_hurries(g))) {
		struct group_item item = w->n_urgent ? take_first(w->urgent, &w->n_urgent)
		                                     : take_first(w->bulk, &w->n_bulk);

		groups_take(g, &item, clock_wall_ms(), clock_mono_ms());
	} else if (groups_waits(g) && (groups_hurries(g) || left_ms <= 0)) {
		groups_commit(g);
	}
	if (power_is_lost(s))
		return;
	if (w->n_urgent || w->n_bulk || groups_hurries(g))
		again_us = rnd_below(&s->w->rnd, MS);
	else if (groups_waits(g))
		again_us = left_ms > 0 ? left_ms * MS : MS;
	if (again_us >= 0) {
		w->due = true;
		world_at(s->w, again_us, HAPPENS_SERVER_STEP, NODE_SERVER, 0, NULL);
	}
}

static void answer(struct server *s)
{
	struct group *group;
	struct io_call *call;

	if (s->n_ended == 0)
		return;
	group = s->ended[0];
	memmove(s->ended, s->ended + 1, --s->n_ended * sizeof s->ended[0]);
	group_answer(group);
	while ((call = s->io.first) != NULL) {
		s->io.first = call->next;
		if (!s->io.first)
			s->io.last = &s->io.first;
		call->fn(call->arg);
	}
}

static void set_link(struct server *s, bool up)
{
	struct link *link = seams_link();

	if (s->link_up == up)
		return;
	s->link_up = link->up = up;
	link->config.connected(link->config.arg, up);
	pipe_connect_server(s->w, up);
}

void server_link_lost(struct world *w)
{
	struct server *s = w->server;

	if (!s->on)
		return;
	set_link(s, false);
	world_at(w, (int64_t)(500 + rnd_below(&w->rnd, 5000)) * MS, HAPPENS_SERVER_LINK,
	         NODE_SERVER, s->life, NULL);
}

void server_message(struct world *w, unsigned box, enum channel channel, const struct parcel *p)
{
	static const char *const leaf[] = {
	        [CHANNEL_UP] = "up", [CHANNEL_NOW] = "now", [CHANNEL_STATE] = "state"};
	struct server *s = w->server;
	struct link *link;
	char topic[64];

	if (!s->on || !s->link_up || s->hangs)
		return;
	link = seams_link();
	snprintf(topic, sizeof topic, "wattle/1/p1/gw-%u/%s", box + 1, leaf[channel]);
	link->config.message(link->config.arg, topic, p->bytes, p->len);
}

bool server_runs(const struct world *w)
{
	return w->server->on && w->server->link_up && !w->server->hangs;
}

static void count_open(void *arg, const struct command_row *row)
{
	/* A bought meter's device knows no commands: nobody answers, and what is wanted is tried again. */
	*(size_t *)arg += row->meter < METER_FIRST + UNITS_MAX &&
	                  (row->kind != COMMAND_TIME || row->stage != STAGE_EXECUTED);
}

bool server_commands_open(const struct world *w)
{
	size_t n = 0;

	if (w->faults.count[FAULT_PLATFORM_CLOCK])
		return false;
	return command_list_open(w->server->db, 100, count_open, &n) || n;
}

void server_calm(struct world *w)
{
	struct server *s = w->server;

	s->clock_ms = 0;
	s->confirm_due = w->faults.count[FAULT_PLATFORM_CLOCK] > 0;
	if (s->on)
		seams_clock(0, s->born_us);
}

bool server_takes(const struct world *w)
{
	return w->server->on && !w->server->hangs;
}

static void step_clock(struct server *s)
{
	static const int64_t steps_ms[] = {2000, -2000, 30000, -30000, 7200000, -7200000};
	uint32_t i = fault_below(&s->w->faults, FAULT_PLATFORM_CLOCK, NODE_SERVER,
	                         sizeof steps_ms / sizeof *steps_ms);

	s->clock_ms = steps_ms[i];
	if (s->on)
		seams_clock(s->clock_ms, s->born_us);
}

static void trouble(struct server *s, enum mishap kind)
{
	struct faults *f = &s->w->faults;

	if (f->calm)
		return;
	world_trouble(s->w, HAPPENS_SERVER_TROUBLE, kind, NODE_SERVER);
	if (kind == FAULT_PLATFORM_FULL) {
		s->full_until_us = world_us(s->w) + s->w->pace.full_us;
		return;
	}
	fault_note(f, kind);
	if (kind == FAULT_PLATFORM_CLOCK) {
		step_clock(s);
	} else if (kind == FAULT_PLATFORM_PAUSE) {
		s->hangs = true;
		world_at(s->w, (int64_t)fault_below(f, kind, NODE_SERVER, 40000) * MS + SECOND,
		         HAPPENS_SERVER_TROUBLE, NODE_SERVER, FAULTS, NULL);
	} else if (s->on) {
		end(s, kind == FAULT_PLATFORM_POWER, fault_name(kind));
	}
}

void server_happens(struct world *w, const struct happening *h)
{
	struct server *s = w->server;

	if (h->kind == HAPPENS_SERVER_TROUBLE && h->arg == FAULTS)
		s->hangs = false;
	else if (h->kind == HAPPENS_SERVER_TROUBLE)
		trouble(s, (enum mishap)h->arg);
	else if (h->kind == HAPPENS_SERVER_START && h->arg == s->life)
		start(s);
	else if (s->hangs && s->on)
		world_at(w, 100 * MS, (enum happens)h->kind, h->node, h->arg, NULL);
	else if (!s->on)
		return;
	else if (h->kind == HAPPENS_SERVER_STEP)
		turn(s);
	else if (h->arg != s->life)
		return;
	else if (h->kind == HAPPENS_SERVER_TICK)
		tick(s);
	else if (h->kind == HAPPENS_SERVER_ANSWER)
		answer(s);
	else if (h->kind == HAPPENS_SERVER_READ)
		rates_read(s);
	else
		set_link(s, true);
	if (s->on)
		(void)power_is_lost(s);
}

void server_new(struct world *w)
{
	static const enum mishap troubles[] = {FAULT_PLATFORM_KILL, FAULT_PLATFORM_POWER,
	                                       FAULT_PLATFORM_PAUSE, FAULT_PLATFORM_FULL,
	                                       FAULT_PLATFORM_CLOCK};

	static const uint8_t secret[32] = {7};
	struct server *s = calloc(1, sizeof *s);
	enum err err;

	assert(s != NULL);
	w->server = s;
	s->w = w;
	rnd_seed(&s->secrets, rnd_u64(&w->rnd));
	rnd_seed(&s->cuts, rnd_u64(&w->rnd));
	server_disk(s);
	s->disk.fault = disk_fault;
	s->disk.ctx = s;
	log_set_level(w->options.notes ? LOG_LEVEL_WARN : LOG_LEVEL_NONE);
	assert(keys_from_bytes(&s->keys, secret) == ERR_NONE);
	err = server_furnish(s);
	if (err)
		world_broken(w, "I25", "a new store: %s", err_text(err));
	world_at(w, 0, HAPPENS_SERVER_START, NODE_SERVER, 0, NULL);
	for (unsigned i = 0; i < sizeof troubles / sizeof *troubles; i++)
		world_trouble(w, HAPPENS_SERVER_TROUBLE, troubles[i], NODE_SERVER);
}

void server_free(struct world *w)
{
	struct server *s = w->server;

	let_go(s);
	keys_free(s->keys);
	s->disk.dead = true;
	medium_free(&s->disk);
	free(s);
	w->server = NULL;
}
