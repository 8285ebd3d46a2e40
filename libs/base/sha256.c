#include "libs/base/sha256.h"

#include "libs/base/bytes.h"

#include <string.h>

#if defined(__x86_64__) && defined(__linux__)
#define HAS_CPU_SHA 1
#include <cpuid.h>
#include <immintrin.h>
#else
#define HAS_CPU_SHA 0
#endif

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

#if HAS_CPU_SHA

#define CPUID_SHA (1U << 29) /* leaf 7, EBX; a processor with it has SSE4.1 */

#define BY_CPU static inline __attribute__((always_inline, target("sha,sse4.1")))

/* The schedule's next four words from the 16 before them. */
BY_CPU __m128i next_words(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
	__m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));

	return _mm_sha256msg2_epu32(sum, w3);
}

/* Rounds 4 i to 4 i + 3; the state is (a b e f), (c d g h). */
BY_CPU void four_rounds(__m128i *abef, __m128i *cdgh, __m128i words, unsigned i)
{
	__m128i sum = _mm_loadu_si128((const __m128i *)(const void *)(round_constant + 4 * i));

	sum = _mm_add_epi32(sum, words);
	*cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sum);
	*abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32(sum, 0x0e));
}

BY_CPU __m128i block_words(const struct sha256 *s, unsigned i)
{
	const __m128i order = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);

	return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(s->block + 16 * i)),
	                        order);
}

/* By the processor's own instructions. */
__attribute__((target("sha,sse4.1"))) static void take_block_cpu(struct sha256 *s)
{
	__m128i low = _mm_loadu_si128((const __m128i *)(const void *)s->state);
	__m128i high = _mm_loadu_si128((const __m128i *)(const void *)(s->state + 4));
	__m128i w0 = block_words(s, 0), w1 = block_words(s, 1), w2 = block_words(s, 2),
	        w3 = block_words(s, 3);
	__m128i abef, cdgh, abef_was, cdgh_was;

	low = _mm_shuffle_epi32(low, 0xb1);
	high = _mm_shuffle_epi32(high, 0x1b);
	abef = abef_was = _mm_alignr_epi8(low, high, 8);
	cdgh = cdgh_was = _mm_blend_epi16(high, low, 0xf0);
	for (unsigned i = 0;; i += 4) {
		four_rounds(&abef, &cdgh, w0, i);
		four_rounds(&abef, &cdgh, w1, i + 1);
		four_rounds(&abef, &cdgh, w2, i + 2);
		four_rounds(&abef, &cdgh, w3, i + 3);
		if (i == 12)
			break;
		w0 = next_words(w0, w1, w2, w3);
		w1 = next_words(w1, w2, w3, w0);
		w2 = next_words(w2, w3, w0, w1);
		w3 = next_words(w3, w0, w1, w2);
	}
	abef = _mm_shuffle_epi32(_mm_add_epi32(abef, abef_was), 0x1b);
	cdgh = _mm_shuffle_epi32(_mm_add_epi32(cdgh, cdgh_was), 0xb1);
	_mm_storeu_si128((__m128i *)(void *)s->state, _mm_blend_epi16(abef, cdgh, 0xf0));
	_mm_storeu_si128((__m128i *)(void *)(s->state + 4), _mm_alignr_epi8(cdgh, abef, 8));
}

/* 0: not looked yet; 1: the processor cannot, or it must not; 2: it does. */
static int cpu_sha;

bool sha256_by_cpu(bool wanted)
{
	unsigned a, b, c, d;
	bool can = __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & CPUID_SHA);

	__atomic_store_n(&cpu_sha, can && wanted ? 2 : 1, __ATOMIC_RELAXED);
	return can && wanted;
}

static bool is_by_cpu(void)
{
	int how = __atomic_load_n(&cpu_sha, __ATOMIC_RELAXED);

	return how ? how == 2 : sha256_by_cpu(true);
}

#else

bool sha256_by_cpu(bool wanted)
{
	(void)wanted;
	return false;
}

#endif

static void take_block(struct sha256 *s)
{
	uint32_t w[16], v[8];

#if HAS_CPU_SHA
	if (is_by_cpu()) {
		take_block_cpu(s);
		return;
	}
#endif

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
	size_t used = s->length % SHA256_BLOCK;

	s->block[used++] = 0x80;
	if (used > SHA256_BLOCK - 8) {
		memset(s->block + used, 0, SHA256_BLOCK - used);
		take_block(s);
		used = 0;
	}
	memset(s->block + used, 0, SHA256_BLOCK - 8 - used);
	put_be64(s->block + SHA256_BLOCK - 8, s->length * 8);
	take_block(s);
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
