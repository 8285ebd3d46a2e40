/* Any bytes as load data: refused, or rows that can be played for ever. */
#include "sim/models/load_data.h"
#include "sim/test/as_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint64_t places_ms[] = {0, 59999, 60000, 86400000, UINT64_MAX};
	struct load_data load;

	if (load_data_read(&load, as_file(data, size)) != ERR_NONE)
		return 0;
	if (load.count == 0)
		abort();
	for (unsigned i = 0; i < sizeof places_ms / sizeof *places_ms; i++) {
		const struct load_row *row = load_data_at(&load, places_ms[i]);

		if (row < load.row || row >= load.row + load.count ||
		    (row->present && row->voltage_mv == 0))
			abort();
	}
	for (unsigned number = 1; number < 250; number++)
		if (load_data_start_ms(&load, number) / 60000 >= load.count)
			abort();
	load_data_free(&load);
	return 0;
}
