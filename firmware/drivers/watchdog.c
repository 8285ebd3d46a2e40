#include "firmware/drivers/watchdog.h"

#include "firmware/drivers/stm32f103.h"

#define KEY_ACCESS  0x5555u
#define KEY_FEED    0xAAAAu
#define KEY_START   0xCCCCu
#define PRESCALE_64 4u
#define RELOAD      2500u

void watchdog_start(void)
{
	IWDG_KR = KEY_START;
	IWDG_KR = KEY_ACCESS;
	IWDG_PR = PRESCALE_64;
	IWDG_RLR = RELOAD;
	IWDG_KR = KEY_FEED;
}

void watchdog_feed(void)
{
	IWDG_KR = KEY_FEED;
}
