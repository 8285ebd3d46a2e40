/* One-minute batches as gateways send them, made from the household data: meter i of gateway g plays
 * another day of it, with a little noise where the data are coarser than a meter. */
#ifndef BENCH_BATCHES_H
#define BENCH_BATCHES_H

#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

#define BENCH_METER_FIRST INT64_C(500000000000)
#define BENCH_METERS_MAX  1000

struct batches;

/* Reads `csv` (data/household-45d.csv). */
MUST_USE enum err batches_open(struct batches **batches, const char *csv, unsigned gateways,
                               unsigned meters);
void batches_close(struct batches *batches);

/* Number of meter `i` of gateway `g`. */
int64_t bench_meter(unsigned g, unsigned i);

/* The next minute of gateway `g`: batch (boot, seq) with readings of `time_s`, and how many there
 * are (missing minutes stay gaps). */
MUST_USE enum err batches_next(struct batches *batches, unsigned g, uint64_t boot, uint64_t seq,
                               int64_t time_s, uint8_t *out, size_t size, size_t *len,
                               unsigned *readings);

#endif
