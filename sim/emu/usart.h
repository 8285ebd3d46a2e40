/* USART of a medium-density part (RM0008 §27): asynchronous mode, byte-timed, with the errors that
 * a wrong rate, a wrong format or a slow reader make. DMA, LIN, IrDA and synchronous mode are not
 * modelled.
 *
 * A character on a wire is its bit pattern with its sender's bit time. The receiver samples it with
 * its own, so a wrong divider gives the garbage and the framing errors that it gives on a table. */
#ifndef SIM_EMU_USART_H
#define SIM_EMU_USART_H

#include "sim/emu/chip.h"

struct uart_char {
	uint16_t bits;   /* start bit first, in bit 0; the stop bits follow the last data bit */
	uint8_t count;   /* of bits */
	vtime bit_ticks; /* duration of one */
};

struct usart {
	struct chip *chip;
	unsigned index; /* 0: USART1 on PCLK2, else PCLK1 */
	uint32_t sr, tdr, rdr, brr, cr1, cr2, cr3;
	bool sr_was_read; /* the clearing sequence: SR, then DR */
	bool holding, shifting;
	vtime sent_at;
	bool receiving;
	struct uart_char incoming;
	vtime received_at, idle_at;
	uint64_t overruns, framing_errors;
	bool (*connected)(void *ctx, unsigned index); /* is the TX pin given to the USART? */
	void (*transmit)(void *ctx, unsigned index, const struct uart_char *c);
	void *ctx;
};

void usart_reset(struct usart *u, struct chip *chip, unsigned index);
uint32_t usart_read(struct usart *u, uint32_t offset);
void usart_write(struct usart *u, uint32_t offset, uint32_t value);
vtime usart_next(const struct usart *u);
void usart_run(struct usart *u);

/* A character begins on the RX pin now. One that begins while another is being received is lost
 * in it, as on a wire. */
void usart_receive(struct usart *u, const struct uart_char *c);

/* Makes the pattern of a byte: 8 data bits, no parity, one stop bit. */
struct uart_char uart_char_8n1(uint8_t byte, vtime bit_ticks);

/* Reads `bits` data (and parity) bits with the receiver's own bit time; *framing: the stop bit is
 * not 1; *noise: the three samples of a bit differ. */
uint16_t uart_char_sample(const struct uart_char *c, vtime bit_ticks, unsigned bits, bool *framing,
                          bool *noise);
#endif
