#include "libs/proto/can.h"

#include "libs/base/bytes.h"
#include "libs/base/sha256.h"

#include <assert.h>
#include <string.h>

/* Bits of an identifier. */
#define PRIORITY_SHIFT  26
#define TYPE_SHIFT      20
#define ADDRESS_SHIFT   10
#define DIRECTION_SHIFT 9
#define SUB_MASK        0x1FFu

/* Who may send a type. */
enum senders {
	BOTH,
	GATEWAY_TO_ALL,
	TERMINAL,
	HASHED,
};

static const struct rule {
	uint8_t type, priority, senders;
} rules[] = {
        {CAN_TRANSFER_COMMAND, 1, BOTH          },
        {CAN_TIME,             2, GATEWAY_TO_ALL},
        {CAN_VALUES_A,         4, TERMINAL      },
        {CAN_VALUES_B,         4, TERMINAL      },
        {CAN_WHO,              3, GATEWAY_TO_ALL},
        {CAN_CLAIM,            5, HASHED        },
        {CAN_ASSIGN,           3, HASHED        },
        {CAN_TRANSFER_BULK,    6, BOTH          },
};

static const struct rule *rule_find(unsigned type)
{
	for (unsigned i = 0; i < ARRAY_SIZE(rules); i++)
		if (rules[i].type == type)
			return &rules[i];
	return NULL;
}

static uint32_t type_bits(enum can_type type)
{
	const struct rule *rule = rule_find(type);

	assert(rule);
	return (uint32_t)rule->priority << PRIORITY_SHIFT | (uint32_t)type << TYPE_SHIFT;
}

uint32_t can_id(enum can_type type, uint16_t address, enum can_direction direction)
{
	assert(address <= CAN_ADDRESS_ALL);
	return type_bits(type) | (uint32_t)address << ADDRESS_SHIFT |
	       (uint32_t)direction << DIRECTION_SHIFT;
}

uint32_t can_id_hashed(enum can_type type, uint32_t hash20)
{
	return type_bits(type) | (hash20 & CAN_HASH_MASK);
}

static bool address_ok(const struct rule *rule, const struct can_id *id)
{
	switch ((enum senders)rule->senders) {
	case GATEWAY_TO_ALL:
		return id->address == CAN_ADDRESS_ALL && id->direction == CAN_TO_TERMINAL;
	case TERMINAL:
		if (id->direction != CAN_FROM_TERMINAL)
			return false;
		break;
	case BOTH:
	case HASHED:
		break;
	}
	return id->address >= CAN_ADDRESS_FIRST && id->address <= CAN_ADDRESS_LAST;
}

enum err can_id_decode(uint32_t id, struct can_id *out)
{
	const struct rule *rule = rule_find(can_id_type(id));

	if (id & ~CAN_ID_MASK)
		return ERR_BAD_INPUT;
	if (!rule)
		return ERR_NOT_FOUND;
	if (id >> PRIORITY_SHIFT != rule->priority)
		return ERR_BAD_INPUT;
	memset(out, 0, sizeof *out);
	out->type = (enum can_type)rule->type;
	if (rule->senders == HASHED) {
		out->direction = rule->type == CAN_CLAIM ? CAN_FROM_TERMINAL : CAN_TO_TERMINAL;
		out->hash20 = id & CAN_HASH_MASK;
		return ERR_NONE;
	}
	out->direction = (enum can_direction)(id >> DIRECTION_SHIFT & 1);
	out->address = can_id_address(id);
	return id & SUB_MASK || !address_ok(rule, out) ? ERR_BAD_INPUT : ERR_NONE;
}

static void chip_digest(const uint8_t chip[CHIP_SIZE], uint8_t salt, uint8_t digest[SHA256_SIZE])
{
	uint8_t input[CHIP_SIZE + 1];

	memcpy(input, chip, CHIP_SIZE);
	input[CHIP_SIZE] = salt;
	sha256(input, sizeof input, digest);
}

uint32_t can_hash20(const uint8_t chip[CHIP_SIZE], uint8_t salt)
{
	uint8_t digest[SHA256_SIZE];

	chip_digest(chip, salt, digest);
	return get_le32(digest) & CAN_HASH_MASK;
}

void can_fingerprint(const uint8_t chip[CHIP_SIZE], uint8_t fingerprint[FINGERPRINT_SIZE])
{
	uint8_t digest[SHA256_SIZE];

	chip_digest(chip, 0, digest);
	memcpy(fingerprint, digest + 4, FINGERPRINT_SIZE);
}

/* Bit layout of the cyclic frames: a little-endian word of 64 bits (the DBC says the same). */
enum {
	VOLTAGE_AT = 0,
	VOLTAGE_BITS = 13,
	CURRENT_AT = 13,
	CURRENT_BITS = 18,
	POWER_AT = 31,
	POWER_BITS = 20,
	PF_AT = 51,
	PF_BITS = 12,
	VALID_AT = 63,
	ENERGY_AT = 0,
	ENERGY_BITS = 36,
	FREQUENCY_AT = 36,
	FREQUENCY_BITS = 13,
	STATE_AT = 49,
	QUALITY_AT = 58,
};

static bool fits_unsigned(int64_t v, unsigned width)
{
	return v >= 0 && v < INT64_C(1) << width;
}

static bool fits_signed(int64_t v, unsigned width)
{
	int64_t limit = INT64_C(1) << (width - 1);

	return v >= -limit && v < limit;
}

static void msg_from_word(uint32_t id, uint64_t word, struct can_msg *msg)
{
	msg->id = id;
	msg->len = 8;
	put_le64(msg->data, word);
}

enum err can_values_a_encode(uint16_t address, const struct meter_values *v, struct can_msg *msg)
{
	uint64_t word = 0;

	if (!fits_unsigned(v->voltage_dv, VOLTAGE_BITS) ||
	    !fits_signed(v->current_ma, CURRENT_BITS) || !fits_signed(v->power_dw, POWER_BITS) ||
	    !fits_signed(v->pf_permille, PF_BITS))
		return ERR_RANGE;
	bits_put(&word, VOLTAGE_AT, VOLTAGE_BITS, (uint64_t)v->voltage_dv);
	bits_put(&word, CURRENT_AT, CURRENT_BITS, (uint64_t)v->current_ma);
	bits_put(&word, POWER_AT, POWER_BITS, (uint64_t)v->power_dw);
	bits_put(&word, PF_AT, PF_BITS, (uint64_t)v->pf_permille);
	bits_put(&word, VALID_AT, 1, v->valid);
	msg_from_word(can_id(CAN_VALUES_A, address, CAN_FROM_TERMINAL), word, msg);
	return ERR_NONE;
}

enum err can_values_b_encode(uint16_t address, const struct meter_values *v, struct can_msg *msg)
{
	uint64_t word = 0;

	if (v->energy_wh >> ENERGY_BITS || !fits_unsigned(v->frequency_chz, FREQUENCY_BITS) ||
	    v->state >> METER_STATE_BITS)
		return ERR_RANGE;
	bits_put(&word, ENERGY_AT, ENERGY_BITS, v->energy_wh);
	bits_put(&word, FREQUENCY_AT, FREQUENCY_BITS, (uint64_t)v->frequency_chz);
	bits_put(&word, STATE_AT, METER_STATE_BITS, v->state);
	bits_put(&word, QUALITY_AT, METER_QUALITY_CAN_BITS, v->quality);
	msg_from_word(can_id(CAN_VALUES_B, address, CAN_FROM_TERMINAL), word, msg);
	return ERR_NONE;
}

enum err can_values_a_decode(const struct can_msg *msg, struct meter_values *v)
{
	uint64_t word;

	if (msg->len != 8)
		return ERR_BAD_INPUT;
	word = get_le64(msg->data);
	v->voltage_dv = (int32_t)bits_get(word, VOLTAGE_AT, VOLTAGE_BITS);
	v->current_ma = (int32_t)bits_get_signed(word, CURRENT_AT, CURRENT_BITS);
	v->power_dw = (int32_t)bits_get_signed(word, POWER_AT, POWER_BITS);
	v->pf_permille = (int32_t)bits_get_signed(word, PF_AT, PF_BITS);
	v->valid = bits_get(word, VALID_AT, 1);
	return ERR_NONE;
}

enum err can_values_b_decode(const struct can_msg *msg, struct meter_values *v)
{
	uint64_t word;

	if (msg->len != 8)
		return ERR_BAD_INPUT;
	word = get_le64(msg->data);
	v->energy_wh = bits_get(word, ENERGY_AT, ENERGY_BITS);
	v->frequency_chz = (int32_t)bits_get(word, FREQUENCY_AT, FREQUENCY_BITS);
	v->state = (uint16_t)bits_get(word, STATE_AT, METER_STATE_BITS);
	v->quality = (uint16_t)bits_get(word, QUALITY_AT, METER_QUALITY_CAN_BITS);
	return ERR_NONE;
}

void can_time_encode(uint64_t unix_ms, struct can_msg *msg)
{
	msg_from_word(can_id(CAN_TIME, CAN_ADDRESS_ALL, CAN_TO_TERMINAL), unix_ms, msg);
}

enum err can_time_decode(const struct can_msg *msg, uint64_t *unix_ms)
{
	if (msg->len != 8)
		return ERR_BAD_INPUT;
	*unix_ms = get_le64(msg->data);
	return ERR_NONE;
}

void can_who_encode(struct can_msg *msg)
{
	memset(msg, 0, sizeof *msg);
	msg->id = can_id(CAN_WHO, CAN_ADDRESS_ALL, CAN_TO_TERMINAL);
}

#define CHIP_HALF (CHIP_SIZE / 2)

void can_claim_encode(const struct can_claim *claim, unsigned part, struct can_msg *msg)
{
	uint8_t *body = msg->data + 2;

	assert(part < CAN_CLAIM_FRAMES && claim->salt <= CAN_CLAIM_SALT_LAST);
	msg->id = can_id_hashed(CAN_CLAIM, can_hash20(claim->chip, claim->salt));
	msg->len = 8;
	msg->data[0] = (uint8_t)(part | (unsigned)claim->salt << 4);
	msg->data[1] = claim->version;
	if (part < 2) {
		memcpy(body, claim->chip + CHIP_HALF * part, CHIP_HALF);
		return;
	}
	put_le16(body, claim->address);
	put_le16(body + 2, claim->boot);
	put_le16(body + 4, claim->firmware);
}

static enum err claim_part(struct can_claim_join *join, const struct can_msg *msg)
{
	struct can_claim *claim = &join->claim;
	const uint8_t *body = msg->data + 2;
	unsigned part = msg->data[0] & 15;

	if (msg->len != 8 || part >= CAN_CLAIM_FRAMES)
		return ERR_BAD_INPUT;
	if (msg->data[1] != CAN_VERSION)
		return ERR_VERSION;
	if (join->have && claim->salt != msg->data[0] >> 4)
		return ERR_CONFLICT;
	claim->salt = msg->data[0] >> 4;
	claim->version = msg->data[1];
	if (part < 2) {
		memcpy(claim->chip + CHIP_HALF * part, body, CHIP_HALF);
	} else {
		claim->address = get_le16(body);
		claim->boot = get_le16(body + 2);
		claim->firmware = get_le16(body + 4);
	}
	join->have = (uint8_t)(join->have | 1u << part);
	return join->have == (1u << CAN_CLAIM_FRAMES) - 1 ? ERR_NONE : ERR_BUSY;
}

enum err can_claim_take(struct can_claim_join *join, const struct can_msg *msg)
{
	enum err err = claim_part(join, msg);

	if (err == ERR_BUSY)
		return err;
	join->have = 0;
	if (err)
		return err;
	if (can_hash20(join->claim.chip, join->claim.salt) != (msg->id & CAN_HASH_MASK))
		return ERR_CONFLICT;
	return join->claim.address > CAN_ADDRESS_LAST ? ERR_BAD_INPUT : ERR_NONE;
}

void can_assign_encode(const struct can_assign *assign, struct can_msg *msg)
{
	msg->id = can_id_hashed(CAN_ASSIGN, assign->hash20);
	msg->len = 8;
	put_le16(msg->data, assign->address);
	memcpy(msg->data + 2, assign->fingerprint, FINGERPRINT_SIZE);
}

enum err can_assign_decode(const struct can_msg *msg, struct can_assign *assign)
{
	if (msg->len != 8)
		return ERR_BAD_INPUT;
	assign->hash20 = msg->id & CAN_HASH_MASK;
	assign->address = get_le16(msg->data);
	memcpy(assign->fingerprint, msg->data + 2, FINGERPRINT_SIZE);
	return assign->address > CAN_ADDRESS_LAST ? ERR_RANGE : ERR_NONE;
}
