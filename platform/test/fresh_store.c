#include "platform/test/fresh_store.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "platform/store/migrations.h"

static const char *server(void)
{
	const char *url = getenv("WATTLE_TEST_STORE");

	return url ? url : "";
}

bool fresh_store_is_postgres(void)
{
	return *server() != '\0';
}

static void on_server(const char *sql)
{
	struct db *db;

	assert_int_equal(db_open(&db, server(), DB_WRITE), ERR_NONE);
	assert_int_equal(db_exec(db, sql), ERR_NONE);
	db_close(db);
}

static void make_schema(char url[FRESH_URL_SIZE], const char *name)
{
	char sql[96];
	int n;

	snprintf(sql, sizeof sql, "CREATE SCHEMA %s", name);
	on_server(sql);
	n = snprintf(url, FRESH_URL_SIZE, "%s&options=-csearch_path%%3D%s", server(), name);
	assert_true(n < FRESH_URL_SIZE);
}

void fresh_store_empty(char url[FRESH_URL_SIZE])
{
	static unsigned count;
	char name[48];

	*url = '\0';
	if (!fresh_store_is_postgres())
		return;
	snprintf(name, sizeof name, "lab_%d_%u", (int)getpid(), ++count);
	make_schema(url, name);
}

/* To make tables takes a thousand times as long as to empty them: the tests of a program use the
 * same ones, one after the other. */
static struct {
	char url[FRESH_URL_SIZE], seeds[48]; /* a schema with the rows that migrations put in */
	char empty[16384];                   /* all statements that bring it back to them */
	size_t used;
} kept;

static void PRINTF_LIKE(1, 2) add(const char *form, ...)
{
	size_t room = sizeof kept.empty - kept.used;
	va_list args;
	int n;

	va_start(args, form);
	n = vsnprintf(kept.empty + kept.used, room, form, args);
	va_end(args);
	assert_true(n > 0 && (size_t)n < room);
	kept.used += (size_t)n;
}

static void keep_table(void *arg, const char *table, int64_t rows)
{
	struct db *db = arg;
	char sql[256];

	if (strcmp(table, "schema_migration") == 0)
		return;
	add("DELETE FROM %s;", table);
	if (!rows)
		return;
	snprintf(sql, sizeof sql, "CREATE TABLE %s.%s AS SELECT * FROM %s", kept.seeds, table,
	         table);
	assert_int_equal(db_exec(db, sql), ERR_NONE);
	add("INSERT INTO %s SELECT * FROM %s.%s;", table, kept.seeds, table);
}

static void make_kept(void)
{
	char name[48], sql[96];
	struct db *db;

	snprintf(name, sizeof name, "lab_%d", (int)getpid());
	snprintf(kept.seeds, sizeof kept.seeds, "seeds_%d", (int)getpid());
	make_schema(kept.url, name);
	snprintf(sql, sizeof sql, "CREATE SCHEMA %s", kept.seeds);
	on_server(sql);
	assert_int_equal(db_open(&db, kept.url, DB_WRITE), ERR_NONE);
	assert_int_equal(migrate(db, store_migrations), ERR_NONE);
	assert_int_equal(db_tables(db, keep_table, db), ERR_NONE);
	add("UPDATE worker_lease SET token=0, holder='', until_ms=0, commits=0, worker_commits=0;");
	db_close(db);
}

void fresh_store(char url[FRESH_URL_SIZE])
{
	struct db *db;

	*url = '\0';
	if (!fresh_store_is_postgres())
		return;
	if (!*kept.url)
		make_kept();
	assert_int_equal(db_open(&db, kept.url, DB_WRITE), ERR_NONE);
	assert_int_equal(db_exec(db, kept.empty), ERR_NONE);
	db_close(db);
	snprintf(url, FRESH_URL_SIZE, "%s", kept.url);
}

void fresh_store_drop(const char *url)
{
	const char *schema = strstr(url, "lab_");
	char sql[64];

	if (!schema || strcmp(url, kept.url) == 0)
		return;
	snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", schema);
	on_server(sql);
}
