/* What a batch costs the platform: the production steps on a store of their own, and beside it the
 * floor: the same bytes into one SQLite table. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/batches.h"
#include "bench/bench.h"
#include "platform/core/io.h"
#include "platform/core/latest.h"
#include "platform/core/metrics.h"
#include "platform/core/writer.h"
#include "platform/ingest/ingest.h"
#include "platform/store/day.h"
#include "platform/store/meter.h"
#include "platform/store/place.h"
#include "platform/store/store.h"

#define BATCH_BYTES 8192
#define IN_FLIGHT   256

struct fill {
	unsigned gateways, meters;
	const char *prefix;
	bool make_gateways;
	struct gateway_row gateway[256];
};

static enum err fill_gateway(struct tx *tx, struct fill *fill, unsigned g, int64_t now_s)
{
	struct meter_row meter = {.property_id = fill->gateway[g].property_id,
	                          .gateway_id = fill->gateway[g].gateway_id,
	                          .meter_use = "prepaid",
	                          .created_s = now_s};
	enum err err = ERR_NONE;

	for (unsigned i = 0; i < fill->meters && !err; i++) {
		meter.meter = bench_meter(g, i);
		snprintf(meter.name, sizeof meter.name, "bench %u/%u", g, i);
		snprintf(meter.chip, sizeof meter.chip, "be%022llx", (long long)meter.meter);
		err = meter_insert(tx->db, &meter);
	}
	return err;
}

static enum err fill_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct fill *fill = arg;
	enum err err = ERR_NONE;

	for (unsigned g = 0; g < fill->gateways && !err; g++) {
		struct gateway_request add = {
		        .actor = {.who = "bench", .local = true}
                };

		snprintf(add.name, sizeof add.name, "%s%u", fill->prefix, g);
		if (fill->make_gateways)
			err = gateway_add_step(tx, &add, now_ms, out);
		if (!err)
			err = gateway_by_name(tx->db, add.name, &fill->gateway[g]);
		if (!err)
			err = fill_gateway(tx, fill, g, now_ms / 1000);
	}
	return err ? err : effects_directory(out);
}

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void must(const char *what, enum err err)
{
	if (err)
		die(what, err_text(err));
}

int fill_main(int argc, char **argv)
{
	static struct fill fill;
	struct db *db;

	fill.gateways = (unsigned)option_int(argc, argv, "gateways", 20);
	fill.meters = (unsigned)option_int(argc, argv, "meters", 100);
	fill.prefix = option(argc, argv, "prefix", "bench-");
	must("store", store_open(&db, option(argc, argv, "store", NULL), NULL));
	must("fill", step_run(db, NULL, fill_step, &fill, wall_ms(), NULL));
	db_close(db);
	return 0;
}

/* ---- ingest ---- */

struct batch {
	struct ingest_batch step;
	uint8_t bytes[BATCH_BYTES];
};

struct bench {
	struct io *io;
	struct writer *writer;
	struct ingest *ingest;
	struct fill fill;
	struct batch *batch;
	size_t count, sent, done;
	uint64_t readings, bytes;
};

static void send_some(struct bench *bench);

static void batch_done(void *arg, enum err err)
{
	struct bench *bench = arg;

	must("batch", err);
	if (++bench->done == bench->count)
		io_stop(bench->io);
	else
		send_some(bench);
}

static void send_some(struct bench *bench)
{
	while (bench->sent < bench->count && bench->sent - bench->done < IN_FLIGHT) {
		must("queue",
		     writer_submit_bulk(bench->writer, ingest_batch_step,
		                        &bench->batch[bench->sent].step, batch_done, bench));
		bench->sent++;
	}
}

static void make_batches(struct bench *bench, const char *csv, unsigned minutes)
{
	int64_t first_s = wall_ms() / 1000 - (int64_t)minutes * 60;
	struct batches *source;
	size_t n = 0;

	must("data", batches_open(&source, csv, bench->fill.gateways, bench->fill.meters));
	bench->count = (size_t)minutes * bench->fill.gateways;
	bench->batch = calloc(bench->count, sizeof *bench->batch);
	if (!bench->batch)
		die("batches", "no memory");
	for (unsigned m = 0; m < minutes; m++)
		for (unsigned g = 0; g < bench->fill.gateways; g++) {
			struct batch *b = &bench->batch[n++];
			unsigned readings;

			b->step.ingest = bench->ingest;
			b->step.property_id = bench->fill.gateway[g].property_id;
			b->step.gateway_id = bench->fill.gateway[g].gateway_id;
			snprintf(b->step.property, sizeof b->step.property, "p1");
			snprintf(b->step.gateway, sizeof b->step.gateway, "%s",
			         bench->fill.gateway[g].name);
			b->step.body = b->bytes;
			must("encode",
			     batches_next(source, g, 77, m + 1, first_s + m * 60, b->bytes,
			                  sizeof b->bytes, &b->step.len, &readings));
			bench->readings += readings;
			bench->bytes += b->step.len;
		}
	batches_close(source);
}

static void no_effect(void *arg, const struct effect *effect)
{
	(void)arg;
	(void)effect;
}

/* The same bytes, 64 to a commit, with one unique index: what no store of batches goes below. */
static double floor_cpu_s(const struct bench *bench, const char *dir)
{
	char path[STORE_PATH_SIZE];
	sqlite3_stmt *insert;
	sqlite3 *db;
	double start;

	store_path(path, dir, "floor.db");
	if (sqlite3_open(path, &db) ||
	    sqlite3_exec(db,
	                 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	                 "CREATE TABLE batch(g INTEGER, seq INTEGER, body BLOB, UNIQUE(g, seq))",
	                 NULL, NULL, NULL) ||
	    sqlite3_prepare_v2(db, "INSERT INTO batch VALUES(?,?,?)", -1, &insert, NULL))
		die("floor", sqlite3_errmsg(db));
	start = cpu_s();
	for (size_t i = 0; i < bench->count; i++) {
		if (i % 64 == 0)
			sqlite3_exec(db, "BEGIN", NULL, NULL, NULL);
		sqlite3_bind_int64(insert, 1, bench->batch[i].step.gateway_id);
		sqlite3_bind_int64(insert, 2, (sqlite3_int64)i);
		sqlite3_bind_blob(insert, 3, bench->batch[i].bytes, (int)bench->batch[i].step.len,
		                  SQLITE_STATIC);
		if (sqlite3_step(insert) != SQLITE_DONE)
			die("floor", sqlite3_errmsg(db));
		sqlite3_reset(insert);
		if (i % 64 == 63 || i + 1 == bench->count)
			sqlite3_exec(db, "COMMIT", NULL, NULL, NULL);
	}
	start = cpu_s() - start;
	sqlite3_finalize(insert);
	sqlite3_close(db);
	return start;
}

static void start_writer(struct bench *bench, struct db *db, struct days *days,
                         struct latest *latest, const char *dir)
{
	struct ingest_config config = {.db = db, .days = days, .store_dir = dir, .latest = latest};
	struct writer_config writer = {.db = db,
	                               .days = days,
	                               .io = bench->io,
	                               .effects = no_effect,
	                               .group_ms = 50,
	                               .group_max = 64,
	                               .queue_max = 2 * IN_FLIGHT};
	struct writer_hooks hooks;

	must("ingest", ingest_new(&bench->ingest, &config));
	must("load", step_run(db, NULL, ingest_load_step, bench->ingest, wall_ms(), NULL));
	hooks = ingest_hooks(bench->ingest);
	hooks.committed(hooks.arg);
	writer.hooks = hooks;
	must("writer", writer_new(&bench->writer, &writer));
}

int ingest_main(int argc, char **argv)
{
	struct init_request init = {
	        .actor = {.who = "bench", .local = true},
	        .group_name = "bench",
	        .property_name = "bench",
	        .property_slug = "p1"
        };
	const char *dir = option(argc, argv, "dir", NULL);
	struct latest *latest = latest_new();
	static struct bench bench;
	struct days *days;
	struct db *db;
	int64_t start_ns;
	double cpu, wall;

	bench.fill.gateways = (unsigned)option_int(argc, argv, "gateways", 100);
	bench.fill.meters = (unsigned)option_int(argc, argv, "meters", 100);
	bench.fill.prefix = "bench-";
	bench.fill.make_gateways = true;
	if (!latest || bench.fill.gateways > ARRAY_SIZE(bench.fill.gateway))
		die("gateways", "at most 256");
	must("store", store_open(&db, dir, NULL));
	must("init", step_run(db, NULL, init_step, &init, wall_ms(), NULL));
	must("fill", step_run(db, NULL, fill_step, &bench.fill, wall_ms(), NULL));
	must("day files", days_open(&days, dir));
	must("loop", io_new(&bench.io));
	start_writer(&bench, db, days, latest, dir);
	make_batches(&bench, option(argc, argv, "csv", "data/household-45d.csv"),
	             (unsigned)option_int(argc, argv, "minutes", 300));

	start_ns = mono_ns();
	cpu = cpu_s();
	send_some(&bench);
	io_run(bench.io);
	cpu = cpu_s() - cpu;
	wall = (double)(mono_ns() - start_ns) / 1e9;

	writer_stop(bench.writer);
	writer_free(bench.writer);
	if (metric_get(METRIC_READINGS) != (int64_t)bench.readings)
		die("ingest", "not all readings were accepted");
	printf("{\"readings\":%llu,\"batches\":%zu,\"bytes_per_reading\":%.2f,\"wall_s\":%.3f,"
	       "\"cpu_s_per_million\":%.4f,\"readings_per_s\":%.0f,"
	       "\"floor_cpu_s_per_million\":%.4f}\n",
	       (unsigned long long)bench.readings, bench.count,
	       (double)bench.bytes / (double)bench.readings, wall,
	       cpu / (double)bench.readings * 1e6, (double)bench.readings / wall,
	       floor_cpu_s(&bench, dir) / (double)bench.readings * 1e6);
	ingest_free(bench.ingest);
	days_close(days);
	db_close(db);
	latest_free(latest);
	io_free(bench.io);
	free(bench.batch);
	return 0;
}
