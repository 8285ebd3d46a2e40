/* The body of a tariff version: JSON in and out. */
#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "libs/base/time.h"
#include "platform/core/tariff.h"

#define FEE_MAX 1000000000

/* Where we are in the tree, for the refusal. */
struct parse {
	char path[TARIFF_FIELD_SIZE];
	const char *why; /* NULL: all is well so far */
};

static bool wrong(struct parse *p, const char *why)
{
	p->why = why;
	return false;
}

static size_t enter(struct parse *p, const char *name)
{
	size_t len = strlen(p->path);

	snprintf(p->path + len, sizeof p->path - len, "%s%s", len ? "." : "", name);
	return len;
}

static size_t enter_item(struct parse *p, size_t i)
{
	size_t len = strlen(p->path);

	snprintf(p->path + len, sizeof p->path - len, "[%zu]", i);
	return len;
}

/* Back to where enter was called; nobody comes here after a mistake: the path stays with it. */
static bool leave(struct parse *p, size_t len)
{
	assert(!p->why);
	p->path[len] = '\0';
	return true;
}

/* An object with no members but these. */
static bool is_object(struct parse *p, json_t *object, const char *const *names)
{
	if (json_typeof(object) != JSON_OBJECT)
		return wrong(p, "must be an object");
	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		const char *name = json_object_iter_key(at);
		bool known = false;

		for (size_t i = 0; !known && names[i]; i++)
			known = strcmp(names[i], name) == 0;
		if (!known) {
			enter(p, name);
			return wrong(p, "is no member of a tariff");
		}
	}
	return true;
}

#define MEMBERS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Missing: `value` stays as it is. */
static bool take_int(struct parse *p, json_t *object, const char *name, bool required, int64_t min,
                     int64_t max, int64_t *value)
{
	json_t *found = json_object_get(object, name);
	size_t mark;

	if (!found && !required)
		return true;
	mark = enter(p, name);
	if (!found)
		return wrong(p, "is missing");
	if (json_typeof(found) != JSON_INTEGER)
		return wrong(p, "must be an integer");
	*value = json_integer_value(found);
	if (*value < min || *value > max)
		return wrong(p, "is outside its limits");
	return leave(p, mark);
}

/* Missing: an empty list. `*items` is NULL then. */
static bool take_list(struct parse *p, json_t *object, const char *name, size_t min, size_t max,
                      json_t **items, size_t *count)
{
	size_t mark = enter(p, name);

	*items = json_object_get(object, name);
	*count = json_array_size(*items);
	if (*items && json_typeof(*items) != JSON_ARRAY)
		return wrong(p, "must be a list");
	if (*count < min)
		return wrong(p, *items ? "has too few items" : "is missing");
	if (*count > max)
		return wrong(p, "has too many items");
	return leave(p, mark);
}

static bool take_label(struct parse *p, json_t *object, char label[TARIFF_LABEL_SIZE])
{
	json_t *found = json_object_get(object, "name");
	size_t mark = enter(p, "name");
	struct fault fault;

	if (found && json_typeof(found) != JSON_STRING)
		return wrong(p, "must be a text");
	if (found && fault_text(&fault, "name", json_string_value(found), TEXT_LINE, 0, 20))
		return wrong(p, "must be at most 20 characters in one line");
	if (found)
		snprintf(label, TARIFF_LABEL_SIZE, "%s", json_string_value(found));
	return leave(p, mark);
}

/* A list of {name, price_uy}. */
static bool take_prices(struct parse *p, json_t *root, const char *name, size_t min, size_t max,
                        int32_t *price_uy, char (*label)[TARIFF_LABEL_SIZE], uint8_t *count)
{
	size_t mark, found;
	json_t *items;

	if (!take_list(p, root, name, min, max, &items, &found))
		return false;
	mark = enter(p, name);
	for (size_t i = 0; i < found; i++) {
		json_t *item = json_array_get(items, i);
		size_t at = enter_item(p, i);
		int64_t price = 0;

		if (!is_object(p, item, MEMBERS("name", "price_uy")) ||
		    !take_label(p, item, label[i]) ||
		    !take_int(p, item, "price_uy", true, 0, PLAN_PRICE_MAX, &price))
			return false;
		price_uy[i] = (int32_t)price;
		leave(p, at);
	}
	*count = (uint8_t)found;
	return leave(p, mark);
}

/* "HH:MM" */
static bool take_minute(struct parse *p, json_t *slot, uint16_t *minute)
{
	const char *text = json_string_value(json_object_get(slot, "from"));
	size_t mark = enter(p, "from");

	if (!text || strlen(text) != 5 || strspn(text, "0123456789:") != 5 || text[2] != ':' ||
	    text[0] == ':' || text[1] == ':' || text[3] == ':' || text[4] == ':')
		return wrong(p, "must be a time as 07:30");
	*minute = (uint16_t)(((text[0] - '0') * 10 + text[1] - '0') * 60 + (text[3] - '0') * 10 +
	                     text[4] - '0');
	if (*minute >= 1440 || text[3] > '5')
		return wrong(p, "must be a time as 07:30");
	return leave(p, mark);
}

static bool take_table(struct parse *p, json_t *item, unsigned rate_count, struct plan_table *table)
{
	size_t count, mark;
	json_t *slots;

	if (!is_object(p, item, MEMBERS("slots")) ||
	    !take_list(p, item, "slots", 0, PLAN_SLOTS, &slots, &count))
		return false;
	mark = enter(p, "slots");
	for (size_t i = 0; i < count; i++) {
		json_t *slot = json_array_get(slots, i);
		size_t at = enter_item(p, i);
		int64_t rate = 0;

		if (!is_object(p, slot, MEMBERS("from", "rate")) ||
		    !take_minute(p, slot, &table->slot[i].minute) ||
		    !take_int(p, slot, "rate", true, 1, rate_count, &rate))
			return false;
		table->slot[i].rate = (uint8_t)rate;
		leave(p, at);
	}
	table->count = (uint8_t)count;
	for (size_t i = 0; i < count; i++) {
		unsigned next =
		        i + 1 < count ? table->slot[i + 1].minute : table->slot[0].minute + 1440U;

		if (next < table->slot[i].minute + PLAN_SLOT_MIN) {
			enter_item(p, i + 1 < count ? i + 1 : i);
			enter(p, "from");
			return wrong(p, "must be ascending, at least 15 minutes apart");
		}
	}
	return leave(p, mark);
}

/* A day of the year, in a leap year: 29 February can be named. */
static bool take_date(struct parse *p, json_t *object, int32_t year, uint8_t *month, uint8_t *day)
{
	int64_t m = 0, d = 0;
	size_t mark;

	if (!take_int(p, object, "month", true, 1, 12, &m) ||
	    !take_int(p, object, "day", true, 1, 31, &d))
		return false;
	mark = enter(p, "day");
	if (d > days_in_month(year, (unsigned)m))
		return wrong(p, "is no day of this month");
	*month = (uint8_t)m;
	*day = (uint8_t)d;
	return leave(p, mark);
}

static bool take_zones(struct parse *p, json_t *object, struct plan_calendar *calendar)
{
	size_t count, mark;
	json_t *zones;

	if (!take_list(p, object, "zones", 0, PLAN_ZONES, &zones, &count))
		return false;
	mark = enter(p, "zones");
	for (size_t i = 0; i < count; i++) {
		json_t *item = json_array_get(zones, i);
		struct plan_zone *zone = &calendar->zone[i];
		size_t at = enter_item(p, i);
		int64_t table = 0;

		if (!is_object(p, item, MEMBERS("month", "day", "table")) ||
		    !take_date(p, item, 2024, &zone->month, &zone->day) ||
		    !take_int(p, item, "table", true, 1, calendar->table_count, &table))
			return false;
		zone->table = (uint8_t)table;
		if (i && zone[-1].month * 32 + zone[-1].day >= zone->month * 32 + zone->day)
			return wrong(p, "must be later in the year than the one before");
		leave(p, at);
	}
	calendar->zone_count = (uint8_t)count;
	return leave(p, mark);
}

static bool take_calendar(struct parse *p, json_t *object, unsigned rate_count,
                          struct plan_calendar *calendar)
{
	size_t count, mark;
	json_t *tables;

	if (!take_list(p, object, "tables", 0, PLAN_TABLES, &tables, &count))
		return false;
	mark = enter(p, "tables");
	for (size_t i = 0; i < count; i++) {
		size_t at = enter_item(p, i);

		if (!take_table(p, json_array_get(tables, i), rate_count, &calendar->table[i]))
			return false;
		leave(p, at);
	}
	calendar->table_count = (uint8_t)count;
	leave(p, mark);
	return take_zones(p, object, calendar);
}

static bool take_calendars(struct parse *p, json_t *root, struct plan *plan)
{
	json_t *calendar = json_object_get(root, "calendar");
	json_t *next = json_object_get(root, "next_calendar");
	size_t mark = enter(p, "calendar");

	if (calendar && (!is_object(p, calendar, MEMBERS("zones", "tables")) ||
	                 !take_calendar(p, calendar, plan->rate_count, &plan->calendar[0])))
		return false;
	leave(p, mark);
	enter(p, "next_calendar");
	if (next && (!is_object(p, next, MEMBERS("from", "zones", "tables")) ||
	             !take_int(p, next, "from", true, 1, INT64_C(253402300799), &plan->switch_s) ||
	             !take_calendar(p, next, plan->rate_count, &plan->calendar[1])))
		return false;
	return leave(p, mark);
}

/* The property's own holidays, whichever they are. */
static bool take_holiday_table(struct parse *p, json_t *root, unsigned tables, struct plan *plan)
{
	int64_t table = 0;

	if (!take_int(p, root, "holiday_table", false, 1, tables, &table))
		return false;
	plan->calendar_table = (uint8_t)table;
	return true;
}

static bool take_holidays(struct parse *p, json_t *root, struct plan *plan)
{
	unsigned tables = plan->calendar[0].table_count;
	size_t count, mark;
	json_t *days;

	if (plan->switch_s && plan->calendar[1].table_count < tables)
		tables = plan->calendar[1].table_count;
	if (!take_list(p, root, "holidays", 0, PLAN_HOLIDAYS, &days, &count))
		return false;
	mark = enter(p, "holidays");
	for (size_t i = 0; i < count; i++) {
		json_t *item = json_array_get(days, i);
		struct plan_holiday *day = &plan->holiday[i];
		size_t at = enter_item(p, i);
		int64_t year = 0, table = 0;

		if (!is_object(p, item, MEMBERS("year", "month", "day", "table")) ||
		    !take_int(p, item, "year", false, 2000, 9999, &year) ||
		    !take_date(p, item, year ? (int32_t)year : 2024, &day->month, &day->day) ||
		    !take_int(p, item, "table", true, 1, tables, &table))
			return false;
		day->year = (uint16_t)year;
		day->table = (uint8_t)table;
		leave(p, at);
	}
	plan->holiday_count = (uint8_t)count;
	leave(p, mark);
	return take_holiday_table(p, root, tables, plan);
}

/* One word of several; missing: the first. */
static bool take_word(struct parse *p, json_t *object, const char *name, const char *const *words,
                      unsigned *value)
{
	json_t *found = json_object_get(object, name);
	const char *text = json_string_value(found);
	size_t mark = enter(p, name);

	*value = 0;
	while (found && words[*value] && (!text || strcmp(words[*value], text) != 0))
		++*value;
	if (!words[*value])
		return wrong(p, "is none of the words for it");
	return leave(p, mark);
}

/* A list of exactly `count` integers. */
static bool take_numbers(struct parse *p, json_t *object, const char *name, size_t count,
                         int64_t max, int32_t *values)
{
	size_t found, mark;
	json_t *items;

	if (!take_list(p, object, name, count, count, &items, &found))
		return false;
	mark = enter(p, name);
	for (size_t i = 0; i < count; i++) {
		json_t *item = json_array_get(items, i);
		size_t at = enter_item(p, i);

		if (json_typeof(item) != JSON_INTEGER)
			return wrong(p, "must be an integer");
		if (json_integer_value(item) < 0 || json_integer_value(item) > max)
			return wrong(p, "is outside its limits");
		values[i] = (int32_t)json_integer_value(item);
		leave(p, at);
	}
	return leave(p, mark);
}

static bool take_thresholds(struct parse *p, json_t *steps, struct plan *plan)
{
	size_t count, mark;
	json_t *items;

	if (!take_list(p, steps, "thresholds", 1, PLAN_THRESHOLDS, &items, &count))
		return false;
	mark = enter(p, "thresholds");
	for (size_t i = 0; i < count; i++) {
		json_t *item = json_array_get(items, i);
		size_t at = enter_item(p, i);

		if (json_typeof(item) != JSON_INTEGER)
			return wrong(p, "must be an integer");
		plan->threshold_wh[i] = json_integer_value(item);
		if (plan->threshold_wh[i] <= (i ? plan->threshold_wh[i - 1] : 0))
			return wrong(p, "must be above 0 and above the one before");
		leave(p, at);
	}
	plan->threshold_count = (uint8_t)count;
	return leave(p, mark);
}

static bool take_settlements(struct parse *p, json_t *steps, struct plan *plan)
{
	size_t count, mark;
	json_t *items;

	if (!take_list(p, steps, "settle", 0, PLAN_SETTLEMENTS, &items, &count))
		return false;
	mark = enter(p, "settle");
	for (size_t i = 0; i < count; i++) {
		json_t *item = json_array_get(items, i);
		size_t at = enter_item(p, i);
		int64_t month = 0, day = 0, hour = 0;

		if (!is_object(p, item, MEMBERS("month", "day", "hour")) ||
		    !take_int(p, item, "month", false, 1, 12, &month) ||
		    !take_int(p, item, "day", true, 1, 28, &day) ||
		    !take_int(p, item, "hour", false, 0, 23, &hour))
			return false;
		plan->settlement[i] =
		        (struct plan_settlement){(uint8_t)month, (uint8_t)day, (uint8_t)hour};
		leave(p, at);
	}
	plan->settlement_count = (uint8_t)count;
	return leave(p, mark);
}

static const char *const combine_words[] = {"sum", "factor", NULL};
static const char *const unsettled_words[] = {"free", "monthly", NULL};

static bool take_steps(struct parse *p, json_t *root, struct tariff_body *body)
{
	static const char *const members[] = {"thresholds", "combine",   "prices_uy", "factors_ppm",
	                                      "settle",     "unsettled", NULL};
	json_t *steps = json_object_get(root, "steps");
	struct plan *plan = &body->plan;
	unsigned combine, unsettled;
	size_t mark;

	if (!steps)
		return true;
	mark = enter(p, "steps");
	if (!is_object(p, steps, members) || !take_thresholds(p, steps, plan) ||
	    !take_word(p, steps, "combine", combine_words, &combine) ||
	    !take_word(p, steps, "unsettled", unsettled_words, &unsettled) ||
	    !take_settlements(p, steps, plan))
		return false;
	plan->combine = (enum plan_combine)combine;
	plan->unsettled = (enum plan_unsettled)unsettled;
	body->unsettled_said = json_object_get(steps, "unsettled") != NULL;
	if (json_object_get(steps, combine == PLAN_SUM ? "factors_ppm" : "prices_uy")) {
		enter(p, combine == PLAN_SUM ? "factors_ppm" : "prices_uy");
		return wrong(p, "does not belong to this way of combining");
	}
	if (combine == PLAN_SUM
	            ? !take_numbers(p, steps, "prices_uy", plan->threshold_count + 1U,
	                            PLAN_PRICE_MAX, plan->step_price_uy)
	            : !take_numbers(p, steps, "factors_ppm", plan->threshold_count + 1U,
	                            INT64_C(100) * PLAN_FACTOR_ONE, plan->step_factor_ppm))
		return false;
	return leave(p, mark);
}

static bool take_all(struct parse *p, json_t *root, struct tariff_body *body)
{
	static const char *const members[] = {
	        "rates", "calendar", "next_calendar", "holidays",    "holiday_table",
	        "steps", "lines",    "fee_fen",       "minimum_fen", NULL};
	struct plan *plan = &body->plan;

	return is_object(p, root, members) &&
	       take_prices(p, root, "rates", 1, PLAN_RATES, plan->rate_price_uy, body->rate_name,
	                   &plan->rate_count) &&
	       take_calendars(p, root, plan) && take_holidays(p, root, plan) &&
	       take_steps(p, root, body) &&
	       take_prices(p, root, "lines", 0, PLAN_LINES - 1, plan->line_price_uy,
	                   body->line_name, &plan->line_count) &&
	       take_int(p, root, "fee_fen", false, 0, FEE_MAX, &plan->fee_fen) &&
	       take_int(p, root, "minimum_fen", false, 0, FEE_MAX, &plan->minimum_fen);
}

enum err tariff_body_parse(const char *json, size_t len, struct tariff_body *body,
                           char field[TARIFF_FIELD_SIZE], const char **why)
{
	struct parse p = {.why = NULL};
	json_t *root = NULL;

	memset(body, 0, sizeof *body);
	if (len <= TARIFF_BODY_MAX)
		root = json_loadb(json, len, JSON_REJECT_DUPLICATES, NULL);
	if (!root)
		(void)wrong(&p, "is not one JSON object of at most 64 KiB");
	else
		(void)take_all(&p, root, body);
	json_decref(root);
	snprintf(field, TARIFF_FIELD_SIZE, "%s", p.path[0] ? p.path : "plan");
	*why = p.why;
	return p.why ? ERR_BAD_INPUT : ERR_NONE;
}

bool tariff_body_settles(const struct tariff_body *body)
{
	const struct plan *plan = &body->plan;

	return !plan->threshold_count || plan->settlement_count || body->unsettled_said;
}

/* ---- writing ---- */

static void write_prices(struct json_out *out, const char *key, size_t count,
                         const int32_t *price_uy, const char (*label)[TARIFF_LABEL_SIZE])
{
	out_array(out, key);
	for (size_t i = 0; i < count; i++) {
		out_object(out, NULL);
		if (label[i][0])
			out_text(out, "name", label[i]);
		out_int(out, "price_uy", price_uy[i]);
		out_object_end(out);
	}
	out_array_end(out);
}

static void write_calendar(struct json_out *out, const struct plan_calendar *calendar)
{
	char text[16];

	out_array(out, "tables");
	for (size_t t = 0; t < calendar->table_count; t++) {
		out_object(out, NULL);
		out_array(out, "slots");
		for (size_t i = 0; i < calendar->table[t].count; i++) {
			const struct plan_slot *slot = &calendar->table[t].slot[i];

			out_object(out, NULL);
			snprintf(text, sizeof text, "%02u:%02u", slot->minute / 60U,
			         slot->minute % 60U);
			out_text(out, "from", text);
			out_int(out, "rate", slot->rate);
			out_object_end(out);
		}
		out_array_end(out);
		out_object_end(out);
	}
	out_array_end(out);
	out_array(out, "zones");
	for (size_t i = 0; i < calendar->zone_count; i++) {
		out_object(out, NULL);
		out_int(out, "month", calendar->zone[i].month);
		out_int(out, "day", calendar->zone[i].day);
		out_int(out, "table", calendar->zone[i].table);
		out_object_end(out);
	}
	out_array_end(out);
}

static void write_holidays(struct json_out *out, const struct plan *plan)
{
	out_array(out, "holidays");
	for (size_t i = 0; i < plan->holiday_count; i++) {
		out_object(out, NULL);
		if (plan->holiday[i].year)
			out_int(out, "year", plan->holiday[i].year);
		out_int(out, "month", plan->holiday[i].month);
		out_int(out, "day", plan->holiday[i].day);
		out_int(out, "table", plan->holiday[i].table);
		out_object_end(out);
	}
	out_array_end(out);
}

static void write_steps(struct json_out *out, const struct plan *plan)
{
	const int32_t *values =
	        plan->combine == PLAN_SUM ? plan->step_price_uy : plan->step_factor_ppm;

	out_object(out, "steps");
	out_array(out, "thresholds");
	for (size_t i = 0; i < plan->threshold_count; i++)
		out_int(out, NULL, plan->threshold_wh[i]);
	out_array_end(out);
	out_text(out, "combine", combine_words[plan->combine]);
	out_array(out, plan->combine == PLAN_SUM ? "prices_uy" : "factors_ppm");
	for (size_t i = 0; i <= plan->threshold_count; i++)
		out_int(out, NULL, values[i]);
	out_array_end(out);
	out_array(out, "settle");
	for (size_t i = 0; i < plan->settlement_count; i++) {
		out_object(out, NULL);
		if (plan->settlement[i].month)
			out_int(out, "month", plan->settlement[i].month);
		out_int(out, "day", plan->settlement[i].day);
		out_int(out, "hour", plan->settlement[i].hour);
		out_object_end(out);
	}
	out_array_end(out);
	out_text(out, "unsettled", unsettled_words[plan->unsettled]);
	out_object_end(out);
}

void tariff_body_write(struct json_out *out, const char *key, const struct tariff_body *body)
{
	const struct plan *plan = &body->plan;

	out_object(out, key);
	write_prices(out, "rates", plan->rate_count, plan->rate_price_uy, body->rate_name);
	out_object(out, "calendar");
	write_calendar(out, &plan->calendar[0]);
	out_object_end(out);
	if (plan->switch_s) {
		out_object(out, "next_calendar");
		out_int(out, "from", plan->switch_s);
		write_calendar(out, &plan->calendar[1]);
		out_object_end(out);
	}
	write_holidays(out, plan);
	if (plan->calendar_table)
		out_int(out, "holiday_table", plan->calendar_table);
	if (plan->threshold_count)
		write_steps(out, plan);
	write_prices(out, "lines", plan->line_count, plan->line_price_uy, body->line_name);
	out_int(out, "fee_fen", plan->fee_fen);
	out_int(out, "minimum_fen", plan->minimum_fen);
	out_object_end(out);
}

enum err tariff_body_add(struct tariff_body *body, int64_t delta_uy, unsigned *rate)
{
	struct plan *plan = &body->plan;

	for (unsigned i = 0; i < plan->rate_count; i++) {
		int64_t price;

		*rate = i + 1;
		if (__builtin_add_overflow((int64_t)plan->rate_price_uy[i], delta_uy, &price) ||
		    price < 0 || price > PLAN_PRICE_MAX)
			return ERR_RANGE;
	}
	for (unsigned i = 0; i < plan->rate_count; i++)
		plan->rate_price_uy[i] = (int32_t)(plan->rate_price_uy[i] + delta_uy);
	return ERR_NONE;
}
