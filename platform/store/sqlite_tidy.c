#include "platform/store/tidy.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "platform/store/sqlite.h"

#define TIDY_FRAMES   1000 /* new ones in the log before the thread is asked: 4 MB */
#define WRITER_FRAMES 4000 /* the writer does the rest: 16 MB */
#define ASKED_MAX     4
#define PASSES        8
#define PASS_MS       200

struct tidy {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	char asked[ASKED_MAX][sizeof((struct db *)0)->path];
	size_t count;
	bool stop;
};

/* ---- the thread ---- */

/* False when it is time to end. */
static bool pause_ms(struct tidy *tidy, long ms)
{
	struct timespec until;
	bool goes_on;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&tidy->lock);
	if (!tidy->stop)
		pthread_cond_timedwait(&tidy->wake, &tidy->lock, &until);
	goes_on = !tidy->stop;
	pthread_mutex_unlock(&tidy->lock);
	return goes_on;
}

/* Only a log of which all is in the file begins anew, so what came meanwhile is followed. */
static void empty_log(struct tidy *tidy, const char *path)
{
	int frames = 0, before = -1;
	struct db *db;

	if (db_open(&db, path, DB_WRITE))
		return; /* the writer meets the same fault and says so */
	for (int i = 0; i < PASSES && frames > before; i++) {
		before = frames;
		if (i > 0 && !pause_ms(tidy, PASS_MS))
			break;
		(void)sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_PASSIVE,
		                                &frames, NULL);
	}
	db_close(db);
}

static void *tidy_main(void *arg)
{
	struct tidy *tidy = arg;
	char path[sizeof tidy->asked[0]];

	pthread_mutex_lock(&tidy->lock);
	for (;;) {
		while (!tidy->count && !tidy->stop)
			pthread_cond_wait(&tidy->wake, &tidy->lock);
		if (tidy->stop)
			break;
		memcpy(path, tidy->asked[--tidy->count], sizeof path);
		pthread_mutex_unlock(&tidy->lock);
		empty_log(tidy, path);
		pthread_mutex_lock(&tidy->lock);
	}
	pthread_mutex_unlock(&tidy->lock);
	return NULL;
}

static void ask(struct tidy *tidy, const char *path)
{
	size_t i = 0;

	pthread_mutex_lock(&tidy->lock);
	while (i < tidy->count && strcmp(tidy->asked[i], path) != 0)
		i++;
	if (i == tidy->count && i < ASKED_MAX)
		memcpy(tidy->asked[tidy->count++], path, sizeof tidy->asked[0]);
	pthread_cond_signal(&tidy->wake);
	pthread_mutex_unlock(&tidy->lock);
}

enum err tidy_start(struct tidy **out)
{
	struct tidy *tidy = calloc(1, sizeof *tidy);

	*out = NULL;
	if (!tidy)
		return ERR_NOMEM;
	pthread_mutex_init(&tidy->lock, NULL);
	pthread_cond_init(&tidy->wake, NULL);
	if (pthread_create(&tidy->thread, NULL, tidy_main, tidy)) {
		free(tidy);
		return ERR_NOMEM;
	}
	*out = tidy;
	return ERR_NONE;
}

void tidy_stop(struct tidy *tidy)
{
	if (!tidy)
		return;
	pthread_mutex_lock(&tidy->lock);
	tidy->stop = true;
	pthread_cond_signal(&tidy->wake);
	pthread_mutex_unlock(&tidy->lock);
	pthread_join(tidy->thread, NULL);
	pthread_mutex_destroy(&tidy->lock);
	pthread_cond_destroy(&tidy->wake);
	free(tidy);
}

/* ---- the writer ---- */

/* After each commit, with the frames that the log has now. A failure to empty is no failure of the
 * commit: the log only gets longer. */
static int committed(void *arg, sqlite3 *handle, const char *name, int frames)
{
	struct db *db = arg;

	if (frames < db->tidy_at - TIDY_FRAMES)
		db->tidy_at = TIDY_FRAMES; /* the log began anew */
	if (frames >= WRITER_FRAMES)
		(void)sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, NULL,
		                                NULL);
	else if (frames >= db->tidy_at) {
		db->tidy_at = frames + TIDY_FRAMES;
		ask(db->tidy, db->path);
	}
	return SQLITE_OK;
}

void tidy_take(struct tidy *tidy, struct db *db)
{
	db->tidy = tidy;
	db->tidy_at = TIDY_FRAMES;
	sqlite3_wal_hook(db->handle, committed, db);
}
