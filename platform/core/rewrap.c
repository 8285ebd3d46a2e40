#include "platform/core/rewrap.h"

#include <sodium.h>
#include <stdio.h>

static enum err rewrap_row(struct tx *tx, struct rewrap *r, const struct secret_place *place)
{
	struct secret_row *row = &r->row;
	uint8_t plain[SECRET_SIZE_MAX];
	enum err err;
	size_t key;

	err = secret_key_of(tx->keys, place->kind, row->id, row->wrapped, row->len, &key);
	if (err) {
		r->lost++;
		return ERR_NONE;
	}
	r->by_key[key]++;
	if (r->count_only || key == 0)
		return ERR_NONE;
	err = secret_unwrap(tx->keys, place->kind, row->id, row->wrapped, row->len, plain);
	if (!err)
		err = secret_wrap(tx->keys, place->kind, row->id, plain, row->len - SECRET_OVERHEAD,
		                  row->wrapped);
	if (!err)
		err = secret_put(tx->db, place, row);
	sodium_memzero(plain, sizeof plain);
	r->rewrapped += err == ERR_NONE;
	return err;
}

static enum err note_end(struct tx *tx, const struct rewrap *r, int64_t now_ms)
{
	char detail[128], name[KEY_NAME_SIZE];

	if (r->count_only)
		return ERR_NONE;
	keys_name(tx->keys, 0, name, NULL);
	snprintf(detail, sizeof detail, "key %s: %llu secrets rewrapped, %llu cannot be opened",
	         name, (unsigned long long)r->rewrapped, (unsigned long long)r->lost);
	return audit_note(tx, &r->actor, 0, "key.rewrap", "store", detail, now_ms);
}

enum err rewrap_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct rewrap *r = arg;
	enum err err = ERR_NONE;

	(void)out;
	for (int n = 0; n < REWRAP_ROWS && secret_places[r->place].kind; n++) {
		const struct secret_place *place = &secret_places[r->place];

		if (!r->inside)
			secret_rewind(&r->row);
		r->inside = true;
		err = secret_next(tx->db, place, &r->row);
		if (err == ERR_NOT_FOUND) {
			r->place++;
			r->inside = false;
		} else if (err == ERR_TOO_LONG) {
			r->lost++; /* no secret of ours has this length */
		} else if (!err) {
			err = rewrap_row(tx, r, place);
		}
		if (err && err != ERR_NOT_FOUND && err != ERR_TOO_LONG)
			return err;
	}
	r->done = secret_places[r->place].kind == NULL;
	return r->done ? note_end(tx, r, now_ms) : ERR_NONE;
}
