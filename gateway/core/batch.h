/* What goes into the next uplink batch: readings, events, results, gathered until the core makes a
 * batch of them. */
#ifndef GATEWAY_CORE_BATCH_H
#define GATEWAY_CORE_BATCH_H

#include "libs/base/err.h"
#include "libs/base/macros.h"
#include "libs/proto/uplink.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BATCH_ROWS_MAX    2048
#define BATCH_EVENTS_MAX  UPLINK_EVENTS_MAX
#define BATCH_RESULTS_MAX UPLINK_RESULTS_MAX
#define BATCH_ARENA_SIZE  (BATCH_ROWS_MAX * 80 + 4096)

struct batch {
	struct reading rows[BATCH_ROWS_MAX];
	struct uplink_event events[BATCH_EVENTS_MAX];
	struct uplink_result results[BATCH_RESULTS_MAX];
	size_t n_rows, n_events, n_results;
	_Alignas(16) uint8_t arena[BATCH_ARENA_SIZE];
};

/* False: no room; encode and clear first. */
MUST_USE bool batch_add_row(struct batch *batch, const struct reading *row);
MUST_USE bool batch_add_event(struct batch *batch, const struct uplink_event *event);
MUST_USE bool batch_add_result(struct batch *batch, const struct uplink_result *result);

bool batch_is_empty(const struct batch *batch);
size_t batch_records(const struct batch *batch);
void batch_clear(struct batch *batch);

MUST_USE enum err batch_encode(struct batch *batch, uint64_t boot, uint64_t seq, uint8_t *out,
                               size_t size, size_t *len);
#endif
