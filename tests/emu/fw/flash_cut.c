/* Power cuts inside flash operations: each life of this program is cut in one, and the next looks at what it
 * left. What must outlive the power stands in pages of its own. */
#include "test.h"

enum {
	STEPS = 0x08000000 + 49 * 1024,       /* a half-word for each life that is over */
	LOG = 0x08000000 + 50 * 1024,         /* a record: value, its complement as check */
	PAGE = 0x08000000 + 51 * 1024,        /* a page with a head: "erased to the end" */
	BAD_PROGRAM = 0x08000000 + 52 * 1024, /* the line at which a life was not content ... */
	BAD_ERASE = BAD_PROGRAM + 2,          /* ... 0xFFFF: all were */
	HEAD = 0x4A93,
	RECORD = 0x1234,
	NOTHING = 0,
	ALL = 1,
	RANDOM = 2,
	PART = 3,
	BSY = 1
};

static void wait(void)
{
	__asm volatile("dsb\n\tisb\n\tnop" ::: "memory");
	while (FLASH_SR & BSY)
		;
	FLASH_CR = 0;
}

static void program(uint32_t at, uint16_t value)
{
	FLASH_CR = 1;
	REG16(at) = value;
	wait();
}

static void erase(uint32_t page)
{
	FLASH_CR = 2;
	FLASH_AR = page;
	FLASH_CR = 0x42;
	wait();
}

static void cut_next(unsigned kind)
{
	static const char *const line[] = {"CUT 0\n", "CUT 1\n", "CUT 2\n", "CUT 3\n"};

	console_put(line[kind]);
}

/* Lives that are over; the one that begins now is the next. */
static unsigned lives(void)
{
	unsigned n = 0;

	while (REG16(STEPS + 2 * n) == 0)
		n++;
	return n;
}

static void life_ends(void)
{
	program(STEPS + 2 * lives(), 0);
}

/* A failure is kept for the last life, which tells it. */
#define EXPECT(bad, condition)                                                                     \
	do {                                                                                       \
		if (!(condition) && REG16(bad) == 0xFFFF)                                          \
			program(bad, __LINE__);                                                    \
	} while (0)

/* ---- a half-word ---- */

static void write_record(unsigned kind)
{
	erase(LOG);
	life_ends();
	cut_next(kind);
	program(LOG, RECORD);
	program(LOG + 2, (uint16_t)~RECORD);
}

/* The record's value, 0 when there is none. */
static uint16_t read_record(void)
{
	uint16_t value = REG16(LOG);

#ifdef MUTANT_flash_no_check_of_a_record
	return value == 0xFFFF ? 0 : value;
#else
	return REG16(LOG + 2) == (uint16_t)~value ? value : 0;
#endif
}

/* What stands there is between 0xFFFF and the record: bits only ever went to 0. */
static void after_program(unsigned kind)
{
	uint16_t value = REG16(LOG);

	EXPECT(BAD_PROGRAM, (value & RECORD) == RECORD && REG16(LOG + 2) == 0xFFFF);
	EXPECT(BAD_PROGRAM, kind != NOTHING || value == 0xFFFF);
	EXPECT(BAD_PROGRAM, kind != ALL || value == RECORD);
	EXPECT(BAD_PROGRAM, kind != PART || value == (0xFF00 | (RECORD & 0xFF)));
	EXPECT(BAD_PROGRAM, kind != RANDOM || (value != 0xFFFF && value != RECORD));
	EXPECT(BAD_PROGRAM, read_record() == 0);
}

/* ---- a page ---- */

static void fill_page(void)
{
	erase(PAGE);
	for (uint32_t at = PAGE + 2; at < PAGE + 1024; at += 2)
		program(at, 0x5A5A);
	program(PAGE, HEAD);
}

static void erase_page(unsigned kind)
{
	fill_page();
	life_ends();
#ifndef MUTANT_flash_head_not_burnt
	program(PAGE, 0);
#endif
	cut_next(kind);
	erase(PAGE);
	program(PAGE, HEAD);
}

static unsigned blank(void)
{
	unsigned n = 0;

	for (uint32_t at = PAGE + 2; at < PAGE + 1024; at += 2)
		n += REG16(at) == 0xFFFF;
	return n;
}

/* Takes the page into use: without its head it must be erased before. */
static void use_page(void)
{
	if (REG16(PAGE) != HEAD) {
		erase(PAGE);
		program(PAGE, HEAD);
	}
	program(PAGE + 1022, 0x7777);
}

static void after_erase(unsigned kind)
{
	unsigned n = blank();

	EXPECT(BAD_ERASE, kind != NOTHING || n == 0);
	EXPECT(BAD_ERASE, kind != ALL || n == 511);
	EXPECT(BAD_ERASE, kind < RANDOM || (n > 0 && n < 511));
	use_page();
	EXPECT(BAD_ERASE, REG16(PAGE + 1022) == 0x7777);
}

/* ---- lives ---- */

static void judge(uint32_t bad)
{
	if (lives() < 8)
		test_failed(__LINE__); /* an operation went through that power should have ended */
	if (REG16(bad) != 0xFFFF)
		test_failed(REG16(bad));
}

CASE(flash_torn_program)
{
	judge(BAD_PROGRAM);
}

CASE(flash_torn_erase)
{
	judge(BAD_ERASE);
}

int main(void)
{
	unsigned life;

	console_start();
	FLASH_KEYR = 0x45670123;
	FLASH_KEYR = 0xCDEF89AB;
	life = lives();
	if (life > 0 && life <= 4)
		after_program(life - 1);
	if (life > 4)
		after_erase(life - 5);
	if (life < 4)
		write_record(life);
	else if (life < 8)
		erase_page(life - 4);
	RUN(flash_torn_program);
	RUN(flash_torn_erase);
	test_end();
}
