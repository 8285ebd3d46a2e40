/* Secrets in the store are wrapped under keys that are kept outside of it, in DATA/secret.key: a
 * line of 64 hex digits per key, the newest first. New secrets are wrapped under the newest; the
 * others still open what was wrapped before, in this store or in an old backup. A running program
 * sees a changed file by itself, so `wattle key rotate` needs no restart. */
#ifndef PLATFORM_CORE_KEYS_H
#define PLATFORM_CORE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "platform/store/terminal.h"

#define TERMINAL_KEY_SIZE 32
#define KEYS_MAX          8  /* in the file */
#define KEY_NAME_SIZE     17 /* 16 hex digits that tell a key and give nothing of it away */
#define SECRET_OVERHEAD   40 /* bytes: nonce and tag */

struct keys;

/* Make DATA/secret.key, mode 0600. ERR_DUP: it exists and is left alone. */
MUST_USE enum err keys_create_file(const char *path);
/* `why` names file and reason: missing, readable by others, wrong length. */
MUST_USE enum err keys_load(struct keys **keys, const char *path, char *why, size_t why_size);
/* From the text of such a file; `line` is that of the first fault. */
MUST_USE enum err keys_parse(struct keys **keys, const char *text, size_t len, unsigned *line);
/* From 32 bytes in memory: tests. */
MUST_USE enum err keys_from_bytes(struct keys **keys, const uint8_t secret[32]);
void keys_free(struct keys *keys); /* wipes */

/* How many there are, and the name and age of each; 0 is the newest. */
size_t keys_count(const struct keys *keys);
void keys_name(const struct keys *keys, size_t i, char name[KEY_NAME_SIZE], int64_t *since_s);

/* A fresh key becomes the newest in file and memory. ERR_FULL: forget old ones first. */
MUST_USE enum err keys_add(struct keys *keys, int64_t now_s);
/* All but the newest leave file and memory. */
MUST_USE enum err keys_forget(struct keys *keys);

/* Any secret of a row. `kind` (`totp`, `webhook`, …) and `id` (what names the row for good, within
 * its kind) are bound in: copied to another row it does not open. `wrapped` takes `len` +
 * SECRET_OVERHEAD bytes. The column is called `…_wrapped` and listed in platform/store/secret.c,
 * so that key rotation finds it (a test looks). */
MUST_USE enum err secret_wrap(const struct keys *keys, const char *kind, const char *id,
                              const void *plain, size_t len, uint8_t *wrapped);
/* `plain` takes `len` - SECRET_OVERHEAD bytes. ERR_AUTH: changed, moved, or another key's. */
MUST_USE enum err secret_unwrap(const struct keys *keys, const char *kind, const char *id,
                                const uint8_t *wrapped, size_t len, void *plain);
/* Which key opens it, 0 the newest; ERR_AUTH: none. */
MUST_USE enum err secret_key_of(const struct keys *keys, const char *kind, const char *id,
                                const uint8_t *wrapped, size_t len, size_t *key);

/* A terminal's key: kind "", id is the chip. */
MUST_USE enum err keys_wrap(const struct keys *keys, const char *chip,
                            const uint8_t key[TERMINAL_KEY_SIZE], uint8_t out[KEY_WRAPPED_SIZE]);
MUST_USE enum err keys_unwrap(const struct keys *keys, const char *chip,
                              const uint8_t wrapped[KEY_WRAPPED_SIZE],
                              uint8_t key[TERMINAL_KEY_SIZE]);

/* 24 hex digits to 12 bytes and back (lower case). */
MUST_USE enum err chip_parse(const char *text, uint8_t chip[12]);
void chip_format(const uint8_t chip[12], char text[CHIP_TEXT_SIZE]);
/* 64 hex digits. */
MUST_USE enum err key_parse(const char *text, uint8_t key[TERMINAL_KEY_SIZE]);

#endif
