/* What the postgres*.c files share: db.h is for everybody else. */
#ifndef PLATFORM_STORE_POSTGRES_H
#define PLATFORM_STORE_POSTGRES_H

#include <libpq-fe.h>

#include "platform/store/db_kind.h"

struct postgres {
	PGconn *conn;
	enum db_mode mode;
	unsigned generation; /* of the connection: prepared statements are of one */
	unsigned names;      /* of prepared statements, given out */
	bool in_tx;
	bool writing; /* it began by BEGIN IMMEDIATE */
	bool lost;    /* a transaction went with its connection, and its owner has not begun anew */
	int64_t changed;      /* rows, by the last statement */
	int64_t commits;      /* of this connection that wrote */
	int64_t worker_after; /* worker_commits once the open transaction is committed */
	int64_t token;        /* of the lease that this connection works under; 0: none */
	bool down;            /* told: the server cannot be reached */
	char error[512];
};

/* A connection that works, a new one if need be. Not inside a transaction. */
MUST_USE enum err postgres_ready(struct db *db);

/* The error of a failed result (NULL: of the connection); the result is freed. Logged when it is
 * one that nobody expects. */
enum err postgres_note(struct db *db, PGresult *result, const char *what);

/* The lease row is there, from now on. */
MUST_USE enum err postgres_make_lease(struct db *db);
/* Locks the lease row for the open transaction, counts the commit to come, and renews the lease.
 * ERR_REFUSED: this connection worked under a lease that somebody else has now. */
MUST_USE enum err postgres_enter(struct db *db);
/* After the connection was lost in a COMMIT: ERR_NONE when it was done, ERR_CLOSED when it was
 * undone, ERR_IO when neither could be learnt. */
MUST_USE enum err postgres_settle(struct db *db);

/* The statements' part of db_postgres. */
void postgres_prepare(struct stmt *st);
void postgres_finalize(struct stmt *st);
void postgres_put_i64(struct stmt *st, int64_t value);
void postgres_put_text(struct stmt *st, const char *text);
void postgres_put_blob(struct stmt *st, const void *data, size_t len);
void postgres_put_null(struct stmt *st);
bool postgres_row(struct stmt *st);
int postgres_columns(struct stmt *st);
enum db_type postgres_type(struct stmt *st, int column);
int64_t postgres_i64(struct stmt *st, int column);
const char *postgres_text(struct stmt *st, int column);
const void *postgres_blob(struct stmt *st, int column, size_t *len);
void postgres_reset(struct stmt *st);

/* postgres_patch.c */
char *postgres_patch_text(const struct db_patch *patch);
enum err postgres_patch(struct stmt *st, const struct patching *patching);

/* SQL in the common subset as PostgreSQL wants it; the caller frees it. NULL: no memory.
 * A schema's: TEXT by bytes, BLOB as BYTEA. */
char *dialect_schema(const char *sql);
/* A statement's: `?` as $1…; `params` counts them. A plain INSERT of values gets ON CONFLICT DO
 * NOTHING (`*absorbs`): a key that exists is then an answer, as on SQLite, and not the end of the
 * transaction. */
char *dialect_statement(const char *sql, int *params, bool *absorbs);

#endif
