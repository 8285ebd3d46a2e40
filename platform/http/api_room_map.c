/* The room map: all rooms of a property with the state of their supply, written on a reader's thread. */
#include <stdlib.h>
#include <string.h>

#include "platform/core/supply.h"
#include "platform/http/context.h"
#include "platform/http/gate.h"
#include "platform/store/space.h"

/* From the state that asks least for attention to the one that asks most. */
static const uint8_t weight[ROOM_STATES] = {
        [ROOM_NOT_OPENED] = 0, [ROOM_OPEN] = 1,        [ROOM_SUSPENDED] = 2, [ROOM_KEEP_POWER] = 3,
        [ROOM_ALARM1] = 4,     [ROOM_ALARM2] = 5,      [ROOM_OVERDRAFT] = 6, [ROOM_LOST] = 7,
        [ROOM_GRACE] = 8,      [ROOM_FORCED_TRIP] = 9, [ROOM_CUT] = 10,
};

struct hung {
	int64_t meter, space_id, account_id, since_s, cut_at_s;
	enum room_state state;
	bool marked;
	char *name, *customer; /* NULL: none */
};

struct map_read {
	struct request *request;
	int64_t now_s;
	bool whole, accounts; /* all of it is his to see, with its accounts */
	enum err err;
	struct space_row *spaces; /* by number */
	bool *shown;              /* of each of them: his to see, or above what is */
	size_t space_count, space_room;
	struct hung *meters; /* by space and meter */
	size_t meter_count, meter_room;
};

static bool grow(void *list, size_t count, size_t *room, size_t size)
{
	size_t wanted = *room ? *room * 2 : 256;
	void **at = list, *more;

	if (count < *room)
		return true;
	more = realloc(*at, wanted * size);
	if (!more)
		return false;
	*at = more;
	*room = wanted;
	return true;
}

static bool on_space(void *arg, const struct space_row *row)
{
	struct map_read *map = arg;

	if (!grow(&map->spaces, map->space_count, &map->space_room, sizeof *map->spaces)) {
		map->err = ERR_NOMEM;
		return false;
	}
	map->spaces[map->space_count++] = *row;
	return true;
}

static int by_number(const void *a, const void *b)
{
	const struct space_row *x = a, *y = b;

	return (x->space_id > y->space_id) - (x->space_id < y->space_id);
}

static const struct space_row *space_of(const struct map_read *map, int64_t space_id)
{
	const struct space_row key = {.space_id = space_id};

	if (!space_id || !map->space_count)
		return NULL;
	return bsearch(&key, map->spaces, map->space_count, sizeof key, by_number);
}

/* Has the caller this right at what stands in this space (0: in none)? */
static bool is_seen(const struct map_read *map, int64_t space_id, enum permission permission)
{
	struct place place = map->request->place;
	const struct space_row *space = space_of(map, space_id);

	if (permission == PERMISSION_ACCOUNT_READ ? map->accounts : map->whole)
		return true;
	memset(place.space, 0, sizeof place.space);
	if (!space)
		place.space[0] = SPACE_NOWHERE;
	for (size_t i = 0; i < SPACE_DEPTH && space; i++) {
		place.space[i] = space->space_id;
		space = space_of(map, space->parent_id);
	}
	return gate_shows(map->request, permission, &place);
}

static char *keep(struct map_read *map, const char *text)
{
	char *copy = text[0] ? strdup(text) : NULL;

	if (text[0] && !copy)
		map->err = ERR_NOMEM;
	return copy;
}

/* What everybody sees who sees the meter: whether it is switched, and heard of. */
static void hide_account(struct supply_spot *spot)
{
	struct supply_use *use = &spot->use;

	if (use->use.account_id)
		use->account_state = ACCOUNT_OPEN;
	memset(&use->account, 0, sizeof use->account);
	use->use.account_id = 0;
	use->meter.mark = MARK_NONE;
	spot->customer[0] = '\0';
}

static bool on_spot(void *arg, const struct supply_spot *row)
{
	struct map_read *map = arg;
	struct supply_spot spot = *row;
	const struct supply_use *use = &spot.use;
	enum room_state state;
	struct hung *meter;

	if (!is_seen(map, use->space_id, PERMISSION_PROPERTY_READ))
		return true;
	if (!grow(&map->meters, map->meter_count, &map->meter_room, sizeof *map->meters)) {
		map->err = ERR_NOMEM;
		return false;
	}
	if (!is_seen(map, use->space_id, PERMISSION_ACCOUNT_READ))
		hide_account(&spot);
	state = room_state_of(use, map->now_s);
	meter = &map->meters[map->meter_count++];
	*meter = (struct hung){.meter = use->use.meter,
	                       .space_id = use->space_id,
	                       .account_id = use->use.account_id,
	                       .since_s = use->account.changed_s,
	                       .cut_at_s = use->account.memory.cut_at_s,
	                       .state = state,
	                       .marked = use->meter.mark != MARK_NONE,
	                       .name = keep(map, use->meter_name),
	                       .customer = keep(map, spot.customer)};
	return !map->err;
}

static int by_space(const void *a, const void *b)
{
	const struct hung *x = a, *y = b;

	if (x->space_id != y->space_id)
		return x->space_id < y->space_id ? -1 : 1;
	return (x->meter > y->meter) - (x->meter < y->meter);
}

/* He sees what his rights reach, and of the rest the way down to it. */
static enum err choose_shown(struct map_read *map)
{
	map->shown = calloc(map->space_count + 1, sizeof *map->shown);
	if (!map->shown)
		return ERR_NOMEM;
	for (size_t i = 0; i < map->space_count; i++) {
		const struct space_row *space = &map->spaces[i];

		if (!is_seen(map, space->space_id, PERMISSION_PROPERTY_READ))
			continue;
		for (; space && !map->shown[space - map->spaces];
		     space = space_of(map, space->parent_id))
			map->shown[space - map->spaces] = true;
	}
	return ERR_NONE;
}

/* ---- written ---- */

static void write_state(struct json_out *out, const struct hung *worst)
{
	enum room_state state = worst ? worst->state : ROOM_NOT_OPENED;

	out_text(out, "state", room_state_word(state));
	out_time_s(out, "since", worst ? worst->since_s : 0);
	out_time_s(out, "cut_at", state == ROOM_GRACE ? worst->cut_at_s : 0);
	out_bool(out, "marked", worst && worst->marked);
	out_id(out, "account", worst ? worst->account_id : 0);
	out_text(out, "customer", worst && worst->customer ? worst->customer : "");
}

static void write_meters(struct json_out *out, const struct hung *first, size_t count)
{
	out_array(out, "meters");
	for (size_t i = 0; i < count; i++) {
		out_object(out, NULL);
		out_meter(out, "meter", first[i].meter);
		out_text(out, "state", room_state_word(first[i].state));
		out_object_end(out);
	}
	out_array_end(out);
}

static void write_room(struct json_out *out, const struct space_row *space,
                       const struct hung *first, size_t count)
{
	const struct hung *worst = count ? first : NULL;

	for (size_t i = 1; i < count; i++)
		if (weight[first[i].state] > weight[worst->state])
			worst = &first[i];
	out_object(out, NULL);
	out_id(out, "id", space->space_id);
	out_id(out, "place", space->parent_id);
	out_text(out, "code", space->code);
	out_text(out, "name", space->name);
	write_state(out, worst);
	write_meters(out, first, count);
	out_object_end(out);
}

static void write_loose(struct json_out *out, const struct hung *meter)
{
	out_object(out, NULL);
	out_null(out, "id");
	out_id(out, "place", meter->space_id);
	out_text(out, "code", "");
	out_text(out, "name", meter->name ? meter->name : "");
	write_state(out, meter);
	write_meters(out, meter, 1);
	out_object_end(out);
}

/* Meters of one space stand together: where they begin, and how many they are. */
static size_t meters_in(const struct map_read *map, int64_t space_id, const struct hung **first)
{
	size_t low = 0, high = map->meter_count, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (map->meters[middle].space_id < space_id)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < map->meter_count && map->meters[end].space_id == space_id;)
		end++;
	*first = &map->meters[low];
	return end - low;
}

static void write_places(struct json_out *out, const struct map_read *map)
{
	out_array(out, "places");
	for (size_t i = 0; i < map->space_count; i++) {
		const struct space_row *space = &map->spaces[i];

		if (space->kind == SPACE_ROOM || !map->shown[i])
			continue;
		out_object(out, NULL);
		out_id(out, "id", space->space_id);
		out_id(out, "parent", space->parent_id);
		out_text(out, "kind", space_kind_word(space->kind));
		out_text(out, "code", space->code);
		out_text(out, "name", space->name);
		out_object_end(out);
	}
	out_array_end(out);
}

static void write_map(struct json_out *out, const struct map_read *map)
{
	out_object(out, NULL);
	out_time_s(out, "at", map->now_s);
	write_places(out, map);
	out_array(out, "rooms");
	for (size_t i = 0; i < map->space_count; i++) {
		const struct space_row *space = &map->spaces[i];
		const struct hung *first = NULL;
		size_t count;

		if (space->kind != SPACE_ROOM || !map->shown[i])
			continue;
		count = meters_in(map, space->space_id, &first);
		write_room(out, space, first, count);
	}
	for (size_t i = 0; i < map->meter_count; i++) {
		const struct space_row *space = space_of(map, map->meters[i].space_id);

		if (!space || space->kind != SPACE_ROOM)
			write_loose(out, &map->meters[i]);
	}
	out_array_end(out);
	out_object_end(out);
}

static void map_free(struct map_read *map)
{
	for (size_t i = 0; i < map->meter_count; i++) {
		free(map->meters[i].name);
		free(map->meters[i].customer);
	}
	free(map->meters);
	free(map->shown);
	free(map->spaces);
}

static enum err read_map(struct reader *reader, void *arg)
{
	const struct space_filter all = {.ask = {.sort = SPACE_BY_NUMBER}, .parent_id = -1};
	struct map_read *map = arg;
	int64_t property_id = map->request->place.property_id;
	enum err err = space_list(reader->db, property_id, &all, on_space, map);

	if (!err && !map->err)
		err = supply_spots(reader->db, property_id, on_spot, map);
	if (!err)
		err = map->err;
	if (!err)
		err = choose_shown(map);
	if (!err) {
		if (map->meter_count)
			qsort(map->meters, map->meter_count, sizeof *map->meters, by_space);
		write_map(&map->request->out, map);
	}
	map_free(map);
	return err;
}

static void map_done(struct request *request, void *arg, enum err err)
{
	(void)arg;
	if (err)
		answer_err(request, err);
	else
		answer_json(request, 200);
}

void room_map_show(struct request *request)
{
	struct map_read *map = request_alloc(request, sizeof *map);
	struct place whole = request->place;

	if (!map) {
		answer_err(request, ERR_NOMEM);
		return;
	}
	whole.space[0] = SPACE_NOWHERE;
	map->request = request;
	map->now_s = request->now_ms / 1000;
	map->whole = gate_shows(request, PERMISSION_PROPERTY_READ, &whole);
	map->accounts = gate_shows(request, PERMISSION_ACCOUNT_READ, &whole);
	request_read(request, read_map, map, map_done);
}
