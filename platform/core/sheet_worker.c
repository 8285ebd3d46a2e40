#include "platform/core/sheet_worker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/core/sheet_check.h"
#include "platform/core/sheet_import.h"
#include "platform/store/log.h"
#include "platform/store/store.h"

#define LOOK_MS   500 /* for what the CLI ordered; effects tell the rest */
#define EXPIRE_MS 60000

/* A step under way, with its request. */
struct errand {
	struct sheet_worker *worker;
	struct sheet_work work;
	bool busy;
};

struct sheet_worker {
	struct platform *platform;
	struct errand sweep, take, told, apply, fail, expire;
	bool stopping;
	bool again; /* somebody wanted a look while an errand was under way */

	/* Under the lock: what the thread is to do. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool started, has_job;
	struct sheet_check check;
	enum err check_err;
	struct io_call checked;

	/* Looked at by both without it. */
	int64_t job_id, rows; /* job_id 0: nothing is checked */
	bool cancelled, stop;
};

/* ---- the thread ---- */

static bool go_on(void *arg, int64_t rows)
{
	struct sheet_worker *w = arg;

	__atomic_store_n(&w->rows, rows, __ATOMIC_RELAXED);
	return !__atomic_load_n(&w->cancelled, __ATOMIC_RELAXED) &&
	       !__atomic_load_n(&w->stop, __ATOMIC_RELAXED);
}

static void *worker_main(void *arg)
{
	struct sheet_worker *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->has_job && !w->stop)
			pthread_cond_wait(&w->wake, &w->lock);
		if (!w->has_job)
			break;
		pthread_mutex_unlock(&w->lock);
		w->check_err = sheet_check_run(&w->check);
		pthread_mutex_lock(&w->lock);
		w->has_job = false;
		io_post(w->platform->io, &w->checked);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void start_check(struct sheet_worker *w, const struct sheet_job_row *row)
{
	const struct settings *settings = &w->platform->settings;

	pthread_mutex_lock(&w->lock);
	w->check = (struct sheet_check){.store_dir = settings->store_dir,
	                                .store_url = settings->store_url,
	                                .keys = w->platform->keys,
	                                .now_ms = clock_wall_ms(),
	                                .rows_max = settings->sheet_rows_max,
	                                .going = go_on,
	                                .arg = w,
	                                .job = *row};
	w->job_id = row->job_id;
	w->rows = 0;
	w->cancelled = false;
	w->has_job = true;
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
}

/* ---- errands to the writer ---- */

static bool send(struct sheet_worker *w, struct errand *errand, step_fn step, done_fn done)
{
	if (errand->busy || w->stopping)
		return false;
	errand->worker = w;
	errand->work.store_dir = w->platform->settings.store_dir;
	errand->busy = true;
	if (writer_submit_bulk(w->platform->writer, step, &errand->work, done, errand))
		errand->busy = false;
	return errand->busy;
}

static void errand_done(void *arg, enum err err)
{
	struct errand *errand = arg;

	errand->busy = false;
	if (err && err != ERR_REFUSED)
		log_warn("import %lld: %s", (long long)errand->work.row.job_id, err_text(err));
	sheet_worker_look(errand->worker);
}

/* An end that no other try could make better. */
static void fail(struct sheet_worker *w, const struct sheet_job_row *row, enum err err)
{
	struct sheet_job_row *failed = &w->fail.work.row;
	enum sheet_fault fault = SHEET_FAULT_NONE;

	if (w->fail.busy)
		return; /* the next look comes to it again */
	*failed = *row;
	if (err == ERR_DAMAGED)
		fault = SHEET_FAULT_FILE_LOST;
	else if (err == ERR_FORBIDDEN || err == ERR_NOT_FOUND || err == ERR_HIDDEN)
		fault = SHEET_FAULT_NOT_ALLOWED;
	if (!failed->fault[0])
		snprintf(failed->fault, sizeof failed->fault, "%s",
		         fault ? sheet_fault_word(fault) : err_word(err));
	log_warn("import %lld: failed: %s", (long long)row->job_id, failed->fault);
	send(w, &w->fail, sheet_failed_step, errand_done);
}

/* What came too late for the errand that is back now. */
static void look_again(struct sheet_worker *w)
{
	if (!w->again || w->take.busy || w->apply.busy)
		return;
	w->again = false;
	sheet_worker_look(w);
}

static void take_done(void *arg, enum err err)
{
	struct errand *take = arg;

	take->busy = false;
	if (!err && take->work.found && !take->worker->stopping)
		start_check(take->worker, &take->work.row);
	look_again(take->worker);
}

static void apply_done(void *arg, enum err err)
{
	struct errand *apply = arg;

	apply->busy = false;
	if (sheet_error_is_final(err))
		fail(apply->worker, &apply->work.row, err);
	else if (err)
		log_warn("import %lld: %s; it is tried again", (long long)apply->work.row.job_id,
		         err_text(err));
	else if (apply->work.found)
		sheet_worker_look(apply->worker); /* perhaps another one waits */
	look_again(apply->worker);
}

/* The thread is done with its job. */
static void on_checked(void *arg)
{
	struct sheet_worker *w = arg;
	enum err err = w->check_err;

	w->told.work.row = w->check.job;
	w->job_id = 0;
	if (w->stopping)
		return;
	if (w->cancelled)
		sheet_files_remove(w->platform->settings.store_dir, w->check.job.file);
	else if (err)
		fail(w, &w->check.job, err);
	else
		send(w, &w->told, sheet_checked_step, errand_done);
	sheet_worker_look(w);
}

void sheet_worker_look(struct sheet_worker *w)
{
	if (w->stopping)
		return;
	if (!w->job_id && !w->told.busy && !w->fail.busy)
		send(w, &w->take, sheet_take_step, take_done);
	if (!w->fail.busy)
		send(w, &w->apply, sheet_apply_step, apply_done);
}

static void look_tick(void *arg)
{
	sheet_worker_look(arg);
}

static void expire_tick(void *arg)
{
	struct sheet_worker *w = arg;

	send(w, &w->expire, sheet_expire_step, errand_done);
}

void sheet_worker_effect(struct sheet_worker *w, const struct effect *effect)
{
	const struct effect_sheet *sheet = &effect->u.sheet;

	if (!w || effect->kind != EFFECT_SHEET)
		return;
	if (sheet->state == SHEET_UPLOADED || sheet->state == SHEET_APPLYING) {
		w->again = w->take.busy || w->apply.busy;
		sheet_worker_look(w);
	}
	if (sheet->state < SHEET_APPLIED)
		return;
	/* Over: nobody needs its files any more. One that is being checked holds them. */
	if (sheet->job_id == w->job_id)
		__atomic_store_n(&w->cancelled, true, __ATOMIC_RELAXED);
	else
		sheet_files_remove(w->platform->settings.store_dir, sheet->file);
}

int64_t sheet_worker_rows(const struct sheet_worker *w, int64_t job_id)
{
	return w->job_id == job_id ? __atomic_load_n(&w->rows, __ATOMIC_RELAXED) : -1;
}

/* ---- start and stop ---- */

enum err sheet_worker_new(struct sheet_worker **out, struct platform *platform)
{
	struct sheet_worker *w = calloc(1, sizeof *w);

	*out = NULL;
	if (!w)
		return ERR_NOMEM;
	w->platform = platform;
	w->checked = (struct io_call){.fn = on_checked, .arg = w};
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->wake, NULL);
	if (pthread_create(&w->thread, NULL, worker_main, w)) {
		sheet_worker_free(w);
		return ERR_NOMEM;
	}
	w->started = true;
	*out = w;
	send(w, &w->sweep, sheet_sweep_step, errand_done);
	io_timer_add(platform->io, LOOK_MS, LOOK_MS, look_tick, w);
	io_timer_add(platform->io, EXPIRE_MS, EXPIRE_MS, expire_tick, w);
	return ERR_NONE;
}

void sheet_worker_stop(struct sheet_worker *w)
{
	if (!w || !w->started)
		return;
	w->stopping = true;
	pthread_mutex_lock(&w->lock);
	__atomic_store_n(&w->stop, true, __ATOMIC_RELAXED);
	pthread_cond_signal(&w->wake);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	w->started = false;
}

void sheet_worker_free(struct sheet_worker *w)
{
	if (!w)
		return;
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->wake);
	free(w);
}
