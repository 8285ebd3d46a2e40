/* Signed commands to a terminal and its signed results: docs/protocol/command.md is the SPEC.
 * Bodies start with their transfer type; the 8 bytes of MAC at the end are the first of
 * HMAC-SHA-256(key, direction, chip id, everything between type and MAC). */
#ifndef LIBS_PROTO_COMMAND_H
#define LIBS_PROTO_COMMAND_H

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/proto/can.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COMMAND_KEY_SIZE 32
#define COMMAND_MAC_SIZE 8
#define COMMAND_HEAD     16 /* up to and with arg_len */
#define COMMAND_ARGS_MAX 64
#define COMMAND_SIZE_MAX (COMMAND_HEAD + COMMAND_ARGS_MAX + COMMAND_MAC_SIZE)
#define RESULT_SIZE      42

/* Who signs for whom: the terminal's key and chip id. */
struct command_key {
	uint8_t key[COMMAND_KEY_SIZE];
	uint8_t chip[CHIP_SIZE];
};

enum command_kind {
	COMMAND_TRIP = 1,
	COMMAND_ALLOW_CLOSE = 2,
	COMMAND_CLOSE = 3,
	COMMAND_KEEP_POWER = 4,
	COMMAND_RELEASE = 5,
	COMMAND_TIME = 6,
	COMMAND_CONFIG = 7,      /* reserved */
	COMMAND_RECHARGE = 8,    /* a purchase into the meter's purse */
	COMMAND_PURSE_VOID = 9,  /* nothing is left in it */
	COMMAND_PRICE_PART = 10, /* bytes of a price image, kept until its `price` comes */
	COMMAND_PRICE = 11,      /* the parts are whole: it holds from its time on */
	COMMAND_CREDIT = 12,     /* limits; does the meter charge itself, and from where */
};

#define COMMAND_PART_MAX    56 /* bytes of a price image in one command */
#define COMMAND_CREDIT_SIZE 49 /* arguments of `credit` */

struct command {
	uint8_t key_version;
	uint32_t counter;
	uint8_t kind; /* enum command_kind, or one we do not know */
	uint32_t issued_s, expires_s;
	uint8_t arg_len;
	uint8_t args[COMMAND_ARGS_MAX];
};

/* price-part: version, at, part, len. price: version, valid_from_s, len, crc32. */
struct price_args {
	uint32_t version;
	uint32_t valid_from_s;
	uint32_t crc32;      /* IEEE, over the whole image */
	uint16_t at;         /* offset of the part in the image */
	uint16_t len;        /* of the part (1..COMMAND_PART_MAX), or of the image */
	const uint8_t *part; /* decoded: inside the command */
};

enum credit_flag {
	CREDIT_SPENDS = 1 << 0, /* the meter charges its use and trips by itself */
};

struct credit_args {
	uint32_t version; /* of these limits */
	uint8_t flags;    /* enum credit_flag */
	int32_t alarm1_fen, alarm2_fen, overdraft_fen, close_fen, hoarding_fen;
	/* Where charging begins, taken when start_s is another than before: what was spent, and used of the
	 * steps, when the register stood at start_wh, at start_s. */
	uint32_t start_s, start_step_wh;
	int64_t start_wh, start_spent_fen;
};

/* Arguments of all kinds; those a kind does not have are 0. */
struct command_args {
	uint16_t delay_max_s; /* 1..5: the terminal draws 0..delay_max_s; 0: at once */
	uint32_t until_s;     /* keep-power: 0 = until released */
	uint64_t unix_ms;     /* time: now */
	uint16_t boot;        /* time: the boot count ... */
	uint32_t uptime_s;    /* ... and uptime that the terminal told when it asked */
	uint32_t count;       /* recharge, purse-void: of this purchase (libs/credit/purse.h) ... */
	int64_t amount_fen;   /* ... below 0: taken back */
	int64_t total_fen;    /* ... and all purchases after it */
	struct price_args price;
	struct credit_args credit;
};

/* Fills cmd->args of cmd->kind. ERR_NOT_FOUND: kind without a form. */
MUST_USE enum err command_args_encode(struct command *cmd, const struct command_args *args);

/* ERR_NOT_FOUND: unknown kind; ERR_BAD_INPUT: arguments of another length. */
MUST_USE enum err command_args_decode(const struct command *cmd, struct command_args *args);

/* Writes the signed body; `size` >= COMMAND_SIZE_MAX always suffices. ERR_TOO_LONG. */
MUST_USE enum err command_encode(const struct command *cmd, const struct command_key *key,
                                 uint8_t *body, size_t size, size_t *len);

/* Form only: the kind may be unknown and the MAC is not looked at. ERR_BAD_INPUT: not a command;
 * ERR_SHORT, ERR_TOO_LONG: its length contradicts arg_len. */
MUST_USE enum err command_parse(const uint8_t *body, size_t len, struct command *cmd);

/* Form and MAC; ERR_AUTH when the MAC is wrong, and then *cmd is not to be trusted. */
MUST_USE enum err command_open(const uint8_t *body, size_t len, const struct command_key *key,
                               struct command *cmd);

enum command_outcome {
	COMMAND_EXECUTED = 0,
	COMMAND_REFUSED = 1,
	COMMAND_FAILED = 2,
	COMMAND_ACCEPTED = 3, /* executes after its delay; a second result follows */
};

enum command_reason {
	REASON_NONE = 0,
	REASON_BAD_MAC = 1, /* never in a result: it is not answered */
	REASON_COUNTER = 2, /* not greater than the last one */
	REASON_EXPIRED = 3,
	REASON_CLOCK_NOT_SET = 4,
	REASON_UNKNOWN_KIND = 5,
	REASON_BAD_ARGUMENTS = 6,
	REASON_KEEP_POWER = 7,
	REASON_FORCED_TRIP = 8,
	REASON_STALE_TIME = 9,
	REASON_CONTACT = 10, /* the contact did not move */
	REASON_KEY_VERSION = 11,
	REASON_STORE = 12,
	REASON_SUPERSEDED = 13,
	REASON_BUSY = 14,
	REASON_NOT_YET_VALID = 15,
	REASON_PURCHASE_REPEATED = 16, /* its count was taken before */
	REASON_PURCHASE_MISSING = 17,  /* its count is beyond the next */
	REASON_PURCHASE_DIFFERS = 18,  /* the totals of both sides do not agree */
	REASON_PURCHASE_SHORT = 19,    /* more would be taken back than is left */
	REASON_HOARDING = 20,          /* the balance would pass the hoarding limit */
	REASON_NO_CREDIT = 21,         /* tripped for money: only money closes it */
	REASON_PRICE_MISSING =
	        22, /* a part of the price image has not come, or its check sum differs */
	REASON_PRICE_UNFIT = 23, /* the price image is not one that this meter can hold */
};

#define RESULT_RELAY_MASK 0x3F /* state bits 0..5 */

struct result {
	uint8_t key_version;
	uint32_t counter;
	uint8_t kind;
	uint8_t outcome; /* enum command_outcome */
	uint8_t reason;  /* enum command_reason */
	uint8_t relay;   /* enum meter_state, bits 0..5 */
	uint32_t count;  /* purchases */
	int64_t total_fen, balance_fen;
	uint32_t time_s; /* the terminal's clock; 0: not set */
};

void result_encode(const struct result *result, const struct command_key *key,
                   uint8_t body[RESULT_SIZE]);

/* ERR_BAD_INPUT: not a result, wrong length, unknown outcome or relay bits. Reasons of a later
 * version pass. */
MUST_USE enum err result_parse(const uint8_t *body, size_t len, struct result *result);
MUST_USE enum err result_open(const uint8_t *body, size_t len, const struct command_key *key,
                              struct result *result);

/* What a result to price-part, price or credit says in the place of count and total. */
struct result_credit {
	uint32_t price;  /* version in force; 0: none */
	uint32_t next;   /* version that waits for its time; 0: none */
	uint32_t limits; /* version of the limits; 0: none ever came */
};

bool command_is_of_credit(unsigned kind);
void result_credit_put(struct result *result, const struct result_credit *credit);
struct result_credit result_credit_get(const struct result *result);

/* Words for API, logs and JSON: "keep-power", "executed", "counter"; "unknown" for other numbers. */
const char *command_kind_word(unsigned kind);
const char *command_outcome_word(unsigned outcome);
const char *command_reason_word(unsigned reason);

/* The kind of a word, or 0. */
unsigned command_kind_from_word(const char *word);
#endif
