#include "libs/proto/uplink_list.h"

#include <string.h>

static bool fail(struct decoding *d, enum err err)
{
	d->err = err;
	return false;
}

void *list_next(struct list *l)
{
	if (!l->items) {
		l->items = arena_take(l->d->arena, l->max, l->each);
		if (!l->items) {
			fail(l->d, ERR_NOMEM);
			return NULL;
		}
	}
	if (l->count == l->max) {
		fail(l->d, ERR_TOO_LONG);
		return NULL;
	}
	return memset((uint8_t *)l->items + l->each * l->count++, 0, l->each);
}

bool submessage_decode(struct decoding *d, pb_istream_t *s, const pb_msgdesc_t *fields, void *msg)
{
	return pb_decode(s, fields, msg) || fail(d, ERR_BAD_INPUT);
}

bool chip_take(struct decoding *d, size_t size, const uint8_t *bytes, uint8_t chip[CHIP_SIZE])
{
	if (size != CHIP_SIZE)
		return fail(d, ERR_BAD_INPUT);
	memcpy(chip, bytes, CHIP_SIZE);
	return true;
}

enum err message_decode(struct decoding *d, const uint8_t *in, size_t len,
                        const pb_msgdesc_t *fields, void *msg)
{
	pb_istream_t s = pb_istream_from_buffer(in, len);

	if (len > UPLINK_MESSAGE_MAX)
		return ERR_TOO_LONG;
	if (pb_decode(&s, fields, msg))
		return ERR_NONE;
	return d->err ? d->err : ERR_BAD_INPUT;
}

enum err message_encode(uint8_t *out, size_t size, const pb_msgdesc_t *fields, const void *msg,
                        size_t *len)
{
	pb_ostream_t s =
	        pb_ostream_from_buffer(out, size < UPLINK_MESSAGE_MAX ? size : UPLINK_MESSAGE_MAX);

	if (!pb_encode(&s, fields, msg))
		return ERR_TOO_LONG;
	*len = s.bytes_written;
	return ERR_NONE;
}

bool submessage_encode(pb_ostream_t *s, const pb_field_t *field, const pb_msgdesc_t *fields,
                       const void *msg)
{
	return pb_encode_tag_for_field(s, field) && pb_encode_submessage(s, fields, msg);
}

pb_callback_t encode_with(bool (*put)(pb_ostream_t *, const pb_field_t *, void *const *),
                          const void *arg)
{
	return (pb_callback_t){.funcs.encode = put, .arg = (void *)(uintptr_t)arg};
}

pb_callback_t decode_with(bool (*take)(pb_istream_t *, const pb_field_t *, void **), void *arg)
{
	return (pb_callback_t){.funcs.decode = take, .arg = arg};
}
