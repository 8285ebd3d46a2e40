/* The CAN controller at 125 kbit/s (36 MHz APB1), 29-bit identifiers, receive and transmit by
 * interrupt. Single shot is the controller's NART: a frame that met an error is not repeated. */
#ifndef FIRMWARE_DRIVERS_BXCAN_H
#define FIRMWARE_DRIVERS_BXCAN_H

#include "libs/base/macros.h"
#include "libs/proto/can.h"

#include <stdbool.h>
#include <stdint.h>

#define BXCAN_BTR 0x011C0011u /* prescaler 18, 16 quanta, sample at 87.5 %, SJW 2 */

/* What happened, as bits. */
enum bxcan_news {
	BXCAN_SENT = 1 << 0,   /* a frame is out */
	BXCAN_FAILED = 1 << 1, /* single shot: it ended in an error */
	BXCAN_BUS_OFF = 1 << 2,
};

void bxcan_start(void);

/* Finishes what waits for the controller's initialisation mode. Call it in the main loop. */
void bxcan_poll(void);

bool bxcan_room(void);
void bxcan_send(const struct can_msg *msg);

/* Frames that wait and whose identifier is `id` in the bits of `mask`. */
void bxcan_drop(uint32_t id, uint32_t mask);

/* True when the mode is in force; false: frames wait or the bus is busy, ask again. */
MUST_USE bool bxcan_single_shot(bool on);
void bxcan_listen(uint16_t address, uint32_t hash20);
void bxcan_recover(void);

MUST_USE bool bxcan_take(struct can_msg *msg);

/* Bits of enum bxcan_news since the last call. */
unsigned bxcan_news(void);

bool bxcan_waiting(void);

/* Frames that found the receive queue full. */
uint32_t bxcan_lost(void);

void can_tx_handler(void);
void can_rx0_handler(void);
void can_sce_handler(void);
#endif
