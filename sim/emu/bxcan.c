#include "sim/emu/bxcan.h"

#include <assert.h>
#include <string.h>

enum {
	MCR = 0x000,
	MSR = 0x004,
	TSR = 0x008,
	RF0R = 0x00C,
	RF1R = 0x010,
	IER = 0x014,
	ESR = 0x018,
	BTR = 0x01C,
	MAILBOX = 0x180,
	FIFO = 0x1B0,
	FIFO_END = 0x1D0,
};

#define MCR_INRQ  UINT32_C(0x0001)
#define MCR_SLEEP UINT32_C(0x0002)
#define MCR_TXFP  UINT32_C(0x0004)
#define MCR_RFLM  UINT32_C(0x0008)
#define MCR_NART  UINT32_C(0x0010)
#define MCR_AWUM  UINT32_C(0x0020)
#define MCR_ABOM  UINT32_C(0x0040)
#define MCR_RESET UINT32_C(0x8000)
#define MSR_INAK  UINT32_C(0x0001)
#define MSR_SLAK  UINT32_C(0x0002)
#define MSR_ERRI  UINT32_C(0x0004)
#define MSR_WKUI  UINT32_C(0x0008)
#define MSR_SLAKI UINT32_C(0x0010)
#define TSR_RQCP  UINT32_C(0x01)
#define TSR_TXOK  UINT32_C(0x02)
#define TSR_ALST  UINT32_C(0x04)
#define TSR_TERR  UINT32_C(0x08)
#define TSR_ABRQ  UINT32_C(0x80)
#define RFR_FULL  UINT32_C(0x08)
#define RFR_FOVR  UINT32_C(0x10)
#define RFR_RFOM  UINT32_C(0x20)
#define IR_TXRQ   UINT32_C(1)
#define IR_RTR    UINT32_C(2)
#define IR_IDE    UINT32_C(4)
#define BTR_LBKM  (UINT32_C(1) << 30)
#define BTR_SILM  (UINT32_C(1) << 31)
#define IER_TMEIE UINT32_C(0x0001)
#define IER_ERRIE UINT32_C(0x8000)
#define IER_WKUIE UINT32_C(0x10000)
#define IER_SLKIE UINT32_C(0x20000)
#define IER_LECIE UINT32_C(0x0800)

/* ---- what follows from the state ------------------------------------------------------------ */

static void update_lines(struct bxcan *c)
{
	struct nvic *nvic = &c->chip->nvic;
	bool complete = c->tsr & (TSR_RQCP | TSR_RQCP << 8 | TSR_RQCP << 16);

	nvic_line(nvic, IRQ_CAN_TX, complete && (c->ier & IER_TMEIE));
	for (unsigned i = 0; i < 2; i++) {
		uint32_t enable = c->ier >> (i ? 4 : 1);
		const struct bxcan_fifo *f = &c->fifo[i];

		nvic_line(nvic, IRQ_CAN_RX0 + i,
		          ((enable & 1U) && f->count) || ((enable & 2U) && f->full) ||
		                  ((enable & 4U) && f->overrun));
	}
	nvic_line(nvic, IRQ_CAN_SCE,
	          ((c->ier & IER_ERRIE) && (c->msr & MSR_ERRI)) ||
	                  ((c->ier & IER_WKUIE) && (c->msr & MSR_WKUI)) ||
	                  ((c->ier & IER_SLKIE) && (c->msr & MSR_SLAKI)));
	c->chip->reschedule = true;
}

static uint32_t error_flags(const struct bxcan *c)
{
	const struct can_node *n = &c->node;
	uint32_t flags = 0;

	if (n->tec >= 96 || n->rec >= 96)
		flags |= 1;
	if (n->tec >= CAN_PASSIVE || n->rec >= CAN_PASSIVE)
		flags |= 2;
	if (n->bus_off)
		flags |= 4;
	return flags;
}

static uint32_t esr_read(const struct bxcan *c)
{
	return error_flags(c) | c->lec << 4 | (c->node.tec & 0xFFU) << 16 |
	       (c->node.rec & 0xFFU) << 24;
}

static vtime bit_ticks(const struct bxcan *c)
{
	uint64_t quanta = 1 + ((c->btr >> 16 & 15U) + 1) + ((c->btr >> 20 & 7U) + 1);

	return vtime_of_cycles(quanta * ((c->btr & 0x3FFU) + 1), c->chip->clocks.pclk1_hz);
}

static bool isolated(const struct bxcan *c)
{
	return c->btr & BTR_LBKM;
}

/* Which of initialisation, sleep and normal the node is in, told to the segment. */
static void update_node(struct bxcan *c)
{
	bool was_on = c->node.on;

	c->node.bit_ticks = bit_ticks(c);
	c->node.silent = c->btr & BTR_SILM;
	c->node.on = c->mode == BXCAN_NORMAL && !isolated(c) && c->node.bit_ticks != VTIME_NEVER;
	if (was_on && !c->node.on && c->segment)
		can_node_leave(c->segment, &c->node);
}

void bxcan_wiring(struct bxcan *c, bool clocked, bool tx_connected)
{
	c->clocked = clocked;
	c->node.mute = !tx_connected;
	update_node(c);
}

/* ---- transmit mailboxes --------------------------------------------------------------------- */

static uint32_t frame_id(uint32_t ir)
{
	return (ir & IR_IDE ? ir >> 3 | CAN_FRAME_EFF : ir >> 21) |
	       (ir & IR_RTR ? CAN_FRAME_RTR : 0);
}

static void to_frame(const struct bxcan_message *m, struct can_frame *f)
{
	unsigned len = m->dtr & 15U;

	memset(f, 0, sizeof *f);
	f->id = frame_id(m->ir);
	f->len = (uint8_t)(len > 8 ? 8 : len);
	for (unsigned i = 0; i < 4; i++) {
		f->data[i] = (uint8_t)(m->dlr >> 8 * i);
		f->data[4 + i] = (uint8_t)(m->dhr >> 8 * i);
	}
}

static bool before(const struct bxcan *c, unsigned a, unsigned b)
{
	if (c->mcr & MCR_TXFP)
		return c->box[a].order < c->box[b].order;
	return can_arbitration_key(frame_id(c->box[a].m.ir)) <
	       can_arbitration_key(frame_id(c->box[b].m.ir));
}

/* The mailbox that would be sent at `at`; -1 none. */
static int next_box(const struct bxcan *c, vtime at)
{
	int best = -1;

	for (unsigned i = 0; i < BXCAN_MAILBOXES; i++)
		if (c->box[i].requested && c->box[i].since <= at &&
		    (best < 0 || before(c, i, (unsigned)best)))
			best = (int)i;
	return best;
}

static void complete(struct bxcan *c, unsigned box, uint32_t result)
{
	c->box[box].requested = c->box[box].abort = false;
	c->box[box].m.ir &= ~IR_TXRQ;
	c->tsr &= ~(UINT32_C(0x8F) << 8 * box);
	c->tsr |= (TSR_RQCP | result) << 8 * box;
	update_lines(c);
}

static void woken(struct bxcan *c)
{
	if (c->woken)
		c->woken(c->woken_ctx);
}

static void finish(struct bxcan *c, uint32_t result)
{
	unsigned box = (unsigned)c->in_flight;
	bool final = result == TSR_TXOK || (c->mcr & MCR_NART) || c->box[box].abort;

	assert(c->in_flight >= 0);
	c->in_flight = -1;
	woken(c);
	if (final)
		complete(c, box, result);
}

static bool node_offer(void *ctx, vtime at, struct can_frame *frame, vtime *since)
{
	struct bxcan *c = ctx;
	int box = next_box(c, at);
	vtime first = VTIME_NEVER;

	if (box < 0)
		return false;
	for (unsigned i = 0; i < BXCAN_MAILBOXES; i++)
		if (c->box[i].requested)
			first = vtime_min(first, c->box[i].since);
	*since = first;
	if (at != VTIME_NEVER)
		c->in_flight = box;
	to_frame(&c->box[box].m, frame);
	return true;
}

static void node_sent(void *ctx)
{
	finish(ctx, TSR_TXOK);
}

static void node_lost(void *ctx)
{
	finish(ctx, TSR_ALST);
}

static void node_failed(void *ctx)
{
	finish(ctx, TSR_TERR);
}

static unsigned free_boxes(const struct bxcan *c)
{
	unsigned mask = 0;

	for (unsigned i = 0; i < BXCAN_MAILBOXES; i++)
		mask |= (unsigned)!c->box[i].requested << i;
	return mask;
}

static uint32_t tsr_read(const struct bxcan *c)
{
	unsigned empty = free_boxes(c);
	unsigned next = empty ? (unsigned)__builtin_ctz(empty) : 0;
	uint32_t value = c->tsr | empty << 26;
	int last = -1;

	if (!empty) /* CODE names the mailbox of lowest priority when none is free */
		for (unsigned i = 0; i < BXCAN_MAILBOXES; i++)
			if (last < 0 || before(c, (unsigned)last, i))
				last = (int)i;
	value |= (uint32_t)(last < 0 ? next : (unsigned)last) << 24;
	for (unsigned i = 0; i < BXCAN_MAILBOXES && (empty & (empty - 1)) != 7U; i++)
		if (c->box[i].requested && last == (int)i)
			value |= UINT32_C(1) << (29 + i);
	return value;
}

static void tsr_write(struct bxcan *c, uint32_t value)
{
	for (unsigned i = 0; i < BXCAN_MAILBOXES; i++) {
		uint32_t bits = value >> 8 * i;

		if (bits & TSR_RQCP) /* takes the result flags with it */
			c->tsr &= ~(UINT32_C(0x0F) << 8 * i);
		if (!(bits & TSR_ABRQ) || !c->box[i].requested)
			continue;
		c->box[i].abort = true;
		c->tsr |= TSR_ABRQ << 8 * i;
		if (c->in_flight != (int)i)
			complete(c, i, 0);
	}
}

static void request(struct bxcan *c, unsigned i)
{
	c->box[i].requested = true;
	c->box[i].abort = false;
	c->box[i].since = c->chip->now;
	c->box[i].order = c->requests++;
	c->tsr &= ~(UINT32_C(0x8F) << 8 * i);
	c->chip->reschedule = true;
}

static void mailbox_write(struct bxcan *c, uint32_t offset, uint32_t value)
{
	unsigned i = (offset - MAILBOX) / 16;
	struct bxcan_message *m = &c->box[i].m;

	if (c->box[i].requested) /* not empty: read-only (RM0008 §24.9.3) */
		return;
	switch (offset % 16) {
	case 0:
		m->ir = value;
		if (value & IR_TXRQ)
			request(c, i);
		break;
	case 4:
		m->dtr = value;
		break;
	case 8:
		m->dlr = value;
		break;
	default:
		m->dhr = value;
		break;
	}
}

/* ---- receive FIFOs ---------------------------------------------------------------------------- */

static uint32_t ir_of(const struct can_frame *f)
{
	return (f->id & CAN_FRAME_EFF ? (f->id & CAN_FRAME_ID_MASK) << 3 | IR_IDE
	                              : (f->id & 0x7FFU) << 21) |
	       (f->id & CAN_FRAME_RTR ? IR_RTR : 0);
}

static void fifo_put(struct bxcan *c, unsigned which, const struct bxcan_message *m)
{
	struct bxcan_fifo *f = &c->fifo[which];

	if (f->count == BXCAN_DEPTH) {
		f->overrun = true;
		if (!(c->mcr & MCR_RFLM))
			f->slot[BXCAN_DEPTH - 1] = *m;
		return;
	}
	f->slot[f->count++] = *m;
	f->full = f->count == BXCAN_DEPTH;
}

static void accept(struct bxcan *c, const struct can_frame *frame)
{
	struct bxcan_message m = {.ir = ir_of(frame)};
	struct can_filter_match match;

	if (!can_filter_match(&c->filter, m.ir, &match))
		return;
	m.dtr = frame->len | match.index << 8;
	for (unsigned i = 0; i < 4; i++) {
		m.dlr |= (uint32_t)frame->data[i] << 8 * i;
		m.dhr |= (uint32_t)frame->data[4 + i] << 8 * i;
	}
	woken(c);
	fifo_put(c, match.fifo, &m);
	update_lines(c);
}

static void node_receive(void *ctx, const struct can_frame *frame)
{
	accept(ctx, frame);
}

static void release(struct bxcan_fifo *f)
{
	if (f->count == 0)
		return;
	memmove(f->slot, f->slot + 1, (BXCAN_DEPTH - 1) * sizeof *f->slot);
	f->count--;
	f->full = false;
}

static uint32_t rfr_read(const struct bxcan_fifo *f)
{
	return f->count | (f->full ? RFR_FULL : 0) | (f->overrun ? RFR_FOVR : 0);
}

static void rfr_write(struct bxcan_fifo *f, uint32_t value)
{
	if (value & RFR_FULL)
		f->full = false;
	if (value & RFR_FOVR)
		f->overrun = false;
	if (value & RFR_RFOM)
		release(f);
}

/* ---- errors, modes -------------------------------------------------------------------------- */

/* The interrupt enables of ESR stand in IER bits 8 (EWG), 9 (EPV), 10 (BOF). */
static void note_errors(struct bxcan *c, enum can_error error)
{
	uint32_t risen = error_flags(c) & ~c->errors_seen;

	if (risen & (c->ier >> 8 & 7U))
		c->msr |= MSR_ERRI;
	if (error != CAN_ERROR_NONE && (c->ier & IER_LECIE))
		c->msr |= MSR_ERRI;
	c->errors_seen = error_flags(c);
}

static void start_recovery(struct bxcan *c, vtime at)
{
	c->node.recovering = true;
	c->node.recovery_runs = can_segment_runs(c->segment, at) + CAN_RECOVERY_RUNS;
}

static void node_changed(void *ctx, enum can_error error)
{
	struct bxcan *c = ctx;
	bool was_off = c->errors_seen & 4U;

	c->lec = error;
	if (error != CAN_ERROR_NONE || c->node.bus_off != was_off ||
	    (c->msr & (MSR_INAK | MSR_SLAK)))
		woken(c);
	note_errors(c, error);
	if (c->node.bus_off && !was_off) {
		c->bus_offs++;
		if (c->mcr & MCR_ABOM)
			start_recovery(c, c->segment->now);
	}
	if (c->mode == BXCAN_NORMAL && !c->node.syncing)
		c->msr &= ~(MSR_INAK | MSR_SLAK);
	update_lines(c);
}

static void enter_init(struct bxcan *c)
{
	c->mode = BXCAN_INIT;
	c->msr = (c->msr & ~MSR_SLAK) | MSR_INAK;
	update_node(c);
}

static void enter_sleep(struct bxcan *c)
{
	c->mode = BXCAN_SLEEP;
	c->msr = (c->msr & ~MSR_INAK) | MSR_SLAK | MSR_SLAKI;
	update_node(c);
}

/* INAK or SLAK stays until 11 recessive bits were seen: with a bus that is held dominant, for
 * ever. A bus-off node then counts 128 times as many (RM0008 §24.7.6). */
static void enter_normal(struct bxcan *c)
{
	vtime now = c->chip->now;

	c->mode = BXCAN_NORMAL;
	if (isolated(c)) { /* loop-back does not look at the bus */
		c->msr &= ~(MSR_INAK | MSR_SLAK);
	} else {
		c->node.syncing = true;
		c->node.sync_runs = can_segment_runs(c->segment, now) + 1;
	}
	if (c->node.bus_off)
		start_recovery(c, now);
	update_node(c);
}

static void mcr_write(struct bxcan *c, uint32_t value)
{
	bool init = value & MCR_INRQ;
	bool sleep = value & MCR_SLEEP;

	if (value & MCR_RESET) {
		bxcan_reset(c);
		return;
	}
	c->mcr = value;
	if (init && !sleep && c->mode != BXCAN_INIT)
		enter_init(c);
	else if (sleep && !init && c->mode != BXCAN_SLEEP)
		enter_sleep(c);
	else if (!init && !sleep && c->mode != BXCAN_NORMAL)
		enter_normal(c);
}

/* Wake-up by bus activity: WKUI always, and with AWUM the SLEEP bit falls (RM0008 §24.4.3). */
static void node_activity(void *ctx)
{
	struct bxcan *c = ctx;

	if (c->mode != BXCAN_SLEEP || (c->msr & MSR_WKUI) || !c->clocked)
		return;
	woken(c);
	c->msr |= MSR_WKUI;
	if (c->mcr & MCR_AWUM) {
		c->mcr &= ~MCR_SLEEP;
		enter_normal(c);
	}
	update_lines(c);
}

/* ---- registers ------------------------------------------------------------------------------ */

static const struct can_node_ops node_ops = {
        .offer = node_offer,
        .sent = node_sent,
        .lost = node_lost,
        .failed = node_failed,
        .receive = node_receive,
        .changed = node_changed,
        .activity = node_activity,
};

void bxcan_init(struct bxcan *c, struct chip *chip, struct can_segment *segment)
{
	memset(c, 0, sizeof *c);
	c->chip = chip;
	c->segment = segment;
	c->node.ops = &node_ops;
	c->node.ctx = c;
	c->node.mute = true;
	can_segment_add(segment, &c->node);
}

void bxcan_reset(struct bxcan *c)
{
	can_node_leave(c->segment, &c->node);
	c->node.on = c->node.bus_off = false;
	c->node.tec = c->node.rec = 0;
	memset(c->box, 0, sizeof c->box);
	memset(c->fifo, 0, sizeof c->fifo);
	c->in_flight = -1;
	c->mode = BXCAN_SLEEP;
	c->mcr = UINT32_C(0x00010002);
	c->msr = MSR_SLAK;
	c->tsr = c->ier = c->lec = c->errors_seen = 0;
	c->btr = UINT32_C(0x01230000);
	can_filter_reset(&c->filter);
	c->loop_at = VTIME_NEVER;
	update_node(c);
	update_lines(c);
}

static uint32_t message_read(const struct bxcan_message *m, uint32_t offset)
{
	switch (offset % 16) {
	case 0:
		return m->ir;
	case 4:
		return m->dtr;
	case 8:
		return m->dlr;
	default:
		return m->dhr;
	}
}

static uint32_t control_read(const struct bxcan *c, uint32_t offset)
{
	switch (offset) {
	case MCR:
		return c->mcr;
	case MSR:
		return c->msr | (c->in_flight >= 0 ? UINT32_C(0x100) : 0) | UINT32_C(0xC00);
	case TSR:
		return tsr_read(c);
	case RF0R:
		return rfr_read(&c->fifo[0]);
	case RF1R:
		return rfr_read(&c->fifo[1]);
	case IER:
		return c->ier;
	case ESR:
		return esr_read(c);
	case BTR:
		return c->btr;
	default:
		return 0;
	}
}

uint32_t bxcan_read(struct bxcan *c, uint32_t offset)
{
	if (offset >= CAN_FILTER_FIRST)
		return can_filter_read(&c->filter, offset);
	if (offset >= FIFO && offset < FIFO_END)
		return message_read(&c->fifo[(offset - FIFO) / 16].slot[0], offset);
	if (offset >= MAILBOX && offset < FIFO)
		return message_read(&c->box[(offset - MAILBOX) / 16].m, offset);
	return control_read(c, offset);
}

static void msr_write(struct bxcan *c, uint32_t value)
{
	c->msr &= ~(value & (MSR_ERRI | MSR_WKUI | MSR_SLAKI));
}

static void control_write(struct bxcan *c, uint32_t offset, uint32_t value)
{
	switch (offset) {
	case MCR:
		mcr_write(c, value);
		break;
	case MSR:
		msr_write(c, value);
		break;
	case TSR:
		tsr_write(c, value);
		break;
	case RF0R:
		rfr_write(&c->fifo[0], value);
		break;
	case RF1R:
		rfr_write(&c->fifo[1], value);
		break;
	case IER:
		c->ier = value;
		break;
	case ESR:
		c->lec = value >> 4 & 7U;
		break;
	case BTR:
		if (c->mode == BXCAN_INIT)
			c->btr = value;
		break;
	default:
		break;
	}
}

/* In loop-back mode nothing reaches the bus: the frame takes its time and comes back. */
static void loop_start(struct bxcan *c)
{
	int box = next_box(c, c->chip->now);
	struct can_frame frame;
	struct can_bits bits;

	if (!isolated(c) || c->mode != BXCAN_NORMAL || c->loop_at != VTIME_NEVER || box < 0)
		return;
	to_frame(&c->box[box].m, &frame);
	can_bits_make(&bits, &frame);
	c->in_flight = box;
	c->loop_at = c->chip->now + (bits.count + CAN_BITS_GAP) * c->node.bit_ticks;
	c->chip->reschedule = true;
}

void bxcan_write(struct bxcan *c, uint32_t offset, uint32_t value)
{
	if (offset >= CAN_FILTER_FIRST)
		can_filter_write(&c->filter, offset, value);
	else if (offset >= MAILBOX && offset < FIFO)
		mailbox_write(c, offset, value);
	else
		control_write(c, offset, value);
	loop_start(c);
	update_node(c);
	update_lines(c);
}

vtime bxcan_next(const struct bxcan *c)
{
	return c->loop_at;
}

void bxcan_run(struct bxcan *c)
{
	struct can_frame frame;

	if (c->chip->now < c->loop_at)
		return;
	c->loop_at = VTIME_NEVER;
	to_frame(&c->box[c->in_flight].m, &frame);
	finish(c, TSR_TXOK);
	accept(c, &frame);
	loop_start(c);
}
