#include "libs/proto/decode.h"

#include "libs/base/bytes.h"
#include "libs/proto/decode_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	enum err (*decode)(struct decode *d);
} table[] = {
        {"im1253b-modbus",  decode_im1253b },
        {"iso-tp",          decode_isotp   },
        {"wattle-can",      decode_can     },
        {"wattle-transfer", decode_transfer},
        {"wattle-command",  decode_command },
        {"wattle-uplink",   decode_uplink  },
        {"wattle-now",      decode_now     },
        {"wattle-ack",      decode_ack     },
        {"wattle-down",     decode_down    },
};

const char *decode_protocol_name(size_t i)
{
	return i < ARRAY_SIZE(table) ? table[i].name : NULL;
}

enum err decode_frame(const char *protocol, const uint8_t *bytes, size_t len, json_t **out,
                      char *reason, size_t reason_size)
{
	struct decode d = {bytes, len, "", NULL, false, reason, reason_size};
	size_t name_len = strcspn(protocol, ":");
	enum err err;

	if (protocol[name_len])
		d.context = protocol + name_len + 1;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		if (strlen(table[i].name) != name_len ||
		    memcmp(table[i].name, protocol, name_len) != 0)
			continue;
		d.out = json_object();
		err = table[i].decode(&d);
		if (!err && (!d.out || d.failed))
			err = decode_refuse(&d, ERR_NOMEM, "out of memory");
		if (err)
			json_decref(d.out);
		else
			*out = d.out;
		return err;
	}
	return decode_refuse(&d, ERR_NOT_FOUND, "unknown protocol %s", protocol);
}

enum err decode_refuse(struct decode *d, enum err err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(d->reason, d->reason_size, format, args);
	va_end(args);
	return err;
}

/* ---- building JSON ---- */

void put(struct decode *d, json_t *object, const char *key, json_t *value)
{
	if (json_object_set_new(object, key, value) != 0)
		d->failed = true;
}

void put_int(struct decode *d, json_t *object, const char *key, int64_t value)
{
	put(d, object, key, json_integer(value));
}

void put_text(struct decode *d, json_t *object, const char *key, const char *value)
{
	put(d, object, key, json_string(value));
}

void put_hex(struct decode *d, json_t *object, const char *key, const uint8_t *bytes, size_t len)
{
	char text[2 * 512 + 1];
	size_t n = len < 512 ? len : 512;

	hex_encode(bytes, n, text);
	put_text(d, object, key, text);
}

void put_decimal(struct decode *d, json_t *object, const char *key, int64_t value, int decimals)
{
	double scale = 1;

	for (int i = 0; i < decimals; i++)
		scale *= 10;
	put(d, object, key, json_real((double)value / scale));
}

void put_code(struct decode *d, json_t *object, const char *key, uint32_t value, int digits)
{
	char text[16];

	snprintf(text, sizeof text, "0x%0*X", digits, (unsigned)value);
	put_text(d, object, key, text);
}

void put_u64_hex(struct decode *d, json_t *object, const char *key, uint64_t value)
{
	uint8_t bytes[8];

	put_be64(bytes, value);
	put_hex(d, object, key, bytes, sizeof bytes);
}

void put_bits(struct decode *d, json_t *object, const char *key, uint32_t bits, unsigned n,
              const char *(*word)(unsigned bit))
{
	json_t *list = json_array();

	for (unsigned bit = 0; bit < n; bit++) {
		const char *name = word(bit);

		if (bits >> bit & 1 && json_array_append_new(list, json_string(name ? name : "?")))
			d->failed = true;
	}
	put(d, object, key, list);
}
