/* Our frames on the CAN bus, 29-bit identifiers: docs/protocol/can.md is the SPEC. */
#ifndef LIBS_PROTO_CAN_H
#define LIBS_PROTO_CAN_H

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/proto/meter.h"

#include <stdbool.h>
#include <stdint.h>

#define CAN_VERSION         1 /* of this protocol; in each claim */
#define CAN_ADDRESS_NONE    0
#define CAN_ADDRESS_FIRST   1
#define CAN_ADDRESS_LAST    1000
#define CAN_ADDRESS_ALL     1023
#define CAN_ID_MASK         0x1FFFFFFFu
#define CAN_HASH_MASK       0xFFFFFu
#define CHIP_SIZE           12
#define FINGERPRINT_SIZE    6
#define CAN_CLAIM_FRAMES    3
#define CAN_CLAIM_SALT_LAST 15

struct can_msg {
	uint32_t id; /* 29 bits */
	uint8_t len; /* 0..8 */
	uint8_t data[8];
};

enum can_type {
	CAN_TRANSFER_COMMAND = 0x01,
	CAN_TIME = 0x02,
	CAN_VALUES_A = 0x08,
	CAN_VALUES_B = 0x09,
	CAN_WHO = 0x10,
	CAN_CLAIM = 0x11,
	CAN_ASSIGN = 0x12,
	CAN_TRANSFER_BULK = 0x20,
};

enum can_direction {
	CAN_TO_TERMINAL = 0,
	CAN_FROM_TERMINAL = 1,
};

/* What an identifier says. */
struct can_id {
	enum can_type type;
	enum can_direction direction;
	uint16_t address; /* 0 for claim and assign */
	uint32_t hash20;  /* claim and assign only */
};

/* ERR_NOT_FOUND: a type we do not know (a later version's: ignore); ERR_BAD_INPUT: not formed by
 * our rules (priority, address, direction or sub field), so not ours. */
MUST_USE enum err can_id_decode(uint32_t id, struct can_id *out);

uint32_t can_id(enum can_type type, uint16_t address, enum can_direction direction);
uint32_t can_id_hashed(enum can_type type, uint32_t hash20);

/* Part of an identifier, for hardware filters and quick looks; no check. */
static inline unsigned can_id_type(uint32_t id)
{
	return id >> 20 & 0x3F;
}

static inline uint16_t can_id_address(uint32_t id)
{
	return (uint16_t)(id >> 10 & 0x3FF);
}

/* SHA-256(chip id, salt): the 20 identifier bits of a terminal's claim. */
uint32_t can_hash20(const uint8_t chip[CHIP_SIZE], uint8_t salt);

/* The bytes by which an assignment names the terminal beyond doubt. */
void can_fingerprint(const uint8_t chip[CHIP_SIZE], uint8_t fingerprint[FINGERPRINT_SIZE]);

/* Cyclic values. Encoding fails with ERR_RANGE when a field does not fit its bits; send the set as
 * not valid then. Decoding fills the frame's own fields of *v and leaves the others alone. */
MUST_USE enum err can_values_a_encode(uint16_t address, const struct meter_values *v,
                                      struct can_msg *msg);
MUST_USE enum err can_values_b_encode(uint16_t address, const struct meter_values *v,
                                      struct can_msg *msg);
MUST_USE enum err can_values_a_decode(const struct can_msg *msg, struct meter_values *v);
MUST_USE enum err can_values_b_decode(const struct can_msg *msg, struct meter_values *v);

/* Bus time: slews a set clock, never sets or steps one. */
void can_time_encode(uint64_t unix_ms, struct can_msg *msg);
MUST_USE enum err can_time_decode(const struct can_msg *msg, uint64_t *unix_ms);

void can_who_encode(struct can_msg *msg);

struct can_claim {
	uint8_t chip[CHIP_SIZE];
	uint8_t salt;      /* 0..15 */
	uint8_t version;   /* CAN_VERSION of the terminal */
	uint16_t address;  /* the one it holds, or CAN_ADDRESS_NONE */
	uint16_t boot;     /* boot count */
	uint16_t firmware; /* major << 8 | minor */
};

/* Frame `part` 0..2 of a claim. */
void can_claim_encode(const struct can_claim *claim, unsigned part, struct can_msg *msg);

/* Gathers the three frames of one claim identifier; all zero is empty. */
struct can_claim_join {
	struct can_claim claim;
	uint8_t have; /* bit for each part */
};

/* ERR_NONE: the claim is complete in join->claim, checked against its identifier, and the next
 * frame starts a new one. ERR_BUSY: more parts to come. Else the gathered parts are dropped:
 * ERR_BAD_INPUT, ERR_VERSION (a terminal that speaks a newer version), ERR_CONFLICT (salts differ, or
 * the hash does not belong to the chip id: two terminals' frames were mixed). */
MUST_USE enum err can_claim_take(struct can_claim_join *join, const struct can_msg *msg);

struct can_assign {
	uint32_t hash20;
	uint16_t address; /* CAN_ADDRESS_NONE takes the address away */
	uint8_t fingerprint[FINGERPRINT_SIZE];
};

void can_assign_encode(const struct can_assign *assign, struct can_msg *msg);
MUST_USE enum err can_assign_decode(const struct can_msg *msg, struct can_assign *assign);
#endif
