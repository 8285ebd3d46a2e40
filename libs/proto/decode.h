/* A frame of any of our protocols as JSON, for people and for test vectors: `wattle decode` and
 * `make vectors` call this, and it calls the decoders that the products use. Host only; one call at
 * a time (it has one arena for all). */
#ifndef LIBS_PROTO_DECODE_H
#define LIBS_PROTO_DECODE_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* `protocol` is a decode_protocol_name(). What the frame itself does not tell may follow a colon:
 * "im1253b-modbus:0x004B" decodes an answer to a read that began at register 0x004B (else 0x0048).
 *
 * ERR_NONE: *out is a new JSON object. ERR_NOT_FOUND: no such protocol. Anything else: the frame is
 * refused, and `reason` says why in a sentence. */
MUST_USE enum err decode_frame(const char *protocol, const uint8_t *bytes, size_t len, json_t **out,
                               char *reason, size_t reason_size);

/* Name of protocol `i`, NULL behind the last. */
const char *decode_protocol_name(size_t i);
#endif
