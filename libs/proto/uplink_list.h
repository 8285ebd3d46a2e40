/* Repeated submessages: a decoder's arrays in the arena, and the frame that every decoder and
 * encoder of a whole message shares. */
#ifndef LIBS_PROTO_UPLINK_LIST_H
#define LIBS_PROTO_UPLINK_LIST_H

#include "libs/proto/uplink.h"

#include <pb_decode.h>
#include <pb_encode.h>

/* What nanopb's callbacks need; `err` says why one of them returned false. */
struct decoding {
	struct arena *arena;
	enum err err;
};

/* An array that is taken when its first entry comes. */
struct list {
	struct decoding *d;
	void *items;
	size_t count, max, each;
};

/* Room for the next entry, or NULL with d->err set. */
void *list_next(struct list *l);

/* Reads a submessage; d->err is set unless it went well. */
bool submessage_decode(struct decoding *d, pb_istream_t *s, const pb_msgdesc_t *fields, void *msg);

/* Takes 12 bytes of chip id. */
bool chip_take(struct decoding *d, size_t size, const uint8_t *bytes, uint8_t chip[CHIP_SIZE]);

/* A whole message within UPLINK_MESSAGE_MAX. */
MUST_USE enum err message_decode(struct decoding *d, const uint8_t *in, size_t len,
                                 const pb_msgdesc_t *fields, void *msg);
MUST_USE enum err message_encode(uint8_t *out, size_t size, const pb_msgdesc_t *fields,
                                 const void *msg, size_t *len);

/* Writes one entry of a repeated submessage. */
bool submessage_encode(pb_ostream_t *s, const pb_field_t *field, const pb_msgdesc_t *fields,
                       const void *msg);

/* The argument of nanopb's callbacks is not const, though encoders only read it. */
pb_callback_t encode_with(bool (*put)(pb_ostream_t *, const pb_field_t *, void *const *),
                          const void *arg);
pb_callback_t decode_with(bool (*take)(pb_istream_t *, const pb_field_t *, void **), void *arg);
#endif
