/* How personal data is shown to those who need not see it whole. */
#ifndef PLATFORM_CORE_MASK_H
#define PLATFORM_CORE_MASK_H

#include <stddef.h>

/* 138****1234: four digits before the last four are hidden; of a short number all but two. */
void mask_phone(char *to, size_t size, const char *phone);
/* 110***************4X: the first three and the last two; of a short one nothing. */
void mask_identity(char *to, size_t size, const char *identity);
/* 张**: the first character. For the audit, which keeps what it has for ever. */
void mask_name(char *to, size_t size, const char *name);

#endif
