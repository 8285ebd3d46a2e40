/* Frames of the metering module, in either direction. A frame does not say which it is, but its
 * length does: a read request has 8 bytes, its answer 7 or 5 + 4n; a write has 11 or 13, its answer 8. */
#include "libs/base/bytes.h"
#include "libs/proto/decode_parts.h"
#include "libs/proto/im1253b.h"

#include <stdlib.h>

#define FRAME_MIN  7
#define REQUEST    8 /* a read, and the answer to a write */
#define LINE_REPLY 7

static const struct {
	const char *key;
	int decimals;
	bool is_signed;
} registers[] = {
        {"voltage_V",          4, false},
        {"current_A",          4, true },
        {"active_power_W",     4, true },
        {"energy_kWh",         4, false},
        {"power_factor",       3, true },
        {"co2_kg",             4, false},
        {"temperature_C",      2, true },
        {"frequency_Hz",       2, false},
        {"forward_energy_kWh", 4, false},
        {"reverse_energy_kWh", 4, false},
};

static void put_line(struct decode *d, uint16_t word, const char *address_key)
{
	struct im1253b_line line;

	put_code(d, d->out, "reg", word, 4);
	if (im1253b_line_decode(word, &line))
		return;
	put_int(d, d->out, address_key, line.address);
	put_text(d, d->out, "format", im1253b_format_name(line.format));
	put_int(d, d->out, "baud", line.baud);
}

static void put_head(struct decode *d, const struct im1253b_request *r)
{
	put_int(d, d->out, "addr", r->address);
	put_int(d, d->out, "func", r->function);
}

static void put_start(struct decode *d, const struct im1253b_request *r)
{
	put_code(d, d->out, "start", r->start, 4);
	put_int(d, d->out, "count", r->count);
	if (r->function == IM1253B_WRITE) /* its unit is another one than a read's */
		put_int(d, d->out, "count_field", r->count);
}

static void put_request(struct decode *d, const struct im1253b_request *r)
{
	put_head(d, r);
	put_start(d, r);
	put_int(d, d->out, "expected_reply_bytes", (int64_t)im1253b_reply_size(r));
	if (r->function != IM1253B_WRITE)
		return;
	put_int(d, d->out, "byte_count", 2 * r->count);
	put_int(d, d->out, "value", r->value);
	if (r->start == IM1253B_REG_LINE)
		put_line(d, (uint16_t)r->value, "new_addr");
	else if (r->start == IM1253B_REG_ENERGY && r->value == 0)
		put_text(d, d->out, "effect", "energy accumulator to 0");
}

static void put_registers(struct decode *d, const struct im1253b_reply *reply)
{
	json_t *raw = json_array();

	for (unsigned i = 0; i < reply->n; i++) {
		unsigned at = (unsigned)(reply->request.start - IM1253B_REG_FIRST) + i;
		uint32_t v = reply->reg[i];

		if (json_array_append_new(raw, json_integer(v)))
			d->failed = true;
		if (at < ARRAY_SIZE(registers))
			put_decimal(d, d->out, registers[at].key,
			            registers[at].is_signed ? (int64_t)(int32_t)v : (int64_t)v,
			            registers[at].decimals);
	}
	put(d, d->out, "registers", raw);
}

static void put_reply(struct decode *d, const struct im1253b_reply *reply)
{
	put_head(d, &reply->request);
	if (reply->request.function == IM1253B_WRITE) {
		put_start(d, &reply->request);
		return;
	}
	put_int(d, d->out, "byte_count", (int64_t)im1253b_reply_size(&reply->request) - 5);
	if (reply->request.start == IM1253B_REG_LINE)
		put_line(d, (uint16_t)reply->reg[0], "module_addr");
	else
		put_registers(d, reply);
}

/* The request that a frame of this form answers. False: the form fits none. */
static bool guess_request(const struct decode *d, const uint8_t *frame, size_t len,
                          struct im1253b_request *r)
{
	unsigned long start = *d->context ? strtoul(d->context, NULL, 0) : IM1253B_REG_FIRST;

	*r = im1253b_read(frame[0], (uint16_t)start, (uint16_t)(frame[2] / 4));
	r->function = frame[1];
	if (frame[1] == IM1253B_WRITE) {
		r->start = get_be16(frame + 2);
		r->count = get_be16(frame + 4);
		return len == REQUEST;
	}
	if ((frame[1] != IM1253B_READ && frame[1] != IM1253B_READ_INPUT) || len != frame[2] + 5u)
		return false;
	if (len == LINE_REPLY) {
		r->start = IM1253B_REG_LINE;
		r->count = 1;
		return true;
	}
	return frame[2] % 4 == 0 && r->count <= IM1253B_REGS_MAX;
}

static bool is_request(const uint8_t *frame, size_t len)
{
	return frame[1] == IM1253B_WRITE ? len > REQUEST : len == REQUEST;
}

static enum err decode_at(struct decode *d, const uint8_t *frame, size_t len)
{
	struct im1253b_request request;
	struct im1253b_reply reply;
	enum err err;

	if (is_request(frame, len)) {
		err = im1253b_request_decode(frame, len, &request);
		if (err == ERR_NOT_FOUND) {
			put_text(d, d->out, "warning", "the module does not have these registers");
			err = ERR_NONE;
		}
		if (!err)
			put_request(d, &request);
		return err;
	}
	if (!guess_request(d, frame, len, &request))
		return ERR_BAD_INPUT;
	err = im1253b_reply_decode(&request, frame, len, &reply);
	if (!err)
		put_reply(d, &reply);
	return err;
}

/* Noise may come first; the frame must end where the bytes end. The reason is the one without
 * noise. */
enum err decode_im1253b(struct decode *d)
{
	enum err first = ERR_SHORT;

	for (size_t skip = 0; skip + FRAME_MIN <= d->len; skip++) {
		enum err err = decode_at(d, d->bytes + skip, d->len - skip);

		if (!err) {
			put_int(d, d->out, "skip", (int64_t)skip);
			return ERR_NONE;
		}
		if (skip == 0)
			first = err;
	}
	if (first == ERR_BAD_INPUT || first == ERR_REFUSED)
		return decode_refuse(d, first, "neither a request nor an answer of this module");
	return decode_refuse(d, first, "%s", err_text(first));
}
