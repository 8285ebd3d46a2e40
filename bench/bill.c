/* A day of many accounts: what rating costs, and beside it the flat set statement of a database in which
 * nothing can be looked up afterwards. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bench/bench.h"
#include "platform/core/rating.h"
#include "platform/store/ledger.h"
#include "platform/store/store.h"

#define FIRST_METER INT64_C(330000000000)
#define DAY_S       86400
/* 2026-11-24 00:00 in China */
#define MIDNIGHT (INT64_C(20781) * DAY_S - 28800)
#define PER_STEP 2000
#define MARKS    4 /* readings of a meter and day */
#define PAID_FEN 10000

/* Four slots, three rates, two thresholds: a day is cut into four or five parts. There is a reading where a rate
 * begins, as of every meter that is read at least each hour. */
static const int64_t hour[MARKS] = {7, 18, 22, 24};

static const char plan_text[] =
        "{\"rates\":[{\"price_uy\":305000},{\"price_uy\":610000},{\"price_uy\":980000}],"
        "\"calendar\":{\"tables\":[{\"slots\":[{\"from\":\"07:00\",\"rate\":2},"
        "{\"from\":\"18:00\",\"rate\":3},{\"from\":\"22:00\",\"rate\":1}]}]},"
        "\"steps\":{\"thresholds\":[2880000,4800000],\"prices_uy\":[0,50000,300000],"
        "\"settle\":[{\"month\":1,\"day\":1}]}}";

static void must(const char *what, enum err err)
{
	if (err)
		die(what, err_text(err));
}

struct span {
	int64_t from, to, property_id, day; /* day 1 is the first */
	struct tariff_cache *cache;
	bool again;
};

static int64_t used_by(int64_t i)
{
	return 3000 + i * 7919 % 9000;
}

static enum err price_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct span *span = arg;
	struct tariff_version_row row = {.version_id = 1,
	                                 .tariff_id = 1,
	                                 .valid_from_s = 1,
	                                 .state = TARIFF_PUBLISHED,
	                                 .body = plan_text,
	                                 .version = 1};
	struct tariff_use use = {.property_id = span->property_id,
	                         .service = SERVICE_ELECTRICITY,
	                         .from_s = 1,
	                         .tariff_id = 1};
	enum err err = tariff_version_insert(tx->db, &row);

	(void)now_ms;
	(void)out;
	return err ? err : tariff_use_put(tx->db, &use);
}

/* Every account has paid something. */
static enum err pay_in(struct tx *tx, const struct span *span, int64_t now_ms)
{
	struct ledger_entry entries[PER_STEP + 1];
	char key[LEDGER_KEY_SIZE];
	struct ledger_group group = {.property_id = span->property_id,
	                             .key = key,
	                             .kind = "opening",
	                             .at_ms = now_ms,
	                             .day = 20781,
	                             .who = "bench",
	                             .reason = "",
	                             .entries = entries};

	snprintf(key, sizeof key, "opening:%lld", (long long)span->from);
	for (int64_t i = span->from; i < span->to; i++)
		entries[group.count++] =
		        (struct ledger_entry){LEDGER_ACCOUNT, i + 1, money_fen(PAID_FEN)};
	entries[group.count] = (struct ledger_entry){
	        LEDGER_OPENING, 0, money_fen(-PAID_FEN * (span->to - span->from))};
	group.count++;
	return ledger_post(tx->db, &group);
}

static enum err open_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct span *span = arg;
	enum err err = ERR_NONE;

	(void)out;
	for (int64_t i = span->from; !err && i < span->to; i++) {
		struct rating_start start = {
		        .property_id = span->property_id,
		        .meter = FIRST_METER + i,
		        .account_id = i + 1,
		        .service = SERVICE_ELECTRICITY,
		        .from_s = MIDNIGHT,
		        .units = 0,
		        .step = {2870000 + i % 20000, INT64_C(20454) * DAY_S - 28800}
                };

		err = rating_start(tx, &start);
	}
	return err ? err : pay_in(tx, span, now_ms);
}

/* The day's readings of each meter. */
static enum err bill_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	struct span *span = arg;
	struct rate_mark marks[PER_STEP * MARKS];
	struct rating_pass passes[PER_STEP];
	size_t count = 0;
	enum err err;

	(void)out;
	for (int64_t i = span->from; i < span->to; i++, count++) {
		struct rate_mark *of = &marks[count * MARKS];

		for (int k = 0; k < MARKS; k++)
			of[k] = (struct rate_mark){
			        MIDNIGHT + (span->day - 1) * DAY_S + hour[k] * 3600,
			        (span->day - 1) * used_by(i) + used_by(i) * hour[k] / 24};
		passes[count] = (struct rating_pass){.property_id = span->property_id,
		                                     .meter = FIRST_METER + i,
		                                     .marks = of,
		                                     .count = MARKS};
	}
	err = rating_passes(tx, passes, count, span->cache, now_ms);
	for (size_t i = 0; !err && i < count; i++)
		if (passes[i].moved == span->again)
			return ERR_CONFLICT;
	return err;
}

static void run(struct db *db, step_fn step, struct span *span, int64_t accounts)
{
	for (span->from = 0; span->from < accounts; span->from = span->to) {
		span->to = span->from + PER_STEP < accounts ? span->from + PER_STEP : accounts;
		must("step",
		     step_run(db, NULL, step, span, (MIDNIGHT + span->day * DAY_S) * 1000, NULL));
	}
}

/* ---- the flat statement ---- */

static void sql(sqlite3 *db, const char *text)
{
	if (sqlite3_exec(db, text, NULL, NULL, NULL))
		die("flat", sqlite3_errmsg(db));
}

static double flat_cpu_s(const char *dir, int64_t accounts)
{
	char path[STORE_PATH_SIZE];
	sqlite3_stmt *insert;
	sqlite3 *db;
	double start;

	store_path(path, dir, "flat.db");
	if (sqlite3_open(path, &db))
		die("flat", sqlite3_errmsg(db));
	sql(db,
	    "PRAGMA journal_mode=WAL; CREATE TABLE bacc(id INTEGER PRIMARY KEY, e_prev FLOAT8, e_now FLOAT8,"
	    " price INTEGER, balance BIGINT);"
	    "CREATE TABLE bledger(account INTEGER, day INTEGER, kwh FLOAT8, amount BIGINT,"
	    " balance BIGINT); BEGIN");
	if (sqlite3_prepare_v2(db, "INSERT INTO bacc VALUES(?,?,?,?,?)", -1, &insert, NULL))
		die("flat", sqlite3_errmsg(db));
	for (int64_t i = 0; i < accounts; i++) {
		sqlite3_bind_int64(insert, 1, i + 1);
		sqlite3_bind_double(insert, 2, 100.0 + (double)(i % 1000));
		sqlite3_bind_double(insert, 3,
		                    100.0 + (double)(i % 1000) + (double)used_by(i) / 1000);
		sqlite3_bind_int64(insert, 4, 61);
		sqlite3_bind_int64(insert, 5, 10000);
		sqlite3_step(insert);
		sqlite3_reset(insert);
	}
	sqlite3_finalize(insert);
	sql(db, "COMMIT");
	start = cpu_s();
	sql(db,
	    "BEGIN;"
	    "INSERT INTO bledger SELECT id, 1, e_now-e_prev, CAST((e_now-e_prev)*price AS BIGINT),"
	    " balance-CAST((e_now-e_prev)*price AS BIGINT) FROM bacc;"
	    "UPDATE bacc SET balance=balance-CAST((e_now-e_prev)*price AS BIGINT), e_prev=e_now;"
	    "COMMIT");
	start = cpu_s() - start;
	sqlite3_close(db);
	return start;
}

static long rss_kb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

int bill_main(int argc, char **argv)
{
	struct init_request init = {
	        .actor = {.who = "bench", .local = true},
	        .group_name = "bench",
	        .property_name = "bench",
	        .property_slug = "p1"
        };
	const char *dir = option(argc, argv, "dir", NULL);
	int64_t accounts = option_int(argc, argv, "accounts", 1000000);
	int64_t days = option_int(argc, argv, "days", 3);
	struct span span = {.property_id = 1, .cache = tariff_cache_new()};
	struct ledger_state state;
	struct money owed;
	double cpu = 0, again;
	struct db *db;
	long rss;

	must("store", store_open(&db, dir, NULL));
	must("init", step_run(db, NULL, init_step, &init, 1, NULL));
	must("price", step_run(db, NULL, price_step, &span, 1, NULL));
	run(db, open_step, &span, accounts);
	for (span.day = 1; span.day <= days; span.day++) {
		cpu = cpu_s();
		run(db, bill_step, &span, accounts);
		cpu = cpu_s() - cpu;
		fprintf(stderr, "day %lld: %.3f s\n", (long long)span.day, cpu);
	}
	span.day = days;
	rss = rss_kb();
	/* Repeated it finds nothing to do. */
	span.again = true;
	again = cpu_s();
	run(db, bill_step, &span, accounts);
	again = cpu_s() - again;
	must("state", ledger_state(db, span.property_id, &state));
	must("total", ledger_total(db, span.property_id, LEDGER_ACCOUNT, &owed));
	printf("{\"accounts\":%lld,\"cpu_s\":%.3f,\"again_cpu_s\":%.3f,\"flat_cpu_s\":%.3f,"
	       "\"rss_kb\":%ld,\"groups\":%lld,\"owed_fen\":%lld}\n",
	       (long long)accounts, cpu, again, flat_cpu_s(dir, accounts), rss,
	       (long long)state.groups, (long long)owed.fen);
	db_close(db);
	tariff_cache_free(span.cache);
	return 0;
}
