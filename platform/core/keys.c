#include "platform/core/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libs/base/bytes.h"
#include "platform/core/settings.h"

#define SECRET_SIZE crypto_aead_xchacha20poly1305_ietf_KEYBYTES
#define NONCE_SIZE  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

_Static_assert(SECRET_SIZE == 32, "DATA/secret.key holds 32 bytes as hex");
_Static_assert(KEY_WRAPPED_SIZE ==
                       NONCE_SIZE + TERMINAL_KEY_SIZE + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "nonce, key, tag");

struct keys {
	uint8_t secret[SECRET_SIZE];
};

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
		return errno == EEXIST ? ERR_DUP : errno == ENOSPC ? ERR_DISK_FULL : ERR_IO;
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

enum err keys_from_bytes(struct keys **out, const uint8_t secret[32])
{
	struct keys *keys;

	*out = NULL;
	if (sodium_init() < 0)
		return ERR_INTERNAL;
	keys = calloc(1, sizeof *keys);
	if (!keys)
		return ERR_NOMEM;
	memcpy(keys->secret, secret, sizeof keys->secret);
	*out = keys;
	return ERR_NONE;
}

enum err keys_load(struct keys **keys, const char *path, char *why, size_t why_size)
{
	char text[2 * SECRET_SIZE + 1];
	uint8_t secret[SECRET_SIZE];
	enum err err;
	ssize_t n;
	int fd;

	err = secret_file_check(path, why, why_size);
	if (err)
		return err;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, 2 * SECRET_SIZE);
	if (fd >= 0)
		close(fd);
	text[2 * SECRET_SIZE] = '\0';
	if (n != 2 * SECRET_SIZE || hex_decode(text, secret, sizeof secret)) {
		snprintf(why, why_size, "%s: not 64 hex digits", path);
		return ERR_BAD_INPUT;
	}
	err = keys_from_bytes(keys, secret);
	sodium_memzero(text, sizeof text);
	sodium_memzero(secret, sizeof secret);
	return err;
}

void keys_free(struct keys *keys)
{
	if (!keys)
		return;
	sodium_memzero(keys, sizeof *keys);
	free(keys);
}

enum err keys_wrap(const struct keys *keys, const char *chip, const uint8_t key[TERMINAL_KEY_SIZE],
                   uint8_t out[KEY_WRAPPED_SIZE])
{
	unsigned long long len;

	randombytes_buf(out, NONCE_SIZE);
	if (crypto_aead_xchacha20poly1305_ietf_encrypt(out + NONCE_SIZE, &len, key,
	                                               TERMINAL_KEY_SIZE, (const uint8_t *)chip,
	                                               strlen(chip), NULL, out, keys->secret))
		return ERR_INTERNAL;
	return ERR_NONE;
}

enum err keys_unwrap(const struct keys *keys, const char *chip,
                     const uint8_t wrapped[KEY_WRAPPED_SIZE], uint8_t key[TERMINAL_KEY_SIZE])
{
	unsigned long long len;

	if (crypto_aead_xchacha20poly1305_ietf_decrypt(
	            key, &len, NULL, wrapped + NONCE_SIZE, KEY_WRAPPED_SIZE - NONCE_SIZE,
	            (const uint8_t *)chip, strlen(chip), wrapped, keys->secret))
		return ERR_AUTH;
	return ERR_NONE;
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
