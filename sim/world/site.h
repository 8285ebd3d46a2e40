/* A property as it might be: buildings, tenants, staff, meters and what they measured, made by the
 * platform's own steps in a data folder of `wattle init`. The same seed, figures and end make the
 * same content. site_main is the command; the parts below are called in their order. */
#ifndef SIM_WORLD_SITE_H
#define SIM_WORLD_SITE_H

#include "libs/base/rnd.h"
#include "libs/proto/can.h"
#include "platform/core/password.h"
#include "sim/models/load_data.h"
#include "sim/world/site_store.h"

#define SITE_METER_FIRST INT64_C(330200000001)
#define SITE_KEY_BYTES   32

struct site_meter {
	int64_t meter, space_id; /* a room, a floor or a building */
	uint8_t chip[CHIP_SIZE], key[SITE_KEY_BYTES];
	bool in_room; /* it may have a tenant */
	/* How it plays the load data: */
	uint32_t start_min, scale_permille;
	int64_t base_wh;
	int64_t lost; /* W min x permille that were not used because the contact was open */
	int64_t open_until_s;
	int64_t segment_s; /* its register is replaced then; 0: never */
	uint64_t event_seq;
};

struct site_gateway {
	struct gateway_row row;
	size_t property; /* index */
	size_t first_meter, meter_count;
	uint64_t boot, seq;
};

struct site_property {
	struct property_row row;
	int64_t building; /* the first one: somebody has only this */
	size_t first_meter, meter_count;
	size_t first_gateway, gateway_count;
	struct actor electrician; /* gives its commands */
};

struct site {
	struct site_store store;
	struct rnd rnd;
	size_t meter_count, gateway_count, property_count;
	struct site_property *properties;
	struct site_gateway *gateways;
	struct site_meter *meters;
	size_t gateway_room;
	int64_t from_s, until_s; /* readings: [from, until) */
	int64_t period_s;
	struct load_data load;
	char password_hash[PASSWORD_HASH_SIZE];
	/* What was made: */
	uint64_t rooms, customers, leases, users, readings, events, commands;
};

/* site_places.c: properties, spaces, gateways, terminals, meters. */
MUST_USE enum err site_make_places(struct site *site);
/* site_people.c: calendars, plans, staff; customers and leases. */
MUST_USE enum err site_make_people(struct site *site);
/* site_play.c: readings, events, commands. */
MUST_USE enum err site_play(struct site *site);

int site_main(int argc, char **argv);

#endif
