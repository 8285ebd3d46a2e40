#include "platform/core/reader.h"

#include <pthread.h>
#include <stdlib.h>

#include "platform/core/io.h"
#include "platform/core/metrics.h"
#include "platform/store/info.h"
#include "platform/store/log.h"
#include "platform/store/store.h"

#define QUESTIONS_MAX 1024

struct question {
	struct io_call call;
	struct question *next;
	read_fn fn;
	void *arg;
	read_done_fn done;
	enum err err;
};

struct worker {
	struct readers *pool;
	struct reader reader;
	pthread_t thread;
};

struct readers {
	struct io *io;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct question *first, **last;
	size_t waiting;
	bool stop;
	struct worker *workers;
	unsigned count;
};

static void answer(void *arg)
{
	struct question *question = arg;

	question->done(question->arg, question->err);
	free(question);
}

static struct question *next_question(struct readers *pool)
{
	struct question *question;

	pthread_mutex_lock(&pool->lock);
	while (!pool->first && !pool->stop)
		pthread_cond_wait(&pool->wake, &pool->lock);
	question = pool->first;
	if (question) {
		pool->first = question->next;
		if (!pool->first)
			pool->last = &pool->first;
		pool->waiting--;
		metric_set(METRIC_READER_QUEUE, (int64_t)pool->waiting);
	}
	pthread_mutex_unlock(&pool->lock);
	return question;
}

/* Inside one transaction, so that all its queries see the same state. */
static enum err ask(struct worker *worker, const struct question *question)
{
	struct db *db = worker->reader.db;
	enum err err = db_exec(db, "BEGIN");

	if (err)
		return err;
	err = question->fn(&worker->reader, question->arg);
	if (db_in_transaction(db) && db_exec(db, "COMMIT"))
		log_warn("reader: %s", db_error_text(db));
	return err;
}

static void *reader_main(void *arg)
{
	struct worker *worker = arg;
	struct question *question;

	while ((question = next_question(worker->pool)) != NULL) {
		question->err = ask(worker, question);
		question->call = (struct io_call){.fn = answer, .arg = question};
		io_post(worker->pool->io, &question->call);
	}
	return NULL;
}

static enum err worker_open(struct worker *worker, const char *store_dir, const char *store_url)
{
	uint8_t hash_key[16];
	enum err err;

	err = store_open_read(&worker->reader.db, store_dir, store_url);
	if (!err)
		err = info_hash_key(worker->reader.db, hash_key);
	if (!err)
		err = day_reader_open(&worker->reader.days, store_dir, hash_key);
	if (!err && pthread_create(&worker->thread, NULL, reader_main, worker))
		err = ERR_NOMEM;
	return err;
}

enum err readers_new(struct readers **out, struct io *io, const char *store_dir,
                     const char *store_url, unsigned threads)
{
	struct readers *pool = calloc(1, sizeof *pool);
	enum err err;

	*out = NULL;
	if (!pool)
		return ERR_NOMEM;
	pool->io = io;
	pool->last = &pool->first;
	pthread_mutex_init(&pool->lock, NULL);
	pthread_cond_init(&pool->wake, NULL);
	pool->workers = calloc(threads, sizeof *pool->workers);
	if (!pool->workers) {
		readers_free(pool);
		return ERR_NOMEM;
	}
	for (unsigned i = 0; i < threads; i++) {
		pool->workers[i].pool = pool;
		err = worker_open(&pool->workers[i], store_dir, store_url);
		if (err) {
			day_reader_close(pool->workers[i].reader.days);
			db_close(pool->workers[i].reader.db);
			readers_free(pool);
			return err;
		}
		pool->count++;
	}
	*out = pool;
	return ERR_NONE;
}

void readers_stop(struct readers *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->stop = true;
	pthread_cond_broadcast(&pool->wake);
	pthread_mutex_unlock(&pool->lock);
	for (unsigned i = 0; i < pool->count; i++) {
		pthread_join(pool->workers[i].thread, NULL);
		day_reader_close(pool->workers[i].reader.days);
		db_close(pool->workers[i].reader.db);
	}
	pool->count = 0;
}

void readers_free(struct readers *pool)
{
	if (!pool)
		return;
	readers_stop(pool);
	pthread_mutex_destroy(&pool->lock);
	pthread_cond_destroy(&pool->wake);
	free(pool->workers);
	free(pool);
}

enum err reader_submit(struct readers *pool, read_fn fn, void *arg, read_done_fn done)
{
	struct question *question = calloc(1, sizeof *question);
	bool full;

	if (!question)
		return ERR_NOMEM;
	*question = (struct question){.fn = fn, .arg = arg, .done = done};
	pthread_mutex_lock(&pool->lock);
	full = pool->waiting >= QUESTIONS_MAX || pool->stop;
	if (!full) {
		*pool->last = question;
		pool->last = &question->next;
		pool->waiting++;
		metric_set(METRIC_READER_QUEUE, (int64_t)pool->waiting);
		pthread_cond_signal(&pool->wake);
	}
	pthread_mutex_unlock(&pool->lock);
	if (full)
		free(question);
	return full ? ERR_FULL : ERR_NONE;
}
