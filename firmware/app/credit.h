/* The terminal charges its own use: prices and limits as they came, what was spent up to which register, and what
 * that means for supply. All that is charged follows from one durable record and the energy total, which no power
 * cut changes; so a cut charges nothing twice and forgets nothing (docs/design/purse.md, "The meter spends"). */
#ifndef FIRMWARE_APP_CREDIT_H
#define FIRMWARE_APP_CREDIT_H

#include "firmware/app/flog.h"
#include "firmware/app/price.h"
#include "firmware/app/wallet.h"

#include "libs/credit/balance.h"
#include "libs/credit/rate.h"

#define CREDIT_STORE_S 900u /* of use that is not in flash yet; at an edge of the price at once */
#define CREDIT_BACK_S                                                                              \
	60u /* a clock that went back by less catches up; nothing is charged until then */
#define CREDIT_SPAN_S                                                                              \
	8640000 /* what lies further back than 100 days is taken for use of these days */

/* Charged up to here. */
struct credit_mark {
	int64_t wh; /* of the terminal's own total */
	uint32_t at_s;
	struct money spent;
	int64_t rest; /* below one fen, as rate_post() keeps it */
	struct rate_state steps;
};

/* What a look at it needs from the rest of the terminal. */
struct credit_now {
	int64_t wh;
	bool wh_known; /* the module has told its register since the start */
	bool spared;   /* keep-power */
	uint32_t at_s; /* 0: the clock is not set */
	uint32_t uptime_s;
	uint32_t now_ms;
};

struct credit {
	struct flog settings, marks;
	struct prices prices;
	struct wallet *wallet;
	struct credit_args limits; /* version 0: none ever came */
	uint8_t limits_bytes[COMMAND_CREDIT_SIZE];
	uint32_t counter;              /* of the command that brought the last price or limits */
	uint8_t mac[COMMAND_MAC_SIZE]; /* of that command ... */
	uint32_t part_counter;         /* ... and of the last part since the start */
	uint8_t part_mac[COMMAND_MAC_SIZE];
	struct credit_mark durable, now; /* in flash; with what flowed since */
	struct balance_memory memory;
	int64_t edge_s;    /* the price may change there: what is durable is brought up to it */
	uint32_t looked_s; /* uptime */
	uint32_t stored_s; /* uptime */
	bool bought;       /* since the last look */
	bool marked;       /* there is a durable mark */
	bool failed;       /* the flash did not take the last write */
};

/* `cut`: the decision in flash says that money opened the supply. */
void credit_open(struct credit *c, const struct flash *flash, struct wallet *wallet, bool cut,
                 uint32_t now_ms);

/* Does it charge and decide by itself? */
bool credit_active(const struct credit *c);

/* Once a second; true when it looked. The wallet then knows what was spent. */
bool credit_poll(struct credit *c, const struct credit_now *now);

/* What is durable is brought up to now: before money moves. ERR_IO. */
MUST_USE enum err credit_settle(struct credit *c, const struct credit_now *now);

/* What the balance wants. The caller carries it out and gives `memory` back to c->memory when it could. */
struct balance_verdict credit_judge(struct credit *c, const struct credit_now *now,
                                    struct balance_memory *memory);

/* A command of kind price-part, price or credit whose signature, counter and time are good. On REASON_NONE all but a part is
 * durable; on any other reason nothing changed. */
MUST_USE enum command_reason credit_command(struct credit *c, const struct command *cmd,
                                            const uint8_t mac[COMMAND_MAC_SIZE],
                                            const struct command_args *args,
                                            const struct credit_now *now);

bool credit_knows(const struct credit *c, uint32_t counter, const uint8_t mac[COMMAND_MAC_SIZE]);

/* For results: versions in force, waiting, and of the limits. */
struct result_credit credit_tell(const struct credit *c, uint32_t at_s);
#endif
