/* The lease row: who decides, the lock of whoever writes, and how the end of a transaction is
 * learnt whose connection broke in its COMMIT. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "platform/store/log.h"
#include "platform/store/postgres.h"
#include "platform/store/worker.h"

#define LEASE_MS     15000
#define SETTLE_TRIES 60
#define SETTLE_MS    500

/* now() is the server's clock: those of the machines that ask need not agree. */
#define SERVER_MS "CAST(extract(epoch FROM now())*1000 AS BIGINT)"

static const char table[] = "CREATE TABLE IF NOT EXISTS worker_lease(set_name TEXT PRIMARY KEY,"
                            " token BIGINT NOT NULL, holder TEXT NOT NULL,"
                            " until_ms BIGINT NOT NULL, commits BIGINT NOT NULL,"
                            " worker_commits BIGINT NOT NULL);"
                            "INSERT INTO worker_lease VALUES('all', 0, '', 0, 0, 0)"
                            " ON CONFLICT DO NOTHING";

enum err postgres_make_lease(struct db *db)
{
	struct stmt *st = db_query(db, "SELECT to_regclass('worker_lease') IS NOT NULL");
	bool there = stmt_row(st) && col_i64(st);
	enum err err = stmt_end(st);

	if (err || there)
		return err;
	err = db_exec(db, table);
	return err == ERR_DUP ? ERR_NONE : err; /* another process was faster */
}

/* The row of this transaction: `worker` is what worker_commits becomes. */
static enum err count_commit(struct stmt *st, int64_t *worker)
{
	bool row = stmt_row(st);

	*worker = row ? col_i64(st) : 0;
	return stmt_end_one(st, row);
}

enum err postgres_enter(struct db *db)
{
	struct postgres *pg = db->handle;
	struct stmt *st;
	enum err err;

	if (!pg->token) {
		st = db_query(db, "UPDATE worker_lease SET commits=commits+1 WHERE set_name='all'"
		                  " RETURNING worker_commits");
		return count_commit(st, &pg->worker_after);
	}
	st = db_query(db, "UPDATE worker_lease SET commits=commits+1,"
	                  " worker_commits=worker_commits+1, until_ms=" SERVER_MS
	                  "+CAST(? AS BIGINT) WHERE set_name='all' AND token=?"
	                  " RETURNING worker_commits");
	bind_i64(st, LEASE_MS);
	bind_i64(st, pg->token);
	err = count_commit(st, &pg->worker_after);
	return err == ERR_NOT_FOUND ? ERR_REFUSED : err;
}

static enum err look(struct db *db, bool *done)
{
	struct postgres *pg = db->handle;
	struct stmt *st;
	enum err err = postgres_ready(db);
	bool row;

	if (err)
		return err;
	/* The lock waits for the transaction in question, should the server not have seen yet that
	 * its client is gone. */
	st = db_query(db, "SELECT worker_commits FROM worker_lease WHERE set_name='all'"
	                  " AND token=? FOR UPDATE");
	bind_i64(st, pg->token);
	row = stmt_row(st);
	*done = row && col_i64(st) >= pg->worker_after;
	err = stmt_end_one(st, row);
	return err == ERR_NOT_FOUND ? ERR_REFUSED : err;
}

enum err postgres_settle(struct db *db)
{
	const struct timespec pause = {.tv_nsec = SETTLE_MS * 1000000L};
	struct postgres *pg = db->handle;
	enum err err = ERR_CLOSED;
	bool done = false;

	if (!pg->token) {
		log_warn("store: postgresql: the connection broke at a commit:"
		         " look whether it was done");
		return ERR_CLOSED;
	}
	for (int i = 0; err && err != ERR_REFUSED && i < SETTLE_TRIES; i++) {
		if (i)
			nanosleep(&pause, NULL);
		err = look(db, &done);
	}
	if (err)
		log_error("store: postgresql: the end of a transaction is not known: %s",
		          pg->error);
	else
		log_info("store: postgresql: the transaction at the broken connection was %s",
		         done ? "committed" : "undone");
	return err ? ERR_IO : done ? ERR_NONE : ERR_CLOSED;
}

/* ---- taking and giving ---- */

struct owner {
	char holder[WORKER_NAME_SIZE];
	int64_t token, left_ms;
};

static enum err read_owner(struct db *db, struct owner *owner)
{
	struct stmt *st = db_query(db, "SELECT holder, token, until_ms-" SERVER_MS
	                               " FROM worker_lease WHERE set_name='all' FOR UPDATE");
	bool row = stmt_row(st);

	if (row) {
		col_text_to(st, owner->holder, sizeof owner->holder);
		owner->token = col_i64(st);
		owner->left_ms = col_i64(st);
	}
	return stmt_end_one(st, row);
}

static enum err take(struct db *db, const char *holder, struct owner *owner)
{
	struct stmt *st;
	enum err err = read_owner(db, owner);

	if (err)
		return err;
	if (owner->left_ms > 0 && strcmp(owner->holder, holder) != 0)
		return ERR_BUSY;
	st = db_query(db, "UPDATE worker_lease SET token=token+1, holder=?, until_ms=" SERVER_MS
	                  "+CAST(? AS BIGINT) WHERE set_name='all'");
	bind_text(st, holder);
	bind_i64(st, LEASE_MS);
	return stmt_run_one(st);
}

enum err worker_take(struct db *db, const char *holder, char other[WORKER_NAME_SIZE],
                     int64_t *left_ms)
{
	struct owner owner = {.token = 0};
	struct postgres *pg;
	enum err err;

	*other = '\0';
	*left_ms = 0;
	if (db_is_file(db))
		return ERR_NONE;
	pg = db->handle;
	pg->token = 0;
	err = db_exec(db, "BEGIN IMMEDIATE");
	if (!err)
		err = take(db, holder, &owner);
	if (!err)
		err = db_exec(db, "COMMIT");
	if (db_in_transaction(db))
		(void)!db_exec(db, "ROLLBACK");
	if (!err)
		pg->token = owner.token + 1;
	if (err == ERR_BUSY) {
		snprintf(other, WORKER_NAME_SIZE, "%s", owner.holder);
		*left_ms = owner.left_ms;
	}
	return err;
}

void worker_release(struct db *db)
{
	struct postgres *pg;
	struct stmt *st;

	if (!db || db_is_file(db))
		return;
	pg = db->handle;
	if (!pg->token)
		return;
	st = db_query(db, "UPDATE worker_lease SET until_ms=0 WHERE set_name='all' AND token=?");
	bind_i64(st, pg->token);
	if (stmt_run(st))
		log_warn("store: the lease was not given back; it ends by itself");
	pg->token = 0;
}
