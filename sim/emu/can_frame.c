#include "sim/emu/can_frame.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { CRC_BITS = 15, STUFF_AFTER = 5 };

/* The unstuffed bits from SOF to the end of the CRC: at most 1+11+1+1+18+1+2+4+64+15 = 118. */
struct plain {
	uint8_t bit[128];
	unsigned count;
	unsigned arbitration_end;
};

static void put(struct plain *p, uint32_t value, unsigned width)
{
	while (width-- > 0)
		p->bit[p->count++] = value >> width & 1U;
}

uint16_t can_crc15(const uint8_t *bits, size_t count)
{
	unsigned crc = 0;

	for (size_t i = 0; i < count; i++) {
		bool invert = bits[i] ^ (crc >> 14 & 1U);

		crc = crc << 1 & 0x7FFFU;
		if (invert)
			crc ^= 0x4599U;
	}
	return (uint16_t)crc;
}

static void put_identifier(struct plain *p, uint32_t id)
{
	bool remote = id & CAN_FRAME_RTR;

	if (id & CAN_FRAME_EFF) {
		put(p, id >> 18, 11);
		put(p, 3, 2); /* SRR and IDE, both recessive */
		put(p, id, 18);
		put(p, remote, 1);
		p->arbitration_end = p->count;
		put(p, 0, 2); /* r1, r0 */
	} else {
		put(p, id, 11);
		put(p, remote, 1);
		put(p, 0, 1); /* IDE: belongs to the arbitration of mixed formats */
		p->arbitration_end = p->count;
		put(p, 0, 1); /* r0 */
	}
}

static void plain_make(struct plain *p, const struct can_frame *f)
{
	unsigned len = f->len > 8 ? 8 : f->len;

	p->count = 0;
	put(p, 0, 1); /* SOF */
	put_identifier(p, f->id);
	put(p, len, 4);
	for (unsigned i = 0; i < len && !(f->id & CAN_FRAME_RTR); i++)
		put(p, f->data[i], 8);
	put(p, can_crc15(p->bit, p->count), CRC_BITS);
}

void can_bits_make(struct can_bits *b, const struct can_frame *f)
{
	struct plain p;
	unsigned run = 0;
	unsigned last = 2;

	plain_make(&p, f);
	b->count = 0;
	for (unsigned i = 0; i < p.count; i++) {
		if (i == p.arbitration_end)
			b->arbitration_end = b->count;
		b->level[b->count++] = p.bit[i];
		run = p.bit[i] == last ? run + 1 : 1;
		last = p.bit[i];
		if (run == STUFF_AFTER) {
			last = !last;
			run = 1;
			b->level[b->count++] = (uint8_t)last;
		}
	}
	b->ack = b->count + 1;
	memset(b->level + b->count, 1, CAN_BITS_END);
	b->count += CAN_BITS_END;
	assert(b->count <= CAN_BITS_MAX);
}

uint32_t can_arbitration_key(uint32_t id)
{
	uint32_t remote = id & CAN_FRAME_RTR ? 1 : 0;

	/* bits: base identifier 11, RTR or SRR, IDE, extension 18, RTR */
	if (id & CAN_FRAME_EFF)
		return (id >> 18 & 0x7FFU) << 21 | UINT32_C(3) << 19 | (id & 0x3FFFFU) << 1 |
		       remote;
	return (id & 0x7FFU) << 21 | remote << 20;
}

int can_frame_print(char *out, size_t size, const struct can_frame *f)
{
	int n = snprintf(out, size, f->id & CAN_FRAME_EFF ? "%08X#" : "%03X#",
	                 (unsigned)(f->id & CAN_FRAME_ID_MASK));

	if (f->id & CAN_FRAME_RTR)
		return n + snprintf(out + n, size - (size_t)n, "R");
	for (unsigned i = 0; i < f->len && i < 8; i++)
		n += snprintf(out + n, size - (size_t)n, "%02X", f->data[i]);
	return n;
}

bool can_frame_same(const struct can_frame *a, const struct can_frame *b)
{
	return a->id == b->id && a->len == b->len &&
	       ((a->id & CAN_FRAME_RTR) || memcmp(a->data, b->data, a->len) == 0);
}
