/* bxCAN with nobody else on the bus: nothing is acknowledged. */
#include "can.h"

static void start(uint32_t mcr, uint32_t btr)
{
	can_init(mcr, btr);
	can_accept_all();
	can_join();
}

static uint32_t tec(void)
{
	return CAN_ESR >> 16 & 0xFF;
}

CASE(can_nart_tries_once)
{
#ifdef MUTANT_can_nart_missing
	start(0, BTR_125K);
#else
	start(NART, BTR_125K);
#endif
	can_put(0, standard(0x55), 0, 8);
	delay_us(10000);
	CHECK((CAN_TSR & 0xF) == (RQCP0 | TERR0));
	CHECK(tec() == 8 && (CAN_ESR >> 4 & 7) == 3); /* ACK error */
}

CASE(can_alone_stays_error_passive)
{
#ifdef MUTANT_can_expects_bus_off
	start(NART, BTR_125K);
#else
	start(0, BTR_125K);
#endif
	can_put(0, standard(0x55), 0, 8);
	delay_us(100000);
	CHECK(tec() == 128 && (CAN_ESR & 7) == 3); /* warning and passive, never off */
	CHECK(!(CAN_TSR & RQCP0));
}

CASE(can_abort_frees_the_mailbox)
{
	start(0, BTR_125K);
	can_put(0, standard(0x55), 0, 8);
	delay_us(5000);
#ifndef MUTANT_can_abort_missing
	CAN_TSR = 0x80;
#endif
	delay_us(3000);
	CHECK((CAN_TSR & 3) == RQCP0 && (CAN_TSR & 1U << 26));
}

CASE(can_init_stops_the_sender)
{
	start(0, BTR_125K);
	can_put(0, standard(0x55), 0, 8);
	delay_us(3000);
#ifndef MUTANT_can_init_not_entered
	CAN_MCR |= 1;
	while (!(CAN_MSR & 1))
		;
#endif
	{
		uint32_t before = tec();

		delay_us(20000);
		CHECK(tec() == before);
	}
}

CASE(can_tx_pin_must_be_alternate)
{
#ifdef MUTANT_can_pin_is_gpio
	GPIO(0, CRH) = (GPIO(0, CRH) & ~0xF0000U) | 0x30000;
#endif
	start(NART, BTR_125K);
	can_put(0, standard(0x55), 0, 8);
	delay_us(5000);
	CHECK((CAN_ESR >> 4 & 7) == 3); /* the frame went out whole; only the ACK is missing */
	can_pins();
}

static volatile uint32_t interrupts, flags;

static void on_error(void)
{
	interrupts++;
	flags |= CAN_ESR & 7;
	CAN_MSR = 4;
}

CASE(can_error_interrupt)
{
	interrupts = flags = 0;
	handler_set(16 + IRQ_CAN_SCE, on_error);
	irq_enable(IRQ_CAN_SCE);
	start(0, BTR_125K);
#ifdef MUTANT_can_errie_missing
	CAN_IER = 0x300;
#else
	CAN_IER = 0x8300; /* ERRIE, EPVIE, EWGIE */
#endif
	can_put(0, standard(0x55), 0, 8);
	delay_us(100000);
	CAN_IER = 0;
	CHECK(interrupts == 2 && flags == 3);
}

int main(void)
{
	clock_72();
	console_start();
	vectors_to_ram();
	can_pins();
	RUN(can_nart_tries_once);
	RUN(can_alone_stays_error_passive);
	RUN(can_abort_frees_the_mailbox);
	RUN(can_init_stops_the_sender);
	RUN(can_tx_pin_must_be_alternate);
	RUN(can_error_interrupt);
	test_end();
}
