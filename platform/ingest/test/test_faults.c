/* The n-th write, sync or file creation of the store fails, for every n, once and from then on: what
 * was acknowledged is stored exactly once, what was answered with success is there, the rest is
 * refused visibly, and all goes on by itself when the disk has room again (D1). The real writer with
 * its thread runs here, over an SQLite VFS that fails on order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "libs/proto/event.h"
#include "platform/core/group.h"
#include "platform/core/io.h"
#include "platform/core/writer.h"
#include "platform/store/audit.h"
#include "platform/store/info.h"
#include "platform/store/log.h"
#include "platform/store/test/fault_vfs.h"
#include "platform/test/lab.h"

#define BATCHES  24
#define COMMANDS 4
#define BOOT     77

static struct lab lab;

struct run {
	struct io *io;
	struct writer *writer;
	unsigned open; /* steps that are not answered yet */
	bool acked[BATCHES + 1];

	struct job {
		struct run *run;
		struct ingest_batch batch;
		uint8_t bytes[256];
		struct command_request command;
		unsigned number;
		bool ok;
	} batch[BATCHES + 1], command[COMMANDS + 1];

	unsigned refused_visibly;
};

static void on_effect(void *arg, const struct effect *effect)
{
	struct run *run = arg;

	if (effect->kind == EFFECT_ACK) {
		assert_int_equal(effect->u.ack.refused, 0);
		run->acked[effect->u.ack.seq] = true;
	}
}

static void answered(void *arg, enum err err)
{
	struct job *job = arg;

	job->ok |= err == ERR_NONE;
	job->run->refused_visibly += err != ERR_NONE;
	job->run->open--;
}

static void submit_batch(struct run *run, unsigned k)
{
	struct uplink_event event = {.time_s = LAB_NOW_MS / 1000, .kind = EVENT_BUS_OVERLOAD};
	struct reading row = lab_reading(LAB_METER, LAB_NOW_MS / 1000 - 1000 + k, 1000 + k);
	struct job *job = &run->batch[k];
	struct lab_batch batch = {.boot = BOOT,
	                          .seq = k,
	                          .rows = &row,
	                          .row_count = 1,
	                          .events = &event,
	                          .event_count = k % 3 == 0};

	job->run = run;
	job->number = k;
	job->batch = (struct ingest_batch){.ingest = lab.ingest,
	                                   .property_id = 1,
	                                   .gateway_id = lab.gateway[0].gateway_id,
	                                   .property = "p1",
	                                   .gateway = "gw-1",
	                                   .body = job->bytes};
	job->batch.len = lab_encode(&batch, job->bytes, sizeof job->bytes);
	run->open++;
	assert_int_equal(
	        writer_submit_bulk(run->writer, ingest_batch_step, &job->batch, answered, job),
	        ERR_NONE);
}

static void submit_command(struct run *run, unsigned k)
{
	struct job *job = &run->command[k];

	job->run = run;
	job->command = (struct command_request){
	        .actor = {.who = "anna",      .local = true      },
	        .rules = { .expiry_s = 120, .resend_ms = 3000, .verify_wait_s = 30},
	        .meter = LAB_METER + k % LAB_METERS,
	        .kind = COMMAND_CLOSE
        };
	snprintf(job->command.idempotency_key, IDEMPOTENCY_SIZE, "key-%u", k);
	run->open++;
	assert_int_equal(
	        writer_submit(run->writer, command_create_step, &job->command, answered, job),
	        ERR_NONE);
}

static void start_writer(struct run *run)
{
	struct writer_config config = {.db = lab.db,
	                               .days = lab.days,
	                               .keys = lab.keys,
	                               .effects = on_effect,
	                               .effects_arg = run,
	                               .hooks = ingest_hooks(lab.ingest),
	                               .group_ms = 1,
	                               .group_max = 6,
	                               .queue_max = 64};

	assert_int_equal(io_new(&run->io), ERR_NONE);
	config.io = run->io;
	assert_int_equal(writer_new(&run->writer, &config), ERR_NONE);
}

static void stop_writer(struct run *run)
{
	writer_stop(run->writer);
	io_drain(run->io);
	writer_free(run->writer);
	io_free(run->io);
}

/* Everything that is not done yet, as gateways and people would: once more. */
static void submit_open(struct run *run)
{
	for (unsigned k = 1; k <= BATCHES; k++) {
		if (!run->acked[k])
			submit_batch(run, k);
		if (k % 6 == 0 && !run->command[k / 6].ok)
			submit_command(run, k / 6);
	}
}

static void wait_all(struct run *run)
{
	while (run->open)
		io_run_once(run->io);
}

struct seen {
	unsigned times[BATCHES + 1];
};

static bool see(void *arg, const struct batch_row *row)
{
	struct seen *seen = arg;

	assert_int_equal(row->boot, BOOT);
	assert_in_range(row->seq, 1, BATCHES);
	seen->times[row->seq]++;
	return true;
}

static void check_stored(const struct run *run)
{
	struct day_reader *reader;
	struct seen seen = {0};
	uint64_t damaged = 0;
	int64_t files[8];
	struct audit_proof proof;
	uint8_t key[16];
	size_t n;

	assert_int_equal(info_hash_key(lab.db, key), 0);
	assert_int_equal(day_reader_open(&reader, lab.dir, key), 0);
	n = day_reader_list(reader, files, 8);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(day_reader_walk(reader, files[i], 0, see, &seen, &damaged), 0);
	day_reader_close(reader);
	assert_int_equal(damaged, 0);
	for (unsigned k = 1; k <= BATCHES; k++) {
		assert_true(seen.times[k] <= 1);
		if (run->acked[k])
			assert_int_equal(seen.times[k], 1);
	}
	assert_int_equal(audit_verify(lab.db, 1, 0, &proof), ERR_NONE);
	assert_int_equal(db_check(lab.db), ERR_NONE);
}

/* One whole story with the n-th call failing. False: the story was over before the n-th call. */
static bool story(int64_t n, enum fault_kind kind, bool for_ever)
{
	static struct run run;
	bool fired;

	memset(&run, 0, sizeof run);
	lab_setup(&lab);
	start_writer(&run);
	fault_vfs_set(n, kind, for_ever);
	submit_open(&run);
	wait_all(&run);
	fired = fault_vfs_failures() > 0;
	if (fired && for_ever)
		assert_true(run.refused_visibly > 0);
	fault_vfs_set(0, kind, false);

	/* The disk has room again: two more rounds settle everything. */
	for (int round = 0; round < 3; round++) {
		submit_open(&run);
		wait_all(&run);
	}
	for (unsigned k = 1; k <= BATCHES; k++)
		if (!run.acked[k])
			fail_msg(
			        "batch %u never acked after call %lld failed (kind %d, for ever %d)",
			        k, (long long)n, (int)kind, for_ever);
	for (unsigned k = 1; k <= COMMANDS; k++)
		assert_true(run.command[k].ok);
	assert_false(writer_disk_full(run.writer));
	stop_writer(&run);
	check_stored(&run);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM command"), COMMANDS);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=67"), BATCHES / 3);

	/* And after a kill. */
	lab_close(&lab);
	lab_open(&lab);
	check_stored(&run);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM event WHERE kind=67"), BATCHES / 3);
	lab_teardown(&lab);
	return fired;
}

/* The same, but the process ends while the disk still fails: what was acknowledged must be there. */
static bool killed_story(int64_t n, enum fault_kind kind)
{
	static struct run run;
	bool fired;

	memset(&run, 0, sizeof run);
	lab_setup(&lab);
	start_writer(&run);
	fault_vfs_set(n, kind, true);
	submit_open(&run);
	wait_all(&run);
	fired = fault_vfs_failures() > 0;
	stop_writer(&run);
	lab_close(&lab);
	fault_vfs_set(0, kind, false);
	lab_open(&lab);
	check_stored(&run);
	for (unsigned k = 1; k <= COMMANDS; k++) {
		struct command_row row;

		if (run.command[k].ok)
			assert_int_equal(
			        command_get(lab.db, run.command[k].command.row.command_id, &row),
			        ERR_NONE);
	}
	lab_teardown(&lab);
	return fired;
}

static void each_call_fails_once(void **state)
{
	int64_t n = 1;

	(void)state;
	while (story(n, FAULT_FULL, false))
		n++;
	assert_true(n > 30); /* it did reach the writes of both files */
}

/* Every seventh call, to keep `make test` short; the nightly run sets WATTLE_FAULT_STEP=1. */
static int64_t stride(void)
{
	const char *text = getenv("WATTLE_FAULT_STEP");

	long step = text ? strtol(text, NULL, 10) : 0;

	return step > 0 ? step : 7;
}

static void each_call_fails_once_otherwise(void **state)
{
	(void)state;
	for (int64_t n = 1; story(n, FAULT_IO, false); n += stride())
		;
}

static void each_call_fails_for_ever(void **state)
{
	(void)state;
	for (int64_t n = 1; story(n, FAULT_FULL, true); n += stride())
		;
	for (int64_t n = 1; story(n, FAULT_IO, true); n += stride())
		;
}

static void killed_while_the_disk_fails(void **state)
{
	(void)state;
	for (int64_t n = 1; killed_story(n, FAULT_FULL); n += stride())
		;
	for (int64_t n = 2; killed_story(n, FAULT_IO); n += stride())
		;
}

/* The file's last row as the writer counts it and as the file has it. */
static void assert_counted_right(void)
{
	uint8_t hash_key[16];
	struct day_reader *reader;
	struct day_end end;
	int64_t file, rowid;

	assert_int_equal(info_hash_key(lab.db, hash_key), ERR_NONE);
	assert_int_equal(day_reader_open(&reader, lab.dir, hash_key), ERR_NONE);
	days_newest(lab.days, &file, &rowid);
	assert_int_equal(day_reader_end(reader, file, &end), ERR_NONE);
	assert_int_equal(rowid, end.rowid);
	day_reader_close(reader);
}

/* A commit that fails takes its rows with it, also where SQLite has undone it by itself already. What is
 * saved as applied must not run ahead of what is stored, or a start passes by what comes then. */
static void rows_of_a_failed_commit_are_not_counted(void **state)
{
	int64_t failures = 1;

	(void)state;
	for (int64_t n = 1; failures; n++) {
		struct reading row = lab_reading(LAB_METER, LAB_NOW_MS / 1000, 1000);
		struct lab_batch batch = {.boot = BOOT, .seq = 1, .rows = &row, .row_count = 1};

		lab_setup(&lab);
		assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
		row.time_s++;
		batch.seq = 2;
		fault_vfs_set(n, FAULT_IO, false);
		if (lab_send(&lab, 0, &batch))
			log_debug("call %d failed", (int)n);
		failures = fault_vfs_failures();
		fault_vfs_set(0, FAULT_IO, false);
		row.time_s++;
		batch.seq = 3;
		assert_int_equal(lab_send(&lab, 0, &batch), ERR_NONE);
		assert_counted_right();
		lab_teardown(&lab);
	}
}

/* ---- a step in whose midst the disk fails ---- */

/* So much to put back that it goes to the disk while the step runs, and SQLite ends the whole transaction by itself. */
#define PART_ROWS 60

struct large_step {
	enum { HONEST, SWALLOWED, RENAMED } way; /* what becomes of the error within it */
	enum err inner, err;                     /* of its rows, and what its caller was told */
};

static enum err add_to_parts(struct db *db)
{
	enum err err = ERR_NONE;

	for (int64_t k = 1; !err && k <= PART_ROWS; k++) {
		struct stmt *st = db_query(db, "UPDATE part SET n=n+1 WHERE k=?");

		bind_i64(st, k);
		err = stmt_run(st);
	}
	return err;
}

/* Rows of a part of the step, and then one more, whatever happened. Only the first way is how a step is written. */
static enum err large_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct large_step *step = arg;
	enum err err;
	size_t part;

	(void)now_ms;
	err = tx_part_begin(tx, out, &part);
	if (!err)
		err = step->inner = add_to_parts(tx->db);
	if (err && step->way == SWALLOWED) {
		(void)!db_exec(tx->db, "INSERT INTO mark(k) VALUES(1)");
		(void)!tx_part_end(tx, part, ERR_NONE, out);
		(void)!db_exec(tx->db, "INSERT INTO mark(k) VALUES(2)");
		return ERR_NONE;
	}
	if (err && step->way == RENAMED)
		err = ERR_BAD_INPUT;
	return tx_part_end(tx, part, err, out);
}

static void told(void *arg, enum err err)
{
	((struct large_step *)arg)->err = err;
}

static void group_ended(void *arg, struct group *group)
{
	(void)arg;
	group_answer(group);
}

static void no_effect(void *arg, const struct effect *effect)
{
	(void)arg;
	(void)effect;
}

static enum err small_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	(void)arg;
	(void)now_ms;
	(void)out;
	return db_exec(tx->db, "INSERT INTO stone(at) VALUES(0)");
}

static enum err take(struct groups *groups, step_fn step, struct large_step *arg)
{
	struct group_item item = {.step = step, .arg = arg, .done = told, .done_arg = arg};

	groups_take(groups, &item, lab.now_ms, lab.now_ms);
	return arg->err;
}

/* A small step and the large one in one group, and a small one behind it. False: the large one made fewer calls
 * than n. */
static bool group_fails(int64_t n, enum fault_kind kind, int way)
{
	struct groups groups = {
	        .config = {.db = lab.db,
	                   .days = lab.days,
	                   .keys = lab.keys,
	                   .effects = no_effect,
	                   .hooks = ingest_hooks(lab.ingest),
	                   .group_max = 8},
	        .ended = group_ended
        };
	struct large_step before = {0}, large = {.way = way}, after = {0};
	int64_t stones = lab_number(&lab, "SELECT count(*) FROM stone");
	enum err err;

	groups_init(&groups);
	assert_int_equal(take(&groups, small_step, &before), ERR_NONE);
	fault_vfs_set(n, kind, false);
	err = take(&groups, large_step, &large);
	fault_vfs_set(0, kind, false);
	if (!large.inner) {
		lab_rollback(&lab);
		group_answer(groups.open);
		return false;
	}
	assert_int_equal(err, way == HONEST && kind == FAULT_FULL ? ERR_DISK_FULL : ERR_IO);
	assert_int_equal(before.err, err);
	assert_int_equal(take(&groups, small_step, &after), ERR_NONE);
	assert_true(groups_commit(&groups));
	assert_int_equal(after.err, ERR_NONE);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM stone"), stones + 1);
	return true;
}

static void make_parts(void)
{
	assert_int_equal(db_exec(lab.db,
	                         "CREATE TABLE part(k BIGINT PRIMARY KEY, n BIGINT NOT NULL,"
	                         " filling BLOB NOT NULL);"
	                         "CREATE TABLE mark(k BIGINT PRIMARY KEY);"
	                         "CREATE TABLE stone(at BIGINT NOT NULL);"
	                         "WITH RECURSIVE c(k) AS (SELECT 1 UNION ALL SELECT k+1"
	                         " FROM c WHERE k<60) INSERT INTO part(k, n, filling)"
	                         " SELECT k, 0, zeroblob(3000) FROM c"),
	                 ERR_NONE);
}

static void assert_nothing_stands(void)
{
	assert_int_equal(lab_number(&lab, "SELECT sum(n) FROM part"), 0);
	assert_int_equal(lab_number(&lab, "SELECT count(*) FROM mark"), 0);
	assert_int_equal(db_check(lab.db), ERR_NONE);
}

static void a_step_that_fails_in_its_midst_takes_its_group_with_it(void **state)
{
	(void)state;
	if (fresh_store_is_postgres())
		return; /* SQLite's own */
	lab_setup(&lab);
	make_parts();
	for (int way = HONEST; way <= RENAMED; way++) {
		int64_t n = 1;

		while (group_fails(n, FAULT_FULL, way))
			n += 1 + n / 4;
		assert_true(n > 40);
		for (n = 1; group_fails(n, FAULT_IO, way); n += 1 + n / 4)
			;
	}
	assert_nothing_stands();
	lab_teardown(&lab);
}

/* The same in the command line tool's shell. */
static void a_step_alone_that_fails_in_its_midst_leaves_nothing(void **state)
{
	(void)state;
	if (fresh_store_is_postgres())
		return; /* SQLite's own */
	lab_setup(&lab);
	make_parts();
	for (int way = HONEST; way <= RENAMED; way++) {
		struct large_step large = {.way = way};
		enum err err;

		fault_vfs_set(20, FAULT_FULL, false);
		err = step_run(lab.db, lab.keys, large_step, &large, lab.now_ms, NULL);
		assert_int_equal(fault_vfs_failures(), 1);
		fault_vfs_set(0, FAULT_FULL, false);
		assert_int_equal(large.inner, ERR_DISK_FULL);
		assert_int_equal(err, way == HONEST ? ERR_DISK_FULL : ERR_IO);
		assert_false(db_in_transaction(lab.db));
	}
	assert_nothing_stands();
	lab_teardown(&lab);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(a_step_that_fails_in_its_midst_takes_its_group_with_it),
	        cmocka_unit_test(a_step_alone_that_fails_in_its_midst_leaves_nothing),
	        cmocka_unit_test(rows_of_a_failed_commit_are_not_counted),
	        cmocka_unit_test(each_call_fails_once),
	        cmocka_unit_test(each_call_fails_once_otherwise),
	        cmocka_unit_test(each_call_fails_for_ever),
	        cmocka_unit_test(killed_while_the_disk_fails),
	};

	fault_vfs_install();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
