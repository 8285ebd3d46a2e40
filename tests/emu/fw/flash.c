/* Flash controller. Page 50 is free, pages 60..63 are write-protected on the test board. */
#include "test.h"

enum {
	PAGE = 0x08000000 + 50 * 1024,
	PROTECTED_PAGE = 0x08000000 + 60 * 1024,
	PGERR = 4,
	WRPRTERR = 16,
	EOP = 32,
	BSY = 1
};

#define DWT_CYCCNT REG(0xE0001004)

static volatile uint32_t faults, interrupts;

__attribute__((used)) static void skip_fault(uint32_t *frame)
{
	faults++;
	SCB_CFSR = SCB_CFSR;
	SCB_HFSR = SCB_HFSR;
	(void)frame; /* imprecise: PC is behind the store already */
}

__attribute__((naked)) static void fault_handler(void)
{
	__asm volatile("mov r0, sp\n\tb skip_fault");
}

static void barrier(void)
{
	__asm volatile("dsb\n\tisb\n\tnop" ::: "memory");
}

static void unlock(void)
{
	if (FLASH_CR & 0x80) {
		FLASH_KEYR = 0x45670123;
		FLASH_KEYR = 0xCDEF89AB;
	}
}

static void lock(void)
{
	FLASH_CR = 0x80;
}

static void erase(uint32_t page)
{
	unlock();
	FLASH_CR = 2;
	FLASH_AR = page;
	FLASH_CR = 0x42;
	while (FLASH_SR & BSY)
		;
	FLASH_CR = 0;
}

static void program(uint32_t at, uint16_t value)
{
	FLASH_CR = 1;
	REG16(at) = value;
	barrier();
	while (FLASH_SR & BSY)
		;
	FLASH_CR = 0;
}

CASE(flash_programs_half_words)
{
	erase(PAGE);
	faults = 0;
	FLASH_CR = 1;
#ifdef MUTANT_flash_word_store
	REG(PAGE) = 0x12345678;
#else
	REG16(PAGE) = 0x5678;
	while (FLASH_SR & BSY)
		;
	REG16(PAGE + 2) = 0x1234;
#endif
	barrier();
	FLASH_CR = 0;
	CHECK(faults == 0 && REG(PAGE) == 0x12345678);
}

CASE(flash_must_be_unlocked)
{
	erase(PAGE);
	lock();
	faults = 0;
#ifndef MUTANT_flash_not_unlocked
	unlock();
#endif
	FLASH_CR = 1;
	REG16(PAGE) = 0x1111;
	barrier();
	CHECK(faults == 0 && REG16(PAGE) == 0x1111);
	unlock();
	FLASH_CR = 0;
}

CASE(flash_needs_pg)
{
	erase(PAGE);
	faults = 0;
#ifndef MUTANT_flash_pg_missing
	FLASH_CR = 1;
#endif
	REG16(PAGE) = 0x2222;
	barrier();
	FLASH_CR = 0;
	CHECK(faults == 0 && REG16(PAGE) == 0x2222);
}

CASE(flash_only_into_erased)
{
	erase(PAGE);
	program(PAGE, 0x00FF);
#ifdef MUTANT_flash_clears_bits_later
	program(PAGE, 0x000F); /* fewer ones, and yet refused */
	CHECK(REG16(PAGE) == 0x000F);
#else
	program(PAGE, 0x0F0F);
	CHECK((FLASH_SR & PGERR) && REG16(PAGE) == 0x00FF);
#endif
	FLASH_SR = PGERR;
	CHECK(!(FLASH_SR & PGERR));
}

CASE(flash_zero_goes_anywhere)
{
	erase(PAGE);
	program(PAGE, 0x1234);
#ifdef MUTANT_flash_marks_with_one
	program(PAGE, 0x0001);
#else
	program(PAGE, 0x0000);
#endif
	CHECK(!(FLASH_SR & PGERR) && REG16(PAGE) == 0);
	FLASH_SR = PGERR;
}

CASE(flash_erase_takes_one_page)
{
	erase(PAGE);
	erase(PAGE + 1024);
	program(PAGE + 1022, 0x1111);
	program(PAGE + 1024, 0x2222);
#ifdef MUTANT_flash_erases_next_page
	erase(PAGE + 1024);
#else
	erase(PAGE);
#endif
	CHECK(REG16(PAGE + 1022) == 0xFFFF && REG16(PAGE + 1024) == 0x2222);
}

CASE(flash_write_protection)
{
	uint32_t target = PROTECTED_PAGE;

	unlock();
#ifdef MUTANT_flash_page_not_protected
	target = PAGE;
	erase(PAGE);
#endif
	program(target, 0x1234);
	CHECK((FLASH_SR & WRPRTERR) && REG16(target) == 0xFFFF);
	FLASH_SR = WRPRTERR;
}

/* The core fetches from flash, so it stands still: 40 ms pass between two instructions. */
CASE(flash_erase_stalls_the_core)
{
	uint32_t before, cycles;

	unlock();
	before = DWT_CYCCNT;
	FLASH_CR = 2;
	FLASH_AR = PAGE;
#ifdef MUTANT_flash_start_missing
	FLASH_CR = 2;
#else
	FLASH_CR = 0x42;
#endif
	barrier();
	cycles = DWT_CYCCNT - before;
	CHECK(cycles >= 40 * 8000 && cycles < 41 * 8000);
	FLASH_CR = 0;
}

/* From RAM the core goes on and sees BSY. */
__attribute__((section(".ramcode"), noinline, long_call)) static uint32_t erase_from_ram(void)
{
	uint32_t seen = 0;

	FLASH_CR = 2;
	FLASH_AR = PAGE;
	FLASH_CR = 0x42;
	while (FLASH_SR & BSY)
		seen++;
	FLASH_CR = 0;
	return seen;
}

CASE(flash_busy_seen_from_ram)
{
	unlock();
#ifdef MUTANT_flash_looks_from_flash
	{
		uint32_t seen = 0;

		FLASH_CR = 2;
		FLASH_AR = PAGE;
		FLASH_CR = 0x42;
		barrier();
		while (FLASH_SR & BSY)
			seen++;
		CHECK(seen > 100);
	}
#else
	CHECK(erase_from_ram() > 100);
#endif
}

CASE(flash_program_time)
{
	uint32_t before, cycles;

	erase(PAGE);
	before = DWT_CYCCNT;
#ifdef MUTANT_flash_counts_on_speed
	for (uint32_t i = 0; i < 2; i++)
#else
	for (uint32_t i = 0; i < 8; i++)
#endif
		program(PAGE + 2 * i, (uint16_t)i);
	cycles = DWT_CYCCNT - before;
	CHECK(cycles > 8 * 420 && cycles < 8 * 500); /* 52.5 us each at 8 MHz */
}

static void on_flash(void)
{
	interrupts++;
	FLASH_SR = EOP;
}

CASE(flash_end_of_operation_interrupt)
{
	interrupts = 0;
	handler_set(16 + IRQ_FLASH, on_flash);
	irq_enable(IRQ_FLASH);
	erase(PAGE);
	FLASH_SR = EOP;
#ifdef MUTANT_flash_eopie_missing
	FLASH_CR = 1;
#else
	FLASH_CR = 0x1001;
#endif
	REG16(PAGE) = 1;
	barrier();
	FLASH_CR = 0;
	CHECK(interrupts == 1);
}

CASE(flash_wrong_key_locks_until_reset)
{
	lock();
	faults = 0;
#ifdef MUTANT_flash_key_order
	FLASH_KEYR = 0xCDEF89AB;
	FLASH_KEYR = 0x45670123;
#else
	FLASH_KEYR = 0x45670123;
	FLASH_KEYR = 0xCDEF89AB;
#endif
	barrier();
	CHECK(faults == 0 && !(FLASH_CR & 0x80));
	lock();
	FLASH_KEYR = 0x11111111;
	barrier();
	CHECK(faults == 1);
	FLASH_KEYR = 0x45670123;
	barrier();
	FLASH_KEYR = 0xCDEF89AB;
	barrier();
	CHECK(FLASH_CR & 0x80);
}

int main(void)
{
	console_start();
	vectors_to_ram();
	handler_set(3, fault_handler);
	RUN(flash_programs_half_words);
	RUN(flash_must_be_unlocked);
	RUN(flash_needs_pg);
	RUN(flash_only_into_erased);
	RUN(flash_zero_goes_anywhere);
	RUN(flash_erase_takes_one_page);
	RUN(flash_write_protection);
	RUN(flash_erase_stalls_the_core);
	RUN(flash_busy_seen_from_ram);
	RUN(flash_program_time);
	RUN(flash_end_of_operation_interrupt);
	RUN(flash_wrong_key_locks_until_reset);
	test_end();
}
