/* SHA-256 (FIPS 180-4) and HMAC-SHA-256 (RFC 2104), written for small code. */
#ifndef LIBS_BASE_SHA256_H
#define LIBS_BASE_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE  32
#define SHA256_BLOCK 64

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes so far */
	uint8_t block[SHA256_BLOCK];
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *bytes, size_t len);
void sha256_final(struct sha256 *s, uint8_t digest[SHA256_SIZE]);

void sha256(const void *bytes, size_t len, uint8_t digest[SHA256_SIZE]);

/* Whether the processor's own instructions are used, which is so wherever it has them. For tests: the digest is
 * the same. False: it has none, or they are not wanted. */
bool sha256_by_cpu(bool wanted);

struct hmac {
	struct sha256 inner;
	uint8_t outer_pad[SHA256_BLOCK];
};

/* Any key length; one longer than a block is hashed first, as the RFC says. */
void hmac_init(struct hmac *h, const uint8_t *key, size_t key_len);
void hmac_update(struct hmac *h, const void *bytes, size_t len);
void hmac_final(struct hmac *h, uint8_t mac[SHA256_SIZE]);
#endif
