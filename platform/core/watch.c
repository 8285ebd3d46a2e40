#include "platform/core/watch.h"

#include <stdlib.h>
#include <string.h>

#include "platform/core/api_key.h"
#include "platform/core/clock.h"
#include "platform/core/reader.h"

#define LOOK_AT_ONCE 64
#define LOOK_EACH_S  15

/* A question to a reader: the rights of some watches, copied, since a watch may end meanwhile. */
struct look {
	struct watches *watches;
	size_t count;
	int64_t now_s;

	struct {
		struct access_watch *watch; /* NULL: it ended */
		char token_hash[TOKEN_HASH_SIZE];
		enum err err;
		struct access access;
	} at[LOOK_AT_ONCE];
};

struct watches {
	struct readers *readers;
	struct access_watch *first;
	struct look *look; /* one at a time */
	unsigned ticks;
};

struct watches *watches_new(struct readers *readers)
{
	struct watches *w = calloc(1, sizeof *w);

	if (w)
		w->readers = readers;
	return w;
}

void watches_free(struct watches *w)
{
	if (!w)
		return;
	free(w->look);
	free(w);
}

void access_watch_begin(struct watches *w, struct access_watch *watch)
{
	watch->look = NULL;
	watch->stale = true; /* rights may have changed while they were read for the request */
	watch->next = w->first;
	watch->link = &w->first;
	if (w->first)
		w->first->link = &watch->next;
	w->first = watch;
}

void access_watch_end(struct access_watch *watch)
{
	if (watch->look)
		watch->look->at[watch->slot].watch = NULL;
	*watch->link = watch->next;
	if (watch->next)
		watch->next->link = watch->link;
	watch->link = NULL;
}

static enum err look_at(struct reader *reader, void *arg)
{
	struct look *look = arg;

	for (size_t i = 0; i < look->count; i++) {
		struct session principal;

		look->at[i].err =
		        principal_find(reader->db, look->at[i].token_hash, look->now_s, &principal);
		if (!look->at[i].err)
			look->at[i].access = principal.access;
	}
	return ERR_NONE;
}

static void look_next(struct watches *w);

static void looked(void *arg, enum err err)
{
	struct look *look = arg;
	struct watches *w = look->watches;

	w->look = NULL;
	for (size_t i = 0; i < look->count; i++) {
		struct access_watch *watch = look->at[i].watch;

		if (!watch)
			continue;
		watch->look = NULL;
		if (err || (look->at[i].err && look->at[i].err != ERR_AUTH)) {
			watch->stale = true; /* the store did not answer: ask again */
			continue;
		}
		watch->changed(watch->arg, look->at[i].err ? NULL : &look->at[i].access);
	}
	free(look);
	if (!err)
		look_next(w);
}

static struct look *look_new(struct watches *w)
{
	struct look *look = calloc(1, sizeof *look);

	if (!look)
		return NULL;
	look->watches = w;
	look->now_s = clock_wall_ms() / 1000;
	for (struct access_watch *a = w->first; a && look->count < LOOK_AT_ONCE; a = a->next) {
		if (!a->stale)
			continue;
		a->stale = false;
		a->look = look;
		a->slot = look->count;
		look->at[look->count].watch = a;
		memcpy(look->at[look->count].token_hash, a->token_hash, TOKEN_HASH_SIZE);
		look->count++;
	}
	return look;
}

static void look_failed(struct look *look)
{
	for (size_t i = 0; i < look->count; i++) {
		look->at[i].watch->look = NULL;
		look->at[i].watch->stale = true;
	}
	free(look);
}

static void look_next(struct watches *w)
{
	struct look *look;

	if (w->look)
		return;
	look = look_new(w);
	if (!look)
		return; /* the next tick tries again */
	if (!look->count || reader_submit(w->readers, look_at, look, looked))
		look_failed(look);
	else
		w->look = look;
}

void watches_effect(struct watches *w, const struct effect_access *access)
{
	bool anybody = !access->user_id && !access->key_id;

	for (struct access_watch *a = w->first; a; a = a->next)
		/* A key has no more rights than its maker, whoever that is. */
		a->stale |= anybody || a->key_id || a->user_id == access->user_id;
	look_next(w);
}

void watches_tick(struct watches *w)
{
	if (++w->ticks % LOOK_EACH_S == 0)
		for (struct access_watch *a = w->first; a; a = a->next)
			a->stale = true;
	look_next(w);
}
