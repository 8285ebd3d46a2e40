#include "libs/proto/im1253b.h"

#include "libs/base/bytes.h"
#include "libs/base/crc.h"
#include "libs/base/number.h"

#include <assert.h>
#include <string.h>

#define CRC_SIZE     2
#define REQUEST_HEAD 6 /* address, function, start, count: a whole read, and a write's echo */
#define REPLY_HEAD   3 /* address, function, byte count */

/* ---- requests ---- */

struct im1253b_request im1253b_read(uint8_t address, uint16_t start, uint16_t count)
{
	return (struct im1253b_request){address, IM1253B_READ, start, count, 0};
}

struct im1253b_request im1253b_clear_energy(uint8_t address)
{
	/* One register, but writes count 16-bit words: captured with 2, never seen with 1. */
	return (struct im1253b_request){address, IM1253B_WRITE, IM1253B_REG_ENERGY, 2, 0};
}

struct im1253b_request im1253b_set_line(uint8_t address, uint16_t word)
{
	return (struct im1253b_request){address, IM1253B_WRITE, IM1253B_REG_LINE, 1, word};
}

static size_t put_crc(uint8_t *frame, size_t len)
{
	put_le16(frame + len, crc16_modbus(frame, len));
	return len + CRC_SIZE;
}

static bool crc_ok(const uint8_t *frame, size_t len)
{
	return crc16_modbus(frame, len - CRC_SIZE) == get_le16(frame + len - CRC_SIZE);
}

static void put_head(const struct im1253b_request *request, uint8_t *frame)
{
	frame[0] = request->address;
	frame[1] = request->function;
	put_be16(frame + 2, request->start);
	put_be16(frame + 4, request->count);
}

size_t im1253b_request_encode(const struct im1253b_request *request,
                              uint8_t frame[IM1253B_REQUEST_MAX])
{
	size_t bytes = 2 * (size_t)request->count;

	put_head(request, frame);
	if (request->function != IM1253B_WRITE)
		return put_crc(frame, REQUEST_HEAD);
	assert(bytes == 2 || bytes == 4);
	frame[6] = (uint8_t)bytes;
	if (bytes == 2)
		put_be16(frame + 7, (uint16_t)request->value);
	else
		put_be32(frame + 7, request->value);
	return put_crc(frame, 7 + bytes);
}

static bool registers_exist(const struct im1253b_request *r)
{
	if (r->start == IM1253B_REG_LINE)
		return r->count == 1;
	if (r->function == IM1253B_WRITE)
		return r->start == IM1253B_REG_ENERGY && r->count == 2;
	return r->start >= IM1253B_REG_FIRST && r->count >= 1 && r->count <= IM1253B_REGS_MAX &&
	       r->start + r->count <= IM1253B_REG_LAST + 1;
}

static enum err request_size(const uint8_t *frame, size_t len, size_t *size)
{
	if (len < REQUEST_HEAD + CRC_SIZE)
		return ERR_SHORT;
	switch (frame[1]) {
	case IM1253B_READ:
	case IM1253B_READ_INPUT:
		*size = REQUEST_HEAD + CRC_SIZE;
		return ERR_NONE;
	case IM1253B_WRITE:
		*size = (size_t)7 + frame[6] + CRC_SIZE;
		return ERR_NONE;
	default:
		return ERR_REFUSED;
	}
}

enum err im1253b_request_decode(const uint8_t *frame, size_t len, struct im1253b_request *request)
{
	size_t size;
	enum err err = request_size(frame, len, &size);

	if (err)
		return err;
	if (len != size)
		return len < size ? ERR_SHORT : ERR_TOO_LONG;
	if (!crc_ok(frame, len))
		return ERR_CRC;
	*request = (struct im1253b_request){frame[0], frame[1], get_be16(frame + 2),
	                                    get_be16(frame + 4), 0};
	if (request->function == IM1253B_WRITE) {
		if (frame[6] != 2 * request->count || (frame[6] != 2 && frame[6] != 4))
			return ERR_BAD_INPUT;
		request->value = frame[6] == 2 ? get_be16(frame + 7) : get_be32(frame + 7);
	}
	return registers_exist(request) ? ERR_NONE : ERR_NOT_FOUND;
}

/* ---- answers ---- */

/* Data bytes of an answer to a read: the line register has 2 bytes, all others 4. */
static size_t read_bytes(const struct im1253b_request *r)
{
	return r->start == IM1253B_REG_LINE ? 2 : 4 * (size_t)r->count;
}

size_t im1253b_reply_size(const struct im1253b_request *request)
{
	if (request->function == IM1253B_WRITE)
		return REQUEST_HEAD + CRC_SIZE;
	return REPLY_HEAD + read_bytes(request) + CRC_SIZE;
}

/* The bytes that every right answer begins with; returns how many. */
static size_t reply_head(const struct im1253b_request *request, uint8_t head[REQUEST_HEAD])
{
	put_head(request, head);
	if (request->function == IM1253B_WRITE)
		return REQUEST_HEAD;
	head[2] = (uint8_t)read_bytes(request);
	return REPLY_HEAD;
}

size_t im1253b_reply_encode(const struct im1253b_request *request, const uint32_t *reg,
                            uint8_t frame[IM1253B_REPLY_MAX])
{
	size_t len = reply_head(request, frame);

	assert(im1253b_reply_size(request) <= IM1253B_REPLY_MAX);
	if (request->function == IM1253B_WRITE)
		return put_crc(frame, len);
	if (request->start == IM1253B_REG_LINE) {
		put_be16(frame + len, (uint16_t)reg[0]);
		return put_crc(frame, len + 2);
	}
	for (unsigned i = 0; i < request->count; i++, len += 4)
		put_be32(frame + len, reg[i]);
	return put_crc(frame, len);
}

static void take_registers(const uint8_t *data, struct im1253b_reply *reply)
{
	reply->n = 0;
	if (reply->request.function == IM1253B_WRITE)
		return;
	if (reply->request.start == IM1253B_REG_LINE) {
		reply->reg[reply->n++] = get_be16(data);
		return;
	}
	for (; reply->n < reply->request.count; data += 4)
		reply->reg[reply->n++] = get_be32(data);
}

enum err im1253b_reply_decode(const struct im1253b_request *request, const uint8_t *frame,
                              size_t len, struct im1253b_reply *reply)
{
	size_t size = im1253b_reply_size(request);
	uint8_t head[REQUEST_HEAD];
	size_t head_len = reply_head(request, head);

	if (size > IM1253B_REPLY_MAX)
		return ERR_TOO_LONG;
	if (len < head_len)
		return ERR_SHORT;
	if (memcmp(frame, head, head_len) != 0)
		return ERR_BAD_INPUT;
	if (len != size)
		return len < size ? ERR_SHORT : ERR_TOO_LONG;
	if (!crc_ok(frame, len))
		return ERR_CRC;
	reply->request = *request;
	take_registers(frame + head_len, reply);
	return ERR_NONE;
}

/* ---- receiver ---- */

void im1253b_rx_expect(struct im1253b_rx *rx, const struct im1253b_request *request)
{
	assert(im1253b_reply_size(request) <= IM1253B_REPLY_MAX);
	rx->stray += rx->len;
	rx->len = 0;
	rx->request = *request;
	rx->waiting = true;
}

void im1253b_rx_gap(struct im1253b_rx *rx)
{
	rx->stray += rx->len;
	rx->len = 0;
}

void im1253b_rx_cancel(struct im1253b_rx *rx)
{
	im1253b_rx_gap(rx);
	rx->waiting = false;
}

/* Drops bytes from the front until what is left can be the beginning of the answer. */
static void resynchronise(struct im1253b_rx *rx)
{
	uint8_t head[REQUEST_HEAD];
	size_t head_len = reply_head(&rx->request, head);
	size_t skip = 0;

	while (skip < rx->len) {
		size_t left = rx->len - skip;

		if (memcmp(rx->frame + skip, head, left < head_len ? left : head_len) == 0)
			break;
		skip++;
	}
	rx->len = (uint8_t)(rx->len - skip);
	rx->stray += (uint32_t)skip;
	memmove(rx->frame, rx->frame + skip, rx->len);
}

enum err im1253b_rx_byte(struct im1253b_rx *rx, uint8_t byte, struct im1253b_reply *reply)
{
	if (!rx->waiting) {
		rx->stray++;
		return ERR_BUSY;
	}
	rx->frame[rx->len++] = byte;
	resynchronise(rx);
	if (rx->len < im1253b_reply_size(&rx->request))
		return ERR_BUSY;
	if (im1253b_reply_decode(&rx->request, rx->frame, rx->len, reply) == ERR_NONE) {
		rx->good++;
		rx->len = 0;
		rx->waiting = false;
		return ERR_NONE;
	}
	/* The head fits and the length is full, so the check sum is wrong. Noise may have looked
	 * like a head: the answer may begin behind the first byte. */
	rx->bad_crc++;
	rx->stray++;
	rx->len--;
	memmove(rx->frame, rx->frame + 1, rx->len);
	resynchronise(rx);
	return ERR_BUSY;
}

/* ---- line register ---- */

static const struct {
	uint8_t code;
	uint16_t baud;
} bauds[] = {
        {3, 1200 },
        {4, 2400 },
        {5, 4800 },
        {6, 9600 },
        {7, 19200},
};

const char *im1253b_format_name(unsigned format)
{
	static const char *const name[] = {"8N1", "8E1", "8O1"};

	return format < ARRAY_SIZE(name) ? name[format] : "unknown";
}

enum err im1253b_line_encode(const struct im1253b_line *line, uint16_t *word)
{
	if (line->format > IM1253B_8O1)
		return ERR_RANGE;
	for (unsigned i = 0; i < ARRAY_SIZE(bauds); i++) {
		if (bauds[i].baud != line->baud)
			continue;
		*word = (uint16_t)(line->address << 8 | line->format << 6 | bauds[i].code);
		return ERR_NONE;
	}
	return ERR_RANGE;
}

enum err im1253b_line_decode(uint16_t word, struct im1253b_line *line)
{
	line->address = (uint8_t)(word >> 8);
	line->format = (uint8_t)(word >> 6 & 3);
	if (line->format > IM1253B_8O1)
		return ERR_RANGE;
	for (unsigned i = 0; i < ARRAY_SIZE(bauds); i++) {
		if (bauds[i].code != (word & 15))
			continue;
		line->baud = bauds[i].baud;
		return ERR_NONE;
	}
	return ERR_RANGE;
}

/* ---- values ---- */

enum { VOLTAGE, CURRENT, POWER, ENERGY, POWER_FACTOR, CO2, TEMPERATURE, FREQUENCY };

enum err im1253b_sample_decode(const struct im1253b_reply *reply, struct im1253b_sample *sample)
{
	const uint32_t *reg = reply->reg;

	if (reply->request.function != IM1253B_READ || reply->request.start != IM1253B_REG_FIRST ||
	    reply->n < IM1253B_REGS)
		return ERR_BAD_INPUT;
	*sample = (struct im1253b_sample){
	        .voltage_100uv = reg[VOLTAGE],
	        .current_100ua = (int32_t)reg[CURRENT],
	        .power_100uw = (int32_t)reg[POWER],
	        .energy_100mwh = reg[ENERGY],
	        .pf_permille = (int32_t)reg[POWER_FACTOR],
	        .co2_100mg = reg[CO2],
	        .temperature_ccel = (int32_t)reg[TEMPERATURE],
	        .frequency_chz = reg[FREQUENCY],
	};
	return ERR_NONE;
}

void im1253b_sample_encode(const struct im1253b_sample *sample, uint32_t reg[IM1253B_REGS])
{
	reg[VOLTAGE] = sample->voltage_100uv;
	reg[CURRENT] = (uint32_t)sample->current_100ua;
	reg[POWER] = (uint32_t)sample->power_100uw;
	reg[ENERGY] = sample->energy_100mwh;
	reg[POWER_FACTOR] = (uint32_t)sample->pf_permille;
	reg[CO2] = sample->co2_100mg;
	reg[TEMPERATURE] = (uint32_t)sample->temperature_ccel;
	reg[FREQUENCY] = sample->frequency_chz;
}

#define VOLTAGE_MAX_100UV 4560000 /* 1.2 x 380 V */
#define POWER_SLACK_W     2

static int64_t magnitude(int32_t v)
{
	return v < 0 ? -(int64_t)v : v;
}

enum err im1253b_sample_check(const struct im1253b_sample *s, uint32_t rated_ma)
{
	int64_t current = magnitude(s->current_100ua);
	int64_t apparent; /* 1e-8 W */

	/* Current in 0.1 mA against 1.2 x rated: 12 x rated in mA. */
	if (s->voltage_100uv > VOLTAGE_MAX_100UV || current > INT64_C(12) * rated_ma ||
	    magnitude(s->pf_permille) > 1000 || s->frequency_chz < 4500 || s->frequency_chz > 6500)
		return ERR_RANGE;
	apparent = (int64_t)s->voltage_100uv * current;
	/* Both sides in 1e-10 W; 4.56e6 x 2.15e9 x 102 stays below 2^63. */
	if (magnitude(s->power_100uw) * 1000000 >
	    apparent * 102 + INT64_C(10000000000) * POWER_SLACK_W)
		return ERR_RANGE;
	return ERR_NONE;
}

void im1253b_sample_convert(const struct im1253b_sample *s, struct meter_values *v)
{
	v->valid = true;
	v->voltage_dv = (int32_t)i64_div_round(s->voltage_100uv, 1000);
	v->current_ma = (int32_t)i64_div_round(s->current_100ua, 10);
	v->power_dw = (int32_t)i64_div_round(s->power_100uw, 1000);
	v->pf_permille = s->pf_permille;
	v->frequency_chz = (int32_t)s->frequency_chz;
}

enum err im1253b_energy_step(uint32_t last_100mwh, uint32_t now_100mwh, uint32_t cap_100mwh,
                             uint32_t *step_100mwh)
{
	uint32_t step = now_100mwh - last_100mwh; /* modulo 2^32: the wrap needs no case */

	if (step > cap_100mwh)
		return ERR_RANGE;
	*step_100mwh = step;
	return ERR_NONE;
}
