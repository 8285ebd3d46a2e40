#include "cli/sealed.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"

#define MAGIC      "WATTLE-SEALED-1\n"
#define MAGIC_SIZE 16
#define PASSES_MAX 16
#define MEMORY_MAX (1024 * 1024)
#define NAME_PARTS 4

_Static_assert(crypto_pwhash_SALTBYTES == 16 && crypto_secretbox_NONCEBYTES == 24 &&
                       crypto_secretbox_KEYBYTES == 32 && crypto_secretbox_MACBYTES == 16,
               "the header as docs/protocol/backup.md has it");

const struct sealed_cost sealed_cost = {3, 256 * 1024};

bool safe_name(const char *name)
{
	static const char allowed[] =
	        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	int parts = 0;

	if (strlen(name) >= SEALED_NAME_SIZE)
		return false;
	for (;;) {
		size_t n = strspn(name, allowed);

		if (n == 0 || *name == '.' || ++parts > NAME_PARTS)
			return false;
		name += n;
		if (!*name)
			return true;
		if (*name++ != '/')
			return false;
	}
}

/* ---- records ---- */

static enum err make_room(struct bundle *bundle, size_t more)
{
	size_t room = bundle->room ? bundle->room : 4096;
	uint8_t *bytes;

	if (bundle->len + more > SEALED_PLAIN_MAX)
		return ERR_TOO_LONG;
	while (room < bundle->len + more)
		room *= 2;
	if (room == bundle->room)
		return ERR_NONE;
	/* Not realloc: what it leaves behind holds keys. */
	bytes = malloc(room);
	if (!bytes)
		return ERR_NOMEM;
	if (bundle->bytes) {
		memcpy(bytes, bundle->bytes, bundle->len);
		sodium_memzero(bundle->bytes, bundle->len);
		free(bundle->bytes);
	}
	bundle->bytes = bytes;
	bundle->room = room;
	return ERR_NONE;
}

enum err bundle_add(struct bundle *bundle, const char *name, const void *content, size_t len)
{
	size_t name_len = strlen(name);
	enum err err;
	uint8_t *to;

	if (!safe_name(name))
		return ERR_BAD_INPUT;
	if (bundle->count == SEALED_FILES_MAX)
		return ERR_FULL;
	err = make_room(bundle, 5 + name_len + len);
	if (err)
		return err;
	to = bundle->bytes + bundle->len;
	to[0] = (uint8_t)name_len;
	put_le32(to + 1, (uint32_t)len);
	memcpy(to + 5, name, name_len);
	memcpy(to + 5 + name_len, content, len);
	bundle->len += 5 + name_len + len;
	bundle->count++;
	return ERR_NONE;
}

enum err bundle_each(const uint8_t *bytes, size_t len,
                     enum err (*each)(void *arg, const char *name, const uint8_t *content,
                                      size_t len),
                     void *arg)
{
	char name[SEALED_NAME_SIZE];
	enum err err = ERR_NONE;

	for (size_t count = 0; !err && len; count++) {
		size_t name_len = bytes[0], size;

		if (count == SEALED_FILES_MAX || len < 5 || name_len >= sizeof name)
			return ERR_BAD_INPUT;
		size = get_le32(bytes + 1);
		if (size > len || name_len + 5 > len - size)
			return ERR_BAD_INPUT;
		memcpy(name, bytes + 5, name_len);
		name[name_len] = '\0';
		if (!safe_name(name) || strlen(name) != name_len)
			return ERR_BAD_INPUT;
		err = each(arg, name, bytes + 5 + name_len, size);
		bytes += 5 + name_len + size;
		len -= 5 + name_len + size;
	}
	return err;
}

void bundle_free(struct bundle *bundle)
{
	if (bundle->bytes)
		sodium_memzero(bundle->bytes, bundle->room);
	free(bundle->bytes);
	memset(bundle, 0, sizeof *bundle);
}

/* ---- the seal ---- */

static enum err derive(const char *passphrase, const uint8_t *salt, struct sealed_cost cost,
                       uint8_t key[crypto_secretbox_KEYBYTES])
{
	if (sodium_init() < 0)
		return ERR_INTERNAL;
	if (crypto_pwhash(key, crypto_secretbox_KEYBYTES, passphrase, strlen(passphrase), salt,
	                  cost.passes, (size_t)cost.memory_kib * 1024,
	                  crypto_pwhash_ALG_ARGON2ID13))
		return ERR_NOMEM;
	return ERR_NONE;
}

enum err sealed_close(const struct bundle *bundle, const char *passphrase, struct sealed_cost cost,
                      uint8_t *out)
{
	uint8_t key[crypto_secretbox_KEYBYTES];
	enum err err;

	if (sodium_init() < 0)
		return ERR_INTERNAL;
	memcpy(out, MAGIC, MAGIC_SIZE);
	put_le32(out + 16, cost.passes);
	put_le32(out + 20, cost.memory_kib);
	randombytes_buf(out + 24, 40); /* salt and nonce */
	err = derive(passphrase, out + 24, cost, key);
	if (!err &&
	    crypto_secretbox_easy(out + SEALED_HEADER, bundle->bytes, bundle->len, out + 40, key))
		err = ERR_INTERNAL;
	sodium_memzero(key, sizeof key);
	return err;
}

enum err sealed_open(const uint8_t *bytes, size_t len, const char *passphrase,
                     struct bundle *bundle)
{
	uint8_t key[crypto_secretbox_KEYBYTES];
	struct sealed_cost cost;
	size_t plain;
	enum err err;

	memset(bundle, 0, sizeof *bundle);
	if (len < SEALED_HEADER + crypto_secretbox_MACBYTES ||
	    len > SEALED_HEADER + crypto_secretbox_MACBYTES + SEALED_PLAIN_MAX ||
	    memcmp(bytes, MAGIC, MAGIC_SIZE) != 0)
		return ERR_BAD_INPUT;
	plain = len - SEALED_HEADER - crypto_secretbox_MACBYTES;
	cost = (struct sealed_cost){get_le32(bytes + 16), get_le32(bytes + 20)};
	/* A hostile head must not make us compute for a day. */
	if (cost.passes < 1 || cost.passes > PASSES_MAX || cost.memory_kib < 8 ||
	    cost.memory_kib > MEMORY_MAX)
		return ERR_BAD_INPUT;
	err = make_room(bundle, plain);
	if (!err)
		err = derive(passphrase, bytes + 24, cost, key);
	if (!err && crypto_secretbox_open_easy(bundle->bytes, bytes + SEALED_HEADER,
	                                       len - SEALED_HEADER, bytes + 40, key))
		err = ERR_AUTH;
	sodium_memzero(key, sizeof key);
	if (err) {
		bundle_free(bundle);
		return err;
	}
	bundle->len = plain;
	return ERR_NONE;
}
