/* Two boards: board 1 sends when it is asked, into noise that the test board makes; board 0 listens and
 * counts what it hears. */
#include "can.h"

enum { ASK = 0x400, ANSWER = 0x010 };

static void start(void)
{
	can_init(ABOM, BTR_125K);
	can_accept_all();
	can_join();
}

static void send(uint32_t id)
{
	CAN_TSR = RQCP0;
	can_put(0, standard(id), 0, 4);
	while (!(CAN_TSR & RQCP0))
		;
}

/* Ten frames for each that asks, each until it is out, over bus-off and back. */
static void peer(void)
{
	start();
	for (;;) {
		while (!(CAN_RF0R & 3))
			;
		CAN_RF0R = 0x20;
		for (unsigned i = 0; i < 10; i++)
			send(ANSWER);
	}
}

static void drop_received(void)
{
	while (CAN_RF0R & 3)
		CAN_RF0R = 0x20;
}

/* Error frames of others: one each, with a warning at 96; good frames take it back. */
CASE(can_errors_heard_are_counted)
{
	uint32_t counted;

	send(ASK);
	console_put("NOISE 110\n");
	delay_us(150000); /* the sender is off the bus three times */
#ifdef MUTANT_can_reads_the_other_counter
	counted = CAN_ESR >> 16 & 0xFF;
#else
	counted = CAN_ESR >> 24;
#endif
	CHECK(counted >= 96 && counted <= 110 && (CAN_ESR & 1));
	drop_received();
	send(ASK);
	delay_us(30000);
	CHECK(CAN_ESR >> 24 < counted);
}

int main(void)
{
	clock_72();
	console_start();
	can_pins();
	if (board_number() == 1)
		peer();
	start();
	delay_us(2000);
	RUN(can_errors_heard_are_counted);
	test_end();
}
