/* What `wattle top` shows: meters with their newest values, sorted. From the JSON of the API. */
#ifndef CLI_TOP_LIST_H
#define CLI_TOP_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "libs/base/err.h"
#include "libs/base/macros.h"

#define TOP_METERS_MAX 100000

enum top_column {
	TOP_METER,
	TOP_NAME,
	TOP_VOLTAGE,
	TOP_CURRENT,
	TOP_POWER,
	TOP_FACTOR,
	TOP_FREQUENCY,
	TOP_ENERGY,
	TOP_STATE,
	TOP_AGE,
	TOP_COLUMNS,
};

struct top_meter {
	int64_t meter;
	char name[96];
	char state[16];
	bool known; /* has values */
	int64_t at_ms;
	int64_t voltage_dv, current_ma, power_dw, pf_permille, frequency_chz, energy_wh;
};

struct top_list {
	struct top_meter *meter; /* as sorted */
	size_t count, room;
	/* Row + 1 by number, open addressing; 0: free. Made anew when rows moved. */
	uint32_t *slot;
	size_t slots;
	bool moved;
	enum top_column by;
	bool from_greatest;
};

void top_list_free(struct top_list *list);
/* A page of GET /meters: adds or renews. `next` gets the cursor, "" at the end. */
MUST_USE enum err top_list_page(struct top_list *list, const char *json, size_t len, char *next,
                                size_t next_size);
/* Data of a `live` event. Unknown meters are passed over. */
MUST_USE enum err top_list_live(struct top_list *list, const char *json, size_t len);
void top_list_sort(struct top_list *list);

/* A line for the terminal, of `width` columns, without its end. Nothing in it moves the cursor,
 * whatever a meter is called. */
void top_head(const struct top_list *list, int width, char *to, size_t size);
void top_line(const struct top_meter *meter, int64_t now_ms, int width, char *to, size_t size);
int64_t top_power_dw(const struct top_list *list);

#endif
