#include "platform/replica/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/core/clock.h"
#include "platform/core/keys.h"
#include "platform/replica/follow.h"
#include "platform/replica/standby.h"
#include "platform/store/files.h"
#include "platform/store/guard.h"
#include "platform/store/log.h"
#include "platform/store/store.h"

#define SAVE_MS 5000

struct folder {
	char dir[STORE_PATH_SIZE], store[STORE_PATH_SIZE];
	int lock_fd;
	bool greeted;
	uint8_t hash_key[16];
	struct standby state;
	struct folder_state counts;
	int64_t saved_ms; /* monotonic */
	struct follow *slot[WIRE_SLOTS];
};

static void path_of(const char *dir, const char *name, char path[STORE_PATH_SIZE])
{
	store_path(path, dir, name);
}

/* ---- opening ---- */

static bool exists(const char *dir, const char *name)
{
	char path[STORE_PATH_SIZE];

	path_of(dir, name, path);
	return access(path, F_OK) == 0;
}

enum err folder_open(struct folder **out, const char *data_dir, char *why, size_t why_size)
{
	struct folder *f = calloc(1, sizeof *f);
	enum err err = ERR_NONE;

	*out = NULL;
	if (!f)
		return ERR_NOMEM;
	f->lock_fd = -1;
	snprintf(f->dir, sizeof f->dir, "%s", data_dir);
	path_of(data_dir, "store", f->store);
	err = standby_load(data_dir, &f->state);
	if (err && err != ERR_NOT_FOUND)
		snprintf(why, why_size, "%s/replica.json: %s", data_dir, err_text(err));
	f->counts.standby = !err && exists(f->store, GUARD_STANDBY);
	f->counts.fenced_off = !f->counts.standby && f->state.fence_generation != 0;
	if (!err && f->counts.standby) {
		err = store_lock(f->store, &f->lock_fd);
		if (err)
			snprintf(why, why_size, "%s: another program uses it", f->store);
	} else if (!f->counts.fenced_off) {
		err = ERR_REFUSED;
		snprintf(why, why_size, "%s is no standby: `wattle replica init` makes one",
		         data_dir);
	}
	if (err) {
		folder_close(f);
		return err;
	}
	*out = f;
	return ERR_NONE;
}

static void save(struct folder *f)
{
	enum err err;

	if (!f->counts.standby)
		return;
	err = standby_save(f->dir, &f->state);
	if (err)
		log_warn("replica: %s/replica.json: %s", f->dir, err_text(err));
	f->saved_ms = clock_mono_ms();
}

void folder_end_session(struct folder *f)
{
	for (int i = 0; i < WIRE_SLOTS; i++) {
		follow_close(f->slot[i]);
		f->slot[i] = NULL;
	}
	if (f->greeted)
		save(f);
	f->greeted = false;
}

void folder_close(struct folder *f)
{
	if (!f)
		return;
	folder_end_session(f);
	store_unlock(f->lock_fd);
	standby_free(&f->state);
	free(f);
}

struct folder_state folder_state(const struct folder *f)
{
	struct folder_state s = f->counts;

	s.store = f->state.store;
	s.generation = s.fenced_off ? f->state.fence_generation : f->state.generation;
	s.as_of_ms = f->state.as_of_ms;
	snprintf(s.key, sizeof s.key, "%s", f->state.key);
	return s;
}

/* ---- hello ---- */

static enum err refuse(const struct folder *f, enum wire_reason reason, const char *text,
                       folder_say say, void *arg)
{
	struct wire answer = {.type = WIRE_REFUSED,
	                      .reason = (uint8_t)reason,
	                      .generation = f->state.fence_generation,
	                      .as_of_ms = f->state.fence_as_of_ms};
	enum err err;

	snprintf(answer.text, sizeof answer.text, "%s", text);
	err = say(arg, &answer);
	return err ? err : ERR_REFUSED;
}

/* Does the secret.key that was brought here open what comes? */
static enum wire_key look_at_key(const struct folder *f, const char *wanted)
{
	char path[STORE_PATH_SIZE], why[256], name[KEY_NAME_SIZE];
	enum wire_key found = WIRE_KEY_OTHER;
	struct keys *keys;

	path_of(f->dir, "secret.key", path);
	if (keys_load(&keys, path, why, sizeof why))
		return WIRE_KEY_NONE;
	for (size_t i = 0; i < keys_count(keys); i++) {
		keys_name(keys, i, name, NULL);
		if (strcmp(name, wanted) == 0)
			found = WIRE_KEY_GOOD;
	}
	keys_free(keys);
	return found;
}

static enum err say_have(struct folder *f, folder_say say, void *arg)
{
	struct wire have = {.type = WIRE_HAVE};
	DIR *dir = opendir(f->store);
	struct dirent *entry;
	enum err err = ERR_NONE;

	while (dir && !err && (entry = readdir(dir)) != NULL) {
		if (!wire_database_name(entry->d_name) || strcmp(entry->d_name, "wattle.db") == 0)
			continue;
		snprintf(have.name, sizeof have.name, "%.*s", WIRE_TEXT - 1, entry->d_name);
		have.done = standby_is_done(&f->state, entry->d_name);
		err = say(arg, &have);
	}
	if (dir)
		closedir(dir);
	have = (struct wire){.type = WIRE_HAVE};
	return err ? err : say(arg, &have);
}

static enum err take_hello(struct folder *f, const struct wire *m, folder_say say, void *arg)
{
	struct wire welcome = {.type = WIRE_WELCOME, .version = WIRE_VERSION};
	enum err err;

	if (m->version != WIRE_VERSION)
		return refuse(f, WIRE_OTHER_VERSION, "another version of the protocol", say, arg);
	if (f->state.fence_generation > m->generation)
		return refuse(f, WIRE_TAKEN_OVER, "this standby has taken over", say, arg);
	if (!f->counts.standby)
		return refuse(f, WIRE_NO_STANDBY, "this folder follows nobody", say, arg);
	if (f->state.store && f->state.store != m->store)
		return refuse(f, WIRE_OTHER_STORE, "this standby follows another store", say, arg);
	if (m->generation < f->state.generation)
		return refuse(f, WIRE_TAKEN_OVER, "this standby follows a newer generation", say,
		              arg);
	f->greeted = true;
	memcpy(f->hash_key, m->hash_key, sizeof f->hash_key);
	f->state.store = m->store;
	f->state.generation = m->generation;
	snprintf(f->state.key, sizeof f->state.key, "%.*s", (int)sizeof f->state.key - 1, m->name);
	save(f);
	welcome.key = (uint8_t)look_at_key(f, m->name);
	err = say(arg, &welcome);
	return err ? err : say_have(f, say, arg);
}

/* ---- files ---- */

static enum err say_applied(uint8_t slot, uint64_t digest, folder_say say, void *arg)
{
	const struct wire answer = {.type = WIRE_APPLIED, .slot = slot, .digest = digest};

	return say(arg, &answer);
}

/* What could not be done here is told; the primary shows it. */
static enum err say_failed(const char *what, enum err err, folder_say say, void *arg)
{
	struct wire answer = {.type = WIRE_FAILED};

	snprintf(answer.text, sizeof answer.text, "%.80s: %s", what, err_text(err));
	log_error("replica: %s", answer.text);
	if (say(arg, &answer))
		log_warn("replica: the primary has gone meanwhile");
	return err;
}

static enum err take_open(struct folder *f, const struct wire *m, folder_say say, void *arg)
{
	enum err err;

	for (int i = 0; i < WIRE_SLOTS; i++)
		if (i != m->slot && f->slot[i] && strcmp(follow_name(f->slot[i]), m->name) == 0)
			return ERR_BAD_INPUT; /* one file, one slot */
	follow_close(f->slot[m->slot]);
	f->slot[m->slot] = NULL;
	standby_undone(&f->state, m->name);
	err = follow_open(&f->slot[m->slot], f->store, m->name, m->page_size, f->hash_key);
	if (err)
		return say_failed(m->name, err, say, arg);
	f->counts.damaged += follow_began_anew(f->slot[m->slot]);
	return follow_say_hashes(f->slot[m->slot], m->slot, say, arg);
}

static enum err take_page(struct folder *f, const struct wire *m, folder_say say, void *arg)
{
	struct follow *file = f->slot[m->slot];
	enum err err = file ? follow_page(file, m->page, m->bytes, m->len) : ERR_BAD_INPUT;

	f->counts.pages++;
	f->counts.bytes += m->len;
	if (err && err != ERR_BAD_INPUT)
		return say_failed(follow_name(file), err, say, arg);
	return err;
}

static enum err take_commit(struct folder *f, const struct wire *m, folder_say say, void *arg)
{
	struct follow *file = f->slot[m->slot];
	enum err err = file ? follow_commit(file, m->pages, m->digest) : ERR_BAD_INPUT;

	if (err && err != ERR_BAD_INPUT)
		return say_failed(follow_name(file), err, say, arg);
	return err ? err : say_applied(m->slot, m->digest, say, arg);
}

static enum err take_done(struct folder *f, const struct wire *m, folder_say say, void *arg)
{
	struct follow *file = f->slot[m->slot];
	enum err err;

	if (!file || strcmp(follow_name(file), "wattle.db") == 0)
		return ERR_BAD_INPUT;
	err = follow_finish(file);
	if (!err)
		err = standby_done(&f->state, follow_name(file));
	if (err)
		return say_failed(follow_name(file), err, say, arg);
	follow_close(file);
	f->slot[m->slot] = NULL;
	save(f);
	return say_applied(m->slot, 0, say, arg);
}

static enum err take_file(struct folder *f, const struct wire *m, folder_say say, void *arg)
{
	const char *name = strcmp(m->name, "wattle.ini") == 0 ? "primary.ini" : m->name;
	char path[STORE_PATH_SIZE], above[STORE_PATH_SIZE], *slash;
	enum err err;

	path_of(f->dir, name, path);
	snprintf(above, sizeof above, "%s", path);
	slash = strrchr(above, '/');
	*slash = '\0';
	err = dir_make(above);
	if (!err)
		err = file_replace(path, 0640, m->bytes, m->len);
	return err ? say_failed(name, err, say, arg) : say_applied(WIRE_NO_SLOT, 0, say, arg);
}

static enum err take_as_of(struct folder *f, const struct wire *m, folder_say say, void *arg)
{
	bool first = f->state.as_of_ms == 0;

	f->state.as_of_ms = m->as_of_ms;
	if (first || clock_mono_ms() - f->saved_ms >= SAVE_MS)
		save(f);
	return say(arg, m);
}

enum err folder_take(struct folder *f, const struct wire *m, folder_say say, void *arg)
{
	if (m->type == WIRE_HELLO)
		return f->greeted ? ERR_BAD_INPUT : take_hello(f, m, say, arg);
	if (!f->greeted)
		return ERR_BAD_INPUT;
	switch (m->type) {
	case WIRE_OPEN:
		return take_open(f, m, say, arg);
	case WIRE_PAGE:
		return take_page(f, m, say, arg);
	case WIRE_COMMIT:
		return take_commit(f, m, say, arg);
	case WIRE_DONE:
		return take_done(f, m, say, arg);
	case WIRE_FILE:
		return take_file(f, m, say, arg);
	case WIRE_AS_OF:
		return take_as_of(f, m, say, arg);
	case WIRE_HELLO:
	case WIRE_WELCOME:
	case WIRE_REFUSED:
	case WIRE_HAVE:
	case WIRE_HASHES_ARE:
	case WIRE_HASHES_END:
	case WIRE_APPLIED:
	case WIRE_FAILED:
		break;
	}
	return ERR_BAD_INPUT;
}

/* ---- without a session ---- */

enum err folder_peek(const char *data_dir, struct folder_state *out)
{
	char store[STORE_PATH_SIZE];
	struct standby state;
	enum err err = standby_load(data_dir, &state);

	memset(out, 0, sizeof *out);
	if (err)
		return err;
	path_of(data_dir, "store", store);
	out->standby = exists(store, GUARD_STANDBY);
	out->fenced_off = !out->standby && state.fence_generation != 0;
	out->store = state.store;
	out->generation = out->fenced_off ? state.fence_generation : state.generation;
	out->as_of_ms = out->fenced_off ? state.fence_as_of_ms : state.as_of_ms;
	snprintf(out->key, sizeof out->key, "%s", state.key);
	standby_free(&state);
	return ERR_NONE;
}

enum err folder_init(const char *data_dir)
{
	char store[STORE_PATH_SIZE], path[STORE_PATH_SIZE];
	struct standby state = {0};
	enum err err;

	path_of(data_dir, "store", store);
	if (exists(store, "wattle.db") || exists(store, GUARD_STANDBY))
		return ERR_DUP;
	err = dir_make(store);
	path_of(store, GUARD_STANDBY, path);
	/* The mark first: without it a half-made folder would look like an installation. */
	if (!err)
		err = file_replace(path, 0600, "follows a primary\n", 18);
	return err ? err : standby_save(data_dir, &state);
}

enum err folder_take_over(const char *data_dir, uint64_t generation, int64_t as_of_ms)
{
	char store[STORE_PATH_SIZE], path[STORE_PATH_SIZE];
	enum err err = standby_save_fence(data_dir, generation, as_of_ms);

	path_of(data_dir, "store", store);
	path_of(store, GUARD_STANDBY, path);
	if (!err && unlink(path) && errno != ENOENT)
		err = err_of_errno(errno);
	return err ? err : dir_sync(store);
}
