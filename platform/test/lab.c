#include "platform/test/lab.h"
#include "platform/test/charges.h"
#include "platform/test/memory.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/core/keys.h"
#include "platform/store/info.h"
#include "platform/store/log.h"
#include "platform/store/store.h"

static const uint8_t secret[32] = {1, 2, 3};

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void lab_terminal(int k, struct command_key *key)
{
	memset(key, 0, sizeof *key);
	key->chip[0] = 0xAA;
	key->chip[11] = (uint8_t)(k + 1);
	memset(key->key, 0x40 + k, sizeof key->key);
}

enum err lab_try_open(struct lab *lab)
{
	struct ingest_config config;
	enum err err;

	err = store_open(&lab->db, lab->dir, lab->url);
	if (err)
		return err;
	assert_int_equal(days_open(&lab->days, lab->dir), ERR_NONE);
	lab->latest = latest_new();
	config = (struct ingest_config){
	        .db = lab->db, .days = lab->days, .store_dir = lab->dir, .latest = lab->latest};
	assert_int_equal(ingest_new(&lab->ingest, &config), ERR_NONE);
	lab->tx = (struct tx){.db = lab->db, .days = lab->days, .keys = lab->keys};
	return lab_step(lab, ingest_load_step, lab->ingest, false);
}

void lab_open(struct lab *lab)
{
	assert_int_equal(lab_try_open(lab), ERR_NONE);
}

void lab_close(struct lab *lab)
{
	effects_clear(&lab->effects);
	ingest_free(lab->ingest);
	latest_free(lab->latest);
	days_close(lab->days);
	db_close(lab->db);
	lab->ingest = NULL;
	lab->latest = NULL;
	lab->days = NULL;
	lab->db = NULL;
}

static void make_meter(struct lab *lab, int k, int64_t number, int gateway)
{
	struct terminal_row terminal = {.property_id = 1,
	                                .key_known = true,
	                                .gateway_id = lab->gateway[gateway].gateway_id,
	                                .first_seen_s = 1};
	struct adopt_request adopt = {
	        .actor = {.who = "lab", .local = true},
                  .meter = number
        };
	struct command_key key;

	lab_terminal(k, &key);
	chip_format(key.chip, terminal.chip);
	assert_int_equal(keys_wrap(lab->keys, terminal.chip, key.key, terminal.key_wrapped), 0);
	assert_int_equal(terminal_put(lab->db, &terminal), 0);
	memcpy(adopt.chip, terminal.chip, sizeof adopt.chip);
	assert_int_equal(lab_step(lab, device_adopt_step, &adopt, false), 0);
}

static void make_site(struct lab *lab)
{
	struct init_request init = {
	        .actor = {.who = "lab", .local = true},
                  .property_slug = "p1"
        };

	assert_int_equal(lab_step(lab, init_step, &init, false), 0);
	for (int i = 0; i < 2; i++) {
		struct gateway_request add = {
		        .actor = {.who = "lab", .local = true}
                };

		snprintf(add.name, sizeof add.name, "gw-%d", i + 1);
		assert_int_equal(lab_step(lab, gateway_add_step, &add, false), 0);
		lab->gateway[i] = add.row;
	}
	for (int k = 0; k < LAB_METERS; k++)
		make_meter(lab, k, LAB_METER + k, 0);
	make_meter(lab, LAB_METERS, LAB_FOREIGN, 1);
}

/* In memory where there is such a file system: thousands of synced commits. */
static void make_dir(char dir[64])
{
	snprintf(dir, 64, "%s/wattle-lab-XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(dir));
}

/* The folder of the first lab of this program as it was set up: the others begin with a copy of it. */
static struct {
	char dir[64];
	struct gateway_row gateway[2];
} kept;

static void drop_kept(void)
{
	nftw(kept.dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void copy_file(const char *from, const char *to)
{
	char bytes[1 << 16];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t n;

	assert_non_null(in);
	assert_non_null(out);
	while ((n = fread(bytes, 1, sizeof bytes, in)) > 0)
		assert_int_equal(fwrite(bytes, 1, n, out), n);
	assert_int_equal(ferror(in), 0);
	assert_int_equal(fclose(out), 0);
	fclose(in);
}

static const char *copy_from, *copy_to;

static int copy_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	char to[256];

	snprintf(to, sizeof to, "%s%s", copy_to, path + strlen(copy_from));
	if (type == FTW_D)
		return ftw->level == 0 ? 0 : mkdir(to, st->st_mode & 0777);
	copy_file(path, to);
	return 0;
}

static void copy_dir(const char *from, const char *to)
{
	copy_from = from;
	copy_to = to;
	assert_int_equal(nftw(from, copy_one, 16, FTW_PHYS), 0);
}

static void keep_site(struct lab *lab)
{
	make_dir(kept.dir);
	atexit(drop_kept);
	lab_close(lab);
	copy_dir(lab->dir, kept.dir);
	memcpy(kept.gateway, lab->gateway, sizeof kept.gateway);
	lab_open(lab);
}

void lab_setup(struct lab *lab)
{
	log_set_level(LOG_LEVEL_ERROR);
	memset(lab, 0, sizeof *lab);
	effects_init(&lab->effects);
	lab->now_ms = LAB_NOW_MS;
	make_dir(lab->dir);
	fresh_store(lab->url);
	assert_int_equal(keys_from_bytes(&lab->keys, secret), 0);
	if (*kept.dir) {
		copy_dir(kept.dir, lab->dir);
		memcpy(lab->gateway, kept.gateway, sizeof kept.gateway);
		lab_open(lab);
	} else {
		lab_open(lab);
		make_site(lab);
		if (!fresh_store_is_postgres())
			keep_site(lab);
	}
	lab->shakes = getenv("WATTLE_SHAKE") != NULL;
}

void lab_teardown(struct lab *lab)
{
	lab_close(lab);
	keys_free(lab->keys);
	fresh_store_drop(lab->url);
	nftw(lab->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

enum err lab_begin_step(struct lab *lab, step_fn step, void *arg, bool bulk)
{
	struct writer_hooks hooks = ingest_hooks(lab->ingest);
	size_t before = lab->effects.count;
	enum err err = bulk ? ERR_NONE : tx_open(&lab->tx);

	if (!err)
		err = step(&lab->tx, arg, lab->now_ms, &lab->effects);
	if (!err && lab->effects.directory) {
		lab->effects.directory = false;
		err = hooks.changed(hooks.arg, &lab->tx);
	}
	if (err) {
		effects_truncate(&lab->effects, before);
		if (tx_undo(&lab->tx))
			return ERR_IO;
		return err;
	}
	return tx_keep(&lab->tx);
}

void lab_rollback(struct lab *lab)
{
	struct writer_hooks hooks = ingest_hooks(lab->ingest);

	days_rollback(lab->days);
	if (db_in_transaction(lab->db))
		assert_int_equal(db_exec(lab->db, "ROLLBACK"), 0);
	lab->tx.open = lab->tx.savepoint = false;
	hooks.rolled_back(hooks.arg);
	effects_clear(&lab->effects);
}

enum err lab_commit(struct lab *lab)
{
	struct writer_hooks hooks = ingest_hooks(lab->ingest);
	enum err err = days_commit(lab->days);

	if (!err && lab->tx.open)
		err = db_exec(lab->db, "COMMIT");
	if (err) {
		lab_rollback(lab);
		return err;
	}
	lab->tx.open = false;
	hooks.committed(hooks.arg);
	return ERR_NONE;
}

static bool statement_fails(struct lab *lab, int64_t nth, step_fn step, void *arg, bool bulk)
{
	bool reached;
	enum err err;

	db_fail_nth(lab->db, nth);
	err = lab_begin_step(lab, step, arg, bulk);
	reached = db_has_failed(lab->db);
	db_fail_nth(lab->db, 0);
	lab_rollback(lab);
	if (reached && !err)
		fail_msg("the error of statement %d was swallowed", (int)nth);
	return reached;
}

static bool memory_fails(struct lab *lab, int64_t nth, step_fn step, void *arg, bool bulk)
{
	bool reached;
	enum err err;

	memory_fail_nth(nth);
	err = lab_begin_step(lab, step, arg, bulk);
	reached = memory_has_failed();
	memory_fail_nth(0);
	lab_rollback(lab);
	if (reached && !err)
		fail_msg("the failure of allocation %d was swallowed", (int)nth);
	return reached;
}

/* So many one by one, and then fewer and fewer of the rest. */
#define SHAKEN_EACH 60

static void shake(struct lab *lab, step_fn step, void *arg, bool bulk)
{
	for (int64_t nth = 1; statement_fails(lab, nth, step, arg, bulk);)
		nth += 1 + nth / SHAKEN_EACH;
	for (int64_t nth = 1; memory_fails(lab, nth, step, arg, bulk);)
		nth += 1 + nth / SHAKEN_EACH;
}

void lab_later(struct lab *lab, int64_t seconds)
{
	lab->now_ms += seconds * 1000;
}

enum err lab_step(struct lab *lab, step_fn step, void *arg, bool bulk)
{
	enum err err;

	if (lab->shakes)
		shake(lab, step, arg, bulk);
	effects_clear(&lab->effects);
	err = lab_begin_step(lab, step, arg, bulk);
	if (err) {
		lab_rollback(lab);
		return err;
	}
	return lab_commit(lab);
}

size_t lab_encode(const struct lab_batch *batch, uint8_t *out, size_t size)
{
	struct uplink up = {.boot = batch->boot,
	                    .seq = batch->seq,
	                    .event_count = batch->event_count,
	                    .events = batch->events,
	                    .result_count = batch->result_count,
	                    .results = batch->results};
	static uint8_t memory[1 << 20];
	struct arena arena;
	size_t len;

	arena_init(&arena, memory, sizeof memory);
	if (batch->row_count) {
		up.table_count = 1;
		assert_int_equal(
		        readings_from_rows(batch->rows, batch->row_count, &arena, &up.table[0]),
		        ERR_NONE);
	}
	assert_int_equal(uplink_encode(&up, out, size, &len), ERR_NONE);
	return len;
}

enum err lab_send_bytes(struct lab *lab, int gateway, const void *bytes, size_t len)
{
	struct ingest_batch batch = {.ingest = lab->ingest,
	                             .property_id = lab->gateway[gateway].property_id,
	                             .gateway_id = lab->gateway[gateway].gateway_id,
	                             .property = "p1",
	                             .len = len};
	enum err err;

	memcpy(batch.gateway, lab->gateway[gateway].name, sizeof batch.gateway);
	batch.body = malloc(len ? len : 1);
	if (len)
		memcpy(batch.body, bytes, len);
	err = lab_step(lab, ingest_batch_step, &batch, true);
	free(batch.body);
	return err;
}

enum err lab_send(struct lab *lab, int gateway, const struct lab_batch *batch)
{
	static uint8_t out[UPLINK_MESSAGE_MAX];

	return lab_send_bytes(lab, gateway, out, lab_encode(batch, out, sizeof out));
}

void lab_result(struct lab *lab, int gateway, struct uplink_result result)
{
	struct lab_batch batch = {
	        .boot = 5, .seq = ++lab->results, .results = &result, .result_count = 1};

	assert_int_equal(lab_send(lab, gateway, &batch), ERR_NONE);
}

struct reading lab_reading(int64_t meter, int64_t time_s, int64_t energy_wh)
{
	return (struct reading){.meter = meter,
	                        .time_s = time_s,
	                        .energy_wh = energy_wh,
	                        .voltage_dv = 2301,
	                        .current_ma = 1200,
	                        .power_dw = 2700,
	                        .pf_permille = 980,
	                        .frequency_chz = 5001,
	                        .state = 3};
}

size_t lab_count(const struct lab *lab, enum effect_kind kind)
{
	size_t n = 0;

	for (const struct effect *e = lab->effects.first; e; e = e->next)
		n += e->kind == kind;
	return n;
}

const struct effect *lab_first(const struct lab *lab, enum effect_kind kind)
{
	for (const struct effect *e = lab->effects.first; e; e = e->next)
		if (e->kind == kind)
			return e;
	return NULL;
}

int64_t lab_number(struct lab *lab, const char *sql)
{
	struct stmt *st;
	int64_t number;

	if (strstr(sql, "FROM charge") || strstr(sql, "FROM rating_rest"))
		charges_unfold(lab->db);
	st = db_query(lab->db, sql);
	assert_true(stmt_row(st));
	number = col_i64(st);
	assert_int_equal(stmt_end(st), ERR_NONE);
	return number;
}
