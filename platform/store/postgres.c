/* PostgreSQL behind db.h: the connection and its transactions. Only the postgres*.c files and
 * dialect.c of this folder know <libpq-fe.h>. Reasons: docs/design/postgres.md. */
#include "platform/store/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/store/log.h"
#include "platform/store/store_copy.h"

#define VERSION_MIN  150000
#define CONNECT_S    "5"
#define TCP_STUCK_MS "10000"

/* What a session needs whatever the server's own settings are. A lock is waited for as long as
 * SQLite would; one that its owner cannot let go, because its machine is gone, ends in a minute. */
static const char session[] =
        "SET standard_conforming_strings=on; SET client_min_messages=warning; SET jit=off;"
        " SET default_transaction_isolation='read committed'; SET lock_timeout='5s';"
        " SET idle_in_transaction_session_timeout='60s'; SET tcp_keepalives_idle=10;"
        " SET tcp_keepalives_interval=5; SET tcp_keepalives_count=3;"
        " SELECT set_config('synchronous_commit','on',false)"
        " WHERE current_setting('synchronous_commit')='off'";

/* ---- errors ---- */

static enum err err_of(const char *state)
{
	static const struct {
		const char *prefix;
		enum err err;
	} table[] = {
	        {"23",    ERR_DUP      }, /* a key that exists */
	        {"40",    ERR_BUSY     }, /* could not be serialised, deadlock */
	        {"55P03", ERR_BUSY     }, /* a lock was not given in time */
	        {"57014", ERR_BUSY     }, /* cancelled */
	        {"53100", ERR_DISK_FULL},
                {"53200", ERR_NOMEM    },
	        {"53300", ERR_CLOSED   }, /* too many connections */
	        {"57P",   ERR_CLOSED   }, /* shut down, starting up */
	        {"25P03", ERR_CLOSED   }, /* idle in a transaction for too long */
	        {"08",    ERR_CLOSED   },
                {"XX001", ERR_DAMAGED  },
	        {"XX002", ERR_DAMAGED  },
                {"25006", ERR_FORBIDDEN}, /* read only */
	        {"42501", ERR_FORBIDDEN},
                {"22021", ERR_BAD_INPUT}, /* not UTF-8 */
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++)
		if (strncmp(state, table[i].prefix, strlen(table[i].prefix)) == 0)
			return table[i].err;
	return ERR_IO;
}

static void keep_message(struct postgres *pg, const char *message)
{
	size_t len = strcspn(message, "\n");

	snprintf(pg->error, sizeof pg->error, "%.*s", (int)len, message);
}

enum err postgres_note(struct db *db, PGresult *result, const char *what)
{
	struct postgres *pg = db->handle;
	const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
	enum err err = state ? err_of(state) : ERR_CLOSED;

	keep_message(pg, result ? PQresultErrorMessage(result) : PQerrorMessage(pg->conn));
	PQclear(result);
	if (PQstatus(pg->conn) == CONNECTION_BAD) {
		err = ERR_CLOSED;
		pg->lost = pg->in_tx;
		pg->in_tx = false;
	}
	if (err != ERR_DUP && err != ERR_DISK_FULL && err != ERR_BUSY)
		log_warn("store: postgresql: %s (%s)", pg->error, what);
	return err;
}

/* ---- the connection ---- */

static void no_notice(void *arg, const PGresult *result)
{
	(void)arg;
	(void)result;
}

static enum err run(struct db *db, const char *sql)
{
	struct postgres *pg = db->handle;
	PGresult *result = PQexec(pg->conn, sql);
	ExecStatusType status = PQresultStatus(result);

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return postgres_note(db, result, sql);
	PQclear(result);
	return ERR_NONE;
}

static enum err fits(struct db *db)
{
	struct postgres *pg = db->handle;
	const char *encoding = PQparameterStatus(pg->conn, "server_encoding");

	if (PQserverVersion(pg->conn) >= VERSION_MIN && encoding && strcmp(encoding, "UTF8") == 0)
		return ERR_NONE;
	snprintf(pg->error, sizeof pg->error,
	         "version 15 or newer and the encoding UTF8 are needed; this is %d with %s",
	         PQserverVersion(pg->conn), encoding ? encoding : "none");
	log_error("store: postgresql: %s", pg->error);
	return ERR_VERSION;
}

static enum err connect_anew(struct db *db)
{
	static const char *const names[] = {"dbname",           "client_encoding",
	                                    "connect_timeout",  "tcp_user_timeout",
	                                    "application_name", NULL};
	const char *values[] = {db->path, "UTF8", CONNECT_S, TCP_STUCK_MS, "wattle", NULL};
	struct postgres *pg = db->handle;
	enum err err;

	PQfinish(pg->conn);
	pg->generation++;
	pg->conn = PQconnectdbParams(names, values, 1);
	if (!pg->conn)
		return ERR_NOMEM;
	if (PQstatus(pg->conn) != CONNECTION_OK) {
		keep_message(pg, PQerrorMessage(pg->conn));
		if (!pg->down) /* once, however often it is tried */
			log_error("store: postgresql: %s", pg->error);
		pg->down = true;
		return ERR_CLOSED;
	}
	if (pg->down)
		log_info("store: postgresql: connected again");
	pg->down = false;
	PQsetNoticeReceiver(pg->conn, no_notice, NULL);
	err = fits(db);
	if (!err)
		err = run(db, session);
	if (!err && pg->mode == DB_READ)
		err = run(db, "SET default_transaction_read_only=on");
	return err;
}

enum err postgres_ready(struct db *db)
{
	struct postgres *pg = db->handle;

	return PQstatus(pg->conn) == CONNECTION_OK ? ERR_NONE : connect_anew(db);
}

enum err postgres_open(struct db *db, enum db_mode mode)
{
	struct postgres *pg = calloc(1, sizeof *pg);
	enum err err;

	if (!pg)
		return ERR_NOMEM;
	db->handle = pg;
	pg->mode = mode;
	err = connect_anew(db);
	return err || mode == DB_READ ? err : postgres_make_lease(db);
}

static void close_handle(struct db *db)
{
	struct postgres *pg = db->handle;

	if (!pg)
		return;
	PQfinish(pg->conn);
	free(pg);
}

static bool has_password(const PQconninfoOption *option)
{
	for (; option->keyword; option++)
		if (strcmp(option->keyword, "password") == 0)
			return option->val != NULL;
	return false;
}

enum err db_url_check(const char *url, char *why, size_t why_size)
{
	PQconninfoOption *options;
	char *message = NULL;
	enum err err = ERR_NONE;

	if (!db_is_url(url)) {
		snprintf(why, why_size, "%s is not postgresql://… (应为 postgresql:// 开头)", url);
		return ERR_BAD_INPUT;
	}
	options = PQconninfoParse(url, &message);
	if (!options) {
		snprintf(why, why_size, "%.*s (连接地址有误)",
		         message ? (int)strcspn(message, "\n") : 9,
		         message ? message : "no memory");
		err = ERR_BAD_INPUT;
	} else if (has_password(options)) {
		snprintf(why, why_size,
		         "a password belongs in a file of mode 0600:"
		         " ?passfile=/PATH (密码请写入 passfile 文件)");
		err = ERR_BAD_INPUT;
	}
	PQconninfoFree(options);
	PQfreemem(message);
	return err;
}

/* ---- transactions ---- */

static enum err begin_once(struct db *db, bool write)
{
	struct postgres *pg = db->handle;
	enum err err = postgres_ready(db);

	if (!err)
		err = run(db, write ? "BEGIN"
		              : pg->mode == DB_READ
		                      ? "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
		                      : "BEGIN ISOLATION LEVEL REPEATABLE READ");
	if (err)
		return err;
	pg->in_tx = true;
	pg->writing = write;
	err = write ? postgres_enter(db) : ERR_NONE;
	if (err && pg->in_tx) {
		pg->in_tx = false;
		(void)!run(db, "ROLLBACK");
	}
	return err;
}

/* A connection that died while nobody used it is noticed here, and nothing is lost with it. */
static enum err begin(struct db *db, bool write)
{
	struct postgres *pg = db->handle;
	enum err err;

	pg->lost = false;
	err = begin_once(db, write);
	if (err == ERR_CLOSED)
		err = begin_once(db, write);
	pg->lost = false;
	return err;
}

static enum err commit(struct db *db)
{
	struct postgres *pg = db->handle;
	enum err err = ERR_NONE;
	PGresult *result;

	if (!pg->in_tx)
		return ERR_CLOSED;
	result = PQexec(pg->conn, "COMMIT");
	if (PQresultStatus(result) != PGRES_COMMAND_OK) {
		err = postgres_note(db, result, "COMMIT");
		pg->lost = false;
		if (err == ERR_CLOSED && pg->writing)
			err = postgres_settle(db);
	} else {
		/* One in which a statement failed is undone, and PostgreSQL calls that a success. */
		err = strcmp(PQcmdStatus(result), "COMMIT") == 0 ? ERR_NONE : ERR_IO;
		PQclear(result);
	}
	pg->in_tx = false;
	if (!err && pg->writing)
		pg->commits++;
	return err;
}

static enum err rollback(struct db *db)
{
	struct postgres *pg = db->handle;
	enum err err = pg->in_tx ? run(db, "ROLLBACK") : ERR_NONE;

	pg->in_tx = pg->lost = false;
	return err == ERR_CLOSED ? ERR_NONE : err; /* undone with its connection */
}

static enum err exec(struct db *db, const char *sql)
{
	struct postgres *pg = db->handle;
	enum err err;
	char *text;

	if (strcmp(sql, "BEGIN IMMEDIATE") == 0)
		return begin(db, true);
	if (strcmp(sql, "BEGIN") == 0)
		return begin(db, false);
	if (strcmp(sql, "COMMIT") == 0)
		return commit(db);
	if (strcmp(sql, "ROLLBACK") == 0)
		return rollback(db);
	if (pg->lost)
		return ERR_CLOSED;
	err = pg->in_tx ? ERR_NONE : postgres_ready(db);
	if (err)
		return err;
	text = dialect_schema(sql);
	if (!text)
		return ERR_NOMEM;
	err = run(db, text);
	free(text);
	return err;
}

/* ---- the rest ---- */

static enum err keep_log(struct db *db)
{
	(void)db;
	return ERR_NONE; /* PostgreSQL keeps its own */
}

static const char *error_text(const struct db *db)
{
	const struct postgres *pg = db->handle;

	return pg ? pg->error : "no memory";
}

static bool in_transaction(const struct db *db)
{
	return ((const struct postgres *)db->handle)->in_tx;
}

static int64_t changes(const struct db *db)
{
	return ((const struct postgres *)db->handle)->changed;
}

/* All that was committed, without what this connection did. */
static enum err data_version(struct db *db, int64_t *version)
{
	const struct postgres *pg = db->handle;
	struct stmt *st = db_query(db, "SELECT commits FROM worker_lease WHERE set_name='all'");
	bool row = stmt_row(st);

	*version = row ? col_i64(st) - pg->commits - (pg->in_tx && pg->writing) : 0;
	return stmt_end_one(st, row);
}

/* Pages have check sums of PostgreSQL's own, and it looks at them when it reads. */
static enum err check(struct db *db)
{
	(void)db;
	return ERR_NONE;
}

static enum err check_table(struct db *db, const char *table, const bool *stop)
{
	(void)db;
	(void)table;
	(void)stop;
	return ERR_NONE;
}

static enum err copy(struct db *db, const char *path)
{
	bool inside = db_in_transaction(db);
	enum err err = inside ? ERR_NONE : db_exec(db, "BEGIN");

	if (!err)
		err = store_copy_file(db, path);
	if (!inside && db_in_transaction(db))
		(void)!db_exec(db, "ROLLBACK"); /* it only read */
	return err;
}

const struct db_kind db_postgres = {
        .close = close_handle,
        .keep_log = keep_log,
        .error_text = error_text,
        .exec = exec,
        .in_transaction = in_transaction,
        .changes = changes,
        .data_version = data_version,
        .check = check,
        .check_table = check_table,
        .copy = copy,
        .tables = "SELECT tablename FROM pg_tables WHERE schemaname=current_schema()"
                  " AND tablename<>'worker_lease' ORDER BY tablename COLLATE \"C\"",
        .prepare = postgres_prepare,
        .finalize = postgres_finalize,
        .bind_i64 = postgres_put_i64,
        .bind_text = postgres_put_text,
        .bind_blob = postgres_put_blob,
        .bind_null = postgres_put_null,
        .row = postgres_row,
        .columns = postgres_columns,
        .type = postgres_type,
        .col_i64 = postgres_i64,
        .col_text = postgres_text,
        .col_blob = postgres_blob,
        .reset = postgres_reset,
        .patch_text = postgres_patch_text,
        .patch = postgres_patch,
};
