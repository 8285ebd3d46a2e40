/* Registers of the STM32F103 by address, for the emulator's test programs. Written apart from the
 * firmware's header on purpose: two hands, one manual (RM0008, PM0056, PM0075). */
#ifndef TESTS_EMU_FW_REGS_H
#define TESTS_EMU_FW_REGS_H

#include <stdint.h>

#define REG(a)   (*(volatile uint32_t *)(a))
#define REG16(a) (*(volatile uint16_t *)(a))
#define REG8(a)  (*(volatile uint8_t *)(a))

#define RCC_CR       REG(0x40021000)
#define RCC_CFGR     REG(0x40021004)
#define RCC_CIR      REG(0x40021008)
#define RCC_APB2RSTR REG(0x4002100C)
#define RCC_APB1RSTR REG(0x40021010)
#define RCC_APB2ENR  REG(0x40021018)
#define RCC_APB1ENR  REG(0x4002101C)
#define RCC_BDCR     REG(0x40021020)
#define RCC_CSR      REG(0x40021024)

#define FLASH_ACR  REG(0x40022000)
#define FLASH_KEYR REG(0x40022004)
#define FLASH_SR   REG(0x4002200C)
#define FLASH_CR   REG(0x40022010)
#define FLASH_AR   REG(0x40022014)

#define GPIO(port, offset) REG(0x40010800 + 0x400 * (port) + (offset))

enum { CRL = 0, CRH = 4, IDR = 8, ODR = 12, BSRR = 16, BRR = 20 };

#define AFIO_MAPR REG(0x40010004)

#define USART1       0x40013800
#define USART2       0x40004400
#define USART3       0x40004800
#define USART_SR(u)  REG((u) + 0)
#define USART_DR(u)  REG((u) + 4)
#define USART_BRR(u) REG((u) + 8)
#define USART_CR1(u) REG((u) + 12)
#define USART_CR2(u) REG((u) + 16)
#define USART_CR3(u) REG((u) + 20)

#define CAN(offset)     REG(0x40006400 + (offset))
#define CAN_MCR         CAN(0x000)
#define CAN_MSR         CAN(0x004)
#define CAN_TSR         CAN(0x008)
#define CAN_RF0R        CAN(0x00C)
#define CAN_RF1R        CAN(0x010)
#define CAN_IER         CAN(0x014)
#define CAN_ESR         CAN(0x018)
#define CAN_BTR         CAN(0x01C)
#define CAN_TIR(n)      CAN(0x180 + 16 * (n))
#define CAN_TDTR(n)     CAN(0x184 + 16 * (n))
#define CAN_TDLR(n)     CAN(0x188 + 16 * (n))
#define CAN_TDHR(n)     CAN(0x18C + 16 * (n))
#define CAN_RIR(n)      CAN(0x1B0 + 16 * (n))
#define CAN_RDTR(n)     CAN(0x1B4 + 16 * (n))
#define CAN_RDLR(n)     CAN(0x1B8 + 16 * (n))
#define CAN_RDHR(n)     CAN(0x1BC + 16 * (n))
#define CAN_FMR         CAN(0x200)
#define CAN_FM1R        CAN(0x204)
#define CAN_FS1R        CAN(0x20C)
#define CAN_FFA1R       CAN(0x214)
#define CAN_FA1R        CAN(0x21C)
#define CAN_FR(bank, n) CAN(0x240 + 8 * (bank) + 4 * (n))

#define IWDG_KR  REG(0x40003000)
#define IWDG_PR  REG(0x40003004)
#define IWDG_RLR REG(0x40003008)
#define IWDG_SR  REG(0x4000300C)

#define RTC_CRH   REG(0x40002800)
#define RTC_CRL   REG(0x40002804)
#define RTC_PRLH  REG(0x40002808)
#define RTC_PRLL  REG(0x4000280C)
#define RTC_CNTH  REG(0x40002818)
#define RTC_CNTL  REG(0x4000281C)
#define RTC_ALRH  REG(0x40002820)
#define RTC_ALRL  REG(0x40002824)
#define BKP_DR(n) REG(0x40006C00 + 4 * (n)) /* n = 1..10 */
#define PWR_CR    REG(0x40007000)

#define SYST_CSR            REG(0xE000E010)
#define SYST_RVR            REG(0xE000E014)
#define SYST_CVR            REG(0xE000E018)
#define NVIC_ISER(n)        REG(0xE000E100 + 4 * (n))
#define NVIC_ICER(n)        REG(0xE000E180 + 4 * (n))
#define NVIC_ISPR(n)        REG(0xE000E200 + 4 * (n))
#define NVIC_ICPR(n)        REG(0xE000E280 + 4 * (n))
#define NVIC_IPR(n)         REG8(0xE000E400 + (n))
#define SCB_ICSR            REG(0xE000ED04)
#define SCB_VTOR            REG(0xE000ED08)
#define SCB_AIRCR           REG(0xE000ED0C)
#define SCB_SCR             REG(0xE000ED10)
#define SCB_SHPR(exception) REG8(0xE000ED18 + (exception)-4)
#define SCB_SHCSR           REG(0xE000ED24)
#define SCB_CFSR            REG(0xE000ED28)
#define SCB_HFSR            REG(0xE000ED2C)
#define DBGMCU_IDCODE       REG(0xE0042000)
#define UID_BYTE(n)         REG8(0x1FFFF7E8 + (n))
#define FLASH_SIZE_KB       REG16(0x1FFFF7E0)

enum {
	IRQ_RTC = 3,
	IRQ_FLASH = 4,
	IRQ_CAN_TX = 19,
	IRQ_CAN_RX0 = 20,
	IRQ_CAN_RX1 = 21,
	IRQ_CAN_SCE = 22,
	IRQ_USART1 = 37,
	IRQ_USART2 = 38,
	IRQ_USART3 = 39
};

static inline void irq_enable(unsigned n)
{
	NVIC_ISER(n / 32) = 1U << n % 32;
}

static inline void irq_disable(unsigned n)
{
	NVIC_ICER(n / 32) = 1U << n % 32;
	__asm volatile("dsb\n\tisb" ::: "memory");
}

static inline void irq_pend(unsigned n)
{
	NVIC_ISPR(n / 32) = 1U << n % 32;
	__asm volatile("dsb\n\tisb" ::: "memory");
}
#endif
