/* A terminal on a test bench: the real application with flash that power can leave at any half-word,
 * a metering module, a relay, a button, and wires to a CAN bus of variables. */
#ifndef FIRMWARE_APP_TEST_RIG_H
#define FIRMWARE_APP_TEST_RIG_H

#include "firmware/app/flash_map.h"
#include "firmware/app/terminal.h"

#include <setjmp.h>

/* ---- flash ---- */

/* What a power cut makes of the operation that it hits. */
enum cut_kind {
	CUT_NOTHING,  /* it did not begin */
	CUT_ALL,      /* it was complete */
	CUT_RANDOM,   /* some of the bits changed; erase: some bits of the page */
	CUT_PART,     /* erase: the first part of the page; program: the low byte */
	CUT_MARGINAL, /* some bits changed, the others read differently each time */
	CUT_KINDS,
};

struct rig_flash {
	uint16_t cell[FLASH_PAGES * FLASH_PAGE_SIZE / 2];
	uint16_t weak[FLASH_PAGES * FLASH_PAGE_SIZE / 2]; /* bits that read as they like */
	uint32_t erases[FLASH_PAGES];
	struct rnd rnd;
	uint64_t operations;
	uint64_t cut_at; /* number of the operation that power leaves; 0: never */
	enum cut_kind cut_kind;
	jmp_buf *power;       /* where to go then */
	unsigned broken_page; /* takes no program any more; 0: none */
	bool dead;            /* no page does */
};

void rig_flash_init(struct rig_flash *f, uint64_t seed);
extern const struct flash_ops rig_flash_ops;

/* ---- bench ---- */

enum sensor_mode {
	SENSOR_NORMAL,
	SENSOR_SILENT,
	SENSOR_BAD_CRC,
	SENSOR_SHORT,
	SENSOR_ADDRESS,
	SENSOR_ECHO,  /* the request comes back, no answer */
	SENSOR_NOISE, /* stray bytes, then a good answer */
	SENSOR_LATE,  /* the answer to the last request comes with the next */
};

#define RIG_SENT      256
#define RIG_MAILBOXES 3
#define RIG_FRAME_US  1200 /* 8 bytes with stuff bits at 125 kbit/s */

struct rig {
	struct terminal terminal;
	struct board board;
	struct boot_info boot;
	struct rig_flash flash;
	uint32_t now_ms, poll_ms;
	struct rnd rnd;

	struct im1253b_sample sample; /* what the module measures now */
	uint64_t energy_100uw_ms;     /* what really flowed, in 0.1 mW x 1 ms */
	uint32_t register_offset;     /* register = energy + this */
	bool register_fixed;          /* the register does not follow the energy */
	enum sensor_mode sensor;
	uint8_t uart[128];
	unsigned uart_len, uart_at;
	uint32_t uart_due_ms;
	uint8_t late[IM1253B_REPLY_MAX];
	unsigned late_len;

	bool contact_closed, contact_stuck, button_down, led;
	bool leaks; /* current flows through the open contact */
	bool moving_to;
	uint32_t moves_at_ms; /* 0: it does not move */
	unsigned pulses[2];   /* by enum coil */

	struct can_msg box[RIG_MAILBOXES]; /* frames that wait, the oldest first */
	unsigned box_n;
	unsigned frame_us,
	        bus_us; /* what a frame takes on the bus, and what the first one had of it */
	struct can_msg sent[RIG_SENT]; /* what left the controller, since somebody emptied it */
	unsigned sent_n;
	uint16_t address; /* of the filter */
	uint32_t hash20;
	bool single_shot, bus_silent; /* nobody acknowledges */
	unsigned recoveries;
	void (*on_pulse)(struct rig *rig, enum coil coil);
};

/* A factory-fresh terminal: key written, flash else empty, contact closed, load of 2 kW. */
void rig_init(struct rig *rig, uint64_t seed);

/* Power comes back. False: a planned cut took it away again. */
bool rig_boot(struct rig *rig);

/* Time passes. False: a planned cut took the power away. */
bool rig_run(struct rig *rig, uint32_t ms);

/* Power is off for this time; the module's own supply is on the same breaker. */
void rig_off(struct rig *rig, uint32_t ms);

/* A frame from the bus, if the filters let it pass. */
void rig_hear(struct rig *rig, const struct can_msg *msg);

/* The register that the module shows. */
uint32_t rig_register(const struct rig *rig);

/* Frames of this type that were sent; the newest to *msg. */
unsigned rig_count(const struct rig *rig, enum can_type type, struct can_msg *msg);

/* ---- a small gateway ---- */

struct gate {
	struct rig *rig;
	struct isotp command, bulk;
	uint8_t command_in[128], bulk_in[ISOTP_LENGTH_MAX], out[ISOTP_LENGTH_MAX];
	struct can_claim_join join;
	unsigned claims;
	struct can_claim claim; /* the last whole one */
	bool assigns;           /* answers claims with `address` */
	uint16_t address;
	uint8_t result[16][RESULT_SIZE];
	unsigned results;
	uint8_t answer[ISOTP_LENGTH_MAX]; /* body of the last bulk transfer */
	size_t answer_len;
	unsigned values_a, values_b; /* frames of values */
	unsigned seen;               /* of rig->sent */
	uint32_t ahead_s;            /* of the platform's clock, which signs: wrong by so much */
};

void gate_init(struct gate *g, struct rig *rig, uint16_t address);

/* Time passes on both sides. */
bool gate_run(struct gate *g, uint32_t ms);

/* Sends a body (sealed here) and lets time pass until the channel is idle again. */
bool gate_send(struct gate *g, enum can_type type, const uint8_t *body, size_t len);

/* Claims, gets its address and signed time. */
bool gate_meet(struct gate *g, uint64_t unix_ms);

/* A signed command with the rig's key; the rig has `RIG_TIME_S` + uptime as its time. */
#define RIG_TIME_S 1800000000u
size_t gate_command(const struct gate *g, uint32_t counter, enum command_kind kind,
                    const struct command_args *args, uint8_t body[COMMAND_SIZE_MAX]);
bool gate_order(struct gate *g, uint32_t counter, enum command_kind kind);
bool gate_set_time(struct gate *g, uint32_t counter, uint64_t unix_ms);

/* The newest result, opened with the rig's key; the test fails if there is none. */
struct result gate_result(const struct gate *g);
#endif
