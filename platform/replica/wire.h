/* Messages between a primary and what follows it: docs/protocol/replica.md §2. */
#ifndef PLATFORM_REPLICA_WIRE_H
#define PLATFORM_REPLICA_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

#define WIRE_VERSION  1
#define WIRE_HEAD     5             /* length and type */
#define WIRE_MAX      (1024 * 1024) /* type and payload */
#define WIRE_TEXT     128           /* with its end */
#define WIRE_SLOTS    16
#define WIRE_NO_SLOT  255
#define WIRE_FILE_MAX (WIRE_MAX - 256) /* content of FILE */
#define WIRE_HASHES   8192             /* in one message */
#define WIRE_MAGIC    "WRPL"

enum wire_type {
	WIRE_HELLO = 1,
	WIRE_WELCOME = 2,
	WIRE_REFUSED = 3,
	WIRE_HAVE = 4,
	WIRE_OPEN = 5,
	WIRE_HASHES_ARE = 6,
	WIRE_HASHES_END = 7,
	WIRE_PAGE = 8,
	WIRE_COMMIT = 9,
	WIRE_APPLIED = 10,
	WIRE_DONE = 11,
	WIRE_FILE = 12,
	WIRE_AS_OF = 13,
	WIRE_FAILED = 14,
};

enum wire_reason {
	WIRE_TAKEN_OVER = 1,
	WIRE_OTHER_STORE = 2,
	WIRE_OTHER_VERSION = 3,
	WIRE_NO_STANDBY = 4,
};

enum wire_key { WIRE_KEY_NONE, WIRE_KEY_GOOD, WIRE_KEY_OTHER };

/* All that any message holds; each uses its own part. */
struct wire {
	enum wire_type type;
	uint16_t version;
	uint8_t slot, reason, key;
	bool done;
	uint32_t page, pages, page_size;
	uint64_t store, generation, digest;
	int64_t as_of_ms;
	uint8_t hash_key[16];
	char name[WIRE_TEXT]; /* a file, or the name of a key */
	char text[WIRE_TEXT]; /* program, reason */
	const uint8_t *bytes; /* page, content or hashes: inside what was decoded */
	size_t len;
};

/* Length, type and payload; `out` takes WIRE_HEAD + WIRE_MAX bytes. */
size_t wire_encode(const struct wire *wire, uint8_t *out);
/* `bytes` are type and payload. ERR_BAD_INPUT: not what the page says. */
MUST_USE enum err wire_decode(const uint8_t *bytes, size_t len, struct wire *wire);

/* Names that may be sent: databases, and small files. */
bool wire_database_name(const char *name);
bool wire_file_name(const char *name);

/* Hash of a page. */
uint64_t wire_page_hash(const uint8_t key[16], uint32_t page, const uint8_t *bytes, size_t len);

#endif
