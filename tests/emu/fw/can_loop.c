/* bxCAN alone, in loop-back: filters, mailboxes, FIFOs, modes. */
#include "can.h"

static volatile uint32_t interrupts;

static void start(uint32_t mcr)
{
	can_init(mcr, BTR_125K | LOOPBACK);
	can_accept_all();
	can_join();
}

/* Sends and waits for the end; how many messages then wait in FIFO 0 and 1. */
static uint32_t loop(uint32_t tir)
{
	can_put(0, tir, 0x11223344, 4);
	can_wait(&CAN_TSR, RQCP0);
	CAN_TSR = RQCP0;
	return (CAN_RF0R & 3) | (CAN_RF1R & 3) << 4;
}

static void set_filter(unsigned bank, uint32_t first, uint32_t second, bool list, bool wide,
                       bool fifo1)
{
	CAN_FMR |= 1;
	CAN_FA1R &= ~(1U << bank);
	CAN_FM1R = (CAN_FM1R & ~(1U << bank)) | (uint32_t)list << bank;
	CAN_FS1R = (CAN_FS1R & ~(1U << bank)) | (uint32_t)wide << bank;
	CAN_FFA1R = (CAN_FFA1R & ~(1U << bank)) | (uint32_t)fifo1 << bank;
	CAN_FR(bank, 0) = first;
	CAN_FR(bank, 1) = second;
	CAN_FA1R |= 1U << bank;
	CAN_FMR &= ~1U;
}

static void only_filter(uint32_t first, uint32_t second, bool list, bool wide)
{
	can_init(0, BTR_125K | LOOPBACK);
	set_filter(0, first, second, list, wide, false);
	can_join();
}

CASE(can_leaves_sleep_for_init)
{
	RCC_APB1RSTR = 1U << 25;
	RCC_APB1RSTR = 0;
	CHECK(CAN_MSR & 2);
#ifdef MUTANT_can_sleep_not_cleared
	CAN_MCR |= 1;
#else
	CAN_MCR = 1;
#endif
	CHECK((CAN_MSR & 3) == 1);
}

CASE(can_timing_only_in_init)
{
	can_init(0, BTR_125K | LOOPBACK);
#ifdef MUTANT_can_timing_too_late
	can_join();
#endif
	CAN_BTR = 0x011C0008 | LOOPBACK;
	CHECK(CAN_BTR == (0x011C0008 | LOOPBACK));
	can_join();
}

CASE(can_no_filter_nothing_received)
{
	can_init(0, BTR_125K | LOOPBACK);
#ifndef MUTANT_can_filter_forgotten
	can_accept_all();
#endif
	can_join();
	CHECK(loop(standard(0x123)) == 1);
}

CASE(can_filter_init_blocks_reception)
{
	start(0);
	CAN_FMR |= 1;
	loop(standard(0x123));
	CHECK(!(CAN_RF0R & 3));
#ifndef MUTANT_can_finit_left_set
	CAN_FMR &= ~1U;
#endif
	CHECK(loop(standard(0x123)) == 1);
}

CASE(can_filter_fixed_while_active)
{
	only_filter(standard(0x100), standard(0x7FF) | EXTENDED, false, true);
#ifndef MUTANT_can_active_filter_changed
	CAN_FA1R = 0;
#endif
	CAN_FR(0, 0) = standard(0x200);
	CAN_FA1R = 1;
	CHECK(loop(standard(0x200)) == 1);
}

CASE(can_filter_mask_32)
{
	only_filter(extended(0x12345600), extended(0x1FFFFF00) | EXTENDED, false, true);
	CHECK(loop(extended(0x123456AB)) == 1);
#ifdef MUTANT_can_mask_too_narrow
	CHECK(loop(extended(0x123457AB)) == 2);
#else
	CHECK(loop(extended(0x123457AB)) == 1);
#endif
	CHECK(loop(standard(0x048)) == 1); /* IDE is part of the comparison */
}

CASE(can_filter_list_32)
{
	only_filter(extended(0x11), extended(0x22), true, true);
	CHECK(loop(extended(0x22)) == 1);
	CHECK((CAN_RDTR(0) >> 8) == 1);
#ifdef MUTANT_can_list_as_mask
	CHECK(loop(extended(0x33)) == 2);
#else
	CHECK(loop(extended(0x33)) == 1);
#endif
}

CASE(can_filter_mask_16)
{
	/* STDID in bits 15..5, IDE in bit 3 */
	only_filter(0x7F0U << 5 << 16 | 8U << 16 | 0x120U << 5, 0xFFFFFFFF, false, false);
	CHECK(loop(standard(0x12A)) == 1);
#ifdef MUTANT_can_mask16_other_id
	CHECK(loop(standard(0x13A)) == 2);
#else
	CHECK(loop(standard(0x13A)) == 1);
#endif
}

CASE(can_filter_list_16)
{
	only_filter(0x101U << 5 | 0x102U << 5 << 16, 0x103U << 5 | 0x104U << 5 << 16, true, false);
	CHECK(loop(standard(0x104)) == 1);
	CHECK((CAN_RDTR(0) >> 8) == 3);
#ifdef MUTANT_can_list16_extended
	CHECK(loop(extended(0x104U << 18)) == 2);
#else
	CHECK(loop(extended(0x104U << 18)) == 1);
#endif
}

CASE(can_filter_number_and_fifo)
{
	can_init(0, BTR_125K | LOOPBACK);
	set_filter(0, standard(0x1), standard(0x2), true, true, false);   /* FIFO 0: numbers 0, 1 */
	set_filter(1, standard(0x3), standard(0x7FF), false, true, true); /* FIFO 1: number 0 */
	set_filter(2, standard(0x4), standard(0x7FF), false, true, false); /* FIFO 0: number 2 */
	can_join();
	CHECK(loop(standard(0x4)) == 1 && CAN_RDTR(0) >> 8 == 2);
#ifdef MUTANT_can_looks_in_fifo0
	CHECK(loop(standard(0x3)) == 2);
#else
	CHECK(loop(standard(0x3)) == 0x11 && CAN_RDTR(1) >> 8 == 0);
#endif
}

CASE(can_received_registers)
{
	start(0);
#ifdef MUTANT_can_extended_as_standard
	loop(standard(0x1234567));
#else
	loop(extended(0x1234567));
#endif
	CHECK(CAN_RIR(0) == extended(0x1234567));
	CHECK((CAN_RDTR(0) & 15) == 4 && CAN_RDLR(0) == 0x11223344);
}

CASE(can_fifo_released_by_rfom)
{
	start(0);
	loop(standard(1));
	loop(standard(2));
	CHECK(CAN_RIR(0) == standard(1));
#ifndef MUTANT_can_never_releases
	CAN_RF0R = 0x20;
#endif
	CHECK(CAN_RIR(0) == standard(2) && (CAN_RF0R & 3) == 1);
}

CASE(can_fifo_overrun_overwrites)
{
	start(0);
	for (uint32_t i = 1; i <= 4; i++)
		loop(standard(i));
	CHECK((CAN_RF0R & 0x1B) == 0x1B); /* 3, FULL, FOVR */
	CAN_RF0R = 0x20;
	CAN_RF0R = 0x20;
#ifdef MUTANT_can_expects_the_third
	CHECK(CAN_RIR(0) == standard(3));
#else
	CHECK(CAN_RIR(0) == standard(4));
#endif
}

CASE(can_fifo_locked_keeps)
{
#ifdef MUTANT_can_rflm_missing
	start(0);
#else
	start(RFLM);
#endif
	for (uint32_t i = 1; i <= 4; i++)
		loop(standard(i));
	CAN_RF0R = 0x20;
	CAN_RF0R = 0x20;
	CHECK(CAN_RIR(0) == standard(3));
}

/* Fills three mailboxes while the first is on its way and notes the order of arrival. */
static uint32_t order(uint32_t mcr)
{
	uint32_t seen = 0;

	start(mcr);
	can_put(0, standard(0x100), 0, 8);
	can_put(1, standard(0x300), 0, 0);
	can_put(2, standard(0x200), 0, 0);
	for (unsigned i = 0; i < 3; i++) {
		can_wait(&CAN_RF0R, 3);
		seen = seen << 4 | CAN_RIR(0) >> 29 | (CAN_RIR(0) >> 21 & 0x700) >> 8;
		CAN_RF0R = 0x20;
	}
	return seen;
}

CASE(can_lowest_identifier_first)
{
#ifdef MUTANT_can_expects_request_order
	CHECK(order(TXFP) == 0x123);
#else
	CHECK(order(0) == 0x123);
#endif
}

CASE(can_request_order_with_txfp)
{
#ifdef MUTANT_can_txfp_missing
	CHECK(order(0) == 0x132);
#else
	CHECK(order(TXFP) == 0x132);
#endif
}

CASE(can_busy_mailbox_keeps_its_frame)
{
	start(0);
	can_put(0, standard(0x55), 0xAAAA, 8);
#ifdef MUTANT_can_tme_not_asked
	can_put(0, standard(0x66), 0xBBBB, 8);
	can_wait(&CAN_TSR, RQCP0);
	CHECK(CAN_RIR(0) == standard(0x66));
#else
	CHECK(!(CAN_TSR & 1U << 26));
	can_put(0, standard(0x66), 0xBBBB, 8);
	can_wait(&CAN_TSR, RQCP0);
	CHECK(CAN_RIR(0) == standard(0x55) && CAN_RDLR(0) == 0xAAAA);
#endif
}

CASE(can_rqcp_cleared_by_one)
{
	start(0);
	can_put(0, standard(0x55), 0, 0);
	can_wait(&CAN_TSR, RQCP0);
	CHECK((CAN_TSR & 3) == 3);
#ifdef MUTANT_can_rqcp_written_zero
	CAN_TSR &= ~(uint32_t)RQCP0;
	CHECK(!(CAN_TSR & RQCP0));
#else
	CAN_TSR = RQCP0;
	CHECK(!(CAN_TSR & 0xF));
#endif
	can_put(0, standard(0x55), 0, 0);
	can_wait(&CAN_TSR, RQCP0);
}

#define DWT_CYCCNT REG(0xE0001004)

/* SOF to EOF of an extended frame with 8 zero bytes and of one without long runs: stuff bits cost time. */
static uint32_t frame_time(uint32_t id, uint32_t data)
{
	uint32_t begin;

	start(0);
	CAN_TDTR(0) = 8;
	CAN_TDLR(0) = data;
	CAN_TDHR(0) = data;
	begin = DWT_CYCCNT;
	CAN_TIR(0) = extended(id) | TXRQ;
	while (!(CAN_TSR & RQCP0))
		;
	return (DWT_CYCCNT - begin) / 576; /* bits of 8 us at 72 MHz */
}

CASE(can_stuff_bits_take_time)
{
	uint32_t plain = frame_time(0x15555555, 0x55555555);

#ifdef MUTANT_can_same_pattern
	CHECK(frame_time(0x15555555, 0x55555555) >= plain + 10);
#else
	CHECK(frame_time(0x00000000, 0x00000000) >= plain + 10);
#endif
	CHECK(plain >= 131 && plain <= 140); /* 128 and the gap, and few stuff bits */
}

static void on_can(void)
{
	interrupts++;
	CAN_RF0R = 0x20;
	CAN_TSR = RQCP0;
}

CASE(can_receive_interrupt)
{
	start(0);
	interrupts = 0;
	handler_set(16 + IRQ_CAN_RX0, on_can);
	irq_enable(IRQ_CAN_RX0);
#ifndef MUTANT_can_fmpie_missing
	CAN_IER = 2;
#endif
	can_put(0, standard(0x55), 0, 0);
	delay_us(2000);
	CAN_IER = 0;
	CHECK(interrupts == 1);
}

CASE(can_transmit_interrupt)
{
	start(0);
	interrupts = 0;
	handler_set(16 + IRQ_CAN_TX, on_can);
	irq_enable(IRQ_CAN_TX);
#ifndef MUTANT_can_tmeie_missing
	CAN_IER = 1;
#endif
	can_put(0, standard(0x55), 0, 0);
	delay_us(2000);
	CAN_IER = 0;
	CHECK(interrupts == 1);
}

int main(void)
{
	clock_72();
	console_start();
	vectors_to_ram();
	can_pins();
	RUN(can_leaves_sleep_for_init);
	RUN(can_timing_only_in_init);
	RUN(can_no_filter_nothing_received);
	RUN(can_filter_init_blocks_reception);
	RUN(can_filter_fixed_while_active);
	RUN(can_filter_mask_32);
	RUN(can_filter_list_32);
	RUN(can_filter_mask_16);
	RUN(can_filter_list_16);
	RUN(can_filter_number_and_fifo);
	RUN(can_received_registers);
	RUN(can_fifo_released_by_rfom);
	RUN(can_fifo_overrun_overwrites);
	RUN(can_fifo_locked_keeps);
	RUN(can_lowest_identifier_first);
	RUN(can_request_order_with_txfp);
	RUN(can_busy_mailbox_keeps_its_frame);
	RUN(can_rqcp_cleared_by_one);
	RUN(can_stuff_bits_take_time);
	RUN(can_receive_interrupt);
	RUN(can_transmit_interrupt);
	test_end();
}
