/* Data pages of the 64 KB flash (1 KB each); docs/hardware/flash-map.md. Names of pages are never
 * given to something else: a later version must find what an older one wrote. */
#ifndef FIRMWARE_APP_FLASH_MAP_H
#define FIRMWARE_APP_FLASH_MAP_H

#define FLASH_PAGE_SIZE 1024u
#define FLASH_PAGES     64u

enum flash_page {
	PAGE_LOADER = 0,         /* 0..5 */
	PAGE_APPLICATION = 6,    /* 6..33 */
	PAGE_IDENTITY = 34,      /* key, written when the terminal is flashed */
	PAGE_IDENTITY_NEXT = 35, /* its copy, or the next key */
	PAGE_ENERGY = 36,        /* 36..37 */
	PAGE_DECISION = 38,      /* 38..39: command counter, forced trip, keep-power */
	PAGE_EVENTS = 40,        /* 40..44 */
	PAGE_PURSE = 45,         /* 45..46: purchases and credit */
	PAGE_TARIFF = 47,        /* 47..50: a version of the prices each */
	PAGE_FREEZE = 51,        /* 51..56, reserved: registers at day and month ends */
	PAGE_CREDIT = 57,        /* 57..58: limits, and which pages of prices hold */
	PAGE_SPENT = 59,         /* 59..63: what was spent, up to which register */
};

#define ENERGY_PAGES   2
#define DECISION_PAGES 2
#define EVENTS_PAGES   5
#define PURSE_PAGES    2
#define PRICE_PAGES    4
#define CREDIT_PAGES   2
#define SPENT_PAGES    5
#endif
