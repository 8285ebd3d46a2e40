/* A story of inputs for the whole core: frames from the bus, messages from the platform (so also
 * its configuration), time, link and bus going up and down, restarts. Whatever comes, it does not crash,
 * each second of a meter has one reading, and what it publishes can be decoded.
 *
 * Each step: a byte that chooses, then its argument. */
#include "gateway/core/test/rig.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 400

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct story {
	const uint8_t *at, *end;
};

static uint8_t byte(struct story *s)
{
	return s->at < s->end ? *s->at++ : 0;
}

static size_t bytes(struct story *s, const uint8_t **out, size_t most)
{
	size_t left = (size_t)(s->end - s->at), n = byte(s);

	*out = s->at;
	left = (size_t)(s->end - s->at);
	n = n < left ? n : left;
	n = n < most ? n : most;
	s->at += n;
	return n;
}

static void any_frame(struct rig *rig, struct story *s)
{
	static const enum can_type types[] = {CAN_TRANSFER_COMMAND, CAN_VALUES_A, CAN_VALUES_B,
	                                      CAN_TRANSFER_BULK};
	struct can_msg msg = {.len = 8};
	uint8_t choice = byte(s);
	const uint8_t *body;

	if (choice & 0x80)
		msg.id = (uint32_t)byte(s) << 24 | (uint32_t)byte(s) << 16 |
		         (uint32_t)byte(s) << 8 | byte(s);
	else
		msg.id = can_id(types[choice & 3], (uint16_t)(1 + (choice >> 2 & 3)),
		                CAN_FROM_TERMINAL);
	msg.id &= CAN_ID_MASK;
	msg.len = (uint8_t)bytes(s, &body, 8);
	memcpy(msg.data, body, msg.len);
	rig_frame(rig, &msg);
}

static void any_message(struct rig *rig, struct story *s, enum core_input topic)
{
	const uint8_t *body;
	size_t len = bytes(s, &body, 255);

	core_message(rig->core, topic, body, len, false, &rig->now);
}

static void step(struct rig *rig, struct story *s)
{
	struct rig_terminal *t = &rig->terminals[0];
	uint8_t choice = byte(s);

	switch (choice % 12) {
	case 0:
	case 1:
		any_frame(rig, s);
		break;
	case 2:
		any_message(rig, s, CORE_DOWN);
		break;
	case 3:
		any_message(rig, s, CORE_ACK);
		break;
	case 4:
		rig_run(rig, 50 * (1 + byte(s) % 100));
		break;
	case 5:
		rig_command(rig, byte(s), t, byte(s), (enum command_kind)(1 + byte(s) % 6), 30);
		break;
	case 6:
		rig_config(rig, byte(s), byte(s), byte(s) % 4);
		break;
	case 7:
		rig_link(rig, choice & 0x40);
		break;
	case 8:
		rig_bus(rig, choice & 0x40);
		break;
	case 9:
		rig->now.wall_ms += ((int64_t)byte(s) - 128) * 1000 * (choice & 0x40 ? 86400 : 1);
		break;
	case 10:
		t->events += byte(s) % 40;
		t->mute = choice & 0x40;
		t->boot = (uint16_t)(t->boot + (choice & 0x20 ? 1 : 0));
		break;
	case 11:
		rig->fake.space = choice & 0x40 ? -1 : byte(s) * 16;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rig *rig = malloc(sizeof *rig);
	struct story s = {data, data + size};

	assert(rig);
	rig_init(rig, 2);
	rig->forgetful = true;
	assert(!rig_start(rig));
	rig_bus(rig, true);
	rig_link(rig, true);
	for (int n = 0; s.at < s.end && n < STEPS_MAX; n++) {
		step(rig, &s);
		if (!rig->core || byte(&s) == 0xEE) {
			rig_kill(rig);
			rig->fake.space = -1;
			assert(!rig_start(rig));
			rig_bus(rig, true);
			rig_link(rig, true);
		}
	}
	rig_free(rig);
	free(rig);
	return 0;
}
