/* Start-up and the small support of the test programs. */
#include "test.h"

extern uint32_t data_load, data_start, data_end, bss_start, bss_end, stack_top;
int main(void);
void reset_handler(void);

static uint32_t failed_line;
static handler ram_vectors[16 + 60] __attribute__((aligned(512)));

static void stop(void)
{
	console_put("FAIL unexpected-exception\nDONE\n");
	for (;;)
		;
}

__attribute__((section(".vectors"), used)) static const handler vectors[16 + 60] = {
        (handler)(uintptr_t)&stack_top, reset_handler, [2 ... 75] = stop};

void reset_handler(void)
{
	uint32_t *from = &data_load;

	for (uint32_t *to = &data_start; to < &data_end;)
		*to++ = *from++;
	for (uint32_t *to = &bss_start; to < &bss_end;)
		*to++ = 0;
	main();
	for (;;)
		;
}

void vectors_to_ram(void)
{
	for (unsigned i = 0; i < 16 + 60; i++)
		ram_vectors[i] = vectors[i];
	SCB_VTOR = (uint32_t)(uintptr_t)ram_vectors;
}

void handler_set(unsigned exception, handler h)
{
	ram_vectors[exception] = h;
}

static bool at_72(void)
{
	return (RCC_CFGR & 0xC) == 8;
}

void console_start(void)
{
	RCC_APB2ENR |= 1U << 14 | 1U << 2;
	GPIO(0, CRH) = (GPIO(0, CRH) & ~0xF0U) | 0xB0U; /* PA9 alternate push-pull */
	USART_BRR(USART1) = at_72() ? 625 : 69;
	USART_CR1(USART1) = 0x2008;
}

void console_put(const char *text)
{
	for (; *text; text++) {
		while (!(USART_SR(USART1) & 0x80))
			;
		USART_DR(USART1) = (uint8_t)*text;
	}
	while (!(USART_SR(USART1) & 0x40)) /* read SR, so the last write of DR cleared TC */
		;
}

static void put_number(uint32_t n)
{
	char text[12];
	unsigned i = sizeof text - 1;

	text[i] = '\0';
	do {
		text[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	console_put(text + i);
}

void test_failed(int line)
{
	if (failed_line == 0)
		failed_line = (uint32_t)line;
}

void test_run(const char *name, void (*body)(void))
{
	failed_line = 0;
	body();
	console_put(failed_line ? "FAIL " : "PASS ");
	console_put(name);
	if (failed_line) {
		console_put(" ");
		put_number(failed_line);
	}
	console_put("\n");
}

_Noreturn void test_end(void)
{
	console_put("DONE\n");
	for (;;)
		;
}

void clock_72(void)
{
	RCC_CR |= 1U << 16;
	while (!(RCC_CR & 1U << 17))
		;
	FLASH_ACR = 0x12;
	RCC_CFGR = 7U << 18 | 1U << 16 | 4U << 8;
	RCC_CR |= 1U << 24;
	while (!(RCC_CR & 1U << 25))
		;
	RCC_CFGR |= 2;
	while ((RCC_CFGR & 0xC) != 8)
		;
}

void delay_us(uint32_t us)
{
	uint32_t cycles = us * (at_72() ? 72 : 8);

	while (cycles) {
		uint32_t part = cycles > 0x800000 ? 0x800000 : cycles;

		SYST_RVR = part - 1;
		SYST_CVR = 0;
		SYST_CSR = 5;
		while (!(SYST_CSR & 1U << 16))
			;
		SYST_CSR = 0;
		cycles -= part;
	}
}

unsigned board_number(void)
{
	return UID_BYTE(0);
}
