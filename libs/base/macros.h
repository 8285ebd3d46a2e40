/* The few macros that everybody shares. */
#ifndef LIBS_BASE_MACROS_H
#define LIBS_BASE_MACROS_H

/* A result that must be looked at. */
#define MUST_USE __attribute__((warn_unused_result))

#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#endif
