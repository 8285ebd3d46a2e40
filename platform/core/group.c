#include "platform/core/group.h"

#include <stdlib.h>

#include "platform/core/metrics.h"
#include "platform/core/webhook.h"
#include "platform/store/day.h"
#include "platform/store/log.h"

/* A group that is run again: at first at once, then with the patience of a server's restart. */
#define RUNS_AGAIN     13
#define RUNS_AT_ONCE   3
#define PAUSE_SHORT_MS 10
#define PAUSE_LONG_MS  500

struct group {
	const struct writer_config *config;
	struct effects effects;
	struct group_item *items;
	size_t count;
	int64_t since_ms;
};

void group_answer(struct group *group)
{
	const struct writer_config *config = group->config;

	for (struct effect *e = group->effects.first; e; e = e->next)
		config->effects(config->effects_arg, e);
	for (size_t i = 0; i < group->count; i++)
		if (group->items[i].done)
			group->items[i].done(group->items[i].done_arg, group->items[i].err);
	effects_clear(&group->effects);
	free(group->items);
	free(group);
}

size_t group_count(const struct group *group)
{
	return group->count;
}

void groups_init(struct groups *gs)
{
	gs->tx = (struct tx){.db = gs->config.db, .days = gs->config.days, .keys = gs->config.keys};
	gs->open = NULL;
	gs->damaged = gs->disk_full = gs->store_away = false;
}

bool groups_waits(const struct groups *gs)
{
	return gs->open && gs->open->count;
}

bool groups_hurries(const struct groups *gs)
{
	return gs->open && gs->open->effects.hurry;
}

int64_t groups_since_ms(const struct groups *gs)
{
	return gs->open ? gs->open->since_ms : 0;
}

static void group_begin(struct groups *gs, int64_t mono_ms)
{
	struct group *group = calloc(1, sizeof *group);

	if (group)
		group->items = calloc(gs->config.group_max, sizeof *group->items);
	if (!group || !group->items) {
		log_error("writer: no memory");
		abort(); /* nothing is half done; systemd starts us again */
	}
	group->config = &gs->config;
	group->since_ms = mono_ms;
	effects_init(&group->effects);
	gs->open = group;
}

static void group_send(struct groups *gs)
{
	struct group *group = gs->open;

	gs->open = NULL;
	gs->ended(gs->ended_arg, group);
}

static void set_disk_full(struct groups *gs, bool full)
{
	if (full != __atomic_load_n(&gs->disk_full, __ATOMIC_RELAXED)) {
		if (full)
			log_error(
			        "store: the disk is full; new work is refused until there is room");
		else
			log_info("store: the disk has room again");
	}
	__atomic_store_n(&gs->disk_full, full, __ATOMIC_RELAXED);
	metric_set(METRIC_DISK_FULL, full);
}

/* In both files and in memory. */
static void group_undo(struct groups *gs)
{
	metric_add(METRIC_COMMIT_FAILED, 1);
	days_rollback(gs->config.days);
	if (db_in_transaction(gs->config.db) && db_exec(gs->config.db, "ROLLBACK")) {
		log_error("store: rollback failed: %s", db_error_text(gs->config.db));
		abort(); /* the file's own log undoes it at the next start */
	}
	gs->tx.open = gs->tx.savepoint = false;
	gs->config.hooks.rolled_back(gs->config.hooks.arg);
	effects_clear(&gs->open->effects);
}

/* Undo everything and answer all steps with `err`. */
static void group_fail(struct groups *gs, enum err err)
{
	group_undo(gs);
	set_disk_full(gs, err == ERR_DISK_FULL);
	__atomic_store_n(&gs->store_away, err == ERR_CLOSED, __ATOMIC_RELAXED);
	if (err != ERR_DISK_FULL)
		log_error("store: a group of %zu steps failed: %s", gs->open->count, err_text(err));
	for (size_t i = 0; i < gs->open->count; i++)
		gs->open->items[i].err = err;
	group_send(gs);
}

/* The ground gave way: what other steps of the group wrote may be gone with this one. */
static bool fails_group(enum err err)
{
	return err == ERR_DISK_FULL || err == ERR_IO || err == ERR_DAMAGED || err == ERR_NOMEM ||
	       err == ERR_BUSY || err == ERR_CLOSED;
}

/* Nothing is wrong with the steps or the disk: PostgreSQL found two transactions in each other's
 * way, or the connection to it broke. */
static bool may_run_again(enum err err)
{
	return err == ERR_BUSY || err == ERR_CLOSED;
}

static enum err run_step(struct groups *gs, const struct group_item *item)
{
	struct group *group = gs->open;
	size_t effects_before = group->effects.count;
	enum err err = ERR_NONE, end;

	if (!item->bulk) {
		group->effects.hurry = true;
		err = tx_open(&gs->tx);
	}
	if (!err)
		err = item->step(&gs->tx, item->arg, gs->wall_ms, &group->effects);
	if (!err && group->effects.directory) {
		group->effects.directory = false;
		err = gs->config.hooks.changed(gs->config.hooks.arg, &gs->tx);
	}
	if (!err)
		err = webhook_note(&gs->tx, &group->effects, effects_before, gs->wall_ms);
	if (err)
		effects_truncate(&group->effects, effects_before);
	end = err ? tx_undo(&gs->tx) : tx_keep(&gs->tx);
	metric_add(METRIC_STEPS, 1);
	if (end && !fails_group(err))
		err = end;
	if (err && gs->tx.open && !db_in_transaction(gs->config.db))
		err = fails_group(err) ? err : ERR_IO;
	return err;
}

static enum err run_all(struct groups *gs)
{
	struct group *group = gs->open;

	for (size_t i = 0; i < group->count; i++) {
		group->items[i].err = run_step(gs, &group->items[i]);
		if (fails_group(group->items[i].err))
			return group->items[i].err;
	}
	return ERR_NONE;
}

/* Readings first: what the main file says about a batch may only follow it. */
static enum err commit_both(struct groups *gs)
{
	bool readings = days_dirty(gs->config.days);
	enum err err = days_commit(gs->config.days);

	if (!err && gs->tx.open) {
		err = db_exec(gs->config.db, "COMMIT");
		/* An end that is not known may be a commit, of which memory would know nothing. */
		gs->damaged = err && (readings || !may_run_again(err));
	}
	return err;
}

/* All steps of the group, from the first on, in a new transaction, and its commit. */
static enum err run_again(struct groups *gs, enum err err)
{
	for (int i = 0; may_run_again(err) && !gs->damaged && i < RUNS_AGAIN; i++) {
		group_undo(gs);
		if (gs->pause &&
		    !gs->pause(gs->ended_arg, i < RUNS_AT_ONCE ? PAUSE_SHORT_MS : PAUSE_LONG_MS))
			return err;
		metric_add(METRIC_RUNS_AGAIN, 1);
		err = run_all(gs);
		if (!err)
			err = commit_both(gs);
	}
	return err;
}

/* True: it is committed. */
static bool group_end(struct groups *gs, enum err err, bool written)
{
	if (err)
		err = run_again(gs, err);
	if (err) {
		group_fail(gs, err);
		return false;
	}
	gs->tx.open = false;
	gs->config.hooks.committed(gs->config.hooks.arg);
	if (written) {
		set_disk_full(gs, false);
		__atomic_store_n(&gs->store_away, false, __ATOMIC_RELAXED);
		metric_add(METRIC_COMMITS, 1);
	}
	group_send(gs);
	return true;
}

bool groups_commit(struct groups *gs)
{
	bool written = gs->tx.open || days_dirty(gs->config.days);

	return group_end(gs, commit_both(gs), written) && written;
}

static void run(struct groups *gs, const struct group_item *item, int64_t mono_ms)
{
	enum err err;

	if (!gs->open)
		group_begin(gs, mono_ms);
	gs->open->items[gs->open->count++] = *item;
	err = run_step(gs, item);
	gs->open->items[gs->open->count - 1].err = err;
	if (fails_group(err))
		group_end(gs, err, true);
	else if (gs->open->count == gs->config.group_max)
		groups_commit(gs);
}

/* After a commit of only one of the two files: bring memory and main file to what is on disk,
 * in a group of its own. */
static bool recover(struct groups *gs, int64_t wall_ms, int64_t mono_ms)
{
	const struct writer_hooks *hooks = &gs->config.hooks;
	enum err err;

	group_begin(gs, mono_ms);
	err = tx_open(&gs->tx);
	if (!err)
		err = hooks->recover(hooks->arg, &gs->tx, wall_ms, &gs->open->effects);
	if (!err)
		err = tx_keep(&gs->tx);
	if (err) {
		group_fail(gs, err);
		return false;
	}
	gs->damaged = false;
	groups_commit(gs);
	return !gs->damaged;
}

void groups_take(struct groups *gs, const struct group_item *item, int64_t wall_ms, int64_t mono_ms)
{
	gs->wall_ms = wall_ms;
	if (!gs->damaged || recover(gs, wall_ms, mono_ms)) {
		run(gs, item, mono_ms);
		return;
	}
	group_begin(gs, mono_ms);
	gs->open->items[gs->open->count++] = *item;
	group_fail(gs, gs->disk_full ? ERR_DISK_FULL : ERR_IO);
}
