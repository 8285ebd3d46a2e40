#include "platform/core/sign.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "platform/core/keys.h"
#include "platform/store/info.h"
#include "platform/store/sign_key.h"

#define SCHEME     "ed25519 "
#define PUBLIC_HEX (2 * crypto_sign_PUBLICKEYBYTES)
#define SIGN_HEX   (2 * crypto_sign_BYTES)

_Static_assert(SIGN_SEED_SIZE == crypto_sign_SEEDBYTES, "libsodium's seed");
_Static_assert(SIGN_SEED_WRAPPED == SIGN_SEED_SIZE + SECRET_OVERHEAD, "the wrapped seed fits");
_Static_assert(SIGN_PUBLIC_TEXT == PUBLIC_HEX + 1, "the public key fits");

struct pair {
	uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
};

static void sign_id_text(int64_t sign_id, char id[24])
{
	snprintf(id, 24, "%lld", (long long)sign_id);
}

static enum err make_key(struct tx *tx, int64_t now_ms, struct pair *pair)
{
	struct sign_key_row row = {.created_s = now_ms / 1000};
	uint8_t seed[SIGN_SEED_SIZE];
	char id[24];
	enum err err = sequence_next(tx->db, "sign_key", &row.sign_id);

	if (err)
		return err;
	randombytes_buf(seed, sizeof seed);
	crypto_sign_seed_keypair(pair->public, pair->secret, seed);
	hex_encode(pair->public, sizeof pair->public, row.public_key);
	sign_id_text(row.sign_id, id);
	err = secret_wrap(tx->keys, "sign", id, seed, sizeof seed, row.seed_wrapped);
	sodium_memzero(seed, sizeof seed);
	return err ? err : sign_key_insert(tx->db, &row);
}

static enum err open_key(struct tx *tx, const struct sign_key_row *row, struct pair *pair)
{
	uint8_t seed[SIGN_SEED_SIZE];
	char id[24];
	enum err err;

	sign_id_text(row->sign_id, id);
	err = secret_unwrap(tx->keys, "sign", id, row->seed_wrapped, sizeof row->seed_wrapped,
	                    seed);
	if (!err)
		crypto_sign_seed_keypair(pair->public, pair->secret, seed);
	sodium_memzero(seed, sizeof seed);
	return err;
}

enum err sign_text(struct tx *tx, const char *text, int64_t now_ms,
                   char signature[SIGNATURE_TEXT_SIZE])
{
	uint8_t bytes[crypto_sign_BYTES];
	char public[PUBLIC_HEX + 1], hex[SIGN_HEX + 1];
	struct sign_key_row row;
	struct pair pair;
	enum err err;

	if (!tx->keys)
		return ERR_AUTH;
	err = sign_key_newest(tx->db, &row);
	err = err == ERR_NOT_FOUND ? make_key(tx, now_ms, &pair)
	      : err                ? err
	                           : open_key(tx, &row, &pair);
	if (err)
		return err;
	crypto_sign_detached(bytes, NULL, (const uint8_t *)text, strlen(text), pair.secret);
	hex_encode(pair.public, sizeof pair.public, public);
	hex_encode(bytes, sizeof bytes, hex);
	snprintf(signature, SIGNATURE_TEXT_SIZE, SCHEME "%s %s", public, hex);
	sodium_memzero(&pair, sizeof pair);
	return ERR_NONE;
}

/* The parts of a signature's text; false: it is none. */
static bool split(const char *signature, char public_hex[PUBLIC_HEX + 1],
                  uint8_t public[crypto_sign_PUBLICKEYBYTES], uint8_t bytes[crypto_sign_BYTES])
{
	const char *at = signature + strlen(SCHEME);

	if (strncmp(signature, SCHEME, strlen(SCHEME)) != 0 ||
	    strlen(at) != PUBLIC_HEX + 1 + SIGN_HEX || at[PUBLIC_HEX] != ' ')
		return false;
	memcpy(public_hex, at, PUBLIC_HEX);
	public_hex[PUBLIC_HEX] = '\0';
	return !hex_decode(public_hex, public, crypto_sign_PUBLICKEYBYTES) &&
	       !hex_decode(at + PUBLIC_HEX + 1, bytes, crypto_sign_BYTES);
}

enum err sign_verify(struct db *db, const char *text, const char *signature,
                     enum sign_verdict *verdict)
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES], bytes[crypto_sign_BYTES];
	char public_hex[PUBLIC_HEX + 1];
	bool known = false;
	enum err err;

	*verdict = SIGN_BAD;
	if (sodium_init() < 0)
		return ERR_INTERNAL;
	if (!split(signature, public_hex, public, bytes) ||
	    crypto_sign_verify_detached(bytes, (const uint8_t *)text, strlen(text), public))
		return ERR_NONE;
	err = sign_key_known(db, public_hex, &known);
	*verdict = known ? SIGN_GOOD : SIGN_FOREIGN;
	return err;
}
