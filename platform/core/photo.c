#include "platform/core/photo.h"

#include <stdio.h>

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"
#include "platform/core/image.h"

static enum err require(struct tx *tx, const struct account_act *act, int64_t now_ms)
{
	enum err err =
	        account_require(tx, &act->actor, PERMISSION_ACCOUNT_WRITE, &act->row, now_ms);

	return err == ERR_FORBIDDEN ? account_require(tx, &act->actor, PERMISSION_ACCOUNT_CLOSE,
	                                              &act->row, now_ms)
	                            : err;
}

static enum err look(struct photo_add *r)
{
	struct image image;
	const char *why;

	if (r->len > PHOTO_BYTES_MAX)
		return fault_set(&r->act.fault, ERR_BAD_INPUT, "body", "at most %d bytes",
		                 PHOTO_BYTES_MAX);
	why = image_look(r->bytes, r->len, &image);
	if (why)
		return fault_set(&r->act.fault, ERR_BAD_INPUT, "body", "%s", why);
	snprintf(r->row.type, sizeof r->row.type, "%s", image.type);
	return ERR_NONE;
}

static void name_of(const void *bytes, size_t len, char name[PHOTO_SIZE])
{
	uint8_t digest[SHA256_SIZE];
	struct sha256 hash;

	_Static_assert(2 * SHA256_SIZE < PHOTO_SIZE, "a hash in hex is a name");
	sha256_init(&hash);
	sha256_update(&hash, bytes, len);
	sha256_final(&hash, digest);
	hex_encode(digest, sizeof digest, name);
}

static enum err store(struct tx *tx, struct photo_add *r, int64_t now_ms)
{
	char object[64], detail[160];
	int64_t count;
	enum err err = photo_count(tx->db, r->row.property_id, r->row.account_id, &count);

	if (!err && count >= PHOTOS_MAX)
		return fault_set(&r->act.fault, ERR_REFUSED, "body",
		                 "the account has %d photos already", PHOTOS_MAX);
	if (!err)
		err = photo_insert(tx->db, &r->row, r->bytes);
	if (err)
		return err;
	snprintf(object, sizeof object, "account %lld", (long long)r->row.account_id);
	snprintf(detail, sizeof detail, "%.64s, %s, %lld bytes", r->row.name, r->row.type,
	         (long long)r->row.bytes);
	return audit_note(tx, &r->act.actor, r->row.property_id, "account.photo", object, detail,
	                  now_ms);
}

enum err photo_add_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct photo_add *r = arg;
	struct account_act *act = &r->act;
	struct property_row property;
	enum err err = account_get(tx->db, act->property_id, act->account_id, &act->row);

	(void)out;
	act->fault = (struct fault){0};
	if (!err)
		err = require(tx, act, now_ms);
	if (!err)
		err = property_open(tx, act->property_id, &property, &act->fault);
	r->row = (struct photo_row){.property_id = act->property_id,
	                            .account_id = act->account_id,
	                            .bytes = (int64_t)r->len,
	                            .created_s = now_ms / 1000};
	if (!err)
		err = look(r);
	if (err)
		return err;
	name_of(r->bytes, r->len, r->row.name);
	err = photo_get(tx->db, act->property_id, act->account_id, r->row.name, &r->row);
	return err == ERR_NOT_FOUND ? store(tx, r, now_ms) : err;
}

enum err photo_named(struct tx *tx, struct account_act *act, const char *name)
{
	struct photo_row row;
	enum err err;

	if (!name || !name[0])
		return ERR_NONE;
	err = photo_get(tx->db, act->property_id, act->account_id, name, &row);
	return err == ERR_NOT_FOUND ? fault_set(&act->fault, ERR_BAD_INPUT, "photo",
	                                        "is none of this account: send it first")
	                            : err;
}
