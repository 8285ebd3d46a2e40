#include "platform/replica/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "platform/store/changes.h"
#include "platform/store/log.h"
#include "platform/store/store.h"

struct source {
	char name[64];
	uint8_t hash_key[16];
	struct changes *changes;
	uint8_t *page;
	/* Hashes of the pages here, as of the last look that was whole; by page, from 1. */
	uint64_t *hash;
	uint32_t hashed, room;
	bool hashes_whole; /* but for the pages in the set */
	bool equal;        /* once it was: what differs beside the set is damage */
	bool opened;       /* the other side's table is ours, but for the pages in the set */
	bool verify;
	bool held;     /* a moment that goes over several calls */
	uint32_t next; /* and how far it was sent */
	struct source_counts counts;
};

enum err source_open(struct source **out, const char *store, const char *name,
                     const uint8_t hash_key[16])
{
	struct source *s = calloc(1, sizeof *s);
	char path[STORE_PATH_SIZE];
	enum err err;

	*out = NULL;
	if (!s)
		return ERR_NOMEM;
	snprintf(s->name, sizeof s->name, "%.63s", name);
	memcpy(s->hash_key, hash_key, sizeof s->hash_key);
	store_path(path, store, name);
	err = changes_open(&s->changes, path);
	if (!err) {
		s->page = malloc(changes_page_size(s->changes));
		err = s->page ? ERR_NONE : ERR_NOMEM;
	}
	if (err) {
		source_close(s);
		return err;
	}
	*out = s;
	return ERR_NONE;
}

void source_close(struct source *s)
{
	if (!s)
		return;
	changes_close(s->changes);
	free(s->page);
	free(s->hash);
	free(s);
}

const char *source_name(const struct source *s)
{
	return s->name;
}

static void let_go(struct source *s, bool tidy)
{
	if (s->held)
		changes_end(s->changes, tidy);
	s->held = false;
}

void source_disconnected(struct source *s)
{
	s->opened = false;
	let_go(s, false);
}

void source_verify(struct source *s)
{
	s->verify = true;
}

struct source_counts source_counts(const struct source *s)
{
	return s->counts;
}

/* ---- hashes ---- */

static enum err make_room(struct source *s, uint32_t pages)
{
	uint32_t room = s->room ? s->room : 256;
	uint64_t *hash;

	if (pages < s->room)
		return ERR_NONE;
	while (room <= pages)
		room *= 2;
	hash = realloc(s->hash, room * sizeof *hash);
	if (!hash)
		return ERR_NOMEM;
	memset(hash + s->room, 0, (room - s->room) * sizeof *hash);
	s->hash = hash;
	s->room = room;
	return ERR_NONE;
}

static enum err hash_page(struct source *s, uint32_t page)
{
	enum err err = changes_read(s->changes, page, s->page);

	if (!err)
		s->hash[page] =
		        wire_page_hash(s->hash_key, page, s->page, changes_page_size(s->changes));
	return err;
}

/* All of them, or those in the set when the others are known. */
static enum err hash_here(struct source *s)
{
	uint32_t pages = changes_pages(s->changes);
	enum err err = make_room(s, pages);

	if (!err && s->hashes_whole) {
		for (uint32_t p = changes_next(s->changes, 1); !err && p;
		     p = changes_next(s->changes, p + 1))
			err = hash_page(s, p);
	} else {
		for (uint32_t p = 1; !err && p <= pages; p++)
			if (!changes_is_lock_page(s->changes, p))
				err = hash_page(s, p);
	}
	for (uint32_t p = pages + 1; !err && p <= s->hashed; p++)
		s->hash[p] = 0;
	s->hashed = pages;
	s->hashes_whole = err == ERR_NONE;
	return err;
}

static uint64_t digest(const struct source *s)
{
	uint64_t sum = 0;

	for (uint32_t p = 1; p <= s->hashed; p++)
		sum ^= s->hash[p];
	return sum;
}

/* ---- what the other side has ---- */

static enum err take_hashes(struct source *s, const struct wire *m, uint32_t *next)
{
	enum err err = ERR_NONE;

	if (m->page != *next)
		return ERR_BAD_INPUT;
	for (size_t i = 0; !err && i < m->len; i += 8, ++*next) {
		if (*next > s->hashed || changes_is_lock_page(s->changes, *next) ||
		    get_le64(m->bytes + i) == s->hash[*next])
			continue;
		err = changes_add(s->changes, *next);
	}
	return err;
}

/* Asks, and puts what differs into the set. */
static enum err compare(struct source *s, struct stream *stream, uint8_t slot)
{
	struct wire m = {
	        .type = WIRE_OPEN, .slot = slot, .page_size = changes_page_size(s->changes)};
	uint32_t next = 1;
	enum err err;

	snprintf(m.name, sizeof m.name, "%s", s->name);
	err = stream_send(stream, &m);
	do {
		if (!err)
			err = stream_receive(stream, &m);
		if (!err && m.type == WIRE_HASHES_ARE)
			err = take_hashes(s, &m, &next);
	} while (!err && m.type == WIRE_HASHES_ARE);
	if (!err)
		err = answer_is(&m, WIRE_HASHES_END);
	if (!err && m.pages != next - 1)
		err = ERR_BAD_INPUT;
	for (; !err && next <= s->hashed; next++)
		if (!changes_is_lock_page(s->changes, next))
			err = changes_add(s->changes, next);
	return err;
}

/* Everything is read on both sides. What differs and was not known to have changed is damage, of a
 * disk or of ours. */
static enum err open_there(struct source *s, struct stream *stream, uint8_t slot)
{
	bool equal = s->equal;
	size_t known = changes_count(s->changes), found;
	enum err err;

	if (s->verify)
		s->hashes_whole = false;
	err = hash_here(s);
	if (!err)
		err = compare(s, stream, slot);
	if (err)
		return err;
	found = changes_count(s->changes) - known;
	if (equal && found) {
		s->counts.damaged += found;
		log_error("replica: %s: %zu pages there were not what they should be; sent again",
		          s->name, found);
	}
	s->counts.resyncs++;
	s->opened = true;
	s->verify = false;
	return ERR_NONE;
}

/* ---- pages ---- */

static enum err send_pages(struct source *s, struct stream *stream, uint8_t slot, uint64_t budget)
{
	struct wire m = {.type = WIRE_PAGE,
	                 .slot = slot,
	                 .bytes = s->page,
	                 .len = changes_page_size(s->changes)};
	uint64_t sent = 0;
	enum err err = ERR_NONE;

	for (; (m.page = changes_next(s->changes, s->next)) != 0; s->next = m.page + 1) {
		if (budget && sent >= budget)
			return ERR_NONE;
		err = changes_read(s->changes, m.page, s->page);
		if (!err)
			err = stream_send(stream, &m);
		if (err)
			return err;
		s->counts.pages++;
		sent += m.len;
	}
	s->next = 0;
	return stream_flush(stream);
}

static enum err commit(struct source *s, struct stream *stream, uint8_t slot)
{
	struct wire m = {
	        .type = WIRE_COMMIT, .slot = slot, .pages = s->hashed, .digest = digest(s)};
	uint64_t wanted = m.digest;
	enum err err = stream_send(stream, &m);

	if (!err)
		err = stream_answer(stream, WIRE_APPLIED, &m);
	if (!err && (m.slot != slot || m.digest != wanted))
		err = ERR_BAD_INPUT;
	return err;
}

/* ---- looks ---- */

/* Of a page in the set only the newest content counts, so its old hash is no loss. */
static enum err begin(struct source *s)
{
	bool lost;
	enum err err = changes_begin(s->changes, &lost);

	if (err)
		return err;
	s->held = true;
	s->next = 1;
	if (lost)
		s->hashes_whole = s->opened = s->equal = false;
	return ERR_NONE;
}

enum err source_look(struct source *s)
{
	enum err err;

	let_go(s, false);
	err = begin(s);
	let_go(s, true);
	return err;
}

/* *asked: both sides were compared, so a commit must follow even when no page differs. */
static enum err prepare(struct source *s, struct stream *stream, uint8_t slot, bool *asked)
{
	enum err err = begin(s);

	if (err)
		return err;
	*asked = !s->opened || s->verify;
	return *asked ? open_there(s, stream, slot) : hash_here(s);
}

enum err source_sync(struct source *s, struct stream *stream, uint8_t slot, uint64_t budget,
                     bool *whole)
{
	bool asked = false, go_on = s->held;
	enum err err = go_on ? ERR_NONE : prepare(s, stream, slot, &asked);

	*whole = !err && !go_on && !asked && changes_count(s->changes) == 0;
	if (!err && !*whole) {
		err = send_pages(s, stream, slot, budget);
		if (!err && s->next)
			return ERR_NONE; /* more with the next call */
		if (!err)
			err = commit(s, stream, slot);
		if (!err)
			changes_forget(s->changes);
		s->equal = s->equal || !err;
		*whole = err == ERR_NONE;
	}
	let_go(s, true);
	return err;
}
