#include "libs/base/sha256.h"

#include "libs/base/bytes.h"

#include <string.h>

/* clang-format off */
static const uint32_t round_constant[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
	0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
	0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
	0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
	0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

/* clang-format on */

static uint32_t rotate(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

/* Word t of the message schedule needs only the 16 before it (FIPS 180-4 §6.1.3's circular
 * queue): 64 bytes of stack instead of 256. */
static uint32_t schedule(uint32_t w[16], unsigned t)
{
	uint32_t w2, w15;

	if (t < 16)
		return w[t];
	w2 = w[(t - 2) & 15];
	w15 = w[(t - 15) & 15];
	w[t & 15] += w[(t - 7) & 15] + (rotate(w15, 7) ^ rotate(w15, 18) ^ w15 >> 3) +
	             (rotate(w2, 17) ^ rotate(w2, 19) ^ w2 >> 10);
	return w[t & 15];
}

static void take_block(struct sha256 *s)
{
	uint32_t w[16], v[8];

	for (unsigned i = 0; i < 16; i++)
		w[i] = get_be32(s->block + 4 * i);
	memcpy(v, s->state, sizeof v);
	for (unsigned t = 0; t < 64; t++) {
		uint32_t a = v[0], e = v[4];
		uint32_t choose = (e & v[5]) ^ (~e & v[6]);
		uint32_t majority = (a & v[1]) ^ (a & v[2]) ^ (v[1] & v[2]);
		uint32_t t1 = v[7] + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + choose +
		              round_constant[t] + schedule(w, t);
		uint32_t t2 = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + majority;

		memmove(v + 1, v, 7 * sizeof v[0]);
		v[4] += t1;
		v[0] = t1 + t2;
	}
	for (unsigned i = 0; i < 8; i++)
		s->state[i] += v[i];
}

void sha256_init(struct sha256 *s)
{
	static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
	                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

	memcpy(s->state, start, sizeof start);
	s->length = 0;
}

void sha256_update(struct sha256 *s, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;

	while (len > 0) {
		size_t used = s->length % SHA256_BLOCK;
		size_t n = SHA256_BLOCK - used < len ? SHA256_BLOCK - used : len;

		memcpy(s->block + used, p, n);
		s->length += n;
		p += n;
		len -= n;
		if (used + n == SHA256_BLOCK)
			take_block(s);
	}
}

void sha256_final(struct sha256 *s, uint8_t digest[SHA256_SIZE])
{
	static const uint8_t end_mark = 0x80, zero = 0;
	uint8_t bits[8];

	put_be64(bits, s->length * 8);
	sha256_update(s, &end_mark, 1);
	while (s->length % SHA256_BLOCK != SHA256_BLOCK - sizeof bits)
		sha256_update(s, &zero, 1);
	sha256_update(s, bits, sizeof bits);
	for (unsigned i = 0; i < 8; i++)
		put_be32(digest + 4 * i, s->state[i]);
}

void sha256(const void *bytes, size_t len, uint8_t digest[SHA256_SIZE])
{
	struct sha256 s;

	sha256_init(&s);
	sha256_update(&s, bytes, len);
	sha256_final(&s, digest);
}

void hmac_init(struct hmac *h, const uint8_t *key, size_t key_len)
{
	uint8_t inner_pad[SHA256_BLOCK] = {0};

	if (key_len > SHA256_BLOCK)
		sha256(key, key_len, inner_pad);
	else
		memcpy(inner_pad, key, key_len);
	for (unsigned i = 0; i < SHA256_BLOCK; i++) {
		h->outer_pad[i] = inner_pad[i] ^ 0x5c;
		inner_pad[i] ^= 0x36;
	}
	sha256_init(&h->inner);
	sha256_update(&h->inner, inner_pad, sizeof inner_pad);
}

void hmac_update(struct hmac *h, const void *bytes, size_t len)
{
	sha256_update(&h->inner, bytes, len);
}

void hmac_final(struct hmac *h, uint8_t mac[SHA256_SIZE])
{
	sha256_final(&h->inner, mac);
	sha256_init(&h->inner);
	sha256_update(&h->inner, h->outer_pad, sizeof h->outer_pad);
	sha256_update(&h->inner, mac, SHA256_SIZE);
	sha256_final(&h->inner, mac);
}
