/* The terminal's purse in flash. Count, total and the command's counter and MAC are one record, so that no
 * power cut separates the money from the count that keeps it from coming twice. */
#ifndef FIRMWARE_APP_WALLET_H
#define FIRMWARE_APP_WALLET_H

#include "firmware/app/flog.h"

#include "libs/credit/purse.h"
#include "libs/proto/command.h"

struct wallet {
	struct flog log;
	struct purse purse;
	uint32_t counter;              /* of the command that brought the last purchase */
	uint8_t mac[COMMAND_MAC_SIZE]; /* of that command: knows it when it is repeated */
	bool failed;                   /* the flash did not take the last write */
};

void wallet_open(struct wallet *w, const struct flash *flash, uint32_t now_ms);

/* A recharge command whose signature, counter and time are good. On REASON_NONE the purchase is
 * durable; on any other nothing changed. */
MUST_USE enum command_reason wallet_take(struct wallet *w, const struct purse_entry *entry,
                                         struct money hoarding, uint32_t counter,
                                         const uint8_t mac[COMMAND_MAC_SIZE], uint32_t now_ms);

/* The same of a void: nothing is left in the purse. */
MUST_USE enum command_reason wallet_void(struct wallet *w, uint32_t count, uint32_t counter,
                                         const uint8_t mac[COMMAND_MAC_SIZE], uint32_t now_ms);

/* Count, total and balance of an answer. */
void wallet_tell(const struct wallet *w, struct result *result);

bool wallet_knows(const struct wallet *w, uint32_t counter, const uint8_t mac[COMMAND_MAC_SIZE]);
#endif
