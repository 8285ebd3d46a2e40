/* The household load that terminals play: one row a minute, missing rows kept as gaps. */
#ifndef SIM_MODELS_LOAD_DATA_H
#define SIM_MODELS_LOAD_DATA_H

#include "libs/base/err.h"
#include "libs/base/macros.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct load_row {
	bool present;
	uint32_t voltage_mv;
	uint32_t power_w;
	uint32_t reactive_var;
};

struct load_data {
	struct load_row *row;
	size_t count; /* minutes; playing wraps around */
};

/* CSV with the columns minute,voltage_v,active_power_w,reactive_power_var; the minutes count up from 0. */
MUST_USE enum err load_data_read(struct load_data *d, const char *path);
void load_data_free(struct load_data *d);

/* The row that holds `position_ms` after the beginning of the data. */
const struct load_row *load_data_at(const struct load_data *d, uint64_t position_ms);

/* Where terminal `number` (from 1) begins: its own day. */
uint64_t load_data_start_ms(const struct load_data *d, unsigned number);
#endif
