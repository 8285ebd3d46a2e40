#include "firmware/drivers/bxcan.h"

#include "firmware/drivers/stm32f103.h"

#include "libs/base/bytes.h"

#include <assert.h>

#define MAILBOXES      3u
#define QUEUE          16u /* received frames; a power of two */
#define ALL_EMPTY      (7u * CAN_TSR_TME0)
#define ADDRESS_MASK   ((uint32_t)CAN_ADDRESS_ALL << 10)
#define DIRECTION_MASK (1u << 9)

/* Filter banks in use. */
enum { BANK_ASSIGN = 0, BANK_ALL = 1, BANK_OWN = 2 };

static struct can_msg queue[QUEUE];
static volatile uint32_t queued, taken, lost;
static volatile unsigned news;
static volatile bool single_shot; /* in force */
static bool single_shot_wanted;
static bool restarting; /* initialisation mode is asked for */

/* ---- modes ---- */

void bxcan_start(void)
{
	RCC_APB1ENR |= RCC_APB1_CAN;
	restarting = true;
	CAN_MCR = CAN_MCR_INRQ; /* and out of sleep */
	interrupt_enable(IRQ_CAN_TX);
	interrupt_enable(IRQ_CAN_RX0);
	interrupt_enable(IRQ_CAN_SCE);
}

/* Leaves initialisation mode; the controller joins the bus after 11 recessive bits. Nobody waits for
 * that: a line that is stuck must not stop the meter. */
static void configure(void)
{
	CAN_BTR = BXCAN_BTR;
	CAN_IER = CAN_IER_TMEIE | CAN_IER_FMPIE0 | CAN_IER_BOFIE | CAN_IER_ERRIE;
	single_shot = single_shot_wanted;
	/* Transmit in the order of requests: frames of a transfer must not overtake each other. */
	CAN_MCR = CAN_MCR_TXFP | (single_shot ? CAN_MCR_NART : 0);
	restarting = false;
}

void bxcan_poll(void)
{
	if (!restarting && single_shot != single_shot_wanted &&
	    (CAN_TSR & ALL_EMPTY) == ALL_EMPTY) {
		restarting = true;
		CAN_MCR |= CAN_MCR_INRQ;
	}
	if (restarting && (CAN_MSR & CAN_MSR_INAK))
		configure();
}

bool bxcan_single_shot(bool on)
{
	single_shot_wanted = on;
	bxcan_poll();
	return !restarting && single_shot == on;
}

void bxcan_recover(void)
{
	/* Through initialisation mode the controller waits for 128 x 11 recessive bits. */
	bxcan_drop(0, 0);
	restarting = true;
	CAN_MCR |= CAN_MCR_INRQ;
}

/* ---- filters ---- */

static void bank_set(unsigned bank, uint32_t id, uint32_t mask)
{
	CAN_FR1(bank) = id << 3 | CAN_IR_IDE;
	CAN_FR2(bank) = mask << 3 | CAN_IR_IDE | CAN_IR_RTR;
}

void bxcan_listen(uint16_t address, uint32_t hash20)
{
	uint32_t banks = 1u << BANK_ASSIGN | 1u << BANK_ALL;

	CAN_FMR |= 1u; /* FINIT */
	CAN_FA1R = 0;
	CAN_FM1R = 0;                                                   /* identifier and mask */
	CAN_FS1R = 1u << BANK_ASSIGN | 1u << BANK_ALL | 1u << BANK_OWN; /* 32 bits */
	CAN_FFA1R = 0;
	bank_set(BANK_ASSIGN, can_id_hashed(CAN_ASSIGN, hash20), CAN_ID_MASK);
	bank_set(BANK_ALL, ADDRESS_MASK, ADDRESS_MASK | DIRECTION_MASK);
	if (address != CAN_ADDRESS_NONE) {
		/* Both directions: a frame from our own address means that it is not ours alone. */
		bank_set(BANK_OWN, (uint32_t)address << 10, ADDRESS_MASK);
		banks |= 1u << BANK_OWN;
	}
	CAN_FA1R = banks;
	CAN_FMR &= ~1u;
}

/* ---- sending ---- */

bool bxcan_room(void)
{
	return !restarting && (CAN_TSR & ALL_EMPTY);
}

void bxcan_send(const struct can_msg *msg)
{
	uint32_t status = CAN_TSR;
	unsigned box = 0;

	while (box < MAILBOXES && !(status & CAN_TSR_TME0 << box))
		box++;
	assert(box < MAILBOXES);
	CAN_TDTR(box) = msg->len;
	CAN_TDLR(box) = get_le32(msg->data);
	CAN_TDHR(box) = get_le32(msg->data + 4);
	CAN_TIR(box) = msg->id << 3 | CAN_IR_IDE | CAN_IR_REQUEST;
}

void bxcan_drop(uint32_t id, uint32_t mask)
{
	for (unsigned box = 0; box < MAILBOXES; box++)
		if (((CAN_TIR(box) >> 3) & mask) == id)
			CAN_TSR = CAN_TSR_ABRQ << 8 * box; /* without effect on an empty one */
}

static void box_done(unsigned box, uint32_t status)
{
	if (status & CAN_TSR_TXOK) {
		news |= BXCAN_SENT;
	} else if (!single_shot) {
		return; /* dropped */
	} else if (status & CAN_TSR_TERR) {
		news |= BXCAN_FAILED;
	} else if (status & CAN_TSR_ALST) {
		/* Another frame went first: no error, and the mailbox still holds ours. */
		CAN_TIR(box) |= CAN_IR_REQUEST;
	}
}

void can_tx_handler(void)
{
	uint32_t status = CAN_TSR;

	for (unsigned box = 0; box < MAILBOXES; box++, status >>= 8) {
		if (!(status & CAN_TSR_RQCP))
			continue;
		CAN_TSR = CAN_TSR_RQCP << 8 * box; /* takes the result flags with it */
		box_done(box, status);
	}
}

void can_sce_handler(void)
{
	CAN_MSR = CAN_MSR_ERRI;
	if (CAN_ESR & CAN_ESR_BOFF)
		news |= BXCAN_BUS_OFF;
}

unsigned bxcan_news(void)
{
	unsigned seen;

	interrupts_off();
	seen = news;
	news = 0;
	interrupts_on();
	return seen;
}

/* ---- receiving ---- */

static void take_fifo(void)
{
	struct can_msg *msg = &queue[queued % QUEUE];

	if (queued - taken == QUEUE) {
		lost = lost + 1;
		return;
	}
	msg->id = CAN_RI0R >> 3;
	msg->len = CAN_RDT0R & 15u;
	if (msg->len > sizeof msg->data)
		msg->len = sizeof msg->data;
	put_le32(msg->data, CAN_RDL0R);
	put_le32(msg->data + 4, CAN_RDH0R);
	queued = queued + 1;
}

void can_rx0_handler(void)
{
	while (CAN_RF0R & CAN_RFR_FMP) {
		take_fifo();
		CAN_RF0R = CAN_RFR_RFOM | CAN_RFR_FOVR;
		while (CAN_RF0R & CAN_RFR_RFOM)
			;
	}
}

bool bxcan_take(struct can_msg *msg)
{
	if (queued == taken)
		return false;
	*msg = queue[taken % QUEUE];
	taken = taken + 1;
	return true;
}

bool bxcan_waiting(void)
{
	return queued != taken || news;
}

uint32_t bxcan_lost(void)
{
	return lost;
}
