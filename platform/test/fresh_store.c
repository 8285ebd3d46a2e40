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

#include "platform/store/db.h"

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

void fresh_store(char url[FRESH_URL_SIZE])
{
	static unsigned count;
	char sql[64];
	int n;

	*url = '\0';
	if (!fresh_store_is_postgres())
		return;
	count++;
	snprintf(sql, sizeof sql, "CREATE SCHEMA lab_%d_%u", (int)getpid(), count);
	on_server(sql);
	n = snprintf(url, FRESH_URL_SIZE, "%s&options=-csearch_path%%3Dlab_%d_%u", server(),
	             (int)getpid(), count);
	assert_true(n < FRESH_URL_SIZE);
}

void fresh_store_drop(const char *url)
{
	const char *schema = strstr(url, "lab_");
	char sql[64];

	if (!schema)
		return;
	snprintf(sql, sizeof sql, "DROP SCHEMA %s CASCADE", schema);
	on_server(sql);
}
