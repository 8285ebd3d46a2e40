/* A main store for a test: SQLite in the test's folder, or, when WATTLE_TEST_STORE names a
 * PostgreSQL database (tests/postgres), a schema of its own in that. */
#ifndef PLATFORM_TEST_FRESH_STORE_H
#define PLATFORM_TEST_FRESH_STORE_H

#include <stdbool.h>

#define FRESH_URL_SIZE 256

/* For store_open; "" is SQLite. With the rows of a new store, one in use at a time; the tables stay
 * as they are made by the migrations. */
void fresh_store(char url[FRESH_URL_SIZE]);
/* Without any table, for what changes those. */
void fresh_store_empty(char url[FRESH_URL_SIZE]);
void fresh_store_drop(const char *url);
/* Whether tests run on PostgreSQL: what looks into SQLite's own files has nothing to look at. */
bool fresh_store_is_postgres(void);

#endif
