#include "platform/core/keys.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "libs/base/number.h"
#include "libs/base/sha256.h"
#include "platform/core/settings.h"
#include "platform/store/files.h"

#define SECRET_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define LINE_SIZE   (2 * SECRET_SIZE + 24) /* key, blank, seconds, newline */
#define FILE_MAX    (KEYS_MAX * LINE_SIZE + 1)
#define BOUND_SIZE  192

_Static_assert(SECRET_SIZE == 32, "DATA/secret.key holds 32 bytes as hex");
_Static_assert(SECRET_OVERHEAD == NONCE_SIZE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "nonce, tag");
_Static_assert(KEY_WRAPPED_SIZE == TERMINAL_KEY_SIZE + SECRET_OVERHEAD, "a wrapped terminal key");

struct key {
	uint8_t secret[SECRET_SIZE];
	int64_t since_s; /* 0: not written down */
};

struct ring {
	struct key key[KEYS_MAX];
	size_t count;
};

/* All threads share one; a changed file replaces the ring under the lock. */
struct keys {
	struct shared {
		pthread_mutex_t lock;
		struct ring ring;
		char path[SETTING_TEXT]; /* "": in memory only */
		struct stat seen;
	} * shared;
};

/* ---- the file ---- */

static enum err line_parse(const char *line, size_t len, struct ring *ring)
{
	struct key *key = &ring->key[ring->count];
	char hex[2 * SECRET_SIZE + 1], since[24];
	enum err err;

	if (len < 2 * SECRET_SIZE || ring->count == KEYS_MAX)
		return ERR_BAD_INPUT;
	memcpy(hex, line, 2 * SECRET_SIZE);
	hex[2 * SECRET_SIZE] = '\0';
	err = hex_decode(hex, key->secret, SECRET_SIZE);
	sodium_memzero(hex, sizeof hex);
	line += 2 * SECRET_SIZE;
	len -= 2 * SECRET_SIZE;
	key->since_s = 0;
	if (!err && len) {
		if (*line != ' ' || len - 1 >= sizeof since)
			return ERR_BAD_INPUT;
		snprintf(since, sizeof since, "%.*s", (int)len - 1, line + 1);
		err = i64_parse(since, 0, INT64_MAX, &key->since_s);
	}
	if (err)
		return ERR_BAD_INPUT;
	ring->count++;
	return ERR_NONE;
}

static enum err ring_parse(const char *text, size_t len, struct ring *ring, unsigned *line)
{
	enum err err = ERR_NONE;

	ring->count = 0;
	for (*line = 1; len && !err; ++*line) {
		const char *end = memchr(text, '\n', len);
		size_t n = end ? (size_t)(end - text) : len;

		err = line_parse(text, n, ring);
		if (err)
			return err;
		text += n + (end ? 1 : 0);
		len -= n + (end ? 1 : 0);
	}
	return ring->count ? ERR_NONE : ERR_BAD_INPUT;
}

static size_t ring_print(const struct ring *ring, char text[FILE_MAX])
{
	size_t used = 0;

	for (size_t i = 0; i < ring->count; i++) {
		char hex[2 * SECRET_SIZE + 1];

		hex_encode(ring->key[i].secret, SECRET_SIZE, hex);
		used += (size_t)snprintf(text + used, FILE_MAX - used,
		                         ring->key[i].since_s ? "%s %lld\n" : "%s\n", hex,
		                         (long long)ring->key[i].since_s);
		sodium_memzero(hex, sizeof hex);
	}
	assert(used < FILE_MAX);
	return used;
}

enum err keys_create_file(const char *path)
{
	char text[2 * SECRET_SIZE + 2];
	uint8_t secret[SECRET_SIZE];
	bool written;
	int fd;

	if (sodium_init() < 0)
		return ERR_INTERNAL;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_of_errno(errno);
	randombytes_buf(secret, sizeof secret);
	hex_encode(secret, sizeof secret, text);
	text[2 * SECRET_SIZE] = '\n';
	written = write(fd, text, 2 * SECRET_SIZE + 1) == 2 * SECRET_SIZE + 1 && fsync(fd) == 0;
	close(fd);
	sodium_memzero(secret, sizeof secret);
	sodium_memzero(text, sizeof text);
	if (written)
		return ERR_NONE;
	unlink(path);
	return errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
}

/* ---- making ---- */

static enum err keys_new(struct keys **out, const struct ring *ring)
{
	struct keys *keys = calloc(1, sizeof *keys);
	struct shared *shared = calloc(1, sizeof *shared);

	*out = NULL;
	if (!keys || !shared || sodium_init() < 0) {
		free(keys);
		free(shared);
		return ERR_NOMEM;
	}
	pthread_mutex_init(&shared->lock, NULL);
	shared->ring = *ring;
	keys->shared = shared;
	*out = keys;
	return ERR_NONE;
}

enum err keys_parse(struct keys **keys, const char *text, size_t len, unsigned *line)
{
	struct ring ring;
	enum err err = ring_parse(text, len, &ring, line);

	*keys = NULL;
	if (!err)
		err = keys_new(keys, &ring);
	sodium_memzero(&ring, sizeof ring);
	return err;
}

enum err keys_from_bytes(struct keys **out, const uint8_t secret[32])
{
	struct ring ring = {.count = 1};
	enum err err;

	memcpy(ring.key[0].secret, secret, SECRET_SIZE);
	err = keys_new(out, &ring);
	sodium_memzero(&ring, sizeof ring);
	return err;
}

enum err keys_load(struct keys **keys, const char *path, char *why, size_t why_size)
{
	char text[FILE_MAX];
	struct stat st;
	unsigned line;
	size_t len;
	enum err err;

	*keys = NULL;
	err = secret_file_check(path, why, why_size);
	if (err)
		return err;
	if (stat(path, &st) || file_read(path, text, sizeof text, &len)) {
		snprintf(why, why_size, "%s: cannot be read, or is too long", path);
		return ERR_BAD_INPUT;
	}
	err = keys_parse(keys, text, len, &line);
	sodium_memzero(text, sizeof text);
	if (err) {
		snprintf(why, why_size, "%s:%u: not 64 hex digits", path, line);
		return err;
	}
	snprintf((*keys)->shared->path, SETTING_TEXT, "%s", path);
	(*keys)->shared->seen = st;
	return ERR_NONE;
}

void keys_free(struct keys *keys)
{
	if (!keys)
		return;
	pthread_mutex_destroy(&keys->shared->lock);
	sodium_memzero(keys->shared, sizeof *keys->shared);
	free(keys->shared);
	free(keys);
}

/* ---- the ring in memory follows the file ---- */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* A file that cannot be used now changes nothing: the keys in memory are good. */
static void follow_file(struct shared *s)
{
	char text[FILE_MAX];
	struct ring ring;
	struct stat st;
	unsigned line;
	size_t len;

	if (!s->path[0] || stat(s->path, &st) || same_file(&st, &s->seen))
		return;
	if (!file_read(s->path, text, sizeof text, &len) && !ring_parse(text, len, &ring, &line)) {
		s->ring = ring;
		s->seen = st;
	}
	sodium_memzero(text, sizeof text);
	sodium_memzero(&ring, sizeof ring);
}

static enum err ring_save(struct shared *s, const struct ring *ring)
{
	char text[FILE_MAX];
	size_t len = ring_print(ring, text);
	enum err err = s->path[0] ? file_replace(s->path, 0600, text, len) : ERR_NONE;

	sodium_memzero(text, sizeof text);
	if (!err) {
		s->ring = *ring;
		if (s->path[0] && stat(s->path, &s->seen))
			err = ERR_IO;
	}
	return err;
}

enum err keys_add(struct keys *keys, int64_t now_s)
{
	struct shared *s = keys->shared;
	struct ring ring;
	enum err err = ERR_FULL;

	pthread_mutex_lock(&s->lock);
	follow_file(s);
	ring = s->ring;
	if (ring.count < KEYS_MAX) {
		memmove(&ring.key[1], &ring.key[0], ring.count * sizeof ring.key[0]);
		ring.count++;
		randombytes_buf(ring.key[0].secret, SECRET_SIZE);
		ring.key[0].since_s = now_s;
		err = ring_save(s, &ring);
	}
	pthread_mutex_unlock(&s->lock);
	sodium_memzero(&ring, sizeof ring);
	return err;
}

enum err keys_forget(struct keys *keys)
{
	struct shared *s = keys->shared;
	struct ring ring = {.count = 1};
	enum err err;

	pthread_mutex_lock(&s->lock);
	follow_file(s);
	ring.key[0] = s->ring.key[0];
	err = ring_save(s, &ring);
	pthread_mutex_unlock(&s->lock);
	sodium_memzero(&ring, sizeof ring);
	return err;
}

size_t keys_count(const struct keys *keys)
{
	size_t count;

	pthread_mutex_lock(&keys->shared->lock);
	count = keys->shared->ring.count;
	pthread_mutex_unlock(&keys->shared->lock);
	return count;
}

void keys_name(const struct keys *keys, size_t i, char name[KEY_NAME_SIZE], int64_t *since_s)
{
	static const char purpose[] = "wattle key name";
	uint8_t digest[SHA256_SIZE];
	struct hmac hmac;

	pthread_mutex_lock(&keys->shared->lock);
	assert(i < keys->shared->ring.count);
	hmac_init(&hmac, keys->shared->ring.key[i].secret, SECRET_SIZE);
	if (since_s)
		*since_s = keys->shared->ring.key[i].since_s;
	pthread_mutex_unlock(&keys->shared->lock);
	hmac_update(&hmac, purpose, sizeof purpose);
	hmac_final(&hmac, digest);
	hex_encode(digest, (KEY_NAME_SIZE - 1) / 2, name);
	sodium_memzero(&hmac, sizeof hmac);
}

/* ---- secrets ---- */

/* What is bound in: the chip alone for a terminal's key, whose 24 hex digits no "kind:id" equals. */
static size_t bound_of(const char *kind, const char *id, char bound[BOUND_SIZE])
{
	int n = snprintf(bound, BOUND_SIZE, "%s%s%s", kind, *kind ? ":" : "", id);

	assert(n > 0 && n < BOUND_SIZE);
	return (size_t)n;
}

enum err secret_wrap(const struct keys *keys, const char *kind, const char *id, const void *plain,
                     size_t len, uint8_t *wrapped)
{
	struct shared *s = keys->shared;
	char bound[BOUND_SIZE];
	size_t bound_len = bound_of(kind, id, bound);
	int failed;

	randombytes_buf(wrapped, NONCE_SIZE);
	pthread_mutex_lock(&s->lock);
	follow_file(s);
	failed = crypto_aead_xchacha20poly1305_ietf_encrypt(wrapped + NONCE_SIZE, NULL, plain, len,
	                                                    (const uint8_t *)bound, bound_len, NULL,
	                                                    wrapped, s->ring.key[0].secret);
	pthread_mutex_unlock(&s->lock);
	return failed ? ERR_INTERNAL : ERR_NONE;
}

/* `plain` NULL: only whether it opens. */
static bool opens(const struct ring *ring, const char *bound, size_t bound_len,
                  const uint8_t *wrapped, size_t len, uint8_t *plain, size_t *key)
{
	size_t text_len = len - SECRET_OVERHEAD;

	for (*key = 0; *key < ring->count; ++*key) {
		const uint8_t *secret = ring->key[*key].secret;
		int failed;

		/* With plain NULL libsodium only checks the tag. */
		failed = crypto_aead_xchacha20poly1305_ietf_decrypt_detached(
		        plain, NULL, wrapped + NONCE_SIZE, text_len,
		        wrapped + NONCE_SIZE + text_len, (const uint8_t *)bound, bound_len, wrapped,
		        secret);
		if (!failed)
			return true;
	}
	return false;
}

static enum err open_with(const struct keys *keys, const char *kind, const char *id,
                          const uint8_t *wrapped, size_t len, void *plain, size_t *key)
{
	struct shared *s = keys->shared;
	char bound[BOUND_SIZE];
	size_t bound_len = bound_of(kind, id, bound);
	bool good;

	if (len < SECRET_OVERHEAD)
		return ERR_AUTH;
	pthread_mutex_lock(&s->lock);
	good = opens(&s->ring, bound, bound_len, wrapped, len, plain, key);
	if (!good) {
		follow_file(s); /* wrapped by another program under a key that is new to us? */
		good = opens(&s->ring, bound, bound_len, wrapped, len, plain, key);
	}
	pthread_mutex_unlock(&s->lock);
	return good ? ERR_NONE : ERR_AUTH;
}

enum err secret_unwrap(const struct keys *keys, const char *kind, const char *id,
                       const uint8_t *wrapped, size_t len, void *plain)
{
	size_t key;

	return open_with(keys, kind, id, wrapped, len, plain, &key);
}

enum err secret_key_of(const struct keys *keys, const char *kind, const char *id,
                       const uint8_t *wrapped, size_t len, size_t *key)
{
	return open_with(keys, kind, id, wrapped, len, NULL, key);
}

enum err keys_wrap(const struct keys *keys, const char *chip, const uint8_t key[TERMINAL_KEY_SIZE],
                   uint8_t out[KEY_WRAPPED_SIZE])
{
	return secret_wrap(keys, "", chip, key, TERMINAL_KEY_SIZE, out);
}

enum err keys_unwrap(const struct keys *keys, const char *chip,
                     const uint8_t wrapped[KEY_WRAPPED_SIZE], uint8_t key[TERMINAL_KEY_SIZE])
{
	return secret_unwrap(keys, "", chip, wrapped, KEY_WRAPPED_SIZE, key);
}

enum err chip_parse(const char *text, uint8_t chip[12])
{
	return strlen(text) == 24 ? hex_decode(text, chip, 12) : ERR_BAD_INPUT;
}

void chip_format(const uint8_t chip[12], char text[CHIP_TEXT_SIZE])
{
	hex_encode(chip, 12, text);
}

enum err key_parse(const char *text, uint8_t key[TERMINAL_KEY_SIZE])
{
	return strlen(text) == 64 ? hex_decode(text, key, TERMINAL_KEY_SIZE) : ERR_BAD_INPUT;
}
