/* `wattle tariff try`: pure, no store. */
#ifndef CLI_TARIFF_TRY_H
#define CLI_TARIFF_TRY_H

#include <stdint.h>

/* Prints the charge of each part of each day, and the sum; columns in docs/ops/tariff.md. An exit code. */
int tariff_try(const char *plan, const char *readings, int64_t offset_min);

#endif
