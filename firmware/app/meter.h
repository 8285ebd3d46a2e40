/* Asks the sensor once a second and keeps the value set: request → receiver → plausibility → values
 * and energy. A bad answer is no answer; three polls in a row without one are a sensor fault, and
 * the relay stays as it is. */
#ifndef FIRMWARE_APP_METER_H
#define FIRMWARE_APP_METER_H

#include "firmware/app/energy.h"
#include "firmware/app/journal.h"

#include "libs/proto/im1253b.h"

#define METER_POLL_MS     1000u
#define METER_ANSWER_MS   190u /* 17 ms of request at 4800 8N1, 150 ms for the answer, our tick */
#define METER_GAP_MS      20u /* silence inside a frame: 8 ms on the wire, seen through a 10 ms tick */
#define METER_STALE_MS    2500u
#define METER_FAULT_POLLS 3u
#define METER_AGAIN_MS    300u   /* the module shows each 250 ms what it measured */
#define METER_SEGMENT_MS  90000u /* the mark stays long enough for a one-minute reading to see it */

/* A register that stands still while this much should have flowed is frozen: 20 Wh, in 0.1 W x 1 s. Below
 * 100 W nothing is told of it: a module need not count what is below its starting current. */
#define METER_FROZEN_DWS 720000
#define METER_FROZEN_DW  1000

struct meter {
	const struct board *board;
	struct journal *journal;
	struct energy_meter energy;
	struct im1253b_rx rx;
	struct meter_values values; /* state is filled by the terminal */
	uint32_t poll_ms, again_ms, asked_ms, byte_ms, sample_ms, segment_ms;
	uint32_t missed_total, implausible_total, line_errors;
	uint32_t bad_frames;   /* polls whose answer was spoilt, short or somebody else's */
	uint32_t still_100mwh; /* the register that is watched ... */
	int32_t still_dws;     /* ... and what should have flowed since it moved */
	uint8_t missed;        /* polls in a row */
	bool waiting;
	bool heard;   /* bytes since the request */
	bool sampled; /* since the start */
	bool toggle;
	bool fresh; /* the poll of this second is over, with or without an answer */
	bool implausible, segment, frozen;
	bool again; /* a poll at again_ms, beside the regular ones */
};

void meter_init(struct meter *m, const struct board *board, struct journal *journal,
                uint32_t first_poll_ms, uint32_t now_ms);

void meter_byte(struct meter *m, uint8_t byte, uint32_t now_ms, uint32_t uptime_s);

/* A byte with a framing, noise or overrun error. */
void meter_line_error(struct meter *m);

void meter_poll(struct meter *m, uint32_t now_ms, uint32_t uptime_s);

/* The contact has moved: a poll as soon as the module can show it, and the second begins anew there. */
void meter_look_again(struct meter *m, uint32_t now_ms);

/* Quality bits for the next cyclic frame; the mark of an implausible set is taken by this. */
uint16_t meter_quality_take(struct meter *m, uint32_t now_ms);
#endif
