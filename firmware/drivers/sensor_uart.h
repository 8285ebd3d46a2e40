/* USART2 to the metering module: 4800 8N1 (7500 cycles of 36 MHz a bit). Sends from a small buffer, receives
 * into a ring; both by interrupt. */
#ifndef FIRMWARE_DRIVERS_SENSOR_UART_H
#define FIRMWARE_DRIVERS_SENSOR_UART_H

#include "libs/base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SENSOR_UART_BAUD     4800u
#define SENSOR_UART_SEND_MAX 16u

void sensor_uart_start(uint32_t apb1_hz);

/* A frame that is still being sent is replaced. */
void sensor_uart_send(const uint8_t *bytes, size_t len);

/* False when nothing waits. */
MUST_USE bool sensor_uart_take(uint8_t *byte);

/* Did a byte with a framing, noise or overrun error come since the last call? */
MUST_USE bool sensor_uart_error(void);

bool sensor_uart_waiting(void);

void usart2_handler(void);
#endif
