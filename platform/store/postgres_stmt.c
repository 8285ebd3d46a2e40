/* Statements on PostgreSQL: prepared once per connection, parameters as text (BYTEA as it is),
 * answers in PostgreSQL's binary form. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "libs/base/bytes.h"
#include "platform/store/log.h"
#include "platform/store/postgres.h"

#define NUMBER_SIZE 24 /* of an int64_t as text */

/* Types of PostgreSQL's catalogue; their numbers are part of its wire format. */
enum oid {
	OID_BOOL = 16,
	OID_BYTEA = 17,
	OID_NAME = 19,
	OID_INT8 = 20,
	OID_INT2 = 21,
	OID_INT4 = 23,
	OID_TEXT = 25,
	OID_UNKNOWN = 705,
	OID_NUMERIC = 1700
};

struct param {
	char number[NUMBER_SIZE];
};

struct statement {
	char *text; /* in PostgreSQL's dialect */
	char name[16];
	unsigned generation; /* in which it is prepared */
	bool absorbs;        /* an INSERT that leaves a key alone which exists */
	int count;           /* of parameters; the arrays have as many */
	const char **values;
	int *lengths, *formats;
	struct param *numbers;
	PGresult *result; /* what came; NULL: it has not run */
	int row;
	bool streams; /* rows come one by one */
	char column_text[NUMBER_SIZE];
};

static bool make_room(struct statement *s)
{
	size_t n = (size_t)s->count + 1;

	s->values = calloc(n, sizeof *s->values);
	s->lengths = calloc(n, sizeof *s->lengths);
	s->formats = calloc(n, sizeof *s->formats);
	s->numbers = calloc(n, sizeof *s->numbers);
	return s->values && s->lengths && s->formats && s->numbers;
}

static void statement_free(struct statement *s)
{
	free(s->values);
	free(s->lengths);
	free(s->formats);
	free(s->numbers);
	free(s->text);
	free(s);
}

void postgres_prepare(struct stmt *st)
{
	struct postgres *pg = st->db->handle;
	struct statement *s = calloc(1, sizeof *s);

	st->err = ERR_NOMEM;
	if (!s)
		return;
	s->text = dialect_statement(st->sql, &s->count, &s->absorbs);
	if (!s->text || !make_room(s)) {
		statement_free(s);
		return;
	}
	snprintf(s->name, sizeof s->name, "s%u", pg->names++);
	st->handle = s;
	st->err = ERR_NONE;
}

void postgres_finalize(struct stmt *st)
{
	struct postgres *pg = st->db->handle;
	struct statement *s = st->handle;
	char sql[32];

	PQclear(s->result);
	if (st->owned && s->generation == pg->generation && PQstatus(pg->conn) == CONNECTION_OK) {
		snprintf(sql, sizeof sql, "DEALLOCATE %s", s->name);
		PQclear(PQexec(pg->conn, sql));
	}
	statement_free(s);
}

/* ---- parameters ---- */

static void put(struct stmt *st, const char *value, size_t len, int format)
{
	struct statement *s = st->handle;

	if (!s)
		return;
	assert(st->bound < s->count);
	s->values[st->bound] = value;
	s->lengths[st->bound] = (int)len;
	s->formats[st->bound++] = format;
}

void postgres_put_i64(struct stmt *st, int64_t value)
{
	struct statement *s = st->handle;
	char *number;

	if (!s)
		return;
	assert(st->bound < s->count);
	number = s->numbers[st->bound].number;
	snprintf(number, NUMBER_SIZE, "%" PRId64, value);
	put(st, number, 0, 0);
}

void postgres_put_text(struct stmt *st, const char *text)
{
	put(st, text, 0, 0);
}

void postgres_put_blob(struct stmt *st, const void *data, size_t len)
{
	put(st, len ? data : "", len, 1);
}

void postgres_put_null(struct stmt *st)
{
	put(st, NULL, 0, 0);
}

/* ---- running ---- */

static enum err prepare_typed(struct stmt *st, const Oid *types, PGresult **described)
{
	struct postgres *pg = st->db->handle;
	struct statement *s = st->handle;
	PGresult *result = PQprepare(pg->conn, s->name, s->text, types ? s->count : 0, types);

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return postgres_note(st->db, result, st->sql);
	PQclear(result);
	result = PQdescribePrepared(pg->conn, s->name);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return postgres_note(st->db, result, st->sql);
	*described = result;
	return ERR_NONE;
}

/* Beside a small number PostgreSQL takes a parameter for one, and would refuse large ones. */
static bool widen(const struct statement *s, const PGresult *described, Oid *types)
{
	bool widened = false;

	for (int i = 0; i < s->count; i++) {
		Oid type = PQparamtype(described, i);

		types[i] = type == OID_INT4 || type == OID_INT2 ? OID_INT8 : 0;
		widened |= types[i] != 0;
	}
	return widened;
}

static enum err prepare_again(struct stmt *st, const Oid *types)
{
	struct postgres *pg = st->db->handle;
	const struct statement *s = st->handle;
	PGresult *result;
	char sql[32];
	enum err err;

	snprintf(sql, sizeof sql, "DEALLOCATE %s", s->name);
	result = PQexec(pg->conn, sql);
	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return postgres_note(st->db, result, sql);
	PQclear(result);
	err = prepare_typed(st, types, &result);
	if (!err)
		PQclear(result);
	return err;
}

static enum err prepare_here(struct stmt *st)
{
	struct postgres *pg = st->db->handle;
	struct statement *s = st->handle;
	PGresult *described;
	Oid *types;
	enum err err;

	if (s->generation == pg->generation)
		return ERR_NONE;
	types = calloc((size_t)s->count + 1, sizeof *types);
	if (!types)
		return ERR_NOMEM;
	err = prepare_typed(st, NULL, &described);
	if (!err) {
		bool small = widen(s, described, types);

		PQclear(described);
		if (small)
			err = prepare_again(st, types);
	}
	free(types);
	if (!err)
		s->generation = pg->generation;
	return err;
}

static bool is_select(const struct stmt *st)
{
	return strncmp(st->sql, "SELECT", 6) == 0;
}

/* Whatever still comes for the statement that streams. */
static void drain(struct stmt *st)
{
	struct postgres *pg = st->db->handle;
	struct statement *s = st->handle;

	while (s->streams) {
		PGresult *rest = PQgetResult(pg->conn);

		s->streams = rest != NULL && PQstatus(pg->conn) == CONNECTION_OK;
		PQclear(rest);
	}
}

/* The next row that PostgreSQL sends, or a result without rows at the end. */
static enum err receive(struct stmt *st)
{
	struct postgres *pg = st->db->handle;
	struct statement *s = st->handle;
	PGresult *result = PQgetResult(pg->conn);
	ExecStatusType status = PQresultStatus(result);

	PQclear(s->result);
	s->result = NULL;
	s->row = 0;
	if (status != PGRES_SINGLE_TUPLE)
		drain(st);
	if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK)
		return postgres_note(st->db, result, st->sql);
	s->result = result;
	return ERR_NONE;
}

static enum err start_stream(struct stmt *st)
{
	struct postgres *pg = st->db->handle;
	struct statement *s = st->handle;

	if (!PQsendQueryPrepared(pg->conn, s->name, s->count, s->values, s->lengths, s->formats,
	                         1) ||
	    !PQsetSingleRowMode(pg->conn))
		return postgres_note(st->db, NULL, st->sql);
	s->streams = true;
	return receive(st);
}

static void count_changes(struct stmt *st)
{
	struct postgres *pg = st->db->handle;
	struct statement *s = st->handle;
	const char *status = PQcmdStatus(s->result);

	if (strncmp(status, "INSERT", 6) != 0 && strncmp(status, "UPDATE", 6) != 0 &&
	    strncmp(status, "DELETE", 6) != 0)
		return;
	pg->changed = strtoll(PQcmdTuples(s->result), NULL, 10);
	if (s->absorbs && pg->changed == 0)
		st->err = ERR_DUP;
}

static enum err execute(struct stmt *st)
{
	struct postgres *pg = st->db->handle;
	struct statement *s = st->handle;
	PGresult *result;
	enum err err;

	assert(st->bound == s->count);
	if (pg->lost)
		return ERR_CLOSED;
	err = pg->in_tx ? ERR_NONE : postgres_ready(st->db);
	if (!err)
		err = prepare_here(st);
	if (err)
		return err;
	if (st->owned && is_select(st))
		return start_stream(st);
	result = PQexecPrepared(pg->conn, s->name, s->count, s->values, s->lengths, s->formats, 1);
	if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
		return postgres_note(st->db, result, st->sql);
	s->result = result;
	s->row = 0;
	count_changes(st);
	return st->err;
}

bool postgres_row(struct stmt *st)
{
	struct statement *s = st->handle;

	if (!s->result)
		st->err = execute(st);
	else if (s->streams)
		st->err = receive(st);
	else
		s->row++;
	return !st->err && s->row < PQntuples(s->result);
}

void postgres_reset(struct stmt *st)
{
	struct statement *s = st->handle;

	PQclear(s->result);
	s->result = NULL;
	drain(st);
	for (int i = 0; i < s->count; i++)
		s->values[i] = NULL;
}

/* ---- columns ---- */

int postgres_columns(struct stmt *st)
{
	const struct statement *s = st->handle;

	return PQnfields(s->result);
}

enum db_type postgres_type(struct stmt *st, int column)
{
	const struct statement *s = st->handle;

	if (PQgetisnull(s->result, s->row, column))
		return DB_NULL;
	switch (PQftype(s->result, column)) {
	case OID_BYTEA:
		return DB_BLOB;
	case OID_TEXT:
	case OID_NAME:
	case OID_UNKNOWN:
		return DB_TEXT;
	}
	return DB_NUMBER;
}

/* A whole NUMERIC: digits to the base of 10,000, the first of weight `weight`. Sums are of this
 * type; one beyond 64 bits saturates, as no amount of ours comes near. */
static int64_t numeric(const uint8_t *bytes)
{
	int count = get_be16(bytes), weight = (int16_t)get_be16(bytes + 2);
	bool negative = get_be16(bytes + 4) == 0x4000;
	int64_t value = 0;

	for (int i = 0; i <= weight; i++) {
		int64_t digit = i < count ? get_be16(bytes + 8 + 2 * i) : 0;

		if (__builtin_mul_overflow(value, 10000, &value) ||
		    __builtin_sub_overflow(value, digit, &value))
			return negative ? INT64_MIN : INT64_MAX;
	}
	if (negative)
		return value;
	return value == INT64_MIN ? INT64_MAX : -value;
}

int64_t postgres_i64(struct stmt *st, int column)
{
	const struct statement *s = st->handle;
	const char *bytes = PQgetvalue(s->result, s->row, column);
	const uint8_t *raw = (const uint8_t *)bytes;

	if (PQgetisnull(s->result, s->row, column))
		return 0;
	switch (PQftype(s->result, column)) {
	case OID_INT8:
		return (int64_t)get_be64(raw);
	case OID_INT4:
		return (int32_t)get_be32(raw);
	case OID_INT2:
		return (int16_t)get_be16(raw);
	case OID_BOOL:
		return *raw;
	case OID_NUMERIC:
		return numeric(raw);
	}
	return strtoll(bytes, NULL, 10);
}

const char *postgres_text(struct stmt *st, int column)
{
	struct statement *s = st->handle;

	switch (postgres_type(st, column)) {
	case DB_NULL:
		return NULL;
	case DB_NUMBER: /* one such column at a time */
		snprintf(s->column_text, sizeof s->column_text, "%" PRId64,
		         postgres_i64(st, column));
		return s->column_text;
	case DB_TEXT:
	case DB_BLOB:
		break;
	}
	return PQgetvalue(s->result, s->row, column);
}

const void *postgres_blob(struct stmt *st, int column, size_t *len)
{
	const struct statement *s = st->handle;

	*len = (size_t)PQgetlength(s->result, s->row, column);
	return PQgetisnull(s->result, s->row, column) ? NULL
	                                              : PQgetvalue(s->result, s->row, column);
}
