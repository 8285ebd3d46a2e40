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
	size_t group_room, property_room, space_room, gateway_room, meter_room;
	enum err err;
};

/* Room for one more element; the array may move. Grows by halves: what is left over is given back
 * at the end, but meanwhile it is there beside the old directory. */
static bool room(void **array, size_t *have, size_t used, size_t size)
{
	size_t wanted = *have ? *have + *have / 2 : 64;
	void *bigger;

	if (used < *have)
		return true;
	bigger = realloc(*array, wanted * size);
	if (!bigger)
		return false;
	*array = bigger;
	*have = wanted;
	return true;
}

static void shrink(void **array, size_t used, size_t size)
{
	void *smaller = used ? realloc(*array, used * size) : NULL;

	if (smaller)
		*array = smaller;
}

static void load_property(void *arg, const struct property_row *row)
{
	struct load *load = arg;
	struct directory *dir = load->dir;
	struct dir_property *p;

	if (load->err || !room((void **)&dir->properties, &load->property_room, dir->property_count,
	                       sizeof *p)) {
		load->err = ERR_NOMEM;
		return;
	}
	p = &dir->properties[dir->property_count++];
	memset(p, 0, sizeof *p);
	p->property_id = row->property_id;
	p->group_id = row->group_id;
	memcpy(p->slug, row->slug, sizeof p->slug);
	memcpy(p->name, row->name, sizeof p->name);
	p->utc_offset_s = (int32_t)(row->utc_offset_min * 60);
	p->archived = row->archived_s != 0;
}

static void load_group(void *arg, const struct group_row *row)
{
	struct load *load = arg;
	struct directory *dir = load->dir;

	if (load->err)
		return;
	if (!room((void **)&dir->groups, &load->group_room, dir->group_count, sizeof *dir->groups))
		load->err = ERR_NOMEM;
	else
		dir->groups[dir->group_count++] = row->group_id;
}

static enum err load_groups(struct db *db, struct load *load)
{
	enum err err = group_list(db, load_group, load);

	return err ? err : load->err;
}

static enum err load_properties(struct db *db, struct load *load)
{
	enum err err = property_list(db, load_property, load);

	return err ? err : load->err;
}

/* Both lists in one order, so that the owner's index moves forward only. */
static bool property_forward(const struct directory *dir, uint32_t *index, int64_t property_id)
{
	while (*index < dir->property_count && dir->properties[*index].property_id < property_id)
		++*index;
	return *index < dir->property_count && dir->properties[*index].property_id == property_id;
}

/* parent holds the parent's number meanwhile. Numbers of spaces are below 2^32 as long as a store
 * makes one a second for a century; a greater one is refused here rather than mixed up. */
static enum err load_spaces(struct db *db, struct load *load)
{
	struct stmt *st = db_query(db, "SELECT property_id, space_id, parent_id FROM space"
	                               " ORDER BY property_id, space_id");
	struct directory *dir = load->dir;
	uint32_t property = 0;

	while (!load->err && stmt_row(st)) {
		int64_t property_id = col_i64(st), space_id = col_i64(st), parent = col_i64(st);
		struct dir_space *s;

		if (!property_forward(dir, &property, property_id))
			continue;
		if (parent < 0 || parent > UINT32_MAX) {
			load->err = ERR_RANGE;
			break;
		}
		if (!room((void **)&dir->spaces, &load->space_room, dir->space_count, sizeof *s)) {
			load->err = ERR_NOMEM;
			break;
		}
		if (dir->properties[property].space_count++ == 0)
			dir->properties[property].first_space = (uint32_t)dir->space_count;
		s = &dir->spaces[dir->space_count++];
		s->space_id = space_id;
		s->property = property;
		s->parent = (uint32_t)parent;
	}
	return stmt_end(st);
}

static void link_spaces(struct directory *dir)
{
	for (size_t i = 0; i < dir->space_count; i++) {
		struct dir_space *s = &dir->spaces[i];
		const struct dir_space *parent = NULL;

		if (s->parent)
			parent = directory_space(dir, dir->properties[s->property].property_id,
			                         s->parent);
		s->parent = parent ? (uint32_t)(parent - dir->spaces) + 1 : 0;
	}
}

static enum err load_gateways(struct db *db, struct load *load)
{
	struct stmt *st = db_query(
	        db,
	        "SELECT g.property_id, g.gateway_id, p.slug, g.name, g.label, g.config_version,"
	        " g.epoch_part, g.revoked_s FROM gateway g JOIN property p ON p.property_id=g.property_id"
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
		g->epoch_part = (uint64_t)col_i64(st);
		g->revoked = col_i64(st) != 0;
	}
	return stmt_end(st);
}

/* Names of meters, one behind the other: most are short, and there are 100,000 of them. */
struct dir_names {
	struct dir_names *next;
	size_t used;
	char text[262144 - 2 * sizeof(void *)];
};

static const char *keep_name(struct directory *dir, const char *name)
{
	size_t len = strlen(name) + 1;
	struct dir_names *names = dir->names;
	char *kept;

	if (!names || names->used + len > sizeof names->text) {
		names = malloc(sizeof *names);
		if (!names)
			return NULL;
		names->next = dir->names;
		names->used = 0;
		dir->names = names;
	}
	kept = names->text + names->used;
	memcpy(kept, name, len);
	names->used += len;
	return kept;
}

static void names_free(struct dir_names *names)
{
	while (names) {
		struct dir_names *next = names->next;

		free(names);
		names = next;
	}
}

static enum err read_meter(struct stmt *st, struct load *load, struct dir_meter *m)
{
	struct directory *dir = load->dir;
	const struct dir_space *space = NULL;
	int64_t space_id;

	memset(m, 0, sizeof *m);
	m->property_id = col_i64(st);
	m->gateway_id = col_i64(st);
	m->meter = col_i64(st);
	m->period_s = (uint32_t)col_i64(st) & 0xFFFFFF; /* at most a day */
	/* A row with a damaged chip id keeps its number; commands to it cannot be signed. */
	(void)!chip_parse(col_text(st), m->chip);
	m->name = keep_name(dir, col_text(st));
	if (!m->name)
		return ERR_NOMEM;
	space_id = col_i64(st);
	if (space_id)
		space = directory_space(dir, m->property_id, space_id);
	m->space = space ? (uint32_t)(space - dir->spaces) + 1 : 0;
	m->is_main = strcmp(col_text(st), "main") == 0;
	return slot_of(load->slots, m->meter, &m->slot);
}

/* Both lists are in the same order, so this moves forward only. */
static bool gateway_forward(const struct directory *dir, uint32_t *index, const struct dir_meter *m)
{
	while (*index < dir->gateway_count &&
	       (dir->gateways[*index].property_id < m->property_id ||
	        (dir->gateways[*index].property_id == m->property_id &&
	         dir->gateways[*index].gateway_id < m->gateway_id)))
		++*index;
	return *index < dir->gateway_count && dir->gateways[*index].gateway_id == m->gateway_id &&
	       dir->gateways[*index].property_id == m->property_id;
}

static enum err load_meters(struct db *db, struct load *load)
{
	struct stmt *st = db_query(
	        db, "SELECT property_id, gateway_id, meter, period_s, chip, name, space_id,"
	            " meter_use FROM meter"
	            " ORDER BY property_id, gateway_id, meter");
	struct directory *dir = load->dir;
	uint32_t gateway = 0, property = 0;

	while (!load->err && stmt_row(st)) {
		struct dir_meter *m;

		if (!room((void **)&dir->meters, &load->meter_room, dir->meter_count, sizeof *m)) {
			load->err = ERR_NOMEM;
			break;
		}
		m = &dir->meters[dir->meter_count];
		load->err = read_meter(st, load, m);
		if (load->err || !gateway_forward(dir, &gateway, m) ||
		    !property_forward(dir, &property, m->property_id))
			continue; /* its gateway does not exist: nobody may report it */
		m->gateway = gateway;
		m->property = property;
		if (dir->gateways[gateway].meter_count++ == 0)
			dir->gateways[gateway].first_meter = (uint32_t)dir->meter_count;
		dir->meter_count++;
	}
	return stmt_end(st);
}

static void settle(struct directory *dir)
{
	shrink((void **)&dir->spaces, dir->space_count, sizeof *dir->spaces);
	shrink((void **)&dir->meters, dir->meter_count, sizeof *dir->meters);
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
	err = load_groups(db, &load);
	if (!err)
		err = load_properties(db, &load);
	if (!err)
		err = load_spaces(db, &load);
	link_spaces(load.dir);
	if (!err)
		err = load.err;
	if (!err)
		err = load_gateways(db, &load);
	if (!err)
		err = load.err;
	if (!err)
		err = load_meters(db, &load);
	if (!err)
		err = load.err;
	settle(load.dir);
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
	free(dir->groups);
	free(dir->properties);
	free(dir->spaces);
	free(dir->gateways);
	names_free(dir->names);
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

const struct dir_property *directory_property(const struct directory *dir, int64_t property_id)
{
	size_t low = 0, high = dir->property_count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (dir->properties[middle].property_id < property_id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == dir->property_count || dir->properties[low].property_id != property_id)
		return NULL;
	return &dir->properties[low];
}

/* Properties are some dozens: a look at each costs less than a table. */
const struct dir_property *directory_slug(const struct directory *dir, const char *slug)
{
	for (size_t i = 0; i < dir->property_count; i++)
		if (strcmp(dir->properties[i].slug, slug) == 0)
			return &dir->properties[i];
	return NULL;
}

const struct dir_space *directory_space(const struct directory *dir, int64_t property_id,
                                        int64_t space_id)
{
	const struct dir_property *p = directory_property(dir, property_id);
	size_t low, high, end;

	if (!p)
		return NULL;
	low = p->first_space;
	high = end = low + p->space_count;
	while (low < high) {
		size_t middle = (low + high) / 2;

		if (dir->spaces[middle].space_id < space_id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < end && dir->spaces[low].space_id == space_id ? &dir->spaces[low] : NULL;
}

struct place directory_place_of_property(const struct dir_property *property)
{
	return (struct place){.group_id = property->group_id, .property_id = property->property_id};
}

struct place directory_place_of_space(const struct directory *dir, const struct dir_space *space)
{
	struct place place = directory_place_of_property(&dir->properties[space->property]);
	uint32_t index = (uint32_t)(space - dir->spaces) + 1;

	for (size_t i = 0; i < SPACE_DEPTH && index; i++) {
		place.space[i] = dir->spaces[index - 1].space_id;
		index = dir->spaces[index - 1].parent;
	}
	return place;
}

struct place directory_place_of_meter(const struct directory *dir, const struct dir_meter *meter)
{
	struct place place;

	if (meter->space)
		return directory_place_of_space(dir, &dir->spaces[meter->space - 1]);
	place = directory_place_of_property(&dir->properties[meter->property]);
	place.space[0] = SPACE_NOWHERE;
	return place;
}
