/* The rules of commands: creation with signature, the stages, the outbox, verification. The
 * signed bytes are libs/proto/command.h, the rows platform/store/command.h. */
#ifndef PLATFORM_CORE_COMMAND_H
#define PLATFORM_CORE_COMMAND_H

#include "libs/proto/command.h"
#include "libs/proto/uplink.h"
#include "platform/core/admin.h"
#include "platform/store/command.h"
#include "platform/store/meter.h"

/* How long things may take; from the settings. */
struct command_rules {
	int64_t expiry_s;      /* of a new command: 120 */
	int64_t resend_ms;     /* queued or sent until the gateway says received: 3000 */
	int64_t verify_wait_s; /* executed, but the contact was not read back: failed after 30 */
	/* The first command of a terminal, which may have no time yet, waits so long for the time
	 * command to go before it; 0: not at all. */
	int64_t clock_wait_ms;
};

/* Reason codes below 64 are the terminal's (enum command_reason of libs/proto/command.h). */
enum {
	COMMAND_REASON_GATEWAY_EXPIRED = 64, /* no answer from the gateway before it expired */
	COMMAND_REASON_NO_ANSWER = 65,       /* the terminal did not answer */
	COMMAND_REASON_NOT_VERIFIED = 67,    /* executed, but not read back in time */
	COMMAND_REASON_READ_BACK = 68,       /* read back, and contact or current contradict it */
	COMMAND_REASON_UNSENT = 69,          /* expired before a gateway had received it */
	COMMAND_REASON_RECALLED = 70,        /* taken back: its reason has gone */
	COMMAND_REASON_GATEWAY = 80,         /* + enum uplink_command_refusal */
};

/* A reason for people. */
const char *command_reason_text(uint32_t reason_code);
const char *command_reason_text_zh(uint32_t reason_code);

struct command_request {
	struct actor actor;
	struct command_rules rules;
	int64_t meter;
	uint8_t kind;    /* enum command_kind */
	int64_t until_s; /* keep-power: 0 until released */
	uint16_t delay_max_s;
	char idempotency_key[IDEMPOTENCY_SIZE]; /* "" : none */
	/* kind time only: since when gateways dispute our clock (clock_trust.h), and the terminal's wish: */
	int64_t clock_disputed_ms;
	uint16_t want_boot;
	uint32_t want_uptime_s;

	/* The platform's own (topup.h): a purchase, or the end of what is in a purse. */
	struct {
		uint32_t count; /* 0: neither */
		int64_t amount_fen, total_fen;
	} purse;
	/* And prices and limits (meter_price.h); version 0: none. */
	struct price_args price;
	struct credit_args credit;

	/* The platform's own (supply.h): the evidence. A trip of anybody else is counted by the guard of its
	 * property, unless two persons have agreed to it. */
	int64_t act_id;
	bool agreed;
	bool may_wait; /* where the guard has no room, it waits for people, and is no error */
	int64_t batch_id, position; /* of which it is one; 0: it stands alone */
	struct command_row row;     /* answer; not made when held_id is not 0 */
	bool repeated;              /* answer: the key was used for the same request before */
	int64_t held_id;            /* answer: it waits for people (supply_held) */
};
/* ERR_NOT_FOUND: no such meter, or not for this actor to see. ERR_FORBIDDEN: no `meter.command`
 * there. ERR_BAD_INPUT: kind or until. ERR_AUTH: no key for its terminal. ERR_CONFLICT: the
 * idempotency key was used for another request. ERR_BUSY is not for callers:
 * ERR_REFUSED: too many commands of this meter are open (time: one is). ERR_CLOSED: a trip of a meter
 * that is never cut (supply_mark). ERR_FULL: the guard has no room for a trip (command_hold_step). */
MUST_USE enum err command_create_step(struct tx *tx, void *command_request, int64_t now_ms,
                                      struct effects *out);

/* A trip for which the guard had no room is put into the queue, for two persons to decide. */
MUST_USE enum err command_hold_step(struct tx *tx, void *command_request, int64_t now_ms,
                                    struct effects *out);

/* Taken back: it is not sent any more, and its late execution is believed. Where a gateway has it
 * already, nothing changes: who takes it back also gives what undoes it. */
MUST_USE enum err command_recall(struct tx *tx, int64_t command_id, int64_t now_ms,
                                 struct effects *out);

/* What a gateway says about a command (Uplink.results). Duplicates, wrong order and answers to no
 * command of ours are harmless: they change nothing and return ERR_NONE. */
MUST_USE enum err command_result_apply(struct tx *tx, int64_t property_id, int64_t gateway_id,
                                       const struct uplink_result *result, int64_t now_ms,
                                       struct effects *out);

/* After a SEND effect was published: queued becomes sent. */
struct sent_request {
	struct command_rules rules;
	int64_t command_id;
};
MUST_USE enum err command_sent_step(struct tx *tx, void *sent_request, int64_t now_ms,
                                    struct effects *out);

/* Each 200 ms (as a bulk step): what is due leaves again, what is late ends. */
struct outbox_request {
	struct command_rules rules;
	bool hold; /* the wall clock jumped a moment ago: nothing ends by it */
};
MUST_USE enum err command_outbox_step(struct tx *tx, void *outbox_request, int64_t now_ms,
                                      struct effects *out);

#endif
