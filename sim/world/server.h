/* The running platform, for those in the simulator that look into it. */
#ifndef SIM_WORLD_SERVER_H
#define SIM_WORLD_SERVER_H

#include "sim/world/seams.h"

#include "platform/core/clock_trust.h"
#include "platform/core/daily.h"
#include "platform/core/meter_price.h"
#include "platform/core/order.h"
#include "platform/core/reader.h"
#include "platform/core/supply.h"
#include "platform/core/topup.h"
#include "platform/ingest/ingest.h"
#include "platform/mqtt/mqtt.h"
#include "platform/store/day.h"

#define SERVER_ENDED 256

struct server {
	struct world *w;
	struct medium disk;
	struct rnd secrets, cuts;
	struct keys *keys;
	bool on, link_up, hangs, closing, power_lost, confirm_due;
	uint64_t life;
	int64_t born_us, clock_ms, full_until_us;
	struct platform platform;
	struct io io;
	struct db *db;
	struct days *days;
	struct ingest *ingest;
	struct mqtt *mqtt;
	struct group *ended[SERVER_ENDED]; /* on their way to be answered */
	size_t n_ended;
	struct outbox_request outbox;
	struct daily_request daily;
	struct clock_trust trust;
	int64_t confirmed_ms;
	struct supply_work supply;
	struct order_expiry orders_late;
	struct topup_work topups;
	struct price_work prices;
	bool supply_busy, expire_busy, topups_busy, prices_busy;
	struct rater *rater;
	struct day_reader *day_reader;

	struct {
		read_fn fn;
		void *arg;
		read_done_fn done;
	} reading; /* what its rater waits for; fn NULL: nothing */

	bool outbox_busy, poll_busy, save_busy, give_busy, trust_busy, daily_busy;
};

/* Its disk, with an empty store on it, and the seams to both. */
void server_disk(struct server *s);
/* A store with a property, gateways and meters on this disk; ERR_NONE or the first error. */
enum err server_furnish(struct server *s);

#endif
