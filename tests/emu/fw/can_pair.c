/* Three boards on one bus. Board 0 asks and judges, board 1 does what the identifier says, board 2
 * listens. */
#include "can.h"

enum {
	ASK_ECHO = 0x400,       /* answers 0x401 with the same data */
	ASK_COLLIDE = 0x402,    /* sends 0x300 with data of its own, 5 ms later */
	ASK_SILENCE = 0x404,    /* neither hears nor acknowledges for 60 ms */
	ASK_WRONG_RATE = 0x406, /* sits at 250 kbit/s for 60 ms */
	ASK_FLOOD = 0x408,      /* ten frames 0x010 without a pause */
};

static void start(uint32_t mcr, uint32_t btr)
{
	can_init(mcr, btr);
	can_accept_all();
	can_join();
}

static bool take(uint32_t *id, uint32_t *data)
{
	if (!can_wait(&CAN_RF0R, 3))
		return false;
	*id = CAN_RIR(0) >> 21;
	*data = CAN_RDLR(0);
	CAN_RF0R = 0x20;
	return true;
}

static void send(uint32_t id, uint32_t data)
{
	CAN_TSR = RQCP0;
	can_put(0, standard(id), data, 4);
	can_wait(&CAN_TSR, RQCP0);
}

static void off_for_a_while(uint32_t btr)
{
	start(0, btr);
	delay_us(60000);
	start(ABOM, BTR_125K);
}

static void obey(uint32_t id, uint32_t data)
{
	switch (id) {
	case ASK_ECHO:
		send(0x401, data);
		break;
	case ASK_COLLIDE:
		delay_us(5000 - (data & 1023));
		can_put(0, standard(0x300), 0xFFFFFFFF, 4);
		delay_us(300000);
		start(ABOM, BTR_125K);
		break;
	case ASK_SILENCE:
		off_for_a_while(BTR_125K | (uint32_t)SILENT);
		break;
	case ASK_WRONG_RATE:
		off_for_a_while(0x011C0008);
		break;
	case ASK_FLOOD:
		for (uint32_t i = 0; i < 10; i++)
			send(0x010, i);
		break;
	default:
		break;
	}
}

static void peer(void)
{
	uint32_t id, data;

	start(ABOM, BTR_125K);
	for (;;)
		if (take(&id, &data))
			obey(id, data);
}

/* Only acknowledges: without a third node two equal frames would miss their ACK. */
static void listen(void)
{
	uint32_t id, data;

	start(ABOM, BTR_125K);
	for (;;)
		if (take(&id, &data) && id == ASK_SILENCE)
			obey(id, data);
}

CASE(can_frames_cross)
{
	uint32_t id = 0, data = 0;

#ifdef MUTANT_can_wrong_prescaler
	start(0, 0x011C0012);
#else
	start(0, BTR_125K);
#endif
	send(ASK_ECHO, 0xCAFE);
	CHECK((CAN_TSR & 0xF) == (RQCP0 | TXOK0));
	CHECK(take(&id, &data) && id == 0x401 && data == 0xCAFE);
}

CASE(can_silent_node_gives_no_ack)
{
	start(NART, BTR_125K);
	send(ASK_SILENCE, 0);
	delay_us(20000);
#ifdef MUTANT_can_asks_too_late
	delay_us(60000);
#endif
	send(0x123, 0);
	CHECK(CAN_TSR & TERR0);
	CHECK((CAN_ESR >> 4 & 7) == 3);
	delay_us(80000);
}

CASE(can_other_rate_destroys_frames)
{
	start(NART, BTR_125K);
	send(ASK_WRONG_RATE, 0);
	delay_us(20000);
#ifdef MUTANT_can_rate_asked_too_late
	delay_us(60000);
#endif
	send(0x123, 0);
	CHECK((CAN_TSR & TERR0) && (CAN_ESR >> 4 & 7) != 3);
	delay_us(80000);
}

CASE(can_arbitration_lost_with_nart)
{
	start(NART, BTR_125K);
	send(ASK_FLOOD, 0);
	delay_us(1000);
#ifdef MUTANT_can_identifier_wins
	can_put(1, standard(0x001), 0, 8);
#else
	can_put(1, standard(0x7F0), 0, 8);
#endif
	delay_us(1500);
	CHECK((CAN_TSR >> 8 & 0xF) == (RQCP0 | ALST0));
	delay_us(30000);
}

/* Same identifier, other data, at the same time: a bit error, an error frame, and both again
 * and again (why claims are sent without retransmission and with a hash in the identifier). */
static void collide(uint32_t mcr, uint32_t data)
{
	start(mcr, BTR_125K);
	send(ASK_COLLIDE, 0);
	CAN_TSR = RQCP0;
	delay_us(4000);
	can_put(1, standard(0x001), 0, 8); /* keeps the bus busy while both get ready */
	can_put(0, standard(0x300), data, 4);
	for (unsigned i = 0; i < 6; i++) {
		can_put(1 + i % 2, standard(0x001), 0, 8);
		while (!(CAN_TSR & 1U << (28 - i % 2)))
			;
	}
}

CASE(can_equal_identifiers_collide)
{
#ifdef MUTANT_can_same_data
	collide(0, 0xFFFFFFFF);
#else
	collide(0, 0);
#endif
	delay_us(20000);
	CHECK((CAN_ESR >> 16 & 0xFF) >= 96);
	delay_us(400000);
}

CASE(can_bus_off_recovers_by_itself)
{
	uint32_t off = 0;

#ifdef MUTANT_can_abom_missing
	start(0, BTR_125K);
#else
	start(ABOM, BTR_125K);
#endif
	GPIO(0, CRH) = (GPIO(0, CRH) & ~0xF0000U) | 0x30000; /* the TX line breaks */
	can_put(0, standard(0x123), 0, 8);
	for (uint32_t i = 0; i < 100000 && !off; i++)
		off = CAN_ESR & 4;
	CHECK(off);
	CAN_TSR = 0x80;
	can_pins();
	delay_us(30000); /* 128 x 11 bits are 11.3 ms */
	CHECK(!(CAN_ESR & 4) && (CAN_ESR >> 16 & 0xFF) == 0);
}

CASE(can_bus_off_left_through_init)
{
	start(0, BTR_125K);
	GPIO(0, CRH) = (GPIO(0, CRH) & ~0xF0000U) | 0x30000;
	can_put(0, standard(0x123), 0, 8);
	for (uint32_t i = 0; i < 100000 && !(CAN_ESR & 4); i++)
		;
	CAN_TSR = 0x80;
	can_pins();
	delay_us(30000);
	CHECK(CAN_ESR & 4); /* stays off */
#ifndef MUTANT_can_bus_off_not_left
	CAN_MCR |= 1;
	while (!(CAN_MSR & 1))
		;
	CAN_MCR &= ~1U;
#endif
	delay_us(5000);
	CHECK(CAN_ESR & 4); /* not before 128 x 11 bits */
	delay_us(15000);
	CHECK(!(CAN_ESR & 4));
}

CASE(can_wakes_by_bus)
{
	uint32_t id, data;

	start(0, BTR_125K);
	send(ASK_ECHO, 1);
#ifdef MUTANT_can_awum_missing
	CAN_MCR |= 2;
#else
	CAN_MCR |= 2 | AWUM;
#endif
	delay_us(5000);
	CHECK(CAN_MSR & 8); /* WKUI: the peer's answer began */
	CHECK(!(CAN_MCR & 2));
	CAN_MCR &= ~2U;
	while (CAN_RF0R & 3)
		take(&id, &data);
}

int main(void)
{
	clock_72();
	console_start();
	can_pins();
	if (board_number() == 1)
		peer();
	if (board_number() == 2)
		listen();
	delay_us(2000);
	RUN(can_frames_cross);
	start(0, BTR_125K);
	RUN(can_silent_node_gives_no_ack);
	RUN(can_other_rate_destroys_frames);
	RUN(can_arbitration_lost_with_nart);
	RUN(can_equal_identifiers_collide);
	RUN(can_bus_off_recovers_by_itself);
	RUN(can_bus_off_left_through_init);
	RUN(can_wakes_by_bus);
	test_end();
}
