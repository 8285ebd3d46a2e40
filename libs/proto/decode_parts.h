/* One function for each protocol of decode.c. */
#ifndef LIBS_PROTO_DECODE_PARTS_H
#define LIBS_PROTO_DECODE_PARTS_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decode {
	const uint8_t *bytes;
	size_t len;
	const char *context; /* behind the colon of the protocol, or "" */
	json_t *out;
	bool failed; /* no memory for a part of `out` */
	char *reason;
	size_t reason_size;
};

/* Says why; returns `err`. */
enum err decode_refuse(struct decode *d, enum err err, const char *format, ...) PRINTF_LIKE(3, 4);

/* Set a key of an object. A missing value (no memory) is noted in d->failed. */
void put(struct decode *d, json_t *object, const char *key, json_t *value);
void put_int(struct decode *d, json_t *object, const char *key, int64_t value);
void put_text(struct decode *d, json_t *object, const char *key, const char *value);
void put_hex(struct decode *d, json_t *object, const char *key, const uint8_t *bytes, size_t len);
/* value / 10^decimals */
void put_decimal(struct decode *d, json_t *object, const char *key, int64_t value, int decimals);
/* "0x0048" */
void put_code(struct decode *d, json_t *object, const char *key, uint32_t value, int digits);
/* 16 hex digits: a random 64-bit number */
void put_u64_hex(struct decode *d, json_t *object, const char *key, uint64_t value);
/* Names of the bits set. */
void put_bits(struct decode *d, json_t *object, const char *key, uint32_t bits, unsigned n,
              const char *(*word)(unsigned bit));

MUST_USE enum err decode_im1253b(struct decode *d);
MUST_USE enum err decode_isotp(struct decode *d);
MUST_USE enum err decode_can(struct decode *d);
MUST_USE enum err decode_transfer(struct decode *d);
MUST_USE enum err decode_command(struct decode *d);
MUST_USE enum err decode_uplink(struct decode *d);
MUST_USE enum err decode_now(struct decode *d);
MUST_USE enum err decode_ack(struct decode *d);
MUST_USE enum err decode_down(struct decode *d);
#endif
