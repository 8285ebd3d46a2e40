#include "sim/world/site_store.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "platform/core/keys.h"
#include "platform/core/latest.h"
#include "platform/store/day.h"
#include "platform/store/guard.h"
#include "platform/store/log.h"
#include "platform/store/meter.h"
#include "platform/store/store.h"

/* A commit costs a sync of one or two files: in groups they cost nothing. */
#define GROUP_STEPS 4096

struct actor site_actor(void)
{
	return (struct actor){
	        .who = "wattle-sim", .origin = "local", .reason = "simulated site", .local = true};
}

/* ---- open ---- */

static void count_meter(void *arg, const struct meter_row *row)
{
	(void)row;
	++*(unsigned *)arg;
}

static enum err refuse(char *why, size_t size, const char *text, enum err err)
{
	snprintf(why, size, "%s%s%s", text, err ? ": " : "", err ? err_text(err) : "");
	return err ? err : ERR_REFUSED;
}

static enum err check_store(struct site_store *s, char *why, size_t size)
{
	const char *dir = s->settings.store_dir;
	unsigned meters = 0;
	enum err err;

	if (guard_check(dir, why, size))
		return ERR_REFUSED;
	err = store_exists(dir, s->settings.store_url);
	if (err)
		return refuse(why, size, "there is no store: `wattle init` makes one", err);
	err = store_lock(dir, &s->lock_fd);
	if (err)
		return refuse(why, size, "a wattled runs on this store", err);
	err = store_open(&s->db, dir, s->settings.store_url);
	if (!err)
		err = meter_list(s->db, 0, 0, 1, count_meter, &meters);
	if (err)
		return refuse(why, size, "store", err);
	return meters ? refuse(why, size, "the store has meters already", ERR_NONE) : ERR_NONE;
}

static enum err open_parts(struct site_store *s)
{
	struct ingest_config config = {.db = s->db, .store_dir = s->settings.store_dir};
	enum err err = days_open(&s->days, s->settings.store_dir);

	s->latest = latest_new();
	if (!err && !s->latest)
		err = ERR_NOMEM;
	config.days = s->days;
	config.latest = s->latest;
	if (!err)
		err = ingest_new(&s->ingest, &config);
	s->tx = (struct tx){.db = s->db, .days = s->days, .keys = s->keys};
	if (!err)
		err = site_step(s, ingest_load_step, s->ingest);
	return err ? err : site_refresh(s);
}

enum err site_store_open(struct site_store *s, const char *data_dir, int64_t now_ms, char *why,
                         size_t why_size)
{
	char path[PATH_MAX];
	enum err err;

	memset(s, 0, sizeof *s);
	s->lock_fd = -1;
	s->now_ms = now_ms;
	effects_init(&s->effects);
	log_set_level(LOG_LEVEL_WARN);
	snprintf(path, sizeof path, "%s/wattle.ini", data_dir);
	err = settings_load(&s->settings, path, why, why_size);
	if (!err)
		err = keys_load(&s->keys, s->settings.secret_file, why, why_size);
	if (!err)
		err = check_store(s, why, why_size);
	if (err)
		return err;
	err = open_parts(s);
	return err ? refuse(why, why_size, "store", err) : ERR_NONE;
}

/* ---- groups ---- */

static enum err commit(struct site_store *s)
{
	struct writer_hooks hooks = ingest_hooks(s->ingest);
	enum err err = days_commit(s->days);

	if (!err && s->tx.open)
		err = db_exec(s->db, "COMMIT");
	if (err)
		return err;
	s->tx.open = false;
	s->waiting = 0;
	hooks.committed(hooks.arg);
	return ERR_NONE;
}

static enum err end_step(struct site_store *s, enum err err)
{
	effects_clear(&s->effects);
	if (err_is_ground(err))
		return err;
	if (err)
		return tx_undo(&s->tx) ? ERR_IO : err;
	err = tx_keep(&s->tx);
	if (!err && ++s->waiting >= GROUP_STEPS)
		err = commit(s);
	return err;
}

enum err site_step(struct site_store *s, step_fn step, void *arg)
{
	enum err err = tx_open(&s->tx);

	return err ? err : end_step(s, step(&s->tx, arg, s->now_ms, &s->effects));
}

enum err site_batch(struct site_store *s, struct ingest_batch *batch)
{
	batch->ingest = s->ingest;
	return end_step(s, ingest_batch_step(&s->tx, batch, s->now_ms, &s->effects));
}

enum err site_refresh(struct site_store *s)
{
	struct writer_hooks hooks = ingest_hooks(s->ingest);
	enum err err = tx_open(&s->tx);

	if (!err)
		err = hooks.changed(hooks.arg, &s->tx);
	if (!err)
		err = tx_keep(&s->tx);
	return err ? err : commit(s);
}

enum err site_save(struct site_store *s)
{
	enum err err = site_step(s, ingest_save_step, s->ingest);

	return err ? err : commit(s);
}

enum err site_store_close(struct site_store *s, bool whole)
{
	enum err err = ERR_NONE;

	if (whole)
		err = site_save(s);
	effects_clear(&s->effects);
	ingest_free(s->ingest);
	latest_free(s->latest);
	days_close(s->days);
	db_close(s->db);
	keys_free(s->keys);
	store_unlock(s->lock_fd);
	return err;
}
