/* A CAN frame and its true bits on the wire: CRC-15, stuff bits, arbitration (ISO 11898-1 §10). */
#ifndef SIM_EMU_CAN_FRAME_H
#define SIM_EMU_CAN_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Same layout as Linux struct can_frame, which is what travels on the hub's socket. */
struct can_frame {
	uint32_t id; /* with the flags below */
	uint8_t len;
	uint8_t pad[3];
	uint8_t data[8];
};

#define CAN_FRAME_EFF     UINT32_C(0x80000000)
#define CAN_FRAME_RTR     UINT32_C(0x40000000)
#define CAN_FRAME_ID_MASK UINT32_C(0x1FFFFFFF)

enum {
	CAN_BITS_MAX = 170, /* 8 data bytes, extended, worst stuffing, without the gap: 157 */
	CAN_BITS_END = 10,  /* CRC delimiter, ACK slot, ACK delimiter, 7 of EOF; none is stuffed */
	CAN_BITS_GAP = 3,   /* intermission */
	CAN_BITS_BUS_IDLE = 11, /* recessive bits that make a bus idle for a joining node */
};

struct can_bits {
	uint8_t level[CAN_BITS_MAX]; /* 0 dominant, 1 recessive */
	unsigned count;              /* from SOF to the end of EOF */
	unsigned arbitration_end;    /* first bit after RTR, stuff bits counted */
	unsigned ack;                /* place of the ACK slot */
};

uint16_t can_crc15(const uint8_t *bits, size_t count);
void can_bits_make(struct can_bits *b, const struct can_frame *f);

/* Smaller wins the arbitration. Equal keys: same identifier, kind and RTR. */
uint32_t can_arbitration_key(uint32_t id);

/* Three spellings, one line: "123#0011" or "18FF0001#R" as candump and cansend write them. */
int can_frame_print(char *out, size_t size, const struct can_frame *f);
bool can_frame_same(const struct can_frame *a, const struct can_frame *b);
#endif
