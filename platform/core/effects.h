/* What a step wants to happen outside the store. Effects are released on the I/O thread, in order,
 * after the commit that made their reason durable; a step that fails leaves none. */
#ifndef PLATFORM_CORE_EFFECTS_H
#define PLATFORM_CORE_EFFECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "platform/store/account.h"
#include "platform/store/command.h"
#include "platform/store/event.h"
#include "platform/store/order.h"
#include "platform/store/place.h"
#include "platform/store/sheet_job.h"
#include "platform/store/terminal.h"

enum effect_kind {
	EFFECT_SEND,      /* a command to its gateway */
	EFFECT_ACK,       /* a batch is stored (or refused for good): tell its gateway */
	EFFECT_COMMAND,   /* a command moved: for pages */
	EFFECT_DEVICE,    /* a terminal appeared or changed: for pages */
	EFFECT_GATEWAY,   /* a gateway's state changed: for pages */
	EFFECT_ALARM,     /* an event that a person should see: for pages */
	EFFECT_DIRECTORY, /* meters or gateways changed: caches reload */
	EFFECT_ACCESS,  /* rights changed: cached sessions are forgotten, open streams look again */
	EFFECT_SHEET,   /* an import moved: for the worker, and for pages */
	EFFECT_ACCOUNT, /* an account changed: for webhooks and pages */
	EFFECT_ORDER,   /* an order reached a stage: for webhooks */
	EFFECT_SUPPLY,  /* an account's supply is in another state: for pages */
};

/* Whose rights; both 0: anybody's. */
struct effect_access {
	int64_t user_id, key_id;
};

struct effect_account {
	int64_t property_id, account_id;
	char code[ACCOUNT_CODE_SIZE];
	char change[32];   /* the action of its audit line */
	const char *state; /* as it is now */
};

struct effect_order {
	int64_t property_id, order_id, account_id;
	enum pay_channel channel;
	enum order_state state;
};

struct effect_supply {
	int64_t property_id, account_id;
};

struct effect_sheet {
	int64_t group_id, property_id, job_id;
	enum sheet_state state;
	char file[SHEET_NAME_SIZE];
};

struct effect_ack {
	char property[SLUG_SIZE], gateway[SLUG_SIZE];
	uint64_t boot, seq;
	uint32_t refused; /* 0: stored; else the reason, and the gateway sets the batch aside */
};

struct effect {
	struct effect *next;
	enum effect_kind kind;

	union {
		struct effect_ack ack;
		struct command_row command; /* SEND and COMMAND */
		struct terminal_row device;
		struct gateway_row gateway;
		struct event_row alarm;
		struct effect_access access;
		struct effect_sheet sheet;
		struct effect_account account;
		struct effect_order order;
		struct effect_supply supply;
	} u;
};

struct effects {
	struct effect *first, **last;
	size_t count;
	bool hurry;     /* commit at once: a person or a command waits for it */
	bool directory; /* an EFFECT_DIRECTORY is in the list */
};

void effects_init(struct effects *effects);
/* Zeroed effect at the end of the list; NULL: no memory, and the step returns ERR_NOMEM. */
struct effect *effects_add(struct effects *effects, enum effect_kind kind);
/* Move all of `from` to the end of `to`. */
void effects_move(struct effects *to, struct effects *from);
/* Forget what was added since `count` effects were there. */
void effects_truncate(struct effects *effects, size_t count);
void effects_clear(struct effects *effects);

MUST_USE enum err effects_command(struct effects *effects, const struct command_row *row);
MUST_USE enum err effects_directory(struct effects *effects);
MUST_USE enum err effects_access(struct effects *effects, int64_t user_id, int64_t key_id);

#endif
