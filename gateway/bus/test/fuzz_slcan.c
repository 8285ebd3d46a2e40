/* Any bytes from a serial adapter: every frame that comes out must survive encoding and parsing. */
#include "gateway/bus/slcan.h"

#include <assert.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void round_trip(const struct can_msg *msg)
{
	struct slcan again = {0};
	struct can_msg parsed;
	char line[SLCAN_LINE_MAX];
	size_t len = slcan_encode(msg, line);

	assert(len <= sizeof line && line[len - 1] == '\r');
	for (size_t i = 0; i + 1 < len; i++)
		assert(slcan_take(&again, (uint8_t)line[i], &parsed) == ERR_BUSY);
	assert(slcan_take(&again, '\r', &parsed) == ERR_NONE);
	assert(parsed.id == msg->id && parsed.len == msg->len);
	assert(memcmp(parsed.data, msg->data, msg->len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slcan slcan = {0};
	struct can_msg msg;

	for (size_t i = 0; i < size; i++) {
		enum err err = slcan_take(&slcan, data[i], &msg);

		assert(err == ERR_NONE || err == ERR_BUSY || err == ERR_BAD_INPUT);
		if (err)
			continue;
		assert(msg.len <= 8 && msg.id <= CAN_ID_MASK);
		round_trip(&msg);
	}
	return 0;
}
