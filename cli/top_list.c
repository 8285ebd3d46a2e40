#include "cli/top_list.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "libs/base/time.h"

#define VALUE_MAX INT64_C(1000000000000000) /* no such value exists; sums of them still fit */

void top_list_free(struct top_list *list)
{
	free(list->meter);
	free(list->slot);
	memset(list, 0, sizeof *list);
}

/* ---- by number ---- */

static size_t slot_of(const struct top_list *list, int64_t meter)
{
	size_t i = (size_t)((uint64_t)meter * UINT64_C(0x9E3779B97F4A7C15) >> 32);

	for (i &= list->slots - 1; list->slot[i]; i = (i + 1) & (list->slots - 1))
		if (list->meter[list->slot[i] - 1].meter == meter)
			break;
	return i;
}

/* Twice as many slots as there is room for rows. False: no memory. */
static bool index_rows(struct top_list *list)
{
	if (list->slots != list->room * 2) {
		uint32_t *slot = realloc(list->slot, list->room * 2 * sizeof *slot);

		if (!slot)
			return false;
		list->slot = slot;
		list->slots = list->room * 2;
		list->moved = true;
	}
	if (list->moved) {
		memset(list->slot, 0, list->slots * sizeof *list->slot);
		for (size_t i = 0; i < list->count; i++)
			list->slot[slot_of(list, list->meter[i].meter)] = (uint32_t)i + 1;
	}
	list->moved = false;
	return true;
}

static struct top_meter *find(struct top_list *list, int64_t meter)
{
	size_t slot;

	if (list->count == 0 || !index_rows(list))
		return NULL;
	slot = slot_of(list, meter);
	return list->slot[slot] ? &list->meter[list->slot[slot] - 1] : NULL;
}

static struct top_meter *find_or_add(struct top_list *list, int64_t meter)
{
	struct top_meter *found = find(list, meter);

	if (found || list->count == TOP_METERS_MAX)
		return found;
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 256;

		found = realloc(list->meter, room * sizeof *found);
		if (!found)
			return NULL;
		list->meter = found;
		list->room = room;
	}
	if (!index_rows(list))
		return NULL;
	list->slot[slot_of(list, meter)] = (uint32_t)list->count + 1;
	found = &list->meter[list->count++];
	memset(found, 0, sizeof *found);
	found->meter = meter;
	return found;
}

/* ---- from JSON ---- */

static int64_t number(const json_t *object, const char *name)
{
	int64_t value = json_integer_value(json_object_get(object, name));

	return value > VALUE_MAX || value < -VALUE_MAX ? 0 : value;
}

static void take_values(struct top_meter *m, const json_t *values)
{
	const char *at = json_string_value(json_object_get(values, "at"));

	if (!at || rfc3339_parse(at, &m->at_ms))
		return;
	m->known = true;
	m->voltage_dv = number(values, "voltage_dv");
	m->current_ma = number(values, "current_ma");
	m->power_dw = number(values, "power_dw");
	m->pf_permille = number(values, "pf_permille");
	m->frequency_chz = number(values, "frequency_chz");
	m->energy_wh = number(values, "energy_wh");
}

/* The word that matters most: what holds it, then what its contact does. */
static void take_state(struct top_meter *m, const json_t *state)
{
	const char *contact = json_string_value(json_object_get(state, "contact"));
	const char *word = contact && strcmp(contact, "open") == 0     ? "open"
	                   : contact && strcmp(contact, "closed") == 0 ? "closed"
	                                                               : "";

	if (json_is_true(json_object_get(state, "relay_fault")))
		word = "RELAY FAULT";
	else if (json_is_true(json_object_get(state, "keep_power")))
		word = "keep-power";
	else if (json_is_true(json_object_get(state, "forced_trip")))
		word = "forced-trip";
	snprintf(m->state, sizeof m->state, "%s", word);
}

static int64_t meter_number(const json_t *object)
{
	const char *text = json_string_value(json_object_get(object, "meter"));

	if (!text || strlen(text) != 12 || strspn(text, "0123456789") != 12)
		return 0;
	return strtoll(text, NULL, 10);
}

static void take_meter(struct top_list *list, const json_t *item)
{
	const char *name = json_string_value(json_object_get(item, "name"));
	int64_t meter = meter_number(item);
	struct top_meter *m = meter > 0 ? find_or_add(list, meter) : NULL;

	if (!m)
		return;
	snprintf(m->name, sizeof m->name, "%s", name ? name : "");
	take_state(m, json_object_get(item, "state"));
	take_values(m, json_object_get(item, "live"));
}

enum err top_list_page(struct top_list *list, const char *json, size_t len, char *next,
                       size_t next_size)
{
	json_t *page = json_loadb(json, len, 0, NULL), *item;
	const json_t *items = json_object_get(page, "items");
	const char *cursor = json_string_value(json_object_get(page, "next"));
	bool good = json_is_array(items);
	size_t i;

	json_array_foreach(items, i, item) take_meter(list, item);
	snprintf(next, next_size, "%s", cursor ? cursor : "");
	json_decref(page);
	return good ? ERR_NONE : ERR_BAD_INPUT;
}

enum err top_list_live(struct top_list *list, const char *json, size_t len)
{
	json_t *data = json_loadb(json, len, 0, NULL), *item;
	const json_t *items = json_object_get(data, "items");
	bool good = json_is_array(items);
	size_t i;

	json_array_foreach(items, i, item)
	{
		struct top_meter *m = find(list, meter_number(item));

		if (!m)
			continue;
		take_state(m, json_object_get(item, "state"));
		take_values(m, item);
	}
	json_decref(data);
	return good ? ERR_NONE : ERR_BAD_INPUT;
}

/* ---- order ---- */

static int compare_numbers(int64_t x, int64_t y)
{
	return x < y ? -1 : x > y;
}

static int compare(const struct top_meter *x, const struct top_meter *y, enum top_column by)
{
	switch (by) {
	case TOP_METER:
	case TOP_COLUMNS:
		break;
	case TOP_NAME:
		return strcmp(x->name, y->name);
	case TOP_VOLTAGE:
		return compare_numbers(x->voltage_dv, y->voltage_dv);
	case TOP_CURRENT:
		return compare_numbers(x->current_ma, y->current_ma);
	case TOP_POWER:
		return compare_numbers(x->power_dw, y->power_dw);
	case TOP_FACTOR:
		return compare_numbers(x->pf_permille, y->pf_permille);
	case TOP_FREQUENCY:
		return compare_numbers(x->frequency_chz, y->frequency_chz);
	case TOP_ENERGY:
		return compare_numbers(x->energy_wh, y->energy_wh);
	case TOP_STATE:
		return strcmp(x->state, y->state);
	case TOP_AGE:
		return compare_numbers(y->at_ms, x->at_ms); /* the older, the greater its age */
	}
	return compare_numbers(x->meter, y->meter);
}

/* Meters without values stand at the end either way. */
static int by_column(const void *a, const void *b, void *arg)
{
	const struct top_meter *x = a, *y = b;
	const struct top_list *list = arg;
	int order;

	if (list->by >= TOP_VOLTAGE && x->known != y->known)
		return x->known ? -1 : 1;
	order = compare(x, y, list->by);
	if (order == 0)
		return compare_numbers(x->meter, y->meter);
	return list->from_greatest ? -order : order;
}

void top_list_sort(struct top_list *list)
{
	if (list->count)
		qsort_r(list->meter, list->count, sizeof *list->meter, by_column, list);
	list->moved = true;
}

int64_t top_power_dw(const struct top_list *list)
{
	int64_t sum = 0;

	for (size_t i = 0; i < list->count; i++)
		if (__builtin_add_overflow(sum, list->meter[i].power_dw, &sum))
			return 0;
	return sum;
}

/* ---- text ---- */

/* Copies what is printed and takes room, up to `width` columns, and fills up with blanks. Marks
 * that turn or join letters and all controls are left out: they could move what follows. */
static void put_columns(const char *text, int width, char *to, size_t size)
{
	mbstate_t state = {0};
	size_t used = 0;

	while (*text) {
		wchar_t wide;
		size_t n = mbrtowc(&wide, text, MB_CUR_MAX, &state);
		int columns;

		if (n == (size_t)-1 || n == (size_t)-2) {
			memset(&state, 0, sizeof state);
			text++;
			continue;
		}
		columns = wcwidth(wide);
		if (columns > width)
			break;
		if (columns > 0 && used + n < size) {
			memcpy(to + used, text, n);
			used += n;
			width -= columns;
		}
		text += n;
	}
	for (; width > 0 && used + 1 < size; width--)
		to[used++] = ' ';
	to[used] = '\0';
}

#define NUMBER_SIZE 32

/* A whole number of 10^-digits with its point: 2301 and 1 is 230.1. */
static void decimal(int64_t value, int digits, char text[NUMBER_SIZE])
{
	long long unit = 1;

	for (int i = 0; i < digits; i++)
		unit *= 10;
	snprintf(text, NUMBER_SIZE, "%s%lld.%0*lld", value < 0 ? "-" : "", llabs(value) / unit,
	         digits, llabs(value) % unit);
}

static void age(int64_t ms, char text[NUMBER_SIZE])
{
	int64_t s = ms < 0 ? 0 : ms / 1000;

	if (s < 100)
		snprintf(text, NUMBER_SIZE, "%" PRId64 "s", s);
	else if (s < 6000)
		snprintf(text, NUMBER_SIZE, "%" PRId64 "m", s / 60);
	else if (s < 100 * 3600)
		snprintf(text, NUMBER_SIZE, "%" PRId64 "h", s / 3600);
	else
		snprintf(text, NUMBER_SIZE, "%" PRId64 "d", s / 86400);
}

#define FIXED_COLUMNS 84 /* all but the name, with the blanks between */
#define NAME_LEAST    8
#define NAME_MOST     40
#define LINE_FORMAT   "%s %s %7s %9s %9s %6s %6s %10s %-11s %5s"

static int name_width(int width)
{
	int left = width - FIXED_COLUMNS;

	return left < NAME_LEAST ? NAME_LEAST : left > NAME_MOST ? NAME_MOST : left;
}

void top_line(const struct top_meter *m, int64_t now_ms, int width, char *to, size_t size)
{
	char value[TOP_COLUMNS][NUMBER_SIZE], name[256], text[768];

	for (int i = 0; i < TOP_COLUMNS; i++)
		snprintf(value[i], NUMBER_SIZE, "-");
	snprintf(value[TOP_METER], NUMBER_SIZE, "%012" PRId64, m->meter);
	put_columns(m->name, name_width(width), name, sizeof name);
	if (m->known) {
		decimal(m->voltage_dv, 1, value[TOP_VOLTAGE]);
		decimal(m->current_ma, 3, value[TOP_CURRENT]);
		decimal(m->power_dw, 1, value[TOP_POWER]);
		decimal(m->pf_permille, 3, value[TOP_FACTOR]);
		decimal(m->frequency_chz, 2, value[TOP_FREQUENCY]);
		decimal(m->energy_wh, 3, value[TOP_ENERGY]);
		age(now_ms - m->at_ms, value[TOP_AGE]);
	}
	snprintf(text, sizeof text, LINE_FORMAT, value[TOP_METER], name, value[TOP_VOLTAGE],
	         value[TOP_CURRENT], value[TOP_POWER], value[TOP_FACTOR], value[TOP_FREQUENCY],
	         value[TOP_ENERGY], m->state, value[TOP_AGE]);
	put_columns(text, width, to, size);
}

void top_head(const struct top_list *list, int width, char *to, size_t size)
{
	static const char *const titles[TOP_COLUMNS] = {"METER", "NAME", "V",   "A",     "W",
	                                                "PF",    "Hz",   "kWh", "STATE", "AGE"};
	char title[TOP_COLUMNS][NUMBER_SIZE], meter[16], name[256], text[768];

	for (int i = 0; i < TOP_COLUMNS; i++)
		snprintf(title[i], NUMBER_SIZE, "%s%s", titles[i],
		         i != (int)list->by    ? ""
		         : list->from_greatest ? "v"
		                               : "^");
	put_columns(title[TOP_METER], 12, meter, sizeof meter);
	put_columns(title[TOP_NAME], name_width(width), name, sizeof name);
	snprintf(text, sizeof text, LINE_FORMAT, meter, name, title[TOP_VOLTAGE],
	         title[TOP_CURRENT], title[TOP_POWER], title[TOP_FACTOR], title[TOP_FREQUENCY],
	         title[TOP_ENERGY], title[TOP_STATE], title[TOP_AGE]);
	put_columns(text, width, to, size);
}
