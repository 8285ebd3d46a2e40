/* The terminal's assert: the C library's keeps the text of every condition in flash. This one
 * keeps the file's name and the line, which go into an event after the reset (faults.h). */
#ifdef assert
#undef assert
#endif
#define assert(condition) ((condition) ? (void)0 : assert_failed(__FILE_NAME__, __LINE__))

#ifndef FIRMWARE_BOARD_STM32F103C8_INCLUDE_ASSERT_H
#define FIRMWARE_BOARD_STM32F103C8_INCLUDE_ASSERT_H

#define static_assert _Static_assert

__attribute__((noreturn)) void assert_failed(const char *file, int line);
#endif
