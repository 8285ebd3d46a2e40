/* Whatever comes over the bus and from the sensor without the key: the terminal stays as it is. Each
 * record of the input is a selector byte and 12 or fewer bytes. */
#include "firmware/app/test/rig.h"

#include "libs/base/bytes.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ADDRESS 17

static struct rig rig, ready;

static void prepare(void)
{
	struct can_assign assign = {0, ADDRESS, {0}};
	struct can_msg msg;

	rig_init(&rig, 5);
	if (!rig_boot(&rig))
		abort();
	assign.hash20 = rig.hash20;
	can_fingerprint(rig.boot.chip, assign.fingerprint);
	can_assign_encode(&assign, &msg);
	rig_hear(&rig, &msg);
	wallclock_set(&rig.terminal.clock, RIG_TIME_S * UINT64_C(1000));
	ready = rig;
}

static size_t one(const uint8_t *data, size_t size)
{
	static const enum can_type types[] = {CAN_TRANSFER_COMMAND, CAN_TRANSFER_BULK};
	struct can_msg msg = {.len = 8};
	size_t n = size - 1 < 12 ? size - 1 : 12;
	uint8_t bytes[12] = {0};

	memcpy(bytes, data + 1, n);
	memcpy(msg.data, bytes, 8);
	switch (data[0] & 7) {
	case 0:
	case 1:
	case 2:
	case 3:
		msg.id = can_id(types[data[0] & 1], ADDRESS, CAN_TO_TERMINAL);
		n = n < 8 ? n : 8;
		rig_hear(&rig, &msg);
		break;
	case 4: /* any frame that the filters may pass */
		msg.id = get_le32(bytes) & CAN_ID_MASK;
		memcpy(msg.data, bytes + 4, 8);
		msg.len = data[0] >> 3 & 15;
		if (msg.len <= 8)
			terminal_can(&rig.terminal, &msg, rig.now_ms);
		break;
	case 5:
		terminal_can_event(&rig.terminal, (enum can_event)((data[0] >> 3) % 3), rig.now_ms);
		n = 0;
		break;
	case 6:
		for (size_t i = 0; i < n; i++)
			terminal_sensor_byte(&rig.terminal, bytes[i], rig.now_ms);
		break;
	default:
		if (!rig_run(&rig, data[0]))
			abort();
		n = 0;
		break;
	}
	return n + 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct decision before;

	if (!ready.board.ops)
		prepare();
	rig = ready;
	before = rig.terminal.control.decided;
	for (size_t at = 0; at < size;)
		at += one(data + at, size - at);
	if (!rig_run(&rig, 50))
		abort();
	if (memcmp(&before, &rig.terminal.control.decided, sizeof before) != 0 ||
	    rig.pulses[COIL_OPEN] || rig.pulses[COIL_CLOSE])
		abort();
	return 0;
}
