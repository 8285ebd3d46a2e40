/* Terminal keys are kept wrapped under a key outside the store (DATA/secret.key). */
#ifndef PLATFORM_CORE_KEYS_H
#define PLATFORM_CORE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "platform/store/terminal.h"

#define TERMINAL_KEY_SIZE 32

struct keys;

/* Make DATA/secret.key, mode 0600. ERR_DUP: it exists and is left alone. */
MUST_USE enum err keys_create_file(const char *path);
/* `why` names file and reason: missing, readable by others, wrong length. */
MUST_USE enum err keys_load(struct keys **keys, const char *path, char *why, size_t why_size);
/* From 32 bytes in memory: tests. */
MUST_USE enum err keys_from_bytes(struct keys **keys, const uint8_t secret[32]);
void keys_free(struct keys *keys); /* wipes */

/* The chip id is bound in: a wrapped key moved to another row does not open. */
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
