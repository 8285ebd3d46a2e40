#include "platform/replica/wire.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "platform/store/day.h"

/* ---- out ---- */

struct out {
	uint8_t *at;
};

static void put8(struct out *o, uint8_t v)
{
	*o->at++ = v;
}

static void put32(struct out *o, uint32_t v)
{
	put_le32(o->at, v);
	o->at += 4;
}

static void put64(struct out *o, uint64_t v)
{
	put_le64(o->at, v);
	o->at += 8;
}

static void put_bytes(struct out *o, const void *bytes, size_t len)
{
	if (len)
		memcpy(o->at, bytes, len);
	o->at += len;
}

static void put_text(struct out *o, const char *text)
{
	size_t len = strnlen(text, WIRE_TEXT - 1);

	put8(o, (uint8_t)len);
	put_bytes(o, text, len);
}

static void put_hello(struct out *o, const struct wire *w)
{
	put_bytes(o, WIRE_MAGIC, 4);
	put_le16(o->at, w->version);
	o->at += 2;
	put64(o, w->store);
	put64(o, w->generation);
	put64(o, (uint64_t)w->as_of_ms);
	put_bytes(o, w->hash_key, sizeof w->hash_key);
	put_text(o, w->name);
	put_text(o, w->text);
}

static void put_payload(struct out *o, const struct wire *w)
{
	switch (w->type) {
	case WIRE_HELLO:
		put_hello(o, w);
		return;
	case WIRE_WELCOME:
		put_le16(o->at, w->version);
		o->at += 2;
		put8(o, w->key);
		return;
	case WIRE_REFUSED:
		put8(o, w->reason);
		put64(o, w->generation);
		put64(o, (uint64_t)w->as_of_ms);
		put_text(o, w->text);
		return;
	case WIRE_HAVE:
		put8(o, w->done);
		put_text(o, w->name);
		return;
	case WIRE_OPEN:
		put8(o, w->slot);
		put32(o, w->page_size);
		put_text(o, w->name);
		return;
	case WIRE_HASHES_ARE:
	case WIRE_PAGE:
		put8(o, w->slot);
		put32(o, w->page);
		put_bytes(o, w->bytes, w->len);
		return;
	case WIRE_HASHES_END:
		put8(o, w->slot);
		put32(o, w->pages);
		return;
	case WIRE_COMMIT:
		put8(o, w->slot);
		put32(o, w->pages);
		put64(o, w->digest);
		return;
	case WIRE_APPLIED:
		put8(o, w->slot);
		put64(o, w->digest);
		return;
	case WIRE_DONE:
		put8(o, w->slot);
		return;
	case WIRE_FILE:
		put_text(o, w->name);
		put_bytes(o, w->bytes, w->len);
		return;
	case WIRE_AS_OF:
		put64(o, (uint64_t)w->as_of_ms);
		return;
	case WIRE_FAILED:
		put_text(o, w->text);
		return;
	}
}

size_t wire_encode(const struct wire *w, uint8_t *out)
{
	struct out o = {out + WIRE_HEAD};
	size_t len;

	assert(w->len <= WIRE_FILE_MAX);
	put_payload(&o, w);
	len = (size_t)(o.at - out);
	put_le32(out, (uint32_t)(len - 4));
	out[4] = (uint8_t)w->type;
	return len;
}

/* ---- in ---- */

struct in {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static const uint8_t *take(struct in *in, size_t len)
{
	static const uint8_t zeros[WIRE_TEXT];
	const uint8_t *at = in->at;

	if (in->left < len || in->bad) {
		in->bad = true;
		return zeros; /* `len` is at most WIRE_TEXT wherever the content is looked at */
	}
	in->at += len;
	in->left -= len;
	return at;
}

static uint8_t take8(struct in *in)
{
	return *take(in, 1);
}

static uint32_t take32(struct in *in)
{
	return get_le32(take(in, 4));
}

static uint64_t take64(struct in *in)
{
	return get_le64(take(in, 8));
}

static void take_text(struct in *in, char text[WIRE_TEXT])
{
	size_t len = take8(in);

	if (len >= WIRE_TEXT) {
		in->bad = true;
		len = 0;
	}
	memcpy(text, take(in, len), len);
	text[len] = '\0';
	if (strlen(text) != len)
		in->bad = true;
}

static void take_rest(struct in *in, struct wire *w)
{
	w->len = in->left;
	w->bytes = take(in, in->left);
}

static void take_hello(struct in *in, struct wire *w)
{
	if (memcmp(take(in, 4), WIRE_MAGIC, 4) != 0)
		in->bad = true;
	w->version = get_le16(take(in, 2));
	w->store = take64(in);
	w->generation = take64(in);
	w->as_of_ms = (int64_t)take64(in);
	memcpy(w->hash_key, take(in, sizeof w->hash_key), sizeof w->hash_key);
	take_text(in, w->name);
	take_text(in, w->text);
}

static void take_slot(struct in *in, struct wire *w)
{
	w->slot = take8(in);
	if (w->slot >= WIRE_SLOTS && !(w->type == WIRE_APPLIED && w->slot == WIRE_NO_SLOT))
		in->bad = true;
}

static bool page_size_good(uint32_t size)
{
	return size >= 512 && size <= 65536 && (size & (size - 1)) == 0;
}

/* False: no such type. */
static bool take_payload(struct in *in, struct wire *w)
{
	switch (w->type) {
	case WIRE_HELLO:
		take_hello(in, w);
		return true;
	case WIRE_WELCOME:
		w->version = get_le16(take(in, 2));
		w->key = take8(in);
		return true;
	case WIRE_REFUSED:
		w->reason = take8(in);
		w->generation = take64(in);
		w->as_of_ms = (int64_t)take64(in);
		take_text(in, w->text);
		return true;
	case WIRE_HAVE:
		w->done = take8(in);
		take_text(in, w->name);
		in->bad = in->bad || (*w->name && !wire_database_name(w->name));
		return true;
	case WIRE_OPEN:
		take_slot(in, w);
		w->page_size = take32(in);
		take_text(in, w->name);
		in->bad = in->bad || !page_size_good(w->page_size) || !wire_database_name(w->name);
		return true;
	case WIRE_HASHES_ARE:
		take_slot(in, w);
		w->page = take32(in);
		take_rest(in, w);
		in->bad = in->bad || w->page == 0 || w->len % 8 || w->len == 0 ||
		          w->len > 8 * WIRE_HASHES;
		return true;
	case WIRE_HASHES_END:
		take_slot(in, w);
		w->pages = take32(in);
		return true;
	case WIRE_PAGE:
		take_slot(in, w);
		w->page = take32(in);
		take_rest(in, w);
		in->bad = in->bad || w->page == 0 || w->len > UINT32_MAX ||
		          !page_size_good((uint32_t)w->len);
		return true;
	case WIRE_COMMIT:
		take_slot(in, w);
		w->pages = take32(in);
		w->digest = take64(in);
		return true;
	case WIRE_APPLIED:
		take_slot(in, w);
		w->digest = take64(in);
		return true;
	case WIRE_DONE:
		take_slot(in, w);
		return true;
	case WIRE_FILE:
		take_text(in, w->name);
		take_rest(in, w);
		in->bad = in->bad || w->len > WIRE_FILE_MAX || !wire_file_name(w->name);
		return true;
	case WIRE_AS_OF:
		w->as_of_ms = (int64_t)take64(in);
		return true;
	case WIRE_FAILED:
		take_text(in, w->text);
		return true;
	}
	return false;
}

enum err wire_decode(const uint8_t *bytes, size_t len, struct wire *w)
{
	struct in in = {bytes, len, false};

	memset(w, 0, sizeof *w);
	w->type = (enum wire_type)take8(&in);
	if (!take_payload(&in, w) || in.bad || in.left)
		return ERR_BAD_INPUT;
	return ERR_NONE;
}

/* ---- names ---- */

bool wire_database_name(const char *name)
{
	char again[DAY_NAME_SIZE];
	int64_t file;

	if (strcmp(name, "wattle.db") == 0)
		return true;
	file = day_file_of_name(name);
	if (file < 0)
		return false;
	day_file_name(again, file); /* one spelling only */
	return strcmp(again, name) == 0;
}

static bool certificate_name(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return n >= 1 && n <= 32 && strcmp(name + n, ".crt") == 0;
}

bool wire_file_name(const char *name)
{
	if (strcmp(name, "broker/clients") == 0 || strcmp(name, "wattle.ini") == 0)
		return true;
	if (strncmp(name, "pki/gateways/", 13) == 0)
		return certificate_name(name + 13);
	return strncmp(name, "pki/", 4) == 0 && certificate_name(name + 4);
}

uint64_t wire_page_hash(const uint8_t key[16], uint32_t page, const uint8_t *bytes, size_t len)
{
	uint8_t text[4 + 65536], hash[crypto_shorthash_BYTES];

	assert(len <= 65536);
	put_le32(text, page);
	memcpy(text + 4, bytes, len);
	crypto_shorthash(hash, text, 4 + len, key);
	return get_le64(hash);
}
