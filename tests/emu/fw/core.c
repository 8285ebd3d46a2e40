/* Self-test of the core: runs here and on qemu-system-arm (stm32vldiscovery) and must print the
 * same lines. Uses nothing of the chip but USART1. */
#include "test.h"

static volatile uint32_t trace[16], traced, high_ran, low_ran, seen;

static uint32_t ipsr(void)
{
	uint32_t value;

	__asm volatile("mrs %0, ipsr" : "=r"(value));
	return value;
}

static void note(uint32_t value)
{
	trace[traced++ & 15] = value;
}

static void spin(int n)
{
	for (volatile int i = 0; i < n; i++)
		;
}

static void high_handler(void)
{
	high_ran++;
	note(ipsr());
}

static void low_handler(void)
{
	note(ipsr());
	irq_pend(IRQ_USART1);
	spin(20);
	note(0x100 + high_ran);
	low_ran++;
	__asm volatile(
	        "cpsid i\n\tcpsie i"); /* rebuilds flags in handler mode, where emulators slip */
}

static void two_handlers(unsigned high, unsigned low)
{
	traced = high_ran = low_ran = 0;
	handler_set(16 + IRQ_USART1, high_handler);
	handler_set(16 + IRQ_USART2, low_handler);
	NVIC_IPR(IRQ_USART1) = (uint8_t)high;
	NVIC_IPR(IRQ_USART2) = (uint8_t)low;
	irq_enable(IRQ_USART1);
	irq_enable(IRQ_USART2);
}

CASE(nvic_preempts)
{
#ifdef MUTANT_nvic_same_priority
	two_handlers(0x80, 0x80);
#else
	two_handlers(0x40, 0x80);
#endif
	irq_pend(IRQ_USART2);
	spin(50);
	CHECK(traced == 3 && trace[0] == 54 && trace[1] == 53 && trace[2] == 0x101);
}

CASE(nvic_priority_group)
{
	two_handlers(0x40, 0x80);
#ifndef MUTANT_nvic_no_group
	SCB_AIRCR = 0x05FA0000 | 7U << 8; /* all bits are subpriority: nobody preempts */
#endif
	irq_pend(IRQ_USART2);
	spin(50);
	SCB_AIRCR = 0x05FA0000;
	CHECK(trace[0] == 54 && trace[1] == 0x100 && trace[2] == 53);
}

CASE(nvic_disabled_irq_waits)
{
	two_handlers(0x40, 0x80);
#ifndef MUTANT_nvic_not_disabled
	irq_disable(IRQ_USART1);
#endif
	irq_pend(IRQ_USART1);
	spin(20);
	CHECK(high_ran == 0 && (NVIC_ISPR(1) & 1U << 5));
	NVIC_ICPR(1) = 1U << 5;
	irq_enable(IRQ_USART1);
	spin(20);
	CHECK(high_ran == 0);
}

CASE(primask_holds_back)
{
	two_handlers(0x40, 0x80);
#ifndef MUTANT_primask_open
	__asm volatile("cpsid i");
#endif
	irq_pend(IRQ_USART1);
	spin(20);
	CHECK(high_ran == 0);
	__asm volatile("cpsie i");
	spin(5);
	CHECK(high_ran == 1);
}

CASE(basepri_masks_less_urgent)
{
	two_handlers(0x40, 0x80);
#ifdef MUTANT_basepri_too_low
	__asm volatile("msr basepri, %0" ::"r"(0x90));
#else
	__asm volatile("msr basepri, %0" ::"r"(0x60));
#endif
	irq_pend(IRQ_USART2);
	irq_pend(IRQ_USART1);
	spin(50);
	CHECK(high_ran == 1 && low_ran == 0);
	__asm volatile("msr basepri, %0" ::"r"(0));
	spin(50);
	CHECK(low_ran == 1 && ipsr() == 0);
}

static void note_exception(void)
{
	seen = ipsr();
}

CASE(svc_enters)
{
	seen = 0;
	handler_set(11, note_exception);
#ifndef MUTANT_svc_missing
	__asm volatile("svc 0");
#endif
	CHECK(seen == 11);
}

CASE(pendsv_waits_for_its_turn)
{
	seen = 0;
	handler_set(14, note_exception);
	SCB_SHPR(14) = 0xF0;
	__asm volatile("cpsid i");
	SCB_ICSR = 1U << 28;
	spin(5);
	CHECK(seen == 0 && (SCB_ICSR & 1U << 28));
#ifdef MUTANT_pendsv_cleared
	SCB_ICSR = 1U << 27;
#endif
	__asm volatile("cpsie i\n\tisb");
	CHECK(seen == 14);
}

static void systick_handler(void)
{
	seen++;
}

CASE(systick_interrupts)
{
	seen = 0;
	handler_set(15, systick_handler);
	SYST_RVR = 999;
	SYST_CVR = 0;
#ifdef MUTANT_systick_no_tickint
	SYST_CSR = 5;
#else
	SYST_CSR = 7;
#endif
	for (uint32_t i = 0; i < 5000000 && seen < 3; i++)
		spin(1);
	SYST_CSR = 0;
	CHECK(seen >= 3);
}

CASE(wfi_wakes_under_primask)
{
	handler_set(15, systick_handler);
	seen = 0;
	SYST_RVR = 20000;
	SYST_CVR = 0;
	__asm volatile("cpsid i");
#ifdef MUTANT_wfi_without_tick
	SYST_CSR = 5;
#else
	SYST_CSR = 7;
#endif
	__asm volatile("wfi");
	CHECK(seen == 0); /* woken, but masked */
	__asm volatile("cpsie i\n\tisb");
	CHECK(seen >= 1);
	SYST_CSR = 0;
}

/* All registers that a handler may spoil come back; interrupted in the middle of a loop. */
static uint32_t registers_kept(void)
{
	uint32_t result;

	__asm volatile(
	        "push {r4-r7}\n\t"
	        "movs r0, #1\n\tmovs r1, #2\n\tmovs r2, #3\n\tmovs r3, #4\n\tmovs r4, #5\n\tmov r12, r4\n\t"
	        "movs r5, #0\n\tldr r6, =0xE000E204\n\tmovs r7, #0x20\n\tstr r7, [r6]\n"
	        "1:\tadds r5, #1\n\tcmp r5, #100\n\tbne 1b\n\t"
	        "add r0, r1\n\tadd r0, r2\n\tadd r0, r3\n\tadd r0, r4\n\tadd r0, r12\n\tadd r0, r5\n\t"
	        "pop {r4-r7}\n\tmov %0, r0"
	        : "=r"(result)
	        :
	        : "r0", "r1", "r2", "r3", "r12", "cc", "memory");
	return result;
}

#ifdef MUTANT_handler_spoils_r4
__attribute__((naked)) static void spoiling_handler(void)
{
	__asm volatile("movs r4, #99\n\tbx lr"); /* r4 is the handler's to save */
}
#endif

CASE(exception_keeps_registers)
{
	two_handlers(0x40, 0x80);
#ifdef MUTANT_handler_spoils_r4
	handler_set(16 + IRQ_USART1, spoiling_handler);
#endif
	CHECK(registers_kept() == 1 + 2 + 3 + 4 + 5 + 5 + 100);
}

static uint32_t process_stack[64] __attribute__((aligned(8)));
static volatile uint32_t frame_on_psp;

static void look_at_psp(void)
{
	uint32_t psp;

	__asm volatile("mrs %0, psp" : "=r"(psp));
	frame_on_psp = psp > (uint32_t)(uintptr_t)process_stack &&
	               psp < (uint32_t)(uintptr_t)(process_stack + 64) - 16;
}

CASE(process_stack_gets_the_frame)
{
	frame_on_psp = 0;
	handler_set(11, look_at_psp);
	__asm volatile("msr psp, %0" ::"r"(process_stack + 64));
#ifdef MUTANT_psp_not_selected
	__asm volatile(
	        "movs r0, #0\n\tmsr control, r0\n\tisb\n\tsvc 0\n\tmovs r0, #0\n\tmsr control, r0\n\tisb" ::
	                : "r0", "memory");
#else
	__asm volatile(
	        "movs r0, #2\n\tmsr control, r0\n\tisb\n\tsvc 0\n\tmovs r0, #0\n\tmsr control, r0\n\tisb" ::
	                : "r0", "memory");
#endif
	CHECK(frame_on_psp);
}

static volatile uint32_t fault_pc, fault_cfsr, fault_hfsr, fault_number;

/* Steps over the faulting instruction: 2 or 4 bytes by its first half-word. */
__attribute__((used)) static void fault_note(uint32_t *frame)
{
	uint16_t first = REG16(frame[6]);

	fault_pc = frame[6];
	fault_cfsr = SCB_CFSR;
	fault_hfsr = SCB_HFSR;
	fault_number = ipsr();
	SCB_CFSR = fault_cfsr;
	SCB_HFSR = fault_hfsr;
	frame[6] += (first >> 11) >= 0x1D ? 4 : 2;
}

__attribute__((naked)) static void fault_handler(void)
{
	__asm volatile("mov r0, sp\n\tb fault_note");
}

CASE(undefined_instruction_is_a_hard_fault)
{
	fault_number = 0;
	handler_set(3, fault_handler);
#ifdef MUTANT_undefined_is_nop
	__asm volatile("nop");
#else
	__asm volatile("udf #0");
#endif
	CHECK(fault_number == 3 && (fault_cfsr & 1U << 16) && (fault_hfsr & 1U << 30));
}

CASE(usage_fault_when_enabled)
{
	fault_number = 0;
	handler_set(6, fault_handler);
#ifndef MUTANT_usage_fault_not_enabled
	SCB_SHCSR = 1U << 18;
#endif
	__asm volatile("udf #1");
	SCB_SHCSR = 0;
	CHECK(fault_number == 6);
}

CASE(bad_address_faults)
{
	fault_number = 0;
	handler_set(3, fault_handler);
#ifdef MUTANT_good_address
	__asm volatile("ldr r0, [%0]" ::"r"(0x20000000) : "r0");
#else
	__asm volatile("ldr r0, [%0]" ::"r"(0x60000000) : "r0");
#endif
	CHECK(fault_number == 3 && (fault_cfsr & 1U << 9));
}

/* Lines of two runs are compared, so each says what it saw, not only that it was right. */
static volatile uint32_t product;

CASE(arithmetic)
{
	volatile uint32_t a = 0x89ABCDEF, b = 37;
	uint64_t wide = (uint64_t)a * b;

#ifdef MUTANT_unsigned_shift
	CHECK((int32_t)(a >> 4) == (int32_t)0xF89ABCDE);
#else
	CHECK((int32_t)a >> 4 == (int32_t)0xF89ABCDE);
#endif
	CHECK((uint32_t)(wide >> 32) == 19 && a / b == 62425350 && a % b == 17);
	CHECK((int32_t)a / -(int32_t)b == 53654846);
	CHECK(__builtin_clz(b) == 26 && __builtin_bswap32(a) == 0xEFCDAB89);
	product = (uint32_t)wide;
}

CASE(bit_fields_and_saturation)
{
	uint32_t field, saturated;

	__asm volatile("ubfx %0, %1, #4, #8" : "=r"(field) : "r"(0x12345678));
#ifdef MUTANT_saturates_wider
	__asm volatile("ssat %0, #9, %1" : "=r"(saturated) : "r"(1000));
#else
	__asm volatile("ssat %0, #8, %1" : "=r"(saturated) : "r"(1000));
#endif
	CHECK(field == 0x67 && saturated == 127);
}

CASE(vector_table_moves)
{
	seen = 0;
#ifdef MUTANT_vtor_stays
	SCB_VTOR = 0x08000000;
	handler_set(11, note_exception);
	CHECK(SCB_VTOR != 0x08000000);
#else
	handler_set(11, note_exception);
	CHECK(SCB_VTOR >= 0x20000000);
	__asm volatile("svc 1");
	CHECK(seen == 11);
#endif
}

int main(void)
{
	console_start();
	vectors_to_ram();
	RUN(nvic_preempts);
	RUN(nvic_priority_group);
	RUN(nvic_disabled_irq_waits);
	RUN(primask_holds_back);
	RUN(basepri_masks_less_urgent);
	RUN(svc_enters);
	RUN(pendsv_waits_for_its_turn);
	RUN(systick_interrupts);
	RUN(wfi_wakes_under_primask);
	RUN(exception_keeps_registers);
	RUN(process_stack_gets_the_frame);
	RUN(undefined_instruction_is_a_hard_fault);
	RUN(usage_fault_when_enabled);
	RUN(bad_address_faults);
	RUN(arithmetic);
	RUN(bit_fields_and_saturation);
	RUN(vector_table_moves);
	test_end();
}
