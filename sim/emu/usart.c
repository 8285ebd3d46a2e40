#include "sim/emu/usart.h"

enum { SR = 0x00, DR = 0x04, BRR = 0x08, CR1 = 0x0C, CR2 = 0x10, CR3 = 0x14 };

#define SR_PE    UINT32_C(0x01)
#define SR_FE    UINT32_C(0x02)
#define SR_NE    UINT32_C(0x04)
#define SR_ORE   UINT32_C(0x08)
#define SR_IDLE  UINT32_C(0x10)
#define SR_RXNE  UINT32_C(0x20)
#define SR_TC    UINT32_C(0x40)
#define SR_TXE   UINT32_C(0x80)
#define SR_ERROR (SR_PE | SR_FE | SR_NE | SR_ORE | SR_IDLE)

#define CR1_RE     UINT32_C(0x0004)
#define CR1_TE     UINT32_C(0x0008)
#define CR1_IDLEIE UINT32_C(0x0010)
#define CR1_RXNEIE UINT32_C(0x0020)
#define CR1_TCIE   UINT32_C(0x0040)
#define CR1_TXEIE  UINT32_C(0x0080)
#define CR1_PEIE   UINT32_C(0x0100)
#define CR1_PS     UINT32_C(0x0200)
#define CR1_PCE    UINT32_C(0x0400)
#define CR1_M      UINT32_C(0x1000)
#define CR1_UE     UINT32_C(0x2000)
#define CR2_STOP2  UINT32_C(0x2000) /* STOP = 2 or 3: more than one stop bit */
#define CR3_EIE    UINT32_C(0x0001)

void usart_reset(struct usart *u, struct chip *chip, unsigned index)
{
	*u = (struct usart){.chip = chip,
	                    .index = index,
	                    .sr = SR_TXE | SR_TC,
	                    .sent_at = VTIME_NEVER,
	                    .received_at = VTIME_NEVER,
	                    .idle_at = VTIME_NEVER,
	                    .overruns = u->overruns,
	                    .framing_errors = u->framing_errors,
	                    .connected = u->connected,
	                    .transmit = u->transmit,
	                    .ctx = u->ctx};
}

static vtime bit_ticks(const struct usart *u)
{
	uint32_t hz = u->index == 0 ? u->chip->clocks.pclk2_hz : u->chip->clocks.pclk1_hz;

	/* USARTDIV is BRR/16 and the oversampling is 16: a bit is BRR clocks. */
	return vtime_of_cycles(u->brr ? u->brr : 1, hz);
}

static unsigned data_bits(const struct usart *u)
{
	return u->cr1 & CR1_M ? 9 : 8;
}

static bool on(const struct usart *u, uint32_t enable)
{
	return (u->cr1 & (CR1_UE | enable)) == (CR1_UE | enable);
}

static void update_line(struct usart *u)
{
	bool high = ((u->cr1 & CR1_RXNEIE) && (u->sr & (SR_RXNE | SR_ORE))) ||
	            ((u->cr1 & CR1_TXEIE) && (u->sr & SR_TXE)) ||
	            ((u->cr1 & CR1_TCIE) && (u->sr & SR_TC)) ||
	            ((u->cr1 & CR1_IDLEIE) && (u->sr & SR_IDLE)) ||
	            ((u->cr1 & CR1_PEIE) && (u->sr & SR_PE)) ||
	            /* errors alone interrupt only with DMA reception (RM0008 table 195) */
	            ((u->cr3 & CR3_EIE) && (u->cr3 & UINT32_C(0x40)) &&
	             (u->sr & (SR_FE | SR_NE | SR_ORE)));

	nvic_line(&u->chip->nvic, IRQ_USART1 + u->index, high && (u->cr1 & CR1_UE));
}

static bool odd_ones(uint32_t value)
{
	return __builtin_parity(value);
}

/* The value with the parity bit in the place that PCE takes from the data. */
static uint16_t with_parity(const struct usart *u, uint16_t value)
{
	unsigned place = data_bits(u) - 1;
	uint16_t data = (uint16_t)(value & ((1U << place) - 1));
	bool parity = odd_ones(data) ^ (bool)(u->cr1 & CR1_PS);

	return u->cr1 & CR1_PCE ? (uint16_t)(data | (unsigned)parity << place) : value;
}

static struct uart_char outgoing(const struct usart *u)
{
	unsigned n = data_bits(u);
	unsigned stops = u->cr2 & CR2_STOP2 ? 2 : 1;
	uint16_t data = (uint16_t)(with_parity(u, (uint16_t)u->tdr) & ((1U << n) - 1));

	return (struct uart_char){
	        .bits = (uint16_t)((unsigned)data << 1 | ((1U << stops) - 1) << (n + 1)),
	        .count = (uint8_t)(1 + n + stops),
	        .bit_ticks = bit_ticks(u)};
}

static void start_sending(struct usart *u)
{
	struct uart_char c;

	if (!u->holding || u->shifting || !on(u, CR1_TE))
		return;
	c = outgoing(u);
	u->holding = false;
	u->shifting = true;
	u->sr |= SR_TXE;
	u->sent_at = u->chip->now + c.count * c.bit_ticks;
	u->chip->reschedule = true;
	if (u->transmit && u->connected && u->connected(u->ctx, u->index))
		u->transmit(u->ctx, u->index, &c);
}

uint32_t usart_read(struct usart *u, uint32_t offset)
{
	switch (offset) {
	case SR:
		u->sr_was_read = true;
		return u->sr;
	case DR:
		u->sr &= ~SR_RXNE;
		if (u->sr_was_read)
			u->sr &= ~SR_ERROR;
		u->sr_was_read = false;
		update_line(u);
		return u->rdr;
	case BRR:
		return u->brr;
	case CR1:
		return u->cr1;
	case CR2:
		return u->cr2;
	case CR3:
		return u->cr3;
	default:
		return 0;
	}
}

static void dr_write(struct usart *u, uint32_t value)
{
	u->tdr = value & UINT32_C(0x1FF);
	u->sr &= ~SR_TXE;
	if (u->sr_was_read) /* TC is cleared by reading SR, then writing DR; not by DR alone */
		u->sr &= ~SR_TC;
	if (!on(u, CR1_TE))
		return;
	u->holding = true;
	start_sending(u);
}

static void cr1_write(struct usart *u, uint32_t value)
{
	u->cr1 = value & UINT32_C(0x3FFF);
	if (!(u->cr1 & CR1_UE)) {
		u->holding = u->shifting = u->receiving = false;
		u->sent_at = u->received_at = u->idle_at = VTIME_NEVER;
	}
	start_sending(u);
}

void usart_write(struct usart *u, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case SR: /* RXNE and TC can be written to 0 */
		u->sr &= value | ~(SR_RXNE | SR_TC);
		break;
	case DR:
		dr_write(u, value);
		break;
	case BRR:
		u->brr = value & UINT32_C(0xFFFF);
		break;
	case CR1:
		cr1_write(u, value);
		break;
	case CR2:
		u->cr2 = value;
		break;
	case CR3:
		u->cr3 = value;
		break;
	default:
		return;
	}
	update_line(u);
}

vtime usart_next(const struct usart *u)
{
	return vtime_min(u->sent_at, vtime_min(u->received_at, u->idle_at));
}

static void sent(struct usart *u)
{
	u->shifting = false;
	u->sent_at = VTIME_NEVER;
	start_sending(u);
	if (!u->shifting)
		u->sr |= SR_TC;
}

struct uart_char uart_char_8n1(uint8_t byte, vtime bit_ticks)
{
	return (struct uart_char){.bits = (uint16_t)((unsigned)byte << 1 | 1U << 9),
	                          .count = 10,
	                          .bit_ticks = bit_ticks};
}

/* The wire at `at` ticks after the falling edge; after the last bit it is idle (1). */
static bool wire(const struct uart_char *c, vtime at)
{
	vtime i = at / c->bit_ticks;

	return i >= c->count || (c->bits >> i & 1U);
}

uint16_t uart_char_sample(const struct uart_char *c, vtime bit_ticks, unsigned bits, bool *framing,
                          bool *noise)
{
	uint16_t value = 0;

	*framing = false;
	*noise = false;
	for (unsigned i = 1; i <= bits + 1; i++) { /* bit 0 is the start bit */
		vtime base = i * bit_ticks;
		/* Samples 8, 9 and 10 of 16 decide by majority (RM0008 §27.3.3). */
		unsigned ones = (unsigned)wire(c, base + bit_ticks * 15 / 32) +
		                (unsigned)wire(c, base + bit_ticks * 17 / 32) +
		                (unsigned)wire(c, base + bit_ticks * 19 / 32);

		*noise |= ones == 1 || ones == 2;
		if (i <= bits)
			value |= (uint16_t)((unsigned)(ones >= 2) << (i - 1));
		else
			*framing = ones < 2;
	}
	return value;
}

void usart_receive(struct usart *u, const struct uart_char *c)
{
	if (!on(u, CR1_RE) || u->receiving)
		return;
	u->receiving = true;
	u->incoming = *c;
	/* RXNE comes in the middle of the stop bit. */
	u->received_at = u->chip->now + bit_ticks(u) * (2 * (1 + data_bits(u)) + 1) / 2;
	u->idle_at = VTIME_NEVER;
	u->chip->reschedule = true;
}

static void received(struct usart *u)
{
	unsigned bits = data_bits(u);
	bool framing, noise;
	uint16_t value = uart_char_sample(&u->incoming, bit_ticks(u), bits, &framing, &noise);

	u->receiving = false;
	u->received_at = VTIME_NEVER;
	u->idle_at = u->chip->now + bit_ticks(u) * (2 + bits);
	u->sr_was_read = false; /* flags that come now were not seen yet */
	if (u->sr & SR_RXNE) {
		u->sr |= SR_ORE; /* the old character stays, this one is lost (§27.3.3) */
		u->overruns++;
		return;
	}
	u->rdr = value;
	u->sr |= SR_RXNE | (framing ? SR_FE : 0) | (noise && !framing ? SR_NE : 0);
	if ((u->cr1 & CR1_PCE) && with_parity(u, value) != value)
		u->sr |= SR_PE;
	u->framing_errors += framing;
}

void usart_run(struct usart *u)
{
	vtime now = u->chip->now;

	if (now < usart_next(u))
		return;
	if (now >= u->sent_at)
		sent(u);
	if (now >= u->received_at)
		received(u);
	if (now >= u->idle_at) {
		u->idle_at = VTIME_NEVER;
		u->sr |= SR_IDLE;
	}
	update_line(u);
}
