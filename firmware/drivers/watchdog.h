/* The independent watchdog: once started, only a reset stops it. */
#ifndef FIRMWARE_DRIVERS_WATCHDOG_H
#define FIRMWARE_DRIVERS_WATCHDOG_H

void watchdog_start(void); /* 4 s at 40 kHz; the oscillator may do 30..60: 2.7..5.3 s */
void watchdog_feed(void);
#endif
