#include "firmware/drivers/sensor_uart.h"

#include "firmware/drivers/stm32f103.h"

#include "libs/base/ring.h"

#include <assert.h>
#include <string.h>

#define RECEIVE_RING 64u /* a whole answer (37 bytes) may wait for a page erase to end */

static struct ring received;
static uint8_t received_bytes[RECEIVE_RING];
static uint8_t sending[SENSOR_UART_SEND_MAX];
static volatile uint8_t send_len, send_at;
static volatile bool line_error;

void sensor_uart_start(uint32_t apb1_hz)
{
	ring_init(&received, received_bytes, sizeof received_bytes);
	RCC_APB1ENR |= RCC_APB1_USART2;
	USART2_BRR = (apb1_hz + SENSOR_UART_BAUD / 2) / SENSOR_UART_BAUD;
	USART2_CR1 = USART_CR1_UE | USART_CR1_TE | USART_CR1_RE | USART_CR1_RXNEIE;
	interrupt_enable(IRQ_USART2);
}

void sensor_uart_send(const uint8_t *bytes, size_t len)
{
	assert(len <= sizeof sending);
	USART2_CR1 &= ~USART_CR1_TXEIE;
	memcpy(sending, bytes, len);
	send_at = 0;
	send_len = (uint8_t)len;
	USART2_CR1 |= USART_CR1_TXEIE;
}

bool sensor_uart_take(uint8_t *byte)
{
	return ring_get(&received, byte);
}

bool sensor_uart_error(void)
{
	bool error = line_error;

	line_error = false;
	return error;
}

bool sensor_uart_waiting(void)
{
	return ring_used(&received) > 0 || line_error;
}

static void send_next(void)
{
	if (send_at < send_len)
		USART2_DR = sending[send_at++];
	if (send_at == send_len)
		USART2_CR1 &= ~USART_CR1_TXEIE;
}

void usart2_handler(void)
{
	uint32_t status = USART2_SR;

	/* Reading the data register after the status clears the error flags, too (RM0008 §27.6.1). */
	if (status & (USART_SR_RXNE | USART_SR_ORE | USART_SR_NE | USART_SR_FE)) {
		uint8_t byte = (uint8_t)USART2_DR;

		if (status & (USART_SR_ORE | USART_SR_NE | USART_SR_FE))
			line_error = true;
		else
			ring_put(&received, byte);
	}
	if ((status & USART_SR_TXE) && (USART2_CR1 & USART_CR1_TXEIE))
		send_next();
}
