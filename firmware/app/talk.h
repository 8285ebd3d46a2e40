/* The terminal's two ISO-TP channels: commands with their results, and events. A transfer counts
 * only when it is whole and its CRC is right. */
#ifndef FIRMWARE_APP_TALK_H
#define FIRMWARE_APP_TALK_H

#include "firmware/app/control.h"

#include "libs/proto/isotp.h"
#include "libs/proto/transfer.h"

struct talk_channel {
	struct isotp isotp;
	uint8_t type; /* enum can_type */
};

struct talk {
	const struct board *board;
	struct control *control;
	struct journal *journal;
	const struct wallclock *clock;
	struct talk_channel command, bulk;
	uint32_t bad_transfers;
	uint8_t command_in[COMMAND_SIZE_MAX + TRANSFER_CRC_SIZE];
	uint8_t command_out[RESULT_SIZE + TRANSFER_CRC_SIZE];
	uint8_t bulk_in[16];
	uint8_t bulk_out[BULK_SIZE_MAX + TRANSFER_CRC_SIZE];
};

void talk_init(struct talk *t, const struct board *board, struct control *control,
               struct journal *journal, const struct wallclock *clock);

/* A frame of one of the channels to our address. */
void talk_take(struct talk *t, enum can_type type, const struct can_msg *msg, uint32_t now_ms);

/* Sends what the bus has room for. */
void talk_poll(struct talk *t, uint16_t address, uint32_t now_ms);

/* The address is gone: so are the transfers under way. */
void talk_reset(struct talk *t);
#endif
