/* `wattle tariff try`: what a plan makes of readings, itemised, without a store. */
#include "cli/tariff_try.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "libs/base/time.h"
#include "libs/credit/month.h"
#include "libs/credit/rate.h"
#include "platform/core/books.h"
#include "platform/core/tariff.h"
#include "platform/sheet/number.h"
#include "platform/store/charge.h"

#define VERSIONS_MAX 64
#define LINE_SIZE    256
#define FILE_MAX     (VERSIONS_MAX * TARIFF_BODY_MAX)

#define LINES (CHARGE_LINE_MINIMUM + 1)

struct item {
	int64_t day, units, exact, from_s, to_s;
	struct money amount; /* as it is posted */
	int32_t price_uy;
	uint32_t version;
	uint8_t line, rate, step;
	bool estimated;
};

struct trying {
	struct plan *plans; /* VERSIONS_MAX */
	const struct plan *versions[VERSIONS_MAX];
	size_t version_count;
	int32_t offset_s;
	struct rate_state state;
	struct item *items;
	size_t count, room;
	int64_t from_s, to_s; /* of the first and the last reading that counted */
	bool failed;
};

/* ---- the plan ---- */

static char *read_file(const char *path, size_t *len)
{
	FILE *file = fopen(path, "rb");
	char *text = malloc(FILE_MAX + 1);

	*len = 0;
	if (file && text)
		*len = fread(text, 1, FILE_MAX + 1, file);
	if (!file || !text || ferror(file) || *len > FILE_MAX) {
		fail("%s: %s", path, file ? "cannot be read, or is too long" : strerror(errno));
		free(text);
		text = NULL;
	}
	if (file)
		fclose(file);
	return text;
}

static bool add_version(struct trying *t, const char *json, size_t len, int64_t valid_from_s)
{
	struct tariff_body *body = malloc(sizeof *body);
	struct plan *plan = &t->plans[t->version_count];
	char field[TARIFF_FIELD_SIZE];
	const char *why = "no memory";
	bool good = body && tariff_body_parse(json, len, body, field, &why) == ERR_NONE;

	if (!good) {
		fail("plan: %s %s", body ? field : "", why);
	} else if (!tariff_body_settles(body)) {
		good = false;
		fail("plan: steps.unsettled: say whether steps without settle are free or begin anew"
		     " monthly");
	} else if (t->version_count &&
	           t->versions[t->version_count - 1]->valid_from_s >= valid_from_s) {
		good = false;
		fail("plan: versions must stand by valid_from");
	} else {
		*plan = body->plan;
		plan->version = (uint32_t)t->version_count + 1;
		plan->valid_from_s = valid_from_s;
		plan->utc_offset_s = t->offset_s;
		t->versions[t->version_count++] = plan;
	}
	free(body);
	return good;
}

static bool add_item_version(struct trying *t, json_t *item)
{
	const char *from = json_string_value(json_object_get(item, "valid_from"));
	char *text = json_dumps(json_object_get(item, "plan"), JSON_COMPACT);
	int64_t from_ms;
	bool good = false;

	if (!from || !text || rfc3339_parse(from, &from_ms))
		fail("plan: each of versions has valid_from (a time) and plan");
	else
		good = add_version(t, text, strlen(text), from_ms / 1000);
	free(text);
	return good;
}

/* One body, or {"versions": [{"valid_from", "plan"}]}. */
static bool read_plan(struct trying *t, const char *path)
{
	size_t len;
	char *text = read_file(path, &len);
	json_t *root = text ? json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_t *list = json_object_get(root, "versions");
	bool good = text != NULL;

	if (good && !list)
		good = add_version(t, text, len, INT64_MIN);
	if (good && list && (json_array_size(list) < 1 || json_array_size(list) > VERSIONS_MAX)) {
		good = false;
		fail("plan: 1 to %d versions", VERSIONS_MAX);
	}
	for (size_t i = 0; good && i < json_array_size(list); i++)
		good = add_item_version(t, json_array_get(list, i));
	json_decref(root);
	free(text);
	return good;
}

/* ---- pieces ---- */

static void add(struct trying *t, const struct item *part)
{
	for (size_t i = t->count; i-- > 0 && t->items[i].day == part->day;) {
		struct item *item = &t->items[i];

		if (item->line != part->line || item->version != part->version ||
		    item->rate != part->rate || item->step != part->step ||
		    item->estimated != part->estimated)
			continue;
		item->units += part->units;
		item->exact += part->exact;
		item->to_s = part->to_s;
		return;
	}
	if (t->count == t->room) {
		size_t room = t->room ? t->room * 2 : 256;
		struct item *items = realloc(t->items, room * sizeof *items);

		t->failed |= !items;
		if (!items)
			return;
		t->items = items;
		t->room = room;
	}
	t->items[t->count++] = *part;
}

static void on_piece(void *arg, const struct rate_piece *piece)
{
	for (uint8_t line = 0; piece->units && line < piece->line_count; line++)
		add(arg, &(struct item){.day = piece->day,
		                        .units = piece->units,
		                        .exact = piece->charge[line],
		                        .from_s = piece->from_s,
		                        .to_s = piece->to_s,
		                        .price_uy = piece->price_uy[line],
		                        .version = piece->version,
		                        .line = line,
		                        .rate = piece->rate,
		                        .step = piece->step,
		                        .estimated = piece->estimated});
}

/* ---- readings ---- */

static bool read_line(const struct trying *t, char *line, struct rate_mark *mark)
{
	char *comma = strchr(line, ',');
	int64_t at_ms;

	if (!comma)
		return false;
	*comma = '\0';
	comma[strcspn(comma + 1, "\r\n") + 1] = '\0';
	if (rfc3339_parse(line, &at_ms) == ERR_NONE)
		mark->at_s = at_ms / 1000;
	else if (sheet_time_parse(line, strlen(line), t->offset_s, &mark->at_s))
		return false;
	return !sheet_number_parse(comma + 1, strlen(comma + 1), 3, &mark->units);
}

static const char *verdict_text(enum rate_verdict verdict)
{
	switch (verdict) {
	case RATE_JITTER:
		return "a small step back: passed over";
	case RATE_TIME:
		return "not later than the reading before: passed over";
	case RATE_BACK:
		return "the register fell: nothing is charged, a person decides";
	case RATE_NEGATIVE:
		return "no register: nothing is charged, a person decides";
	case RATE_USE:
	case RATE_WRAPPED:
	case RATE_JUMP:
		break;
	}
	return "more than the circuit can carry: nothing is charged, a person decides";
}

static bool take_reading(struct trying *t, unsigned number, struct rate_mark *from,
                         const struct rate_mark *to)
{
	static const struct rate_register reg = {.jitter = 20};
	enum rate_verdict verdict;
	int64_t used;
	enum err err;

	verdict = rate_used(&reg, from, to, &used);
	if (verdict != RATE_USE) {
		fprintf(stderr, "wattle: line %u: %s\n", number, verdict_text(verdict));
		return verdict == RATE_JITTER || verdict == RATE_TIME;
	}
	err = rate_interval(t->versions, t->version_count, &t->state, NULL, 0, from->at_s, to->at_s,
	                    used, on_piece, t);
	if (err)
		return !fail("line %u: %s", number,
		             err == ERR_NOT_FOUND ? "no version of the plan holds there yet"
		                                  : err_text(err));
	*from = *to;
	return !t->failed;
}

static bool is_heading(const char *line)
{
	return line[0] < '0' || line[0] > '9';
}

static bool read_readings(struct trying *t, const char *path)
{
	struct rate_mark from = {.at_s = 0}, to;
	FILE *file = fopen(path, "r");
	char line[LINE_SIZE];
	bool good = true, any = false;

	if (!file)
		return !fail("%s: %s", path, strerror(errno));
	for (unsigned number = 1; good && fgets(line, sizeof line, file); number++) {
		if (!read_line(t, line, &to)) {
			if (number > 1 || !is_heading(line))
				good = !fail("line %u: a time and a register, as in"
				             " 2026-11-24 08:00,123.456",
				             number);
			continue;
		}
		if (any)
			good = take_reading(t, number, &from, &to);
		else
			from = to;
		if (!any)
			t->from_s = to.at_s;
		any = true;
	}
	fclose(file);
	t->to_s = from.at_s;
	if (good && (!any || t->to_s == t->from_s))
		good = !fail("%s: two readings at least, one after the other", path);
	return good;
}

/* ---- what a month costs whatever was used ---- */

static unsigned month_of(int64_t day, unsigned *index)
{
	struct civil date;

	date_from_days(day, &date);
	*index = date.day - 1U;
	return month_days(date.year, date.month);
}

static void add_whole(struct trying *t, const struct plan *plan, int64_t day, uint8_t line,
                      struct money amount)
{
	const struct item item = {.day = day,
	                          .exact = books_fen(amount) * RATE_REST_PER_FEN,
	                          .from_s = plan_day_start(plan, day),
	                          .to_s = plan_day_start(plan, day + 1),
	                          .version = plan->version,
	                          .line = line};

	if (money_cmp(amount, money_fen(0)) == 0)
		return;
	add(t, &item);
}

/* Of each day that begins between the readings. */
static void add_fees(struct trying *t)
{
	int64_t day = plan_day(t->versions[0], t->from_s - 1) + 1;

	for (; plan_day_start(t->versions[0], day) < t->to_s; day++) {
		const struct plan *plan =
		        plan_at(t->versions, t->version_count, plan_day_start(t->versions[0], day));
		unsigned index, days = month_of(day, &index);

		add_whole(t, plan, day, CHARGE_LINE_FEE,
		          month_fee(money_fen(plan->fee_fen), index, index + 1, days));
	}
}

/* What the main line of each month lacks at its end, or at the last reading, as at the end of a use. */
static void add_minimums(struct trying *t)
{
	int64_t first = plan_day(t->versions[0], t->from_s - 1) + 1,
	        last = plan_day(t->versions[0], t->to_s - 1);
	size_t count = t->count;

	for (int64_t day = first, end; day <= last; day = end) {
		unsigned index, days = month_of(day, &index);
		const struct plan *plan;
		struct money main = money_fen(0);

		end = day - index + days < last + 1 ? day - index + days : last + 1;
		for (size_t i = 0; i < count; i++)
			if (t->items[i].line == 0 && t->items[i].day >= day - index &&
			    t->items[i].day < end)
				t->failed |= !money_add(main, t->items[i].amount, &main);
		plan = plan_at(t->versions, t->version_count,
		               (end > last ? t->to_s : plan_day_start(t->versions[0], end)) - 1);
		add_whole(t, plan, end - 1, CHARGE_LINE_MINIMUM,
		          month_shortfall(money_fen(plan->minimum_fen), main, (unsigned)(end - day),
		                          days));
	}
}

/* ---- the answer ---- */

static int by_day_and_line(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->day != y->day)
		return x->day < y->day ? -1 : 1;
	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	if (x->version != y->version)
		return x->version < y->version ? -1 : 1;
	if (x->from_s != y->from_s)
		return x->from_s < y->from_s ? -1 : 1;
	return x->step - y->step;
}

static void print_item(const struct trying *t, const struct item *item)
{
	char day[SHEET_DATE_SIZE], from[SHEET_TIME_SIZE], to[SHEET_TIME_SIZE],
	        amount[MONEY_TEXT_SIZE];
	char units[SHEET_NUMBER_SIZE], price[SHEET_NUMBER_SIZE];

	sheet_date_format(item->day, day);
	sheet_time_format(item->from_s, t->offset_s, from);
	sheet_time_format(item->to_s, t->offset_s, to);
	sheet_number_format(item->units, 3, units);
	sheet_number_format(item->price_uy, 6, price);
	money_format(item->amount, amount, sizeof amount);
	printf("%s,%u,%" PRIu32 ",", day, item->line, item->version);
	if (item->rate)
		printf("%u,%u,%s,%s,%s,%s,", item->rate, item->step + 1U, from, to, units, price);
	else
		printf(",,%s,%s,,,", from, to);
	printf("%" PRId64 ".%09" PRId64 ",%s,%s\n", item->exact / 1000000000,
	       item->exact % 1000000000, amount, item->estimated ? "estimated" : "");
}

/* The rest below one fen of each line and version goes on from day to day, as it does in the ledger. */
static bool post_items(struct trying *t)
{
	int64_t rest[LINES][VERSIONS_MAX] = {{0}};

	if (t->count)
		qsort(t->items, t->count, sizeof *t->items, by_day_and_line);
	for (size_t i = 0; i < t->count; i++) {
		struct item *item = &t->items[i];

		if (rate_post(&rest[item->line][item->version - 1], item->exact, &item->amount))
			return false;
	}
	return true;
}

static int print_items(struct trying *t)
{
	struct money sum = money_fen(0);
	char text[MONEY_TEXT_SIZE];
	bool good;

	add_fees(t);
	good = post_items(t);
	if (good) {
		add_minimums(t);
		good = post_items(t);
	}
	for (size_t i = 0; good && i < t->count; i++)
		good = money_add(sum, t->items[i].amount, &sum);
	if (!good || t->failed)
		return fail("the charge is beyond all bounds");
	printf("day,line,version,rate,step,from,to,units,price,exact,amount,note\n");
	for (size_t i = 0; i < t->count; i++)
		print_item(t, &t->items[i]);
	money_format(sum, text, sizeof text);
	printf("total,,,,,,,,,,%s,\n", text);
	return EXIT_GOOD;
}

int tariff_try(const char *plan, const char *readings, int64_t offset_min)
{
	struct trying t = {.offset_s = (int32_t)offset_min * 60};
	int code = EXIT_FAILED;

	t.plans = calloc(VERSIONS_MAX, sizeof *t.plans);
	if (!t.plans)
		fail("no memory");
	else if (read_plan(&t, plan) && read_readings(&t, readings))
		code = print_items(&t);
	free(t.items);
	free(t.plans);
	return code;
}
