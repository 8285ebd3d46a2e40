/* A gateway core on a disk in memory, a bus with one or more terminals in a few lines, a platform
 * that decodes what it gets, and a clock that the test moves. */
#ifndef GATEWAY_CORE_TEST_RIG_H
#define GATEWAY_CORE_TEST_RIG_H

#include "gateway/core/core.h"
#include "gateway/spool/test/fake_disk.h"

#include "libs/proto/bulk.h"
#include "libs/proto/command.h"
#include "libs/proto/isotp.h"
#include "libs/proto/meter.h"
#include "libs/proto/uplink.h"

#define RIG_TERMINALS 8
#define RIG_ROWS      4096
#define RIG_EVENTS    1024
#define RIG_RESULTS   512
#define RIG_BATCHES   1024
#define RIG_WALL_MS   (INT64_C(1795500000) * 1000)
#define RIG_EPOCH     0xE0C

struct rig;

struct rig_terminal {
	struct rig *rig;
	struct command_key key;
	uint64_t meter;
	uint16_t address, boot;
	struct meter_values values;
	bool mute;
	struct isotp command, bulk;
	uint8_t command_in[512], bulk_in[512], command_out[128], bulk_out[512];
	uint32_t counter; /* last executed */
	unsigned executions;
	uint8_t last_command[COMMAND_SIZE_MAX];
	size_t last_command_len;
	bool answer_lost; /* executes, but its next answer never arrives */
	uint32_t events, events_acked;
};

struct rig {
	struct fake_disk fake;
	struct spool *spool;
	struct core *core;
	struct moment now;
	uint64_t boot;
	struct rig_terminal terminals[RIG_TERMINALS];
	unsigned n_terminals;
	bool link_up, bus_up;
	bool acking;
	uint64_t run;   /* of the platform */
	bool forgetful; /* what was published is decoded, but not kept */

	struct can_msg bus[4096]; /* from the gateway, not yet delivered */
	size_t n_bus;
	unsigned sent[64]; /* frames of the gateway by type */

	uint64_t batch_boot[RIG_BATCHES], batch_seq[RIG_BATCHES];
	size_t n_batches; /* each time one is offered */
	struct reading rows[RIG_ROWS];
	size_t n_rows;
	struct uplink_event events[RIG_EVENTS];
	size_t n_events;
	struct uplink_result results[RIG_RESULTS];
	size_t n_results;
	struct ack_done to_ack[RIG_BATCHES];
	size_t n_to_ack;
	unsigned nows, live_rows, wants;
	char state[CORE_STATE_SIZE + 1];
	unsigned states, logs;
	enum err failed;
	struct down_command command; /* the last one */
	uint8_t *arena;
};

/* A new world: a fresh disk and `terminals` terminals that are not powered. */
void rig_init(struct rig *rig, unsigned terminals);
void rig_free(struct rig *rig);

/* The gateway process: start, clean stop, kill. A kill keeps what the disk has written; a power cut
 * keeps what it has synced. Starting may fail as the disk does. */
enum err rig_start(struct rig *rig);
void rig_stop(struct rig *rig);
void rig_kill(struct rig *rig);

/* Everything up, terminals with addresses, adopted under their meter numbers, period in seconds. */
void rig_up(struct rig *rig, uint32_t period_s);

void rig_link(struct rig *rig, bool up);
void rig_bus(struct rig *rig, bool up);

/* Time passes in ticks of 50 ms; each second every terminal sends a new value set. */
void rig_run(struct rig *rig, int64_t ms);

/* A frame to the gateway. */
void rig_frame(struct rig *rig, const struct can_msg *msg);
void rig_claim(struct rig_terminal *t);
void rig_values(struct rig_terminal *t, bool fresh);

void rig_down(struct rig *rig, struct down *down);
void rig_config(struct rig *rig, uint64_t version, uint32_t period_s, uint32_t trip_limit);
void rig_command(struct rig *rig, uint64_t id, struct rig_terminal *t, uint32_t counter,
                 enum command_kind kind, int64_t life_s);

/* The last command once more, as the platform repeats it. */
void rig_command_again(struct rig *rig);

/* How often a stage of a command was reported. */
unsigned rig_stage(const struct rig *rig, uint64_t id, uint32_t stage);
unsigned rig_event_count(const struct rig *rig, uint32_t kind);
#endif
