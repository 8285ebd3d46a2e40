/* Any frames, 13 bytes each (identifier, length, data), through every decoder of the bus. What a
 * decoder accepts encodes back to the same frame. */
#include "libs/base/bytes.h"
#include "libs/proto/can.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct can_msg *a, const struct can_msg *b)
{
	if (a->id != b->id || a->len != b->len || memcmp(a->data, b->data, a->len) != 0)
		abort();
}

static void values_a(const struct can_msg *msg, uint16_t address)
{
	struct meter_values v;
	struct can_msg again;

	if (can_values_a_decode(msg, &v))
		return;
	if (can_values_a_encode(address, &v, &again))
		abort();
	same(msg, &again);
}

static void values_b(const struct can_msg *msg, uint16_t address)
{
	struct meter_values v;
	struct can_msg again;

	if (can_values_b_decode(msg, &v))
		return;
	if (can_values_b_encode(address, &v, &again))
		abort();
	same(msg, &again);
}

static void assign(const struct can_msg *msg)
{
	struct can_assign a;
	struct can_msg again;

	if (can_assign_decode(msg, &a))
		return;
	can_assign_encode(&a, &again);
	same(msg, &again);
}

static void frame(const struct can_msg *msg, struct can_claim_join *join)
{
	struct can_id id;
	uint64_t unix_ms;

	if (can_id_decode(msg->id, &id))
		return;
	switch (id.type) {
	case CAN_VALUES_A:
		values_a(msg, id.address);
		return;
	case CAN_VALUES_B:
		values_b(msg, id.address);
		return;
	case CAN_TIME:
		if (can_time_decode(msg, &unix_ms) == ERR_NONE && unix_ms != get_le64(msg->data))
			abort();
		return;
	case CAN_CLAIM:
		if (can_claim_take(join, msg) == ERR_NONE &&
		    can_hash20(join->claim.chip, join->claim.salt) != id.hash20)
			abort();
		return;
	case CAN_ASSIGN:
		assign(msg);
		return;
	case CAN_WHO:
	case CAN_TRANSFER_COMMAND:
	case CAN_TRANSFER_BULK:
		return;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct can_claim_join join = {.have = 0};

	for (; size >= 13; data += 13, size -= 13) {
		struct can_msg msg = {.id = get_be32(data), .len = data[4] % 9};

		memcpy(msg.data, data + 5, 8);
		frame(&msg, &join);
	}
	return 0;
}
