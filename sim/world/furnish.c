/* The platform's first day: a property, its gateways, keys of its terminals, meters; and the end. */
#include "sim/world/money.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/clock.h"
#include "platform/core/device.h"
#include "platform/store/migrations.h"
#include "platform/store/store.h"

#define SECRET_SIZE 32

static struct actor local(void)
{
	return (struct actor){.who = "world", .origin = "local", .local = true};
}

static enum err add_gateway(struct server *s, unsigned n, int64_t *gateway_id)
{
	struct gateway_request add = {.actor = local()};
	enum err err;

	snprintf(add.name, sizeof add.name, "gw-%u", n + 1);
	err = step_run(s->db, s->keys, gateway_add_step, &add, clock_wall_ms(), NULL);
	*gateway_id = add.row.gateway_id;
	return err;
}

static enum err adopt(struct server *s, const struct command_key *key, int64_t meter,
                      int64_t gateway_id)
{
	struct terminal_row terminal = {.property_id = 1,
	                                .key_known = true,
	                                .key_version = KEY_VERSION_FIRST,
	                                .gateway_id = gateway_id,
	                                .first_seen_s = clock_wall_ms() / 1000};
	struct adopt_request request = {.actor = local(), .meter = meter};
	enum err err;

	chip_format(key->chip, terminal.chip);
	err = keys_wrap(s->keys, terminal.chip, key->key, terminal.key_wrapped);
	if (!err)
		err = terminal_put(s->db, &terminal);
	memcpy(request.chip, terminal.chip, sizeof request.chip);
	return err ? err
	           : step_run(s->db, s->keys, device_adopt_step, &request, clock_wall_ms(), NULL);
}

static enum err adopt_bought(struct server *s, unsigned n, int64_t gateway_id)
{
	struct command_key key = {.chip = {0xB0}};

	key.chip[11] = (uint8_t)n;
	return adopt(s, &key, METER_FIRST + UNITS_MAX + n, gateway_id);
}

/* A disk with a store of the newest schema and nothing in it: made once in a process, as all histories begin with it. */
static const struct medium *bare(struct world *w)
{
	static struct medium disk;
	static bool made;
	struct rnd secrets;
	struct db *db;

	if (made)
		return &disk;
	rnd_seed(&secrets, 1);
	medium_init(&disk);
	disk.new_names_by_file = true;
	seams_use(w, &disk, &secrets);
	made = !db_open(&db, SERVER_DIR "/wattle.db", DB_WRITE) && !migrate(db, store_migrations);
	assert(made);
	db_close(db);
	return &disk;
}

void server_disk(struct server *s)
{
	const struct medium *empty = bare(s->w);

	medium_init(&s->disk);
	s->disk.new_names_by_file = true;
	medium_copy(&s->disk, empty);
	seams_use(s->w, &s->disk, &s->secrets);
}

enum err server_furnish(struct server *s)
{
	struct init_request init = {.actor = local(), .property_slug = "p1"};
	struct world *w = s->w;
	int64_t gateway_id[BOXES_MAX + 1];
	enum err err = store_open(&s->db, SERVER_DIR, "");

	if (!err)
		err = step_run(s->db, s->keys, init_step, &init, clock_wall_ms(), NULL);
	/* All of them, so that the collector's name is always the same one. */
	for (unsigned i = 0; !err && i <= BOXES_MAX; i++)
		err = add_gateway(s, i, &gateway_id[i]);
	for (unsigned i = 0; !err && i < w->n_terminals; i++)
		err = adopt(s, unit_key(w->unit[i]), unit_meter(i), gateway_id[i % w->n_boxes]);
	for (unsigned i = 0; !err && i < w->n_bought + w->n_spares; i++)
		err = adopt_bought(s, i, gateway_id[BOXES_MAX]);
	if (!err)
		err = money_furnish(s);
	db_close(s->db);
	s->db = NULL;
	return err;
}
