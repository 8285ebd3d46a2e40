#include "platform/core/directory.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "platform/core/keys.h"

/* ---- slots: meter number -> index, for as long as we run ---- */

struct slots {
	int64_t *number; /* open addressing; 0: empty */
	uint32_t *slot;
	size_t size, count; /* size: a power of two */
	uint64_t loads;     /* of directories: their versions */
};

static uint64_t mix(uint64_t x)
{
	x ^= x >> 33;
	x *= UINT64_C(0xff51afd7ed558ccd);
	return x ^ x >> 33;
}

struct slots *slots_new(void)
{
	return calloc(1, sizeof(struct slots));
}

void slots_free(struct slots *slots)
{
	if (!slots)
		return;
	free(slots->number);
	free(slots->slot);
	free(slots);
}

static size_t slot_place(const struct slots *slots, int64_t number)
{
	size_t i = mix((uint64_t)number) & (slots->size - 1);

	while (slots->number[i] && slots->number[i] != number)
		i = (i + 1) & (slots->size - 1);
	return i;
}

static enum err slots_grow(struct slots *slots)
{
	struct slots old = *slots;

	slots->size = old.size ? old.size * 2 : 1024;
	slots->number = calloc(slots->size, sizeof *slots->number);
	slots->slot = calloc(slots->size, sizeof *slots->slot);
	if (!slots->number || !slots->slot) {
		free(slots->number);
		free(slots->slot);
		*slots = old;
		return ERR_NOMEM;
	}
	for (size_t i = 0; i < old.size; i++) {
		size_t to;

		if (!old.number[i])
			continue;
		to = slot_place(slots, old.number[i]);
		slots->number[to] = old.number[i];
		slots->slot[to] = old.slot[i];
	}
	free(old.number);
	free(old.slot);
	return ERR_NONE;
}

static enum err slot_of(struct slots *slots, int64_t number, uint32_t *slot)
{
	size_t i;

	if (slots->count * 2 >= slots->size && slots_grow(slots))
		return ERR_NOMEM;
	i = slot_place(slots, number);
	if (!slots->number[i]) {
		slots->number[i] = number;
		slots->slot[i] = (uint32_t)slots->count++;
	}
	*slot = slots->slot[i];
	return ERR_NONE;
}

/* ---- loading ---- */

struct load {
	struct directory *dir;
	struct slots *slots;
	size_t gateway_room, meter_room;
	enum err err;
};

/* Room for one more element; the array may move. */
static bool room(void **array, size_t *have, size_t used, size_t size)
{
	size_t more = *have ? *have * 2 : 64;
	void *bigger;

	if (used < *have)
		return true;
	bigger = realloc(*array, more * size);
	if (!bigger)
		return false;
	*array = bigger;
	*have = more;
	return true;
}

static enum err load_gateways(struct db *db, struct load *load)
{
	struct stmt *st = db_query(
	        db, "SELECT g.property_id, g.gateway_id, p.slug, g.name, g.label, g.config_version,"
	            " g.revoked_s FROM gateway g JOIN property p ON p.property_id=g.property_id"
	            " ORDER BY g.property_id, g.gateway_id");
	struct directory *dir = load->dir;

	while (!load->err && stmt_row(st)) {
		struct dir_gateway *g;

		if (!room((void **)&dir->gateways, &load->gateway_room, dir->gateway_count,
		          sizeof *g)) {
			load->err = ERR_NOMEM;
			break;
		}
		g = &dir->gateways[dir->gateway_count++];
		memset(g, 0, sizeof *g);
		g->property_id = col_i64(st);
		g->gateway_id = col_i64(st);
		col_text_to(st, g->property, sizeof g->property);
		col_text_to(st, g->name, sizeof g->name);
		col_text_to(st, g->label, sizeof g->label);
		g->config_version = col_i64(st);
		g->revoked = col_i64(st) != 0;
	}
	return stmt_end(st);
}

static enum err load_meters(struct db *db, struct load *load)
{
	struct stmt *st = db_query(
	        db, "SELECT property_id, gateway_id, meter, period_s, chip, name FROM meter"
	            " ORDER BY property_id, gateway_id, meter");
	struct directory *dir = load->dir;
	uint32_t gateway = 0;

	while (!load->err && stmt_row(st)) {
		struct dir_meter *m;

		if (!room((void **)&dir->meters, &load->meter_room, dir->meter_count, sizeof *m)) {
			load->err = ERR_NOMEM;
			break;
		}
		m = &dir->meters[dir->meter_count];
		memset(m, 0, sizeof *m);
		m->property_id = col_i64(st);
		m->gateway_id = col_i64(st);
		m->meter = col_i64(st);
		m->period_s = (uint32_t)col_i64(st);
		/* A row with a damaged chip id keeps its number; commands to it cannot be signed. */
		(void)!chip_parse(col_text(st), m->chip);
		col_text_to(st, m->name, sizeof m->name);
		/* Both lists are in the same order, so this moves forward only. */
		while (gateway < dir->gateway_count &&
		       (dir->gateways[gateway].property_id < m->property_id ||
		        (dir->gateways[gateway].property_id == m->property_id &&
		         dir->gateways[gateway].gateway_id < m->gateway_id)))
			gateway++;
		if (gateway == dir->gateway_count ||
		    dir->gateways[gateway].gateway_id != m->gateway_id ||
		    dir->gateways[gateway].property_id != m->property_id)
			continue; /* its gateway does not exist: nobody may report it */
		m->gateway = gateway;
		if (dir->gateways[gateway].meter_count++ == 0)
			dir->gateways[gateway].first_meter = (uint32_t)dir->meter_count;
		load->err = slot_of(load->slots, m->meter, &m->slot);
		dir->meter_count++;
	}
	return stmt_end(st);
}

static uint64_t name_hash(const char *name)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * UINT64_C(1099511628211);
	return mix(hash);
}

static size_t table_size(size_t count)
{
	size_t size = 16;

	while (size < count * 2)
		size *= 2;
	return size;
}

static enum err make_tables(struct directory *dir)
{
	size_t numbers = table_size(dir->meter_count), names = table_size(dir->gateway_count);

	dir->by_number = calloc(numbers, sizeof *dir->by_number);
	dir->by_name = calloc(names, sizeof *dir->by_name);
	if (!dir->by_number || !dir->by_name)
		return ERR_NOMEM;
	dir->number_mask = (uint32_t)numbers - 1;
	dir->name_mask = (uint32_t)names - 1;
	for (size_t i = 0; i < dir->meter_count; i++) {
		uint64_t at = mix((uint64_t)dir->meters[i].meter);

		while (dir->by_number[at & dir->number_mask])
			at++;
		dir->by_number[at & dir->number_mask] = (uint32_t)i + 1;
	}
	for (size_t i = 0; i < dir->gateway_count; i++) {
		uint64_t at = name_hash(dir->gateways[i].name);

		while (dir->by_name[at & dir->name_mask])
			at++;
		dir->by_name[at & dir->name_mask] = (uint32_t)i + 1;
	}
	return ERR_NONE;
}

enum err directory_load(struct db *db, struct slots *slots, struct directory **out)
{
	struct load load = {.slots = slots};
	enum err err;

	*out = NULL;
	load.dir = calloc(1, sizeof *load.dir);
	if (!load.dir)
		return ERR_NOMEM;
	load.dir->refs = 1;
	err = load_gateways(db, &load);
	if (!err)
		err = load.err;
	if (!err)
		err = load_meters(db, &load);
	if (!err)
		err = load.err;
	if (!err)
		err = make_tables(load.dir);
	if (err) {
		directory_unref(load.dir);
		return err;
	}
	load.dir->version = ++slots->loads;
	load.dir->slot_count = slots->count;
	*out = load.dir;
	return ERR_NONE;
}

struct directory *directory_ref(struct directory *dir)
{
	__atomic_add_fetch(&dir->refs, 1, __ATOMIC_RELAXED);
	return dir;
}

void directory_unref(struct directory *dir)
{
	if (!dir || __atomic_sub_fetch(&dir->refs, 1, __ATOMIC_ACQ_REL) > 0)
		return;
	free(dir->gateways);
	free(dir->meters);
	free(dir->by_number);
	free(dir->by_name);
	free(dir);
}

const struct dir_meter *directory_meter(const struct directory *dir, int64_t meter)
{
	uint64_t at = mix((uint64_t)meter);
	uint32_t index;

	for (; (index = dir->by_number[at & dir->number_mask]) != 0; at++)
		if (dir->meters[index - 1].meter == meter)
			return &dir->meters[index - 1];
	return NULL;
}

const struct dir_gateway *directory_gateway(const struct directory *dir, const char *name)
{
	uint64_t at = name_hash(name);
	uint32_t index;

	for (; (index = dir->by_name[at & dir->name_mask]) != 0; at++)
		if (strcmp(dir->gateways[index - 1].name, name) == 0)
			return &dir->gateways[index - 1];
	return NULL;
}

const struct dir_gateway *directory_topic(const struct directory *dir, const char *property,
                                          const char *gateway)
{
	const struct dir_gateway *g = directory_gateway(dir, gateway);

	return g && !g->revoked && strcmp(g->property, property) == 0 ? g : NULL;
}
