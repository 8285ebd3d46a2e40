/* What a recharge costs the platform: the production step of a cashier's sale (order, stages, posting with its
 * receipt, supply, message, audit) on a store of its own, through the writer and its group commit. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/bench.h"
#include "platform/core/io.h"
#include "platform/core/metrics.h"
#include "platform/core/order.h"
#include "platform/core/vend.h"
#include "platform/core/writer.h"
#include "platform/store/customer.h"
#include "platform/store/day.h"
#include "platform/store/meter.h"
#include "platform/store/store.h"

#define IN_FLIGHT 256 /* unless --waiting says so */

static const struct actor cashier = {.who = "bench", .origin = "bench", .local = true};

struct site {
	unsigned accounts;
};

struct bench {
	struct io *io;
	struct writer *writer;
	struct order_sale *sale;
	size_t count, waiting, sent, done;
};

static int64_t wall_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void must(const char *what, enum err err)
{
	if (err)
		die(what, err_text(err));
}

static enum err open_account(struct tx *tx, unsigned number, int64_t gateway_id, int64_t now_ms)
{
	struct customer_row customer = {
	        .property_id = 1, .customer_id = number, .kind = "person", .lang = "zh-CN"};
	struct account_row account = {.property_id = 1,
	                              .account_id = number,
	                              .customer_id = number,
	                              .state = ACCOUNT_OPEN,
	                              .created_s = now_ms / 1000,
	                              .opened_s = now_ms / 1000};
	struct account_meter use = {.property_id = 1,
	                            .meter = INT64_C(330100000000) + number,
	                            .from_s = now_ms / 1000,
	                            .until_s = ACCOUNT_OPEN_S,
	                            .account_id = number,
	                            .service = SERVICE_ELECTRICITY,
	                            .credit = CREDIT_PLATFORM};
	struct meter_row meter = {.property_id = 1,
	                          .gateway_id = gateway_id,
	                          .meter = use.meter,
	                          .meter_use = "prepaid",
	                          .created_s = now_ms / 1000};
	enum err err;

	snprintf(meter.name, sizeof meter.name, "meter %u", number);
	snprintf(meter.chip, sizeof meter.chip, "be%022u", number);
	snprintf(customer.code, sizeof customer.code, "%u", number);
	snprintf(customer.name, sizeof customer.name, "tenant %u", number);
	snprintf(account.code, sizeof account.code, "A-%u", number);
	err = customer_insert(tx->db, &customer);
	if (!err)
		err = meter_insert(tx->db, &meter);
	if (!err)
		err = account_insert(tx->db, &account);
	return err ? err : account_meter_insert(tx->db, &use);
}

static enum err site_step(struct tx *tx, void *arg, int64_t now_ms, struct effects *out)
{
	const struct site *site = arg;
	struct shift_begin shift = {.actor = cashier, .property_id = 1};
	struct gateway_request gateway = {.actor = cashier, .name = "bench"};
	enum err err = gateway_add_step(tx, &gateway, now_ms, out);

	if (!err)
		err = shift_begin_step(tx, &shift, now_ms, out);
	for (unsigned i = 1; i <= site->accounts && !err; i++)
		err = open_account(tx, i, gateway.row.gateway_id, now_ms);
	return err;
}

static void send_some(struct bench *bench);

static void sale_done(void *arg, enum err err)
{
	struct bench *bench = arg;

	must("recharge", err);
	if (++bench->done == bench->count)
		io_stop(bench->io);
	else
		send_some(bench);
}

static void send_some(struct bench *bench)
{
	while (bench->sent < bench->count && bench->sent - bench->done < bench->waiting) {
		must("queue", writer_submit(bench->writer, order_sell_step,
		                            &bench->sale[bench->sent], sale_done, bench));
		bench->sent++;
	}
}

static void no_effect(void *arg, const struct effect *effect)
{
	(void)arg;
	(void)effect;
}

static enum err nothing_changed(void *arg, struct tx *tx)
{
	(void)arg;
	(void)tx;
	return ERR_NONE;
}

static void nothing(void *arg)
{
	(void)arg;
}

static void start_writer(struct bench *bench, struct db *db, struct days *days)
{
	const struct writer_config config = {
	        .db = db,
	        .days = days,
	        .io = bench->io,
	        .effects = no_effect,
	        .hooks = {.changed = nothing_changed, .committed = nothing, .rolled_back = nothing},
	        .group_ms = 50,
	        .group_max = 64,
	        .queue_max = 2 * IN_FLIGHT
        };

	must("writer", writer_new(&bench->writer, &config));
}

static void make_sales(struct bench *bench, unsigned accounts)
{
	bench->sale = calloc(bench->count, sizeof *bench->sale);
	if (!bench->sale)
		die("recharges", "no memory");
	for (size_t i = 0; i < bench->count; i++)
		bench->sale[i] =
		        (struct order_sale){.actor = cashier,
		                            .property_id = 1,
		                            .account_id = (int64_t)(i * 7919 % accounts) + 1,
		                            .channel = CHANNEL_CASH,
		                            .amount_fen = 5000 + (int64_t)(i % 100)};
}

int recharge_main(int argc, char **argv)
{
	struct init_request init = {.actor = cashier,
	                            .group_name = "bench",
	                            .property_name = "bench",
	                            .property_slug = "p1"};
	struct site site = {.accounts = (unsigned)option_int(argc, argv, "accounts", 1000)};
	struct bench bench = {.count = (size_t)option_int(argc, argv, "count", 30000),
	                      .waiting = (size_t)option_int(argc, argv, "waiting", IN_FLIGHT)};
	struct ledger_proof proof;
	int64_t start_ns, commits;
	struct days *days;
	struct db *db;
	double cpu, wall;

	must("store",
	     store_open(&db, option(argc, argv, "dir", NULL), option(argc, argv, "url", "")));
	must("init", step_run(db, NULL, init_step, &init, wall_ms(), NULL));
	must("accounts", step_run(db, NULL, site_step, &site, wall_ms(), NULL));
	must("day files", days_open(&days, option(argc, argv, "dir", NULL)));
	must("loop", io_new(&bench.io));
	start_writer(&bench, db, days);
	make_sales(&bench, site.accounts);
	commits = metric_get(METRIC_COMMITS);
	start_ns = mono_ns();
	cpu = cpu_s();
	send_some(&bench);
	io_run(bench.io);
	cpu = cpu_s() - cpu;
	wall = (double)(mono_ns() - start_ns) / 1e9;
	commits = metric_get(METRIC_COMMITS) - commits;
	writer_stop(bench.writer);
	writer_free(bench.writer);
	must("the books", ledger_verify(db, 1, &proof));
	if (proof.groups != (int64_t)bench.count)
		die("the books", "not every recharge is in them once");
	printf("{\"recharges\":%zu,\"wall_s\":%.3f,\"per_s\":%.0f,\"cpu_us\":%.1f,"
	       "\"per_commit\":%.1f}\n",
	       bench.count, wall, (double)bench.count / wall, cpu / (double)bench.count * 1e6,
	       (double)bench.count / (double)commits);
	days_close(days);
	db_close(db);
	io_free(bench.io);
	free(bench.sale);
	return 0;
}
