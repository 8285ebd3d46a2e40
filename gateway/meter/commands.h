/* Signed commands on their way to terminals: checked, one in flight per meter, repeated with the
 * same bytes until answered or expired, read back, and remembered, so that the same command from the
 * platform is answered again and not done again. The gateway can neither sign nor change one. */
#ifndef GATEWAY_METER_COMMANDS_H
#define GATEWAY_METER_COMMANDS_H

#include "gateway/core/policy.h"
#include "gateway/meter/terminals.h"

#include "libs/proto/command.h"
#include "libs/proto/uplink.h"

#define COMMANDS_MAX       512
#define COMMANDS_ROW       232
#define COMMANDS_SIZE_MAX  (8 + COMMANDS_MAX * COMMANDS_ROW)
#define COMMAND_KEEP_S     86400 /* remembered for a day after its expiry */
#define COMMAND_GIVE_UP_MS 60000 /* after the first try */

enum command_step {
	STEP_FREE,      /* no command in this place */
	STEP_WAITING,   /* for its turn, or for its terminal */
	STEP_IN_FLIGHT, /* sent, no answer yet */
	STEP_DELAYED,   /* accepted; the terminal executes it later */
	STEP_READ_BACK, /* executed; a newer value set is to show it */
	STEP_DONE,
};

struct pending_command {
	enum command_step step;
	uint64_t id;
	uint64_t meter;
	int64_t expires_s;
	int64_t taken_s; /* gateway time */
	uint32_t counter;
	uint8_t kind;
	uint8_t body_len;
	uint8_t body[COMMAND_SIZE_MAX];

	/* What was reported, to be repeated on demand. */
	uint32_t stage; /* the highest */
	uint32_t reason;
	uint8_t answer_len;
	uint8_t answer[RESULT_SIZE];

	struct {
		int32_t current_ma, power_dw;
		uint32_t state;
		int64_t energy_wh;
	} read_back;

	int64_t reported_ms;     /* monotonic */
	int64_t received_due_ms; /* *received* is told by then; 0: it was */
	bool told;               /* all of this is durable in the spool */
	bool kept;               /* its answer is in the memory on the disk */
	int64_t answered_ms;     /* monotonic, of this run */

	unsigned tries;
	int64_t first_try_ms;
	int64_t due_ms;   /* next try, or end of waiting */
	uint32_t sets_at; /* value sets of the terminal when it answered */
	unsigned sets_seen;
};

struct commands_out {
	void *ctx;
	void (*result)(void *ctx, const struct uplink_result *result);
	void (*note)(void *ctx, const struct pending_command *c, const char *text);
};

struct commands {
	struct commands_out out;
	struct terminals *terminals;
	const struct policy *policy;
	struct pending_command all[COMMANDS_MAX];
	size_t used;    /* places of `all` that ever held one; behind them nothing is looked at */
	bool must_save; /* before anything more is told */
	bool may_save;  /* some time */
	bool untold;    /* something is reported and not yet durable in the spool */
};

struct commands_now {
	int64_t mono_ms;
	int64_t time_ms;
	bool time_sure; /* nothing expires by an unsure clock */
};

void commands_init(struct commands *cs, struct terminals *terminals, const struct policy *policy,
                   const struct commands_out *out);

/* From the platform; may come again any number of times. */
void commands_take(struct commands *cs, const struct down_command *from,
                   const struct commands_now *now);

/* From a terminal. True: it belongs to a command of ours. */
bool commands_result(struct commands *cs, struct terminal *t, const uint8_t *body, size_t len,
                     const struct commands_now *now);
void commands_send_failed(struct commands *cs, struct terminal *t, const struct commands_now *now);

/* A new value set. True: it is the read back of a command, worth a reading. */
bool commands_values(struct commands *cs, struct terminal *t, const struct commands_now *now);

void commands_tick(struct commands *cs, const struct commands_now *now);

/* Everything reported so far is durable in the spool. */
void commands_told(struct commands *cs);

/* After commands_decode: reports what may not have reached the spool before the end. */
void commands_resume(struct commands *cs, const struct commands_now *now);

/* What commands_encode wrote is on the disk. */
void commands_kept(struct commands *cs);
size_t commands_encode(struct commands *cs, uint8_t out[COMMANDS_SIZE_MAX]);
/* ERR_DAMAGED: not what commands_encode writes. */
MUST_USE enum err commands_decode(struct commands *cs, const uint8_t *bytes, size_t len);
#endif
