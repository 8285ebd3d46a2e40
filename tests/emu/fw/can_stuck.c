/* The bus is held dominant (a short): joining it never ends. */
#include "can.h"

CASE(can_no_join_on_a_stuck_bus)
{
	can_init(0, BTR_125K);
#ifdef MUTANT_can_waits_for_ever
	CAN_MCR &= ~1U;
	while (CAN_MSR & 1)
		;
#else
	CHECK(!can_join());
#endif
	CHECK(CAN_MSR & 1);
}

int main(void)
{
	clock_72();
	console_start();
	can_pins();
	RUN(can_no_join_on_a_stuck_bus);
	test_end();
}
