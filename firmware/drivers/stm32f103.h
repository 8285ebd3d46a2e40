/* The registers of the STM32F103x8 that we use, by their names in the reference manual (RM0008)
 * and the programming manual (PM0056). Written for this project; no vendor code. */
#ifndef FIRMWARE_DRIVERS_STM32F103_H
#define FIRMWARE_DRIVERS_STM32F103_H

#include <stdint.h>

#define REG32(address) (*(volatile uint32_t *)(address))

/* ---- reset and clock control, RM0008 §7 ---- */
#define RCC_CR      REG32(0x40021000u)
#define RCC_CFGR    REG32(0x40021004u)
#define RCC_APB2ENR REG32(0x40021018u)
#define RCC_APB1ENR REG32(0x4002101Cu)
#define RCC_CSR     REG32(0x40021024u)

#define RCC_CR_HSEON  (1u << 16)
#define RCC_CR_HSERDY (1u << 17)
#define RCC_CR_CSSON  (1u << 19)
#define RCC_CR_PLLON  (1u << 24)
#define RCC_CR_PLLRDY (1u << 25)

#define RCC_CFGR_SW_PLL     2u
#define RCC_CFGR_SWS        (3u << 2)
#define RCC_CFGR_SWS_PLL    (2u << 2)
#define RCC_CFGR_PPRE1_DIV2 (4u << 8)
#define RCC_CFGR_PLLSRC_HSE (1u << 16)
#define RCC_CFGR_PLLMUL9    (7u << 18)

#define RCC_APB2_AFIO   (1u << 0)
#define RCC_APB2_PORTA  (1u << 2)
#define RCC_APB2_PORTB  (1u << 3)
#define RCC_APB2_PORTC  (1u << 4)
#define RCC_APB1_USART2 (1u << 17)
#define RCC_APB1_CAN    (1u << 25)

#define RCC_CSR_RMVF        (1u << 24)
#define RCC_CSR_CAUSE_SHIFT 26 /* PIN, POR, SFT, IWDG, WWDG, LPWR */

/* ---- flash, PM0075 §3 ---- */
#define FLASH_ACR  REG32(0x40022000u)
#define FLASH_KEYR REG32(0x40022004u)
#define FLASH_SR   REG32(0x4002200Cu)
#define FLASH_CR   REG32(0x40022010u)
#define FLASH_AR   REG32(0x40022014u)

#define FLASH_ACR_2WS_PREFETCH 0x12u
#define FLASH_KEY1             0x45670123u
#define FLASH_KEY2             0xCDEF89ABu
#define FLASH_SR_BSY           (1u << 0)
#define FLASH_SR_PGERR         (1u << 2)
#define FLASH_SR_WRPRTERR      (1u << 4)
#define FLASH_SR_EOP           (1u << 5)
#define FLASH_CR_PG            (1u << 0)
#define FLASH_CR_PER           (1u << 1)
#define FLASH_CR_STRT          (1u << 6)
#define FLASH_CR_LOCK          (1u << 7)

#define FLASH_BASE 0x08000000u

/* ---- ports, RM0008 §9 ---- */
#define PORT_A 0x40010800u
#define PORT_B 0x40010C00u
#define PORT_C 0x40011000u

#define GPIO_CRL(port)  REG32((port) + 0x00u) /* pins 0..7, four bits each */
#define GPIO_CRH(port)  REG32((port) + 0x04u) /* pins 8..15 */
#define GPIO_IDR(port)  REG32((port) + 0x08u)
#define GPIO_BSRR(port) REG32((port) + 0x10u)

#define GPIO_OUTPUT_2MHZ     0x2u
#define GPIO_ALTERNATE_50MHZ 0xBu
#define GPIO_INPUT_FLOATING  0x4u
#define GPIO_INPUT_PULL      0x8u /* up or down as the output register says */

/* ---- USART2, RM0008 §27 ---- */
#define USART2_SR  REG32(0x40004400u)
#define USART2_DR  REG32(0x40004404u)
#define USART2_BRR REG32(0x40004408u)
#define USART2_CR1 REG32(0x4000440Cu)

#define USART_SR_PE      (1u << 0)
#define USART_SR_FE      (1u << 1)
#define USART_SR_NE      (1u << 2)
#define USART_SR_ORE     (1u << 3)
#define USART_SR_RXNE    (1u << 5)
#define USART_SR_TXE     (1u << 7)
#define USART_CR1_RE     (1u << 2)
#define USART_CR1_TE     (1u << 3)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_CR1_TXEIE  (1u << 7)
#define USART_CR1_UE     (1u << 13)

/* ---- bxCAN, RM0008 §24 ---- */
#define CAN_MCR  REG32(0x40006400u)
#define CAN_MSR  REG32(0x40006404u)
#define CAN_TSR  REG32(0x40006408u)
#define CAN_RF0R REG32(0x4000640Cu)
#define CAN_IER  REG32(0x40006414u)
#define CAN_ESR  REG32(0x40006418u)
#define CAN_BTR  REG32(0x4000641Cu)

#define CAN_TIR(box)  REG32(0x40006580u + 16u * (box))
#define CAN_TDTR(box) REG32(0x40006584u + 16u * (box))
#define CAN_TDLR(box) REG32(0x40006588u + 16u * (box))
#define CAN_TDHR(box) REG32(0x4000658Cu + 16u * (box))
#define CAN_RI0R      REG32(0x400065B0u)
#define CAN_RDT0R     REG32(0x400065B4u)
#define CAN_RDL0R     REG32(0x400065B8u)
#define CAN_RDH0R     REG32(0x400065BCu)
#define CAN_FMR       REG32(0x40006600u)
#define CAN_FM1R      REG32(0x40006604u)
#define CAN_FS1R      REG32(0x4000660Cu)
#define CAN_FFA1R     REG32(0x40006614u)
#define CAN_FA1R      REG32(0x4000661Cu)
#define CAN_FR1(bank) REG32(0x40006640u + 8u * (bank))
#define CAN_FR2(bank) REG32(0x40006644u + 8u * (bank))

#define CAN_MCR_INRQ   (1u << 0)
#define CAN_MCR_TXFP   (1u << 2)
#define CAN_MCR_NART   (1u << 4)
#define CAN_MSR_INAK   (1u << 0)
#define CAN_MSR_ERRI   (1u << 2)
#define CAN_TSR_RQCP   (1u << 0) /* of mailbox 0; mailbox n is 8 n bits higher */
#define CAN_TSR_TXOK   (1u << 1)
#define CAN_TSR_ALST   (1u << 2)
#define CAN_TSR_TERR   (1u << 3)
#define CAN_TSR_ABRQ   (1u << 7)
#define CAN_TSR_TME0   (1u << 26)
#define CAN_RFR_FMP    3u
#define CAN_RFR_FOVR   (1u << 4)
#define CAN_RFR_RFOM   (1u << 5)
#define CAN_IER_TMEIE  (1u << 0)
#define CAN_IER_FMPIE0 (1u << 1)
#define CAN_IER_BOFIE  (1u << 10)
#define CAN_IER_ERRIE  (1u << 15)
#define CAN_ESR_BOFF   (1u << 2)
#define CAN_IR_REQUEST (1u << 0) /* TXRQ in a transmit mailbox */
#define CAN_IR_RTR     (1u << 1)
#define CAN_IR_IDE     (1u << 2)

/* ---- independent watchdog, RM0008 §19 ---- */
#define IWDG_KR  REG32(0x40003000u)
#define IWDG_PR  REG32(0x40003004u)
#define IWDG_RLR REG32(0x40003008u)

/* ---- core, PM0056 §4 ---- */
#define SYST_CSR     REG32(0xE000E010u)
#define SYST_RVR     REG32(0xE000E014u)
#define SYST_CVR     REG32(0xE000E018u)
#define NVIC_ISER(n) REG32(0xE000E100u + 4u * (n))
#define SCB_ICSR     REG32(0xE000ED04u)
#define SCB_VTOR     REG32(0xE000ED08u)
#define SCB_AIRCR    REG32(0xE000ED0Cu)

#define SYST_CSR_RUN    7u         /* core clock, interrupt, enabled */
#define SCB_ICSR_TICK   (1u << 26) /* PENDSTSET: the SysTick interrupt waits */
#define SCB_AIRCR_RESET 0x05FA0004u

enum interrupt {
	IRQ_CAN_TX = 19,
	IRQ_CAN_RX0 = 20,
	IRQ_CAN_SCE = 22,
	IRQ_USART2 = 38,
	INTERRUPTS = 43, /* of the medium-density parts */
};

#define CHIP_ID ((const volatile uint8_t *)0x1FFFF7E8u) /* 96 bits */

static inline void interrupt_enable(enum interrupt n)
{
	NVIC_ISER((uint32_t)n >> 5) = 1u << (n & 31);
}

static inline void interrupts_off(void)
{
	__asm volatile("cpsid i" ::: "memory");
}

static inline void interrupts_on(void)
{
	__asm volatile("cpsie i" ::: "memory");
}

/* Sleeps until an interrupt is pending, masked or not. */
static inline void wait_for_interrupt(void)
{
	__asm volatile("dsb\n\twfi" ::: "memory");
}
#endif
