#include "bench/batches.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/rnd.h"
#include "libs/proto/uplink.h"

#define MINUTES_PER_DAY 1440
#define DAYS            45

struct minute {
	bool missing;
	float volt, watt, var;
};

struct batches {
	unsigned gateways, meters;
	struct rnd rnd;
	struct minute minutes[DAYS * MINUTES_PER_DAY];
	unsigned *played;  /* minutes of each gateway so far */
	double *energy_wh; /* of each meter */
	uint8_t *arena_memory;
};

static enum err read_csv(struct batches *b, const char *csv)
{
	FILE *file = fopen(csv, "r");
	unsigned minute;
	char line[128];

	if (!file)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < ARRAY_SIZE(b->minutes); i++)
		b->minutes[i].missing = true;
	while (fgets(line, sizeof line, file)) {
		float volt, watt, var;

		if (sscanf(line, "%u,%f,%f,%f", &minute, &volt, &watt, &var) == 4 &&
		    minute < ARRAY_SIZE(b->minutes))
			b->minutes[minute] = (struct minute){false, volt, watt, var};
	}
	fclose(file);
	return ERR_NONE;
}

enum err batches_open(struct batches **batches, const char *csv, unsigned gateways, unsigned meters)
{
	struct batches *b = calloc(1, sizeof *b);
	enum err err = ERR_NOMEM;

	if (!b || meters > BENCH_METERS_MAX) {
		free(b);
		return ERR_RANGE;
	}
	b->gateways = gateways;
	b->meters = meters;
	rnd_seed(&b->rnd, 1);
	b->played = calloc(gateways, sizeof *b->played);
	b->energy_wh = calloc((size_t)gateways * meters, sizeof *b->energy_wh);
	b->arena_memory = malloc(UPLINK_ARENA_SIZE);
	if (b->played && b->energy_wh && b->arena_memory)
		err = read_csv(b, csv);
	if (err)
		batches_close(b);
	else
		*batches = b;
	return err;
}

void batches_close(struct batches *b)
{
	free(b->played);
	free(b->energy_wh);
	free(b->arena_memory);
	free(b);
}

int64_t bench_meter(unsigned g, unsigned i)
{
	return BENCH_METER_FIRST + (int64_t)g * BENCH_METERS_MAX + i;
}

/* Evenly from -width to width. */
static int32_t noise(struct rnd *rnd, uint32_t width)
{
	return (int32_t)rnd_below(rnd, 2 * width + 1) - (int32_t)width;
}

static struct reading make_reading(struct batches *b, unsigned g, unsigned i,
                                   const struct minute *minute, int64_t time_s)
{
	double *energy_wh = &b->energy_wh[(size_t)g * b->meters + i];
	double apparent = hypot((double)minute->watt, (double)minute->var);

	*energy_wh += (double)minute->watt / 60;
	return (struct reading){
	        .meter = bench_meter(g, i),
	        .time_s = time_s + (int64_t)rnd_below(&b->rnd, 2),
	        .energy_wh = 1000000 + (int64_t)i * 12345 + (int64_t)*energy_wh,
	        .voltage_dv = (int32_t)lround((double)minute->volt * 10),
	        .current_ma =
	                (int32_t)lround(apparent / (double)minute->volt * 1000) + noise(&b->rnd, 3),
	        .power_dw = (int32_t)lround((double)minute->watt * 10) + noise(&b->rnd, 1),
	        .pf_permille = apparent > 0
	                               ? (int32_t)lround((double)minute->watt / apparent * 1000)
	                               : 1000,
	        .frequency_chz = 5000 + noise(&b->rnd, 1),
	        .state = 0x43,
	};
}

enum err batches_next(struct batches *b, unsigned g, uint64_t boot, uint64_t seq, int64_t time_s,
                      uint8_t *out, size_t size, size_t *len, unsigned *readings)
{
	static struct reading rows[BENCH_METERS_MAX];
	struct uplink up = {.boot = boot, .seq = seq, .table_count = 1};
	struct arena arena;
	size_t n = 0;
	enum err err;

	for (unsigned i = 0; i < b->meters; i++) {
		size_t at = ((size_t)(g + 5 * i) * MINUTES_PER_DAY + b->played[g]) %
		            ARRAY_SIZE(b->minutes);

		if (!b->minutes[at].missing)
			rows[n++] = make_reading(b, g, i, &b->minutes[at], time_s);
	}
	b->played[g]++;
	arena_init(&arena, b->arena_memory, UPLINK_ARENA_SIZE);
	err = readings_from_rows(rows, n, &arena, &up.table[0]);
	if (err)
		return err;
	*readings = (unsigned)n;
	return uplink_encode(&up, out, size, len);
}
