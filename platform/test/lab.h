/* A platform in one thread for tests: store in a temporary folder, ingest, steps run and committed
 * one group at a time. One property p1 with gateways gw-1 and gw-2 and meters of both. */
#ifndef PLATFORM_TEST_LAB_H
#define PLATFORM_TEST_LAB_H

#include "libs/proto/command.h"
#include "platform/core/device.h"
#include "platform/core/step.h"
#include "platform/ingest/ingest.h"
#include "platform/store/day.h"
#include "platform/test/fresh_store.h"

#define LAB_NOW_MS  INT64_C(1795490000000) /* 2026-11-24 */
#define LAB_METER   INT64_C(330100000001)  /* of gw-1: this and the next LAB_METERS - 1 */
#define LAB_METERS  4
#define LAB_FOREIGN INT64_C(330200000001) /* of gw-2 */

struct lab {
	char dir[64];
	char url[FRESH_URL_SIZE]; /* of the main store, as store_open takes it */
	struct db *db;
	struct days *days;
	struct keys *keys;
	struct latest *latest;
	struct ingest *ingest;
	struct tx tx;
	struct effects effects; /* of the last commit */
	int64_t now_ms;
	/* Before a step is done, each of its statements fails once, as on a broken disk, and each piece of memory
	 * that it asks for is refused once; what it did is taken back. An error that the step swallows fails the
	 * test. lab_setup takes it from WATTLE_SHAKE=1. */
	bool shakes;
	struct gateway_row gateway[2];
	uint64_t results; /* batches of lab_result */
};

void lab_setup(struct lab *lab);    /* everything new */
void lab_teardown(struct lab *lab); /* and the folder removed */
void lab_close(struct lab *lab);    /* as a stop without a save: kill -9 */
void lab_open(struct lab *lab);     /* start again on the same folder */
/* The same, when it may fail. */
enum err lab_try_open(struct lab *lab);

void lab_later(struct lab *lab, int64_t seconds);

/* One step in a group of its own, committed; effects are left in lab->effects. */
enum err lab_step(struct lab *lab, step_fn step, void *arg, bool bulk);

/* In parts: several steps, one commit. */
enum err lab_begin_step(struct lab *lab, step_fn step, void *arg, bool bulk);
enum err lab_commit(struct lab *lab);
void lab_rollback(struct lab *lab);

/* A batch of rows, as gateway 0 or 1 would send it. */
struct lab_batch {
	uint64_t boot, seq;
	const struct reading *rows;
	size_t row_count;
	const struct uplink_event *events;
	size_t event_count;
	const struct uplink_result *results;
	size_t result_count;
};

size_t lab_encode(const struct lab_batch *batch, uint8_t *out, size_t size);
enum err lab_send(struct lab *lab, int gateway, const struct lab_batch *batch);
/* A batch with a result and nothing else, from the gateway's boot 5; must be taken. */
void lab_result(struct lab *lab, int gateway, struct uplink_result result);
enum err lab_send_bytes(struct lab *lab, int gateway, const void *bytes, size_t len);

/* A plausible reading. */
struct reading lab_reading(int64_t meter, int64_t time_s, int64_t energy_wh);

/* Effects of a kind in lab->effects, and the first of them. */
size_t lab_count(const struct lab *lab, enum effect_kind kind);
const struct effect *lab_first(const struct lab *lab, enum effect_kind kind);

/* One number from the main store. */
int64_t lab_number(struct lab *lab, const char *sql);

/* Chip and key of meter k (0..LAB_METERS-1), as the terminal has them. */
void lab_terminal(int k, struct command_key *key);

#endif
